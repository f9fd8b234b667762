/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The displays of lcdstatus: the walk over the hierarchies. */
#include "lk/display.h"

#include <stdio.h>

#include "lk/eqv.h"
#include "lk/flg.h"
#include "lk/msg.h"
#include "lk/net.h"
#include "lk/sys.h"
#include "lk/poison.h"

static void on_edge(void *arg, unsigned parent, unsigned child)
{
	struct lk_display *d = arg;

	if (d->walk[child] != d->walks && (!d->once || !d->walk[child]))
		d->level[child] = d->level[parent] + 1;
}

static void on_node(void *arg, unsigned node)
{
	struct lk_display *d = arg;
	bool known = d->walk[node];

	d->walk[node] = d->walks;
	if (!known || !d->once)
		d->show(d, node);
}

static void show_from(struct lk_display *d, unsigned root)
{
	const struct lk_walk walk = { .node = on_node, .edge = on_edge, .arg = d };

	d->walks++;
	if (!d->walk[root])
		d->level[root] = 0;
	lk_graph_walk(&d->graph, root, LK_DOWN, &walk);
}

int lk_display_walk(struct lk_display *d)
{
	const struct lk_graph *g = &d->graph;

	if (d->root) {
		int node = lk_graph_find(g, d->root);

		if (node < 0)
			return lk_fail(d->err, LK_M_NO_TAG, d->root);
		show_from(d, (unsigned)node);
		return 0;
	}
	for (unsigned i = 0; i < g->n; i++)
		if (lk_graph_is_root(g, i))
			show_from(d, i);
	/* in a damaged tree: those on a circle of dependencies */
	for (unsigned i = 0; i < g->n; i++)
		if (!d->walk[i])
			show_from(d, i);
	return 0;
}

int lk_display_prepare(struct lk_display *d)
{
	int rc = lk_graph_build(&d->graph, d->lcd, d->err);

	if (rc < 0)
		return rc;
	d->standing = lk_graph_array(&d->graph, sizeof(*d->standing));
	d->level = lk_graph_array(&d->graph, sizeof(*d->level));
	d->walk = lk_graph_array(&d->graph, sizeof(*d->walk));
	if (!d->standing || !d->level || !d->walk)
		return lk_fail_nomem(d->err);
	for (unsigned i = 0; i < d->graph.n && rc == 0; i++)
		rc = lk_status_standing(d->lcd, d->graph.node[i], &d->standing[i], d->err);
	lk_eqv_sort(d->lcd);
	lk_sys_sort(d->lcd);
	lk_net_sort(d->lcd);
	lk_flg_sort(d->lcd);
	return rc;
}

const char *lk_display_path(const struct lk_net *net, char *text, size_t size)
{
	if (net->type == LK_NET_TCP)
		snprintf(text, size, "%s/%s", net->local, net->remote);
	else
		snprintf(text, size, "%s", net->device);
	return text;
}
