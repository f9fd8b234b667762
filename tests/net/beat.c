/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Two network processes: coming up, detection, data, stopped processes, several paths. */
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lab.h"
#include "lk/poison.h"

#define ALIVE(node, path) ((node).state[path] == LK_NET_ALIVE)
#define DEAD(node, path) ((node).state[path] == LK_NET_DEAD)
#define BOTH_ALIVE (ALIVE(lab[0], 0) && ALIVE(lab[1], 0))
#define BOTH_LINKED (lab[0].link[0].up && lab[1].link[0].up)

static void test_up(void)
{
	lab_pair(100, 5);
	lab_pair_start();
	ok(WAIT(lab[0].ready && lab[1].ready, 5000), "both processes are ready");
	ok(WAIT(BOTH_ALIVE, 5000), "the path comes up at both ends");
	ok(WAIT(BOTH_LINKED, 5000), "there is a way for data at both ends");
	ok(lab[0].configured == 1 && lab[1].configured == 1, "the configuration is confirmed");
	ok(lab[0].link[0].incarnation == lab[1].conf.incarnation &&
	   lab[1].link[0].incarnation == lab[0].conf.incarnation, "each knows the other's incarnation");
	ok(lab[0].link[0].version == FRAME_VERSION_MAX, "the newest version is talked");
	node_view(&lab[0], 0, FRAME_VIEW_ALIVE);
	node_view(&lab[1], 0, FRAME_VIEW_DOWN);
	ok(WAIT(lab[1].told[0] == FRAME_VIEW_ALIVE && lab[0].told[0] == FRAME_VIEW_DOWN, 2000),
	   "each is told how the other one sees it");
	ok(STAYS(BOTH_ALIVE, 1000) && !lab[0].deads && !lab[1].deads, "the path stays up");
	ok(node_quit(&lab[0]) == 0, "BUS_QUIT ends the process with exit code 0");
	lab_end();
}

static uint64_t sum_of(const uint8_t *data, size_t len, uint64_t sum)
{
	for (size_t i = 0; i < len; i++)
		sum = sum * 31 + data[i];
	return sum;
}

/* n envelopes of up to the largest size, in both directions at once. */
static void send_many(unsigned n, uint64_t sum[2])
{
	static uint8_t data[FRAME_PAYLOAD_MAX];
	unsigned seed = 7;

	for (unsigned i = 0; i < n; i++) {
		size_t len = i % 3 ? 1 + (size_t)rand_r(&seed) % 300 : 1 + (size_t)rand_r(&seed) % FRAME_PAYLOAD_MAX;

		for (size_t k = 0; k < len; k++)
			data[k] = (uint8_t)rand_r(&seed);
		for (int side = 0; side < 2; side++) {
			int64_t until = lab_now() + 5000;

			while (!node_send(&lab[side], 0, data, len) && lab_now() < until)
				lab_pump(1);
			sum[side] = sum_of(data, len, sum[side]);
		}
		/* main has at most a window under way */
		(void)WAIT(lab[0].envelopes + 20 > i && lab[1].envelopes + 20 > i, 5000);
	}
}

static void test_data(void)
{
	uint64_t sum[2] = { 0, 0 };

	lab_pair(100, 10);
	lab_pair_start();
	if (!ok(WAIT(BOTH_LINKED, 5000), "the way is there"))
		return;
	send_many(300, sum);
	ok(WAIT(lab[0].envelopes == 300 && lab[1].envelopes == 300, 10000), "300 envelopes arrive each way");
	ok(lab[0].sum == sum[1] && lab[1].sum == sum[0], "whole and in order");
	ok(!lab[0].deads && !lab[1].deads && lab[0].links == 1, "the path was up throughout");
	lab_end();
}

/* What is not read by main stops data, not heartbeats. */
static void test_busy_main(void)
{
	static uint8_t data[60000];

	lab_pair(100, 5);
	lab_pair_start();
	if (!ok(WAIT(BOTH_LINKED, 5000), "the way is there"))
		return;
	lab[1].ended = true;		/* nobody reads it */
	unsigned sent = 0;
	for (int64_t until = lab_now() + 2000; lab_now() < until; lab_pump(1))
		sent += sent < 40 && node_send(&lab[0], 0, data, sizeof(data));
	ok(sent == 40, "40 large envelopes are taken");
	ok(ALIVE(lab[0], 0) && !lab[0].deads, "the path is ALIVE although the other main is busy");
	lab[1].ended = false;
	ok(WAIT(lab[1].envelopes == 40, 10000), "everything arrives when it reads again");
	ok(ALIVE(lab[1], 0) && !lab[1].deads, "and it has not lost the path");
	lab_end();
}

