/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writers are killed with SIGKILL on entry to and after every system call, from the opening of the
 * tree on. At once a reader must see the state before or the state after; the next writer must succeed without
 * waiting; no journal may remain, nor a ".new" file of a change that was made. A command that had
 * entered exit_group(0) is never undone. A command of several transactions (redo) may be
 * interrupted between them: then the command named must bring about the same end.
 *
 *	LK_KILL_STRIDE	only at every n-th stop (1; 7 under AddressSanitizer, which starts slowly)
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lab.h"
#include "lk/ins.h"
#include "lk/lcd.h"
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
	const char *redo;
	bool root;	/* only root may run it */
};

/* The local system has a name that the commands below can give. */
static void fixture_alpha(const char *root)
{
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;
	struct lk_err err;

	lab_fixture_full(root);
	if (lk_lcd_begin(&lcd, LK_T_SYS, &err) < 0)
		return;
	for (size_t i = 0; i < lcd.nsys; i++)
		if (lcd.sys[i].local)
			lcd.sys[i].name = "alpha";
	lcd.dirty |= LK_T_SYS;
	(void)!lk_lcd_commit(&lcd, &err);
}

/* What lcdcheck -r repairs, in several files. */
static void fixture_damaged(const char *root)
{
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;
	struct lk_dep dep = { .parent = "nosuch", .child = "nosuch2" };
	struct lk_err err;

	lab_fixture_full(root);
	if (lk_lcd_begin(&lcd, LK_T_ALL, &err) < 0 || LK_LCD_APPEND(&lcd, dep, dep, &err) < 0)
		return;
	lcd.ins[0].deleting = (struct lk_holder){ .pid = 4194303, .start = 1 };
	lk_ins_touch(&lcd, &lcd.ins[0]);
	lcd.dirty |= LK_T_DEP;
	(void)!lk_lcd_commit(&lcd, &err);
}

static const struct scenario scenarios[] = {
	{ "the first command in a fresh tree", lab_fixture_empty, { 0 }, "app_create -a gen", false, NULL, false },
	{ "typ_create, which makes directories", lab_fixture_empty, { "app_create -a comm" },
	  "typ_create -a comm -r dns", false, NULL, false },
	{ "ins_create", lab_fixture_full, { 0 }, "ins_create -a gen -r ip -t ip2 -i 10.0.0.2", false, NULL, false },
	{ "flg_create", lab_fixture_full, { 0 }, "flg_create -f !nofailover!beta", false, NULL, false },
	{ "flg_remove", lab_fixture_full, { "flg_create -f x" }, "flg_remove -f x", false, NULL, false },
	{ "typ_remove with an instance, dependency and equivalency", lab_fixture_full, { 0 },
	  "typ_remove -a gen -r ip", false, NULL, false },
	{ "app_remove with all below it", lab_fixture_full, { 0 }, "app_remove -a gen", false, NULL, false },
	{ "lk_chg_value of a tag", lab_fixture_full, { 0 }, "lk_chg_value -F -o app1 -n z", false,
	  NULL, true },
	{ "lcdcheck -r", fixture_damaged, { 0 }, "lcdcheck -r", false, NULL, false },
	{ "ins_remove", lab_fixture_full, { 0 }, "ins_remove -G -a gen", false,
	  "ins_remove -G -a gen", false },
	{ "getlocks", fixture_alpha, { 0 }, "getlocks -a alpha -i x -l lock -p 1", false,
	  "rlslocks -a alpha -l lock", false },
	{ "rlslocks", fixture_alpha, { "getlocks -a alpha -i x -l lock -p 1" },
	  "rlslocks -a alpha -l lock", false, "rlslocks -a alpha -l lock", false },
	{ "a transaction over every file", lab_fixture_full, { "many 1" }, "many 2", false, NULL, false },
	{ "a transaction without journal", lab_fixture_full, { "many 1" }, "many-nojournal 2", true, NULL, false },
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

/* "7": nothing is left to be done. */
static void check_redo(struct lab *lab)
{
	struct lk_err err;

	if (lab_dump(&lab->seen, &err) < 0) {
		violation(lab, err.text);
		return;
	}
	int code = lab_run(lab->scenario->redo);
	if (code != 0 && code != LK_EX_NOENT)
		violation(lab, "it cannot be completed");
	if (lab_dump(&lab->seen, &err) < 0 || !same(&lab->seen, &lab->after))
		violation(lab, "completing it gives another end");
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
	fine = fine && !same(&lab->before, &lab->after);
	if (!s->redo || !fine)
		return fine;
	int code = lab_run(s->redo);
	return (code == 0 || code == LK_EX_NOENT) && lab_dump(&lab->after, &err) == 0;
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
		if (lab->scenario->redo)
			check_redo(lab);
		else
			check(lab, &end);
	}
	bool both = lab->scenario->redo || (lab->was_after && lab->was_after < lab->kills);
	ok(end.code == 0 && lab->kills * lab->stride > 20 && both, "%s: killed at %u places, before and after the commit", lab->scenario->name, lab->kills);
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
	if (chdir(lab.root) < 0)	/* lock files are named relative to it */
		return 1;
	for (size_t i = 0; i < sizeof(scenarios) / sizeof(*scenarios); i++) {
		lab.scenario = &scenarios[i];
		if (!lab.scenario->root || geteuid() == 0)
			run(&lab);
	}
	lab_tree_free(&lab.base);
	lk_buf_free(&lab.before);
	lk_buf_free(&lab.after);
	lk_buf_free(&lab.seen);
	lk_buf_free(&lab.again);
	return tap_done();
}
