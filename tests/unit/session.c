/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tests of sbin/lcm/session.h and served.h: what another system sends, however strange, and the limits. The other
 * system is this program: it puts payloads into session_deliver() and reads what goes into the channel.
 */
#include "../../sbin/lcm/session.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../sbin/lcm/local.h"
#include "../../sbin/lcm/served.h"
#include "lk/wait.h"
#include "tap.h"
#include "tree.h"
#include "lk/poison.h"

static struct lcm lcm;
static struct lcm_peer *peer = &lcm.peer[0];

/* What came out, by type; of the last session that it was for. */
static struct seen {
	unsigned n[16];
	size_t bytes;		/* of output */
	uint8_t code;
	char text[4096];
} seen;

static void on_send(void *arg, const uint8_t *envelope, size_t len)
{
	struct lk_in in = LK_IN(envelope, len - ENV_SEAL);

	(void)arg;
	(void)lk_get_raw(&in, 32);
	uint8_t type = lk_get_u8(&in);
	(void)lk_get_u32(&in);
	if (type >= 16)
		return;
	seen.n[type]++;
	if (type == ENV_OUTPUT) {
		(void)lk_get_u8(&in);
		size_t size = lk_in_left(&in);

		seen.bytes += size;
		snprintf(seen.text, sizeof(seen.text), "%.*s", (int)size, (const char *)in.at);
	}
	if (type == ENV_EXIT)
		seen.code = lk_get_u8(&in);
}

static bool on_seal(void *arg, unsigned key, const struct lk_piece piece[static 3],
		    uint8_t seal[static ENV_SEAL])
{
	(void)arg;
	(void)piece;
	memset(seal, 0, ENV_SEAL);
	return key == 0;
}

static const struct chan_ops ops = { .send = on_send, .deliver = NULL, .seal = on_seal };

static void on_signal(void *arg, uint32_t events)
{
	(void)arg;
	(void)events;
}

/* A world with one peer to which there is a way. */
static void set_up(void)
{
	struct lk_err err;

	if (lk_tree_open(&lcm.tree, &err) < 0)
		exit(99);
	lcm.epoll = epoll_create1(EPOLL_CLOEXEC);
	lcm.now = lk_now_ms();
	lcm.set.remote = 900000;
	snprintf(lcm.self, sizeof(lcm.self), "alpha");
	lcm.bus.fd = lcm.signals.fd = lcm.listener.fd = lcm.watch.fd = -1;
	lcm.signals.ready = on_signal;
	*peer = (struct lcm_peer){ .lcm = &lcm, .used = true, .configured = true };
	snprintf(peer->name, sizeof(peer->name), "beta");
	chan_init(&peer->chan, &ops, peer);
	peer->chan.self = lcm.self;
	peer->chan.peer = peer->name;
	peer->chan.own = 1;
	(void)chan_link(&peer->chan, true, 2, lcm.now);
	signal(SIGPIPE, SIG_IGN);
}

/* Let the other side acknowledge all, and time pass. */
static void turn(void)
{
	struct epoll_event event;

	(void)chan_link(&peer->chan, true, 2, lcm.now);
	served_arm(&lcm);
	if (epoll_wait(lcm.epoll, &event, 1, 5) > 0) {
		const struct lcm_source *source = event.data.ptr;

		source->ready(source->arg, event.events);
	}
	lcm.now = lk_now_ms();
	lcm_reap(&lcm);
	served_tick(&lcm);
}

/* As if all that was sent had been acknowledged. */
static void acknowledge(void)
{
	uint8_t bytes[ENV_HEAD + ENV_SEAL] = { 0 };
	struct lk_out out = LK_OUT(bytes);

	lk_put_u64(&out, 2);
	lk_put_u64(&out, 1);
	lk_put_u64(&out, 0);
	lk_put_u64(&out, peer->chan.next - 1);
	lk_put_u8(&out, ENV_ACK);
	(void)!chan_receive(&peer->chan, bytes, sizeof(bytes), lcm.now);
}

static void run_until(unsigned type, unsigned n)
{
	for (int i = 0; i < 4000 && seen.n[type] < n; i++) {
		turn();
		acknowledge();
	}
}

static void deliver(enum env_type type, const struct lk_out *out)
{
	struct lk_in in = LK_IN(out->data, out->len);

	session_deliver(peer, type, &in);
}

static void put_open(struct lk_out *out, uint32_t id, uint8_t flags, const char *script)
{
	lk_put_u32(out, id);
	lk_put_u8(out, flags);
	lk_put_u32(out, 0);
	lk_put_u16(out, 3);
	lk_put_bytes(out, "sh", 2);
	lk_put_bytes(out, "-c", 2);
	lk_put_bytes(out, script, strlen(script));
}

static void open_one(uint32_t id, uint8_t flags, const char *script)
{
	uint8_t bytes[4096];
	struct lk_out out = LK_OUT(bytes);

	put_open(&out, id, flags, script);
	deliver(ENV_OPEN, &out);
}

static void send_u32(enum env_type type, uint32_t id)
{
	uint8_t bytes[8];
	struct lk_out out = LK_OUT(bytes);

	lk_put_u32(&out, id);
	deliver(type, &out);
}

static void test_one(void)
{
	seen = (struct seen){ 0 };
	open_one(1, 0, "echo hi; exit 3");
	ok(peer->served == 1, "a command is served");
	open_one(1, 0, "echo again");
	ok(peer->served == 1, "a number that is in use is not served again");
	run_until(ENV_EXIT, 1);
	ok(seen.n[ENV_EXIT] == 1 && seen.code == 3 && !strcmp(seen.text, "hi\n"),
	   "its output and exit code come back");
	ok(peer->served == 0 && !lcm.served, "and nothing is left of it");
}

