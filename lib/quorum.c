/* SPDX-License-Identifier: GPL-2.0-or-later */
/* May this system start resources? */
#include "lk/quorum.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lk/cleanup.h"
#include "lk/holds.h"
#include "lk/lcm.h"
#include "lk/limits.h"
#include "lk/log.h"
#include "lk/msg.h"
#include "lk/qwkconf.h"
#include "lk/qwkstate.h"
#include "lk/sys.h"
#include "lk/tunable.h"
#include "lk/wait.h"
#include "lk/poison.h"

#define PAIR "run/quorum.modes"	/* the last pair that made sense */
#define PAIR_TEMP "run/.quorum.modes.new"
#define PAIR_MAX 64
#define NAP_MS 20
#define STATE "run/quorum.state"	/* what the last event found */
#define STATE_TEMP "run/.quorum.state.new"
#define HAVE "have"
#define LOST "lost"

const char *const lk_qmode_names[] = { "none", "majority", "storage", "tcp_remote", NULL };
const char *const lk_wmode_names[] = { "none", "remote_verify", "storage", NULL };

/* ---- the pair ---- */

static int find(const char *word, const char *const *names)
{
	if (!*word || !strcmp(word, "off"))
		return 0;
	for (int i = 0; names[i]; i++)
		if (!strcmp(word, names[i]))
			return i;
	return -1;
}

/* The matrix of 6.2, where storage goes with storage alone; tcp_remote, which is not in it, is as the others are: it asks
 * others than the systems, so that these may be asked, too. */
static bool go_together(const struct lk_quorum_modes *modes)
{
	return (modes->quorum == LK_QMODE_STORAGE) == (modes->witness == LK_WMODE_STORAGE);
}

static int tunable(const struct lk_tree *tree, const char *key, char *value, struct lk_err *err)
{
	int rc = lk_tunable(tree, key, value, LK_TUNABLE_MAX, err);

	if (rc == 0)
		*value = '\0';
	return rc < 0 ? rc : 0;
}

int lk_quorum_configured(const struct lk_tree *tree, struct lk_quorum_modes *modes, struct lk_err *err)
{
	char quorum[LK_TUNABLE_MAX], witness[LK_TUNABLE_MAX];
	int rc = tunable(tree, "QUORUM_MODE", quorum, err);

	if (rc == 0)
		rc = tunable(tree, "WITNESS_MODE", witness, err);
	if (rc < 0)
		return rc;
	int q = find(quorum, lk_qmode_names), w = find(witness, lk_wmode_names);
	if (q < 0)
		return lk_fail(err, LK_M_BAD_QUORUM_MODE, quorum);
	if (w < 0)
		return lk_fail(err, LK_M_BAD_WITNESS_MODE, witness);
	*modes = (struct lk_quorum_modes){ (enum lk_quorum_mode)q, (enum lk_witness_mode)w };
	return go_together(modes) ? 0 : lk_fail(err, LK_M_QUORUM_PAIR, lk_qmode_names[q], lk_wmode_names[w]);
}

bool lk_quorum_leases(enum lk_quorum_mode mode)
{
	return mode == LK_QMODE_MAJORITY || mode == LK_QMODE_STORAGE;
}

int lk_quorum_numbers(const struct lk_tree *tree, enum lk_quorum_mode mode, struct lk_err *err)
{
	int64_t stop;
	int rc = lk_quorum_stop(tree, &stop, err);

	if (rc == 0 && mode == LK_QMODE_STORAGE)
		rc = lk_qwk_times(tree, err);
	if (rc == 0 || err->code == LK_EX_INTERNAL)
		return rc;
	struct lk_err why = *err;
	return lk_fail(err, LK_M_QUORUM_NUMBER, why.text);
}

/* ---- the last pair ---- */

