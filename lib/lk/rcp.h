/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files as a stream of bytes, for lcdrcp. In lk/wire.h encoding:
 *
 *	u32 magic, u8 version, text target, u16 number of files
 *	each file:	text name, u32 permission bits, blocks, end
 *	block:		u8 'R' (raw) or 'Z' (deflated), u32 length, the bytes; LK_RCP_BLOCK at most
 *	end:		u8 'E', u64 length of the file, u32 CRC-32
 *	u8 'X'		the last byte
 *
 * A block is deflated when that pays; whoever reads needs no more memory than two blocks.
 */
#ifndef LK_RCP_H
#define LK_RCP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "lk/err.h"

#define LK_RCP_BLOCK 65536u
#define LK_RCP_FILES 1000
#define LK_RCP_TARGET 4096	/* room for a target, with its NUL */
#define LK_RCP_NAME 256		/* room for a file's name, with its NUL */

/* ---- writing ---- */
struct lk_rcp_encode {
	const char *target;
	char *const *file;	/* paths of regular files; the last parts are the names */
	unsigned files;
	struct lk_err *err;
	/* its own */
	unsigned next;		/* file to be opened */
	int fd;			/* -1: between files */
	uint64_t length;
	uint32_t crc;
	unsigned skip;		/* blocks until deflating is tried again */
	bool done;
	uint8_t *raw, *out;
	size_t at, len;		/* of out, what was not fetched yet */
};

/* Set target, file, files and err, then begin. 0; -1. */
int lk_rcp_encode_begin(struct lk_rcp_encode *encode) LK_MUST LK_NONNULL(1);
/* The next bytes, up to size. Their number; 0 at the end; negative. */
ssize_t lk_rcp_encode(struct lk_rcp_encode *encode, void *data, size_t size) LK_MUST LK_NONNULL(1, 2);
void lk_rcp_encode_end(struct lk_rcp_encode *encode) LK_NONNULL(1);

/* ---- reading ---- */
struct lk_rcp_sink {
	/* All return 0, or negative to stop with that. Names have no '/'. */
	int (*begin)(void *arg, const char *target, unsigned files);
	int (*file)(void *arg, const char *name, mode_t mode);
	int (*data)(void *arg, const uint8_t *data, size_t len);
	int (*end)(void *arg);		/* the file is complete and as it was sent */
	void *arg;
};

/* Read one stream from fd to its last byte. 0; -1; -3: it is damaged or ends too early; what the sink
 * returned. */
int lk_rcp_decode(int fd, const struct lk_rcp_sink *sink, struct lk_err *err)
	LK_MUST LK_NONNULL(2, 3);

/* The last part of a path, behind the last '/'. */
const char *lk_rcp_name(const char *path) LK_NONNULL(1);

#endif
