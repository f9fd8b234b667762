/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Programs of Lockkeeper that other ones start. A tree may lack them: several nodes on one machine have
 * a tree each and one installation.
 */
#ifndef LK_PROGRAM_H
#define LK_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>

#include "lk/tree.h"

#define LK_PROGRAM_MAX 8192

/* The absolute path of a program such as "sbin/lkinit": below $LKROOT, else below the installation that
 * the running program belongs to. 0, or -7 with the reason. */
int lk_program_find(const struct lk_tree *tree, const char *name, char path[static LK_PROGRAM_MAX],
		    struct lk_err *err) LK_MUST LK_NONNULL(1, 2, 4);

/* The directory above the one that has the running program; false if that cannot be told. */
bool lk_program_base(char *base, size_t size) LK_MUST LK_NONNULL(1);

#endif
