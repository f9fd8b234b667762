/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Every problem of a tree: the list of findings and the order of the checks. */
#include "lk/check.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>

#include "lk/cleanup.h"
#include "lk/journal.h"
#include "lk/msg.h"
#include "lk/table.h"
#include "lk/poison.h"

#define PATIENCE 500	/* times 10 ms, for a writer to finish */

/* ---- findings ---- */

static const char *format(struct lk_check *check, const char *fmt, va_list args)
{
	char text[LK_ERR_TEXT];

	vsnprintf(text, sizeof(text), fmt, args);
	lk_printable(text);
	const char *copy = lk_arena_dup(&check->arena, text);
	if (!copy)
		check->nomem = true;
	return copy ? copy : "";
}

const char *lk_check_format(struct lk_check *check, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	const char *text = format(check, fmt, args);
	va_end(args);
	return text;
}

static struct lk_finding *append(struct lk_check *check)
{
	if (check->n == check->cap) {
		size_t cap = check->cap ? check->cap * 2 : 32;
		struct lk_finding *grown = realloc(check->found, cap * sizeof(*grown));

		if (!grown) {
			check->nomem = true;
			return &check->spare;
		}
		check->found = grown;
		check->cap = cap;
	}
	return &check->found[check->n++];
}

struct lk_finding *lk_check_add(struct lk_check *check, const char *file, unsigned line,
				const char *fmt, ...)
{
	struct lk_finding *found = append(check);
	va_list args;

	va_start(args, fmt);
	*found = (struct lk_finding){ .file = lk_check_format(check, "%s", file), .line = line,
				      .text = format(check, fmt, args) };
	va_end(args);
	return found;
}

void lk_check_offer(struct lk_check *check, struct lk_finding *found, enum lk_repair repair,
		    enum lk_table table, size_t row, unsigned needs, const char *done)
{
	if (check->unsound & (needs | table)) {
		found->advice = "first mend or restore the damaged files";
		return;
	}
	found->advice = done;
	found->repair = repair;
	found->table = table;
	found->row = row;
}

const char *lk_check_ins_file(struct lk_check *check, const struct lk_ins *ins)
{
	const struct lk_typ typ = { .app = ins->app, .name = ins->type };
	char path[LK_PATH_MAX];

	lk_lcd_path(LK_T_INS, &typ, path);
	return lk_check_format(check, "%s", path);
}

static int by_place(const void *a, const void *b)
{
	const struct lk_finding *x = a, *y = b;
	int order = strcmp(x->file, y->file);

	if (!order && x->line != y->line)
		order = x->line < y->line ? -1 : 1;
	return order ? order : strcmp(x->text, y->text);
}

size_t lk_check_problems(const struct lk_check *check)
{
	size_t n = 0;

	for (size_t i = 0; i < check->n; i++)
		n += !check->found[i].warning && !check->found[i].done;
	return n;
}

void lk_check_free(struct lk_check *check)
{
	lk_lcd_close(&check->lcd);
	lk_arena_free(&check->arena);
	free(check->found);
	check->found = NULL;
	check->n = check->cap = 0;
}

/* ---- bad lines ---- */

static unsigned table_of(const char *file)
{
	for (int i = 0; i < LK_TABLES; i++)
		if (lk_tables[i].path && !strcmp(lk_tables[i].path, file))
			return lk_tables[i].table;
	return LK_T_INS;
}

static void on_problem(void *arg, const char *file, unsigned line, const char *what)
{
	struct lk_check *check = arg;
	struct lk_finding *found = lk_check_add(check, file, line, "%s", what);

	check->unsound |= table_of(file);
	found->advice = "mend the file by hand or restore it from a backup";
}

static void on_reset(void *arg)
{
	struct lk_check *check = arg;

	check->n = 0;
	check->unsound = 0;
}

/* A type that is registered twice has its file read twice: keep the rows of the first time. */
static void forget_rereads(struct lk_lcd *lcd)
{
	size_t n = 0;

	for (size_t i = 0; i < lcd->nins; i++) {
		const struct lk_ins *ins = &lcd->ins[i];
		size_t k = 0;

		while (k < n && (lcd->ins[k].line != ins->line ||
				 strcmp(lcd->ins[k].app, ins->app) != 0 ||
				 strcmp(lcd->ins[k].type, ins->type) != 0))
			k++;
		if (k == n)
			lcd->ins[n++] = *ins;
	}
	lcd->nins = n;
}

