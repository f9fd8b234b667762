/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files as a stream of bytes: the reading side. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "lk/cleanup.h"
#include "lk/msg.h"
#include "lk/rcp.h"
#include "lk/rcp_format.h"
#include "lk/wire.h"
#include "lk/poison.h"

struct decoding {
	int fd;
	const struct lk_rcp_sink *sink;
	struct lk_err *err;
	uint64_t length;
	uint32_t crc;
	uint8_t in[LK_RCP_BLOCK], raw[LK_RCP_BLOCK];
};

static int damaged(struct decoding *d, const char *what)
{
	return lk_fail(d->err, LK_M_RCP_DAMAGED, what);
}

/* Exactly len bytes into d->in. */
static int need(struct decoding *d, size_t len)
{
	size_t done = 0;

	while (done < len) {
		ssize_t got = read(d->fd, d->in + done, len - done);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return lk_fail_errno(d->err, errno, "standard input");
		if (got == 0)
			return damaged(d, "it ends too early");
		done += (size_t)got;
	}
	return 0;
}

static int number(struct decoding *d, size_t bytes, uint64_t *value)
{
	int rc = need(d, bytes);

	*value = 0;
	for (size_t i = 0; i < bytes && rc == 0; i++)
		*value = *value << 8 | d->in[i];
	return rc;
}

static int text(struct decoding *d, char *out, size_t size)
{
	uint64_t len;
	int rc = number(d, 2, &len);

	if (rc == 0 && (len == 0 || len >= size))
		return damaged(d, "a name is too long or empty");
	if (rc == 0)
		rc = need(d, len);
	if (rc < 0)
		return rc;
	memcpy(out, d->in, len);
	out[len] = '\0';
	return strlen(out) == len ? 0 : damaged(d, "a name has a NUL");
}

static int block(struct decoding *d, uint64_t kind)
{
	const uint8_t *data = d->in;
	uLongf size = sizeof(d->raw);
	uint64_t len;
	int rc = number(d, 4, &len);

	if (rc == 0 && (len == 0 || len > LK_RCP_BLOCK))
		return damaged(d, "a block is too long or empty");
	if (rc == 0)
		rc = need(d, len);
	if (rc < 0)
		return rc;
	if (kind == RCP_DEFLATED) {
		if (uncompress(d->raw, &size, d->in, len) != Z_OK)
			return damaged(d, "a block cannot be inflated");
		data = d->raw;
		len = size;
	}
	d->length += len;
	d->crc = (uint32_t)crc32(d->crc, data, (uInt)len);
	return d->sink->data(d->sink->arg, data, len);
}

static int file_end(struct decoding *d)
{
	uint64_t length, crc;
	int rc = number(d, 8, &length);

	if (rc == 0)
		rc = number(d, 4, &crc);
	if (rc < 0)
		return rc;
	if (length != d->length || crc != d->crc)
		return damaged(d, "the file is not as it was sent");
	return d->sink->end(d->sink->arg);
}

static int file(struct decoding *d)
{
	char name[LK_RCP_NAME];
	uint64_t mode, kind;
	int rc = text(d, name, sizeof(name));

	if (rc == 0)
		rc = number(d, 4, &mode);
	if (rc < 0)
		return rc;
	if (strchr(name, '/') || !strcmp(name, ".") || !strcmp(name, "..") || mode > 07777)
		return damaged(d, "a name or its mode is impossible");
	d->length = 0;
	d->crc = 0;
	rc = d->sink->file(d->sink->arg, name, (mode_t)mode);
	while (rc == 0) {
		rc = number(d, 1, &kind);
		if (rc < 0)
			return rc;
		if (kind == RCP_END)
			return file_end(d);
		if (kind != RCP_RAW && kind != RCP_DEFLATED)
			return damaged(d, "an unknown kind of block");
		rc = block(d, kind);
	}
	return rc;
}

static int head(struct decoding *d, uint64_t *files)
{
	char target[LK_RCP_TARGET];
	uint64_t magic, version;
	int rc = number(d, 4, &magic);

	if (rc == 0)
		rc = number(d, 1, &version);
	if (rc < 0)
		return rc;
	if (magic != RCP_MAGIC || version != RCP_VERSION)
		return damaged(d, "it is not of a version that is understood here");
	rc = text(d, target, sizeof(target));
	if (rc == 0)
		rc = number(d, 2, files);
	if (rc == 0 && (*files == 0 || *files > LK_RCP_FILES))
		return damaged(d, "the number of files");
	return rc < 0 ? rc : d->sink->begin(d->sink->arg, target, (unsigned)*files);
}

int lk_rcp_decode(int fd, const struct lk_rcp_sink *sink, struct lk_err *err)
{
	struct decoding *d LK_AUTO_FREE = malloc(sizeof(*d));
	uint64_t files = 0, last;

	if (!d)
		return lk_fail_nomem(err);
	d->fd = fd;
	d->sink = sink;
	d->err = err;
	int rc = head(d, &files);
	while (rc == 0 && files--)
		rc = file(d);
	if (rc == 0)
		rc = number(d, 1, &last);
	if (rc == 0 && last != RCP_LAST)
		rc = damaged(d, "something stands behind its end");
	return rc;
}
