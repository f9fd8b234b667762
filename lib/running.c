/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Is Lockkeeper running on this node? */
#include "lk/running.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>

#include "lk/cleanup.h"
#include "lk/poison.h"

bool lk_running(const struct lk_tree *tree)
{
	int LK_AUTO_CLOSE fd = openat(tree->fd, LK_RUNNING_FILE,
				      O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		return errno != ENOENT;
	return flock(fd, LOCK_SH | LOCK_NB) < 0;
}