static void test_malformed(void)
{
	static const char *const names[] = { "nothing", "no words", "a word too long", "a NUL", "a rest" };
	uint8_t bytes[200];

	for (unsigned i = 0; i < 5; i++) {
		struct lk_out out = LK_OUT(bytes);

		if (i == 1) {
			lk_put_u32(&out, 7);
			lk_put_u8(&out, 0);
			lk_put_u32(&out, 0);
			lk_put_u16(&out, 0);
		} else if (i) {
			put_open(&out, 7, 0, "echo bad");
		}
		if (i == 2)
			bytes[14] = 0xff;
		else if (i == 3)
			bytes[out.len - 1] = 0;
		else if (i == 4)
			lk_put_u8(&out, 0);
		deliver(ENV_OPEN, &out);
		ok(!peer->served, "%s opens no session", names[i]);
	}
	for (unsigned type = 0; type < 256; type++) {
		struct lk_out out = LK_OUT(bytes);

		for (unsigned len = 0; len < 12; len++) {
			deliver((enum env_type)type, &out);
			lk_put_u8(&out, (uint8_t)(len * 37));
		}
	}
	ok(!peer->served && !lcm.sessions, "short messages of every type for sessions that are none are ignored");
}

static void test_limit(void)
{
	seen = (struct seen){ 0 };
	for (uint32_t id = 1; id <= ENV_SESSIONS_MAX + 10; id++)
		open_one(id, 0, "exec sleep 100");
	ok(peer->served == ENV_SESSIONS_MAX, "no more than %u are served at a time", ENV_SESSIONS_MAX);
	run_until(ENV_EXIT, 10);
	ok(seen.n[ENV_EXIT] == 10 && strstr(seen.text, "too many commands"), "the others are told why not");
	for (uint32_t id = 1; id <= ENV_SESSIONS_MAX; id++)
		send_u32(ENV_CANCEL, id);
	ok(peer->served == 0, "cancelled ones do not count any more");
	for (int i = 0; i < 3000 && lcm.served; i++)
		turn();
	ok(!lcm.served, "and end");
	acknowledge();
}

static void test_credit(void)
{
	seen = (struct seen){ 0 };
	open_one(1, 0, "exec head -c 1000000 /dev/zero");
	for (int i = 0; i < 200; i++) {
		turn();
		acknowledge();
	}
	ok(seen.bytes > ENV_CREDIT / 2 && seen.bytes <= ENV_CREDIT && !seen.n[ENV_EXIT],
	   "no more output comes than there is credit");
	for (int i = 0; i < 20 && !seen.n[ENV_EXIT]; i++) {
		uint8_t bytes[16];
		struct lk_out out = LK_OUT(bytes);

		lk_put_u32(&out, 1);
		lk_put_u8(&out, 0);
		lk_put_u32(&out, ENV_CREDIT / 2);
		deliver(ENV_CREDIT_MORE, &out);
		deliver(ENV_CREDIT_MORE, &out);
		for (int k = 0; k < 60 && !seen.n[ENV_EXIT]; k++) {
			turn();
			acknowledge();
		}
	}
	ok(seen.bytes == 1000000 && seen.n[ENV_EXIT] == 1, "with more credit it all does");
}

static void test_input(void)
{
	static uint8_t bytes[ENV_DATA_MAX + 8];
	unsigned n = 0;

	seen = (struct seen){ 0 };
	open_one(1, ENV_HAS_INPUT, "exec wc -c");
	for (int i = 0; i < 8; i++) {
		struct lk_out out = LK_OUT(bytes);

		lk_put_u32(&out, 1);
		out.len += 1000;
		deliver(ENV_INPUT, &out);
	}
	send_u32(ENV_INPUT, 1);
	run_until(ENV_EXIT, 1);
	ok(!strcmp(seen.text, "8000\n"), "input is read, up to its end");
	open_one(2, ENV_HAS_INPUT, "exec sleep 100");
	while (peer->served && n++ < 100) {
		struct lk_out out = { .data = bytes, .size = sizeof(bytes) };

		lk_put_u32(&out, 2);
		out.len += ENV_DATA_MAX;
		deliver(ENV_INPUT, &out);
	}
	ok(!peer->served && n > ENV_CREDIT / ENV_DATA_MAX, "who sends more than his credit is cut off");
	for (int i = 0; i < 3000 && lcm.served; i++)
		turn();
	ok(!lcm.served, "and his command ended");
}

static void test_lost(void)
{
	seen = (struct seen){ 0 };
	open_one(1, 0, "for i in 1 2 3 4 5; do head -c 300000 /dev/zero; done; echo done >tmp/lost");
	session_lose(peer);
	ok(peer->served == 0 && lcm.served, "a command whose asker is lost goes on");
	for (int i = 0; i < 3000 && lcm.served; i++)
		turn();
	ok(!lcm.served && faccessat(lcm.tree.fd, "tmp/lost", F_OK, 0) == 0,
	   "to its end, although nobody reads its output");
	ok(!seen.n[ENV_EXIT] && !seen.n[ENV_OUTPUT], "and nothing of it is sent");
	open_one(1, 0, "exit 5");
	run_until(ENV_EXIT, 1);
	ok(seen.code == 5, "its number is free for the next one");
}

int main(void)
{
	const char *root = tap_tree();

	set_up();
	test_one();
	test_malformed();
	test_limit();
	test_credit();
	test_input();
	test_lost();
	chan_free(&peer->chan);
	lk_tree_close(&lcm.tree);
	tap_clean(root);
	return tap_done();
}
