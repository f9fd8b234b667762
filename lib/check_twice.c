/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rows that occur twice in a table of the LCD, or claim what another one has. */
#include "lk/check.h"

#include <stdlib.h>
#include <string.h>

#include "lk/msg.h"
#include "lk/poison.h"

struct key {
	const char *text;
	size_t row;
};

/* One way in which rows exclude each other: those of equal key. */
struct rule {
	size_t n;
	const char *(*key)(struct lk_check *check, size_t row);	/* NULL: the row has none */
	void (*twice)(struct lk_check *check, size_t first, size_t again);
};

static int by_key(const void *a, const void *b)
{
	const struct key *x = a, *y = b;
	int order = strcmp(x->text, y->text);

	return order ? order : x->row < y->row ? -1 : 1;
}

static void find_twice(struct lk_check *check, const struct rule *rule)
{
	struct key *keys = lk_arena_alloc(&check->arena, (rule->n + 1) * sizeof(*keys));
	size_t n = 0, first = 0;

	if (!keys) {
		check->nomem = true;
		return;
	}
	for (size_t i = 0; i < rule->n; i++) {
		keys[n].text = rule->key(check, i);
		keys[n].row = i;
		n += keys[n].text != NULL;
	}
	qsort(keys, n, sizeof(*keys), by_key);
	for (size_t i = 1; i < n; i++) {
		if (strcmp(keys[first].text, keys[i].text) != 0)
			first = i;
		else
			rule->twice(check, keys[first].row, keys[i].row);
	}
}

/* Fields as one key; no field contains the byte between them. */
static const char *join(struct lk_check *check, const char *a, const char *b, const char *c)
{
	struct lk_buf LK_AUTO_BUF key = { 0 };

	lk_buf_addf(&key, "%s\001%s\001%s", a, b, c);
	const char *copy = key.failed ? NULL : lk_arena_dup(&check->arena, key.data);
	if (!copy)
		check->nomem = true;
	return copy;
}

/* The same thing said twice: the second time can go. */
static void again(struct lk_check *check, struct lk_finding *found, enum lk_table table, size_t row)
{
	lk_check_offer(check, found, LK_REPAIR_DROP, table, row, table, "second entry dropped");
}

static const char *app_key(struct lk_check *check, size_t row)
{
	return check->lcd.app[row].name;
}

static void app_twice(struct lk_check *check, size_t a, size_t b)
{
	const struct lk_app *app = check->lcd.app;

	again(check, lk_check_add(check, "config/app", app[b].line,
				  "application \"%s\" is registered twice, first in line %u",
				  app[b].name, app[a].line), LK_T_APP, b);
}

static const char *typ_key(struct lk_check *check, size_t row)
{
	return join(check, check->lcd.typ[row].app, check->lcd.typ[row].name, "");
}

static void typ_twice(struct lk_check *check, size_t a, size_t b)
{
	const struct lk_typ *typ = check->lcd.typ;

	again(check, lk_check_add(check, "config/typ", typ[b].line,
				  "type %s/%s is registered twice, first in line %u", typ[b].app,
				  typ[b].name, typ[a].line), LK_T_TYP, b);
}

static const char *tag_key(struct lk_check *check, size_t row)
{
	return check->lcd.ins[row].tag;
}

static bool same_process(const struct lk_holder *a, const struct lk_holder *b)
{
	return a->pid == b->pid && a->start == b->start;
}

static bool same_ins(const struct lk_ins *a, const struct lk_ins *b)
{
	return !strcmp(a->app, b->app) && !strcmp(a->type, b->type) && !strcmp(a->id, b->id) &&
	       !strcmp(a->info, b->info) && !strcmp(a->reason, b->reason) &&
	       a->state == b->state && a->init == b->init && a->resv == b->resv &&
	       same_process(&a->holder, &b->holder) && a->quick == b->quick &&
	       a->deep == b->deep && a->localrecovery == b->localrecovery &&
	       a->switchback == b->switchback && same_process(&a->deleting, &b->deleting);
}

