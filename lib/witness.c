/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Is a system that cannot be reached really gone? */
#include "lk/witness.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lk/cleanup.h"
#include "lk/limits.h"
#include "lk/log.h"
#include "lk/mark.h"
#include "lk/msg.h"
#include "lk/name.h"
#include "lk/net.h"
#include "lk/proc.h"
#include "lk/quorum.h"
#include "lk/qwkstate.h"
#include "lk/remote.h"
#include "lk/sys.h"
#include "lk/wait.h"
#include "lk/poison.h"

#define ANSWER_MAX 65536
#define STATE_FIELD 7		/* of net_list, from 1 */
#define MARK "unreachable"
#define LIMIT_MS 1000		/* for an answer, at least */

struct check {
	const struct lk_witness_for *what;
	struct lk_quorum_modes modes;
	struct lk_beat beat;
	int64_t began;
	bool told;		/* that it is alive */
	int64_t since;		/* storage: when the question was put */
	int verdict;		/* storage: the last answer that was logged, LK_QWK_WAIT: none */
};

/* ---- the mark: a doubt, held by a process ---- */

static void set_mark(const struct lk_tree *tree, const char *sys)
{
	char name[LK_SYS_FILE], temp[LK_SYS_FILE];

	lk_sys_file(MARK, sys, name);
	snprintf(temp, sizeof(temp), "run/.unreachable.%s", sys);
	(void)!lk_mark_set(tree, name, temp);
}

static void clear_mark(const struct lk_tree *tree, const char *sys)
{
	char name[LK_SYS_FILE];

	lk_sys_file(MARK, sys, name);
	unlinkat(tree->fd, name, 0);
}

bool lk_witness_doubts(const struct lk_tree *tree, const char *sys)
{
	char name[LK_SYS_FILE];

	lk_sys_file(MARK, sys, name);
	return lk_mark_counts(tree, name);
}

/* ---- the log ---- */

static void say_at(enum lk_log_level level, const struct check *check, const struct lk_tree *tree,
		   const struct lk_err *text)
{
	struct lk_err ignored;
	struct lk_log_line line = { .level = level, .prog = check->what->prog, .pid = getpid(),
				    .component = "quorum", .action = check->what->event,
				    .number = (unsigned)text->number, .text = text->text };

	lk_log(tree, &line, &ignored);
}

static void say(const struct check *check, const struct lk_tree *tree, const struct lk_err *text)
{
	say_at(LK_LOG_INFO, check, tree, text);
}

/* How both see each other, as far as each has told: a path may work in one direction only. */
static void say_views(const struct check *check, struct lk_lcd *lcd, const struct lk_qwk_question *question)
{
	const struct lk_sys *sys = lk_sys_find(lcd, question->node);
	const char *ignored, *theirs = lk_sys_state_names[question->theirs];
	const char *mine = sys ? lk_sys_state_names[lk_sys_state(lcd, sys, &ignored)] : theirs;
	struct lk_err text;

	if (!strcmp(mine, theirs)) {
		lk_fail(&text, LK_M_QWK_SAME_VIEW, mine, question->node);
		return say(check, &lcd->tree, &text);
	}
	lk_fail(&text, LK_M_QWK_OWN_VIEW, question->node, mine);
	say(check, &lcd->tree, &text);
	lk_fail(&text, LK_M_QWK_THEIR_VIEW, question->node, theirs);
	say(check, &lcd->tree, &text);
}

static void say_result(const struct check *check, const struct lk_tree *tree, const char *result)
{
	struct lk_err text;

	lk_fail(&text, LK_M_WITNESS_VERIFY, check->what->event, check->what->sys, result);
	say(check, tree, &text);
}

/* ---- asking ---- */

enum seen { SEEN_DEAD, SEEN_ALIVE, SEEN_NOTHING };

/* One other system that is asked, and what it has printed. */
struct asked {
	struct lk_remote_job job;
	size_t len;
	char text[ANSWER_MAX];
};

static int keep(struct lk_remote_job *job, int stream, const void *data, size_t len)
{
	struct asked *asked = job->arg;

	if (stream != 1)
		return 0;
	if (len > sizeof(asked->text) - 1 - asked->len)
		return lk_fail(&job->err, LK_M_TOO_LARGE, "the answer", (size_t)ANSWER_MAX);
	memcpy(asked->text + asked->len, data, len);
	asked->len += len;
	return 0;
}

