/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tests of sbin/lcm/chan.h: two channels and a wire between them that loses, repeats and reorders. */
#include "../../sbin/lcm/chan.h"

#include <stdlib.h>
#include <string.h>

#include "tap.h"
#include "lk/poison.h"

#define WIRE_MAX 4096

struct end;

struct datagram {
	struct end *to;
	size_t len;
	uint8_t data[200];
};

/* What is under way, both directions. */
static struct {
	struct datagram *gram[WIRE_MAX];
	unsigned n;
	unsigned seed, loss, twice, swap;	/* per cent */
	unsigned sent;
} wire;

struct end {
	struct chan chan;
	struct end *other;
	unsigned nkeys;
	uint8_t key[LK_KEYS_MAX];
	uint32_t expect;	/* the number that must be delivered next */
	unsigned delivered, wrong;
	size_t most;		/* bytes under way */
};

static unsigned chance(void)
{
	wire.seed = wire.seed * 1103515245 + 12345;
	return wire.seed / 65536 % 100;
}

static void put_on_wire(struct end *to, const uint8_t *data, size_t len)
{
	struct datagram *gram = malloc(sizeof(*gram));

	if (!gram || wire.n >= WIRE_MAX || len > sizeof(gram->data)) {
		free(gram);
		return;
	}
	*gram = (struct datagram){ .to = to, .len = len };
	memcpy(gram->data, data, len);
	wire.gram[wire.n++] = gram;
}

static void on_send(void *arg, const uint8_t *data, size_t len)
{
	struct end *end = arg;

	wire.sent++;
	if (end->chan.under_way > end->most)
		end->most = end->chan.under_way;
	if (chance() < wire.loss)
		return;
	put_on_wire(end->other, data, len);
	if (chance() < wire.twice)
		put_on_wire(end->other, data, len);
	if (wire.n > 1 && chance() < wire.swap) {
		struct datagram *last = wire.gram[wire.n - 1];

		wire.gram[wire.n - 1] = wire.gram[wire.n - 2];
		wire.gram[wire.n - 2] = last;
	}
}

static void on_deliver(void *arg, enum env_type type, struct lk_in *payload)
{
	struct end *end = arg;
	uint32_t number = lk_get_u32(payload);

	end->delivered++;
	if (type != ENV_OUTPUT || number != end->expect)
		end->wrong++;
	end->expect = number + 1;
}

/* A poor seal, but it depends on everything and on the key. */
static bool on_seal(void *arg, unsigned key, const struct lk_piece piece[static 3],
		    uint8_t mac[static ENV_SEAL])
{
	struct end *end = arg;
	uint64_t sum = 1469598103934665603u;

	if (key >= end->nkeys)
		return false;
	sum = (sum ^ end->key[key]) * 1099511628211u;
	for (unsigned i = 0; i < 3; i++)
		for (size_t k = 0; k < piece[i].len; k++)
			sum = (sum ^ ((const uint8_t *)piece[i].data)[k]) * 1099511628211u;
	memset(mac, 0, ENV_SEAL);
	memcpy(mac, &sum, sizeof(sum));
	return true;
}

bool lk_key_same(const uint8_t *one, const uint8_t *other)
{
	return !memcmp(one, other, LK_KEY_BYTES);
}

static const struct chan_ops ops = { .send = on_send, .deliver = on_deliver, .seal = on_seal };

static void make(struct end *end, struct end *other, const char *name, uint64_t own)
{
	*end = (struct end){ .other = other, .nkeys = 1, .key = { 7 } };
	chan_init(&end->chan, &ops, end);
	end->chan.self = name;
	end->chan.own = own;
}

static void make_pair(struct end *a, struct end *b)
{
	make(a, b, "alpha", 100);
	make(b, a, "beta", 200);
	a->chan.peer = "beta";
	b->chan.peer = "alpha";
	wire.loss = wire.twice = wire.swap = 0;
	wire.sent = 0;
}

static void link_up(struct end *a, struct end *b, int64_t now)
{
	(void)chan_link(&a->chan, true, b->chan.own, now);
	(void)chan_link(&b->chan, true, a->chan.own, now);
}

static void clear_wire(void)
{
	while (wire.n)
		free(wire.gram[--wire.n]);
}

static void release(struct end *a, struct end *b)
{
	chan_free(&a->chan);
	chan_free(&b->chan);
	clear_wire();
}

static int say(struct end *end, uint32_t number, int64_t now)
{
	uint8_t bytes[8];
	struct lk_out out = LK_OUT(bytes);

	lk_put_u32(&out, number);
	return chan_send(&end->chan, ENV_OUTPUT, &(struct lk_piece){ bytes, out.len }, now);
}

