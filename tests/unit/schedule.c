/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The scheduling of checks (sbin/lkcheck/schedule.c), with a clock of the test's own. */
#include <stdlib.h>

#include "../../sbin/lkcheck/schedule.h"
#include "tap.h"
#include "lk/poison.h"

#define ENTRIES 500

/* A world in which every check of an entry takes its time. */
struct sim {
	struct schedule s;
	struct entry e[ENTRIES];
	int64_t takes[ENTRIES], ends[ENTRIES];	/* ends: -1: not running */
	int64_t first[ENTRIES], last[ENTRIES];	/* start of the first and the last check */
	unsigned runs[ENTRIES][KINDS];
	enum kind kind[ENTRIES];		/* of the first check */
	unsigned n, running, most;
	int64_t now;
	bool twice;		/* a check began while another one of the entry ran */
	bool early;		/* a check began before the interval was over */
};

static void sim_init(struct sim *sim, unsigned n, unsigned limit)
{
	schedule_free(&sim->s);
	*sim = (struct sim){ .n = n, .s.limit = limit };
	if (!schedule_reserve(&sim->s, n))
		abort();
	for (unsigned i = 0; i < n; i++) {
		schedule_init(&sim->e[i]);
		sim->ends[i] = sim->first[i] = sim->last[i] = -1;
		sim->takes[i] = 10;
	}
}

static void set(struct sim *sim, unsigned i, int64_t quick, int64_t deep)
{
	const struct truth truth = { .interval = { quick, deep }, .in_service = true, .free = true,
				     .chance = 7919 * i };

	schedule_set(&sim->s, &sim->e[i], &truth, sim->now);
}

static void lock(struct sim *sim, unsigned i, bool in_service, bool is_free)
{
	const struct entry *e = &sim->e[i];
	const struct truth truth = { .interval = { e->interval[QUICK], e->interval[DEEP] },
				     .in_service = in_service, .free = is_free, .chance = 1 };

	schedule_set(&sim->s, &sim->e[i], &truth, sim->now);
}

static void begin(struct sim *sim, struct entry *e)
{
	unsigned i = (unsigned)(e - sim->e);

	sim->twice = sim->twice || sim->ends[i] >= 0;
	sim->ends[i] = sim->now + sim->takes[i];
	if (!sim->runs[i][QUICK] && !sim->runs[i][DEEP]) {
		sim->first[i] = sim->now;
		sim->kind[i] = e->kind;
	}
	sim->last[i] = sim->now;
	sim->runs[i][e->kind]++;
	sim->running++;
	sim->most = sim->running > sim->most ? sim->running : sim->most;
}

static void end(struct sim *sim, unsigned i)
{
	sim->ends[i] = -1;
	sim->running--;
	(void)schedule_ended(&sim->s, &sim->e[i], sim->now);
}

/* To the next moment at which something happens. */
static void step(struct sim *sim, int64_t until)
{
	int64_t next = schedule_wake(&sim->s);

	for (unsigned i = 0; i < sim->n; i++)
		if (sim->ends[i] >= 0 && sim->ends[i] < next)
			next = sim->ends[i];
	sim->now = next > until ? until : next > sim->now ? next : sim->now;
	for (unsigned i = 0; i < sim->n; i++)
		if (sim->ends[i] >= 0 && sim->ends[i] <= sim->now)
			end(sim, i);
	for (struct entry *e; (e = schedule_next(&sim->s, sim->now));)
		begin(sim, e);
}

static void run(struct sim *sim, int64_t until)
{
	unsigned turns = 0;

	while (sim->now < until && turns++ < 1000000)
		step(sim, until);
	ok(turns < 1000000, "the schedule never spins");
}

static void test_one(void)
{
	static struct sim sim;

	sim_init(&sim, 1, 16);
	set(&sim, 0, 2000, 2000);
	run(&sim, 10000);
	ok(!sim.runs[0][QUICK] && sim.runs[0][DEEP] >= 4 && sim.runs[0][DEEP] <= 5,
	   "EV18: with the same intervals only the deep check runs");
	sim_init(&sim, 1, 16);
	set(&sim, 0, 0, 0);
	run(&sim, 1000000);
	ok(!sim.runs[0][QUICK] && !sim.runs[0][DEEP], "EV19: intervals of 0 are no checks");
	sim_init(&sim, 1, 16);
	set(&sim, 0, 180000, 300000);
	run(&sim, 10000);
	ok(sim.kind[0] == DEEP && sim.first[0] <= SPREAD_MS,
	   "EV20: the first check is the deep one, soon");
	run(&sim, 10000000);
	ok(sim.runs[0][QUICK] >= 30 && sim.runs[0][DEEP] >= 30, "both kinds run in turn");
	sim_init(&sim, 1, 16);
	set(&sim, 0, 1000, 0);
	sim.takes[0] = 700;
	run(&sim, 100000);
	ok(sim.runs[0][QUICK] >= 57 && sim.runs[0][QUICK] <= 59,
	   "the interval counts from the end of the last check");
}

static void test_many(void)
{
	static struct sim sim;
	unsigned least = UINT32_MAX, deep = 0;

	sim_init(&sim, ENTRIES, 16);
	for (unsigned i = 0; i < ENTRIES; i++)
		set(&sim, i, 10000, 20000);
	run(&sim, 9999);
	for (unsigned i = 0; i < ENTRIES; i++)
		deep += sim.kind[i] == DEEP && sim.runs[i][DEEP];
	ok(deep > 490, "the first deep checks of 500 are begun within 10 s");
	ok(sim.most < 16, "and spread, not all at once");
	run(&sim, 100000);
	for (unsigned i = 0; i < ENTRIES; i++)
		if (sim.runs[i][QUICK] + sim.runs[i][DEEP] < least)
			least = sim.runs[i][QUICK] + sim.runs[i][DEEP];
	ok(least >= 9, "everyone has its turn, at least %u times", least);
	ok(!sim.twice, "no entry is checked twice at the same time");
}