static void tag_twice(struct lk_check *check, size_t a, size_t b)
{
	const struct lk_ins *one = &check->lcd.ins[a], *two = &check->lcd.ins[b];
	struct lk_finding *found = lk_check_add(check, lk_check_ins_file(check, two), two->line,
		"tag \"%s\" is used twice, first in %s:%u", two->tag,
		lk_check_ins_file(check, one), one->line);

	if (same_ins(one, two))
		again(check, found, LK_T_INS, b);
	else
		found->advice = "remove one of the two lines by hand";
}

static const char *id_key(struct lk_check *check, size_t row)
{
	return check->lcd.ins[row].id;
}

static void id_twice(struct lk_check *check, size_t a, size_t b)
{
	const struct lk_ins *one = &check->lcd.ins[a], *two = &check->lcd.ins[b];

	if (strcmp(one->tag, two->tag) != 0)
		lk_check_add(check, lk_check_ins_file(check, two), two->line,
			     "id \"%s\" of \"%s\" belongs to \"%s\" already", two->id, two->tag,
			     one->tag)->advice =
			lk_check_format(check, "ins_remove -t %s, or -t %s", two->tag, one->tag);
}

static const char *dep_key(struct lk_check *check, size_t row)
{
	return join(check, check->lcd.dep[row].parent, check->lcd.dep[row].child, "");
}

static void dep_twice(struct lk_check *check, size_t a, size_t b)
{
	const struct lk_dep *dep = check->lcd.dep;

	again(check, lk_check_add(check, "config/dep", dep[b].line,
				  "\"%s\" depends on \"%s\" twice, first in line %u",
				  dep[b].parent, dep[b].child, dep[a].line), LK_T_DEP, b);
}

static const char *eqv_key(struct lk_check *check, size_t row)
{
	const struct lk_eqv *eqv = &check->lcd.eqv[row];

	return join(check, eqv->tag, eqv->sys, eqv->othertag);
}

static void eqv_twice(struct lk_check *check, size_t a, size_t b)
{
	const struct lk_eqv *one = &check->lcd.eqv[a], *two = &check->lcd.eqv[b];
	struct lk_finding *found = lk_check_add(check, "config/eqv", two->line,
		"\"%s\" has two equivalencies with \"%s\" on \"%s\", the first in line %u",
		two->tag, two->othertag, two->sys, one->line);

	if (one->priority == two->priority && one->otherpriority == two->otherpriority)
		again(check, found, LK_T_EQV, b);
	else
		found->advice = lk_check_format(check, "hry_setpri -t %s -s SYSTEM -p PRIORITY",
						two->tag);
}

static const char *sys_key(struct lk_check *check, size_t row)
{
	return check->lcd.sys[row].name;
}

static void sys_twice(struct lk_check *check, size_t a, size_t b)
{
	const struct lk_sys *sys = check->lcd.sys;
	struct lk_finding *found = lk_check_add(check, "config/sys", sys[b].line,
		"system \"%s\" is there twice, first in line %u", sys[b].name, sys[a].line);

	if (sys[a].local == sys[b].local)
		again(check, found, LK_T_SYS, b);
	else
		found->advice = "remove one of the two lines by hand";
}

static const char *net_key(struct lk_check *check, size_t row)
{
	return check->lcd.net[row].device;
}

static bool same_net(const struct lk_net *a, const struct lk_net *b)
{
	return !strcmp(a->sys, b->sys) && a->type == b->type && a->baud == b->baud &&
	       a->priority == b->priority && a->interval == b->interval &&
	       a->misses == b->misses && !strcmp(a->local, b->local) &&
	       !strcmp(a->remote, b->remote);
}

static void net_twice(struct lk_check *check, size_t a, size_t b)
{
	const struct lk_net *one = &check->lcd.net[a], *two = &check->lcd.net[b];
	struct lk_finding *found = lk_check_add(check, "config/net", two->line,
		"%s is used twice: by a path to \"%s\" and, in line %u, by one to \"%s\"",
		two->device, two->sys, one->line, one->sys);

	if (same_net(one, two))
		again(check, found, LK_T_NET, b);
	else
		found->advice = lk_check_format(check, "net_remove -s %s -D %s", two->sys,
						two->device);
}