static enum chan_fault arrive(int64_t now)
{
	struct datagram *gram = wire.gram[0];

	memmove(wire.gram, wire.gram + 1, --wire.n * sizeof(*wire.gram));
	enum chan_fault fault = chan_receive(&gram->to->chan, gram->data, gram->len, now);
	free(gram);
	return fault;
}

static unsigned drain(int64_t now)
{
	unsigned faults = 0;

	for (unsigned i = 0; wire.n && i < 100000; i++)
		faults += arrive(now) != CHAN_GOOD;
	return faults;
}

/* Let time pass until nothing is left to do. */
static int64_t settle(struct end *a, struct end *b, int64_t now)
{
	for (unsigned i = 0; i < 100000; i++) {
		drain(now);
		int64_t x = chan_deadline(&a->chan), y = chan_deadline(&b->chan);

		if (x < 0 && y < 0)
			break;
		int64_t next = x < 0 || (y >= 0 && y < x) ? y : x;
		now = next > now ? next : now;
		chan_tick(&a->chan, now);
		chan_tick(&b->chan, now);
	}
	return now;
}

static void test_plain(void)
{
	struct end a, b;

	make_pair(&a, &b);
	ok(say(&a, 0, 0) == 0 && wire.n == 0, "without a way nothing is sent");
	ok(chan_deadline(&a.chan) == -1, "and nothing is due");
	link_up(&a, &b, 0);
	ok(say(&a, 0, 0) == 0 && wire.n == 1 && b.delivered == 0, "with a way it is");
	settle(&a, &b, 0);
	ok(b.delivered == 1 && !b.wrong, "a message is delivered once");
	ok(!a.chan.first && a.chan.backlog == 0 && a.chan.under_way == 0, "and acknowledged");
	ok(wire.sent == 2, "with one envelope each");
	uint8_t much[ENV_PAYLOAD_MAX + 1] = { 0 };
	ok(chan_send(&a.chan, ENV_OUTPUT, &(struct lk_piece){ much, sizeof(much) }, 0) < 0,
	   "what is too long is refused");
	release(&a, &b);
}

static void test_bad_wire(unsigned loss, unsigned twice, unsigned swap)
{
	struct end a, b;
	int64_t now = 0;

	make_pair(&a, &b);
	link_up(&a, &b, 0);
	wire.loss = loss;
	wire.twice = twice;
	wire.swap = swap;
	for (uint32_t i = 0; i < 300; i++) {
		(void)!say(&a, i, now);
		(void)!say(&b, i, now);
		if (i % 7 == 0)
			now = settle(&a, &b, now);
		if (i % 50 == 49) {	/* another path: what was under way comes later, or never */
			link_up(&a, &b, now);
			if (i % 100 == 99)
				clear_wire();
		}
	}
	settle(&a, &b, now);
	ok(a.delivered == 300 && b.delivered == 300 && !a.wrong && !b.wrong,
	   "all arrive in order and once with %u%% lost, %u%% twice, %u%% out of order", loss, twice,
	   swap);
	ok(!a.chan.first && !b.chan.first, "and nothing is kept");
	release(&a, &b);
}

static void test_window(void)
{
	struct end a, b;
	uint8_t bytes[100] = { 0 };

	make_pair(&a, &b);
	link_up(&a, &b, 0);
	wire.loss = 100;
	for (unsigned i = 0; i < 2 * ENV_WINDOW / sizeof(bytes); i++)
		(void)!chan_send(&a.chan, ENV_OUTPUT, &(struct lk_piece){ bytes, sizeof(bytes) }, 0);
	ok(a.chan.backlog > ENV_WINDOW && a.chan.under_way <= ENV_WINDOW &&
	   a.chan.under_way > ENV_WINDOW - 1000, "no more than the window is under way");
	unsigned sent = wire.sent;
	chan_tick(&a.chan, CHAN_RESEND_MS - 1);
	ok(wire.sent == sent, "nothing is sent again before its time");
	chan_tick(&a.chan, CHAN_RESEND_MS);
	ok(wire.sent > sent && wire.sent - sent < 1000, "then a little is");
	sent = wire.sent;
	chan_tick(&a.chan, 2 * CHAN_RESEND_MS);
	ok(wire.sent == sent, "and again after a longer time");
	chan_void(&a.chan);
	wire.loss = 0;
	link_up(&a, &b, 9000);
	settle(&a, &b, 9000);
	ok(b.delivered == 0 && !a.chan.first && a.chan.backlog == 0 && a.chan.under_way == 0,
	   "what was withdrawn is not delivered, and what follows is");
	(void)!say(&a, 0, 9999);
	settle(&a, &b, 9999);
	ok(b.delivered == 1 && !b.wrong, "the conversation goes on");
	release(&a, &b);
}

