/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Events of class lifekeeper and their handlers. */
#include "event.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lk/cleanup.h"
#include "lk/flg.h"
#include "lk/late.h"
#include "lk/msg.h"
#include "lk/stopped.h"
#include "control.h"
#include "exec.h"
#include "lease.h"
#include "lk/poison.h"

#define GRACE_MS 5000			/* from TERM to KILL */
#define LATE_MS 1000			/* between two looks at the quorum that a start, or an event, had not */
#define LATE_AGAIN_MS 10000		/* it was lost again, or the program was killed */
#define AVAIL_FILE "run/lcm.avail"	/* the start whose lcm_avail has been processed */
#define AVAIL_TEMP "run/.lcm.avail.new"

static const char *const names[] = { "nothing", "comm_up", "comm_down", "lcm_avail", "lcdavail -q" };

static void on_end(void *arg, int status);

/* ---- lcm_avail, once per start ---- */

static bool was_processed(const struct lcm *lcm)
{
	char id[sizeof(lcm->start_id)];
	int LK_AUTO_CLOSE fd = openat(lcm->tree.fd, AVAIL_FILE,
				      O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	ssize_t len = fd < 0 ? -1 : read(fd, id, sizeof(id) - 1);

	if (len <= 0 || !*lcm->start_id)
		return false;
	id[len] = '\0';
	id[strcspn(id, "\n")] = '\0';
	return !strcmp(id, lcm->start_id);
}

static void remember(const struct lcm *lcm)
{
	int LK_AUTO_CLOSE fd = openat(lcm->tree.fd, AVAIL_TEMP,
				      O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0640);

	if (!*lcm->start_id)
		return;
	if (fd < 0 || dprintf(fd, "%s\n", lcm->start_id) < 0 ||
	    renameat(lcm->tree.fd, AVAIL_TEMP, lcm->tree.fd, AVAIL_FILE) < 0)
		lcm_log(lcm, LK_LOG_WARN, LK_M_LCM_FILE, AVAIL_FILE, strerror(errno));
}

/* Has what has just ended left something to be made up for? */
static void look_for_late(struct lcm *lcm)
{
	if (lcm->late_at < 0 && lk_late_noted(&lcm->tree))
		lcm->late_at = lcm->now + LATE_MS;
}

void event_init(struct lcm *lcm)
{
	lcm->avail = (struct lcm_job){ .lcm = lcm, .kill_at = -1 };
	lcm->available = was_processed(lcm);
	lcm->late_at = -1;
	if (lcm->available)
		look_for_late(lcm);
}

/* Is each peer known to be there or not, or has the time for that passed? */
static bool is_decided(const struct lcm *lcm)
{
	if (!lcm->generation || lcm->confirmed != lcm->generation)
		return false;
	if (lcm->now - lcm->started >= lcm->set.init)
		return true;
	for (unsigned i = 0; i < BUS_PATHS_MAX; i++) {
		const struct lcm_path *path = &lcm->path[i];

		if (path->configured &&
		    lcm->peer[path->conf.peer].machine.state == PEER_UNKNOWN)
			return false;
	}
	return true;
}

/* ---- starting ---- */

static int start(struct lcm_job *job, enum lcm_handler handler, char *const *argv)
{
	struct lcm *lcm = job->lcm;
	struct exec_request request = { .tree = &lcm->tree, .argv = argv };
	struct exec_child child;

	if (exec_start(&request, &child) < 0) {
		lcm_log(lcm, LK_LOG_ERROR, LK_M_LCM_HANDLER, names[handler], strerror(errno));
		return -1;
	}
	job->running = handler;
	job->pid = child.pid;
	job->kill_at = -1;
	if (lcm_adopt(lcm, child.pid, on_end, job) == 0)
		return 0;
	kill(-child.pid, SIGKILL);
	job->running = HANDLER_NONE;
	return -1;
}

static int start_event(struct lcm_job *job, enum lcm_handler handler)
{
	struct lcm *lcm = job->lcm;
	char *node = job->peer ? job->peer->name : lcm->self;
	char *argv[] = { (char *)"sendevent", (char *)"-w", (char *)"-C", (char *)"lifekeeper",
			 (char *)"-E", (char *)names[handler], (char *)"-m",
			 (char *)"lk:lcm", (char *)"-n", node, NULL };

	lcm_log(lcm, LK_LOG_INFO, LK_M_LCM_EVENT, names[handler], node);
	return start(job, handler, argv);
}

/* The flag that kept this node from taking over when the peer was stopped in order. */
bool event_is_flagged(const struct lcm_peer *peer)
{
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;
	char flag[LK_STOPPED_MAX];
	struct lk_err err;

	lk_stopped_flag(peer->name, flag);
	return lk_lcd_read(&lcd, LK_T_FLG, &err) == 0 && lk_flg_find(&lcd, flag);
}

static void on_cleared(void *arg, int status);

static void start_clear(struct lcm_peer *peer)
{
	struct lcm *lcm = peer->lcm;
	char flag[LK_STOPPED_MAX];
	char *argv[] = { (char *)"flg_remove", (char *)"-f", flag, NULL };
	struct exec_request request = { .tree = &lcm->tree, .argv = argv };
	struct exec_child child;

	lk_stopped_flag(peer->name, flag);
	if (exec_start(&request, &child) < 0) {
		lcm_log(lcm, LK_LOG_ERROR, LK_M_LCM_HANDLER, argv[0], strerror(errno));
		return;
	}
	peer->clearing = lcm_adopt(lcm, child.pid, on_cleared, peer) == 0;
	if (!peer->clearing)
		kill(-child.pid, SIGKILL);
}

static void on_cleared(void *arg, int status)
{
	struct lcm_peer *peer = arg;
	bool again = peer->clear_again;

	peer->clearing = peer->clear_again = false;
	if (status)
		lcm_log(peer->lcm, LK_LOG_WARN, LK_M_LCM_HANDLER_CODE, "flg_remove", peer->name,
			exec_code(status));
	if (again && !peer->lcm->stopping)
		event_clear(peer);
}

void event_clear(struct lcm_peer *peer)
{
	if (peer->clearing)
		peer->clear_again = true;
	else if (event_is_flagged(peer))
		start_clear(peer);
}

static void count_down(const struct lcm_peer *peer)
{
	struct lcm *lcm = peer->lcm;

	for (unsigned i = 0; i < BUS_PATHS_MAX; i++)
		if (lcm->path[i].configured && lcm->path[i].conf.peer == peer->number)
			lcm->path[i].comm_downs++;
	lcm->changed = true;
}

/* What could not be started counts as processed: waiting would not help. */
static void run_job(struct lcm_job *job)
{
	enum lcm_handler handler = job->wanted;

	job->wanted = HANDLER_NONE;
	if (handler == HANDLER_DOWN && !job->repeated)
		count_down(job->peer);
	job->repeated = false;
	if (start_event(job, handler) < 0)
		control_handled(job->peer);
}

/* ---- what there was no quorum for ---- */

static void start_late(struct lcm *lcm)
{
	char *argv[] = { (char *)"lcdavail", (char *)"-q", NULL };

	if (lcm->late_at < 0 || lcm->now < lcm->late_at || lcm->avail.running != HANDLER_NONE)
		return;
	lcm->late_at = lcm->now + LATE_MS;
	if (!lease_allows(lcm))
		return;
	lcm_log(lcm, LK_LOG_INFO, LK_M_LCM_LATE);
	if (start(&lcm->avail, HANDLER_LATE, argv) < 0)
		lcm->late_at = lcm->now + LATE_AGAIN_MS;
}

/* Quorum need not come with a comm_up: the storage is there again, or who could not confirm yet can. */
static void repeat_events(struct lcm *lcm)
{
	for (unsigned i = 0; i < BUS_PEERS_MAX && lcm->set.quorum != BUS_NO_LEASE; i++) {
		struct lcm_peer *peer = &lcm->peer[i];
		enum peer_state state = peer->machine.state;

		if (!peer->used || !peer->configured || !lk_late_event_noted(&lcm->tree, peer->name))
			continue;
		if (state == PEER_ALIVE || state == PEER_RETURNING)
			event_want(peer, HANDLER_UP, true);
		else if (state == PEER_DOWN)
			event_want(peer, HANDLER_DOWN, true);
		else
			continue;
		peer->job.repeated = true;
	}
}

/* Killed, or without quorum again: the flags of the resources are still there, or those that are. Otherwise it is over,
 * whatever became of it, as a start is. */
static void end_late(struct lcm *lcm, int code)
{
	if (code == LK_EX_INTERNAL || code >= 126) {
		lcm->late_at = lcm->now + LATE_AGAIN_MS;
		return;
	}
	lcm->late_at = -1;
	lk_late_forget(&lcm->tree);
	repeat_events(lcm);
}

void event_pump(struct lcm *lcm)
{
	if (lcm->stopping)
		return;
	if (!lcm->available) {
		if (lcm->avail.running == HANDLER_NONE && is_decided(lcm) &&
		    start_event(&lcm->avail, HANDLER_AVAIL) < 0)
			lcm->available = true;
		if (!lcm->available)
			return;
	}
	start_late(lcm);
	for (unsigned i = 0; i < BUS_PEERS_MAX; i++) {
		struct lcm_job *job = &lcm->peer[i].job;

		if (lcm->peer[i].used && !lcm->peer[i].clearing && job->running == HANDLER_NONE &&
		    job->wanted != HANDLER_NONE)
			run_job(job);
	}
}

/* ---- ending ---- */

static void press(struct lcm_job *job)
{
	if (job->kill_at >= 0)
		return;
	kill(-job->pid, SIGTERM);
	job->kill_at = job->lcm->now + GRACE_MS;
}

void event_want(struct lcm_peer *peer, enum lcm_handler handler, bool again)
{
	struct lcm_job *job = &peer->job;

	if (job->running == HANDLER_NONE) {
		job->wanted = handler;
		return;
	}
	bool same = job->running == handler && job->kill_at < 0;
	if (!same && job->kill_at < 0)
		lcm_log(peer->lcm, LK_LOG_WARN, LK_M_LCM_OUTDATED, names[job->running], peer->name);
	if (!same)
		press(job);
	job->wanted = same && !again ? HANDLER_NONE : handler;
}

static void on_end(void *arg, int status)
{
	struct lcm_job *job = arg;
	struct lcm *lcm = job->lcm;
	enum lcm_handler ended = job->running;
	bool outdated = job->kill_at >= 0;

	job->running = HANDLER_NONE;
	job->kill_at = -1;
	if (status && !outdated)
		lcm_log(lcm, LK_LOG_WARN, LK_M_LCM_HANDLER_CODE, names[ended],
			job->peer ? job->peer->name : lcm->self, exec_code(status));
	if (ended == HANDLER_LATE)
		end_late(lcm, outdated ? 126 : exec_code(status));
	else
		look_for_late(lcm);
	if (ended == HANDLER_AVAIL) {
		lcm->available = true;
		remember(lcm);
	} else if (ended != HANDLER_LATE && !outdated && job->wanted == HANDLER_NONE) {
		control_handled(job->peer);
	}
}

static int64_t job_deadline(const struct lcm_job *job)
{
	return job->running == HANDLER_NONE ? -1 : job->kill_at;
}

static void job_tick(struct lcm_job *job)
{
	if (job->running == HANDLER_NONE || job->kill_at < 0 || job->lcm->now < job->kill_at)
		return;
	/* a handler beyond its commit point finishes what it has begun: half a failover is worse than one that
	 * is not needed any more. Only our own end does not wait for it. */
	if (job->lcm->stopping)
		kill(-job->pid, SIGKILL);
	job->kill_at += GRACE_MS;
}

int64_t event_deadline(const struct lcm *lcm)
{
	int64_t at = job_deadline(&lcm->avail);

	if (!lcm->available && lcm->avail.running == HANDLER_NONE)
		at = lcm_earlier(at, lcm->started + lcm->set.init);
	if (lcm->available && lcm->avail.running == HANDLER_NONE)
		at = lcm_earlier(at, lcm->late_at);
	for (unsigned i = 0; i < BUS_PEERS_MAX; i++)
		at = lcm_earlier(at, lcm->peer[i].used ? job_deadline(&lcm->peer[i].job) : -1);
	return at;
}

void event_tick(struct lcm *lcm)
{
	job_tick(&lcm->avail);
	for (unsigned i = 0; i < BUS_PEERS_MAX; i++)
		if (lcm->peer[i].used)
			job_tick(&lcm->peer[i].job);
}

void event_stop(struct lcm *lcm)
{
	if (lcm->avail.running != HANDLER_NONE)
		press(&lcm->avail);
	for (unsigned i = 0; i < BUS_PEERS_MAX; i++) {
		struct lcm_job *job = &lcm->peer[i].job;

		job->wanted = HANDLER_NONE;
		if (lcm->peer[i].used && job->running != HANDLER_NONE)
			press(job);
	}
}
