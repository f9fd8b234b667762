/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What others may send to the port of a comm path: it is refused, logged once, and harms no heartbeat. Unless
 * said otherwise it comes from the address of the real peer, which is there all the time. */
#include <dirent.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fake.h"
#include "lk/cleanup.h"
#include "lk/poison.h"

#define BOTH_ALIVE (lab[0].state[0] == LK_NET_ALIVE && lab[1].state[0] == LK_NET_ALIVE)
#define UNHARMED (BOTH_ALIVE && !lab[0].deads && !lab[1].deads)
#define TIMES 12
#define NET_LAB_UNFINISHED 8		/* 4 per address, and the connections of the real peer */

static void begin(void)
{
	lab_pair(100, 10);
	lab_pair_start();
	ok(WAIT(lab[0].link[0].up && lab[1].link[0].up, 5000), "two real peers are up");
}

static void finish(const char *what)
{
	ok(STAYS(UNHARMED, 300), "%s: the heartbeats of the real peer are unharmed", what);
	ok(!lab[1].ended, "%s: the process lives", what);
	lab_end();
}

/* Nothing listens for this peer but the network process under test. */
static void begin_alone(void)
{
	lab_pair(100, 10);
	node_start(&lab[1], "beta");
	node_commit(&lab[1]);
	ok(WAIT(lab[1].configured == 1, 5000), "beta waits for alpha");
	lab_pump(100);
}

static struct fake dial(unsigned from, unsigned key)
{
	return (struct fake){ .fd = fake_connect(from, 2, 1500), .key = key };
}

/* ---- before TLS is done ---- */

static void test_plain_text(void)
{
	static const char request[] = "GET / HTTP/1.0\r\nHost: lockkeeper\r\n\r\n";
	bool closed = true;

	begin();
	for (int i = 0; i < TIMES; i++) {
		int fd = fake_connect(1, 2, 1500);

		send(fd, request, sizeof(request), MSG_NOSIGNAL);
		closed &= fake_closed(fd);
		close(fd);
	}
	ok(closed, "plain text is refused");
	ok(WAIT(node_logged(&lab[1], "701023") == 1, 1000), "%d times, but it is logged once", TIMES);
	finish("plain text");
}

static void test_wrong_key(void)
{
	bool refused = true;

	begin();
	for (int i = 0; i < TIMES; i++) {
		struct fake fake = dial(1, 9);

		refused &= fake_tls(&fake) < 0;
		fake_close(&fake);
	}
	ok(refused, "a peer with another key is refused");
	ok(WAIT(node_logged(&lab[1], "701023") == 1, 1000), "%d times, but it is logged once", TIMES);
	finish("another key");
}

static void test_same_print_wrong_key(void)
{
	lab_pair(100, 10);
	lab[1].keys = (struct bus_keys){ .n = 1, .key = { lab_key(1) } };
	lab[1].keys.key[0].tls[0] ^= 1;
	lab_pair_start();
	ok(WAIT(node_logged(&lab[1], "701023") == 1, 5000), "a key of the same fingerprint is no better");
	ok(STAYS(!lab[0].alives && !lab[1].alives, 500), "the path does not come up");
	lab_end();
}

static void test_old_tls(void)
{
	struct fake fake;

	begin();
	fake = dial(1, 1);
	fake.priority = "NORMAL:-VERS-ALL:+VERS-TLS1.2:-KX-ALL:+ECDHE-PSK:+PSK:+DHE-PSK";
	ok(fake_tls(&fake) < 0, "TLS 1.2 is refused, even with the right key");
	fake_close(&fake);
	fake = dial(1, 1);
	fake.priority = "NONE:+VERS-TLS1.3:+AES-128-GCM:+AEAD:+PSK:+GROUP-X25519:+SIGN-ALL";
	ok(fake_tls(&fake) < 0, "a key exchange without Diffie-Hellman is refused");
	fake_close(&fake);
	fake = dial(1, 1);
	fake.name = "gamma";
	ok(fake_tls(&fake) < 0, "another system's identity is refused");
	fake_close(&fake);
	finish("old TLS");
}

