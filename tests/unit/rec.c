/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lk/rec.h: any bytes come back, every kind of damage is told with its line. */
#include "lk/rec.h"

#include <stdlib.h>

#include "tap.h"
#include "lk/poison.h"

static const struct lk_rec_kind kind = { .name = "test", .columns = 2, .column = { "one", "two" } };

struct seen {
	unsigned records, problems, line;
	char what[200], one[600], two[600];
	int stop;
};

static int on_record(void *arg, struct lk_rec *rec)
{
	struct seen *seen = arg;

	seen->records++;
	snprintf(seen->one, sizeof(seen->one), "%s", rec->field[0]);
	snprintf(seen->two, sizeof(seen->two), "%s", rec->field[1]);
	return seen->stop;
}

static int on_problem(void *arg, unsigned line, const char *what)
{
	struct seen *seen = arg;

	seen->problems++;
	seen->line = line;
	snprintf(seen->what, sizeof(seen->what), "%s", what);
	return seen->stop;
}

static int parse(const char *text, size_t len, struct seen *seen)
{
	struct lk_rec_sink sink = { .record = on_record, .problem = on_problem, .arg = seen };
	char *copy = malloc(len + 1);

	memcpy(copy, text, len);
	copy[len] = '\0';
	int rc = lk_rec_parse(&kind, copy, len, &sink);
	free(copy);
	return rc;
}

/* Text in which one problem is expected, in that line (or none: line 0 and what NULL). */
static void damage(const char *name, const char *text, size_t len, unsigned line, const char *what)
{
	struct seen seen = { 0 };

	ok(parse(text, len, &seen) == 0 && seen.problems == (what ? 1 : 0) && seen.line == line,
	   "%s: %s in line %u", name, what ? "a problem" : "no problem", line);
	if (what)
		is(seen.what, what, "the message");
}

static void round_trip(void)
{
	char one[600], two[] = "\xff\x80 %41#";
	int n = 0;
	struct lk_buf LK_AUTO_BUF text = { 0 };
	struct seen seen = { 0 };

	one[n++] = '#';
	for (int c = 2; c < 256; c++)
		if (c != '\n')
			one[n++] = (char)c;
	one[n] = '\0';
	lk_rec_head(&text, &kind);
	lk_rec_row(&text, &kind, (const char *const[]){ one, two });
	lk_rec_tail(&text);
	ok(parse(text.data, text.len, &seen) == 0 && seen.records == 1 && !seen.problems,
	   "a record of all bytes is read");
	is(seen.one, one, "the first field is as before");
	is(seen.two, two, "the second field is as before");
	text.len = 0;
	lk_rec_head(&text, &kind);
	lk_rec_row(&text, &kind, (const char *const[]){ "", "" });
	lk_rec_tail(&text);
	is(text.data, "#lockkeeper test 1\n#one\ttwo\n\t\n#end\n", "the text of an empty record");
	memset(&seen, 0, sizeof(seen));
	ok(parse(text.data, text.len, &seen) == 0 && seen.records == 1 && !*seen.one && !*seen.two,
	   "empty fields are read");
}

#define HEAD "#lockkeeper test 1\n#one\ttwo\n"
#define DAMAGE(name, text, line, what) damage(name, text, sizeof(text) - 1, line, what)

static void kinds_of_damage(void)
{
	DAMAGE("no records", HEAD "#end\n", 0, NULL);
	DAMAGE("a comment", HEAD "# by hand\na\tb\n#end\n", 0, NULL);
	DAMAGE("nothing", "", 0, "the file is empty");
	DAMAGE("another kind", "#lockkeeper flg 1\n#end\n", 1, "not the first line of such a file");
	DAMAGE("a later version", "#lockkeeper test 2\n#end\n", 1, "not the first line of such a file");
	DAMAGE("no line break", "garbage", 1, "the line is cut off");
	DAMAGE("no end", HEAD "a\tb\n", 3, "the line \"#end\" is missing: the file is cut off");
	DAMAGE("a cut line", HEAD "a\tb", 3, "the line is cut off");
	DAMAGE("a cut end", HEAD "a\tb\n#end", 4, "the line is cut off");
	DAMAGE("more behind the end", HEAD "#end\na\tb\n", 4, "text behind the line \"#end\"");
	DAMAGE("a field too few", HEAD "a\n#end\n", 3, "too few fields");
	DAMAGE("a field too many", HEAD "a\tb\tc\n#end\n", 3, "too many fields");
	DAMAGE("an empty line", HEAD "\n#end\n", 3, "too few fields");
	DAMAGE("a NUL byte", HEAD "a\0\tb\n#end\n", 3, "a control character");
	DAMAGE("a carriage return", HEAD "a\tb\r\n#end\n", 3, "a control character");
	DAMAGE("a bad escape", HEAD "a%4\tb\n#end\n", 3,
	       "'%' is not followed by two hexadecimal digits");
	DAMAGE("a small letter in an escape", HEAD "a%4a\tb\n#end\n", 3,
	       "'%' is not followed by two hexadecimal digits");
	DAMAGE("a NUL in an escape", HEAD "a\t%00\n#end\n", 3,
	       "a byte that may not occur in a field (%00, %01 or %0A)");
	DAMAGE("a NUL in the first line", "#lockkeeper test 1\0x\n#one\ttwo\n#end\n", 1,
	       "not the first line of such a file");
	DAMAGE("a NUL in a comment", HEAD "#\0a\tb\n#end\n", 3, "a control character");
}

/* A file that is cut off anywhere is noticed. */
static void cut_anywhere(void)
{
	static const char text[] = HEAD "a\tb\nc\td\n#end\n";
	static const char nul[] = HEAD "#end\0x\n";
	struct seen end = { 0 };
	unsigned unnoticed = 0;

	for (size_t len = 0; len < sizeof(text) - 1; len++) {
		struct seen seen = { 0 };

		if (parse(text, len, &seen) != 0 || !seen.problems)
			unnoticed++;
	}
	ok(parse(nul, sizeof(nul) - 1, &end) == 0 && end.problems == 2,
	   "a NUL in the last line makes it another one");
	ok(unnoticed == 0, "a file that is cut off at any byte is noticed");
}

static void stopping(void)
{
	struct seen seen = { .stop = -3 };
	static const char two[] = HEAD "a\tb\nc\td\n#end\n", bad[] = HEAD "a\nb\n#end\n";

	ok(parse(two, sizeof(two) - 1, &seen) == -3 && seen.records == 1,
	   "a negative answer to a record ends the reading");
	seen = (struct seen){ .stop = -3 };
	ok(parse(bad, sizeof(bad) - 1, &seen) == -3 && seen.problems == 1 && !seen.records,
	   "and so does one to a problem");
	seen = (struct seen){ 0 };
	ok(parse(bad, sizeof(bad) - 1, &seen) == 0 && seen.problems == 2, "otherwise all are told");
}

int main(void)
{
	round_trip();
	kinds_of_damage();
	cut_anywhere();
	stopping();
	return tap_done();
}
