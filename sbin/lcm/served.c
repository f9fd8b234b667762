/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Commands that other systems want to run here. */
#include "served.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "lk/buf.h"
#include "lk/msg.h"
#include "exec.h"
#include "session.h"
#include "lk/poison.h"

#define GRACE_MS 5000		/* from TERM to KILL */
#define MARGIN_MS 2000		/* beyond the asker's limit: it is the asker who gives up, unless it is gone */

struct lcm_served {
	struct lcm_served *next;
	struct lcm *lcm;
	struct lcm_peer *peer;		/* NULL: nobody listens any more */
	uint32_t id;
	pid_t pid;			/* 0: it has ended */
	uint8_t code;
	struct lcm_source in, out[2];
	struct lk_buf input;		/* not taken yet */
	size_t taken;			/* of it */
	uint32_t owed;			/* credit for input that was taken */
	bool end_of_input;
	uint32_t credit;		/* what may still be sent as output */
	int left[2];			/* after its end: what was in the pipes then; -1: before */
	int64_t deadline, kill_at;	/* -1: none */
};

static struct lcm_served *find(struct lcm_peer *peer, uint32_t id)
{
	struct lcm_served *served = peer->lcm->served;

	while (served && (served->peer != peer || served->id != id))
		served = served->next;
	return served;
}

static void send(const struct lcm_served *served, enum env_type type, const struct lk_out *out)
{
	struct lk_piece piece = { out->data, out->len };

	if (served->peer && !out->failed)
		(void)!chan_send(&served->peer->chan, type, &piece, served->lcm->now);
}

static void detach(struct lcm_served *served)
{
	if (served->peer)
		served->peer->served--;
	served->peer = NULL;
}

static void forget(struct lcm_served *served)
{
	struct lcm *lcm = served->lcm;
	struct lcm_served **at = &lcm->served;

	while (*at != served)
		at = &(*at)->next;
	*at = served->next;
	lcm_disown(lcm, served);
	lcm_close(lcm, &served->in);
	lcm_close(lcm, &served->out[0]);
	lcm_close(lcm, &served->out[1]);
	lk_buf_free(&served->input);
	detach(served);
	free(served);
}

static void send_output(const struct lcm_served *served, uint8_t stream, const struct lk_piece *data)
{
	uint8_t bytes[ENV_DATA_MAX + 8];
	struct lk_out out = LK_OUT(bytes);

	lk_put_u32(&out, served->id);
	lk_put_u8(&out, stream);
	lk_put_raw(&out, data->data, data->len);
	send(served, ENV_OUTPUT, &out);
}

static void send_exit(const struct lcm_served *served, bool started)
{
	uint8_t bytes[8];
	struct lk_out out = LK_OUT(bytes);

	lk_put_u32(&out, served->id);
	lk_put_u8(&out, served->code);
	lk_put_u8(&out, started);
	send(served, ENV_EXIT, &out);
}

/* It has ended and all it had written was sent. */
static void finish(struct lcm_served *served)
{
	if (served->pid || (served->peer && (served->out[0].fd >= 0 || served->out[1].fd >= 0)))
		return;
	send_exit(served, true);
	forget(served);
}

/* ---- output ---- */

