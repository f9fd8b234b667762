/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What no decision may break, whatever the picture is: the rules in other words than those of lib/decide.c. */
#ifndef MUST_H
#define MUST_H

#include "lk/decide.h"

struct must {
	const struct lk_picture *pic;
	const struct lk_pic_res *res;
	enum lk_event event;
	unsigned sys;			/* of the event */
	struct lk_decision decision;
};

/* What the decision breaks, or NULL. */
const char *must_broken(const struct must *must);

#endif
