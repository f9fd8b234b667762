/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What lkwatchdog knows; one struct, which main() owns. */
#ifndef LKWATCHDOG_WORLD_H
#define LKWATCHDOG_WORLD_H

#include <sys/types.h>

#include "device.h"
#include "judge.h"
#include "lk/daemon.h"
#include "lk/dog.h"
#include "lk/endnode.h"
#include "lk/lease.h"
#include "lk/msg.h"
#include "lk/name.h"

struct world {
	struct lk_daemon frame;
	struct lk_tree tree;
	struct device device;
	struct lk_lease lease;		/* the last one that could be read */
	int64_t stop;			/* QUORUM_LOSS_DEADLINE */
	enum lk_loss loss;
	enum verdict verdict;		/* of the last turn */
	int signal_fd, timer_fd;	/* timer_fd: -1: poll() has to do */
	pid_t supervisor;		/* who has started us; 0: nobody who would start us again */
	pid_t helper;			/* the child that looks whether anything is in service; 0: none */
	int64_t settings_at, helper_at;	/* when to read the tunables, and to look, again */
	int64_t looked_for;		/* the deadline before whose end that was looked at */
	bool ready, stopping, orphan;
	bool waits;			/* that a stop waits was said in the log */
	bool hold_said, terms_said;	/* why it is not fed was said in the log */
	bool device_failed;		/* that was said in the log */
	bool ended;			/* the kernel has refused to end the node */
	bool lease_failed;		/* that was said in the log */
	struct lk_holder process;	/* this one */
	struct lk_dog said;		/* the last that the status file was told */
	pid_t scribe;			/* the child that writes it; 0: none */
	bool opened;			/* the device was, and is used */
	bool over;			/* the end in order: the device is not used any more */
	char why[LK_ERR_TEXT];		/* the device cannot be used; "": it can */
};

/* Log a message of lk/msg.h: say(w, LK_LOG_INFO, LK_M_WD_STOPPED). */
#define say(w, ...) lk_say(&(w)->frame, __VA_ARGS__)
#define say_err(w, level, err) lk_say_err(&(w)->frame, level, err)

/* ---- say.c: to wait for a disk that hangs could be the end of the node ---- */

/* As say() with LK_LOG_ERROR, but in a child, for which it waits so many milliseconds at most. */
void say_aside(const struct world *w, int wait_ms, int number, int code, const char *fmt, ...)
	LK_PRINTF(5, 6);

/* ---- terms.c ---- */

/* The lease that lets this node run resources has not ended. */
bool right_lasts(const struct world *w, int64_t now);

/* Let the device's timeout follow the terms, as far as it can and as no deadline is in danger. */
void terms_follow(struct world *w, int64_t now);

/* It has just been opened. -1: its timeout is too long for the terms, and it is closed. */
int terms_accept(struct world *w, int64_t now, struct lk_err *err) LK_MUST;

/* Is its timeout too long for the terms? Then why says so, and what to do. */
bool terms_too_long(const struct world *w, int64_t now, struct lk_err *why);

/* ---- trial.c ---- */

/* May the device be opened? 0; -1: it has not been, and will not. The first one leaves no trace. */
int trial_look(const struct world *w, struct lk_err *err) LK_MUST;
int trial_begin(const struct world *w, struct lk_err *err) LK_MUST;

/* It was opened and is not used, because of its timeout; if it cannot be disarmed that is on stable storage then. */
void trial_refused(const struct world *w, unsigned timeout, const struct lk_err *why);
/* It was opened and fed; why: in vain. */
void trial_end(const struct world *w, const struct lk_err *why);

/* ---- status.c ---- */

/* What this lkwatchdog begins with: the device may be armed. */
void status_begin(struct world *w);
/* Write what has changed; once it is ready in a child. */
void status_tell(struct world *w);

/* ---- idle.c ---- */

/* Let a child see whether nothing is in service any more, and take the deadline away then. */
void idle_look(struct world *w, int64_t now);
void idle_end(struct world *w);
/* The same at once, for a fraction of a second: true if it is so. */
bool idle_now(struct world *w);

#endif
