/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Action scripts: finding them. */
#include "lk/script.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lk/cleanup.h"
#include "lk/name.h"
#include "lk/poison.h"

#define NAME_ROOM 72	/* an action with its suffix */

static const char *const suffixes[] = { "", ".ksh", ".sh", ".pl", ".py", NULL };

/* Two spellings of the same action, in any letter case. */
static const char *const spellings[][2] = {
	{ "quickCheck", "quickchk" },
	{ "deepCheck", "deepchk" },
};

struct search {
	const struct lk_tree *tree;
	const char *dir;
	const struct lk_notice *notice;
	char *path;
	struct lk_err *err;
};

/* 1: the file is it; 0: there is none, or it must be skipped. */
static int try_file(struct search *s, const char *name)
{
	struct stat st;

	snprintf(s->path, LK_PATH_MAX, "%s/%s", s->dir, name);
	if (fstatat(s->tree->fd, s->path, &st, 0) < 0) {
		if (errno == ENOENT || errno == ENOTDIR || errno == ELOOP)
			return 0;
		return lk_fail_errno(s->err, errno, "%s/%s", s->tree->root, s->path);
	}
	if (S_ISREG(st.st_mode) && faccessat(s->tree->fd, s->path, X_OK, AT_EACCESS) == 0)
		return 1;
	lk_notice(s->notice, "%s/%s is skipped: it is not an executable file", s->tree->root,
		  s->path);
	return 0;
}

static int try_suffixes(struct search *s, const char *base)
{
	char name[NAME_ROOM];
	int rc = 0;

	for (int i = 0; suffixes[i] && rc == 0; i++) {
		snprintf(name, sizeof(name), "%s%s", base, suffixes[i]);
		rc = try_file(s, name);
	}
	return rc;
}

/* Is name one of the spellings, perhaps with a suffix? Then base is it without the suffix. */
static bool is_variant(const char *const spelling[2], const char *name, char base[static NAME_ROOM])
{
	size_t len = strcspn(name, ".");
	bool known = false;

	for (int i = 0; suffixes[i]; i++)
		known = known || !strcmp(name + len, suffixes[i]);
	if (!known || len >= NAME_ROOM)
		return false;
	snprintf(base, NAME_ROOM, "%.*s", (int)len, name);
	return !strcasecmp(base, spelling[0]) || !strcasecmp(base, spelling[1]);
}

/* The bytewise next variant behind last in the directory, into last; false: no more. */
static bool next_variant(DIR *dir, const char *const spelling[2], char last[static NAME_ROOM])
{
	char base[NAME_ROOM], best[NAME_ROOM] = "";

	rewinddir(dir);
	for (struct dirent *entry = readdir(dir); entry; entry = readdir(dir))
		if (is_variant(spelling, entry->d_name, base) && strcmp(base, last) > 0 &&
		    (!*best || strcmp(base, best) < 0))
			snprintf(best, sizeof(best), "%s", base);
	snprintf(last, NAME_ROOM, "%s", best);
	return *best;
}

static int try_variants(struct search *s, const char *const spelling[2])
{
	char base[NAME_ROOM] = "";
	int rc = try_suffixes(s, spelling[0]);

	if (rc == 0)
		rc = try_suffixes(s, spelling[1]);
	if (rc)
		return rc;
	int fd = openat(s->tree->fd, s->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR LK_AUTO_DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir) {
		if (fd >= 0)
			close(fd);
		return 0;	/* no such directory */
	}
	while (rc == 0 && next_variant(dir, spelling, base))
		if (strcmp(base, spelling[0]) != 0 && strcmp(base, spelling[1]) != 0)
			rc = try_suffixes(s, base);
	return rc;
}

static int try_dir(struct search *s, const char *action)
{
	for (size_t i = 0; i < sizeof(spellings) / sizeof(*spellings); i++)
		if (!strcasecmp(action, spellings[i][0]) || !strcasecmp(action, spellings[i][1]))
			return try_variants(s, spellings[i]);
	return try_suffixes(s, action);
}

int lk_script_find(const struct lk_tree *tree, const char *app, const char *type,
		   const char *action, char path[static LK_PATH_MAX],
		   const struct lk_notice *notice, struct lk_err *err)
{
	char dir[LK_PATH_MAX];
	struct search s = { .tree = tree, .dir = dir, .notice = notice, .path = path, .err = err };
	int rc = lk_check_app("action", action, err);

	if (rc == 0 && type) {
		snprintf(dir, sizeof(dir), "subsys/%s/resources/%s/actions", app, type);
		rc = try_dir(&s, action);
	}
	if (rc == 0) {
		snprintf(dir, sizeof(dir), "subsys/%s/actions", app);
		rc = try_dir(&s, action);
	}
	return rc;
}
