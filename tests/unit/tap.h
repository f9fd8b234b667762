/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Test Anything Protocol for the test programs: ok() for every statement, tap_done() at the end. */
#ifndef TAP_H
#define TAP_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static int tap_count, tap_failed;

/* One statement; the text says what is true when it holds. */
__attribute__((format(printf, 2, 3))) static inline bool ok(bool holds, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	printf("%sok %d - ", holds ? "" : "not ", ++tap_count);
	vprintf(fmt, args);
	putchar('\n');
	va_end(args);
	fflush(stdout);
	tap_failed += !holds;
	return holds;
}

/* Two texts are the same; otherwise both are shown. */
static inline bool is(const char *got, const char *want, const char *what)
{
	bool same = got && !strcmp(got, want);

	ok(same, "%s", what);
	if (!same)
		printf("# got:  %s\n# want: %s\n", got ? got : "(null)", want);
	return same;
}

__attribute__((format(printf, 1, 2))) static inline void diag(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	printf("# ");
	vprintf(fmt, args);
	putchar('\n');
	va_end(args);
	fflush(stdout);
}

static inline int tap_done(void)
{
	printf("1..%d\n", tap_count);
	return tap_failed != 0;
}

#endif
