/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lcdrcp: copy files to another system over the comm paths (spec/core.md 3.9.2). */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lk/cleanup.h"
#include "lk/cmd.h"
#include "lk/msg.h"
#include "lk/rcp.h"
#include "lk/remote.h"
#include "lk/sys.h"
#include "lk/poison.h"

#define OPT_RECEIVE 'R'
#define CHUNK 65536

/* ---- receiving ---- */

struct receiving {
	struct lk_err *err;
	char dir[LK_RCP_TARGET], as[LK_RCP_NAME];	/* as empty: each file under its own name */
	char name[LK_RCP_NAME], temp[LK_RCP_NAME + 40];
	int dir_fd, fd;
	bool named;		/* the temporary file has a name in the directory */
	mode_t mode;
};

static int fail_at(struct receiving *r, const char *name)
{
	return lk_fail_errno(r->err, errno, "%s/%s", r->dir, name);
}

/* Take the target apart: a directory, or a directory and the name of the one file. */
static int find_target(struct receiving *r, const char *target, unsigned files)
{
	char *real LK_AUTO_FREE = realpath(target, NULL);
	const char *path = real ? real : target, *slash;
	struct stat st;

	if (stat(path, &st) == 0 && S_ISDIR(st.st_mode)) {
		snprintf(r->dir, sizeof(r->dir), "%s", path);
		return 0;
	}
	if (files > 1 || target[strlen(target) - 1] == '/')
		return lk_fail(r->err, LK_M_RCP_TARGET, target, "it is not a directory");
	if (real && !S_ISREG(st.st_mode))
		return lk_fail(r->err, LK_M_RCP_TARGET, target, "it is neither a directory nor a regular file");
	slash = strrchr(path, '/');
	if (strlen(lk_rcp_name(path)) >= sizeof(r->as))
		return lk_fail(r->err, LK_M_RCP_TARGET, target, strerror(ENAMETOOLONG));
	snprintf(r->as, sizeof(r->as), "%s", lk_rcp_name(path));
	snprintf(r->dir, sizeof(r->dir), "%.*s", slash ? (int)(slash - path) : 1, slash ? path : ".");
	if (slash == path)
		snprintf(r->dir, sizeof(r->dir), "/");
	return 0;
}

