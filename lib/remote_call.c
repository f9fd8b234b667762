/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Running a program on another system, with input given and output taken. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lk/cleanup.h"
#include "lk/lcm.h"
#include "lk/msg.h"
#include "lk/remote.h"
#include "lk/tunable.h"
#include "lk/wait.h"
#include "lk/wire.h"
#include "lk/poison.h"

#define CHUNK 32768
#define TIMEOUT 900		/* seconds, REMOTETIMEOUT */
#define TIMEOUT_MAX 4000000
#define LCM_GRACE 30		/* how much longer than the limit lcm may take to tell */
#define FLAG_INPUT 2

struct calling {
	const struct lk_remote_call *call;
	struct lk_err *err;
	int fd, code;
	bool input;		/* more input is to come */
	int64_t deadline;
	uint8_t buffer[LK_LCM_MESSAGE_MAX];
};

static int limit(const struct lk_tree *tree, const struct lk_remote_call *call, unsigned *seconds,
		 struct lk_err *err)
{
	unsigned long long number = TIMEOUT;
	int rc = call->seconds ? 0 : lk_tunable_number(tree, "REMOTETIMEOUT", 1, TIMEOUT_MAX, &number, err);

	*seconds = call->seconds ? call->seconds : (unsigned)number;
	return rc < 0 ? rc : 0;
}

static int send_run(struct calling *c, unsigned seconds)
{
	struct lk_out out = LK_OUT(c->buffer);
	uint16_t argc = 0;

	while (c->call->argv[argc])
		argc++;
	lk_put_text(&out, c->call->dest);
	lk_put_u8(&out, c->input ? FLAG_INPUT : 0);
	lk_put_u32(&out, seconds * 1000);
	lk_put_u16(&out, argc);
	for (uint16_t i = 0; i < argc; i++)
		lk_put_bytes(&out, c->call->argv[i], strlen(c->call->argv[i]));
	if (out.failed || out.len > LK_LCM_MESSAGE_MAX - 1000)
		return lk_fail(c->err, LK_M_TOO_LARGE, "arguments", (size_t)LK_LCM_MESSAGE_MAX - 1000);
	return lk_lcm_send(c->fd, LK_LCM_RUN, out.data, out.len, c->err);
}

static int send_input(struct calling *c)
{
	ssize_t n = c->call->input(c->call->arg, c->buffer, CHUNK);

	if (n < 0)
		return (int)n;
	c->input = n > 0;
	/* if it is not taken any more, the reason is on its way to us */
	if (lk_lcm_send(c->fd, LK_LCM_INPUT, c->buffer, (size_t)n, c->err) < 0)
		c->input = false;
	return 0;
}

static int write_all(int fd, const uint8_t *data, size_t len)
{
	while (len) {
		ssize_t done = write(fd, data, len);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return -1;
		data += done;
		len -= (size_t)done;
	}
	return 0;
}

static int take_output(struct calling *c, struct lk_in *in)
{
	int stream = lk_get_u8(in);
	size_t len = lk_in_left(in);

	if (in->bad || (stream != 1 && stream != 2))
		return lk_fail(c->err, LK_M_LCM_MALFORMED);
	if (c->call->output)
		return c->call->output(c->call->arg, stream, in->at, len);
	if (write_all(stream, in->at, len) < 0 && stream == 1)
		return lk_fail(c->err, LK_M_OUTPUT, strerror(errno));
	return 0;
}

static int take_failure(struct calling *c, struct lk_in *in)
{
	uint8_t why = lk_get_u8(in);
	char text[500];

	lk_get_text(in, text, sizeof(text));
	if (in->bad)
		return lk_fail(c->err, LK_M_LCM_MALFORMED);
	switch (why) {
	case LK_LCM_OUT_OF_SERVICE:
		return lk_fail(c->err, LK_M_OUT_OF_SERVICE, c->call->dest);
	case LK_LCM_UNKNOWN_SYSTEM:
		return lk_fail(c->err, LK_M_NO_SYS, c->call->dest);
	case LK_LCM_BAD_REQUEST:
		return lk_fail(c->err, LK_M_LCM_MALFORMED);
	default:
		return lk_fail(c->err, LK_M_CALL_LOST, c->call->dest, text);
	}
}

/* One message. 1: it has ended; 0: go on; negative. */
static int take_message(struct calling *c)
{
	enum lk_lcm_type type;
	size_t len;
	int64_t left = c->deadline - lk_now_ms();
	int rc = lk_lcm_receive(c->fd, c->buffer, &type, &len, left > 0 ? (int)left : 0, c->err);

	if (rc == 0)
		return lk_fail(c->err, LK_M_CALL_LOST, c->call->dest, "lcm has ended");
	if (rc < 0)
		return rc;
	struct lk_in in = LK_IN(c->buffer, len);
	if (type == LK_LCM_OUTPUT)
		return take_output(c, &in);
	if (type == LK_LCM_FAIL)
		return take_failure(c, &in);
	c->code = lk_get_u8(&in);
	return type == LK_LCM_EXIT && lk_get_end(&in) ? 1 : lk_fail(c->err, LK_M_LCM_MALFORMED);
}

/* What has come is taken before more is sent. */
static int converse(struct calling *c)
{
	int rc = 0;

	while (rc == 0) {
		struct pollfd p = { .fd = c->fd, .events = POLLIN | (c->input ? POLLOUT : 0) };
		int64_t left = c->deadline - lk_now_ms();
		int ready = poll(&p, 1, left > 0 ? (int)left : 0);

		if (ready < 0 && errno != EINTR)
			return lk_fail_errno(c->err, errno, "poll");
		if (ready == 0)
			return lk_fail(c->err, LK_M_CALL_LOST, c->call->dest, "lcm does not answer");
		if (ready > 0 && p.revents & (POLLIN | POLLHUP | POLLERR))
			rc = take_message(c);
		else if (ready > 0)
			rc = send_input(c);
	}
	return rc;
}

int lk_remote_call(const struct lk_tree *tree, const struct lk_remote_call *call, int *code,
		   struct lk_err *err)
{
	struct calling *c LK_AUTO_FREE = calloc(1, sizeof(*c));
	unsigned seconds;

	if (!c)
		return lk_fail_nomem(err);
	int rc = limit(tree, call, &seconds, err);
	if (rc < 0)
		return rc;
	int LK_AUTO_CLOSE fd = lk_lcm_connect(tree, err);
	if (fd < 0)
		return fd;
	c->call = call;
	c->err = err;
	c->fd = fd;
	c->input = call->input;
	c->deadline = lk_now_ms() + ((int64_t)seconds + LCM_GRACE) * 1000;
	rc = send_run(c, seconds);
	if (rc == 0)
		rc = converse(c);
	explicit_bzero(c->buffer, sizeof(c->buffer));	/* it may have been a key */
	*code = c->code;
	return rc < 0 ? rc : 0;
}
