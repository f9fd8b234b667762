/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What lkwatchdog says of its device, for whoever asks whether a watchdog protects this node, and for the next
 * lkwatchdog: $LKROOT/run/lkwatchdog.status, of one start of the machine. A device that was refused and cannot be
 * disarmed is also remembered in $LKROOT/config/watchdog.refused, for the time after the reset.
 *
 * Both are one page that is written in place, with a checksum.
 */
#ifndef LK_DOG_H
#define LK_DOG_H

#include <stdbool.h>

#include "lk/lcd.h"

#define LK_DOG_FILE "run/lkwatchdog.status"
#define LK_DOG_REFUSED_FILE "config/watchdog.refused"
#define LK_DOG_PATH 1024
#define LK_DOG_WHY 800
#define LK_DOG_IDENTITY 33

enum lk_dog_state {
	LK_DOG_NONE,	/* none is configured; a memory that holds nothing */
	LK_DOG_ARMED,	/* it protects the node */
	LK_DOG_BAD,	/* it does not: why tells it */
	LK_DOG_REFUSED,	/* it was opened and is not used: why tells it */
	LK_DOG_ENDED,	/* lkwatchdog has ended in order */
};

struct lk_dog {
	enum lk_dog_state state;
	struct lk_holder process;	/* of lkwatchdog */
	unsigned wanted;		/* seconds: as configured */
	unsigned timeout, most;		/* that it has, and the longest that it may have; 0: not known */
	bool nowayout;			/* it cannot be disarmed */
	char device[LK_DOG_PATH];
	char identity[LK_DOG_IDENTITY];	/* what the driver calls itself */
	char why[LK_DOG_WHY];		/* one line */
};

/* 0 or -1. */
int lk_dog_write(const struct lk_tree *tree, const struct lk_dog *dog, struct lk_err *err)
	LK_MUST LK_NONNULL(1, 2, 3);

/* 1; 0: there is none of this start of the machine; -3: damaged; -1. */
int lk_dog_read(const struct lk_tree *tree, struct lk_dog *dog, struct lk_err *err)
	LK_MUST LK_NONNULL(1, 2, 3);

/* The same of the memory: on stable storage when it returns. One that holds nothing has the room for one that does. */
int lk_dog_remember(const struct lk_tree *tree, const struct lk_dog *dog, struct lk_err *err)
	LK_MUST LK_NONNULL(1, 2, 3);
int lk_dog_remembered(const struct lk_tree *tree, struct lk_dog *dog, struct lk_err *err)
	LK_MUST LK_NONNULL(1, 2, 3);

/* Does a watchdog protect this node now? In words: which one, or why none does. */
bool lk_dog_protects(const struct lk_tree *tree, char text[static LK_ERR_TEXT]) LK_NONNULL(1);

#endif
