/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Is nothing in service? Asked only when the right to run anything has ended: nothing can come into service. */
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lk/wait.h"
#include "world.h"
#include "lk/poison.h"

#define AGAIN (SECOND / 5)
#define NOW_MS 500
#define START_MS 5000	/* nothing was ended in time anyway */

static int look(const struct world *w)
{
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;
	struct lk_err err;

	if (lk_lcd_read(&lcd, LK_T_INS | LK_T_FLG, &err) < 0)
		return 1;
	return lk_anything_runs(&lcd) || lk_lease_release(&w->tree, &err) < 0;
}

/* In a child, which a disk that hangs may keep. */
static void start(struct world *w)
{
	pid_t pid = fork();

	if (pid == 0) {
		/* one that hangs must not keep the device armed, or from the next lkwatchdog */
		if (w->device.fd >= 0)
			close(w->device.fd);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		_exit(look(w));
	}
	if (pid > 0)
		w->helper = pid;
}

void idle_look(struct world *w, int64_t now)
{
	if (w->helper || now < w->helper_at || w->lease.until > now)
		return;
	w->helper_at = now + AGAIN;
	w->looked_for = w->lease.deadline;
	start(w);
}

bool idle_now(struct world *w)
{
	struct timespec nap = { .tv_nsec = 2000000 };
	int64_t until = lk_now_ms() + (w->ready ? NOW_MS : START_MS);
	int status = 0;

	if (w->helper || w->lease.until > lk_lease_now())
		return false;
	start(w);
	while (w->helper && lk_now_ms() < until) {
		if (waitpid(w->helper, &status, WNOHANG) == w->helper) {
			w->helper = 0;
			return WIFEXITED(status) && WEXITSTATUS(status) == 0;
		}
		nanosleep(&nap, NULL);
	}
	return false;
}

void idle_end(struct world *w)
{
	if (w->helper)
		kill(w->helper, SIGKILL);
}
