/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the storage quorum says, for whoever decides. */
#include "lk/qwkstate.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lk/cleanup.h"
#include "lk/log.h"
#include "lk/msg.h"
#include "lk/page.h"
#include "lk/qwkconf.h"
#include "lk/tunable.h"
#include "lk/poison.h"

#define HEAD "#lockkeeper qwkstate 2\n"
#define BOOT_ID "/proc/sys/kernel/random/boot_id"
#define BOOT_TEXT 40

const char *const lk_qwk_verdict_names[] = { "wait", "up", "down", "no quorum", "timeout", NULL };

int64_t lk_qwk_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_BOOTTIME, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* Times of another start of the machine say nothing. */
static void this_boot(char id[static BOOT_TEXT])
{
	FILE LK_AUTO_FILE *file = fopen(BOOT_ID, "re");

	if (!file || !fgets(id, BOOT_TEXT, file))
		id[0] = '\0';
	id[strcspn(id, "\n")] = '\0';
}

/* ---- the file ---- */

static bool format(const struct lk_qwk_state *state, char text[static LK_PAGE])
{
	char boot[BOOT_TEXT];
	size_t len;

	this_boot(boot);
	len = (size_t)snprintf(text, LK_PAGE,
			       HEAD "boot=%s\nstarted=%" PRId64 " written=%" PRId64 " gained=%" PRId64
			       " said=%" PRId64 " stop=%u hbeat=%u misses=%u nodes=%u\n", boot, state->started,
			       state->written, state->gained, state->said, state->stop, state->hbeat,
			       state->misses, state->n);
	for (unsigned i = 0; i < state->n && i < LK_QWK_NODES && len < LK_PAGE; i++) {
		const struct lk_qwk_node *node = &state->node[i];

		len += (size_t)snprintf(text + len, LK_PAGE - len,
					"node=%s sequence=%" PRIu64 " changed=%" PRId64 " before=%" PRId64
					" looked=%" PRId64 " quiet=%u commstat=%u lease=%u stop=%u left=%u\n",
					node->name, node->sequence, node->changed, node->before, node->looked,
					node->quiet, (unsigned)node->commstat, node->lease, node->stop,
					node->left);
	}
	return lk_page_seal(text, len);
}

int lk_qwk_state_write(const struct lk_tree *tree, const struct lk_qwk_state *state, struct lk_err *err)
{
	char text[LK_PAGE];

	if (!format(state, text))
		return lk_fail(err, LK_M_BROKEN, LK_QWK_STATE ": too long");
	int LK_AUTO_CLOSE fd = lk_page_write(tree, LK_QWK_STATE, text, err);
	return fd < 0 ? fd : 0;
}

/* A line that begins with the head and has n values behind it. */
static bool scan_node(const char *line, struct lk_qwk_node *node)
{
	unsigned commstat, left;
	int end = 0;

	if (sscanf(line, "node=%255s sequence=%" SCNu64 " changed=%" SCNd64 " before=%" SCNd64
			 " looked=%" SCNd64 " quiet=%u commstat=%u lease=%u stop=%u left=%u%n", node->name,
		   &node->sequence, &node->changed, &node->before, &node->looked, &node->quiet, &commstat,
		   &node->lease, &node->stop, &left, &end) != 10 ||
	    line[end] != '\n' || commstat > LK_SYS_UNKNOWN || left > 1)
		return false;
	node->left = left;
	node->commstat = (enum lk_sys_state)commstat;
	return true;
}

/* 1; 2: of another start of the machine; 0: it makes no sense. */
static int scan(void *arg, const char *text)
{
	struct lk_qwk_state *state = arg;
	char boot[BOOT_TEXT], now[BOOT_TEXT];
	const char *line = text + sizeof(HEAD) - 1;

	*state = (struct lk_qwk_state){ 0 };
	if (strncmp(text, HEAD, sizeof(HEAD) - 1) != 0 ||
	    sscanf(line, "boot=%39s started=%" SCNd64 " written=%" SCNd64 " gained=%" SCNd64
			 " said=%" SCNd64 " stop=%u hbeat=%u misses=%u nodes=%u", boot, &state->started,
		   &state->written, &state->gained, &state->said, &state->stop, &state->hbeat, &state->misses,
		   &state->n) != 9 ||
	    state->n > LK_QWK_NODES)
		return 0;
	this_boot(now);
	if (strcmp(boot, now) != 0)
		return 2;
	line = strchr(strchr(line, '\n') + 1, '\n') + 1;
	for (unsigned i = 0; i < state->n; i++, line = strchr(line, '\n') + 1)
		if (!scan_node(line, &state->node[i]))
			return 0;
	return 1;
}

