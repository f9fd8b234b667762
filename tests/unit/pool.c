/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lib/pool.c: many scripts at once, their output, their limits. */
#include "lk/pool.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "tap.h"
#include "tree.h"
#include "lk/spawn.h"
#include "lk/wait.h"
#include "lk/poison.h"

#define CAP 40

struct fixture {
	const char *root;
	struct lk_tree tree;
	struct lk_pool pool;
	struct lk_pool_end end[CAP];
	struct lk_err err;
	char last[5000];
	size_t bytes, lines;
};

static char *argv[] = { (char[]){ "x" }, NULL };

static void on_line(void *arg, const char *text)
{
	struct fixture *f = arg;

	f->lines++;
	f->bytes += strlen(text);
	snprintf(f->last, sizeof(f->last), "%s", text);
}

static void start(struct fixture *f, unsigned id, const char *script, unsigned seconds)
{
	struct lk_pool_job job = { .id = id, .path = "tmp/script", .argv = argv,
				   .seconds = seconds, .line = on_line, .arg = f };

	tap_write(f->root, "tmp/script", script, 0755);
	f->lines = f->bytes = 0;
	f->last[0] = '\0';
	if (lk_pool_start(&f->pool, &job, &f->err) < 0)
		diag("%s", f->err.text);
}

static const struct lk_script_end *run(struct fixture *f, const char *script, unsigned seconds)
{
	start(f, 7, script, seconds);
	return lk_pool_wait(&f->pool, -1, f->end) == 1 && f->end[0].id == 7 ? &f->end[0].end : NULL;
}

static void open_pool(struct fixture *f)
{
	if (lk_pool_open(&f->pool, &f->tree, "test", CAP, &f->err) < 0)
		diag("%s", f->err.text);
}

static void check_watch(void)
{
	int fd = lk_child_watch(getpid());

	ok(fd >= 0 || errno == ENOSYS, "the kernel tells when a child ends");
	if (fd >= 0)
		close(fd);
}

static void check_ends(struct fixture *f)
{
	ok(run(f, "#!/bin/sh\nexit 5\n", 0)->code == 5, "an exit code");
	ok(run(f, "#!/bin/sh\nkill -9 $$\n", 0)->code == 137, "a signal");
	ok(run(f, "", 0)->code == 126 && strstr(f->end[0].end.reason, "cannot be executed"),
	   "an empty file cannot be executed");
	ok(lk_pool_wait(&f->pool, -1, f->end) == 0, "with none running there is nothing to wait for");
	start(f, 1, "#!/bin/sh\nsleep 30\n", 0);
	ok(lk_pool_wait(&f->pool, 20, f->end) == 0, "waiting for some time only");
}

static void check_many(struct fixture *f)
{
	unsigned seen = 0, n = 0;

	tap_write(f->root, "tmp/script", "#!/bin/sh\nexit 0\n", 0755);
	for (unsigned i = f->pool.n ? 1 : 0; i < CAP; i++) {
		struct lk_pool_job job = { .id = i, .path = "tmp/script", .argv = argv };

		n += lk_pool_start(&f->pool, &job, &f->err) == 0;
	}
	struct lk_pool_job more = { .id = CAP, .path = "tmp/script", .argv = argv };
	ok(f->pool.n == CAP && lk_pool_start(&f->pool, &more, &f->err) < 0,
	   "not more than the pool has room for");
	while (seen < n)
		seen += (unsigned)lk_pool_wait(&f->pool, 30000, f->end);
	ok(seen == n && f->pool.n == 1, "%u at once, and each has its end", n);
	lk_pool_close(&f->pool);
	ok(!f->pool.n, "closing ends the one that sleeps");
	open_pool(f);
}

static void check_output(struct fixture *f)
{
	run(f, "#!/bin/sh\necho one\necho two >&2\n", 0);
	ok(f->lines == 2 && !strcmp(f->last, "two"), "both kinds of output are read");
	run(f, "#!/bin/sh\nprintf 'no newline'\n", 0);
	ok(f->lines == 1 && !strcmp(f->last, "no newline"), "a last line without newline");
	run(f, "#!/bin/sh\nhead -c 10000 /dev/zero | tr '\\0' x\n", 0);
	ok(f->bytes == 10000 && f->lines == 3, "a long line is cut, not lost");
	run(f, "#!/bin/sh\nhead -c 300000 /dev/zero | tr '\\0' '\\n'; echo end\n", 0);
	ok(f->lines == 1 && !strcmp(f->last, "end"), "empty lines do not count");
	run(f, "#!/bin/sh\nprintf 'a\\000b\\n'\n", 0);
	is(f->last, "a?b", "a NUL byte does not end the line");
}

/* Whether the file comes into being within ten seconds. */
static bool appears(const struct fixture *f, const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", f->root, name);
	for (int i = 0; i < 1000 && access(path, F_OK) < 0; i++)
		usleep(10000);
	return access(path, F_OK) == 0;
}

