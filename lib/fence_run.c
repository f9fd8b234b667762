/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Running the agents of a system's fence devices. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "lk/cleanup.h"
#include "lk/fence.h"
#include "lk/fenced.h"
#include "lk/jobs.h"
#include "lk/log.h"
#include "lk/msg.h"
#include "lk/name.h"
#include "lk/story.h"
#include "lk/wait.h"
#include "lk/sys.h"
#include "lk/poison.h"

#define AGENT_OFF 2		/* what an agent ends with at the action status */
#define NO_ANSWER 126		/* from here on it has not ended by itself */
#define PAUSE_MS 1000		/* between two attempts */

struct fencing {
	const struct lk_fence_for *what;
	uint64_t incarnation;		/* that was heard last before */
};

static void say(const struct lk_fence_for *what, enum lk_log_level level, const struct lk_err *text)
{
	struct lk_log_line line = { .level = level, .prog = what->prog, .pid = getpid(), .component = "fence",
				    .tag = what->sys, .number = (unsigned)text->number, .text = text->text };
	struct lk_err ignored;

	lk_log(what->tree, &line, &ignored);
}

/* ---- the record ---- */

bool lk_fence_done(const struct lk_tree *tree, const char *sys)
{
	return lk_sys_noted(tree, LK_SYS_FENCED, sys);
}

void lk_fence_forget(const struct lk_tree *tree, const char *sys)
{
	char path[LK_SYS_FILE];

	lk_sys_file(LK_SYS_FENCED, sys, path);
	unlinkat(tree->fd, path, 0);
}

static int record(const struct fencing *fencing, const struct lk_fence_device *device, struct lk_err *err)
{
	const struct lk_fence_for *what = fencing->what;
	char path[LK_SYS_FILE];
	struct lk_err text;

	lk_sys_file(LK_SYS_FENCED, what->sys, path);
	int LK_AUTO_CLOSE fd = openat(what->tree->fd, path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0 || dprintf(fd, "%lld\t%s\t%s\n", (long long)time(NULL), device->name, device->action) < 0)
		return lk_fail_errno(err, errno, "%s/%s", what->tree->root, path);
	lk_fenced_note(fd, fencing->incarnation);
	lk_fail(&text, LK_M_LOG_FENCED, what->sys, device->name, device->action);
	say(what, LK_LOG_WARN, &text);
	return 0;
}

static void tell(const struct lk_fence_for *what, const char *device, const char *text)
{
	struct lk_story story = {
		.prog = what->prog, .subject = what->sys, .what = "fence",
		.decision = device ? "fenced" : "not-fenced", .text = text,
		.inputs = LK_INPUTS({ "device", device }),
	};
	struct lk_err ignored;

	lk_story(what->tree, &story, &ignored);
}

/* ---- one run of an agent ---- */

/* What it reads is a file in memory: no pipe that it might not read, and nothing that others see in a list of
 * processes. */
static int make_input(const struct lk_fence_for *what, const struct lk_fence_device *device, const char *action,
		      struct lk_err *err)
{
	int fd = memfd_create("fence", MFD_CLOEXEC);

	if (fd >= 0 && dprintf(fd, "action=%s\nnodename=%s\n%s", action, what->sys, device->options) > 0 &&
	    lseek(fd, 0, SEEK_SET) == 0)
		return fd;
	int saved = errno;
	if (fd >= 0)
		close(fd);
	return lk_fail_errno(err, saved, "%s", device->agent);
}

/* Milliseconds for a run; at least one, for 0 would be no limit. */
static unsigned time_for(const struct lk_fence_for *what, const struct lk_fence_device *device)
{
	int64_t left = what->until - lk_now_ms();

	if (!what->until || left >= device->timeout)
		return device->timeout;
	return left > 1 ? (unsigned)left : 1;
}

/* Its exit code, or an error: interrupted, or it could not be tried at all. */
static int run_agent(const struct lk_fence_for *what, const struct lk_fence_device *device, const char *action,
		     struct lk_err *err)
{
	char *argv[] = { (char *)device->agent, NULL };
	struct lk_job job = { 0 };
	struct lk_jobs jobs = { .job = &job, .n = 1, .quiet = true };
	int LK_AUTO_CLOSE input = make_input(what, device, action, err);

	if (input < 0)
		return input;
	jobs.input = input;
	lk_jobs_begin(&jobs);
	int rc = lk_jobs_start(&jobs, 0, device->agent, argv, time_for(what, device));
	if (rc < 0)
		rc = lk_fail_errno(err, errno, "%s", device->agent);
	while (rc == 0 && lk_jobs_wait(&jobs) >= 0)
		;
	lk_jobs_end(&jobs);
	if (rc == 0 && jobs.interrupted)
		return lk_fail(err, LK_M_INTERRUPTED, jobs.interrupted);
	if (rc == 0 && job.pressed && !job.code)
		job.code = 128;		/* what it says when its time was over does not count */
	if (rc == 0 && job.code) {
		struct lk_err text;

		lk_fail(&text, LK_M_LOG_FENCE_AGENT, device->name, device->agent, action, job.code);
		say(what, LK_LOG_INFO, &text);
	}
	return rc < 0 ? rc : job.code;
}