static void test_detection(void)
{
	lab_pair(100, 5);
	lab_pair_start();
	if (!ok(WAIT(BOTH_ALIVE, 5000), "the path is up"))
		return;
	node_view(&lab[0], 0, FRAME_VIEW_ALIVE);
	int64_t killed = lab_now();
	node_kill(&lab[1]);
	ok(WAIT(DEAD(lab[0], 0), 5000), "the path of a killed peer goes DEAD");
	int64_t took = lab[0].state_at[0] - killed;
	ok(took >= 390 && took < 900, "after 5 intervals of 100 ms (%ld ms)", (long)took);
	ok(lab[0].silent[0] >= 500 && lab[0].silent[0] < 900, "and says how long it was silent (%u ms)",
	   lab[0].silent[0]);
	ok(WAIT(!lab[0].link[0].up, 1000), "the way for data is gone");
	ok(WAIT(lab[0].probes > 1, 2000), "the host is probed");
	if (geteuid() == 0)
		ok(WAIT(lab[0].answers > 1 && lab[0].probe_silent < 400, 2000), "and answers");
	node_view(&lab[0], 0, FRAME_VIEW_DOWN);
	lab_pump(300);
	unsigned probes = lab[0].probes;
	ok(STAYS(lab[0].probes == probes, 500), "it is not probed any more when it is DOWN");
	node_start(&lab[1], "beta");
	node_commit(&lab[1]);
	ok(WAIT(BOTH_ALIVE, 5000), "it is ALIVE again when the peer is back");
	ok(WAIT(lab[0].link[0].incarnation == lab[1].conf.incarnation, 2000), "under its new incarnation");
	lab_end();
}

/* The other side may be switched on a moment later, and learn only after a second that we are there. */
static void test_first(void)
{
	lab_pair(100, 3);
	node_start(&lab[1], "beta");
	node_commit(&lab[1]);
	ok(WAIT(lab[1].configured == 1, 5000), "one of two is there");
	ok(STAYS(!DEAD(lab[1], 0), 4000), "who was never heard is not DEAD after one period of 300 ms");
	ok(WAIT(DEAD(lab[1], 0), 10000), "but later");
	ok(lab[1].silent[0] >= 5000, "after 5 s (%u ms)", lab[1].silent[0]);
	lab_end();
}

/* A quick restart of lcm is no outage. */
static void test_restart(void)
{
	lab_pair(200, 10);
	lab_pair_start();
	if (!ok(WAIT(BOTH_LINKED, 5000), "the path is up"))
		return;
	node_kill(&lab[1]);
	node_start(&lab[1], "beta");
	node_commit(&lab[1]);
	ok(WAIT(ALIVE(lab[1], 0) && lab[0].link[0].incarnation == lab[1].conf.incarnation, 5000),
	   "a restarted lcm is known by its new incarnation");
	ok(!lab[0].deads, "its path was never DEAD");
	ok(node_logged(&lab[0], "two machines") == 0, "it is no second machine");
	lab_end();
}

static void test_peer_stopped(void)
{
	lab_pair(100, 5);
	lab_pair_start();
	if (!ok(WAIT(BOTH_LINKED, 5000), "the path is up"))
		return;
	kill(lab[1].pid, SIGSTOP);
	ok(WAIT(DEAD(lab[0], 0), 5000), "the path to a stopped process goes DEAD");
	lab_pump(1000);
	kill(lab[1].pid, SIGCONT);
	ok(WAIT(BOTH_ALIVE, 5000), "and ALIVE when it goes on");
	ok(lab[1].deads == 0, "the stopped one has declared nobody dead");
	ok(lab[1].stalls > 0 && node_logged(&lab[1], "did not run for") == 1, "it knows that it did not run");
	lab_end();
}

static void test_both_stopped(void)
{
	lab_pair(100, 3);
	lab_pair_start();
	if (!ok(WAIT(BOTH_LINKED, 5000), "the path is up"))
		return;
	for (int round = 0; round < 3; round++) {
		kill(lab[0].pid, SIGSTOP);
		kill(lab[1].pid, SIGSTOP);
		lab_pump(700);
		kill(lab[0].pid, SIGCONT);
		kill(lab[1].pid, SIGCONT);
		lab_pump(400);
	}
	ok(BOTH_ALIVE && !lab[0].deads && !lab[1].deads, "two that were stopped at a time lose nothing");
	lab_end();
}