static void take_output(struct lcm_served *served, unsigned i)
{
	uint8_t bytes[ENV_DATA_MAX];
	size_t most = sizeof(bytes);

	if (served->peer && served->credit < most + ENV_COST)
		most = served->credit > ENV_COST ? served->credit - ENV_COST : 0;
	if (served->left[i] >= 0 && (size_t)served->left[i] < most)
		most = (size_t)served->left[i];
	ssize_t len = most ? read(served->out[i].fd, bytes, most) : 0;
	if (len < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (len <= 0) {
		lcm_close(served->lcm, &served->out[i]);
		return;
	}
	if (served->left[i] >= 0)
		served->left[i] -= (int)len;
	if (!served->peer)
		return;
	served->credit -= (uint32_t)len + ENV_COST;
	send_output(served, (uint8_t)(i + 1), &(struct lk_piece){ bytes, (size_t)len });
	if (served->left[i] == 0)
		lcm_close(served->lcm, &served->out[i]);
}

static void on_out(void *arg, uint32_t events)
{
	(void)events;
	take_output(arg, 0);
	finish(arg);
}

static void on_err(void *arg, uint32_t events)
{
	(void)events;
	take_output(arg, 1);
	finish(arg);
}

/* What it has left running keeps the pipes open; only what it has written itself still counts. */
static void on_end(void *arg, int status)
{
	struct lcm_served *served = arg;

	served->pid = 0;
	served->code = (uint8_t)exec_code(status);
	lcm_close(served->lcm, &served->in);
	for (unsigned i = 0; i < 2; i++) {
		if (served->out[i].fd < 0)
			continue;
		if (ioctl(served->out[i].fd, FIONREAD, &served->left[i]) < 0 || !served->left[i])
			lcm_close(served->lcm, &served->out[i]);
	}
	finish(served);
}

/* ---- input ---- */

static void return_credit(struct lcm_served *served)
{
	uint8_t bytes[16];
	struct lk_out out = LK_OUT(bytes);

	if (served->owed < ENV_CREDIT / 4)
		return;
	lk_put_u32(&out, served->id);
	lk_put_u8(&out, 1);
	lk_put_u32(&out, served->owed);
	send(served, ENV_CREDIT_MORE, &out);
	served->owed = 0;
}

static void give_input(struct lcm_served *served)
{
	while (served->in.fd >= 0 && served->taken < served->input.len) {
		ssize_t len = write(served->in.fd, served->input.data + served->taken,
				    served->input.len - served->taken);

		if (len < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (len < 0) {	/* it does not read any more */
			lcm_close(served->lcm, &served->in);
			break;
		}
		served->taken += (size_t)len;
		served->owed += (uint32_t)len;
	}
	if (served->in.fd < 0)
		served->owed += (uint32_t)(served->input.len - served->taken);
	served->input.len = served->taken = 0;
	if (served->end_of_input)
		lcm_close(served->lcm, &served->in);
	return_credit(served);
}

static void on_in(void *arg, uint32_t events)
{
	struct lcm_served *served = arg;

	if (events & (EPOLLERR | EPOLLHUP))
		lcm_close(served->lcm, &served->in);
	give_input(served);
}

void served_input(struct lcm_peer *peer, uint32_t id, struct lk_in *in)
{
	struct lcm_served *served = find(peer, id);
	size_t len = lk_in_left(in);
	const uint8_t *data = lk_get_raw(in, len);

	if (!served || served->end_of_input || !data)
		return;
	if (served->input.len - served->taken + len > 2 * ENV_CREDIT) {
		served_cancel(peer, id);
		return;
	}
	served->owed += ENV_COST;
	served->end_of_input = !len;
	lk_buf_add(&served->input, data, len);
	if (served->input.failed)
		served_cancel(peer, id);
	else
		give_input(served);
}

void served_credit(struct lcm_peer *peer, uint32_t id, struct lk_in *in)
{
	struct lcm_served *served = find(peer, id);
	uint32_t more = lk_get_u32(in);

	if (served && lk_get_end(in) && more <= ENV_CREDIT && served->credit <= ENV_CREDIT)
		served->credit += more;
}

/* ---- opening ---- */

static char **take_words(struct lk_in *in, unsigned count, struct lk_buf *text)
{
	char **argv = calloc(count + 1, sizeof(*argv));
	size_t len;

	(void)lk_get_u16(in);
	/* one allocation, so that the words do not move */
	if (!argv || !lk_buf_room(text, lk_in_left(in) + count)) {
		free(argv);
		return NULL;
	}
	for (unsigned i = 0; i < count; i++) {
		const uint8_t *word = lk_get_bytes(in, &len);

		argv[i] = text->data + text->len;
		lk_buf_add(text, word, len);
		lk_buf_addc(text, '\0');
	}
	return argv;
}

static int run(struct lcm_served *served, uint8_t flags, char *const *argv)
{
	struct lcm *lcm = served->lcm;
	struct exec_request request = { .tree = &lcm->tree, .argv = argv, .output = true,
					.input = flags & ENV_HAS_INPUT, .merge = flags & ENV_MERGE };
	struct exec_child child;

	if (exec_start(&request, &child) < 0)
		return -1;
	served->pid = child.pid;
	served->in = (struct lcm_source){ .fd = child.in, .ready = on_in, .arg = served };
	served->out[0] = (struct lcm_source){ .fd = child.out[0], .ready = on_out, .arg = served };
	served->out[1] = (struct lcm_source){ .fd = child.out[1], .ready = on_err, .arg = served };
	if (lcm_adopt(lcm, child.pid, on_end, served) == 0)
		return 0;
	kill(-child.pid, SIGKILL);
	lcm_close(lcm, &served->in);
	lcm_close(lcm, &served->out[0]);
	lcm_close(lcm, &served->out[1]);
	errno = ENOMEM;
	return -1;
}

static void refuse(struct lcm_served *served, const char *why)
{
	char text[200];
	int len = snprintf(text, sizeof(text), "%s: %s\n", served->lcm->self, why);

	served->code = 1;
	send_output(served, 2, &(struct lk_piece){ text, (size_t)len });
	send_exit(served, false);
}

static void start(struct lcm_served *served, uint8_t flags, char *const *argv)
{
	struct lcm *lcm = served->lcm;
	const char *why = NULL;

	if (lcm->stopping)
		why = "Lockkeeper is stopping";
	else if (served->peer->served >= ENV_SESSIONS_MAX)
		why = "too many commands at a time";
	else if (run(served, flags, argv) < 0)
		why = strerror(errno);
	if (why) {
		refuse(served, why);
		free(served);
		return;
	}
	served->peer->served++;
	served->next = lcm->served;
	lcm->served = served;
}

void served_open(struct lcm_peer *peer, uint32_t id, struct lk_in *in)
{
	struct lk_buf LK_AUTO_BUF text = { 0 };
	struct lcm *lcm = peer->lcm;
	uint8_t flags = lk_get_u8(in);
	uint32_t limit = lk_get_u32(in);
	unsigned count;

	if (in->bad || find(peer, id) || !session_check_words(*in, &count)) {
		lcm_log(lcm, LK_LOG_WARN, LK_M_LCM_ENVELOPE, peer->name, "malformed");
		return;
	}
	struct lcm_served *served = malloc(sizeof(*served));
	char **argv = served ? take_words(in, count, &text) : NULL;
	if (!argv) {
		free(served);
		return;
	}
	if (!limit)
		limit = lcm->set.remote;
	*served = (struct lcm_served){
		.lcm = lcm, .peer = peer, .id = id, .credit = ENV_CREDIT, .left = { -1, -1 },
		.in = LCM_NO_SOURCE, .out = { LCM_NO_SOURCE, LCM_NO_SOURCE },
		.deadline = limit ? lcm->now + limit + MARGIN_MS : -1, .kill_at = -1,
	};
	start(served, flags, argv);
	free(argv);
}

/* ---- ends ---- */

static void press(struct lcm_served *served)
{
	if (served->kill_at >= 0 || !served->pid)
		return;
	kill(-served->pid, SIGTERM);
	served->kill_at = served->lcm->now + GRACE_MS;
}

void served_cancel(struct lcm_peer *peer, uint32_t id)
{
	struct lcm_served *served = find(peer, id);

	if (!served)
		return;
	detach(served);
	press(served);
	finish(served);
}

void served_lose(struct lcm_peer *peer)
{
	for (struct lcm_served *served = peer->lcm->served, *next; served; served = next) {
		next = served->next;
		if (served->peer != peer)
			continue;
		detach(served);
		finish(served);
	}
}

void served_stop(struct lcm *lcm)
{
	for (struct lcm_served *served = lcm->served; served; served = served->next)
		press(served);
}

/* Wait for output that may be sent, or that goes nowhere; for room for input. */
void served_arm(struct lcm *lcm)
{
	for (struct lcm_served *served = lcm->served; served; served = served->next) {
		bool listen = !served->peer || (served->credit > ENV_COST &&
						served->peer->chan.backlog < ENV_WINDOW);

		for (unsigned i = 0; i < 2; i++)
			lcm_watch(lcm, &served->out[i], listen ? EPOLLIN : 0);
		lcm_watch(lcm, &served->in, served->taken < served->input.len ? EPOLLOUT : 0);
	}
}

int64_t served_deadline(const struct lcm *lcm)
{
	int64_t at = -1;

	for (const struct lcm_served *served = lcm->served; served; served = served->next)
		if (served->pid)
			at = lcm_earlier(at, served->kill_at >= 0 ? served->kill_at : served->deadline);
	return at;
}

void served_tick(struct lcm *lcm)
{
	for (struct lcm_served *served = lcm->served; served; served = served->next) {
		if (!served->pid)
			continue;
		if (served->kill_at >= 0 && lcm->now >= served->kill_at) {
			kill(-served->pid, SIGKILL);
			served->kill_at += GRACE_MS;
		} else if (served->kill_at < 0 && served->deadline >= 0 &&
			   lcm->now >= served->deadline) {
			press(served);
		}
	}
}
