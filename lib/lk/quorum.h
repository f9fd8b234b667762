/* SPDX-License-Identifier: GPL-2.0-or-later */
/* May this system start resources? The modes of quorum and witness (spec/core.md 6.2, 6.3, 6.5). */
#ifndef LK_QUORUM_H
#define LK_QUORUM_H

#include "lk/lcd.h"

enum lk_quorum_mode { LK_QMODE_NONE, LK_QMODE_MAJORITY, LK_QMODE_STORAGE, LK_QMODE_TCP };
enum lk_witness_mode { LK_WMODE_NONE, LK_WMODE_REMOTE, LK_WMODE_STORAGE };

extern const char *const lk_qmode_names[];	/* as in the tunables, NULL-terminated */
extern const char *const lk_wmode_names[];

struct lk_quorum_modes {
	enum lk_quorum_mode quorum;
	enum lk_witness_mode witness;
};

/* As QUORUM_MODE and WITNESS_MODE say. 0; -3: an unknown word, or two that do not go together; -1. */
int lk_quorum_configured(const struct lk_tree *tree, struct lk_quorum_modes *modes, struct lk_err *err)
	LK_MUST LK_NONNULL(1, 2, 3);

/* Does it let resources run by a lease (lk/grant.h)? */
bool lk_quorum_leases(enum lk_quorum_mode mode);

/* Can the numbers be used that the mode needs, by what those check that use them? 0; -3; -1. */
int lk_quorum_numbers(const struct lk_tree *tree, enum lk_quorum_mode mode, struct lk_err *err)
	LK_MUST LK_NONNULL(1, 3);

/* What is in force: if what is configured makes no sense, the last pair that did, and the log says so; also if the
 * lease that it takes away is kept (lk/holds.h). As above; an error if there was none. */
int lk_quorum_modes(const struct lk_tree *tree, struct lk_quorum_modes *modes, struct lk_err *err)
	LK_MUST LK_NONNULL(1, 2, 3);

/* Without a lease, among others that hold one, it is a no (lk/holds.h). Needs LK_T_SYS. 0: yes; -3: no, or the modes make no sense; -1. */
int lk_quorum_check(struct lk_lcd *lcd, struct lk_err *err) LK_MUST LK_NONNULL(1, 2);

/* For whoever looks only: at once, so that hosts are not asked, and what the last event found counts. Without a mode it
 * is a yes; modes that make no sense have no names. */
struct lk_quorum_known {
	const char *mode, *witness;
	bool configured, have;
	char why[LK_ERR_TEXT];		/* it has not; else empty */
};
void lk_quorum_known(struct lk_lcd *lcd, struct lk_quorum_known *known) LK_NONNULL(1, 2);

/* The same at an event ("COMM_DOWN", of a system), logged by its documented messages, also when it has changed. 1: yes;
 * 0: no; -3 as above; -1. Without a mode it is a yes that is not logged. */
struct lk_quorum_event {
	const char *name, *sys, *prog;
	bool settle;	/* something has just come up: give a majority the time to confirm that it hears us */
};
int lk_quorum_verify(struct lk_lcd *lcd, const struct lk_quorum_event *event, struct lk_err *err)
	LK_MUST LK_NONNULL(1, 2, 3);

/* tcp_remote: do more than half of QUORUM_HOSTS take a connection within QUORUM_TIMEOUT_SECS? As above; with settings
 * that cannot be used: no. */
#define LK_QUORUM_TIMEOUT_MAX 600	/* seconds */
int lk_quorum_tcp(const struct lk_tree *tree, struct lk_err *err) LK_MUST LK_NONNULL(1, 2);

/* Can its settings be used at all? 0; -3, -5, -1. */
int lk_quorum_tcp_settings(const struct lk_tree *tree, struct lk_err *err) LK_MUST LK_NONNULL(1, 2);

/* The stop time of struct lk_terms (lk/grant.h), in ns: QUORUM_LOSS_DEADLINE. With tcp_remote there is no lease that ends:
 * a system that sees no other one any more asks the hosts first, which is part of it. 0; a setting that makes no sense
 * is an error (-5, -3, -1), and its default counts all the same. */
int lk_quorum_stop(const struct lk_tree *tree, int64_t *stop, struct lk_err *err) LK_MUST LK_NONNULL(1, 2, 3);

#endif