static void test_stranger(void)
{
	bool closed = true;

	begin();
	for (int i = 0; i < TIMES; i++) {
		int fd = fake_connect(7, 2, 1500);

		closed &= fake_closed(fd);
		close(fd);
	}
	ok(closed, "a connection from an address of no comm path is closed");
	ok(WAIT(node_logged(&lab[1], "701020") == 1, 1000), "it is logged once");
	finish("a stranger");
}

static int descriptors(pid_t pid)
{
	char path[64];
	int n = 0;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	DIR LK_AUTO_DIR *dir = opendir(path);
	while (dir && readdir(dir))
		n++;
	return dir ? n : -1;
}

static void test_half_open(void)
{
	static int fds[300];

	begin();
	int before = descriptors(lab[1].pid);
	for (size_t i = 0; i < sizeof(fds) / sizeof(*fds); i++) {
		fds[i] = fake_connect(1, 2, 1500);
		if (i % 10 == 0)
			lab_pump(5);
	}
	ok(STAYS(UNHARMED, 500), "300 half-open connections do not harm");
	int during = descriptors(lab[1].pid);
	ok(before < 0 || during <= before + NET_LAB_UNFINISHED, "only a few of them are held (%d descriptors, then %d)",
	   before, during);
	ok(WAIT(node_logged(&lab[1], "701021") == 1, 1000), "they are logged once");
	node_kill(&lab[0]);
	ok(WAIT(lab[1].state[0] == LK_NET_DEAD, 5000), "a dead peer is noticed meanwhile");
	node_start(&lab[0], "alpha");
	node_commit(&lab[0]);
	ok(WAIT(BOTH_ALIVE, 2500), "and the real peer gets in again, before their time is over");
	for (size_t i = 0; i < sizeof(fds) / sizeof(*fds); i++)
		close(fds[i]);
	lab_end();
}

static void test_slow(void)
{
	struct fake fake, silent;

	begin();
	fake = dial(1, 1);
	ok(fake_tls(&fake) == 0, "a peer with the key gets through TLS");
	silent = dial(1, 1);
	ok(fake_tls(&silent) == 0, "and another one");
	int64_t start = lab_now();
	bool open = true;
	while (open && lab_now() < start + 10000) {
		open = fake_send(&fake, "", 1) == 0 && recv(fake.fd, &(char){ 0 }, 1, MSG_PEEK | MSG_DONTWAIT) != 0;
		lab_pump(200);
	}
	ok(!open && lab_now() - start < 9000, "one that sends a byte at a time is cut off");
	ok(fake_closed(silent.fd), "one that says nothing, too");
	ok(WAIT(node_logged(&lab[1], "701022") >= 1, 1000), "it is logged");
	fake_close(&fake);
	fake_close(&silent);
	finish("slow peers");
}

/* ---- with the key ---- */

/* The reason in the REJECT that follows, "" without one. */
static const char *rejected(struct fake *fake)
{
	static char reason[FRAME_REASON_MAX + 1];
	uint8_t payload[FRAME_SMALL_MAX];
	size_t len;

	reason[0] = '\0';
	if (fake_frame(fake, payload, &len) == FRAME_REJECT) {
		struct lk_in in = LK_IN(payload, len);

		if (!frame_get_reject(&in, reason))
			reason[0] = '\0';
	}
	return reason;
}

static void lie(struct frame_hello hello, const char *reason, const char *what)
{
	struct fake fake = dial(1, 1);

	if (ok(fake_tls(&fake) == 0 && fake_say_hello(&fake, &hello) == 0, "%s: HELLO is sent", what)) {
		is(rejected(&fake), reason, what);
		ok(fake_closed(fake.fd), "%s: the connection is closed", what);
	}
	fake_close(&fake);
}

#define LIE(reason, ...) do {                                                             \
	struct frame_hello lie_hello = fake_hello(FRAME_KIND_BEAT);                       \
	lie_hello.__VA_ARGS__;                                                            \
	lie(lie_hello, reason, #__VA_ARGS__);                                             \
} while (0)

static void test_lies(void)
{
	begin();
	LIE("two machines claim this name", incarnation = 99);
	LIE("the incarnation is that of this system", incarnation = lab[1].conf.incarnation);
	LIE("HELLO is malformed", incarnation = 0);
	LIE("the comm path leads to another system", from[0] = 'g');
	LIE("this is another system", to[0] = 'g');
	LIE("the comm path has another port", port = 1510);
	LIE("the heartbeat interval is out of range", interval = 1);
	LIE("the heartbeat interval is out of range", misses = 0);
	LIE("HELLO is malformed", kind = 7);
	LIE("HELLO is malformed", from[0] = '\n');
	LIE("two machines claim this name", kind = FRAME_KIND_DATA);
	ok(WAIT(node_logged(&lab[1], "701027") == 1, 1000), "all these are logged once");
	finish("lies");
}

