/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The few lines a unit test needs: numbered TAP results, and a tree of its own. */
#ifndef LK_TAP_H
#define LK_TAP_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define TAP_OK(tap, good, ...) tap_result((tap), (good), __FILE__, __LINE__, __VA_ARGS__)

struct tap {
	unsigned run, failed;
};

__attribute__((format(printf, 5, 6)))
static inline bool tap_result(struct tap *tap, bool good, const char *file, int line,
			      const char *fmt, ...)
{
	va_list args;

	printf("%sok %u - ", good ? "" : "not ", ++tap->run);
	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
	putchar('\n');
	if (!good) {
		tap->failed++;
		printf("# %s:%d\n", file, line);
	}
	fflush(stdout);
	return good;
}

static inline int tap_end(const struct tap *tap)
{
	printf("1..%u\n", tap->run);
	return tap->failed != 0;
}

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
