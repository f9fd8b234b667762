/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lib/plan.c: what is done in which order. Graphs are written as "a>b a>c d"; a state may stand behind the
 * first mention of a tag: "a=ISP>b". Then all graphs of up to four instances, in every state, are
 * compared with the rules of the spec, written down once more as they stand there.
 */
#include "lk/plan.h"

#include <stdlib.h>
#include <unistd.h>

#include "tap.h"
#include "lk/ins.h"
#include "lk/poison.h"

struct fixture {
	struct lk_lcd lcd;
	struct lk_plan plan;
	struct lk_err err;
};

static enum lk_state state_of(const char *name)
{
	for (int i = 0; lk_state_names[i]; i++)
		if (!strcmp(lk_state_names[i], name))
			return (enum lk_state)i;
	return LK_OSU;
}

static const char *add_node(struct fixture *f, char *text)
{
	char *equals = strchr(text, '=');

	if (equals)
		*equals++ = '\0';
	struct lk_ins ins = { .app = "gen", .type = "app", .tag = text, .id = text,
			      .state = equals ? state_of(equals) : LK_OSU };
	if (!lk_ins_find(&f->lcd, text))
		(void)!LK_LCD_APPEND(&f->lcd, ins, ins, &f->err);
	return text;
}

static void build(struct fixture *f, const char *text)
{
	char *copy, *save = NULL;

	*f = (struct fixture){ .lcd = LK_LCD_INIT };
	copy = lk_arena_dup(&f->lcd.arena, text);
	for (char *edge = strtok_r(copy, " ", &save); edge; edge = strtok_r(NULL, " ", &save)) {
		char *to = strchr(edge, '>');

		if (to)
			*to++ = '\0';
		const char *parent = add_node(f, edge);
		struct lk_dep dep = { .parent = parent, .child = to ? add_node(f, to) : NULL };
		if (to)
			(void)!LK_LCD_APPEND(&f->lcd, dep, dep, &f->err);
	}
}

static void trace(const struct lk_plan *plan, char text[static 400])
{
	text[0] = '\0';
	for (unsigned i = 0; i < plan->n; i++) {
		size_t len = strlen(text);

		snprintf(text + len, 400 - len, "%s%s", len ? " " : "", lk_plan_ins(plan, i)->tag);
	}
}

struct vector {
	const char *graph, *how, *tag, *want;	/* how: a word of -s, -b and "remove" */
	int rc;
};

static const struct vector vectors[] = {
	{ "app1>ip1 app1>vol1", "", "app1", "ip1 vol1 app1", 0 },
	{ "app1>ip1 app1>vol1", "", "vol1", "vol1 ip1 app1", 0 },
	{ "app1>ip1 app1>vol1", "b", "vol1", "vol1", 0 },
	{ "app1>ip1 app1>vol1", "s", "app1", "app1", 0 },
	{ "app1>ip1 app1>vol1", "b", "app1", "ip1 vol1 app1", 0 },
	{ "app1=ISP>ip1=ISP app1>vol1=ISP", "", "app1", "", 0 },
	{ "app1>ip1=ISU app1>vol1", "", "app1", "ip1 vol1 app1", 0 },
	{ "app1>ip1=ISP app1>vol1", "", "ip1", "vol1 app1", 0 },
	{ "app1>ip1=ISP app1>vol1", "b", "ip1", "", 0 },
	{ "app1>ip1=ISP app1>vol1", "s", "ip1", "", 0 },
	{ "app1>ip1 app1>vol1 app2>vol1", "", "vol1", "vol1 ip1 app1 app2", 0 },
	{ "r=ISP>c", "", "r", "", 0 },	/* nothing below what is in service */
	{ "r>m=ISP m>c", "", "r", "r", 0 },
	{ "b>x a>z a>x", "", "x", "x z a b", 0 },
	{ "r>a r>b a>c b>c", "", "c", "c a b r", 0 },
	{ "a=OSF>b=ILLSTATE", "", "a", "b a", 0 },
	{ "a>b c>d", "", "a", "b a", 0 },
	{ "a>b", "", "nope", "", -7 },
	{ "a>b b>a", "", "a", "", -3 },
	{ "a>a", "", "a", "", -3 },
	{ "a>b b>c c>b", "", "a", "", -3 },
	{ "a>b b>a b>c", "", "c", "", -3 },
	{ "a>b b>a", "s", "a", "a", 0 },
	{ "app1>ip1 app1>vol1", "remove", "ip1", "app1 ip1", 0 },
	{ "app1>ip1 app1>vol1", "s remove", "ip1", "ip1", 0 },
	{ "app1>ip1 app1>vol1", "b remove", "ip1", "app1 ip1", 0 },
	{ "app1>ip1 app1>vol1", "remove", "app1", "app1", 0 },
	{ "r>a r>b a>c b>c", "remove", "c", "r a b c", 0 },
	{ "z>a y>a a>b", "remove", "b", "y z a b", 0 },
	{ "a>b b>a", "remove", "a", "", -3 },
	{ "a>b", "remove", "nope", "", -7 },
};

