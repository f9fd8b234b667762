/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fuzz the reading of etc/lkkey. What is accepted is written and read again and is the same; what is
 * refused leaves no key behind and no part of the text in the message. */
#include "lk/key.h"

#include <string.h>

#include "fuzz.h"
#include "lk/poison.h"

static int parse(const void *data, size_t size, struct lk_keys *keys, struct lk_err *err)
{
	char *copy = malloc(size + 1);

	MUST(copy);
	memcpy(copy, data, size);
	copy[size] = '\0';
	int rc = lk_keys_parse(copy, size, keys, err);
	free(copy);
	return rc;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct lk_keys keys, again;
	struct lk_keys_text text;
	struct lk_err err;
	int rc = parse(data, size, &keys, &err);

	MUST(rc == 0 || rc == -LK_EX_INTERNAL);
	if (rc < 0) {
		MUST(keys.n == 0 && !strncmp(err.text, LK_KEY_FILE ":", strlen(LK_KEY_FILE ":")));
		for (int i = 0; i < LK_KEY_BYTES; i++)
			MUST(keys.key[0].secret[i] == 0);
		return 0;
	}
	MUST(keys.n >= 1 && keys.n <= LK_KEYS_MAX);
	lk_keys_print(&keys, &text);
	MUST(text.len && text.len == strlen(text.data));
	MUST(parse(text.data, text.len, &again, &err) == 0 && again.n == keys.n);
	for (unsigned i = 0; i < keys.n; i++)
		MUST(lk_key_same(keys.key[i].secret, again.key[i].secret) &&
		     !strcmp(keys.key[i].created, again.key[i].created));
	return 0;
}
