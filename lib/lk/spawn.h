/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Starting an action script, for those who supervise it: lib/run.c and lib/pool.c. */
#ifndef LK_SPAWN_H
#define LK_SPAWN_H

#include <sys/types.h>

#include "lk/buf.h"
#include "lk/script.h"

/* What exec needs, prepared before the start. */
struct lk_image {
	char path[4096 + LK_PATH_MAX + 1];
	const char *root;
	char **argv, **envp;
	struct lk_buf strings;
	int out;		/* descriptor for its output, above 2; -1: our standard error */
	bool dies_with_us;	/* TERM for it when this process ends */
};

/* The strings of script stay the caller's and must live as long. Free it also after an error. */
int lk_image_build(struct lk_image *image, const struct lk_script *script, struct lk_err *err)
	LK_MUST LK_NONNULL(1, 2, 3);
void lk_image_free(struct lk_image *image) LK_NONNULL(1);

/* Start it as lk_script_run() promises; returns when it runs, or does not: its process id, with the
 * errno of exec in *why (0: it runs; else it ends at once with 126 or 127), or -1 with errno. The
 * signals of lk_wait_signals() should be blocked. */
pid_t lk_image_start(const struct lk_image *image, int *why) LK_MUST LK_NONNULL(1, 2);

/* A descriptor that becomes readable when the child ends, or -1 with errno: ENOSYS in old kernels. */
int lk_child_watch(pid_t pid);

/* Has the child ended? It stays a zombie, so that its group can still be named safely. */
bool lk_child_ended(pid_t pid);

/* Has it ended with exit code 0? */
bool lk_child_succeeded(pid_t pid);

/* Reap it and describe how it ended, but for time limits and interruptions. */
void lk_child_reap(pid_t pid, int why, struct lk_script_end *end) LK_NONNULL(3);

#endif
