/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Recovery after an event of the cluster (spec/core.md 5.6): see, decide (lk/decide.h), act (lk/act.h).
 *
 * Killed at any instant, the same call does the rest: what was restored is in service and is decided so
 * again. Every decision is a line in the log and in the story.
 */
#ifndef LK_RECOVERY_H
#define LK_RECOVERY_H

#include "lk/buf.h"
#include "lk/decide.h"
#include "lk/notice.h"

struct lk_recovery {
	enum lk_event event;
	const char *sys;		/* whom it is about; NULL for LK_EVENT_AVAIL */
	const char *tag;		/* only this resource, or NULL */
	char *const *without;		/* systems that have tried and failed, NULL-terminated */
	const char *again;		/* only these, separated by blanks, which were left open last time; or NULL */
	unsigned passes;		/* how many there were before, with again */
	bool late;			/* LK_EVENT_AVAIL: only what the start left out for want of quorum (lk/late.h) */
	/* called before the first change of what is in service, if there is any; may be NULL */
	void (*begin)(const struct lk_recovery *recovery, void *arg);
	void *arg;
	void (*done)(const struct lk_recovery *recovery);	/* lk_recovery_cmd: the first pass is over */
	const char *prog;		/* who logs */
	const struct lk_notice *notice;	/* may be NULL */
};

struct lk_recovery_end {
	unsigned restored, failed, yielded, split;
	unsigned open;		/* not decided: a system that is ALIVE has not told whether it (still) has it */
	struct lk_buf tags_restored, tags_failed, tags_open;	/* separated by blanks */
};
void lk_recovery_end_free(struct lk_recovery_end *end) LK_NONNULL(1);

/* 0, with what was done in *end even if some of it failed, to be freed in any case; -1 interrupted or the machine
 * failed, -3, -7 no such system or tag. */
int lk_recovery_run(const struct lk_recovery *recovery, struct lk_recovery_end *end, struct lk_err *err)
	LK_MUST LK_NONNULL(1, 2, 3);

#endif
