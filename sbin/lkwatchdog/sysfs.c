/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where a watchdog device is in sysfs. */
#include <stdio.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "look.h"
#include "lk/poison.h"

/* /dev/watchdog is an old name, of its own numbers, of the first one. */
bool sysfs_directory(const char *path, char *dir, size_t size)
{
	struct stat st;

	if (stat(path, &st) < 0 || !S_ISCHR(st.st_mode))
		return false;
	if (major(st.st_rdev) == 10 && minor(st.st_rdev) == 130)
		snprintf(dir, size, "/sys/class/watchdog/watchdog0");
	else
		snprintf(dir, size, "/sys/dev/char/%u:%u", major(st.st_rdev), minor(st.st_rdev));
	return true;
}
