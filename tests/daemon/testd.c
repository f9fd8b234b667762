/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A daemon for the tests of the supervisor. It appends a line "PID RESTARTS START-ID" to
 * $LKROOT/tmp/NAME.starts, NAME being the first argument, and then does what the others say:
 *	ready		tell that it is ready
 *	deaf		ignore TERM
 *	exit=N		end
 *	say=TEXT	print it to standard error
 *	helper		start a child in the same process group, whose id goes to tmp/NAME.helper
 *	app		the same in a session of its own, as applications have it: tmp/NAME.app
 *	unless=FILE	pay no attention to the rest if tmp/FILE is there
 *	wait=FILE	wait until tmp/FILE is there
 *	look		write environment and descriptors to tmp/NAME.look
 */
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "lk/poison.h"

static const char *file(const char *name, const char *suffix)
{
	static char path[4096];

	snprintf(path, sizeof(path), "%s/tmp/%s%s", getenv("LKROOT"), name, suffix);
	return path;
}

static void note(const char *name, const char *suffix, const char *text)
{
	FILE *f = fopen(file(name, suffix), "a");

	if (f) {
		fprintf(f, "%s\n", text);
		fclose(f);
	}
}

static void ready(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", getenv("NOTIFY_SOCKET"));
	if (sendto(fd, "STATUS=works\nREADY=1", 20, 0, (struct sockaddr *)&address,
		   sizeof(address)) != 20)
		perror("NOTIFY_SOCKET");
	close(fd);
}

static void child(const char *name, const char *suffix)
{
	char pid[24];

	if (fork() == 0) {
		if (!strcmp(suffix, ".app"))
			setsid();
		snprintf(pid, sizeof(pid), "%ld", (long)getpid());
		note(name, suffix, pid);
		for (;;)
			sleep(1);
	}
}

static void look(const char *name)
{
	char line[4096];

	for (char **env = environ; *env; env++)
		note(name, ".look", *env);
	for (int fd = 0; fd < 256; fd++)
		if (fcntl(fd, F_GETFD) >= 0) {
			snprintf(line, sizeof(line), "fd %d", fd);
			note(name, ".look", line);
		}
	snprintf(line, sizeof(line), "session %s", getsid(0) == getpid() ? "own" : "other");
	note(name, ".look", line);
}

static void obey(const char *name, const char *word)
{
	if (!strcmp(word, "ready"))
		ready();
	else if (!strcmp(word, "deaf"))
		signal(SIGTERM, SIG_IGN);
	else if (!strcmp(word, "look"))
		look(name);
	else if (!strcmp(word, "helper"))
		child(name, ".helper");
	else if (!strcmp(word, "app"))
		child(name, ".app");
	else if (!strncmp(word, "say=", 4))
		fprintf(stderr, "%s\n", word + 4);
	else if (!strncmp(word, "exit=", 5))
		_exit((int)strtol(word + 5, NULL, 10));
	while (!strncmp(word, "wait=", 5) && access(file(word + 5, ""), F_OK) < 0)
		usleep(10000);
}

int main(int argc, char **argv)
{
	char line[200];

	snprintf(line, sizeof(line), "%ld %s %s", (long)getpid(), getenv("LK_RESTARTS"),
		 getenv("LK_START_ID"));
	note(argv[1], ".starts", line);
	for (int i = 2; i < argc; i++) {
		if (!strncmp(argv[i], "unless=", 7) && access(file(argv[i] + 7, ""), F_OK) == 0)
			break;
		obey(argv[1], argv[i]);
	}
	for (;;)
		pause();
}
