/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * 16 writers and 16 readers at once. Half of the writers count: each transaction writes the next number
 * into eight files, so that a reader that sees a mixture, or a number written twice, shows. The
 * others run commands, on names of their own (each must succeed) and on a common flag (0, 4 or 7).
 *
 *	LK_CONTENTION_SECONDS	how long (5)
 *
 * The same source makes two programs with a safeguard taken out, which must be noticed:
 *	LK_BREAK_SEQ	the change counter is never raised: readers are not warned
 *	LK_BREAK_LOCK	nobody is kept out
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lab.h"
#include "lk/flg.h"
#include "lk/ins.h"
#include "../unit/tap.h"
#include "lk/poison.h"

#define WRITERS 16
#define READERS 16

#ifdef LK_BREAK_SEQ
ssize_t __wrap_pwrite64(int fd, const void *data, size_t len, off_t at);
ssize_t __wrap_pwrite64(int fd, const void *data, size_t len, off_t at)
{
	(void)fd, (void)data, (void)at;
	return (ssize_t)len;
}
ssize_t __wrap_pwrite(int fd, const void *data, size_t len, off_t at);
ssize_t __wrap_pwrite(int fd, const void *data, size_t len, off_t at)
{
	return __wrap_pwrite64(fd, data, len, at);
}
#endif

#ifdef LK_BREAK_LOCK
int __wrap_flock(int fd, int operation);
int __wrap_flock(int fd, int operation)
{
	(void)fd, (void)operation;
	return 0;
}
#endif

#if defined(LK_BREAK_SEQ) || defined(LK_BREAK_LOCK)
#define BROKEN true
#else
#define BROKEN false
#endif

/* Of one process; in shared memory. */
struct tally {
	unsigned counted, commands, reads;	/* successes */
	unsigned made, unmade, refused;		/* the common flag */
	unsigned torn, wrong;			/* violations */
	double longest;				/* seconds of one operation */
};

struct lab {
	struct tally tally[WRITERS + READERS];
	double end;
};

static void wrong(struct tally *t, const char *what, const char *why)
{
	if (t->wrong++ == 0 && !BROKEN)
		diag("process %d: %s: %s", (int)getpid(), what, why);
}

/* The number that every file agrees on, or -1. */
static long number_of(const struct lk_lcd *lcd)
{
	const char *number = NULL;

	for (size_t i = 0; i < lcd->nflg; i++)
		if (lcd->flg[i].name[0] == '#') {
			if (number)
				return -1;
			number = lcd->flg[i].name + 1;
		}
	if (!number || lcd->nins != 3)
		return -1;
	for (size_t i = 0; i < lcd->nins; i++)
		if (strcmp(lcd->ins[i].info, number) != 0)
			return -1;
	for (size_t i = 0; i < lcd->neqv; i++)
		if (strcmp(lcd->eqv[i].othertag, number) != 0)
			return -1;
	for (size_t i = 0; i < lcd->ndep; i++)
		if (strcmp(lcd->dep[i].child, number) != 0)
			return -1;
	return strtol(number, NULL, 10);
}

static int write_number(struct lk_lcd *lcd, long number, struct lk_err *err)
{
	char text[32], name[33];

	snprintf(text, sizeof(text), "%ld", number);
	snprintf(name, sizeof(name), "#%ld", number);
	for (size_t i = lcd->nflg; i-- > 0;)
		if (lcd->flg[i].name[0] == '#')
			LK_LCD_DROP(lcd, flg, i);
	for (size_t i = 0; i < lcd->nins; i++) {
		lcd->ins[i].info = text;
		lk_ins_touch(lcd, &lcd->ins[i]);
	}
	for (size_t i = 0; i < lcd->neqv; i++)
		lcd->eqv[i].othertag = text;
	for (size_t i = 0; i < lcd->ndep; i++)
		lcd->dep[i].child = text;
	lcd->dirty |= LK_T_EQV | LK_T_DEP;
	int rc = lk_flg_add(lcd, name, err);
	return rc < 0 ? rc : lk_lcd_commit(lcd, err);
}

static void count_on(struct tally *t, int who, unsigned round)
{
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;
	struct lk_err err;
	int rc = lk_lcd_begin(&lcd, LK_T_ALL, &err);
	long number = rc < 0 ? -1 : number_of(&lcd);

	(void)who, (void)round;
	if (rc == 0 && number < 0)
		t->torn++;
	if (rc == 0)
		rc = write_number(&lcd, number + 1, &err);
	if (rc < 0)
		wrong(t, "a counting writer", err.text);
	else
		t->counted++;
}

static void run_own(struct tally *t, int who, unsigned round)
{
	static const char *const commands[] = { "app_create -a own%d", "typ_create -a own%d -r t",
						"typ_create -a own%d -r u", "app_remove -a own%d" };
	char line[80];

	snprintf(line, sizeof(line), commands[round % 4], who);
	if (lab_run(line) != 0)
		wrong(t, line, "exit code not 0");
	else
		t->commands++;
}

