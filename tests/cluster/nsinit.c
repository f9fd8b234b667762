// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Start a machine made of namespaces and print the process id of its first process, as seen from here.
 *
 *	nsinit [-o OWNER]		COMMAND [ARG...]	a lab, with a network namespace of its own
 *	nsinit -j LAB -n NETNS	COMMAND [ARG...]	a node inside a lab, on /run/netns/NETNS there
 *
 * COMMAND sets the machine up; then the first process does nothing but reap. When it dies, the kernel
 * ends all that runs in the machine; a lab's takes its nodes along, and the lab's network and mounts with
 * them. It ends when OWNER does, however that died: nothing has to clean up.
 */
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lk/poison.h"

struct machine {
	pid_t owner, lab;
	const char *netns;
	char **command;
	int owner_fd;	/* -1: nobody's death ends it */
	int ready;	/* socket that the first process reports on */
};

static void die(const char *what)
{
	perror(what);
	_exit(1);
}

/* Enter the namespace that a file stands for. */
static void enter(const char *path, int kind)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || setns(fd, kind))
		die(path);
	close(fd);
}

static void enter_lab(const struct machine *m)
{
	char mnt[64], pid[64], net[256];

	snprintf(mnt, sizeof(mnt), "/proc/%d/ns/mnt", (int)m->lab);
	snprintf(pid, sizeof(pid), "/proc/%d/ns/pid", (int)m->lab);
	snprintf(net, sizeof(net), "/run/netns/%s", m->netns);
	enter(pid, CLONE_NEWPID);	/* for children only, and /proc is still ours */
	enter(mnt, CLONE_NEWNS);
	enter(net, CLONE_NEWNET);
}

static bool set_up(char **command)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		execvp(command[0], command);
		die(command[0]);
	}
	return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

/* The first process. The kernel adds its process id, as the receiver sees it, to the message. */
static void first_process(const struct machine *m)
{
	struct pollfd owner = { .fd = m->owner_fd, .events = POLLIN };

	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
		die("mount --make-rprivate /");
	/* commands that only enter the network of a lab see themselves in the old /proc */
	if (m->lab && mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL))
		die("mount /proc");
	if (!set_up(m->command))
		_exit(1);
	signal(SIGCHLD, SIG_IGN);	/* the kernel reaps */
	if (send(m->ready, "", 1, MSG_NOSIGNAL) != 1)
		_exit(1);
	close(m->ready);
	while (poll(&owner, 1, -1) <= 0)
		;
	_exit(0);
}

/*
 * A process id namespace can only be made from inside its parent, which holds for children of who
 * enters it: hence the generation between.
 */
static void start(const struct machine *m)
{
	int kinds = CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC;
	pid_t pid;

	if (m->lab)
		enter_lab(m);
	pid = fork();
	if (pid < 0)
		die("fork");
	if (pid > 0) {
		waitpid(pid, NULL, 0);	/* left to the machine's init, it could hold up the lab's end */
		_exit(0);
	}
	setsid();
	if (dup2(STDERR_FILENO, STDOUT_FILENO) < 0 || unshare(m->lab ? kinds : kinds | CLONE_NEWNET))
		die("unshare");
	pid = fork();
	if (pid < 0)
		die("fork");
	if (pid == 0)
		first_process(m);
	_exit(0);
}

/* The process id that came with the message; 0 if it did not come up. */
static pid_t await(int fd)
{
	char byte, control[CMSG_SPACE(sizeof(struct ucred))] = "";
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control) };
	struct ucred from;

	if (recvmsg(fd, &msg, 0) != 1 || !CMSG_FIRSTHDR(&msg))
		return 0;
	memcpy(&from, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(from));
	return from.pid;
}

static pid_t launch(struct machine *m)
{
	int pair[2], yes = 1;
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) ||
	    setsockopt(pair[0], SOL_SOCKET, SO_PASSCRED, &yes, sizeof(yes)))
		die("socketpair");
	m->ready = pair[1];
	pid = fork();
	if (pid < 0)
		die("fork");
	if (pid == 0) {
		close(pair[0]);
		start(m);
	}
	close(pair[1]);
	waitpid(pid, NULL, 0);
	return await(pair[0]);
}

static int usage(void)
{
	fputs("usage: nsinit [-o OWNER] [-j LAB -n NETNS] COMMAND [ARG...]\n", stderr);
	return 2;
}

int main(int argc, char **argv)
{
	struct machine m = { .owner_fd = -1 };
	int opt;
	pid_t pid;

	while ((opt = getopt(argc, argv, "+o:j:n:")) != -1) {
		switch (opt) {
		case 'o': m.owner = (pid_t)strtol(optarg, NULL, 10); break;
		case 'j': m.lab = (pid_t)strtol(optarg, NULL, 10); break;
		case 'n': m.netns = optarg; break;
		default: return usage();
		}
	}
	m.command = argv + optind;
	if (optind >= argc || !m.lab != !m.netns)
		return usage();
	closefrom(STDERR_FILENO + 1);	/* a test's descriptors would keep its runner waiting */
	if (m.owner) {
		m.owner_fd = (int)syscall(SYS_pidfd_open, m.owner, 0);
		if (m.owner_fd < 0)
			die("owner");
	}
	pid = launch(&m);
	if (pid <= 0)
		return 1;
	printf("%d\n", (int)pid);
	return 0;
}
