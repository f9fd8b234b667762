/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A picture of the cluster as text. */
#include "lk/picfile.h"

#include <stdio.h>
#include <string.h>

#include "lk/msg.h"
#include "lk/name.h"
#include "lk/poison.h"

#define WORDS_MAX 12
#define PICTURE_MAX 100000	/* resources or copies in one picture */

struct reader {
	const struct lk_picfile *file;
	struct lk_arena *arena;
	struct lk_picture *pic;
	unsigned line, cres, ccopy;
	char *self;
	struct lk_err *err;
};

static int bad(const struct reader *r, const char *what)
{
	return lk_fail(r->err, LK_M_DAMAGED, r->file->name, r->line, what);
}

int lk_pic_find_sys(const struct lk_picture *picture, const char *name)
{
	for (unsigned i = 0; i < picture->nsys; i++)
		if (!strcmp(picture->sys[i].name, name))
			return (int)i;
	return -1;
}

static int choice(const char *word, const char *const *choices)
{
	for (int i = 0; choices[i]; i++)
		if (!strcmp(word, choices[i]))
			return i;
	return -1;
}

static unsigned split(char *line, char *word[static WORDS_MAX + 1])
{
	unsigned n = 0;
	char *at = line + strspn(line, " \t");

	while (*at && *at != '#' && n <= WORDS_MAX) {
		word[n++] = at;
		at += strcspn(at, " \t");
		if (*at)
			*at++ = '\0';
		at += strspn(at, " \t");
	}
	return n;
}

/* The value of "key=value", or NULL if the word is another one. */
static char *value_of(char *word, const char *key)
{
	size_t len = strlen(key);

	return !strncmp(word, key, len) && word[len] == '=' ? word + len + 1 : NULL;
}

/* One more element of an array in the arena, which grows by doubling. */
static void *grow(struct reader *r, void *array, unsigned n, unsigned *cap, size_t size)
{
	if (n < *cap)
		return array;
	unsigned more = *cap ? 2 * *cap : 16;
	void *new = n < PICTURE_MAX ? lk_arena_alloc(r->arena, more * size) : NULL;

	if (new && n)
		memcpy(new, array, n * size);
	if (new)
		*cap = more;
	return new;
}

/* "alpha,gamma" as a bit set. */
static int take_set(struct reader *r, char *list, uint32_t *set)
{
	for (char *name = list, *next; name; name = next) {
		next = strchr(name, ',');
		if (next)
			*next++ = '\0';
		int sys = lk_pic_find_sys(r->pic, name);

		if (sys < 0)
			return bad(r, "unknown system in a list");
		*set |= 1u << sys;
	}
	return 0;
}

static int take_system(struct reader *r, char **word, unsigned n)
{
	struct lk_pic_sys *sys = &r->pic->sys[r->pic->nsys];
	int life = n >= 3 ? choice(word[2], lk_life_names) : -1;

	if (life < 0)
		return bad(r, "\"system NAME ALIVE|DEAD|UNKNOWN\" is needed");
	if (r->pic->nsys == LK_SYSTEMS_MAX)
		return bad(r, "too many systems");
	if (lk_pic_find_sys(r->pic, word[1]) >= 0)
		return bad(r, "the system is there already");
	*sys = (struct lk_pic_sys){ .name = lk_arena_dup(r->arena, word[1]),
				    .life = (enum lk_life)life };
	if (!sys->name)
		return lk_fail_nomem(r->err);
	r->pic->nsys++;
	return 0;
}

