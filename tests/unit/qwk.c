/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The storage quorum: objects, looks at them, what follows, settings. */
#include <fcntl.h>
#include <stdlib.h>

#include "../../sbin/lkqwk/seen.h"
#include "lk/msg.h"
#include "lk/quiet.h"
#include "lk/qwkconf.h"
#include "lk/qwkio.h"
#include "lk/qwkstate.h"
#include "tap.h"
#include "tree.h"
#include "lk/poison.h"

static const struct lk_qwk_object sample = {
	.local = "alpha", .time = 1764115200, .sequence = 17, .n = 2,
	.peer = { { "beta", LK_SYS_ALIVE }, { "gamma", LK_SYS_DEAD } },
};

/* ---- objects ---- */

/* Replace one text by another of any length, and make the checksum right again if that is wanted. */
static void edit(unsigned char bytes[static LK_QWK_SIZE], const char *from, const char *to, bool sum)
{
	char text[LK_QWK_SIZE + 300], *at, *line;

	lk_qwk_object_format(&sample, bytes);
	memset(text, 0, sizeof(text));
	memcpy(text, bytes, LK_QWK_SIZE);
	at = strstr(text, from);
	if (at) {
		memmove(at + strlen(to), at + strlen(from), strlen(at + strlen(from)) + 1);
		memcpy(at, to, strlen(to));
	}
	line = strstr(text, "checksum=");
	if (sum && line)
		snprintf(line, 20, "checksum=%08x\n", lk_crc32(text, (size_t)(line - text)));
	memset(bytes, 0, LK_QWK_SIZE);
	memcpy(bytes, text, strlen(text));
}

static int number_after(const char *from, const char *to, bool sum)
{
	unsigned char bytes[LK_QWK_SIZE];
	struct lk_qwk_object object = { .sequence = 99 };
	struct lk_err err = { 0 };

	edit(bytes, from, to, sum);
	int rc = lk_qwk_object_parse(bytes, "alpha", &object, &err);
	return rc == 0 ? 0 : object.sequence == 99 ? err.number : -1;
}

static void test_object(void)
{
	unsigned char bytes[LK_QWK_SIZE];
	struct lk_qwk_object object;
	struct lk_err err;

	lk_qwk_object_format(&sample, bytes);
	ok(!strncmp((char *)bytes, "signature=LKQWK1\nlocal_node=alpha\ntime=1764115200\nsequence=17\n"
		    "node=beta\ncommstat=ALIVE\nnode=gamma\ncommstat=DEAD\nchecksum=", 118),
	   "an object is lines of text");
	ok(lk_qwk_object_parse(bytes, "alpha", &object, &err) == 0 && object.sequence == 17 &&
		   object.n == 2 && !strcmp(object.peer[1].name, "gamma"), "and is read again");
	ok(lk_qwk_object_sees(&object, "gamma") == LK_SYS_DEAD &&
		   lk_qwk_object_sees(&object, "delta") == LK_SYS_UNKNOWN, "it tells how others are seen");
	ok(lk_crc32("123456789", 9) == 0xcbf43926, "the checksum is CRC-32");
	ok(number_after("sequence=17", "sequence=18446744073709551615", true) == 0, "64 bits of sequence");
	lk_qwk_object_format(&(struct lk_qwk_object){ .local = "a", .lease = 15000 }, bytes);
	ok(lk_qwk_object_parse(bytes, NULL, &object, &err) == 0 && object.n == 0, "others are not needed");
	ok(object.lease == 15000 && object.stop == 0, "an object may tell how long it lets run");
}