static void test_limit(void)
{
	static struct sim sim;

	sim_init(&sim, 100, 4);
	for (unsigned i = 0; i < 100; i++) {
		sim.takes[i] = 1000;
		set(&sim, i, 0, 100000);
	}
	run(&sim, 60000);
	ok(sim.most == 4, "no more than the limit run at a time: %u", sim.most);
	unsigned done = 0;
	for (unsigned i = 0; i < 100; i++)
		done += sim.runs[i][DEEP] > 0;
	ok(done == 100, "and all of them have run");
}

static void test_hang(void)
{
	static struct sim sim;

	sim_init(&sim, 50, 4);
	for (unsigned i = 0; i < 50; i++) {
		sim.takes[i] = i < 20 ? INT64_MAX / 2 : 10;
		set(&sim, i, 5000, 0);
	}
	run(&sim, 60000);
	unsigned least = UINT32_MAX;
	for (unsigned i = 20; i < 50; i++)
		least = sim.runs[i][QUICK] < least ? sim.runs[i][QUICK] : least;
	ok(least >= 5, "20 checks that hang forever do not stop 30 others: %u", least);
}

static void test_ask(void)
{
	static struct sim sim;

	sim_init(&sim, 3, 1);
	set(&sim, 0, 0, 1000);
	sim.takes[0] = 500;
	for (unsigned i = 1; i < 3; i++)
		set(&sim, i, 600000, 600000);
	run(&sim, 100000);
	while (sim.ends[0] < 0)
		step(&sim, INT64_MAX);
	schedule_ask(&sim.s, &sim.e[1]);
	ok(schedule_wake(&sim.s) <= sim.now, "what is asked for is due at once");
	step(&sim, INT64_MAX);
	ok(sim.runs[1][QUICK] == 1 && sim.ends[1] >= 0, "and needs no free place");
	schedule_ask(&sim.s, &sim.e[1]);
	int64_t when = sim.ends[1];
	run(&sim, when + 1);
	ok(sim.runs[1][QUICK] == 2 && !sim.twice, "asked for while it runs, it runs again right after");
	lock(&sim, 2, true, false);
	schedule_ask(&sim.s, &sim.e[2]);
	unsigned before = sim.runs[2][QUICK] + sim.runs[2][DEEP];
	run(&sim, sim.now + 5000);
	ok(sim.runs[2][QUICK] + sim.runs[2][DEEP] == before, "what is reserved is not checked, asked or not");
	set(&sim, 0, 0, 0);
	schedule_ask(&sim.s, &sim.e[0]);
	before = sim.runs[0][DEEP];
	run(&sim, sim.now + 5000);
	ok(sim.runs[0][DEEP] == before, "what has no checks is not checked, asked or not");
}

static void test_off(void)
{
	static struct sim sim;

	sim_init(&sim, 1, 4);
	set(&sim, 0, 1000, 5000);
	sim.takes[0] = 300;
	while (sim.ends[0] < 0)
		step(&sim, INT64_MAX);
	lock(&sim, 0, true, false);
	ok(sim.e[0].state == SPOILED, "a reservation spoils the check that runs");
	sim.now = sim.ends[0];
	sim.ends[0] = -1;
	sim.running--;
	ok(!schedule_ended(&sim.s, &sim.e[0], sim.now), "and its result does not count");
	unsigned before = sim.runs[0][QUICK] + sim.runs[0][DEEP];
	run(&sim, sim.now + 20000);
	ok(sim.runs[0][QUICK] + sim.runs[0][DEEP] == before, "nothing runs while it is reserved");
	lock(&sim, 0, true, true);
	run(&sim, sim.now + 10);
	ok(sim.ends[0] >= 0, "the check that is overdue runs when it is free again");
	run(&sim, sim.now + 400);
	lock(&sim, 0, false, true);
	run(&sim, sim.now + 20000);
	before = sim.runs[0][DEEP];
	lock(&sim, 0, true, true);
	unsigned quick = sim.runs[0][QUICK];
	while (sim.ends[0] < 0)
		step(&sim, INT64_MAX);
	ok(sim.runs[0][DEEP] == before + 1 && sim.runs[0][QUICK] == quick,
	   "in service again, it begins with the deep check");
}

static void test_change(void)
{
	static struct sim sim;

	sim_init(&sim, 1, 4);
	set(&sim, 0, 600000, 0);
	run(&sim, 20000);
	set(&sim, 0, 1000, 0);
	unsigned before = sim.runs[0][QUICK];
	run(&sim, sim.now + 1100);
	ok(sim.runs[0][QUICK] == before + 1, "a shorter interval counts at once");
	set(&sim, 0, 1000, 2000);
	run(&sim, sim.now + 5000);
	ok(sim.runs[0][DEEP] >= 1, "a check that is switched on runs within its interval");
	set(&sim, 0, 1000, 0);
	before = sim.runs[0][DEEP];
	run(&sim, sim.now + 10000);
	ok(sim.runs[0][DEEP] == before, "a check that is switched off does not run");
}

int main(void)
{
	struct lk_buf graph = { 0 };

	test_one();
	test_many();
	test_limit();
	test_hang();
	test_ask();
	test_off();
	test_change();
	schedule_graph(&graph);
	ok(graph.data && strstr(graph.data, "waiting -> running"), "the graph has the states");
	lk_buf_free(&graph);
	return tap_done();
}
