/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Random commands are killed with SIGKILL at random instants, on a real disk where there is one. A
 * model of the database knows the state before and after each; anything else is a violation.
 *
 *	LK_KILLS	how many (1000)
 *	LK_KILL_SEED	the seed that a run has printed, to repeat its commands and delays
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lab.h"
#include "lk/lcd.h"
#include "../unit/tap.h"
#include "lk/poison.h"

#define LINES 256
#define LINE 80

/* What there is, as sorted lines: "f FLAG", "a APP", "t APP TYPE", "i APP TYPE TAG". */
struct model {
	char line[LINES][LINE];
	int n;
};

struct lab {
	const char *root;
	struct model model;
	uint64_t random;
	double usual;		/* seconds that a command takes */
	unsigned kills, finished, unchanged, changed, violations;
};

static uint32_t draw(struct lab *lab, uint32_t below)
{
	lab->random = lab->random * 6364136223846793005ULL + 1442695040888963407ULL;
	return (uint32_t)(lab->random >> 33) % below;
}

/* ---- the model ---- */

static int find(const struct model *m, const char *line)
{
	for (int i = 0; i < m->n; i++)
		if (!strcmp(m->line[i], line))
			return i;
	return -1;
}

static void add(struct model *m, const char *line)
{
	int i = m->n++;

	if (m->n > LINES)
		abort();
	for (; i > 0 && strcmp(m->line[i - 1], line) > 0; i--)
		memcpy(m->line[i], m->line[i - 1], LINE);
	memset(m->line[i], 0, LINE);
	snprintf(m->line[i], LINE, "%s", line);
}

/* Forget the line that is exactly this, and those that begin so and go on after a blank. */
static void drop(struct model *m, const char *line)
{
	size_t len = strlen(line);

	for (int i = m->n; i-- > 0;)
		if (!strncmp(m->line[i], line, len) && (!m->line[i][len] || m->line[i][len] == ' ')) {
			memmove(m->line[i], m->line[i + 1], (size_t)(m->n - i - 1) * LINE);
			m->n--;
		}
}

static bool tag_exists(const struct model *m, const char *tag)
{
	for (int i = 0; i < m->n; i++)
		if (m->line[i][0] == 'i' && !strcmp(strrchr(m->line[i], ' ') + 1, tag))
			return true;
	return false;
}

static int create(struct model *m, const char *line)
{
	if (find(m, line) >= 0)
		return 4;
	add(m, line);
	return 0;
}

static int create_instance(struct model *m, const char *app, const char *type, const char *tag)
{
	char line[LINE];

	snprintf(line, LINE, "t %s %s", app, type);
	if (find(m, line) < 0)
		return 7;
	if (tag_exists(m, tag))
		return 4;
	snprintf(line, LINE, "i %s %s %s", app, type, tag);
	add(m, line);
	return 0;
}

static int remove_type(struct model *m, const char *app, const char *type)
{
	char line[LINE];

	snprintf(line, LINE, "t %s %s", app, type);
	if (find(m, line) < 0)
		return 7;
	drop(m, line);
	line[0] = 'i';
	drop(m, line);
	return 0;
}

static int remove_app(struct model *m, const char *app)
{
	char line[LINE];

	snprintf(line, LINE, "a %s", app);
	if (find(m, line) < 0)
		return 7;
	drop(m, line);
	line[0] = 't';
	drop(m, line);
	line[0] = 'i';
	drop(m, line);
	return 0;
}

static int create_type(struct model *m, const char *app, const char *type)
{
	char line[LINE];

	snprintf(line, LINE, "a %s", app);
	if (find(m, line) < 0)
		return 7;
	snprintf(line, LINE, "t %s %s", app, type);
	return create(m, line);
}

static int flag(struct model *m, bool set, const char *name)
{
	char line[LINE];

	snprintf(line, LINE, "f %s", name);
	if (set)
		return create(m, line);
	if (find(m, line) < 0)
		return 7;
	drop(m, line);
	return 0;
}

/* A random command, and what it does to the model; its expected exit code. */
static int invent(struct lab *lab, struct model *m, char command[static 256])
{
	char app[8], type[8], tag[8], line[LINE];

	snprintf(app, sizeof(app), "a%u", draw(lab, 3));
	snprintf(type, sizeof(type), "t%u", draw(lab, 3));
	snprintf(tag, sizeof(tag), "i%u", draw(lab, 12));
	switch (draw(lab, 12)) {
	case 0: case 1:
		snprintf(command, 256, "flg_create -f %s", tag);
		return flag(m, true, tag);
	case 2:
		snprintf(command, 256, "flg_remove -f %s", tag);
		return flag(m, false, tag);
	case 3: case 4:
		snprintf(command, 256, "app_create -a %s", app);
		snprintf(line, LINE, "a %s", app);
		return create(m, line);
	case 5:
		snprintf(command, 256, "app_remove -a %s", app);
		return remove_app(m, app);
	case 6: case 7:
		snprintf(command, 256, "typ_create -a %s -r %s", app, type);
		return create_type(m, app, type);
	case 8:
		snprintf(command, 256, "typ_remove -a %s -r %s", app, type);
		return remove_type(m, app, type);
	default:
		snprintf(command, 256, "ins_create -a %s -r %s -t %s -i id-%s", app, type, tag, tag);
		return create_instance(m, app, type, tag);
	}
}

