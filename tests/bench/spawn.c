// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Measure what starting commands costs. The plan on stdin has one command per line, its fields
 * separated by TABs: label, $LKROOT ("-": unset), program, arguments. "@" in an argument stands for
 * the number of the run. All commands run once per round, in a random order, so that a slow
 * moment of the machine hits all alike.
 *
 * Program ":replace" FILE is no command but what any durable change must cost: a file as long as
 * FILE, written beside it, fsync, rename, fsync of the directory.
 *
 * Prints label, median, 10th and 90th percentile in microseconds, separated by TABs.
 */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lk/poison.h"

#define ENTRIES 64
#define WORDS 32
#define WORD 512
#define WARMUP 5

struct entry {
	char *label, *root, *word[WORDS + 1];
	double *us;
};

struct bench {
	struct entry entry[ENTRIES];
	unsigned n, runs;
	posix_spawn_file_actions_t files;
};

static void die(const char *what, const char *why)
{
	fprintf(stderr, "spawn: %s: %s\n", what, why);
	exit(1);
}

static void must(bool good, const char *what)
{
	if (!good)
		die(what, strerror(errno));
}

static double now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e6 + (double)ts.tv_nsec / 1e3;
}

static void read_plan(struct bench *b)
{
	char *line = NULL;
	size_t cap = 0;

	while (getline(&line, &cap, stdin) > 0) {
		struct entry *e = &b->entry[b->n++];
		char *rest = line;

		line[strcspn(line, "\n")] = '\0';
		if (b->n == ENTRIES)
			die("plan", "too many lines");
		e->label = strsep(&rest, "\t");
		e->root = strsep(&rest, "\t");
		for (int i = 0; rest && i < WORDS; i++)
			e->word[i] = strsep(&rest, "\t");
		e->us = calloc(b->runs, sizeof(*e->us));
		if (!e->word[0] || rest || !e->us)
			die(e->label, "bad line");
		line = NULL;
		cap = 0;
	}
}

/* A copy of word with "@" replaced by the number of the run. */
static char *expand(const char *word, int run, char text[static WORD])
{
	int head = (int)strcspn(word, "@");

	if (!word[head])
		snprintf(text, WORD, "%s", word);
	else
		snprintf(text, WORD, "%.*s%d%s", head, word, run, word + head + 1);
	return text;
}

static double time_command(const struct bench *b, const struct entry *e, int run)
{
	char text[WORDS][WORD], *argv[WORDS + 1] = { NULL };
	int status, rc;
	pid_t pid;

	for (int i = 0; e->word[i]; i++)
		argv[i] = expand(e->word[i], run, text[i]);
	if (strcmp(e->root, "-") != 0)
		must(setenv("LKROOT", e->root, 1) == 0, "setenv");
	else
		unsetenv("LKROOT");

	double start = now_us();
	rc = posix_spawn(&pid, argv[0], &b->files, NULL, argv, environ);
	if (rc)
		die(argv[0], strerror(rc));
	while (waitpid(pid, &status, 0) < 0)
		must(errno == EINTR, "waitpid");
	double end = now_us();

	if (status != 0)
		die(e->label, "the command failed: figures would mean nothing");
	return end - start;
}

/* Write data durably as path, by way of temp. */
static void replace(const char *path, const char *temp, const char *dir, const char *data,
		    size_t len)
{
	int fd = open(temp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);

	must(fd >= 0 && write(fd, data, len) == (ssize_t)len, temp);
	must(fsync(fd) == 0 && close(fd) == 0 && rename(temp, path) == 0, temp);
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	must(fd >= 0 && fsync(fd) == 0 && close(fd) == 0, dir);
}

static double time_replace(const struct entry *e)
{
	const char *like = e->word[1];
	char path[WORD], temp[WORD], dir[WORD];
	struct stat st;

	snprintf(path, sizeof(path), "%s.floor", like);
	snprintf(temp, sizeof(temp), "%s.temp", like);
	snprintf(dir, sizeof(dir), "%.*s", (int)(strrchr(like, '/') - like), like);
	must(stat(like, &st) == 0, like);
	char *data = calloc(1, (size_t)st.st_size);
	must(data, "memory");

	double start = now_us();
	replace(path, temp, dir, data, (size_t)st.st_size);
	double end = now_us();
	free(data);
	return end - start;
}

static void shuffle(unsigned *order, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		order[i] = i;
	for (unsigned i = n; i > 1; i--) {
		unsigned k = (unsigned)rand() % i, swap = order[k];

		order[k] = order[i - 1];
		order[i - 1] = swap;
	}
}

static void measure(struct bench *b)
{
	unsigned order[ENTRIES];

	for (int run = -WARMUP; run < (int)b->runs; run++) {
		shuffle(order, b->n);
		for (unsigned i = 0; i < b->n; i++) {
			struct entry *e = &b->entry[order[i]];
			double us = e->word[0][0] == ':' ? time_replace(e)
							 : time_command(b, e, run + WARMUP);
			if (run >= 0)
				e->us[run] = us;
		}
	}
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void report(const struct bench *b)
{
	for (unsigned i = 0; i < b->n; i++) {
		const struct entry *e = &b->entry[i];

		qsort(e->us, b->runs, sizeof(*e->us), by_size);
		printf("%s\t%.1f\t%.1f\t%.1f\n", e->label, e->us[b->runs / 2],
		       e->us[b->runs / 10], e->us[b->runs * 9 / 10]);
	}
}

int main(int argc, char **argv)
{
	struct bench b = { .runs = argc == 2 ? (unsigned)strtoul(argv[1], NULL, 10) : 0 };
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

	if (!b.runs)
		die("usage", "spawn RUNS <plan");
	must(null >= 0, "/dev/null");
	posix_spawn_file_actions_init(&b.files);
	posix_spawn_file_actions_adddup2(&b.files, null, STDOUT_FILENO);
	read_plan(&b);
	measure(&b);
	report(&b);
	return fflush(stdout) ? 1 : 0;
}
