/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A round: write the own object and read it back, look at the others', and say what follows. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "lk/lease.h"
#include "world.h"
#include "lk/poison.h"

#define MS INT64_C(1000000)
#define NAP_MS 1000	/* how soon a storage mode that was left is noticed */

static int64_t limit_of(const struct world *w)
{
	return 1000LL * w->conf.hbeat * w->conf.misses;
}

/* ---- saying it ---- */

static void say_state(struct world *w)
{
	struct lk_err err;

	bool first = !w->state.said;

	w->state.said = lk_qwk_now();
	if (lk_qwk_state_write(&w->tree, &w->state, &err) == 0) {
		w->state_complaint[0] = '\0';
		return;
	}
	if (!strcmp(w->state_complaint, err.text))
		return;
	if (first)
		say(w, LK_LOG_ERROR, LK_M_QWK_STATE_BEGIN, err.text);
	else
		say(w, LK_LOG_ERROR, LK_M_QWK_STATE, err.text);
	snprintf(w->state_complaint, sizeof(w->state_complaint), "%.*s", COMPLAINT - 1, err.text);
}

static void say_quorum(struct world *w)
{
	bool has = lk_qwk_fresh(&w->state, lk_qwk_now());

	if (has == w->had_quorum)
		return;
	w->had_quorum = has;
	if (has)
		say(w, LK_LOG_INFO, LK_M_QWK_GAINED, "HAVE_QUORUM");
	else
		say(w, LK_LOG_INFO, LK_M_QWK_LOST, "LOST_QUORUM");
}

/* What is wrong with the bytes of an object, and which one it is. */
static void say_bytes(struct world *w, unsigned i, const struct lk_err *err)
{
	enum lk_log_level level = err->number == LK_M_NUMBER(LK_M_QWK_NO_NODE) ? LK_LOG_WARN : LK_LOG_ERROR;

	say(w, level, err->number, err->code, "%s: %s", w->io[i].path, err->text);
}

/* What is wrong with an object, once. bad: it can be read, but is none. */
static void complain(struct world *w, unsigned i, const struct lk_err *err, bool bad)
{
	struct object *object = &w->object[i];
	const char *name = w->conf.member[object->node].name;

	if (!strcmp(object->complaint, err->text))
		return;
	snprintf(object->complaint, sizeof(object->complaint), "%.*s", COMPLAINT - 1, err->text);
	if (bad)
		say_bytes(w, i, err);
	else
		say_err(w, LK_LOG_ERROR, err);
	if (bad)
		say(w, LK_LOG_ERROR, LK_M_QWK_BAD, name, err->text);
	else if (w->io[i].op == LK_QWK_READ && w->io[i].reply.rc < 0)
		say(w, LK_LOG_ERROR, LK_M_QWK_FAILED, name, err->text);
}

/* ---- the own object ---- */

/* Whoever sees this object need not have seen those before, or may have begun after them: it tells how long all that
 * they have let run may run, too. So QUORUM_LOSS_DEADLINE that was made smaller is told as such step by step. */
static uint64_t stop_to_tell(const struct world *w)
{
	int64_t left = w->ends - lk_qwk_now() - limit_of(w);

	return left > w->stop ? (uint64_t)(left < LK_QWK_TERM_MAX ? left : LK_QWK_TERM_MAX) : w->stop;
}

static void will_end(struct world *w, int64_t when)
{
	if (when > w->ends)
		w->ends = when;
}

static void fill(struct world *w, unsigned char bytes[static LK_QWK_SIZE])
{
	struct lk_qwk_object object = { .time = (uint64_t)time(NULL), .sequence = ++w->sequence,
					.lease = (uint64_t)limit_of(w), .stop = stop_to_tell(w) };

	snprintf(object.local, sizeof(object.local), "%s", w->conf.member[0].name);
	for (unsigned i = 1; i < w->conf.n; i++) {
		snprintf(object.peer[object.n].name, sizeof(object.peer[0].name), "%s",
			 w->conf.member[i].name);
		object.peer[object.n++].commstat = w->commstat[i];
	}
	lk_qwk_object_format(&object, bytes);
}

