/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unit test of lib/logger.c: a writer that keeps up, hangs, goes on, or is killed, and the end. */
#include "lk/logger.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>

#include "tap.h"
#include "tree.h"
#include "lk/story.h"
#include "lk/wait.h"
#include "lk/poison.h"

#define MANY 3000

static const char *root;

/* The texts of the whole log, cut off at size. */
static size_t read_log(char *text, size_t size)
{
	char path[128], line[LK_LOG_LINE + 64];
	size_t len = 0;

	snprintf(path, sizeof(path), "%s/" LK_LOG, root);
	FILE *file = fopen(path, "r");
	text[0] = '\0';
	while (file && fgets(line, sizeof(line), file) && len + sizeof(line) < size) {
		const char *last = strrchr(line, ':');

		len += (size_t)snprintf(text + len, size - len, "%s", last ? last + 1 : line);
	}
	if (file)
		fclose(file);
	return len;
}

/* On a slow machine the writer may need longer than it is waited for. */
static bool log_is(const char *want)
{
	static char text[20000];
	int64_t until = lk_now_ms() + 20000;

	while (read_log(text, sizeof(text)), strcmp(text, want) != 0 && lk_now_ms() < until)
		usleep(10000);
	return is(text, want, "the log has these lines");
}

static void say(const struct lk_tree *tree, const char *text)
{
	struct lk_log_line line = { .level = LK_LOG_INFO, .prog = "test", .pid = 7, .component = "c", .action = "a",
				    .tag = "t", .number = 5, .text = text };
	struct lk_err ignored;

	lk_log(tree, &line, &ignored);
}

static bool is_writer(const char *pid)
{
	char path[300], have[128] = "";

	/* it holds the directory of the tree */
	snprintf(path, sizeof(path), "/proc/%s/fd/4", pid);
	ssize_t len = readlink(path, have, sizeof(have) - 1);
	have[len > 0 ? len : 0] = '\0';
	if (strcmp(have, root) != 0)
		return false;
	snprintf(path, sizeof(path), "/proc/%s/comm", pid);
	FILE *file = fopen(path, "r");
	bool found = file && fgets(have, sizeof(have), file) && !strcmp(have, "lklog\n");
	if (file)
		fclose(file);
	return found;
}

/* 0: there is none. */
static pid_t find_writer(void)
{
	DIR *proc = opendir("/proc");
	pid_t pid = 0;

	for (struct dirent *entry = proc ? readdir(proc) : NULL; entry && !pid; entry = readdir(proc))
		if (is_writer(entry->d_name))
			pid = (pid_t)strtol(entry->d_name, NULL, 10);
	if (proc)
		closedir(proc);
	return pid;
}

/* Until there is a writer, or none any more. */
static pid_t wait_writer(bool there)
{
	int64_t until = lk_now_ms() + 20000;
	pid_t pid;

	while (((pid = find_writer()) != 0) != there && lk_now_ms() < until)
		usleep(10000);
	return pid;
}

static void check_line(struct lk_tree *tree)
{
	struct lk_story story = { .prog = "p", .node = "alpha", .subject = "s", .what = "w" };
	char path[128], line[LK_LOG_LINE + 64] = "";
	struct lk_err err;

	say(tree, "one");
	log_is("one\n");
	snprintf(path, sizeof(path), "%s/" LK_LOG, root);
	FILE *file = fopen(path, "r");
	ok(file && fgets(line, sizeof(line), file) && strlen(line) > 26 &&
	   !strcmp(line + 26, "test[7]: INFO:c:a:t:000005:one\n"), "in the format of the log");
	if (file)
		fclose(file);
	say(tree, "two\nlines");
	log_is("one\ntwo?lines\n");
	snprintf(path, sizeof(path), "%s/" LK_STORY, root);
	ok(lk_story(tree, &story, &err) == 0, "a story is told");
	say(tree, "three");
	log_is("one\ntwo?lines\nthree\n");
	ok(access(path, R_OK) == 0, "by the writer, in order");
}