static void test_seals(void)
{
	struct end a, b;

	make_pair(&a, &b);
	link_up(&a, &b, 0);
	(void)!say(&a, 0, 0);
	struct datagram good = *wire.gram[0];
	for (size_t i = 0; i < good.len; i++) {
		struct datagram bad = good;

		bad.data[i] ^= 1;
		if (chan_receive(&b.chan, bad.data, bad.len, 0) == CHAN_GOOD || b.delivered)
			ok(false, "a changed byte %zu is noticed", i);
	}
	ok(!b.delivered, "any changed byte is noticed");
	for (size_t len = 0; len < good.len; len++)
		if (chan_receive(&b.chan, good.data, len, 0) == CHAN_GOOD)
			ok(false, "a length of %zu is noticed", len);
	ok(!b.delivered, "what was cut off is noticed");
	ok(chan_receive(&a.chan, good.data, good.len, 0) == CHAN_FOREIGN,
	   "what was sent back to its sender is foreign");
	b.chan.peer = "gamma";
	ok(chan_receive(&b.chan, good.data, good.len, 0) == CHAN_UNSEALED,
	   "the seal is for one sender");
	b.chan.peer = "alpha";
	b.key[0] = 8;
	ok(chan_receive(&b.chan, good.data, good.len, 0) == CHAN_UNSEALED, "and one key");
	b.key[0] = 7;
	ok(chan_receive(&b.chan, good.data, good.len, 0) == CHAN_GOOD && b.delivered == 1,
	   "the envelope itself is good");
	ok(chan_receive(&b.chan, good.data, good.len, 0) == CHAN_GOOD && b.delivered == 1,
	   "but only once");
	release(&a, &b);
}

static void test_keys(void)
{
	struct end a, b;

	make_pair(&a, &b);
	a.nkeys = 2;
	a.key[0] = 9;
	a.key[1] = 7;
	link_up(&a, &b, 0);
	(void)!say(&a, 0, 0);
	drain(0);
	ok(b.delivered == 0, "a key that the other one does not have is of no use");
	int64_t now = settle(&a, &b, 0);
	ok(b.delivered == 1 && a.chan.key == 1, "the next key is tried");
	a.nkeys = 1;
	b.nkeys = 2;
	b.key[1] = 9;
	(void)!say(&a, 1, now);
	settle(&a, &b, now);
	ok(b.delivered == 2 && b.chan.key == 1 && !a.chan.first,
	   "a key that is gone is replaced, and the answer has the same");
	release(&a, &b);
}

static void test_incarnations(void)
{
	struct end a, b, late;

	make_pair(&a, &b);
	link_up(&a, &b, 0);
	(void)!say(&a, 0, 0);
	struct datagram recorded = *wire.gram[0];
	settle(&a, &b, 0);
	ok(b.delivered == 1, "a conversation");
	make(&late, &b, "alpha", 101);
	late.chan.peer = "beta";
	b.other = &late;
	(void)!say(&b, 0, 0);
	clear_wire();
	ok(chan_link(&b.chan, true, 101, 0) == CHAN_NEW && !b.chan.first,
	   "with another incarnation one begins anew");
	(void)chan_link(&late.chan, true, 200, 0);
	ok(chan_receive(&b.chan, recorded.data, recorded.len, 0) == CHAN_FOREIGN && b.delivered == 1,
	   "what was said to the old one does not count");
	b.expect = 0;
	(void)!say(&late, 0, 0);
	settle(&late, &b, 0);
	ok(b.delivered == 2 && !b.wrong, "the new one is heard");
	ok(chan_link(&b.chan, true, 100, 0) == CHAN_REFUSED, "the old one cannot be taken up again");
	ok(chan_receive(&b.chan, recorded.data, recorded.len, 0) == CHAN_FOREIGN && b.delivered == 2,
	   "so that what was recorded cannot be repeated");
	ok(chan_link(&b.chan, true, 101, 0) == CHAN_SAME, "the present one goes on");
	ok(chan_link(&b.chan, false, 0, 0) == CHAN_SAME && chan_deadline(&b.chan) == -1,
	   "without a way nothing is due");
	chan_free(&late.chan);
	release(&a, &b);
}

int main(void)
{
	wire.seed = 1;
	test_plain();
	test_bad_wire(0, 0, 0);
	test_bad_wire(30, 0, 0);
	test_bad_wire(0, 40, 0);
	test_bad_wire(0, 0, 40);
	test_bad_wire(20, 20, 20);
	test_window();
	test_seals();
	test_keys();
	test_incarnations();
	return tap_done();
}
