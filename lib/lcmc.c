/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Talking to the communication manager of this node. */
#include "lk/lcm.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "lk/cleanup.h"
#include "lk/msg.h"
#include "lk/name.h"
#include "lk/wait.h"
#include "lk/wire.h"
#include "lk/poison.h"

#define HEAD 5				/* length, type */
#define STATUS_MS 5000			/* lcm answers at once, unless it is stopped */
#define WHY_MAX 1024
#define TEXT_MAX 512

/* ---- connection ---- */

/* The path of the socket may be too long for an address: it is reached through the directory. */
static int connect_in(int dir, int fd)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/lcm.sock", dir);
	return connect(fd, (struct sockaddr *)&address, sizeof(address));
}

int lk_lcm_connect(const struct lk_tree *tree, struct lk_err *err)
{
	int LK_AUTO_CLOSE dir = openat(tree->fd, "run", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd >= 0 && dir >= 0 && connect_in(dir, fd) == 0)
		return fd;
	int saved = errno;
	if (fd >= 0)
		close(fd);
	if (dir < 0 || saved == ENOENT || saved == ECONNREFUSED)
		return lk_fail(err, LK_M_NO_DAEMON);
	return lk_fail_errno(err, saved, "%s/" LK_LCM_SOCKET, tree->root);
}

static int send_all(int fd, const void *data, size_t len, struct lk_err *err)
{
	for (const char *at = data; len;) {
		ssize_t done = send(fd, at, len, MSG_NOSIGNAL);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return lk_fail_errno(err, errno, LK_LCM_SOCKET);
		at += done;
		len -= (size_t)done;
	}
	return 0;
}

int lk_lcm_send(int fd, enum lk_lcm_type type, const void *payload, size_t len, struct lk_err *err)
{
	uint8_t bytes[HEAD];
	struct lk_out head = LK_OUT(bytes);

	lk_put_u32(&head, (uint32_t)len + 1);
	lk_put_u8(&head, (uint8_t)type);
	int rc = send_all(fd, bytes, sizeof(bytes), err);
	return rc < 0 ? rc : send_all(fd, payload, len, err);
}

/* len bytes before the deadline (-1: none). 1; 0 at the end; negative. */
static int receive_all(int fd, uint8_t *data, size_t len, int64_t deadline, struct lk_err *err)
{
	while (len) {
		struct pollfd poll_fd = { .fd = fd, .events = POLLIN };
		int64_t left = deadline < 0 ? -1 : deadline - lk_now_ms();
		int ready = poll(&poll_fd, 1, deadline < 0 ? -1 : left < 0 ? 0 : (int)left);

		if (ready == 0)
			return lk_fail(err, LK_M_LCM_SILENT);
		ssize_t done = ready < 0 ? -1 : recv(fd, data, len, 0);
		if (done == 0)
			return 0;
		if (done < 0 && errno != EINTR)
			return lk_fail_errno(err, errno, LK_LCM_SOCKET);
		if (done > 0) {
			data += done;
			len -= (size_t)done;
		}
	}
	return 1;
}

int lk_lcm_receive(int fd, uint8_t *buffer, enum lk_lcm_type *type, size_t *len, int timeout,
		   struct lk_err *err)
{
	int64_t deadline = timeout < 0 ? -1 : lk_now_ms() + timeout;
	uint8_t bytes[HEAD];
	int rc = receive_all(fd, bytes, sizeof(bytes), deadline, err);

	if (rc <= 0)
		return rc;
	struct lk_in in = LK_IN(bytes, sizeof(bytes));
	size_t size = lk_get_u32(&in);
	*type = (enum lk_lcm_type)lk_get_u8(&in);
	if (!size || size > LK_LCM_MESSAGE_MAX)
		return lk_fail(err, LK_M_LCM_MALFORMED);
	*len = size - 1;
	return *len ? receive_all(fd, buffer, *len, deadline, err) : 1;
}

/* ---- status ---- */

/* The rows, as long as their number is not known. */
struct rows {
	struct lk_lcd *lcd;
	struct lk_lcm_status *status;
	size_t csys, cpath;
};

static const char *take_text(struct rows *rows, struct lk_in *in, char *text, size_t size)
{
	lk_get_text(in, text, size);
	lk_printable(text);
	const char *copy = lk_arena_dup(&rows->lcd->arena, text);
	in->bad |= !copy;
	return copy;
}

static uint8_t take_choice(struct lk_in *in, uint8_t max)
{
	uint8_t value = lk_get_u8(in);

	in->bad |= value > max;
	return value;
}

