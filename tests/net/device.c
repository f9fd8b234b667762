/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Paths over a serial line, here two pseudo terminals with a relay between them, and over a shared disk, here a
 * file. */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../sbin/lcm/sealed.h"
#include "lab.h"
#include "lk/poison.h"

#define ALIVE(n) (lab[n].state[0] == LK_NET_ALIVE)
#define DEAD(n) (lab[n].state[0] == LK_NET_DEAD)
#define BOTH_ALIVE (ALIVE(0) && ALIVE(1))

/* ---- TTY ---- */

static int master[2];

static int open_pty(int side)
{
	master[side] = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (master[side] < 0 || grantpt(master[side]) < 0 || unlockpt(master[side]) < 0)
		return -1;
	return open(ptsname(master[side]), O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
}

/* What one writes the other one reads, unless the line is cut; keeps the last bytes. */
static uint8_t heard[2][400];
static size_t heard_len[2];
static bool cut[2];

static void relay(void)
{
	for (int side = 0; side < 2; side++) {
		uint8_t data[400];
		ssize_t n = read(master[side], data, sizeof(data));

		if (n <= 0 || cut[side])
			continue;
		memcpy(heard[side], data, (size_t)n);
		heard_len[side] = (size_t)n;
		(void)!write(master[!side], data, (size_t)n);
	}
	lab_pump(5);
}

#define RELAY(holds, ms) ({                                          \
	int64_t lab_until = lab_now() + (ms);                        \
	while (!(holds) && lab_now() < lab_until)                    \
		relay();                                             \
	(holds);                                                     \
})

static void tty_begin(void)
{
	for (unsigned i = 0; i < 2; i++) {
		lab[i] = (struct node){ .bus = -1 };
		node_peer(&lab[i], i ? "alpha" : "beta");
		node_device(&lab[i], 0, BUS_TTY)->misses = 10;
		lab[i].fd[0] = open_pty((int)i);
		cut[i] = false;
		heard_len[i] = 0;
	}
	ok(lab[0].fd[0] >= 0 && lab[1].fd[0] >= 0, "there are two terminals");
	lab_pair_start();
}

static void tty_end(void)
{
	lab_end();
	close(master[0]);
	close(master[1]);
}

static void test_tty(void)
{
	tty_begin();
	ok(RELAY(BOTH_ALIVE, 5000), "a TTY path comes up at both ends");
	node_view(&lab[0], 0, FRAME_VIEW_SUSPECT);
	ok(RELAY(lab[1].told[0] == FRAME_VIEW_SUSPECT, 2000), "each is told how the other one sees it");
	ok(!RELAY(lab[0].deads || lab[1].deads, 1500), "it stays up");
	ok(!lab[0].link[0].up, "it is no way for data");
	cut[1] = true;
	ok(RELAY(DEAD(0) && DEAD(1), 5000), "a line that works in one direction only is DEAD at both ends");
	cut[1] = false;
	ok(RELAY(BOTH_ALIVE, 5000), "it comes back");
	tty_end();
}

static void test_tty_garbage(void)
{
	unsigned seed = 3;
	uint8_t noise[100];

	tty_begin();
	ok(RELAY(BOTH_ALIVE, 5000), "the path is up");
	for (int i = 0; i < 60; i++) {
		for (size_t k = 0; k < sizeof(noise); k++)
			noise[k] = (uint8_t)rand_r(&seed);
		if (i % 3 == 0)
			memcpy(noise + 40, "LKPS\0\x30", 6);
		(void)!write(master[1], noise, sizeof(noise));
		for (int k = 0; k < 5; k++)
			relay();
	}
	ok(!lab[0].deads && !lab[1].deads, "garbage between the heartbeats does not end the path");
	ok(RELAY(node_logged(&lab[1], "701031") == 1, 2000), "it is logged once");
	ok(node_logged(&lab[0], "701031") == 0, "at the end that got it");
	ok(RELAY(lab[1].counter[0][2] > 0 && lab[1].counter[0][1] > 0, 2000),
	   "incomplete messages and wrong checksums are counted there");
	ok(lab[0].counter[0][1] == 0 && lab[0].counter[0][2] == 0, "and not at the other end");
	tty_end();
}

static void test_tty_replay(void)
{
	tty_begin();
	ok(RELAY(BOTH_ALIVE && heard_len[0] && heard_len[1], 5000), "the path is up");
	cut[0] = cut[1] = true;
	for (int i = 0; i < 400 && !(DEAD(0) && DEAD(1)); i++) {
		(void)!write(master[1], heard[0], heard_len[0]);	/* alpha's last words, to beta */
		(void)!write(master[0], heard[0], heard_len[0]);	/* and back to itself */
		relay();
	}
	ok(DEAD(0) && DEAD(1), "repeated and reflected heartbeats are no sign of life");
	ok(RELAY(lab[1].counter[0][5] > 0, 2000), "those that came again are counted");
	tty_end();
}

static void test_tty_key(void)
{
	tty_begin();
	lab[1].keys = (struct bus_keys){ .n = 1, .key = { lab_key(2) } };
	node_commit(&lab[1]);
	ok(RELAY(DEAD(0) && DEAD(1), 5000), "without a common key the path does not stay");
	lab[1].keys = (struct bus_keys){ .n = 2, .key = { lab_key(1), lab_key(2) } };
	node_commit(&lab[1]);
	ok(RELAY(BOTH_ALIVE, 5000), "with one it comes up");
	tty_end();
}

