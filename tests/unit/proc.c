/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unit test of lib/proc.c. */
#include "lk/proc.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tap.h"
#include "lk/poison.h"

/* A child that sleeps until it is killed. Its name tries to confuse the reader of /proc. */
static pid_t new_child(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		prctl(PR_SET_NAME, "x) R 1 (y");
		for (;;)
			pause();
	}
	return pid;
}

int main(void)
{
	unsigned long long start, again;
	pid_t pid = new_child();

	ok(lk_proc_start(getpid(), &start) == 0 && start, "our start time");
	ok(lk_proc_start(pid, &start) == 0 && lk_proc_start(pid, &again) == 0 &&
	       start && start == again, "a child's start time is stable");
	usleep(50000);	/* it has its new name now */
	ok(lk_proc_start(pid, &again) == 0 && start == again,
	       "a name with blanks and parentheses does not matter");

	struct lk_holder holder = lk_proc_holder(pid);
	struct lk_holder other = { .pid = pid, .start = start + 1 }, unknown = { .pid = pid };
	ok(holder.pid == pid && holder.start == start, "a holder has its start time");
	ok(lk_proc_alive(&holder), "a holder that runs is alive");
	ok(lk_proc_alive(&unknown), "so is one whose start time is not known");
	ok(!lk_proc_alive(&other), "another process of the same id is not the holder");

	ok(lk_proc_descends(pid, getpid()), "a child descends from its parent");
	ok(lk_proc_descends(pid, pid), "a process counts as its own ancestor");
	ok(lk_proc_descends(pid, getppid()), "a child descends from its grandparent");
	ok(!lk_proc_descends(getpid(), pid), "a parent does not descend from its child");
	ok(!lk_proc_descends(pid, 0) && !lk_proc_descends(0, 0),
	       "process 0 is nobody's ancestor");

	kill(pid, SIGKILL);
	siginfo_t info;
	waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT);
	ok(!lk_proc_alive(&holder) && !lk_proc_alive(&unknown), "a zombie is dead");
	waitpid(pid, NULL, 0);
	ok(!lk_proc_alive(&holder), "a process that is gone is dead");
	ok(lk_proc_start(pid, &start) == -ESRCH && start == 0,
	       "its start time cannot be had");
	return tap_done();
}