int lk_qwk_state_read(const struct lk_tree *tree, struct lk_qwk_state *state, struct lk_err *err)
{
	const struct lk_page_sink sink = { scan, state };
	int rc = lk_page_read(tree, LK_QWK_STATE, &sink, err);

	return rc == 2 ? 0 : rc;
}

/* ---- what it means ---- */

/* Of two that differ the larger one counts. */
static int64_t limit_for(const struct lk_qwk_state *state, const struct lk_qwk_node *node)
{
	int64_t limit = lk_qwk_limit(state);

	return node->lease > limit ? node->lease : limit;
}

bool lk_qwk_fresh(const struct lk_qwk_state *state, int64_t now)
{
	return state->written > 0 && now - state->written <= lk_qwk_limit(state);
}

void lk_qwk_state_wrote(struct lk_qwk_state *state, int64_t begun, int64_t ended)
{
	if (!lk_qwk_fresh(state, ended))
		state->gained = ended;
	/* its begin counts: from then on others may have seen it */
	if (begun > state->written)
		state->written = begun;
}

void lk_qwk_state_saw(struct lk_qwk_node *node, const struct lk_qwk_look *look)
{
	node->looked = look->begun > node->looked ? look->begun : node->looked;
	/* up to the first look it may have been written */
	if (look->advanced || !look->before)
		node->changed = look->ended;
	if (!look->advanced)
		return;
	node->before = look->before > node->before ? look->before : node->before;
	node->quiet = 0;
}

void lk_qwk_state_go_on(struct lk_qwk_state *state, const struct lk_qwk_state *old)
{
	if (old->hbeat == state->hbeat && old->misses == state->misses) {
		state->written = old->written;
		state->gained = old->gained;
	}
	state->stop = old->stop;
}

enum lk_qwk_verdict lk_qwk_judge(const struct lk_qwk_state *state, const struct lk_qwk_node *node,
				 int64_t since, int64_t now)
{
	int64_t changed = node->changed ? node->changed : state->started;

	if (!lk_qwk_fresh(state, now))
		return LK_QWK_NO_QUORUM;
	/* The look before the one that saw the new sequence was after since: so the update was, too. */
	if (node->changed && node->before >= since)
		return LK_QWK_UP;
	if (node->quiet >= state->misses && node->looked >= since && now - changed >= limit_for(state, node))
		return LK_QWK_DOWN;
	return now - since >= 2 * limit_for(state, node) ? LK_QWK_TIMEOUT : LK_QWK_WAIT;
}

static void explain(const struct lk_qwk_state *state, struct lk_qwk_access *access, int64_t now)
{
	access->limit = lk_qwk_limit(state);
	access->age = state->written > 0 ? now - state->written : -1;
	if (access->age < 0)
		snprintf(access->why, sizeof(access->why),
			 "the own object has not been written and read back since lkqwk started");
	else
		snprintf(access->why, sizeof(access->why),
			 "the own object was written and read back %" PRId64 " ms ago, the limit is %" PRId64
			 " ms", access->age, access->limit);
}