static struct lk_plan_for read_how(const struct vector *v, const char *const *tag)
{
	return (struct lk_plan_for){
		.kind = strstr(v->how, "remove") ? LK_PLAN_REMOVE : LK_PLAN_RESTORE,
		.tag = tag, .ntags = 1,
		.single = v->how[0] == 's', .below = v->how[0] == 'b',
	};
}

static void check_vector(const struct vector *v)
{
	struct fixture f;
	char got[400] = "";

	build(&f, v->graph);
	struct lk_plan_for what = read_how(v, &v->tag);
	int rc = lk_plan_make(&f.plan, &f.lcd, &what, &f.err);
	if (rc == 0)
		trace(&f.plan, got);
	ok(rc == v->rc && !strcmp(got, v->want), "\"%s\" %s %s: %s", v->graph, v->how, v->tag,
	   v->rc ? "refused" : v->want);
	if (rc != v->rc || strcmp(got, v->want) != 0)
		diag("got %d \"%s\"", rc, got);
	lk_lcd_close(&f.lcd);
}

static void several_tags(void)
{
	const char *tags[] = { "nope", "c", "d", "c" };
	struct lk_plan_for what = { .kind = LK_PLAN_REMOVE, .tag = tags, .ntags = 4,
				    .lenient = true };
	struct fixture f;
	char got[400];

	build(&f, "a>c b>d e");
	ok(lk_plan_make(&f.plan, &f.lcd, &what, &f.err) == 0, "several tags, one unknown");
	trace(&f.plan, got);
	is(got, "a b c d", "all that depends on any of them, once");
	what.lenient = false;
	ok(lk_plan_make(&f.plan, &f.lcd, &what, &f.err) == -7, "unless every tag must be known");
	lk_lcd_close(&f.lcd);
}

/* ---- all small graphs ---- */

#define NODES 4

struct small {
	bool edge[NODES][NODES];	/* parent, child */
	bool up[NODES];
	int order[NODES], n;
};

/* 3a, as it stands there */
static void visit(struct small *s, int x)
{
	if (s->up[x])
		return;
	for (int i = 0; i < s->n; i++)
		if (s->order[i] == x)
			return;
	for (int c = 0; c < NODES; c++)
		if (s->edge[x][c])
			visit(s, c);
	s->order[s->n++] = x;
}

static bool reaches(const struct small *s, int from, int to)
{
	if (from == to)
		return true;
	for (int c = 0; c < NODES; c++)
		if (s->edge[from][c] && reaches(s, c, to))
			return true;
	return false;
}

/* Above tag, bottom up: each time the lowest of those whose own children above tag are all done. */
static void restore(struct small *s, int tag)
{
	bool done[NODES] = { false };

	visit(s, tag);
	done[tag] = true;
	for (int round = 0; round < NODES; round++)
		for (int p = 0; p < NODES; p++) {
			bool next = !done[p] && reaches(s, p, tag);

			for (int c = 0; c < NODES; c++)
				next = next && !(s->edge[p][c] && reaches(s, c, tag) && !done[c]);
			if (!next)
				continue;
			visit(s, p);
			done[p] = true;
			break;
		}
}

static void remove_from(struct small *s, int tag)
{
	bool done[NODES] = { false };

	for (int round = 0; round < NODES; round++)
		for (int x = 0; x < NODES; x++) {
			bool next = !done[x] && reaches(s, x, tag);

			for (int p = 0; p < NODES; p++)
				next = next && !(s->edge[p][x] && !done[p]);
			if (!next)
				continue;
			s->order[s->n++] = x;
			done[x] = true;
			break;
		}
}

/* Dependencies that make no cycle: number the pairs (i, j), i < j, of a permuted order of tags. */
static void make_small(struct small *s, unsigned bits, const int perm[NODES], unsigned up)
{
	*s = (struct small){ .n = 0 };
	for (int i = 0; i < NODES; i++) {
		s->up[i] = up >> i & 1;
		for (int j = i + 1; j < NODES; j++, bits >>= 1)
			s->edge[perm[i]][perm[j]] = bits & 1;
	}
}

static bool right(const struct small *s, const struct fixture *f)
{
	bool same = f->plan.n == (unsigned)s->n;

	for (int i = 0; same && i < s->n; i++)
		same = lk_plan_ins(&f->plan, (unsigned)i)->tag[0] == 'a' + s->order[i];
	return same;
}

