/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A candidate's questions on their way to other systems. */
#include "lk/ballot.h"

#include <stdio.h>
#include <string.h>

#include "lk/msg.h"
#include "lk/remote.h"
#include "lk/sys.h"
#include "lk/poison.h"

#define ARGS 8

static uint32_t bit(unsigned sys)
{
	return UINT32_C(1) << sys;
}

/* ---- one job ---- */

static ssize_t give_input(struct lk_remote_job *job, void *data, size_t size)
{
	struct lk_ballot *b = job->arg;
	size_t left = b->input.len - b->at, len = left < size ? left : size;

	memcpy(data, b->input.data + b->at, len);
	b->at += len;
	return (ssize_t)len;
}

static void take_end(struct lk_lcd *lcd, struct lk_ballot *b, const struct lk_remote_job *job)
{
	const char *errors = b->errors.data ? b->errors.data : "";
	struct lk_err err;

	if (job->rc < 0)
		snprintf(b->why, sizeof(b->why), "%s", job->err.text);
	else if (job->code)
		snprintf(b->why, sizeof(b->why), "lk_grant ended there with exit code %d%s%.*s", job->code,
			 b->errors.len ? ": " : "", (int)strcspn(errors, "\n"), errors);
	else if (lk_answer_read(lcd, &b->output, &b->answer, &b->nanswers, &err) < 0)
		snprintf(b->why, sizeof(b->why), "%s", err.text);
	if (*b->why)
		b->nanswers = 0;
}

/* ---- asking ---- */

static int make_argv(const struct lk_ballot_way *way, char limit[static 16], char *argv[static ARGS])
{
	int n = 0;

	argv[n++] = (char *)"lk_grant";
	argv[n++] = (char *)"-c";
	argv[n++] = (char *)way->candidate;
	if (way->pass && *way->pass) {
		snprintf(limit, 16, "%u", way->limit / 2 + 1);
		argv[n++] = (char *)"-p";
		argv[n++] = (char *)way->pass;
		argv[n++] = (char *)"-w";
		argv[n++] = limit;
	}
	argv[n] = NULL;
	return n;
}

int lk_ballot_ask(struct lk_lcd *lcd, struct lk_ballot *list, unsigned n, const struct lk_ballot_way *way,
		  struct lk_err *err)
{
	struct lk_remote_job job[LK_SYSTEMS_MAX];
	char limit[16], *argv[ARGS];
	int argc = make_argv(way, limit, argv);

	for (unsigned i = 0; i < n; i++) {
		lk_ask_write(lcd, list[i].ask, list[i].n, &list[i].input);
		if (list[i].input.failed)
			return lk_fail_nomem(err);
		job[i] = (struct lk_remote_job){
			.dest = lcd->sys[list[i].sys].name, .argc = argc, .argv = argv, .input = give_input,
			.arg = &list[i], .output = lk_remote_keep, .kept = { &list[i].output, &list[i].errors }, .limit = way->limit,
		};
	}
	lk_remote_jobs(lcd, job, n);
	for (unsigned i = 0; i < n; i++)
		take_end(lcd, &list[i], &job[i]);
	return 0;
}

void lk_ballot_free(struct lk_ballot *list, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		lk_buf_free(&list[i].input);
		lk_buf_free(&list[i].output);
		lk_buf_free(&list[i].errors);
	}
}

/* ---- passing on ---- */

/* Who is asked in turn about the question. */
static uint32_t wanted(const struct lk_answer *answer, uint32_t pass)
{
	return answer->answer.grant == LK_GRANT_ALIVE ? answer->answer.who & pass : 0;
}

static uint32_t reached(struct lk_lcd *lcd, const struct lk_ballot_pass *what)
{
	uint32_t pass = lk_promise_set(lcd, what->pass) & ~lk_promise_set(lcd, what->candidate);
	const char *why;

	for (unsigned i = 0; i < lcd->nsys && i < LK_SYSTEMS_MAX; i++)
		if (lcd->sys[i].local || (pass & bit(i) && lk_sys_state(lcd, &lcd->sys[i], &why) != LK_SYS_ALIVE))
			pass &= ~bit(i);
	return pass;
}

static int fill(struct lk_lcd *lcd, const struct lk_ballot_pass *what, struct lk_ballot *b, struct lk_err *err)
{
	b->ask = lk_arena_alloc(&lcd->arena, (what->n + 1) * sizeof(*b->ask));
	if (!b->ask)
		return lk_fail_nomem(err);
	for (unsigned i = 0; i < what->n; i++)
		if (wanted(&what->answer[i], bit(b->sys)))
			b->ask[b->n++] = what->ask[i];
	return 0;
}

int lk_ballot_pass(struct lk_lcd *lcd, const struct lk_ballot_pass *what, struct lk_ballot *list, unsigned *n,
		   struct lk_err *err)
{
	const struct lk_ballot_way way = { .candidate = what->candidate, .limit = what->limit };
	uint32_t needed = 0;
	int rc = 0;

	*n = 0;
	for (unsigned i = 0; i < what->n; i++)
		needed |= wanted(&what->answer[i], UINT32_MAX);
	if (needed)
		needed &= reached(lcd, what);
	for (unsigned i = 0; i < lcd->nsys && i < LK_SYSTEMS_MAX && rc == 0; i++) {
		if (!(needed & bit(i)))
			continue;
		list[*n] = (struct lk_ballot){ .sys = i };
		rc = fill(lcd, what, &list[(*n)++], err);
	}
	return rc == 0 && *n ? lk_ballot_ask(lcd, list, *n, &way, err) : rc;
}
