/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Asking the administrator before a failover. A question is the file run/confirmso.SYS; the answer is written into
 * it. Two bytes of it are locked (open file description locks, which can be looked at without taking them):
 * ASKER by who waits, so that a file without this lock is one that nobody waits for any more, and ANSWER by who
 * writes or takes an answer, so that one that was accepted is one that counts.
 */
#include "lk/confirm.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "lk/cleanup.h"
#include "lk/canvass.h"
#include "lk/fence.h"
#include "lk/fenced.h"
#include "lk/flg.h"
#include "lk/limits.h"
#include "lk/log.h"
#include "lk/msg.h"
#include "lk/name.h"
#include "lk/script.h"
#include "lk/tunable.h"
#include "lk/wait.h"
#include "lk/sys.h"
#include "lk/poison.h"

#define CONFIRM_SECONDS 600
#define QUESTION "confirmso"
#define CONFIRMED_BY_ANSWER 2	/* not by a default */
#define ANSWER 0
#define ASKER 1
#define TAKE_NAPS 20		/* to wait for somebody who is just writing the answer */

static bool is_flagged(const struct lk_lcd *lcd, const char *sys)
{
	char flag[LK_SYS_MAX + 16];

	snprintf(flag, sizeof(flag), "confirmso!%s", sys);
	return lk_flg_find(lcd, flag);
}

static void say(const struct lk_tree *tree, const char *text)
{
	struct lk_log_line line = { .level = LK_LOG_WARN, .prog = "lcdmachfail", .pid = getpid(),
				    .component = "confirmso", .number = LK_M_NUMBER(LK_M_LOG_CONFIRM), .text = text };
	struct lk_err ignored;

	lk_log(tree, &line, &ignored);
}

/* Whoever is registered for the event tells the administrator. 0, or -1: we are to end. */
static int send_event(const struct lk_tree *tree, const char *sys, struct lk_err *err)
{
	char *argv[] = { (char[]){ "sendevent" }, (char[]){ "-C" }, (char[]){ "lifekeeper" },
			 (char[]){ "-E" }, (char[]){ "confirmso" }, (char[]){ "-m" },
			 (char[]){ "lk:lcdmachfail" }, (char[]){ "-n" }, (char *)sys, NULL };
	struct lk_script script = { .tree = tree, .path = "bin/sendevent", .argv = argv, .seconds = 10 };
	struct lk_script_end end = { 0 };
	struct lk_err ignored;

	(void)!lk_script_run(&script, &end, &ignored);
	return end.interrupted ? lk_fail(err, LK_M_INTERRUPTED, end.interrupted) : 0;
}

/* 'y', 'n', or 0: no answer yet. */
static char read_answer(int fd)
{
	char answer = 0;

	return pread(fd, &answer, 1, 0) == 1 && (answer == 'y' || answer == 'n') ? answer : 0;
}

static int wait_for_answer(int fd, const struct lk_wait *wait, unsigned long long seconds, struct lk_err *err)
{
	int64_t deadline = lk_now_ms() + (int64_t)seconds * 1000;
	int rc = 0;

	while (rc == 0 && !read_answer(fd) && lk_now_ms() < deadline)
		rc = lk_wait_nap(wait, err);
	return rc;
}

static int lock_byte(int fd, int command, off_t byte, short type)
{
	struct flock lock = { .l_type = type, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1 };

	return fcntl(fd, command, &lock) < 0 ? -1 : lock.l_type != F_UNLCK;
}

/* Is it the file of that name still, and without an answer from long ago? */
static bool is_fresh(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && st.st_nlink && !st.st_size;
}

/* The question of somebody who waits is left as it is, with its answer. */
static int open_question(const struct lk_tree *tree, const char *path, const char *sys, struct lk_err *err)
{
	for (;;) {
		int fd = openat(tree->fd, path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);

		if (fd < 0)
			return lk_fail_errno(err, errno, "%s/%s", tree->root, path);
		bool locked = lock_byte(fd, F_OFD_SETLK, ASKER, F_WRLCK) >= 0;
		int saved = errno;

		if (locked && is_fresh(fd))
			return fd;
		if (locked)
			unlinkat(tree->fd, path, 0);
		close(fd);
		if (!locked)
			return saved == EAGAIN || saved == EACCES ?
				       lk_fail(err, LK_M_ASKED, sys) :
				       lk_fail_errno(err, saved, "%s/%s", tree->root, path);
	}
}

/* The last look. Whoever comes later finds no question; who is stopped in the middle is not waited for. */
static char close_question(const struct lk_tree *tree, const char *path, int fd)
{
	const struct timespec nap = { .tv_nsec = 50 * 1000000L };

	for (int i = 0; i < TAKE_NAPS && lock_byte(fd, F_OFD_SETLK, ANSWER, F_WRLCK) < 0; i++)
		nanosleep(&nap, NULL);
	char answer = read_answer(fd);
	unlinkat(tree->fd, path, 0);
	lock_byte(fd, F_OFD_SETLK, ASKER, F_UNLCK);
	return answer;
}

