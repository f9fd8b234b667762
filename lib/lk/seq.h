/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The change counter at the head of config/lock: 16 hexadecimal digits, a blank, the process that
 * holds or last held the lock. A writer raises it before anything that a reader could see half of.
 * It need not survive a power cut: no reader does either.
 */
#ifndef LK_SEQ_H
#define LK_SEQ_H

#include <stdint.h>

#include "lk/attr.h"

#define LK_SEQ_DIGITS 16

/* 0, or -errno; an empty or short file counts as 0. */
int lk_seq_read(int fd, uint64_t *seq) LK_MUST LK_NONNULL(2);

#endif
