/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the processes that the network or a disk can reach may do, by what the kernel says of them; needs root. */
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../sbin/lcm/confine.h"
#include "lab.h"
#include "lk/cleanup.h"
#include "lk/poison.h"

#if defined(__SANITIZE_ADDRESS__)
#define ASAN 1
#else
#define ASAN 0
#endif

static char text[16384];

static const char *read_proc(pid_t pid, const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	FILE LK_AUTO_FILE *in = fopen(path, "r");
	text[in ? fread(text, 1, sizeof(text) - 1, in) : 0] = '\0';
	return text;
}

static bool status_has(pid_t pid, const char *line)
{
	return strstr(read_proc(pid, "status"), line) != NULL;
}

static void check_process(pid_t pid, const char *name)
{
	diag("%s", name);
	ok(status_has(pid, "\nUid:\t65534\t65534\t65534\t65534\n"), "%s: the user is nobody in every respect", name);
	ok(status_has(pid, "\nGroups:\t \n"), "%s: no further groups", name);
	ok(status_has(pid, "\nCapInh:\t0000000000000000\nCapPrm:\t0000000000000000\nCapEff:\t0000000000000000\n"
			   "CapBnd:\t0000000000000000\nCapAmb:\t0000000000000000\n"), "%s: no capability, ever", name);
	ok(status_has(pid, "\nNoNewPrivs:\t1\n"), "%s: no new privileges", name);
	ok(ASAN || status_has(pid, "\nSeccomp:\t2\n"), "%s: a filter of system calls", name);
}

/* Descriptors of a file that the parent had open. */
static unsigned secrets(pid_t pid)
{
	char path[64], target[256];
	unsigned n = 0;

	for (int fd = 0; fd < 200; fd++) {
		snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)pid, fd);
		ssize_t len = readlink(path, target, sizeof(target) - 1);
		if (len < 0)
			continue;
		target[len] = '\0';
		n += strstr(target, "lab-secret") != NULL;
	}
	return n;
}

static void test_net(void)
{
	char secret[] = "lab-secret.XXXXXX";
	int fd = mkstemp(secret);

	lab_pair(100, 10);
	lab_pair_start();
	ok(WAIT(lab[0].link[0].up && lab[1].link[0].up, 5000), "two nodes are up");
	check_process(lab[0].pid, "net");
	ok(fd >= 0 && secrets(lab[0].pid) == 0, "net: it has none of main's files");
	ok(!strncmp(read_proc(lab[0].pid, "comm"), "lcm-net", 7), "net: ps shows what it is");
	int policy = sched_getscheduler(lab[0].pid);
	ok(policy == (SCHED_RR | SCHED_RESET_ON_FORK) || node_logged(&lab[0], "without real-time"),
	   "net: real-time priority, or a line that says it is not allowed");
	const char *locked = strstr(read_proc(lab[0].pid, "status"), "VmLck:");
	ok(ASAN || (locked && strtol(locked + 6, NULL, 10) > 1000) || node_logged(&lab[0], "without locked memory"),
	   "net: locked memory, or a line that says it is not allowed");
	unlink(secret);
	close(fd);
}

static void test_disk(void)
{
	int fd = -1;
	pid_t pid = disk_start(&(struct disk_setup){ .device = "/dev/null", .user = "nobody", .first = true,
						     .seccomp = true }, &fd);

	ok(pid > 0, "a disk helper runs");
	ok(WAIT(status_has(pid, ASAN ? "NoNewPrivs:\t1" : "Seccomp:\t2"), 3000), "it confines itself");
	check_process(pid, "disk helper");
	close(fd);
	ok(waitpid(pid, NULL, 0) == pid, "it ends when nobody asks any more");
}

/* Nothing but waiting, receiving and sending, while nothing happens but heartbeats. */
static unsigned other_calls(const char *file, unsigned *calls)
{
	FILE LK_AUTO_FILE *in = fopen(file, "r");
	char line[4096], name[64];
	unsigned others = 0;

	while (in && fgets(line, sizeof(line), in)) {
		if (sscanf(line, "%63[a-z0-9_](", name) != 1)
			continue;
		++*calls;
		if (!strstr(" epoll_wait epoll_pwait recvfrom recvmsg sendmsg sendto writev restart_syscall ", name)) {
			diag("%s", name);
			others++;
		}
	}
	return others;
}

static void test_calls(void)
{
	char file[] = "lab-strace.XXXXXX", pid[16];
	unsigned calls = 0;
	int fd = mkstemp(file), status = 0;

	if (ASAN || fd < 0)
		return;
	close(fd);
	snprintf(pid, sizeof(pid), "%d", (int)lab[0].pid);
	lab_pump(500);
	pid_t tracer = fork();
	if (tracer == 0) {
		execlp("strace", "strace", "-qq", "-o", file, "-p", pid, (char *)NULL);
		_exit(127);
	}
	lab_pump(1500);
	kill(tracer, SIGINT);
	waitpid(tracer, &status, 0);
	unsigned others = other_calls(file, &calls);
	if (calls < 10)
		ok(true, "the calls of a heartbeat # SKIP strace is not there, or not allowed");
	else
		ok(others == 0, "net: %u system calls of heartbeats touch nothing but sockets", calls);
	unlink(file);
}

/* A system call outside the list is the end. */
static void test_filter(void)
{
	int status = 0;
	pid_t pid = lab[0].pid;

	if (ASAN)
		return;
	/* nothing makes net call it; a debugger would not be let in. So a child takes the same filter. */
	pid_t child = fork();
	if (child == 0) {
		if (confine_calls(CONFINE_NET) < 0)
			_exit(1);
		_exit(execl("/bin/true", "true", NULL) < 0 ? 2 : 3);
	}
	ok(waitpid(child, &status, 0) == child && WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS,
	   "starting a program is the end of a process with this filter");
	child = fork();
	if (child == 0)
		_exit(confine_calls(CONFINE_NET) < 0 ? 1 : open("/etc/passwd", O_RDONLY | O_CLOEXEC) < 0 ? 7 : 8);
	ok(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 7,
	   "a file cannot be opened");
	ok(kill(pid, 0) == 0, "meanwhile net runs");
}

int main(void)
{
	alarm(60);
	for (int i = 0; i < LAB_NODES; i++)
		lab[i].bus = -1;
	if (geteuid() != 0) {
		printf("1..0 # SKIP only root can give up privileges\n");
		return 0;
	}
	test_net();
	test_calls();
	test_disk();
	test_filter();
	lab_end();
	return tap_done();
}
