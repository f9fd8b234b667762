/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Comm paths as records. */
#include "lk/net.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lk/lcm.h"
#include "lk/limits.h"
#include "lk/msg.h"
#include "lk/name.h"
#include "lk/sys.h"
#include "lk/tunable.h"
#include "lk/poison.h"

#define PORT_TEXT sizeof("TCP:4294967295")

const char *const lk_net_state_names[] = { "ALIVE", "DEAD", "UNKNOWN", NULL };
const char *const lk_net_counter_names[] = { "naks", "checksum_errors", "incomplete", "no_reply",
					     "resent", "out_of_sequence", NULL };

struct lk_net *lk_net_find(const struct lk_lcd *lcd, const char *device)
{
	for (size_t i = 0; i < lcd->nnet; i++)
		if (!strcmp(lcd->net[i].device, device))
			return &lcd->net[i];
	return NULL;
}

static int check_unique(const struct lk_lcd *lcd, const struct lk_net *at,
			const struct lk_net *new, struct lk_err *err)
{
	char pair[128];

	for (size_t i = 0; i < lcd->nnet; i++) {
		const struct lk_net *net = &lcd->net[i];

		if (net == at)
			continue;
		if (new->type == LK_NET_TCP && !strcmp(net->local, new->local) &&
		    !strcmp(net->remote, new->remote)) {
			snprintf(pair, sizeof(pair), "%s -> %s", new->local, new->remote);
			return lk_fail(err, LK_M_PATH_EXISTS, pair, net->sys);
		}
		if (new->device && !strcmp(net->device, new->device))
			return lk_fail(err, LK_M_PORT_EXISTS, new->device, net->sys);
	}
	return 0;
}

static int check_disk(const struct lk_lcd *lcd, const struct lk_net *at,
		      const struct lk_net *new, struct lk_err *err)
{
	if (new->type != LK_NET_DISK)
		return 0;
	for (size_t i = 0; i < lcd->nnet; i++)
		if (&lcd->net[i] != at && lcd->net[i].type == LK_NET_DISK)
			return lk_fail(err, LK_M_PATH_RULE, "there is a DISK path already");
	if (lcd->nsys > 2)
		return lk_fail(err, LK_M_PATH_RULE,
			       "a DISK path needs a cluster of two systems, no more");
	return 0;
}

/* The lowest port that is free: 1500, 1510, 1520 ... */
static int choose_port(const struct lk_lcd *lcd, const char **device, char text[static PORT_TEXT],
		       struct lk_err *err)
{
	for (unsigned port = LK_PORT_MIN; port <= LK_PORT_MAX; port += LK_PORT_STEP) {
		snprintf(text, PORT_TEXT, "TCP:%u", port);
		*device = text;
		if (!lk_net_find(lcd, text))
			return 0;
	}
	return lk_fail(err, LK_M_NO_PORT, LK_PORT_MIN, LK_PORT_MAX);
}

static bool has_priority(const struct lk_lcd *lcd, const struct lk_net *at, const char *sys,
			 unsigned priority)
{
	for (size_t i = 0; i < lcd->nnet; i++)
		if (&lcd->net[i] != at && !strcmp(lcd->net[i].sys, sys) &&
		    lcd->net[i].priority == priority)
			return true;
	return false;
}

/* The best priority that no other path to the system has, from 1 for TCP and 61 for DISK. */
static unsigned choose_priority(const struct lk_lcd *lcd, const struct lk_net *at,
				const struct lk_net *new)
{
	unsigned priority = new->type == LK_NET_DISK ? LK_DISK_PRIORITY : 1;

	while (priority < LK_NET_PRIORITY_MAX && has_priority(lcd, at, new->sys, priority))
		priority++;
	return priority;
}

static int settle_system(struct lk_lcd *lcd, const char *sys, struct lk_err *err)
{
	const struct lk_sys *row = lk_sys_find(lcd, sys);

	if (!row)
		return lk_sys_add(lcd, sys, err);
	return row->local ? lk_fail(err, LK_M_PATH_RULE, "a comm path leads to another system")
			  : 0;
}

static int copy_strings(struct lk_lcd *lcd, struct lk_net *row, struct lk_err *err)
{
	const char **texts[] = { &row->sys, &row->device, &row->local, &row->remote };

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		*texts[i] = lk_arena_dup(&lcd->arena, *texts[i]);
		if (!*texts[i])
			return lk_fail_nomem(err);
	}
	return 0;
}