/* Every step waits for exactly those whose work it needs, and all of them stand before it. */
static bool linked(const struct small *s, const struct fixture *f, enum lk_plan_kind kind)
{
	unsigned waits[NODES] = { 0 };

	for (unsigned i = 0; i < f->plan.n; i++)
		for (unsigned k = 0; k < f->plan.step[i].nnext; k++) {
			unsigned next = f->plan.step[i].next[k];
			int one = s->order[i], other = s->order[next];

			if (next <= i ||
			    !(kind == LK_PLAN_RESTORE ? s->edge[other][one] : s->edge[one][other]))
				return false;
			waits[next]++;
		}
	for (unsigned i = 0; i < f->plan.n; i++) {
		unsigned needs = 0;

		for (unsigned k = 0; k < f->plan.n; k++)
			needs += kind == LK_PLAN_RESTORE ? s->edge[s->order[i]][s->order[k]]
							 : s->edge[s->order[k]][s->order[i]];
		if (waits[i] != f->plan.step[i].waits || waits[i] != needs)
			return false;
	}
	return true;
}

static bool same_plan(struct small s, int tag, enum lk_plan_kind kind)
{
	static const char *const names[] = { "a", "b", "c", "d" };
	struct lk_plan_for what = { .kind = kind, .tag = &names[tag], .ntags = 1 };
	struct fixture f;
	char text[200] = "";

	for (int i = 0; i < NODES; i++) {
		size_t len = strlen(text);

		len += (size_t)snprintf(text + len, sizeof(text) - len, " %s=%s", names[i],
					s.up[i] ? "ISP" : "OSU");
		for (int j = 0; j < NODES; j++)
			if (s.edge[i][j])
				len += (size_t)snprintf(text + len, sizeof(text) - len, " %s>%s",
							names[i], names[j]);
	}
	build(&f, text);
	for (int i = 0; i < NODES; i++)
		lk_ins_find(&f.lcd, names[i])->state = s.up[i] ? LK_ISP : LK_OSU;
	if (kind == LK_PLAN_RESTORE)
		restore(&s, tag);
	else
		remove_from(&s, tag);
	bool good = lk_plan_make(&f.plan, &f.lcd, &what, &f.err) == 0 && right(&s, &f) &&
		    linked(&s, &f, kind);
	if (!good)
		diag("%s, tag %s, kind %d", text, names[tag], (int)kind);
	lk_lcd_close(&f.lcd);
	return good;
}

static void all_small(void)
{
	static const int perms[][NODES] = { { 0, 1, 2, 3 }, { 3, 2, 1, 0 }, { 1, 3, 0, 2 },
					    { 2, 0, 3, 1 } };
	unsigned tried = 0, good = 0;
	struct small s;

	for (int p = 0; p < 4; p++)
		for (unsigned bits = 0; bits < 64; bits++)
			for (unsigned up = 0; up < 16; up++) {
				make_small(&s, bits, perms[p], up);
				for (int tag = 0; tag < NODES; tag++, tried += 2)
					good += (unsigned)same_plan(s, tag, LK_PLAN_RESTORE) +
						(unsigned)same_plan(s, tag, LK_PLAN_REMOVE);
			}
	ok(good == tried, "%u of %u plans over all graphs of %d are those of the rules", good,
	   tried, NODES);
}

/* A chain longer than any stack of calls would bear. */
static void long_chain(unsigned n)
{
	struct fixture f = { .lcd = LK_LCD_INIT };
	char *tags = malloc((size_t)n * 8);
	const char *top = tags;
	struct lk_plan_for what = { .kind = LK_PLAN_RESTORE, .tag = &top, .ntags = 1 };

	for (unsigned i = 0; i < n; i++) {
		char *tag = tags + (size_t)i * 8;

		snprintf(tag, 8, "%07u", i);
		struct lk_ins ins = { .tag = tag, .state = LK_OSU };
		struct lk_dep dep = { .parent = tag - 8, .child = tag };
		if (LK_LCD_APPEND(&f.lcd, ins, ins, &f.err) < 0 ||
		    (i && LK_LCD_APPEND(&f.lcd, dep, dep, &f.err) < 0))
			return;
	}
	ok(lk_plan_make(&f.plan, &f.lcd, &what, &f.err) == 0 && f.plan.n == n &&
	   lk_plan_ins(&f.plan, n - 1)->tag == top, "a chain of %u, from its top", n);
	what.kind = LK_PLAN_REMOVE;
	top = tags + (size_t)(n - 1) * 8;
	ok(lk_plan_make(&f.plan, &f.lcd, &what, &f.err) == 0 && f.plan.n == n &&
	   lk_plan_ins(&f.plan, n - 1)->tag == top, "and removed from its bottom");
	free(tags);
	lk_lcd_close(&f.lcd);
}

int main(void)
{
	alarm(120);
	for (size_t i = 0; i < sizeof(vectors) / sizeof(*vectors); i++)
		check_vector(&vectors[i]);
	several_tags();
	all_small();
	long_chain(50000);
	return tap_done();
}
