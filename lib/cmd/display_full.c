/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The detailed display of lcdstatus, with its documented texts. */
#include "lk/display.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lk/flg.h"
#include "lk/name.h"
#include "lk/net.h"
#include "lk/sys.h"
#include "lk/poison.h"

#define INDENT "        "

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
	else if (lk_text_width(out->data + line) + strlen(gap) + lk_text_width(text) > LK_DISPLAY_WIDTH)
		lk_buf_addf(out, "%.*s\n" INDENT, gap[0] == ',' ? 1 : 0, gap);
	else
		lk_buf_adds(out, gap);
	lk_buf_adds(out, text);
}

static void neighbours(struct lk_display *d, unsigned node, enum lk_dir dir, const char *title)
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

static void equivalencies(struct lk_display *d, unsigned node)
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

static void resource(struct lk_display *d, unsigned node)
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

static void path(struct lk_display *d, const struct lk_net *net)
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
		    lk_display_path(net, text, sizeof(text)));
	lk_buf_addf(&d->out, INDENT "state=\"%s\"", lk_net_state_names[status.state]);
	if (net->type != LK_NET_TTY)
		lk_buf_addf(&d->out, " priority=%u", net->priority);
	lk_buf_addf(&d->out, " #comm_downs=%llu", status.comm_downs);
	for (int i = 0; net->type == LK_NET_TTY && i < LK_NET_COUNTERS; i++)
		item(&d->out, " ", "#%s=%llu", counters[i], status.counter[i]);
	lk_buf_addc(&d->out, '\n');
}

static void communication(struct lk_display *d)
{
	struct lk_lcd *lcd = d->lcd;

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

static void flags(struct lk_display *d)
{
	struct lk_lcd *lcd = d->lcd;

	if (lcd->nflg)
		lk_buf_adds(&d->out, "The following LifeKeeper flags are on:\n");
	for (size_t i = 0; i < lcd->nflg; i++)
		lk_buf_addf(&d->out, "%s\n", lcd->flg[i].name);
	lk_buf_addf(&d->out, "%sThe shutdown strategy is set to: %s.\n", lcd->nflg ? "\n" : "",
		    lk_status_strategy(lcd));
}

int lk_display_full(struct lk_display *d)
{
	d->show = resource;
	d->once = true;
	lk_buf_addf(&d->out, "Resource hierarchies of %s:%s\n\n", d->lcd->local,
		    d->lcd->nins ? "" : " none");
	int rc = lk_display_walk(d);
	if (rc < 0 || d->root)
		return rc;
	communication(d);
	flags(d);
	return 0;
}
