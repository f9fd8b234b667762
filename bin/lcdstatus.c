/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lcdstatus: show resources, comm paths and flags of a system (spec/core.md 3.9.5). */
#include <stdio.h>

#include "lk/cmd.h"
#include "lk/display.h"
#include "lk/quarantine.h"
#include "lk/quorum.h"
#include "lk/poison.h"

/* It explains why everything else is down. */
static void show_quarantine(const struct lk_tree *tree)
{
	struct lk_err ignored;
	int64_t ms;

	if (lk_quarantine_left(tree, &ms, &ignored) > 0)
		printf("This system is in quarantine after a loss of quorum, for %lld s more.\n\n",
		       (long long)(ms + 999) / 1000);
}

/* Only where there is a mode of it. */
static void show_quorum(struct lk_lcd *lcd)
{
	struct lk_quorum_known known;

	lk_quorum_known(lcd, &known);
	if (known.configured)
		printf("Quorum: %s, %s%s%s\n\n", *known.mode ? known.mode : "-", known.have ? "yes" : "no",
		       *known.why ? ", " : "", known.why);
}

static int show(struct lk_cmd *cmd, struct lk_display *d)
{
	bool full = !cmd->json && !d->backup && !lk_cmd_given(cmd, 'q');

	int rc = lk_display_prepare(d);

	if (rc == 0 && cmd->json)
		rc = lk_display_json(d);
	else if (rc == 0)
		rc = full ? lk_display_full(d) : lk_display_short(d);
	if (rc < 0)
		return rc;
	if (cmd->json)
		return lk_cmd_json(cmd, &d->json);
	if (d->out.failed)
		return lk_fail_nomem(&cmd->err);
	if (full)
		show_quarantine(&d->lcd->tree);
	if (full && !d->root)
		show_quorum(d->lcd);
	fputs(d->out.data, stdout);
	return 0;
}

static int run(struct lk_cmd *cmd)
{
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;
	struct lk_display d = { .lcd = &lcd, .root = lk_cmd_value(cmd, 'r'),
				.backup = lk_cmd_given(cmd, 'e'), .err = &cmd->err };
	int rc = lk_cmd_exclusive(cmd, 'q', 'e');

	if (rc == 0)
		rc = lk_lcd_read(&lcd, LK_T_ALL, &cmd->err);
	if (rc == 0)
		rc = show(cmd, &d);
	lk_buf_free(&d.out);
	lk_json_free(&d.json);
	return rc;
}

static const struct lk_opt options[] = {
	LK_OPT_DEST,
	{ 'q', LK_OPT_FLAG, NULL, "short display, with the local system in front", NULL },
	{ 'e', LK_OPT_FLAG, NULL, "short display, with the next backup system in front", NULL },
	{ 'r', LK_OPT_VALUE, "tag", "only this resource and what is below it", NULL },
	{ 'u', LK_OPT_FLAG, NULL, "accepted and ignored", NULL },
	LK_OPT_JSON,
	LK_OPT_LAST,
};

static const struct lk_cmd_desc desc = {
	.synopsis = "lcdstatus [-d destsys] [-q | -e] [-r tag] [-u] [-J]",
	.summary = "Show the resources, comm paths and flags of a system.",
	.options = options,
	.run = run,
};

int main(int argc, char **argv)
{
	return lk_cmd_main(&desc, argc, argv);
}