static int on_begin(void *arg, const char *target, unsigned files)
{
	struct receiving *r = arg;
	int rc = find_target(r, target, files);

	if (rc < 0)
		return rc;
	r->dir_fd = open(r->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return r->dir_fd < 0 ? lk_fail_errno(r->err, errno, "%s", r->dir) : 0;
}

/* A file without a name vanishes with this process, whatever ends it. Where the file system has none, TERM
 * is ignored: the end of the input comes with it. */
static int open_temp(struct receiving *r)
{
	r->named = false;
	r->fd = openat(r->dir_fd, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
	if (r->fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL))
		return r->fd;
	signal(SIGTERM, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGINT, SIG_IGN);
	r->fd = openat(r->dir_fd, r->temp, O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW | O_CLOEXEC, 0600);
	r->named = r->fd >= 0;
	return r->fd;
}

static int on_file(void *arg, const char *name, mode_t mode)
{
	struct receiving *r = arg;
	struct stat st;

	snprintf(r->name, sizeof(r->name), "%s", r->as[0] ? r->as : name);
	snprintf(r->temp, sizeof(r->temp), ".%.200s.%ld.rcp", r->name, (long)getpid());
	r->mode = mode;
	if (fstatat(r->dir_fd, r->name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode))
		return lk_fail(r->err, LK_M_RCP_TARGET, r->name, "it is a directory");
	return open_temp(r) < 0 ? fail_at(r, r->name) : 0;
}

static int on_data(void *arg, const uint8_t *data, size_t len)
{
	struct receiving *r = arg;

	while (len) {
		ssize_t done = write(r->fd, data, len);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return fail_at(r, r->name);
		data += done;
		len -= (size_t)done;
	}
	return 0;
}

static int give_name(struct receiving *r)
{
	char path[40];

	if (r->named)
		return 0;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", r->fd);
	if (linkat(AT_FDCWD, path, r->dir_fd, r->temp, AT_SYMLINK_FOLLOW) < 0)
		return -1;
	r->named = true;
	return 0;
}

static int on_end(void *arg)
{
	struct receiving *r = arg;

	if (fchmod(r->fd, r->mode) < 0 || fsync(r->fd) < 0 || give_name(r) < 0 ||
	    renameat(r->dir_fd, r->temp, r->dir_fd, r->name) < 0)
		return fail_at(r, r->name);
	r->named = false;
	close(r->fd);
	r->fd = -1;
	return fsync(r->dir_fd) < 0 ? fail_at(r, r->name) : 0;
}

static int receive_from(int fd, struct lk_err *err)
{
	struct receiving r = { .err = err, .dir_fd = -1, .fd = -1 };
	const struct lk_rcp_sink sink = { on_begin, on_file, on_data, on_end, &r };
	int rc = lk_rcp_decode(fd, &sink, err);

	if (r.named)
		unlinkat(r.dir_fd, r.temp, 0);
	if (r.fd >= 0)
		close(r.fd);
	if (r.dir_fd >= 0)
		close(r.dir_fd);
	return rc;
}

static int receive(struct lk_cmd *cmd)
{
	struct lk_tree tree;
	int rc = lk_tree_open(&tree, &cmd->err);

	if (rc == 0 && fchdir(tree.fd) < 0)
		rc = lk_fail_errno(&cmd->err, errno, "%s", tree.root);
	lk_tree_close(&tree);
	return rc < 0 ? rc : receive_from(STDIN_FILENO, &cmd->err);
}

/* ---- sending ---- */

static ssize_t next_bytes(struct lk_remote_job *job, void *data, size_t size)
{
	struct lk_rcp_encode *encode = job->arg;
	ssize_t n = lk_rcp_encode(encode, data, size);

	if (n < 0)
		job->err = *encode->err;
	return n;
}

static int send_there(struct lk_cmd *cmd, const struct lk_lcd *lcd, const char *dest,
		      struct lk_rcp_encode *encode)
{
	char *argv[] = { "lcdrcp", "--receive", NULL };
	struct lk_remote_job job = { .dest = dest, .argc = 2, .argv = argv, .input = next_bytes,
				     .output = lk_remote_pass, .arg = encode };

	fflush(stdout);
	lk_remote_jobs(lcd, &job, 1);
	if (job.rc < 0) {
		cmd->err = job.err;
		return job.rc;
	}
	return job.code <= LK_EX_COMM ? job.code	/* it has said why */
		: lk_fail(&cmd->err, LK_M_REMOTE_CODE, "lcdrcp", dest, job.code);
}

/* The other end of the pipe, in a process of its own. */
static void receive_here(struct lk_cmd *cmd, const int *end)
{
	close(end[1]);
	dup2(end[0], STDIN_FILENO);
	int rc = receive(cmd);

	if (rc < 0)
		fprintf(stderr, "%s: *ERROR* (No. %d) %s\n", cmd->prog, cmd->err.number, cmd->err.text);
	_exit(rc < 0 ? cmd->err.code : 0);
}

static int feed(int fd, struct lk_rcp_encode *encode)
{
	uint8_t *data LK_AUTO_FREE = malloc(CHUNK);
	ssize_t n = data ? 1 : lk_fail_nomem(encode->err);

	while (n > 0 && (n = lk_rcp_encode(encode, data, CHUNK)) > 0)
		for (ssize_t done, at = 0; at < n; at += done) {
			done = write(fd, data + at, (size_t)(n - at));
			if (done < 0)
				return 0;	/* the receiver has ended, and says why */
		}
	return (int)n;
}

static int send_here(struct lk_cmd *cmd, struct lk_rcp_encode *encode)
{
	int end[2], status;

	if (pipe2(end, O_CLOEXEC) < 0)
		return lk_fail_errno(&cmd->err, errno, "pipe");
	signal(SIGPIPE, SIG_IGN);
	pid_t pid = fork();
	if (pid == 0)
		receive_here(cmd, end);
	close(end[0]);
	int rc = pid < 0 ? lk_fail_errno(&cmd->err, errno, "fork") : feed(end[1], encode);
	close(end[1]);
	while (pid > 0 && waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return lk_fail_errno(&cmd->err, errno, "wait");
	if (rc < 0)
		return rc;
	return WIFEXITED(status) ? WEXITSTATUS(status) : LK_EX_SYSTEM;
}

/* Nothing is sent before all sources were found good. */
static int check_sources(struct lk_cmd *cmd, char **file, int files)
{
	for (int i = 0; i < files; i++) {
		struct stat st;

		if (stat(file[i], &st) < 0)
			return lk_fail_errno(&cmd->err, errno, "%s", file[i]);
		if (!S_ISREG(st.st_mode))
			return lk_fail(&cmd->err, LK_M_RCP_SOURCE, file[i], "it is not a regular file");
		if (access(file[i], R_OK) < 0)
			return lk_fail_errno(&cmd->err, errno, "%s", file[i]);
		for (int k = 0; k < i; k++)
			if (!strcmp(lk_rcp_name(file[i]), lk_rcp_name(file[k])))
				return lk_fail(&cmd->err, LK_M_RCP_SOURCE, file[i],
					       "another file has the same name");
	}
	return 0;
}

static int send_files(struct lk_cmd *cmd, const char *dest, const char *target, int files)
{
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;
	struct lk_rcp_encode encode = { .target = target, .file = cmd->operand, .files = (unsigned)files,
					.err = &cmd->err, .fd = -1 };
	int rc = lk_lcd_read(&lcd, LK_T_SYS, &cmd->err);

	if (rc == 0 && !lk_sys_find(&lcd, dest))
		rc = lk_fail(&cmd->err, LK_M_NO_SYS, dest);
	if (rc == 0)
		rc = check_sources(cmd, cmd->operand, files);
	if (rc == 0)
		rc = lk_rcp_encode_begin(&encode);
	if (rc == 0)
		rc = !strcmp(dest, lcd.local) ? send_here(cmd, &encode)
					      : send_there(cmd, &lcd, dest, &encode);
	lk_rcp_encode_end(&encode);
	return rc;
}

static int run(struct lk_cmd *cmd)
{
	int files = cmd->operands - 1;

	if (lk_cmd_given(cmd, OPT_RECEIVE))
		return cmd->operands ? lk_fail(&cmd->err, LK_M_OPERAND, cmd->operand[0]) : receive(cmd);
	if (files < 1)
		return lk_fail(&cmd->err, LK_M_OPERAND_MISSING, cmd->operands ? "dest:target" : "file");
	char *colon = strchr(cmd->operand[files], ':');
	if (!colon || colon == cmd->operand[files] || !colon[1])
		return lk_fail(&cmd->err, LK_M_USAGE, "the last argument is not of the form dest:target");
	if (files > LK_RCP_FILES)
		return lk_fail(&cmd->err, LK_M_RCP_MANY, LK_RCP_FILES);
	*colon = '\0';
	return send_files(cmd, cmd->operand[files], colon + 1, files);
}

static const struct lk_opt options[] = {
	{ OPT_RECEIVE, LK_OPT_FLAG, NULL, "be the receiving side, on standard input", "receive" },
	LK_OPT_LAST,
};

static const struct lk_cmd_desc desc = {
	.synopsis = "lcdrcp file ... {dest:ofile|dest:odir}\n"
		    "lcdrcp --receive",
	.summary = "Copy files to a system of the cluster over the comm paths.",
	.options = options,
	.max_operands = -1,
	.run = run,
};

int main(int argc, char **argv)
{
	return lk_cmd_main(&desc, argc, argv);
}