static void test_damage(void)
{
	static const struct {
		const char *from, *to;
		int number;
	} cases[] = {
		{ "signature=", "sgnature=", 18135 },
		{ "LKQWK1", "LKQWK2", 18136 },
		{ "local_node=", "node=", 18137 },
		{ "local_node=alpha", "local_node=beta", 18138 },
		{ "time=", "tme=", 18139 },
		{ "time=1764115200", "time=now", 18139 },
		{ "sequence=", "", 18140 },
		{ "sequence=17", "sequence=-1", 18141 },
		{ "sequence=17", "sequence=18446744073709551616", 18141 },
		{ "sequence=17", "sequence=", 18141 },
		{ "node=beta", "node=be ta", 18142 },
		{ "node=gamma\ncommstat=DEAD\n", "node=b\ncommstat=DEAD\nnode=c\ncommstat=DEAD\n"
		  "node=d\ncommstat=DEAD\n", 18142 },
		{ "commstat=DEAD\n", "", 18143 },
		{ "commstat=DEAD", "commstat=MAYBE", 18209 },
		{ "checksum=", "chcksum=", 18144 },
		{ "checksum=", "lease=1\nchecksum=", 720400 },
		{ "checksum=", "lease=1\nstop=x\nchecksum=", 720400 },
		{ "checksum=", "lease=0\nstop=1\nchecksum=", 720400 },
		{ "checksum=", "lease=3600001\nstop=1\nchecksum=", 720400 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		ok(number_after(cases[i].from, cases[i].to, true) == cases[i].number,
		   "damage %zu, at \"%.*s\", is message %d", i, (int)strcspn(cases[i].from, "\n"),
		   cases[i].from, cases[i].number);
	ok(number_after("sequence=17", "sequence=18", false) == 18146, "a changed byte is message 18146");
	ok(number_after("checksum=", "checksum=x", false) == 18145, "a checksum that is none is 18145");
}

static void test_bits(void)
{
	unsigned char bytes[LK_QWK_SIZE];
	struct lk_qwk_object object;
	struct lk_err err;
	unsigned passed = 0;

	for (unsigned i = 0; i < LK_QWK_SIZE * 8; i++) {
		lk_qwk_object_format(&sample, bytes);
		bytes[i / 8] ^= (unsigned char)(1 << i % 8);
		passed += lk_qwk_object_parse(bytes, NULL, &object, &err) == 0;
	}
	ok(passed == 0, "no single bit can change unnoticed");
}

static int ours(const unsigned char *bytes)
{
	struct lk_err err;

	return lk_qwk_object_ours(bytes, "alpha", "/x", &err);
}

static void test_ours(void)
{
	unsigned char bytes[LK_QWK_SIZE] = { 0 };

	ok(ours(bytes) == 0, "NUL may be written over");
	lk_qwk_object_format(&sample, bytes);
	ok(ours(bytes) == 0, "and the own object");
	memset(bytes + 30, 0, LK_QWK_SIZE - 30);
	ok(ours(bytes) < 0, "not one that was cut within the name");
	lk_qwk_object_format(&sample, bytes);
	memset(bytes + 40, 0, LK_QWK_SIZE - 40);
	ok(ours(bytes) == 0, "but one that was cut behind it");
	lk_qwk_object_format(&(struct lk_qwk_object){ .local = "beta" }, bytes);
	ok(ours(bytes) < 0, "not another system's");
	memset(bytes, 'x', LK_QWK_SIZE);
	ok(ours(bytes) < 0, "not other data");
	memset(bytes, 0, LK_QWK_SIZE);
	bytes[LK_QWK_SIZE - 1] = 1;
	ok(ours(bytes) < 0, "not even a single byte of it");
}

/* ---- looks ---- */

static enum sight look(struct seen *seen, uint64_t sequence, uint64_t time, int64_t at, int64_t *before)
{
	const struct lk_qwk_object object = { .local = "beta", .sequence = sequence, .time = time };

	return seen_look(seen, &object, at, before);
}

static void test_seen(void)
{
	struct seen s = { 0 };
	int64_t before;

	ok(look(&s, 10, 100, 1000, &before) == SAME && before == 0, "the first look says nothing: it may be old");
	ok(look(&s, 10, 100, 2000, &before) == SAME, "nor does the same sequence");
	ok(look(&s, 11, 106, 3000, &before) == ADVANCED && before == 2000, "a higher one is a sign of life");
	ok(look(&s, 10, 100, 4000, &before) == WENT_BACK, "an older object is none");
	ok(look(&s, 10, 100, 5000, &before) == SAME, "and is told once");
	ok(look(&s, 11, 106, 6000, &before) == SAME, "nor is it when the storage shows the new one again");
	ok(look(&s, 12, 90, 7000, &before) == ADVANCED, "a clock that goes back does not matter");
	ok(look(&s, 1, 112, 8000, &before) == BEGAN_ANEW, "a lower sequence with a newer time is a new begin");
	ok(look(&s, 2, 118, 9000, &before) == ADVANCED && before == 8000, "from which it goes on");
	ok(seen_look(&s, NULL, 9500, &before) == SAME, "a damaged object says nothing");
	ok(look(&s, 2, 118, 9600, &before) == SAME, "nor does it when it is good again");
}

static void test_moved(void)
{
	unsigned char bytes[LK_QWK_SIZE] = "no object";
	struct seen s = { 0 };

	ok(!seen_moved(&s, bytes), "the first bytes that are no object may be old");
	ok(!seen_moved(&s, bytes), "the same bytes have no writer");
	bytes[LK_QWK_SIZE - 1] = 1;
	ok(seen_moved(&s, bytes), "a single other byte has");
	ok(!seen_moved(&s, bytes), "and says so once");
}

static void test_stale(void)
{
	struct seen s = { 0 };
	int64_t before;
	unsigned signs = 0;

	look(&s, 100, 1000, 1, &before);
	ok(look(&s, 1, 500, 2, &before) == WENT_BACK && look(&s, 2, 506, 3, &before) == SAME &&
		   look(&s, 3, 512, 4, &before) == BEGAN_ANEW,
	   "with a clock that has gone back the third sequence in ascending order is a new begin");
	s = (struct seen){ 0 };
	for (int i = 0; i < 100; i++) {
		enum sight sight = look(&s, i % 2 ? 9 : 10, i % 2 ? 90 : 100, i, &before);

		signs += sight == ADVANCED || sight == BEGAN_ANEW;
	}
	ok(signs == 0, "storage that shows old and new in turns shows no life");
	s = (struct seen){ 0 };
	(void)!seen_look(&s, NULL, 1, &before);
	ok(look(&s, 1, 1, 2, &before) == ADVANCED && before == 1, "an object where there was none is a sign");
}

/* ---- what follows ---- */

static struct lk_qwk_state state_of(void)
{
	return (struct lk_qwk_state){ .started = 1000, .written = 100000, .said = 100000, .hbeat = 6,
				      .misses = 4, .n = 2,
				      .node = { { .name = "alpha" },
						{ .name = "beta", .sequence = 5, .changed = 90000,
						  .before = 84000, .looked = 96000, .quiet = 1 } } };
}

static void test_judge(void)
{
	struct lk_qwk_state s = state_of();
	struct lk_qwk_node *beta = &s.node[1];

	ok(lk_qwk_fresh(&s, 124000) && !lk_qwk_fresh(&s, 124001), "access lasts HBEATTIME * NUMHBEATS");
	ok(lk_qwk_judge(&s, beta, 84000, 100000) == LK_QWK_UP, "an update between two looks after the begin: up");
	ok(lk_qwk_judge(&s, beta, 84001, 100000) == LK_QWK_WAIT,
	   "an update that may have been before the begin says nothing");
	beta->quiet = 4;
	beta->looked = 114000;
	ok(lk_qwk_judge(&s, beta, 95000, 113999) == LK_QWK_WAIT, "QS-10: not dead before 24 s");
	ok(lk_qwk_judge(&s, beta, 95000, 114000) == LK_QWK_DOWN, "dead after 24 s and 4 checks");
	ok(lk_qwk_judge(&s, beta, 114001, 120000) == LK_QWK_WAIT, "but on a check that began after the question");
	beta->quiet = 3;
	ok(lk_qwk_judge(&s, beta, 95000, 120000) == LK_QWK_WAIT, "and not after 3 checks");
	beta->quiet = 4;
	beta->lease = 30000;
	ok(lk_qwk_judge(&s, beta, 95000, 119999) == LK_QWK_WAIT && lk_qwk_judge(&s, beta, 95000, 120000) == LK_QWK_DOWN,
	   "one that has longer times is given them");
	beta->quiet = 3;
	beta->lease = 12000;
	s.written = 140000;
	ok(lk_qwk_judge(&s, beta, 95000, 143000) == LK_QWK_TIMEOUT, "without an answer for 48 s: timeout");
	ok(lk_qwk_judge(&s, beta, 95000, 164001) == LK_QWK_NO_QUORUM, "without access nothing can be told");
	s = state_of();
	s.written = 0;
	ok(!lk_qwk_fresh(&s, 10), "never written is no access");
	s = state_of();
	beta->changed = beta->before = 0;
	s.started = 90000;
	beta->quiet = 4;
	beta->looked = 114000;
	ok(lk_qwk_judge(&s, beta, 95000, 113999) == LK_QWK_WAIT &&
		   lk_qwk_judge(&s, beta, 95000, 114000) == LK_QWK_DOWN,
	   "what was never seen to live is dead when it has been watched for long enough");
}

static void test_wrote(void)
{
	struct lk_qwk_state s = { .hbeat = 6, .misses = 4, .n = 2 }, next = { .hbeat = 6, .misses = 4 };
	struct lk_qwk_node *beta = &s.node[1];

	lk_qwk_state_wrote(&s, 1000, 1500);
	ok(s.written == 1000 && s.gained == 1500, "the first write: seen by others from its end on");
	lk_qwk_state_wrote(&s, 7000, 25000);
	ok(s.written == 7000 && s.gained == 1500, "one that follows in time changes nothing of that");
	lk_qwk_state_go_on(&next, &s);
	ok(next.written == 7000 && next.gained == 1500, "nor does another process");
	lk_qwk_state_wrote(&s, 26000, 31001);
	ok(s.written == 26000 && s.gained == 31001, "one that comes too late begins anew");
	lk_qwk_state_saw(beta, &(struct lk_qwk_look){ .begun = 2000, .ended = 2010 });
	ok(beta->looked == 2000 && beta->changed == 2010 && !beta->before,
	   "up to the first look it may have been written");
	beta->quiet = 2;
	lk_qwk_state_saw(beta, &(struct lk_qwk_look){ .before = 2000, .begun = 8000, .ended = 8010 });
	ok(beta->looked == 8000 && beta->changed == 2010 && beta->quiet == 2, "a look that sees nothing new");
	lk_qwk_state_saw(beta, &(struct lk_qwk_look){ .before = 8000, .begun = 14000, .ended = 14010, .advanced = true });
	ok(beta->looked == 14000 && beta->changed == 14010 && beta->before == 8000 && !beta->quiet, "one that does");
}

static void test_left(void)
{
	const struct lk_terms terms = { INT64_C(7000) * 1000000, INT64_C(15000) * 1000000 };
	struct lk_qwk_state s = { .started = 1000, .written = 100000, .gained = 2000, .hbeat = 6, .misses = 4, .n = 2 };
	struct lk_qwk_node *beta = &s.node[1];

	*beta = (struct lk_qwk_node){ .changed = 10000, .looked = 40000 };
	ok(lk_quiet_left(&s, beta, &terms, 0) > 6000, "39 s and more after the last sign of life it may run");
	beta->looked = 60000;
	ok(lk_quiet_left(&s, beta, &terms, 0) == 0, "after 50 s it does not");
	ok(lk_quiet_left(&s, beta, &terms, 59999) == 0 && lk_quiet_left(&s, beta, &terms, 60000) == 6001,
	   "but a look that began before it counts says nothing");
	s.gained = 60001;
	ok(lk_quiet_left(&s, beta, &terms, 0) == 6001, "nor one before we could be seen ourselves");
	s.gained = 2000;
	beta->left = true;
	ok(lk_quiet_left(&s, beta, &terms, 0) > 0 && lk_quiet_left(&s, NULL, &terms, 0) > 0,
	   "one that has left the mode, or is not there, may run for ever");
	*beta = (struct lk_qwk_node){ .quiet = 0 };
	s.started = -1000000;
	ok(lk_quiet_left(&s, beta, &terms, 0) > 0, "and one that was never looked at");
}

static void test_state(const char *root)
{
	struct lk_qwk_state s = state_of(), back;
	struct lk_qwk_question question = { .node = "beta" };
	struct lk_qwk_access access;
	struct lk_tree tree;
	struct lk_err err;
	char path[300];

	ok(lk_tree_open(&tree, &err) == 0 && lk_qwk_state_read(&tree, &back, &err) == 0, "no state at first");
	ok(!lk_qwk_access(&tree, &access) && strstr(access.why, "not initialised"), "and no access");
	s.stop = 2000;
	s.gained = 90000;
	s.node[1].lease = 15000;
	s.node[1].left = true;
	ok(lk_qwk_state_write(&tree, &s, &err) == 0 && lk_qwk_state_read(&tree, &back, &err) == 1 &&
		   back.stop == 2000 && back.node[1].lease == 15000 && back.node[1].left && !back.node[0].left &&
		   back.written == 100000 && back.gained == 90000 && back.n == 2 && !strcmp(back.node[1].name, "beta") &&
		   back.node[1].quiet == 1 && back.node[1].before == 84000, "a state is read as it was written");
	tap_write(root, LK_QWK_CONF, "x", 0600);
	s.written = lk_qwk_now();
	s.node[1].changed = s.written;
	s.node[1].before = s.written - 10;
	ok(lk_qwk_state_write(&tree, &s, &err) == 0 && lk_qwk_access(&tree, &access) == 1, "fresh: access");
	question.since = s.written - 10;
	ok(lk_qwk_peer(&tree, &question, &err) == LK_QWK_UP, "the peer lives");
	question.node = "gamma";
	ok(lk_qwk_peer(&tree, &question, &err) == -LK_EX_NOENT && err.number == 18219,
	   "a system that is not in the settings: message 18219");
	lk_qwk_log(&tree, "test", &question, LK_QWK_DOWN);
	snprintf(path, sizeof(path), "%s/" LK_QWK_STATE, root);
	FILE *f = fopen(path, "r+");
	ok(f && fseek(f, 60, SEEK_SET) == 0 && fputc('~', f) == '~' && fclose(f) == 0 &&
		   lk_qwk_state_read(&tree, &back, &err) == -LK_EX_INTERNAL, "a damaged state is noticed");
	ok(!lk_qwk_access(&tree, &access), "and gives no access");
	lk_tree_close(&tree);
}

/* ---- settings ---- */

static int conf_with(const struct lk_tree *tree, const char *text)
{
	struct lk_qwk_conf conf;
	struct lk_err err = { 0 };

	tap_write(tree->root, LK_QWK_CONF, text, 0600);
	int rc = lk_qwk_conf_read(tree, &conf, &err);
	return rc > 0 ? 0 : rc < 0 ? err.number : -1;
}

#define CONF "#lockkeeper qwk 1\nhbeattime=6\nnumhbeats=4\nqwk_object_type=file\n"

static void test_conf(void)
{
	struct lk_tree tree;
	struct lk_err err;

	ok(lk_tree_open(&tree, &err) == 0, "the tree");
	ok(conf_with(&tree, CONF "number_of_node=2\nmy_node=a\nqwk_object_path=/s/a\nnode=b\n"
		     "qwk_object_path=/s/b\n#end\n") == 0, "good settings");
	ok(conf_with(&tree, CONF "number_of_node=2\nmy_node=a\nqwk_object_path=/s/a\nnode=b\n#end\n") == 18113,
	   "a node without object");
	ok(conf_with(&tree, CONF "number_of_node=3\nmy_node=a\nqwk_object_path=/s/a\nnode=b\n"
		     "qwk_object_path=/s/b\n#end\n") == 18122, "a node too few");
	ok(conf_with(&tree, CONF "colour=red\n#end\n") == 18114, "an unknown word");
	ok(conf_with(&tree, CONF "number_of_node=2\nmy_node=a\nqwk_object_path=/s/a\nnode=b\n"
		     "qwk_object_path=/s/a\n#end\n") == 18125, "an object for two");
	ok(conf_with(&tree, "") == 18114, "an empty file");
	ok(conf_with(&tree, CONF "number_of_node=2\nmy_node=a\nqwk_object_path=/s/a\nnode=b\n") == 18114,
	   "one that was cut off");
	lk_tree_close(&tree);
}

/* ---- accesses ---- */

static int finish(struct lk_qwk_io *io)
{
	while (!lk_qwk_io_wait(io, 1, -1, lk_qwk_now() + 60000))
		;
	return io->reply.rc < 0 ? io->reply.err.number : 0;
}

static int reach(struct lk_qwk_io *io, enum lk_qwk_op op, const unsigned char *bytes)
{
	lk_qwk_io_start(io, op, bytes, 30000);
	return finish(io);
}

static void test_file_access(const char *root)
{
	struct lk_qwk_conf conf = { .type = LK_QWK_FILE };
	unsigned char bytes[LK_QWK_SIZE];
	char path[300];
	struct lk_qwk_io io = { .conf = &conf, .path = path, .local = "alpha", .fd = -1 };
	struct stat st;

	snprintf(path, sizeof(path), "%s/object", root);
	lk_qwk_object_format(&sample, bytes);
	ok(reach(&io, LK_QWK_READ, NULL) == 18149, "what is not there is not found");
	ok(reach(&io, LK_QWK_WRITE, bytes) == 18149 && stat(path, &st) < 0, "and is not made by a write");
	ok(reach(&io, LK_QWK_CREATE, bytes) == 0 && stat(path, &st) == 0 && st.st_size == LK_QWK_SIZE,
	   "it can be created");
	ok(reach(&io, LK_QWK_READ, NULL) == 0 && !memcmp(io.reply.bytes, bytes, LK_QWK_SIZE),
	   "and read as it was written");
	io.local = "beta";
	ok(reach(&io, LK_QWK_WRITE, bytes) == 18138, "another system does not write over it");
	conf.type = LK_QWK_BLOCK;
	ok(reach(&io, LK_QWK_READ, NULL) == 18127, "a file is no device");
	lk_qwk_io_end(&io);
	ok(io.pid == 0, "no child is left");
}

/* Nobody answers for aws here. */
static void test_hang(const char *root)
{
	struct lk_qwk_conf conf = { .type = LK_QWK_S3 };
	struct lk_qwk_io io = { .conf = &conf, .path = "s3://a/b", .local = "alpha", .fd = -1 };
	char bin[300];

	tap_write(root, "tmp/aws", "#!/bin/sh\nexec sleep 1000\n", 0755);
	snprintf(bin, sizeof(bin), "%s/tmp:/usr/bin:/bin", root);
	setenv("PATH", bin, 1);
	lk_qwk_io_start(&io, LK_QWK_READ, NULL, 200);
	ok(io.pid > 0 && finish(&io) == 703119, "what does not answer in time has failed");
	lk_qwk_io_end(&io);
	ok(io.pid == 0, "and its child is gone");
	pid_t pid = fork();	/* stands for a child that no signal ends */
	if (pid == 0) {
		pause();
		_exit(0);
	}
	io.pid = pid;
	ok(reach(&io, LK_QWK_READ, NULL) == 703120 && io.pid == pid,
	   "as long as a child hangs its object is left alone");
	lk_qwk_io_end(&io);
	ok(io.pid == 0, "until it has gone");
}

int main(void)
{
	const char *root = tap_tree();

	test_object();
	test_damage();
	test_bits();
	test_ours();
	test_seen();
	test_moved();
	test_stale();
	test_judge();
	test_wrote();
	test_left();
	test_state(root);
	test_conf();
	test_file_access(root);
	test_hang(root);
	tap_clean(root);
	return tap_done();
}
