/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Golden decisions, and what must hold for every picture. The cases are pictures (lk/picfile.h) with
 *	event avail | event down SYSTEM | event up SYSTEM
 * and behind each event one line per resource:
 *	expect TAG WHAT WHY [SYSTEM]
 * recorded.pics has many of them, each from its "self" on.
 */
#include "lk/picfile.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>

#include "lk/cleanup.h"
#include "../unit/tap.h"
#include "must.h"
#include "lk/poison.h"

#define LINES_MAX 200
#define TEXT_MAX (1024 * 1024)

struct lines {
	char *line[LINES_MAX];
	unsigned n;
	struct lk_arena *arena;
};

static int keep_line(void *arg, char *line, unsigned number, struct lk_err *err)
{
	struct lines *lines = arg;
	char *copy = lk_arena_dup(lines->arena, line);

	(void)number;
	if (!copy || lines->n == LINES_MAX)
		return lk_fail_nomem(err);
	lines->line[lines->n++] = copy;
	return 0;
}

static char *read_file(const char *path)
{
	FILE LK_AUTO_FILE *file = fopen(path, "r");
	char *text = calloc(1, TEXT_MAX);

	if (!file || !text || fread(text, 1, TEXT_MAX - 1, file) == 0) {
		free(text);
		return NULL;
	}
	return text;
}

static int find_resource(const struct lk_picture *pic, const char *tag)
{
	for (unsigned i = 0; i < pic->nres; i++)
		if (!strcmp(pic->res[i].tag, tag))
			return (int)i;
	return -1;
}

/* ---- golden cases ---- */

static bool reasons[LK_WHY_SAME + 1];	/* that a case has */

/* false, with a line: a decision breaks what holds for all. */
static bool holds(const struct lk_picture *pic, enum lk_event event, unsigned sys, const struct lk_decision *decision)
{
	bool good = true;

	for (unsigned i = 0; i < pic->nres; i++) {
		const struct must must = { .pic = pic, .res = &pic->res[i], .event = event, .sys = sys,
					   .decision = decision[i] };
		const char *broken = must_broken(&must);

		if (broken)
			diag("%s: %s, %s: %s", pic->res[i].tag, lk_what_names[decision[i].what],
			     lk_why_names[decision[i].why], broken);
		good = good && !broken;
	}
	return good;
}

static bool take_event(const struct lk_picture *pic, const char *line, struct lk_decision *decision)
{
	char kind[16], name[256] = "";
	int n = sscanf(line, "event %15s %255s", kind, name);
	int sys = n == 2 ? lk_pic_find_sys(pic, name) : 0;

	if (n < 1 || sys < 0)
		return false;
	enum lk_event event = !strcmp(kind, "down") ? LK_EVENT_DOWN :
			      !strcmp(kind, "up") ? LK_EVENT_UP : LK_EVENT_AVAIL;
	lk_decide(pic, event, (unsigned)sys, decision);
	for (unsigned i = 0; i < pic->nres; i++)
		reasons[decision[i].why] = true;
	return holds(pic, event, (unsigned)sys, decision);
}

static void check_line(const struct lk_picture *pic, const char *file, const char *event,
		       const char *line, const struct lk_decision *decision)
{
	char tag[256], got[600], want[600], rest[300];
	int at = 0;

	if (sscanf(line, "expect %255s %n", tag, &at) != 1 || find_resource(pic, tag) < 0) {
		ok(false, "%s: cannot read \"%s\"", file, line);
		return;
	}
	const struct lk_decision *d = &decision[find_resource(pic, tag)];
	snprintf(got, sizeof(got), "%s %s%s%s", lk_what_names[d->what], lk_why_names[d->why],
		 d->sys >= 0 ? " " : "", d->sys >= 0 ? pic->sys[d->sys].name : "");
	snprintf(rest, sizeof(rest), "%s", line + at);
	snprintf(want, sizeof(want), "%s: %s: %s", file, event, line);
	is(got, rest, want);
}

