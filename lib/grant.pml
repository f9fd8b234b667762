/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The takeover protocol of lk/grant.h, for spin: N nodes, one resource, leases, grants, crashes, restarts,
 * links that work or not at any moment in any direction, and nodes that pause for as long as they like.
 *
 * Time goes in ticks that are the same for all. A message is delivered in the instant in which it is sent or never: a
 * delay only makes a lease shorter and a grant older, so that everything bad that happens with it happens without it.
 * A node that pauses is one that takes no step. Whether a hung node is ended when "stop" has passed is the
 * watchdog's promise, and assumed here. A crash or a restart only makes the others' answers later and leases shorter,
 * so that they are left out for the sake of size; -DRESTARTS has them. A node that is fenced is one that crashes and
 * that all who have heard of no later life take for quiet at once: as settle() does after every crash.
 *
 * Properties, asserted at every start: nobody else has the resource in service; the epoch is higher than that of every
 * start before (no acknowledged change of owner is forgotten).
 *
 * Mutations, each of which must be found: -DNO_DELAY the takeover does not wait, -DNO_EPOCH epochs are not
 * compared, -DNO_MAJORITY a candidate's own grant is enough, -DNO_BAR who grants goes on confirming,
 * -DNO_MORE suspects that only others know are not asked about.
 */
#ifndef N
#define N 3
#endif
#ifndef EPOCHS
#define EPOCHS 3
#endif

#ifndef LEASE
#define LEASE 1			/* ticks from a heartbeat to the end of what its confirmation allows */
#endif
#define STOP 1			/* until what it allowed has certainly ended */
#ifndef WINDOW
#define WINDOW 1		/* in which grants are collected */
#endif
#ifdef NO_DELAY
#define QUIET LEASE
#else
#define QUIET (LEASE + STOP)
#endif
#ifdef NO_BAR
#define BAR 0
#else
#define BAR WINDOW
#endif

#ifdef NO_EPOCH
#define OLD(c, n) (false)
#define MINE(c) (true)
#else
#define OLD(c, n) (wants[c] <= epoch[n] || wants[c] < promised[n] || (wants[c] == promised[n] && candidate[n] != c))
#define MINE(c) (promised[c] == wants[c] && candidate[c] == c)
#endif
#ifdef NO_MORE
#define UNASKED(c, n) (0)
#else
#define UNASKED(c, n) (known & ~suspects[c] & ~released)
#endif
#ifdef NO_MAJORITY
#define MAJORITY(yes) (true)
#else
#define MAJORITY(yes) (2 * (yes) > N)
#endif

#define NONE 7
#define AT(a, b) ((a) * N + (b))
#define BIT(s) (1 << (s))
#define OWNER_BIT(s) ((s) == NONE -> 0 : BIT(s))

/* of each node: volatile */
bit runs[N];			/* in service, or being restored */
byte left[N];			/* ticks of lease */
byte over[N];			/* ticks since it has ended while something runs */
byte age[N * N];		/* N > 3: of what the second has confirmed to the first; LEASE: none */
byte silent[N * N];		/* ticks since the first has confirmed anything to the second, up to QUIET */
byte barred[N * N];		/* ticks for which the first confirms nothing to the second */
/* a candidate */
byte wants[N];			/* epoch; 0: it is none */
byte suspects[N];
byte granted[N * N];		/* ticks since the second granted it to the first, WINDOW: not */
/* durable */
byte promised[N], candidate[N], runners[N];
byte epoch[N], owner[N];

byte last;			/* ghost: the epoch of the last start */

hidden byte i, j, c, n, yes, known, unsure, released, hears;	/* scratch */

#if N == 3	/* any other node makes a majority */
#define AGE(x, j, ticks) skip
inline renew(x) { left[x] = LEASE }
#else
#define AGE(x, j, ticks) age[AT(x, j)] = ticks
/* The lease after a confirmation: N / 2 others as new as the oldest of them. */
inline renew(x)
{
	for (i : 0 .. LEASE - 1) {
		hears = 0;
		for (j : 0 .. N - 1) {
			if
			:: j != x && age[AT(x, j)] <= i -> hears++
			:: else
			fi
		}
		if
		:: hears >= N / 2 && left[x] < LEASE - i -> left[x] = LEASE - i
		:: else
		fi
	}
}
#endif