static bool has_type_twice(const struct lk_lcd *lcd)
{
	for (size_t i = 0; i < lcd->ntyp; i++)
		for (size_t k = 0; k < i; k++)
			if (!strcmp(lcd->typ[i].app, lcd->typ[k].app) &&
			    !strcmp(lcd->typ[i].name, lcd->typ[k].name))
				return true;
	return false;
}

/* ---- writers ---- */

/* Wait until no writer is at work, and keep writers out: a descriptor to close; -1 if there is no
 * lock file (nobody has ever written) or *busy, when a writer does not come to an end. */
static int keep_writers_out(const struct lk_tree *tree, bool *busy)
{
	const struct timespec nap = { .tv_nsec = 10000000 };
	int fd = openat(tree->fd, LK_LOCKFILE, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

	*busy = false;
	if (fd < 0)
		return -1;
	for (int i = 0; flock(fd, LOCK_SH | LOCK_NB) < 0; i++) {
		if (i == PATIENCE) {
			*busy = true;
			close(fd);
			return -1;
		}
		nanosleep(&nap, NULL);
	}
	return fd;
}

static bool has_journal(const struct lk_tree *tree)
{
	return faccessat(tree->fd, LK_JOURNAL, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static void add_journal(struct lk_check *check, bool done)
{
	struct lk_finding *found = lk_check_add(check, LK_JOURNAL, 0,
		"a change is committed, but its writer died before all files were in place");

	found->advice = "transaction finished";
	found->repair = LK_REPAIR_JOURNAL;
	found->done = done;
}

static void add_busy(struct lk_check *check)
{
	lk_check_add(check, LK_LOCKFILE, 0,
		     "a writer has held the lock for more than %d s: left-over files were not "
		     "looked for", PATIENCE / 100)->warning = true;
}

/* ---- all of it ---- */

static void drop_repeated(struct lk_check *check)
{
	size_t n = 0;

	if (check->n)
		qsort(check->found, check->n, sizeof(*check->found), by_place);
	for (size_t i = 0; i < check->n; i++)
		if (!n || by_place(&check->found[n - 1], &check->found[i]) != 0)
			check->found[n++] = check->found[i];
	check->n = n;
}

static int run_checks(struct lk_check *check, bool settled, struct lk_err *err)
{
	struct lk_err bad = { 0 };

	if (has_type_twice(&check->lcd))
		forget_rereads(&check->lcd);
	lk_check_files(check, settled, &bad);
	lk_check_rows_twice(check);
	lk_check_types(check);
	lk_check_systems(check);
	lk_check_deps(check, &bad);
	lk_check_eqvs(check);
	lk_check_paths(check);
	lk_check_epochs(check);
	lk_check_processes(check);
	if (check->nomem)
		return lk_fail_nomem(err);
	if (bad.code) {
		*err = bad;
		return -bad.code;
	}
	drop_repeated(check);
	return 0;
}

static int survey(struct lk_check *check, bool locked, struct lk_err *err)
{
	const struct lk_lcd_report report = { .problem = on_problem, .reset = on_reset,
					      .arg = check };

	return lk_lcd_survey(&check->lcd, locked, &report, err);
}

int lk_check_tree(struct lk_check *check, bool locked, struct lk_err *err)
{
	struct lk_tree tree;
	bool busy = false;
	int rc = lk_tree_open(&tree, err);

	*check = (struct lk_check)LK_CHECK_INIT;
	if (rc < 0)
		return rc;
	int quiet = keep_writers_out(&tree, &busy);
	bool pending = !busy && has_journal(&tree);

	if (locked && quiet >= 0) {
		close(quiet);
		quiet = -1;
	}
	rc = survey(check, locked, err);
	if (rc == 0 && pending)
		add_journal(check, locked);
	if (rc == 0 && busy && !locked)
		add_busy(check);
	if (rc == 0)
		rc = run_checks(check, locked || (!busy && !pending), err);
	if (quiet >= 0)
		close(quiet);
	lk_tree_close(&tree);
	return rc;
}