/* false: there is none. */
static bool load_last(const struct lk_tree *tree, struct lk_quorum_modes *modes)
{
	int LK_AUTO_CLOSE fd = openat(tree->fd, PAIR, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	char text[PAIR_MAX];
	ssize_t len = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	if (len <= 0)
		return false;
	text[len] = '\0';
	text[strcspn(text, "\n")] = '\0';
	char *blank = strchr(text, ' ');
	if (!blank)
		return false;
	*blank = '\0';
	int q = find(text, lk_qmode_names), w = find(blank + 1, lk_wmode_names);
	*modes = (struct lk_quorum_modes){ (enum lk_quorum_mode)q, (enum lk_witness_mode)w };
	return q >= 0 && w >= 0 && go_together(modes);
}

/* Whoever may not write there only looks. */
static void save_last(const struct lk_tree *tree, const struct lk_quorum_modes *modes)
{
	int LK_AUTO_CLOSE fd = openat(tree->fd, PAIR_TEMP, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC,
				      0644);

	if (fd >= 0 && dprintf(fd, "%s %s\n", lk_qmode_names[modes->quorum], lk_wmode_names[modes->witness]) > 0)
		(void)!renameat(tree->fd, PAIR_TEMP, tree->fd, PAIR);
}

static void say_last(const struct lk_tree *tree, const struct lk_quorum_modes *last, const struct lk_err *why)
{
	struct lk_err note;
	struct lk_log_line line = { .level = LK_LOG_ERROR, .prog = "quorum", .pid = getpid(),
				    .number = LK_M_NUMBER(LK_M_LOG_LAST_PAIR), .text = note.text };
	struct lk_err ignored;

	lk_fail(&note, LK_M_LOG_LAST_PAIR, why->text, lk_qmode_names[last->quorum],
		lk_wmode_names[last->witness]);
	lk_log(tree, &line, &ignored);
}

int lk_quorum_modes(const struct lk_tree *tree, struct lk_quorum_modes *modes, struct lk_err *err)
{
	struct lk_quorum_modes last = { LK_QMODE_NONE, LK_WMODE_NONE };
	int rc = lk_quorum_configured(tree, modes, err);
	bool any = load_last(tree, &last);

	if (rc == -LK_EX_INTERNAL && any) {
		say_last(tree, &last, err);
		*modes = last;
		return 0;
	}
	if (rc == 0 && any && lk_quorum_leases(last.quorum) && !lk_quorum_leases(modes->quorum) && lk_holds_kept(tree)) {
		*modes = last;
		return 0;
	}
	if (rc == 0 && (modes->quorum != last.quorum || modes->witness != last.witness))
		save_last(tree, modes);
	return rc;
}

/* ---- the check ---- */

static bool is_majority_alive(struct lk_lcd *lcd, size_t *alive)
{
	const char *ignored;

	*alive = 0;
	for (size_t i = 0; i < lcd->nsys; i++)
		*alive += lk_sys_state(lcd, &lcd->sys[i], &ignored) == LK_SYS_ALIVE;
	return 2 * *alive > lcd->nsys;
}

/* That others are ALIVE says that they are heard; a lease, that they hear this system, too (lk/grant.h). */
static int check_lease(struct lk_lcd *lcd, const char *none, struct lk_err *err)
{
	struct lk_lcm_quorum answer;
	int rc = lk_lcm_quorum(lcd, &answer, err);

	if (rc < 0 || (answer.active && answer.valid))
		return rc;
	if (!answer.active)
		return lk_fail(err, LK_M_NO_QUORUM, "the communication manager has not taken up QUORUM_MODE yet");
	return lk_fail(err, LK_M_NO_QUORUM,
		       answer.lapsed ? "its lease has run out, and what it let run is to end" : none);
}

/* More than half of all systems, this one counted, must be ALIVE. */
static int check_majority(struct lk_lcd *lcd, struct lk_err *err)
{
	size_t alive;
	char why[80];

	if (is_majority_alive(lcd, &alive))
		return lcd->nsys > 1 ? check_lease(lcd, "a majority has not confirmed its heartbeats", err) : 0;
	snprintf(why, sizeof(why), "%zu of %zu systems are ALIVE", alive, lcd->nsys);
	return lk_fail(err, LK_M_NO_QUORUM, why);
}

/* Others may have been granted what is started here: they count on a lease that this system does not have. */
static int check_among(const struct lk_lcd *lcd, enum lk_quorum_mode mode, struct lk_err *err)
{
	const char *other = lk_holds_among(lcd);
	char why[LK_SYS_MAX + 160];

	if (!other)
		return 0;
	snprintf(why, sizeof(why), "QUORUM_MODE is %s here, and system \"%s\" holds itself to a lease: "
		 "make the modes equal, see lk-quorum(7)", lk_qmode_names[mode], other);
	return lk_fail(err, LK_M_NO_QUORUM, why);
}

int lk_quorum_check(struct lk_lcd *lcd, struct lk_err *err)
{
	struct lk_quorum_modes modes;
	struct lk_qwk_access access;
	int rc = lk_quorum_modes(&lcd->tree, &modes, err);

	if (rc == 0 && !lk_quorum_leases(modes.quorum))
		rc = check_among(lcd, modes.quorum, err);
	if (rc < 0)
		return rc;
	switch (modes.quorum) {
	case LK_QMODE_NONE: return 0;
	case LK_QMODE_MAJORITY: return check_majority(lcd, err);
	case LK_QMODE_TCP: return lk_quorum_tcp(&lcd->tree, err);
	case LK_QMODE_STORAGE: break;
	}
	if (!lk_qwk_access(&lcd->tree, &access))
		return lk_fail(err, LK_M_NO_QUORUM, access.why);
	return check_lease(lcd, "the communication manager has not taken up the last write of the own object yet", err);
}

/* ---- at an event ---- */

static void say_at(enum lk_log_level level, const struct lk_lcd *lcd, const struct lk_quorum_event *event,
		   const struct lk_err *text)
{
	struct lk_err ignored;
	struct lk_log_line line = { .level = level, .prog = event->prog, .pid = getpid(),
				    .component = "quorum", .action = event->name,
				    .number = (unsigned)text->number, .text = text->text };

	lk_log(&lcd->tree, &line, &ignored);
}

static void say(const struct lk_lcd *lcd, const struct lk_quorum_event *event, const struct lk_err *text)
{
	say_at(LK_LOG_INFO, lcd, event, text);
}

/* What the last event has found. */
static void load_state(const struct lk_tree *tree, char text[static PAIR_MAX])
{
	int LK_AUTO_CLOSE fd = openat(tree->fd, STATE, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	ssize_t len = fd < 0 ? 0 : read(fd, text, PAIR_MAX - 1);

	text[len > 0 ? len : 0] = '\0';
	text[strcspn(text, "\n")] = '\0';
	/* the first time only what is not as it should be is a change */
	if (!*text)
		snprintf(text, PAIR_MAX, HAVE);
}

void lk_quorum_known(struct lk_lcd *lcd, struct lk_quorum_known *known)
{
	struct lk_quorum_modes modes;
	struct lk_err err = { .text = "" };
	char state[PAIR_MAX];
	int rc = lk_quorum_modes(&lcd->tree, &modes, &err);

	*known = (struct lk_quorum_known){ .mode = "", .witness = "", .configured = true };
	if (rc == 0) {
		known->mode = lk_qmode_names[modes.quorum];
		known->witness = lk_wmode_names[modes.witness];
		known->configured = modes.quorum != LK_QMODE_NONE;
	}
	if (rc == 0 && modes.quorum != LK_QMODE_TCP) {
		rc = lk_quorum_check(lcd, &err);
	} else if (rc == 0) {
		load_state(&lcd->tree, state);
		rc = !strcmp(state, HAVE) ? 0 : lk_fail(&err, LK_M_NO_QUORUM, "the last event has found none");
	}
	known->have = rc == 0;
	snprintf(known->why, sizeof(known->why), "%s", rc < 0 ? err.text : "");
}

/* Has it changed since the last event? */
static bool note_state(const struct lk_lcd *lcd, const struct lk_quorum_event *event, const char *state)
{
	const struct lk_tree *tree = &lcd->tree;
	struct lk_err unknown;
	char text[PAIR_MAX];

	load_state(tree, text);
	if (!strcmp(text, state))
		return false;
	if (strcmp(text, HAVE) != 0 && strcmp(text, LOST) != 0) {
		lk_fail(&unknown, LK_M_QUORUM_STATE, text, STATE);
		say_at(LK_LOG_ERROR, lcd, event, &unknown);
	}
	int LK_AUTO_CLOSE fd = openat(tree->fd, STATE_TEMP, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC,
				      0644);
	if (fd >= 0 && dprintf(fd, "%s\n", state) > 0)
		(void)!renameat(tree->fd, STATE_TEMP, tree->fd, STATE);
	return true;
}

/* Heartbeats go both ways, and one that has just started confirms nothing for half a lease: a majority that is heard
 * has confirmed ours when two leases have passed, or will not. */
static void settle(struct lk_lcd *lcd, enum lk_quorum_mode mode)
{
	struct lk_qwk_access access;
	struct lk_lcm_quorum answer;
	struct lk_err ignored;
	int64_t began = lk_now_ms(), limit = 0;
	size_t alive;

	if (mode == LK_QMODE_MAJORITY && (lcd->nsys < 2 || !is_majority_alive(lcd, &alive)))
		return;
	/* lcm looks twice a second at what it says */
	if (mode == LK_QMODE_STORAGE && !lk_qwk_access(&lcd->tree, &access))
		return;
	do {
		if (limit)
			poll(NULL, 0, NAP_MS);
		if (lk_lcm_quorum(lcd, &answer, &ignored) < 0 || !answer.running || answer.valid)
			return;
		limit = 2 * answer.terms.lease / 1000000;
	} while (lk_now_ms() - began < limit);
}

/* Without quorum the object of the other system is not looked at. */
static void tell_failed(const struct lk_lcd *lcd, const struct lk_quorum_event *event, const struct lk_err *err)
{
	struct lk_qwk_question question = { .node = event->sys };

	snprintf(question.why, sizeof(question.why), "%.*s", LK_QWK_WHY - 1, err->text);
	lk_qwk_log(&lcd->tree, event->prog, &question, LK_QWK_NO_QUORUM);
}

int lk_quorum_verify(struct lk_lcd *lcd, const struct lk_quorum_event *event, struct lk_err *err)
{
	struct lk_quorum_modes modes;
	struct lk_err text;
	int rc = lk_quorum_modes(&lcd->tree, &modes, err);

	if (rc < 0)
		return rc;
	if (modes.quorum == LK_QMODE_NONE && !lk_holds_among(lcd))
		return 1;
	if (event->settle && (modes.quorum == LK_QMODE_MAJORITY || modes.quorum == LK_QMODE_STORAGE))
		settle(lcd, modes.quorum);
	rc = lk_quorum_check(lcd, err);
	if (rc < 0 && err->number != LK_M_NUMBER(LK_M_NO_QUORUM))
		return rc;
	bool have = rc == 0;
	lk_fail(&text, LK_M_QUORUM_VERIFY, event->name, event->sys, have ? "have quorum" : err->text);
	say(lcd, event, &text);
	/* in storage mode its daemon tells of changes */
	if (modes.quorum == LK_QMODE_STORAGE) {
		if (!have)
			tell_failed(lcd, event, err);
		return have;
	}
	if (have && note_state(lcd, event, HAVE))
		lk_fail(&text, LK_M_QWK_GAINED, "have quorum");
	else if (!have && note_state(lcd, event, LOST))
		lk_fail(&text, LK_M_QWK_LOST, "lost quorum");
	else
		return have;
	say(lcd, event, &text);
	return have;
}
