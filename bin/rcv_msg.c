/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rcv_msg: print and remove the oldest message of a mailbox. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lk/cmd.h"
#include "lk/mail.h"
#include "lk/msg.h"
#include "lk/name.h"
#include "lk/wait.h"
#include "lk/poison.h"

#define WAIT_MAX_MS 604800000u

static int print(void *arg, const void *data, size_t len)
{
	struct lk_err *err = arg;

	if (fwrite(data, 1, len, stdout) != len || fflush(stdout) != 0)
		return lk_fail(err, LK_M_OUTPUT, strerror(errno));
	return 0;
}

static int receive(struct lk_cmd *cmd, const struct lk_tree *tree, unsigned ms)
{
	const struct lk_mail_taker taker = { print, &cmd->err };
	int64_t deadline = lk_now_ms() + ms;
	struct lk_wait wait;
	int rc;

	lk_wait_begin(&wait);
	while ((rc = lk_mail_get(tree, lk_cmd_value(cmd, 'm'), &taker, &cmd->err)) == 0) {
		if (lk_now_ms() >= deadline) {
			rc = lk_fail(&cmd->err, LK_M_MAIL_NONE, lk_cmd_value(cmd, 'm'));
			break;
		}
		rc = lk_wait_nap(&wait, &cmd->err);
		if (rc < 0)
			break;
	}
	lk_wait_end(&wait);
	return rc > 0 ? 0 : rc;
}

static int run(struct lk_cmd *cmd)
{
	const char *seconds = lk_cmd_value(cmd, 't');
	struct lk_tree tree;
	unsigned ms = 0;
	int rc = seconds ? lk_parse_seconds("option -t", seconds, 0, WAIT_MAX_MS, &ms, &cmd->err) : 0;

	if (rc == 0)
		rc = lk_tree_open(&tree, &cmd->err);
	if (rc < 0)
		return rc;
	rc = receive(cmd, &tree, ms);
	lk_tree_close(&tree);
	return rc;
}

static const struct lk_opt options[] = {
	{ 'm', LK_OPT_REQUIRED, "mailbox", "name of the mailbox", NULL },
	{ 't', LK_OPT_VALUE, "seconds", "wait so long for a message (default: not at all)", NULL },
	LK_OPT_LAST,
};

static const struct lk_cmd_desc desc = {
	.synopsis = "rcv_msg -m mailbox [-t seconds]",
	.summary = "Print and remove the oldest message of a mailbox of this system.",
	.options = options,
	.run = run,
};

int main(int argc, char **argv)
{
	return lk_cmd_main(&desc, argc, argv);
}