static void run_common(struct tally *t, int who, unsigned round)
{
	bool make = (round + (unsigned)who) % 2;
	int code = lab_run(make ? "flg_create -f common" : "flg_remove -f common");

	if (code == 0 && make)
		t->made++;
	else if (code == 0)
		t->unmade++;
	else if (code == (make ? 4 : 7))
		t->refused++;
	else
		wrong(t, "flg_create or flg_remove", "exit code not as documented");
}

static void read_all(struct tally *t, int who, unsigned round)
{
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;
	struct lk_err err;

	(void)who, (void)round;
	if (lk_lcd_read(&lcd, LK_T_ALL, &err) < 0)
		wrong(t, "a reader", err.text);
	else if (number_of(&lcd) < 0)
		t->torn++;
	else
		t->reads++;
}

static void run_list(struct tally *t, int who, unsigned round)
{
	if (lab_run((round + (unsigned)who) % 2 ? "ins_list" : "typ_list") != 0)
		wrong(t, "ins_list or typ_list", "exit code not 0");
	else
		t->reads++;
}

typedef void work(struct tally *t, int who, unsigned round);

static work *work_of(int who)
{
	if (who < WRITERS)
		return who % 2 == 0 ? count_on : who % 4 == 1 ? run_own : run_common;
	return who % 4 == 3 ? run_list : read_all;
}

static pid_t start_one(struct lab *lab, int who)
{
	struct tally *t = &lab->tally[who];

	fflush(NULL);
	pid_t pid = fork();
	if (pid)
		return pid;
	work *step = work_of(who);
	for (unsigned round = 0; lab_now() < lab->end || (step == run_own && round % 4); round++) {
		double start = lab_now();

		step(t, who, round);
		if (lab_now() - start > t->longest)
			t->longest = lab_now() - start;
		nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
	}
	_exit(0);
}

static struct tally sum_up(const struct lab *lab)
{
	struct tally sum = { 0 };

	for (int i = 0; i < WRITERS + READERS; i++) {
		const struct tally *t = &lab->tally[i];

		sum.counted += t->counted, sum.commands += t->commands, sum.reads += t->reads;
		sum.made += t->made, sum.unmade += t->unmade, sum.refused += t->refused;
		sum.torn += t->torn, sum.wrong += t->wrong;
		if (t->longest > sum.longest)
			sum.longest = t->longest;
	}
	return sum;
}

static void check_end(const char *root, const struct tally *sum)
{
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;
	struct lk_err err;
	int rc = lk_lcd_read(&lcd, LK_T_ALL, &err);

	ok(sum->torn == 0, "%u torn reads in %u reads", sum->torn, sum->reads);
	ok(sum->wrong == 0, "%u operations without the documented result", sum->wrong);
	ok(rc == 0 && number_of(&lcd) == (long)sum->counted,
	   "the number in the files is %ld, the sum of the successes %u",
	   rc < 0 ? -1 : number_of(&lcd), sum->counted);
	ok(rc == 0 && !!lk_flg_find(&lcd, "common") == (int)(sum->made - sum->unmade),
	   "the common flag is as its %u creations and %u removals say", sum->made, sum->unmade);
	ok(rc == 0 && lcd.napp == 1 && lcd.ntyp == 3, "every writer has cleaned up its own");
	ok(sum->counted > 20 && sum->commands > 20 && sum->made > 5 && sum->reads > 50,
	   "%u counts, %u own commands, %u+%u+%u on the common flag, %u reads, longest %.2f s",
	   sum->counted, sum->commands, sum->made, sum->unmade, sum->refused, sum->reads,
	   sum->longest);
	ok(!lab_has(root, ".new") && !lab_has(root, "config/journal"), "nothing is left behind");
}

static int prepare(struct lk_err *err)
{
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;
	int rc = lk_lcd_begin(&lcd, LK_T_ALL, err);

	return rc < 0 ? rc : write_number(&lcd, 0, err);
}

int main(void)
{
	const char *root = lab_enter(true);
	struct lab *lab = mmap(NULL, sizeof(*lab), PROT_READ | PROT_WRITE,
			       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct lk_err err;
	int dead = 0, status;

	alarm(300);
	lab_fixture_full(root);
	if (prepare(&err) < 0)
		return 1;
	lab->end = lab_now() + lab_setting("LK_CONTENTION_SECONDS", BROKEN ? 2 : 5);
	for (int i = 0; i < WRITERS + READERS; i++)
		start_one(lab, i);
	for (int i = 0; i < WRITERS + READERS; i++)
		dead += wait(&status) < 0 || status != 0;
	struct tally sum = sum_up(lab);
	if (BROKEN) {
		ok(sum.torn + sum.wrong > 0, "the test notices: %u torn, %u wrong", sum.torn,
		   sum.wrong);
		return tap_done();
	}
	ok(dead == 0, "no process has died");
	check_end(root, &sum);
	return tap_done();
}
