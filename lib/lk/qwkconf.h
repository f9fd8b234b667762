/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The settings of the storage quorum (spec/core.md 6.3, 6.6): qwk_storage_init makes them from tunables and
 * database and keeps them in config/qwk, which also is the mark that the storage mode is initialised.
 * They count until qwk_storage_exit, whatever becomes of the tunables.
 */
#ifndef LK_QWKCONF_H
#define LK_QWKCONF_H

#include "lk/lcd.h"
#include "lk/qwkobject.h"

#define LK_QWK_CONF "config/qwk"
#define LK_QWK_NOT_INIT "the storage quorum is not initialised: run qwk_storage_init on all systems"
/* What it becomes in qwk_storage_exit, until the own object has been cleared. */
#define LK_QWK_LEAVING "config/qwk.leaving"
#define LK_QWK_LOCK "run/lkqwk.lock"	/* lkqwk(8) has it locked while it runs */
#define LK_QWK_PATHS 2		/* objects of one system: two for aws_s3, else one */
#define LK_QWK_PATH 256		/* bytes of one path */
#define LK_QWK_VALUE 1024
#define LK_QWK_MISSES_MAX 99

enum lk_qwk_type { LK_QWK_FILE, LK_QWK_BLOCK, LK_QWK_S3 };
extern const char *const lk_qwk_type_names[];	/* "file", "block", "aws_s3" */

struct lk_qwk_member {
	char name[LK_SYS_MAX + 1];
	unsigned paths;
	char path[LK_QWK_PATHS][LK_QWK_PATH + 1];
};

struct lk_qwk_conf {
	unsigned hbeat, misses;		/* seconds, and how many */
	enum lk_qwk_type type;
	char http_proxy[LK_QWK_VALUE], https_proxy[LK_QWK_VALUE], no_proxy[LK_QWK_VALUE];
	unsigned n;
	struct lk_qwk_member member[LK_QWK_NODES];	/* this system first, the others sorted */
};

/* Can the times in the tunables be used? 0; -1 with the documented message, -3. */
int lk_qwk_times(const struct lk_tree *tree, struct lk_err *err) LK_MUST LK_NONNULL(1, 2);

/* From the tunables; lcd has LK_T_SYS and LK_T_NET. 0; -1 with the documented message of what is wrong;
 * -3 a bad line in the tunables. Whether paths are ALIVE is not looked at. */
int lk_qwk_conf_make(struct lk_lcd *lcd, struct lk_qwk_conf *conf, struct lk_err *err)
	LK_MUST LK_NONNULL(1, 2, 3);

void lk_qwk_conf_format(const struct lk_qwk_conf *conf, struct lk_buf *buf) LK_NONNULL(1, 2);

/* Are they the same settings? */
bool lk_qwk_conf_same(const struct lk_qwk_conf *a, const struct lk_qwk_conf *b) LK_NONNULL(1, 2);

/* 1; 0: not initialised; -1 with the documented message. */
int lk_qwk_conf_read(const struct lk_tree *tree, struct lk_qwk_conf *conf, struct lk_err *err)
	LK_MUST LK_NONNULL(1, 2, 3);

/* The same of the mode that is being left. 0: it is not. */
int lk_qwk_conf_read_leaving(const struct lk_tree *tree, struct lk_qwk_conf *conf, struct lk_err *err)
	LK_MUST LK_NONNULL(1, 2, 3);

/* Has qwk_storage_exit begun, and not ended? */
bool lk_qwk_leaving(const struct lk_tree *tree) LK_NONNULL(1);

#endif
