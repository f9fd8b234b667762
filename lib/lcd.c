/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The LCD, one node's configuration database, loaded into memory. */
#include "lk/lcd.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "lk/msg.h"
#include "lk/name.h"
#include "lk/table.h"
#include "lk/poison.h"

/* A load in progress: where from, and what happens to problems. */
struct loading {
	struct lk_lcd *lcd;
	struct lk_snap *snap;			/* NULL: read plainly, under the lock */
	const struct lk_lcd_report *report;	/* NULL: stop at the first problem */
	const struct lk_table_desc *desc;
	const struct lk_typ *typ;
	const char *path;
	struct lk_err *err;
};

void *lk_lcd_grow(struct lk_lcd *lcd, void *rows, size_t n, size_t *cap, size_t size)
{
	if (n < *cap)
		return rows;
	size_t more = *cap ? *cap * 2 : 32;
	char *grown = lk_arena_alloc(&lcd->arena, more * size);

	if (!grown)
		return NULL;
	if (n)
		memcpy(grown, rows, n * size);
	*cap = more;
	return grown;
}

void lk_lcd_path(enum lk_table table, const struct lk_typ *typ, char path[static LK_PATH_MAX])
{
	for (int i = 0; i < LK_TABLES; i++)
		if (lk_tables[i].table == table && lk_tables[i].path)
			snprintf(path, LK_PATH_MAX, "%s", lk_tables[i].path);
	if (table == LK_T_INS)
		snprintf(path, LK_PATH_MAX, "subsys/%s/resources/%s/instances", typ->app,
			 typ->name);
}

/* ---- loading ---- */

static int problem(struct loading *l, unsigned line, const char *what)
{
	if (!l->report)
		return lk_fail(l->err, LK_M_DAMAGED, l->path, line, what);
	l->report->problem(l->report->arg, l->path, line, what);
	return 0;
}

static int on_problem(void *arg, unsigned line, const char *what)
{
	return problem(arg, line, what);
}

static int on_record(void *arg, struct lk_rec *rec)
{
	struct loading *l = arg;
	struct lk_err bad;
	int rc = l->desc->load(l->lcd, l->typ, rec, &bad);

	if (rc >= 0)
		return 0;
	if (bad.code == LK_EX_ARG)
		return problem(l, rec->line, bad.text);
	*l->err = bad;
	return rc;
}

static int slurp(const struct loading *l, const char *path, char **text, size_t *len)
{
	if (l->snap)
		return lk_snap_read(l->snap, path, &l->lcd->arena, text, len, l->err);
	return lk_tree_slurp(&l->lcd->tree, path, &l->lcd->arena, text, len, l->err);
}

/* A tree to which nothing was ever written has none of its files; all come with the first commit.
 * So a single missing file is damage. */
static int on_missing(struct loading *l)
{
	struct lk_lcd *lcd = l->lcd;

	if (lcd->fresh || (l->desc->table & LK_T_OPTIONAL))
		return 0;
	if (faccessat(lcd->tree.fd, "config", F_OK, 0) < 0)
		return lk_fail(l->err, LK_M_NO_TREE, lcd->tree.root,
			       "it has no directory \"config\"");
	bool any = false;
	for (int i = 0; i < LK_TABLES; i++)
		if (lk_tables[i].path && faccessat(lcd->tree.fd, lk_tables[i].path, F_OK, 0) == 0)
			any = true;
	lcd->fresh = !any;
	return any ? problem(l, 0, "the file is missing") : 0;
}

static int load_file(struct loading *l, const char *path, const struct lk_typ *typ)
{
	struct lk_rec_sink sink = { .record = on_record, .problem = on_problem, .arg = l };
	char *text;
	size_t len;

	l->path = path;
	l->typ = typ;
	int rc = slurp(l, path, &text, &len);
	if (rc < 0 && l->report &&
	    (l->err->code != LK_EX_SYSTEM || l->err->number == LK_MSG_SYSCALL))
		return problem(l, 0, l->err->code != LK_EX_SYSTEM
					     ? "not a regular file, or too large"
					     : "cannot be read, or is a symbolic link");
	if (rc < 0)
		return rc;
	return rc ? lk_rec_parse(&l->desc->kind, text, len, &sink) : on_missing(l);
}

