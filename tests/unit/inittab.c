/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unit test of lib/inittab.c. */
#include "lk/inittab.h"

#include "tap.h"
#include "tree.h"
#include "lk/poison.h"

static const struct {
	const char *text, *error;
} bad[] = {
	{ "lcm", "etc/LKinit.config:1: TAG:ACTION:PROGRAM is needed" },
	{ "lcm:respawn", "etc/LKinit.config:1: TAG:ACTION:PROGRAM is needed" },
	{ "# x\n\nlcm:respawn:\n", "etc/LKinit.config:3: the program is missing" },
	{ "lcm:respawn: |-f\n", "etc/LKinit.config:1: the program is missing" },
	{ "lcm:always:sbin/lcm\n", "etc/LKinit.config:1: the action must be one of respawn, once, off" },
	{ "lcm:respawn,fast:sbin/lcm\n",
	  "etc/LKinit.config:1: an option must be one of noready, ready=SECONDS, stop=SECONDS, "
	  "if=FILE" },
	{ "a:once,if=/etc/passwd:x",
	  "etc/LKinit.config:1: an option must be one of noready, ready=SECONDS, stop=SECONDS, if=FILE" },
	{ "lcm:respawn,stop=0:sbin/lcm\n",
	  "etc/LKinit.config:1: seconds from 1 to 3600 are needed behind ready= and stop=" },
	{ "a:off:x\na:off:y\n", "etc/LKinit.config:2: the tag has been used before" },
	{ "a:off:x\nb:off:\001\n", "etc/LKinit.config:2: a control byte is not allowed" },
	{ "012345678901234567890123456789012:off:x",
	  "etc/LKinit.config:1: the tag is longer than 32 bytes" },
};

static void test_bad(void)
{
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct lk_inittab LK_AUTO_INITTAB tab;
		struct lk_err err = { 0 };

		if (lk_inittab_parse(&tab, bad[i].text, &err) != -3)
			ok(false, "table %zu is rejected with 3", i);
		is(err.text, bad[i].error, bad[i].error);
	}
}

static void test_tag(void)
{
	struct lk_inittab LK_AUTO_INITTAB tab;
	struct lk_err err = { 0 };

	ok(lk_inittab_parse(&tab, "../x:off:x", &err) == -3 && strstr(err.text, "LKinit.config:1: tag"),
	   "a tag cannot be a path");
}

static void test_good(void)
{
	static const char text[] = "# comment\n  lcm : respawn , ready=5,stop=7 : sbin/lcm | -f  x\n\n"
				   "two:once,noready:/bin/two\nthree:off:three";
	struct lk_inittab LK_AUTO_INITTAB tab;
	struct lk_err err;

	ok(lk_inittab_parse(&tab, text, &err) == 0 && tab.n == 3, "three daemons");
	struct lk_init_row *row = tab.row[0];
	is(row->tag, "lcm", "a tag without its blanks");
	ok(row->action == LK_RESPAWN && row->ready == 5 && row->stop == 7 && !row->noready &&
	   row->line == 2, "action, options and line");
	ok(!strcmp(row->program, "sbin/lcm") && !strcmp(row->argv[0], "lcm") &&
	   !strcmp(row->argv[1], "-f") && !strcmp(row->argv[2], "x") && !row->argv[3],
	   "program and arguments");
	row = tab.row[1];
	ok(row->action == LK_ONCE && row->noready && row->ready == LK_INITTAB_READY &&
	   row->stop == LK_INITTAB_STOP && !row->argv[1], "defaults");
	is(tab.row[2]->text, "three:off:three", "the last line needs no newline");
}

static void test_many(void)
{
	struct lk_inittab LK_AUTO_INITTAB tab;
	struct lk_buf LK_AUTO_BUF text = { 0 };
	struct lk_err err;

	for (int i = 0; i < LK_INITTAB_ROWS; i++)
		lk_buf_addf(&text, "d%d:off:x\n", i);
	ok(lk_inittab_parse(&tab, text.data, &err) == 0 && tab.n == LK_INITTAB_ROWS, "32 daemons");
	lk_inittab_free(&tab);
	lk_buf_adds(&text, "one:off:x\n");
	ok(lk_inittab_parse(&tab, text.data, &err) == -3, "not 33");
	lk_inittab_free(&tab);
	text.len = 0;
	lk_buf_adds(&text, "a:off:x|");
	for (int i = 0; i < LK_INITTAB_ARGS; i++)
		lk_buf_adds(&text, " 1");
	ok(lk_inittab_parse(&tab, text.data, &err) == 0, "32 arguments");
	lk_inittab_free(&tab);
	lk_buf_adds(&text, " 1");
	ok(lk_inittab_parse(&tab, text.data, &err) == -3, "not 33 arguments");
	lk_inittab_free(&tab);
	ok(lk_inittab_parse(&tab, "", &err) == 0 && !tab.n, "none is a table too");
}

int main(void)
{
	test_bad();
	test_tag();
	test_good();
	test_many();
	return tap_done();
}
