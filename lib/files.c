/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The directories and files of the tree's database and kits. */
#include "lk/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lk/cleanup.h"
#include "lk/msg.h"
#include "lk/table.h"
#include "lk/poison.h"

#define DEPTH 6		/* subsys/APP/resources/TYPE/recovery/CLASS/EVENT */

struct visiting {
	const struct lk_tree *tree;
	const struct lk_files *files;
	struct lk_arena arena;
	struct lk_err *err;
};

struct names {
	const char **name;
	size_t n, cap;
};

static int visit_path(struct visiting *v, const char *path, int depth);

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int add_name(struct visiting *v, struct names *names, const char *name)
{
	if (names->n == names->cap) {
		size_t cap = names->cap ? names->cap * 2 : 32;
		const char **grown = realloc(names->name, cap * sizeof(*grown));

		if (!grown)
			return lk_fail_nomem(v->err);
		names->name = grown;
		names->cap = cap;
	}
	names->name[names->n] = lk_arena_dup(&v->arena, name);
	return names->name[names->n++] ? 0 : lk_fail_nomem(v->err);
}

static int read_names(struct visiting *v, const char *path, struct names *names)
{
	int fd = openat(v->tree->fd, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR LK_AUTO_DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	int rc = 0;

	if (!dir) {
		int saved = errno;

		if (fd >= 0)
			close(fd);
		return saved == ENOENT ? 0 : lk_fail_errno(v->err, saved, "%s/%s", v->tree->root,
							   path);
	}
	for (struct dirent *e; rc == 0 && (e = readdir(dir));)
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			rc = add_name(v, names, e->d_name);
	if (names->n)
		qsort(names->name, names->n, sizeof(*names->name), by_name);
	return rc;
}

static int visit_entries(struct visiting *v, const char *dir, int depth)
{
	struct names names = { 0 };
	int rc = read_names(v, dir, &names);

	for (size_t i = 0; i < names.n && rc == 0; i++) {
		char path[LK_FILES_PATH];

		if (snprintf(path, sizeof(path), "%s/%s", dir, names.name[i]) >= LK_FILES_PATH)
			rc = lk_fail(v->err, LK_M_TOO_LARGE, dir, (size_t)LK_FILES_PATH - 1);
		else
			rc = visit_path(v, path, depth);
	}
	free(names.name);
	return rc;
}

static int visit_path(struct visiting *v, const char *path, int depth)
{
	struct stat st;

	if (fstatat(v->tree->fd, path, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : lk_fail_errno(v->err, errno, "%s/%s", v->tree->root,
							   path);
	int rc = v->files->visit(v->files->arg, path, &st);
	if (rc == 0 && S_ISDIR(st.st_mode) && depth < DEPTH)
		rc = visit_entries(v, path, depth + 1);
	return rc;
}

int lk_files_visit(const struct lk_tree *tree, const struct lk_files *files, struct lk_err *err)
{
	struct visiting v = { .tree = tree, .files = files, .err = err };
	int rc = visit_path(&v, "config", 0);

	if (rc == 0)
		rc = visit_path(&v, "subsys", 0);
	lk_arena_free(&v.arena);
	return rc;
}

/* ---- what a path is ---- */

bool lk_files_leftover(const char *path)
{
	struct lk_files_kit kit;
	const char *base = strrchr(path, '/');
	size_t len;

	/* only where the database has files: other directories belong to the kits alone */
	if (!base || (strncmp(path, "config/", 7) != 0 && !lk_files_kit(path, &kit)))
		return false;
	len = strlen(++base);
	return len > 5 && base[0] == '.' && !strcmp(base + len - 4, ".new");
}

bool lk_files_records(const char *path)
{
	struct lk_files_kit kit;

	for (int i = 0; i < LK_TABLES; i++)
		if (lk_tables[i].path && !strcmp(lk_tables[i].path, path))
			return true;
	return lk_files_kit(path, &kit) && !strcmp(kit.name, "instances");
}

/* Copy the component at *path to part and step behind its '/'. */
static bool component(const char **path, char *part, size_t size)
{
	size_t len = strcspn(*path, "/");

	if (!len || len >= size || !(*path)[len])
		return false;
	snprintf(part, size, "%.*s", (int)len, *path);
	*path += len + 1;
	return true;
}

bool lk_files_kit(const char *path, struct lk_files_kit *kit)
{
	char word[16];

	if (!component(&path, word, sizeof(word)) || strcmp(word, "subsys") != 0 ||
	    !component(&path, kit->app, sizeof(kit->app)) ||
	    !component(&path, word, sizeof(word)) || strcmp(word, "resources") != 0 ||
	    !component(&path, kit->type, sizeof(kit->type)))
		return false;
	kit->name = path;
	return *path && !strchr(path, '/');
}

/* ---- making it durable ---- */

struct settling {
	const struct lk_tree *tree;
	struct lk_err *err;
};

static int sync_path(const struct settling *s, const char *path)
{
	int LK_AUTO_CLOSE fd = openat(s->tree->fd, path,
				      O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0 || fsync(fd) < 0)
		return lk_fail_errno(s->err, errno, "%s/%s", s->tree->root, path);
	return 0;
}

static int settle_path(void *arg, const char *path, const struct stat *st)
{
	const struct settling *s = arg;

	if (lk_files_leftover(path) && !S_ISDIR(st->st_mode)) {
		if (unlinkat(s->tree->fd, path, 0) < 0 && errno != ENOENT)
			return lk_fail_errno(s->err, errno, "%s/%s", s->tree->root, path);
		return 0;
	}
	return S_ISREG(st->st_mode) && lk_files_records(path) ? sync_path(s, path) : 0;
}

static int sync_dir(void *arg, const char *path, const struct stat *st)
{
	return S_ISDIR(st->st_mode) ? sync_path(arg, path) : 0;
}

int lk_files_settle(const struct lk_tree *tree, struct lk_err *err)
{
	struct settling s = { .tree = tree, .err = err };
	const struct lk_files files = { .visit = settle_path, .arg = &s };
	const struct lk_files dirs = { .visit = sync_dir, .arg = &s };
	int rc = lk_files_visit(tree, &files, err);

	/* the directories last: they have just lost the left-over files */
	if (rc == 0)
		rc = lk_files_visit(tree, &dirs, err);
	return rc < 0 ? rc : sync_path(&s, ".");
}
