/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lk/graph.h: order, walks, cycles, long chains. Graphs are written as "a>b a>c b>c". */
#include "lk/graph.h"

#include <stdlib.h>
#include <unistd.h>

#include "tap.h"
#include "lk/poison.h"

struct fixture {
	struct lk_lcd lcd;
	struct lk_graph graph;
	struct lk_err err;
	char trace[1000];
};

static void add_node(struct lk_lcd *lcd, const char *tag, struct lk_err *err)
{
	for (size_t i = 0; i < lcd->nins; i++)
		if (!strcmp(lcd->ins[i].tag, tag))
			return;
	struct lk_ins ins = { .app = "gen", .type = "app", .tag = tag, .id = tag };
	(void)!LK_LCD_APPEND(lcd, ins, ins, err);
}

static void start(struct fixture *f, const char *text)
{
	char *copy, *save = NULL;

	*f = (struct fixture){ .lcd = LK_LCD_INIT };
	copy = lk_arena_dup(&f->lcd.arena, text);
	for (char *edge = strtok_r(copy, " ", &save); edge; edge = strtok_r(NULL, " ", &save)) {
		char *to = strchr(edge, '>');

		if (to)
			*to++ = '\0';
		add_node(&f->lcd, edge, &f->err);
		if (!to)
			continue;
		add_node(&f->lcd, to, &f->err);
		struct lk_dep dep = { .parent = edge, .child = to };
		(void)!LK_LCD_APPEND(&f->lcd, dep, dep, &f->err);
	}
	if (lk_graph_build(&f->graph, &f->lcd, &f->err) < 0)
		printf("Bail out! %s\n", f->err.text);
}

static void end(struct fixture *f)
{
	lk_lcd_close(&f->lcd);
}

static void note(struct fixture *f, const char *mark, const char *text)
{
	size_t len = strlen(f->trace);

	snprintf(f->trace + len, sizeof(f->trace) - len, "%s%s", mark, text);
}

static void on_node(void *arg, unsigned node)
{
	struct fixture *f = arg;

	note(f, " ", f->graph.node[node]->tag);
}

static void on_edge(void *arg, unsigned parent, unsigned child)
{
	struct fixture *f = arg;

	note(f, " ", f->graph.node[parent]->tag);
	note(f, ">", f->graph.node[child]->tag);
}

static void order_is(const char *graph, unsigned want_n, const char *want)
{
	struct fixture f;

	start(&f, graph);
	unsigned *order = calloc(f.graph.n + 1, sizeof(*order));
	unsigned n = lk_graph_order(&f.graph, LK_DOWN, NULL, order);
	for (unsigned i = 0; i < n; i++)
		on_node(&f, order[i]);
	ok(n == want_n, "\"%s\": %u of %u nodes have an order", graph, n, f.graph.n);
	is(f.trace, want, "parents come before children, lowest tag first");
	free(order);
	end(&f);
}

/* Only some of the nodes, written as "a b c". */
static void order_of(const char *graph, enum lk_dir dir, const char *only, const char *want)
{
	struct fixture f;
	unsigned order[16];
	bool mark[16] = { false };
	char *copy, *save = NULL;

	start(&f, graph);
	copy = lk_arena_dup(&f.lcd.arena, only);
	for (char *tag = strtok_r(copy, " ", &save); tag; tag = strtok_r(NULL, " ", &save))
		mark[lk_graph_find(&f.graph, tag)] = true;
	unsigned n = lk_graph_order(&f.graph, dir, mark, order);
	for (unsigned i = 0; i < n; i++)
		on_node(&f, order[i]);
	diag("\"%s\": the order of \"%s\"", graph, only);
	is(f.trace, want, dir == LK_DOWN ? "parents come first" : "children come first");
	end(&f);
}

static void walk_is(const char *graph, const char *from, enum lk_dir dir, const char *want)
{
	struct fixture f;

	start(&f, graph);
	struct lk_walk walk = { .node = on_node, .edge = on_edge, .arg = &f };
	lk_graph_walk(&f.graph, (unsigned)lk_graph_find(&f.graph, from), dir, &walk);
	diag("\"%s\": a walk %s from %s", graph, dir == LK_DOWN ? "down" : "up", from);
	is(f.trace, want, "the nodes and edges");
	end(&f);
}

