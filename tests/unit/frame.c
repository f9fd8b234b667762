/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tests of the frames between nodes, and of the frames that older versions have sent. */
#include "../../sbin/lcm/frame.h"

#include <stdlib.h>
#include <string.h>

#include "../../sbin/lcm/sealed.h"
#include "lk/cleanup.h"
#include "tap.h"
#include "lk/poison.h"

static const struct frame_hello hello = {
	.version_min = 1, .version_max = 3, .kind = FRAME_KIND_DATA, .view = FRAME_VIEW_DOWN,
	.incarnation = 0xfedcba9876543210, .port = 1510, .interval = 200, .misses = 3,
	.from = "alpha", .to = "beta",
};

/* ---- HELLO, BEAT, REJECT ---- */

static struct lk_in payload_of(const struct lk_out *out)
{
	return (struct lk_in)LK_IN(out->data + FRAME_HEAD, out->len - FRAME_HEAD);
}

static void test_hello(void)
{
	uint8_t bytes[FRAME_HEAD + FRAME_SMALL_MAX];
	struct lk_out out = LK_OUT(bytes);
	struct frame_hello got;

	frame_put_hello(&out, &hello);
	ok(!out.failed && bytes[3] == out.len - FRAME_HEAD && bytes[4] == FRAME_HELLO, "HELLO has its head");
	struct lk_in in = payload_of(&out);
	ok(frame_get_hello(&in, &got) == FRAME_HELLO_GOOD && !memcmp(&got, &hello, sizeof(got)), "HELLO comes back");
	ok(frame_version(&got) == 3, "the highest common version is talked");
	for (size_t len = 0; len < out.len - FRAME_HEAD; len++) {
		in = (struct lk_in)LK_IN(bytes + FRAME_HEAD, len);
		if (frame_get_hello(&in, &got) == FRAME_HELLO_GOOD)
			ok(false, "HELLO cut off after %zu bytes is bad", len);
	}
	in = (struct lk_in)LK_IN(bytes + FRAME_HEAD, out.len - FRAME_HEAD + 1);
	ok(frame_get_hello(&in, &got) == FRAME_HELLO_BAD, "HELLO with something behind it is bad");
	bytes[FRAME_HEAD] ^= 1;
	in = payload_of(&out);
	ok(frame_get_hello(&in, &got) == FRAME_HELLO_BAD, "another magic is bad");
}

static enum frame_hello_result result(struct frame_hello *changed, size_t more)
{
	uint8_t bytes[FRAME_HEAD + FRAME_SMALL_MAX] = { 0 };
	struct lk_out out = LK_OUT(bytes);

	frame_put_hello(&out, changed);
	struct lk_in in = LK_IN(bytes + FRAME_HEAD, out.len - FRAME_HEAD + more);
	return frame_get_hello(&in, changed);
}

#define RESULT(more, ...) ({                   \
	struct frame_hello changed = hello;    \
	changed.__VA_ARGS__;                   \
	result(&changed, more);                \
})

static void test_hello_values(void)
{
	ok(RESULT(0, incarnation = 0) == FRAME_HELLO_BAD, "incarnation 0 is bad");
	ok(RESULT(0, kind = 2) == FRAME_HELLO_BAD, "an unknown kind is bad");
	ok(RESULT(0, view = 4) == FRAME_HELLO_BAD, "an unknown view is bad");
	ok(RESULT(0, from[0] = '/') == FRAME_HELLO_BAD, "a bad name is bad");
	ok(RESULT(0, to[0] = '\0') == FRAME_HELLO_BAD, "an empty name is bad");
	ok(RESULT(0, version_min = 0) == FRAME_HELLO_BAD, "version 0 is bad");
	ok(RESULT(0, version_min = 4) == FRAME_HELLO_BAD, "a range of versions that is upside down is bad");
	ok(RESULT(0, version_min = 4, changed.version_max = 5) == FRAME_HELLO_VERSION, "newer versions are not talked");
	ok(RESULT(9, version_max = 5) == FRAME_HELLO_GOOD, "what a newer version has added is skipped");
	ok(RESULT(1, version_max = 1) == FRAME_HELLO_BAD, "version 1 has nothing behind the names");
}

static bool same_confirm(const struct frame_confirm *a, const struct frame_confirm *b)
{
	return a->sent == b->sent && a->echo == b->echo && a->lease == b->lease && a->stop == b->stop &&
	       a->holds == b->holds;
}

