/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which other systems are quiet. */
#include "lk/quiet.h"

#include <string.h>

#include "lk/grant.h"
#include "lk/lcm.h"
#include "lk/lease.h"
#include "lk/net.h"
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

int lk_quiet_bar(struct lk_lcd *lcd, uint32_t set, struct lk_quiet *quiet, struct lk_err *err)
{
	struct lk_lcm_status status;
	struct lk_terms terms;
	int rc = set ? lk_quiet_terms(&lcd->tree, &terms, err) : 0;

	*quiet = (struct lk_quiet){ 0 };
	if (!set)
		return 0;
	if (rc == 0)
		rc = lk_lcm_status(lcd, &status, err);
	if (rc < 0)
		return rc;
	uint64_t limit = (uint64_t)lk_terms_quiet(&terms, &terms) / MS + 1;
	for (unsigned i = 0; i < lcd->nsys && i < LK_SYSTEMS_MAX; i++) {
		quiet->wait[i] = limit;
		for (size_t k = 0; k < status.nsys; k++)
			if (set & UINT32_C(1) << i && !strcmp(status.sys[k].name, lcd->sys[i].name) &&
			    status.sys[k].state == LK_SYS_DEAD)
				quiet->wait[i] = status.sys[k].since < limit ? limit - status.sys[k].since : 0;
		if (!quiet->wait[i])
			quiet->set |= UINT32_C(1) << i;
	}
	return 0;
}
