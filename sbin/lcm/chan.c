/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The sealed, reliable channel to one other system. */
#include "chan.h"

#include <stdlib.h>
#include <string.h>

#include "lk/poison.h"

#define RESEND_BYTES (64u << 10)	/* at a time, when there was no progress */

struct chan_message {
	struct chan_message *next;
	uint64_t sequence;
	enum env_type type;
	size_t len;
	uint8_t payload[];
};

struct head {
	uint64_t from, to, sequence, acknowledged;
	uint8_t type;
};

void chan_init(struct chan *chan, const struct chan_ops *ops, void *arg)
{
	chan->ops = ops;
	chan->arg = arg;
	chan->next = 1;
	chan->end = &chan->first;
	chan->ack_at = chan->resend_at = -1;
	chan->resend_after = CHAN_RESEND_MS;
}

static size_t size_of(const struct chan_message *message)
{
	return ENV_HEAD + message->len + ENV_SEAL;
}

static void drop_first(struct chan *chan)
{
	struct chan_message *message = chan->first;

	chan->first = message->next;
	if (!chan->first)
		chan->end = &chan->first;
	if (chan->unsent == message)
		chan->unsent = message->next;
	else
		chan->under_way -= size_of(message);
	chan->backlog -= size_of(message);
	free(message);
}

void chan_free(struct chan *chan)
{
	while (chan->first)
		drop_first(chan);
	free(chan->left);
	chan->left = NULL;
}

/* ---- sending ---- */

static bool seal(struct chan *chan, unsigned key, const char *names[2], const struct lk_piece *body,
		 uint8_t mac[static ENV_SEAL])
{
	const struct lk_piece piece[3] = {
		{ names[0], strlen(names[0]) + 1 }, { names[1], strlen(names[1]) + 1 }, *body,
	};

	return chan->ops->seal(chan->arg, key, piece, mac);
}

static void transmit(struct chan *chan, const struct chan_message *message)
{
	uint8_t bytes[FRAME_PAYLOAD_MAX];
	struct lk_out out = LK_OUT(bytes);
	const char *names[2] = { chan->self, chan->peer };

	lk_put_u64(&out, chan->own);
	lk_put_u64(&out, chan->theirs);
	lk_put_u64(&out, message ? message->sequence : 0);
	lk_put_u64(&out, chan->delivered);
	lk_put_u8(&out, message ? (uint8_t)message->type : ENV_ACK);
	if (message)
		lk_put_raw(&out, message->payload, message->len);
	if (out.failed || out.len + ENV_SEAL > sizeof(bytes))
		return;
	struct lk_piece body = { bytes, out.len };
	if (!seal(chan, chan->key, names, &body, bytes + out.len)) {
		/* the keys have changed */
		chan->key = 0;
		if (!seal(chan, 0, names, &body, bytes + out.len))
			return;
	}
	chan->owed = 0;
	chan->ack_at = -1;
	chan->ops->send(chan->arg, bytes, out.len + ENV_SEAL);
}

/* Send what the window has room for. */
static void pump(struct chan *chan, int64_t now)
{
	while (chan->up && chan->unsent &&
	       (!chan->under_way || chan->under_way + size_of(chan->unsent) <= ENV_WINDOW)) {
		struct chan_message *message = chan->unsent;

		chan->unsent = message->next;
		chan->under_way += size_of(message);
		transmit(chan, message);
	}
	if (!chan->up || !chan->under_way)
		chan->resend_at = -1;
	else if (chan->resend_at < 0)
		chan->resend_at = now + chan->resend_after;
}

int chan_send(struct chan *chan, enum env_type type, const struct lk_piece *payload, int64_t now)
{
	struct chan_message *message;

	if (payload->len > ENV_PAYLOAD_MAX)
		return -1;
	message = malloc(sizeof(*message) + payload->len);
	if (!message)
		return -1;
	*message = (struct chan_message){ .sequence = chan->next++, .type = type,
					  .len = payload->len };
	if (payload->len)
		memcpy(message->payload, payload->data, payload->len);
	*chan->end = message;
	chan->end = &message->next;
	chan->backlog += size_of(message);
	if (!chan->unsent)
		chan->unsent = message;
	pump(chan, now);
	return 0;
}

/* All that was sent may be lost. */
static void rewind_queue(struct chan *chan)
{
	chan->unsent = chan->first;
	chan->under_way = 0;
	chan->resend_at = -1;
	chan->resend_after = CHAN_RESEND_MS;
}

void chan_void(struct chan *chan)
{
	for (struct chan_message *message = chan->first, *sent = chan->first; message;
	     message = message->next) {
		if (message == chan->unsent)
			sent = NULL;
		chan->backlog -= message->len;
		if (sent)
			chan->under_way -= message->len;
		message->type = ENV_VOID;
		message->len = 0;
	}
}

/* ---- conversations ---- */

static bool was_left(const struct chan *chan, uint64_t incarnation)
{
	for (unsigned i = 0; i < chan->nleft; i++)
		if (chan->left[i] == incarnation)
			return true;
	return false;
}

/* Only conversations in which something was believed can be repeated. */
static void leave(struct chan *chan)
{
	if (!chan->proven || !chan->theirs)
		return;
	if (chan->nleft < CHAN_LEFT_MAX) {
		uint64_t *grown = realloc(chan->left, (chan->nleft + 1) * sizeof(*grown));

		if (grown) {
			chan->left = grown;
			chan->nleft++;
		}
	}
	if (!chan->nleft)
		return;
	memmove(chan->left + 1, chan->left, (chan->nleft - 1) * sizeof(*chan->left));
	chan->left[0] = chan->theirs;
}