/* What a sender holds itself to is in the upper bits of its lease. */
static void test_holds(void)
{
	for (int holds = LK_HOLDS_LEASE; holds < LK_HOLDS_COUNT; holds++) {
		const struct frame_confirm confirm = { 1, 2, 15000, 3, (uint8_t)holds };
		uint8_t bytes[64];
		struct lk_out out = LK_OUT(bytes);

		frame_put_confirm(&out, &confirm);
		struct lk_in in = LK_IN(bytes, out.len);
		const struct frame_confirm got = frame_get_confirm(&in);
		ok(got.holds == holds && got.lease == 15000, "what is held comes back beside the lease: %d", holds);
	}
}

static void test_beat(void)
{
	const struct frame_beat beat = { 0x01020304, FRAME_VIEW_SUSPECT,
					 { 0xfedcba9876543210, 0x0123456789abcdef, 0x09abcdef, 0x76543210, LK_HOLDS_LEAVING } };
	uint8_t bytes[64];
	struct lk_out out = LK_OUT(bytes);
	struct frame_beat got;

	frame_put_beat(&out, 2, &beat);
	struct lk_in in = payload_of(&out);
	ok(out.len == FRAME_HEAD + 5 && frame_get_beat(&in, 2, &got) && got.sequence == beat.sequence &&
	   got.view == beat.view, "a heartbeat comes back");
	in = payload_of(&out);
	ok(!frame_get_beat(&in, 1, &got), "version 1 does not have the view");
	out = (struct lk_out)LK_OUT(bytes);
	frame_put_beat(&out, 1, &beat);
	in = payload_of(&out);
	ok(out.len == FRAME_HEAD + 4 && frame_get_beat(&in, 1, &got) && got.sequence == beat.sequence &&
	   got.view == FRAME_VIEW_UNKNOWN && !got.confirm.sent, "nor sends it");
	out = (struct lk_out)LK_OUT(bytes);
	frame_put_beat(&out, 3, &beat);
	in = payload_of(&out);
	ok(out.len == FRAME_BEAT_MAX && frame_get_beat(&in, 3, &got) &&
	   same_confirm(&got.confirm, &beat.confirm), "version 3 confirms heartbeats");
	in = payload_of(&out);
	ok(!frame_get_beat(&in, 2, &got), "which version 2 does not know");
	for (size_t len = 0; len < out.len - FRAME_HEAD; len++) {
		in = (struct lk_in)LK_IN(bytes + FRAME_HEAD, len);
		if (frame_get_beat(&in, 3, &got))
			ok(false, "a heartbeat cut off after %zu bytes is bad", len);
	}
}

static void test_reject(void)
{
	char reason[FRAME_REASON_MAX + 1], huge[1000];
	uint8_t bytes[FRAME_HEAD + FRAME_SMALL_MAX];
	struct lk_out out = LK_OUT(bytes);

	frame_put_reject(&out, "no\nway");
	struct lk_in in = payload_of(&out);
	ok(frame_get_reject(&in, reason), "a reason comes back");
	is(reason, "no?way", "without control bytes");
	memset(huge, 'x', sizeof(huge));
	huge[sizeof(huge) - 1] = '\0';
	out = (struct lk_out)LK_OUT(bytes);
	frame_put_reject(&out, huge);
	in = payload_of(&out);
	ok(frame_get_reject(&in, reason) && strlen(reason) == FRAME_REASON_MAX, "one that is too long is cut");
}

/* ---- a stream ---- */

static int feed(struct frame_stream *stream, const uint8_t *data, size_t len)
{
	uint8_t *at;
	size_t room = frame_stream_room(stream, &at), n = len < room ? len : room;

	memcpy(at, data, n);
	return frame_stream_add(stream, n);
}

static void test_stream(void)
{
	static uint8_t bytes[2 * FRAME_PAYLOAD_MAX];
	struct frame_stream stream = { .max = FRAME_PAYLOAD_MAX };
	struct lk_out out = LK_OUT(bytes);
	const size_t sizes[] = { 3, 0, FRAME_SMALL_MAX, FRAME_SMALL_MAX + 1, FRAME_PAYLOAD_MAX };
	size_t n = sizeof(sizes) / sizeof(*sizes), found = 0;

	for (size_t i = 0; i < n; i++) {
		frame_put_head(&out, FRAME_DATA, sizes[i]);
		for (size_t k = 0; k < sizes[i]; k++)
			lk_put_u8(&out, (uint8_t)(i + k));
	}
	for (size_t at = 0; at < out.len; at++) {
		if (feed(&stream, bytes + at, 1) != 1)
			continue;
		ok(stream.type == FRAME_DATA && stream.len == sizes[found], "a frame of %zu bytes is found", stream.len);
		if (stream.len && stream.payload[stream.len - 1] != (uint8_t)(found + stream.len - 1))
			ok(false, "its last byte is the last one");
		frame_stream_next(&stream);
		found++;
	}
	ok(found == n, "all frames are found, byte by byte");
	const uint8_t huge[] = { 0, 1, 1, 0xd1, FRAME_DATA };
	ok(feed(&stream, huge, sizeof(huge)) == -1, "a frame of 66001 bytes is refused");
	frame_stream_next(&stream);
	stream.max = FRAME_SMALL_MAX;
	const uint8_t large[] = { 0, 0, 3, 0xe9, FRAME_BEAT };
	ok(feed(&stream, large, sizeof(large)) == -1, "where only small ones are expected, so is one of 1001");
	frame_stream_next(&stream);
}

