/* SPDX-License-Identifier: GPL-2.0-or-later */
/* TTY and DISK paths: sealed heartbeats over what main has opened. */
#include "net_world.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#include "disk.h"
#include "lk/poison.h"

#define READ_MAX 1024			/* of a line, per turn */
#define WANT_MIN_MS 1000

static bool is_tty(const struct net_path *path)
{
	return path->conf.type == BUS_TTY;
}

static void count(struct net_path *path, enum net_counter what)
{
	if (!is_tty(path))
		return;
	path->counter[what]++;
	path->counted = true;
}

void device_close(struct net *net, struct net_path *path)
{
	(void)net;
	if (path->fd >= 0)
		close(path->fd);
	path->fd = -1;
	path->busy = false;
	path->rest_len = path->line.len = 0;
}

/* A change for the worse is logged once; that the other end is gone adds nothing to an error of it. */
static void io_error(struct net *net, struct net_path *path, int error)
{
	if (error == path->io_error || (error == EPIPE && path->io_error))
		return;
	path->io_error = error;
	if (error)
		net_log(net, LK_LOG_WARN, LK_M_NET_DEVICE, path->conf.device, path->peer->conf.name,
			error == EPIPE ? "the other end is gone" : strerror(error));
}

static void device_failed(struct net *net, struct net_path *path, int error)
{
	io_error(net, path, error);
	device_close(net, path);
	path->next_want = net->now + WANT_MIN_MS;
	net_due(net, path->next_want);
}

/* ---- sealing ---- */

static bool seal(struct net *net, struct net_path *path, struct lk_out *out)
{
	struct sealed_talk *talk = &path->talk;
	const struct sealed sealed = {
		.version = FRAME_VERSION_MAX, .incarnation = talk->incarnation, .sequence = ++talk->sequence,
		.heard_incarnation = talk->heard_incarnation, .heard_sequence = talk->heard_sequence,
		.interval = path->conf.interval, .misses = path->conf.misses, .view = path->peer->view,
		.confirm = confirm_beat(net, path->peer, talk->heard_incarnation),
	};
	const struct sealed_with with = { net->keys.key[0].beat, is_tty(path) ? "tty" : "disk",
					  net->conf.self, path->peer->conf.name };

	return sealed_put(out, &sealed, &with) == 0 && !out->failed;
}

static bool unseal(struct net *net, struct net_path *path, const uint8_t *data, size_t len,
		   struct sealed *sealed)
{
	struct sealed_with with = { NULL, is_tty(path) ? "tty" : "disk", path->peer->conf.name,
				    net->conf.self };

	for (unsigned i = 0; i < net->keys.n; i++) {
		with.key = net->keys.key[i].beat;
		if (sealed_get(data, len, &with, sealed))
			return true;
	}
	return false;
}

static void judge(struct net *net, struct net_path *path, const struct sealed *sealed)
{
	/* what the slower side needs to answer: its period, and three heartbeats on the way */
	uint32_t window = (uint32_t)(path_period(path) / path->conf.interval) + 3;

	if (sealed->interval != path->peer_interval || sealed->misses != path->peer_misses)
		path_peer_beat(net, path, sealed->interval, sealed->misses);
	enum sealed_verdict verdict = sealed_judge(&path->talk, sealed, window);
	if (verdict != SEALED_FRESH) {
		count(path, verdict == SEALED_OLD ? COUNT_ORDER : COUNT_NO_REPLY);
		return;
	}
	path_alive(net, path);
	path->io_error = 0;
	if (sealed->version >= 2)
		path_told(net, path, sealed->view);
	confirm_take(net, path->peer, &(struct confirm_heard){ sealed->incarnation, sealed->view, sealed->confirm });
}

/* ---- TTY ---- */

static bool set_speed(struct termios *tty, uint32_t baud)
{
	static const struct { uint32_t baud; speed_t code; } speeds[] = {
		{ 1200, B1200 }, { 2400, B2400 }, { 4800, B4800 }, { 9600, B9600 }, { 19200, B19200 },
		{ 38400, B38400 }, { 57600, B57600 }, { 115200, B115200 }, { 230400, B230400 },
		{ 460800, B460800 }, { 921600, B921600 }, { 1000000, B1000000 }, { 2000000, B2000000 },
		{ 4000000, B4000000 },
	};

	for (size_t i = 0; i < sizeof(speeds) / sizeof(*speeds); i++)
		if (speeds[i].baud == baud)
			return cfsetispeed(tty, speeds[i].code) == 0 && cfsetospeed(tty, speeds[i].code) == 0;
	return false;
}

static bool make_raw(int fd, uint32_t baud)
{
	struct termios tty;

	if (tcgetattr(fd, &tty) < 0)
		return false;
	cfmakeraw(&tty);
	tty.c_cflag |= CLOCAL | CREAD;
	tty.c_cflag &= ~(tcflag_t)CRTSCTS;
	if (!set_speed(&tty, baud)) {
		errno = EINVAL;
		return false;
	}
	return tcsetattr(fd, TCSANOW, &tty) == 0 && tcflush(fd, TCIOFLUSH) == 0;
}

static void tty_frames(struct net *net, struct net_path *path)
{
	struct sealed sealed;
	size_t len;
	unsigned garbage = path->line.garbage, bad = 0;

	while ((len = sealed_line_frame(&path->line)) != 0) {
		bool good = unseal(net, path, path->line.data, len, &sealed);

		sealed_line_drop(&path->line, good ? len : 1);
		path->line.garbage += !good;
		bad += !good;
		if (good)
			judge(net, path, &sealed);
	}
	if (bad)
		count(path, COUNT_CHECKSUM);
	else if (path->line.garbage != garbage)
		count(path, COUNT_INCOMPLETE);
}

