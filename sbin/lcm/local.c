/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The server of $LKROOT/run/lcm.sock. */
#include "local.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "lease.h"
#include "session.h"
#include "status.h"
#include "lk/poison.h"

#define REQUEST_MS 10000		/* a client that asks nothing is closed */
#define OUT_MAX (2 * ENV_CREDIT)	/* more than credit allows */
#define HEAD 5				/* length, type */
#define READ_MAX 65536

/* ---- sending ---- */

int local_send(struct lcm_client *client, enum lk_lcm_type type, const struct lk_out *payload)
{
	uint8_t bytes[HEAD];
	struct lk_out head = LK_OUT(bytes);

	if (payload->failed)
		return -1;
	lk_put_u32(&head, (uint32_t)payload->len + 1);
	lk_put_u8(&head, (uint8_t)type);
	lk_buf_add(&client->out, bytes, sizeof(bytes));
	if (payload->len)
		lk_buf_add(&client->out, payload->data, payload->len);
	if (client->out.failed)
		client->gone = true;
	return client->out.failed ? -1 : 0;
}

static void flush(struct lcm_client *client)
{
	while (client->sent < client->out.len) {
		ssize_t len = send(client->source.fd, client->out.data + client->sent,
				   client->out.len - client->sent, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (len < 0 && (errno == EAGAIN || errno == EINTR))
			break;
		if (len < 0) {
			client->gone = true;
			break;
		}
		client->sent += (size_t)len;
	}
	/* what was sent goes away when it is worth the copying */
	if (client->sent == client->out.len || client->sent > READ_MAX) {
		memmove(client->out.data, client->out.data + client->sent,
			client->out.len - client->sent);
		client->out.len -= client->sent;
		client->sent = 0;
	}
	if (client->session)
		session_taken(client->session, client->out.len - client->sent);
}

int local_output(struct lcm_client *client, uint8_t stream, const struct lk_piece *data)
{
	uint8_t bytes[ENV_DATA_MAX + 1];
	struct lk_out out = LK_OUT(bytes);

	if (client->out.len - client->sent > OUT_MAX)
		return -1;
	lk_put_u8(&out, stream);
	lk_put_raw(&out, data->data, data->len);
	if (local_send(client, LK_LCM_OUTPUT, &out) == 0)
		flush(client);
	return 0;
}

void local_exit(struct lcm_client *client, uint8_t code)
{
	uint8_t bytes[1];
	struct lk_out out = LK_OUT(bytes);

	lk_put_u8(&out, code);
	client->session = NULL;
	client->over = true;
	if (local_send(client, LK_LCM_EXIT, &out) == 0)
		flush(client);
}

void local_fail(struct lcm_client *client, enum lk_lcm_fail why, const char *text)
{
	uint8_t bytes[600];
	struct lk_out out = LK_OUT(bytes);

	lk_put_u8(&out, (uint8_t)why);
	lk_put_text(&out, text);
	client->session = NULL;
	client->over = true;
	if (local_send(client, LK_LCM_FAIL, &out) == 0)
		flush(client);
}

/* ---- requests ---- */

static void take_run(struct lcm_client *client, struct lk_in *in)
{
	struct session_request request;
	unsigned count;

	lk_get_text(in, request.dest, sizeof(request.dest));
	request.flags = lk_get_u8(in);
	request.limit = lk_get_u32(in);
	request.argv = in->at;
	request.len = lk_in_left(in);
	if (in->bad || !session_check_words(*in, &count)) {
		local_fail(client, LK_LCM_BAD_REQUEST, "the request is malformed");
		return;
	}
	enum lk_lcm_fail why = session_open(client, &request);
	if (why)
		local_fail(client, why, why == LK_LCM_BAD_REQUEST ?
			   "the command is too long, or for this system" : "");
}

/* False: not now, there is no room for it. */
static bool take(struct lcm_client *client, uint8_t type, const uint8_t *data, size_t len)
{
	struct lk_in in = LK_IN(data, len);

	if (type == LK_LCM_INPUT && client->session && len <= ENV_DATA_MAX) {
		if (!session_has_room(client->session, len))
			return false;
		session_input(client->session, data, len);
		if (!client->session)
			local_fail(client, LK_LCM_LOST, "out of memory");
		return true;
	}
	if (client->waits) {
		client->gone = true;
		return true;
	}
	if (client->deadline >= 0 && type == LK_LCM_BAR) {
		client->gone = !lease_ask(client, &in);
		return true;
	}
	if (client->deadline >= 0 && type == LK_LCM_STATUS && !len) {
		status_send(client);
		client->over = true;
		flush(client);
	} else if (client->deadline >= 0 && type == LK_LCM_RUN) {
		take_run(client, &in);
	} else {
		client->gone = true;
	}
	client->deadline = -1;
	return true;
}

/* Take the messages that are there whole. */
static void take_all(struct lcm_client *client)
{
	size_t at = 0;

	while (!client->over && !client->gone && client->in.len - at >= HEAD) {
		const uint8_t *data = (const uint8_t *)client->in.data + at;
		struct lk_in in = LK_IN(data, HEAD);
		uint32_t len = lk_get_u32(&in);

		if (!len || len > LK_LCM_MESSAGE_MAX) {
			client->gone = true;
			break;
		}
		if (client->in.len - at < HEAD - 1 + (size_t)len ||
		    !take(client, lk_get_u8(&in), data + HEAD, len - 1))
			break;
		at += HEAD - 1 + (size_t)len;
	}
	if (at) {
		memmove(client->in.data, client->in.data + at, client->in.len - at);
		client->in.len -= at;
	}
}

static void take_bytes(struct lcm_client *client)
{
	if (!lk_buf_room(&client->in, READ_MAX)) {
		client->gone = true;
		return;
	}
	ssize_t len = recv(client->source.fd, client->in.data + client->in.len, READ_MAX, MSG_DONTWAIT);
	if (len < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (len <= 0)
		client->gone = true;
	else
		client->in.len += (size_t)len;
	take_all(client);
}

static void on_client(void *arg, uint32_t events)
{
	struct lcm_client *client = arg;

	if (events & EPOLLOUT)
		flush(client);
	if (events & EPOLLIN)
		take_bytes(client);
	else if (events & (EPOLLHUP | EPOLLERR | EPOLLRDHUP))
		client->gone = true;
}

/* ---- connections ---- */

static void drop(struct lcm_client *client)
{
	struct lcm *lcm = client->lcm;
	struct lcm_client **at = &lcm->clients;

	while (*at != client)
		at = &(*at)->next;
	*at = client->next;
	if (client->session)
		session_cancel(client->session);
	lcm_close(lcm, &client->source);
	lk_buf_free(&client->in);
	lk_buf_free(&client->out);
	lcm->nclients--;
	free(client);
}

/* Root, or the owner of the tree. */
static bool is_welcome(const struct lcm *lcm, int fd)
{
	struct ucred cred;
	socklen_t len = sizeof(cred);
	struct stat st;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) < 0)
		return false;
	return cred.uid == 0 || (fstat(lcm->tree.fd, &st) == 0 && cred.uid == st.st_uid);
}

