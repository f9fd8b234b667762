/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading and writing objects of the storage quorum. */
#include "lk/qwkio.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lk/cleanup.h"
#include "lk/detach.h"
#include "lk/msg.h"
#include "lk/qwkstate.h"
#include "lk/poison.h"

#define ALIGN 4096		/* O_DIRECT, on disks with the largest blocks */
#define AWS_SAYS 400
#define AWS_FILE 1048576	/* bytes of a file that aws may write: a cache of its own, never a large object */
#define NOT_RUN 127		/* as a shell says it: there is no such program, or no process for it */
#define GRACE 20		/* tries of 10 ms for a child that has answered to be gone */

/* ---- the child: files and devices ---- */

/* Past the caches, where that can be done: what counts is on the storage. */
static int open_object(const struct lk_qwk_io *io, int flags, struct lk_err *err)
{
	bool device = io->conf->type == LK_QWK_BLOCK, writes = flags & O_RDWR;
	struct stat st;

	/* not to hang on a FIFO; what is there is looked at below */
	flags |= O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
	/* a device that is mounted, or part of another one, is not written to */
	if (device && writes)
		flags |= O_EXCL;
	int fd = open(io->path, flags | O_DIRECT, 0644);
	if (fd < 0 && errno == EINVAL && !device)
		fd = open(io->path, flags, 0644);
	if (fd < 0 && errno == ENOENT)
		return lk_fail(err, LK_M_QWK_NOT_FOUND, io->path);
	if (fd < 0 || fstat(fd, &st) < 0) {
		const char *why = strerror(errno);

		return writes ? lk_fail(err, LK_M_QWK_WRITE_OPEN, io->path, why) :
				lk_fail(err, LK_M_QWK_READ_OPEN, io->path, why);
	}
	if (device ? S_ISBLK(st.st_mode) : S_ISREG(st.st_mode))
		return fd;
	close(fd);
	return lk_fail(err, LK_M_QWK_READ_OPEN, io->path,
		       device ? "not a block device" : "not a regular file");
}

static void use_cache(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags >= 0)
		fcntl(fd, F_SETFL, flags & ~O_DIRECT);
	posix_fadvise(fd, 0, LK_QWK_SIZE, POSIX_FADV_DONTNEED);
}

/* The length that was read; what is missing is NUL. */
static ssize_t read_bytes(int fd, unsigned char bytes[static LK_QWK_SIZE])
{
	_Alignas(ALIGN) unsigned char buffer[LK_QWK_SIZE] = { 0 };
	ssize_t n = pread(fd, buffer, LK_QWK_SIZE, 0);

	if (n < 0 && errno == EINVAL) {
		use_cache(fd);
		n = pread(fd, buffer, LK_QWK_SIZE, 0);
	}
	memcpy(bytes, buffer, LK_QWK_SIZE);
	return n;
}

static ssize_t write_bytes(int fd, const unsigned char bytes[static LK_QWK_SIZE])
{
	_Alignas(ALIGN) unsigned char buffer[LK_QWK_SIZE];

	memcpy(buffer, bytes, LK_QWK_SIZE);
	ssize_t n = pwrite(fd, buffer, LK_QWK_SIZE, 0);
	if (n < 0 && errno == EINVAL) {
		use_cache(fd);
		n = pwrite(fd, buffer, LK_QWK_SIZE, 0);
	}
	return n;
}

static int read_file(const struct lk_qwk_io *io, unsigned char bytes[static LK_QWK_SIZE],
		     struct lk_err *err)
{
	int LK_AUTO_CLOSE fd = open_object(io, O_RDONLY, err);

	if (fd < 0)
		return fd;
	if (read_bytes(fd, bytes) < 0)
		return lk_fail(err, LK_M_QWK_READ, io->path, strerror(errno));
	return 0;
}

static int write_file(const struct lk_qwk_io *io, const unsigned char bytes[static LK_QWK_SIZE],
		      struct lk_err *err)
{
	unsigned char there[LK_QWK_SIZE];
	int LK_AUTO_CLOSE fd = open_object(io, O_RDWR | (io->op == LK_QWK_CREATE ? O_CREAT : 0), err);