/* The state of a path, in a line of net_list. */
static const char *state_in(char *line)
{
	for (int field = 1; line && field < STATE_FIELD; field++) {
		line = strchr(line, '\001');
		line += line != NULL;
	}
	if (line)
		line[strcspn(line, "\001")] = '\0';
	return line ? line : "";
}

/* By its paths alone: what else it makes of them may take its time. Without a path it has nothing to say. */
static enum seen judge(struct asked *asked)
{
	bool alive = false, unsure = false;
	char *rest;

	if (asked->job.rc == 0 && asked->job.code == LK_EX_NOENT)
		return SEEN_DEAD;
	if (asked->job.rc < 0 || asked->job.code)
		return SEEN_NOTHING;
	asked->text[asked->len] = '\0';
	for (char *line = strtok_r(asked->text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		const char *state = state_in(line);

		alive |= !strcmp(state, "ALIVE");
		unsure |= strcmp(state, "ALIVE") && strcmp(state, "DEAD");
	}
	return alive ? SEEN_ALIVE : unsure ? SEEN_NOTHING : SEEN_DEAD;
}

static unsigned make_jobs(struct lk_lcd *lcd, const struct check *check, struct asked *asked, char *const *argv)
{
	const char *ignored;
	unsigned n = 0, limit = 2 * check->beat.interval;

	for (size_t i = 0; i < lcd->nsys && n < LK_SYSTEMS_MAX; i++) {
		const struct lk_sys *sys = &lcd->sys[i];

		if (sys->local || !strcmp(sys->name, check->what->sys) ||
		    lk_sys_state(lcd, sys, &ignored) != LK_SYS_ALIVE)
			continue;
		asked[n].len = 0;
		asked[n].job = (struct lk_remote_job){
			.dest = sys->name, .argc = 3, .argv = argv, .output = keep, .arg = &asked[n],
			.limit = limit > LIMIT_MS ? limit : LIMIT_MS,
		};
		n++;
	}
	return n;
}

/* All that are ALIVE at once. One that sees it is enough; then who did not answer counts; nobody to ask is dead. */
static int ask_all(struct lk_lcd *lcd, const struct check *check, enum seen *seen, struct lk_err *err)
{
	struct asked LK_AUTO_FREE *asked = malloc(LK_SYSTEMS_MAX * sizeof(*asked));
	struct lk_remote_job job[LK_SYSTEMS_MAX];
	char *argv[] = { (char *)"net_list", (char *)"-s", (char *)check->what->sys, NULL };

	if (!asked)
		return lk_fail_nomem(err);
	unsigned n = make_jobs(lcd, check, asked, argv);
	for (unsigned i = 0; i < n; i++)
		job[i] = asked[i].job;
	lk_remote_jobs(lcd, job, n);
	*seen = SEEN_DEAD;
	for (unsigned i = 0; i < n; i++) {
		asked[i].job = job[i];
		enum seen one = judge(&asked[i]);
		if (one == SEEN_ALIVE || (one == SEEN_NOTHING && *seen == SEEN_DEAD))
			*seen = one;
	}
	return 0;
}

/* What is told of a look at the storage that has not given an answer. */
static void say_look(const struct check *check, const struct lk_tree *tree, const struct lk_qwk_question *question,
		     const struct lk_err *err)
{
	struct lk_err text, ignored;

	if (err) {
		say_at(LK_LOG_ERROR, check, tree, err);
		lk_fail(&text, LK_M_QWK_TARGET, question->node);
	} else {
		lk_fail(&text, LK_M_QWK_PROGRESS, question->node, question->quiet, question->needed);
	}
	if (lk_qwk_debug(tree, &ignored) > 0)
		say(check, tree, &text);
}

/* By its object. Each answer begins another check: it may die later. */
static int ask_storage(struct lk_lcd *lcd, struct check *check, enum seen *seen, struct lk_err *err)
{
	struct lk_qwk_question question = { .node = check->what->sys, .since = check->since };
	int rc = lk_qwk_peer(&lcd->tree, &question, err);

	*seen = rc == LK_QWK_DOWN ? SEEN_DEAD : rc == LK_QWK_UP ? SEEN_ALIVE : SEEN_NOTHING;
	if (rc < 0 || rc == LK_QWK_WAIT) {
		say_look(check, &lcd->tree, &question, rc < 0 ? err : NULL);
		return rc < 0 ? rc : 0;
	}
	if (rc != check->verdict)
		lk_qwk_log(&lcd->tree, check->what->prog, &question, (enum lk_qwk_verdict)rc);
	if (rc != check->verdict && rc != LK_QWK_NO_QUORUM)
		say_views(check, lcd, &question);
	check->verdict = rc;
	if (rc != LK_QWK_DOWN)
		check->since = lk_qwk_now();
	return 0;
}

/* ---- deciding ---- */

/* Rule 1: twice the detection period, until "alive" is believed. */
static bool is_settled(const struct check *check)
{
	return lk_now_ms() - check->began >= 2 * (int64_t)check->beat.interval * check->beat.misses;
}

/* An enum lk_witness, or not known yet. */
#define OPEN 99
static int look(struct check *check, struct lk_lcd *lcd, struct lk_err *err)
{
	const struct lk_sys *sys = lk_sys_find(lcd, check->what->sys);
	enum seen seen = SEEN_DEAD;
	const char *ignored;

	if (!sys)
		return lk_fail(err, LK_M_NO_SYS, check->what->sys);
	if (lk_sys_state(lcd, sys, &ignored) == LK_SYS_ALIVE)
		return LK_WITNESS_BACK;
	if (lk_quorum_check(lcd, err) < 0)
		return LK_WITNESS_NO_QUORUM;
	int rc = check->modes.witness == LK_WMODE_REMOTE ? ask_all(lcd, check, &seen, err) : 0;
	if (check->modes.witness == LK_WMODE_STORAGE)
		rc = ask_storage(lcd, check, &seen, err);
	if (rc < 0)
		return rc;
	if (seen == SEEN_DEAD)
		return LK_WITNESS_DEAD;
	if (seen == SEEN_ALIVE && check->what->once)
		return LK_WITNESS_ALIVE;
	if (seen == SEEN_ALIVE && !check->told && is_settled(check)) {
		check->told = true;
		say_result(check, &lcd->tree, "ALIVE");
	}
	return OPEN;
}

static int pause_check(const struct check *check, const struct lk_wait *wait, struct lk_err *err)
{
	int64_t until = lk_now_ms() + check->beat.interval * (check->told ? check->beat.misses : 1);
	int rc = 0;

	do
		rc = lk_wait_nap(wait, err);
	while (rc == 0 && lk_now_ms() < until);
	return rc;
}

static int run(struct check *check, const struct lk_wait *wait, struct lk_err *err)
{
	int rc = OPEN;

	while (rc == OPEN) {
		struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;

		rc = lk_lcd_read(&lcd, LK_T_SYS, err);
		if (rc == 0)
			rc = look(check, &lcd, err);
		lk_lcd_close(&lcd);
		if (rc == OPEN && pause_check(check, wait, err) < 0)
			rc = -LK_EX_SYSTEM;
	}
	return rc;
}

int lk_witness(const struct lk_witness_for *what, struct lk_err *err)
{
	static const char *const results[] = { "DEAD", "ALIVE", "ALIVE", "UNKNOWN" };
	struct check check = { .what = what, .began = lk_now_ms(), .since = lk_qwk_now() };
	struct lk_wait wait;
	struct lk_tree tree;
	int rc = lk_tree_open(&tree, err);

	if (rc == 0)
		rc = lk_quorum_modes(&tree, &check.modes, err);
	if (rc == 0)
		rc = lk_net_beat(&tree, &check.beat, err);
	if (rc == 0 && check.modes.witness != LK_WMODE_NONE) {
		set_mark(&tree, what->sys);
		lk_wait_begin(&wait);
		rc = run(&check, &wait, err);
		lk_wait_end(&wait);
		if (rc >= 0)
			say_result(&check, &tree, results[rc]);
		if (rc != LK_WITNESS_ALIVE)
			clear_mark(&tree, what->sys);
	}
	lk_tree_close(&tree);
	return rc;
}