static void check_case(const char *name, char *text)
{
	struct lk_arena arena = { 0 };
	struct lines lines = { .arena = &arena };
	struct lk_picfile file = { .name = name, .other = keep_line, .arg = &lines };
	struct lk_decision decision[64];
	struct lk_picture pic;
	struct lk_err err;
	const char *event = NULL;

	if (lk_picfile_parse(&file, text, &arena, &pic, &err) < 0) {
		ok(false, "%s can be read (%s)", name, err.text);
		lk_arena_free(&arena);
		return;
	}
	for (unsigned i = 0; i < lines.n; i++) {
		if (!strncmp(lines.line[i], "event", 5)) {
			event = lines.line[i];
			if (!take_event(&pic, event, decision))
				ok(false, "%s: \"%s\" is an event, and what follows breaks nothing", name, event);
		} else if (event) {
			check_line(&pic, name, event, lines.line[i], decision);
		}
	}
	ok(event != NULL, "%s has an event", name);
	lk_arena_free(&arena);
}

static void check_file(const char *path)
{
	char LK_AUTO_FREE *text = read_file(path);

	if (!text)
		ok(false, "%s can be read", path);
	else
		check_case(strrchr(path, '/') + 1, text);
}

static void golden(void)
{
	const char *src = getenv("LK_SRC");
	char pattern[4096];
	glob_t found = { 0 };

	snprintf(pattern, sizeof(pattern), "%s/tests/decide/cases/*.pic", src ? src : ".");
	if (!ok(glob(pattern, 0, NULL, &found) == 0, "there are cases in %s", pattern))
		return;
	for (size_t i = 0; i < found.gl_pathc; i++)
		check_file(found.gl_pathv[i]);
	globfree(&found);
}

/* Where the next one begins, or NULL. */
static char *next_case(char *text)
{
	char *at = strstr(text, "\nself ");

	return at ? at + 1 : NULL;
}

/* Without what is expected: no two are the same. */
static bool is_new(char **known, unsigned n, char *text)
{
	char *expect = strstr(text, "\nexpect ");
	bool same = false;

	known[n] = expect ? strndup(text, (size_t)(expect - text)) : NULL;
	for (unsigned i = 0; i < n && known[n]; i++)
		same = same || (known[i] && !strcmp(known[i], known[n]));
	return known[n] && !same;
}

#define RECORDED_MAX 2000
static void recorded(void)
{
	static char *known[RECORDED_MAX];
	const char *src = getenv("LK_SRC");
	char path[4096], name[32], *next;
	unsigned n = 0, same = 0;

	snprintf(path, sizeof(path), "%s/tests/decide/recorded.pics", src ? src : ".");
	char LK_AUTO_FREE *text = read_file(path);
	if (!ok(text != NULL, "there is %s", path))
		return;
	for (char *at = next_case(text); at && n < RECORDED_MAX; at = next, n++) {
		next = next_case(at);
		if (next)
			next[-1] = '\0';
		same += !is_new(known, n, at);
		snprintf(name, sizeof(name), "recorded %u", n + 1);
		check_case(name, at);
	}
	ok(n >= 300 && same == 0, "%u pictures were recorded, each of its own kind", n);
	for (unsigned i = 0; i < n; i++)
		free(known[i]);
}

static void every_reason(void)
{
	for (unsigned i = 0; i < LK_WHY_SAME; i++)
		ok(reasons[i], "a case has the reason %s", lk_why_names[i]);
}

/* ---- every picture ---- */

static unsigned long long seed = 1;

static unsigned draw(unsigned n)
{
	seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return (unsigned)(seed >> 33) % n;
}

/* A picture as all systems that are ALIVE see it: each of them can be self. */
static void random_picture(struct lk_picture *pic, struct lk_pic_res *res, struct lk_pic_copy *copy)
{
	static const char *const names[] = { "alpha", "beta", "gamma", "delta", "epsilon" };
	unsigned n = 2 + draw(4), serving = draw(2 * n);

	*pic = (struct lk_picture){ .nsys = n, .res = res, .nres = 1, .copy = copy, .ncopy = n };
	pic->quorum = (enum lk_pic_quorum)draw(2);
	pic->recover_stopped = draw(4) == 0;
	*res = (struct lk_pic_res){ .tag = "r", .n = n, .root = (enum lk_switchback)draw(2) };
	for (unsigned i = 0; i < n; i++) {
		pic->sys[i] = (struct lk_pic_sys){ .name = names[i], .life = (enum lk_life)(draw(4) ? 0 : draw(3)),
						   .refuses = draw(4) ? 0 : draw(1u << n) };
		bool seen = pic->sys[i].life == LK_LIFE_ALIVE;
		copy[i] = (struct lk_pic_copy){
			.sys = (uint8_t)i, .priority = 1 + ((i + serving) % n) * 10,
			.state = seen ? (i == serving ? LK_ISP : LK_OSU) : LK_PIC_UNSEEN,
			.epoch = seen ? 5 + draw(2) : 0,
			.owner = seen ? (int)draw(n + 1) - 1 : LK_PIC_NORECORD,
			.init = (enum lk_init)draw(3),
		};
	}
	/* one epoch has one owner: that is what the protocol of epochs is for */
	for (unsigned i = 1; i < n; i++)
		for (unsigned k = 0; k < i; k++)
			if (copy[i].epoch && copy[i].epoch == copy[k].epoch)
				copy[i].owner = copy[k].owner;
}

