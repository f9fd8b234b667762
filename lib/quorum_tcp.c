/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Quorum by connections to hosts outside of the cluster, for two systems without shared storage. Each
 * host is asked by a process of its own: a name service that hangs must not make us late.
 */
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lk/lease.h"
#include "lk/msg.h"
#include "lk/quorum.h"
#include "lk/tunable.h"
#include "lk/wait.h"
#include "lk/poison.h"

#define HOSTS_MAX 32
#define SECONDS_DEFAULT 20
#define NAP_MS 5
#define MS INT64_C(1000000)
#define REACTION (3000 * MS)	/* from the loss of the last path to the question, and from the answer to the deadline */

struct host {
	const char *name, *port;
	pid_t pid;		/* who asks it; 0: nobody any more */
};

/* "host:port" in place; an IPv6 address is in brackets. */
static bool split(char *text, struct host *host)
{
	char *colon = strrchr(text, ':');

	if (!colon || colon == text || !colon[1] || strspn(colon + 1, "0123456789") != strlen(colon + 1))
		return false;
	*colon = '\0';
	if (*text == '[' && colon[-1] == ']') {
		colon[-1] = '\0';
		text++;
	}
	*host = (struct host){ .name = text, .port = colon + 1 };
	return *text;
}

/* How many; negative. */
static int parse(char *text, struct host *host, struct lk_err *err)
{
	char *rest;
	int n = 0;

	for (char *word = strtok_r(text, ",", &rest); word; word = strtok_r(NULL, ",", &rest)) {
		char copy[LK_TUNABLE_MAX];

		snprintf(copy, sizeof(copy), "%s", word);
		if (n == HOSTS_MAX)
			return lk_fail(err, LK_M_QUORUM_HOSTS, copy, "more than 32 hosts");
		if (!split(word, &host[n++]))
			return lk_fail(err, LK_M_QUORUM_HOSTS, copy, "host:port is needed");
	}
	return n ? n : lk_fail(err, LK_M_QUORUM_HOSTS, "", "the tunable is not set");
}

/* ---- one host, in a process of its own ---- */

static bool connects(const struct addrinfo *to)
{
	int fd = socket(to->ai_family, to->ai_socktype | SOCK_CLOEXEC, to->ai_protocol);
	bool good = fd >= 0 && connect(fd, to->ai_addr, to->ai_addrlen) == 0;

	if (fd >= 0)
		close(fd);
	return good;
}

static _Noreturn void ask(const struct host *host)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV }, *list = NULL;
	bool good = false;

	if (getaddrinfo(host->name, host->port, &hints, &list) == 0)
		for (struct addrinfo *at = list; at && !good; at = at->ai_next)
			good = connects(at);
	_exit(good ? 0 : 1);
}

static void start(struct host *host)
{
	pid_t parent = getpid();
	pid_t pid = fork();

	if (pid == 0) {
		sigset_t none;

		sigemptyset(&none);
		sigprocmask(SIG_SETMASK, &none, NULL);
		signal(SIGTERM, SIG_DFL);
		/* whoever started us may have gone: what runs on for ever is of no use */
		alarm(LK_QUORUM_TIMEOUT_MAX);
		if (getppid() != parent)
			_exit(1);
		ask(host);
	}
	host->pid = pid > 0 ? pid : 0;
}

/* ---- all ---- */

/* Those that answered since; *open: how many have not yet. */
static unsigned reap(struct host *host, int n, unsigned *open)
{
	unsigned good = 0;

	*open = 0;
	for (int i = 0; i < n; i++) {
		int status = 0;

		if (!host[i].pid)
			continue;
		if (waitpid(host[i].pid, &status, WNOHANG) == 0) {
			++*open;
			continue;
		}
		host[i].pid = 0;
		good += WIFEXITED(status) && WEXITSTATUS(status) == 0;
	}
	return good;
}

static void end(struct host *host, int n)
{
	for (int i = 0; i < n; i++) {
		if (!host[i].pid)
			continue;
		kill(host[i].pid, SIGKILL);
		while (waitpid(host[i].pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
}

/* How many take a connection, or enough of them. */
static unsigned count(struct host *host, int n, int64_t deadline)
{
	unsigned good = 0, open = 0;

	for (int i = 0; i < n; i++)
		start(&host[i]);
	do {
		good += reap(host, n, &open);
		if (2 * good > (unsigned)n || 2 * (good + open) <= (unsigned)n)
			break;
		poll(NULL, 0, NAP_MS);
	} while (lk_now_ms() < deadline);
	end(host, n);
	return good;
}

static int read_seconds(const struct lk_tree *tree, unsigned long long *seconds, struct lk_err *err)
{
	*seconds = SECONDS_DEFAULT;
	return lk_tunable_number(tree, "QUORUM_TIMEOUT_SECS", 1, LK_QUORUM_TIMEOUT_MAX, seconds, err);
}

int lk_quorum_stop(const struct lk_tree *tree, int64_t *stop, struct lk_err *err)
{
	unsigned long long seconds;
	struct lk_quorum_modes modes;
	struct lk_err other;
	int rc = lk_lease_stop(tree, stop, err), bad = lk_quorum_modes(tree, &modes, &other);

	if (bad == 0 && modes.quorum == LK_QMODE_TCP) {
		bad = read_seconds(tree, &seconds, &other);
		*stop += (int64_t)seconds * 1000 * MS + REACTION;
	}
	if (rc < 0 || bad >= 0)
		return rc;
	*err = other;
	return bad;
}

int lk_quorum_tcp(const struct lk_tree *tree, struct lk_err *err)
{
	unsigned long long seconds;
	char text[LK_TUNABLE_MAX] = "", why[80];
	struct host host[HOSTS_MAX];
	int rc = lk_tunable(tree, "QUORUM_HOSTS", text, sizeof(text), err);

	if (rc >= 0)
		rc = read_seconds(tree, &seconds, err);
	int n = rc < 0 ? rc : parse(text, host, err);
	if (n < 0)
		return n;
	unsigned good = count(host, n, lk_now_ms() + (int64_t)seconds * 1000);
	if (2 * good > (unsigned)n)
		return 0;
	snprintf(why, sizeof(why), "%u of %d hosts take a connection", good, n);
	return lk_fail(err, LK_M_NO_QUORUM, why);
}
