/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the supervisor says about itself and its daemons. */
#include "lk/supervisor.h"

#include <stdio.h>
#include <string.h>

#include "lk/limits.h"
#include "lk/msg.h"
#include "lk/name.h"
#include "lk/rec.h"
#include "lk/running.h"
#include "lk/poison.h"

static const struct lk_rec_kind kind = {
	"lkinit", 5, { "tag", "pid", "start", "restarts", "state" },
};

struct reader {
	struct lk_supervisor *status;
	struct lk_err *err;
};

static int on_problem(void *arg, unsigned line, const char *what)
{
	struct reader *reader = arg;

	return lk_fail(reader->err, LK_M_DAMAGED, LK_SUPERVISOR_FILE, line, what);
}

static int on_record(void *arg, struct lk_rec *rec)
{
	struct reader *reader = arg;
	struct lk_supervisor *status = reader->status;
	unsigned long long pid, restarts, start;

	if (status->n == LK_SUPERVISOR_ROWS)
		return on_problem(arg, rec->line, "too many daemons");
	struct lk_supervised *row = &status->row[status->n++];
	if (!lk_is_number(rec->field[1], 0, LK_PID_MAX, &pid) ||
	    !lk_is_number(rec->field[2], 0, ~0ULL >> 1, &start) ||
	    !lk_is_number(rec->field[3], 0, ~0U, &restarts))
		return on_problem(arg, rec->line, "a number is needed");
	if (strlen(rec->field[0]) >= sizeof(row->tag) || strlen(rec->field[4]) >= sizeof(row->state))
		return on_problem(arg, rec->line, "a field is too long");
	snprintf(row->tag, sizeof(row->tag), "%s", rec->field[0]);
	snprintf(row->state, sizeof(row->state), "%s", rec->field[4]);
	row->process = (struct lk_holder){ (pid_t)pid, start };
	row->restarts = (unsigned)restarts;
	return 0;
}

int lk_supervisor_read(const struct lk_tree *tree, struct lk_supervisor *status, struct lk_err *err)
{
	struct reader reader = { status, err };
	struct lk_rec_sink sink = { .record = on_record, .problem = on_problem, .arg = &reader };
	struct lk_arena arena = { 0 };
	char *text;
	size_t len;

	status->n = 0;
	int rc = lk_tree_slurp(tree, LK_SUPERVISOR_FILE, &arena, &text, &len, err);
	if (rc > 0)
		rc = lk_rec_parse(&kind, text, len, &sink);
	lk_arena_free(&arena);
	return rc < 0 ? rc : status->n > 0;
}

int lk_supervisor_now(const struct lk_tree *tree, struct lk_supervisor *status, struct lk_err *err)
{
	struct lk_holder holder;

	status->n = 0;
	if (!lk_running_process(tree, &holder))
		return 0;
	int rc = lk_supervisor_read(tree, status, err);
	return rc > 0 ? status->row[0].process.pid == holder.pid : rc;
}

void lk_supervisor_format(struct lk_buf *buf, const struct lk_supervisor *status)
{
	char pid[LK_NUMBER_TEXT], start[LK_NUMBER_TEXT], restarts[LK_NUMBER_TEXT];

	lk_rec_head(buf, &kind);
	for (unsigned i = 0; i < status->n; i++) {
		const struct lk_supervised *row = &status->row[i];
		const char *fields[] = { row->tag, pid, start, restarts, row->state };

		lk_format_number((unsigned long long)row->process.pid, pid);
		lk_format_number(row->process.start, start);
		lk_format_number(row->restarts, restarts);
		lk_rec_row(buf, &kind, fields);
	}
	lk_rec_tail(buf);
}
