/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The process that writes the log of a daemon. */
#include "lk/logger.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lk/detach.h"
#include "lk/msg.h"
#include "lk/wait.h"
#include "lk/poison.h"

#define ROOM (256 << 10)	/* bytes that wait for the writer */
#define AGAIN_MS 1000		/* between two starts of it */

struct head {
	uint32_t number;
	int kind, priority;
};

struct packet {
	struct head head;
	char text[LK_LOGGER_MAX];
};

#define HEAD sizeof(struct head)

/* ---- the writer ---- */

static void write_down(const struct lk_tree *tree, struct packet *packet)
{
	struct lk_err ignored;

	if (packet->head.kind == LK_LOGGER_STORY) {
		(void)!lk_story_append(tree, packet->text, &ignored);
		return;
	}
	lk_log_syslog(packet->head.priority, packet->text);
	(void)!lk_log_append(tree, packet->text, &ignored);
}

static _Noreturn void be_writer(const struct lk_tree *tree, int fd)
{
	struct lk_tree own = { .fd = LK_DETACH_FIRST + 1 };
	const int keep[] = { fd, tree->fd };
	struct packet packet;
	sigset_t all;
	ssize_t len;

	/* whoever ends the daemon wants its last lines, too */
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	prctl(PR_SET_NAME, "lklog");
	snprintf(own.root, sizeof(own.root), "%s", tree->root);
	if (!lk_detach(keep, 2))
		_exit(1);
	while ((len = recv(LK_DETACH_FIRST, &packet, sizeof(packet) - 1, 0)) > 0 || (len < 0 && errno == EINTR)) {
		if (len <= (ssize_t)HEAD)
			continue;
		((char *)&packet)[len] = '\0';
		write_down(&own, &packet);
		(void)!send(LK_DETACH_FIRST, &packet.head.number, sizeof(packet.head.number), MSG_DONTWAIT | MSG_NOSIGNAL);
	}
	_exit(0);
}

/* Not a child of ours: nobody here has to reap it. */
static void start(struct lk_logger *logger)
{
	int pair[2], room = ROOM;

	logger->started = lk_now_ms();
	logger->sent = logger->written = 0;
	logger->fd = -1;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return;
	(void)!setsockopt(pair[0], SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
	pid_t pid = fork();
	if (pid == 0) {
		close(pair[0]);
		pid = fork();
		if (pid == 0)
			be_writer(logger->tree, pair[1]);
		_exit(pid < 0);
	}
	close(pair[1]);
	/* without a writer the first line finds the other end closed */
	while (pid > 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	logger->fd = pair[0];
}

static void drop(struct lk_logger *logger)
{
	if (logger->fd >= 0)
		close(logger->fd);
	logger->fd = -1;
}

void lk_logger_open(struct lk_logger *logger, struct lk_tree *tree)
{
	*logger = (struct lk_logger){ .tree = tree, .owner = getpid() };
	start(logger);
	tree->logger = logger;
}

/* ---- lines ---- */

/* false: the writer is gone. */
static bool take_receipts(struct lk_logger *logger)
{
	uint32_t number;
	ssize_t len;

	while ((len = recv(logger->fd, &number, sizeof(number), MSG_DONTWAIT)) == sizeof(number))
		logger->written = number;
	return len < 0 && (errno == EAGAIN || errno == EINTR);
}

static void wait_for(struct lk_logger *logger)
{
	struct pollfd fd = { .fd = logger->fd, .events = POLLIN };
	int64_t until = lk_now_ms() + LK_LOGGER_MS, left;

	while (logger->written != logger->sent && (left = until - lk_now_ms()) > 0)
		if (poll(&fd, 1, (int)left) > 0 && !take_receipts(logger))
			return;
}

static int send_text(struct lk_logger *logger, struct packet *packet, const char *text)
{
	size_t len = strlen(text);

	packet->head.number = logger->sent + 1;
	memcpy(packet->text, text, len);
	if (send(logger->fd, packet, HEAD + len, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		return errno == EAGAIN || errno == ENOBUFS || errno == EINTR ? 0 : -1;
	logger->sent++;
	return 1;
}

/* How many are missing, in front of the first one that is not. */
static int send_lost(struct lk_logger *logger, struct packet *packet)
{
	char text[LK_LOG_TEXT];
	struct lk_err err;

	if (!logger->lost)
		return 1;
	lk_fail(&err, LK_M_LOG_LOST, logger->lost);
	struct lk_log_line line = { .level = LK_LOG_WARN, .prog = program_invocation_short_name, .pid = logger->owner,
				    .component = "log", .number = (unsigned)err.number, .text = err.text };
	packet->head = (struct head){ .kind = LK_LOGGER_LINE, .priority = lk_log_text(&line, text) };
	int rc = send_text(logger, packet, text);
	if (rc > 0)
		logger->lost = 0;
	return rc;
}

static int send_all(struct lk_logger *logger, const struct head *head, const char *text)
{
	struct packet packet;

	if (!take_receipts(logger))
		return -1;
	bool keeps_up = logger->written == logger->sent;
	int rc = send_lost(logger, &packet);
	if (rc <= 0)
		return rc;
	packet.head = *head;
	rc = send_text(logger, &packet, text);
	if (rc > 0 && keeps_up)
		wait_for(logger);
	return rc;
}

static bool is_there(struct lk_logger *logger)
{
	if (logger->fd < 0 && lk_now_ms() - logger->started >= AGAIN_MS)
		start(logger);
	return logger->fd >= 0;
}

bool lk_logger_put(struct lk_logger *logger, enum lk_logger_kind kind, int priority, const char *text)
{
	const struct head head = { .kind = (int)kind, .priority = priority };
	int rc = -1;

	if (logger->owner != getpid() || strlen(text) >= LK_LOGGER_MAX)
		return false;
	/* once more, if the writer has been killed */
	for (int i = 0; i < 2 && rc < 0 && is_there(logger); i++) {
		rc = send_all(logger, &head, text);
		if (rc < 0)
			drop(logger);
	}
	logger->lost += rc == 0;
	return rc >= 0;
}

void lk_logger_close(struct lk_logger *logger, struct lk_tree *tree)
{
	int64_t until = lk_now_ms() + LK_LOGGER_END_MS, left;
	struct pollfd fd = { .fd = logger->fd, .events = POLLIN };
	struct packet packet;

	tree->logger = NULL;
	if (logger->fd < 0 || logger->owner != getpid())
		return;
	(void)send_lost(logger, &packet);
	/* it closes its end when it has read all */
	shutdown(logger->fd, SHUT_WR);
	while ((left = until - lk_now_ms()) > 0)
		if (poll(&fd, 1, (int)left) > 0 && !take_receipts(logger))
			break;
	drop(logger);
}
