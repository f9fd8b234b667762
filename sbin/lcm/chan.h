/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The sealed, reliable channel to one other system: what envelope.h promises. Pure: time comes in as
 * an argument, the network and the keys are callbacks.
 *
 * Against repetition: a pair of incarnations is one conversation. Within it the sequence counts;
 * the one that was left is never taken up again, so that nobody can begin it anew and play what
 * he has recorded.
 */
#ifndef LCM_CHAN_H
#define LCM_CHAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lk/attr.h"
#include "lk/key.h"
#include "lk/wire.h"
#include "envelope.h"

#define CHAN_ACK_MS 20			/* an acknowledgement may wait so long for something to go with */
#define CHAN_ACK_BYTES (64u << 10)	/* ... or until so much has come */
#define CHAN_RESEND_MS 1000		/* without progress; doubled at each attempt */
#define CHAN_RESEND_MAX_MS 16000
#define CHAN_LEFT_MAX 4096		/* conversations that are remembered as over */

struct chan_ops {
	/* Give an envelope to the network. It may get lost. */
	void (*send)(void *arg, const uint8_t *envelope, size_t len);
	/* Content that came, in order and once. */
	void (*deliver)(void *arg, enum env_type type, struct lk_in *payload);
	/* Seal with one of the keys (the first is preferred). False: there is no such key. */
	bool (*seal)(void *arg, unsigned key, const struct lk_piece piece[static 3],
		     uint8_t seal[static ENV_SEAL]);
};

struct chan_message;

struct chan {
	const struct chan_ops *ops;
	void *arg;
	const char *self, *peer;	/* names */
	uint64_t own, theirs;		/* incarnations; theirs 0: there was no conversation yet */
	bool up;			/* there is a way */
	bool proven;			/* an envelope of this conversation had a good seal */
	unsigned key;			/* used for sealing: the one that the peer has used, too */
	uint64_t next;			/* sequence of the next message */
	uint64_t delivered;		/* of the other side */
	struct chan_message *first, **end;	/* not acknowledged, in order */
	struct chan_message *unsent;	/* the first that was not sent on this way */
	size_t under_way;		/* bytes sent on this way and not acknowledged */
	size_t backlog;			/* bytes of all that is not acknowledged */
	size_t owed;			/* bytes received since the last acknowledgement */
	int64_t ack_at, resend_at;	/* -1: not needed */
	unsigned resend_after;
	uint64_t *left;			/* incarnations of conversations that are over */
	unsigned nleft;
};

void chan_init(struct chan *chan, const struct chan_ops *ops, void *arg) LK_NONNULL(1, 2);
void chan_free(struct chan *chan) LK_NONNULL(1);

/* The way has changed: up leads to the given incarnation of the peer. All that was not acknowledged is
 * sent again, unless the incarnation is another one: then it is gone, and a conversation begins. */
enum chan_link { CHAN_SAME, CHAN_NEW, CHAN_REFUSED };
enum chan_link chan_link(struct chan *chan, bool up, uint64_t incarnation, int64_t now) LK_NONNULL(1);

/* Queue a message; it is sent as soon as there is a way and room in the window. -1: no memory, or too
 * long. The caller looks at backlog before it sends much. */
int chan_send(struct chan *chan, enum env_type type, const struct lk_piece *payload, int64_t now)
	LK_MUST LK_NONNULL(1, 3);

/* An envelope came; what was wrong with it, for the log. */
enum chan_fault {
	CHAN_GOOD,
	CHAN_MALFORMED,
	CHAN_FOREIGN,	/* of another conversation: still under way when one side restarted */
	CHAN_UNSEALED,	/* no key has made that seal */
};
enum chan_fault chan_receive(struct chan *chan, const uint8_t *envelope, size_t len, int64_t now)
	LK_MUST LK_NONNULL(1, 2);

/* Withdraw everything that is not acknowledged: it may have arrived, but if not it will not. */
void chan_void(struct chan *chan) LK_NONNULL(1);

/* When chan_tick() must be called, or -1. */
int64_t chan_deadline(const struct chan *chan) LK_NONNULL(1);
void chan_tick(struct chan *chan, int64_t now) LK_NONNULL(1);

#endif