static void test_versions(void)
{
	struct frame_hello hello = fake_hello(FRAME_KIND_BEAT);
	struct fake fake;
	uint8_t payload[FRAME_SMALL_MAX];
	size_t len;

	begin_alone();
	hello.version_min = 9;
	hello.version_max = 12;
	lie(hello, "versions 1 to 3 are talked here, 9 to 12 there", "a version that is too new");
	hello.version_min = 2;
	fake = dial(1, 1);
	ok(fake_tls(&fake) == 0 && fake_say_hello(&fake, &hello) == 0 &&
	   fake_frame(&fake, payload, &len) == FRAME_HELLO, "a newer one that knows an old one is let in");
	ok(fake_frame(&fake, payload, &len) == FRAME_BEAT && len == 29, "and gets heartbeats of the common version");
	fake_close(&fake);
	lab_end();
}

static void test_garbage_in_tls(void)
{
	unsigned seed = 11;
	bool closed = true;

	begin();
	for (int i = 0; i < TIMES; i++) {
		struct fake fake = dial(1, 1);
		uint8_t data[3000];

		for (size_t k = 0; k < sizeof(data); k++)
			data[k] = (uint8_t)rand_r(&seed);
		data[0] = data[1] = 0;
		data[2] &= 1;		/* lengths of all kinds */
		if (fake_tls(&fake) == 0)
			fake_send(&fake, data, sizeof(data));
		closed &= fake_closed(fake.fd);
		fake_close(&fake);
	}
	ok(closed, "garbage inside TLS ends the connection");
	ok(WAIT(node_logged(&lab[1], "701025") == 1, 1000), "it is logged once");
	finish("garbage");
}

static void test_raw_garbage(void)
{
	struct fake fake;

	begin_alone();
	fake = dial(1, 1);
	struct frame_hello hello = fake_hello(FRAME_KIND_BEAT);
	ok(fake_tls(&fake) == 0 && fake_say_hello(&fake, &hello) == 0, "a peer is in");
	lab_pump(100);
	send(fake.fd, "\x17\x03\x03\x00\x20 nothing that this key has made", 37, MSG_NOSIGNAL);
	ok(fake_closed(fake.fd), "a forged record ends the connection");
	ok(WAIT(node_logged(&lab[1], "701024") == 1, 1000), "it is logged");
	fake_close(&fake);
	lab_end();
}

/* ---- as the peer, after a good HELLO ---- */

static bool enter(struct fake *fake, uint8_t kind)
{
	struct frame_hello hello = fake_hello(kind);
	uint8_t payload[FRAME_SMALL_MAX];
	size_t len;

	*fake = dial(1, 1);
	return fake_tls(fake) == 0 && fake_say_hello(fake, &hello) == 0 &&
	       fake_frame(fake, payload, &len) == FRAME_HELLO;
}

static void bad_frame(const char *frame, size_t len, const char *what)
{
	struct fake fake;

	ok(enter(&fake, FRAME_KIND_BEAT), "%s: the peer is in", what);
	ok(fake_send(&fake, frame, len) == 0 && fake_closed(fake.fd), "%s: the connection is closed", what);
	fake_close(&fake);
}

#define BAD(frame, what) bad_frame(frame, sizeof(frame) - 1, what)

static void test_bad_frames(void)
{
	begin_alone();
	BAD("\xff\xff\xff\xff\x02", "a frame of 4 GiB");
	BAD("\0\0\x03\xe9\x02", "a heartbeat of 1001 bytes");
	BAD("\0\0\0\x03\x02xxx", "a heartbeat that is too short");
	BAD("\0\0\0\x06\x02\0\0\0\x01\0x", "a heartbeat that is too long");
	BAD("\0\0\0\x05\x02\0\0\0\x01\x09", "a heartbeat with an unknown view");
	BAD("\0\0\0\x01\x03x", "data over the connection for heartbeats");
	BAD("\0\0\0\x01\x01x", "a second HELLO");
	BAD("\0\0\0\0\0", "type 0");
	ok(lab[1].alives == 0, "none of them was a heartbeat");
	ok(WAIT(node_logged(&lab[1], "701025") == 1, 1000), "they are logged once");
	lab_end();
}

