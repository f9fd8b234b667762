/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which instances a removal is about. */
#include "lk/select.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lk/app.h"
#include "lk/ins.h"
#include "lk/msg.h"
#include "lk/proc.h"
#include "lk/poison.h"

#define REMOVALS "run/removal"		/* lines "PID START ROOT" */

struct line {
	struct lk_holder holder;
	char *root;
};

/* ---- run/removal ---- */

/* The text, in the arena; "" when there is none. Only a help: never an error. */
static char *read_removals(struct lk_lcd *lcd)
{
	struct lk_err err;
	char *text;
	size_t len;

	if (lk_tree_slurp(&lcd->tree, REMOVALS, &lcd->arena, &text, &len, &err) == 1)
		return text;
	return lk_arena_dup(&lcd->arena, "");
}

/* The next line, *text moves on; false: no more. A line that makes no sense has pid 0. */
static bool next_line(char **text, struct line *line)
{
	char *at = *text, *end;

	if (!at || !*at)
		return false;
	end = at + strcspn(at, "\n");
	*text = *end ? end + 1 : end;
	*end = '\0';
	line->holder.pid = (pid_t)strtol(at, &at, 10);
	line->holder.start = strtoull(at, &at, 10);
	line->root = *at == ' ' ? at + 1 : at;
	if (*at != ' ' || line->holder.pid <= 0)
		line->holder.pid = 0;
	return true;
}

/* Each of the roots, cut out of list one by one; NULL: no more. */
static char *next_root(char **list)
{
	char *root = *list;

	if (!root)
		return NULL;
	char *end = root + strcspn(root, "\001");
	*list = *end ? end + 1 : NULL;
	*end = '\0';
	return root;
}

int lk_select_remember(struct lk_lcd *lcd, const char *roots, const struct lk_holder *holder,
		       struct lk_err *err)
{
	struct lk_buf LK_AUTO_BUF text = { 0 };
	char *old = read_removals(lcd), *list = roots ? lk_arena_dup(&lcd->arena, roots) : NULL;
	bool any = old && *old;
	struct line line;

	while (next_line(&old, &line))
		if (line.holder.pid && line.holder.pid != holder->pid &&
		    lk_proc_alive(&line.holder))
			lk_buf_addf(&text, "%ld %llu %s\n", (long)line.holder.pid,
				    line.holder.start, line.root);
	for (char *root = next_root(&list); root; root = next_root(&list))
		lk_buf_addf(&text, "%ld %llu %s\n", (long)holder->pid, holder->start, root);
	if (!text.len)
		return any ? lk_tx_del(&lcd->tx, REMOVALS, err) : 0;
	int rc = lk_tree_mkdirs(&lcd->tree, REMOVALS, err);
	return rc < 0 ? rc : lk_tx_put(&lcd->tx, REMOVALS, &text, err);
}

/* A root that is gone: what is left of its removal, by the marks. Yields how many. */
static unsigned add_remains(struct lk_selection *sel, bool *base, const char *root)
{
	char *text = read_removals(sel->graph.lcd);
	unsigned found = 0;
	struct line line;

	while (next_line(&text, &line))
		for (unsigned i = 0; i < sel->graph.n; i++) {
			const struct lk_holder *mark = &sel->graph.node[i]->deleting;

			if (!line.holder.pid || strcmp(line.root, root) != 0 ||
			    mark->pid != line.holder.pid || mark->start != line.holder.start)
				continue;
			base[i] = true;
			found++;
		}
	return found;
}

/* ---- roots ---- */

/* Add below base what only members of base, or of what depends on it, need. */
static int add_below(const struct lk_selection *sel, bool *base, struct lk_err *err)
{
	const struct lk_graph *g = &sel->graph;
	bool *gone = lk_arena_alloc(&g->lcd->arena, g->n + 1);

	if (!gone)
		return lk_fail_nomem(err);
	memset(gone, 0, g->n + 1);
	for (unsigned i = 0; i < g->n; i++)
		if (base[i])
			lk_graph_mark(g, i, LK_UP, gone);
	for (unsigned k = 0; k < g->n; k++) {
		unsigned i = sel->order[k];
		bool below = false, needed = false;

		for (unsigned p = g->first[LK_UP][i]; p < g->first[LK_UP][i + 1]; p++) {
			below = below || base[g->next[LK_UP][p]];
			needed = needed || !gone[g->next[LK_UP][p]];
		}
		if (below && !needed)
			base[i] = gone[i] = true;
	}
	return 0;
}