static int load_instances(struct loading *l)
{
	char path[LK_PATH_MAX];
	int rc = 0;

	for (size_t i = 0; i < l->lcd->ntyp && rc == 0; i++) {
		lk_lcd_path(LK_T_INS, &l->lcd->typ[i], path);
		rc = load_file(l, path, &l->lcd->typ[i]);
	}
	return rc;
}

/* The name that a host has before anything is stored. */
static int host_name(char name[static 256], struct lk_err *err)
{
	struct utsname uts;
	struct lk_err bad;

	uname(&uts);
	snprintf(name, 256, "%s", uts.nodename);
	return lk_check_sys(name, &bad) < 0 ? lk_fail(err, LK_M_UNNAMED, name) : 0;
}

static int settle_local(struct loading *l)
{
	struct lk_lcd *lcd = l->lcd;
	struct lk_sys row = { .name = lcd->local, .local = true };

	if (lcd->local[0])
		return 0;
	l->path = "config/sys";
	if (!lcd->fresh && problem(l, 0, "no line names the local system") < 0)
		return -l->err->code;
	int rc = host_name(lcd->local, l->err);
	return rc < 0 ? rc : LK_LCD_APPEND(lcd, sys, row, l->err);
}

static void forget_rows(struct lk_lcd *lcd)
{
	lk_arena_free(&lcd->arena);
	lcd->app = NULL, lcd->typ = NULL, lcd->ins = NULL, lcd->dep = NULL;
	lcd->eqv = NULL, lcd->sys = NULL, lcd->net = NULL, lcd->flg = NULL;
	lcd->epoch = NULL, lcd->promise = NULL;
	lcd->napp = lcd->ntyp = lcd->nins = lcd->ndep = 0;
	lcd->neqv = lcd->nsys = lcd->nnet = lcd->nflg = lcd->nepoch = lcd->npromise = 0;
	lcd->capp = lcd->ctyp = lcd->cins = lcd->cdep = 0;
	lcd->ceqv = lcd->csys = lcd->cnet = lcd->cflg = lcd->cepoch = lcd->cpromise = 0;
	lcd->local[0] = '\0';
	lcd->fresh = lcd->pending = false;
}

static int load_tables(struct loading *l, unsigned tables)
{
	int rc = 0;

	forget_rows(l->lcd);
	if (tables & LK_T_INS)
		tables |= LK_T_TYP;
	for (int i = 0; i < LK_TABLES && rc == 0; i++) {
		l->desc = &lk_tables[i];
		if (!(tables & l->desc->table))
			continue;
		rc = l->desc->path ? load_file(l, l->desc->path, NULL) : load_instances(l);
	}
	if (rc == 0 && (tables & LK_T_SYS))
		rc = settle_local(l);
	l->lcd->loaded = tables;
	return rc;
}

/* Load under a snapshot until no writer has come between. */
static int load_snapshot(struct loading *l, unsigned tables)
{
	struct lk_snap snap = { .lock_fd = -1 };
	int rc;

	do {
		rc = lk_snap_begin(&snap, &l->lcd->tree, l->err);
		l->snap = &snap;
		if (l->report)
			l->report->reset(l->report->arg);
		if (rc == 0)
			rc = load_tables(l, tables);
		l->lcd->pending = snap.journal;
	} while (!lk_snap_end(&snap));
	lk_snap_free(&snap);
	return rc;
}

int lk_lcd_read(struct lk_lcd *lcd, unsigned tables, struct lk_err *err)
{
	struct loading l = { .lcd = lcd, .err = err };

	*lcd = (struct lk_lcd)LK_LCD_INIT;
	int rc = lk_tree_open(&lcd->tree, err);
	return rc < 0 ? rc : load_snapshot(&l, tables);
}

