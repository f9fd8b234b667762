/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Notes of what is being released for another system. */
#include "lk/handover.h"

#include <stdio.h>
#include <string.h>

#include "lk/cleanup.h"
#include "lk/epoch.h"
#include "lk/flg.h"
#include "lk/ins.h"
#include "lk/name.h"
#include "lk/poison.h"

/* Of "!handover!SYSTEM!EPOCH!TAG", if it is one, its parts: pointers into the flag. */
static bool take_apart(const char *flag, const char **sys, const char **epoch, const char **tag)
{
	size_t lead = strlen(LK_HANDOVER_FLAG);

	if (strncmp(flag, LK_HANDOVER_FLAG, lead) != 0)
		return false;
	*sys = flag + lead;
	*epoch = strchr(*sys, '!');
	*tag = *epoch ? strchr(*epoch + 1, '!') : NULL;
	if (!*tag || *epoch - *sys > LK_SYS_MAX)
		return false;
	++*epoch;
	++*tag;
	return true;
}

const char *lk_handover_tag(const struct lk_lcd *lcd, const char *flag, char name[static LK_SYS_MAX + 1])
{
	const char *sys, *epoch, *tag;
	char now[LK_NUMBER_TEXT];

	if (!take_apart(flag, &sys, &epoch, &tag))
		return NULL;
	const struct lk_epoch *record = lk_epoch_get(lcd, tag);
	if (!record || strcmp(record->owner, lcd->local) != 0)
		return NULL;
	lk_format_number(record->epoch, now);
	size_t len = strlen(now);
	if (strncmp(epoch, now, len) != 0 || epoch[len] != '!')
		return NULL;
	snprintf(name, LK_SYS_MAX + 1, "%.*s", (int)(epoch - sys - 1), sys);
	return tag;
}

/* What was noted of the tag before, for this system or, if NULL, for any. */
static int drop_notes(struct lk_lcd *lcd, const char *tag, const char *only, struct lk_err *err)
{
	size_t len = only ? strlen(only) : 0;
	int rc = 0;

	for (size_t i = lcd->nflg; i-- > 0 && rc == 0;) {
		const char *sys, *epoch, *noted;

		if (!take_apart(lcd->flg[i].name, &sys, &epoch, &noted) || strcmp(noted, tag) != 0)
			continue;
		if (!only || ((size_t)(epoch - 1 - sys) == len && !strncmp(sys, only, len)))
			rc = lk_flg_drop(lcd, lcd->flg[i].name, err);
	}
	return rc;
}

/* Names of the utmost length have no room for a note: then an operator has to see to it, as without. */
static int note(struct lk_lcd *lcd, const char *tag, const char *sys, struct lk_err *err)
{
	const struct lk_ins *ins = lk_ins_find(lcd, tag);
	const struct lk_epoch *record = lk_epoch_get(lcd, tag);
	char flag[LK_FLAG_MAX + 1];

	if (!ins || (ins->state != LK_ISP && ins->state != LK_ISU) || !record ||
	    strcmp(record->owner, lcd->local) != 0)
		return 0;
	int len = snprintf(flag, sizeof(flag), LK_HANDOVER_FLAG "%s!%llu!%s", sys, record->epoch, tag);
	return len < (int)sizeof(flag) ? lk_flg_add(lcd, flag, err) : 0;
}

int lk_handover_note(const struct lk_act *act, struct lk_err *err)
{
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;
	int rc = lk_lcd_begin(&lcd, LK_T_FLG | LK_T_INS | LK_T_EPOCH | LK_T_SYS, err);

	for (size_t i = 0; i < act->what.ntags && rc == 0; i++) {
		rc = drop_notes(&lcd, act->what.tag[i], NULL, err);
		if (rc == 0)
			rc = note(&lcd, act->what.tag[i], act->release_for, err);
	}
	return rc < 0 || !lcd.dirty ? rc : lk_lcd_commit(&lcd, err);
}

int lk_handover_drop(const struct lk_act *act, struct lk_err *err)
{
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;
	int rc = lk_lcd_begin(&lcd, LK_T_FLG, err);

	for (size_t i = 0; i < act->what.ntags && rc == 0; i++)
		rc = drop_notes(&lcd, act->what.tag[i], act->release_for, err);
	return rc < 0 || !lcd.dirty ? rc : lk_lcd_commit(&lcd, err);
}
