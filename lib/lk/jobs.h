/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Programs that run at the same time, each in a process group of its own, with a time limit. Standard
 * input is empty, and what they print goes to our standard error.
 *
 * Not to be confused with the pool (lk/pool.h), which runs the action scripts of the tree: with an environment and
 * descriptors of their own, their output in the log line by line, in an event loop. Here are any programs, mostly
 * commands of ours, which run as if the user had called them: what they say goes through unchanged, and nothing is
 * read, so nothing has to be kept open or drained. The two share what is below them, lk/wait.h.
 */
#ifndef LK_JOBS_H
#define LK_JOBS_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "lk/err.h"

#define LK_JOBS_GRACE 5000	/* milliseconds from TERM to KILL */

struct lk_job {
	pid_t pid;		/* 0: does not run */
	int code;		/* exit code; 128 + N: killed by signal N; 126, 127: not started */
	int64_t deadline;	/* -1: none */
	unsigned pressed;	/* signals sent for the deadline or an interrupt */
};

struct lk_jobs {
	struct lk_job *job;	/* the caller's array of n, zeroed */
	size_t n;
	unsigned running;
	int input;		/* descriptor of their standard input; 0: it is empty */
	bool quiet;		/* drop standard output; else it goes to our standard error */
	int interrupted;	/* the last TERM, INT or HUP sent to us; all jobs were sent TERM then */
	sigset_t signals, old_mask;
};

/* Between begin and end the signals are blocked. */
void lk_jobs_begin(struct lk_jobs *jobs) LK_NONNULL(1);
void lk_jobs_end(const struct lk_jobs *jobs) LK_NONNULL(1);

/* Start job i. milliseconds 0: no limit. A program that cannot be started ends with 126 or 127. 0 or -1:
 * not even tried. */
int lk_jobs_start(struct lk_jobs *jobs, size_t i, const char *path, char *const *argv,
		  unsigned milliseconds) LK_MUST LK_NONNULL(1, 3, 4);

/* Wait until one has ended, sending TERM and KILL to those whose time is over. Its number, or -1 when
 * none runs. */
ssize_t lk_jobs_wait(struct lk_jobs *jobs) LK_NONNULL(1);

#endif