static void begin(struct chan *chan, uint64_t incarnation)
{
	leave(chan);
	while (chan->first)
		drop_first(chan);
	chan->theirs = incarnation;
	chan->proven = false;
	chan->key = 0;
	chan->next = 1;
	chan->delivered = 0;
	chan->owed = 0;
	chan->ack_at = -1;
}

enum chan_link chan_link(struct chan *chan, bool up, uint64_t incarnation, int64_t now)
{
	enum chan_link result = CHAN_SAME;

	chan->up = up;
	if (up && incarnation != chan->theirs) {
		if (was_left(chan, incarnation)) {
			chan->up = false;
			return CHAN_REFUSED;
		}
		begin(chan, incarnation);
		result = CHAN_NEW;
	}
	rewind_queue(chan);
	pump(chan, now);
	return result;
}

/* ---- receiving ---- */

static bool get_head(struct lk_in *in, struct head *head)
{
	head->from = lk_get_u64(in);
	head->to = lk_get_u64(in);
	head->sequence = lk_get_u64(in);
	head->acknowledged = lk_get_u64(in);
	head->type = lk_get_u8(in);
	return !in->bad;
}

static bool is_sealed(struct chan *chan, const uint8_t *envelope, size_t len)
{
	const char *names[2] = { chan->peer, chan->self };
	struct lk_piece body = { envelope, len };
	uint8_t mac[ENV_SEAL];

	for (unsigned key = 0; key < LK_KEYS_MAX; key++)
		if (seal(chan, key, names, &body, mac) && lk_key_same(mac, envelope + len)) {
			chan->key = key;
			return true;
		}
	return false;
}

static void take_ack(struct chan *chan, uint64_t acknowledged, int64_t now)
{
	bool progress = false;

	while (chan->first && chan->first->sequence <= acknowledged) {
		drop_first(chan);
		progress = true;
	}
	if (progress) {
		chan->resend_after = CHAN_RESEND_MS;
		chan->resend_at = -1;
		pump(chan, now);
	}
}

static void owe(struct chan *chan, size_t bytes, int64_t now)
{
	chan->owed += bytes;
	if (chan->owed >= CHAN_ACK_BYTES)
		chan->ack_at = now;
	else if (chan->ack_at < 0)
		chan->ack_at = now + CHAN_ACK_MS;
	if (chan->up && chan->ack_at <= now)
		transmit(chan, NULL);
}

enum chan_fault chan_receive(struct chan *chan, const uint8_t *envelope, size_t len, int64_t now)
{
	size_t body = len < ENV_SEAL ? 0 : len - ENV_SEAL;
	struct lk_in in = LK_IN(envelope, body);
	struct head head;

	if (!get_head(&in, &head))
		return CHAN_MALFORMED;
	if (!chan->theirs || head.from != chan->theirs || head.to != chan->own)
		return CHAN_FOREIGN;
	if (!is_sealed(chan, envelope, body))
		return CHAN_UNSEALED;
	if (head.acknowledged >= chan->next)
		return CHAN_MALFORMED;
	chan->proven = true;
	take_ack(chan, head.acknowledged, now);
	if (!head.sequence)
		return head.type == ENV_ACK && !lk_in_left(&in) ? CHAN_GOOD : CHAN_MALFORMED;
	if (head.sequence != chan->delivered + 1) {
		/* a repetition: ours got lost; a gap: theirs did. Say at once where we are. */
		owe(chan, CHAN_ACK_BYTES, now);
		return CHAN_GOOD;
	}
	chan->delivered++;
	owe(chan, len, now);
	if (head.type != ENV_VOID)
		chan->ops->deliver(chan->arg, (enum env_type)head.type, &in);
	return CHAN_GOOD;
}

/* ---- time ---- */

int64_t chan_deadline(const struct chan *chan)
{
	if (!chan->up)
		return -1;
	if (chan->ack_at < 0 || (chan->resend_at >= 0 && chan->resend_at < chan->ack_at))
		return chan->resend_at;
	return chan->ack_at;
}

/* No progress: something got lost, or the other side has another key than ours. */
static void resend(struct chan *chan, int64_t now)
{
	uint8_t mac[ENV_SEAL];
	const char *names[2] = { "", "" };
	struct lk_piece none = { "", 0 };
	size_t bytes = 0;

	chan->key++;
	if (!seal(chan, chan->key, names, &none, mac))
		chan->key = 0;
	for (struct chan_message *message = chan->first;
	     message && message != chan->unsent && bytes < RESEND_BYTES; message = message->next) {
		transmit(chan, message);
		bytes += size_of(message);
	}
	chan->resend_after = chan->resend_after < CHAN_RESEND_MAX_MS / 2 ? chan->resend_after * 2
									  : CHAN_RESEND_MAX_MS;
	chan->resend_at = now + chan->resend_after;
}

void chan_tick(struct chan *chan, int64_t now)
{
	if (!chan->up)
		return;
	if (chan->resend_at >= 0 && now >= chan->resend_at)
		resend(chan, now);
	if (chan->ack_at >= 0 && now >= chan->ack_at)
		transmit(chan, NULL);
}
