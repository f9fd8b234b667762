/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * stuckdir DIRECTORY: whoever opens a file there waits, as on a disk that does not answer, until this
 * program ends. It says "stuck" when that begins. Needs root.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/fanotify.h>
#include <unistd.h>

#include "lk/poison.h"

int main(int argc, char **argv)
{
	int fd = argc == 2 ? fanotify_init(FAN_CLASS_CONTENT | FAN_CLOEXEC, O_RDONLY) : -1;

	if (fd < 0 || fanotify_mark(fd, FAN_MARK_ADD, FAN_OPEN_PERM | FAN_EVENT_ON_CHILD, AT_FDCWD, argv[1]) < 0) {
		perror("stuckdir");
		return 1;
	}
	puts("stuck");
	fflush(stdout);
	for (;;)
		pause();
}
