/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lcm, the communication manager: start, loop and end of its main process. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lk/boot.h"
#include "lk/lcm.h"
#include "lk/msg.h"
#include "lk/ready.h"
#include "lk/wait.h"
#include "config.h"
#include "control.h"
#include "event.h"
#include "exec.h"
#include "lease.h"
#include "local.h"
#include "memory.h"
#include "netproc.h"
#include "served.h"
#include "session.h"
#include "world.h"
#include "lk/poison.h"

#define LOCK_FILE "run/lcm.lock"
#define STALL_MS 1000		/* later than that after a deadline: we did not run */
#define END_MS 7000		/* for handlers, commands and net to end */
#define BUS_BURST 200		/* messages of net that go before everything else in a turn */

/* ---- readiness ---- */

static void say_ready(struct lcm *lcm)
{
	if (lcm->ready || !lcm->net_ready || !lcm->generation)
		return;
	lcm->ready = true;
	lk_daemon_ready(&lcm->frame);
	lcm_log(lcm, LK_LOG_INFO, LK_M_LCM_READY, lcm->self);
}

/* ---- the loop ---- */

static void on_signal(void *arg, uint32_t events)
{
	struct lcm *lcm = arg;
	struct signalfd_siginfo info;

	(void)events;
	while (read(lcm->signals.fd, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == SIGTERM || info.ssi_signo == SIGINT)
			lcm->stopping = true;
		else if (info.ssi_signo == SIGHUP)
			lcm->reload_at = lcm->now;
	}
	lcm_reap(lcm);
}

static int64_t next_deadline(const struct lcm *lcm)
{
	int64_t at = lcm->reload_at;

	at = lcm_earlier(at, control_deadline(lcm));
	at = lcm_earlier(at, event_deadline(lcm));
	at = lcm_earlier(at, session_deadline(lcm));
	at = lcm_earlier(at, lease_deadline(lcm));
	return lcm_earlier(at, local_deadline(lcm));
}

static void turn_time(struct lcm *lcm, int64_t deadline)
{
	lcm->now = lk_now_ms();
	if (deadline >= 0 && lcm->now > deadline + STALL_MS)
		control_stall(lcm, (uint32_t)(lcm->now - deadline));
}

/* States come before the conclusions from their absence. */
static void drain_bus(struct lcm *lcm)
{
	struct epoll_event event;

	for (unsigned i = 0; i < BUS_BURST && lcm->bus.fd >= 0 && !lcm->failed; i++) {
		int pending = 0;
		char byte;

		pending = recv(lcm->bus.fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
		if (!pending)
			return;
		event.events = EPOLLIN;
		lcm->bus.ready(lcm->bus.arg, event.events);
	}
}

static void tick(struct lcm *lcm)
{
	drain_bus(lcm);
	config_tick(lcm);
	control_tick(lcm);
	event_tick(lcm);
	session_tick(lcm);
	lease_tick(lcm);
	local_tick(lcm);
}

static void turn(struct lcm *lcm)
{
	struct epoll_event event;

	event_pump(lcm);
	memory_save(lcm);
	served_arm(lcm);
	local_arm(lcm);
	say_ready(lcm);
	int64_t deadline = next_deadline(lcm);
	int64_t left = deadline < 0 ? INT32_MAX : deadline - lk_now_ms();
	/* one event at a time: what it closes may have had the next one */
	int n = epoll_wait(lcm->epoll, &event, 1, left < 0 ? 0 : left > INT32_MAX ? INT32_MAX : (int)left);

	turn_time(lcm, deadline);
	if (n > 0) {
		const struct lcm_source *source = event.data.ptr;

		source->ready(source->arg, event.events);
	}
	if (deadline >= 0 && lcm->now >= deadline)
		tick(lcm);
}

/* ---- the end ---- */

static bool is_idle(const struct lcm *lcm)
{
	bool idle = lcm->avail.running == HANDLER_NONE && !lcm->served && lcm->net <= 0;

	for (unsigned i = 0; i < BUS_PEERS_MAX && idle; i++)
		idle = lcm->peer[i].job.running == HANDLER_NONE;
	return idle;
}

static void release(struct lcm *lcm)
{
	for (unsigned i = 0; i < BUS_PEERS_MAX; i++)
		if (lcm->peer[i].used)
			chan_free(&lcm->peer[i].chan);
	while (lcm->children) {
		struct lcm_child *child = lcm->children;

		lcm->children = child->next;
		free(child);
	}
	netproc_free(lcm);
	lk_buf_free(&lcm->saved);
	free(lcm->memory);
	explicit_bzero(&lcm->keys, sizeof(lcm->keys));
}

static void end(struct lcm *lcm)
{
	int64_t until = lk_now_ms() + END_MS;

	lk_ready_notify("STOPPING=1\n");
	lcm_log(lcm, LK_LOG_INFO, LK_M_LCM_STOPS, lcm->self);
	lcm->stopping = true;
	local_stop(lcm);
	event_stop(lcm);
	served_stop(lcm);
	netproc_stop(lcm);
	lcm->reload_at = -1;
	while (!is_idle(lcm) && lk_now_ms() < until) {
		struct epoll_event event;

		served_arm(lcm);
		if (epoll_wait(lcm->epoll, &event, 1, 100) > 0) {
			const struct lcm_source *source = event.data.ptr;

			source->ready(source->arg, event.events);
		}
		lcm->now = lk_now_ms();
		event_tick(lcm);
		served_tick(lcm);
	}
	if (lcm->net > 0)
		kill(lcm->net, SIGKILL);
	release(lcm);
}

/* ---- the start ---- */

/* Kept open as long as we live. */
static int take_lock(const struct lcm *lcm, struct lk_err *err)
{
	int fd = lk_daemon_lock(&lcm->frame, LOCK_FILE, err);

	return fd ? fd : lk_fail(err, LK_M_LCM_RUNS, lcm->tree.root);
}

static int watch_signals(struct lcm *lcm, struct lk_err *err)
{
	static const int wanted[] = { SIGTERM, SIGINT, SIGHUP, SIGCHLD };
	int fd = lk_daemon_signals(wanted, sizeof(wanted) / sizeof(*wanted), err);

	lcm->signals = (struct lcm_source){ .fd = fd, .ready = on_signal, .arg = lcm };
	if (fd < 0)
		return fd;
	lcm_watch(lcm, &lcm->signals, EPOLLIN);
	return 0;
}

/* The supervisor tells by LK_START_ID whether it has begun anew, and by LK_RESTARTS how often it has
 * started us since. */
static void read_start(struct lcm *lcm)
{
	const char *id = getenv("LK_START_ID"), *restarts = getenv("LK_RESTARTS");

	snprintf(lcm->start_id, sizeof(lcm->start_id), "%s", id ? id : "");
	lcm->restarted = restarts && strcmp(restarts, "0") != 0 && *restarts;
}

static int make_incarnation(struct lcm *lcm, struct lk_err *err)
{
	while (!(lcm->incarnation >> 32))
		if (getrandom(&lcm->incarnation, sizeof(lcm->incarnation), 0) !=
		    sizeof(lcm->incarnation) && errno != EINTR)
			return lk_fail_errno(err, errno, "getrandom");
	return 0;
}

/* Before anybody can ask: the states of the last run are not those of this one. */
static void begin_run(struct lcm *lcm)
{
	struct lk_err err;

	if (!lcm->available && lk_boot_begin(&err) < 0)
		lcm_log(lcm, LK_LOG_ERROR, LK_M_LCM_CONFIG, err.text);
}

static int start(struct lcm *lcm, struct lk_err *err)
{
	int rc = make_incarnation(lcm, err);

	lcm->now = lcm->started = lk_now_ms();
	lcm->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (rc == 0 && lcm->epoll < 0)
		rc = lk_fail_errno(err, errno, "epoll_create1");
	if (rc == 0)
		rc = watch_signals(lcm, err);
	if (rc == 0)
		rc = config_init(lcm, err);
	if (rc < 0)
		return rc;
	read_start(lcm);
	event_init(lcm);
	memory_load(lcm);
	begin_run(lcm);
	lease_init(lcm);
	if (netproc_start(lcm) < 0)
		return lk_fail_errno(err, errno, "the network process");
	config_watch(lcm);
	config_load(lcm);
	return local_start(lcm, err);
}

/* Descriptors 0 to 2 must be open, or files would get these numbers. */
static int hold_standard(struct lk_err *err)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd < 3);
	if (fd < 0)
		return lk_fail_errno(err, errno, "/dev/null");
	dup2(fd, 0);
	close(fd);
	return 0;
}

