/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether the rows of the LCD fit together: types, systems, comm paths, equivalencies. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lk/app.h"
#include "lk/check.h"
#include "lk/ins.h"
#include "lk/limits.h"
#include "lk/sys.h"
#include "lk/poison.h"

/* ---- types ---- */

static bool has_action_in(const struct lk_tree *tree, const char *dir, const char *action)
{
	static const char *const suffixes[] = { "", ".ksh", ".sh", ".pl", ".py" };
	char path[LK_PATH_MAX];

	for (size_t i = 0; i < sizeof(suffixes) / sizeof(*suffixes); i++) {
		snprintf(path, sizeof(path), "%s/actions/%s%s", dir, action, suffixes[i]);
		if (faccessat(tree->fd, path, F_OK, 0) == 0)
			return true;
	}
	return false;
}

static bool has_action(const struct lk_tree *tree, const struct lk_typ *typ, const char *action)
{
	char dir[LK_PATH_MAX - 32];

	snprintf(dir, sizeof(dir), "subsys/%s/resources/%s", typ->app, typ->name);
	if (has_action_in(tree, dir, action))
		return true;
	snprintf(dir, sizeof(dir), "subsys/%s", typ->app);
	return has_action_in(tree, dir, action);
}

static bool has_instances(const struct lk_lcd *lcd, const struct lk_typ *typ)
{
	for (size_t i = 0; i < lcd->nins; i++)
		if (!strcmp(lcd->ins[i].app, typ->app) && !strcmp(lcd->ins[i].type, typ->name))
			return true;
	return false;
}

static void check_actions(struct lk_check *check, const struct lk_typ *typ)
{
	static const char *const needed[] = { "restore", "remove" };

	for (int i = 0; i < 2; i++)
		if (!has_action(&check->lcd.tree, typ, needed[i]))
			lk_check_add(check, "config/typ", typ->line,
				     "type %s/%s has instances, but no %s action", typ->app,
				     typ->name, needed[i])->warning = true;
}

void lk_check_types(struct lk_check *check)
{
	const struct lk_lcd *lcd = &check->lcd;

	for (size_t i = 0; i < lcd->ntyp; i++) {
		const struct lk_typ *typ = &lcd->typ[i];

		if (!(check->unsound & LK_T_APP) && !lk_app_find(lcd, typ->app))
			lk_check_add(check, "config/typ", typ->line,
				     "type %s/%s: there is no application \"%s\"", typ->app,
				     typ->name, typ->app)->advice =
				lk_check_format(check, "app_create -a %s", typ->app);
		if (lk_typ_find(lcd, typ->app, typ->name) == typ && has_instances(lcd, typ))
			check_actions(check, typ);
	}
}

/* ---- systems ---- */

void lk_check_systems(struct lk_check *check)
{
	const struct lk_lcd *lcd = &check->lcd;
	const struct lk_sys *local = NULL;

	for (size_t i = 0; i < lcd->nsys; i++) {
		const struct lk_sys *sys = &lcd->sys[i];

		if (sys->local && local && strcmp(local->name, sys->name) != 0)
			lk_check_add(check, "config/sys", sys->line,
				     "\"%s\" is called the local system, and \"%s\" in line %u too",
				     sys->name, local->name, local->line)->advice =
				"change one of the two lines by hand";
		if (sys->local && !local)
			local = sys;
	}
	if (lcd->nsys > LK_SYSTEMS_MAX)
		lk_check_add(check, "config/sys", 0, "%zu systems: more than %d", lcd->nsys,
			     LK_SYSTEMS_MAX)->advice = "sys_remove -s SYSTEM";
}

/* ---- epochs ---- */

void lk_check_epochs(struct lk_check *check)
{
	const struct lk_lcd *lcd = &check->lcd;

	for (size_t i = 0; i < lcd->nepoch; i++) {
		const struct lk_epoch *epoch = &lcd->epoch[i];

		if (lk_ins_find(lcd, epoch->tag))
			continue;
		lk_check_offer(check, lk_check_add(check, "config/epoch", epoch->line,
				"epoch of \"%s\": there is no such instance", epoch->tag),
			       LK_REPAIR_DROP, LK_T_EPOCH, i, LK_T_INS | LK_T_TYP,
			       "epoch dropped");
	}
}

/* ---- comm paths ---- */

void lk_check_paths(struct lk_check *check)
{
	const struct lk_lcd *lcd = &check->lcd;

	for (size_t i = 0; i < lcd->nnet; i++) {
		const struct lk_net *net = &lcd->net[i];

		if ((check->unsound & LK_T_SYS) || lk_sys_find(lcd, net->sys))
			continue;
		struct lk_finding *found = lk_check_add(check, "config/net", net->line,
			"path %s leads to \"%s\", which is no system of the cluster",
			net->device, net->sys);

		found->warning = true;
		found->advice = lk_check_format(check, "net_remove -s %s -D %s", net->sys,
						net->device);
	}
}

/* ---- equivalencies ---- */

