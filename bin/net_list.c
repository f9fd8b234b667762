/* SPDX-License-Identifier: GPL-2.0-or-later */
/* net_list: list the comm paths (spec/core.md 3.8.4). */
#include <stdio.h>
#include <string.h>

#include "lk/cmd.h"
#include "lk/msg.h"
#include "lk/name.h"
#include "lk/net.h"
#include "lk/sys.h"
#include "lk/poison.h"

#define NUMBER_TEXT 24

enum { F_SYS, F_DEVICE, F_DRIVER, F_BAUD, F_READER, F_WRITER, F_STATE, F_PRIORITY, F_INTERVAL,
       F_MISSES, F_DOWNS, F_COUNTERS, F_REMOTE = F_COUNTERS + LK_NET_COUNTERS, F_LOCAL, FIELDS };

static const char *const drivers[] = { "TLI", "TTY", "DISK" };

static const char *number(char text[static NUMBER_TEXT], unsigned long long value)
{
	snprintf(text, NUMBER_TEXT, "%llu", value);
	return text;
}

static void print_row(const struct lk_cmd *cmd, const struct lk_net *net,
		      const struct lk_net_status *status)
{
	char text[FIELDS][NUMBER_TEXT];
	const char *fields[FIELDS] = {
		[F_SYS] = net->sys,
		[F_DEVICE] = net->device,
		[F_DRIVER] = drivers[net->type],
		[F_BAUD] = number(text[F_BAUD], net->baud),
		[F_READER] = number(text[F_READER], (unsigned long long)status->reader),
		[F_WRITER] = number(text[F_WRITER], (unsigned long long)status->writer),
		[F_STATE] = lk_net_state_names[status->state],
		[F_PRIORITY] = number(text[F_PRIORITY], net->priority),
		[F_INTERVAL] = text[F_INTERVAL],
		[F_MISSES] = number(text[F_MISSES], net->misses),
		[F_DOWNS] = number(text[F_DOWNS], status->comm_downs),
		[F_REMOTE] = net->remote,
		[F_LOCAL] = net->local,
	};

	lk_format_seconds(net->interval, text[F_INTERVAL]);
	for (int i = 0; i < LK_NET_COUNTERS; i++)
		fields[F_COUNTERS + i] = number(text[F_COUNTERS + i], status->counter[i]);
	lk_cmd_row(cmd, fields, FIELDS);
}

static void add_json(struct lk_json *json, const struct lk_net *net,
		     const struct lk_net_status *status)
{
	lk_json_open(json, NULL, '{');
	lk_json_string(json, "system", net->sys);
	lk_json_string(json, "device", net->device);
	lk_json_string(json, "type", lk_net_type_names[net->type]);
	lk_json_number(json, "baud", net->baud);
	lk_json_number(json, "reader_pid", status->reader);
	lk_json_number(json, "writer_pid", status->writer);
	lk_json_string(json, "state", lk_net_state_names[status->state]);
	lk_json_number(json, "priority", net->priority);
	lk_json_seconds(json, "interval", net->interval);
	lk_json_number(json, "misses", net->misses);
	lk_json_number(json, "comm_downs", (long long)status->comm_downs);
	for (int i = 0; i < LK_NET_COUNTERS; i++)
		lk_json_number(json, lk_net_counter_names[i], (long long)status->counter[i]);
	lk_json_string(json, "remote", net->remote);
	lk_json_string(json, "local", net->local);
	lk_json_close(json, '}');
}

/* The path with the values that are in force. */
static struct lk_net in_force(const struct lk_net *net, const struct lk_beat *beat)
{
	struct lk_net shown = *net;

	if (!shown.interval)
		shown.interval = beat->interval;
	if (!shown.misses)
		shown.misses = beat->misses;
	return shown;
}

static int list(struct lk_cmd *cmd, struct lk_lcd *lcd, const struct lk_beat *beat)
{
	struct lk_json LK_AUTO_JSON json = { 0 };
	const char *sys = lk_cmd_value(cmd, 's');

	lk_json_open(&json, NULL, '[');
	for (size_t i = 0; i < lcd->nnet; i++) {
		struct lk_net net = in_force(&lcd->net[i], beat);
		struct lk_net_status status;

		if (sys && strcmp(net.sys, sys) != 0)
			continue;
		lk_net_status(lcd, &net, &status);
		if (cmd->json)
			add_json(&json, &net, &status);
		else
			print_row(cmd, &net, &status);
	}
	lk_json_close(&json, ']');
	return cmd->json ? lk_cmd_json(cmd, &json) : 0;
}

/* A removed system may still have paths. */
static bool is_known(const struct lk_lcd *lcd, const char *sys)
{
	for (size_t i = 0; i < lcd->nnet; i++)
		if (!strcmp(lcd->net[i].sys, sys))
			return true;
	return lk_sys_find(lcd, sys);
}

static int run(struct lk_cmd *cmd)
{
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;
	const char *sys = lk_cmd_value(cmd, 's');
	struct lk_beat beat;
	int rc = lk_lcd_read(&lcd, LK_T_NET | LK_T_SYS, &cmd->err);

	if (rc == 0 && sys && !is_known(&lcd, sys))
		return lk_fail(&cmd->err, LK_M_NO_SYS, sys);
	if (rc == 0)
		rc = lk_net_beat(&lcd.tree, &beat, &cmd->err);
	if (rc < 0)
		return rc;
	lk_net_sort(&lcd);
	return list(cmd, &lcd, &beat);
}

static const struct lk_opt options[] = {
	LK_OPT_DEST,
	LK_OPT_SEP,
	{ 's', LK_OPT_VALUE, "sys", "only paths to this system", NULL },
	LK_OPT_JSON,
	LK_OPT_LAST,
};

static const struct lk_cmd_desc desc = {
	.synopsis = "net_list [-d destsys] [-fC] [-s sys] [-J]",
	.summary = "List the comm paths, one per line, 19 fields.",
	.options = options,
	.run = run,
};

int main(int argc, char **argv)
{
	return lk_cmd_main(&desc, argc, argv);
}
