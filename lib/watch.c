/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Processes that a kit has registered. */
#include "lk/watch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lk/buf.h"
#include "lk/cleanup.h"
#include "lk/limits.h"
#include "lk/msg.h"
#include "lk/name.h"
#include "lk/proc.h"
#include "lk/tagfile.h"
#include "lk/poison.h"

static void file_name(const char *tag, char path[static LK_PATH_MAX])
{
	char name[LK_TAGFILE_MAX];

	lk_tag_file(tag, name);
	snprintf(path, LK_PATH_MAX, LK_WATCH_DIR "/%s", name);
}

/* Process ids and start times count from the start of the machine. */
static void this_boot(char boot[static LK_WATCH_BOOT])
{
	FILE LK_AUTO_FILE *file = fopen("/proc/sys/kernel/random/boot_id", "re");

	if (!file || !fgets(boot, LK_WATCH_BOOT, file))
		boot[0] = '\0';
	boot[strcspn(boot, "\n")] = '\0';
	if (!*boot)
		snprintf(boot, LK_WATCH_BOOT, "-");
}

/* ---- reading ---- */

/* "pid start boot"; false: damaged. */
static bool take_line(char *line, const char *boot, struct lk_watch *watch)
{
	char *rest, *word[3];
	unsigned long long number[2];

	for (int i = 0; i < 3; i++)
		word[i] = strtok_r(i ? NULL : line, " ", &rest);
	if (!word[2] || !lk_is_number(word[0], 1, LK_PID_MAX, &number[0]) ||
	    !lk_is_number(word[1], 0, UINT64_MAX / 2, &number[1]) || watch->n == LK_WATCH_MAX)
		return false;
	if (!strcmp(word[2], boot))
		watch->process[watch->n++] = (struct lk_holder){ .pid = (pid_t)number[0],
								 .start = number[1] };
	return true;
}

static int parse(char *text, const char *path, struct lk_watch *watch, struct lk_err *err)
{
	char boot[LK_WATCH_BOOT], *rest = NULL, *line = strtok_r(text, "\n", &rest);
	struct lk_err ignored;
	unsigned n = 1;

	this_boot(boot);
	if (!line || lk_check_tag(line, &ignored) < 0)
		return lk_fail(err, LK_M_DAMAGED, path, n, "a tag is needed");
	while ((n++, text = strtok_r(NULL, "\n", &rest)))
		if (!take_line(text, boot, watch))
			return lk_fail(err, LK_M_DAMAGED, path, n, "a process, its start and the boot are needed");
	snprintf(watch->tag, sizeof(watch->tag), "%s", line);
	return 0;
}

static int read_path(const struct lk_tree *tree, const char *path, struct lk_watch *watch,
		     struct lk_err *err)
{
	struct lk_arena arena = { 0 };
	char *text;
	size_t len;

	*watch = (struct lk_watch){ 0 };
	int rc = lk_tree_slurp(tree, path, &arena, &text, &len, err);
	if (rc > 0)
		rc = parse(text, path, watch, err);
	lk_arena_free(&arena);
	return rc;
}

int lk_watch_read(const struct lk_tree *tree, const char *name, struct lk_watch *watch, struct lk_err *err)
{
	char path[LK_PATH_MAX];

	if (snprintf(path, sizeof(path), LK_WATCH_DIR "/%s", name) >= LK_PATH_MAX)
		return lk_fail_errno(err, ENAMETOOLONG, LK_WATCH_DIR);
	return read_path(tree, path, watch, err);
}

/* ---- writing ---- */

/* The directory, locked against other writers as long as it is open. */
static int lock_dir(const struct lk_tree *tree, struct lk_err *err)
{
	if (mkdirat(tree->fd, LK_WATCH_DIR, 0750) < 0 && errno == ENOENT) {
		(void)!mkdirat(tree->fd, "run", 0750);
		(void)!mkdirat(tree->fd, LK_WATCH_DIR, 0750);
	}
	int fd = openat(tree->fd, LK_WATCH_DIR, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0 && flock(fd, LOCK_EX) == 0)
		return fd;
	int saved = errno;
	if (fd >= 0)
		close(fd);
	return lk_fail_errno(err, saved, "%s/" LK_WATCH_DIR, tree->root);
}

/* Replaced by renaming: whoever reads it has all or nothing. It need not survive a power cut. */
static int write_record(const struct lk_tree *tree, const char *path, const struct lk_buf *text,
			struct lk_err *err)
{
	char temp[LK_PATH_MAX];

	if (text->failed)
		return lk_fail_nomem(err);
	lk_tree_temp(path, temp);
	int LK_AUTO_CLOSE fd = openat(tree->fd, temp, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC,
				      0640);
	if (fd < 0 || write(fd, text->data, text->len) != (ssize_t)text->len ||
	    renameat(tree->fd, temp, tree->fd, path) < 0)
		return lk_fail_errno(err, errno ? errno : ENOSPC, "%s/%s", tree->root, path);
	return 0;
}

/* Those that still run, without doubles. */
static int merge(struct lk_watch *watch, const pid_t *pid, size_t n, struct lk_err *err)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < watch->n; i++) {
		bool again = false;

		for (size_t k = 0; k < n; k++)
			again = again || watch->process[i].pid == pid[k];
		if (!again && lk_proc_alive(&watch->process[i]))
			watch->process[kept++] = watch->process[i];
	}
	watch->n = kept;
	for (size_t k = 0; k < n; k++) {
		struct lk_holder holder = lk_proc_holder(pid[k]);

		if (watch->n == LK_WATCH_MAX)
			return lk_fail(err, LK_M_WCH_MANY, LK_WATCH_MAX);
		if (!lk_proc_alive(&holder))
			return lk_fail(err, LK_M_WCH_NO_PROCESS, (long)pid[k]);
		watch->process[watch->n++] = holder;
	}
	return 0;
}

int lk_watch_add(const struct lk_tree *tree, const char *tag, const pid_t *pid, size_t n,
		 struct lk_err *err)
{
	struct lk_buf LK_AUTO_BUF text = { 0 };
	char path[LK_PATH_MAX], boot[LK_WATCH_BOOT];
	struct lk_watch watch = { 0 };
	struct lk_err damaged;
	int LK_AUTO_CLOSE dir = lock_dir(tree, err);

	if (dir < 0)
		return dir;
	file_name(tag, path);
	/* a damaged record is replaced */
	if (read_path(tree, path, &watch, &damaged) < 0)
		watch.n = 0;
	int rc = merge(&watch, pid, n, err);
	if (rc < 0)
		return rc;
	this_boot(boot);
	lk_buf_addf(&text, "%s\n", tag);
	for (unsigned i = 0; i < watch.n; i++)
		lk_buf_addf(&text, "%ld %llu %s\n", (long)watch.process[i].pid, watch.process[i].start, boot);
	return write_record(tree, path, &text, err);
}

int lk_watch_drop(const struct lk_tree *tree, const char *tag, struct lk_err *err)
{
	char path[LK_PATH_MAX];
	int LK_AUTO_CLOSE dir = lock_dir(tree, err);

	if (dir < 0)
		return dir;
	file_name(tag, path);
	if (unlinkat(tree->fd, path, 0) < 0 && errno != ENOENT)
		return lk_fail_errno(err, errno, "%s/%s", tree->root, path);
	return 0;
}