/* The lists of a system may name systems that come later: a second pass. */
static int take_lists(struct reader *r, char **word, unsigned n)
{
	struct lk_pic_sys *sys = &r->pic->sys[lk_pic_find_sys(r->pic, word[1])];
	int rc = 0;

	for (unsigned i = 3; i < n && rc == 0; i++) {
		char *refuses = value_of(word[i], "refuses"), *transfer = value_of(word[i], "no-transfer");
		char *absent = value_of(word[i], "absent"), *held = value_of(word[i], "held");

		if (refuses)
			rc = take_set(r, refuses, &sys->refuses);
		else if (transfer)
			rc = take_set(r, transfer, &sys->no_transfer);
		else if (absent)
			rc = take_set(r, absent, &sys->absent);
		else if (held)
			rc = take_set(r, held, &sys->held);
		else if (!strcmp(word[i], "failed"))
			sys->failed = true;
		else if (!strcmp(word[i], "blocked"))
			sys->blocked = true;
		else if (!strcmp(word[i], "unconfirmed"))
			sys->unconfirmed = true;
		else if (!strcmp(word[i], "unfenced"))
			sys->unfenced = true;
		else if (!strcmp(word[i], "no-quorum"))
			sys->no_quorum = true;
		else
			rc = bad(r, "unknown word for a system");
	}
	return rc;
}

static int take_resource(struct reader *r, char **word, unsigned n)
{
	struct lk_pic_res res = { .first = r->pic->ncopy };
	void *grown = grow(r, r->pic->res, r->pic->nres, &r->cres, sizeof(res));

	if (n < 2)
		return bad(r, "\"resource TAG\" is needed");
	res.tag = lk_arena_dup(r->arena, word[1]);
	if (!grown || !res.tag)
		return lk_fail_nomem(r->err);
	for (unsigned i = 2; i < n; i++) {
		char *back = value_of(word[i], "switchback"), *parents = value_of(word[i], "parents");
		int which = back ? choice(back, lk_switchback_names) : -1;
		unsigned long long number;

		if (which >= 0)
			res.root = (enum lk_switchback)which;
		else if (parents && lk_is_number(parents, 0, PICTURE_MAX, &number))
			res.parents = (unsigned)number;
		else if (!strcmp(word[i], "split"))
			res.split = true;
		else if (!strcmp(word[i], "fixed"))
			res.fixed = true;
		else
			return bad(r, "unknown word for a resource");
	}
	r->pic->res = grown;
	r->pic->res[r->pic->nres++] = res;
	return 0;
}

static int copy_word(struct reader *r, char *word, struct lk_pic_copy *copy)
{
	char *epoch = value_of(word, "epoch"), *owner = value_of(word, "owner");
	char *init = value_of(word, "init"), *back = value_of(word, "switchback");
	char *handover = value_of(word, "handover");
	unsigned long long number;
	int which = init ? choice(init, lk_init_names) : back ? choice(back, lk_switchback_names) : -1;

	if (epoch && lk_is_number(epoch, 0, UINT64_MAX, &number))
		copy->epoch = number;
	else if (owner && !strcmp(owner, "-"))
		copy->owner = LK_PIC_NOBODY;
	else if (owner && !strcmp(owner, "?"))
		copy->owner = LK_PIC_STRANGER;
	else if (owner && lk_pic_find_sys(r->pic, owner) >= 0)
		copy->owner = lk_pic_find_sys(r->pic, owner);
	else if (init && which >= 0)
		copy->init = (enum lk_init)which;
	else if (back && which >= 0)
		copy->switchback = (enum lk_switchback)which;
	else if (handover)
		return take_set(r, handover, &copy->handover);
	else
		return bad(r, "unknown word for a copy");
	return 0;
}

