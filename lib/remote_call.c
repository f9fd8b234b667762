/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One program on another system, with input and output by callbacks. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "lk/remote.h"
#include "lk/poison.h"

static ssize_t feed(struct lk_remote_job *job, void *data, size_t size)
{
	const struct lk_remote_call *call = job->arg;

	return call->input(call->arg, data, size);
}

static int write_all(struct lk_remote_job *job, int fd, const char *data, size_t len)
{
	while (len) {
		ssize_t n = write(fd, data, len);

		if (n < 0 && errno != EINTR)
			return lk_fail_errno(&job->err, errno, "output");
		if (n > 0) {
			data += n;
			len -= (size_t)n;
		}
	}
	return 0;
}

static int take(struct lk_remote_job *job, int stream, const void *data, size_t len)
{
	const struct lk_remote_call *call = job->arg;

	return call->output ? call->output(call->arg, stream, data, len) : write_all(job, stream, data, len);
}

int lk_remote_call(const struct lk_tree *tree, const struct lk_remote_call *call, int *code,
		   struct lk_err *err)
{
	struct lk_lcd lcd = LK_LCD_INIT;
	struct lk_remote_job job = { .dest = call->dest, .argv = call->argv, .limit = call->seconds * 1000,
				     .output = take, .input = call->input ? feed : NULL, .arg = (void *)call };

	while (call->argv[job.argc])
		job.argc++;
	lcd.tree = *tree;
	lk_remote_jobs(&lcd, &job, 1);
	*code = job.code;
	if (job.rc < 0)
		*err = job.err;
	return job.rc;
}
