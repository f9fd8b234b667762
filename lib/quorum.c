/* SPDX-License-Identifier: GPL-2.0-or-later */
/* May this system start resources? */
#include "lk/quorum.h"

#include <stdio.h>
#include <string.h>

#include "lk/msg.h"
#include "lk/sys.h"
#include "lk/tunable.h"
#include "lk/poison.h"

/* More than half of all systems, this one counted, must be ALIVE. */
static int check_majority(struct lk_lcd *lcd, struct lk_err *err)
{
	size_t alive = 0;
	const char *ignored;
	char why[80];

	for (size_t i = 0; i < lcd->nsys; i++)
		alive += lk_sys_state(lcd, &lcd->sys[i], &ignored) == LK_SYS_ALIVE;
	if (2 * alive > lcd->nsys)
		return 0;
	snprintf(why, sizeof(why), "%zu of %zu systems are ALIVE", alive, lcd->nsys);
	return lk_fail(err, LK_M_NO_QUORUM, why);
}

int lk_quorum_check(struct lk_lcd *lcd, struct lk_err *err)
{
	char mode[LK_TUNABLE_MAX];
	int rc = lk_tunable(&lcd->tree, "QUORUM_MODE", mode, sizeof(mode), err);

	if (rc <= 0 || !*mode || !strcmp(mode, "none") || !strcmp(mode, "off"))
		return rc < 0 ? rc : 0;
	if (!strcmp(mode, "majority"))
		return check_majority(lcd, err);
	/* the daemon that would answer for these is not there */
	if (!strcmp(mode, "tcp_remote") || !strcmp(mode, "storage"))
		return lk_fail(err, LK_M_NO_QUORUM, "the quorum daemon does not answer");
	return lk_fail(err, LK_M_BAD_QUORUM_MODE, mode);
}