static void test_good_frames(void)
{
	struct fake beat, data, other;

	begin_alone();
	ok(!enter(&data, FRAME_KIND_DATA), "data before heartbeats is refused");
	fake_close(&data);
	ok(enter(&beat, FRAME_KIND_BEAT) && STAYS(lab[1].alives == 0, 200), "HELLO alone is not ALIVE");
	ok(fake_send(&beat, "\0\0\0\x05\x02\0\0\0\x01\x03", 10) == 0 && WAIT(lab[1].alives == 1, 2000),
	   "with the first heartbeat it is");
	ok(WAIT(lab[1].told[0] == FRAME_VIEW_DOWN, 1000), "the heartbeat tells how the peer sees us");
	ok(enter(&data, FRAME_KIND_DATA) && WAIT(lab[1].link[0].up, 1000), "the connection for data makes a way");
	ok(fake_send(&data, "\0\0\0\x02\x63xx\0\0\0\x03\x03xyz", 15) == 0 && WAIT(lab[1].received == 3, 2000),
	   "a frame of unknown type is skipped, the data behind it arrives");
	ok(WAIT(node_logged(&lab[1], "701026") == 1, 1000), "and is logged");
	ok(fake_send(&data, "\0\x01\x01\xd1\x03", 5) == 0 && fake_closed(data.fd), "data of 66001 bytes is refused");
	ok(WAIT(!lab[1].link[0].up, 1000), "that was the only way");
	struct frame_hello hello = fake_hello(FRAME_KIND_BEAT);
	hello.incarnation = 77;
	other = dial(1, 1);
	ok(fake_tls(&other) == 0 && fake_say_hello(&other, &hello) == 0, "a second machine comes");
	is(rejected(&other), "two machines claim this name", "and is refused while the first one beats");
	fake_close(&other);
	fake_close(&data);
	fake_close(&beat);
	lab_end();
}

/* What the peer thinks is taken from the best path: on another one an older view may come late. */
static void test_best_voice(void)
{
	static const char alive[] = "\0\0\0\x05\x02\0\0\0\x01\x01", down[] = "\0\0\0\x05\x02\0\0\0\x01\x03";
	struct frame_hello hello = fake_hello(FRAME_KIND_BEAT);
	struct fake best, worse;

	lab_pair(100, 10);
	node_tcp(&lab[1], 0, 4, 3);
	node_start(&lab[1], "beta");
	node_commit(&lab[1]);
	ok(WAIT(lab[1].configured == 1, 5000), "beta waits for alpha on two paths");
	lab_pump(100);
	worse = (struct fake){ .fd = fake_connect(3, 4, 1510), .key = 1 };
	hello.port = 1510;
	ok(fake_tls(&worse) == 0 && fake_say_hello(&worse, &hello) == 0 && fake_send(&worse, alive, 10) == 0 &&
	   WAIT(lab[1].told[0] == FRAME_VIEW_ALIVE, 2000), "the only path is listened to");
	ok(enter(&best, FRAME_KIND_BEAT) && fake_send(&best, down, 10) == 0 &&
	   WAIT(lab[1].told[0] == FRAME_VIEW_DOWN, 2000), "so is a better one");
	ok(fake_send(&worse, alive, 10) == 0 && STAYS(lab[1].told[0] == FRAME_VIEW_DOWN, 300),
	   "the other one no longer");
	fake_close(&best);
	fake_close(&worse);
	lab_end();
}

int main(void)
{
	alarm(240);
	signal(SIGPIPE, SIG_IGN);
	for (int i = 0; i < LAB_NODES; i++)
		lab[i].bus = -1;
	test_plain_text();
	test_wrong_key();
	test_same_print_wrong_key();
	test_old_tls();
	test_stranger();
	test_half_open();
	test_slow();
	test_lies();
	test_versions();
	test_garbage_in_tls();
	test_raw_garbage();
	test_bad_frames();
	test_good_frames();
	test_best_voice();
	return tap_done();
}
