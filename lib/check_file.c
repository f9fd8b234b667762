/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files of a tree that is checked: left-overs, records of unknown types, who may write them. */
#include <string.h>

#include "lk/app.h"
#include "lk/check.h"
#include "lk/files.h"
#include "lk/poison.h"

struct looking {
	struct lk_check *check;
	bool settled;		/* no writer is at work: a ".new" file is a left-over */
};

static void check_leftover(struct lk_check *check, const char *path)
{
	struct lk_finding *found = lk_check_add(check, path, 0,
		"left over from a change that was not committed");

	found->advice = "file removed";
	found->repair = LK_REPAIR_UNLINK;
}

static void check_orphan(struct lk_check *check, const char *path, const struct lk_files_kit *kit)
{
	if ((check->unsound & LK_T_TYP) || lk_typ_find(&check->lcd, kit->app, kit->type))
		return;
	check->orphans = true;
	lk_check_add(check, path, 0, "instances of type %s/%s, which is not registered", kit->app,
		     kit->type)->advice =
		lk_check_format(check, "typ_create -a %s -r %s", kit->app, kit->type);
}

/* What others may write they could have run as root, or change who runs what. */
static void check_mode(struct lk_check *check, const char *path, const struct stat *st)
{
	if (S_ISLNK(st->st_mode) || !(st->st_mode & S_IWOTH))
		return;
	struct lk_finding *found = lk_check_add(check, path, 0,
		"every user of the machine may write it (mode %04o)", st->st_mode & 07777);

	found->advice = "right to write taken away from others";
	found->repair = LK_REPAIR_MODE;
}

/* The walk does not follow links, and so does not see what the commands see there. */
static void check_link(struct lk_check *check, const char *path, const struct stat *st)
{
	struct stat target;

	if (S_ISLNK(st->st_mode) && fstatat(check->lcd.tree.fd, path, &target, 0) == 0 &&
	    S_ISDIR(target.st_mode))
		lk_check_add(check, path, 0, "a symbolic link to a directory: what is behind it "
			     "was not looked at")->warning = true;
}

static int look(void *arg, const char *path, const struct stat *st)
{
	struct looking *l = arg;
	struct lk_files_kit kit;

	check_mode(l->check, path, st);
	check_link(l->check, path, st);
	if (lk_files_leftover(path) && !S_ISDIR(st->st_mode) && l->settled)
		check_leftover(l->check, path);
	if (lk_files_kit(path, &kit) && !strcmp(kit.name, "instances"))
		check_orphan(l->check, path, &kit);
	return 0;
}

void lk_check_files(struct lk_check *check, bool settled, struct lk_err *err)
{
	struct looking l = { .check = check, .settled = settled };
	const struct lk_files files = { .visit = look, .arg = &l };

	struct stat root;

	if (fstatat(check->lcd.tree.fd, ".", &root, 0) == 0)
		check_mode(check, ".", &root);
	(void)!lk_files_visit(&check->lcd.tree, &files, err);
}
