/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which other systems are quiet. */
#include "lk/quiet.h"

#include <string.h>

#include "lk/grant.h"
#include "lk/lcm.h"
#include "lk/lease.h"
#include "lk/msg.h"
#include "lk/net.h"
#include "lk/quorum.h"
#include "lk/qwkstate.h"
#include "lk/poison.h"

#define MS 1000000

static int64_t lease_of(unsigned interval, unsigned misses)
{
	return lk_terms((int64_t)interval * MS, misses, 0).lease;
}

int lk_quiet_terms(const struct lk_tree *tree, struct lk_terms *terms, struct lk_err *err)
{
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;
	struct lk_err ignored;
	struct lk_beat beat;
	int rc = lk_net_beat(tree, &beat, err);

	if (rc == 0)
		rc = lk_lcd_read(&lcd, LK_T_NET, err);
	if (rc < 0)
		return rc;
	*terms = (struct lk_terms){ .lease = lcd.nnet ? 0 : lease_of(beat.interval, beat.misses) };
	for (size_t i = 0; i < lcd.nnet; i++) {
		const struct lk_net *net = &lcd.net[i];
		int64_t lease = lease_of(net->interval ? net->interval : beat.interval,
					 net->misses ? net->misses : beat.misses);

		if (lease > terms->lease)
			terms->lease = lease;
	}
	(void)!lk_lease_stop(tree, &terms->stop, &ignored);
	return 0;
}

/* ---- storage ---- */

/* On the slowest clock, and with a margin. */
static int64_t certain(const struct lk_tree *tree, int64_t limit)
{
	struct lk_terms terms = { .lease = limit * MS };
	struct lk_err ignored;

	(void)!lk_lease_stop(tree, &terms.stop, &ignored);
	return lk_terms_quiet(&terms, &terms) / MS + 1;
}

/* What counts is the last look: it may have begun to write again since, but then it knows that it was late. Until
 * lkqwk has seen an advance, there may have been one just before it started. */
static int64_t silent(const struct lk_qwk_state *state, const struct lk_qwk_node *node)
{
	int64_t since = node->changed ? node->changed : state->started;

	return node->looked > since ? node->looked - since : 0;
}

int lk_quiet_storage(const struct lk_lcd *lcd, struct lk_quiet *quiet, int64_t *limit, struct lk_err *err)
{
	struct lk_qwk_state state;
	int rc = lk_qwk_state_read(&lcd->tree, &state, err);

	*quiet = (struct lk_quiet){ 0 };
	if (rc == 0)
		return lk_fail(err, LK_M_NO_QUORUM, "the quorum daemon does not answer");
	if (rc < 0)
		return rc;
	*limit = (int64_t)state.hbeat * state.misses * 1000;
	int64_t needed = certain(&lcd->tree, *limit);
	for (unsigned i = 0; i < lcd->nsys && i < LK_SYSTEMS_MAX; i++) {
		int64_t left = needed;

		for (unsigned k = 0; k < state.n && k < LK_QWK_NODES; k++)
			if (!strcmp(state.node[k].name, lcd->sys[i].name))
				left = needed - silent(&state, &state.node[k]);
		/* the next look must come before it can be seen */
		quiet->wait[i] = left > 0 ? (uint64_t)left + state.hbeat * 1000 : 0;
		if (left <= 0 && !lcd->sys[i].local && lk_qwk_fresh(&state, lk_qwk_now()))
			quiet->set |= UINT32_C(1) << i;
	}
	return 0;
}

/* ---- whoever decides ---- */

int lk_quiet_bar(struct lk_lcd *lcd, uint32_t set, struct lk_quiet *quiet, struct lk_err *err)
{
	struct lk_lcm_status status;
	struct lk_quorum_modes modes;
	struct lk_terms terms;
	int64_t limit;
	int rc = lk_quorum_modes(&lcd->tree, &modes, err);

	*quiet = (struct lk_quiet){ 0 };
	if (rc < 0 || !set)
		return rc;
	if (modes.quorum == LK_QMODE_STORAGE)
		return lk_quiet_storage(lcd, quiet, &limit, err);
	rc = lk_quiet_terms(&lcd->tree, &terms, err);
	if (rc == 0)
		rc = lk_lcm_status(lcd, &status, err);
	if (rc < 0)
		return rc;
	uint64_t needed = (uint64_t)lk_terms_quiet(&terms, &terms) / MS + 1;
	for (unsigned i = 0; i < lcd->nsys && i < LK_SYSTEMS_MAX; i++) {
		quiet->wait[i] = needed;
		for (size_t k = 0; k < status.nsys; k++)
			if (set & UINT32_C(1) << i && !strcmp(status.sys[k].name, lcd->sys[i].name) &&
			    status.sys[k].state == LK_SYS_DEAD)
				quiet->wait[i] = status.sys[k].since < needed ? needed - status.sys[k].since : 0;
		if (!quiet->wait[i])
			quiet->set |= UINT32_C(1) << i;
	}
	return 0;
}
