/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lk_fsprobe: does a file system answer? A process that a dead disk holds cannot be killed; so a child asks,
 * and nobody waits for it longer than told. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lk/cleanup.h"
#include "lk/cmd.h"
#include "lk/msg.h"
#include "lk/name.h"
#include "lk/poison.h"

#define BLOCK 4096
#define TRIAL ".lk_fsprobe"	/* one name: what a killed probe has left is used again */

/* ---- the child: 0 or an errno ---- */

static int read_directory(const char *dir)
{
	DIR LK_AUTO_DIR *stream = opendir(dir);

	if (!stream)
		return errno;
	errno = 0;
	return readdir(stream) ? 0 : errno;
}

/* From the disk itself, past all caches. */
static int read_device(const char *device)
{
	int LK_AUTO_CLOSE fd = open(device, O_RDONLY | O_DIRECT | O_CLOEXEC);
	void LK_AUTO_FREE *block = aligned_alloc(BLOCK, BLOCK);

	if (fd < 0 || !block)
		return errno;
	ssize_t got = pread(fd, block, BLOCK, 0);
	return got == BLOCK ? 0 : got < 0 ? errno : EIO;
}

static int write_file(const char *dir)
{
	int LK_AUTO_CLOSE at = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int LK_AUTO_CLOSE fd = at < 0 ? -1 :
		openat(at, TRIAL, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0)
		return errno;
	if (write(fd, "probe\n", 6) != 6 || fsync(fd) < 0)
		return errno;
	return unlinkat(at, TRIAL, 0) < 0 && errno != ENOENT ? errno : 0;
}

static int ask(struct lk_cmd *cmd)
{
	const char *device = lk_cmd_value(cmd, 'b');
	int why = read_directory(cmd->operand[0]);

	if (!why && device)
		why = read_device(device);
	if (!why && lk_cmd_given(cmd, 'w'))
		why = write_file(cmd->operand[0]);
	return why;
}

/* ---- the parent ---- */

static int take_answer(struct lk_cmd *cmd, int fd, unsigned long long seconds)
{
	struct pollfd poller = { .fd = fd, .events = POLLIN };
	int why = 0, rc;

	do
		rc = poll(&poller, 1, (int)seconds * 1000);
	while (rc < 0 && errno == EINTR);
	if (rc == 0)
		return lk_fail(&cmd->err, LK_M_FS_SILENT, cmd->operand[0], seconds);
	if (read(fd, &why, sizeof(why)) != sizeof(why))
		why = EIO;
	return why ? lk_fail_errno(&cmd->err, why, "%s", cmd->operand[0]) : 0;
}

static int run(struct lk_cmd *cmd)
{
	unsigned long long seconds = 10;
	const char *limit = lk_cmd_value(cmd, 't');
	int fds[2];
	int rc = limit ? lk_parse_number("option -t", limit, 1, 86400, &seconds, &cmd->err) : 0;

	if (rc < 0)
		return rc;
	if (pipe2(fds, O_CLOEXEC) < 0)
		return lk_fail_errno(&cmd->err, errno, "pipe");
	pid_t pid = fork();
	if (pid < 0)
		return lk_fail_errno(&cmd->err, errno, "fork");
	if (pid == 0) {
		/* it may outlive us: whoever reads our output must not wait for it */
		for (int fd = 0; fd < 3; fd++)
			close(fd);
		int why = ask(cmd);

		_exit(write(fds[1], &why, sizeof(why)) == sizeof(why) ? 0 : 1);
	}
	close(fds[1]);
	rc = take_answer(cmd, fds[0], seconds);
	kill(pid, SIGKILL);
	return rc;
}

static const struct lk_opt options[] = {
	{ 'w', LK_OPT_FLAG, NULL, "write and sync a file, too", NULL },
	{ 'b', LK_OPT_VALUE, "device", "read from this block device, too", NULL },
	{ 't', LK_OPT_VALUE, "seconds", "how long to wait, 1 to 86400 (default 10)", NULL },
	LK_OPT_LAST,
};

static const struct lk_cmd_desc desc = {
	.synopsis = "lk_fsprobe [-w] [-b device] [-t seconds] directory",
	.summary = "Ask a file system whether it works, within a time limit.",
	.options = options,
	.min_operands = 1,
	.max_operands = 1,
	.operand = "directory",
	.run = run,
};

int main(int argc, char **argv)
{
	return lk_cmd_main(&desc, argc, argv);
}