inline forget(x)		/* what a restart of the daemons loses */
{
	for (j : 0 .. N - 1) {
		if
		:: j != x ->
			silent[AT(x, j)] = 0;
			barred[AT(x, j)] = BAR;
			AGE(x, j, LEASE)
		:: else
		fi
	}
}

inline retreat(x)
{
	wants[x] = 0; suspects[x] = 0;
	for (j : 0 .. N - 1) { granted[AT(x, j)] = WINDOW }
}

inline crash(x)
{
	runs[x] = 0; left[x] = 0; over[x] = 0;
	forget(x); retreat(x)
}

/* Of one that runs nothing and has no lease it does not matter who has confirmed what: taken for quiet everywhere,
 * which allows more than the protocol does and keeps the model small. */
inline settle(x)
{
	if
	:: !runs[x] && !left[x] ->
		for (j : 0 .. N - 1) {
			if :: j != x -> silent[AT(j, x)] = QUIET :: else fi
		}
	:: else
	fi
}

inline tick()
{
	for (c : 0 .. N - 1) {
		if
		:: left[c] > 0 -> left[c]--
		:: left[c] == 0 && runs[c] -> over[c]++
		:: else
		fi;
		for (n : 0 .. N - 1) {
			if :: c != n && silent[AT(c, n)] < QUIET -> silent[AT(c, n)]++ :: else fi;
			if :: barred[AT(c, n)] > 0 -> barred[AT(c, n)]-- :: else fi;
#if N > 3
			if :: c != n && age[AT(c, n)] < LEASE -> age[AT(c, n)]++ :: else fi;
#endif
			if :: granted[AT(c, n)] < WINDOW -> granted[AT(c, n)]++ :: else fi
		}
		if
		:: over[c] >= STOP -> runs[c] = 0; over[c] = 0	/* the watchdog */
		:: else
		fi
	}
	for (c : 0 .. N - 1) {
		settle(c);
		/* nothing that it has is of use any more, and it may stand again */
		yes = 0;
		for (n : 0 .. N - 1) {
			if :: granted[AT(c, n)] < WINDOW -> yes++ :: else fi
		}
		if :: yes == 0 -> retreat(c) :: else fi
	}
}

/* c's heartbeat reaches n, and n's confirmation c. A lease that was lost while something ran is not renewed. */
inline confirm()
{
	silent[AT(n, c)] = 0;
	AGE(c, n, 0);
	if
	:: !(runs[c] && left[c] == 0) -> renew(c)
	:: else
	fi
}

inline stand(e)			/* what it wanted before is given up */
{
	retreat(c);
	wants[c] = e;
	suspects[c] = (runners[c] | OWNER_BIT(owner[c])) & ~BIT(c)
}

/* n is asked by c: lk_grant(), lk_canvass_answer(). */
inline vote()
{
	released = 0;
	for (j : 0 .. N - 1) {
		/* who has granted it ever since; and those that might have: one more than the protocol allows */
		if
		:: j != c && (promised[j] > wants[c] || (promised[j] == wants[c] && candidate[j] == c)) ->
			released = released | BIT(j)
		:: else
		fi
	}
	known = (runners[n] | OWNER_BIT(owner[n])) & ~BIT(c) & ~BIT(n);
	unsure = (known | suspects[c]) & ~released & ~BIT(c) & ~BIT(n);
	promised[n] = wants[c];		/* whatever the answer: n releases it */
	candidate[n] = c;
	yes = 1;
	for (j : 0 .. N - 1) {
		if :: (unsure & BIT(j)) && silent[AT(n, j)] < QUIET -> yes = 0 :: else fi
	}
	if
	:: UNASKED(c, n) ->
		suspects[c] = suspects[c] | known;
		for (j : 0 .. N - 1) { granted[AT(c, j)] = WINDOW }
	:: !UNASKED(c, n) && yes ->
		runners[n] = (known & ~released) | BIT(c);
		granted[AT(c, n)] = 0;
		for (j : 0 .. N - 1) {
			if :: (unsure & BIT(j)) -> barred[AT(n, j)] = BAR :: else fi
		}
	:: else
	fi
}

