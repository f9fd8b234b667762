/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Replacing values wherever the database has them. */
#include "lk/change.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lk/check.h"
#include "lk/ins.h"
#include "lk/msg.h"
#include "lk/name.h"
#include "lk/net.h"
#include "lk/poison.h"

typedef int check_value(const char *value, struct lk_err *err);

/* ---- text ---- */

const char *lk_change_whole(const struct lk_change *change, const char *text)
{
	for (size_t i = 0; i < change->pairs; i++)
		if (!strcmp(change->pair[i].from, text))
			return change->pair[i].to;
	return NULL;
}

static bool in_word(unsigned char c, const char *value)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c >= 0x80 || (c && strchr("._-", c)) || (c == ':' && strchr(value, ':'));
}

/* The longest value that stands as a word at text[at], or NULL. */
static const struct lk_pair *word_at(const struct lk_change *change, const char *text, size_t len,
				     size_t at)
{
	const struct lk_pair *best = NULL;

	for (size_t i = 0; i < change->pairs; i++) {
		const char *from = change->pair[i].from;
		size_t n = strlen(from);

		if (n > len - at || memcmp(text + at, from, n) != 0 ||
		    (at && in_word((unsigned char)text[at - 1], from)) ||
		    (at + n < len && in_word((unsigned char)text[at + n], from)))
			continue;
		if (!best || n > strlen(best->from))
			best = &change->pair[i];
	}
	return best;
}

size_t lk_change_words(const struct lk_change *change, const char *text, size_t len,
		       struct lk_buf *out)
{
	size_t n = 0;

	for (size_t at = 0; at < len;) {
		const struct lk_pair *pair = word_at(change, text, len, at);

		if (!pair) {
			lk_buf_addc(out, text[at++]);
			continue;
		}
		lk_buf_adds(out, pair->to);
		at += strlen(pair->from);
		n += strcmp(pair->from, pair->to) != 0;
	}
	return n;
}

void lk_change_note(struct lk_change *change, const char *file, const char *fmt, ...)
{
	char text[LK_ERR_TEXT];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	lk_printable(text);
	change->changes++;
	change->note(change->arg, file, text);
}

/* ---- fields ---- */

static int refuse(struct lk_err *err)
{
	const struct lk_err why = *err;

	return lk_fail(err, LK_M_CHG_INVALID, why.text);
}

/* Put a new value into a field, if it is one and valid. 1: changed. */
static int put(struct lk_change *change, const char *file, const char *what, const char **field,
	       const char *value, check_value *check, struct lk_err *err)
{
	if (!value || !strcmp(value, *field))
		return 0;
	if (check && check(value, err) < 0)
		return refuse(err);
	const char *copy = lk_arena_dup(&change->lcd->arena, value);
	if (!copy)
		return lk_fail_nomem(err);
	lk_change_note(change, file, "%s: %s -> %s", what, *field, value);
	*field = copy;
	return 1;
}

static int put_tag(struct lk_change *change, const char *file, const char **field,
		   struct lk_err *err)
{
	if (change->keep_tags)
		return 0;
	return put(change, file, "tag", field, lk_change_whole(change, *field), lk_check_tag, err);
}

static int put_sys(struct lk_change *change, const char *file, const char **field,
		   struct lk_err *err)
{
	return put(change, file, "system", field, lk_change_whole(change, *field), lk_check_sys,
		   err);
}

static int check_info(const char *value, struct lk_err *err)
{
	return lk_check_text("info", value, err);
}

static int put_words(struct lk_change *change, const char *file, const char *what,
		     const char **field, check_value *check, struct lk_err *err)
{
	struct lk_buf LK_AUTO_BUF text = { 0 };
	size_t n = lk_change_words(change, *field, strlen(*field), &text);

	if (text.failed)
		return lk_fail_nomem(err);
	return n ? put(change, file, what, field, text.data, check, err) : 0;
}

/* ---- tables: each of these is for one row; 1: it was changed ---- */

