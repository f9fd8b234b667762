/* SPDX-License-Identifier: GPL-2.0-or-later */
/* recover: a resource has failed; repair it, else move it to another system (spec/core.md 4.5). */
#include "lk/cmd.h"
#include "lk/failure.h"
#include "lk/poison.h"

static void say(void *arg, const char *text)
{
	lk_cmd_warn(arg, "%s", text);
}

static int run(struct lk_cmd *cmd)
{
	struct lk_notice notice = { .say = say, .arg = cmd };
	struct lk_failure failure = {
		.tag = lk_cmd_value(cmd, 't'), .class = lk_cmd_value(cmd, 'C'),
		.event = lk_cmd_value(cmd, 'E'), .object = lk_cmd_value(cmd, 'n'),
		.prog = cmd->prog, .notice = &notice,
	};

	return lk_failure_recover(&failure, &cmd->err);
}

static const struct lk_opt options[] = {
	{ 't', LK_OPT_REQUIRED, "tag", "the resource", NULL },
	{ 'C', LK_OPT_VALUE, "class", "class of the event that has told of the failure", NULL },
	{ 'E', LK_OPT_VALUE, "event", "the event", NULL },
	{ 'n', LK_OPT_VALUE, "object", "what the event is about", NULL },
	LK_OPT_LAST,
};

static const struct lk_cmd_desc desc = {
	.synopsis = "recover -t tag [-C class] [-E event] [-n object]",
	.summary = "Recover a resource that has failed here, or else on another system.",
	.options = options,
	.run = run,
};

int main(int argc, char **argv)
{
	return lk_cmd_main(&desc, argc, argv);
}