/* The old object: its sequence goes on. What is not ours is not written over. */
static void take_old(struct world *w, unsigned i)
{
	const struct lk_qwk_io *io = &w->io[i];
	struct lk_qwk_object old;
	struct lk_err err, why;

	if (io->reply.rc < 0)
		return complain(w, i, &io->reply.err, false);
	if (lk_qwk_object_ours(io->reply.bytes, io->local, io->path, &err) < 0)
		return complain(w, i, &err, false);
	w->known = true;
	w->object[i].known = true;
	if (lk_qwk_object_parse(io->reply.bytes, io->local, &old, &why) < 0) {
		say_bytes(w, i, &why);
		say(w, LK_LOG_INFO, LK_M_QWK_FRESH, why.text);
		return;
	}
	say(w, LK_LOG_INFO, LK_M_QWK_FOUND, (unsigned long long)old.sequence);
	will_end(w, lk_qwk_now() + (int64_t)(old.lease + old.stop));
	if (old.sequence > w->sequence && old.sequence != UINT64_MAX)
		w->sequence = old.sequence;
}

static void take_own(struct world *w, unsigned i)
{
	const struct lk_qwk_io *io = &w->io[i];

	if (io->op == LK_QWK_READ)
		return take_old(w, i);
	if (io->reply.rc < 0)
		return complain(w, i, &io->reply.err, false);
	if (w->debug)
		say(w, LK_LOG_INFO, LK_M_QWK_WROTE, (unsigned long long)w->sequence);
	w->object[i].complaint[0] = '\0';
	w->good[0] = true;
	lk_qwk_state_wrote(&w->state, io->begun, lk_qwk_now());
	will_end(w, io->begun + limit_of(w) + w->stop);
	w->state.stop = w->stop;
	w->state.node[0].sequence = w->sequence;
	w->state.node[0].changed = lk_qwk_now();
	w->state.node[0].looked = io->begun;
}

/* ---- the others' ---- */

static bool is_more(const struct world *w, unsigned i, const struct lk_qwk_object *object)
{
	return object->lease > w->told_lease[i] || object->stop > w->told_stop[i];
}

/* What differs is said when it does, and when it becomes more. */
static void say_terms(struct world *w, unsigned i, const struct lk_qwk_object *object)
{
	unsigned lease = (unsigned)object->lease, stop = (unsigned)object->stop;
	bool differs = lease != limit_of(w) || stop != w->stop;

	if (differs && is_more(w, i, object))
		say(w, LK_LOG_WARN, LK_M_QWK_DIFFER, w->state.node[i].name, lease, stop, (unsigned)limit_of(w), w->stop);
	if (!differs || is_more(w, i, object)) {
		w->told_lease[i] = differs ? lease : 0;
		w->told_stop[i] = differs ? stop : 0;
	}
}

/* What another system may still do after its last write is for it to say. Smaller terms than before are believed of a
 * newer object only. */
static void take_terms(struct world *w, unsigned i, const struct lk_qwk_object *object, bool newer)
{
	const struct lk_terms terms = { (int64_t)object->lease * MS, (int64_t)object->stop * MS };

	if (!object->lease)
		return;
	if (newer || lk_told_exceeds(&w->told[i], &terms))
		lk_told_hear(&w->told[i], &terms, lk_qwk_now() * MS);
	if (newer)
		w->told_by[i] = object->sequence;
	say_terms(w, i, object);
}

/* What counts of what was told. */
static void count_terms(struct world *w)
{
	for (unsigned i = 1; i < w->conf.n; i++) {
		struct lk_qwk_node *node = &w->state.node[i];
		const struct lk_terms terms = lk_told_terms(&w->told[i], lk_qwk_now() * MS);
		unsigned lease = (unsigned)(terms.lease / MS), stop = (unsigned)(terms.stop / MS);

		if (lease < node->lease || stop < node->stop)
			say(w, LK_LOG_INFO, LK_M_QWK_SMALLER, node->name, lease, stop, node->lease, node->stop);
		node->lease = lease;
		node->stop = stop;
	}
}

