/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Asking all other systems for their report. */
#include "lk/gather.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lk/canvass.h"
#include "lk/lcm.h"
#include "lk/log.h"
#include "lk/msg.h"
#include "lk/tunable.h"
#include "lk/wait.h"
#include "lk/wire.h"
#include "lk/poison.h"

#define REPORT_MAX ((size_t)4 << 20)	/* no report is larger */

/* One system that was asked; fd is -1 once it has answered or failed. */
struct asked {
	int fd;
	uint8_t sys;
	struct lk_buf report;
	bool good;		/* it ran there and ended with 0 */
	const char *wrong;	/* else what happened */
};

struct round {
	struct lk_lcd *lcd;
	struct lk_picture *picture;
	struct asked asked[LK_SYSTEMS_MAX];
	struct pollfd fds[LK_SYSTEMS_MAX];
	unsigned n;
	unsigned long long seconds;
	int64_t deadline;
};

static int send_request(struct round *r, int fd, const char *dest, struct lk_err *err)
{
	static const char *const argv[] = { "lk_picture", "-R" };
	uint8_t bytes[512];
	struct lk_out out = LK_OUT(bytes);

	lk_put_text(&out, dest);
	lk_put_u8(&out, 0);
	lk_put_u32(&out, (uint32_t)r->seconds * 1000);
	lk_put_u16(&out, 2);
	for (unsigned i = 0; i < 2; i++)
		lk_put_bytes(&out, argv[i], strlen(argv[i]));
	return lk_lcm_send(fd, LK_LCM_RUN, out.data, out.len, err);
}

static void ask(struct round *r, uint8_t sys)
{
	struct asked *asked = &r->asked[r->n++];
	struct lk_err err;

	*asked = (struct asked){ .sys = sys, .wrong = "it did not answer in time" };
	asked->fd = lk_lcm_connect(&r->lcd->tree, &err);
	if (asked->fd >= 0 && send_request(r, asked->fd, r->picture->sys[sys].name, &err) < 0) {
		close(asked->fd);
		asked->fd = -1;
	}
	if (asked->fd < 0)
		asked->wrong = "it could not be asked";
}

static void finish(struct asked *asked, const char *wrong)
{
	close(asked->fd);
	asked->fd = -1;
	asked->wrong = wrong;
}

/* One message. Standard error of the other side does not matter. */
static void take_message(struct asked *asked, enum lk_lcm_type type, const uint8_t *data, size_t len)
{
	if (type == LK_LCM_OUTPUT && len >= 1) {
		if (data[0] == 1)
			lk_buf_add(&asked->report, data + 1, len - 1);
		if (asked->report.failed || asked->report.len > REPORT_MAX)
			finish(asked, "its report is too large");
	} else if (type == LK_LCM_EXIT && len == 1) {
		asked->good = data[0] == 0;
		finish(asked, asked->good ? NULL : "its report failed there");
	} else {
		finish(asked, "the way to it was lost");
	}
}

static void receive(struct round *r, struct asked *asked)
{
	uint8_t buffer[LK_LCM_MESSAGE_MAX];
	int64_t left = r->deadline - lk_now_ms();
	enum lk_lcm_type type;
	struct lk_err err;
	size_t len;
	int rc = lk_lcm_receive(asked->fd, buffer, &type, &len, left > 0 ? (int)left : 0, &err);

	if (rc == 1)
		take_message(asked, type, buffer, len);
	else
		finish(asked, "the communication manager has hung up");
}

/* false: all have answered, or the time is over. */
static bool wait_for_some(struct round *r)
{
	int64_t left = r->deadline - lk_now_ms();
	unsigned open = 0;

	for (unsigned i = 0; i < r->n; i++) {
		r->fds[i] = (struct pollfd){ .fd = r->asked[i].fd, .events = POLLIN };
		open += r->asked[i].fd >= 0;
	}
	if (!open || left <= 0)
		return false;
	int n = poll(r->fds, r->n, (int)left);
	for (unsigned i = 0; i < r->n && n > 0; i++)
		if (r->asked[i].fd >= 0 && r->fds[i].revents)
			receive(r, &r->asked[i]);
	return n >= 0 || errno == EINTR;
}

static void say_unseen(const struct round *r, const struct asked *asked, const char *what)
{
	char text[LK_ERR_TEXT + 300];
	struct lk_log_line line = { .level = LK_LOG_WARN, .prog = "lk_picture", .pid = getpid(),
				    .number = LK_M_NUMBER(LK_M_LOG_UNSEEN), .text = text };
	struct lk_err ignored;

	snprintf(text, sizeof(text), "what is in service on \"%s\" is not known: %s",
		 r->picture->sys[asked->sys].name, what);
	lk_log(&r->lcd->tree, &line, &ignored);
}

/* Where majorities decide they must be the same. */
static void say_differs(const struct round *r, const struct asked *asked)
{
	struct lk_err text, ignored;
	struct lk_log_line line = { .level = LK_LOG_WARN, .prog = "lk_picture", .pid = getpid(),
				    .component = "quorum", .number = LK_M_NUMBER(LK_M_LOG_MEMBERS), .text = text.text };

	if (!r->picture->sys[asked->sys].differs || lk_canvass_needed(&r->lcd->tree, &ignored) <= 0)
		return;
	lk_fail(&text, LK_M_LOG_MEMBERS, r->picture->sys[asked->sys].name);
	lk_log(&r->lcd->tree, &line, &ignored);
}

static void take_reports(struct round *r)
{
	for (unsigned i = 0; i < r->n; i++) {
		struct asked *asked = &r->asked[i];
		struct lk_err err;
		bool taken = asked->good && asked->report.data;

		if (asked->fd >= 0)
			close(asked->fd);
		if (!taken)
			say_unseen(r, asked, asked->wrong ? asked->wrong : "its report is empty");
		else if (lk_picture_add(r->lcd, r->picture, asked->sys, asked->report.data,
					asked->report.len, &err) < 0)
			say_unseen(r, asked, err.text);
		else
			say_differs(r, asked);
		lk_buf_free(&asked->report);
	}
}

int lk_gather(struct lk_lcd *lcd, struct lk_picture *picture, struct lk_err *err)
{
	struct round round = { .lcd = lcd, .picture = picture, .seconds = LK_GATHER_SECONDS };
	int rc = lk_picture_local(lcd, picture, err);

	if (rc == 0)
		rc = lk_tunable_number(&lcd->tree, "GATHERTIMEOUT", 1, 3600, &round.seconds, err);
	if (rc < 0)
		return rc;
	round.deadline = lk_now_ms() + (int64_t)round.seconds * 1000;
	for (unsigned i = 0; i < picture->nsys; i++)
		if (i != picture->self && picture->sys[i].life == LK_LIFE_ALIVE)
			ask(&round, (uint8_t)i);
	while (wait_for_some(&round))
		;
	take_reports(&round);
	return 0;
}
