/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Running commands on other systems of the cluster, over the comm paths (spec/core.md 3.0.3). The
 * communication manager does the work; a path that fails meanwhile is its business.
 */
#ifndef LK_REMOTE_H
#define LK_REMOTE_H

#include <stdbool.h>
#include <sys/types.h>

#include "lk/buf.h"
#include "lk/lcd.h"

/* A command of ours, with its output on descriptors 1 and 2 (not stdio: flush it before). */
struct lk_remote_request {
	const char *dest;	/* a system of sys_list, not the local one */
	const char *prog;	/* the command; argv[0] is ignored */
	int argc;
	char *const *argv;	/* without -d and its value: dest stands for them */
};

/* 0 with its exit code in *code; -9 with the text of 3.0.3; -1: lcm does not run, or our output failed. */
int lk_remote_run(const struct lk_lcd *lcd, const struct lk_remote_request *request, int *code,
		  struct lk_err *err) LK_MUST LK_NONNULL(1, 2, 3, 4);

/* The same, with its standard output in out and its standard error in errout (either may be NULL: dropped). */
int lk_remote_capture(const struct lk_lcd *lcd, const struct lk_remote_request *request, int *code,
		      struct lk_buf *out, struct lk_buf *errout, struct lk_err *err)
	LK_MUST LK_NONNULL(1, 2, 3, 6);

/* ---- any program, with input, on several systems at a time ---- */
#define LK_REMOTE_PIECE 32768

struct lk_remote_job {
	const char *dest;
	int argc;
	char *const *argv;	/* argv[0] is looked for in $LKROOT/bin, $LKROOT/lkadm/bin and the system's PATH;
				 * the working directory is $LKROOT there */
	bool merge;		/* both outputs come as stream 1, in the order in which they were written */
	unsigned limit;		/* milliseconds until an answer is no longer waited for; 0: REMOTETIMEOUT */
	/* output; not 0 stops the job with that result (negative, with err set) */
	int (*output)(struct lk_remote_job *job, int stream, const void *data, size_t len);
	/* the next piece of its input into data[0..size-1]; 0 at the end, negative as above. NULL: no input */
	ssize_t (*input)(struct lk_remote_job *job, void *data, size_t size);
	void *arg;		/* for both */
	struct lk_buf *kept[2];	/* for lk_remote_keep: of stream 1 and 2; NULL: not wanted */
	/* results */
	int rc;			/* as of lk_remote_run */
	int code;
	struct lk_err err;
};

/* Run them all at once and wait for all. Each has its own result. When our process dies or a callback
 * stops a job, the command there gets TERM. */
void lk_remote_jobs(const struct lk_lcd *lcd, struct lk_remote_job *job, size_t n) LK_NONNULL(1, 2);

/* An output function that adds what comes to the buffers in kept, LK_FILE_MAX bytes each at most. */
int lk_remote_keep(struct lk_remote_job *job, int stream, const void *data, size_t len) LK_MUST LK_NONNULL(1, 3);

/* An output function that writes to our descriptors 1 and 2. */
int lk_remote_pass(struct lk_remote_job *job, int stream, const void *data, size_t len)
	LK_MUST LK_NONNULL(1, 3);

#endif
