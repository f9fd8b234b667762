/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The LCD, one node's configuration database, loaded into memory (spec/core.md 2.5).
 *
 * Read: lk_lcd_read() gives one consistent state of the tables asked for, without a lock.
 * Change: lk_lcd_begin() takes the tree lock and loads; the functions of lk/app.h, lk/ins.h, lk/dep.h,
 * lk/eqv.h, lk/sys.h, lk/net.h, lk/flg.h, lk/epoch.h and lk/promise.h change the tables in memory and mark them;
 * lk_lcd_commit() writes what is marked in one transaction. lk_lcd_close() without commit changes no
 * record; what a dead writer had committed, begin has finished.
 *
 * All strings and rows belong to the struct and live until lk_lcd_close().
 */
#ifndef LK_LCD_H
#define LK_LCD_H

#include <stdbool.h>
#include <sys/types.h>

#include "lk/arena.h"
#include "lk/err.h"
#include "lk/tree.h"

/* Tables, as a bit set. Instances bring the types with them. */
enum lk_table {
	LK_T_APP = 1 << 0,
	LK_T_TYP = 1 << 1,
	LK_T_INS = 1 << 2,
	LK_T_DEP = 1 << 3,
	LK_T_EQV = 1 << 4,
	LK_T_SYS = 1 << 5,
	LK_T_NET = 1 << 6,
	LK_T_FLG = 1 << 7,
	LK_T_EPOCH = 1 << 8,
	LK_T_PROMISE = 1 << 9,
	LK_T_ALL = (1 << 10) - 1,
};

struct lk_app {
	const char *name;
	unsigned line;
};

struct lk_typ {
	const char *app, *name;
	unsigned line;
	bool dirty;	/* its instances file is to be written */
};

enum lk_state { LK_ISP, LK_ISU, LK_OSU, LK_OSF, LK_ILLSTATE };
/* In service, protected or not? */
static inline bool lk_state_up(enum lk_state state)
{
	return state == LK_ISP || state == LK_ISU;
}

enum lk_init { LK_AUTORES_ISP, LK_INIT_ISP, LK_INIT_OSU };
enum lk_resv { LK_RESV_NONE, LK_RESV_RESTORE, LK_RESV_REMOVE, LK_RESV_RECOVER };
enum lk_switchback { LK_INTELLIGENT, LK_AUTOMATIC };

/* A process: its id and, so that a later process of the same id is not taken for it, its start
 * time in clock ticks since boot (0: not known). pid 0: none. */
struct lk_holder {
	pid_t pid;
	unsigned long long start;
};

struct lk_ins {
	const char *app, *type, *tag, *id, *info, *reason;
	enum lk_state state;
	enum lk_init init;
	enum lk_resv resv;
	struct lk_holder holder;	/* of the reservation */
	unsigned quick, deep;		/* check intervals, seconds */
	bool localrecovery;
	enum lk_switchback switchback;
	struct lk_holder deleting;	/* the ins_remove that has marked it for deletion */
	unsigned line;
};

struct lk_dep {
	const char *parent, *child;
	unsigned line;
};

struct lk_eqv {
	const char *tag, *sys, *othertag;	/* local tag, other system, tag there */
	unsigned priority, otherpriority;
	unsigned line;
};

struct lk_sys {
	const char *name;
	bool local;
	unsigned line;
};

enum lk_net_type { LK_NET_TCP, LK_NET_TTY, LK_NET_DISK };

struct lk_net {
	const char *sys, *device;
	enum lk_net_type type;
	unsigned baud, priority;		/* 0: none */
	unsigned interval;			/* milliseconds; 0: the tunable's */
	unsigned misses;			/* 0: the tunable's */
	const char *local, *remote;		/* addresses, empty but for TCP */
	unsigned line;
};

struct lk_flg {
	const char *name;
	unsigned line;
};

/* Whose a shared resource is, and how often that has changed (lk/epoch.h). */
struct lk_epoch {
	const char *tag, *owner;
	unsigned long long epoch;
	unsigned long long time;	/* of the change, seconds since 1970 */
	unsigned line;
};

/* What this system has promised for a shared resource (lk/promise.h). */
struct lk_promised {
	const char *sys, *tag;		/* its key: the first system, by name, that has it, and its tag there */
	unsigned long long epoch;
	const char *candidate;		/* the system that was promised it */
	const char *runners;		/* that may run it, separated by blanks */
	unsigned line;
};

struct lk_lcd {
	struct lk_tree tree;
	struct lk_arena arena;
	struct lk_tx tx;		/* lock_fd is -1 when only reading */
	unsigned loaded, dirty;		/* bit sets of enum lk_table */
	bool fresh;			/* nothing was ever written to this tree */
	bool pending;			/* read through the journal of a writer that has not finished */
	struct lk_lcm_status *lcm;	/* what the communication manager said; lk_lcm_known() */
	char local[256];		/* name of this system; set with LK_T_SYS and by lk_lcd_local() */

