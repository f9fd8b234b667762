/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The cluster's key, $LKROOT/etc/lkkey (mode 0600, copying it to a node is enough). Only daemons and lkkey
 * link this (lib/liblkcrypto.a, GnuTLS).
 *
 *	#lockkeeper key 1
 *	#secret	created
 *	<64 hexadecimal digits>	<time>
 *	#end
 *
 * The first key is the one in use; others are accepted, too, during a change of keys. From a key others are
 * derived (HKDF-SHA256): the process that parses the network gets only the one for TLS.
 */
#ifndef LK_KEY_H
#define LK_KEY_H

#include <stdbool.h>
#include <stdint.h>

#include "lk/tree.h"

#define LK_KEY_FILE "etc/lkkey"
#define LK_KEY_BYTES 32
#define LK_KEYS_MAX 3
#define LK_KEY_PRINT 40			/* "1234 5678 9abc def0 ..." with NUL */

struct lk_key {
	uint8_t secret[LK_KEY_BYTES];
	char created[32];
};

struct lk_keys {
	unsigned n;
	struct lk_key key[LK_KEYS_MAX];
};

/* 0; -7 there is none (the message says what to do); -5 others may read it, or it is not a plain file of
 * this user; -3 damaged, with file and line; -1. */
int lk_keys_load(const struct lk_tree *tree, struct lk_keys *keys, struct lk_err *err)
	LK_MUST LK_NONNULL(1, 2, 3);
/* Replace the file, durably; mode 0600. */
int lk_keys_save(const struct lk_tree *tree, const struct lk_keys *keys, struct lk_err *err)
	LK_MUST LK_NONNULL(1, 2, 3);
/* Exclude others that change the file, from reading it to saving it. A descriptor to close, or -1. */
int lk_keys_lock(const struct lk_tree *tree, struct lk_err *err) LK_MUST LK_NONNULL(1, 2);
/* Forget the secrets. */
void lk_keys_wipe(struct lk_keys *keys) LK_NONNULL(1);

/* Parse or print the file's text; for lkkey and the fuzzer. text is NUL-terminated and is changed. Printing
 * leaves a len of 0 when out of memory. */
#define LK_KEYS_TEXT 1024
struct lk_keys_text {
	char data[LK_KEYS_TEXT];
	size_t len;
};
void lk_keys_print(const struct lk_keys *keys, struct lk_keys_text *text) LK_NONNULL(1, 2);
/* Read and parse all that comes from fd. 0; -3; -1. */
int lk_keys_read(int fd, struct lk_keys *keys, struct lk_err *err) LK_MUST LK_NONNULL(2, 3);
int lk_keys_parse(char *text, size_t len, struct lk_keys *keys, struct lk_err *err)
	LK_MUST LK_NONNULL(1, 3, 4);
/* A new random key, created now. */
int lk_key_create(struct lk_key *key, struct lk_err *err) LK_MUST LK_NONNULL(1, 2);

/* The key's fingerprint: half of the SHA-256 of a derived value, in groups of four digits. */
void lk_key_fingerprint(const struct lk_key *key, char text[static LK_KEY_PRINT]) LK_NONNULL(1);

/* Derive the key for a purpose: "tls", "envelope", "beat". 0 or -1. */
int lk_key_derive(const struct lk_key *key, const char *purpose, uint8_t out[static LK_KEY_BYTES],
		  struct lk_err *err) LK_MUST LK_NONNULL(1, 2, 4);

/* HMAC-SHA256 over n pieces, one behind the other. 0 or -1. */
struct lk_piece {
	const void *data;
	size_t len;
};
int lk_key_mac(const uint8_t key[static LK_KEY_BYTES], const struct lk_piece *piece, unsigned n,
	       uint8_t mac[static LK_KEY_BYTES]) LK_MUST LK_NONNULL(2);
/* Compare in constant time. */
bool lk_key_same(const uint8_t *one, const uint8_t *other) LK_MUST LK_NONNULL(1, 2);

#endif
