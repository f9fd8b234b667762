/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rows of the LCD from and to the records of its files. */
#include "lk/table.h"

#include <stdio.h>
#include <string.h>

#include "lk/limits.h"
#include "lk/msg.h"
#include "lk/name.h"
#include "lk/net.h"
#include "lk/poison.h"

const char *const lk_state_names[] = { "ISP", "ISU", "OSU", "OSF", "ILLSTATE", NULL };
const char *const lk_init_names[] = { "AUTORES_ISP", "INIT_ISP", "INIT_OSU", NULL };
const char *const lk_resv_names[] = { "", "RESTORE", "REMOVE", "RECOVER", NULL };
const char *const lk_switchback_names[] = { "INTELLIGENT", "AUTOMATIC", NULL };
const char *const lk_net_type_names[] = { "TCP", "TTY", "DISK", NULL };

#define NUMBER_TEXT LK_NUMBER_TEXT

static int load_number(const char *what, const char *text, unsigned long long max,
		       unsigned *value, struct lk_err *err)
{
	unsigned long long number = 0;
	int rc = lk_parse_number(what, text, 0, max, &number, err);

	*value = (unsigned)number;
	return rc;
}

/* "0", "PID" or "PID:START" */
static int load_holder(const char *what, const char *text, struct lk_holder *holder,
		       struct lk_err *err)
{
	unsigned long long pid = 0, start = 0;
	const char *colon = strchr(text, ':');
	char head[NUMBER_TEXT];

	if (colon && colon - text < NUMBER_TEXT && lk_is_number(colon + 1, 0, ~0ULL, &start)) {
		snprintf(head, sizeof(head), "%.*s", (int)(colon - text), text);
		text = head;
	}
	int rc = lk_parse_number(what, text, 0, LK_PID_MAX, &pid, err);
	*holder = (struct lk_holder){ .pid = (pid_t)pid, .start = start };
	return rc;
}

static const char *holder_text(const struct lk_holder *holder, char text[static 2 * NUMBER_TEXT])
{
	if (holder->start)
		snprintf(text, 2 * NUMBER_TEXT, "%ld:%llu", (long)holder->pid, holder->start);
	else
		lk_format_number((unsigned long long)holder->pid, text);
	return text;
}

/* ---- applications and types ---- */

static int load_app(struct lk_lcd *lcd, const struct lk_typ *typ, const struct lk_rec *rec,
		    struct lk_err *err)
{
	(void)typ;
	int rc = lk_check_app("application", rec->field[0], err);
	struct lk_app row = { .name = rec->field[0], .line = rec->line };

	return rc < 0 ? rc : LK_LCD_APPEND(lcd, app, row, err);
}

static void save_app(const struct lk_lcd *lcd, const struct lk_typ *typ,
		     const struct lk_rec_kind *kind, struct lk_buf *buf)
{
	(void)typ;
	for (size_t i = 0; i < lcd->napp; i++)
		lk_rec_row(buf, kind, &lcd->app[i].name);
}

static int load_typ(struct lk_lcd *lcd, const struct lk_typ *typ, const struct lk_rec *rec,
		    struct lk_err *err)
{
	(void)typ;
	struct lk_typ row = { .app = rec->field[0], .name = rec->field[1], .line = rec->line };
	int rc = lk_check_app("application", row.app, err);

	if (rc == 0)
		rc = lk_check_app("type", row.name, err);
	return rc < 0 ? rc : LK_LCD_APPEND(lcd, typ, row, err);
}

static void save_typ(const struct lk_lcd *lcd, const struct lk_typ *typ,
		     const struct lk_rec_kind *kind, struct lk_buf *buf)
{
	(void)typ;
	for (size_t i = 0; i < lcd->ntyp; i++) {
		const char *fields[] = { lcd->typ[i].app, lcd->typ[i].name };

		lk_rec_row(buf, kind, fields);
	}
}

/* ---- instances ---- */

enum { F_TAG, F_ID, F_INFO, F_STATE, F_REASON, F_INIT, F_RESV, F_HOLDER, F_QUICK, F_DEEP,
       F_LOCAL, F_SWITCHBACK, F_DELETING };

