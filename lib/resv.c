/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Respecting what other processes have reserved. */
#include "lk/resv.h"

#include <unistd.h>

#include "lk/limits.h"
#include "lk/proc.h"
#include "lk/tunable.h"
#include "lk/poison.h"

bool lk_holder_foreign(const struct lk_holder *holder)
{
	return holder->pid && lk_proc_alive(holder) && !lk_proc_descends(getpid(), holder->pid);
}

int lk_resv_nap(struct lk_resv_wait *wait, const struct lk_tree *tree, const char *tag, pid_t pid,
		struct lk_err *err)
{
	unsigned long long seconds = LK_RESERVE_SECONDS;

	if (!wait->deadline) {
		int rc = lk_tunable_number(tree, "RESERVETIMEOUT", 0, LK_INTERVAL_MAX, &seconds,
					   err);
		if (rc < 0)
			return rc;
		wait->deadline = lk_now_ms() + (int64_t)seconds * 1000;
		lk_notice(wait->notice, "waiting for process %ld, which has \"%s\" reserved",
			  (long)pid, tag);
	}
	if (lk_now_ms() >= wait->deadline)
		return 0;
	int rc = lk_wait_nap(&wait->wait, err);
	return rc < 0 ? rc : 1;
}