	struct lk_app *app;
	struct lk_typ *typ;
	struct lk_ins *ins;
	struct lk_dep *dep;
	struct lk_eqv *eqv;
	struct lk_sys *sys;
	struct lk_net *net;
	struct lk_flg *flg;
	struct lk_epoch *epoch;
	struct lk_promised *promise;
	size_t napp, ntyp, nins, ndep, neqv, nsys, nnet, nflg, nepoch, npromise;
	size_t capp, ctyp, cins, cdep, ceqv, csys, cnet, cflg, cepoch, cpromise;
};

extern const char *const lk_state_names[];	/* NULL-terminated, indexed by the enums */
extern const char *const lk_init_names[];
extern const char *const lk_resv_names[];
extern const char *const lk_switchback_names[];
extern const char *const lk_net_type_names[];

/* Load the tables (a bit set) as they are at one moment. 0, -1, or -3 with file and line. */
int lk_lcd_read(struct lk_lcd *lcd, unsigned tables, struct lk_err *err) LK_MUST LK_NONNULL(1, 3);

/* Lock the tree and load the tables, in order to change them. */
int lk_lcd_begin(struct lk_lcd *lcd, unsigned tables, struct lk_err *err) LK_MUST LK_NONNULL(1, 3);

/* Write what was changed and release the lock; the tables stay readable. After an error the lock is
 * released and no record has changed, unless the last sync of a directory failed: then the whole
 * change may be there, see lk_tx_commit(). Empty directories of a new type may stay in any case. */
int lk_lcd_commit(struct lk_lcd *lcd, struct lk_err *err) LK_MUST LK_NONNULL(1, 2);

/* The same when nothing but states and reservations of instances has changed, which mean nothing any more after
 * a start of the machine: the instances of each type for themselves (lk_tx_commit_each()). What else was changed
 * makes it an ordinary commit. */
int lk_lcd_commit_states(struct lk_lcd *lcd, bool sync, struct lk_err *err) LK_MUST LK_NONNULL(1, 3);

/* Release the lock, if there is one, and all memory. Also after a failed read or begin. */
void lk_lcd_close(struct lk_lcd *lcd) LK_NONNULL(1);

/* The name of this system as the tree has it, else the host name. Needs an open or no tree. */
int lk_lcd_local(struct lk_lcd *lcd, struct lk_err *err) LK_MUST LK_NONNULL(1, 2);

/* ---- reading every problem instead of stopping at the first; for lcdcheck and lcdsync ---- */
struct lk_lcd_report {
	void (*problem)(void *arg, const char *file, unsigned line, const char *what);
	void (*reset)(void *arg);	/* a writer came between: forget what was reported */
	void *arg;
};

/* Load all tables; bad lines are reported and left out. -1 only if the tree cannot be read at all.
 * With locked, under the tree lock, which is kept. */
int lk_lcd_survey(struct lk_lcd *lcd, bool locked, const struct lk_lcd_report *report,
		  struct lk_err *err) LK_MUST LK_NONNULL(1, 3, 4);

/* The file of a table; of LK_T_INS that of the type. */
void lk_lcd_path(enum lk_table table, const struct lk_typ *typ, char path[static LK_PATH_MAX]);

/* ---- rows, for the modules over the tables ---- */
#define LK_AUTO_LCD __attribute__((cleanup(lk_lcd_close)))
#define LK_LCD_INIT { .tree = { .fd = -1 }, .tx = { .lock_fd = -1 } }

/* Room for one more row in an array of n rows of which cap are allocated; NULL: out of memory. */
void *lk_lcd_grow(struct lk_lcd *lcd, void *rows, size_t n, size_t *cap, size_t size)
	LK_MUST LK_NONNULL(1, 4);

/* Append row to the table (app, typ, ins, dep, eqv, sys, net, flg, epoch, promise); yields 0 or -1. */
#define LK_LCD_APPEND(lcd, table, row, err) ({                                            \
	void *grown_ = lk_lcd_grow((lcd), (lcd)->table, (lcd)->n##table, &(lcd)->c##table, \
				   sizeof(*(lcd)->table));                                \
	if (grown_) {                                                                     \
		(lcd)->table = grown_;                                                    \
		(lcd)->table[(lcd)->n##table++] = (row);                                  \
	}                                                                                 \
	grown_ ? 0 : lk_fail_nomem(err); })

/* Remove row i of the table, keeping the order of the others. */
#define LK_LCD_DROP(lcd, table, i) ({                                                     \
	size_t i_ = (i);                                                                  \
	memmove(&(lcd)->table[i_], &(lcd)->table[i_ + 1],                                 \
		((lcd)->n##table - i_ - 1) * sizeof(*(lcd)->table));                      \
	(lcd)->n##table--; })

#endif
