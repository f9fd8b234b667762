/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fuzz the parser of record files. The first byte chooses the number of columns; what is read is written
 * and read again, and must be the same. */
#include "lk/rec.h"

#include <string.h>

#include "fuzz.h"
#include "lk/poison.h"

struct seen {
	const struct lk_rec_kind *kind;
	struct lk_buf text;
	unsigned problems, records, last;
};

static int on_record(void *arg, struct lk_rec *rec)
{
	struct seen *seen = arg;

	MUST(rec->line > seen->last);
	seen->last = rec->line;
	seen->records++;
	for (unsigned i = 0; i < seen->kind->columns; i++)
		MUST(!strpbrk(rec->field[i], "\n\001"));
	lk_rec_row(&seen->text, seen->kind, (const char *const *)rec->field);
	return 0;
}

static int on_problem(void *arg, unsigned line, const char *what)
{
	struct seen *seen = arg;

	(void)line;
	MUST(what && *what);
	seen->problems++;
	return 0;
}

static void parse(const struct lk_rec_kind *kind, const char *text, size_t len, struct seen *seen)
{
	struct lk_rec_sink sink = { .record = on_record, .problem = on_problem, .arg = seen };
	char *copy = malloc(len + 1);

	*seen = (struct seen){ .kind = kind };
	memcpy(copy, text, len);
	copy[len] = '\0';
	lk_rec_head(&seen->text, kind);
	MUST(lk_rec_parse(kind, copy, len, &sink) == 0);
	lk_rec_tail(&seen->text);
	free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct lk_rec_kind kind = { .name = "fuzz", .columns = 1 };
	struct seen once, twice;

	if (size < 1)
		return 0;
	kind.columns = 1 + data[0] % LK_REC_COLUMNS;
	for (unsigned i = 0; i < kind.columns; i++)
		kind.column[i] = "c";
	parse(&kind, (const char *)data + 1, size - 1, &once);
	parse(&kind, once.text.data, once.text.len, &twice);
	MUST(twice.problems == 0);
	MUST(twice.records == once.records);
	MUST(twice.text.len == once.text.len);
	MUST(!memcmp(twice.text.data, once.text.data, once.text.len));
	lk_buf_free(&once.text);
	lk_buf_free(&twice.text);
	return 0;
}