/* It writes more than a pipe holds after its script has ended. */
static void check_left_behind(struct fixture *f)
{
	int64_t begin = lk_now_ms();

	run(f, "#!/bin/sh\n(while [ ! -e tmp/go ]; do sleep 0.01; done\n"
	    "head -c 200000 /dev/zero; echo; : >tmp/alive; sleep 60) &\necho $$\n", 0);
	ok(f->end[0].end.code == 0 && lk_now_ms() - begin < 30000,
	   "a process left behind does not hold up the end");
	tap_write(f->root, "tmp/go", "", 0644);
	ok(appears(f, "tmp/alive"), "nor does its output hang or kill it");
	kill(-(pid_t)strtol(f->last, NULL, 10), SIGKILL);
}

static void check_limits(struct fixture *f)
{
	ok(run(f, "#!/bin/sh\nsleep 60 & sleep 60\n", 1)->timed_out && f->end[0].end.code == 143,
	   "the time limit ends it");
	ok(run(f, "#!/bin/sh\ntrap : TERM\nwhile :; do sleep 0.1; done\n", 1)->code == 137,
	   "and kills it if it does not heed TERM");
	is(f->end[0].end.reason, "not finished after 1 s", "the reason");
	ok(run(f, "#!/bin/sh\nyes\n", 1)->timed_out, "also one that never stops writing");
}

/* Interrupted, but done: what it has started stays. */
static void check_interrupted_daemon(struct fixture *f)
{
	start(f, 1, "#!/bin/sh\ntrap 'echo $$; exit 0' TERM\n"
	      "(trap : TERM; while [ ! -e tmp/go2 ]; do sleep 0.01; done; : >tmp/stayed) &\n"
	      "sleep 0.2; : >tmp/begun4\nwhile :; do sleep 0.02; done\n", 0);
	ok(appears(f, "tmp/begun4"), "a script with a daemon runs");
	kill(getpid(), SIGTERM);
	ok(lk_pool_wait(&f->pool, -1, f->end) == 1 && !f->end[0].end.code,
	   "interrupted, it succeeds all the same");
	tap_write(f->root, "tmp/go2", "", 0644);
	ok(appears(f, "tmp/stayed"), "its daemon stays");
}

static void check_signals(struct fixture *f)
{
	start(f, 1, "#!/bin/sh\ntrap 'exit 3' TERM\n: >tmp/begun1\nwhile :; do sleep 0.02; done\n", 0);
	ok(appears(f, "tmp/begun1"), "one script runs");
	start(f, 2, "#!/bin/sh\ntrap 'exit 0' TERM\n: >tmp/begun2\nwhile :; do sleep 0.02; done\n", 0);
	ok(appears(f, "tmp/begun2"), "and another");
	kill(getpid(), SIGTERM);
	size_t n = 0;
	while (n < 2)
		n += lk_pool_wait(&f->pool, -1, f->end + n);
	ok(lk_pool_interrupted(&f->pool) == SIGTERM, "TERM is noticed");
	const struct lk_pool_end *first = &f->end[f->end[0].id == 1 ? 0 : 1];
	const struct lk_pool_end *second = &f->end[f->end[0].id == 1 ? 1 : 0];
	ok(first->end.code == 3 && first->end.interrupted == SIGTERM &&
	   !strcmp(first->end.reason, "interrupted by signal 15"), "it is passed on to the first");
	ok(second->end.code == 0, "and to the second, which then succeeds");
	lk_pool_close(&f->pool);
	open_pool(f);
	check_interrupted_daemon(f);
}

/* A pool in a process of its own that is killed: its scripts get TERM. */
static void check_killed(struct fixture *f)
{
	pid_t pid = fork();

	if (pid == 0) {
		open_pool(f);
		start(f, 1, "#!/bin/sh\ntrap ': >tmp/told; exit' TERM\n: >tmp/begun3\n"
		      "while :; do sleep 0.02; done\n", 0);
		lk_pool_wait(&f->pool, -1, f->end);
		_exit(0);
	}
	ok(appears(f, "tmp/begun3"), "a script of another process runs");
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	ok(appears(f, "tmp/told"), "that process is killed: the script gets TERM");
}

int main(void)
{
	struct fixture f = { .root = tap_tree() };

	alarm(120);
	signal(SIGTERM, SIG_DFL);
	if (lk_tree_open(&f.tree, &f.err) < 0)
		return 99;
	open_pool(&f);
	check_watch();
	check_ends(&f);
	check_many(&f);
	check_output(&f);
	check_left_behind(&f);
	check_limits(&f);
	check_signals(&f);
	lk_pool_close(&f.pool);
	check_killed(&f);
	lk_tree_close(&f.tree);
	tap_clean(f.root);
	return tap_done();
}
