/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Stands for the communication manager where a test needs no network: runs requests on trees of
 * this machine.
 *
 *	fakelcm $LKROOT NAME=ROOT...
 *
 * It ends with its parent. A system that is not in the list is out of service. FAKELCM_CUT=N in the
 * environment: after N bytes of input the other system goes down. FAKELCM_STATUS in the environment: it tells
 * the states of the systems, those in the list are ALIVE, and those named in FAKELCM_STATUS or by a file
 * run/dead-NAME are DEAD; by run/unknowing none of them knows the terms, by run/changed these are of other settings. With FAKELCM_PATHS as well, so are the comm paths of the tree.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lk/lcd.h"
#include "lk/grant.h"
#include "lk/lcm.h"
#include "lk/lease.h"
#include "lk/net.h"
#include "lk/wire.h"
#include "lk/poison.h"

#define ARGS 64
#define MUST(holds) do { if (!(holds)) { perror("fakelcm: " #holds); _exit(99); } } while (0)

static char **systems;
static uint8_t buffer[LK_LCM_MESSAGE_MAX];
static struct lk_err err;

static const char *root_of(const char *name)
{
	size_t len = strlen(name);

	for (char **s = systems; *s; s++)
		if (!strncmp(*s, name, len) && (*s)[len] == '=')
			return *s + len + 1;
	return NULL;
}

static void fail(int fd, enum lk_lcm_fail why, const char *text)
{
	uint8_t bytes[200];
	struct lk_out out = LK_OUT(bytes);

	lk_put_u8(&out, (uint8_t)why);
	lk_put_text(&out, text);
	MUST(lk_lcm_send(fd, LK_LCM_FAIL, bytes, out.len, &err) == 0);
	_exit(0);
}

static void start(const char *root, char **argv, const int *in, const int *out)
{
	char path[5000];

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	MUST(chdir(root) == 0 && setenv("LKROOT", root, 1) == 0);
	snprintf(path, sizeof(path), "%s/bin:%s", root, getenv("PATH"));
	setenv("PATH", path, 1);
	dup2(in[0], 0);
	dup2(out[1], 1);
	dup2(out[3], 2);
	for (int i = 3; i < 64; i++)
		close(i);
	execvp(argv[0], argv);
	_exit(127);
}

/* Output of one stream; false at its end. */
static bool pass_output(int fd, int from, uint8_t stream)
{
	uint8_t bytes[8193] = { stream };
	ssize_t n = read(from, bytes + 1, sizeof(bytes) - 1);

	if (n > 0)
		MUST(lk_lcm_send(fd, LK_LCM_OUTPUT, bytes, (size_t)n + 1, &err) == 0);
	return n > 0;
}

static bool pass_input(int fd, int *to, long long *cut)
{
	enum lk_lcm_type type;
	size_t len;
	int rc = lk_lcm_receive(fd, buffer, &type, &len, 10000, &err);

	if (rc <= 0)
		_exit(0);	/* the caller has gone: PDEATHSIG ends the command */
	MUST(type == LK_LCM_INPUT);
	if (*cut >= 0 && (*cut -= (long long)len) < 0)
		fail(fd, LK_LCM_LOST, "it went down meanwhile");
	if (len && write(*to, buffer, len) == (ssize_t)len)
		return true;
	close(*to);
	*to = -1;
	return len;	/* the command does not read: forget the rest */
}

