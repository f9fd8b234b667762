/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The object by which a system shows on shared storage that it lives (spec/core.md 6.4, kits.md 2.1): lines
 * of KEY=VALUE, then NUL bytes up to 4096.
 *
 *	signature=LKQWK1
 *	local_node=alpha
 *	time=1764115200			seconds since 1970, for people
 *	sequence=17
 *	node=beta			for each other system, and how alpha sees it
 *	commstat=ALIVE
 *	lease=24000			how long, in ms, a write lets alpha run; not there: it does not say
 *	stop=15000			and its QUORUM_LOSS_DEADLINE
 *	checksum=1a2b3c4d		CRC-32 of all before this line
 */
#ifndef LK_QWKOBJECT_H
#define LK_QWKOBJECT_H

#include <stdint.h>

#include "lk/name.h"
#include "lk/sys.h"

#define LK_QWK_SIZE 4096
#define LK_QWK_TERM_MAX 3600000	/* milliseconds, of lease and stop */
#define LK_QWK_NODES 4		/* storage mode has 2 to 4 systems */

struct lk_qwk_object {
	char local[LK_SYS_MAX + 1];
	uint64_t time, sequence;
	uint64_t lease, stop;	/* 0: not said */
	unsigned n;		/* other systems */
	struct {
		char name[LK_SYS_MAX + 1];
		enum lk_sys_state commstat;
	} peer[LK_QWK_NODES - 1];
};

/* The names must be names of systems. */
void lk_qwk_object_format(const struct lk_qwk_object *object, unsigned char bytes[static LK_QWK_SIZE])
	LK_NONNULL(1, 2);

/* Take bytes apart. 0; -3 with the documented message: 18135 to 18146, 18209, or 18215 for nothing but NUL. local,
 * if not NULL, is whose object it must be. *object is set only if it is good. */
int lk_qwk_object_parse(const unsigned char bytes[static LK_QWK_SIZE], const char *local,
			struct lk_qwk_object *object, struct lk_err *err) LK_MUST LK_NONNULL(1, 3, 4);

/* May this system write its object over these bytes, which are at path? It may over NUL, over nothing else
 * than its own object, damaged or not. 0, or -1: 18135 to 18138. */
int lk_qwk_object_ours(const unsigned char bytes[static LK_QWK_SIZE], const char *local, const char *path,
		       struct lk_err *err) LK_MUST LK_NONNULL(1, 2, 3, 4);

/* How alpha's object says that alpha sees the system; UNKNOWN if it does not say. */
enum lk_sys_state lk_qwk_object_sees(const struct lk_qwk_object *object, const char *sys) LK_NONNULL(1, 2);

/* CRC-32 as in zlib and Ethernet. */
uint32_t lk_crc32(const void *data, size_t len) LK_NONNULL(1);

#endif
