/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Heartbeats that confirm heartbeats: who has a lease, who has none, and when it is certain that it has ended. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fake.h"
#include "lk/lease.h"
#include "lk/poison.h"

#define LEASE 3000		/* of an interval of 100 ms and 28 misses */
#define STOP 1000
#define MS INT64_C(1000000)
#define VALID(n) (lab[n].lease.until && !lab[n].lease.lapsed && lk_lease_now() < (int64_t)lab[n].lease.until)
#define BOTH_VALID (VALID(0) && VALID(1))
#define BOTH_ALIVE (lab[0].state[0] == LK_NET_ALIVE && lab[1].state[0] == LK_NET_ALIVE)

static const struct bus_confirm *told(unsigned node)
{
	return &lab[node].confirms.confirm[0];
}

static void pair(void)
{
	lab_pair(100, 28);
	for (int i = 0; i < 2; i++) {
		lab[i].conf.quorum = 1;
		lab[i].conf.lease = LEASE;
		lab[i].conf.stop = STOP;
	}
}

static void see_each_other(void)
{
	node_view(&lab[0], 0, FRAME_VIEW_ALIVE);
	node_view(&lab[1], 0, FRAME_VIEW_ALIVE);
}

static void begin(void)
{
	pair();
	lab_pair_start();
	see_each_other();
	ok(WAIT(BOTH_VALID, 20000), "two that hear each other have a lease");
}

static void test_lease(void)
{
	pair();
	lab_pair_start();
	ok(WAIT(BOTH_ALIVE, 10000), "the path is up");
	lab_pump(2 * LEASE);
	ok(!lab[0].lease.until && !lab[1].lease.until, "who is not seen as ALIVE is not confirmed");
	see_each_other();
	ok(WAIT(BOTH_VALID, 15000), "who is, has a lease");
	uint64_t until = lab[0].lease.until;
	ok(WAIT(lab[0].lease.until > until, 5000), "it is renewed");
	ok(lab[0].lease.stop == STOP && (int64_t)lab[0].lease.until <= lk_lease_now() + LEASE * MS,
	   "it ends a lease after what was confirmed");
	lab[0].conf.quorum = 0;
	node_commit(&lab[0]);
	ok(WAIT(!lab[0].lease.until, 5000), "without quorum there is none");
	unsigned n = lab[0].leases;
	uint64_t other = lab[1].lease.until;
	ok(WAIT(lab[1].lease.until > other, 5000), "but others are confirmed");
	ok(lab[0].leases == n, "and main is not bothered");
	lab[0].conf.quorum = 1;
	node_commit(&lab[0]);
	ok(WAIT(BOTH_VALID, 15000) && !lab[0].lease.lapsed, "it can be turned on again");
	lab_end();
}

/* What beta says of alpha is the same as if it had not heard it any more. */
static void test_one_way(void)
{
	begin();
	node_view(&lab[1], 0, FRAME_VIEW_SUSPECT);
	ok(WAIT(lab[1].lease.lapsed, 20000), "who does not hear the other one loses its lease");
	ok(BOTH_ALIVE && !lab[0].deads && !lab[1].deads, "although heartbeats arrive at both ends");
	ok(!lab[0].lease.lapsed, "the other one, which is heard, keeps it");
	node_view(&lab[1], 0, FRAME_VIEW_ALIVE);
	ok(WAIT(node_bar(&lab[1], 0) && told(1)->age < 1000 * MS, 5000) && lab[1].lease.lapsed,
	   "a lease that was lost stays lost");
	node_clear(&lab[1]);
	ok(WAIT(VALID(1), 10000), "until nothing is in service any more");
	lab_end();
}

static void test_bar(void)
{
	begin();
	ok(node_bar(&lab[0], 0) && lab[0].confirms.n == 1 && told(0)->peer == 0, "who asks hears of all peers");
	ok(!told(0)->barred && told(0)->quiet < told(0)->needed && told(0)->age && told(0)->knows,
	   "of one that is confirmed and confirms");
	ok(told(0)->lease == LEASE * MS && told(0)->stop == STOP * MS && told(0)->needed > (LEASE + STOP) * MS,
	   "its terms are known");
	ok(node_bar(&lab[0], 1) && told(0)->barred, "one that is barred is told so");
	ok(WAIT(node_bar(&lab[0], 0) && !told(0)->barred, 10000), "a bar ends by itself");
	while (node_bar(&lab[0], 1) && told(0)->quiet < told(0)->needed)
		lab_pump(50);
	ok(lab[1].lease.lapsed && !lab[0].lease.lapsed, "who is barred all the time loses its lease");
	ok(lk_lease_now() >= (int64_t)lab[1].lease.until + STOP * MS, "when it is quiet what its lease let run has ended");
	ok(BOTH_ALIVE, "the path has been up all the time");
	lab_pump(LEASE);
	ok(node_bar(&lab[0], 1), "it is quiet for long");
	uint64_t quiet = told(0)->quiet;
	node_commit(&lab[0]);
	ok(node_bar(&lab[0], 1) && told(0)->quiet >= quiet, "the same settings once more change nothing");
	node_peer(&lab[0], "gamma");
	node_commit(&lab[0]);
	ok(node_bar(&lab[0], 1) && lab[0].confirms.n == 2 && told(0)->quiet < quiet, "with another member nobody is");
	lab_end();
}