inline win()
{
	yes = 0;
	for (j : 0 .. N - 1) {
		if :: granted[AT(c, j)] < WINDOW -> yes++ :: else fi
	}
	if
	:: MAJORITY(yes) ->
		for (j : 0 .. N - 1) { assert(!runs[j]) }
		assert(wants[c] > last);
		last = wants[c];
		runs[c] = 1; over[c] = 0;
		epoch[c] = wants[c]; owner[c] = c; runners[c] = BIT(c);
		retreat(c)
	:: else
	fi
}

/* n hears of c's ownership record. */
inline learn()
{
	epoch[n] = epoch[c];
	owner[n] = owner[c];
	if
	:: epoch[n] >= promised[n] ->
		promised[n] = epoch[n]; candidate[n] = owner[n]; runners[n] = BIT(owner[n])
	:: else
	fi
}

#define STEP(guard, x, y, action) :: d_step { (guard) -> c = x; n = y; action; c = 0 }

#ifdef RESTARTS
#define OF_DAEMONS(x) STEP(true, x, 0, forget(c)) STEP(true, x, 0, crash(c); settle(c))
#else
#define OF_DAEMONS(x)
#endif

#define OF_ONE(x) \
	OF_DAEMONS(x) \
	STEP(runs[x], x, 0, runs[c] = 0; over[c] = 0; settle(c))	/* out of service, for whatever reason */ \
	STEP(wants[x] && granted[AT(x, x)] < WINDOW && left[x] && !runs[x] && MINE(x), x, 0, win())

#define MAY_STAND(x, e) (e > epoch[x] && (e > promised[x] || (e == promised[x] && candidate[x] == x)))
#define STANDS(x, e) STEP(!runs[x] && wants[x] != e && MAY_STAND(x, e), x, 0, stand(e))

#define OF_TWO(x, y) \
	STEP(x != y && !barred[AT(y, x)] && (silent[AT(y, x)] || !left[x]), x, y, confirm()) \
	STEP(wants[x] && granted[AT(x, y)] && !OLD(x, y) && !(runs[y] && x != y), x, y, vote()) \
	STEP(epoch[x] > epoch[y], x, y, learn())

active proctype world()
{
	d_step {
		for (c : 0 .. N - 1) {
			owner[c] = NONE; candidate[c] = NONE;
			crash(c);
			settle(c)
		}
		c = 0
	}
	do
	:: d_step { tick(); c = 0 }
	OF_ONE(0) STANDS(0, 1) STANDS(0, 2) OF_TWO(0, 0) OF_TWO(0, 1) OF_TWO(0, 2)
	OF_ONE(1) STANDS(1, 1) STANDS(1, 2) OF_TWO(1, 0) OF_TWO(1, 1) OF_TWO(1, 2)
	OF_ONE(2) STANDS(2, 1) STANDS(2, 2) OF_TWO(2, 0) OF_TWO(2, 1) OF_TWO(2, 2)
#if EPOCHS > 2
	STANDS(0, 3) STANDS(1, 3) STANDS(2, 3)
#endif
#if N > 3
	OF_ONE(3) STANDS(3, 1) STANDS(3, 2) OF_TWO(3, 0) OF_TWO(3, 1) OF_TWO(3, 2) OF_TWO(3, 3)
	OF_TWO(0, 3) OF_TWO(1, 3) OF_TWO(2, 3)
#endif
#if N > 3 && EPOCHS > 2
	STANDS(3, 3)
#endif
#if N > 4
	OF_ONE(4) STANDS(4, 1) STANDS(4, 2) OF_TWO(4, 0) OF_TWO(4, 1) OF_TWO(4, 2) OF_TWO(4, 3) OF_TWO(4, 4)
	OF_TWO(0, 4) OF_TWO(1, 4) OF_TWO(2, 4) OF_TWO(3, 4)
#endif
#if N > 4 && EPOCHS > 2
	STANDS(4, 3)
#endif
	od
}
