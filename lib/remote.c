/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Running commands on other systems of the cluster. */
#include "lk/remote.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lk/cleanup.h"
#include "lk/lcm.h"
#include "lk/msg.h"
#include "lk/tunable.h"
#include "lk/wire.h"
#include "lk/poison.h"

#define HEAD 5			/* length, type */
#define SECONDS_DEFAULT 900
#define LIMIT_MAX 604800
#define REQUEST_MAX (LK_LCM_MESSAGE_MAX + HEAD)

/* A job that runs. */
struct call {
	struct lk_remote_job *job;
	int fd;			/* -1: it is over */
	unsigned limit;		/* ms */
	uint8_t *in, *out;	/* REQUEST_MAX bytes each */
	size_t in_len, out_len, sent;
	bool input_over;
};

/* ---- ends ---- */

static void end(struct call *call, int rc)
{
	if (call->fd >= 0)
		close(call->fd);
	call->fd = -1;
	call->job->rc = rc;
}

static int fail_text(struct call *call, enum lk_lcm_fail why, const char *text)
{
	struct lk_remote_job *job = call->job;

	switch (why) {
	case LK_LCM_LOST: return lk_fail(&job->err, LK_M_REMOTE_LOST, job->dest);
	case LK_LCM_TIMEOUT:
		return lk_fail(&job->err, LK_M_REMOTE_TIMEOUT, job->dest, (double)call->limit / 1000);
	case LK_LCM_OUT_OF_SERVICE:
	case LK_LCM_UNKNOWN_SYSTEM:	/* added so recently that lcm has not noticed it yet */
		return lk_fail(&job->err, LK_M_OUT_OF_SERVICE, job->dest);
	case LK_LCM_BAD_REQUEST: break;
	}
	return lk_fail(&job->err, LK_M_REMOTE_REFUSED, job->dest, text);
}

/* ---- the request ---- */

static void put_head(struct lk_out *out, size_t len, enum lk_lcm_type type)
{
	lk_put_u32(out, (uint32_t)len + 1);
	lk_put_u8(out, (uint8_t)type);
}

static int put_run(struct call *call)
{
	const struct lk_remote_job *job = call->job;
	struct lk_out out = { .data = call->out + HEAD, .size = LK_LCM_MESSAGE_MAX - 1 };
	struct lk_out head = { .data = call->out, .size = HEAD };

	lk_put_text(&out, job->dest);
	lk_put_u8(&out, (uint8_t)((job->merge ? 1 : 0) | (job->input ? 2 : 0)));
	lk_put_u32(&out, call->limit);
	lk_put_u16(&out, (uint16_t)job->argc);
	for (int i = 0; i < job->argc; i++)
		lk_put_bytes(&out, job->argv[i], strlen(job->argv[i]));
	put_head(&head, out.len, LK_LCM_RUN);
	call->out_len = HEAD + out.len;
	if (out.failed || job->argc > UINT16_MAX)
		return lk_fail(&call->job->err, LK_M_TOO_LARGE, "the command and its arguments",
			       (size_t)LK_LCM_MESSAGE_MAX);
	return 0;
}

static int begin(struct call *call, const struct lk_tree *tree)
{
	call->in = malloc(REQUEST_MAX);
	call->out = malloc(REQUEST_MAX);
	call->input_over = !call->job->input;
	if (!call->in || !call->out)
		return lk_fail_nomem(&call->job->err);
	int rc = put_run(call);
	if (rc < 0)
		return rc;
	call->fd = lk_lcm_connect(tree, &call->job->err);
	if (call->fd < 0)
		return -call->job->err.code;
	fcntl(call->fd, F_SETFL, O_NONBLOCK);
	return 0;
}

/* ---- sending ---- */

/* The next piece of input, when the last one is gone. */
static int refill(struct call *call)
{
	struct lk_out head = { .data = call->out, .size = HEAD };
	ssize_t len = call->job->input(call->job, call->out + HEAD, LK_REMOTE_PIECE);

	if (len < 0)
		return (int)len;
	put_head(&head, (size_t)len, LK_LCM_INPUT);
	call->out_len = HEAD + (size_t)len;
	call->sent = 0;
	call->input_over = len == 0;
	return 0;
}

