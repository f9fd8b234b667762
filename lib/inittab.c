/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of daemons, LKinit.config(5). */
#include "lk/inittab.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lk/msg.h"
#include "lk/name.h"
#include "lk/program.h"
#include "lk/poison.h"

#define BLANKS " \t"

static const char *const actions[] = { "respawn", "once", "off", NULL };

/* One line of the text: where it stands, without its newline. */
struct line {
	const char *at;
	size_t len;
	unsigned number;
};

/* Go to the next line that has something; false at the end. Begin with at NULL. */
static bool next_line(const char *text, struct line *line)
{
	const char *at = line->at ? line->at + line->len : text;

	for (;;) {
		if (line->at && !*at)
			return false;
		line->at = line->at ? at + 1 : at;
		line->len = strcspn(line->at, "\n");
		line->number++;
		at = line->at + line->len;
		size_t blanks = strspn(line->at, BLANKS);
		if (blanks < line->len && line->at[blanks] != '#')
			return true;
	}
}

static int wrong(const struct line *line, struct lk_err *err, const char *what)
{
	return lk_fail(err, LK_M_DAMAGED, LK_INITTAB, line->number, what);
}

/* Cut word off at the separator; what is behind it, or NULL. Blanks around word go. */
static char *cut(char **word, char separator)
{
	char *end;

	*word += strspn(*word, BLANKS);
	end = strchr(*word, separator);
	char *rest = end ? end + 1 : NULL;
	if (!end)
		end = *word + strlen(*word);
	while (end > *word && strchr(BLANKS, end[-1]))
		end--;
	*end = '\0';
	return rest;
}

static const char *take_seconds(const char *text, unsigned *seconds)
{
	unsigned long long number;

	if (!lk_is_number(text, 1, LK_INITTAB_SECONDS, &number))
		return "seconds from 1 to 3600 are needed behind ready= and stop=";
	*seconds = (unsigned)number;
	return NULL;
}

/* "respawn,stop=20". NULL, or what is wrong. */
static const char *take_action(char *text, struct lk_init_row *row)
{
	char *rest = cut(&text, ',');
	const char *bad = NULL;
	int i = 0;

	while (actions[i] && strcmp(text, actions[i]) != 0)
		i++;
	if (!actions[i])
		return "the action must be one of respawn, once, off";
	row->action = (enum lk_init_action)i;
	for (char *word = rest; word && !bad; word = rest) {
		rest = cut(&word, ',');
		if (!strcmp(word, "noready"))
			row->noready = true;
		else if (!strncmp(word, "ready=", 6))
			bad = take_seconds(word + 6, &row->ready);
		else if (!strncmp(word, "stop=", 5))
			bad = take_seconds(word + 5, &row->stop);
		else if (!strncmp(word, "if=", 3) && word[3] && word[3] != '/')
			row->wants = word + 3;
		else
			bad = "an option must be one of noready, ready=SECONDS, stop=SECONDS, if=FILE";
	}
	return bad;
}

static const char *take_program(char *text, struct lk_init_row *row)
{
	char *args = cut(&text, '|'), *rest;
	const char *slash = strrchr(text, '/');
	int n = 1;

	if (!*text)
		return "the program is missing";
	row->program = text;
	row->argv[0] = slash ? text + (slash - text) + 1 : text;
	for (char *arg = args ? strtok_r(args, BLANKS, &rest) : NULL; arg;
	     arg = strtok_r(NULL, BLANKS, &rest)) {
		if (n > LK_INITTAB_ARGS)
			return "too many arguments";
		row->argv[n++] = arg;
	}
	return NULL;
}

static int take_row(const struct line *line, struct lk_init_row *row, struct lk_err *err)
{
	char *tag = row->bytes + line->len + 1;
	char *action = cut(&tag, ':');
	char *program = action ? cut(&action, ':') : NULL;
	const char *bad;

	if (!program)
		return wrong(line, err, "TAG:ACTION:PROGRAM is needed");
	if (strlen(tag) > LK_INITTAB_TAG)
		return wrong(line, err, "the tag is longer than 32 bytes");
	if (lk_check_app("tag", tag, err) < 0) {
		char text[LK_ERR_TEXT];

		snprintf(text, sizeof(text), "%s", err->text);
		return wrong(line, err, text);
	}
	row->tag = tag;
	bad = take_action(action, row);
	if (!bad)
		bad = take_program(program, row);
	return bad ? wrong(line, err, bad) : 0;
}

/* The row's memory has the line twice: as it is, and taken apart. */
static int add_row(struct lk_inittab *tab, const struct line *line, struct lk_err *err)
{
	if (tab->n == LK_INITTAB_ROWS)
		return wrong(line, err, "more than 32 daemons");
	struct lk_init_row *row = calloc(1, sizeof(*row) + 2 * (line->len + 1));
	if (!row)
		return lk_fail_nomem(err);
	tab->row[tab->n] = row;
	memcpy(row->bytes, line->at, line->len);
	memcpy(row->bytes + line->len + 1, line->at, line->len);
	row->text = row->bytes;
	row->line = line->number;
	row->ready = LK_INITTAB_READY;
	row->stop = LK_INITTAB_STOP;
	int rc = take_row(line, row, err);
	for (unsigned i = 0; i < tab->n && rc == 0; i++)
		if (!strcmp(tab->row[i]->tag, row->tag))
			rc = wrong(line, err, "the tag has been used before");
	tab->n++;
	return rc;
}

