/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Child processes that outlive the one that forked them. */
#include "lk/detach.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/syscall.h>
#include <syslog.h>
#include <unistd.h>

#include "lk/poison.h"

void lk_close_from(int first)
{
#ifdef SYS_close_range
	if (syscall(SYS_close_range, first, ~0U, 0) == 0)
		return;
#endif
	long max = sysconf(_SC_OPEN_MAX);

	for (int fd = first; fd < (max > 0 && max < 65536 ? max : 65536); fd++)
		close(fd);
}

void lk_reset_signals(void)
{
	struct sigaction normal = { .sa_handler = SIG_DFL };
	sigset_t none;

	for (int sig = 1; sig < NSIG; sig++)
		sigaction(sig, &normal, NULL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

bool lk_detach(const int *keep, size_t n)
{
	int high[LK_DETACH_MAX], null;

	if (n > LK_DETACH_MAX)
		return false;
	closelog();	/* it would go on using its descriptor, whatever that is by then */
	setsid();
	for (size_t i = 0; i < n; i++) {
		high[i] = fcntl(keep[i], F_DUPFD_CLOEXEC, LK_DETACH_FIRST + LK_DETACH_MAX);
		if (high[i] < 0)
			return false;
	}
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	for (int fd = 0; fd < LK_DETACH_FIRST; fd++)
		if (null < 0 || (null == fd ? fcntl(fd, F_SETFD, 0) : dup2(null, fd)) < 0)
			return false;
	for (size_t i = 0; i < n; i++)
		if (dup3(high[i], LK_DETACH_FIRST + (int)i, O_CLOEXEC) < 0)
			return false;
	lk_close_from(LK_DETACH_FIRST + (int)n);
	return chdir("/") == 0;
}
