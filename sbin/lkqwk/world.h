/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What lkqwk knows; one struct, which main() owns. */
#ifndef LKQWK_WORLD_H
#define LKQWK_WORLD_H

#include "lk/daemon.h"
#include "lk/logger.h"
#include "lk/msg.h"
#include "lk/qwkio.h"
#include "lk/qwkstate.h"
#include "lk/told.h"
#include "seen.h"

#define OBJECTS (LK_QWK_NODES * LK_QWK_PATHS)
#define COMPLAINT 400

/* An object: which one, and what the looks at it have said. */
struct object {
	unsigned node;
	struct seen seen;
	int64_t nothing;		/* in this round a look began then that found none; 0: none did */
	int64_t unproven;		/* the same of the round before, if the own object was written in it */
	bool known;			/* an own one: what was there has been looked at, and may be written over */
	bool due;			/* its reply has not been taken */
	bool lacks;			/* it does not name all systems */
	char complaint[COMPLAINT];	/* what was wrong last, said once */
};

struct world {
	struct lk_tree tree;
	struct lk_logger logger;
	struct lk_qwk_conf conf;
	struct lk_qwk_state state;
	struct lk_qwk_io io[OBJECTS];
	struct object object[OBJECTS];	/* of the same number */
	unsigned n;
	uint64_t sequence;		/* of the own object */
	unsigned stop;			/* QUORUM_LOSS_DEADLINE in ms, of this round */
	int64_t ends;			/* what the writes before let run has ended by then; 0: there were none */
	struct lk_told told[LK_QWK_NODES];
	uint64_t told_by[LK_QWK_NODES];	/* the sequence of the newest object that has told its terms */
	unsigned told_lease[LK_QWK_NODES], told_stop[LK_QWK_NODES];	/* what was logged as different */
	bool known;			/* one of the own objects is: writing may begin */
	bool own_failed;		/* the last round did not write the own object */
	bool had_quorum, first_done;
	bool good[LK_QWK_NODES];	/* a look at it was good in this round */
	bool advanced[LK_QWK_NODES], down[LK_QWK_NODES];
	int64_t round;			/* this round began then */
	int64_t next;			/* and the next one is to */
	enum lk_sys_state commstat[LK_QWK_NODES];
	pid_t asking;			/* the child that asks lcm, or 0 */
	int answer;			/* its pipe, or -1 */
	bool ask_failed;		/* it could not be started the last time */
	int signal_fd, lock;
	int signal;			/* by which we were told to end */
	bool debug;			/* QUORUM_DEBUG=1 */
	char debug_complaint[COMPLAINT];	/* what is wrong with it, said once */
	char state_complaint[COMPLAINT];
	struct lk_daemon frame;
};

/* Log a message of lk/msg.h: say(w, LK_LOG_INFO, LK_M_QWK_RESTORED). */
#define say(w, ...) lk_say(&(w)->frame, __VA_ARGS__)
#define say_err(w, level, err) lk_say_err(&(w)->frame, level, err)

/* ---- round.c ---- */

void rounds_begin(struct world *w);
/* Round after round, until a signal comes or the storage mode has been left. */
void rounds_work(struct world *w);
void rounds_end(struct world *w);

/* ---- commstat.c ---- */

/* Take what lcm has answered, and have it asked again. It is never waited for. */
void commstat_ask(struct world *w);
void commstat_end(struct world *w);

#endif
