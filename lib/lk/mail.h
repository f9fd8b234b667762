/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Mailboxes for scripts, $LKROOT/tmp/mail/NAME/: each message is one file, named by its number. Whoever
 * puts or takes holds a lock on the mailbox's directory.
 */
#ifndef LK_MAIL_H
#define LK_MAIL_H

#include "lk/buf.h"
#include "lk/tree.h"

#define LK_MAIL_NAME_MAX 80
#define LK_MAIL_BYTES 65536	/* of one message */
#define LK_MAIL_MESSAGES 1000	/* in one mailbox */
#define LK_MAIL_BOXES 256

/* Put a message behind the others, durably. 0; -1; -5 bad name; -6 a limit. */
int lk_mail_put(const struct lk_tree *tree, const char *box, const struct lk_buf *message,
		struct lk_err *err) LK_MUST LK_NONNULL(1, 2, 3, 4);

/* Hand the oldest message to take() and remove it when that returned 0. 1: done; 0: there is none; -1; -5; what
 * take() returned: the message stays. */
struct lk_mail_taker {
	int (*take)(void *arg, const void *data, size_t len);
	void *arg;
};
int lk_mail_get(const struct lk_tree *tree, const char *box, const struct lk_mail_taker *taker,
		struct lk_err *err) LK_MUST LK_NONNULL(1, 2, 3, 4);

#endif