int lk_lcd_local(struct lk_lcd *lcd, struct lk_err *err)
{
	struct lk_lcd LK_AUTO_LCD sys = LK_LCD_INIT;

	if (lcd->local[0])
		return 0;
	int rc = lk_lcd_read(&sys, LK_T_SYS, err);
	if (rc == 0)
		snprintf(lcd->local, sizeof(lcd->local), "%s", sys.local);
	return rc;
}

/* ---- changing ---- */

int lk_lcd_begin(struct lk_lcd *lcd, unsigned tables, struct lk_err *err)
{
	struct loading l = { .lcd = lcd, .err = err };

	*lcd = (struct lk_lcd)LK_LCD_INIT;
	int rc = lk_tree_open(&lcd->tree, err);
	if (rc == 0)
		rc = lk_tx_begin(&lcd->tx, &lcd->tree, err);
	if (rc == 0)
		rc = load_tables(&l, tables);
	/* the first change of a tree writes all of its files */
	if (rc == 0 && lcd->fresh && tables != LK_T_ALL)
		rc = load_tables(&l, LK_T_ALL);
	return rc;
}

static int put_table(struct lk_lcd *lcd, const struct lk_table_desc *desc,
		     const struct lk_typ *typ, const char *path, struct lk_err *err)
{
	struct lk_buf LK_AUTO_BUF text = { 0 };

	lk_rec_head(&text, &desc->kind);
	desc->save(lcd, typ, &desc->kind, &text);
	lk_rec_tail(&text);
	return lk_tx_put(&lcd->tx, path, &text, err);
}

static int put_instances(struct lk_lcd *lcd, const struct lk_table_desc *desc, struct lk_err *err)
{
	char path[LK_PATH_MAX];
	int rc = 0;

	for (size_t i = 0; i < lcd->ntyp && rc == 0; i++) {
		struct lk_typ *typ = &lcd->typ[i];

		if (!typ->dirty)
			continue;
		lk_lcd_path(LK_T_INS, typ, path);
		rc = lk_tree_mkdirs(&lcd->tree, path, err);
		if (rc == 0)
			rc = put_table(lcd, desc, typ, path, err);
	}
	return rc;
}

static int put_all(struct lk_lcd *lcd, struct lk_err *err)
{
	unsigned dirty = lcd->fresh && lcd->dirty ? lcd->dirty | (LK_T_ALL & ~LK_T_OPTIONAL) : lcd->dirty;
	int rc = 0;

	for (int i = 0; i < LK_TABLES && rc == 0; i++) {
		const struct lk_table_desc *desc = &lk_tables[i];

		if (!(dirty & desc->table))
			continue;
		rc = desc->path ? put_table(lcd, desc, NULL, desc->path, err)
				: put_instances(lcd, desc, err);
	}
	if (rc < 0)
		lk_tx_abort(&lcd->tx);
	return rc;
}

int lk_lcd_commit(struct lk_lcd *lcd, struct lk_err *err)
{
	int rc = put_all(lcd, err);

	return rc < 0 ? rc : lk_tx_commit(&lcd->tx, err);
}

int lk_lcd_commit_states(struct lk_lcd *lcd, bool sync, struct lk_err *err)
{
	if (lcd->fresh || (lcd->dirty & ~LK_T_INS))
		return lk_lcd_commit(lcd, err);
	int rc = put_all(lcd, err);
	return rc < 0 ? rc : lk_tx_commit_each(&lcd->tx, sync, err);
}

void lk_lcd_close(struct lk_lcd *lcd)
{
	lk_tx_abort(&lcd->tx);
	forget_rows(lcd);
	lk_tree_close(&lcd->tree);
	lcd->lcm = NULL;
}

int lk_lcd_survey(struct lk_lcd *lcd, bool locked, const struct lk_lcd_report *report,
		  struct lk_err *err)
{
	struct loading l = { .lcd = lcd, .err = err, .report = report };

	*lcd = (struct lk_lcd)LK_LCD_INIT;
	int rc = lk_tree_open(&lcd->tree, err);
	if (rc == 0 && locked)
		rc = lk_tx_begin(&lcd->tx, &lcd->tree, err);
	if (rc < 0)
		return rc;
	return locked ? load_tables(&l, LK_T_ALL) : load_snapshot(&l, LK_T_ALL);
}
