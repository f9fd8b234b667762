/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lcdstatus: show resources, comm paths and flags of a system (spec/core.md 3.9.5). */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lk/cmd.h"
#include "lk/column.h"
#include "lk/eqv.h"
#include "lk/flg.h"
#include "lk/graph.h"
#include "lk/ins.h"
#include "lk/msg.h"
#include "lk/name.h"
#include "lk/net.h"
#include "lk/status.h"
#include "lk/sys.h"
#include "lk/poison.h"

#define WIDTH 80
#define INDENT "        "

struct display {
	struct lk_cmd *cmd;
	struct lk_lcd *lcd;
	struct lk_graph graph;
	struct lk_standing *standing;	/* by node */
	unsigned *level;		/* by node: depth below the root of this walk */
	unsigned *walk;			/* by node: the last walk that was here */
	unsigned walks;
	bool once;			/* a shared child is shown under its first root only */
	void (*show)(struct display *d, unsigned node);
	struct lk_columns table;
	struct lk_json json;
	struct lk_buf out;
};

/* ---- walking: every root, and what is below it ---- */

static void on_edge(void *arg, unsigned parent, unsigned child)
{
	struct display *d = arg;

	if (d->walk[child] != d->walks && (!d->once || !d->walk[child]))
		d->level[child] = d->level[parent] + 1;
}

static void on_node(void *arg, unsigned node)
{
	struct display *d = arg;
	bool known = d->walk[node];

	d->walk[node] = d->walks;
	if (!known || !d->once)
		d->show(d, node);
}

static int show_from(struct display *d, unsigned root)
{
	const struct lk_walk walk = { .node = on_node, .edge = on_edge, .arg = d };

	d->walks++;
	if (!d->walk[root])
		d->level[root] = 0;
	return lk_graph_walk(&d->graph, root, LK_DOWN, &walk, &d->cmd->err);
}

static int show_resources(struct display *d)
{
	const struct lk_graph *g = &d->graph;
	const char *root = lk_cmd_value(d->cmd, 'r');
	int rc = 0;

	if (root) {
		int node = lk_graph_find(g, root);

		return node < 0 ? lk_fail(&d->cmd->err, LK_M_NO_TAG, root)
				: show_from(d, (unsigned)node);
	}
	for (unsigned i = 0; i < g->n && rc == 0; i++)
		if (g->first[LK_UP][i] == g->first[LK_UP][i + 1])
			rc = show_from(d, i);
	/* in a damaged tree: those on a circle of dependencies */
	for (unsigned i = 0; i < g->n && rc == 0; i++)
		if (!d->walk[i])
			rc = show_from(d, i);
	return rc;
}

static int prepare(struct display *d)
{
	int rc = lk_graph_build(&d->graph, d->lcd, &d->cmd->err);

	if (rc < 0)
		return rc;
	d->standing = lk_graph_array(&d->graph, sizeof(*d->standing));
	d->level = lk_graph_array(&d->graph, sizeof(*d->level));
	d->walk = lk_graph_array(&d->graph, sizeof(*d->walk));
	if (!d->standing || !d->level || !d->walk)
		return lk_fail_nomem(&d->cmd->err);
	for (unsigned i = 0; i < d->graph.n && rc == 0; i++)
		rc = lk_status_standing(d->lcd, d->graph.node[i], &d->standing[i], &d->cmd->err);
	lk_eqv_sort(d->lcd);
	lk_sys_sort(d->lcd);
	lk_net_sort(d->lcd);
	lk_flg_sort(d->lcd);
	return rc;
}

static const char *path_text(const struct lk_net *net, char *text, size_t size)
{
	if (net->type == LK_NET_TCP)
		snprintf(text, size, "%s/%s", net->local, net->remote);
	else
		snprintf(text, size, "%s", net->device);
	return text;
}

/* ---- short ---- */