	if (fd < 0)
		return fd;
	if (read_bytes(fd, there) < 0)
		return lk_fail(err, LK_M_QWK_READ, io->path, strerror(errno));
	int rc = lk_qwk_object_ours(there, io->local, io->path, err);
	if (rc < 0)
		return rc;
	errno = ENOSPC;
	if (write_bytes(fd, bytes) != LK_QWK_SIZE || fsync(fd) < 0)
		return lk_fail(err, LK_M_QWK_WRITE, io->path, strerror(errno));
	return 0;
}

/* ---- the child: S3 ---- */

static void set_proxies(const struct lk_qwk_conf *conf)
{
	if (*conf->http_proxy)
		setenv("HTTP_PROXY", conf->http_proxy, 1);
	if (*conf->https_proxy)
		setenv("HTTPS_PROXY", conf->https_proxy, 1);
	if (*conf->no_proxy)
		setenv("NO_PROXY", conf->no_proxy, 1);
	setenv("HOME", "/root", 0);	/* where its credentials are, if nobody has said */
	setenv("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", 0);
}

/* What is in the bucket is not ours to trust: it goes to memory. */
static void limit_aws(void)
{
	setrlimit(RLIMIT_FSIZE, &(struct rlimit){ AWS_FILE, AWS_FILE });
	setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
}

/* Run aws with these as its standard descriptors. Its exit code, 128 + signal; NOT_RUN and 126: it was not run. */
static int run_aws(const char *from, const char *to, const int fds[static 3])
{
	char *const argv[] = { "aws", "s3", "cp", "--only-show-errors", (char *)from, (char *)to, NULL };
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (int i = 0; i < 3; i++)
			if (dup2(fds[i], i) < 0)
				_exit(126);
		lk_close_from(3);
		limit_aws();
		execvp(argv[0], argv);
		dprintf(2, "aws: %s", strerror(errno));
		_exit(NOT_RUN);
	}
	if (pid < 0)
		dprintf(fds[2], "fork: %s", strerror(errno));
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return NOT_RUN;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* What it said, on one line. */
static void read_says(int fd, char says[static AWS_SAYS])
{
	ssize_t n = pread(fd, says, AWS_SAYS - 1, 0);

	says[n > 0 ? n : 0] = '\0';
	while (n > 0 && (says[n - 1] == '\n' || says[n - 1] == ' '))
		says[--n] = '\0';
	lk_printable(says);
}

/* Memory as a file: nothing has to be pumped, and nothing stays behind. */
static int memory(const char *name, const unsigned char *bytes, struct lk_err *err)
{
	int fd = memfd_create(name, MFD_CLOEXEC);

	if (fd >= 0 && bytes && pwrite(fd, bytes, LK_QWK_SIZE, 0) != LK_QWK_SIZE) {
		close(fd);
		fd = -1;
	}
	return fd < 0 ? lk_fail(err, LK_M_QWK_NOMEM, (size_t)LK_QWK_SIZE, strerror(errno)) : fd;
}

/* 0; the exit code of aws, which says why; or -1 or less with err. */
static int get_s3(const struct lk_qwk_io *io, unsigned char bytes[static LK_QWK_SIZE],
		  char says[static AWS_SAYS], struct lk_err *err)
{
	struct stat st;
	int LK_AUTO_CLOSE null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	int LK_AUTO_CLOSE out = memory("out", NULL, err);
	int LK_AUTO_CLOSE message = memory("err", NULL, err);

	if (out < 0 || message < 0)
		return -1;
	int code = run_aws(io->path, "-", (int[]){ null, out, message });
	read_says(message, says);
	if (fstat(out, &st) == 0 && st.st_size > LK_QWK_SIZE)
		return lk_fail(err, LK_M_QWK_LARGE, io->path);
	if (code && (strstr(says, "(404)") || strstr(says, "NoSuchKey")))
		return lk_fail(err, LK_M_QWK_NOT_FOUND, io->path);
	if (code)
		return code;
	memset(bytes, 0, LK_QWK_SIZE);
	if (pread(out, bytes, LK_QWK_SIZE, 0) < 0)
		return lk_fail(err, LK_M_QWK_READ, io->path, strerror(errno));
	return 0;
}

static bool was_run(int code)
{
	return code != NOT_RUN && code != 126;
}

