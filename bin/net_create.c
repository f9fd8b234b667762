/* SPDX-License-Identifier: GPL-2.0-or-later */
/* net_create: define a comm path to another system (spec/core.md 3.8.1). */
#include "lk/cmd.h"
#include "lk/net.h"
#include "lk/netopt.h"
#include "lk/poison.h"

static int run(struct lk_cmd *cmd)
{
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;
	struct lk_net net = { .sys = lk_cmd_value(cmd, 's'), .local = "", .remote = "" };
	int rc = lk_netopt_type(cmd, &net.type);

	if (rc == 0)
		rc = lk_lcd_begin(&lcd, LK_T_NET | LK_T_SYS, &cmd->err);
	if (rc == 0)
		rc = lk_netopt_take(cmd, &lcd, 'D', &net);
	if (rc == 0)
		rc = lk_netopt_complete(cmd, 'D', &net);
	if (rc == 0)
		rc = lk_net_put(&lcd, NULL, &net, &cmd->err);
	return rc < 0 ? rc : lk_lcd_commit(&lcd, &cmd->err);
}

static const struct lk_opt options[] = {
	LK_OPT_DEST,
	{ 's', LK_OPT_REQUIRED, "sys", "the other system; defined if it is unknown", NULL },
	{ 'n', LK_OPT_REQUIRED, "type", "TCP, TTY or DISK", NULL },
	{ 'D', LK_OPT_VALUE, "device", "TCP:port (default: lowest free), or the device's path", NULL },
	LK_NETOPT_ADDRESSES,
	LK_NETOPT_NUMBERS,
	LK_OPT_LAST,
};

static const struct lk_cmd_desc desc = {
	.synopsis = "net_create [-d destsys] -s sys -n {TCP|TTY|DISK} [-D device] [-l local-ip] "
		    "[-r remote-ip] [-p priority] [-b baud] [-i interval] [-m misses]",
	.summary = "Define a comm path to another system.",
	.options = options,
	.run = run,
};

int main(int argc, char **argv)
{
	return lk_cmd_main(&desc, argc, argv);
}