static void short_row(struct display *d, unsigned node)
{
	const struct lk_ins *ins = d->graph.node[node];
	const struct lk_standing *s = &d->standing[node];
	bool backup = lk_cmd_given(d->cmd, 'e');
	struct lk_buf LK_AUTO_BUF tag = { 0 };
	char priority[16] = "--";

	if (s->priority)
		snprintf(priority, sizeof(priority), "%u", s->priority);
	for (unsigned i = 0; i < d->level[node]; i++)
		lk_buf_addc(&tag, ' ');
	lk_buf_adds(&tag, ins->tag);
	d->table.failed |= tag.failed;
	const char *cells[] = { !backup ? d->lcd->local : s->backup ? s->backup : "------",
				tag.failed ? "" : tag.data, ins->id, lk_state_names[ins->state],
				priority, s->primary };
	lk_columns_add(&d->table, cells);
}

static void path_row(struct lk_columns *table, const struct lk_lcd *lcd, const struct lk_net *net)
{
	struct lk_net_status status;
	char priority[16] = "--", text[LK_ERR_TEXT];

	lk_net_status(lcd, net, &status);
	if (net->type != LK_NET_TTY)
		snprintf(priority, sizeof(priority), "%u", net->priority);
	const char *cells[] = { net->sys, lk_net_type_names[net->type],
				path_text(net, text, sizeof(text)),
				lk_net_state_names[status.state], priority };
	lk_columns_add(table, cells);
}

static void short_paths(struct display *d)
{
	struct lk_columns table = { .n = 5, .right[4] = true, .shrink = -1 };
	const char *head[] = { "MACHINE", "NETWORK", "ADDRESSES/DEVICE", "STATE", "PRIO" };

	lk_columns_add(&table, head);
	for (size_t i = 0; i < d->lcd->nnet; i++)
		path_row(&table, d->lcd, &d->lcd->net[i]);
	lk_buf_addc(&d->out, '\n');
	lk_columns_write(&table, WIDTH, &d->out);
	lk_columns_free(&table);
}

static int show_short(struct display *d)
{
	const char *head[] = { lk_cmd_given(d->cmd, 'e') ? "BACKUP" : "LOCAL", "TAG", "ID", "STATE",
			       "PRIO", "PRIMARY" };

	d->table = (struct lk_columns){ .n = 6, .right[4] = true, .shrink = 2 };
	d->show = short_row;
	lk_columns_add(&d->table, head);
	int rc = show_resources(d);
	lk_columns_write(&d->table, WIDTH, &d->out);
	lk_columns_free(&d->table);
	if (rc == 0 && d->lcd->nnet && !lk_cmd_given(d->cmd, 'r'))
		short_paths(d);
	return rc;
}

/* ---- detailed ---- */

/* Add an item to a paragraph: behind the last one, or on the next line if it gets too wide. */
static void item(struct lk_buf *out, const char *gap, const char *fmt, ...) LK_PRINTF(3, 4);

static void item(struct lk_buf *out, const char *gap, const char *fmt, ...)
{
	char text[LK_TEXT_MAX + 64];
	size_t line = out->len;
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	lk_printable(text);
	while (line && out->data[line - 1] != '\n')
		line--;
	if (line == out->len)
		lk_buf_adds(out, INDENT);
	else if (lk_text_width(out->data + line) + strlen(gap) + lk_text_width(text) > WIDTH)
		lk_buf_addf(out, "%.*s\n" INDENT, gap[0] == ',' ? 1 : 0, gap);
	else
		lk_buf_adds(out, gap);
	lk_buf_adds(out, text);
}

static void neighbours(struct display *d, unsigned node, enum lk_dir dir, const char *title)
{
	const struct lk_graph *g = &d->graph;
	unsigned first = g->first[dir][node], end = g->first[dir][node + 1];

	for (unsigned k = first; k < end; k++) {
		const char *tag = g->node[g->next[dir][k]]->tag;

		if (k == first)
			item(&d->out, "", "%s: %s", title, tag);
		else
			item(&d->out, ", ", "%s", tag);
	}
	if (end > first)
		lk_buf_addc(&d->out, '\n');
}

