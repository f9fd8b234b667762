/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lk_picture: what this node sees of the cluster, and what it would decide (lk/decide.h). */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lk/boot.h"
#include "lk/cleanup.h"
#include "lk/cmd.h"
#include "lk/gather.h"
#include "lk/msg.h"
#include "lk/name.h"
#include "lk/picfile.h"
#include "lk/picture.h"
#include "lk/poison.h"

static const char *const event_names[] = { "avail", "down", "up", NULL };

static int print_report(struct lk_cmd *cmd)
{
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;
	struct lk_buf LK_AUTO_BUF report = { 0 };
	int rc = lk_lcd_read(&lcd, LK_T_PICTURE, &cmd->err);

	if (rc == 0)
		rc = lk_boot_doubt(&lcd, &cmd->err);
	if (rc < 0)
		return rc;
	lk_picture_report(&lcd, &report);
	if (report.failed)
		return lk_fail_nomem(&cmd->err);
	fwrite(report.data, 1, report.len, stdout);
	return 0;
}

static int read_all(const char *path, struct lk_buf *text, struct lk_err *err)
{
	FILE LK_AUTO_FILE *file = fopen(path, "re");
	char piece[4096];
	size_t n;

	if (!file)
		return lk_fail_errno(err, errno, "%s", path);
	while ((n = fread(piece, 1, sizeof(piece), file)) > 0 && text->len < LK_FILE_MAX)
		lk_buf_add(text, piece, n);
	if (ferror(file))
		return lk_fail_errno(err, errno, "%s", path);
	return text->failed ? lk_fail_nomem(err) : 0;
}

/* "SYSTEM=FILE": the system counts as ALIVE and reports this. */
static int take_file(struct lk_cmd *cmd, struct lk_lcd *lcd, struct lk_picture *picture, char *operand)
{
	struct lk_buf LK_AUTO_BUF text = { 0 };
	char *file = strchr(operand, '=');

	if (!file)
		return lk_fail(&cmd->err, LK_M_OPERAND, operand);
	*file++ = '\0';
	int sys = lk_pic_find_sys(picture, operand);
	if (sys < 0 || sys == picture->self)
		return lk_fail(&cmd->err, LK_M_NO_SYS, operand);
	int rc = read_all(file, &text, &cmd->err);
	if (rc < 0)
		return rc;
	picture->sys[sys].life = LK_LIFE_ALIVE;
	return lk_picture_add(lcd, picture, (unsigned)sys, text.data ? text.data : (char[]){ "" }, text.len,
			      &cmd->err);
}

/* The system fails: nothing is known of it any more. */
static void suppose_dead(struct lk_picture *picture, unsigned sys)
{
	picture->sys[sys].life = LK_LIFE_DEAD;
	for (unsigned i = 0; i < picture->ncopy; i++)
		if (picture->copy[i].sys == sys)
			picture->copy[i].state = LK_PIC_UNSEEN;
}

static void print_decisions(const struct lk_cmd *cmd, const struct lk_picture *picture,
			    const struct lk_decision *decision)
{
	char text[600];

	for (unsigned i = 0; i < picture->nres; i++) {
		lk_decide_text(picture, &decision[i], text, sizeof(text));
		const char *fields[] = { picture->res[i].tag, lk_what_names[decision[i].what],
					 lk_why_names[decision[i].why], text };
		lk_cmd_row(cmd, fields, 4);
	}
}

static int decide(struct lk_cmd *cmd, struct lk_lcd *lcd, struct lk_picture *picture)
{
	const char *name = lk_cmd_value(cmd, 's');
	int event = lk_parse_choice("event", lk_cmd_value(cmd, 'e'), event_names, &cmd->err), sys = 0;

	if (event < 0)
		return event;
	if (!name && event != LK_EVENT_AVAIL)
		return lk_fail(&cmd->err, LK_M_OPT_MISSING, 's');
	if (name && ((sys = lk_pic_find_sys(picture, name)) < 0 || sys == picture->self))
		return lk_fail(&cmd->err, LK_M_NO_SYS, name);
	struct lk_decision *decision = lk_arena_alloc(&lcd->arena, (picture->nres + 1) * sizeof(*decision));
	if (!decision)
		return lk_fail_nomem(&cmd->err);
	if (event == LK_EVENT_DOWN)
		suppose_dead(picture, (unsigned)sys);
	lk_decide(picture, (enum lk_event)event, (unsigned)sys, decision);
	print_decisions(cmd, picture, decision);
	return 0;
}

static int print_picture(struct lk_cmd *cmd, const struct lk_picture *picture)
{
	struct lk_buf LK_AUTO_BUF text = { 0 };

	lk_picfile_print(picture, &text);
	if (text.failed)
		return lk_fail_nomem(&cmd->err);
	fputs(text.data, stdout);
	return 0;
}

static int run(struct lk_cmd *cmd)
{
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;
	struct lk_picture picture;

	if (lk_cmd_given(cmd, 'R'))
		return cmd->operands ? lk_fail(&cmd->err, LK_M_OPERAND, cmd->operand[0]) : print_report(cmd);
	int rc = lk_lcd_read(&lcd, LK_T_PICTURE, &cmd->err);
	if (rc == 0 && cmd->operands)
		rc = lk_picture_local(&lcd, &picture, &cmd->err);
	else if (rc == 0)
		rc = lk_gather(&lcd, &picture, &cmd->err);
	for (int i = 0; i < cmd->operands && rc == 0; i++)
		rc = take_file(cmd, &lcd, &picture, cmd->operand[i]);
	if (rc < 0)
		return rc;
	return lk_cmd_given(cmd, 'e') ? decide(cmd, &lcd, &picture) : print_picture(cmd, &picture);
}

static const struct lk_opt options[] = {
	LK_OPT_DEST,
	{ 'R', LK_OPT_FLAG, NULL, "print what this system reports to others", NULL },
	LK_OPT_SEP,
	{ 'e', LK_OPT_VALUE, "event", "decide as after the event avail, down or up", NULL },
	{ 's', LK_OPT_VALUE, "sys", "the system that the event is about", NULL },
	LK_OPT_LAST,
};

static const struct lk_cmd_desc desc = {
	.synopsis = "lk_picture [-d destsys] -R\n"
		    "lk_picture [-d destsys] [-fC] [-e event [-s sys]] [sys=report ...]",
	.summary = "Show what this system sees of the cluster, and what it would decide.",
	.options = options,
	.max_operands = -1,
	.run = run,
};

int main(int argc, char **argv)
{
	return lk_cmd_main(&desc, argc, argv);
}
