/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What there is to check: the database, read again when its files change. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "lk/flg.h"
#include "lk/ins.h"
#include "lk/name.h"
#include "lk/proc.h"
#include "lk/script.h"
#include "world.h"
#include "lk/poison.h"

#define SETTLE_MS 10		/* a change is seldom alone */
#define BUSY_MS 200		/* reading again and again costs more than it brings */
#define RETRY_MS 5000
#define BACKSTOP_MS 60000	/* should a change have been missed */
#define CHANGES (IN_MOVED_TO | IN_CREATE | IN_DELETE | IN_ATTRIB | IN_DELETE_SELF)
#define MAINTENANCE "Maintenance_"

/* ---- items ---- */

static int by_tag(const void *a, const void *b)
{
	const struct item *const *x = a, *const *y = b;

	return strcmp((*x)->tag, (*y)->tag);
}

struct item *find_item(const struct world *w, const char *tag)
{
	struct item key = { .tag = tag }, *wanted = &key;
	struct item **found = w->n ? bsearch(&wanted, w->item, w->n, sizeof(*w->item), by_tag) : NULL;

	return found ? *found : NULL;
}

void item_free(struct world *w, struct item *item)
{
	w->slot[item->slot] = NULL;
	free(item->path);
	free(item);
}

/* The strings stand behind it. */
static struct item *item_new(const struct lk_ins *ins)
{
	const char *from[] = { ins->tag, ins->app, ins->type, ins->id, ins->info };
	size_t len = 0;

	for (int i = 0; i < 5; i++)
		len += strlen(from[i]) + 1;
	struct item *item = calloc(1, sizeof(*item) + len);
	if (!item)
		return NULL;
	const char **to[] = { &item->tag, &item->app, &item->type, &item->id, &item->info };
	char *at = (char *)(item + 1);
	for (int i = 0; i < 5; i++) {
		*to[i] = at;
		at = stpcpy(at, from[i]) + 1;
	}
	schedule_init(&item->entry);
	return item;
}

static bool is_same(const struct item *item, const struct lk_ins *ins)
{
	return !strcmp(item->app, ins->app) && !strcmp(item->type, ins->type) &&
	       !strcmp(item->id, ins->id) && !strcmp(item->info, ins->info);
}

static void *grow(void *array, unsigned n, size_t size)
{
	return realloc(array, n * size);
}

static bool take_slot(struct world *w, struct item *item)
{
	unsigned i = 0;

	while (i < w->slots && w->slot[i])
		i++;
	if (i == w->slots) {
		void *slot = grow(w->slot, w->slots * 2 + 16, sizeof(*w->slot));

		if (!slot || !schedule_reserve(&w->schedule, w->slots * 2 + 16))
			return false;
		w->slot = slot;
		w->slots = w->slots * 2 + 16;
		memset(w->slot + i, 0, (w->slots - i) * sizeof(*w->slot));
	}
	w->slot[i] = item;
	item->slot = i;
	return true;
}

/* Room is made before anything else is changed, so that no item is lost. */
static struct item *add_item(struct world *w, const struct lk_ins *ins)
{
	struct item *item = item_new(ins);

	if (w->n == w->cap) {
		void *list = grow(w->item, w->cap * 2 + 16, sizeof(*w->item));

		if (list) {
			w->item = list;
			w->cap = w->cap * 2 + 16;
		}
	}
	if (!item || w->n == w->cap || !take_slot(w, item)) {
		free(item);
		return NULL;
	}
	w->item[w->n++] = item;
	return item;
}

/* What is no longer there: at once, or when its check has ended. */
static void drop_unseen(struct world *w)
{
	const struct truth none = { .in_service = false };
	unsigned kept = 0;

	for (unsigned i = 0; i < w->n; i++) {
		struct item *item = w->item[i];

		if (item->seen) {
			w->item[kept++] = item;
			continue;
		}
		schedule_set(&w->schedule, &item->entry, &none, w->now);
		item->gone = true;
		if (item->entry.state == OFF)
			item_free(w, item);
	}
	w->n = kept;
}

/* ---- what is true of them ---- */

/* Which checks a type has. */
struct scripts {
	const struct lk_typ *typ;
	bool has[KINDS];
};

static void find_scripts(const struct world *w, const struct lk_typ *typ, struct scripts *scripts)
{
	char path[LK_PATH_MAX];
	struct lk_err ignored;

	scripts->typ = typ;
	for (int k = 0; k < KINDS; k++)
		scripts->has[k] = lk_script_find(&w->tree, typ->app, typ->name, kind_names[k], path, NULL,
						 &ignored) > 0;
}

static const struct scripts *scripts_of(const struct scripts *list, size_t n, const struct lk_ins *ins)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(list[i].typ->name, ins->type) && !strcmp(list[i].typ->app, ins->app))
			return &list[i];
	return NULL;
}

static bool is_free(const struct lk_lcd *lcd, const struct lk_ins *ins)
{
	char flag[sizeof(MAINTENANCE) + LK_TAG_MAX];

	if (ins->resv != LK_RESV_NONE && lk_proc_alive(&ins->holder))
		return false;
	snprintf(flag, sizeof(flag), MAINTENANCE "%s", ins->tag);
	return !lk_flg_find(lcd, flag);
}

static void set_item(struct world *w, const struct lk_lcd *lcd, const struct lk_ins *ins,
		     struct item *item, const struct scripts *scripts)
{
	const struct truth truth = {
		.interval = { scripts && scripts->has[QUICK] ? (int64_t)ins->quick * 1000 : 0,
			      scripts && scripts->has[DEEP] ? (int64_t)ins->deep * 1000 : 0 },
		.in_service = ins->state == LK_ISP, .free = is_free(lcd, ins), .chance = chance(w),
	};