static int push(struct call *call)
{
	if (call->sent == call->out_len && !call->input_over) {
		int rc = refill(call);

		if (rc < 0)
			return rc;
	}
	ssize_t len = send(call->fd, call->out + call->sent, call->out_len - call->sent, MSG_NOSIGNAL);
	/* when the other side has closed its answer still waits to be read */
	if (len < 0 && (errno == EPIPE || errno == ECONNRESET)) {
		call->sent = call->out_len;
		call->input_over = true;
		return 0;
	}
	if (len < 0 && errno != EAGAIN && errno != EINTR)
		return lk_fail_errno(&call->job->err, errno, LK_LCM_SOCKET);
	call->sent += len > 0 ? (size_t)len : 0;
	return 0;
}

static bool wants_to_send(const struct call *call)
{
	return call->sent < call->out_len || !call->input_over;
}

/* ---- receiving ---- */

static int take_fail(struct call *call, struct lk_in *in)
{
	char text[LK_ERR_TEXT / 2];
	uint8_t why = lk_get_u8(in);

	lk_get_text(in, text, sizeof(text));
	if (!lk_get_end(in))
		return lk_fail(&call->job->err, LK_M_LCM_MALFORMED);
	return fail_text(call, (enum lk_lcm_fail)why, text);
}

/* 0: go on; else the job is over with *rc. */
static bool take(struct call *call, enum lk_lcm_type type, struct lk_in *in, int *rc)
{
	struct lk_remote_job *job = call->job;
	uint8_t stream;
	size_t len;

	switch (type) {
	case LK_LCM_OUTPUT:
		stream = lk_get_u8(in);
		len = lk_in_left(in);
		*rc = job->output ? job->output(job, stream, lk_get_raw(in, len), len) : 0;
		return *rc != 0;
	case LK_LCM_EXIT:
		job->code = lk_get_u8(in);
		*rc = lk_get_end(in) ? 0 : lk_fail(&job->err, LK_M_LCM_MALFORMED);
		return true;
	case LK_LCM_FAIL:
		*rc = take_fail(call, in);
		return true;
	default:
		*rc = lk_fail(&job->err, LK_M_LCM_MALFORMED);
		return true;
	}
}

/* Take the messages that are there whole. */
static bool take_all(struct call *call, int *rc)
{
	size_t at = 0;

	while (call->in_len - at >= HEAD) {
		struct lk_in head = LK_IN(call->in + at, HEAD);
		size_t size = lk_get_u32(&head);

		if (!size || size > LK_LCM_MESSAGE_MAX) {
			*rc = lk_fail(&call->job->err, LK_M_LCM_MALFORMED);
			return true;
		}
		if (call->in_len - at < HEAD - 1 + size)
			break;
		struct lk_in in = LK_IN(call->in + at + HEAD, size - 1);
		if (take(call, (enum lk_lcm_type)lk_get_u8(&head), &in, rc))
			return true;
		at += HEAD - 1 + size;
	}
	memmove(call->in, call->in + at, call->in_len - at);
	call->in_len -= at;
	return false;
}

