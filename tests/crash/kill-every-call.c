/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writers are killed with SIGKILL on entry to and after every system call, from the opening of the
 * tree on. At once a reader must see the state before or the state after; the next writer must succeed without
 * waiting; no journal may remain, nor a ".new" file of a change that was made. A command that had
 * entered exit_group(0) is never undone.
 *
 *	LK_KILL_STRIDE	only at every n-th stop (1; 7 under AddressSanitizer, which starts slowly)
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lab.h"
#include "../unit/tap.h"
#include "lk/poison.h"

#ifdef __SANITIZE_ADDRESS__
#define STRIDE 7
#else
#define STRIDE 1
#endif

struct scenario {
	const char *name;
	void (*fixture)(const char *root);
	const char *prepare[3];
	const char *writer;
	bool broken;	/* violations must be found */
};

static const struct scenario scenarios[] = {
	{ "the first command in a fresh tree", lab_fixture_empty, { 0 }, "app_create -a gen", false },
	{ "typ_create, which makes directories", lab_fixture_empty, { "app_create -a comm" },
	  "typ_create -a comm -r dns", false },
	{ "ins_create", lab_fixture_full, { 0 }, "ins_create -a gen -r ip -t ip2 -i 10.0.0.2", false },
	{ "flg_create", lab_fixture_full, { 0 }, "flg_create -f !nofailover!beta", false },
	{ "flg_remove", lab_fixture_full, { "flg_create -f x" }, "flg_remove -f x", false },
	{ "typ_remove with an instance, dependency and equivalency", lab_fixture_full, { 0 },
	  "typ_remove -a gen -r ip", false },
	{ "app_remove with all below it", lab_fixture_full, { 0 }, "app_remove -a gen", false },
	{ "a transaction over every file", lab_fixture_full, { "many 1" }, "many 2", false },
	{ "a transaction without journal", lab_fixture_full, { "many 1" }, "many-nojournal 2", true },
};

struct lab {
	const char *root;
	const struct scenario *scenario;
	struct lab_tree base;
	struct lk_buf before, after, seen, again;
	unsigned at, stride, violations, kills, was_after;
};

static bool stop_at(void *arg, const struct lab_stop *stop)
{
	unsigned *left = arg;

	(void)stop;
	return --*left == 0;
}

static void violation(struct lab *lab, const char *what)
{
	if (!lab->scenario->broken && lab->violations < 5)
		diag("%s: killed at stop %u: %s", lab->scenario->writer, lab->at, what);
	lab->violations++;
}

static bool same(const struct lk_buf *a, const struct lk_buf *b)
{
	return a->len == b->len && !memcmp(a->data, b->data, a->len);
}

static void check_next_writer(struct lab *lab, bool is_after)
{
	double start = lab_now();
	int code = lab_run("flg_create -f next");
	struct lk_err err;

	if (code != 0)
		violation(lab, "the next writer failed");
	if (lab_now() - start > 5)
		violation(lab, "the next writer waited");
	if (lab_has(lab->root, "config/journal"))
		violation(lab, "a journal remains");
	if (is_after && lab_has(lab->root, ".new"))
		violation(lab, "a .new file of a committed change remains");
	if (lab_run("flg_remove -f next") != 0 || lab_dump(&lab->again, &err) < 0)
		violation(lab, "the tree is damaged after the next writer");
	else if (!same(&lab->again, &lab->seen))
		violation(lab, "the next writer changed what had been read");
}

static void check(struct lab *lab, const struct lab_end *end)
{
	struct lk_err err;
	int rc = lab_dump(&lab->seen, &err);
	bool is_after = rc == 0 && same(&lab->seen, &lab->after);

	lab->was_after += is_after;
	if (rc < 0)
		violation(lab, err.text);
	else if (!is_after && !same(&lab->seen, &lab->before))
		violation(lab, "the reader sees neither the old nor the new state");
	else if (end->acknowledged && !is_after)
		violation(lab, "an acknowledged change is not there");
	if (rc == 0)
		check_next_writer(lab, is_after);
}

static bool prepare(struct lab *lab)
{
	const struct scenario *s = lab->scenario;
	struct lk_err err;
	bool fine = true;

	s->fixture(lab->root);
	for (int i = 0; i < 3 && s->prepare[i]; i++)
		fine = fine && lab_run(s->prepare[i]) == 0;
	lab_tree_free(&lab->base);
	lab_load(lab->root, &lab->base);
	fine = fine && lab_dump(&lab->before, &err) == 0 && lab_run(s->writer) == 0 &&
	       lab_dump(&lab->after, &err) == 0;
	return fine && !same(&lab->before, &lab->after);
}

static void run(struct lab *lab)
{
	struct lab_end end;

	lab->violations = lab->kills = lab->was_after = 0;
	if (!ok(prepare(lab), "%s: it runs and changes something", lab->scenario->name))
		return;
	for (lab->at = 1;; lab->at += lab->stride) {
		unsigned left = lab->at;

		lab_store(lab->root, &lab->base);
		lab_trace(lab->scenario->writer, lab->root, stop_at, &left, &end);
		if (!end.killed)
			break;
		lab->kills++;
		check(lab, &end);
	}
	ok(end.code == 0 && lab->kills * lab->stride > 20 && lab->was_after && lab->was_after < lab->kills,
	   "%s: killed at %u places, before and after the commit", lab->scenario->name, lab->kills);
	if (lab->scenario->broken)
		ok(lab->violations > 0, "%s: the test notices (%u violations)",
		   lab->scenario->name, lab->violations);
	else
		ok(lab->violations == 0, "%s: %u violations", lab->scenario->name,
		   lab->violations);
}

int main(void)
{
	struct lab lab = { .root = lab_enter(true) };

	alarm(600);
	lab.stride = lab_setting("LK_KILL_STRIDE", STRIDE);
	lab_use(lab.root);
	for (size_t i = 0; i < sizeof(scenarios) / sizeof(*scenarios); i++) {
		lab.scenario = &scenarios[i];
		run(&lab);
	}
	lab_tree_free(&lab.base);
	lk_buf_free(&lab.before);
	lk_buf_free(&lab.after);
	lk_buf_free(&lab.seen);
	lk_buf_free(&lab.again);
	return tap_done();
}
