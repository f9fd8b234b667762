/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Action scripts: finding them (spec/core.md 3.11.2) and running them. */
#ifndef LK_SCRIPT_H
#define LK_SCRIPT_H

#include <stdbool.h>

#include "lk/notice.h"
#include "lk/tree.h"

#define LK_SCRIPT_GRACE 5	/* seconds from TERM to KILL, when the time limit is over */

/* Find an action's script, of the type and else of the application; type NULL: of the
 * application only. 1: path is set, relative to the root; 0: there is none; -5: bad name; -1.
 * Files that would match but cannot be executed are skipped, with a notice. */
int lk_script_find(const struct lk_tree *tree, const char *app, const char *type,
		   const char *action, char path[static LK_PATH_MAX],
		   const struct lk_notice *notice, struct lk_err *err)
	LK_MUST LK_NONNULL(1, 2, 4, 7);

struct lk_script {
	const struct lk_tree *tree;
	const char *path;		/* relative to the root */
	char *const *argv;		/* argv[0] is the path's last part, whatever stands there */
	const char *record;		/* LK_RECORD for it: its instance as ins_list prints it; NULL: it has none */
	unsigned seconds;		/* time limit; 0: none */
	int output;			/* its standard output and error; 0: both go to our standard error */
};

struct lk_script_end {
	int code;		/* exit code; 128 + N killed by signal N; 126, 127: not started */
	bool timed_out;
	int interrupted;	/* the last signal that we passed on to it, or 0 */
	char reason[160];	/* "exit code 1", "killed by signal 9", ... */
};

/*
 * Run a script and wait for it: working directory $LKROOT, LKROOT set, $LKROOT/bin first in PATH, standard
 * input empty, its output where script->output says, no other descriptors, no signals blocked or
 * ignored, a process group of its own. TERM, INT and HUP sent to us meanwhile (unless we ignore
 * them) go to the whole group. When the time is over the group gets TERM, then KILL. What the script has
 * started in the background and left behind is its own business, unless the time was over.
 *
 * 0 with *end set whatever the script did, also if it could not be started; -1 if it was not tried.
 */
int lk_script_run(const struct lk_script *script, struct lk_script_end *end, struct lk_err *err)
	LK_MUST LK_NONNULL(1, 2, 3);

#endif