static void equivalencies(struct display *d, unsigned node)
{
	const struct lk_standing *s = &d->standing[node];

	if (s->priority)
		lk_buf_addf(&d->out, INDENT "Local priority = %u\n", s->priority);
	for (size_t i = 0; i < d->lcd->neqv; i++) {
		const struct lk_eqv *eqv = &d->lcd->eqv[i];

		if (!strcmp(eqv->tag, d->graph.node[node]->tag))
			lk_buf_addf(&d->out, INDENT "SHARED equivalency with %s on %s, priority = %u\n",
				    eqv->othertag, eqv->sys, eqv->otherpriority);
	}
	item(&d->out, "", "FAILOVER %s", s->failover ? "ALLOWED" : "INHIBITED");
	if (s->why[0])
		item(&d->out, " ", "(%s%s)", s->failover ? "not everywhere: " : "", s->why);
	lk_buf_addc(&d->out, '\n');
}

static void marks(struct lk_buf *out, const struct lk_ins *ins)
{
	if (ins->resv != LK_RESV_NONE)
		lk_buf_addf(out, INDENT "reserved for %s by process %ld\n",
			    lk_resv_names[ins->resv], (long)ins->holder.pid);
	if (ins->deleting.pid)
		lk_buf_addf(out, INDENT "marked for deletion by process %ld\n",
			    (long)ins->deleting.pid);
}

static void resource(struct display *d, unsigned node)
{
	const struct lk_ins *ins = d->graph.node[node];
	struct lk_buf *out = &d->out;

	lk_buf_addf(out, "%s:", ins->tag);
	item(out, "  ", "id=%s", ins->id);
	item(out, "  ", "app=%s", ins->app);
	item(out, "  ", "type=%s", ins->type);
	item(out, "  ", "state=%s", lk_state_names[ins->state]);
	item(out, "  ", "initialize=%s", lk_init_names[ins->init]);
	item(out, "  ", "info=%s", ins->info);
	if (ins->reason[0])
		item(out, "  ", "reason=%s", ins->reason);
	item(out, "  ", "switchback=%s", lk_switchback_names[ins->switchback]);
	item(out, "  ", "quickCheck=%us", ins->quick);
	item(out, "  ", "deepCheck=%us", ins->deep);
	item(out, "  ", "localrecovery=%s", ins->localrecovery ? "Y" : "N");
	lk_buf_addc(out, '\n');
	marks(out, ins);
	neighbours(d, node, LK_DOWN, "depends on resources");
	neighbours(d, node, LK_UP, "these resources are dependent");
	equivalencies(d, node);
	lk_buf_addc(out, '\n');
}

static void path(struct display *d, const struct lk_net *net)
{
	static const char *const counters[LK_NET_COUNTERS] = {
		"NAKs", "chksumerr", "incmpltmes", "noreply", "pacresent", "pacoutseq",
	};
	struct lk_net_status status;
	char text[LK_ERR_TEXT];

	lk_net_status(d->lcd, net, &status);
	lk_buf_addf(&d->out, "to machine=%s type=%s %s=%s\n", net->sys,
		    lk_net_type_names[net->type],
		    net->type == LK_NET_TCP ? "addresses" : "device",
		    path_text(net, text, sizeof(text)));
	lk_buf_addf(&d->out, INDENT "state=\"%s\"", lk_net_state_names[status.state]);
	if (net->type != LK_NET_TTY)
		lk_buf_addf(&d->out, " priority=%u", net->priority);
	lk_buf_addf(&d->out, " #comm_downs=%llu", status.comm_downs);
	for (int i = 0; net->type == LK_NET_TTY && i < LK_NET_COUNTERS; i++)
		item(&d->out, " ", "#%s=%llu", counters[i], status.counter[i]);
	lk_buf_addc(&d->out, '\n');
}

static void communication(struct display *d)
{
	const struct lk_lcd *lcd = d->lcd;

	lk_buf_adds(&d->out, "Communication status:\n\n");
	for (size_t i = 0; i < lcd->nsys; i++) {
		const char *why;
		enum lk_sys_state state = lk_sys_state(lcd, &lcd->sys[i], &why);

		lk_buf_addf(&d->out, "machine=%s state=%s", lcd->sys[i].name,
			    lk_sys_state_names[state]);
		if (*why && !lcd->sys[i].local)
			item(&d->out, " ", "(%s)", why);
		lk_buf_addc(&d->out, '\n');
	}
	for (size_t i = 0; i < lcd->nnet; i++)
		path(d, &lcd->net[i]);
	lk_buf_addc(&d->out, '\n');
}

