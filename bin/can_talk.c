/* SPDX-License-Identifier: GPL-2.0-or-later */
/* can_talk: tell by the exit code whether a system answers over the comm paths. */
#include <string.h>

#include "lk/cmd.h"
#include "lk/msg.h"
#include "lk/remote.h"
#include "lk/sys.h"
#include "lk/poison.h"

#define LIMIT_MS 10000

static int run(struct lk_cmd *cmd)
{
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;
	char *argv[] = { "true" };
	struct lk_remote_job job = { .dest = lk_cmd_value(cmd, 'd'), .argc = 1, .argv = argv,
				     .limit = LIMIT_MS };
	int rc = lk_lcd_read(&lcd, LK_T_SYS, &cmd->err);

	if (rc == 0 && !lk_sys_find(&lcd, job.dest))
		rc = lk_fail(&cmd->err, LK_M_NO_SYS, job.dest);
	if (rc < 0 || !strcmp(job.dest, lcd.local))
		return rc;
	lk_remote_jobs(&lcd, &job, 1);
	return job.rc == 0 ? 0 : LK_EX_COMM;	/* for what reason does not matter here */
}

static const struct lk_opt options[] = {
	{ 'd', LK_OPT_REQUIRED, "system", "system to talk to", NULL },
	LK_OPT_LAST,
};

static const struct lk_cmd_desc desc = {
	.synopsis = "can_talk -d system",
	.summary = "Exit with 0 if a system answers over the comm paths, with 9 if it does not.",
	.options = options,
	.run = run,
};

int main(int argc, char **argv)
{
	return lk_cmd_main(&desc, argc, argv);
}