int lk_inittab_parse(struct lk_inittab *tab, const char *text, struct lk_err *err)
{
	struct line line = { 0 };
	int rc = 0;

	*tab = (struct lk_inittab){ 0 };
	while (rc == 0 && next_line(text, &line)) {
		for (size_t i = 0; i < line.len; i++)
			if ((unsigned char)line.at[i] < 0x20 && line.at[i] != '\t')
				return wrong(&line, err, "a control byte is not allowed");
		rc = add_row(tab, &line, err);
	}
	return rc;
}

/* A file that cannot be looked at counts as one that is there. */
static void drop_unwanted(struct lk_inittab *tab, const struct lk_tree *tree)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < tab->n; i++) {
		struct lk_init_row *row = tab->row[i];

		if (row->wants && faccessat(tree->fd, row->wants, F_OK, 0) < 0 && errno == ENOENT)
			free(row);
		else
			tab->row[kept++] = row;
	}
	tab->n = kept;
}

static int check_programs(const struct lk_inittab *tab, const struct lk_tree *tree,
			  struct lk_err *err)
{
	char path[LK_PROGRAM_MAX], what[LK_ERR_TEXT];

	for (unsigned i = 0; i < tab->n; i++) {
		const struct line line = { .number = tab->row[i]->line };

		if (tab->row[i]->action == LK_OFF)
			continue;
		int rc = lk_program_find(tree, tab->row[i]->program, path, err);
		if (rc < 0) {
			snprintf(what, sizeof(what), "%s", err->text);
			return wrong(&line, err, what);
		}
	}
	return 0;
}

/* The text, in the arena. */
static int slurp(const struct lk_tree *tree, struct lk_arena *arena, char **text,
		 struct lk_err *err)
{
	size_t len;
	int rc = lk_tree_slurp(tree, LK_INITTAB, arena, text, &len, err);

	if (rc == 0)
		return lk_fail(err, LK_M_MISSING_FILE, LK_INITTAB);
	if (rc > 0 && strlen(*text) != len)
		return lk_fail(err, LK_M_DAMAGED, LK_INITTAB, 0, "a NUL byte is not allowed");
	return rc < 0 ? rc : 0;
}

int lk_inittab_read(struct lk_inittab *tab, const struct lk_tree *tree, struct lk_err *err)
{
	struct lk_arena arena = { 0 };
	char *text;

	*tab = (struct lk_inittab){ 0 };
	int rc = slurp(tree, &arena, &text, err);
	if (rc == 0)
		rc = lk_inittab_parse(tab, text, err);
	if (rc == 0)
		drop_unwanted(tab, tree);
	if (rc == 0)
		rc = check_programs(tab, tree, err);
	lk_arena_free(&arena);
	return rc;
}

void lk_inittab_free(struct lk_inittab *tab)
{
	for (unsigned i = 0; i < tab->n; i++)
		free(tab->row[i]);
	tab->n = 0;
}

/* ---- the edit ---- */

/* The text with "once" replaced; the number of replacements, or -1 or -3. */
static int replace(const char *text, struct lk_buf *new, struct lk_err *err)
{
	struct lk_inittab LK_AUTO_INITTAB tab = { 0 };
	struct line line = { 0 };
	const char *done = text;
	int n = 0, rc = lk_inittab_parse(&tab, text, err);

	for (unsigned i = 0; rc == 0 && i < tab.n && next_line(text, &line); i++) {
		const struct lk_init_row *row = tab.row[i];

		if (row->action != LK_ONCE)
			continue;
		const char *at = strchr(line.at, ':') + 1;
		at += strspn(at, BLANKS);
		lk_buf_add(new, done, (size_t)(at - done));
		lk_buf_adds(new, actions[LK_RESPAWN]);
		done = at + strlen(actions[LK_ONCE]);
		n++;
	}
	lk_buf_adds(new, done);
	return rc < 0 ? rc : new->failed ? lk_fail_nomem(err) : n;
}

static int edit(struct lk_tx *tx, const struct lk_tree *tree, struct lk_err *err)
{
	struct lk_arena arena = { 0 };
	struct lk_buf LK_AUTO_BUF new = { 0 };
	struct stat st;
	char *text;
	int rc = slurp(tree, &arena, &text, err);

	if (rc == 0)
		rc = replace(text, &new, err);
	if (rc > 0 && fstatat(tree->fd, LK_INITTAB, &st, AT_SYMLINK_NOFOLLOW) < 0)
		rc = lk_fail_errno(err, errno, "%s", LK_INITTAB);
	if (rc > 0) {
		rc = lk_tx_put(tx, LK_INITTAB, &new, err);
		if (rc == 0) {
			lk_tx_like(tx, &st);
			rc = lk_tx_commit(tx, err);
		}
	}
	lk_arena_free(&arena);
	return rc;
}

int lk_inittab_respawn(const struct lk_tree *tree, struct lk_err *err)
{
	struct lk_inittab LK_AUTO_INITTAB tab = { 0 };
	struct lk_tx tx = { .lock_fd = -1 };
	bool once = false;
	int rc = lk_inittab_read(&tab, tree, err);

	for (unsigned i = 0; i < tab.n; i++)
		once |= rc == 0 && tab.row[i]->action == LK_ONCE;
	if (rc < 0 || !once)
		return rc;
	rc = lk_tx_begin(&tx, tree, err);
	if (rc == 0)
		rc = edit(&tx, tree, err);
	lk_tx_abort(&tx);
	return rc;
}