static void flags(struct display *d)
{
	const struct lk_lcd *lcd = d->lcd;

	if (lcd->nflg)
		lk_buf_adds(&d->out, "The following LifeKeeper flags are on:\n");
	for (size_t i = 0; i < lcd->nflg; i++)
		lk_buf_addf(&d->out, "%s\n", lcd->flg[i].name);
	lk_buf_addf(&d->out, "%sThe shutdown strategy is set to: %s.\n", lcd->nflg ? "\n" : "",
		    lk_status_strategy(lcd));
}

static int show_detailed(struct display *d)
{
	d->show = resource;
	d->once = true;
	lk_buf_addf(&d->out, "Resource hierarchies of %s:%s\n\n", d->lcd->local,
		    d->lcd->nins ? "" : " none");
	int rc = show_resources(d);
	if (rc < 0 || lk_cmd_given(d->cmd, 'r'))
		return rc;
	communication(d);
	flags(d);
	return 0;
}

/* ---- JSON ---- */

static void json_tags(struct display *d, const char *key, unsigned node, enum lk_dir dir)
{
	const struct lk_graph *g = &d->graph;

	lk_json_open(&d->json, key, '[');
	for (unsigned k = g->first[dir][node]; k < g->first[dir][node + 1]; k++)
		lk_json_string(&d->json, NULL, g->node[g->next[dir][k]]->tag);
	lk_json_close(&d->json, ']');
}

static void json_instance(struct lk_json *json, const struct lk_ins *ins)
{
	lk_json_string(json, "application", ins->app);
	lk_json_string(json, "type", ins->type);
	lk_json_string(json, "tag", ins->tag);
	lk_json_string(json, "id", ins->id);
	lk_json_string(json, "info", ins->info);
	lk_json_string(json, "state", lk_state_names[ins->state]);
	lk_json_string(json, "reason", ins->reason);
	lk_json_string(json, "initialize", lk_init_names[ins->init]);
	lk_json_string(json, "reservation", lk_resv_names[ins->resv]);
	lk_json_number(json, "reservation_pid", ins->holder.pid);
	lk_json_number(json, "quick_check", ins->quick);
	lk_json_number(json, "deep_check", ins->deep);
	lk_json_bool(json, "local_recovery", ins->localrecovery);
	lk_json_string(json, "switchback", lk_switchback_names[ins->switchback]);
}

static void json_equivalencies(struct display *d, const char *tag)
{
	struct lk_json *json = &d->json;

	lk_json_open(json, "equivalencies", '[');
	for (size_t i = 0; i < d->lcd->neqv; i++) {
		const struct lk_eqv *eqv = &d->lcd->eqv[i];

		if (strcmp(eqv->tag, tag) != 0)
			continue;
		lk_json_open(json, NULL, '{');
		lk_json_string(json, "system", eqv->sys);
		lk_json_string(json, "tag", eqv->othertag);
		lk_json_string(json, "type", "SHARED");
		lk_json_number(json, "priority", eqv->otherpriority);
		lk_json_close(json, '}');
	}
	lk_json_close(json, ']');
}

static void json_resource(struct display *d, unsigned node)
{
	const struct lk_standing *s = &d->standing[node];
	struct lk_json *json = &d->json;

	lk_json_open(json, NULL, '{');
	json_instance(json, d->graph.node[node]);
	json_tags(d, "children", node, LK_DOWN);
	json_tags(d, "parents", node, LK_UP);
	if (s->priority)
		lk_json_number(json, "priority", s->priority);
	else
		lk_json_null(json, "priority");
	lk_json_string(json, "primary", s->primary);
	if (s->backup)
		lk_json_string(json, "backup", s->backup);
	else
		lk_json_null(json, "backup");
	json_equivalencies(d, d->graph.node[node]->tag);
	lk_json_bool(json, "failover", s->failover);
	lk_json_string(json, "failover_reason", s->why);
	lk_json_close(json, '}');
}