static int change_id(struct lk_change *change, const char *file, struct lk_ins *ins,
		     struct lk_err *err)
{
	const char *whole = lk_change_whole(change, ins->id);

	if (change->keep_ids)
		return 0;
	if (whole && strcmp(whole, ins->id) != 0 && !change->force_ids)
		return lk_fail(err, LK_M_CHG_WHOLE_ID, ins->id, ins->tag);
	return put_words(change, file, "id", &ins->id, lk_check_id, err);
}

static int change_ins(struct lk_change *change, struct lk_ins *ins, struct lk_err *err)
{
	const struct lk_typ typ = { .app = ins->app, .name = ins->type };
	char file[LK_PATH_MAX];

	lk_lcd_path(LK_T_INS, &typ, file);
	int tag = put_tag(change, file, &ins->tag, err);
	int id = tag < 0 ? tag : change_id(change, file, ins, err);
	int info = id < 0 ? id : put_words(change, file, "info", &ins->info, check_info, err);

	if (info >= 0 && (tag || id || info))
		lk_ins_touch(change->lcd, ins);
	return info < 0 ? info : 0;
}

static int change_dep(struct lk_change *change, struct lk_dep *dep, struct lk_err *err)
{
	int parent = put_tag(change, "config/dep", &dep->parent, err);
	int child = parent < 0 ? parent : put_tag(change, "config/dep", &dep->child, err);

	return child < 0 ? child : parent || child;
}

static int change_eqv(struct lk_change *change, struct lk_eqv *eqv, struct lk_err *err)
{
	int tag = put_tag(change, "config/eqv", &eqv->tag, err);
	int sys = tag < 0 ? tag : put_sys(change, "config/eqv", &eqv->sys, err);
	int other = sys < 0 ? sys : put_tag(change, "config/eqv", &eqv->othertag, err);

	return other < 0 ? other : tag || sys || other;
}

static int change_epoch(struct lk_change *change, struct lk_epoch *epoch, struct lk_err *err)
{
	int tag = put_tag(change, "config/epoch", &epoch->tag, err);
	int sys = tag < 0 ? tag : put_sys(change, "config/epoch", &epoch->owner, err);

	return sys < 0 ? sys : tag || sys;
}

/* Names of systems, separated by blanks. */
static int put_systems(struct lk_change *change, const char **names, struct lk_err *err)
{
	struct lk_buf LK_AUTO_BUF text = { 0 };
	char *rest, *copy = lk_arena_dup(&change->lcd->arena, *names);
	int rc = copy ? 0 : lk_fail_nomem(err);
	bool any = false;

	lk_buf_adds(&text, "");
	for (char *word = copy ? strtok_r(copy, " ", &rest) : NULL; word && rc >= 0;
	     word = strtok_r(NULL, " ", &rest)) {
		const char *name = word;

		rc = put_sys(change, "config/promise", &name, err);
		any |= rc > 0;
		lk_buf_addf(&text, "%s%s", text.len ? " " : "", name);
	}
	if (rc < 0 || !any)
		return rc < 0 ? rc : 0;
	*names = text.failed ? NULL : lk_arena_dup(&change->lcd->arena, text.data);
	return *names ? 1 : lk_fail_nomem(err);
}

static int change_promise(struct lk_change *change, struct lk_promised *promise, struct lk_err *err)
{
	int tag = put_tag(change, "config/promise", &promise->tag, err);
	int sys = tag < 0 ? tag : put_sys(change, "config/promise", &promise->sys, err);
	int other = sys < 0 ? sys : put_sys(change, "config/promise", &promise->candidate, err);
	int runners = other < 0 ? other : put_systems(change, &promise->runners, err);

	return runners < 0 ? runners : tag || sys || other || runners;
}

static int change_sys(struct lk_change *change, struct lk_sys *sys, struct lk_err *err)
{
	int rc = put_sys(change, "config/sys", &sys->name, err);

	if (rc > 0 && sys->local)
		snprintf(change->lcd->local, sizeof(change->lcd->local), "%s", sys->name);
	return rc;
}

