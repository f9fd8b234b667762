/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fuzz the tables: the first byte chooses one, the rest is its file. What was loaded is saved, loaded
 * and saved again: no problem may appear, and the texts must be the same. */
#include "lk/table.h"

#include <string.h>

#include "fuzz.h"
#include "lk/poison.h"

struct loading {
	const struct lk_table_desc *desc;
	struct lk_lcd *lcd;
	unsigned problems;
};

static const struct lk_typ typ = { .app = "gen", .name = "app" };

static int on_record(void *arg, struct lk_rec *rec)
{
	struct loading *l = arg;
	struct lk_err err;
	int rc = l->desc->load(l->lcd, &typ, rec, &err);

	MUST(rc == 0 || rc == -LK_EX_ARG);
	if (rc < 0)
		MUST(err.text[0] && strlen(err.text) < LK_ERR_TEXT);
	l->problems += rc < 0;
	return 0;
}

static int on_problem(void *arg, unsigned line, const char *what)
{
	struct loading *l = arg;

	(void)line, (void)what;
	l->problems++;
	return 0;
}

static unsigned reload(const struct lk_table_desc *desc, const char *text, size_t len,
		       struct lk_buf *saved)
{
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;
	struct loading l = { .desc = desc, .lcd = &lcd };
	struct lk_rec_sink sink = { .record = on_record, .problem = on_problem, .arg = &l };
	char *copy = lk_arena_alloc(&lcd.arena, len + 1);

	memcpy(copy, text, len);
	copy[len] = '\0';
	MUST(lk_rec_parse(&desc->kind, copy, len, &sink) == 0);
	lk_rec_head(saved, &desc->kind);
	desc->save(&lcd, &typ, &desc->kind, saved);
	lk_rec_tail(saved);
	return l.problems;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct lk_buf LK_AUTO_BUF once = { 0 };
	struct lk_buf LK_AUTO_BUF twice = { 0 };

	if (size < 1)
		return 0;
	const struct lk_table_desc *desc = &lk_tables[data[0] % LK_TABLES];
	(void)reload(desc, (const char *)data + 1, size - 1, &once);
	MUST(reload(desc, once.data, once.len, &twice) == 0);
	MUST(once.len == twice.len && !memcmp(once.data, twice.data, once.len));
	return 0;
}