static const char *addresses_key(struct lk_check *check, size_t row)
{
	const struct lk_net *net = &check->lcd.net[row];

	return net->type == LK_NET_TCP ? join(check, net->local, net->remote, "") : NULL;
}

static void addresses_twice(struct lk_check *check, size_t a, size_t b)
{
	const struct lk_net *one = &check->lcd.net[a], *two = &check->lcd.net[b];

	if (strcmp(one->device, two->device) != 0)
		lk_check_add(check, "config/net", two->line,
			     "the path from %s to %s is there already as %s, in line %u",
			     two->local, two->remote, one->device, one->line)->advice =
			lk_check_format(check, "net_remove -D %s", two->device);
}

static const char *flg_key(struct lk_check *check, size_t row)
{
	return check->lcd.flg[row].name;
}

static void flg_twice(struct lk_check *check, size_t a, size_t b)
{
	const struct lk_flg *flg = check->lcd.flg;

	again(check, lk_check_add(check, "config/flg", flg[b].line,
				  "flag \"%s\" is set twice, first in line %u", flg[b].name,
				  flg[a].line), LK_T_FLG, b);
}

static const char *epoch_key(struct lk_check *check, size_t row)
{
	return check->lcd.epoch[row].tag;
}

static void epoch_twice(struct lk_check *check, size_t a, size_t b)
{
	const struct lk_epoch *one = &check->lcd.epoch[a], *two = &check->lcd.epoch[b];
	struct lk_finding *found = lk_check_add(check, "config/epoch", two->line,
		"\"%s\" has two epochs, the first in line %u", two->tag, one->line);

	if (one->epoch == two->epoch && one->time == two->time && !strcmp(one->owner, two->owner))
		again(check, found, LK_T_EPOCH, b);
	else
		found->advice = "remove the line with the lower epoch by hand";
}

static const char *promise_key(struct lk_check *check, size_t row)
{
	const struct lk_promised *promise = &check->lcd.promise[row];

	return lk_check_format(check, "%s:%s", promise->sys, promise->tag);
}

static void promise_twice(struct lk_check *check, size_t a, size_t b)
{
	const struct lk_promised *one = &check->lcd.promise[a], *two = &check->lcd.promise[b];

	lk_check_add(check, "config/promise", two->line, "\"%s\" of %s is promised twice, first in line %u",
		     two->tag, two->sys, one->line)->advice = "remove the line with the lower epoch by hand";
}

void lk_check_rows_twice(struct lk_check *check)
{
	const struct lk_lcd *lcd = &check->lcd;
	const struct rule rules[] = {
		{ lcd->napp, app_key, app_twice }, { lcd->ntyp, typ_key, typ_twice },
		{ lcd->nins, tag_key, tag_twice }, { lcd->nins, id_key, id_twice },
		{ lcd->ndep, dep_key, dep_twice }, { lcd->neqv, eqv_key, eqv_twice },
		{ lcd->nsys, sys_key, sys_twice }, { lcd->nnet, net_key, net_twice },
		{ lcd->nnet, addresses_key, addresses_twice }, { lcd->nflg, flg_key, flg_twice },
		{ lcd->nepoch, epoch_key, epoch_twice }, { lcd->npromise, promise_key, promise_twice },
	};

	for (size_t i = 0; i < sizeof(rules) / sizeof(*rules); i++)
		find_twice(check, &rules[i]);
}

int lk_check_twice(struct lk_lcd *lcd, struct lk_err *err)
{
	struct lk_check check = { .lcd = *lcd };
	int n;

	lk_check_rows_twice(&check);
	n = (int)check.n;
	if (n)
		(void)lk_fail(err, LK_M_BROKEN, check.found[0].text);
	if (check.nomem)
		n = lk_fail_nomem(err);
	check.lcd = (struct lk_lcd)LK_LCD_INIT;		/* the caller's */
	lk_check_free(&check);
	return n;
}