static int check_ins_texts(const struct lk_rec *rec, struct lk_err *err)
{
	int rc = lk_check_tag(rec->field[F_TAG], err);

	if (rc == 0)
		rc = lk_check_id(rec->field[F_ID], err);
	if (rc == 0)
		rc = lk_check_text("info", rec->field[F_INFO], err);
	if (rc == 0)
		rc = lk_check_text("reason", rec->field[F_REASON], err);
	return rc;
}

static int load_ins_choices(const struct lk_rec *rec, struct lk_ins *row, struct lk_err *err)
{
	static const char *const yes_no[] = { "0", "1", NULL };
	int state = lk_parse_choice("state", rec->field[F_STATE], lk_state_names, err);
	int init = state < 0 ? state : lk_parse_choice("initialize", rec->field[F_INIT],
						       lk_init_names, err);
	int resv = init < 0 ? init : lk_parse_choice("reservation", rec->field[F_RESV],
						     lk_resv_names, err);
	int local = resv < 0 ? resv : lk_parse_choice("localrecovery", rec->field[F_LOCAL],
						      yes_no, err);
	int back = local < 0 ? local : lk_parse_choice("switchback", rec->field[F_SWITCHBACK],
						       lk_switchback_names, err);

	if (back < 0)
		return back;
	row->state = (enum lk_state)state;
	row->init = (enum lk_init)init;
	row->resv = (enum lk_resv)resv;
	row->localrecovery = local;
	row->switchback = (enum lk_switchback)back;
	return 0;
}

static int load_ins_numbers(const struct lk_rec *rec, struct lk_ins *row, struct lk_err *err)
{
	int rc = load_number("quick", rec->field[F_QUICK], LK_INTERVAL_MAX, &row->quick, err);

	if (rc == 0)
		rc = load_number("deep", rec->field[F_DEEP], LK_INTERVAL_MAX, &row->deep, err);
	if (rc == 0)
		rc = load_holder("holder", rec->field[F_HOLDER], &row->holder, err);
	if (rc == 0)
		rc = load_holder("deleting", rec->field[F_DELETING], &row->deleting, err);
	return rc;
}

static int load_ins(struct lk_lcd *lcd, const struct lk_typ *typ, const struct lk_rec *rec,
		    struct lk_err *err)
{
	struct lk_ins row = {
		.app = typ->app, .type = typ->name, .tag = rec->field[F_TAG],
		.id = rec->field[F_ID], .info = rec->field[F_INFO],
		.reason = rec->field[F_REASON], .line = rec->line,
	};
	int rc = check_ins_texts(rec, err);

	if (rc == 0)
		rc = load_ins_choices(rec, &row, err);
	if (rc == 0)
		rc = load_ins_numbers(rec, &row, err);
	return rc < 0 ? rc : LK_LCD_APPEND(lcd, ins, row, err);
}

static void save_one_ins(const struct lk_ins *ins, const struct lk_rec_kind *kind,
			 struct lk_buf *buf)
{
	char quick[NUMBER_TEXT], deep[NUMBER_TEXT], holder[2 * NUMBER_TEXT],
		deleting[2 * NUMBER_TEXT];

	lk_format_number(ins->quick, quick);
	lk_format_number(ins->deep, deep);
	const char *fields[] = {
		[F_TAG] = ins->tag,
		[F_ID] = ins->id,
		[F_INFO] = ins->info,
		[F_STATE] = lk_state_names[ins->state],
		[F_REASON] = ins->reason,
		[F_INIT] = lk_init_names[ins->init],
		[F_RESV] = lk_resv_names[ins->resv],
		[F_HOLDER] = holder_text(&ins->holder, holder),
		[F_QUICK] = quick,
		[F_DEEP] = deep,
		[F_LOCAL] = ins->localrecovery ? "1" : "0",
		[F_SWITCHBACK] = lk_switchback_names[ins->switchback],
		[F_DELETING] = holder_text(&ins->deleting, deleting),
	};
	lk_rec_row(buf, kind, fields);
}

static void save_ins(const struct lk_lcd *lcd, const struct lk_typ *typ,
		     const struct lk_rec_kind *kind, struct lk_buf *buf)
{
	for (size_t i = 0; i < lcd->nins; i++) {
		const struct lk_ins *ins = &lcd->ins[i];

		if (!strcmp(ins->app, typ->app) && !strcmp(ins->type, typ->name))
			save_one_ins(ins, kind, buf);
	}
}