static void check_child(struct lk_tree *tree)
{
	pid_t pid = fork();

	if (pid == 0) {
		say(tree, "child");
		_exit(0);
	}
	waitpid(pid, NULL, 0);
	log_is("one\ntwo?lines\nthree\nchild\n");
	say(tree, "parent");
	log_is("one\ntwo?lines\nthree\nchild\nparent\n");
}

/* More than it can hold while it hangs. */
static void check_hanging(struct lk_tree *tree)
{
	static char text[MANY * 32];
	pid_t pid = wait_writer(true);
	int64_t begun = lk_now_ms();
	char line[32];
	int n = 0;

	kill(pid, SIGSTOP);
	for (; n < MANY; n++) {
		snprintf(line, sizeof(line), "n%04d", n);
		say(tree, line);
	}
	ok(lk_now_ms() - begun < 15000, "a writer that hangs is waited for once");
	kill(pid, SIGCONT);
	/* what was kept is written, and then the next line goes through */
	int64_t until = lk_now_ms() + 20000;
	while (tree->logger->lost && lk_now_ms() < until) {
		usleep(10000);
		say(tree, "on");
	}
	size_t len = 0;
	while (tree->logger->written != tree->logger->sent && lk_now_ms() < until) {
		usleep(100000);
		say(tree, "more");
	}
	say(tree, "end");
	while ((len = read_log(text, sizeof(text))) < 5 ||
	       (strcmp(text + len - 5, "\nend\n") != 0 && lk_now_ms() < until))
		usleep(10000);
	ok(strstr(text, "parent\nn0000\nn0001\n"), "what it could take is not lost");
	const char *lost = strstr(text, " lines of the log are missing here");
	ok(lost && strstr(lost, "\non\n"), "the others are counted, before the next line");
	ok(len > 5 && !strcmp(text + len - 5, "\nend\n"), "then all is as before");
}

static void check_killed(struct lk_tree *tree)
{
	pid_t pid = wait_writer(true);

	tap_write(root, LK_LOG, "", 0644);
	usleep(1100000);	/* it is not replaced more than once a second */
	kill(pid, SIGKILL);
	ok(wait_writer(false) == 0, "the writer is killed");
	say(tree, "after");
	log_is("after\n");
	pid_t next = wait_writer(true);
	ok(next > 0 && next != pid, "by another writer");
	kill(next, SIGKILL);
	wait_writer(false);
	say(tree, "direct");
	log_is("after\ndirect\n");
}

static void check_end(struct lk_tree *tree)
{
	struct lk_logger logger;

	lk_logger_close(tree->logger, tree);
	tap_write(root, LK_LOG, "", 0644);
	lk_logger_open(&logger, tree);
	pid_t pid = wait_writer(true);
	say(tree, "first");
	kill(pid, SIGSTOP);
	say(tree, "second");
	int64_t begun = lk_now_ms();
	lk_logger_close(&logger, tree);
	ok(lk_now_ms() - begun < 15000, "a writer that hangs does not keep us from our end");
	log_is("first\n");
	ok(!tree->logger, "there is no logger any more");
	kill(pid, SIGTERM);
	kill(pid, SIGCONT);
	ok(wait_writer(false) == 0, "and the writer ends");
	log_is("first\nsecond\n");
}

int main(void)
{
	struct lk_logger logger;
	struct lk_tree tree;
	struct lk_err err;

	alarm(240);
	root = tap_tree();
	if (lk_tree_open(&tree, &err) < 0)
		return 99;
	lk_logger_open(&logger, &tree);
	check_line(&tree);
	check_child(&tree);
	check_hanging(&tree);
	check_killed(&tree);
	check_end(&tree);
	lk_tree_close(&tree);
	tap_clean(root);
	return tap_done();
}
