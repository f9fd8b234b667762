/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lk_kitsetup: register the resource types of all kits that are installed. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lk/app.h"
#include "lk/cleanup.h"
#include "lk/cmd.h"
#include "lk/name.h"
#include "lk/script.h"
#include "lk/poison.h"

/* What is done for each name in a directory. */
struct walk {
	struct lk_cmd *cmd;
	struct lk_lcd *lcd;
	const char *app;	/* inside of one, else NULL */
	int (*each)(struct walk *walk, const char *name);
};

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The names below a directory that may be applications or types, sorted; the array is the caller's. */
static int read_names(struct walk *walk, const char *dir, char ***names, size_t *n)
{
	int fd = openat(walk->lcd->tree.fd, dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR LK_AUTO_DIR *stream = fd < 0 ? NULL : fdopendir(fd);
	struct lk_err ignored;

	if (!stream)
		return errno == ENOENT || errno == ENOTDIR ?
			       0 :
			       lk_fail_errno(&walk->cmd->err, errno, "%s", dir);
	for (struct dirent *entry = readdir(stream); entry; entry = readdir(stream)) {
		if (lk_check_app("name", entry->d_name, &ignored) < 0)
			continue;
		char **more = reallocarray(*names, *n + 1, sizeof(**names));
		if (!more)
			return lk_fail_nomem(&walk->cmd->err);
		*names = more;
		more[*n] = lk_arena_dup(&walk->lcd->arena, entry->d_name);
		if (!more[(*n)++])
			return lk_fail_nomem(&walk->cmd->err);
	}
	qsort(*names, *n, sizeof(**names), by_name);
	return 0;
}

static int for_names(struct walk *walk, const char *dir)
{
	char LK_AUTO_FREE **names = NULL;
	size_t n = 0;
	int rc = read_names(walk, dir, &names, &n);

	for (size_t i = 0; i < n && rc == 0; i++)
		rc = walk->each(walk, names[i]);
	return rc;
}

/* A kit has scripts for restore and remove. 1: it has; 0: it has not. */
static int is_kit(const struct walk *walk, const char *type)
{
	char path[LK_PATH_MAX];
	struct lk_err *err = &walk->cmd->err;
	int rc = lk_script_find(&walk->lcd->tree, walk->app, type, "restore", path, NULL, err);

	return rc <= 0 ? rc :
			 lk_script_find(&walk->lcd->tree, walk->app, type, "remove", path, NULL, err);
}

static int take_type(struct walk *walk, const char *type)
{
	int rc = lk_typ_find(walk->lcd, walk->app, type) ? 0 : is_kit(walk, type);

	if (rc <= 0)
		return rc;
	rc = lk_app_find(walk->lcd, walk->app) ? 0 :
						 lk_app_add(walk->lcd, walk->app, &walk->cmd->err);
	if (rc == 0)
		rc = lk_typ_add(walk->lcd, walk->app, type, &walk->cmd->err);
	if (rc == 0)
		printf("%s:%s\n", walk->app, type);
	return rc;
}

static int take_app(struct walk *walk, const char *app)
{
	struct walk inner = *walk;
	char dir[LK_PATH_MAX];

	inner.app = app;
	inner.each = take_type;
	snprintf(dir, sizeof(dir), "subsys/%s/resources", app);
	return for_names(&inner, dir);
}

static int run(struct lk_cmd *cmd)
{
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;
	struct walk walk = { .cmd = cmd, .lcd = &lcd, .each = take_app };
	int rc = lk_lcd_begin(&lcd, LK_T_APP | LK_T_TYP, &cmd->err);

	if (rc == 0)
		rc = for_names(&walk, "subsys");
	if (rc < 0 || lk_cmd_given(cmd, 'n'))
		return rc;
	return lcd.dirty ? lk_lcd_commit(&lcd, &cmd->err) : 0;
}

static const struct lk_opt options[] = {
	LK_OPT_DEST,
	{ 'n', LK_OPT_FLAG, NULL, "only print what would be registered", NULL },
	LK_OPT_LAST,
};

static const struct lk_cmd_desc desc = {
	.synopsis = "lk_kitsetup [-d destsys] [-n]",
	.summary = "Register the resource types of all installed kits.",
	.options = options,
	.run = run,
};

int main(int argc, char **argv)
{
	return lk_cmd_main(&desc, argc, argv);
}