static void on_connect(void *arg, uint32_t events)
{
	struct lcm *lcm = arg;
	int fd = accept4(lcm->listener.fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct lcm_client *client = fd >= 0 && is_welcome(lcm, fd) ? malloc(sizeof(*client)) : NULL;

	(void)events;
	if (!client) {
		if (fd >= 0)
			close(fd);
		return;
	}
	*client = (struct lcm_client){
		.next = lcm->clients, .lcm = lcm, .deadline = lcm->now + REQUEST_MS,
		.source = { .fd = fd, .ready = on_client, .arg = client },
	};
	lcm->clients = client;
	lcm->nclients++;
	lcm_watch(lcm, &client->source, EPOLLIN);
	/* most have sent their request already */
	take_bytes(client);
}

/* The path of the socket may be too long for an address: it is reached through the directory. */
static int bind_in(int dir, int fd)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/lcm.sock", dir);
	mode_t old = umask(0177);
	int rc = bind(fd, (struct sockaddr *)&address, sizeof(address));
	int saved = errno;

	umask(old);
	errno = saved;
	return rc < 0 ? rc : listen(fd, 128);
}

int local_start(struct lcm *lcm, struct lk_err *err)
{
	int dir = openat(lcm->tree.fd, "run", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int rc = -1, saved = errno;

	if (dir >= 0 && fd >= 0) {
		/* the lock of run/lcm.lock is ours: whoever bound it has ended */
		unlinkat(dir, "lcm.sock", 0);
		rc = bind_in(dir, fd);
		saved = errno;
	}
	if (dir >= 0)
		close(dir);
	if (rc < 0) {
		if (fd >= 0)
			close(fd);
		return lk_fail_errno(err, saved, "%s/" LK_LCM_SOCKET, lcm->tree.root);
	}
	lcm->listener = (struct lcm_source){ .fd = fd, .ready = on_connect, .arg = lcm };
	lcm_watch(lcm, &lcm->listener, EPOLLIN);
	return 0;
}

void local_stop(struct lcm *lcm)
{
	while (lcm->clients)
		drop(lcm->clients);
	if (lcm->listener.fd >= 0)
		unlinkat(lcm->tree.fd, LK_LCM_SOCKET, 0);
	lcm_close(lcm, &lcm->listener);
}

/* ---- time ---- */

static void arm(struct lcm_client *client)
{
	uint32_t events = EPOLLRDHUP;

	/* a message that found no room may find it now */
	if (client->in.len)
		take_all(client);
	if (!client->over && client->in.len < LK_LCM_MESSAGE_MAX + HEAD)
		events |= EPOLLIN;
	if (client->sent < client->out.len)
		events |= EPOLLOUT;
	else if (client->over)
		client->gone = true;
	if (!client->gone)
		lcm_watch(client->lcm, &client->source, events);
}

void local_arm(struct lcm *lcm)
{
	for (struct lcm_client *client = lcm->clients, *next; client; client = next) {
		next = client->next;
		if (!client->gone)
			arm(client);
		if (client->gone)
			drop(client);
	}
	lcm_watch(lcm, &lcm->listener, lcm->nclients < LOCAL_CLIENTS_MAX ? EPOLLIN : 0);
}

int64_t local_deadline(const struct lcm *lcm)
{
	int64_t at = -1;

	for (const struct lcm_client *client = lcm->clients; client; client = client->next)
		at = lcm_earlier(at, client->deadline);
	return at;
}

void local_tick(struct lcm *lcm)
{
	for (struct lcm_client *client = lcm->clients; client; client = client->next)
		if (client->deadline >= 0 && lcm->now >= client->deadline)
			client->gone = true;
}
