/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Replacing values in the data files of the kits, beside the instances files. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lk/change.h"
#include "lk/files.h"
#include "lk/msg.h"
#include "lk/poison.h"

/* A data file as it was and as it is to be. */
struct lk_moved {
	char *from, *to;
	struct lk_buf text;
	bool changed;		/* the text */
	struct stat like;	/* owner and mode */
};

struct looking {
	struct lk_change *change;
	struct lk_err *err;
};

void lk_change_free(struct lk_change *change)
{
	for (size_t i = 0; i < change->nmoved; i++) {
		free(change->moved[i].from);
		free(change->moved[i].to);
		lk_buf_free(&change->moved[i].text);
	}
	free(change->moved);
	change->moved = NULL;
	change->nmoved = change->cmoved = 0;
}

static bool is_tag_of(const struct lk_lcd *lcd, const struct lk_files_kit *kit, const char *tag)
{
	for (size_t i = 0; i < lcd->nins; i++)
		if (!strcmp(lcd->ins[i].tag, tag) && !strcmp(lcd->ins[i].app, kit->app) &&
		    !strcmp(lcd->ins[i].type, kit->type))
			return true;
	return false;
}

/* The pair whose old value is a tag of the type and the end of the file's name ("pinglist.TAG"). */
static const struct lk_pair *suffix(const struct lk_change *change, const struct lk_files_kit *kit)
{
	for (size_t i = 0; i < change->pairs && !change->keep_tags; i++) {
		const char *tag = change->pair[i].from;
		size_t len = strlen(kit->name), n = strlen(tag);

		if (len > n + 1 && kit->name[len - n - 1] == '.' &&
		    !strcmp(kit->name + len - n, tag) && is_tag_of(change->lcd, kit, tag))
			return &change->pair[i];
	}
	return NULL;
}

static char *new_path(struct looking *l, const char *path, const struct lk_files_kit *kit)
{
	const struct lk_pair *pair = suffix(l->change, kit);
	struct lk_buf to = { 0 };

	if (pair && strchr(pair->to, '/')) {
		l->change->warn(l->change->arg, path,
				"keeps its name: the new tag cannot be part of a file name");
		pair = NULL;
	}
	if (pair)
		lk_buf_addf(&to, "%.*s%s", (int)(strlen(path) - strlen(pair->from)), path,
			    pair->to);
	else
		lk_buf_adds(&to, path);
	return to.failed ? NULL : to.data;
}

static struct lk_moved *append(struct lk_change *change)
{
	if (change->nmoved == change->cmoved) {
		size_t cap = change->cmoved ? change->cmoved * 2 : 16;
		struct lk_moved *grown = realloc(change->moved, cap * sizeof(*grown));

		if (!grown)
			return NULL;
		change->moved = grown;
		change->cmoved = cap;
	}
	struct lk_moved *moved = &change->moved[change->nmoved++];
	*moved = (struct lk_moved){ 0 };
	return moved;
}

static int take_text(struct looking *l, const char *path, const struct lk_files_kit *kit,
		     const struct stat *st, const char *text, size_t len)
{
	struct lk_moved *moved = append(l->change);

	if (!moved)
		return lk_fail_nomem(l->err);
	size_t n = lk_change_words(l->change, text, len, &moved->text);
	moved->from = strdup(path);
	moved->to = new_path(l, path, kit);
	moved->changed = n;
	moved->like = *st;
	if (!moved->from || !moved->to || moved->text.failed)
		return lk_fail_nomem(l->err);
	if (n)
		lk_change_note(l->change, path, "%zu place%s", n, n == 1 ? "" : "s");
	if (strcmp(moved->from, moved->to) != 0)
		lk_change_note(l->change, path, "name: %s -> %s", kit->name,
			       strrchr(moved->to, '/') + 1);
	else if (!n)
		lk_buf_free(&moved->text);	/* only its name matters: nothing may move there */
	return 0;
}

static int look(void *arg, const char *path, const struct stat *st)
{
	struct looking *l = arg;
	struct lk_arena arena = { 0 };
	struct lk_files_kit kit;
	char *text;
	size_t len;

	if (!S_ISREG(st->st_mode) || !lk_files_kit(path, &kit) || kit.name[0] == '.' ||
	    !strcmp(kit.name, "instances"))
		return 0;
	if (st->st_size > LK_KIT_FILE_MAX) {
		l->change->warn(l->change->arg, path, "left alone: larger than 1 MiB");
		return 0;
	}
	int rc = lk_tree_slurp(&l->change->lcd->tree, path, &arena, &text, &len, l->err);
	if (rc > 0 && memchr(text, '\0', len))
		l->change->warn(l->change->arg, path, "left alone: not a text file");
	else if (rc > 0)
		rc = take_text(l, path, &kit, st, text, len);
	lk_arena_free(&arena);
	return rc < 0 ? rc : 0;
}

static bool has_target(const struct lk_change *change, const char *path, const struct lk_moved *but)
{
	for (size_t i = 0; i < change->nmoved; i++)
		if (&change->moved[i] != but && !strcmp(change->moved[i].to, path))
			return true;
	return false;
}

/* Is it a data file that was read, and so accounted for as a target? */
static bool is_source(const struct lk_change *change, const char *path)
{
	for (size_t i = 0; i < change->nmoved; i++)
		if (!strcmp(change->moved[i].from, path))
			return true;
	return false;
}

static int put_one(struct lk_change *change, const struct lk_moved *moved, struct lk_err *err)
{
	bool renamed = strcmp(moved->from, moved->to) != 0;
	int rc = 0;

	/* what is left alone may be in the way, too */
	if (renamed && (has_target(change, moved->to, moved) ||
			(faccessat(change->lcd->tree.fd, moved->to, F_OK, AT_SYMLINK_NOFOLLOW) == 0 &&
			 !is_source(change, moved->to))))
		return lk_fail(err, LK_M_CHG_IN_THE_WAY, moved->from, moved->to);
	if (change->dry || (!renamed && !moved->changed))
		return 0;
	rc = lk_tx_put(&change->lcd->tx, moved->to, &moved->text, err);
	if (rc == 0)
		lk_tx_like(&change->lcd->tx, &moved->like);
	if (rc == 0 && renamed && !has_target(change, moved->from, moved))
		rc = lk_tx_del(&change->lcd->tx, moved->from, err);
	return rc;
}

int lk_change_kits(struct lk_change *change, struct lk_err *err)
{
	struct looking l = { .change = change, .err = err };
	const struct lk_files files = { .visit = look, .arg = &l };
	int rc = lk_files_visit(&change->lcd->tree, &files, err);

	for (size_t i = 0; i < change->nmoved && rc == 0; i++)
		rc = put_one(change, &change->moved[i], err);
	return rc;
}