/* ---- dependencies ---- */

static int load_dep(struct lk_lcd *lcd, const struct lk_typ *typ, const struct lk_rec *rec,
		    struct lk_err *err)
{
	(void)typ;
	struct lk_dep row = { .parent = rec->field[0], .child = rec->field[1], .line = rec->line };
	int rc = lk_check_tag(row.parent, err);

	if (rc == 0)
		rc = lk_check_tag(row.child, err);
	return rc < 0 ? rc : LK_LCD_APPEND(lcd, dep, row, err);
}

static void save_dep(const struct lk_lcd *lcd, const struct lk_typ *typ,
		     const struct lk_rec_kind *kind, struct lk_buf *buf)
{
	(void)typ;
	for (size_t i = 0; i < lcd->ndep; i++) {
		const char *fields[] = { lcd->dep[i].parent, lcd->dep[i].child };

		lk_rec_row(buf, kind, fields);
	}
}

/* ---- equivalencies ---- */

static int load_priority(const char *text, unsigned *value, struct lk_err *err)
{
	unsigned long long number = 0;
	int rc = lk_parse_number("priority", text, 1, LK_PRIORITY_STORED_MAX, &number, err);

	*value = (unsigned)number;
	return rc;
}

static int load_eqv(struct lk_lcd *lcd, const struct lk_typ *typ, const struct lk_rec *rec,
		    struct lk_err *err)
{
	static const char *const types[] = { "SHARED", NULL };
	struct lk_eqv row = { .tag = rec->field[0], .sys = rec->field[1],
			      .othertag = rec->field[2], .line = rec->line };
	int rc = lk_check_tag(row.tag, err);

	(void)typ;
	if (rc == 0)
		rc = lk_check_sys(row.sys, err);
	if (rc == 0)
		rc = lk_check_tag(row.othertag, err);
	if (rc == 0)
		rc = lk_parse_choice("equivalency type", rec->field[3], types, err);
	if (rc == 0)
		rc = load_priority(rec->field[4], &row.priority, err);
	if (rc == 0)
		rc = load_priority(rec->field[5], &row.otherpriority, err);
	return rc < 0 ? rc : LK_LCD_APPEND(lcd, eqv, row, err);
}

static void save_eqv(const struct lk_lcd *lcd, const struct lk_typ *typ,
		     const struct lk_rec_kind *kind, struct lk_buf *buf)
{
	(void)typ;
	for (size_t i = 0; i < lcd->neqv; i++) {
		const struct lk_eqv *eqv = &lcd->eqv[i];
		char mine[NUMBER_TEXT], other[NUMBER_TEXT];
		const char *fields[] = { eqv->tag, eqv->sys, eqv->othertag, "SHARED", mine, other };

		snprintf(mine, sizeof(mine), "%u", eqv->priority);
		snprintf(other, sizeof(other), "%u", eqv->otherpriority);
		lk_rec_row(buf, kind, fields);
	}
}

/* ---- systems ---- */

static int load_sys(struct lk_lcd *lcd, const struct lk_typ *typ, const struct lk_rec *rec,
		    struct lk_err *err)
{
	static const char *const places[] = { "local", "remote", NULL };
	struct lk_sys row = { .name = rec->field[0], .line = rec->line };
	int rc = lk_check_sys(row.name, err);
	int place = rc < 0 ? rc : lk_parse_choice("place", rec->field[1], places, err);

	(void)typ;
	if (place < 0)
		return place;
	row.local = place == 0;
	if (row.local)
		snprintf(lcd->local, sizeof(lcd->local), "%s", row.name);
	return LK_LCD_APPEND(lcd, sys, row, err);
}

static void save_sys(const struct lk_lcd *lcd, const struct lk_typ *typ,
		     const struct lk_rec_kind *kind, struct lk_buf *buf)
{
	(void)typ;
	for (size_t i = 0; i < lcd->nsys; i++) {
		const char *fields[] = { lcd->sys[i].name, lcd->sys[i].local ? "local" : "remote" };

		lk_rec_row(buf, kind, fields);
	}
}

/* ---- comm paths ---- */

enum { F_SYS, F_DEVICE, F_TYPE, F_BAUD, F_PRIORITY, F_INTERVAL, F_MISSES, F_LOCALADDR,
       F_REMOTEADDR };