/* 1: confirmed; 0: not. An agent that says that it cannot tell the state is believed what it said of the action itself,
 * one that was ended by time or by a signal, or could not run, is not. */
static int attempt(const struct lk_fence_for *what, const struct lk_fence_device *device, struct lk_err *err)
{
	int rc = run_agent(what, device, device->action, err);

	if (rc)
		return rc < 0 ? rc : 0;
	if (strcmp(device->action, "off") != 0)
		return 1;
	rc = run_agent(what, device, "status", err);
	return rc < 0 ? rc : rc > 0 && rc < NO_ANSWER;
}

/* ---- all attempts ---- */

static bool interrupted(const struct lk_err *err)
{
	return err->number == LK_M_NUMBER(LK_M_INTERRUPTED);
}

static bool ends_it(const struct lk_err *err)
{
	return interrupted(err) || err->number == LK_M_NUMBER(LK_M_FENCE_BACK) ||
	       err->number == LK_M_NUMBER(LK_M_FENCE_LATE);
}

static bool is_alive(const char *name)
{
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;
	struct lk_err ignored;
	const struct lk_sys *sys = lk_lcd_read(&lcd, LK_T_SYS, &ignored) < 0 ? NULL : lk_sys_find(&lcd, name);
	const char *why;

	return sys && lk_sys_state(&lcd, sys, &why) == LK_SYS_ALIVE;
}

/* Is there still a reason for it, and time? */
static int may_try(const struct lk_fence_for *what, struct lk_err *err)
{
	if (what->unless_back && is_alive(what->sys))
		return lk_fail(err, LK_M_FENCE_BACK, what->sys);
	if (what->until && lk_now_ms() >= what->until)
		return lk_fail(err, LK_M_FENCE_LATE, what->sys);
	return 0;
}

static int pause_for(unsigned milliseconds, struct lk_err *err)
{
	int64_t until = lk_now_ms() + milliseconds;
	struct lk_wait wait;
	int rc = 0;

	lk_wait_begin(&wait);
	while (rc == 0 && lk_now_ms() < until)
		rc = lk_wait_nap(&wait, err);
	lk_wait_end(&wait);
	return rc;
}

/* 1: confirmed; 0: not; -1: interrupted, or it is back. */
static int use(const struct lk_fence_for *what, const struct lk_fence_device *device, struct lk_err *err)
{
	int rc = pause_for(device->delay, err);

	for (unsigned i = 0; rc == 0 && i <= device->retries; i++) {
		if (i)
			rc = pause_for(PAUSE_MS, err);
		if (rc == 0)
			rc = may_try(what, err);
		if (rc == 0)
			rc = attempt(what, device, err);
		if (rc < 0 && !ends_it(err)) {
			say(what, LK_LOG_ERROR, err);
			rc = 0;
		}
	}
	return rc;
}

static int use_all(const struct fencing *fencing, const struct lk_fence *fence, struct lk_err *err)
{
	const struct lk_fence_for *what = fencing->what;

	for (unsigned i = 0; i < fence->n; i++) {
		int rc = use(what, &fence->device[i], err);

		if (rc > 0)
			rc = record(fencing, &fence->device[i], err);
		else if (rc == 0)
			continue;
		if (rc == 0)
			tell(what, fence->device[i].name, "it is fenced");
		return rc;
	}
	return lk_fail(err, LK_M_FENCE_FAILED, what->sys);
}

int lk_fence(const struct lk_fence_for *what, struct lk_err *err)
{
	struct lk_fence fence;
	/* a later one may come while the devices are at work */
	const struct fencing fencing = { what, lk_fenced_heard(what->sys) };
	int rc = lk_fence_read(what->tree, what->sys, &fence, err);

	lk_fence_forget(what->tree, what->sys);
	if (rc == 0)
		rc = use_all(&fencing, &fence, err);
	lk_fence_free(&fence);
	if (rc < 0 && err->code != LK_EX_NOENT) {
		say(what, LK_LOG_ERROR, err);
		tell(what, NULL, err->text);
	}
	return rc;
}

/* ---- testing ---- */

/* On or off, or, for those that have no such thing, that all is well. */
static bool answers(const struct lk_fence_for *what, const struct lk_fence_device *device, struct lk_err *err)
{
	int rc = run_agent(what, device, "status", err);

	if (rc > 0 && rc != AGENT_OFF)
		rc = run_agent(what, device, "monitor", err);
	return rc == 0 || rc == AGENT_OFF;
}

int lk_fence_test(const struct lk_fence_for *what, struct lk_err *err)
{
	struct lk_fence fence;
	struct lk_err why = { 0 };
	int rc = lk_fence_read(what->tree, what->sys, &fence, err);

	for (unsigned i = 0; rc == 0 && i < fence.n; i++)
		if (!answers(what, &fence.device[i], &why))
			rc = interrupted(&why) ? lk_fail(err, LK_M_FENCE_CUT) :
						 lk_fail(err, LK_M_FENCE_SILENT, fence.device[i].name, what->sys);
	lk_fence_free(&fence);
	return rc;
}
