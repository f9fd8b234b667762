/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Notes of what is being released for another system. */
#include "lk/handover.h"

#include <string.h>

#include "lk/cleanup.h"
#include "lk/epoch.h"
#include "lk/ins.h"
#include "lk/name.h"
#include "lk/proc.h"
#include "lk/poison.h"

#define TABLES (LK_T_INS | LK_T_EPOCH | LK_T_SYS)

struct note {
	char *sys, *epoch, *tag;
};

/* The next line of *at, which is cut into words. false: there is none, or it was damaged. */
static bool next_note(char **at, struct note *note)
{
	char *line = strsep(at, "\n");

	if (!line || !*line)
		return false;
	note->sys = strsep(&line, " ");
	note->epoch = strsep(&line, " ");
	note->tag = line;
	return note->tag;
}

static int read_notes(struct lk_lcd *lcd, char **text, struct lk_err *err)
{
	size_t len;
	int rc = lk_tree_slurp(&lcd->tree, LK_HANDOVER_FILE, &lcd->arena, text, &len, err);

	if (rc == 0)
		*text = NULL;
	return rc < 0 ? rc : 0;
}

static bool has_record(const struct lk_lcd *lcd, const struct note *note)
{
	const struct lk_epoch *record = lk_epoch_get(lcd, note->tag);
	char now[LK_NUMBER_TEXT];

	if (!record || strcmp(record->owner, lcd->local) != 0)
		return false;
	lk_format_number(record->epoch, now);
	return !strcmp(now, note->epoch);
}

static bool stands(const struct lk_lcd *lcd, const struct note *note)
{
	const struct lk_ins *ins = lk_ins_find(lcd, note->tag);

	return ins && has_record(lcd, note) &&
	       (!lk_state_up(ins->state) || (ins->resv == LK_RESV_REMOVE && lk_proc_alive(&ins->holder)));
}

int lk_handover_list(struct lk_lcd *lcd, const struct lk_handover_each *each, struct lk_err *err)
{
	struct note note;
	char *text;
	int rc = read_notes(lcd, &text, err);

	while (rc == 0 && next_note(&text, &note))
		if (stands(lcd, &note))
			each->each(each->arg, note.tag, note.sys);
	return rc;
}

static bool is_of(const struct lk_act *act, const char *tag)
{
	for (size_t i = 0; i < act->what.ntags; i++)
		if (!strcmp(act->what.tag[i], tag))
			return true;
	return false;
}

/* What is left of the old notes: of the tags of act none, or with only none for its system. */
static int keep_notes(struct lk_lcd *lcd, const struct lk_act *act, const char *only, struct lk_buf *text,
		      struct lk_err *err)
{
	struct note note;
	char *old;
	int rc = read_notes(lcd, &old, err);

	while (rc == 0 && next_note(&old, &note))
		if (has_record(lcd, &note) &&
		    (!is_of(act, note.tag) || (only && strcmp(only, note.sys) != 0)))
			lk_buf_addf(text, "%s %s %s\n", note.sys, note.epoch, note.tag);
	return rc;
}

static void add_note(const struct lk_lcd *lcd, const char *tag, const char *sys, struct lk_buf *text)
{
	const struct lk_ins *ins = lk_ins_find(lcd, tag);
	const struct lk_epoch *record = lk_epoch_get(lcd, tag);

	if (ins && lk_state_up(ins->state) && record && !strcmp(record->owner, lcd->local))
		lk_buf_addf(text, "%s %llu %s\n", sys, record->epoch, tag);
}

/* Not synced: see above. */
static int write_notes(struct lk_lcd *lcd, const struct lk_buf *text, struct lk_err *err)
{
	int rc = text->failed ? lk_fail_nomem(err) : lk_tx_put(&lcd->tx, LK_HANDOVER_FILE, text, err);

	return rc < 0 ? rc : lk_tx_commit_each(&lcd->tx, false, err);
}

int lk_handover_note(const struct lk_act *act, struct lk_err *err)
{
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;
	struct lk_buf LK_AUTO_BUF text = { 0 };
	int rc = lk_lcd_begin(&lcd, TABLES, err);

	if (rc == 0)
		rc = keep_notes(&lcd, act, NULL, &text, err);
	for (size_t i = 0; i < act->what.ntags && rc == 0; i++)
		add_note(&lcd, act->what.tag[i], act->release_for, &text);
	return rc < 0 ? rc : write_notes(&lcd, &text, err);
}

int lk_handover_drop(const struct lk_act *act, struct lk_err *err)
{
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;
	struct lk_buf LK_AUTO_BUF text = { 0 };
	int rc = lk_lcd_begin(&lcd, TABLES, err);

	if (rc == 0)
		rc = keep_notes(&lcd, act, act->release_for, &text, err);
	return rc < 0 ? rc : write_notes(&lcd, &text, err);
}