static void *grow(struct rows *rows, void *old, size_t n, size_t *cap, size_t size)
{
	if (n < *cap)
		return old;
	void *grown = lk_arena_alloc(&rows->lcd->arena, (*cap * 2 + 16) * size);
	if (grown && n)
		memcpy(grown, old, n * size);
	*cap = grown ? *cap * 2 + 16 : *cap;
	return grown;
}

static bool take_system(struct rows *rows, struct lk_in *in)
{
	struct lk_lcm_status *status = rows->status;
	char text[WHY_MAX];
	struct lk_lcm_system *grown = grow(rows, status->sys, status->nsys, &rows->csys,
					   sizeof(*status->sys));

	if (!grown)
		return false;
	status->sys = grown;
	struct lk_lcm_system *row = &grown[status->nsys++];
	row->name = take_text(rows, in, text, sizeof(text));
	row->state = (enum lk_sys_state)take_choice(in, LK_SYS_UNKNOWN);
	(void)lk_get_u8(in);
	row->why = take_text(rows, in, text, sizeof(text));
	row->since = lk_get_u64(in);
	return lk_get_end(in);
}

static bool take_path(struct rows *rows, struct lk_in *in)
{
	struct lk_lcm_status *status = rows->status;
	char text[TEXT_MAX];
	struct lk_lcm_path *grown = grow(rows, status->path, status->npath, &rows->cpath,
					 sizeof(*status->path));

	if (!grown)
		return false;
	status->path = grown;
	struct lk_lcm_path *row = &grown[status->npath++];
	row->sys = take_text(rows, in, text, sizeof(text));
	row->device = take_text(rows, in, text, sizeof(text));
	row->local = take_text(rows, in, text, sizeof(text));
	row->remote = take_text(rows, in, text, sizeof(text));
	row->status.state = (enum lk_net_state)take_choice(in, LK_NET_UNKNOWN);
	row->status.comm_downs = lk_get_u64(in);
	for (unsigned i = 0; i < LK_NET_COUNTERS; i++)
		row->status.counter[i] = lk_get_u64(in);
	row->status.reader = (pid_t)lk_get_u32(in);
	row->status.writer = (pid_t)lk_get_u32(in);
	return lk_get_end(in);
}

/* 1: go on; 0: that was all; negative. */
static int take_message(struct rows *rows, int fd, uint8_t *buffer, struct lk_err *err)
{
	enum lk_lcm_type type;
	size_t len = 0;
	int rc = lk_lcm_receive(fd, buffer, &type, &len, STATUS_MS, err);
	struct lk_in in = LK_IN(buffer, len);
	bool good = false;

	if (rc < 0)
		return rc;
	if (rc == 0)
		return lk_fail(err, LK_M_NO_DAEMON);
	if (type == LK_LCM_SYSTEM)
		good = take_system(rows, &in);
	else if (type == LK_LCM_PATH)
		good = take_path(rows, &in);
	else if (type == LK_LCM_END) {
		rows->status->available = take_choice(&in, 1);
		good = lk_get_end(&in);
	}
	if (!good)
		return lk_fail(err, LK_M_LCM_MALFORMED);
	return type != LK_LCM_END;
}

int lk_lcm_status(struct lk_lcd *lcd, struct lk_lcm_status *status, struct lk_err *err)
{
	struct rows rows = { .lcd = lcd, .status = status };
	uint8_t LK_AUTO_FREE *buffer = malloc(LK_LCM_MESSAGE_MAX);
	int LK_AUTO_CLOSE fd = lk_lcm_connect(&lcd->tree, err);

	*status = (struct lk_lcm_status){ 0 };
	if (fd < 0)
		return err->number == LK_M_NUMBER(LK_M_NO_DAEMON) ? 0 : -err->code;
	if (!buffer)
		return lk_fail_nomem(err);
	int rc = lk_lcm_send(fd, LK_LCM_STATUS, "", 0, err);
	if (rc == 0)
		do
			rc = take_message(&rows, fd, buffer, err);
		while (rc > 0);
	if (rc < 0)
		*status = (struct lk_lcm_status){ 0 };
	status->running = rc == 0;
	return rc;
}

const struct lk_lcm_status *lk_lcm_known(struct lk_lcd *lcd)
{
	struct lk_err *err = &(struct lk_err){ 0 };

	if (lcd->lcm)
		return lcd->lcm;
	lcd->lcm = lk_arena_alloc(&lcd->arena, sizeof(*lcd->lcm));
	if (!lcd->lcm)
		return NULL;
	if (lk_lcm_status(lcd, lcd->lcm, err) < 0)
		lcd->lcm->why_not = lk_arena_dup(&lcd->arena, err->text);
	return lcd->lcm;
}

/* ---- quorum ---- */

static int64_t take_time(struct lk_in *in)
{
	uint64_t value = lk_get_u64(in);

	in->bad |= value > INT64_MAX;
	return (int64_t)value;
}

