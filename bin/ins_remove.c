/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ins_remove: remove instances with all that depends on them (spec/core.md 3.3.4). */
#include <stdio.h>

#include "lk/cmd.h"
#include "lk/global.h"
#include "lk/msg.h"
#include "lk/removal.h"
#include "lk/poison.h"

static void say(void *arg, const char *text)
{
	lk_cmd_warn(arg, "%s", text);
}

static void print_tag(void *arg, const char *tag)
{
	(void)arg;
	puts(tag);
	fflush(stdout);
}

static int remove_bracketed(struct lk_cmd *cmd, const struct lk_removal *what,
			    const struct lk_notice *notice)
{
	char *none[] = { NULL };
	struct lk_global global = { .kind = LK_GLOBAL_DELETE, .args = none, .prog = cmd->prog,
				    .notice = notice };
	struct lk_err first;
	int rc = lk_global_pre(&global, &cmd->err);

	if (rc < 0)
		return rc;
	rc = lk_removal_run(what, &cmd->err);
	first = cmd->err;
	if (rc < 0 && first.number == LK_M_NUMBER(LK_M_INTERRUPTED))
		return rc;
	int post = lk_global_post_within(&global, &cmd->err);
	if (rc < 0)
		cmd->err = first;
	return rc < 0 ? rc : post < 0 ? post : 0;
}

static int run(struct lk_cmd *cmd)
{
	struct lk_notice notice = { .say = say, .arg = cmd };
	struct lk_removal what = {
		.roots = lk_cmd_value(cmd, 'R'), .app = lk_cmd_value(cmd, 'a'),
		.type = lk_cmd_value(cmd, 'r'), .tag = lk_cmd_value(cmd, 't'),
		.id = lk_cmd_value(cmd, 'i'), .nested = lk_cmd_given(cmd, 'N'),
		.prog = cmd->prog, .notice = &notice,
		.removed = lk_cmd_given(cmd, 'v') ? print_tag : NULL, .arg = cmd,
	};
	int rc = lk_cmd_exclusive(cmd, 'I', 'N');

	if (rc == 0 && !what.roots && !what.app && !what.type && !what.tag && !what.id)
		rc = lk_fail(&cmd->err, LK_M_NO_SELECTOR, "-R, -a, -r, -t, -i");
	/* no scripts for nothing */
	if (rc == 0)
		rc = lk_removal_check(&what, &cmd->err);
	if (rc < 0)
		return rc;
	return lk_cmd_given(cmd, 'G') ? lk_removal_run(&what, &cmd->err)
				      : remove_bracketed(cmd, &what, &notice);
}

static const struct lk_opt options[] = {
	LK_OPT_DEST,
	{ 'R', LK_OPT_VALUE, "roottag", "hierarchy below this tag; several are separated by 0x01", NULL },
	{ 'a', LK_OPT_VALUE, "appname", "only instances of this application", NULL },
	{ 'r', LK_OPT_VALUE, "restyp", "only instances of this type", NULL },
	{ 't', LK_OPT_VALUE, "tag", "only the instance with this tag", NULL },
	{ 'i', LK_OPT_VALUE, "id", "only the instance with this id", NULL },
	{ 'v', LK_OPT_FLAG, NULL, "print the tag of every removed instance", NULL },
	{ 'I', LK_OPT_FLAG, NULL, "forget the marks of interrupted removals (default)", NULL },
	{ 'N', LK_OPT_FLAG, NULL, "do not: for calls from a delete script", NULL },
	{ 'G', LK_OPT_FLAG, NULL, "do not run the predelete and postdelete scripts", NULL },
	LK_OPT_LAST,
};

static const struct lk_cmd_desc desc = {
	.synopsis = "ins_remove [-d destsys] [-R roottag] [-a appname] [-r restyp] [-t tag] [-i id] "
		    "[-v] [-I] [-N] [-G]",
	.summary = "Remove resource instances and all that depends on them.",
	.options = options,
	.run = run,
};

int main(int argc, char **argv)
{
	return lk_cmd_main(&desc, argc, argv);
}
