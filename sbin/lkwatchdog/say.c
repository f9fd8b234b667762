/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lines of the log that are not waited for. */
#include <stdarg.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lk/wait.h"
#include "world.h"
#include "lk/poison.h"

/* The child is waited for by its process id only: that of idle.c may end meanwhile, too. */
void say_aside(const struct world *w, int wait_ms, int number, int code, const char *fmt, ...)
{
	struct timespec nap = { .tv_nsec = 2000000 };
	int64_t until = lk_now_ms() + wait_ms;
	struct lk_err err;
	va_list args;

	va_start(args, fmt);
	lk_vfail(&err, number, code, fmt, args);
	va_end(args);
	pid_t pid = fork();
	if (pid == 0) {
		/* one that hangs must not keep the device armed, or from the next lkwatchdog */
		if (w->device.fd >= 0)
			close(w->device.fd);
		say_err(w, LK_LOG_ERROR, &err);
		_exit(0);
	}
	while (pid > 0 && waitpid(pid, NULL, WNOHANG) == 0 && lk_now_ms() < until)
		nanosleep(&nap, NULL);
}