static struct lk_terms take_terms(struct lk_in *in)
{
	struct lk_terms terms;

	terms.lease = take_time(in);
	terms.stop = take_time(in);
	return terms;
}

static bool take_confirm(struct lk_arena *arena, struct lk_lcm_quorum *answer, struct lk_in *in)
{
	char name[LK_SYS_MAX + 1];
	struct lk_lcm_confirm *row = &answer->sys[answer->nsys];

	if (answer->nsys == LK_SYSTEMS_MAX)
		return false;
	lk_get_text(in, name, sizeof(name));
	lk_printable(name);
	row->name = lk_arena_dup(arena, name);
	uint8_t flags = take_choice(in, 3);
	row->barred = flags & 1;
	row->knows = flags & 2;
	row->quiet = take_time(in);
	row->needed = take_time(in);
	row->age = take_time(in);
	row->terms = take_terms(in);
	row->incarnation = lk_get_u64(in);
	answer->nsys++;
	return row->name && lk_get_end(in);
}

static bool take_quorum(struct lk_lcm_quorum *answer, struct lk_in *in)
{
	uint8_t flags = take_choice(in, 7);

	answer->active = flags & 1;
	answer->valid = flags & 2;
	answer->lapsed = flags & 4;
	answer->now = take_time(in);
	answer->until = take_time(in);
	answer->deadline = take_time(in);
	answer->terms = take_terms(in);
	answer->generation = lk_get_u32(in);
	return lk_get_end(in);
}

static int ask_bar(const struct lk_lcd *lcd, int fd, uint32_t set, struct lk_err *err)
{
	uint8_t bytes[LK_SYSTEMS_MAX * (LK_SYS_MAX + 2) + 2];
	struct lk_out out = LK_OUT(bytes);
	uint16_t n = 0;

	lk_put_u16(&out, 0);
	for (size_t i = 0; i < lcd->nsys && i < LK_SYSTEMS_MAX; i++)
		if (set & UINT32_C(1) << i && !lcd->sys[i].local) {
			lk_put_text(&out, lcd->sys[i].name);
			n++;
		}
	struct lk_out head = { .data = bytes, .size = 2 };
	lk_put_u16(&head, n);
	return lk_lcm_send(fd, LK_LCM_BAR, bytes, out.len, err);
}

/* 1: go on; 0: that was all; negative. */
static int take_answer(struct lk_lcd *lcd, struct lk_lcm_quorum *answer, int fd, struct lk_err *err)
{
	uint8_t buffer[LK_LCM_MESSAGE_MAX];
	enum lk_lcm_type type;
	size_t len = 0;
	int rc = lk_lcm_receive(fd, buffer, &type, &len, STATUS_MS, err);
	struct lk_in in = LK_IN(buffer, len);

	if (rc <= 0)
		return rc < 0 ? rc : lk_fail(err, LK_M_NO_DAEMON);
	if (type == LK_LCM_CONFIRM ? !take_confirm(&lcd->arena, answer, &in) :
	    type != LK_LCM_QUORUM || !take_quorum(answer, &in))
		return lk_fail(err, LK_M_LCM_MALFORMED);
	return type != LK_LCM_QUORUM;
}

const struct lk_lcm_confirm *lk_lcm_confirm_of(const struct lk_lcm_quorum *answer, const char *name)
{
	for (size_t i = 0; i < answer->nsys; i++)
		if (!strcmp(answer->sys[i].name, name))
			return &answer->sys[i];
	return NULL;
}

int lk_lcm_bar(struct lk_lcd *lcd, uint32_t set, struct lk_lcm_quorum *answer, struct lk_err *err)
{
	int LK_AUTO_CLOSE fd = lk_lcm_connect(&lcd->tree, err);

	*answer = (struct lk_lcm_quorum){ .sys = NULL };
	if (fd < 0)
		return err->number == LK_M_NUMBER(LK_M_NO_DAEMON) ? 0 : -err->code;
	answer->sys = lk_arena_alloc(&lcd->arena, LK_SYSTEMS_MAX * sizeof(*answer->sys));
	if (!answer->sys)
		return lk_fail_nomem(err);
	int rc = ask_bar(lcd, fd, set, err);
	if (rc == 0)
		do
			rc = take_answer(lcd, answer, fd, err);
		while (rc > 0);
	if (rc < 0)
		*answer = (struct lk_lcm_quorum){ .sys = NULL };
	answer->running = rc == 0;
	return rc;
}

int lk_lcm_quorum(struct lk_lcd *lcd, struct lk_lcm_quorum *answer, struct lk_err *err)
{
	return lk_lcm_bar(lcd, 0, answer, err);
}
