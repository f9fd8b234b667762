/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every problem of a tree: what lcdcheck prints and repairs.
 *
 * A repair is safe if it loses nothing that an operator said: it finishes, removes what has no meaning
 * or writes down that a dead process is dead. Nothing is repaired in, or because of what is missing
 * from, a file that has bad lines.
 */
#ifndef LK_CHECK_H
#define LK_CHECK_H

#include <stdbool.h>

#include "lk/lcd.h"

enum lk_repair {
	LK_REPAIR_NONE,		/* there is no safe one */
	LK_REPAIR_JOURNAL,	/* finish the transaction: done by taking the lock */
	LK_REPAIR_DROP,		/* remove the row */
	LK_REPAIR_RESERVATION,	/* clear it */
	LK_REPAIR_MARK,		/* clear the deletion mark */
	LK_REPAIR_UNLINK,	/* remove the file */
	LK_REPAIR_MODE,		/* take away the others' right to write */
};

struct lk_finding {
	const char *file;	/* relative to the root */
	unsigned line;		/* 0: the file as a whole */
	const char *text;
	const char *advice;	/* what can be done, or NULL */
	bool warning;		/* documented as possible, or a matter of taste */
	bool done;		/* repaired */
	enum lk_repair repair;
	enum lk_table table;	/* of the row to be repaired */
	size_t row;
};

struct lk_check {
	struct lk_lcd lcd;
	struct lk_arena arena;		/* of the findings */
	struct lk_finding *found;	/* sorted by file, line, text */
	size_t n, cap;
	/* for the checks themselves */
	struct lk_finding spare;
	unsigned unsound;		/* tables of which lines are bad or missing */
	bool orphans;			/* there are instances of types that are not registered */
	bool nomem;
};

#define LK_CHECK_INIT { .lcd = LK_LCD_INIT }
#define LK_AUTO_CHECK __attribute__((cleanup(lk_check_free)))

/* Look at the whole tree. Plainly, nothing is changed and no writer is disturbed for more than an
 * instant. With locked, an unfinished transaction is finished and the lock is kept for
 * lk_check_repair(). 0; -1; -3 the journal is damaged. */
int lk_check_tree(struct lk_check *check, bool locked, struct lk_err *err)
	LK_MUST LK_NONNULL(1, 3);

/* After lk_check_tree(locked): carry out the safe repairs, mark the findings as done and release the
 * lock. After an error no record has changed. 0 or -1. */
int lk_check_repair(struct lk_check *check, struct lk_err *err) LK_MUST LK_NONNULL(1, 2);

/* How many problems, warnings not counted, are not done. */
size_t lk_check_problems(const struct lk_check *check) LK_NONNULL(1);

void lk_check_free(struct lk_check *check) LK_NONNULL(1);

/* Only the search for rows that occur twice, in a loaded or changed LCD: the number found, and the
 * first one's text in err as LK_M_BROKEN; -1. */
int lk_check_twice(struct lk_lcd *lcd, struct lk_err *err) LK_MUST LK_NONNULL(1, 2);

/* ---- for the checks, lib/check_*.c ---- */

/* Note a problem; the result is never NULL and good until the next call. */
struct lk_finding *lk_check_add(struct lk_check *check, const char *file, unsigned line,
				const char *fmt, ...) LK_PRINTF(4, 5) LK_NONNULL(1, 2, 4);

/* Text that lives as long as the check; control bytes are shown as '?'. */
const char *lk_check_format(struct lk_check *check, const char *fmt, ...)
	LK_PRINTF(2, 3) LK_NONNULL(1, 2);

/* Offer a safe repair of a row, if the tables it is judged by (needs) are sound. done: what will have
 * been done, such as "dependency dropped". */
void lk_check_offer(struct lk_check *check, struct lk_finding *found, enum lk_repair repair,
		    enum lk_table table, size_t row, unsigned needs, const char *done)
	LK_NONNULL(1, 2, 7);

/* The file of an instance, in the check's memory. */
const char *lk_check_ins_file(struct lk_check *check, const struct lk_ins *ins) LK_NONNULL(1, 2);

void lk_check_files(struct lk_check *check, bool settled, struct lk_err *err) LK_NONNULL(1, 3);
void lk_check_rows_twice(struct lk_check *check) LK_NONNULL(1);
void lk_check_types(struct lk_check *check) LK_NONNULL(1);
void lk_check_systems(struct lk_check *check) LK_NONNULL(1);
void lk_check_deps(struct lk_check *check, struct lk_err *err) LK_NONNULL(1, 2);
void lk_check_eqvs(struct lk_check *check) LK_NONNULL(1);
void lk_check_epochs(struct lk_check *check) LK_NONNULL(1);
void lk_check_paths(struct lk_check *check) LK_NONNULL(1);
void lk_check_processes(struct lk_check *check) LK_NONNULL(1);

#endif
