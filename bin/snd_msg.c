/* SPDX-License-Identifier: GPL-2.0-or-later */
/* snd_msg: put a message into a mailbox of a system. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "lk/cmd.h"
#include "lk/mail.h"
#include "lk/msg.h"
#include "lk/remote.h"
#include "lk/sys.h"
#include "lk/poison.h"

/* One byte more than a message may have, so that a longer one is noticed. */
static int read_input(struct lk_cmd *cmd, struct lk_buf *message)
{
	ssize_t got = 1;

	while (got > 0 && message->len <= LK_MAIL_BYTES) {
		if (!lk_buf_room(message, 4096))
			return lk_fail_nomem(&cmd->err);
		got = read(STDIN_FILENO, message->data + message->len, 4096);
		if (got < 0 && errno != EINTR)
			return lk_fail_errno(&cmd->err, errno, "standard input");
		if (got < 0)
			got = 1;
		else
			message->len += (size_t)got;
	}
	return 0;
}

struct sending {
	const char *at;
	size_t left;
};

static ssize_t next_bytes(struct lk_remote_job *job, void *data, size_t size)
{
	struct sending *sending = job->arg;

	if (size > sending->left)
		size = sending->left;
	memcpy(data, sending->at, size);
	sending->at += size;
	sending->left -= size;
	return (ssize_t)size;
}

static int send_there(struct lk_cmd *cmd, const struct lk_lcd *lcd, const struct lk_buf *message)
{
	char *argv[] = { "snd_msg", "-m", (char *)lk_cmd_value(cmd, 'm'), "-" };
	struct sending sending = { message->data ? message->data : "", message->len };
	struct lk_remote_job job = { .dest = lk_cmd_value(cmd, 'd'), .argc = 4, .argv = argv,
				     .input = next_bytes, .output = lk_remote_pass, .arg = &sending };

	lk_remote_jobs(lcd, &job, 1);
	if (job.rc < 0) {
		cmd->err = job.err;
		return job.rc;
	}
	return job.code <= LK_EX_COMM ? job.code	/* it has said why */
		: lk_fail(&cmd->err, LK_M_REMOTE_CODE, "snd_msg", job.dest, job.code);
}

static int run(struct lk_cmd *cmd)
{
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;
	struct lk_buf LK_AUTO_BUF message = { 0 };
	const char *dest = lk_cmd_value(cmd, 'd');
	int rc = lk_lcd_read(&lcd, LK_T_SYS, &cmd->err);

	if (rc == 0 && dest && !lk_sys_find(&lcd, dest))
		rc = lk_fail(&cmd->err, LK_M_NO_SYS, dest);
	if (rc < 0)
		return rc;
	if (!cmd->operands || !strcmp(cmd->operand[0], "-"))
		rc = read_input(cmd, &message);
	else
		lk_buf_adds(&message, cmd->operand[0]);
	if (message.failed)
		rc = lk_fail_nomem(&cmd->err);
	if (rc == 0 && message.len > LK_MAIL_BYTES)
		rc = lk_fail(&cmd->err, LK_M_TOO_LARGE, "message", (size_t)LK_MAIL_BYTES);
	if (rc < 0)
		return rc;
	if (!dest || !strcmp(dest, lcd.local))
		return lk_mail_put(&lcd.tree, lk_cmd_value(cmd, 'm'), &message, &cmd->err);
	return send_there(cmd, &lcd, &message);
}

static const struct lk_opt options[] = {
	{ 'd', LK_OPT_VALUE, "system", "system of the mailbox (default: this one)", NULL },
	{ 'm', LK_OPT_REQUIRED, "mailbox", "name of the mailbox", NULL },
	LK_OPT_LAST,
};

static const struct lk_cmd_desc desc = {
	.synopsis = "snd_msg [-d system] -m mailbox [message|-]",
	.summary = "Put a message into a mailbox of a system.",
	.options = options,
	.max_operands = 1,
	.run = run,
};

int main(int argc, char **argv)
{
	return lk_cmd_main(&desc, argc, argv);
}
