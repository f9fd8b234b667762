/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tests of lk/key.h. */
#include "lk/key.h"

#include <stdlib.h>
#include <string.h>

#include "tap.h"
#include "tree.h"
#include "lk/poison.h"

#define HEX64(c) c c c c c c c c c c c c c c c c
#define ONE HEX64("00ff")
#define TWO HEX64("1234")
#define TIME "2026-01-31T12:00:00Z"
#define FILE_OF(rows) "#lockkeeper key 1\n#secret\tcreated\n" rows "#end\n"

static const char *hex(const uint8_t *bytes, size_t n)
{
	static char text[2 * LK_KEY_BYTES + 1];

	for (size_t i = 0; i < n; i++)
		snprintf(text + 2 * i, 3, "%02x", bytes[i]);
	return text;
}

/* The answers are those of another implementation, Python's hmac. */
static void test_mac(void)
{
	uint8_t key[LK_KEY_BYTES], mac[LK_KEY_BYTES];
	const struct lk_piece pieces[] = { { "what do ya want ", 16 }, { "for nothing?", 12 } };
	const struct lk_piece whole = { "what do ya want for nothing?", 28 };

	memset(key, 0x0b, sizeof(key));
	ok(lk_key_mac(key, pieces, 2, mac) == 0, "a seal is made");
	is(hex(mac, sizeof(mac)), "c3f2649c34ea24e4d62a2c7e868bbea0233c9d4c2cc300794db76aa18d6822d8",
	   "it is HMAC-SHA256");
	uint8_t again[LK_KEY_BYTES];
	ok(lk_key_mac(key, &whole, 1, again) == 0 && lk_key_same(mac, again), "in one piece it is the same");
	again[31] ^= 1;
	ok(!lk_key_same(mac, again), "one bit more is not the same");
}

static void test_derive(void)
{
	struct lk_key key = { .created = TIME };
	uint8_t tls[LK_KEY_BYTES], envelope[LK_KEY_BYTES];
	char print[LK_KEY_PRINT];
	struct lk_err err;

	memset(key.secret, 0x0b, sizeof(key.secret));
	ok(lk_key_derive(&key, "tls", tls, &err) == 0, "a key is derived");
	is(hex(tls, sizeof(tls)), "4774f9c30fd9560d4f4dff83fd0abc3979c1c80f2775af452e37df958461ad64",
	   "it is HKDF-SHA256 with our salt");
	ok(lk_key_derive(&key, "envelope", envelope, &err) == 0 && !lk_key_same(tls, envelope),
	   "another purpose has another key");
	lk_key_fingerprint(&key, print);
	is(print, "5a49 85f8 f4b8 f4a4 fa82 46fc 87f6 7569", "the fingerprint of that key");
}

static int parse(const char *text, struct lk_keys *keys, struct lk_err *err)
{
	char copy[LK_KEYS_TEXT];

	snprintf(copy, sizeof(copy), "%s", text);
	return lk_keys_parse(copy, strlen(copy), keys, err);
}

static void test_parse(void)
{
	struct lk_keys keys;
	struct lk_err err;
	struct lk_keys_text text;

	ok(parse(FILE_OF(ONE "\t" TIME "\n" TWO "\t" TIME "\n"), &keys, &err) == 0 && keys.n == 2,
	   "two keys are read");
	ok(keys.key[0].secret[1] == 0xff && keys.key[1].secret[0] == 0x12, "the first one is first");
	lk_keys_print(&keys, &text);
	is(text.data, FILE_OF(ONE "\t" TIME "\n" TWO "\t" TIME "\n"), "they are written as they were");
	ok(text.len == strlen(text.data), "the length is right");
}

static void test_refused(void)
{
	static const struct {
		const char *text, *want;
	} bad[] = {
		{ "", "etc/lkkey:0: the file is empty" },
		{ FILE_OF(""), "etc/lkkey:0: there is no key in it" },
		{ FILE_OF("12\t" TIME "\n"), "etc/lkkey:3: the secret is not of 64 hexadecimal digits" },
		{ FILE_OF(HEX64("00FF") "\t" TIME "\n"), "etc/lkkey:3: the secret is not of 64 hexadecimal digits" },
		{ FILE_OF(ONE "\tyesterday\n"), "etc/lkkey:3: the time is not of the form 2026-01-31T12:00:00Z" },
		{ FILE_OF(ONE "\t" TIME "\n" ONE "\t" TIME "\n"), "etc/lkkey:4: the same key twice" },
		{ FILE_OF(ONE "\t" TIME "\n" TWO "\t" TIME "\n" HEX64("1111") "\t" TIME "\n"
			  HEX64("2222") "\t" TIME "\n"), "etc/lkkey:6: too many keys" },
	};
	struct lk_keys keys;
	struct lk_err err;

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		ok(parse(bad[i].text, &keys, &err) == -LK_EX_INTERNAL && keys.n == 0, "case %zu is refused", i);
		is(err.text, bad[i].want, "it says why");
	}
}

static void test_file(void)
{
	const char *root = tap_tree();
	struct lk_keys keys = { .n = 1 }, again;
	struct lk_tree tree;
	struct lk_err err = { 0 };
	struct stat st;
	char path[512], other[512];

	snprintf(path, sizeof(path), "%s/" LK_KEY_FILE, root);
	snprintf(other, sizeof(other), "%s/tmp/other", root);
	if (lk_tree_open(&tree, &err) < 0)
		exit(99);
	ok(lk_keys_load(&tree, &keys, &err) == -LK_EX_NOENT && strstr(err.text, "lkkey create"),
	   "without a key the message says what to do");
	keys.n = 1;
	ok(lk_key_create(&keys.key[0], &err) == 0, "a key is made");
	umask(0);
	ok(lk_keys_save(&tree, &keys, &err) == 0, "it is saved");
	ok(stat(path, &st) == 0 && (st.st_mode & 07777) == 0600, "only its owner may read it");
	ok(lk_keys_load(&tree, &again, &err) == 0 && again.n == 1 &&
	   lk_key_same(again.key[0].secret, keys.key[0].secret) &&
	   !strcmp(again.key[0].created, keys.key[0].created), "it is read again");
	ok(chmod(path, 0640) == 0 && lk_keys_load(&tree, &again, &err) == -LK_EX_ARG,
	   "a key that others may read is not used");
	ok(chmod(path, 0600) == 0 && rename(path, other) == 0 && symlink("../tmp/other", path) == 0 &&
	   lk_keys_load(&tree, &again, &err) == -LK_EX_ARG, "a link is not followed");
	ok(lk_keys_save(&tree, &keys, &err) == 0 && lstat(path, &st) == 0 && S_ISREG(st.st_mode),
	   "saving replaces the link");
	if (geteuid() == 0)
		ok(chown(path, 1, 1) == 0 && lk_keys_load(&tree, &again, &err) == -LK_EX_ARG,
		   "a key of another user is not used");
	ok(unlink(path) == 0 && mkfifo(path, 0600) == 0 && lk_keys_load(&tree, &again, &err) == -LK_EX_ARG,
	   "a FIFO is not used, nor waited for");
	lk_tree_close(&tree);
	tap_clean(root);
}

static void test_random(void)
{
	struct lk_key one, other;
	struct lk_err err;

	ok(lk_key_create(&one, &err) == 0 && lk_key_create(&other, &err) == 0 &&
	   !lk_key_same(one.secret, other.secret), "two keys differ");
}

int main(void)
{
	test_mac();
	test_derive();
	test_parse();
	test_refused();
	test_file();
	test_random();
	return tap_done();
}
