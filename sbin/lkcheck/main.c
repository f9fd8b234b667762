/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lkcheck: check the resources in service (spec/core.md 4.6). */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lk/cleanup.h"
#include "lk/detach.h"
#include "lk/msg.h"
#include "lk/ready.h"
#include "lk/tunable.h"
#include "lk/wait.h"
#include "world.h"
#include "lk/poison.h"

#define LOCK_FILE "run/lkcheck.lock"
#define FILES 8192		/* descriptors wanted: one per registered process, three per running check */
#define EVENTS 32

void complain(struct world *w, const struct lk_err *err)
{
	if (!strcmp(w->complaint, err->text))
		return;
	snprintf(w->complaint, sizeof(w->complaint), "%s", err->text);
	say_err(w, LK_LOG_ERROR, err);
}

/* xorshift32: enough to spread load. */
uint32_t chance(struct world *w)
{
	w->dice ^= w->dice << 13;
	w->dice ^= w->dice >> 17;
	w->dice ^= w->dice << 5;
	return w->dice;
}

/* ---- the loop ---- */

static void take_events(struct world *w)
{
	struct epoll_event event[EVENTS];
	int n = epoll_wait(w->epoll, event, EVENTS, 0);

	for (int i = 0; i < n; i++) {
		void *from = event[i].data.ptr;

		if (from == &w->inotify)
			load_events(w);
		else if (from == &w->netlink)
			net_events(w);
		else
			watched_ended(w, from);
	}
}

/* What the events have asked for; items and watched processes are freed only here. */
static void take_time(struct world *w)
{
	if (w->load_at <= w->now)
		load_again(w);
	if (w->watch_at <= w->now)
		watched_load(w);
	start_checks(w);
}

static int time_left(const struct world *w)
{
	int64_t next = schedule_wake(&w->schedule);

	next = w->load_at < next ? w->load_at : next;
	next = w->watch_at < next ? w->watch_at : next;
	return next <= w->now ? 0 : next - w->now > 3600000 ? 3600000 : (int)(next - w->now);
}

static void work(struct world *w)
{
	while (!lk_pool_interrupted(&w->pool)) {
		w->now = lk_now_ms();
		take_time(w);
		size_t ended = lk_pool_turn(&w->pool, w->epoll, time_left(w), w->ends);
		w->now = lk_now_ms();
		take_events(w);
		for (size_t i = 0; i < ended; i++)
			end_check(w, &w->ends[i]);
		lk_pool_strays(&w->pool);
	}
}

/* ---- start and end ---- */

static int take_lock(struct world *w, struct lk_err *err)
{
	(void)!mkdirat(w->tree.fd, "run", 0750);
	(void)!mkdirat(w->tree.fd, LK_WATCH_DIR, 0750);
	w->lock = lk_daemon_lock(&w->frame, LOCK_FILE, err);
	return w->lock > 0 ? 0 : w->lock < 0 ? w->lock : lk_fail(err, LK_M_CHK_RUNS, w->tree.root);
}

static int prepare(struct world *w, struct lk_err *err)
{
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = &w->inotify };

	w->now = lk_now_ms();
	w->watch_at = w->now;
	if (getrandom(&w->dice, sizeof(w->dice), GRND_NONBLOCK) != sizeof(w->dice) || !w->dice)
		w->dice = (uint32_t)getpid();
	w->schedule.limit = CHECK_PARALLEL;
	w->ends = calloc(CHECKS_MAX, sizeof(*w->ends));
	w->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (!w->ends || w->epoll < 0)
		return lk_fail_errno(err, errno, "epoll");
	int rc = load_watch(w, err);
	if (rc == 0 && epoll_ctl(w->epoll, EPOLL_CTL_ADD, w->inotify, &event) < 0)
		rc = lk_fail_errno(err, errno, "epoll");
	if (rc == 0)
		rc = lk_pool_open(&w->pool, &w->tree, "lkcheck", CHECKS_MAX, err);
	if (rc < 0)
		return rc;
	net_open(w);
	load_again(w);
	return 0;
}

static void want_files(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur >= FILES)
		return;
	limit.rlim_cur = limit.rlim_max < FILES ? limit.rlim_max : FILES;
	setrlimit(RLIMIT_NOFILE, &limit);
}

static void clean(struct world *w)
{
	const int fd[] = { w->inotify, w->netlink, w->epoll, w->lock };

	watched_free(w);
	for (unsigned i = 0; i < w->slots; i++)
		if (w->slot[i])
			item_free(w, w->slot[i]);
	free(w->slot);
	free(w->item);
	free(w->ends);
	schedule_free(&w->schedule);
	for (int i = 0; i < 4; i++)
		if (fd[i] >= 0)
			close(fd[i]);
}

static int serve(struct world *w, struct lk_err *err)
{
	int rc = take_lock(w, err);

	signal(SIGHUP, SIG_IGN);	/* the files are read when they change */
	signal(SIGPIPE, SIG_IGN);
	want_files();
	if (rc == 0) {
		lk_logger_open(&w->logger, &w->tree);
		rc = prepare(w, err);
	}
	if (rc == 0) {
		say(w, LK_LOG_INFO, LK_M_CHK_READY, w->n);
		lk_daemon_ready(&w->frame);
		work(w);
		lk_ready_notify("STOPPING=1\n");
		say(w, LK_LOG_INFO, LK_M_CHK_END, w->pool.interrupted);
	}
	if (w->pool.tree)
		lk_pool_close(&w->pool);
	if (w->tree.logger)
		lk_logger_close(&w->logger, &w->tree);
	clean(w);
	return rc;
}

/* Can all that is needed be read? */
static int check(struct world *w, struct lk_err *err)
{
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;
	unsigned long long number = 0;
	int rc = lk_lcd_read(&lcd, LK_T_INS | LK_T_FLG, err);

	if (rc == 0)
		rc = lk_tunable_number(&w->tree, "CHECK_PARALLEL", 1, 500, &number, err);
	return rc < 0 ? rc : 0;
}

static int run(struct lk_cmd *cmd)
{
	struct world w = {
		.frame = { .tree = &w.tree, .prog = "lkcheck", .component = "lkcheck", .ready_fd = -1 },
		.epoll = -1, .inotify = -1, .netlink = -1, .lock = -1, .config_wd = -1, .watch_wd = -1,
	};

	if (lk_cmd_given(cmd, 'g'))
		return lk_daemon_graph(cmd, schedule_graph);
	lk_close_from(3);	/* of whoever has started us */
	int rc = lk_tree_open(&w.tree, &cmd->err);
	if (rc == 0 && lk_cmd_given(cmd, 'n')) {
		rc = check(&w, &cmd->err);
	} else if (rc == 0) {
		rc = lk_daemon_start(&w.frame, cmd, &cmd->err);
		rc = rc == 0 ? serve(&w, &cmd->err) : rc;
	}
	lk_tree_close(&w.tree);
	return rc;
}

static const struct lk_opt options[] = {
	{ 'f', LK_OPT_FLAG, NULL, "stay in the foreground, as under lkinit", NULL },
	{ 'n', LK_OPT_FLAG, NULL, "check whether all that is needed can be read, and end", NULL },
	{ 'g', LK_OPT_FLAG, NULL, "print the life of a check as a graph for dot(1)", "graph" },
	LK_OPT_LAST,
};

static const struct lk_cmd_desc desc = {
	.synopsis = "lkcheck [-f | -n | --graph]",
	.summary = "Check the resources in service on this node.",
	.options = options,
	.run = run,
};

int main(int argc, char **argv)
{
	return lk_cmd_main(&desc, argc, argv);
}
