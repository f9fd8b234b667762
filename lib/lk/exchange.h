/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ownership records that differ between systems: the newest one wins everywhere (design 3.5). */
#ifndef LK_EXCHANGE_H
#define LK_EXCHANGE_H

#include "lk/picture.h"

/* Take over what other systems in the picture know better. 0 or -1, -3. The picture stays as it was. */
int lk_exchange_adopt(const struct lk_picture *picture, struct lk_err *err) LK_MUST LK_NONNULL(1, 2);

/* Tell the others in the picture what they do not know; who does not answer learns it when it comes back. */
void lk_exchange_push(const struct lk_lcd *lcd, const struct lk_picture *picture) LK_NONNULL(1, 2);

/* Both, after something has changed here that others should know: that two instances belong together, or
 * a state set by hand. Nothing depends on it: errors are for the log of those who fail. */
void lk_exchange(void);

#endif
