/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which other systems are quiet. */
#include "lk/quiet.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lk/cleanup.h"
#include "lk/fenced.h"
#include "lk/held.h"
#include "lk/holds.h"
#include "lk/lcm.h"
#include "lk/lease.h"
#include "lk/msg.h"
#include "lk/quorum.h"
#include "lk/qwkstate.h"
#include "lk/sys.h"
#include "lk/poison.h"

#define MS 1000000
#define NOTE_MAX 32

/* A question to lcm. */
struct asking {
	struct lk_lcd *lcd;
	const struct lk_quiet_ended *ended;
	bool leases;			/* time is to tell that what a lease let run has ended */
	struct lk_lcm_quorum answer;
};

/* Not "this one or an earlier one": which of two is the earlier one is not known. */
static bool has_ended(const struct lk_quiet_ended *ended, unsigned i, const struct lk_lcm_confirm *row)
{
	return row->incarnation && (row->incarnation == ended->said[i] || row->incarnation == ended->here.incarnation[i]);
}

/* It was stopped with resources in service, or does not hold itself to a lease. */
static bool never_ends(const struct asking *a, const char *sys)
{
	return lk_held(a->lcd, sys) || (a->leases && lk_holds_no_end(lk_holds_read(&a->lcd->tree, sys)));
}

/* lcm has not heard of a change of the members yet: from when it has, nobody is quiet for a while (net_confirm.c). */
static bool is_behind(const struct asking *a)
{
	size_t known = 0;

	for (size_t i = 0; i < a->lcd->nsys; i++) {
		bool row = lk_lcm_confirm_of(&a->answer, a->lcd->sys[i].name);

		if (!row && !a->lcd->sys[i].local)
			return true;
		known += row;
	}
	return known != a->answer.nsys;
}

/* Of the set those that are quiet, and for how long the others have to be waited for. One that lcm does not know of is
 * not quiet. */
static void judge(const struct asking *a, uint32_t set, struct lk_quiet *quiet)
{
	const struct lk_lcm_quorum *answer = &a->answer;
	const struct lk_lcd *lcd = a->lcd;
	bool behind = is_behind(a);

	quiet->set = 0;
	for (unsigned i = 0; i < lcd->nsys && i < LK_SYSTEMS_MAX; i++) {
		const struct lk_lcm_confirm *row = lk_lcm_confirm_of(answer, lcd->sys[i].name);

		quiet->wait[i] = (uint64_t)lk_terms_quiet(&answer->terms, &answer->terms) / MS + 1;
		if (row && !behind)
			quiet->wait[i] = row->quiet < row->needed ?
					 (uint64_t)(row->needed - row->quiet) / MS + 1 : 0;
		if (never_ends(a, lcd->sys[i].name))
			quiet->wait[i] = LK_HELD_WAIT;
		if (row && has_ended(a->ended, i, row))
			quiet->wait[i] = 0;
		if (!quiet->wait[i] && set & UINT32_C(1) << i)
			quiet->set |= UINT32_C(1) << i;
	}
}

/* The bar holds only for those that lcm says it holds for. */
static void drop_unbarred(const struct asking *a, struct lk_quiet *quiet)
{
	const struct lk_lcd *lcd = a->lcd;

	for (unsigned i = 0; i < lcd->nsys && i < LK_SYSTEMS_MAX; i++) {
		const struct lk_lcm_confirm *row = lk_lcm_confirm_of(&a->answer, lcd->sys[i].name);

		if (!row || !row->barred)
			quiet->set &= ~(UINT32_C(1) << i);
	}
}

/* ---- storage ---- */

int64_t lk_quiet_on_storage(const struct lk_qwk_state *state, const struct lk_qwk_node *node,
			    const struct lk_terms *ours)
{
	const struct lk_terms theirs = { node->lease * (int64_t)MS, node->stop * (int64_t)MS };
	const struct lk_terms here = { lk_qwk_limit(state) * MS, ours->stop };

	return lk_terms_quiet(&here, &theirs);
}

/* What counts is the last look: it may have begun to write again since, but then it knows that it was late, unless
 * heartbeats have let it run meanwhile. Until lkqwk has seen an advance, there may have been one just before it
 * started. */
static int64_t silent(const struct lk_qwk_state *state, const struct lk_qwk_node *node)
{
	int64_t since = node->changed ? node->changed : state->started;

	return node->looked > since ? node->looked - since : 0;
}

