/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Programs of Lockkeeper that other ones start. */
#include "lk/program.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lk/msg.h"
#include "lk/poison.h"

bool lk_program_base(char *base, size_t size)
{
	ssize_t len = readlink("/proc/self/exe", base, size - 1);

	if (len <= 0 || (size_t)len == size - 1)
		return false;
	base[len] = '\0';
	for (int i = 0; i < 2; i++) {
		char *slash = strrchr(base, '/');

		if (!slash)
			return false;
		*slash = '\0';
	}
	return true;
}

/* 0, or why it cannot be executed. */
static int why_not(const char *path)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return errno;
	if (!S_ISREG(st.st_mode))
		return EACCES;
	return access(path, X_OK) < 0 ? errno : 0;
}

int lk_program_find(const struct lk_tree *tree, const char *name, char path[static LK_PROGRAM_MAX],
		    struct lk_err *err)
{
	char base[4096];
	int why;

	if (name[0] == '/')
		snprintf(path, LK_PROGRAM_MAX, "%s", name);
	else
		snprintf(path, LK_PROGRAM_MAX, "%s/%s", tree->root, name);
	why = why_not(path);
	if (why == ENOENT && name[0] != '/' && lk_program_base(base, sizeof(base))) {
		snprintf(path, LK_PROGRAM_MAX, "%s/%s", base, name);
		why = why_not(path);
	}
	return why ? lk_fail(err, LK_M_NO_PROGRAM, name, strerror(why)) : 0;
}