static int take_copy(struct reader *r, char **word, unsigned n)
{
	struct lk_pic_copy copy = { .owner = LK_PIC_NORECORD };
	int sys = n >= 4 ? lk_pic_find_sys(r->pic, word[1]) : -1, rc = 0;
	unsigned long long priority;

	if (!r->pic->nres || sys < 0 || !lk_is_number(word[2], 1, LK_PRIORITY_STORED_MAX, &priority))
		return bad(r, "\"copy SYSTEM PRIORITY STATE\" is needed, behind its resource");
	copy.sys = (uint8_t)sys;
	copy.priority = (unsigned)priority;
	copy.state = strcmp(word[3], "?") ? choice(word[3], lk_state_names) : LK_PIC_UNSEEN;
	if (copy.state < 0 && strcmp(word[3], "?"))
		return bad(r, "unknown state");
	for (unsigned i = 4; i < n && rc == 0; i++)
		rc = copy_word(r, word[i], &copy);
	if (rc < 0)
		return rc;
	void *grown = grow(r, r->pic->copy, r->pic->ncopy, &r->ccopy, sizeof(copy));
	if (!grown)
		return lk_fail_nomem(r->err);
	r->pic->copy = grown;
	r->pic->copy[r->pic->ncopy++] = copy;
	r->pic->res[r->pic->nres - 1].n++;
	return 0;
}

static int take_setting(struct reader *r, char **word, unsigned n)
{
	static const char *const quorums[] = { "none", "yes", "no", NULL };

	if (n == 2 && !strcmp(word[0], "self")) {
		r->self = lk_arena_dup(r->arena, word[1]);
		return r->self ? 0 : lk_fail_nomem(r->err);
	}
	if (n == 2 && !strcmp(word[0], "quorum") && choice(word[1], quorums) >= 0) {
		r->pic->quorum = (enum lk_pic_quorum)choice(word[1], quorums);
		return 0;
	}
	if (n == 1 && !strcmp(word[0], "grants")) {
		r->pic->grants = true;
		return 0;
	}
	if (n == 1 && !strcmp(word[0], "late")) {
		r->pic->late = true;
		return 0;
	}
	if (n == 1 && !strcmp(word[0], "recover-stopped")) {
		r->pic->recover_stopped = true;
		return 0;
	}
	return bad(r, "unknown line");
}

static bool is_other(const char *line)
{
	return !strncmp(line, "event", 5) || !strncmp(line, "expect", 6);
}

/* pass 0: the systems; pass 1: all the rest. */
static int take_line(struct reader *r, char *line, int pass)
{
	char *word[WORDS_MAX + 1];

	line += strspn(line, " \t");
	if (is_other(line))
		return pass == 0 ? 0 : r->file->other ? r->file->other(r->file->arg, line, r->line, r->err) :
							bad(r, "unknown line");
	unsigned n = split(line, word);
	if (n == 0)
		return 0;
	if (n > WORDS_MAX)
		return bad(r, "too many words");
	if (!strcmp(word[0], "system"))
		return pass == 0 ? take_system(r, word, n) : take_lists(r, word, n);
	if (pass == 0)
		return 0;
	if (!strcmp(word[0], "resource"))
		return take_resource(r, word, n);
	if (!strcmp(word[0], "copy"))
		return take_copy(r, word, n);
	return take_setting(r, word, n);
}

static int take_text(struct reader *r, char *text, int pass)
{
	int rc = 0;

	r->line = 0;
	for (char *at = text, *next; at && rc == 0; at = next) {
		next = strchr(at, '\n');
		if (next)
			*next++ = '\0';
		r->line++;
		rc = take_line(r, at, pass);
	}
	return rc;
}

int lk_picfile_parse(const struct lk_picfile *file, char *text, struct lk_arena *arena,
		     struct lk_picture *picture, struct lk_err *err)
{
	struct reader r = { .file = file, .arena = arena, .pic = picture, .err = err };
	char *first = lk_arena_dup(arena, text);

	*picture = (struct lk_picture){ 0 };
	if (!first)
		return lk_fail_nomem(err);
	int rc = take_text(&r, first, 0);
	if (rc == 0)
		rc = take_text(&r, text, 1);
	if (rc < 0)
		return rc;
	int self = r.self ? lk_pic_find_sys(picture, r.self) : -1;
	r.line = 0;
	if (self < 0)
		return bad(&r, "\"self NAME\" of one of the systems is needed");
	picture->self = (uint8_t)self;
	return 0;
}