static void test_pause(void)
{
	begin();
	kill(lab[1].pid, SIGSTOP);
	lab_pump(LEASE + 500);
	kill(lab[1].pid, SIGCONT);
	ok(WAIT(lab[1].lease.lapsed, 5000), "a pause that is longer than the lease is noticed afterwards");
	lab_end();
}

static void test_restart(void)
{
	begin();
	lab[1].until = (int64_t)lab[1].lease.until;
	node_kill(&lab[1]);
	lab_pump(LEASE + 100);
	node_start(&lab[1], "beta");
	node_commit(&lab[1]);
	see_each_other();
	ok(WAIT(lab[1].lease.lapsed, 5000), "a lease that ran out while nobody looked is lost");
	ok(node_bar(&lab[1], 0) && (told(1)->barred || told(1)->quiet < told(1)->needed),
	   "a new process takes nobody for quiet");
	lab_end();
}

static void test_terms(void)
{
	pair();
	lab[1].conf.lease = 3 * LEASE;
	lab[1].conf.stop = STOP / 2;
	lab_pair_start();
	see_each_other();
	ok(WAIT(BOTH_VALID, 30000), "systems with other terms have a lease");
	ok(node_logged(&lab[0], "703190") == 1 && node_logged(&lab[1], "703190") == 1, "both have logged it once");
	ok(node_bar(&lab[0], 0) && told(0)->needed > (3 * LEASE + STOP) * MS, "the larger ones count");
	lab[1].conf.lease = LEASE;
	lab[1].conf.stop = STOP;
	node_commit(&lab[1]);
	uint64_t until = lab[1].lease.until;
	ok(node_bar(&lab[0], 0) && (told(0)->needed > 2 * LEASE * MS || lk_lease_now() > (int64_t)until - 2 * LEASE * MS),
	   "also when they become smaller, as long as they still let run");
	ok(WAIT(node_bar(&lab[0], 0) && told(0)->needed < 2 * LEASE * MS, 40000), "then the smaller ones do");
	ok(lk_lease_now() >= (int64_t)until - 2 * LEASE * MS && !lab[1].lease.lapsed, "not before what they gave has ended");
	ok(node_logged(&lab[0], "703190") == 1 && WAIT(node_logged(&lab[0], "703440") == 1, 5000),
	   "that they are the same again is logged once");
	lab_end();
}

/* Who grants bars by the terms that it knows: lk_hold_knowing(). */
static void test_terms_known(void)
{
	begin();
	ok(node_bar(&lab[1], 0) && told(1)->knows, "who confirms knows the terms");
	kill(lab[0].pid, SIGSTOP);
	lab[1].conf.lease = 3 * LEASE;
	node_commit(&lab[1]);
	ok(node_bar(&lab[1], 0) && !told(1)->knows && told(1)->age && lab[1].confirms.generation == lab[1].conf.generation,
	   "but not those that it was not told of yet");
	kill(lab[0].pid, SIGCONT);
	ok(WAIT(node_bar(&lab[1], 0) && told(1)->knows, 20000), "until it confirms what told them");
	node_commit(&lab[1]);
	ok(node_bar(&lab[1], 0) && told(1)->knows, "the same ones once more are known");
	node_kill(&lab[1]);
	node_start(&lab[1], "beta");
	node_commit(&lab[1]);
	ok(node_bar(&lab[1], 0) && !told(1)->knows, "a new process is known by nobody");
	lab_end();
}

