/* SPDX-License-Identifier: GPL-2.0-or-later */
/* getlocks: take the admin lock (spec/core.md 3.13). */
#include <stdio.h>
#include <unistd.h>

#include "lk/alock.h"
#include "lk/cmd.h"
#include "lk/limits.h"
#include "lk/msg.h"
#include "lk/name.h"
#include "lk/poison.h"

static void say(void *arg, const char *text)
{
	lk_cmd_warn(arg, "%s", text);
}

static void show(const char *flag)
{
	puts(flag);
}

static int run(struct lk_cmd *cmd)
{
	static const char needed[] = { 'a', 'i', 'l' };
	struct lk_notice notice = { .say = say, .arg = cmd };
	const char *pid = lk_cmd_value(cmd, 'p');
	unsigned long long number = (unsigned long long)getppid();
	int rc = 0;

	if (lk_cmd_given(cmd, 'L'))
		return lk_alock_list(show, &cmd->err);
	for (size_t i = 0; i < sizeof(needed); i++)
		if (!lk_cmd_given(cmd, needed[i]))
			return lk_fail(&cmd->err, LK_M_OPT_MISSING, needed[i]);
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
	{ 'a', LK_OPT_VALUE, "amach", "system that is administered", NULL },
	{ 'i', LK_OPT_VALUE, "identifier", "what the lock is for, for instance Create_Hierarchy", NULL },
	{ 'l', LK_OPT_VALUE, "lockfile", "file that rlslocks needs", NULL },
	{ 'o', LK_OPT_VALUE, "omach", "one more system to be locked", NULL },
	{ 'e', LK_OPT_FLAG, NULL, "fail instead of waiting", NULL },
	{ 'p', LK_OPT_VALUE, "pid", "process that has the lock (default: the one that called)", NULL },
	{ 'L', LK_OPT_FLAG, NULL, "list the flags of the lock whose processes are not known to have ended", "list" },
	LK_OPT_LAST,
};

static const struct lk_cmd_desc desc = {
	.synopsis = "getlocks -a amach -i identifier -l lockfile [-o omach] [-e] [-p pid]\n"
		    "getlocks --list",
	.summary = "Take the admin lock, waiting for it.",
	.options = options,
	.run = run,
};

int main(int argc, char **argv)
{
	return lk_cmd_main(&desc, argc, argv);
}
