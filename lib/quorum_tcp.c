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
#include <stdlib.h>
#include <string.h>
#include <strings.h>
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
#define PORT_MAX 65535
#define NAP_MS 5
#define MS INT64_C(1000000)
#define REACTION (3000 * MS)	/* from the loss of the last path to the question, and from the answer to the deadline */

struct host {
	const char *name, *port;
	pid_t pid;		/* who asks it; 0: nobody any more */
};

static bool is_port(const char *text)
{
	size_t len = strlen(text);
	unsigned long port = len && len <= 5 && strspn(text, "0123456789") == len ? strtoul(text, NULL, 10) : 0;

	return port > 0 && port <= PORT_MAX;
}

/* "host:port" in place; an IPv6 address is in brackets. */
static bool split(char *text, struct host *host)
{
	char *colon = strrchr(text, ':');

	if (!colon || colon == text || !is_port(colon + 1))
		return false;
	*colon = '\0';
	if (*text == '[' && colon[-1] == ']') {
		colon[-1] = '\0';
		text++;
	}
	*host = (struct host){ .name = text, .port = colon + 1 };
	return *text;
}

/* Is the last one there already? It would vote twice. */
static bool is_twice(const struct host *host, int n)
{
	for (int i = 0; i < n - 1; i++)
		if (!strcasecmp(host[i].name, host[n - 1].name) &&
		    strtoul(host[i].port, NULL, 10) == strtoul(host[n - 1].port, NULL, 10))
			return true;
	return false;
}

/* NULL, or what is wrong with the word. */
static const char *take(char *word, struct host *host, int n)
{
	if (n == HOSTS_MAX)
		return "more than 32 hosts";
	if (word[strcspn(word, " \t")])
		return "blanks are not allowed";
	if (!split(word, &host[n]))
		return "host:port is needed, with a port from 1 to 65535";
	return is_twice(host, n + 1) ? "it is there twice" : NULL;
}

/* How many; negative. */
static int parse(char *text, struct host *host, struct lk_err *err)
{
	char copy[LK_TUNABLE_MAX], *next = text;
	int n = 0;

	while (*text && next) {
		char *word = strsep(&next, ",");

		snprintf(copy, sizeof(copy), "%s", word);
		const char *wrong = take(word, host, n++);
		if (wrong)
			return lk_fail(err, LK_M_QUORUM_HOSTS, copy, wrong);
	}
	return n ? n : lk_fail(err, LK_M_QUORUM_HOSTS, "", "the tunable is not set");
}

/* As QUORUM_HOSTS says. How many; negative. */
static int read_hosts(const struct lk_tree *tree, char text[static LK_TUNABLE_MAX], struct host *host,
		      struct lk_err *err)
{
	*text = '\0';
	int rc = lk_tunable(tree, "QUORUM_HOSTS", text, LK_TUNABLE_MAX, err);

	return rc < 0 ? rc : parse(text, host, err);
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

int lk_quorum_tcp_settings(const struct lk_tree *tree, struct lk_err *err)
{
	char text[LK_TUNABLE_MAX];
	struct host host[HOSTS_MAX];
	unsigned long long seconds;
	int rc = read_hosts(tree, text, host, err);

	if (rc >= 0)
		rc = read_seconds(tree, &seconds, err);
	return rc < 0 ? rc : 0;
}

int lk_quorum_tcp(const struct lk_tree *tree, struct lk_err *err)
{
	unsigned long long seconds;
	char text[LK_TUNABLE_MAX], why[80];
	struct host host[HOSTS_MAX];
	struct lk_err wrong;
	int n = read_hosts(tree, text, host, &wrong);

	/* with what was changed for the worse at run time nobody is asked: the safe answer is no */
	if (n < 0 || read_seconds(tree, &seconds, &wrong) < 0)
		return lk_fail(err, LK_M_NO_QUORUM, wrong.text);
	unsigned good = count(host, n, lk_now_ms() + (int64_t)seconds * 1000);
	if (2 * good > (unsigned)n)
		return 0;
	snprintf(why, sizeof(why), "%u of %d hosts take a connection", good, n);
	return lk_fail(err, LK_M_NO_QUORUM, why);
}