static int serve(struct lk_cmd *cmd, struct lcm *lcm)
{
	int lock, rc = hold_standard(&cmd->err);

	if (rc == 0)
		rc = lk_daemon_start(&lcm->frame, cmd, &cmd->err);
	if (rc < 0)
		return rc;
	lock = take_lock(lcm, &cmd->err);
	if (lock < 0)
		return lock;
	lk_logger_open(&lcm->logger, &lcm->tree);
	rc = start(lcm, &cmd->err);
	if (rc < 0)
		lcm_log(lcm, LK_LOG_ERROR, LK_M_LCM_CONFIG, cmd->err.text);
	while (rc == 0 && !lcm->stopping && !lcm->failed)
		turn(lcm);
	end(lcm);
	lk_logger_close(&lcm->logger, &lcm->tree);
	close(lock);
	return rc < 0 ? rc : lcm->failed;
}

static int run(struct lk_cmd *cmd)
{
	struct lcm *lcm;
	int rc;

	if (lk_cmd_given(cmd, 'G')) {
		peer_graph(stdout);
		return 0;
	}
	lcm = calloc(1, sizeof(*lcm));
	if (!lcm)
		return lk_fail_nomem(&cmd->err);
	lcm->reload_at = -1;
	lcm->frame = (struct lk_daemon){ .tree = &lcm->tree, .prog = LCM_PROG, .component = LCM_PROG, .ready_fd = -1 };
	lcm->bus.fd = lcm->signals.fd = lcm->listener.fd = lcm->watch.fd = lcm->epoll = -1;
	rc = lk_tree_open(&lcm->tree, &cmd->err);
	if (rc == 0)
		rc = lk_cmd_given(cmd, 'n') ? config_check(lcm, &cmd->err) : serve(cmd, lcm);
	lk_tree_close(&lcm->tree);
	free(lcm);
	return rc;
}

static const struct lk_opt options[] = {
	{ 'f', LK_OPT_FLAG, NULL, "stay in the foreground, as under lkinit", NULL },
	{ 'n', LK_OPT_FLAG, NULL, "check the configuration and the key, and end", NULL },
	{ 'G', LK_OPT_FLAG, NULL, "print the states of a system, for Graphviz", "graph" },
	LK_OPT_LAST,
};

static const struct lk_cmd_desc desc = {
	.synopsis = "lcm [-f]\nlcm -n\nlcm --graph",
	.summary = "Keep the communication with the other systems of the cluster.",
	.options = options,
	.run = run,
};

int main(int argc, char **argv)
{
	return lk_cmd_main(&desc, argc, argv);
}