static void json_systems(struct display *d)
{
	lk_json_open(&d->json, "systems", '[');
	for (size_t i = 0; i < d->lcd->nsys; i++) {
		const char *why;
		enum lk_sys_state state = lk_sys_state(d->lcd, &d->lcd->sys[i], &why);

		lk_json_open(&d->json, NULL, '{');
		lk_json_string(&d->json, "system", d->lcd->sys[i].name);
		lk_json_bool(&d->json, "local", d->lcd->sys[i].local);
		lk_json_string(&d->json, "state", lk_sys_state_names[state]);
		lk_json_string(&d->json, "reason", why);
		lk_json_close(&d->json, '}');
	}
	lk_json_close(&d->json, ']');
}

static void json_paths(struct display *d)
{
	struct lk_json *json = &d->json;

	lk_json_open(json, "paths", '[');
	for (size_t i = 0; i < d->lcd->nnet; i++) {
		const struct lk_net *net = &d->lcd->net[i];
		struct lk_net_status status;

		lk_net_status(d->lcd, net, &status);
		lk_json_open(json, NULL, '{');
		lk_json_string(json, "system", net->sys);
		lk_json_string(json, "device", net->device);
		lk_json_string(json, "type", lk_net_type_names[net->type]);
		lk_json_string(json, "local", net->local);
		lk_json_string(json, "remote", net->remote);
		lk_json_string(json, "state", lk_net_state_names[status.state]);
		lk_json_number(json, "priority", net->priority);
		lk_json_number(json, "comm_downs", (long long)status.comm_downs);
		lk_json_close(json, '}');
	}
	lk_json_close(json, ']');
}

static int show_json(struct display *d)
{
	struct lk_json *json = &d->json;

	d->show = json_resource;
	d->once = true;
	lk_json_open(json, NULL, '{');
	lk_json_string(json, "system", d->lcd->local);
	lk_json_open(json, "resources", '[');
	int rc = show_resources(d);
	lk_json_close(json, ']');
	json_systems(d);
	json_paths(d);
	lk_json_open(json, "flags", '[');
	for (size_t i = 0; i < d->lcd->nflg; i++)
		lk_json_string(json, NULL, d->lcd->flg[i].name);
	lk_json_close(json, ']');
	lk_json_string(json, "shutdown_strategy", lk_status_strategy(d->lcd));
	lk_json_close(json, '}');
	return rc < 0 ? rc : lk_cmd_json(d->cmd, json);
}

/* ---- the command ---- */

static int show(struct display *d)
{
	int rc = prepare(d);

	if (rc < 0)
		return rc;
	if (d->cmd->json)
		return show_json(d);
	rc = lk_cmd_given(d->cmd, 'q') || lk_cmd_given(d->cmd, 'e') ? show_short(d)
								      : show_detailed(d);
	if (rc == 0 && d->out.failed)
		rc = lk_fail_nomem(&d->cmd->err);
	if (rc == 0)
		fputs(d->out.data, stdout);
	return rc;
}

static int run(struct lk_cmd *cmd)
{
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;
	struct display d = { .cmd = cmd, .lcd = &lcd };
	int rc = lk_cmd_exclusive(cmd, 'q', 'e');

	if (rc == 0)
		rc = lk_lcd_read(&lcd, LK_T_ALL, &cmd->err);
	if (rc == 0)
		rc = show(&d);
	lk_buf_free(&d.out);
	lk_json_free(&d.json);
	return rc;
}

static const struct lk_opt options[] = {
	LK_OPT_DEST,
	{ 'q', LK_OPT_FLAG, NULL, "short display, with the local system in front", NULL },
	{ 'e', LK_OPT_FLAG, NULL, "short display, with the next backup system in front", NULL },
	{ 'r', LK_OPT_VALUE, "tag", "only this resource and what is below it", NULL },
	{ 'u', LK_OPT_FLAG, NULL, "accepted and ignored", NULL },
	LK_OPT_JSON,
	LK_OPT_LAST,
};

static const struct lk_cmd_desc desc = {
	.synopsis = "lcdstatus [-d destsys] [-q | -e] [-r tag] [-u] [-J]",
	.summary = "Show the resources, comm paths and flags of a system.",
	.options = options,
	.run = run,
};

int main(int argc, char **argv)
{
	return lk_cmd_main(&desc, argc, argv);
}
