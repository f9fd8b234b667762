/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lines of the log. */
#include <stdarg.h>
#include <stdio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lk/wait.h"
#include "world.h"
#include "lk/poison.h"

void say_err(const struct world *w, enum lk_log_level level, const struct lk_err *err)
{
	struct lk_log_line line = { .level = level, .prog = "lkwatchdog", .pid = getpid(),
				    .component = "lkwatchdog", .number = (unsigned)err->number,
				    .text = err->text };
	struct lk_err ignored;

	lk_log(&w->tree, &line, &ignored);
}

void say(const struct world *w, enum lk_log_level level, int number, int code, const char *fmt, ...)
{
	char text[LK_ERR_TEXT];
	struct lk_err err;
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	lk_fail(&err, number, code, "%s", text);
	say_err(w, level, &err);
}

/* The child is waited for by its process id only: that of idle.c may end meanwhile, too. */
void say_aside(const struct world *w, int wait_ms, int number, int code, const char *fmt, ...)
{
	struct timespec nap = { .tv_nsec = 2000000 };
	int64_t until = lk_now_ms() + wait_ms;
	char text[LK_ERR_TEXT];
	struct lk_err err;
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	lk_fail(&err, number, code, "%s", text);
	pid_t pid = fork();
	if (pid == 0) {
		say_err(w, LK_LOG_ERROR, &err);
		_exit(0);
	}
	while (pid > 0 && waitpid(pid, NULL, WNOHANG) == 0 && lk_now_ms() < until)
		nanosleep(&nap, NULL);
}
