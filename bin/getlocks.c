/* SPDX-License-Identifier: GPL-2.0-or-later */
/* getlocks: take the admin lock (spec/core.md 3.13). */
#include <unistd.h>

#include "lk/alock.h"
#include "lk/cmd.h"
#include "lk/limits.h"
#include "lk/name.h"
#include "lk/poison.h"

static void say(void *arg, const char *text)
{
	lk_cmd_warn(arg, "%s", text);
}

static int run(struct lk_cmd *cmd)
{
	struct lk_notice notice = { .say = say, .arg = cmd };
	const char *pid = lk_cmd_value(cmd, 'p');
	unsigned long long number = (unsigned long long)getppid();
	int rc = 0;

	if (pid)
		rc = lk_parse_number("option -p", pid, 1, LK_PID_MAX, &number, &cmd->err);
	if (rc < 0)
		return rc;
	struct lk_alock want = {
		.amach = lk_cmd_value(cmd, 'a'), .omach = lk_cmd_value(cmd, 'o'),
		.identifier = lk_cmd_value(cmd, 'i'), .lockfile = lk_cmd_value(cmd, 'l'),
		.pid = (pid_t)number, .nowait = lk_cmd_given(cmd, 'e'), .notice = &notice,
	};
	return lk_alock_take(&want, &cmd->err);
}

static const struct lk_opt options[] = {
	{ 'a', LK_OPT_REQUIRED, "amach", "system that is administered", NULL },
	{ 'i', LK_OPT_REQUIRED, "identifier", "what the lock is for, for instance Create_Hierarchy", NULL },
	{ 'l', LK_OPT_REQUIRED, "lockfile", "file that rlslocks needs", NULL },
	{ 'o', LK_OPT_VALUE, "omach", "one more system to be locked", NULL },
	{ 'e', LK_OPT_FLAG, NULL, "fail instead of waiting", NULL },
	{ 'p', LK_OPT_VALUE, "pid", "process that has the lock (default: the one that called)", NULL },
	LK_OPT_LAST,
};

static const struct lk_cmd_desc desc = {
	.synopsis = "getlocks -a amach -i identifier -l lockfile [-o omach] [-e] [-p pid]",
	.summary = "Take the admin lock, waiting for it.",
	.options = options,
	.run = run,
};

int main(int argc, char **argv)
{
	return lk_cmd_main(&desc, argc, argv);
}
