/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A resource has failed here (spec/core.md 4.5): repair it here, else move it to another system.
 *
 * Killed at any instant and called again it goes on: what is in service is repaired, what it had taken out of
 * service, and still belongs to this system by its record, is moved. What could not be removed here is
 * never restored elsewhere.
 */
#ifndef LK_FAILURE_H
#define LK_FAILURE_H

#include "lk/notice.h"
#include "lk/tree.h"

/* Reasons (ins_list), which tell what an OSF stands for. */
#define LK_REASON_MOVING "recovery has failed, taken out of service here"
#define LK_REASON_FAILED "Failed, as transfers are disabled, it is left as it is"
#define LK_REASON_REMOVE "remove action has failed"
#define LK_REASON_KILLED "its restore was killed, it may run"

#define LK_FENCE "bin/lk_fence"		/* REMOVE_FAILURE_ACTION=fence runs it, relative to the root */

/* The event of a resource that is not this system's any more: it is not repaired, but removed here whatever it
 * takes, and moves. */
#define LK_EVENT_LOST "lost"

struct lk_failure {
	const char *tag;
	const char *class, *event, *object;	/* of the event that has told of it; NULL: unknown */
	const char *prog;			/* who logs */
	const struct lk_notice *notice;		/* may be NULL */
};

/* 0: in service here or elsewhere, or there was nothing to do; -1: it is in service nowhere, or
 * interrupted; -3; -7 no such tag. */
int lk_failure_recover(const struct lk_failure *failure, struct lk_err *err) LK_MUST LK_NONNULL(1, 2);

#endif