/* object NULL: there is none; moves: but bytes that change, and so have a writer that lives. */
static void take_sight(struct world *w, unsigned i, const struct lk_qwk_object *object, bool moves)
{
	struct object *o = &w->object[i];
	struct lk_qwk_node *node = &w->state.node[o->node];
	int64_t before, begun = w->io[i].begun;
	unsigned long long best = o->seen.best;
	enum sight sight = seen_look(&o->seen, object, begun, &before);
	bool advanced = moves || sight == ADVANCED || sight == BEGAN_ANEW;

	w->good[o->node] = true;
	if (!object && !moves)
		o->nothing = begun;
	else
		lk_qwk_state_saw(node, &(struct lk_qwk_look){ before, begun, lk_qwk_now(), advanced });
	if (object) {
		node->sequence = o->seen.best;
		node->commstat = lk_qwk_object_sees(object, w->conf.member[0].name);
		take_terms(w, o->node, object,
			   sight == BEGAN_ANEW || (advanced && object->sequence >= w->told_by[o->node]));
	}
	/* that one of two objects is still there, from before it left, says nothing */
	if (advanced)
		node->left = false;
	if (sight == WENT_BACK || sight == BEGAN_ANEW)
		say(w, LK_LOG_WARN, LK_M_QWK_BACK, node->name, best, (unsigned long long)object->sequence);
	if (!advanced)
		return;
	w->advanced[o->node] = true;
	if (w->down[o->node])
		say(w, LK_LOG_INFO, LK_M_QWK_REMOTE_UP, node->name);
	w->down[o->node] = false;
}

/* By qwk_storage_exit: without the mode nothing ends what it runs. */
static void take_leave(struct world *w, unsigned i)
{
	struct lk_qwk_node *node = &w->state.node[i];

	if (!node->left)
		say(w, LK_LOG_WARN, LK_M_QWK_LEFT, node->name);
	node->left = true;
}

/* Valid, but of another cluster than ours, or of one that has changed. */
static void check_nodes(struct world *w, unsigned i, const struct lk_qwk_object *object)
{
	bool lacks = object->n + 1 < w->conf.n;
	struct lk_err err;

	if (lacks && !w->object[i].lacks) {
		lk_fail(&err, LK_M_QWK_NO_NODE, object->n);
		say_bytes(w, i, &err);
	}
	w->object[i].lacks = lacks;
}

static void take_other(struct world *w, unsigned i)
{
	const struct lk_qwk_io *io = &w->io[i];
	bool moves = io->reply.rc >= 0 && seen_moved(&w->object[i].seen, io->reply.bytes);
	struct lk_qwk_object object;
	struct lk_err err;

	/* nothing there is an answer, too; not to be able to look is none */
	if (io->reply.rc < 0) {
		complain(w, i, &io->reply.err, false);
		if (io->reply.err.number == LK_M_NUMBER(LK_M_QWK_NOT_FOUND))
			take_sight(w, i, NULL, false);
	} else if (lk_qwk_object_parse(io->reply.bytes, w->conf.member[w->object[i].node].name, &object,
				       &err) < 0) {
		bool left = err.number == LK_M_NUMBER(LK_M_QWK_EMPTY);

		complain(w, i, &err, true);
		if (left)
			take_leave(w, w->object[i].node);
		take_sight(w, i, NULL, moves && !left);
	} else {
		if (w->debug)
			say(w, LK_LOG_INFO, LK_M_QWK_SAW, (unsigned long long)object.sequence,
			    w->conf.member[w->object[i].node].name);
		w->object[i].complaint[0] = '\0';
		check_nodes(w, i, &object);
		take_sight(w, i, &object, false);
	}
}

/* Where no object was found, that may be for want of the storage, which was there if the own object was written before
 * and after. */
static void count_nothing(struct world *w)
{
	for (unsigned i = 0; i < w->n; i++) {
		struct object *o = &w->object[i];
		struct lk_qwk_node *node = &w->state.node[o->node];

		if (!o->node)
			continue;
		if (w->good[0] && o->unproven > node->looked)
			lk_qwk_state_saw(node, &(struct lk_qwk_look){ node->looked, o->unproven, lk_qwk_now(), false });
		o->unproven = w->good[0] ? o->nothing : 0;
		o->nothing = 0;
	}
}

