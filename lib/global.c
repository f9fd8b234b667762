/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The global pre and post scripts. */
#include "lk/global.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lk/alock.h"
#include "lk/app.h"
#include "lk/flg.h"
#include "lk/log.h"
#include "lk/msg.h"
#include "lk/remote.h"
#include "lk/script.h"
#include "lk/poison.h"

#define CORE "lifekeeper"	/* our own scripts, before those of the applications */

const char *const lk_global_names[] = { "restore", "remove", "delete", NULL };
static const char *const identifiers[] = { "Restore_hierarchy", "Remove_hierarchy",
					   "Delete_hierarchy" };

static size_t count(char *const *args)
{
	size_t n = 0;

	while (args[n])
		n++;
	return n;
}

/* ---- scripts ---- */

static void report(const struct lk_global *global, const struct lk_tree *tree, const char *path,
		   const char *action, const char *reason)
{
	char text[LK_PATH_MAX + 200];
	struct lk_err ignored;

	snprintf(text, sizeof(text), "%s: %s", path, reason);
	struct lk_log_line line = { .level = LK_LOG_ERROR, .prog = global->prog, .pid = getpid(),
				    .component = "lcd", .action = action, .number = 700006,
				    .text = text };
	lk_log(tree, &line, &ignored);
	lk_notice(global->notice, "%s", text);
}

/* 0; 1: it failed; negative. */
static int run_script(const struct lk_global *global, const struct lk_tree *tree, const char *path,
		      const char *action, struct lk_err *err)
{
	size_t n = count(global->args);
	char **argv = calloc(n + 2, sizeof(*argv));
	struct lk_script script = { .tree = tree, .path = path, .argv = argv };
	struct lk_script_end end;

	if (!argv)
		return lk_fail_nomem(err);
	argv[0] = (char *)action;
	memcpy(argv + 1, global->args, n * sizeof(*argv));
	int rc = lk_script_run(&script, &end, err);
	free(argv);
	if (rc < 0)
		return rc;
	if (end.interrupted)
		return lk_fail(err, LK_M_INTERRUPTED, end.interrupted);
	if (end.code == 0)
		return 0;
	report(global, tree, path, action, end.reason);
	return 1;
}

/* The script of one application, if it has one. */
static int run_app(const struct lk_global *global, const struct lk_tree *tree, const char *app,
		   const char *action, struct lk_err *err)
{
	char path[LK_PATH_MAX];
	int rc = lk_script_find(tree, app, NULL, action, path, global->notice, err);

	return rc <= 0 ? rc : run_script(global, tree, path, action, err);
}

/* All scripts called when + kind; how many failed. */
static int run_all(const struct lk_global *global, const char *when, struct lk_err *err)
{
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;
	char action[32];
	int failed = 0, rc = lk_lcd_read(&lcd, LK_T_APP, err);

	if (rc < 0)
		return rc;
	snprintf(action, sizeof(action), "%s%s", when, lk_global_names[global->kind]);
	lk_app_sort(&lcd);
	rc = run_app(global, &lcd.tree, CORE, action, err);
	for (size_t i = 0; rc >= 0 && i < lcd.napp; i++) {
		failed += rc;
		rc = strcmp(lcd.app[i].name, CORE) == 0
			     ? 0
			     : run_app(global, &lcd.tree, lcd.app[i].name, action, err);
	}
	return rc < 0 ? rc : failed + rc;
}

/* ---- flags ---- */

static void flag_name(const struct lk_global *global, char flag[static 16])
{
	snprintf(flag, 16, "!%s", lk_global_names[global->kind]);
}

static int set_flag(const struct lk_global *global, struct lk_err *err)
{
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;
	char flag[16];
	int rc = lk_lcd_begin(&lcd, LK_T_FLG, err);

	flag_name(global, flag);
	if (rc < 0 || lk_flg_find(&lcd, flag))
		return rc;
	rc = lk_flg_add(&lcd, flag, err);
	return rc < 0 ? rc : lk_lcd_commit(&lcd, err);
}

static int drop_flag(const char *flag, struct lk_err *err)
{
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;
	struct lk_err gone;
	int rc = lk_lcd_begin(&lcd, LK_T_FLG, err);

	if (rc < 0 || lk_flg_drop(&lcd, flag, &gone) < 0)
		return rc;
	return lk_lcd_commit(&lcd, err);
}

