/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A resource has failed here: another system is to have it. */
#include <stdio.h>
#include <string.h>

#include "lk/act.h"
#include "lk/failure_run.h"
#include "lk/ins.h"
#include "lk/msg.h"
#include "lk/remote.h"
#include "lk/trap.h"
#include "lk/poison.h"

static const struct lk_pic_res *find_res(const struct lk_failing *run, unsigned node)
{
	const struct lk_picture *pic = &run->picture;

	for (unsigned i = 0; i < pic->nres; i++)
		if (!strcmp(pic->res[i].tag, run->graph.node[node]->tag))
			return &pic->res[i];
	return NULL;
}

/* The resource, or else the next one that depends on it, and has copies (4.5, step 6). */
static const struct lk_pic_res *find_shared(const struct lk_failing *run)
{
	const struct lk_pic_res *res = NULL;

	for (unsigned i = 0; i < run->nup && !res; i++)
		if (run->moving[run->up[i]])
			res = find_res(run, run->up[i]);
	return res;
}

bool lk_failing_is_bound(const struct lk_failing *run)
{
	const struct lk_pic_res *res = find_shared(run);
	const struct lk_picture *pic = &run->picture;
	unsigned others = 0, barred = 0;

	for (unsigned i = res ? res->first : 0; res && i < res->first + res->n; i++) {
		if (pic->copy[i].sys == pic->self)
			continue;
		others++;
		barred += (pic->sys[pic->self].no_transfer & 1u << pic->copy[i].sys) != 0;
	}
	return pic->sys[pic->self].blocked || (others && barred == others);
}

/* ---- what is stuck ---- */

static void set_mark(void *arg, unsigned node)
{
	((bool *)arg)[node] = true;
}

const char *lk_failing_stuck(const struct lk_failing *run, struct lk_lcd *now)
{
	bool *mark = lk_graph_array(&run->graph, sizeof(*mark));
	const struct lk_walk walk = { .node = set_mark, .arg = mark };
	struct lk_err ignored;

	if (!mark || lk_lcd_read(now, LK_T_INS | LK_T_FLG, &ignored) < 0)
		return run->f->tag;	/* nothing is known: so nothing may move */
	for (unsigned i = 0; i < run->nup; i++)
		if (run->moving[run->up[i]])
			lk_graph_walk(&run->graph, run->up[i], LK_DOWN, &walk);
	for (unsigned i = 0; i < run->graph.n; i++) {
		const struct lk_ins *ins = mark[i] ? lk_ins_find(now, run->graph.node[i]->tag) : NULL;

		if (ins && lk_act_is_stuck(now, ins))
			return ins->tag;
	}
	return NULL;
}

/* ---- restoring there ---- */

static const char *tag_there(const struct lk_failing *run, unsigned node, const char *sys)
{
	for (size_t i = 0; i < run->lcd.neqv; i++)
		if (!strcmp(run->lcd.eqv[i].tag, run->graph.node[node]->tag) &&
		    !strcmp(run->lcd.eqv[i].sys, sys))
			return run->lcd.eqv[i].othertag;
	return NULL;
}

struct above {
	const struct lk_failing *run;
	const char *sys;
	unsigned node;
	bool found;
};

static void look_above(void *arg, unsigned node)
{
	struct above *above = arg;

	if (node != above->node && above->run->moving[node] && tag_there(above->run, node, above->sys))
		above->found = true;
}

/* Does something above it move there, too? That brings it along. */
static bool is_below(const struct lk_failing *run, unsigned node, const char *sys)
{
	struct above above = { .run = run, .sys = sys, .node = node };
	const struct lk_walk walk = { .node = look_above, .arg = &above };

	lk_graph_walk(&run->graph, node, LK_UP, &walk);
	return above.found;
}

/* 0, or what went wrong. */
static int restore(const struct lk_failing *run, const char *sys, const char *tag, struct lk_err *err)
{
	const char *argv[] = { "perform_action", "-b", "-t", tag, "-a", "restore", NULL };
	struct lk_remote_request request = { .dest = sys, .prog = argv[0], .argc = 6,
					     .argv = (char *const *)argv };
	int code, rc = lk_remote_run(&run->lcd, &request, &code, err);

	return rc == 0 && code ? lk_fail(err, LK_M_REMOTE_CODE, argv[0], sys, code) : rc;
}

static void tell_failure(const struct lk_failing *run, const char *sys, const char *what)
{
	char why[LK_ERR_TEXT + 300];

	snprintf(why, sizeof(why), "%s could not restore it: %s", sys, what);
	lk_failing_tell(run, LK_LOG_ERROR, "restore-failed", why);
}

/* All that moves, by what stands uppermost. How many of these are in service there then. */
static unsigned restore_all(const struct lk_failing *run, const char *sys)
{
	unsigned good = 0;
	struct lk_err err;

	for (unsigned i = 0; i < run->nup; i++) {
		const char *tag = tag_there(run, run->up[i], sys);

		if (!run->moving[run->up[i]] || !tag || is_below(run, run->up[i], sys))
			continue;
		if (restore(run, sys, tag, &err) == 0)
			good++;
		else
			tell_failure(run, sys, err.text);
	}
	return good;
}

int lk_failing_move(struct lk_failing *run, struct lk_err *err)
{
	const struct lk_pic_res *res = find_shared(run);
	struct lk_decision why;
	uint32_t tried = 0;
	char text[600];
	int next;

	if (!res)
		return lk_fail(err, LK_M_FLR_FAILED, run->f->tag, "no other system has it");
	while ((next = lk_decide_target(&run->picture, res, tried, &why)) >= 0) {
		struct lk_lcd LK_AUTO_LCD now = LK_LCD_INIT;
		const char *sys = run->picture.sys[next].name;

		snprintf(text, sizeof(text), "%s: best priority of those that may have it", sys);
		lk_failing_tell(run, LK_LOG_INFO, "transfer", text);
		if (restore_all(run, sys)) {
			lk_failing_tell(run, LK_LOG_INFO, "transferred", sys);
			return 0;
		}
		lk_trap(&run->lcd.tree, 131, run->f->tag, sys);
		const char *stuck = lk_failing_stuck(run, &now);
		if (stuck)
			return lk_fail(err, LK_M_FLR_STUCK, stuck, "it is not restored elsewhere");
		tried |= 1u << next;
	}
	lk_decide_text(&run->picture, &why, text, sizeof(text));
	return lk_fail(err, LK_M_FLR_FAILED, run->f->tag,
		       tried ? "no other system could restore it" :
		       why.sys < 0 ? "no other system is left for it" : text);
}