int lk_qwk_access(const struct lk_tree *tree, struct lk_qwk_access *access)
{
	struct lk_qwk_state state;
	struct lk_err err;
	int64_t now;

	*access = (struct lk_qwk_access){ .age = -1 };
	if (faccessat(tree->fd, LK_QWK_CONF, F_OK, AT_SYMLINK_NOFOLLOW) < 0) {
		if (lk_qwk_leaving(tree))
			lk_fail(&err, LK_M_QWK_LEAVING);
		else
			snprintf(err.text, sizeof(err.text), "%s", LK_QWK_NOT_INIT);
		snprintf(access->why, sizeof(access->why), "%.*s", LK_QWK_WHY - 1, err.text);
		return 0;
	}
	int rc = lk_qwk_state_read(tree, &state, &err);
	if (rc <= 0) {
		snprintf(access->why, sizeof(access->why), "%.*s", LK_QWK_WHY - 1,
			 rc < 0 ? err.text : "lkqwk has not run since the machine started");
		return 0;
	}
	now = lk_qwk_now();
	explain(&state, access, now);
	return lk_qwk_fresh(&state, now);
}

/* ---- questions about others ---- */

static void answer(const struct lk_qwk_state *state, const struct lk_qwk_node *node,
		   struct lk_qwk_question *question, enum lk_qwk_verdict verdict)
{
	int64_t now = lk_qwk_now();
	struct lk_qwk_access access;

	if (verdict == LK_QWK_NO_QUORUM) {
		explain(state, &access, now);
		snprintf(question->why, sizeof(question->why), "%s", access.why);
	} else if (!node->changed) {
		snprintf(question->why, sizeof(question->why),
			 "no update was seen since lkqwk started %" PRId64 " ms ago, %u checks",
			 now - state->started, node->quiet);
	} else {
		snprintf(question->why, sizeof(question->why),
			 "the last update, to sequence %" PRIu64 ", was seen %" PRId64 " ms ago, %u checks",
			 node->sequence, now - node->changed, node->quiet);
	}
}

static const struct lk_qwk_node *find(const struct lk_qwk_state *state, const char *name)
{
	for (unsigned i = 1; i < state->n; i++)
		if (!strcmp(state->node[i].name, name))
			return &state->node[i];
	return NULL;
}

int lk_qwk_peer(const struct lk_tree *tree, struct lk_qwk_question *question, struct lk_err *err)
{
	struct lk_qwk_access access;
	struct lk_qwk_state state;
	struct lk_err ignored;

	if (!lk_qwk_access(tree, &access) || lk_qwk_state_read(tree, &state, &ignored) <= 0) {
		snprintf(question->why, sizeof(question->why), "%s", access.why);
		return LK_QWK_NO_QUORUM;
	}
	const struct lk_qwk_node *node = find(&state, question->node);
	if (!node)
		return lk_fail(err, LK_M_QWK_UNKNOWN, question->node);
	enum lk_qwk_verdict verdict = lk_qwk_judge(&state, node, question->since, lk_qwk_now());
	answer(&state, node, question, verdict);
	question->theirs = node->commstat;
	question->quiet = node->quiet;
	question->needed = state.misses;
	return (int)verdict;
}

int lk_qwk_debug(const struct lk_tree *tree, struct lk_err *err)
{
	unsigned long long debug = 0;
	int rc = lk_tunable_number(tree, "QUORUM_DEBUG", 0, 1, &debug, err);

	return rc < 0 ? rc : debug == 1;
}

static void log_line(const struct lk_tree *tree, const char *prog, const struct lk_err *text)
{
	struct lk_log_line line = { .level = LK_LOG_INFO, .prog = prog, .pid = getpid(),
				    .component = "quorum", .action = "witness",
				    .number = (unsigned)text->number, .text = text->text };
	struct lk_err ignored;

	lk_log(tree, &line, &ignored);
}

void lk_qwk_log(const struct lk_tree *tree, const char *prog, const struct lk_qwk_question *question,
		enum lk_qwk_verdict verdict)
{
	struct lk_err text;

	switch (verdict) {
	case LK_QWK_WAIT:
		return;
	case LK_QWK_UP:
		lk_fail(&text, LK_M_QWK_CR1, question->node, question->why);
		break;
	case LK_QWK_DOWN:
		lk_fail(&text, LK_M_QWK_CR2, question->node, question->why);
		break;
	case LK_QWK_NO_QUORUM:
		lk_fail(&text, LK_M_QWK_CR3, question->node, question->why);
		break;
	case LK_QWK_TIMEOUT:
		lk_fail(&text, LK_M_QWK_CR4, question->node, question->why);
		break;
	}
	log_line(tree, prog, &text);
}