/* How many of the ALIVE systems would start it, and would one beside a system that has it or may have it? */
static unsigned count_starts(struct lk_picture *pic, enum lk_event event, unsigned sys, bool *beside)
{
	struct lk_decision d;
	unsigned starts = 0;

	for (unsigned self = 0; self < pic->nsys; self++) {
		if (pic->sys[self].life != LK_LIFE_ALIVE)
			continue;
		pic->self = (uint8_t)self;
		lk_decide(pic, event, sys, &d);
		if (d.what != LK_DO_RESTORE)
			continue;
		starts++;
		for (unsigned i = 0; i < pic->ncopy; i++)
			if (i != self && pic->copy[i].state == LK_ISP)
				*beside = true;
	}
	return starts;
}

static void print_picture(const struct lk_picture *pic)
{
	struct lk_buf LK_AUTO_BUF text = { 0 };

	lk_picfile_print(pic, &text);
	for (char *line = text.data, *next; line && *line; line = next) {
		next = strchr(line, '\n');
		*next++ = '\0';
		diag("%s", line);
	}
}

static void at_most_one(void)
{
	unsigned wrong = 0, started = 0, none = 0;

	for (unsigned i = 0; i < 200000; i++) {
		struct lk_picture pic;
		struct lk_pic_res res;
		struct lk_pic_copy copy[5];
		bool beside = false;

		random_picture(&pic, &res, copy);
		enum lk_event event = (enum lk_event)draw(3);
		unsigned sys = draw(pic.nsys), starts = count_starts(&pic, event, sys, &beside);

		started += starts > 0;
		none += starts == 0;
		if ((starts > 1 || beside) && wrong++ < 3)
			print_picture(&pic);
	}
	ok(wrong == 0, "of the systems that see one picture at most one starts a resource (%u did, %u did not)",
	   started, none);
	ok(started > 1000 && none > 1000, "both happens often");
}

/* After the death of the owner somebody who may take it does, if all states are known. */
static void somebody(void)
{
	unsigned wrong = 0, cases = 0;

	for (unsigned i = 0; i < 200000; i++) {
		struct lk_picture pic;
		struct lk_pic_res res;
		struct lk_pic_copy copy[5];
		bool beside = false, able = false;
		uint64_t epoch;

		random_picture(&pic, &res, copy);
		int owner = lk_decide_owner(&pic, &res, &epoch);
		if (owner < 0 || pic.sys[owner].life != LK_LIFE_DEAD)
			continue;
		bool clear = true;
		for (unsigned k = 0; k < pic.nsys; k++) {
			clear = clear && pic.sys[k].life != LK_LIFE_UNKNOWN && copy[k].state != LK_ISP;
			able = able || (pic.sys[k].life == LK_LIFE_ALIVE && !(pic.sys[k].refuses & 1u << owner));
		}
		if (!clear || !able)
			continue;
		cases++;
		wrong += count_starts(&pic, LK_EVENT_DOWN, (unsigned)owner, &beside) != 1;
	}
	ok(wrong == 0 && cases > 1000, "after the owner's death exactly one of those who may starts it (%u cases)",
	   cases);
}

