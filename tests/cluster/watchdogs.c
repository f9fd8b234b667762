// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Watchdog devices for nodes of a lab: whoever feeds one and does not go on loses power at once.
 *
 *	watchdogs MS SAID NODE PIPE PIDFILE GROUP ...
 *
 * Each PIPE is a device: any byte feeds it, V disarms it, and MS milliseconds after the last byte the node is frozen, in
 * the control group GROUP if that exists, and the first process of PIDFILE ("PID START-TIME") is killed, which ends the
 * node. SAID has a line "reset NODE" for each, and "late MS" whenever this program itself was not in time.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "lk/poison.h"

#define NODES 16
#define WORDS 4		/* of a node */
#define LATE 50		/* ms that are more than this program should ever lose */
#define TICK 20		/* ms */
#define THAW 500	/* ms: by then all of it is gone, but for who came late to its group */

struct node {
	char **word;	/* name, pipe, file of its first process, group */
	int64_t fed;	/* 0: not armed */
	int64_t thaw;	/* 0: it is not frozen by us */
};

struct world {
	struct pollfd pipe[NODES];
	struct node node[NODES];
	unsigned count;
	int64_t timeout;
	int said;
};

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void say(const struct world *w, const char *what, const char *whom)
{
	char line[64];
	int len = snprintf(line, sizeof(line), "%s %s\n", what, whom);

	if (write(w->said, line, (size_t)len) != len)
		_exit(1);
}

static void put(const char *dir, const char *file, const char *text)
{
	char path[512];

	if (snprintf(path, sizeof(path), "%s/%s", dir, file) >= (int)sizeof(path))
		return;
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd >= 0) {
		(void)!write(fd, text, strlen(text));
		close(fd);
	}
}

static int slurp(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got = fd < 0 ? -1 : read(fd, text, size - 1);

	if (fd >= 0)
		close(fd);
	if (got < 0)
		return -1;
	text[got] = '\0';
	return 0;
}

/* The process of the file, unless its number is another one's by now; 0: none. */
static pid_t first_process(const char *file)
{
	char text[1024], path[64], *at;
	long pid;
	unsigned long long started;

	if (slurp(file, text, sizeof(text)) || sscanf(text, "%ld %llu", &pid, &started) != 2 || pid <= 1)
		return 0;
	snprintf(path, sizeof(path), "/proc/%ld/stat", pid);
	if (slurp(path, text, sizeof(text)) || !(at = strrchr(text, ')')))
		return 0;
	for (unsigned i = 0; at && i < 20; i++)
		at = strchr(at + 1, ' ');
	return at && strtoull(at, NULL, 10) == started ? (pid_t)pid : 0;
}

/* Frozen first: its processes would end one after another. */
static void end(const struct world *w, struct node *n, int64_t now)
{
	pid_t pid = first_process(n->word[2]);

	n->fed = 0;
	if (!pid)
		return;
	put(n->word[3], "cgroup.freeze", "1");
	kill(pid, SIGKILL);
	put(n->word[3], "cgroup.kill", "1");
	n->thaw = now + THAW;
	say(w, "reset", n->word[0]);
}

static void thaw(struct node *n, int64_t now)
{
	if (!n->thaw || now < n->thaw)
		return;
	n->thaw = 0;
	put(n->word[3], "cgroup.freeze", "0");
}

static void take(struct world *w, unsigned i, int64_t now)
{
	char meal[64];
	ssize_t got;

	while ((got = read(w->pipe[i].fd, meal, sizeof(meal))) > 0)
		w->node[i].fed = meal[got - 1] == 'V' ? 0 : now;
}

static int add(struct world *w, char **word)
{
	struct pollfd *p = &w->pipe[w->count];

	if (w->count == NODES)
		return -1;
	w->node[w->count++].word = word;
	p->fd = open(word[1], O_RDWR | O_NONBLOCK | O_CLOEXEC);
	p->events = POLLIN;
	return p->fd < 0 ? -1 : 0;
}

static void hurry(void)
{
	struct sched_param first = { .sched_priority = 60 };

	sched_setscheduler(0, SCHED_FIFO, &first);
	mlockall(MCL_CURRENT | MCL_FUTURE);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
}

static void turn(struct world *w, int64_t *last)
{
	char ms[32];
	int64_t now;

	poll(w->pipe, w->count, TICK);
	now = now_ms();
	if (now - *last > TICK + LATE) {
		snprintf(ms, sizeof(ms), "%" PRId64, now - *last);
		say(w, "late", ms);
	}
	*last = now;
	for (unsigned i = 0; i < w->count; i++) {
		take(w, i, now);
		if (w->node[i].fed && now - w->node[i].fed >= w->timeout)
			end(w, &w->node[i], now);
		thaw(&w->node[i], now);
	}
}

int main(int argc, char **argv)
{
	struct world w = { .timeout = argc > 2 ? strtol(argv[1], NULL, 10) : 0 };
	int64_t last = now_ms();

	w.said = argc > 2 ? open(argv[2], O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600) : -1;
	if (w.said < 0 || w.timeout <= 0)
		return 2;
	for (int i = 3; i + WORDS <= argc; i += WORDS)
		if (add(&w, argv + i))
			return 2;
	hurry();
	for (;;)
		turn(&w, &last);
}