static void tty_read(struct net *net, struct net_path *path)
{
	uint8_t data[READ_MAX];
	ssize_t n = read(path->fd, data, sizeof(data));

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		device_failed(net, path, n < 0 ? errno : EPIPE);
		return;
	}
	for (size_t at = 0; at < (size_t)n;) {
		at += sealed_line_add(&path->line, data + at, (size_t)n - at);
		tty_frames(net, path);
	}
	if (path->line.garbage >= SEALED_MAX) {
		net_log_burst(net, path->conf.device, LK_M_NET_LINE, path->conf.device,
			      path->peer->conf.name, path->line.garbage);
		path->line.garbage = 0;
	}
}

/* What the line did not take is written first: half a frame would spoil the next one. */
static void tty_beat(struct net *net, struct net_path *path)
{
	if (path->rest_len == 0) {
		struct lk_out out = LK_OUT(path->rest);

		if (!seal(net, path, &out))
			return;
		path->rest_len = out.len;
	} else {
		count(path, COUNT_RESENT);
	}
	ssize_t n = write(path->fd, path->rest, path->rest_len);
	if (n < 0) {
		if (errno != EAGAIN && errno != EINTR)
			device_failed(net, path, errno);
		return;
	}
	path->rest_len -= (size_t)n;
	memmove(path->rest, path->rest + n, path->rest_len);
}

/* ---- DISK ---- */

static void disk_beat(struct net *net, struct net_path *path)
{
	uint8_t slot[SEALED_SLOT];
	struct lk_out out = { .data = slot, .size = sizeof(slot) };

	if (path->busy)
		return;		/* the device hangs: only this path notices */
	memset(slot, 0, sizeof(slot));
	if (!seal(net, path, &out))
		return;
	if (send(path->fd, slot, sizeof(slot), MSG_DONTWAIT | MSG_NOSIGNAL) < 0) {
		device_failed(net, path, errno);
		return;
	}
	path->busy = true;
}

static bool is_zero(const uint8_t *slot)
{
	return slot[0] == 0 && memcmp(slot, slot + 1, SEALED_SLOT - 1) == 0;
}

static void disk_slot(struct net *net, struct net_path *path, const uint8_t *slot)
{
	struct sealed sealed;
	size_t len = sealed_size(slot, SEALED_SLOT);

	if (len != 0 && unseal(net, path, slot, len, &sealed))
		judge(net, path, &sealed);
	else if (!is_zero(slot))
		net_log_burst(net, path->conf.device, LK_M_NET_SLOT, path->conf.device, path->peer->conf.name);
}

static void disk_read(struct net *net, struct net_path *path)
{
	uint8_t data[DISK_ANSWER];
	ssize_t n = recv(path->fd, data, sizeof(data), MSG_DONTWAIT);
	struct lk_in in = LK_IN(data, n > 0 ? (size_t)n : 0);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		device_failed(net, path, n < 0 ? errno : EPIPE);
		return;
	}
	path->busy = false;
	int error = (int)lk_get_u32(&in);
	const uint8_t *slot = lk_get_raw(&in, SEALED_SLOT);
	if (!lk_get_end(&in)) {
		device_failed(net, path, EPROTO);
		return;
	}
	if (error == DISK_FOREIGN)
		net_log_burst(net, path->conf.device, LK_M_NET_FOREIGN, path->conf.device,
			      path->peer->conf.name, path->conf.device);
	else if (error)
		io_error(net, path, error);
	else
		disk_slot(net, path, slot);
}

/* ---- both ---- */

void device_fd(struct net *net, struct net_path *path, int fd)
{
	if (!path->used || path->conf.type == BUS_TCP) {
		close(fd);
		return;
	}
	device_close(net, path);
	path->fd = fd;
	if (is_tty(path) && !make_raw(fd, path->conf.baud)) {
		device_failed(net, path, errno);
		return;
	}
	if (!net_watch(net, fd, EPOLLIN, NET_DEVICE, path->conf.path)) {
		device_failed(net, path, errno);
		return;
	}
	path->next_beat = net->now;
	net->next = net->now;
}

void device_event(struct net *net, struct net_path *path)
{
	if (path->fd < 0)
		return;
	if (is_tty(path))
		tty_read(net, path);
	else
		disk_read(net, path);
}

static void want(struct net *net, struct net_path *path)
{
	uint8_t message[8];
	struct lk_out out = LK_OUT(message);

	if (net->now >= path->next_want) {
		path->next_want = net->now + (path->conf.interval > WANT_MIN_MS ? path->conf.interval
										 : WANT_MIN_MS);
		bus_put_want(&out, BUS_WANT, path->conf.path);
		(void)net_bus_send(net, &out);	/* it is sent again anyhow */
	}
	net_due(net, path->next_want);
}

void device_timers(struct net *net, struct net_path *path)
{
	if (net->keys.n == 0)
		return;
	if (path->fd < 0) {
		want(net, path);
		return;
	}
	if (net->now >= path->next_beat) {
		path->next_beat = net_aligned(net->now, path->conf.interval);
		path->counters_dirty |= path->counted;
		path->counted = false;
		if (is_tty(path))
			tty_beat(net, path);
		else
			disk_beat(net, path);
	}
	net_due(net, path->next_beat);
}