static void pump(int fd, int in, const int *out, pid_t pid)
{
	struct pollfd p[3] = { { .fd = fd, .events = POLLIN }, { .fd = out[0], .events = POLLIN },
			       { .fd = out[2], .events = POLLIN } };
	const char *text = getenv("FAKELCM_CUT");
	long long cut = text ? strtoll(text, NULL, 10) : -1;
	int status;

	while (p[1].fd >= 0 || p[2].fd >= 0) {
		MUST(poll(p, 3, 30000) > 0);
		if (p[0].revents && !pass_input(fd, &in, &cut))
			p[0].fd = -1;
		if (p[1].revents && !pass_output(fd, out[0], 1))
			p[1].fd = -1;
		if (p[2].revents && !pass_output(fd, out[2], 2))
			p[2].fd = -1;
	}
	MUST(waitpid(pid, &status, 0) == pid);
	uint8_t code = (uint8_t)(WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
	MUST(lk_lcm_send(fd, LK_LCM_EXIT, &code, 1, &err) == 0);
}

static bool is_dead(const char *name)
{
	char path[320];

	snprintf(path, sizeof(path), "run/dead-%s", name);
	return access(path, F_OK) == 0;
}

static void tell_system(int fd, const char *name, enum lk_sys_state state)
{
	uint8_t bytes[400];
	struct lk_out out = LK_OUT(bytes);

	lk_put_text(&out, name);
	lk_put_u8(&out, (uint8_t)state);
	lk_put_u8(&out, 0);
	lk_put_text(&out, "the test says so");
	lk_put_u64(&out, 0);
	MUST(lk_lcm_send(fd, LK_LCM_SYSTEM, bytes, out.len, &err) == 0);
}

static void tell_paths(int fd)
{
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;
	uint8_t bytes[1000];

	MUST(setenv("LKROOT", systems[-1], 1) == 0 && lk_lcd_read(&lcd, LK_T_NET, &err) == 0);
	for (size_t i = 0; i < lcd.nnet; i++) {
		const struct lk_net *net = &lcd.net[i];
		struct lk_out out = LK_OUT(bytes);

		lk_put_text(&out, net->sys);
		lk_put_text(&out, net->device);
		lk_put_text(&out, net->local);
		lk_put_text(&out, net->remote);
		lk_put_u8(&out, is_dead(net->sys) ? LK_NET_DEAD : LK_NET_ALIVE);
		for (int k = 0; k < 1 + LK_NET_COUNTERS; k++)
			lk_put_u64(&out, 0);
		lk_put_u32(&out, 0);
		lk_put_u32(&out, 0);
		MUST(lk_lcm_send(fd, LK_LCM_PATH, bytes, out.len, &err) == 0);
	}
}

static void tell_status(int fd)
{
	char dead[300], *rest = NULL;
	const uint8_t available = 1;

	for (char **s = systems; *s; s++) {
		snprintf(dead, sizeof(dead), "%.*s", (int)strcspn(*s, "="), *s);
		tell_system(fd, dead, is_dead(dead) ? LK_SYS_DEAD : LK_SYS_ALIVE);
	}
	snprintf(dead, sizeof(dead), "%s", getenv("FAKELCM_STATUS"));
	for (char *name = strtok_r(dead, " ", &rest); name; name = strtok_r(NULL, " ", &rest))
		tell_system(fd, name, LK_SYS_DEAD);
	if (getenv("FAKELCM_PATHS"))
		tell_paths(fd);
	MUST(lk_lcm_send(fd, LK_LCM_END, &available, 1, &err) == 0);
}

/* FAKELCM_QUORUM: "yes" (the default), "no" or "lost". Who is ALIVE confirms and is confirmed; who is not was confirmed
 * for the last time an hour ago, or FAKELCM_LEFT milliseconds before it counts as stopped. */
static void tell_confirm(int fd, const char *name, bool dead)
{
	const struct lk_terms terms = { INT64_C(10000000000), INT64_C(15000000000) };
	uint64_t needed = (uint64_t)lk_terms_quiet(&terms, &terms), age = dead ? UINT64_C(3600000000000) : 100000000;
	const char *left = getenv("FAKELCM_LEFT");
	uint8_t bytes[400];
	struct lk_out out = LK_OUT(bytes);

	if (dead && left)
		age = needed - strtoull(left, NULL, 10) * 1000000;
	lk_put_text(&out, name);
	lk_put_u8(&out, access("run/unknowing", F_OK) == 0 ? 0 : 2);
	lk_put_u64(&out, age);
	lk_put_u64(&out, needed);
	lk_put_u64(&out, age);
	lk_put_u64(&out, (uint64_t)terms.lease);
	lk_put_u64(&out, (uint64_t)terms.stop);
	/* FAKELCM_INCARNATION, hexadecimal, of all */
	lk_put_u64(&out, strtoull(getenv("FAKELCM_INCARNATION") ? getenv("FAKELCM_INCARNATION") : "1", NULL, 16));
	MUST(lk_lcm_send(fd, LK_LCM_CONFIRM, bytes, out.len, &err) == 0);
}

static void tell_quorum(int fd)
{
	const char *quorum = getenv("FAKELCM_QUORUM");
	bool lost = quorum && !strcmp(quorum, "lost"), valid = !quorum || !strcmp(quorum, "yes");
	int64_t now = lk_lease_now(), until = now + INT64_C(9000000000);
	uint8_t bytes[64];
	struct lk_out out = LK_OUT(bytes);
	char name[300];

	for (char **s = systems; *s; s++) {
		snprintf(name, sizeof(name), "%.*s", (int)strcspn(*s, "="), *s);
		if (strcmp(name, "none") != 0)
			tell_confirm(fd, name, is_dead(name));
	}
	lk_put_u8(&out, (uint8_t)(1 | valid << 1 | lost << 2));
	lk_put_u64(&out, (uint64_t)now);
	lk_put_u64(&out, valid ? (uint64_t)until : 0);
	lk_put_u64(&out, (uint64_t)(valid ? until + INT64_C(15000000000) : LK_LEASE_FOREVER));
	lk_put_u64(&out, 10000000000);
	lk_put_u64(&out, 15000000000);
	lk_put_u32(&out, access("run/changed", F_OK) == 0 ? 2 : 1);
	MUST(lk_lcm_send(fd, LK_LCM_QUORUM, bytes, out.len, &err) == 0);
}

static void serve(int fd)
{
	char dest[300], *argv[ARGS + 1] = { NULL };
	enum lk_lcm_type type;
	int in[2], out[4];
	size_t len;

	int got = lk_lcm_receive(fd, buffer, &type, &len, 10000, &err);
	if (!got)
		return;	/* somebody only looked whether we run */
	MUST(got == 1);
	if (type == LK_LCM_STATUS && getenv("FAKELCM_STATUS")) {
		tell_status(fd);
		return;
	}
	if (type == LK_LCM_BAR && getenv("FAKELCM_STATUS")) {
		tell_quorum(fd);
		return;
	}
	MUST(type == LK_LCM_RUN);
	struct lk_in msg = LK_IN(buffer, len);
	lk_get_text(&msg, dest, sizeof(dest));
	lk_get_u8(&msg);
	lk_get_u32(&msg);
	int argc = lk_get_u16(&msg);
	for (int i = 0; i < argc && i < ARGS; i++) {
		const char *word = (const char *)lk_get_bytes(&msg, &len);

		argv[i] = strndup(word ? word : "", len);
	}
	MUST(lk_get_end(&msg));
	if (!root_of(dest) || is_dead(dest))
		fail(fd, LK_LCM_OUT_OF_SERVICE, "");
	MUST(pipe(in) == 0 && pipe(out) == 0 && pipe(out + 2) == 0);
	pid_t pid = fork();
	if (pid == 0)
		start(root_of(dest), argv, in, out);
	close(in[0]);
	close(out[1]);
	close(out[3]);
	pump(fd, in[1], out, pid);
}

int main(int argc, char **argv)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	prctl(PR_SET_PDEATHSIG, SIGTERM);
	MUST(argc > 2 && chdir(argv[1]) == 0);
	systems = argv + 2;
	snprintf(addr.sun_path, sizeof(addr.sun_path), LK_LCM_SOCKET);
	unlink(LK_LCM_SOCKET);
	MUST(bind(fd, (struct sockaddr *)&addr, sizeof(addr)) == 0 && listen(fd, 20) == 0);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGCHLD, SIG_IGN);	/* nobody waits for the children of this process */
	for (;;) {
		int conn = accept(fd, NULL, NULL);

		if (conn < 0)
			continue;
		if (fork() == 0) {
			signal(SIGCHLD, SIG_DFL);
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			serve(conn);
			_exit(0);
		}
		close(conn);
	}
}
