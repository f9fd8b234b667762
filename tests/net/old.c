/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Nodes of older protocol versions, which send the bytes in tests/fixtures/wire, still talk. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fake.h"
#include "lk/cleanup.h"
#include "lk/poison.h"

static unsigned version;
static uint8_t recorded[3][200];
static size_t recorded_len[3];

/* Of a heartbeat. */
static size_t payload_len(void)
{
	return version == 1 ? 4 : 5;
}

static bool load(unsigned i, const char *name)
{
	const char *src = getenv("LK_SRC");
	char path[4096];

	snprintf(path, sizeof(path), "%s/tests/fixtures/wire/v%u/%s", src ? src : ".", version, name);
	FILE LK_AUTO_FILE *in = fopen(path, "r");
	recorded_len[i] = in ? fread(recorded[i], 1, sizeof(recorded[i]), in) : 0;
	return recorded_len[i] > FRAME_HEAD;
}

static bool enter(struct fake *fake, unsigned hello)
{
	uint8_t payload[FRAME_SMALL_MAX];
	struct lk_in in;
	size_t len;

	*fake = (struct fake){ .fd = fake_connect(1, 2, 1500), .key = 1 };
	if (fake_tls(fake) < 0 || fake_send(fake, recorded[hello], recorded_len[hello]) < 0 ||
	    fake_frame(fake, payload, &len) != FRAME_HELLO)
		return false;
	/* an old node reads this much of an answer, and ignores the rest if version_max is newer */
	in = (struct lk_in)LK_IN(payload, len);
	return lk_get_u32(&in) == FRAME_MAGIC && lk_get_u8(&in) == 1 && lk_get_u8(&in) >= version;
}

/* Beat as it does, every tenth of a second, and look at what comes. */
static unsigned talk(struct fake *fake, unsigned beats)
{
	uint8_t payload[FRAME_SMALL_MAX], beat[16];
	unsigned strange = 0;
	size_t len = 0;

	memcpy(beat, recorded[2], sizeof(beat));
	for (unsigned i = 0; i < beats; i++) {
		beat[FRAME_HEAD + 3] = (uint8_t)(i + 1);
		fake_send(fake, beat, recorded_len[2]);
		strange += fake_frame(fake, payload, &len) != FRAME_BEAT || len != payload_len();
	}
	return strange;
}

static void test_old(unsigned number)
{
	struct fake beat, data;
	uint8_t payload[FRAME_SMALL_MAX];
	size_t len = 0;

	version = number;
	ok(load(0, "hello-beat") && load(1, "hello-data") && load(2, "beat"), "the recorded frames of version %u are there",
	   version);
	lab_pair(100, 10);
	node_start(&lab[1], "beta");
	node_commit(&lab[1]);
	ok(WAIT(lab[1].configured == 1, 5000), "a node of this version runs");
	lab_pump(100);
	ok(enter(&beat, 0), "the old node is let in and gets an answer that it can read");
	ok(talk(&beat, 3) == 0, "heartbeats to it have the form of its version");
	ok(WAIT(lab[1].state[0] == LK_NET_ALIVE, 1000), "the path is ALIVE");
	ok(enter(&data, 1) && WAIT(lab[1].link[0].up, 1000), "there is a way for data");
	ok(lab[1].link[0].version == version, "main is told the version");
	ok(fake_send(&data, "\0\0\0\x03\x03old", 8) == 0 && WAIT(lab[1].received == 3, 1000), "data comes from it");
	ok(node_send(&lab[1], 0, "new", 3) && fake_frame(&data, payload, &len) == FRAME_DATA && len == 3 &&
	   !memcmp(payload, "new", 3), "and goes to it");
	ok(talk(&beat, 15) == 0 && !lab[1].deads, "the path stays up for longer than its period");
	ok(lab[1].told[0] == (version == 1 ? FRAME_VIEW_UNKNOWN : FRAME_VIEW_ALIVE), "how it sees us is known from version 2");
	fake_close(&data);
	fake_close(&beat);
	lab_end();
}

int main(void)
{
	alarm(120);
	signal(SIGPIPE, SIG_IGN);
	for (int i = 0; i < LAB_NODES; i++)
		lab[i].bus = -1;
	test_old(1);
	test_old(2);
	return tap_done();
}
