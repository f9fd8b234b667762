/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lcdremexec: run a command on another system (spec/core.md 3.9.1). */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lk/cmd.h"
#include "lk/msg.h"
#include "lk/name.h"
#include "lk/remote.h"
#include "lk/sys.h"
#include "lk/poison.h"

#define LIMIT_MAX 604800
#define LOCAL_PATH "/usr/sbin:/usr/bin:/sbin:/bin"

/* With -e standard error waits until the command has ended. */
struct sink {
	struct lk_buf err;
	bool separate;
};

static int write_all(int fd, const char *data, size_t len, struct lk_err *err)
{
	while (len) {
		ssize_t done = write(fd, data, len);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return lk_fail(err, LK_M_OUTPUT, strerror(errno));
		data += done;
		len -= (size_t)done;
	}
	return 0;
}

static int take(struct lk_remote_job *job, int stream, const void *data, size_t len)
{
	struct sink *sink = job->arg;

	if (stream != 2)
		return write_all(1, data, len, &job->err);
	if (!sink->separate)	/* lcm itself says so that it cannot run the command */
		return write_all(2, data, len, &job->err);
	if (sink->err.len + len > LK_FILE_MAX)
		return lk_fail(&job->err, LK_M_TOO_LARGE, "standard error", LK_FILE_MAX);
	lk_buf_add(&sink->err, data, len);
	return sink->err.failed ? lk_fail_nomem(&job->err) : 0;
}

/* The words, joined by one blank, for "sh -c" on either side. */
static int join(struct lk_cmd *cmd, struct lk_buf *line)
{
	for (int i = 0; i < cmd->operands; i++) {
		lk_buf_adds(line, i ? " " : "");
		lk_buf_adds(line, cmd->operand[i]);
	}
	return line->failed ? lk_fail_nomem(&cmd->err) : 0;
}

/* In our place, with our outputs, and otherwise as on another system. */
static int run_here(struct lk_cmd *cmd, const struct lk_lcd *lcd, char *line)
{
	struct lk_buf LK_AUTO_BUF path = { 0 };
	const char *present = getenv("PATH");
	int null;

	lk_buf_addf(&path, "%s/bin:%s/lkadm/bin:%s", lcd->tree.root, lcd->tree.root,
		    present && *present ? present : LOCAL_PATH);
	if (path.failed || setenv("LKROOT", lcd->tree.root, 1) < 0 ||
	    setenv("PATH", path.data, 1) < 0)
		return lk_fail_nomem(&cmd->err);
	if (fchdir(lcd->tree.fd) < 0)
		return lk_fail_errno(&cmd->err, errno, "%s", lcd->tree.root);
	null = open("/dev/null", O_RDONLY);
	if (null >= 0)
		dup2(null, 0);
	execl("/bin/sh", "sh", "-c", line, (char *)NULL);
	return lk_fail_errno(&cmd->err, errno, "/bin/sh");
}

static int run_there(struct lk_cmd *cmd, const struct lk_lcd *lcd, char *line, unsigned limit)
{
	char *argv[] = { (char *)"sh", (char *)"-c", line };
	struct sink sink = { .separate = lk_cmd_given(cmd, 'e') };
	struct lk_remote_job job = { .dest = lk_cmd_value(cmd, 'd'), .argc = 3, .argv = argv,
				     .merge = !sink.separate, .limit = limit, .output = take,
				     .arg = &sink };

	lk_remote_jobs(lcd, &job, 1);
	if (sink.err.len && write_all(2, sink.err.data, sink.err.len, &cmd->err) < 0 && job.rc == 0) {
		job.rc = -cmd->err.code;
		job.err = cmd->err;
	}
	lk_buf_free(&sink.err);
	cmd->err = job.err;
	return job.rc < 0 ? job.rc : job.code;
}

static int run(struct lk_cmd *cmd)
{
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;
	struct lk_buf LK_AUTO_BUF line = { 0 };
	const char *dest = lk_cmd_value(cmd, 'd'), *seconds = lk_cmd_value(cmd, 't');
	unsigned long long limit = 0;
	int rc = seconds ? lk_parse_number("option -t", seconds, 1, LIMIT_MAX, &limit, &cmd->err) : 0;

	if (rc == 0)
		rc = lk_lcd_read(&lcd, LK_T_SYS, &cmd->err);
	if (rc == 0 && !lk_sys_find(&lcd, dest))
		rc = lk_fail(&cmd->err, LK_M_NO_SYS, dest);
	if (rc == 0)
		rc = join(cmd, &line);
	if (rc < 0)
		return rc;
	if (!strcmp(dest, lcd.local))
		return run_here(cmd, &lcd, line.data);
	return run_there(cmd, &lcd, line.data, (unsigned)limit * 1000);
}

static const struct lk_opt options[] = {
	{ 'e', LK_OPT_FLAG, NULL, "first its whole standard output, then its standard error as ours", NULL },
	{ 'd', LK_OPT_REQUIRED, "destname", "system to run it on", NULL },
	{ 't', LK_OPT_VALUE, "seconds", "wait so long for its end (default REMOTETIMEOUT, 900)", NULL },
	LK_OPT_LAST,
};

static const struct lk_cmd_desc desc = {
	.synopsis = "lcdremexec [-e] -d destname [-t remotetimeout] -- cmd [arg ...]",
	.summary = "Run a command on another system.",
	.options = options,
	.min_operands = 1,
	.max_operands = -1,
	.operand = "cmd",
	.run = run,
};

int main(int argc, char **argv)
{
	return lk_cmd_main(&desc, argc, argv);
}