static int settle(struct lk_lcd *lcd, const struct lk_net *at, struct lk_net *row,
		  char port[static PORT_TEXT], struct lk_err *err)
{
	int rc = settle_system(lcd, row->sys, err);

	if (rc == 0 && !row->device)
		rc = choose_port(lcd, &row->device, port, err);
	if (rc < 0)
		return rc;
	if (!row->priority && row->type != LK_NET_TTY)
		row->priority = choose_priority(lcd, at, row);
	if (!row->baud && row->type == LK_NET_TTY)
		row->baud = LK_BAUD_DEFAULT;
	return 0;
}

int lk_net_put(struct lk_lcd *lcd, struct lk_net *at, const struct lk_net *new, struct lk_err *err)
{
	struct lk_net row = *new;
	char port[PORT_TEXT];
	int rc = check_unique(lcd, at, &row, err);

	if (rc == 0)
		rc = settle(lcd, at, &row, port, err);
	if (rc == 0)
		rc = lk_net_check(&row, err);
	if (rc == 0)
		rc = check_disk(lcd, at, &row, err);
	if (rc == 0)
		rc = copy_strings(lcd, &row, err);
	if (rc < 0)
		return rc;
	lcd->dirty |= LK_T_NET;
	if (!at)
		return LK_LCD_APPEND(lcd, net, row, err);
	*at = row;
	return 0;
}

unsigned lk_net_drop(struct lk_lcd *lcd, bool (*match)(const struct lk_net *net, const void *arg),
		     const void *arg)
{
	unsigned n = 0;

	for (size_t i = lcd->nnet; i-- > 0;)
		if (match(&lcd->net[i], arg)) {
			LK_LCD_DROP(lcd, net, i);
			n++;
		}
	if (n)
		lcd->dirty |= LK_T_NET;
	return n;
}

static int by_sys_device(const void *a, const void *b)
{
	const struct lk_net *x = a, *y = b;
	int order = strcmp(x->sys, y->sys);

	return order ? order : strcmp(x->device, y->device);
}

void lk_net_sort(struct lk_lcd *lcd)
{
	if (lcd->nnet)
		qsort(lcd->net, lcd->nnet, sizeof(*lcd->net), by_sys_device);
}

/* ---- heartbeat and state ---- */

static unsigned clip(unsigned value, unsigned min, unsigned max)
{
	return value < min ? min : value > max ? max : value;
}

int lk_net_beat(const struct lk_tree *tree, struct lk_beat *beat, struct lk_err *err)
{
	char text[LK_TUNABLE_MAX];
	unsigned ms;
	unsigned long long misses;
	struct lk_err bad;

	*beat = (struct lk_beat){ .interval = LK_BEAT_DEFAULT_MS, .misses = LK_MISSES_DEFAULT };
	int rc = lk_tunable(tree, "LCMHBEATTIME", text, sizeof(text), err);
	if (rc < 0)
		return rc;
	bool number = rc && lk_parse_seconds("", text, 0, ~0U, &ms, &bad) == 0;
	if (number)
		beat->interval = clip(ms, LK_BEAT_MIN_MS, LK_BEAT_MAX_MS);
	beat->other = rc && (!number || beat->interval != ms);
	rc = lk_tunable(tree, "LCMNUMHBEATS", text, sizeof(text), err);
	if (rc < 0)
		return rc;
	number = rc && lk_is_number(text, 0, ~0U, &misses);
	if (number)
		beat->misses = clip((unsigned)misses, LK_MISSES_MIN, LK_MISSES_MAX);
	beat->other = beat->other || (rc && (!number || beat->misses != misses));
	return 0;
}

void lk_net_status(struct lk_lcd *lcd, const struct lk_net *net, struct lk_net_status *status)
{
	const struct lk_lcm_status *known = lk_lcm_known(lcd);

	*status = (struct lk_net_status){ .state = LK_NET_UNKNOWN };
	for (size_t i = 0; known && i < known->npath; i++) {
		const struct lk_lcm_path *path = &known->path[i];

		if (!strcmp(path->sys, net->sys) && !strcmp(path->device, net->device))
			*status = path->status;
	}
}
