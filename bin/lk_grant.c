/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lk_grant: answer a system that wants to restore shared resources, or list what was promised. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lk/ballot.h"
#include "lk/cmd.h"
#include "lk/limits.h"
#include "lk/msg.h"
#include "lk/name.h"
#include "lk/vote.h"
#include "lk/poison.h"

#define INPUT_MAX ((size_t)4 << 20)
#define PIECE 4096
#define PASS_MS 500
#define PASS_MAX 60000

/* ---- listing ---- */

static void print_row(const struct lk_cmd *cmd, const struct lk_promised *row)
{
	char epoch[LK_NUMBER_TEXT];
	const char *fields[] = { row->sys, row->tag, epoch, row->candidate, row->runners };

	lk_format_number(row->epoch, epoch);
	lk_cmd_row(cmd, fields, 5);
}

static void add_json(struct lk_json *json, const struct lk_promised *row)
{
	lk_json_open(json, NULL, '{');
	lk_json_string(json, "system", row->sys);
	lk_json_string(json, "tag", row->tag);
	lk_json_number(json, "epoch", (long long)row->epoch);
	lk_json_string(json, "candidate", row->candidate);
	lk_json_string(json, "runners", row->runners);
	lk_json_close(json, '}');
}

static int list(struct lk_cmd *cmd)
{
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;
	struct lk_json LK_AUTO_JSON json = { 0 };
	int rc = lk_lcd_read(&lcd, LK_T_PROMISE, &cmd->err);

	lk_json_open(&json, NULL, '[');
	for (size_t i = 0; i < lcd.npromise && rc == 0; i++) {
		if (cmd->json)
			add_json(&json, &lcd.promise[i]);
		else
			print_row(cmd, &lcd.promise[i]);
	}
	lk_json_close(&json, ']');
	return rc == 0 && cmd->json ? lk_cmd_json(cmd, &json) : rc;
}

/* ---- answering ---- */

static int read_input(struct lk_buf *text, struct lk_err *err)
{
	ssize_t len = 1;

	while (len && text->len <= INPUT_MAX && lk_buf_room(text, PIECE)) {
		len = read(0, text->data + text->len, PIECE);
		if (len < 0 && errno != EINTR)
			return lk_fail_errno(err, errno, "standard input");
		text->len += len > 0 ? (size_t)len : 0;
	}
	if (text->failed)
		return lk_fail_nomem(err);
	if (text->len > INPUT_MAX)
		return lk_fail(err, LK_M_TOO_LARGE, "standard input", INPUT_MAX);
	text->data[text->len] = '\0';
	return 0;
}

/* Questions and answers of this system. */
struct said {
	const char *candidate;
	struct lk_ask *ask;
	struct lk_answer *answer;
	unsigned n;
};

/* Behind our answers those of the systems that were asked in turn. */
static int add_answers(struct lk_lcd *lcd, struct said *said, const struct lk_ballot *ballot, struct lk_err *err)
{
	unsigned n = said->n + ballot->nanswers;
	struct lk_answer *all = lk_arena_alloc(&lcd->arena, (n + 1) * sizeof(*all));

	if (!all)
		return lk_fail_nomem(err);
	memcpy(all, said->answer, said->n * sizeof(*all));
	for (unsigned i = 0; i < ballot->nanswers; i++) {
		struct lk_answer *answer = &all[said->n + i];

		*answer = ballot->answer[i];
		answer->from = (int)ballot->sys;
		answer->key.sys = lk_arena_dup(&lcd->arena, answer->key.sys);
		answer->key.tag = lk_arena_dup(&lcd->arena, answer->key.tag);
		if (!answer->key.sys || !answer->key.tag)
			return lk_fail_nomem(err);
	}
	said->answer = all;
	said->n = n;
	return 0;
}

/* The candidate does not reach them; who does not answer us either is as if it was not asked. */
static int pass_on(struct lk_cmd *cmd, struct lk_lcd *lcd, struct said *said)
{
	struct lk_ballot list[LK_SYSTEMS_MAX];
	unsigned long long limit = PASS_MS;
	const char *text = lk_cmd_value(cmd, 'w');
	unsigned n = 0;
	int rc = text ? lk_parse_number("-w", text, 1, PASS_MAX, &limit, &cmd->err) : 0;
	const struct lk_ballot_pass what = { said->candidate, lk_cmd_value(cmd, 'p'), (unsigned)limit, said->ask,
					     said->answer, said->n };

	if (rc == 0 && what.pass)
		rc = lk_ballot_pass(lcd, &what, list, &n, &cmd->err);
	for (unsigned i = 0; i < n && rc == 0; i++)
		rc = add_answers(lcd, said, &list[i], &cmd->err);
	lk_ballot_free(list, n);
	return rc;
}

static int print(const struct lk_lcd *lcd, const struct lk_answer *answer, unsigned n, struct lk_err *err)
{
	struct lk_buf LK_AUTO_BUF text = { 0 };

	lk_answer_write(lcd, answer, n, &text);
	if (text.failed)
		return lk_fail_nomem(err);
	fwrite(text.data, 1, text.len, stdout);
	return 0;
}

static int answer(struct lk_cmd *cmd, const char *candidate)
{
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;
	struct lk_buf LK_AUTO_BUF text = { 0 };
	struct said said = { .candidate = candidate };
	int rc = read_input(&text, &cmd->err);

	if (rc == 0)
		rc = lk_lcd_read(&lcd, LK_T_GRANT, &cmd->err);
	if (rc == 0)
		rc = lk_ask_read(&lcd, &text, &said.ask, &said.n, &cmd->err);
	if (rc < 0)
		return rc;
	said.answer = lk_arena_alloc(&lcd.arena, (said.n + 1) * sizeof(*said.answer));
	if (!said.answer)
		return lk_fail_nomem(&cmd->err);
	rc = lk_vote(&lcd, candidate, said.ask, said.n, said.answer, &cmd->err);
	if (rc == 0)
		rc = pass_on(cmd, &lcd, &said);
	return rc < 0 ? rc : print(&lcd, said.answer, said.n, &cmd->err);
}

static int run(struct lk_cmd *cmd)
{
	const char *candidate = lk_cmd_value(cmd, 'c');
	int rc = lk_cmd_exclusive(cmd, 'l', 'c');

	if (rc < 0)
		return rc;
	if (lk_cmd_given(cmd, 'l'))
		return list(cmd);
	return candidate ? answer(cmd, candidate) : lk_fail(&cmd->err, LK_M_OPT_MISSING, 'c');
}

static const struct lk_opt options[] = {
	LK_OPT_DEST,
	{ 'l', LK_OPT_FLAG, NULL, "list what this system has promised", NULL },
	{ 'c', LK_OPT_VALUE, "candidate", "answer the questions of this system on standard input", NULL },
	{ 'p', LK_OPT_VALUE, "systems", "ask these in turn, if they may run it", NULL },
	{ 'w', LK_OPT_VALUE, "ms", "wait so long for their answers, 500", NULL },
	LK_OPT_SEP,
	LK_OPT_JSON,
	LK_OPT_LAST,
};

static const struct lk_cmd_desc desc = {
	.synopsis = "lk_grant [-d destsys] -l [-f C] [-J]\n"
		    "lk_grant [-p systems] [-w ms] -c candidate",
	.summary = "Promise shared resources to a system that wants to restore them.",
	.options = options,
	.run = run,
};

int main(int argc, char **argv)
{
	return lk_cmd_main(&desc, argc, argv);
}
