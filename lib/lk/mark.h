/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A mark: a file in run/ that counts as long as the process that has made it lives. */
#ifndef LK_MARK_H
#define LK_MARK_H

#include <stdbool.h>

#include "lk/tree.h"

/* Make it, in the name of this process; path and temp are relative to the tree. false: it could not be made. */
bool lk_mark_set(const struct lk_tree *tree, const char *path, const char *temp) LK_NONNULL(1, 2, 3);

/* Is there one? */
bool lk_mark_counts(const struct lk_tree *tree, const char *path) LK_NONNULL(1, 2);

#endif
