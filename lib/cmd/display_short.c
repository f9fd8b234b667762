/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The short displays of lcdstatus: one line per resource and comm path. */
#include "lk/display.h"

#include <stdio.h>

#include "lk/net.h"
#include "lk/poison.h"

static void short_row(struct lk_display *d, unsigned node)
{
	const struct lk_ins *ins = d->graph.node[node];
	const struct lk_standing *s = &d->standing[node];
	struct lk_buf LK_AUTO_BUF tag = { 0 };
	char priority[16] = "--";

	if (s->priority)
		snprintf(priority, sizeof(priority), "%u", s->priority);
	for (unsigned i = 0; i < d->level[node]; i++)
		lk_buf_addc(&tag, ' ');
	lk_buf_adds(&tag, ins->tag);
	d->table.failed |= tag.failed;
	const char *cells[] = { !d->backup ? d->lcd->local : s->backup ? s->backup : "------",
				tag.failed ? "" : tag.data, ins->id, lk_state_names[ins->state],
				priority, s->primary };
	lk_columns_add(&d->table, cells);
}

static void path_row(struct lk_columns *table, struct lk_lcd *lcd, const struct lk_net *net)
{
	struct lk_net_status status;
	char priority[16] = "--", text[LK_ERR_TEXT];

	lk_net_status(lcd, net, &status);
	if (net->type != LK_NET_TTY)
		snprintf(priority, sizeof(priority), "%u", net->priority);
	const char *cells[] = { net->sys, lk_net_type_names[net->type],
				lk_display_path(net, text, sizeof(text)),
				lk_net_state_names[status.state], priority };
	lk_columns_add(table, cells);
}

static void short_paths(struct lk_display *d)
{
	struct lk_columns table = { .n = 5, .right[4] = true, .shrink = -1 };
	const char *head[] = { "MACHINE", "NETWORK", "ADDRESSES/DEVICE", "STATE", "PRIO" };

	lk_columns_add(&table, head);
	for (size_t i = 0; i < d->lcd->nnet; i++)
		path_row(&table, d->lcd, &d->lcd->net[i]);
	lk_buf_addc(&d->out, '\n');
	lk_columns_write(&table, LK_DISPLAY_WIDTH, &d->out);
	lk_columns_free(&table);
}

int lk_display_short(struct lk_display *d)
{
	const char *head[] = { d->backup ? "BACKUP" : "LOCAL", "TAG", "ID", "STATE",
			       "PRIO", "PRIMARY" };

	d->table = (struct lk_columns){ .n = 6, .right[4] = true, .shrink = 2 };
	d->show = short_row;
	lk_columns_add(&d->table, head);
	int rc = lk_display_walk(d);
	lk_columns_write(&d->table, LK_DISPLAY_WIDTH, &d->out);
	lk_columns_free(&d->table);
	if (rc == 0 && d->lcd->nnet && !d->root)
		short_paths(d);
	return rc;
}
