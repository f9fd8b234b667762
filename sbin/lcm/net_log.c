/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the network process has to say goes to main, which writes it; a flood of the same is counted. */
#include "net_world.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lk/poison.h"

#define SUMMARY_MS 60000

static void send_log(struct net *net, enum lk_log_level level, uint32_t number, const char *text)
{
	struct bus_log log = { .level = level, .number = number };
	uint8_t message[BUS_LOG_MAX + 16];
	struct lk_out out = LK_OUT(message);

	snprintf(log.text, sizeof(log.text), "%s", text);
	lk_printable(log.text);
	bus_put_log(&out, &log);
	if (net->logs_lost || !net_bus_send(net, &out))
		net->logs_lost++;
}

void net_log(struct net *net, enum lk_log_level level, int number, int code, const char *fmt, ...)
{
	char text[BUS_LOG_MAX + 1];
	va_list args;

	(void)code;	/* the exit code that belongs to a message of lk/msg.h */
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	send_log(net, level, (uint32_t)number, text);
}

/* Its entry; a new one takes a free place, else the oldest. */
static struct net_burst *burst_find(struct net *net, const char *source, uint32_t number)
{
	struct net_burst *best = net->burst;

	for (struct net_burst *b = net->burst; b < net->burst + NET_BURSTS; b++) {
		if (b->at && b->number == number && !strcmp(b->source, source))
			return b;
		if (b->at < best->at)
			best = b;
	}
	*best = (struct net_burst){ .number = number };
	snprintf(best->source, sizeof(best->source), "%s", source);
	return best;
}

void net_log_burst(struct net *net, const char *source, int number, int code, const char *fmt, ...)
{
	struct net_burst *burst = burst_find(net, source, (uint32_t)number);
	char text[BUS_LOG_MAX + 1];
	va_list args;

	(void)code;
	if (burst->at) {
		burst->more++;
		return;
	}
	burst->at = net->now;
	net_due(net, burst->at + SUMMARY_MS);
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	send_log(net, LK_LOG_WARN, (uint32_t)number, text);
}

void net_log_timers(struct net *net)
{
	for (struct net_burst *b = net->burst; b < net->burst + NET_BURSTS; b++) {
		if (b->at && net->now >= b->at + SUMMARY_MS) {
			if (b->more)
				net_log(net, LK_LOG_WARN, LK_M_NET_MORE, b->source, b->number, b->more,
					SUMMARY_MS / 1000);
			b->at = b->more ? net->now : 0;
			b->more = 0;
		}
		if (b->at)
			net_due(net, b->at + SUMMARY_MS);
	}
}