/* ---- sealed frames ---- */

static const uint8_t key[32] = "0123456789abcdef0123456789abcde", other_key[32] = "x";
static const struct sealed_with with = { key, "tty", "alpha", "beta" };

static void test_sealed(void)
{
	const struct sealed sealed = { .version = 2, .incarnation = 5, .sequence = 6, .heard_incarnation = 7,
				       .heard_sequence = 8, .interval = 100, .misses = 4, .view = 1 };
	const struct sealed newer = { .version = 3, .incarnation = 5, .sequence = 6, .interval = 100, .misses = 4,
				      .confirm = { UINT64_MAX, 2, 3, UINT32_MAX, LK_HOLDS_LEASE } };
	uint8_t bytes[SEALED_MAX];
	struct lk_out out = LK_OUT(bytes);
	struct sealed got = { 0 };
	struct sealed_with wrong = with;

	ok(sealed_put(&out, &sealed, &with) == 0 && !out.failed, "a frame is sealed");
	ok(sealed_size(bytes, out.len) == out.len && out.len <= 80, "it knows its size, and fits a slow line");
	ok(sealed_get(bytes, out.len, &with, &got) && got.sequence == 6 && got.heard_sequence == 8 &&
	   got.incarnation == 5 && got.heard_incarnation == 7 && got.view == 1, "it comes back");
	wrong.key = other_key;
	ok(!sealed_get(bytes, out.len, &wrong, &got), "not with another key");
	wrong = with;
	wrong.medium = "disk";
	ok(!sealed_get(bytes, out.len, &wrong, &got), "not from another medium");
	wrong = (struct sealed_with){ key, "tty", "beta", "alpha" };
	ok(!sealed_get(bytes, out.len, &wrong, &got), "not in the other direction");
	wrong = (struct sealed_with){ key, "tty", "alph", "abeta" };
	ok(!sealed_get(bytes, out.len, &wrong, &got), "not for other names");
	unsigned accepted = 0;
	for (size_t bit = 0; bit < out.len * 8; bit++) {
		bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
		accepted += sealed_get(bytes, out.len, &with, &got);
		bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
	}
	ok(accepted == 0, "not with any bit changed");
	out = (struct lk_out)LK_OUT(bytes);
	ok(sealed_put(&out, &newer, &with) == 0 && out.len <= 96 && sealed_get(bytes, out.len, &with, &got) &&
	   same_confirm(&got.confirm, &newer.confirm), "version 3 confirms heartbeats");
}

static enum sealed_verdict judge(struct sealed_talk *talk, uint64_t incarnation, uint32_t sequence, uint32_t heard)
{
	const struct sealed sealed = { .version = 2, .incarnation = incarnation, .sequence = sequence,
				       .heard_incarnation = heard ? 1 : 0, .heard_sequence = heard };

	return sealed_judge(talk, &sealed, 5);
}

static void test_fresh(void)
{
	struct sealed_talk talk = { .incarnation = 1, .sequence = 100 };

	ok(judge(&talk, 9, 1, 0) == SEALED_HEARD, "a peer that has not heard us proves nothing");
	ok(talk.heard_incarnation == 9 && talk.heard_sequence == 1, "but is told that we hear it");
	ok(judge(&talk, 9, 2, 94) == SEALED_HEARD, "nor does one that has not heard us lately");
	ok(judge(&talk, 9, 3, 95) == SEALED_FRESH, "one that has is alive");
	ok(judge(&talk, 9, 3, 95) == SEALED_OLD, "the same again is old");
	ok(judge(&talk, 9, 2, 99) == SEALED_OLD, "so is an earlier one");
	ok(judge(&talk, 9, 4, 101) == SEALED_HEARD, "it cannot have heard what was not sent");
	ok(judge(&talk, 8, 1, 0) == SEALED_HEARD && judge(&talk, 9, 3, 99) == SEALED_OLD,
	   "another incarnation in between does not make it new");
	ok(judge(&talk, 9, 5, 100) == SEALED_FRESH, "the true one goes on");
	struct sealed wrong = { .incarnation = 9, .sequence = 6, .heard_incarnation = 2, .heard_sequence = 100 };
	ok(sealed_judge(&talk, &wrong, 5) == SEALED_HEARD, "what was meant for our predecessor proves nothing");
}

