/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rows of the LCD from and to the records of its files. Used by lcd.c and the fuzz targets. */
#ifndef LK_TABLE_H
#define LK_TABLE_H

#include "lk/lcd.h"
#include "lk/rec.h"

struct lk_table_desc {
	enum lk_table table;
	const char *path;	/* NULL for instances: one file per type */
	struct lk_rec_kind kind;
	/* Check a record and append it as a row. 0; or -5 with what is wrong with it in err; -1.
	 * typ: the type whose instances are read, else NULL. */
	int (*load)(struct lk_lcd *lcd, const struct lk_typ *typ, const struct lk_rec *rec,
		    struct lk_err *err);
	/* Write the rows (of one type) between head and tail. */
	void (*save)(const struct lk_lcd *lcd, const struct lk_typ *typ,
		     const struct lk_rec_kind *kind, struct lk_buf *buf);
};

#define LK_TABLES 10
#define LK_T_OPTIONAL LK_T_PROMISE	/* the file comes with the first row */

/* In the order in which they must be loaded. */
extern const struct lk_table_desc lk_tables[LK_TABLES];

#endif
