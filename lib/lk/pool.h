/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Many scripts at once, with what lk_script_run() promises for each. Their output goes to the log, line by
 * line; they get TERM when we die. TERM, INT and HUP sent to us go to all of them, and after
 * LK_SCRIPT_GRACE seconds KILL; what a script has started in its process group goes with it then, as
 * it does when its time is over, unless it was interrupted and succeeds all the same.
 *
 * A background process that holds the output open does not hold up the end of its script. What it
 * writes later is lost, but does no harm to it.
 */
#ifndef LK_POOL_H
#define LK_POOL_H

#include <signal.h>
#include <stddef.h>

#include "lk/script.h"

struct lk_pool {
	const struct lk_tree *tree;
	const char *prog;		/* who logs */
	struct lk_pool_child **child;	/* the running ones, n of cap */
	size_t n, cap;
	struct pollfd *fds;
	int signal_fd;
	int interrupted;		/* the last signal that came, or 0 */
	sigset_t old_mask;
	struct sigaction old_chld;
};

/* The strings must live until the script has ended. */
struct lk_pool_job {
	unsigned id;			/* the caller's, given back at the end */
	const char *path;		/* as in struct lk_script */
	char *const *argv;
	const char *record;
	unsigned seconds;
	const char *component, *action, *tag;	/* for the log */
	void (*line)(void *arg, const char *text);	/* wants the output, too; may be NULL */
	void *arg;
};

struct lk_pool_end {
	unsigned id;
	struct lk_script_end end;
};

/* Block the signals and begin; close it in any case. At most cap scripts at a time. */
int lk_pool_open(struct lk_pool *pool, const struct lk_tree *tree, const char *prog, size_t cap,
		 struct lk_err *err) LK_MUST LK_NONNULL(1, 2, 3, 5);

/* Start a script. 0, also if it cannot be executed, which its end tells; -1. */
int lk_pool_start(struct lk_pool *pool, const struct lk_pool_job *job, struct lk_err *err)
	LK_MUST LK_NONNULL(1, 2, 3);

/* Wait until at least one script has ended, or for ms milliseconds (-1: no limit). All that have are
 * told in end[0..cap-1]; the result is their number: 0 if none runs, or the time is over. */
size_t lk_pool_wait(struct lk_pool *pool, int ms, struct lk_pool_end *end) LK_NONNULL(1, 3);

/* The same for an event loop: one round of waiting, also when none runs, which ends as well when fd becomes
 * readable or a signal comes. */
size_t lk_pool_turn(struct lk_pool *pool, int fd, int ms, struct lk_pool_end *end) LK_NONNULL(1, 4);

/* Reap the ended children of this process that are not of the pool. */
void lk_pool_strays(const struct lk_pool *pool) LK_NONNULL(1);

/* Has a signal come? Looks without waiting. */
int lk_pool_interrupted(struct lk_pool *pool) LK_NONNULL(1);

/* Kill what still runs, and let the signals through again. */
void lk_pool_close(struct lk_pool *pool) LK_NONNULL(1);

#endif
