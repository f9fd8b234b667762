/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the crash tests share: trees kept in memory, running and tracing commands, the reader. */
#ifndef LAB_H
#define LAB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "lk/buf.h"
#include "lk/err.h"

/* A directory with all that is in it, kept in memory. Parents come before what they contain. */
struct lab_file {
	char *path;	/* relative */
	bool dir;
	char *data;
	size_t len;
};

struct lab_tree {
	struct lab_file *file;
	size_t n;
};

void lab_load(const char *root, struct lab_tree *tree);
void lab_store(const char *root, const struct lab_tree *tree);	/* replaces what is there */
void lab_tree_free(struct lab_tree *tree);

/* A new empty directory for the test, removed by lab_leave(). fast: in memory if possible. */
const char *lab_enter(bool fast);
void lab_leave(void);
void lab_wipe(const char *root);

/* Point $LKROOT to root. */
void lab_use(const char *root);

/* The whole database as text, read like any reader does. 0, or the negative exit code. */
int lab_dump(struct lk_buf *text, struct lk_err *err);

/* Is there a file whose name ends like this anywhere below root? */
bool lab_has(const char *root, const char *ending);

/* A command line (split at blanks; the program is looked up in $LK_BIN and $LK_BUILD/tests/crash). */
#define LAB_ARGS 24
struct lab_line {
	char text[512];
	char *argv[LAB_ARGS + 1];
};
void lab_split(struct lab_line *line, const char *text);

/* Run it to its end, silent. Its exit code, or -1 when it died by a signal. */
int lab_run(const char *text);
/* Start it; the process id. */
pid_t lab_start(const char *text);

/* ---- tracing ---- */
struct lab_stop {
	pid_t pid;
	bool entry;
	long nr;
	uint64_t arg[6];
	int64_t result;		/* on exit from the call */
};

struct lab_end {
	bool killed;
	bool acknowledged;	/* it had entered exit_group(0) */
	int code;		/* exit code when not killed */
	unsigned stops;		/* system call stops since it first opened the tree */
};

/* Run it under ptrace and call stop() on entry to and exit from every system call from the opening of
 * the tree on; the command is killed there when stop() returns true. */
typedef bool lab_stop_fn(void *arg, const struct lab_stop *stop);
void lab_trace(const char *text, const char *root, lab_stop_fn *stop, void *arg,
	       struct lab_end *end);

/* Memory and strings of the stopped process. */
size_t lab_peek(pid_t pid, uint64_t addr, void *data, size_t len);
void lab_peek_text(pid_t pid, uint64_t addr, char *text, size_t size);

/* Seconds on the monotonic clock. */
double lab_now(void);

/* A whole number from the environment, else the default. */
unsigned lab_setting(const char *name, unsigned otherwise);

/* Fixtures: the tree of root becomes ... */
void lab_fixture_empty(const char *root);	/* directories and nothing else */
void lab_fixture_full(const char *root);	/* types, instances, dependencies, equivalencies */

#endif
