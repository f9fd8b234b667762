/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Waiting by polling. */
#include "lk/wait.h"

#include <time.h>

#include "lk/msg.h"
#include "lk/poison.h"

int64_t lk_now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

void lk_wait_signals(sigset_t *set)
{
	static const int signals[] = { SIGTERM, SIGINT, SIGHUP };
	struct sigaction now;

	sigemptyset(set);
	for (size_t i = 0; i < sizeof(signals) / sizeof(*signals); i++)
		if (sigaction(signals[i], NULL, &now) == 0 && now.sa_handler != SIG_IGN)
			sigaddset(set, signals[i]);
}

void lk_wait_begin(struct lk_wait *wait)
{
	lk_wait_signals(&wait->signals);
	sigprocmask(SIG_BLOCK, &wait->signals, &wait->old_mask);
}

void lk_wait_end(const struct lk_wait *wait)
{
	sigprocmask(SIG_SETMASK, &wait->old_mask, NULL);
}

int lk_wait_nap(const struct lk_wait *wait, struct lk_err *err)
{
	struct timespec nap = { .tv_nsec = LK_WAIT_MS * 1000000L };
	int sig = sigtimedwait(&wait->signals, NULL, &nap);

	return sig > 0 ? lk_fail(err, LK_M_INTERRUPTED, sig) : 0;
}
