/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The object by which a system shows on shared storage that it lives. */
#include "lk/qwkobject.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lk/msg.h"
#include "lk/poison.h"

#define SIGNATURE "LKQWK1"

uint32_t lk_crc32(const void *data, size_t len)
{
	const unsigned char *byte = data;
	uint32_t crc = 0xffffffff;

	for (size_t i = 0; i < len; i++) {
		crc ^= byte[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
	}
	return ~crc;
}

/* Four names of 255 bytes fit easily. */
void lk_qwk_object_format(const struct lk_qwk_object *object, unsigned char bytes[static LK_QWK_SIZE])
{
	char *at = (char *)bytes;
	const char *end = at + LK_QWK_SIZE;

	memset(bytes, 0, LK_QWK_SIZE);
	at += snprintf(at, LK_QWK_SIZE,
		       "signature=" SIGNATURE "\nlocal_node=%.*s\ntime=%llu\nsequence=%llu\n", LK_SYS_MAX,
		       object->local, (unsigned long long)object->time,
		       (unsigned long long)object->sequence);
	for (unsigned i = 0; i < object->n && i < LK_QWK_NODES - 1; i++)
		at += snprintf(at, (size_t)(end - at), "node=%.*s\ncommstat=%s\n", LK_SYS_MAX,
			       object->peer[i].name, lk_sys_state_names[object->peer[i].commstat]);
	if (object->lease)
		at += snprintf(at, (size_t)(end - at), "lease=%llu\nstop=%llu\n",
			       (unsigned long long)object->lease, (unsigned long long)object->stop);
	snprintf(at, (size_t)(end - at), "checksum=%08x\n",
		 lk_crc32(bytes, (size_t)(at - (char *)bytes)));
}

/* ---- reading ---- */

struct reading {
	char text[LK_QWK_SIZE + 1];
	char *at;
	struct lk_err *err;
};

/* The value of the next line if it is of this key, and go on behind it; NULL: it is not. */
static char *take(struct reading *r, const char *key)
{
	size_t len = strlen(key);
	char *end = strchr(r->at, '\n');

	if (!end || strncmp(r->at, key, len) != 0 || r->at[len] != '=')
		return NULL;
	char *value = r->at + len + 1;
	*end = '\0';
	r->at = end + 1;
	return value;
}

static int take_name(char to[static LK_SYS_MAX + 1], const char *name)
{
	struct lk_err ignored;

	if (lk_check_sys(name, &ignored) < 0)
		return -1;
	snprintf(to, LK_SYS_MAX + 1, "%s", name);
	return 0;
}

static int take_number(const char *text, uint64_t *number)
{
	unsigned long long value;

	if (!lk_is_number(text, 0, UINT64_MAX, &value))
		return -1;
	*number = value;
	return 0;
}

static int take_state(const char *text, enum lk_sys_state *state)
{
	for (int i = 0; lk_sys_state_names[i]; i++)
		if (!strcmp(text, lk_sys_state_names[i])) {
			*state = (enum lk_sys_state)i;
			return 0;
		}
	return -1;
}

static int read_peers(struct reading *r, struct lk_qwk_object *object)
{
	char *name;

	while ((name = take(r, "node"))) {
		unsigned i = object->n;
		char *state = take(r, "commstat");

		if (!state)
			return lk_fail(r->err, LK_M_QWK_NO_COMMSTAT, i);
		if (i == LK_QWK_NODES - 1 || take_name(object->peer[i].name, name) < 0)
			return lk_fail(r->err, LK_M_QWK_NO_NODE, i);
		if (take_state(state, &object->peer[i].commstat) < 0)
			return lk_fail(r->err, LK_M_QWK_NODE_STATE, state);
		object->n++;
	}
	return 0;
}

static int read_head(struct reading *r, const char *local, struct lk_qwk_object *object)
{
	const char *value = take(r, "signature");

	if (!value)
		return lk_fail(r->err, LK_M_QWK_NO_SIGNATURE);
	if (strcmp(value, SIGNATURE) != 0)
		return lk_fail(r->err, LK_M_QWK_SIGNATURE, value);
	value = take(r, "local_node");
	if (!value)
		return lk_fail(r->err, LK_M_QWK_NO_LOCAL);
	if (take_name(object->local, value) < 0 || (local && strcmp(local, value) != 0))
		return lk_fail(r->err, LK_M_QWK_LOCAL, value);
	value = take(r, "time");
	if (!value || take_number(value, &object->time) < 0)
		return lk_fail(r->err, LK_M_QWK_NO_TIME);
	value = take(r, "sequence");
	if (!value)
		return lk_fail(r->err, LK_M_QWK_NO_SEQUENCE);
	if (take_number(value, &object->sequence) < 0)
		return lk_fail(r->err, LK_M_QWK_SEQUENCE, value);
	return 0;
}

/* How long it may run after this. Both or neither. */
static int read_terms(struct reading *r, struct lk_qwk_object *object)
{
	const char *lease = take(r, "lease"), *stop = lease ? take(r, "stop") : NULL;

	if (lease && (!stop || take_number(lease, &object->lease) < 0 || take_number(stop, &object->stop) < 0 ||
		      !object->lease || object->lease > LK_QWK_TERM_MAX || object->stop > LK_QWK_TERM_MAX))
		return lk_fail(r->err, LK_M_QWK_TERMS);
	return 0;
}

/* The checksum stands in the last line; behind it there is nothing. */
static int check_sum(struct reading *r, const unsigned char *bytes)
{
	size_t len = (size_t)(r->at - r->text);
	const char *value = take(r, "checksum");
	char *end, want[16];

	if (!value)
		return lk_fail(r->err, LK_M_QWK_NO_CHECKSUM);
	unsigned long sum = strtoul(value, &end, 16);
	if (strlen(value) != 8 || *end || strspn(value, "0123456789abcdef") != 8)
		return lk_fail(r->err, LK_M_QWK_CHECKSUM_SCAN, value);
	snprintf(want, sizeof(want), "%08x", lk_crc32(bytes, len));
	for (const char *p = r->at; p < r->text + LK_QWK_SIZE; p++)
		if (*p)
			return lk_fail(r->err, LK_M_QWK_CHECKSUM);
	return sum == strtoul(want, NULL, 16) ? 0 : lk_fail(r->err, LK_M_QWK_CHECKSUM);
}

static bool is_zero(const unsigned char *bytes)
{
	return !bytes[0] && !memcmp(bytes, bytes + 1, LK_QWK_SIZE - 1);
}

int lk_qwk_object_parse(const unsigned char bytes[static LK_QWK_SIZE], const char *local,
			struct lk_qwk_object *object, struct lk_err *err)
{
	struct reading r = { .err = err };
	struct lk_qwk_object read = { .n = 0 };

	if (is_zero(bytes))
		return lk_fail(err, LK_M_QWK_EMPTY, "qwk object");
	memcpy(r.text, bytes, LK_QWK_SIZE);
	r.at = r.text;
	int rc = read_head(&r, local, &read);
	if (rc == 0)
		rc = read_peers(&r, &read);
	if (rc == 0)
		rc = read_terms(&r, &read);
	if (rc == 0)
		rc = check_sum(&r, bytes);
	if (rc == 0)
		*object = read;
	return rc;
}

int lk_qwk_object_ours(const unsigned char bytes[static LK_QWK_SIZE], const char *local, const char *path,
		       struct lk_err *err)
{
	struct reading r = { .err = err };
	struct lk_qwk_object ignored;

	if (is_zero(bytes))
		return 0;
	memcpy(r.text, bytes, LK_QWK_SIZE);
	r.at = r.text;
	int rc = read_head(&r, local, &ignored);
	/* a head that was cut off behind the name is the work of a torn write of ours */
	if (rc == 0 || (err->number >= LK_M_NUMBER(LK_M_QWK_NO_TIME) &&
			err->number <= LK_M_NUMBER(LK_M_QWK_SEQUENCE)))
		return 0;
	char why[LK_ERR_TEXT];
	snprintf(why, sizeof(why), "%s", err->text);
	return lk_fail(err, err->number, LK_EX_SYSTEM, "%s %s has other data in it, which is not overwritten", why,
		       path);
}

enum lk_sys_state lk_qwk_object_sees(const struct lk_qwk_object *object, const char *sys)
{
	for (unsigned i = 0; i < object->n; i++)
		if (!strcmp(object->peer[i].name, sys))
			return object->peer[i].commstat;
	return LK_SYS_UNKNOWN;
}
