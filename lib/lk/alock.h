/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The admin lock (spec/core.md 3.13): flags "!action!PID!TIME!UNAME:IDENTIFIER". The first of them, by
 * time, system and process, is the holder; the others wait. An operation that holds it runs alone.
 *
 * run/action has the start time of each process that stands in a flag of this system, so that
 * another process of the same id, perhaps after a reboot, is not taken for the holder.
 */
#ifndef LK_ALOCK_H
#define LK_ALOCK_H

#include <stdbool.h>
#include <sys/types.h>

#include "lk/notice.h"
#include "lk/err.h"

struct lk_alock {
	const char *amach;	/* administered system */
	const char *omach;	/* one more system that must hold the flag, or NULL */
	const char *identifier;
	const char *lockfile;	/* keeps the flag's name for the release */
	pid_t pid;		/* process to record; when it has ended the lock is free */
	bool nowait;		/* fail instead of waiting */
	const struct lk_notice *notice;	/* whom we wait for; may be NULL */
};

/* Take the lock, waiting for it. 0; -4 held and nowait, held by the operation itself, or the lock file is in
 * use; -5 bad identifier or process; -7 no such system; -9 a system cannot be reached; -1
 * interrupted by TERM, INT or HUP. After an error neither flag nor lock file is left. */
int lk_alock_take(const struct lk_alock *want, struct lk_err *err) LK_MUST LK_NONNULL(1, 2);

/* Give it back. 0, also when the flag is gone already; -7 no such lock file or system; -3 the file is not
 * a lock file. */
int lk_alock_release(const char *amach, const char *lockfile, struct lk_err *err)
	LK_MUST LK_NONNULL(1, 2, 3);

/* Show the flags of the lock that are set on this system, without those of its own dead processes and of systems that
 * are DEAD or unknown. */
int lk_alock_list(void (*show)(const char *flag), struct lk_err *err) LK_MUST LK_NONNULL(1, 2);

/* Remove the flags that are set here by processes that have ended: at a start, those that a power cut has left. The
 * next to take the lock does so, too; until then they look like trouble. notice, may be NULL: what was removed. */
int lk_alock_sweep(const struct lk_notice *notice, struct lk_err *err) LK_MUST LK_NONNULL(2);

#endif