static int read_s3(const struct lk_qwk_io *io, unsigned char bytes[static LK_QWK_SIZE],
		   struct lk_err *err)
{
	char says[AWS_SAYS];
	int code = get_s3(io, bytes, says, err);

	if (code <= 0)
		return code;
	return was_run(code) ? lk_fail(err, LK_M_QWK_S3GET, io->path, code, says) :
			       lk_fail(err, LK_M_QWK_GET_RUN, io->path, says);
}

static int fail_s3_write(const struct lk_qwk_io *io, int code, const char *says, struct lk_err *err)
{
	return was_run(code) ? lk_fail(err, LK_M_QWK_S3PUT, io->path, code, says) :
			       lk_fail(err, LK_M_QWK_PUT_RUN, io->path, says);
}

/* One that is not there yet is made. What cannot be looked at cannot be written. */
static int check_s3(const struct lk_qwk_io *io, struct lk_err *err)
{
	unsigned char there[LK_QWK_SIZE];
	char says[AWS_SAYS];
	int rc = get_s3(io, there, says, err);

	if (rc > 0)
		return fail_s3_write(io, rc, says, err);
	if (rc < 0)
		return err->number == LK_M_NUMBER(LK_M_QWK_NOT_FOUND) ? 0 : rc;
	return lk_qwk_object_ours(there, io->local, io->path, err);
}

static int write_s3(const struct lk_qwk_io *io, const unsigned char bytes[static LK_QWK_SIZE],
		    struct lk_err *err)
{
	char says[AWS_SAYS];
	int LK_AUTO_CLOSE null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	int LK_AUTO_CLOSE in = memory("in", bytes, err);
	int LK_AUTO_CLOSE message = memory("err", NULL, err);

	if (in < 0 || message < 0)
		return -1;
	int rc = check_s3(io, err);
	if (rc < 0)
		return rc;
	int code = run_aws("-", io->path, (int[]){ in, null, message });
	read_says(message, says);
	return code ? fail_s3_write(io, code, says, err) : 0;
}

/* ---- the child ---- */

static int do_read(const struct lk_qwk_io *io, unsigned char bytes[static LK_QWK_SIZE], struct lk_err *err)
{
	return io->conf->type == LK_QWK_S3 ? read_s3(io, bytes, err) : read_file(io, bytes, err);
}

static int do_all(const struct lk_qwk_io *io, const unsigned char *bytes, struct lk_qwk_reply *reply)
{
	int rc;

	if (io->op == LK_QWK_READ)
		return do_read(io, reply->bytes, &reply->err);
	rc = io->conf->type == LK_QWK_S3 ? write_s3(io, bytes, &reply->err) :
					   write_file(io, bytes, &reply->err);
	if (rc == 0)
		rc = do_read(io, reply->bytes, &reply->err);
	if (rc == 0 && memcmp(bytes, reply->bytes, LK_QWK_SIZE) != 0)
		rc = lk_fail(&reply->err, LK_M_QWK_DIFFERS, io->path);
	return rc;
}

/* A session of its own, so that all of it can be killed; and nothing open but the pipe: a child that hangs must
 * not hold locks of its parent. */
