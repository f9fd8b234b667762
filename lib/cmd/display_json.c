/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The status of a system as one JSON object. */
#include "lk/display.h"

#include <string.h>

#include "lk/ins.h"
#include "lk/net.h"
#include "lk/quorum.h"
#include "lk/sys.h"
#include "lk/poison.h"

static void json_tags(struct lk_display *d, const char *key, unsigned node, enum lk_dir dir)
{
	const struct lk_graph *g = &d->graph;

	lk_json_open(&d->json, key, '[');
	for (unsigned k = g->first[dir][node]; k < g->first[dir][node + 1]; k++)
		lk_json_string(&d->json, NULL, g->node[g->next[dir][k]]->tag);
	lk_json_close(&d->json, ']');
}

static void json_equivalencies(struct lk_display *d, const char *tag)
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

static void json_resource(struct lk_display *d, unsigned node)
{
	const struct lk_standing *s = &d->standing[node];
	struct lk_json *json = &d->json;

	lk_json_open(json, NULL, '{');
	lk_ins_json(json, d->graph.node[node]);
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

static void json_systems(struct lk_display *d)
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

static void json_paths(struct lk_display *d)
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

static void json_quorum(struct lk_display *d)
{
	struct lk_quorum_known known;

	lk_quorum_known(d->lcd, &known);
	lk_json_open(&d->json, "quorum", '{');
	lk_json_string(&d->json, "mode", known.mode);
	lk_json_string(&d->json, "witness", known.witness);
	lk_json_string(&d->json, "quorum", !known.configured ? "not configured" : known.have ? "yes" : "no");
	lk_json_string(&d->json, "why", known.why);
	lk_json_close(&d->json, '}');
}

int lk_display_json(struct lk_display *d)
{
	struct lk_json *json = &d->json;

	d->show = json_resource;
	d->once = true;
	lk_json_open(json, NULL, '{');
	lk_json_string(json, "system", d->lcd->local);
	lk_json_open(json, "resources", '[');
	int rc = lk_display_walk(d);
	lk_json_close(json, ']');
	json_systems(d);
	json_paths(d);
	lk_json_open(json, "flags", '[');
	for (size_t i = 0; i < d->lcd->nflg; i++)
		lk_json_string(json, NULL, d->lcd->flg[i].name);
	lk_json_close(json, ']');
	lk_json_string(json, "shutdown_strategy", lk_status_strategy(d->lcd));
	json_quorum(d);
	lk_json_close(json, '}');
	return rc;
}
