/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The cluster's key: its file, what is derived from it, seals. */
#include "lk/key.h"

#include <errno.h>
#include <fcntl.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "lk/cleanup.h"
#include "lk/msg.h"
#include "lk/rec.h"
#include "lk/poison.h"

#define SALT "lockkeeper key 1"
#define HEX (2 * LK_KEY_BYTES)
#define MODE 0600

static const struct lk_rec_kind kind = { "key", 2, { "secret", "created" } };

/* ---- text ---- */

static void to_hex(const uint8_t *bytes, size_t n, char *hex)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < n; i++) {
		hex[2 * i] = digits[bytes[i] >> 4];
		hex[2 * i + 1] = digits[bytes[i] & 15];
	}
	hex[2 * n] = '\0';
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool from_hex(const char *hex, uint8_t secret[static LK_KEY_BYTES])
{
	if (strlen(hex) != HEX)
		return false;
	for (int i = 0; i < LK_KEY_BYTES; i++) {
		int high = hex_digit(hex[2 * i]), low = hex_digit(hex[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		secret[i] = (uint8_t)(high * 16 + low);
	}
	return true;
}

/* A time as lk_key_create() writes it? */
static bool is_time(const char *text)
{
	static const char form[] = "0000-00-00T00:00:00Z";

	if (strlen(text) != strlen(form))
		return false;
	for (size_t i = 0; form[i]; i++)
		if (form[i] == '0' ? text[i] < '0' || text[i] > '9' : text[i] != form[i])
			return false;
	return true;
}

struct parsing {
	struct lk_keys *keys;
	struct lk_err *err;
};

/* The message never has a part of the line: it may be a secret. */
static int problem(void *arg, unsigned line, const char *what)
{
	struct parsing *p = arg;

	return lk_fail(p->err, LK_M_DAMAGED, LK_KEY_FILE, line, what);
}

static int record(void *arg, struct lk_rec *rec)
{
	struct parsing *p = arg;
	struct lk_keys *keys = p->keys;
	struct lk_key *key = &keys->key[keys->n];

	if (keys->n == LK_KEYS_MAX)
		return problem(arg, rec->line, "too many keys");
	if (!from_hex(rec->field[0], key->secret))
		return problem(arg, rec->line, "the secret is not of 64 hexadecimal digits");
	if (!is_time(rec->field[1]))
		return problem(arg, rec->line, "the time is not of the form 2026-01-31T12:00:00Z");
	for (unsigned i = 0; i < keys->n; i++)
		if (lk_key_same(keys->key[i].secret, key->secret))
			return problem(arg, rec->line, "the same key twice");
	snprintf(key->created, sizeof(key->created), "%s", rec->field[1]);
	keys->n++;
	return 0;
}

int lk_keys_parse(char *text, size_t len, struct lk_keys *keys, struct lk_err *err)
{
	struct parsing p = { .keys = keys, .err = err };
	const struct lk_rec_sink sink = { .record = record, .problem = problem, .arg = &p };

	*keys = (struct lk_keys){ 0 };
	int rc = lk_rec_parse(&kind, text, len, &sink);
	if (rc == 0 && keys->n == 0)
		rc = problem(&p, 0, "there is no key in it");
	if (rc < 0)
		lk_keys_wipe(keys);
	return rc;
}

void lk_keys_print(const struct lk_keys *keys, struct lk_keys_text *text)
{
	struct lk_buf LK_AUTO_BUF buf = { 0 };
	char hex[HEX + 1];

	text->len = 0;
	if (!lk_buf_room(&buf, sizeof(text->data)))	/* so that it never moves and leaves a copy */
		return;
	lk_rec_head(&buf, &kind);
	for (unsigned i = 0; i < keys->n; i++) {
		const char *fields[] = { hex, keys->key[i].created };

		to_hex(keys->key[i].secret, LK_KEY_BYTES, hex);
		lk_rec_row(&buf, &kind, fields);
	}
	lk_rec_tail(&buf);
	explicit_bzero(hex, sizeof(hex));
	if (!buf.failed && buf.len < sizeof(text->data)) {
		memcpy(text->data, buf.data, buf.len + 1);
		text->len = buf.len;
	}
	explicit_bzero(buf.data, buf.len);
}

void lk_keys_wipe(struct lk_keys *keys)
{
	explicit_bzero(keys, sizeof(*keys));
}

/* ---- the file ---- */

/* A key that others may have read or made is none. */
static int check_file(const struct lk_tree *tree, int fd, struct lk_err *err)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return lk_fail_errno(err, errno, "%s/%s", tree->root, LK_KEY_FILE);
	if (!S_ISREG(st.st_mode))
		return lk_fail(err, LK_M_KEY_UNSAFE, tree->root, "it is not a plain file");
	if (st.st_uid != geteuid())
		return lk_fail(err, LK_M_KEY_UNSAFE, tree->root, "it belongs to another user");
	if (st.st_mode & 077)
		return lk_fail(err, LK_M_KEY_UNSAFE, tree->root,
			       "others have access to it (needed: chmod 600)");
	return 0;
}

int lk_keys_read(int fd, struct lk_keys *keys, struct lk_err *err)
{
	struct lk_keys_text text = { .len = 0 };
	ssize_t got = 1;

	while (got != 0 && text.len < sizeof(text.data)) {
		got = read(fd, text.data + text.len, sizeof(text.data) - text.len);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return lk_fail_errno(err, errno, "%s", LK_KEY_FILE);
		text.len += (size_t)got;
	}
	int rc;
	if (text.len == sizeof(text.data)) {
		rc = lk_fail(err, LK_M_DAMAGED, LK_KEY_FILE, 0, "it is too long for a key file");
	} else {
		text.data[text.len] = '\0';
		rc = lk_keys_parse(text.data, text.len, keys, err);
	}
	explicit_bzero(&text, sizeof(text));
	return rc;
}

int lk_keys_load(const struct lk_tree *tree, struct lk_keys *keys, struct lk_err *err)
{
	int LK_AUTO_CLOSE fd = openat(tree->fd, LK_KEY_FILE,
				      O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	*keys = (struct lk_keys){ 0 };
	if (fd < 0 && errno == ENOENT)
		return lk_fail(err, LK_M_NO_KEY, tree->root);
	if (fd < 0 && errno == ELOOP)
		return lk_fail(err, LK_M_KEY_UNSAFE, tree->root, "it is a link");
	if (fd < 0)
		return lk_fail_errno(err, errno, "%s/%s", tree->root, LK_KEY_FILE);
	int rc = check_file(tree, fd, err);
	return rc < 0 ? rc : lk_keys_read(fd, keys, err);
}

static int open_dir(const struct lk_tree *tree, struct lk_err *err)
{
	int rc = lk_tree_mkdirs(tree, LK_KEY_FILE, err);
	int fd = rc < 0 ? -1 : openat(tree->fd, "etc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (rc == 0 && fd < 0)
		return lk_fail_errno(err, errno, "%s/etc", tree->root);
	return fd;
}

int lk_keys_lock(const struct lk_tree *tree, struct lk_err *err)
{
	int fd = open_dir(tree, err);

	while (fd >= 0 && flock(fd, LOCK_EX) < 0)
		if (errno != EINTR) {
			int rc = lk_fail_errno(err, errno, "%s/etc", tree->root);

			close(fd);
			return rc;
		}
	return fd;
}

static int write_new(const struct lk_tree *tree, const char *temp, const struct lk_keys_text *text)
{
	unlinkat(tree->fd, temp, 0);	/* left by somebody who was killed */
	int LK_AUTO_CLOSE fd = openat(tree->fd, temp,
				      O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, MODE);
	if (fd < 0)
		return -1;
	ssize_t done = write(fd, text->data, text->len);
	if (done >= 0 && (size_t)done != text->len)
		errno = ENOSPC;
	/* the umask may have taken a bit away */
	return done == (ssize_t)text->len && fchmod(fd, MODE) == 0 && fsync(fd) == 0 ? 0 : -1;
}

int lk_keys_save(const struct lk_tree *tree, const struct lk_keys *keys, struct lk_err *err)
{
	struct lk_keys_text text;
	char temp[LK_PATH_MAX];
	int LK_AUTO_CLOSE dir = open_dir(tree, err);

	if (dir < 0)
		return dir;
	lk_keys_print(keys, &text);
	if (!text.len)
		return lk_fail_nomem(err);
	lk_tree_temp(LK_KEY_FILE, temp);
	int rc = write_new(tree, temp, &text);
	explicit_bzero(&text, sizeof(text));
	if (rc < 0 || renameat(tree->fd, temp, tree->fd, LK_KEY_FILE) < 0) {
		int saved = errno;

		unlinkat(tree->fd, temp, 0);
		return lk_fail_errno(err, saved, "%s/%s", tree->root, LK_KEY_FILE);
	}
	return fsync(dir) < 0 ? lk_fail_errno(err, errno, "%s/etc", tree->root) : 0;
}

/* ---- keys ---- */

int lk_key_create(struct lk_key *key, struct lk_err *err)
{
	time_t now = time(NULL);
	struct tm tm;

	if (gnutls_rnd(GNUTLS_RND_KEY, key->secret, sizeof(key->secret)) < 0)
		return lk_fail(err, LK_M_CRYPTO, "random numbers");
	if (!gmtime_r(&now, &tm) ||
	    !strftime(key->created, sizeof(key->created), "%Y-%m-%dT%H:%M:%SZ", &tm))
		return lk_fail_errno(err, EOVERFLOW, "time");
	return 0;
}

int lk_key_derive(const struct lk_key *key, const char *purpose, uint8_t out[static LK_KEY_BYTES],
		  struct lk_err *err)
{
	uint8_t prk[LK_KEY_BYTES];
	gnutls_datum_t secret = { (uint8_t *)key->secret, LK_KEY_BYTES };
	gnutls_datum_t salt = { (uint8_t *)SALT, sizeof(SALT) - 1 };
	gnutls_datum_t extracted = { prk, sizeof(prk) };
	gnutls_datum_t info = { (uint8_t *)purpose, (unsigned)strlen(purpose) };

	int rc = gnutls_hkdf_extract(GNUTLS_MAC_SHA256, &secret, &salt, prk);
	if (rc == 0)
		rc = gnutls_hkdf_expand(GNUTLS_MAC_SHA256, &extracted, &info, out, LK_KEY_BYTES);
	explicit_bzero(prk, sizeof(prk));
	return rc < 0 ? lk_fail(err, LK_M_CRYPTO, gnutls_strerror(rc)) : 0;
}

void lk_key_fingerprint(const struct lk_key *key, char text[static LK_KEY_PRINT])
{
	uint8_t derived[LK_KEY_BYTES], sum[LK_KEY_BYTES];
	struct lk_err err;

	snprintf(text, LK_KEY_PRINT, "unknown");
	if (lk_key_derive(key, "fingerprint", derived, &err) < 0 ||
	    gnutls_hash_fast(GNUTLS_DIG_SHA256, derived, sizeof(derived), sum) < 0)
		return;
	for (int group = 0; group < 8; group++) {
		to_hex(sum + 2 * group, 2, text + 5 * group);
		text[5 * group + 4] = group < 7 ? ' ' : '\0';
	}
}

int lk_key_mac(const uint8_t key[static LK_KEY_BYTES], const struct lk_piece *piece, unsigned n,
	       uint8_t mac[static LK_KEY_BYTES])
{
	gnutls_hmac_hd_t handle;
	int rc = 0;

	if (gnutls_hmac_init(&handle, GNUTLS_MAC_SHA256, key, LK_KEY_BYTES) < 0)
		return -1;
	for (unsigned i = 0; i < n && rc == 0; i++)
		rc = gnutls_hmac(handle, piece[i].data, piece[i].len);
	gnutls_hmac_deinit(handle, mac);
	return rc < 0 ? -1 : 0;
}

bool lk_key_same(const uint8_t *one, const uint8_t *other)
{
	return gnutls_memcmp(one, other, LK_KEY_BYTES) == 0;
}
