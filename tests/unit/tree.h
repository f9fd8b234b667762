/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A tree of its own for a unit test. */
#ifndef TEST_TREE_H
#define TEST_TREE_H

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* A new directory with etc/default, out, run, tmp and config, as $LKROOT; its name. */
static inline const char *tap_tree(void)
{
	static const char *const dirs[] = { "etc", "etc/default", "config", "out", "run", "tmp",
					    "subsys" };
	static char root[] = "/tmp/lk-unit.XXXXXX";
	char path[64];

	if (!mkdtemp(root) || setenv("LKROOT", root, 1) < 0)
		exit(99);
	for (size_t i = 0; i < sizeof(dirs) / sizeof(*dirs); i++) {
		snprintf(path, sizeof(path), "%s/%s", root, dirs[i]);
		if (mkdir(path, 0755) < 0)
			exit(99);
	}
	return root;
}

/* Write a file of the tree. */
static inline void tap_write(const char *root, const char *name, const char *text, mode_t mode)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/%s", root, name);
	FILE *f = fopen(path, "w");
	if (!f || fputs(text, f) < 0 || fclose(f) != 0 || chmod(path, mode) < 0)
		exit(99);
}

/* Remove the tree. */
static inline void tap_clean(const char *root)
{
	pid_t pid = fork();

	if (pid == 0) {
		execlp("rm", "rm", "-rf", root, (char *)NULL);
		_exit(127);
	}
	if (pid > 0)
		waitpid(pid, NULL, 0);
}

#endif
