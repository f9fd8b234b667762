/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The events that management stations are told of, by their documented numbers (spec/admin-gui-linuxkits.md
 * D.1). Each is a line of the log and of the story; $LKROOT/bin/lk_trap, if there is such a program, sends it
 * on: lk_trap NUMBER TEXT [SUBJECT [TAGS]].
 */
#ifndef LK_TRAP_H
#define LK_TRAP_H

#include "lk/tree.h"

/* subject: the system or tag it is about; tags: which resources, separated by blanks. Both may be NULL.
 * Failures are of no consequence and are not reported. */
void lk_trap(const struct lk_tree *tree, unsigned number, const char *subject, const char *tags)
	LK_NONNULL(1);

/* The same without waiting for lk_trap, which may take its time: it runs in a process of its own. */
void lk_trap_aside(const struct lk_tree *tree, unsigned number, const char *subject, const char *tags)
	LK_NONNULL(1);

#endif
