/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The fence devices of a system. */
#include "lk/fence.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lk/cleanup.h"
#include "lk/msg.h"
#include "lk/name.h"
#include "lk/poison.h"

#define DIRECTORY "etc/fence/"
#define AGENTS "/usr/sbin/"
#define TIMEOUT_MS 60000
#define TIMEOUT_MAX 3600000
#define BLANK " \t"

/* A file that is being read. */
struct reader {
	struct lk_fence *fence;
	char path[LK_PATH_MAX + 64];
	unsigned line;
	struct lk_buf options;
};

static void path_of(const char *sys, char path[static LK_PATH_MAX + 64])
{
	snprintf(path, LK_PATH_MAX + 64, DIRECTORY "%s", sys);
}

bool lk_fence_configured(const struct lk_tree *tree, const char *sys)
{
	char path[LK_PATH_MAX + 64];

	path_of(sys, path);
	/* what cannot be looked at is there */
	return faccessat(tree->fd, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0 || (errno != ENOENT && errno != ENOTDIR);
}

static int bad(const struct reader *reader, const char *why, struct lk_err *err)
{
	return lk_fail(err, LK_M_FENCE_LINE, reader->path, reader->line, why);
}

/* ---- one word ---- */

static const char *keep(struct reader *reader, const char *text)
{
	return lk_arena_dup(&reader->fence->arena, text);
}

static int set_agent(struct reader *reader, struct lk_fence_device *device, const char *name, struct lk_err *err)
{
	char path[LK_PATH_MAX];

	if (!*name || (*name != '/' && strchr(name, '/')) || strlen(name) + sizeof(AGENTS) > sizeof(path))
		return bad(reader, "agent: an absolute path or a name in " AGENTS " is needed", err);
	snprintf(path, sizeof(path), "%s%s", *name == '/' ? "" : AGENTS, name);
	device->agent = keep(reader, path);
	return device->agent ? 0 : lk_fail_nomem(err);
}

static int set_action(struct reader *reader, struct lk_fence_device *device, const char *action, struct lk_err *err)
{
	if (strcmp(action, "off") != 0 && strcmp(action, "reboot") != 0)
		return bad(reader, "action: \"off\" or \"reboot\" is needed", err);
	device->action = keep(reader, action);
	return device->action ? 0 : lk_fail_nomem(err);
}

/* 1: it is one of ours; 0: an option of the agent. */
static int set_own(struct reader *reader, struct lk_fence_device *device, char *const word[2], struct lk_err *err)
{
	unsigned long long number;
	int rc = 1;

	if (!strcmp(word[0], "agent"))
		rc = set_agent(reader, device, word[1], err);
	else if (!strcmp(word[0], "action"))
		rc = set_action(reader, device, word[1], err);
	else if (!strcmp(word[0], "delay"))
		rc = lk_parse_seconds("delay", word[1], 0, TIMEOUT_MAX, &device->delay, err);
	else if (!strcmp(word[0], "timeout"))
		rc = lk_parse_seconds("timeout", word[1], 100, TIMEOUT_MAX, &device->timeout, err);
	else if (!strcmp(word[0], "retries"))
		rc = lk_parse_number("retries", word[1], 0, LK_FENCE_RETRIES, &number, err);
	else
		return 0;
	if (rc == 0 && !strcmp(word[0], "retries"))
		device->retries = (unsigned)number;
	return rc < 0 ? rc : 1;
}

static int set(struct reader *reader, struct lk_fence_device *device, char *text, struct lk_err *err)
{
	char *value = strchr(text, '=');

	if (!value || value == text)
		return bad(reader, "words behind the name of a device are name=value", err);
	*value++ = '\0';
	int rc = set_own(reader, device, (char *const[]){ text, value }, err);
	if (rc == 0)
		lk_buf_addf(&reader->options, "%s=%s\n", text, value);
	return rc < 0 ? rc : 0;
}

/* ---- one line ---- */

static int finish(struct reader *reader, struct lk_fence_device *device, struct lk_err *err)
{
	if (!device->agent)
		return bad(reader, "agent=... is missing", err);
	lk_buf_adds(&reader->options, "");
	device->options = reader->options.failed ? NULL : keep(reader, reader->options.len ? reader->options.data : "");
	if (!device->options)
		return lk_fail_nomem(err);
	reader->fence->n++;
	return 0;
}

/* Records and messages tell devices by their names. */
static bool is_there(const struct lk_fence *fence, const char *name)
{
	for (unsigned i = 0; i < fence->n; i++)
		if (!strcmp(fence->device[i].name, name))
			return true;
	return false;
}

static int read_line(struct reader *reader, char *line, struct lk_err *err)
{
	char *rest, *word = strtok_r(line, BLANK, &rest), *name;
	struct lk_fence_device *device = &reader->fence->device[reader->fence->n];
	char why[160];
	int rc = 0;

	reader->line++;
	if (!word || *word == '#')
		return 0;
	name = strcmp(word, "device") ? NULL : strtok_r(NULL, BLANK, &rest);
	if (!name || strchr(name, '='))
		return bad(reader, "\"device NAME agent=...\" is needed", err);
	if (reader->fence->n == LK_FENCE_DEVICES)
		return bad(reader, "too many devices", err);
	if (is_there(reader->fence, name)) {
		snprintf(why, sizeof(why), "device \"%.100s\" is there already", name);
		return bad(reader, why, err);
	}
	*device = (struct lk_fence_device){ .action = "off", .timeout = TIMEOUT_MS, .retries = 1 };
	device->name = keep(reader, name);
	if (!device->name)
		return lk_fail_nomem(err);
	reader->options.len = 0;
	while (rc == 0 && (word = strtok_r(NULL, BLANK, &rest)))
		rc = set(reader, device, word, err);
	return rc < 0 ? rc : finish(reader, device, err);
}

/* ---- the file ---- */

/* It has passwords, and says what root runs. */
static int check_file(const struct lk_tree *tree, struct reader *reader, struct lk_err *err)
{
	struct stat st;

	if (fstatat(tree->fd, reader->path, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return lk_fail_errno(err, errno, "%s/%s", tree->root, reader->path);
	if (!S_ISREG(st.st_mode) || st.st_mode & 077 || (st.st_uid && st.st_uid != geteuid()))
		return lk_fail(err, LK_M_FENCE_FILE, tree->root, reader->path);
	return 0;
}

int lk_fence_read(const struct lk_tree *tree, const char *sys, struct lk_fence *fence, struct lk_err *err)
{
	struct reader reader = { .fence = fence };
	char *text, *line;
	size_t len;

	*fence = (struct lk_fence){ 0 };
	path_of(sys, reader.path);
	if (!lk_fence_configured(tree, sys))
		return lk_fail(err, LK_M_FENCE_NONE, sys, tree->root, reader.path);
	int rc = check_file(tree, &reader, err);
	if (rc == 0)
		rc = lk_tree_slurp(tree, reader.path, &fence->arena, &text, &len, err);
	if (rc > 0 && strlen(text) != len)
		return bad(&reader, "it is no text", err);
	for (int ok = rc; ok > 0 && rc >= 0 && (line = strsep(&text, "\n"));)
		rc = read_line(&reader, line, err);
	lk_buf_free(&reader.options);
	if (rc >= 0 && !fence->n)
		return lk_fail(err, LK_M_FENCE_NONE, sys, tree->root, reader.path);
	return rc < 0 ? rc : 0;
}

void lk_fence_free(struct lk_fence *fence)
{
	lk_arena_free(&fence->arena);
}
