/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the kernel tells of a watchdog device without its being opened. Older kernels lack some or all of it. */
#include "look.h"

#include <fcntl.h>
#include <linux/watchdog.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lk/cleanup.h"
#include "lk/poison.h"

/* The line of an attribute; false if there is none. */
static bool get(const char *dir, const char *name, char *text, size_t size)
{
	char path[1100];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	int LK_AUTO_CLOSE fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, size - 1);
	if (n <= 0)
		return false;
	text[n] = '\0';
	text[strcspn(text, "\n")] = '\0';
	return true;
}

static bool get_number(const char *dir, const char *name, unsigned long *number)
{
	char text[40], *end;

	if (!get(dir, name, text, sizeof(text)))
		return false;
	*number = strtoul(text, &end, 0);
	return end != text && !*end;
}

void look_at(const char *path, struct look *look)
{
	unsigned long number;
	char dir[1024], state[40];

	*look = (struct look){ .active = true, .nowayout = -1 };
	if (!sysfs_directory(path, dir, sizeof(dir)))
		return;
	if (get_number(dir, "timeout", &number) && number && number <= 1000000) {
		look->known = true;
		look->timeout = (unsigned)number;
	}
	if (get_number(dir, "min_timeout", &number) && number <= 1000000)
		look->least = (unsigned)number;
	if (get_number(dir, "options", &number))
		look->fixed = look->known && !(number & WDIOF_SETTIMEOUT);
	if (get_number(dir, "nowayout", &number))
		look->nowayout = number != 0;
	look->active = !get(dir, "state", state, sizeof(state)) || strcmp(state, "inactive") != 0;
	if (!get(dir, "identity", look->identity, sizeof(look->identity)))
		look->identity[0] = '\0';
}
