/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What lkcheck knows; one struct, which main() owns. */
#ifndef LKCHECK_WORLD_H
#define LKCHECK_WORLD_H

#include "lk/daemon.h"
#include "lk/lcd.h"
#include "lk/logger.h"
#include "lk/pool.h"
#include "lk/watch.h"
#include "schedule.h"

#define CHECKS_MAX 4096		/* scripts at a time, those that hang included */
#define CHECK_PARALLEL 16	/* CHECK_PARALLEL */
#define CHECK_LOST 110		/* how a check says that the resource is not this system's any more, lk-kit(7) */
#define NEVER INT64_MAX

enum outcome { NONE, HEALTHY, FAILED, CANNOT_TELL, TIMED_OUT };

/* A resource instance. One whose identity changes becomes another item. */
struct item {
	struct entry entry;		/* first: entries are items */
	const char *tag, *app, *type, *id, *info;
	unsigned slot;			/* its number as long as it lives */
	enum outcome last;
	int code;			/* of the last check */
	bool seen;
	bool gone;			/* no longer in the database, but its check still runs */
	char *argv[6];			/* of the running check */
	char *path;
	unsigned seconds;
};

/* A registered process. */
struct watched {
	struct lk_holder process;
	char *tag;
	int fd;				/* -1: it has ended, which was told */
	bool seen, ended;
};

struct world {
	struct lk_tree tree;
	struct lk_logger logger;
	struct schedule schedule;
	struct item **item, **slot;	/* item: by tag; slot: by number, NULL where free */
	unsigned n, cap, slots;
	struct watched **watched;
	unsigned nwatched, cwatched;
	struct lk_pool pool;
	struct lk_pool_end *ends;
	int epoll, inotify, netlink, lock;
	int config_wd, watch_wd;	/* what inotify calls the directories */
	int64_t now, loaded, load_at, watch_at;
	uint32_t dice;
	bool reboots;			/* this system is about to */
	char complaint[LK_ERR_TEXT];	/* what went wrong last, said once */
	struct lk_daemon frame;
};

/* Log a message of lk/msg.h: say(w, LK_LOG_INFO, LK_M_CHK_READY, w->n). */
#define say(w, ...) lk_say(&(w)->frame, __VA_ARGS__)
#define say_err(w, level, err) lk_say_err(&(w)->frame, level, err)

/* An item as the subject of a log line, for lk_say_line(). */
static inline struct lk_log_line line_of(const struct item *item, enum lk_log_level level, const char *action)
{
	return (struct lk_log_line){ .level = level, .component = item->type, .action = action, .tag = item->tag };
}

/* ---- main.c ---- */

/* The same error is said once. */
void complain(struct world *w, const struct lk_err *err);
/* A number; the world's own, for spreading load. */
uint32_t chance(struct world *w);

/* ---- load.c ---- */

/* Read the database and take over what has changed. 0, or negative: nothing was. */
int load(struct world *w, struct lk_err *err) LK_MUST;
/* The same, after which errors are said and it is tried again. */
void load_again(struct world *w);
/* Is the instance in service and free, as of now? Yes if that cannot be read. */
bool load_still_checked(const char *tag) LK_MUST LK_NONNULL(1);
/* Watch the files that matter. */
int load_watch(struct world *w, struct lk_err *err) LK_MUST;
/* inotify has something. */
void load_events(struct world *w);
struct item *find_item(const struct world *w, const char *tag);
void item_free(struct world *w, struct item *item);

/* ---- check.c ---- */

/* Start what is due. */
void start_checks(struct world *w);
/* A check has ended. */
void end_check(struct world *w, const struct lk_pool_end *end);

/* ---- report.c ---- */

/* The resource has failed: tell those who act on it. */
void report_failure(struct world *w, const struct item *item);
/* A check took too long: ResMon_RecordTimeout and its kin. True: it counts as a failure. */
bool report_timeout(struct world *w, const struct item *item);

/* ---- net.c ---- */

/* Hear of addresses and links; w->netlink stays -1 where that is not possible. */
void net_open(struct world *w);
void net_events(struct world *w);

/* ---- watched.c ---- */

/* Read run/watch and take over what has changed. */
void watched_load(struct world *w);
/* One of them has ended. */
void watched_ended(struct world *w, struct watched *watched);
void watched_free(struct world *w);

#endif