static int load_net_numbers(const struct lk_rec *rec, struct lk_net *row, struct lk_err *err)
{
	int rc = load_number("baud", rec->field[F_BAUD], LK_BAUD_MAX, &row->baud, err);

	if (rc == 0)
		rc = load_number("priority", rec->field[F_PRIORITY], LK_NET_PRIORITY_MAX,
				 &row->priority, err);
	if (rc == 0)
		rc = lk_parse_seconds("interval", rec->field[F_INTERVAL], 0, LK_BEAT_MAX_MS,
				      &row->interval, err);
	if (rc == 0)
		rc = load_number("misses", rec->field[F_MISSES], LK_MISSES_MAX, &row->misses, err);
	return rc;
}

static int load_net(struct lk_lcd *lcd, const struct lk_typ *typ, const struct lk_rec *rec,
		    struct lk_err *err)
{
	struct lk_net row = { .sys = rec->field[F_SYS], .device = rec->field[F_DEVICE],
			      .local = rec->field[F_LOCALADDR],
			      .remote = rec->field[F_REMOTEADDR], .line = rec->line };
	int rc = lk_check_sys(row.sys, err);
	int type = rc < 0 ? rc : lk_parse_choice("type", rec->field[F_TYPE], lk_net_type_names,
						 err);

	(void)typ;
	if (type < 0)
		return type;
	row.type = (enum lk_net_type)type;
	rc = lk_check_id(row.device, err);
	if (rc == 0)
		rc = load_net_numbers(rec, &row, err);
	if (rc == 0)
		rc = lk_net_check(&row, err);
	return rc < 0 ? rc : LK_LCD_APPEND(lcd, net, row, err);
}

static void save_net(const struct lk_lcd *lcd, const struct lk_typ *typ,
		     const struct lk_rec_kind *kind, struct lk_buf *buf)
{
	(void)typ;
	for (size_t i = 0; i < lcd->nnet; i++) {
		const struct lk_net *net = &lcd->net[i];
		char baud[NUMBER_TEXT], priority[NUMBER_TEXT], misses[NUMBER_TEXT];
		char interval[LK_SECONDS_TEXT];
		const char *fields[] = { net->sys, net->device, lk_net_type_names[net->type], baud,
					 priority, interval, misses, net->local, net->remote };

		snprintf(baud, sizeof(baud), "%u", net->baud);
		snprintf(priority, sizeof(priority), "%u", net->priority);
		snprintf(misses, sizeof(misses), "%u", net->misses);
		lk_format_seconds(net->interval, interval);
		lk_rec_row(buf, kind, fields);
	}
}

/* ---- flags ---- */

static int load_flg(struct lk_lcd *lcd, const struct lk_typ *typ, const struct lk_rec *rec,
		    struct lk_err *err)
{
	(void)typ;
	int rc = lk_check_flag(rec->field[0], err);
	struct lk_flg row = { .name = rec->field[0], .line = rec->line };

	return rc < 0 ? rc : LK_LCD_APPEND(lcd, flg, row, err);
}

static void save_flg(const struct lk_lcd *lcd, const struct lk_typ *typ,
		     const struct lk_rec_kind *kind, struct lk_buf *buf)
{
	(void)typ;
	for (size_t i = 0; i < lcd->nflg; i++)
		lk_rec_row(buf, kind, &lcd->flg[i].name);
}

/* ---- epochs ---- */

static int load_epoch(struct lk_lcd *lcd, const struct lk_typ *typ, const struct lk_rec *rec,
		      struct lk_err *err)
{
	struct lk_epoch row = { .tag = rec->field[0], .owner = rec->field[2], .line = rec->line };
	int rc = lk_check_tag(row.tag, err);

	(void)typ;
	if (rc == 0)
		rc = lk_parse_number("epoch", rec->field[1], 1, LK_EPOCH_MAX, &row.epoch, err);
	if (rc == 0)
		rc = lk_check_sys(row.owner, err);
	if (rc == 0)
		rc = lk_parse_number("time", rec->field[3], 0, LK_EPOCH_MAX, &row.time, err);
	return rc < 0 ? rc : LK_LCD_APPEND(lcd, epoch, row, err);
}