static void test_two_paths(void)
{
	lab_pair(100, 5);
	node_tcp(&lab[0], 0, 3, 4);
	node_tcp(&lab[1], 0, 4, 3);
	lab_pair_start();
	if (!ok(WAIT(ALIVE(lab[0], 1) && ALIVE(lab[1], 1) && BOTH_LINKED, 5000), "two paths come up"))
		return;
	lab_pump(300);
	unsigned links = lab[0].links;
	node_send(&lab[0], 0, "one", 3);
	ok(WAIT(lab[1].received == 3, 2000), "data arrives");
	lab[1].npaths = 2;
	memmove(&lab[1].path[0], &lab[1].path[1], sizeof(lab[1].path[0]));
	lab[1].npaths = 1;
	node_commit(&lab[1]);		/* its first path is gone */
	ok(WAIT(DEAD(lab[0], 0), 5000), "one path goes DEAD when the other side forgets it");
	ok(ALIVE(lab[0], 1) && lab[0].links > links && lab[0].link[0].up, "the way leads over the other one");
	ok(node_send(&lab[0], 0, "two", 3) && WAIT(lab[1].received == 6, 2000), "data arrives that way");
	ok(lab[1].deads == 0, "removing a path is no death");
	lab_end();
}

static void test_configuration(void)
{
	lab_pair(100, 5);
	lab_pair_start();
	if (!ok(WAIT(BOTH_LINKED, 5000), "the path is up"))
		return;
	lab_pump(200);
	unsigned links = lab[0].links, deads = lab[0].deads;
	lab[0].path[0].priority = 9;
	lab[0].state[0] = LK_NET_UNKNOWN;
	node_commit(&lab[0]);
	ok(WAIT(lab[0].configured == 2, 2000) && STAYS(lab[0].links == links, 500), "a new priority disturbs nothing");
	ok(ALIVE(lab[0], 0), "and the state is told again to who has begun anew");
	lab[0].path[0].interval = lab[1].path[0].interval = 200;
	lab[0].state[0] = LK_NET_UNKNOWN;
	node_commit(&lab[0]);
	node_commit(&lab[1]);
	ok(WAIT(lab[0].links > links && lab[0].link[0].up, 3000), "a new interval takes a new connection");
	ok(STAYS(BOTH_ALIVE, 1500) && lab[0].deads == deads, "but the path stays ALIVE");
	lab[0].keys = (struct bus_keys){ 0 };
	node_commit(&lab[0]);
	ok(WAIT(DEAD(lab[0], 0) && DEAD(lab[1], 0), 5000), "without a key the path goes down");
	lab[0].keys = (struct bus_keys){ .n = 2, .key = { lab_key(2), lab_key(1) } };
	node_commit(&lab[0]);
	ok(WAIT(BOTH_ALIVE, 5000), "a common key is found, although it is not the first one");
	ok(!node_logged(&lab[0], "lost"), "no log line is lost");
	lab_end();
}

static bool has_ipv6(void)
{
	struct sockaddr_in6 address = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool can = fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0;

	if (fd >= 0)
		close(fd);
	return can;
}

static void test_ipv6(void)
{
	if (!has_ipv6()) {
		ok(true, "IPv6 # SKIP there is no address ::1");
		return;
	}
	lab_pair(100, 5);
	for (int i = 0; i < 2; i++) {
		snprintf(lab[i].path[0].local, sizeof(lab[i].path[0].local), "::1");
		snprintf(lab[i].path[0].remote, sizeof(lab[i].path[0].remote), "::1");
		lab[i].path[0].port = (uint16_t)(2000 + getpid() % 7000);
	}
	lab_pair_start();
	ok(WAIT(BOTH_LINKED, 5000), "a path over IPv6 comes up");
	node_view(&lab[0], 0, FRAME_VIEW_ALIVE);
	node_kill(&lab[1]);
	ok(WAIT(DEAD(lab[0], 0), 5000), "and goes down");
	if (geteuid() == 0)
		ok(WAIT(lab[0].answers > 0, 2000), "its host is probed and answers");
	lab_end();
}

/* What main says is checked, too. */
static void test_protocol(void)
{
	lab_pair(100, 5);
	node_start(&lab[0], "alpha");
	(void)WAIT(lab[0].ready, 5000);
	send(lab[0].bus, "\x77", 1, MSG_NOSIGNAL);
	ok(WAIT(lab[0].ended, 3000), "a message of an unknown type ends the process");
	node_kill(&lab[0]);
	node_start(&lab[0], "alpha");
	(void)WAIT(lab[0].ready, 5000);
	int status;
	pid_t gone = 0;
	shutdown(lab[0].bus, SHUT_RDWR);
	ok(WAIT(gone == lab[0].pid || (gone = waitpid(lab[0].pid, &status, WNOHANG)) == lab[0].pid, 3000),
	   "it ends when main is gone");
	if (gone)
		lab[0].pid = 0;
	lab_end();
}

int main(void)
{
	alarm(240);
	for (int i = 0; i < LAB_NODES; i++)
		lab[i].bus = -1;
	test_up();
	test_data();
	test_busy_main();
	test_detection();
	test_first();
	test_restart();
	test_peer_stopped();
	test_both_stopped();
	test_two_paths();
	test_configuration();
	test_ipv6();
	test_protocol();
	lab_end();
	return tap_done();
}
