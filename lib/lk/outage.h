/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Taking everything on this system out of service, for lkstop and lk_quorumloss; in liblkcmd.a. */
#ifndef LK_OUTAGE_H
#define LK_OUTAGE_H

#include <stdbool.h>

#include "lk/cmd.h"
#include "lk/lcd.h"
#include "lk/log.h"

struct lk_outage {
	struct lk_cmd *cmd;
	struct lk_lcd *lcd;		/* LK_T_ALL, read just now */
	const char *prog;		/* who logs */
	bool failed;			/* something is still in service, or a global script has failed */
	int interrupted;		/* by that signal: nothing more was begun */
};

/* Run perform_action for all that is in service, parents first, many at a time, between the global scripts of
 * remove. What cannot be removed is said, and set in out; an error is one of the machine. */
int lk_outage_run(struct lk_outage *out) LK_MUST LK_NONNULL(1);

/* What went wrong, on stderr (but for LK_LOG_INFO) and in the log. */
void lk_outage_say(const struct lk_outage *out, const struct lk_err *err, enum lk_log_level level)
	LK_NONNULL(1, 2);

/* The end of a program in words, of its code in struct lk_job. */
const char *lk_outage_ending(int code, char text[static 64]) LK_NONNULL(2);

#endif