static void test_line(void)
{
	const struct sealed sealed = { .version = 2, .incarnation = 5, .sequence = 6 };
	uint8_t bytes[600];
	struct lk_out out = LK_OUT(bytes);
	struct sealed_line line = { .len = 0 };
	struct sealed got;
	unsigned found = 0;

	lk_put_raw(&out, "noise LKPS LKPS\0\x40 more", 22);	/* a head that is none */
	(void)!sealed_put(&out, &sealed, &with);
	lk_put_raw(&out, "LK", 2);
	(void)!sealed_put(&out, &sealed, &with);
	lk_put_raw(&out, "LKPS\xff\xff", 6);
	(void)!sealed_put(&out, &sealed, &with);
	for (size_t at = 0; at < out.len;) {
		at += sealed_line_add(&line, bytes + at, 1);
		for (size_t len; (len = sealed_line_frame(&line)) != 0;) {
			bool good = sealed_get(line.data, len, &with, &got);

			found += good;
			sealed_line_drop(&line, good ? len : 1);
		}
	}
	ok(found == 3, "frames are found between garbage (%u of 3)", found);
}

/* ---- what older versions have sent ---- */

static size_t fixture(unsigned version, const char *name, uint8_t *bytes, size_t size)
{
	const char *src = getenv("LK_SRC");
	char path[4096];

	snprintf(path, sizeof(path), "%s/tests/fixtures/wire/v%u/%s", src ? src : ".", version, name);
	FILE LK_AUTO_FILE *in = fopen(path, "r");
	return in ? fread(bytes, 1, size, in) : 0;
}

static void test_version_1(void)
{
	uint8_t bytes[200];
	size_t len = fixture(1, "hello-beat", bytes, sizeof(bytes));
	struct lk_in in = LK_IN(bytes + FRAME_HEAD, len > FRAME_HEAD ? len - FRAME_HEAD : 0);
	struct frame_hello got;
	struct frame_beat beat;

	ok(frame_get_hello(&in, &got) == FRAME_HELLO_GOOD, "HELLO of version 1 is understood");
	ok(got.version_max == 1 && frame_version(&got) == 1 && got.view == FRAME_VIEW_UNKNOWN, "it has no view");
	ok(!strcmp(got.from, "alpha") && !strcmp(got.to, "beta") && got.port == 1500 && got.interval == 100 &&
	   got.misses == 5 && got.kind == FRAME_KIND_BEAT, "all values are there");
	len = fixture(1, "beat", bytes, sizeof(bytes));
	in = (struct lk_in)LK_IN(bytes + FRAME_HEAD, len > FRAME_HEAD ? len - FRAME_HEAD : 0);
	ok(frame_get_beat(&in, 1, &beat) && beat.sequence == 1, "so is a heartbeat");
}

static void test_version_2(void)
{
	uint8_t bytes[200];
	size_t len = fixture(2, "hello-data", bytes, sizeof(bytes));
	struct lk_in in = LK_IN(bytes + FRAME_HEAD, len > FRAME_HEAD ? len - FRAME_HEAD : 0);
	struct frame_hello got;
	struct frame_beat beat;

	ok(frame_get_hello(&in, &got) == FRAME_HELLO_GOOD && got.version_max == 2 && frame_version(&got) == 2 &&
	   got.view == FRAME_VIEW_ALIVE, "HELLO of version 2 is understood");
	len = fixture(2, "beat", bytes, sizeof(bytes));
	in = (struct lk_in)LK_IN(bytes + FRAME_HEAD, len > FRAME_HEAD ? len - FRAME_HEAD : 0);
	ok(frame_get_beat(&in, 2, &beat) && beat.sequence == 1 && beat.view == FRAME_VIEW_ALIVE && !beat.confirm.sent,
	   "so is a heartbeat, which confirms nothing");
}

int main(void)
{
	test_hello();
	test_hello_values();
	test_beat();
	test_holds();
	test_reject();
	test_stream();
	test_sealed();
	test_fresh();
	test_line();
	test_version_1();
	test_version_2();
	return tap_done();
}
