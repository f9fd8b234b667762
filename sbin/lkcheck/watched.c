/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Registered processes: their end is noticed by the kernel's pidfd. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "lk/cleanup.h"
#include "lk/msg.h"
#include "lk/proc.h"
#include "lk/spawn.h"
#include "world.h"
#include "lk/poison.h"

static void ask(struct world *w, const struct watched *watched)
{
	struct item *item = find_item(w, watched->tag);

	if (!item || !item->entry.on)
		return;
	struct lk_log_line line = line_of(item, LK_LOG_WARN, "watch");
	lk_say_line(&w->frame, &line, LK_M_CHK_PROCESS, watched->tag, (long)watched->process.pid);
	schedule_ask(&w->schedule, &item->entry);
}

static void stop_watching(struct watched *watched)
{
	if (watched->fd >= 0)
		close(watched->fd);	/* epoll forgets it, too */
	watched->fd = -1;
	watched->ended = true;
}

void watched_ended(struct world *w, struct watched *watched)
{
	if (watched->ended)
		return;
	stop_watching(watched);
	ask(w, watched);
}

/* Of the same id another process may run: so look at it only when its end can no longer be missed. */
static void begin_watching(struct world *w, struct watched *watched)
{
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = watched };

	watched->fd = lk_child_watch(watched->process.pid);
	if (watched->fd >= 0 && lk_proc_alive(&watched->process) &&
	    epoll_ctl(w->epoll, EPOLL_CTL_ADD, watched->fd, &event) == 0)
		return;
	if (watched->fd < 0 && lk_proc_alive(&watched->process)) {
		struct lk_err err;

		lk_fail_errno(&err, errno, "process %ld cannot be watched", (long)watched->process.pid);
		complain(w, &err);
		watched->ended = true;
		return;
	}
	watched_ended(w, watched);
}

static struct watched *find(const struct world *w, const char *tag, const struct lk_holder *process)
{
	for (unsigned i = 0; i < w->nwatched; i++)
		if (w->watched[i]->process.pid == process->pid &&
		    w->watched[i]->process.start == process->start && !strcmp(w->watched[i]->tag, tag))
			return w->watched[i];
	return NULL;
}

static struct watched *add(struct world *w, const char *tag, const struct lk_holder *process)
{
	struct watched *watched = calloc(1, sizeof(*watched));

	if (w->nwatched == w->cwatched) {
		void *list = realloc(w->watched, (w->cwatched * 2 + 16) * sizeof(struct watched *));

		if (list) {
			w->watched = list;
			w->cwatched = w->cwatched * 2 + 16;
		}
	}
	if (watched)
		*watched = (struct watched){ .process = *process, .tag = strdup(tag), .fd = -1 };
	if (!watched || !watched->tag || w->nwatched == w->cwatched) {
		free(watched ? watched->tag : NULL);
		free(watched);
		return NULL;
	}
	w->watched[w->nwatched++] = watched;
	return watched;
}

static void take_record(struct world *w, const char *name)
{
	struct lk_watch record;
	struct lk_err err;

	if (lk_watch_read(&w->tree, name, &record, &err) < 0)
		complain(w, &err);
	for (unsigned i = 0; i < record.n && record.tag[0]; i++) {
		struct watched *watched = find(w, record.tag, &record.process[i]);
		bool known = watched;

		if (!known)
			watched = add(w, record.tag, &record.process[i]);
		if (!watched)
			return;
		watched->seen = true;
		if (!known)
			begin_watching(w, watched);
	}
}

static void drop(struct world *w, bool all)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < w->nwatched; i++) {
		struct watched *watched = w->watched[i];

		if (watched->seen && !all) {
			w->watched[kept++] = watched;
			continue;
		}
		stop_watching(watched);
		free(watched->tag);
		free(watched);
	}
	w->nwatched = kept;
}

void watched_load(struct world *w)
{
	int fd = openat(w->tree.fd, LK_WATCH_DIR, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR LK_AUTO_DIR *dir = fd < 0 ? NULL : fdopendir(fd);

	w->watch_at = NEVER;
	for (unsigned i = 0; i < w->nwatched; i++)
		w->watched[i]->seen = false;
	for (struct dirent *entry = dir ? readdir(dir) : NULL; entry; entry = readdir(dir))
		if (entry->d_name[0] != '.')
			take_record(w, entry->d_name);
	drop(w, false);
}

void watched_free(struct world *w)
{
	drop(w, true);
	free(w->watched);
}
