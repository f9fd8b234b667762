/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tests of the messages between the two processes of lcm. */
#include "../../sbin/lcm/bus.h"

#include <string.h>

#include "lk/log.h"
#include "lk/net.h"
#include "tap.h"
#include "lk/poison.h"

static uint8_t bytes[BUS_MESSAGE_MAX];

/* Written, read again, and the same; no shorter or longer message is good. */
#define ROUND(type, name, value) do {                                                             \
	struct lk_out out = LK_OUT(bytes);                                                        \
	struct bus_##name got;                                                                    \
	unsigned wrong = 0;                                                                       \
	memset(&got, 0, sizeof(got));                                                             \
	bus_put_##name(&out, &(value));                                                           \
	struct lk_in in = LK_IN(bytes + 1, out.len - 1);                                          \
	ok(!out.failed && bytes[0] == (type) && bus_get_##name(&in, &got) &&                      \
	   !memcmp(&got, &(value), sizeof(got)), "%s comes back", #type);                         \
	for (size_t len = 0; len <= out.len; len++) {                                             \
		in = (struct lk_in)LK_IN(bytes + 1, len);                                         \
		wrong += bus_get_##name(&in, &got) != (len == out.len - 1);                       \
	}                                                                                         \
	ok(wrong == 0, "%s is of one length", #type);                                             \
} while (0)

static void test_round_trips(void)
{
	static struct bus_config config = { 7, 0xfedcba9876543210, 250, 1, 15000, 2500, 4, "alpha" };
	static struct bus_keys keys = { .n = 2, .key = { { .print = "1234 5678", .tls = "a", .beat = "b" },
							 { .print = "9abc def0", .tls = "c", .beat = "d" } } };
	static struct bus_peer peer = { 31, "beta", 5000, 600000, 1 };
	static struct bus_path path = { .path = 255, .peer = 31, .type = BUS_TTY, .priority = 99, .port = 10000,
					.baud = 9600, .interval = 60000, .misses = 99, .local = "10.0.0.1",
					.remote = "fd00::1", .device = "/dev/ttyS0" };
	static struct bus_path_state state = { 255, LK_NET_DEAD, 15000 };
	static struct bus_probe probe = { 31, 1, 400 };
	static struct bus_link link = { 31, 1, 0x123456789abcdef0, 2 };
	static struct bus_log log = { LK_LOG_WARN, 701000, "text" };

	static struct bus_bar bar = { 0xffffffff, 0x80000001 };
	static struct bus_terms terms = { 31, 6060000, 600000 };
	static struct bus_kept kept = { { 31, 6060000, 600000 }, 1 };
	static struct bus_lease lease = { INT64_MAX, 600000, 1 };
	static struct bus_confirms confirms = { .number = 9, .generation = 7, .n = 2, .confirm = {
		{ 31, 1, 1, 1, 2, 3, 4, INT64_MAX, UINT64_MAX }, { .peer = 0 } } };
	static struct bus_counters counters = { 255, { 1, 2, 3, 4, 5, UINT64_MAX } };

	ROUND(BUS_CONFIG, config, config);
	ROUND(BUS_BAR, bar, bar);
	ROUND(BUS_LEASE, lease, lease);
	ROUND(BUS_KEEP, terms, terms);
	ROUND(BUS_KEPT, kept, kept);
	ROUND(BUS_CONFIRMS, confirms, confirms);
	static struct bus_holds holds = { 31, LK_HOLDS_UNBOUND };

	ROUND(BUS_HOLDS, holds, holds);
	ROUND(BUS_COUNTERS, counters, counters);
	ROUND(BUS_KEYS, keys, keys);
	ROUND(BUS_PEER, peer, peer);
	ROUND(BUS_PATH, path, path);
	ROUND(BUS_PATH_STATE, path_state, state);
	ROUND(BUS_PROBE, probe, probe);
	ROUND(BUS_LINK, link, link);
	ROUND(BUS_LOG, log, log);
}

static void test_small_ones(void)
{
	const struct bus_view view = { 3, FRAME_VIEW_DOWN };
	struct bus_view got = { 0, 0 };
	uint32_t number = 0;
	uint16_t path = 0;
	struct lk_out out = LK_OUT(bytes);

	bus_put_view(&out, BUS_TOLD, &view);
	struct lk_in in = LK_IN(bytes + 1, out.len - 1);
	ok(bytes[0] == BUS_TOLD && bus_get_view(&in, &got) && got.peer == 3 && got.view == FRAME_VIEW_DOWN,
	   "BUS_TOLD comes back");
	out = (struct lk_out)LK_OUT(bytes);
	bus_put_generation(&out, BUS_COMMIT, 77);
	in = (struct lk_in)LK_IN(bytes + 1, out.len - 1);
	ok(bytes[0] == BUS_COMMIT && bus_get_generation(&in, &number) && number == 77, "BUS_COMMIT comes back");
	out = (struct lk_out)LK_OUT(bytes);
	bus_put_stall(&out, 1500);
	in = (struct lk_in)LK_IN(bytes + 1, out.len - 1);
	ok(bytes[0] == BUS_STALL && bus_get_stall(&in, &number) && number == 1500, "BUS_STALL comes back");
	out = (struct lk_out)LK_OUT(bytes);
	bus_put_want(&out, BUS_WANT, 255);
	in = (struct lk_in)LK_IN(bytes + 1, out.len - 1);
	ok(bytes[0] == BUS_WANT && bus_get_want(&in, &path) && path == 255, "BUS_WANT comes back");
	out = (struct lk_out)LK_OUT(bytes);
	bus_put_empty(&out, BUS_READY);
	in = (struct lk_in)LK_IN(bytes + 1, out.len - 1);
	ok(out.len == 1 && bytes[0] == BUS_READY && bus_get_empty(&in), "BUS_READY has nothing in it");
}

static void test_data(void)
{
	static uint8_t data[FRAME_PAYLOAD_MAX + 1];
	struct bus_data sent = { 2, data, FRAME_PAYLOAD_MAX }, got;
	struct lk_out out = LK_OUT(bytes);

	data[FRAME_PAYLOAD_MAX - 1] = 'z';
	bus_put_data(&out, BUS_SEND, &sent);
	struct lk_in in = LK_IN(bytes + 1, out.len - 1);
	ok(!out.failed && bus_get_data(&in, &got) && got.peer == 2 && got.len == FRAME_PAYLOAD_MAX &&
	   got.data[got.len - 1] == 'z', "the largest envelope comes back");
	out = (struct lk_out)LK_OUT(bytes);
	sent.len++;
	bus_put_data(&out, BUS_SEND, &sent);
	ok(out.failed, "a larger one does not go");
	in = (struct lk_in)LK_IN(bytes, FRAME_PAYLOAD_MAX + 2);
	bytes[0] = 2;
	ok(!bus_get_data(&in, &got), "nor come");
}

/* What must end the other process. */
static void bad(bool accepted, const char *what)
{
	ok(!accepted, "%s is malformed", what);
}

#define BAD(name, ...) do {                                                  \
	struct lk_out out = LK_OUT(bytes);                                   \
	struct bus_##name value = __VA_ARGS__, got;                          \
	bus_put_##name(&out, &value);                                        \
	struct lk_in in = LK_IN(bytes + 1, out.len - 1);                     \
	bad(bus_get_##name(&in, &got), #name " " #__VA_ARGS__);              \
} while (0)

static void test_malformed(void)
{
	BAD(config, { .incarnation = 0, .self = "alpha" });
	BAD(config, { .incarnation = 1, .self = "" });
	BAD(config, { .incarnation = 1, .self = "a/b" });
	BAD(keys, { .n = LK_KEYS_MAX + 1 });
	BAD(peer, { .peer = BUS_PEERS_MAX, .name = "beta" });
	BAD(peer, { .name = "be ta" });
	BAD(path, { .path = BUS_PATHS_MAX, .interval = 100, .misses = 3 });
	BAD(path, { .peer = BUS_PEERS_MAX, .interval = 100, .misses = 3 });
	BAD(path, { .type = BUS_DISK + 1, .interval = 100, .misses = 3 });
	BAD(path, { .interval = 99, .misses = 3 });
	BAD(path, { .interval = 60001, .misses = 3 });
	BAD(path, { .interval = 100, .misses = 1 });
	BAD(path, { .interval = 100, .misses = 100 });
	BAD(path_state, { BUS_PATHS_MAX, LK_NET_ALIVE, 0 });
	BAD(path_state, { 0, LK_NET_UNKNOWN + 1, 0 });
	BAD(probe, { BUS_PEERS_MAX, 0, 0 });
	BAD(probe, { 0, 2, 0 });
	BAD(link, { BUS_PEERS_MAX, 0, 1, 1 });
	BAD(link, { 0, 2, 1, 1 });
	BAD(link, { 0, 1, 0, 1 });
	BAD(log, { LK_LOG_ERROR + 1, 1, "text" });
}

static void test_long_log(void)
{
	struct bus_log log = { .level = LK_LOG_INFO, .number = 1 }, got;
	struct lk_out out = LK_OUT(bytes);

	memset(log.text, 'x', sizeof(log.text));	/* not even a NUL */
	bus_put_log(&out, &log);
	struct lk_in in = LK_IN(bytes + 1, out.len - 1);
	ok(bus_get_log(&in, &got) && strlen(got.text) == BUS_LOG_MAX, "a text without end is cut");
}

int main(void)
{
	test_round_trips();
	test_small_ones();
	test_data();
	test_malformed();
	test_long_log();
	return tap_done();
}