static void count_quiet(struct world *w)
{
	for (unsigned i = 1; i < w->conf.n; i++) {
		struct lk_qwk_node *node = &w->state.node[i];
		int64_t quiet = lk_qwk_now() - (node->changed ? node->changed : w->state.started);

		if (w->good[i] && !w->advanced[i] && node->quiet < UINT32_MAX)
			node->quiet++;
		if (w->down[i] || node->quiet < w->conf.misses || quiet < limit_of(w))
			continue;
		w->down[i] = true;
		say(w, LK_LOG_INFO, LK_M_QWK_REMOTE_DOWN, node->name, (long long)quiet);
	}
}

/* ---- a round ---- */

/* A value that is none is said once. */
static bool wants_debug(struct world *w)
{
	struct lk_err err;
	int rc = lk_qwk_debug(&w->tree, &err);

	if (rc >= 0) {
		w->debug_complaint[0] = '\0';
		return rc;
	}
	if (strcmp(w->debug_complaint, err.text) != 0)
		say(w, LK_LOG_WARN, LK_M_QWK_DEBUG, err.text);
	snprintf(w->debug_complaint, sizeof(w->debug_complaint), "%.*s", COMPLAINT - 1, err.text);
	return false;
}

static void start_round(struct world *w)
{
	unsigned char bytes[LK_QWK_SIZE];
	int64_t limit = 1000LL * w->conf.hbeat;
	struct lk_err ignored;
	int64_t stop;
	int64_t late = w->round ? lk_qwk_now() - w->round : 0;

	if (late > 2 * limit)
		say(w, LK_LOG_ERROR, LK_M_QWK_LATE, (long long)late, (long long)(2 * limit));
	w->debug = wants_debug(w);
	commstat_ask(w);
	(void)!lk_lease_stop(&w->tree, &stop, &ignored);
	w->stop = (unsigned)(stop / 1000000);
	if (w->known)
		fill(w, bytes);
	w->round = lk_qwk_now();
	w->next = w->round + limit;
	memset(w->good, 0, sizeof(w->good));
	memset(w->advanced, 0, sizeof(w->advanced));
	for (unsigned i = 0; i < w->n; i++) {
		bool write = !w->object[i].node && w->object[i].known;

		w->object[i].due = true;
		lk_qwk_io_start(&w->io[i], write ? LK_QWK_WRITE : LK_QWK_READ, bytes, limit);
	}
}

static void take_replies(struct world *w)
{
	bool any = false;

	for (unsigned i = 0; i < w->n; i++) {
		if (!w->object[i].due || w->io[i].fd >= 0)
			continue;
		w->object[i].due = false;
		any = true;
		if (w->object[i].node)
			take_other(w, i);
		else
			take_own(w, i);
	}
	if (any) {
		count_terms(w);
		say_state(w);
		say_quorum(w);
	}
}

static unsigned count_own(const struct world *w)
{
	unsigned n = 0;

	for (unsigned i = 0; i < w->n; i++)
		n += !w->object[i].node;
	return n;
}

static void end_round(struct world *w, bool wrote)
{
	unsigned good = 0;

	count_nothing(w);
	count_quiet(w);
	if (wrote) {
		if (w->good[0] && w->own_failed)
			say(w, LK_LOG_INFO, LK_M_QWK_RESTORED);
		w->own_failed = !w->good[0];
	} else if (w->known) {
		w->next = 0;	/* to write at once */
	}
	say_state(w);
	say_quorum(w);
	for (unsigned i = 0; i < w->conf.n; i++)
		good += w->good[i];
	if (w->first_done || (!wrote && w->known))
		return;
	w->first_done = true;
	if (good < w->conf.n)
		say(w, LK_LOG_WARN, LK_M_QWK_FIRST, 1000LL * w->conf.hbeat, good);
	lk_daemon_ready(&w->frame);
}

