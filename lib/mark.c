/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Marks that count as long as a process lives. */
#include "lk/mark.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "lk/cleanup.h"
#include "lk/proc.h"
#include "lk/poison.h"

bool lk_mark_set(const struct lk_tree *tree, const char *path, const char *temp)
{
	struct lk_holder self = lk_proc_holder(getpid());
	int LK_AUTO_CLOSE fd = openat(tree->fd, temp, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0640);

	return fd >= 0 && dprintf(fd, "%ld:%llu\n", (long)self.pid, self.start) > 0 &&
	       renameat(tree->fd, temp, tree->fd, path) == 0;
}

bool lk_mark_counts(const struct lk_tree *tree, const char *path)
{
	struct lk_holder holder = { 0 };
	char text[64];
	long pid;

	int LK_AUTO_CLOSE fd = openat(tree->fd, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	ssize_t len = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	if (len <= 0)
		return false;
	text[len] = '\0';
	if (sscanf(text, "%ld:%llu", &pid, &holder.start) != 2 || pid <= 0)
		return false;
	holder.pid = (pid_t)pid;
	return lk_proc_alive(&holder);
}