static const struct lk_qwk_node *find_node(const struct lk_qwk_state *state, const char *name)
{
	for (unsigned k = 0; k < state->n && k < LK_QWK_NODES; k++)
		if (!strcmp(state->node[k].name, name))
			return &state->node[k];
	return NULL;
}

int lk_quiet_note(const struct lk_tree *tree, const char *sys, struct lk_err *err)
{
	char path[LK_SYS_FILE], text[NOTE_MAX];
	struct lk_quorum_modes modes;
	int rc = lk_quorum_modes(tree, &modes, err);

	if (rc < 0 || modes.quorum != LK_QMODE_STORAGE)
		return rc;
	lk_sys_file(LK_SYS_GRANTED, sys, path);
	int len = snprintf(text, sizeof(text), "%020" PRId64 "\n", lk_qwk_now());
	int LK_AUTO_CLOSE fd = openat(tree->fd, path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	errno = fd < 0 ? errno : ENOSPC;
	if (fd < 0 || pwrite(fd, text, (size_t)len, 0) != len)
		return lk_fail_errno(err, errno, "%s/%s", tree->root, path);
	return 0;
}

/* What cannot be read may have been now. A time to come is of another start of the machine. */
static int64_t noted(const struct lk_tree *tree, const char *sys)
{
	char path[LK_SYS_FILE], text[NOTE_MAX];
	int64_t now = lk_qwk_now(), when;

	lk_sys_file(LK_SYS_GRANTED, sys, path);
	int LK_AUTO_CLOSE fd = openat(tree->fd, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return 0;
	ssize_t len = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	text[len < 0 ? 0 : len] = '\0';
	if (sscanf(text, "%" SCNd64, &when) != 1)
		return now;
	return when > now ? 0 : when;
}

static int64_t later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

int64_t lk_quiet_ceased(const struct lk_quiet_signs *signs)
{
	const struct lk_terms ours = { signs->ours, 0 }, theirs = { signs->theirs, 0 };
	int64_t beats = signs->now + (lk_terms_quiet(&ours, &theirs) - signs->quiet) / MS + 1;

	return later(later(signs->granted, signs->since), signs->heard ? beats : 0);
}

static int64_t ceased(const struct asking *a, unsigned i, const struct lk_lcm_confirm *row)
{
	return lk_quiet_ceased(&(struct lk_quiet_signs){
		.now = lk_qwk_now(), .granted = noted(&a->lcd->tree, a->lcd->sys[i].name), .since = a->ended->since,
		.ours = a->answer.terms.lease, .theirs = row ? row->terms.lease : 0, .quiet = row ? row->quiet : 0,
		.heard = row,
	});
}

/* One that is not on the storage, or that has left the mode, may run for ever. */
int64_t lk_quiet_left(const struct lk_qwk_state *state, const struct lk_qwk_node *node, const struct lk_terms *ours,
		      int64_t since)
{
	static const struct lk_qwk_node unknown;
	int64_t left = lk_quiet_on_storage(state, node ? node : &unknown, ours) / MS + 1;

	if (node && !node->left)
		left -= silent(state, node);
	/* an older look may have missed it: who could not see us then has begun, or was let run by something else */
	if (node && left <= 0 && (node->looked < state->gained || node->looked <= since))
		left = 1;
	/* the next look must come before it can be seen */
	return left > 0 ? left + state->hbeat * 1000LL : 0;
}

bool lk_quiet_is_gone(const struct lk_qwk_state *state, int64_t when, int64_t now)
{
	return when > state->started && now >= when && now - when < lk_qwk_limit(state);
}

/* It has ended for certain, and is not back. */
static bool is_over(const struct asking *a, unsigned i, const struct lk_lcm_confirm *row,
		    const struct lk_qwk_state *state)
{
	return row && has_ended(a->ended, i, row) &&
	       (!a->ended->since || lk_quiet_is_gone(state, a->ended->here.when[i], lk_qwk_now()));
}

/* How long it may run yet, in ms, with what else has let it run. */
static int64_t left_in_all(const struct asking *a, unsigned i, const struct lk_lcm_confirm *row,
			   const struct lk_qwk_state *state)
{
	int64_t since = ceased(a, i, row);
	int64_t left = lk_quiet_left(state, find_node(state, a->lcd->sys[i].name), &a->answer.terms, since);
	int64_t later_look = since - lk_qwk_now() + state->hbeat * 1000LL;

	return left && later_look > left ? later_look : left;
}

static int read_state(const struct lk_tree *tree, struct lk_qwk_state *state, struct lk_err *err)
{
	int rc = lk_qwk_state_read(tree, state, err);

	return rc == 0 ? lk_fail(err, LK_M_NO_QUORUM, "the quorum daemon does not answer") : rc < 0 ? rc : 0;
}

int lk_quiet_limit(const struct lk_tree *tree, int64_t *limit, struct lk_err *err)
{
	struct lk_qwk_state state;
	int rc = read_state(tree, &state, err);

	*limit = rc < 0 ? 0 : lk_qwk_limit(&state);
	return rc;
}

int lk_quiet_storage(struct lk_lcd *lcd, const struct lk_quiet_ended *ended, struct lk_quiet *quiet, struct lk_err *err)
{
	struct asking asking = { .lcd = lcd, .ended = ended, .leases = true };
	struct lk_qwk_state state;
	int rc = read_state(&lcd->tree, &state, err);

	*quiet = (struct lk_quiet){ 0 };
	if (rc == 0)
		rc = lk_lcm_quorum(lcd, &asking.answer, err);
	if (rc < 0)
		return rc;
	/* heartbeats that were confirmed from here let it run, too */
	judge(&asking, 0, quiet);
	for (unsigned i = 0; i < lcd->nsys && i < LK_SYSTEMS_MAX; i++) {
		const struct lk_lcm_confirm *row = lk_lcm_confirm_of(&asking.answer, lcd->sys[i].name);
		int64_t left = is_over(&asking, i, row, &state) ? 0 : left_in_all(&asking, i, row, &state);

		if ((uint64_t)left > quiet->wait[i])
			quiet->wait[i] = (uint64_t)left;
		if (!quiet->wait[i] && !lcd->sys[i].local && asking.answer.running &&
		    lk_qwk_fresh(&state, lk_qwk_now()))
			quiet->set |= UINT32_C(1) << i;
	}
	return 0;
}

/* ---- whoever decides ---- */

/* By heartbeats, for whoever has no storage. */
static int look(struct asking *asking, struct lk_quiet *quiet, struct lk_err *err)
{
	int rc = lk_lcm_quorum(asking->lcd, &asking->answer, err);

	if (rc == 0 && !asking->answer.running)
		return lk_fail(err, LK_M_NO_DAEMON);
	if (rc == 0)
		judge(asking, 0, quiet);
	return rc;
}

int lk_quiet_wait(struct lk_lcd *lcd, const struct lk_sys *sys, uint64_t *left, struct lk_err *err)
{
	struct lk_quiet_ended ended = { .said = { 0 } };
	struct asking asking = { .lcd = lcd, .ended = &ended };
	struct lk_quorum_modes modes;
	struct lk_quiet quiet;
	int rc = lk_quorum_modes(&lcd->tree, &modes, err);

	if (rc < 0)
		return rc;
	lk_fenced_here(lcd, &ended.here);
	asking.leases = lk_quorum_leases(modes.quorum);
	rc = modes.quorum == LK_QMODE_STORAGE ? lk_quiet_storage(lcd, &ended, &quiet, err) :
						look(&asking, &quiet, err);
	*left = rc == 0 ? quiet.wait[sys - lcd->sys] : 0;
	return rc;
}

int lk_quiet_bar(struct lk_lcd *lcd, uint32_t set, const struct lk_quiet_ended *ended, struct lk_quiet *quiet,
		 struct lk_err *err)
{
	struct asking asking = { .lcd = lcd, .ended = ended, .leases = true };
	struct lk_quorum_modes modes;
	int rc = lk_quorum_modes(&lcd->tree, &modes, err);

	*quiet = (struct lk_quiet){ 0 };
	if (rc < 0 || !set)
		return rc;
	if (modes.quorum == LK_QMODE_STORAGE)
		return lk_quiet_storage(lcd, ended, quiet, err);
	rc = lk_lcm_quorum(lcd, &asking.answer, err);
	if (rc < 0)
		return rc;
	judge(&asking, set, quiet);
	if (!quiet->set)
		return 0;
	set = quiet->set;
	rc = lk_lcm_bar(lcd, set, &asking.answer, err);
	if (rc < 0)
		return rc;
	judge(&asking, set, quiet);
	drop_unbarred(&asking, quiet);
	return 0;
}