static bool was_told(struct world *w)
{
	struct signalfd_siginfo info;

	if (read(w->signal_fd, &info, sizeof(info)) == sizeof(info))
		w->signal = (int)info.ssi_signo;
	return w->signal;
}

/* The mode has been left, or was begun anew with other settings: this process is of the past. */
static bool is_over(struct world *w)
{
	struct lk_qwk_conf conf;
	struct lk_err err;

	if (faccessat(w->tree.fd, LK_QWK_CONF, F_OK, AT_SYMLINK_NOFOLLOW) < 0 && errno == ENOENT)
		return true;
	return lk_qwk_conf_read(&w->tree, &conf, &err) > 0 && !lk_qwk_conf_same(&conf, &w->conf);
}

/* Until the time of the next round. True: the end. */
static bool rest(struct world *w)
{
	struct pollfd fd = { .fd = w->signal_fd, .events = POLLIN };

	for (;;) {
		int64_t left = w->next - lk_qwk_now();

		if (was_told(w) || is_over(w))
			return true;
		say_quorum(w);
		if (left <= 0)
			return false;
		(void)!poll(&fd, 1, (int)(left < NAP_MS ? left : NAP_MS));
	}
}

void rounds_work(struct world *w)
{
	do {
		bool wrote = w->known, all = false;

		start_round(w);
		while (!all && !was_told(w)) {
			all = lk_qwk_io_wait(w->io, w->n, w->signal_fd, w->next + NAP_MS);
			take_replies(w);
			say_quorum(w);
		}
		if (w->signal)
			break;
		end_round(w, wrote);
	} while (!rest(w));
	if (!w->signal)
		say(w, LK_LOG_INFO, LK_M_QWK_IDLE, "lkqwk");
}

/* ---- begin and end ---- */

static void take_over_terms(struct world *w, const struct lk_qwk_state *old)
{
	for (unsigned i = 1; i < w->state.n; i++)
		for (unsigned k = 1; k < old->n; k++) {
			if (strcmp(w->state.node[i].name, old->node[k].name) != 0)
				continue;
			w->state.node[i].lease = old->node[k].lease;
			w->state.node[i].stop = old->node[k].stop;
			w->told[i].counts = w->told[i].last =
				(struct lk_terms){ old->node[k].lease * MS, old->node[k].stop * MS };
		}
}

/* What the process before us has written still counts. */
static void take_over(struct world *w)
{
	struct lk_qwk_state old;
	struct lk_err ignored;

	if (lk_qwk_state_read(&w->tree, &old, &ignored) > 0) {
		lk_qwk_state_go_on(&w->state, &old);
		take_over_terms(w, &old);
	}
	w->had_quorum = lk_qwk_fresh(&w->state, lk_qwk_now());
}

void rounds_begin(struct world *w)
{
	w->state = (struct lk_qwk_state){ .started = lk_qwk_now(), .hbeat = w->conf.hbeat,
					  .misses = w->conf.misses, .n = w->conf.n };
	for (unsigned i = 0; i < w->conf.n; i++) {
		struct lk_qwk_member *member = &w->conf.member[i];

		w->commstat[i] = LK_SYS_UNKNOWN;
		w->state.node[i].commstat = i ? LK_SYS_UNKNOWN : LK_SYS_ALIVE;
		memcpy(w->state.node[i].name, member->name, sizeof(member->name));
		for (unsigned k = 0; k < member->paths; k++) {
			w->object[w->n].node = i;
			w->io[w->n++] = (struct lk_qwk_io){ .conf = &w->conf, .path = member->path[k],
							    .local = w->conf.member[0].name, .fd = -1 };
		}
	}
	say(w, LK_LOG_INFO, LK_M_QWK_START, "lkqwk", w->conf.n, w->conf.hbeat, w->conf.misses, count_own(w));
	take_over(w);
	say_state(w);
}

void rounds_end(struct world *w)
{
	for (unsigned i = 0; i < w->n; i++)
		lk_qwk_io_end(&w->io[i]);
	commstat_end(w);
}
