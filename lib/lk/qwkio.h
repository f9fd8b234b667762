/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading and writing objects of the storage quorum. Storage may hang for as long as it likes, and whoever
 * touches it then hangs, too, and cannot be killed: so a child process does it, and whoever waits has a
 * limit. A child that hangs is not waited for; as long as it is there its object is not touched again,
 * so that an old write cannot come behind a new one.
 */
#ifndef LK_QWKIO_H
#define LK_QWKIO_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "lk/qwkconf.h"

enum lk_qwk_op {
	LK_QWK_READ,
	LK_QWK_WRITE,		/* and read it back; only where there is nothing but an object of ours, or NUL */
	LK_QWK_CREATE,		/* the same; the file need not be there */
};

/* What a child says, through a pipe. */
struct lk_qwk_reply {
	int rc;			/* 0; negative with err: what else; LK_M_QWK_NOT_FOUND: it is not there */
	struct lk_err err;
	unsigned char bytes[LK_QWK_SIZE];	/* what was read */
};

/* One object. Begin with { .conf, .path, .local, .fd = -1 }. */
struct lk_qwk_io {
	const struct lk_qwk_conf *conf;
	const char *path;
	const char *local;	/* name of this system */
	enum lk_qwk_op op;
	pid_t pid;		/* of the child, also of one that hangs; 0: none */
	int fd;			/* its answer is awaited here; -1: none is */
	int64_t begun, deadline;	/* lk_qwk_now() */
	size_t got;
	struct lk_qwk_reply reply;	/* once fd is -1 */
};

/* Begin an access that may take ms milliseconds. An error is the reply, at once. bytes: what is to be written. */
void lk_qwk_io_start(struct lk_qwk_io *io, enum lk_qwk_op op, const unsigned char *bytes, int64_t ms)
	LK_NONNULL(1);

/* Wait for a reply to one of the n, or until wake (if not -1) is readable, or until the time until, whatever
 * comes first. True: none is awaited any more. */
bool lk_qwk_io_wait(struct lk_qwk_io *io, unsigned n, int wake, int64_t until) LK_MUST LK_NONNULL(1);

/* Forget what is awaited and kill the child. */
void lk_qwk_io_end(struct lk_qwk_io *io) LK_NONNULL(1);

#endif