static void pull(struct call *call)
{
	ssize_t len = recv(call->fd, call->in + call->in_len, REQUEST_MAX - call->in_len, 0);
	int rc = 0;

	if (len < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (len <= 0) {
		end(call, lk_fail(&call->job->err, LK_M_REMOTE_NO_LCM, call->job->dest));
		return;
	}
	call->in_len += (size_t)len;
	if (take_all(call, &rc))
		end(call, rc);
}

/* ---- all together ---- */

static unsigned default_limit(const struct lk_tree *tree)
{
	unsigned long long seconds = SECONDS_DEFAULT;
	struct lk_err ignored;

	if (lk_tunable_number(tree, "REMOTETIMEOUT", 1, LIMIT_MAX, &seconds, &ignored) < 0)
		seconds = SECONDS_DEFAULT;
	return (unsigned)seconds * 1000;
}

static bool poll_all(struct call *call, struct pollfd *fds, size_t n)
{
	bool any = false;

	for (size_t i = 0; i < n; i++) {
		fds[i] = (struct pollfd){ .fd = call[i].fd, .events = POLLIN };
		if (call[i].fd >= 0 && wants_to_send(&call[i]))
			fds[i].events |= POLLOUT;
		any |= call[i].fd >= 0;
	}
	return any && (poll(fds, n, -1) >= 0 || errno == EINTR);
}

static void serve(struct call *call, short events)
{
	if (call->fd >= 0 && events & POLLOUT && wants_to_send(call)) {
		int rc = push(call);

		if (rc < 0)
			end(call, rc);
	}
	if (call->fd >= 0 && events & (POLLIN | POLLHUP | POLLERR))
		pull(call);
}

static void run_all(struct call *call, struct pollfd *fds, size_t n)
{
	while (poll_all(call, fds, n))
		for (size_t i = 0; i < n; i++)
			serve(&call[i], fds[i].revents);
}

void lk_remote_jobs(const struct lk_lcd *lcd, struct lk_remote_job *job, size_t n)
{
	struct call LK_AUTO_FREE *call = calloc(n + 1, sizeof(*call));
	struct pollfd LK_AUTO_FREE *fds = calloc(n + 1, sizeof(*fds));
	unsigned limit = default_limit(&lcd->tree);

	for (size_t i = 0; i < n; i++) {
		job[i].code = 0;
		job[i].rc = 0;
		if (!call || !fds) {
			job[i].rc = lk_fail_nomem(&job[i].err);
			continue;
		}
		call[i] = (struct call){ .job = &job[i], .fd = -1,
					 .limit = job[i].limit ? job[i].limit : limit };
		int rc = begin(&call[i], &lcd->tree);
		if (rc < 0)
			end(&call[i], rc);
	}
	if (!call || !fds)
		return;
	run_all(call, fds, n);
	for (size_t i = 0; i < n; i++) {
		if (call[i].fd >= 0)	/* poll() failed */
			end(&call[i], lk_fail_errno(&job[i].err, errno, LK_LCM_SOCKET));
		free(call[i].in);
		free(call[i].out);
	}
}

/* ---- one command of ours ---- */

int lk_remote_pass(struct lk_remote_job *job, int stream, const void *data, size_t len)
{
	for (const char *at = data; len;) {
		ssize_t done = write(stream == 2 ? 2 : 1, at, len);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return lk_fail(&job->err, LK_M_OUTPUT, strerror(errno));
		at += done;
		len -= (size_t)done;
	}
	return 0;
}

static int run_one(const struct lk_lcd *lcd, const struct lk_remote_request *request,
		   struct lk_remote_job *job, int *code, struct lk_err *err)
{
	char **argv = calloc((size_t)request->argc + 2, sizeof(*argv));

	*code = LK_EX_COMM;
	if (!argv)
		return lk_fail_nomem(err);
	argv[0] = (char *)request->prog;
	for (int i = 1; i < request->argc; i++)
		argv[i] = request->argv[i];
	job->dest = request->dest;
	job->argc = request->argc ? request->argc : 1;
	job->argv = argv;
	lk_remote_jobs(lcd, job, 1);
	free(argv);
	if (job->rc < 0)
		*err = job->err;
	else
		*code = job->code;
	return job->rc;
}

int lk_remote_run(const struct lk_lcd *lcd, const struct lk_remote_request *request, int *code,
		  struct lk_err *err)
{
	struct lk_remote_job job = { .output = lk_remote_pass };

	return run_one(lcd, request, &job, code, err);
}

int lk_remote_keep(struct lk_remote_job *job, int stream, const void *data, size_t len)
{
	struct lk_buf *buf = job->kept[stream == 2];

	if (!buf)
		return 0;
	if (buf->len + len > LK_FILE_MAX)
		return lk_fail(&job->err, LK_M_TOO_LARGE, "the output", LK_FILE_MAX);
	lk_buf_add(buf, data, len);
	return buf->failed ? lk_fail_nomem(&job->err) : 0;
}

int lk_remote_capture(const struct lk_lcd *lcd, const struct lk_remote_request *request, int *code,
		      struct lk_buf *out, struct lk_buf *errout, struct lk_err *err)
{
	struct lk_remote_job job = { .output = lk_remote_keep, .kept = { out, errout } };

	return run_one(lcd, request, &job, code, err);
}
