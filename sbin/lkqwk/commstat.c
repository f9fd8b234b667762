/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How this system sees the others: a child asks lcm, which may be stopped and not answer for seconds. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lk/detach.h"
#include "lk/sys.h"
#include "world.h"
#include "lk/poison.h"

static void find_out(const struct world *w, unsigned char state[static LK_QWK_NODES])
{
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;
	const char *ignored;
	struct lk_err err;

	memset(state, LK_SYS_UNKNOWN, LK_QWK_NODES);
	if (lk_lcd_read(&lcd, LK_T_SYS, &err) < 0)
		return;
	for (unsigned i = 1; i < w->conf.n; i++) {
		const struct lk_sys *sys = lk_sys_find(&lcd, w->conf.member[i].name);

		if (sys)
			state[i] = (unsigned char)lk_sys_state(&lcd, sys, &ignored);
	}
}

static _Noreturn void ask(const struct world *w, int fd)
{
	unsigned char state[LK_QWK_NODES];

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (!lk_detach(&fd, 1))
		_exit(1);
	find_out(w, state);
	_exit(write(LK_DETACH_FIRST, state, sizeof(state)) == sizeof(state) ? 0 : 1);
}

static void complain(struct world *w, int errnum)
{
	if (!w->ask_failed)
		say(w, LK_LOG_ERROR, LK_M_QWK_ASKING, strerror(errnum));
	w->ask_failed = true;
}

static void start(struct world *w)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC | O_NONBLOCK) < 0)
		return complain(w, errno);
	w->asking = fork();
	if (w->asking == 0)
		ask(w, fds[1]);
	if (w->asking < 0)
		complain(w, errno);
	else
		w->ask_failed = false;
	close(fds[1]);
	w->answer = fds[0];
	if (w->asking < 0) {
		w->asking = 0;
		close(fds[0]);
		w->answer = -1;
	}
}

/* Without an answer nothing is known, but for the first round. */
static bool take(struct world *w)
{
	unsigned char state[LK_QWK_NODES];
	bool there = w->answer >= 0 && read(w->answer, state, sizeof(state)) == sizeof(state);

	for (unsigned i = 1; i < w->conf.n; i++)
		w->commstat[i] = there ? (enum lk_sys_state)state[i] : LK_SYS_UNKNOWN;
	return !w->asking || waitpid(w->asking, NULL, WNOHANG) != 0;
}

void commstat_ask(struct world *w)
{
	if (!take(w))
		return;
	w->asking = 0;
	if (w->answer >= 0)
		close(w->answer);
	w->answer = -1;
	start(w);
}

void commstat_end(struct world *w)
{
	if (w->asking) {
		kill(w->asking, SIGKILL);
		waitpid(w->asking, NULL, 0);
	}
	if (w->answer >= 0)
		close(w->answer);
	w->answer = -1;
	w->asking = 0;
}
