/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Programs that run at the same time. */
#include "lk/jobs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lk/wait.h"
#include "lk/poison.h"

#define TICK_MS 1000

void lk_jobs_begin(struct lk_jobs *jobs)
{
	lk_wait_signals(&jobs->signals);
	sigaddset(&jobs->signals, SIGCHLD);
	sigprocmask(SIG_BLOCK, &jobs->signals, &jobs->old_mask);
}

void lk_jobs_end(const struct lk_jobs *jobs)
{
	sigprocmask(SIG_SETMASK, &jobs->old_mask, NULL);
}

static _Noreturn void become(const struct lk_jobs *jobs, const char *path, char *const *argv)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	setpgid(0, 0);
	if (jobs->input || null >= 0)
		dup2(jobs->input ? jobs->input : null, 0);
	if (dup2(2, 1) < 0 && null >= 0)
		dup2(null, 1), dup2(null, 2);
	if (jobs->quiet && null >= 0)
		dup2(null, 1);
	signal(SIGPIPE, SIG_DFL);
	sigprocmask(SIG_SETMASK, &jobs->old_mask, NULL);
	execv(path, argv);
	_exit(errno == ENOENT ? 127 : 126);
}

int lk_jobs_start(struct lk_jobs *jobs, size_t i, const char *path, char *const *argv,
		  unsigned milliseconds)
{
	pid_t pid = fork();

	if (pid == 0)
		become(jobs, path, argv);
	if (pid < 0)
		return -1;
	setpgid(pid, pid);
	jobs->job[i] = (struct lk_job){
		.pid = pid, .deadline = milliseconds ? lk_now_ms() + milliseconds : -1,
	};
	jobs->running++;
	return 0;
}

/* TERM at first, KILL from then on. */
static void press(struct lk_job *job)
{
	kill(-job->pid, job->pressed ? SIGKILL : SIGTERM);
	job->pressed++;
	job->deadline = lk_now_ms() + LK_JOBS_GRACE;
}

static void look_at_time(struct lk_jobs *jobs)
{
	int64_t now = lk_now_ms();

	for (size_t i = 0; i < jobs->n; i++) {
		struct lk_job *job = &jobs->job[i];

		if (job->pid && job->deadline >= 0 && job->deadline <= now)
			press(job);
	}
}

static void interrupt(struct lk_jobs *jobs, int sig)
{
	jobs->interrupted = sig;
	for (size_t i = 0; i < jobs->n; i++)
		if (jobs->job[i].pid && !jobs->job[i].pressed)
			press(&jobs->job[i]);
}

/* The number of a job that has ended, or -1. Only the jobs' own processes are reaped. */
static ssize_t reap(struct lk_jobs *jobs)
{
	for (size_t i = 0; i < jobs->n; i++) {
		struct lk_job *job = &jobs->job[i];
		int status = 0;

		if (!job->pid || waitpid(job->pid, &status, WNOHANG) == 0)
			continue;
		job->pid = 0;
		job->code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
		jobs->running--;
		return (ssize_t)i;
	}
	return -1;
}

ssize_t lk_jobs_wait(struct lk_jobs *jobs)
{
	struct timespec tick = { .tv_sec = TICK_MS / 1000, .tv_nsec = TICK_MS % 1000 * 1000000L };
	ssize_t ended;

	while ((ended = reap(jobs)) < 0 && jobs->running) {
		int sig = sigtimedwait(&jobs->signals, NULL, &tick);

		if (sig > 0 && sig != SIGCHLD)
			interrupt(jobs, sig);
		look_at_time(jobs);
	}
	return ended;
}
