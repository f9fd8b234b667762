/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Processes as holders of marks and locks. */
#include "lk/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lk/cleanup.h"
#include "lk/poison.h"

#define ANCESTORS_MAX 4096	/* against a tree of processes that changes under our hands */

struct stat_line {
	char state;
	pid_t parent;
	unsigned long long start;
};

/* Fields 3, 4 and 22 of /proc/PID/stat. The name before them may contain blanks and parentheses. */
static int parse_stat(char *text, struct stat_line *stat)
{
	char *at = strrchr(text, ')'), *field[20], *rest;
	int n = 0;

	for (at = at ? strtok_r(at + 1, " ", &rest) : NULL; at && n < 20;
	     at = strtok_r(NULL, " ", &rest))
		field[n++] = at;
	if (n < 20)
		return -EIO;
	stat->state = field[0][0];
	stat->parent = (pid_t)strtol(field[1], NULL, 10);
	stat->start = strtoull(field[19], NULL, 10);
	return 0;
}

static int read_stat(pid_t pid, struct stat_line *stat)
{
	char path[32], text[1024];

	snprintf(path, sizeof(path), "/proc/%ld/stat", (long)pid);
	int LK_AUTO_CLOSE fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	ssize_t len = read(fd, text, sizeof(text) - 1);
	if (len < 0)
		return -errno;
	text[len] = '\0';
	return parse_stat(text, stat);
}

/* Without /proc, or when it hides the process: ask the kernel whether the id is in use. */
static bool exists(pid_t pid)
{
	return kill(pid, 0) == 0 || errno == EPERM;
}

int lk_proc_start(pid_t pid, unsigned long long *start)
{
	struct stat_line stat;

	*start = 0;
	if (pid <= 0)
		return -ESRCH;
	int rc = read_stat(pid, &stat);
	if (rc < 0)
		return exists(pid) ? rc : -ESRCH;
	if (stat.state == 'Z' || stat.state == 'X' || stat.state == 'x')
		return -ESRCH;
	*start = stat.start;
	return 0;
}

struct lk_holder lk_proc_holder(pid_t pid)
{
	struct lk_holder holder = { .pid = pid };

	if (lk_proc_start(pid, &holder.start) < 0)
		holder.start = 0;
	return holder;
}

bool lk_proc_alive(const struct lk_holder *holder)
{
	unsigned long long start;
	int rc = lk_proc_start(holder->pid, &start);

	if (rc < 0)
		return rc != -ESRCH;
	return !holder->start || holder->start == start;
}

bool lk_proc_descends(pid_t pid, pid_t ancestor)
{
	struct stat_line stat;

	for (int i = 0; pid > 0 && i < ANCESTORS_MAX; i++) {
		if (pid == ancestor)
			return true;
		if (read_stat(pid, &stat) < 0)
			return false;
		pid = stat.parent;
	}
	return false;
}