static void test_tty_gone(void)
{
	tty_begin();
	ok(RELAY(BOTH_ALIVE, 5000), "the path is up");
	unsigned wants = lab[0].wants;
	close(master[0]);
	ok(RELAY(lab[0].wants > wants && DEAD(0), 5000), "when the terminal is gone, another one is asked for");
	lab[0].fd[0] = open_pty(0);
	ok(RELAY(BOTH_ALIVE, 6000), "and the path comes back with it");
	tty_end();
}

/* ---- DISK ---- */

static char file[64];
static pid_t helper[2];

static int start_helper(int side)
{
	int fd = -1;
	const struct disk_setup setup = { .device = file, .user = "nobody", .first = side == 0,
					  .seccomp = true };

	helper[side] = disk_start(&setup, &fd);
	return fd;
}

static void end_helpers(void)
{
	for (int side = 0; side < 2; side++)
		if (helper[side] > 0) {
			kill(helper[side], SIGCONT);
			waitpid(helper[side], NULL, 0);
			helper[side] = 0;
		}
}

static void disk_begin(void)
{
	for (unsigned i = 0; i < 2; i++) {
		lab[i] = (struct node){ .bus = -1 };
		node_peer(&lab[i], i ? "alpha" : "beta");
		node_device(&lab[i], 0, BUS_DISK)->misses = 10;
	}
	for (int i = 0; i < 2; i++)
		lab[i].fd[0] = start_helper(i);
	lab_pair_start();
}

static void make_file(const char *content)
{
	snprintf(file, sizeof(file), "lab-disk.XXXXXX");
	int fd = mkstemp(file);

	if (fd >= 0)
		(void)!write(fd, content, strlen(content));
	close(fd);
	char *path = realpath(file, NULL);
	if (path)
		snprintf(file, sizeof(file), "%.63s", path);
	free(path);
}

static void test_disk(void)
{
	make_file("");
	disk_begin();
	ok(WAIT(BOTH_ALIVE, 5000), "a DISK path comes up at both ends");
	node_view(&lab[1], 0, FRAME_VIEW_ALIVE);
	ok(WAIT(lab[0].told[0] == FRAME_VIEW_ALIVE, 2000), "each is told how the other one sees it");
	ok(STAYS(!lab[0].deads && !lab[1].deads, 1500), "it stays up");
	kill(helper[0], SIGSTOP);	/* as a write that does not come back would do */
	ok(WAIT(DEAD(0) && DEAD(1), 5000), "a device that hangs ends the path");
	kill(helper[0], SIGCONT);
	ok(WAIT(BOTH_ALIVE, 5000), "it comes back when the device does");
	unsigned wants = lab[1].wants;
	kill(helper[1], SIGKILL);
	waitpid(helper[1], NULL, 0);
	ok(WAIT(lab[1].wants > wants, 5000), "another helper is asked for when one is gone");
	lab[1].fd[0] = start_helper(1);
	ok(WAIT(DEAD(1) || lab[1].fd[0] < 0, 5000) && WAIT(BOTH_ALIVE, 5000), "and the path goes on with it");
	lab_end();
	end_helpers();
	unlink(file);
}

static void test_disk_foreign(void)
{
	char data[64] = "";

	make_file("This is somebody's file system");
	disk_begin();
	ok(WAIT(node_logged(&lab[0], "701033") == 1 && node_logged(&lab[1], "701033") == 1, 5000),
	   "other data on the device is reported");
	ok(WAIT(DEAD(0) && DEAD(1), 5000), "the path does not come up");
	lab_end();
	end_helpers();
	int fd = open(file, O_RDONLY | O_CLOEXEC);
	(void)!read(fd, data, sizeof(data) - 1);
	close(fd);
	is(data, "This is somebody's file system", "nothing was written over it");
	unlink(file);
}

static void test_disk_replay(void)
{
	static uint8_t old[SEALED_SLOT];

	make_file("");
	disk_begin();
	ok(WAIT(BOTH_ALIVE, 5000), "the path is up");
	int fd = open(file, O_RDWR | O_CLOEXEC);
	ok(pread(fd, old, sizeof(old), 0) == sizeof(old), "alpha's slot is copied");
	node_kill(&lab[0]);
	ok(WAIT(DEAD(1), 5000), "alpha is dead");
	for (int i = 0; i < 20; i++) {
		(void)!pwrite(fd, old, sizeof(old), 0);
		lab_pump(50);
	}
	ok(DEAD(1), "writing its slot again does not make it alive");
	memset(old, 0x55, sizeof(old));
	(void)!pwrite(fd, old, sizeof(old), 0);
	ok(WAIT(node_logged(&lab[1], "701032") == 1, 3000), "a slot with something else is reported");
	close(fd);
	lab_end();
	end_helpers();
	unlink(file);
}

static void test_disk_missing(void)
{
	snprintf(file, sizeof(file), "/nonexistent/device");
	disk_begin();
	ok(WAIT(node_logged(&lab[0], "No such file") == 1, 5000), "a device that cannot be opened is reported");
	unsigned wants = lab[0].wants;
	lab[0].fd[0] = start_helper(0);
	ok(WAIT(lab[0].wants > wants + 1, 5000), "and asked for again and again");
	ok(node_logged(&lab[0], "701030") == 1, "without a line each time");
	lab_end();
	end_helpers();
}

int main(void)
{
	alarm(240);
	signal(SIGPIPE, SIG_IGN);
	for (int i = 0; i < LAB_NODES; i++)
		lab[i].bus = -1;
	test_tty();
	test_tty_garbage();
	test_tty_replay();
	test_tty_key();
	test_tty_gone();
	test_disk();
	test_disk_foreign();
	test_disk_replay();
	test_disk_missing();
	return tap_done();
}
