/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files as a stream of bytes: the writing side. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "lk/msg.h"
#include "lk/rcp.h"
#include "lk/rcp_format.h"
#include "lk/wire.h"
#include "lk/poison.h"

#define LEVEL 1			/* the network is to be kept busy, not the processor */
#define SKIP 15			/* blocks sent as they are after one that did not shrink */
#define OUT_SIZE (LK_RCP_BLOCK + LK_RCP_TARGET + 64)

const char *lk_rcp_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

int lk_rcp_encode_begin(struct lk_rcp_encode *e)
{
	e->fd = -1;
	e->raw = malloc(LK_RCP_BLOCK);
	e->out = malloc(OUT_SIZE);
	if (!e->raw || !e->out)
		return lk_fail_nomem(e->err);
	struct lk_out out = { .data = e->out, .size = OUT_SIZE };
	lk_put_u32(&out, RCP_MAGIC);
	lk_put_u8(&out, RCP_VERSION);
	lk_put_text(&out, e->target);
	lk_put_u16(&out, (uint16_t)e->files);
	e->len = out.len;
	if (out.failed || strlen(e->target) >= LK_RCP_TARGET)
		return lk_fail(e->err, LK_M_TOO_LARGE, "target", (size_t)LK_RCP_TARGET - 1);
	return 0;
}

void lk_rcp_encode_end(struct lk_rcp_encode *e)
{
	if (e->fd >= 0)
		close(e->fd);
	free(e->raw);
	free(e->out);
	*e = (struct lk_rcp_encode){ .fd = -1 };
}

static int open_next(struct lk_rcp_encode *e, struct lk_out *out)
{
	const char *path = e->file[e->next++];
	struct stat st;

	e->fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (e->fd < 0 || fstat(e->fd, &st) < 0)
		return lk_fail_errno(e->err, errno, "%s", path);
	if (!S_ISREG(st.st_mode))
		return lk_fail(e->err, LK_M_RCP_SOURCE, path, "it is not a regular file");
	lk_put_text(out, lk_rcp_name(path));
	lk_put_u32(out, st.st_mode & 07777);
	e->length = 0;
	e->crc = 0;
	e->skip = 0;
	return 0;
}

/* A full block, unless the file ends before. */
static ssize_t read_block(struct lk_rcp_encode *e)
{
	size_t done = 0;

	while (done < LK_RCP_BLOCK) {
		ssize_t got = read(e->fd, e->raw + done, LK_RCP_BLOCK - done);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return lk_fail_errno(e->err, errno, "%s", e->file[e->next - 1]);
		if (got == 0)
			break;
		done += (size_t)got;
	}
	return (ssize_t)done;
}

/* It pays when at least a quarter is saved. */
static bool deflated(struct lk_rcp_encode *e, size_t len, struct lk_out *out)
{
	uLongf size = len - len / 4;

	if (e->skip) {
		e->skip--;
		return false;
	}
	if (compress2(out->data + out->len + RCP_BLOCK_HEAD, &size, e->raw, len, LEVEL) != Z_OK) {
		e->skip = SKIP;
		return false;
	}
	lk_put_u8(out, RCP_DEFLATED);
	lk_put_u32(out, (uint32_t)size);
	out->len += size;
	return true;
}

static int next_block(struct lk_rcp_encode *e, struct lk_out *out)
{
	ssize_t len = read_block(e);

	if (len < 0)
		return (int)len;
	if (len == 0) {
		lk_put_u8(out, RCP_END);
		lk_put_u64(out, e->length);
		lk_put_u32(out, e->crc);
		close(e->fd);
		e->fd = -1;
		return 0;
	}
	e->length += (uint64_t)len;
	e->crc = (uint32_t)crc32(e->crc, e->raw, (uInt)len);
	if (!deflated(e, (size_t)len, out)) {
		lk_put_u8(out, RCP_RAW);
		lk_put_bytes(out, e->raw, (size_t)len);
	}
	return 0;
}

static int refill(struct lk_rcp_encode *e)
{
	struct lk_out out = { .data = e->out, .size = OUT_SIZE };
	int rc = 0;

	if (e->fd >= 0) {
		rc = next_block(e, &out);
	} else if (e->next < e->files) {
		rc = open_next(e, &out);
	} else {
		lk_put_u8(&out, RCP_LAST);
		e->done = true;
	}
	e->at = 0;
	e->len = out.len;
	return rc;
}

ssize_t lk_rcp_encode(struct lk_rcp_encode *e, void *data, size_t size)
{
	if (e->at == e->len) {
		if (e->done)
			return 0;
		int rc = refill(e);
		if (rc < 0)
			return rc;
	}
	if (size > e->len - e->at)
		size = e->len - e->at;
	memcpy(data, e->out + e->at, size);
	e->at += size;
	return (ssize_t)size;
}