/* ---- printing ---- */

static void print_set(const struct lk_picture *pic, const char *key, uint32_t set, struct lk_buf *buf)
{
	const char *lead = "=";

	if (!set)
		return;
	lk_buf_addf(buf, " %s", key);
	for (unsigned i = 0; i < pic->nsys; i++)
		if (set & 1u << i) {
			lk_buf_addf(buf, "%s%s", lead, pic->sys[i].name);
			lead = ",";
		}
}

static const char *owner_word(const struct lk_picture *pic, int owner)
{
	return owner >= 0 ? pic->sys[owner].name : owner == LK_PIC_NOBODY ? "-" : "?";
}

static void print_copy(const struct lk_picture *pic, const struct lk_pic_copy *copy, struct lk_buf *buf)
{
	lk_buf_addf(buf, "copy %s %u %s", pic->sys[copy->sys].name, copy->priority,
		    copy->state == LK_PIC_UNSEEN ? "?" : lk_state_names[copy->state]);
	if (copy->epoch)
		lk_buf_addf(buf, " epoch=%llu", (unsigned long long)copy->epoch);
	if (copy->owner != LK_PIC_NORECORD)
		lk_buf_addf(buf, " owner=%s", owner_word(pic, copy->owner));
	if (copy->init != LK_AUTORES_ISP)
		lk_buf_addf(buf, " init=%s", lk_init_names[copy->init]);
	if (copy->switchback != LK_INTELLIGENT)
		lk_buf_addf(buf, " switchback=%s", lk_switchback_names[copy->switchback]);
	print_set(pic, "handover", copy->handover, buf);
	lk_buf_addc(buf, '\n');
}

static void print_resource(const struct lk_picture *pic, const struct lk_pic_res *res, struct lk_buf *buf)
{
	lk_buf_addf(buf, "resource %s", res->tag);
	if (res->root != LK_INTELLIGENT)
		lk_buf_addf(buf, " switchback=%s", lk_switchback_names[res->root]);
	if (res->split)
		lk_buf_adds(buf, " split");
	if (res->fixed)
		lk_buf_adds(buf, " fixed");
	if (res->parents)
		lk_buf_addf(buf, " parents=%u", res->parents);
	lk_buf_addc(buf, '\n');
	for (unsigned i = res->first; i < res->first + res->n; i++)
		print_copy(pic, &pic->copy[i], buf);
}

void lk_picfile_print(const struct lk_picture *picture, struct lk_buf *buf)
{
	static const char *const quorums[] = { "none", "yes", "no" };

	lk_buf_addf(buf, "self %s\nquorum %s\n", picture->sys[picture->self].name,
		    quorums[picture->quorum]);
	if (picture->grants)
		lk_buf_adds(buf, "grants\n");
	if (picture->recover_stopped)
		lk_buf_adds(buf, "recover-stopped\n");
	if (picture->late)
		lk_buf_adds(buf, "late\n");
	for (unsigned i = 0; i < picture->nsys; i++) {
		const struct lk_pic_sys *sys = &picture->sys[i];

		lk_buf_addf(buf, "system %s %s", sys->name, lk_life_names[sys->life]);
		print_set(picture, "refuses", sys->refuses, buf);
		print_set(picture, "no-transfer", sys->no_transfer, buf);
		print_set(picture, "absent", sys->absent, buf);
		print_set(picture, "held", sys->held, buf);
		lk_buf_addf(buf, "%s%s%s%s%s\n", sys->failed ? " failed" : "", sys->blocked ? " blocked" : "",
			    sys->unconfirmed ? " unconfirmed" : "", sys->unfenced ? " unfenced" : "",
			    sys->no_quorum ? " no-quorum" : "");
	}
	for (unsigned i = 0; i < picture->nres; i++)
		print_resource(picture, &picture->res[i], buf);
}
