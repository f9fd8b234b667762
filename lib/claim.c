/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Saying that a shared resource is in service here without having restored it. */
#include "lk/claim.h"

#include <stdlib.h>
#include <string.h>

#include "lk/canvass.h"
#include "lk/epoch.h"
#include "lk/eqv.h"
#include "lk/held.h"
#include "lk/ins.h"
#include "lk/msg.h"
#include "lk/proc.h"
#include "lk/quorum.h"
#include "lk/poison.h"

static bool is_ours(const struct lk_lcd *lcd, const char *tag)
{
	const struct lk_epoch *record = lk_epoch_get(lcd, tag);

	return record && !strcmp(record->owner, lcd->local);
}

/* A script of its own restore may say so. */
static bool is_concerned(const struct lk_lcd *lcd, const struct lk_ins *ins)
{
	bool restoring = ins->resv == LK_RESV_RESTORE && lk_proc_alive(&ins->holder) && is_ours(lcd, ins->tag);

	return !lk_state_up(ins->state) && !restoring &&
	       lk_eqv_priority(lcd, ins->tag, lcd->local);
}

static int find(const struct lk_claim_for *what, struct lk_claim *claim, struct lk_err *err)
{
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;
	int rc = lk_lcd_read(&lcd, LK_T_CLAIM, err);

	if (rc == 0)
		rc = lk_canvass_needed(&lcd.tree, err);
	claim->needed = rc > 0;
	for (unsigned i = 0; i < what->n && rc > 0; i++) {
		const struct lk_ins *ins = lk_ins_find(&lcd, what->tag[i]);

		if (ins && is_concerned(&lcd, ins))
			claim->tag[claim->n++] = what->tag[i];
	}
	return rc < 0 ? rc : 0;
}

int lk_claim_get(const struct lk_claim_for *what, struct lk_claim *claim, struct lk_err *err)
{
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;

	*claim = (struct lk_claim){ .tag = calloc(what->n + 1, sizeof(*claim->tag)),
				    .epoch = calloc(what->n + 1, sizeof(*claim->epoch)) };
	if (!claim->tag || !claim->epoch)
		return lk_fail_nomem(err);
	int rc = find(what, claim, err);
	if (rc < 0 || !claim->n)
		return rc;
	const struct lk_canvass_for canvass = { .tag = claim->tag, .ntags = claim->n, .patient = what->patient,
						.prog = what->prog };
	rc = lk_canvass_take(&lcd, &canvass, err);
	for (unsigned i = 0; i < claim->n && rc == 0; i++) {
		const struct lk_epoch *record = lk_epoch_get(&lcd, claim->tag[i]);

		claim->epoch[i] = record ? record->epoch : 0;
	}
	return rc;
}

void lk_claim_free(struct lk_claim *claim)
{
	free(claim->tag);
	free(claim->epoch);
	*claim = (struct lk_claim){ .tag = NULL };
}

int lk_claim_check(const struct lk_claim *claim, struct lk_lcd *lcd, const struct lk_ins *ins, struct lk_err *err)
{
	struct lk_promise_key key;
	struct lk_grant_here here;
	unsigned i = 0;

	if (!claim->needed || !is_concerned(lcd, ins))
		return 0;
	while (i < claim->n && strcmp(claim->tag[i], ins->tag) != 0)
		i++;
	if (i == claim->n)
		return lk_fail(err, LK_M_NOT_GRANTED, ins->tag, "it has been changed meanwhile");
	lk_promise_key(lcd, ins->tag, &key);
	lk_promise_here(lcd, &key, &here);
	/* whoever has asked since has been told that it is not in service here */
	if (!is_ours(lcd, ins->tag) || here.epoch != claim->epoch[i] || here.promise.epoch != here.epoch ||
	    here.promise.candidate != (int)here.self)
		return lk_fail(err, LK_M_NOT_GRANTED, ins->tag, "another system was faster");
	int rc = lk_held_check(&lcd->tree, err);
	return rc < 0 ? rc : lk_quorum_check(lcd, err);
}