static _Noreturn void work(const struct lk_qwk_io *io, const unsigned char *bytes, int fd)
{
	struct lk_qwk_reply reply = { 0 };
	sigset_t none;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (int sig = 1; sig < NSIG; sig++)
		signal(sig, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (!lk_detach(&fd, 1))
		_exit(1);
	fcntl(LK_DETACH_FIRST, F_SETFD, FD_CLOEXEC);
	set_proxies(io->conf);
	reply.rc = do_all(io, bytes, &reply);
	/* fits into a pipe, and is read when the time is up at the latest */
	(void)!write(LK_DETACH_FIRST, &reply, sizeof(reply));
	_exit(0);
}

/* ---- the parent ---- */

static void forget(struct lk_qwk_io *io)
{
	if (io->fd >= 0)
		close(io->fd);
	io->fd = -1;
}

/* Is the child gone? One that has answered is, in a moment. */
static bool is_gone(struct lk_qwk_io *io, int tries)
{
	const struct timespec moment = { .tv_nsec = 10000000 };

	while (io->pid && waitpid(io->pid, NULL, WNOHANG) == 0) {
		if (!tries--)
			return false;
		nanosleep(&moment, NULL);
	}
	io->pid = 0;
	return true;
}

static int start(struct lk_qwk_io *io, const unsigned char *bytes, struct lk_err *err)
{
	int fds[2];

	if (!is_gone(io, GRACE))
		return lk_fail(err, LK_M_QWK_BUSY, io->path);
	if (pipe2(fds, O_CLOEXEC | O_NONBLOCK) < 0)
		return lk_fail(err, LK_M_QWK_CHILD, io->path, strerror(errno));
	fcntl(fds[1], F_SETFL, O_WRONLY);
	pid_t pid = fork();
	if (pid == 0)
		work(io, bytes, fds[1]);
	int errnum = errno;
	close(fds[1]);
	if (pid < 0) {
		close(fds[0]);
		return lk_fail(err, LK_M_QWK_CHILD, io->path, strerror(errnum));
	}
	io->pid = pid;
	io->fd = fds[0];
	return 0;
}

void lk_qwk_io_start(struct lk_qwk_io *io, enum lk_qwk_op op, const unsigned char *bytes, int64_t ms)
{
	io->op = op;
	io->got = 0;
	io->begun = lk_qwk_now();
	io->deadline = io->begun + ms;
	io->reply = (struct lk_qwk_reply){ 0 };
	io->reply.rc = start(io, bytes, &io->reply.err);
}

void lk_qwk_io_end(struct lk_qwk_io *io)
{
	forget(io);
	if (io->pid)
		kill(-io->pid, SIGKILL);
	if (io->pid)
		kill(io->pid, SIGKILL);	/* it may not have made its group yet */
	(void)is_gone(io, GRACE);
}

/* What has come of the answer. */
static void take(struct lk_qwk_io *io)
{
	ssize_t n = read(io->fd, (char *)&io->reply + io->got, sizeof(io->reply) - io->got);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	io->got += n > 0 ? (size_t)n : 0;
	if (n > 0 && io->got < sizeof(io->reply))
		return;
	forget(io);
	if (io->got < sizeof(io->reply))
		io->reply.rc = lk_fail(&io->reply.err, LK_M_QWK_READ, io->path, "the process for it has died");
}

static void expire(struct lk_qwk_io *io)
{
	if (io->pid > 0 && kill(-io->pid, SIGKILL) < 0)
		kill(io->pid, SIGKILL);
	forget(io);
	io->reply.rc = lk_fail(&io->reply.err, LK_M_QWK_SLOW, io->path,
			       (long long)(io->deadline - io->begun));
}

static int time_left(const struct lk_qwk_io *io, unsigned n, int64_t until, int64_t now)
{
	for (unsigned i = 0; i < n; i++)
		if (io[i].fd >= 0 && io[i].deadline < until)
			until = io[i].deadline;
	return until <= now ? 0 : until - now > 60000 ? 60000 : (int)(until - now);
}

/* One round; the number of those that are still awaited. */
static unsigned turn(struct lk_qwk_io *io, unsigned n, struct pollfd *fds, int64_t until)
{
	unsigned left = 0;

	for (unsigned i = 0; i < n; i++)
		fds[1 + i] = (struct pollfd){ .fd = io[i].fd, .events = POLLIN };
	if (poll(fds, 1 + n, time_left(io, n, until, lk_qwk_now())) < 0)
		for (unsigned i = 0; i <= n; i++)
			fds[i].revents = 0;
	for (unsigned i = 0; i < n; i++) {
		if (io[i].fd >= 0 && fds[1 + i].revents)
			take(&io[i]);
		if (io[i].fd >= 0 && io[i].deadline <= lk_qwk_now())
			expire(&io[i]);
		left += io[i].fd >= 0;
	}
	return left;
}

bool lk_qwk_io_wait(struct lk_qwk_io *io, unsigned n, int wake, int64_t until)
{
	struct pollfd fds[1 + LK_QWK_NODES * LK_QWK_PATHS] = { { .fd = wake, .events = POLLIN } };
	unsigned left = 0;

	for (unsigned i = 0; i < n; i++)
		left += io[i].fd >= 0;
	unsigned before = left;
	while (left && left == before && !fds[0].revents && lk_qwk_now() < until)
		left = turn(io, n, fds, until);
	return !left;
}
