/* SPDX-License-Identifier: GPL-2.0-or-later */
/* net_remove: remove comm paths (spec/core.md 3.8.2). */
#include <stdio.h>
#include <string.h>

#include "lk/cmd.h"
#include "lk/msg.h"
#include "lk/net.h"
#include "lk/poison.h"

struct selection {
	const char *sys, *device, *local, *remote;	/* NULL: any */
};

static bool matches(const struct lk_net *net, const void *arg)
{
	const struct selection *s = arg;

	return (!s->sys || !strcmp(s->sys, net->sys)) &&
	       (!s->device || !strcmp(s->device, net->device)) &&
	       (!s->local || !strcmp(s->local, net->local)) &&
	       (!s->remote || !strcmp(s->remote, net->remote));
}

static int take_selection(struct lk_cmd *cmd, struct lk_lcd *lcd, struct selection *s)
{
	struct lk_err not_tcp;
	int rc = 0;

	s->sys = lk_cmd_value(cmd, 's');
	s->device = lk_cmd_value(cmd, 'D');
	s->local = lk_cmd_value(cmd, 'l');
	s->remote = lk_cmd_value(cmd, 'r');
	if (!s->sys && !s->device)
		return lk_fail(&cmd->err, LK_M_NO_SELECTOR, "-s, -D");
	/* as it is stored, if it is a TCP device; else as it stands */
	if (s->device)
		(void)!lk_net_device(lcd, LK_NET_TCP, s->device, &s->device, &not_tcp);
	if (s->local)
		rc = lk_net_address(lcd, s->local, &s->local, &cmd->err);
	if (rc == 0 && s->remote)
		rc = lk_net_address(lcd, s->remote, &s->remote, &cmd->err);
	return rc;
}

static int no_match(struct lk_cmd *cmd, const struct selection *s)
{
	char what[1024];

	snprintf(what, sizeof(what), "system %s, device %s, addresses %s -> %s",
		 s->sys ? s->sys : "any", s->device ? s->device : "any",
		 s->local ? s->local : "any", s->remote ? s->remote : "any");
	return lk_fail(&cmd->err, LK_M_NO_PATH, what);
}

static int run(struct lk_cmd *cmd)
{
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;
	struct selection s;
	int rc = lk_lcd_begin(&lcd, LK_T_NET | LK_T_SYS, &cmd->err);

	if (rc == 0)
		rc = take_selection(cmd, &lcd, &s);
	if (rc == 0 && !lk_net_drop(&lcd, matches, &s))
		rc = no_match(cmd, &s);
	return rc < 0 ? rc : lk_lcd_commit(&lcd, &cmd->err);
}

static const struct lk_opt options[] = {
	LK_OPT_DEST,
	{ 's', LK_OPT_VALUE, "sys", "paths to this system", NULL },
	{ 'D', LK_OPT_VALUE, "device", "the path over this device", NULL },
	{ 'l', LK_OPT_VALUE, "local-ip", "paths from this address", NULL },
	{ 'r', LK_OPT_VALUE, "remote-ip", "paths to this address", NULL },
	LK_OPT_LAST,
};

static const struct lk_cmd_desc desc = {
	.synopsis = "net_remove [-d destsys] [-s sys] [-D device] [-l local-ip] [-r remote-ip]",
	.summary = "Remove the comm paths that fit all selectors.",
	.options = options,
	.run = run,
};

int main(int argc, char **argv)
{
	return lk_cmd_main(&desc, argc, argv);
}
