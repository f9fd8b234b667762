/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A reboot of this system as the last resort: starting it, and telling whether it is called off. */
#include "lk/reboot.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lk/cleanup.h"
#include "lk/detach.h"
#include "lk/name.h"
#include "lk/program.h"
#include "lk/tagfile.h"
#include "lk/poison.h"

static _Noreturn void become(const char *path, char *const *argv)
{
	sigset_t none;

	sigemptyset(&none);
	if (lk_detach(NULL, 0) && sigprocmask(SIG_SETMASK, &none, NULL) == 0)
		execv(path, argv);
	_exit(127);
}

int lk_reboot_start(const struct lk_tree *tree, const struct lk_reboot *reboot, struct lk_err *err)
{
	char path[LK_PROGRAM_MAX], seconds[LK_NUMBER_TEXT], pid[LK_NUMBER_TEXT];
	char *argv[] = { "lk_reboot", "-w", seconds, "-r", (char *)reboot->reason,
			 reboot->tag ? "-t" : NULL, (char *)reboot->tag, "-p", pid, NULL };
	int rc = lk_program_find(tree, LK_REBOOT, path, err);

	if (rc < 0)
		return rc;
	lk_format_number(reboot->seconds, seconds);
	lk_format_number((unsigned long long)getpid(), pid);
	pid_t child = fork();
	if (child == 0)
		become(path, argv);
	return child < 0 ? lk_fail_errno(err, errno, "fork") : 0;
}

/* ---- the mark: the process id, in the file that is the lock of the recovery ---- */

int lk_reboot_mark(int fd, bool set, struct lk_err *err)
{
	char pid[LK_NUMBER_TEXT];

	if (ftruncate(fd, 0) < 0)
		return lk_fail_errno(err, errno, LK_REBOOT_MARKS);
	if (!set)
		return 0;
	lk_format_number((unsigned long long)getpid(), pid);
	ssize_t len = (ssize_t)strlen(pid), done = pwrite(fd, pid, (size_t)len, 0);
	if (done < 0)
		return lk_fail_errno(err, errno, LK_REBOOT_MARKS);
	return done == len ? 0 : lk_fail_errno(err, ENOSPC, LK_REBOOT_MARKS);
}

bool lk_reboot_marked(const struct lk_tree *tree, const char *tag, pid_t pid)
{
	char name[LK_TAGFILE_MAX], path[LK_TAGFILE_MAX + sizeof(LK_REBOOT_MARKS)], text[64];
	unsigned long long number;

	lk_tag_file(tag, name);
	snprintf(path, sizeof(path), LK_REBOOT_MARKS "/%s", name);
	int LK_AUTO_CLOSE fd = openat(tree->fd, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	ssize_t len = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	if (len <= 0)
		return false;
	text[len] = '\0';
	return lk_is_number(text, 1, 1ULL << 31, &number) && (pid_t)number == pid;
}
