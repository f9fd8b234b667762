/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Giving up what a process that parses foreign bytes does not need, and getting what a heartbeat does. */
#include "confine.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <termios.h>
#include <unistd.h>

#include "lk/cleanup.h"
#include "lk/name.h"
#include "lk/realtime.h"
#include "lk/poison.h"

#define DESCRIPTORS 2048
#define HEAP_BYTES (384u << 10)		/* what a handful of connections needs */

void confine_descriptors(int keep)
{
	if (keep > 3)
		syscall(SYS_close_range, 3u, (unsigned)keep - 1, 0u);
	syscall(SYS_close_range, (unsigned)(keep < 3 ? 3 : keep + 1), ~0u, 0u);
}

/* ---- user ---- */

static bool find(const char *wanted, struct confine_user *user)
{
	FILE LK_AUTO_FILE *file = fopen("/etc/passwd", "re");
	unsigned long long number;
	bool by_number = lk_is_number(wanted, 1, 0xfffffffe, &number);

	for (struct passwd *pw; file && (pw = fgetpwent(file));)
		if (by_number ? pw->pw_uid == (uid_t)number : !strcmp(pw->pw_name, wanted)) {
			snprintf(user->name, sizeof(user->name), "%s", pw->pw_name);
			user->uid = pw->pw_uid;
			user->gid = pw->pw_gid;
			return pw->pw_uid != 0;
		}
	return false;
}

void confine_find_user(const char *wanted, struct confine_user *user)
{
	*user = (struct confine_user){ .name = "nobody", .uid = 65534, .gid = 65534 };
	if (wanted && find(wanted, user))
		return;
	user->instead = wanted && strcmp(wanted, "nobody") != 0;
	if (find("nobody", user))
		return;
	snprintf(user->name, sizeof(user->name), "nobody");
	user->uid = user->gid = 65534;
}

static int no_capabilities(void)
{
	cap_t none = cap_init();

	if (!none)
		return -1;
	int rc = cap_set_proc(none);
	cap_free(none);
	return rc;
}

int confine_privileges(const struct confine_user *user)
{
	const struct rlimit none = { 0, 0 };

	if (setrlimit(RLIMIT_CORE, &none) < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
	    chdir("/") < 0)
		return -1;
	if (geteuid() == 0) {
		for (int cap = 0; cap_valid(cap); cap++)
			(void)cap_drop_bound(cap);	/* those this kernel lacks */
		if (setgroups(0, NULL) < 0 || setresgid(user->gid, user->gid, user->gid) < 0 ||
		    setresuid(user->uid, user->uid, user->uid) < 0)
			return -1;
	}
	return no_capabilities() < 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 ? -1 : 0;
}

/* ---- system calls ---- */

#if defined(__SANITIZE_ADDRESS__)

int confine_calls(enum confine_list list)
{
	(void)list;
	return 0;
}

#else

#define CALL(name) SCMP_SYS(name)

/* Both need these: memory, time, the end. */
static const int common_calls[] = {
	CALL(brk), CALL(mmap), CALL(munmap), CALL(mremap), CALL(madvise), CALL(close), CALL(exit),
	CALL(exit_group), CALL(rt_sigreturn), CALL(restart_syscall), CALL(recvfrom), CALL(sendto), CALL(futex),
	CALL(getpid), CALL(gettid), CALL(tgkill), CALL(rt_sigprocmask), CALL(clock_gettime),
	CALL(gettimeofday), CALL(time),
};

static const int net_calls[] = {
	CALL(read), CALL(write), CALL(readv), CALL(writev), CALL(recvmsg), CALL(sendmsg), CALL(epoll_wait),
	CALL(epoll_pwait), CALL(epoll_ctl), CALL(accept4), CALL(bind), CALL(connect), CALL(listen),
	CALL(setsockopt), CALL(getsockopt), CALL(getsockname), CALL(getpeername), CALL(shutdown),
	CALL(getrandom), CALL(poll), CALL(getrusage),
};

static const int disk_calls[] = { CALL(pread64), CALL(pwrite64) };

/* Refused, but not worth dying for: a library may look whether something is there. None of the calls
 * that are allowed with some arguments only: the two kinds of rules do not mix. */
static const int refused_calls[] = {
	CALL(open), CALL(openat), CALL(stat), CALL(lstat), CALL(fstat), CALL(newfstatat), CALL(access),
	CALL(faccessat), CALL(faccessat2), CALL(readlink), CALL(readlinkat), CALL(uname), CALL(sysinfo),
	CALL(mprotect), CALL(fcntl), CALL(lseek),
};

static int allow_list(scmp_filter_ctx filter, const int *calls, size_t n)
{
	int rc = 0;

	for (size_t i = 0; i < n && rc == 0; i++)
		rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, calls[i], 0);
	return rc;
}

/* Sockets of TCP only; ioctl for the TTY only. */
static int allow_some(scmp_filter_ctx filter)
{
	static const unsigned long requests[] = { TCGETS, TCSETS, TCFLSH };
	static const int families[] = { AF_INET, AF_INET6 };
	int rc = 0;

	for (size_t i = 0; i < sizeof(families) / sizeof(*families) && rc == 0; i++)
		rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, CALL(socket), 2,
				      SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)families[i]),
				      SCMP_A1(SCMP_CMP_MASKED_EQ, 0xf, SOCK_STREAM));
	for (size_t i = 0; i < sizeof(requests) / sizeof(*requests) && rc == 0; i++)
		rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, CALL(ioctl), 1,
				      SCMP_A1(SCMP_CMP_EQ, requests[i]));
	return rc;
}

static int refuse_list(scmp_filter_ctx filter)
{
	int rc = 0;

	for (size_t i = 0; i < sizeof(refused_calls) / sizeof(*refused_calls) && rc == 0; i++)
		rc = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), refused_calls[i], 0);
	return rc;
}

static int fill(scmp_filter_ctx filter, enum confine_list list)
{
	int rc = allow_list(filter, common_calls, sizeof(common_calls) / sizeof(*common_calls));

	if (rc == 0 && list == CONFINE_DISK)
		return allow_list(filter, disk_calls, sizeof(disk_calls) / sizeof(*disk_calls));
	if (rc == 0)
		rc = allow_list(filter, net_calls, sizeof(net_calls) / sizeof(*net_calls));
	if (rc == 0)
		rc = allow_some(filter);
	return rc == 0 ? refuse_list(filter) : rc;
}

int confine_calls(enum confine_list list)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);

	if (!filter)
		return -1;
	int rc = fill(filter, list);
	if (rc == 0)
		rc = seccomp_load(filter);
	seccomp_release(filter);
	return rc < 0 ? -1 : 0;
}

#endif

/* ---- what a heartbeat needs ---- */

int confine_realtime(unsigned priority)
{
	return lk_realtime(priority);
}

int confine_limits(void)
{
	const struct rlimit memory = { RLIM_INFINITY, RLIM_INFINITY };
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < DESCRIPTORS) {
		files.rlim_cur = files.rlim_max < DESCRIPTORS ? files.rlim_max : DESCRIPTORS;
		(void)!setrlimit(RLIMIT_NOFILE, &files);
	}
	return setrlimit(RLIMIT_MEMLOCK, &memory);
}

/* Only what was used once: all of GnuTLS and what it links would take twice as much, 10 MB against 5, most of it
 * for certificates and names that are never looked at. */
int confine_memory(void)
{
	return lk_lock_memory(HEAP_BYTES);
}
