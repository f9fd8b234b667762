/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An action on a hierarchy: what would be done, and nothing else. */
#include <stdio.h>
#include <string.h>

#include "lk/act_run.h"
#include "lk/limits.h"
#include "lk/poison.h"

static const char *const action_names[] = { "restore", "remove" };

/* Is there work? As perform_action itself decides when it comes to the step. */
static bool is_due(const struct lk_act_run *run, const struct lk_ins *ins)
{
	if (run->act->what.kind == LK_PLAN_RESTORE)
		return ins->state != LK_ISP;
	return lk_state_up(ins->state);
}

/* Which of the nodes the tags need (LK_DOWN) or are needed by (LK_UP). */
static bool *reached(const struct lk_act_run *run, enum lk_dir dir)
{
	const struct lk_graph *g = &run->plan.graph;
	bool *mark = lk_graph_array(g, sizeof(*mark));

	for (size_t i = 0; mark && i < run->act->what.ntags; i++) {
		int node = lk_graph_find(g, run->act->what.tag[i]);

		if (node >= 0)
			lk_graph_mark(g, (unsigned)node, dir, mark);
	}
	return mark;
}

static void why(const struct lk_act_run *run, const bool *const mark[2], unsigned node, char text[static 128])
{
	if (run->act->release_for)
		snprintf(text, 128, "%.80s wants it", run->act->release_for);
	else if (mark[LK_DOWN][node] && mark[LK_UP][node])
		snprintf(text, 128, "asked for");
	else if (mark[LK_DOWN][node])
		snprintf(text, 128, "what was asked for needs it");
	else if (mark[LK_UP][node])
		snprintf(text, 128, "it needs what was asked for");
	else
		snprintf(text, 128, "another one of the hierarchy needs it");
}

static int show_steps(struct lk_act_run *run, const struct lk_act_shown *shown, struct lk_err *err)
{
	const bool *const mark[2] = { [LK_DOWN] = reached(run, LK_DOWN), [LK_UP] = reached(run, LK_UP) };
	char text[128];

	if (!mark[LK_DOWN] || !mark[LK_UP])
		return lk_fail_nomem(err);
	for (unsigned i = 0; i < run->plan.n; i++) {
		const struct lk_ins *ins = lk_plan_ins(&run->plan, i);

		if (!is_due(run, ins))
			continue;
		why(run, mark, run->plan.step[i].node, text);
		shown->step(shown->arg, run->lcd.local, run->action, ins->tag, text);
	}
	return 0;
}

int lk_act_show(const struct lk_act *act, const struct lk_act_shown *shown, struct lk_err *err)
{
	struct lk_act_run run = { .act = act, .action = action_names[act->what.kind],
				  .lcd = LK_LCD_INIT, .showing = true };
	int rc = lk_lcd_read(&run.lcd, LK_ACT_TABLES, err);

	if (rc == 0)
		rc = lk_plan_make(&run.plan, &run.lcd, &act->what, err);
	if (rc == 0 && act->what.kind == LK_PLAN_RESTORE)
		rc = lk_act_take_over(&run, err);
	if (rc == 0)
		rc = show_steps(&run, shown, err);
	lk_lcd_close(&run.lcd);
	return rc;
}