/* What the other tests leave out: with grants it is not the picture that says who starts. */
static void draw_words(struct lk_picture *pic)
{
	pic->grants = draw(2);
	for (unsigned i = 0; i < pic->nsys; i++) {
		pic->sys[i].held = draw(4) ? 0 : draw(1u << pic->nsys);
		pic->sys[i].no_quorum = draw(2);
		pic->sys[i].unconfirmed = draw(2);
		pic->sys[i].unfenced = draw(2);
		pic->sys[i].blocked = draw(2);
		pic->sys[i].failed = draw(2);
	}
}

static bool same_words(const struct lk_picture *a, const struct lk_picture *b)
{
	bool same = a->grants == b->grants && a->quorum == b->quorum && a->nsys == b->nsys;

	for (unsigned i = 0; same && i < a->nsys; i++)
		same = a->sys[i].no_quorum == b->sys[i].no_quorum && a->sys[i].unconfirmed == b->sys[i].unconfirmed &&
		       a->sys[i].unfenced == b->sys[i].unfenced && a->sys[i].held == b->sys[i].held &&
		       a->sys[i].blocked == b->sys[i].blocked && a->sys[i].failed == b->sys[i].failed;
	return same;
}

static void round_trip(void)
{
	unsigned wrong = 0;

	for (unsigned i = 0; i < 2000; i++) {
		struct lk_arena arena = { 0 };
		struct lk_picfile file = { .name = "printed" };
		struct lk_buf LK_AUTO_BUF one = { 0 }, other = { 0 };
		struct lk_picture pic, back;
		struct lk_pic_res res;
		struct lk_pic_copy copy[5];
		struct lk_err err;

		random_picture(&pic, &res, copy);
		draw_words(&pic);
		lk_picfile_print(&pic, &one);
		char LK_AUTO_FREE *text = strdup(one.data);
		if (text && lk_picfile_parse(&file, text, &arena, &back, &err) == 0)
			lk_picfile_print(&back, &other);
		wrong += !other.data || strcmp(one.data, other.data) != 0 || !same_words(&pic, &back);
		lk_arena_free(&arena);
	}
	ok(wrong == 0, "a printed picture reads back the same");
}

/* Whatever it is, and whatever is said of its systems. */
static void nothing_broken(void)
{
	unsigned wrong = 0;

	for (unsigned i = 0; i < 200000; i++) {
		struct lk_picture pic;
		struct lk_pic_res res;
		struct lk_pic_copy copy[5];
		struct lk_decision decision;

		random_picture(&pic, &res, copy);
		draw_words(&pic);
		pic.quorum = (enum lk_pic_quorum)draw(3);
		res.split = draw(8) == 0;
		res.fixed = draw(8) == 0;
		for (unsigned k = 0; k < pic.nsys; k++)
			pic.sys[k].absent = draw(4) ? 0 : draw(1u << pic.nsys);
		enum lk_event event = (enum lk_event)draw(3);
		unsigned sys = draw(pic.nsys);

		lk_decide(&pic, event, sys, &decision);
		if (!holds(&pic, event, sys, &decision) && wrong++ < 3)
			print_picture(&pic);
	}
	ok(wrong == 0, "no picture makes a decision that breaks what holds for all");
}

static void refuses(const char *text, const char *what)
{
	struct lk_arena arena = { 0 };
	struct lk_picfile file = { .name = "x" };
	struct lk_picture pic;
	struct lk_err err;
	char LK_AUTO_FREE *copy = strdup(text);

	ok(copy && lk_picfile_parse(&file, copy, &arena, &pic, &err) == -LK_EX_INTERNAL, "%s is refused", what);
	lk_arena_free(&arena);
}

int main(void)
{
	golden();
	recorded();
	every_reason();
	nothing_broken();
	at_most_one();
	somebody();
	round_trip();
	refuses("", "a picture without self");
	refuses("self a\nsystem a ALIVE\nsystem a DEAD\n", "a system that is there twice");
	refuses("self a\nsystem a DOWN\n", "an unknown life");
	refuses("self a\nsystem a ALIVE refuses=b\n", "a list with an unknown system");
	refuses("self a\nsystem a ALIVE\ncopy a 1 ISP\n", "a copy without resource");
	refuses("self a\nsystem a ALIVE\nresource r\ncopy a 0 ISP\n", "priority 0");
	refuses("self a\nsystem a ALIVE\nresource r\ncopy a 1 ON\n", "an unknown state");
	return tap_done();
}