static int change_net(struct lk_change *change, struct lk_net *net, struct lk_err *err)
{
	static const char file[] = "config/net";
	int sys = put_sys(change, file, &net->sys, err);
	int local = sys < 0 ? sys : put(change, file, "local address", &net->local,
					lk_change_whole(change, net->local), NULL, err);
	int remote = local < 0 ? local : put(change, file, "remote address", &net->remote,
					     lk_change_whole(change, net->remote), NULL, err);

	if (remote >= 0 && (local || remote) && lk_net_check(net, err) < 0)
		return refuse(err);
	return remote < 0 ? remote : sys || local || remote;
}

/* Where the system or tag in a flag begins and how long it is; 0: there is none (spec/core.md 3.7). */
static size_t flag_part(const struct lk_change *change, const char *flag, const char **part)
{
	static const char maintenance[] = "Maintenance_";
	const char *last = strrchr(flag, '!');

	if (!strncmp(flag, maintenance, strlen(maintenance))) {
		*part = flag + strlen(maintenance);
		return change->keep_tags ? 0 : strlen(*part);
	}
	if (!strncmp(flag, "!action!", 8)) {		/* !action!PID!TIME!SYSTEM:IDENTIFIER */
		const char *time = strchr(flag + 8, '!');
		const char *sys = time ? strchr(time + 1, '!') : NULL;

		*part = sys ? sys + 1 : flag;
		return sys ? strcspn(*part, ":") : 0;
	}
	*part = last && last > flag ? last + 1 : flag;	/* not "!restore" */
	return *part > flag ? strlen(*part) : 0;
}

static int change_flg(struct lk_change *change, struct lk_flg *flg, struct lk_err *err)
{
	struct lk_buf LK_AUTO_BUF text = { 0 };
	char name[LK_FLAG_MAX + 1];
	const char *part;
	size_t len = flag_part(change, flg->name, &part);

	snprintf(name, sizeof(name), "%.*s", (int)len, part);
	const char *value = len ? lk_change_whole(change, name) : NULL;
	if (!value)
		return 0;
	lk_buf_addf(&text, "%.*s%s%s", (int)(part - flg->name), flg->name, value, part + len);
	if (text.failed)
		return lk_fail_nomem(err);
	return put(change, "config/flg", "flag", &flg->name, text.data, lk_check_flag, err);
}

/* One function for every row of a table; marks the table when a row has changed. */
#define CHANGE_ROWS(change, table, bit, err) ({                                            \
	int rc_ = 0;                                                                       \
	for (size_t i_ = 0; i_ < (change)->lcd->n##table && rc_ >= 0; i_++) {              \
		rc_ = change_##table((change), &(change)->lcd->table[i_], (err));          \
		if (rc_ > 0)                                                               \
			(change)->lcd->dirty |= (bit);                                     \
	}                                                                                  \
	rc_ < 0 ? rc_ : 0; })

static int change_tables(struct lk_change *change, struct lk_err *err)
{
	int rc = CHANGE_ROWS(change, sys, LK_T_SYS, err);

	if (rc == 0)
		rc = CHANGE_ROWS(change, net, LK_T_NET, err);
	if (rc == 0)
		rc = CHANGE_ROWS(change, eqv, LK_T_EQV, err);
	if (rc == 0)
		rc = CHANGE_ROWS(change, dep, LK_T_DEP, err);
	if (rc == 0)
		rc = CHANGE_ROWS(change, flg, LK_T_FLG, err);
	if (rc == 0)
		rc = CHANGE_ROWS(change, epoch, LK_T_EPOCH, err);
	if (rc == 0)
		rc = CHANGE_ROWS(change, promise, LK_T_PROMISE, err);
	return rc < 0 ? rc : CHANGE_ROWS(change, ins, LK_T_INS, err);
}

int lk_change_apply(struct lk_change *change, struct lk_err *err)
{
	int rc = lk_change_kits(change, err);

	if (rc == 0)
		rc = change_tables(change, err);
	if (rc == 0)
		rc = lk_check_twice(change->lcd, err);
	return rc > 0 ? refuse(err) : rc;
}