static void save_epoch(const struct lk_lcd *lcd, const struct lk_typ *typ,
		       const struct lk_rec_kind *kind, struct lk_buf *buf)
{
	(void)typ;
	for (size_t i = 0; i < lcd->nepoch; i++) {
		char epoch[NUMBER_TEXT], time[NUMBER_TEXT];
		const char *fields[] = { lcd->epoch[i].tag, epoch, lcd->epoch[i].owner, time };

		lk_format_number(lcd->epoch[i].epoch, epoch);
		lk_format_number(lcd->epoch[i].time, time);
		lk_rec_row(buf, kind, fields);
	}
}

/* ---- promises ---- */

enum { F_PSYS, F_PTAG, F_PEPOCH, F_CANDIDATE, F_RUNNERS };

static int check_runners(const char *text, struct lk_err *err)
{
	char name[LK_SYS_MAX + 2];
	int rc = 0;

	while (*text && rc == 0) {
		size_t len = strcspn(text, " ");

		snprintf(name, sizeof(name), "%.*s", len > LK_SYS_MAX ? LK_SYS_MAX + 1 : (int)len, text);
		rc = lk_check_sys(name, err);
		text += len;
		/* a blank has a name behind it */
		if (rc == 0 && *text && !*++text)
			rc = lk_check_sys("", err);
	}
	return rc;
}

static int load_promise(struct lk_lcd *lcd, const struct lk_typ *typ, const struct lk_rec *rec,
			struct lk_err *err)
{
	struct lk_promised row = { .sys = rec->field[F_PSYS], .tag = rec->field[F_PTAG],
				   .candidate = rec->field[F_CANDIDATE], .runners = rec->field[F_RUNNERS],
				   .line = rec->line };
	int rc = lk_check_sys(row.sys, err);

	(void)typ;
	if (rc == 0)
		rc = lk_check_tag(row.tag, err);
	if (rc == 0)
		rc = lk_parse_number("epoch", rec->field[F_PEPOCH], 1, LK_EPOCH_MAX, &row.epoch, err);
	if (rc == 0)
		rc = lk_check_sys(row.candidate, err);
	if (rc == 0)
		rc = check_runners(row.runners, err);
	return rc < 0 ? rc : LK_LCD_APPEND(lcd, promise, row, err);
}

static void save_promise(const struct lk_lcd *lcd, const struct lk_typ *typ,
			 const struct lk_rec_kind *kind, struct lk_buf *buf)
{
	(void)typ;
	for (size_t i = 0; i < lcd->npromise; i++) {
		const struct lk_promised *row = &lcd->promise[i];
		char epoch[NUMBER_TEXT];
		const char *fields[] = { row->sys, row->tag, epoch, row->candidate, row->runners };

		lk_format_number(row->epoch, epoch);
		lk_rec_row(buf, kind, fields);
	}
}

const struct lk_table_desc lk_tables[LK_TABLES] = {
	{ LK_T_APP, "config/app", { "app", 1, { "application" } }, load_app, save_app },
	{ LK_T_TYP, "config/typ", { "typ", 2, { "application", "type" } }, load_typ, save_typ },
	{ LK_T_INS, NULL, { "instances", 13,
		{ "tag", "id", "info", "state", "reason", "initialize", "reservation", "holder",
		  "quick", "deep", "localrecovery", "switchback", "deleting" } },
	  load_ins, save_ins },
	{ LK_T_DEP, "config/dep", { "dep", 2, { "parent", "child" } }, load_dep, save_dep },
	{ LK_T_EQV, "config/eqv", { "eqv", 6,
		{ "tag", "othersys", "othertag", "type", "priority", "otherpriority" } },
	  load_eqv, save_eqv },
	{ LK_T_SYS, "config/sys", { "sys", 2, { "system", "place" } }, load_sys, save_sys },
	{ LK_T_NET, "config/net", { "net", 9,
		{ "system", "device", "type", "baud", "priority", "interval", "misses", "local",
		  "remote" } },
	  load_net, save_net },
	{ LK_T_FLG, "config/flg", { "flg", 1, { "flag" } }, load_flg, save_flg },
	{ LK_T_EPOCH, "config/epoch", { "epoch", 4, { "tag", "epoch", "owner", "time" } },
	  load_epoch, save_epoch },
	{ LK_T_PROMISE, "config/promise", { "promise", 5,
		{ "system", "tag", "epoch", "candidate", "runners" } },
	  load_promise, save_promise },
};
