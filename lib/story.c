/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The story of decisions. */
#include "lk/story.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "lk/cleanup.h"
#include "lk/json.h"
#include "lk/lcd.h"
#include "lk/logger.h"
#include "lk/tunable.h"
#include "lk/wait.h"
#include "lk/poison.h"

#define STORY_MODE 0640
#define ATTEMPTS 3

/* ---- the line ---- */

/* "2026-11-25T20:00:00.123+01:00" */
static void time_text(char text[static 48])
{
	char zone[8] = "";
	struct timespec now;
	struct tm tm;

	clock_gettime(CLOCK_REALTIME, &now);
	localtime_r(&now.tv_sec, &tm);
	size_t len = strftime(text, 24, "%Y-%m-%dT%H:%M:%S", &tm);
	strftime(zone, sizeof(zone), "%z", &tm);
	snprintf(text + len, 48 - len, ".%03ld%.3s:%.2s", now.tv_nsec / 1000000, zone,
		 strlen(zone) == 5 ? zone + 3 : "00");
}

static void member(struct lk_json *json, const char *key, const char *value, size_t max)
{
	char cut[LK_STORY_TEXT + 1];

	if (!value)
		return;
	snprintf(cut, max + 1, "%s", value);
	lk_json_string(json, key, cut);
}

static void inputs(struct lk_json *json, const struct lk_story_input *input)
{
	if (!input)
		return;
	lk_json_open(json, "inputs", '{');
	for (int i = 0; input[i].key && i < LK_STORY_INPUTS; i++)
		member(json, input[i].key, input[i].value, LK_STORY_VALUE);
	lk_json_close(json, '}');
}

/* The name in the tree, else that of the host. */
static void node_name(char node[static 256])
{
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;
	struct lk_err ignored;

	if (lk_lcd_read(&lcd, LK_T_SYS, &ignored) == 0)
		snprintf(node, 256, "%s", lcd.local);
	else if (gethostname(node, 256) < 0)
		node[0] = '\0';
	node[255] = '\0';
}

static void build(struct lk_json *json, const struct lk_story *story)
{
	char stamp[48], node[256];

	time_text(stamp);
	if (!story->node)
		node_name(node);
	lk_json_open(json, NULL, '{');
	lk_json_string(json, "time", stamp);
	lk_json_number(json, "mono", lk_now_ms());
	member(json, "node", story->node ? story->node : node, LK_STORY_VALUE);
	member(json, "prog", story->prog, LK_STORY_VALUE);
	lk_json_number(json, "pid", story->pid ? story->pid : getpid());
	member(json, "subject", story->subject, LK_STORY_VALUE);
	member(json, "what", story->what, LK_STORY_VALUE);
	member(json, "decision", story->decision, LK_STORY_TEXT);
	inputs(json, story->inputs);
	member(json, "text", story->text, LK_STORY_TEXT);
	lk_json_close(json, '}');
	lk_buf_addc(&json->text, '\n');
}

/* ---- the file ---- */

static off_t size_limit(const struct lk_tree *tree)
{
	unsigned long long kb = LK_STORY_KB;
	struct lk_err ignored;

	if (lk_tunable_number(tree, "STORYSIZE", LK_STORY_KB_MIN, LK_STORY_KB_MAX, &kb, &ignored) < 0)
		kb = LK_STORY_KB;
	return (off_t)kb * 1024;
}

/* Is the open file still the one of that name? */
static bool is_current(const struct lk_tree *tree, const struct stat *st)
{
	struct stat now;

	return fstatat(tree->fd, LK_STORY, &now, AT_SYMLINK_NOFOLLOW) == 0 &&
	       now.st_dev == st->st_dev && now.st_ino == st->st_ino;
}

/* Begin a new file if this one is full. Two at once: the lock is on the file, not on the name, and the
 * later one finds that the name has another file. True: the name has another file now. */
static bool rotate(const struct lk_tree *tree, int fd, const struct stat *st)
{
	if (st->st_size < LK_STORY_KB_MIN * 1024 || st->st_size < size_limit(tree))
		return false;
	/* of another kind than that of the writers, who are no hindrance */
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 1 };
	if (fcntl(fd, F_OFD_SETLK, &lock) < 0)
		return false;	/* another one is at it */
	return !is_current(tree, st) || renameat(tree->fd, LK_STORY, tree->fd, LK_STORY_OLD) == 0;
}

/* O_NONBLOCK: a FIFO in place of the file must not hang us. */
static int open_story(const struct lk_tree *tree, struct stat *st, struct lk_err *err)
{
	for (int i = 0; i < ATTEMPTS; i++) {
		int fd = openat(tree->fd, LK_STORY, O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW |
				O_NONBLOCK | O_CLOEXEC, STORY_MODE);

		if (fd < 0)
			return lk_fail_errno(err, errno, "%s/%s", tree->root, LK_STORY);
		if (fstat(fd, st) == 0 && S_ISREG(st->st_mode) &&
		    (i == ATTEMPTS - 1 || !rotate(tree, fd, st)))
			return fd;
		close(fd);
	}
	return lk_fail_errno(err, EINVAL, "%s/%s", tree->root, LK_STORY);
}

static bool ends_open(int fd)
{
	char last = '\n';
	struct stat st;

	return fstat(fd, &st) == 0 && st.st_size > 0 && pread(fd, &last, 1, st.st_size - 1) == 1 &&
	       last != '\n';
}

/* What a full disk has cut off must not swallow the next line, too. A line that is just being written
 * looks the same, therefore writers share a lock; who gets it alone sees whole lines or a cut one. */
static bool is_cut_off(int fd)
{
	flock(fd, LOCK_SH | LOCK_NB);
	return ends_open(fd) && flock(fd, LOCK_EX | LOCK_NB) == 0 && ends_open(fd);
}

int lk_story_append(const struct lk_tree *tree, const char *text, struct lk_err *err)
{
	struct lk_buf LK_AUTO_BUF line = { 0 };
	struct stat st;
	int LK_AUTO_CLOSE fd = open_story(tree, &st, err);

	if (fd < 0)
		return fd;
	if (is_cut_off(fd))
		lk_buf_addc(&line, '\n');
	lk_buf_adds(&line, text);
	if (line.failed)
		return lk_fail_nomem(err);
	ssize_t done = write(fd, line.data, line.len);
	if (done < 0 || (size_t)done != line.len)
		return lk_fail_errno(err, done < 0 ? errno : ENOSPC, "%s/%s", tree->root, LK_STORY);
	return 0;
}

int lk_story(const struct lk_tree *tree, const struct lk_story *story, struct lk_err *err)
{
	struct lk_json LK_AUTO_JSON json = { 0 };

	build(&json, story);
	if (json.text.failed)
		return lk_fail_nomem(err);
	if (tree->logger && lk_logger_put(tree->logger, LK_LOGGER_STORY, 0, json.text.data))
		return 0;
	return lk_story_append(tree, json.text.data, err);
}