/* What the tree says. */
static int observe(struct model *m, struct lk_err *err)
{
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;
	int rc = lk_lcd_read(&lcd, LK_T_ALL, err);
	char line[LINE];

	m->n = 0;
	for (size_t i = 0; rc == 0 && i < lcd.nflg; i++) {
		snprintf(line, LINE, "f %s", lcd.flg[i].name);
		add(m, line);
	}
	for (size_t i = 0; rc == 0 && i < lcd.napp; i++) {
		snprintf(line, LINE, "a %s", lcd.app[i].name);
		add(m, line);
	}
	for (size_t i = 0; rc == 0 && i < lcd.ntyp; i++) {
		snprintf(line, LINE, "t %s %s", lcd.typ[i].app, lcd.typ[i].name);
		add(m, line);
	}
	for (size_t i = 0; rc == 0 && i < lcd.nins; i++) {
		snprintf(line, LINE, "i %s %s %s", lcd.ins[i].app, lcd.ins[i].type, lcd.ins[i].tag);
		add(m, line);
	}
	return rc;
}

static bool same(const struct model *a, const struct model *b)
{
	return a->n == b->n && !memcmp(a->line, b->line, (size_t)a->n * LINE);
}

/* ---- killing ---- */

static void violation(struct lab *lab, const char *command, const char *what)
{
	if (lab->violations++ < 10)
		diag("kill %u, %s: %s", lab->kills, command, what);
}

static void nap(double seconds)
{
	struct timespec ts = { .tv_sec = (time_t)seconds,
			       .tv_nsec = (long)((seconds - (double)(time_t)seconds) * 1e9) };

	nanosleep(&ts, NULL);
}

/* Run it; true when it was killed before its end, else *code is its exit code. */
static bool run_killed(struct lab *lab, const char *command, double delay, int *code)
{
	double start = lab_now();
	pid_t pid = lab_start(command);
	int status;

	nap(delay);
	bool left = waitpid(pid, &status, WNOHANG) == pid;
	if (!left) {
		kill(pid, SIGKILL);
		waitpid(pid, &status, 0);
	} else if (delay > lab->usual) {
		lab->usual = 0.9 * lab->usual + 0.1 * delay;
	}
	if (lab_now() - start > 5)
		violation(lab, command, "it waited for a lock");
	*code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
	return *code < 0;
}

static void check(struct lab *lab, const char *command, const struct model *next, bool acknowledged)
{
	static struct model seen;
	struct lk_err err;

	if (observe(&seen, &err) < 0) {
		violation(lab, command, err.text);
		return;
	}
	bool old = same(&seen, &lab->model), new = same(&seen, next);
	if (!old && !new)
		violation(lab, command, "neither the old nor the new state");
	if (acknowledged && !new)
		violation(lab, command, "an acknowledged change is not there");
	if (!same(&lab->model, next)) {
		lab->changed += new;
		lab->unchanged += old;
	}
	lab->model = seen;
}

static void one(struct lab *lab, bool whole)
{
	static struct model next;
	char command[256];
	int code;

	next = lab->model;
	int want = invent(lab, &next, command);
	double delay = lab->usual * 1.2 * draw(lab, 100000) / 100000;
	if (whole) {
		double start = lab_now();

		code = lab_run(command);
		lab->usual = 0.8 * lab->usual + 0.2 * (lab_now() - start);
	} else if (run_killed(lab, command, delay, &code)) {
		lab->kills++;
		check(lab, command, &next, false);
		return;
	}
	lab->finished++;
	if (code != want)
		violation(lab, command, "the wrong exit code");
	check(lab, command, &next, code == 0);
}

int main(void)
{
	static struct lab lab;
	unsigned kills = lab_setting("LK_KILLS", 1000);
	unsigned seed = lab_setting("LK_KILL_SEED", (unsigned)time(NULL));

	alarm(900);
	lab.root = lab_enter(false);
	lab.random = seed;
	lab.usual = 0.005;
	lab_fixture_empty(lab.root);
	lab_use(lab.root);
	diag("LK_KILL_SEED=%u", seed);
	for (unsigned i = 0; lab.kills < kills && lab.violations < 100; i++)
		one(&lab, i % 8 == 0);
	diag("%u kills: %u with and %u without effect; %u commands finished, %.1f ms each",
	     lab.kills, lab.changed, lab.unchanged, lab.finished, lab.usual * 1000);
	ok(lab.kills >= kills, "%u commands were killed", lab.kills);
	ok(lab.violations == 0, "%u violations", lab.violations);
	ok(lab_run("flg_create -f last") == 0 && !lab_has(lab.root, "config/journal"),
	   "the last writer succeeds and leaves no journal");
	return tap_done();
}