static int take_roots(struct lk_selection *sel, bool *base, struct lk_err *err)
{
	char *list = lk_arena_dup(&sel->graph.lcd->arena, sel->what->roots);

	if (!list)
		return lk_fail_nomem(err);
	for (char *root = next_root(&list); root; root = next_root(&list)) {
		int i = lk_graph_find(&sel->graph, root);

		if (i >= 0)
			base[i] = true;
		else if (!add_remains(sel, base, root))
			return lk_fail(err, LK_M_NO_TAG, root);
	}
	return add_below(sel, base, err);
}

/* ---- filters ---- */

static int check_names(const struct lk_removal *what, const struct lk_lcd *lcd, struct lk_err *err)
{
	if (what->app && !lk_app_find(lcd, what->app))
		return lk_fail(err, LK_M_NO_APP, what->app);
	if (what->app && what->type && !lk_typ_find(lcd, what->app, what->type))
		return lk_fail(err, LK_M_NO_TYPE, what->type, what->app);
	if (what->tag && !lk_ins_find(lcd, what->tag))
		return lk_fail(err, LK_M_NO_TAG, what->tag);
	if (what->id && !lk_ins_find_id(lcd, what->id))
		return lk_fail(err, LK_M_NO_ID, what->id);
	return 0;
}

static bool matches(const struct lk_removal *what, const struct lk_ins *ins)
{
	return (!what->app || !strcmp(ins->app, what->app)) &&
	       (!what->type || !strcmp(ins->type, what->type)) &&
	       (!what->tag || !strcmp(ins->tag, what->tag)) &&
	       (!what->id || !strcmp(ins->id, what->id));
}

/* Parents first; the members of a cycle, which only a damaged tree has, at the end. */
static int order_all(struct lk_selection *sel, struct lk_err *err)
{
	const struct lk_graph *g = &sel->graph;
	bool *listed = lk_arena_alloc(&g->lcd->arena, g->n + 1);

	sel->order = lk_arena_alloc(&g->lcd->arena, (g->n + 1) * sizeof(*sel->order));
	if (!sel->order || !listed)
		return lk_fail_nomem(err);
	memset(listed, 0, g->n + 1);
	unsigned n = lk_graph_order(g, LK_DOWN, NULL, sel->order);
	for (unsigned k = 0; k < n; k++)
		listed[sel->order[k]] = true;
	for (unsigned i = 0; i < g->n; i++)
		if (!listed[i])
			sel->order[n++] = i;
	return 0;
}

static int prepare(struct lk_selection *sel, struct lk_lcd *lcd, bool **base, struct lk_err *err)
{
	int rc = check_names(sel->what, lcd, err);

	if (rc == 0)
		rc = lk_graph_build(&sel->graph, lcd, err);
	if (rc == 0)
		rc = order_all(sel, err);
	if (rc < 0)
		return rc;
	sel->node = lk_arena_alloc(&lcd->arena, sel->graph.n + 1);
	*base = lk_arena_alloc(&lcd->arena, sel->graph.n + 1);
	if (!sel->node || !*base)
		return lk_fail_nomem(err);
	memset(sel->node, 0, sel->graph.n + 1);
	memset(*base, !sel->what->roots, sel->graph.n + 1);
	return 0;
}

int lk_select(struct lk_selection *sel, struct lk_lcd *lcd, struct lk_err *err)
{
	bool *base, any = false;
	int rc = prepare(sel, lcd, &base, err);

	if (rc == 0 && sel->what->roots)
		rc = take_roots(sel, base, err);
	for (unsigned i = 0; rc == 0 && i < sel->graph.n; i++) {
		if (!base[i] || !matches(sel->what, sel->graph.node[i]))
			continue;
		any = true;
		lk_graph_mark(&sel->graph, i, LK_UP, sel->node);
	}
	if (rc < 0)
		return rc;
	return any ? 0 : lk_fail(err, LK_M_NO_MATCH);
}
