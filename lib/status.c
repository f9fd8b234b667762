/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where an instance stands in the cluster (spec/core.md 3.9.5, 3.7). */
#include "lk/status.h"

#include <stdio.h>
#include <string.h>

#include "lk/flg.h"
#include "lk/name.h"
#include "lk/poison.h"

/* The flag that keeps resources from moving between this system and sys, or NULL. */
static const char *bar(const struct lk_lcd *lcd, const char *sys)
{
	static const char *const kinds[] = { "noresfailover", "nosysfailover" };
	char name[LK_SYS_MAX + 32];

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		snprintf(name, sizeof(name), "%s!%s", kinds[i], sys);
		const struct lk_flg *flg = lk_flg_find(lcd, name);

		if (flg)
			return flg->name;
	}
	return NULL;
}

static void take_system(const struct lk_lcd *lcd, const struct lk_eqv *eqv,
			struct lk_standing *standing, unsigned best[2], struct lk_buf *why)
{
	const char *flag = bar(lcd, eqv->sys);

	if (eqv->otherpriority < best[0]) {
		best[0] = eqv->otherpriority;
		standing->primary = eqv->sys;
	}
	if (eqv->otherpriority > eqv->priority && eqv->otherpriority < best[1]) {
		best[1] = eqv->otherpriority;
		standing->backup = eqv->sys;
	}
	if (flag)
		lk_buf_addf(why, "%sflag %s", why->len ? ", " : "", flag);
	else
		standing->failover = true;
}

static int keep_why(struct lk_lcd *lcd, struct lk_standing *standing, const struct lk_buf *why,
		    struct lk_err *err)
{
	if (why->failed)
		return lk_fail_nomem(err);
	standing->why = why->len ? lk_arena_dup(&lcd->arena, why->data) : "";
	return standing->why ? 0 : lk_fail_nomem(err);
}

int lk_status_standing(struct lk_lcd *lcd, const struct lk_ins *ins, struct lk_standing *standing,
		       struct lk_err *err)
{
	struct lk_buf LK_AUTO_BUF why = { 0 };
	unsigned best[2] = { ~0U, ~0U };	/* of all, of those behind the local system */

	*standing = (struct lk_standing){ .primary = lcd->local };
	for (size_t i = 0; i < lcd->neqv; i++) {
		const struct lk_eqv *eqv = &lcd->eqv[i];

		if (strcmp(eqv->tag, ins->tag) != 0)
			continue;
		if (!standing->priority)
			best[0] = standing->priority = eqv->priority;
		take_system(lcd, eqv, standing, best, &why);
	}
	if (!standing->priority)
		lk_buf_adds(&why, "no equivalency");
	if (lk_flg_find(lcd, "block_failover")) {
		standing->failover = false;
		lk_buf_addf(&why, "%sflag block_failover", why.len ? ", " : "");
	}
	return keep_why(lcd, standing, &why, err);
}

const char *lk_status_strategy(const struct lk_lcd *lcd)
{
	return lk_flg_find(lcd, "shutdown_switchover") ? "switchover" : "do_not_switchover";
}