	item->seen = true;
	if (!truth.in_service)
		item->last = NONE;
	schedule_set(&w->schedule, &item->entry, &truth, w->now);
}

/* ---- reading ---- */

/* With n items known in order; those that are new come behind. */
static int take_instances(struct world *w, const struct lk_lcd *lcd, const struct scripts *scripts)
{
	unsigned known = w->n;

	for (unsigned i = 0; i < known; i++)
		w->item[i]->seen = false;
	for (size_t i = 0; i < lcd->nins; i++) {
		const struct lk_ins *ins = &lcd->ins[i];
		unsigned all = w->n;

		w->n = known;	/* only these are in order */
		struct item *item = find_item(w, ins->tag);
		w->n = all;
		if (!item || !is_same(item, ins))
			item = add_item(w, ins);
		if (!item)
			return -1;
		set_item(w, lcd, ins, item, scripts_of(scripts, lcd->ntyp, ins));
	}
	return 0;
}

static void watch_types(struct world *w, const struct lk_lcd *lcd)
{
	char path[5000];

	for (size_t i = 0; i < lcd->ntyp && w->inotify >= 0; i++) {
		const struct lk_typ *typ = &lcd->typ[i];
		int len = snprintf(path, sizeof(path), "%s/subsys/%s/resources/%s/actions", w->tree.root,
				   typ->app, typ->name);

		if (len >= (int)sizeof(path))
			continue;
		inotify_add_watch(w->inotify, path, CHANGES);
		path[len - 8] = '\0';	/* "/actions" */
		inotify_add_watch(w->inotify, path, CHANGES);
		snprintf(path, sizeof(path), "%s/subsys/%s/actions", w->tree.root, typ->app);
		inotify_add_watch(w->inotify, path, CHANGES);
	}
}

/* The watches come before the reading: no change is missed. */
int load(struct world *w, struct lk_err *err)
{
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;
	int rc = lk_lcd_read(&lcd, LK_T_INS | LK_T_FLG, err);

	w->loaded = w->now;
	w->load_at = w->now + BACKSTOP_MS;
	if (rc < 0)
		return rc;
	struct scripts *scripts = lk_arena_alloc(&lcd.arena, (lcd.ntyp + 1) * sizeof(*scripts));
	if (!scripts)
		return lk_fail_nomem(err);
	watch_types(w, &lcd);
	for (size_t i = 0; i < lcd.ntyp; i++)
		find_scripts(w, &lcd.typ[i], &scripts[i]);
	if (take_instances(w, &lcd, scripts) < 0)
		rc = lk_fail_nomem(err);
	if (rc == 0)
		drop_unseen(w);
	if (w->n)
		qsort(w->item, w->n, sizeof(*w->item), by_tag);
	return rc;
}

bool load_still_checked(const char *tag)
{
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;
	struct lk_err ignored;

	if (lk_lcd_read(&lcd, LK_T_INS | LK_T_FLG, &ignored) < 0)
		return true;
	const struct lk_ins *ins = lk_ins_find(&lcd, tag);
	return ins && ins->state == LK_ISP && is_free(&lcd, ins);
}

void load_again(struct world *w)
{
	struct lk_err err;

	if (load(w, &err) < 0) {
		complain(w, &err);
		w->load_at = w->now + RETRY_MS;
	} else {
		w->complaint[0] = '\0';
	}
}

/* ---- changes ---- */

int load_watch(struct world *w, struct lk_err *err)
{
	char path[5000];

	w->inotify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (w->inotify < 0)
		return lk_fail_errno(err, errno, "inotify");
	snprintf(path, sizeof(path), "%s/config", w->tree.root);
	w->config_wd = inotify_add_watch(w->inotify, path, CHANGES);
	if (w->config_wd < 0)
		return lk_fail_errno(err, errno, "%s", path);
	snprintf(path, sizeof(path), "%s/" LK_WATCH_DIR, w->tree.root);
	w->watch_wd = inotify_add_watch(w->inotify, path, CHANGES);
	return w->watch_wd < 0 ? lk_fail_errno(err, errno, "%s", path) : 0;
}

static void soon(struct world *w)
{
	int64_t at = w->now + SETTLE_MS;

	if (at < w->loaded + BUSY_MS)
		at = w->loaded + BUSY_MS;
	if (at < w->load_at)
		w->load_at = at;
}

static void take_change(struct world *w, const struct inotify_event *event)
{
	const char *name = event->len ? event->name : "";

	if (event->mask & IN_Q_OVERFLOW) {
		soon(w);
		w->watch_at = w->now;
	} else if (*name == '.') {
		return;		/* a new text that has not been put in place */
	} else if (event->wd == w->watch_wd) {
		w->watch_at = w->now;
	} else if (event->wd != w->config_wd || !strcmp(name, "flg") || !strcmp(name, "typ")) {
		soon(w);
	}
}

void load_events(struct world *w)
{
	_Alignas(struct inotify_event) char bytes[8192];
	ssize_t got;

	while ((got = read(w->inotify, bytes, sizeof(bytes))) > 0)
		for (ssize_t at = 0; at < got;) {
			const struct inotify_event *event = (const void *)(bytes + at);

			take_change(w, event);
			at += (ssize_t)(sizeof(*event) + event->len);
		}
}