static void check_sides(struct lk_check *check, size_t row)
{
	const struct lk_lcd *lcd = &check->lcd;
	const struct lk_eqv *eqv = &lcd->eqv[row];

	if (!check->orphans && !lk_ins_find(lcd, eqv->tag))
		lk_check_offer(check, lk_check_add(check, "config/eqv", eqv->line,
				"equivalency with \"%s\" on \"%s\": there is no instance \"%s\" "
				"here", eqv->othertag, eqv->sys, eqv->tag),
			       LK_REPAIR_DROP, LK_T_EQV, row, LK_T_INS | LK_T_TYP,
			       "this side of the equivalency dropped");
	if (check->unsound & LK_T_SYS)
		return;
	if (!strcmp(eqv->sys, lcd->local))
		lk_check_add(check, "config/eqv", eqv->line,
			     "equivalency of \"%s\" with \"%s\": both sides are on \"%s\"",
			     eqv->tag, eqv->othertag, eqv->sys)->advice =
			lk_check_format(check, "eqv_remove -t %s -S %s -o %s -e SHARED",
					eqv->tag, eqv->sys, eqv->othertag);
	else if (!lk_sys_find(lcd, eqv->sys))
		lk_check_add(check, "config/eqv", eqv->line,
			     "equivalency of \"%s\": \"%s\" is no system of the cluster",
			     eqv->tag, eqv->sys)->advice =
			lk_check_format(check, "sys_create -s %s, or delallsys -f %s", eqv->sys,
					eqv->sys);
}

static void check_stuck(struct lk_check *check, const struct lk_eqv *eqv, const char *sys,
			unsigned priority)
{
	if (priority > LK_PRIORITY_MAX)
		lk_check_add(check, "config/eqv", eqv->line,
			     "priority %u of \"%s\" for \"%s\" is the temporary one of an "
			     "interrupted change", priority, sys, eqv->tag)->advice =
			lk_check_format(check, "hry_setpri -t %s -s %s -p PRIORITY", eqv->tag,
					sys);
}

static void add_clash(struct lk_check *check, const struct lk_eqv *eqv, const char *one,
		      const char *two, unsigned priority)
{
	lk_check_add(check, "config/eqv", eqv->line,
		     "\"%s\" and \"%s\" both have priority %u for \"%s\"", one, two, priority,
		     eqv->tag)->advice =
		lk_check_format(check, "hry_setpri -t %s -s %s -p PRIORITY", eqv->tag, two);
}

static void add_differs(struct lk_check *check, const struct lk_eqv *eqv, const char *sys,
			unsigned first, unsigned again)
{
	lk_check_add(check, "config/eqv", eqv->line,
		     "priority of \"%s\" for \"%s\" is %u here and %u before", sys, eqv->tag,
		     again, first)->advice =
		lk_check_format(check, "hry_setpri -t %s -s %s -p PRIORITY", eqv->tag, sys);
}

/* Two rows of one tag, a before b. */
static void check_pair(struct lk_check *check, const struct lk_eqv *a, const struct lk_eqv *b,
		       bool adjacent)
{
	bool same = !strcmp(a->sys, b->sys);

	if (adjacent && a->priority != b->priority)
		add_differs(check, b, check->lcd.local, a->priority, b->priority);
	if (same && a->otherpriority != b->otherpriority && strcmp(a->othertag, b->othertag) != 0)
		add_differs(check, b, b->sys, a->otherpriority, b->otherpriority);
	if (!same && a->otherpriority == b->otherpriority)
		add_clash(check, b, a->sys, b->sys, b->otherpriority);
}

static int by_tag(const void *a, const void *b)
{
	const struct lk_eqv *x = *(const struct lk_eqv *const *)a;
	const struct lk_eqv *y = *(const struct lk_eqv *const *)b;
	int order = strcmp(x->tag, y->tag);

	return order ? order : x->line < y->line ? -1 : x->line > y->line;
}

static void check_priorities(struct lk_check *check, const struct lk_eqv *const *rows, size_t n)
{
	const char *local = check->lcd.local;

	for (size_t i = 0; i < n; i++) {
		if (i == 0 || strcmp(rows[i - 1]->tag, rows[i]->tag) != 0)
			check_stuck(check, rows[i], local, rows[i]->priority);
		check_stuck(check, rows[i], rows[i]->sys, rows[i]->otherpriority);
		if (rows[i]->priority == rows[i]->otherpriority)
			add_clash(check, rows[i], local, rows[i]->sys, rows[i]->priority);
		for (size_t k = i; k-- > 0 && !strcmp(rows[k]->tag, rows[i]->tag);)
			check_pair(check, rows[k], rows[i], k + 1 == i);
	}
}

void lk_check_eqvs(struct lk_check *check)
{
	const struct lk_lcd *lcd = &check->lcd;
	const struct lk_eqv **rows = lk_arena_alloc(&check->arena,
						    (lcd->neqv + 1) * sizeof(*rows));

	if (!rows) {
		check->nomem = true;
		return;
	}
	for (size_t i = 0; i < lcd->neqv; i++) {
		rows[i] = &lcd->eqv[i];
		check_sides(check, i);
	}
	qsort(rows, lcd->neqv, sizeof(*rows), by_tag);
	check_priorities(check, rows, lcd->neqv);
}
