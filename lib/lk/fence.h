/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Making sure that a system has stopped: its fence devices, by agents that follow the fence agent API. The file
 * etc/fence/SYSTEM, root's and with passwords, has the devices in the order in which they are tried, lk_fence(8).
 */
#ifndef LK_FENCE_H
#define LK_FENCE_H

#include <stdbool.h>

#include "lk/lcd.h"

#define LK_FENCE_DEVICES 16
#define LK_FENCE_RETRIES 100

struct lk_fence_device {
	const char *name, *agent, *action;
	const char *options;		/* the lines for the agent's standard input, but for the action */
	unsigned delay, timeout;	/* milliseconds */
	unsigned retries;
};

struct lk_fence {
	struct lk_arena arena;
	unsigned n;
	struct lk_fence_device device[LK_FENCE_DEVICES];
};

/* Is there a file for it, good or bad? */
bool lk_fence_configured(const struct lk_tree *tree, const char *sys) LK_NONNULL(1, 2);

/* 0; -7 nothing is configured; -5 a bad line, or others could read or write the file; -1. Free it also after an
 * error. */
int lk_fence_read(const struct lk_tree *tree, const char *sys, struct lk_fence *fence, struct lk_err *err)
	LK_MUST LK_NONNULL(1, 2, 3, 4);
void lk_fence_free(struct lk_fence *fence) LK_NONNULL(1);

struct lk_fence_for {
	const struct lk_tree *tree;
	const char *sys;
	const char *prog;	/* who logs */
	bool unless_back;	/* no further attempt when it is ALIVE again */
	int64_t until;		/* nor after this, by lk_now_ms(); 0: as long as it takes */
};

/* Fence it: one device after the other until one has confirmed. What was done is recorded. 0: it is fenced; -1: not
 * known to be, interrupted, it is back (LK_M_FENCE_BACK), or the time is over (LK_M_FENCE_LATE); -5, -7 as above. */
int lk_fence(const struct lk_fence_for *what, struct lk_err *err) LK_MUST LK_NONNULL(1, 2);

/* Ask each device for its state, change nothing. 0: all have answered; -1; -5, -7 as above. */
int lk_fence_test(const struct lk_fence_for *what, struct lk_err *err) LK_MUST LK_NONNULL(1, 2);

/* Was it fenced, and has not been seen since? The record ends when it is seen. */
bool lk_fence_done(const struct lk_tree *tree, const char *sys) LK_NONNULL(1, 2);
void lk_fence_forget(const struct lk_tree *tree, const char *sys) LK_NONNULL(1, 2);

#endif