/* The larger terms of beta are known to a process of alpha that has never heard it. */
static void test_terms_kept(void)
{
	pair();
	lab[1].conf.stop = 20 * STOP;
	lab[0].unkept = true;
	lab_pair_start();
	see_each_other();
	ok(WAIT(lab[0].keeps > 1, 20000) && !lab[1].lease.until, "whose terms cannot be kept is not confirmed");
	lab[0].unkept = false;
	ok(WAIT(BOTH_VALID, 20000), "when they are kept it is");
	node_kill(&lab[0]);
	node_kill(&lab[1]);
	node_start(&lab[0], "alpha");
	node_commit(&lab[0]);
	ok(node_bar(&lab[0], 0) && told(0)->stop == 20 * STOP * MS && told(0)->needed > 20 * STOP * MS,
	   "a new process knows them");
	lab[1].conf.stop = STOP;
	node_start(&lab[1], "beta");
	node_commit(&lab[1]);
	see_each_other();
	ok(WAIT(node_bar(&lab[0], 0) && told(0)->stop == STOP * MS, 30000), "smaller ones count when they are confirmed");
	ok(lab[0].keeps == 0, "and are not kept at once");
	lab_end();
}

/* Storage quorum: all others, or a write of the own object. */
static void test_storage(void)
{
	pair();
	lab[0].conf.quorum = lab[1].conf.quorum = BUS_STORAGE;
	lab_pair_start();
	see_each_other();
	ok(WAIT(BOTH_VALID, 20000), "all others that confirm give a lease");
	node_view(&lab[1], 0, FRAME_VIEW_SUSPECT);
	int64_t until = lk_lease_now() + 3 * LEASE * MS;
	node_stored(&lab[1], until);
	ok(WAIT((int64_t)lab[1].lease.until == until, 5000), "a write of the own object lets run without them");
	lab_pump(LEASE + 1000);
	ok(VALID(1), "as long as it was said to");
	node_stored(&lab[1], until - 1000 * MS);
	lab_pump(200);
	ok((int64_t)lab[1].lease.until == until, "an older one changes nothing");
	ok(WAIT(lab[1].lease.lapsed, 20000) && lk_lease_now() >= until, "then the lease is lost");
	node_stored(&lab[1], lk_lease_now() + LEASE * MS);
	lab_pump(200);
	ok(lab[1].lease.lapsed, "and a write that comes too late does not bring it back");
	node_clear(&lab[1]);
	ok(WAIT(VALID(1), 5000), "until nothing is in service any more");
	lab_end();
}

/* It beats, and is heard, but neither confirms nor is confirmed. */
static void test_old_peer(void)
{
	struct fake fake = { .fd = -1, .key = 1 };
	struct frame_hello hello = fake_hello(FRAME_KIND_BEAT);
	struct frame_beat beat = { .view = FRAME_VIEW_ALIVE };
	uint8_t payload[FRAME_SMALL_MAX];
	size_t len = 0;

	pair();
	node_start(&lab[1], "beta");
	node_commit(&lab[1]);
	ok(WAIT(lab[1].configured == 1, 5000), "a node waits for another one");
	lab_pump(100);
	fake.fd = fake_connect(1, 2, 1500);
	hello.version_max = 2;
	ok(fake_tls(&fake) == 0 && fake_say_hello(&fake, &hello) == 0 &&
	   fake_frame(&fake, payload, &len) == FRAME_HELLO, "one of version 2 comes");
	ok(node_bar(&lab[1], 0) && told(1)->incarnation == hello.incarnation,
	   "before it beats its incarnation is known, so that no earlier one counts as the last");
	node_view(&lab[1], 0, FRAME_VIEW_ALIVE);
	for (beat.sequence = 1; beat.sequence < 30; beat.sequence++) {
		uint8_t bytes[FRAME_BEAT_MAX];
		struct lk_out out = LK_OUT(bytes);

		frame_put_beat(&out, 2, &beat);
		fake_send(&fake, out.data, out.len);
		if (fake_frame(&fake, payload, &len) != FRAME_BEAT || len != 5)
			ok(false, "heartbeats to it have the form of version 2");
	}
	ok(WAIT(lab[1].alives, 5000), "the path is ALIVE");
	ok(node_bar(&lab[1], 0) && !told(1)->age && !told(1)->lease && told(1)->quiet >= 1000 * MS,
	   "it is not confirmed");
	ok(!lab[1].lease.until, "and who does not confirm gives no lease");
	fake_close(&fake);
	lab_end();
}

int main(void)
{
	alarm(180);
	signal(SIGPIPE, SIG_IGN);
	for (int i = 0; i < LAB_NODES; i++)
		lab[i].bus = -1;
	test_lease();
	test_one_way();
	test_bar();
	test_pause();
	test_restart();
	test_terms();
	test_terms_known();
	test_terms_kept();
	test_storage();
	test_old_peer();
	return tap_done();
}
