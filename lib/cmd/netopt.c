/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The options that net_create and net_change share. */
#include "lk/netopt.h"

#include "lk/limits.h"
#include "lk/msg.h"
#include "lk/name.h"
#include "lk/net.h"
#include "lk/poison.h"

int lk_netopt_type(struct lk_cmd *cmd, enum lk_net_type *type)
{
	const char *text = lk_cmd_value(cmd, 'n');
	int choice = text ? lk_parse_choice("option -n", text, lk_net_type_names, &cmd->err) : 0;

	if (choice < 0)
		return choice;
	if (text)
		*type = (enum lk_net_type)choice;
	return 0;
}

static int take_number(struct lk_cmd *cmd, char letter, unsigned min, unsigned max,
		       unsigned *value)
{
	const char what[] = { 'o', 'p', 't', 'i', 'o', 'n', ' ', '-', letter, '\0' };
	const char *text = lk_cmd_value(cmd, letter);
	unsigned long long number = 0;

	if (!text)
		return 0;
	int rc = lk_parse_number(what, text, min, max, &number, &cmd->err);
	if (rc == 0)
		*value = (unsigned)number;
	return rc;
}

static int take_numbers(struct lk_cmd *cmd, struct lk_net *net)
{
	const char *interval = lk_cmd_value(cmd, 'i');
	int rc = take_number(cmd, 'p', 1, LK_NET_PRIORITY_MAX, &net->priority);

	if (rc == 0)
		rc = take_number(cmd, 'b', 1, LK_BAUD_MAX, &net->baud);
	if (rc == 0)
		rc = take_number(cmd, 'm', LK_MISSES_MIN, LK_MISSES_MAX, &net->misses);
	if (rc == 0 && interval)
		rc = lk_parse_seconds("option -i", interval, LK_BEAT_MIN_MS, LK_BEAT_MAX_MS,
				      &net->interval, &cmd->err);
	return rc;
}

int lk_netopt_take(struct lk_cmd *cmd, struct lk_lcd *lcd, char device, struct lk_net *net)
{
	const char *local = lk_cmd_value(cmd, 'l'), *remote = lk_cmd_value(cmd, 'r');
	const char *path = lk_cmd_value(cmd, device);
	int rc = take_numbers(cmd, net);

	if (rc == 0 && path)
		rc = lk_net_device(lcd, net->type, path, &net->device, &cmd->err);
	if (rc == 0 && local)
		rc = lk_net_address(lcd, local, &net->local, &cmd->err);
	if (rc == 0 && remote)
		rc = lk_net_address(lcd, remote, &net->remote, &cmd->err);
	return rc;
}

int lk_netopt_complete(struct lk_cmd *cmd, char device, const struct lk_net *net)
{
	if (net->type != LK_NET_TCP && !net->device)
		return lk_fail(&cmd->err, LK_M_OPT_MISSING, device);
	if (net->type == LK_NET_TCP && !net->local[0])
		return lk_fail(&cmd->err, LK_M_OPT_MISSING, 'l');
	if (net->type == LK_NET_TCP && !net->remote[0])
		return lk_fail(&cmd->err, LK_M_OPT_MISSING, 'r');
	return 0;
}