static void say_question(const struct lk_tree *tree, const char *sys, const unsigned long long limits[2])
{
	char text[700];

	snprintf(text, sizeof(text),
		 "failover of \"%s\" waits for confirmation: lk_confirmso -y -s %s, or -n; in %llu s %s", sys,
		 sys, limits[0], limits[1] ? "it is abandoned" : "it goes on");
	say(tree, text);
}

static int ask(const struct lk_lcd *lcd, const char *sys, const unsigned long long limits[2],
	       const struct lk_wait *wait, struct lk_err *err)
{
	char path[LK_SYS_FILE], text[700];

	lk_sys_file(QUESTION, sys, path);
	int LK_AUTO_CLOSE fd = open_question(&lcd->tree, path, sys, err);
	if (fd < 0)
		return fd;
	say_question(&lcd->tree, sys, limits);
	int rc = send_event(&lcd->tree, sys, err);
	if (rc == 0)
		rc = wait_for_answer(fd, wait, limits[0], err);
	char answer = close_question(&lcd->tree, path, fd);
	if (rc < 0)
		return rc;
	rc = answer ? answer == 'y' ? CONFIRMED_BY_ANSWER : 0 : !limits[1];
	snprintf(text, sizeof(text), "failover of \"%s\" %s (%s)", sys, rc ? "goes on" : "is abandoned",
		 answer ? "answered" : "no answer");
	say(&lcd->tree, text);
	return rc;
}

/* For the failures of other systems in the meantime. What cannot be written is taken for not confirmed. */
static void remember(const struct lk_tree *tree, const char *sys, uint64_t incarnation)
{
	char path[LK_SYS_FILE];

	lk_sys_file(LK_SYS_CONFIRMED, sys, path);
	int LK_AUTO_CLOSE fd = openat(tree->fd, path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd >= 0)
		lk_fenced_note(fd, incarnation);
}

int lk_confirm_ask(const struct lk_lcd *lcd, const char *sys, bool unsafe, struct lk_err *err)
{
	unsigned long long limits[2] = { CONFIRM_SECONDS, 0 };
	struct lk_wait wait;

	lk_confirm_forget(&lcd->tree, sys);
	if (!is_flagged(lcd, sys) && !unsafe)
		return 1;
	int rc = lk_tunable_number(&lcd->tree, "CONFIRMSOTO", 0, LK_INTERVAL_MAX, &limits[0], err);
	if (rc >= 0)
		rc = lk_tunable_number(&lcd->tree, "CONFIRMSODEF", 0, 1, &limits[1], err);
	if (rc < 0)
		return rc;
	if (unsafe)
		limits[1] = 1;
	uint64_t incarnation = lk_fenced_heard(sys);
	/* from before there is a question until it is gone, so that a signal leaves none behind */
	lk_wait_begin(&wait);
	rc = ask(lcd, sys, limits, &wait, err);
	if (rc > 0)
		remember(&lcd->tree, sys, rc == CONFIRMED_BY_ANSWER ? incarnation : 0);
	lk_wait_end(&wait);
	return rc > 0 ? 1 : rc;
}

static bool is_confirmed(const struct lk_lcd *lcd, const char *sys)
{
	return lk_sys_noted(&lcd->tree, LK_SYS_CONFIRMED, sys);
}

bool lk_confirm_unfenced(const struct lk_lcd *lcd, const char *sys)
{
	struct lk_err ignored;

	return lk_fence_configured(&lcd->tree, sys) && !lk_fence_done(&lcd->tree, sys) &&
	       !is_confirmed(lcd, sys) && lk_canvass_needed(&lcd->tree, &ignored) <= 0;
}

bool lk_confirm_missing(const struct lk_lcd *lcd, const char *sys)
{
	return lk_confirm_unfenced(lcd, sys) || (is_flagged(lcd, sys) && !is_confirmed(lcd, sys));
}

void lk_confirm_forget(const struct lk_tree *tree, const char *sys)
{
	char path[LK_SYS_FILE];

	lk_sys_file(LK_SYS_CONFIRMED, sys, path);
	unlinkat(tree->fd, path, 0);
}

int lk_confirm_answer(const struct lk_tree *tree, const char *sys, bool yes, struct lk_err *err)
{
	char path[LK_SYS_FILE];

	lk_sys_file(QUESTION, sys, path);
	int LK_AUTO_CLOSE fd = openat(tree->fd, path, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && errno != ENOENT)
		return lk_fail_errno(err, errno, "%s/%s", tree->root, path);
	if (fd >= 0 && lock_byte(fd, F_OFD_SETLKW, ANSWER, F_WRLCK) < 0)
		return lk_fail_errno(err, errno, "%s/%s", tree->root, path);
	if (fd < 0 || lock_byte(fd, F_OFD_GETLK, ASKER, F_WRLCK) == 0)
		return lk_fail(err, LK_M_NO_QUESTION, sys);
	if (pwrite(fd, yes ? "y" : "n", 1, 0) != 1)
		return lk_fail_errno(err, errno, "%s/%s", tree->root, path);
	return 0;
}
