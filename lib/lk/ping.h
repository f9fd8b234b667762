/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Asking many hosts at once for an echo; one answer is enough. */
#ifndef LK_PING_H
#define LK_PING_H

#include "lk/ipaddr.h"

struct lk_ping {
	const char *device;		/* the only one to be used, or NULL */
	const struct lk_ip *source;	/* or NULL; of the family of the targets */
	const struct lk_ip *target;	/* hosts or broadcast addresses of one family */
	size_t targets;
	unsigned ms;			/* to wait for an answer */
	unsigned tries, preload;	/* rounds, and packets in the first one */
};

/* 1: a host that is not this one has answered, *from; 0: none; -1. */
int lk_ping(const struct lk_ping *ping, struct lk_ip *from, struct lk_err *err)
	LK_MUST LK_NONNULL(1, 2, 3);

#endif
