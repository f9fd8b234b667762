/* SPDX-License-Identifier: GPL-2.0-or-later */
/* delallsys: forget a system and all that refers to it (spec/core.md 3.8.5). */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lk/cmd.h"
#include "lk/epoch.h"
#include "lk/eqv.h"
#include "lk/msg.h"
#include "lk/net.h"
#include "lk/sys.h"
#include "lk/poison.h"

#define TABLES (LK_T_EQV | LK_T_NET | LK_T_SYS | LK_T_FLG | LK_T_EPOCH)

static bool leads_to(const struct lk_net *net, const void *sys)
{
	return !strcmp(net->sys, sys);
}

/* A flag about the system, as "!nofailover!SYSTEM" or "confirmso!SYSTEM"; but not an admin lock. */
static bool is_about(const struct lk_flg *flg, const char *sys)
{
	const char *mark = strrchr(flg->name, '!');

	return mark && !strcmp(mark + 1, sys) && strncmp(flg->name, "!action!", 8) != 0;
}

static int refuse(struct lk_cmd *cmd, struct lk_lcd *lcd, const char *sys)
{
	const struct lk_sys *row = lk_sys_find(lcd, sys);
	const char *why;

	if (!row)
		return 0;
	if (row->local)
		return lk_fail(&cmd->err, LK_M_LOCAL_SYSTEM, sys);
	if (lk_sys_state(lcd, row, &why) == LK_SYS_ALIVE)
		return lk_fail(&cmd->err, LK_M_SYS_ALIVE, sys);
	return 0;
}

static unsigned drop_equivalencies(struct lk_lcd *lcd, const char *sys, struct lk_buf *said)
{
	unsigned n = 0;

	lk_eqv_sort(lcd);
	for (size_t i = 0; i < lcd->neqv;) {
		const struct lk_eqv *eqv = &lcd->eqv[i];

		if (strcmp(eqv->sys, sys) != 0) {
			i++;
			continue;
		}
		lk_buf_addf(said, "Removing equivalency %s -> %s on %s...\n", eqv->tag,
			    eqv->othertag, sys);
		LK_LCD_DROP(lcd, eqv, i);
		lcd->dirty |= LK_T_EQV;
		n++;
	}
	return n;
}

static unsigned drop_paths(struct lk_lcd *lcd, const char *sys, struct lk_buf *said)
{
	lk_net_sort(lcd);
	for (size_t i = 0; i < lcd->nnet; i++) {
		const struct lk_net *net = &lcd->net[i];

		if (!leads_to(net, sys))
			continue;
		if (net->type == LK_NET_TCP)
			lk_buf_addf(said, "Removing network comm path(s) %s -> %s...\n",
				    net->local, net->remote);
		else
			lk_buf_addf(said, "Removing network comm path(s) %s...\n", net->device);
	}
	return lk_net_drop(lcd, leads_to, sys);
}

static unsigned drop_flags(struct lk_lcd *lcd, const char *sys)
{
	unsigned n = 0;

	for (size_t i = lcd->nflg; i-- > 0;)
		if (is_about(&lcd->flg[i], sys)) {
			LK_LCD_DROP(lcd, flg, i);
			lcd->dirty |= LK_T_FLG;
			n++;
		}
	return n;
}

/* Take everything about the system out of the tables; what is to be said about it goes to said. */
static int drop_all(struct lk_cmd *cmd, struct lk_lcd *lcd, struct lk_buf *said)
{
	const char *sys = cmd->operand[0];
	int rc = refuse(cmd, lcd, sys);

	if (rc < 0)
		return rc;
	unsigned n = drop_equivalencies(lcd, sys, said);
	n += drop_paths(lcd, sys, said);
	n += drop_flags(lcd, sys);
	if (lk_cmd_given(cmd, 'o'))
		rc = lk_epoch_disown(lcd, sys, &cmd->err);
	if (rc < 0)
		return rc;
	n += (unsigned)rc;
	if (lk_sys_find(lcd, sys))
		return lk_sys_drop(lcd, sys, &cmd->err);
	return n ? 0 : lk_fail(&cmd->err, LK_M_NO_NODE, sys);
}

/* Show what would go, and ask. The tree is not locked meanwhile. */
static int confirm(struct lk_cmd *cmd)
{
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;
	struct lk_buf LK_AUTO_BUF said = { 0 };
	char answer[16];

	if (!isatty(STDIN_FILENO))
		return lk_fail(&cmd->err, LK_M_NO_TERMINAL);
	int rc = lk_lcd_read(&lcd, TABLES, &cmd->err);
	if (rc == 0)
		rc = drop_all(cmd, &lcd, &said);
	if (rc < 0)
		return rc;
	printf("To be done:\n%sRemoving system %s...\nGo on (y/n)? ", said.data ? said.data : "",
	       cmd->operand[0]);
	fflush(stdout);
	if (!fgets(answer, sizeof(answer), stdin) || (answer[0] != 'y' && answer[0] != 'Y'))
		return lk_fail(&cmd->err, LK_M_NOT_CONFIRMED);
	return 0;
}

static int run(struct lk_cmd *cmd)
{
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;
	struct lk_buf LK_AUTO_BUF said = { 0 };
	int rc = lk_cmd_given(cmd, 'f') ? 0 : confirm(cmd);

	if (rc == 0)
		rc = lk_lcd_begin(&lcd, TABLES, &cmd->err);
	if (rc == 0)
		rc = drop_all(cmd, &lcd, &said);
	if (rc == 0 && said.failed)
		rc = lk_fail_nomem(&cmd->err);
	if (rc == 0)
		rc = lk_lcd_commit(&lcd, &cmd->err);
	if (rc == 0 && said.len)
		fputs(said.data, stdout);
	return rc;
}

static const struct lk_opt options[] = {
	{ 'f', LK_OPT_FLAG, NULL, "do not ask", NULL },
	{ 'o', LK_OPT_FLAG, NULL, "it is gone for good: what it owned belongs to nobody", NULL },
	LK_OPT_LAST,
};

static const struct lk_cmd_desc desc = {
	.synopsis = "delallsys [-f] [-o] node",
	.summary = "Forget a system that has left, and all that refers to it.",
	.options = options,
	.min_operands = 1,
	.max_operands = 1,
	.operand = "node",
	.run = run,
};

int main(int argc, char **argv)
{
	return lk_cmd_main(&desc, argc, argv);
}