/* A chain of n, whose tags sort in the order of the chain. */
static void chain(unsigned n)
{
	struct fixture f = { .lcd = LK_LCD_INIT };
	char *tags = malloc((size_t)n * 8);
	unsigned *order = calloc(n + 1, sizeof(*order));
	bool *mark = calloc(n + 1, sizeof(*mark));
	unsigned marked = 0, right = 0;

	for (unsigned i = 0; i < n; i++) {
		char *tag = tags + (size_t)i * 8;

		snprintf(tag, 8, "%07u", i);
		struct lk_ins ins = { .tag = tag };
		struct lk_dep dep = { .parent = tag - 8, .child = tag };
		if (LK_LCD_APPEND(&f.lcd, ins, ins, &f.err) < 0 ||
		    (i && LK_LCD_APPEND(&f.lcd, dep, dep, &f.err) < 0))
			return;
	}
	ok(lk_graph_build(&f.graph, &f.lcd, &f.err) == 0, "a chain of %u is built", n);
	lk_graph_mark(&f.graph, 0, LK_DOWN, mark);
	for (unsigned i = 0; i < n; i++)
		marked += mark[i];
	ok(marked == n, "all of it is reached");
	memset(mark, 0, n);
	lk_graph_mark(&f.graph, n - 1, LK_UP, mark);
	ok(mark[0], "and walked up");
	ok(lk_graph_order(&f.graph, LK_DOWN, NULL, order) == n, "it has an order");
	for (unsigned i = 0; i < n; i++)
		right += order[i] == i;
	ok(right == n, "the right one");
	free(tags);
	free(order);
	free(mark);
	end(&f);
}

/* lcdstatus walks from every root, and each instance may be one. */
static void many_walks(void)
{
	struct fixture f;
	const struct lk_walk nothing = { 0 };

	start(&f, "a>b b>c d>c e");
	const struct lk_arena before = f.lcd.arena;
	for (unsigned i = 0; i < 100000; i++)
		lk_graph_walk(&f.graph, i % f.graph.n, LK_DOWN, &nothing);
	ok(f.lcd.arena.chunks == before.chunks && f.lcd.arena.left == before.left,
	   "many walks need no more memory than one");
	end(&f);
}

static void marks(void)
{
	struct fixture f;
	bool mark[5] = { false };

	start(&f, "a>b b>c d>c e");
	ok(lk_graph_find(&f.graph, "e") == 4 && lk_graph_find(&f.graph, "a") == 0 &&
	   lk_graph_find(&f.graph, "aa") == -1, "nodes are found by tag");
	lk_graph_mark(&f.graph, 1, LK_DOWN, mark);
	ok(!mark[0] && mark[1] && mark[2] && !mark[3] && !mark[4], "what b reaches is marked");
	lk_graph_mark(&f.graph, 3, LK_DOWN, mark);
	ok(mark[1] && mark[3] && !mark[0],
	   "marks are added to");
	end(&f);
}

int main(void)
{
	alarm(60);
	order_is("", 0, "");
	order_is("b a", 2, " a b");
	order_is("app1>ip1 app1>vol1", 3, " app1 ip1 vol1");
	order_is("z>a y>a", 3, " y z a");
	order_is("c>a b>a d>b a>e", 5, " c d b a e");
	order_is("a>b b>a c", 1, " c");
	order_is("r>a a>b b>a b>x", 1, " r");
	order_is("a>a b", 1, " b");
	order_of("r>b r>a a>c b>c", LK_DOWN, "a b c r", " r a b c");
	order_of("r>b r>a a>c b>c", LK_UP, "a b c r", " c a b r");
	order_of("b>x a>z a>x b>a", LK_UP, "x a b", " x a b");
	order_of("b>x a>z a>x z", LK_UP, "x a b", " x a b");
	order_of("b>x a>z a>x z", LK_DOWN, "x b", " b x");
	order_of("a>b b>a c>b", LK_UP, "a b c", "");
	walk_is("r>b r>a a>c b>c", "r", LK_DOWN, " r r>a a a>c c r>b b b>c");
	walk_is("r>b r>a a>c b>c", "c", LK_UP, " c a>c a r>a r b>c b r>b");
	walk_is("a>b b>c c>a", "b", LK_DOWN, " b b>c c c>a a a>b");
	walk_is("a>a", "a", LK_DOWN, " a a>a");
	walk_is("a b>c", "a", LK_DOWN, " a");
	many_walks();
	marks();
	chain(100000);
	return tap_done();
}
