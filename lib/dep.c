/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Dependencies. */
#include "lk/dep.h"

#include <stdlib.h>
#include <string.h>

#include "lk/ins.h"
#include "lk/msg.h"
#include "lk/poison.h"

struct lk_dep *lk_dep_find(const struct lk_lcd *lcd, const char *parent, const char *child)
{
	for (size_t i = 0; i < lcd->ndep; i++)
		if (!strcmp(lcd->dep[i].parent, parent) && !strcmp(lcd->dep[i].child, child))
			return &lcd->dep[i];
	return NULL;
}

bool lk_dep_is_root(const struct lk_lcd *lcd, const char *tag)
{
	for (size_t i = 0; i < lcd->ndep; i++)
		if (!strcmp(lcd->dep[i].child, tag))
			return false;
	return true;
}

/* ---- adding ---- */

static int check_cycle(struct lk_lcd *lcd, const char *parent, const char *child,
		       struct lk_err *err)
{
	struct lk_ins **below;
	int rc = lk_dep_reach(lcd, child, LK_DOWN, &below, err);

	for (; rc == 0 && *below; below++)
		if (!strcmp((*below)->tag, parent))
			return lk_fail(err, LK_M_DEP_CYCLE, parent, child);
	return rc;
}

static int check_new(struct lk_lcd *lcd, const struct lk_ins *parent, const struct lk_ins *child,
		     struct lk_err *err)
{
	if (parent == child)
		return lk_fail(err, LK_M_DEP_SELF, parent->tag);
	if (lk_dep_find(lcd, parent->tag, child->tag))
		return lk_fail(err, LK_M_DEP_EXISTS, parent->tag, child->tag);
	if (lk_state_up(parent->state) && !lk_state_up(child->state))
		return lk_fail(err, LK_M_DEP_STATE, parent->tag, lk_state_names[parent->state],
			       child->tag, lk_state_names[child->state]);
	return check_cycle(lcd, parent->tag, child->tag, err);
}

int lk_dep_add(struct lk_lcd *lcd, const char *parent, const char *child, struct lk_err *err)
{
	struct lk_ins *above, *below;
	int rc = lk_ins_get(lcd, parent, &above, err);

	if (rc == 0)
		rc = lk_ins_get(lcd, child, &below, err);
	if (rc == 0)
		rc = check_new(lcd, above, below, err);
	if (rc < 0)
		return rc;

	struct lk_dep row = { .parent = above->tag, .child = below->tag };
	lcd->dirty |= LK_T_DEP;
	return LK_LCD_APPEND(lcd, dep, row, err);
}

/* ---- dropping ---- */

static bool matches(const struct lk_dep *dep, const char *parent, const char *child)
{
	return (!parent || !strcmp(dep->parent, parent)) && (!child || !strcmp(dep->child, child));
}

/* Why nothing was dropped: 0 when that is no error. */
static int explain_none(const struct lk_lcd *lcd, const char *parent, const char *child,
			struct lk_err *err)
{
	struct lk_ins *ins;
	int rc = parent ? lk_ins_get(lcd, parent, &ins, err) : 0;

	if (rc == 0 && child)
		rc = lk_ins_get(lcd, child, &ins, err);
	if (rc == 0 && parent && child)
		rc = lk_fail(err, LK_M_NO_DEP, parent, child);
	return rc;
}

int lk_dep_drop(struct lk_lcd *lcd, const char *parent, const char *child, struct lk_err *err)
{
	size_t before = lcd->ndep;

	for (size_t i = lcd->ndep; i-- > 0;)
		if (matches(&lcd->dep[i], parent, child))
			LK_LCD_DROP(lcd, dep, i);
	if (lcd->ndep == before)
		return explain_none(lcd, parent, child, err);
	lcd->dirty |= LK_T_DEP;
	return 0;
}

/* ---- walking and listing ---- */

struct reach {
	const struct lk_graph *graph;
	struct lk_ins **ins;
	size_t n;
};

static void add_reached(void *arg, unsigned node)
{
	struct reach *r = arg;

	r->ins[r->n++] = r->graph->node[node];
}

int lk_dep_reach(struct lk_lcd *lcd, const char *tag, enum lk_dir dir, struct lk_ins ***reached,
		 struct lk_err *err)
{
	struct lk_graph graph;
	int rc = lk_graph_build(&graph, lcd, err);

	if (rc < 0)
		return rc;
	struct reach r = { .graph = &graph, .ins = lk_graph_array(&graph, sizeof(*r.ins)) };
	struct lk_walk walk = { .node = add_reached, .arg = &r };
	int start = lk_graph_find(&graph, tag);

	if (!r.ins)
		return lk_fail_nomem(err);
	if (start < 0)
		return lk_fail(err, LK_M_NO_TAG, tag);
	*reached = r.ins;
	lk_graph_walk(&graph, (unsigned)start, dir, &walk);
	return 0;
}

static int by_pair(const void *a, const void *b)
{
	const struct lk_dep *x = a, *y = b;
	int order = strcmp(x->parent, y->parent);

	return order ? order : strcmp(x->child, y->child);
}

void lk_dep_sort(struct lk_lcd *lcd)
{
	if (lcd->ndep)
		qsort(lcd->dep, lcd->ndep, sizeof(*lcd->dep), by_pair);
}
