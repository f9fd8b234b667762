/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Messages to and from the communication manager of this node. */
#include "lk/lcm.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#include "lk/msg.h"
#include "lk/wait.h"
#include "lk/wire.h"
#include "lk/poison.h"

#define HEAD 5		/* length and type */

int lk_lcm_connect(const struct lk_tree *tree, struct lk_err *err)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return lk_fail_errno(err, errno, "socket");
	/* by the directory's descriptor: $LKROOT may be longer than a socket's name */
	snprintf(addr.sun_path, sizeof(addr.sun_path), "/proc/self/fd/%d/" LK_LCM_SOCKET, tree->fd);
	if (connect(fd, (const struct sockaddr *)&addr, sizeof(addr)) < 0) {
		int saved = errno;

		close(fd);
		if (saved == ENOENT || saved == ECONNREFUSED)
			return lk_fail(err, LK_M_NO_DAEMON);
		return lk_fail_errno(err, saved, "%s/%s", tree->root, LK_LCM_SOCKET);
	}
	return fd;
}

int lk_lcm_send(int fd, enum lk_lcm_type type, const void *payload, size_t len, struct lk_err *err)
{
	uint8_t head[HEAD];
	struct lk_out out = LK_OUT(head);
	struct iovec part[] = { { head, HEAD }, { (void *)payload, len } };
	struct msghdr msg = { .msg_iov = part, .msg_iovlen = len ? 2 : 1 };

	lk_put_u32(&out, (uint32_t)(len + 1));
	lk_put_u8(&out, (uint8_t)type);
	while (msg.msg_iovlen) {
		ssize_t done = sendmsg(fd, &msg, MSG_NOSIGNAL);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return lk_fail_errno(err, errno, LK_LCM_SOCKET);
		while (msg.msg_iovlen && (size_t)done >= msg.msg_iov->iov_len) {
			done -= (ssize_t)msg.msg_iov->iov_len;
			msg.msg_iov++;
			msg.msg_iovlen--;
		}
		if (msg.msg_iovlen) {
			msg.msg_iov->iov_base = (char *)msg.msg_iov->iov_base + done;
			msg.msg_iov->iov_len -= (size_t)done;
		}
	}
	return 0;
}

/* Until fd can be read. 0, -9 after the deadline (-1: none), -1. */
static int await(int fd, int64_t deadline, struct lk_err *err)
{
	for (;;) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		int64_t left = deadline < 0 ? -1 : deadline - lk_now_ms();

		if (deadline >= 0 && left < 0)
			left = 0;
		int rc = poll(&p, 1, (int)left);
		if (rc > 0)
			return 0;
		if (rc == 0)
			return lk_fail(err, LK_M_LCM_SILENT);
		if (errno != EINTR)
			return lk_fail_errno(err, errno, "poll");
	}
}

/* Exactly len bytes. 1, 0 at the end of the connection (cut off: -3), -9, -1. */
static int get(int fd, uint8_t *data, size_t len, int64_t deadline, struct lk_err *err)
{
	size_t done = 0;

	while (done < len) {
		int rc = await(fd, deadline, err);

		if (rc < 0)
			return rc;
		ssize_t got = recv(fd, data + done, len - done, 0);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0 && errno != ECONNRESET)
			return lk_fail_errno(err, errno, LK_LCM_SOCKET);
		if (got <= 0)
			return done ? lk_fail(err, LK_M_LCM_MALFORMED) : 0;
		done += (size_t)got;
	}
	return 1;
}

int lk_lcm_receive(int fd, uint8_t *buffer, enum lk_lcm_type *type, size_t *len, int timeout,
		   struct lk_err *err)
{
	int64_t deadline = timeout < 0 ? -1 : lk_now_ms() + timeout;
	uint8_t head[HEAD];
	struct lk_in in = LK_IN(head, HEAD);
	int rc = get(fd, head, HEAD, deadline, err);

	if (rc <= 0)
		return rc;
	*len = lk_get_u32(&in);
	*type = (enum lk_lcm_type)lk_get_u8(&in);
	if (*len < 1 || *len > LK_LCM_MESSAGE_MAX)
		return lk_fail(err, LK_M_LCM_MALFORMED);
	--*len;
	rc = *len ? get(fd, buffer, *len, deadline, err) : 1;
	return rc ? rc : lk_fail(err, LK_M_LCM_MALFORMED);
}
