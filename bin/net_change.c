/* SPDX-License-Identifier: GPL-2.0-or-later */
/* net_change: change a comm path (spec/core.md 3.8.3). */
#include <stdio.h>
#include <string.h>

#include "lk/cmd.h"
#include "lk/msg.h"
#include "lk/net.h"
#include "lk/netopt.h"
#include "lk/poison.h"

static int find_path(struct lk_cmd *cmd, struct lk_lcd *lcd, struct lk_net **at)
{
	const char *sys = lk_cmd_value(cmd, 's'), *device = lk_cmd_value(cmd, 'D');
	struct lk_err not_tcp;
	char what[1024];

	/* as it is stored, if it is a TCP device; else as it stands */
	(void)!lk_net_device(lcd, LK_NET_TCP, device, &device, &not_tcp);
	*at = lk_net_find(lcd, device);
	if (*at && !strcmp((*at)->sys, sys))
		return 0;
	snprintf(what, sizeof(what), "system %s, device %s", sys, device);
	return lk_fail(&cmd->err, LK_M_NO_PATH, what);
}

/* With another type, what belongs to the old one is gone. */
static void change_type(struct lk_net *net, enum lk_net_type type)
{
	if (type == net->type)
		return;
	*net = (struct lk_net){ .sys = net->sys, .type = type, .local = "", .remote = "",
				.interval = net->interval, .misses = net->misses };
}

static int take_changes(struct lk_cmd *cmd, struct lk_lcd *lcd, struct lk_net *net)
{
	const char *newsys = lk_cmd_value(cmd, 'N');
	enum lk_net_type type = net->type;
	int rc = lk_netopt_type(cmd, &type);

	if (rc < 0)
		return rc;
	change_type(net, type);
	if (newsys)
		net->sys = newsys;
	rc = lk_netopt_take(cmd, lcd, 'P', net);
	return rc < 0 ? rc : lk_netopt_complete(cmd, 'P', net);
}

static int check_options(struct lk_cmd *cmd)
{
	for (const char *letter = "NPnlrpbim"; *letter; letter++)
		if (lk_cmd_given(cmd, *letter))
			return 0;
	return lk_fail(&cmd->err, LK_M_NO_CHANGE, "-N, -P, -n, -l, -r, -p, -b, -i, -m");
}

static int run(struct lk_cmd *cmd)
{
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;
	struct lk_net *at = NULL, net;
	int rc = check_options(cmd);

	if (rc == 0)
		rc = lk_lcd_begin(&lcd, LK_T_NET | LK_T_SYS, &cmd->err);
	if (rc == 0)
		rc = find_path(cmd, &lcd, &at);
	if (rc < 0)
		return rc;
	net = *at;
	rc = take_changes(cmd, &lcd, &net);
	if (rc == 0)
		rc = lk_net_put(&lcd, at, &net, &cmd->err);
	return rc < 0 ? rc : lk_lcd_commit(&lcd, &cmd->err);
}

static const struct lk_opt options[] = {
	LK_OPT_DEST,
	{ 's', LK_OPT_REQUIRED, "sys", "system the path leads to", NULL },
	{ 'N', LK_OPT_VALUE, "newsys", "system it is to lead to; defined if it is unknown", NULL },
	{ 'D', LK_OPT_REQUIRED, "device", "device of the path", NULL },
	{ 'P', LK_OPT_VALUE, "newdev", "new device", NULL },
	{ 'n', LK_OPT_VALUE, "type", "new type: TCP, TTY or DISK", NULL },
	LK_NETOPT_ADDRESSES,
	LK_NETOPT_NUMBERS,
	LK_OPT_LAST,
};

static const struct lk_cmd_desc desc = {
	.synopsis = "net_change [-d destsys] -s sys [-N newsys] -D device [-P newdev] "
		    "[-n {TCP|TTY|DISK}] [-l local-ip] [-r remote-ip] [-p priority] [-b baud] "
		    "[-i interval] [-m misses]",
	.summary = "Change a comm path.",
	.options = options,
	.run = run,
};

int main(int argc, char **argv)
{
	return lk_cmd_main(&desc, argc, argv);
}