/* ---- other systems ---- */

/* Ask one system to run its post scripts; -m, since the lock is held here for the whole cluster. */
static int ask_system(const struct lk_global *global, const struct lk_lcd *lcd, const char *sys,
		      struct lk_err *err)
{
	bool marked = global->args[0] && !strcmp(global->args[0], "-m");
	size_t n = count(global->args), k = 0;
	char **argv = calloc(n + 6, sizeof(*argv)), mark[] = "-m";	/* outlives the if below */
	int code = 0;

	if (!argv)
		return lk_fail_nomem(err);
	argv[k++] = (char[]){ "lcdrecover" };
	argv[k++] = (char[]){ "-G" };
	argv[k++] = (char *)lk_global_names[global->kind];
	argv[k++] = (char[]){ "--" };
	if (!marked)
		argv[k++] = mark;
	memcpy(argv + k, global->args, n * sizeof(*argv));
	struct lk_remote_request request = { .dest = sys, .prog = argv[0], .argc = (int)(k + n),
					     .argv = argv };
	int rc = lk_remote_run(lcd, &request, &code, err);
	if (rc == 0 && code != 0)
		rc = lk_fail(err, LK_M_REMOTE_CODE, argv[0], sys, code);
	free(argv);
	return rc;
}

/* Every flag !<kind>!<uname>: done and removed, or kept for a later time. */
static int ask_others(const struct lk_global *global, struct lk_err *err)
{
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;
	struct lk_err why;
	char flag[16];
	int rc = lk_lcd_read(&lcd, LK_T_FLG | LK_T_SYS, err);

	flag_name(global, flag);
	size_t len = strlen(flag);
	for (size_t i = 0; rc == 0 && i < lcd.nflg; i++) {
		const char *name = lcd.flg[i].name;

		if (strncmp(name, flag, len) != 0 || name[len] != '!')
			continue;
		if (ask_system(global, &lcd, name + len + 1, &why) == 0)
			rc = drop_flag(name, err);
		else
			lk_notice(global->notice, "flag %s is kept: %s", name, why.text);
	}
	return rc;
}

/* ---- the two halves ---- */

int lk_global_pre(const struct lk_global *global, struct lk_err *err)
{
	int rc = set_flag(global, err);

	return rc < 0 ? rc : run_all(global, "pre", err);
}

static int post_locked(const struct lk_global *global, const char *flag, struct lk_err *err)
{
	int failed = run_all(global, "post", err);

	if (failed < 0)
		return failed;
	int rc = ask_others(global, err);
	if (rc == 0)
		rc = drop_flag(flag, err);
	return rc < 0 ? rc : failed;
}

static int post_with_lock(const struct lk_global *global, const struct lk_lcd *lcd,
			  const char *flag, struct lk_err *err)
{
	char lockfile[sizeof(lcd->tree.root) + 48];
	struct lk_alock want = { .amach = lcd->local, .identifier = identifiers[global->kind],
				 .lockfile = lockfile, .pid = getpid(), .notice = global->notice };
	struct lk_err later;

	snprintf(lockfile, sizeof(lockfile), "%s/tmp/admin-lock.%ld", lcd->tree.root,
		 (long)getpid());
	int rc = lk_alock_take(&want, err);
	if (rc < 0)
		return rc;
	rc = post_locked(global, flag, err);
	int released = lk_alock_release(lcd->local, lockfile, rc < 0 ? &later : err);
	return rc < 0 || released == 0 ? rc : released;
}

int lk_global_post(const struct lk_global *global, struct lk_err *err)
{
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;
	char flag[16];
	int rc = lk_lcd_read(&lcd, LK_T_FLG | LK_T_SYS, err);

	flag_name(global, flag);
	if (rc < 0 || !lk_flg_find(&lcd, flag))
		return rc;
	if (global->args[0] && !strcmp(global->args[0], "-m"))
		return post_locked(global, flag, err);
	return post_with_lock(global, &lcd, flag, err);
}

int lk_global_post_within(const struct lk_global *global, struct lk_err *err)
{
	char *marked[] = { (char[]){ "-m" }, NULL };
	struct lk_global again = *global;
	int rc = lk_global_post(global, err);

	if (rc == 0 || err->number != LK_M_NUMBER(LK_M_LOCK_NESTED))
		return rc;
	again.args = marked;
	return lk_global_post(&again, err);
}
