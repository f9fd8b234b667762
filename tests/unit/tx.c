/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lk/tree.h and lk/lcd.h: files, transactions, snapshots, the journal of a dead writer, foreign and
 * damaged files. The clock is wrapped, so that waiting for the lock takes no time; renames and syncs, so that they
 * are counted, and a writer ends before one of them. */
#include "lk/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lk/app.h"
#include "lk/flg.h"
#include "lk/journal.h"
#include "tap.h"
#include "lk/poison.h"

static time_t skipped;		/* seconds that naps have not taken */

int __real_clock_gettime(clockid_t clock, struct timespec *ts);
int __wrap_clock_gettime(clockid_t clock, struct timespec *ts);
int __wrap_nanosleep(const struct timespec *ts, struct timespec *left);

int __wrap_clock_gettime(clockid_t clock, struct timespec *ts)
{
	int rc = __real_clock_gettime(clock, ts);

	ts->tv_sec += skipped;
	return rc;
}

int __wrap_nanosleep(const struct timespec *ts, struct timespec *left)
{
	(void)ts, (void)left;
	skipped++;
	return 0;
}

static int renames_left = -1;	/* before the process ends; -1: no limit */
static unsigned renames, syncs;

int __real_renameat(int olddir, const char *old, int newdir, const char *new);
int __wrap_renameat(int olddir, const char *old, int newdir, const char *new);
int __real_fsync(int fd);
int __wrap_fsync(int fd);

int __wrap_renameat(int olddir, const char *old, int newdir, const char *new)
{
	renames++;
	if (renames_left >= 0 && renames_left-- == 0)
		_exit(9);
	return __real_renameat(olddir, old, newdir, new);
}

int __wrap_fsync(int fd)
{
	syncs++;
	return __real_fsync(fd);
}

static char root[] = "/tmp/lk-unit-XXXXXX";
static struct lk_tree tree;
static struct lk_err err;

/* ---- small things ---- */

static void write_file(const char *path, const char *text)
{
	int fd = openat(tree.fd, path, O_WRONLY | O_CREAT | O_TRUNC, 0640);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		printf("Bail out! %s: %s\n", path, strerror(errno));
	close(fd);
}

static const char *read_file(const char *path)
{
	static char text[4096];
	int fd = openat(tree.fd, path, O_RDONLY);
	ssize_t got = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	if (fd >= 0)
		close(fd);
	if (got < 0)
		return "(none)";
	text[got] = '\0';
	return text;
}

static bool exists(const char *path)
{
	return faccessat(tree.fd, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static void wipe(void)
{
	char command[300];
	pid_t pid;

	snprintf(command, sizeof(command), "%s/config", root);
	pid = fork();
	if (pid == 0) {
		execlp("rm", "rm", "-rf", command, (char *)NULL);
		_exit(127);
	}
	waitpid(pid, NULL, 0);
	mkdirat(tree.fd, "config", 0755);
}

static int put(struct lk_tx *tx, const char *path, const char *text)
{
	struct lk_buf LK_AUTO_BUF buf = { 0 };

	lk_buf_adds(&buf, text);
	return lk_tx_put(tx, path, &buf, &err);
}

static int change(const char *path, const char *text)
{
	struct lk_tx tx;
	int rc = lk_tx_begin(&tx, &tree, &err);

	if (rc == 0)
		rc = put(&tx, path, text);
	if (rc == 0)
		return lk_tx_commit(&tx, &err);
	lk_tx_abort(&tx);
	return rc;
}

/* As a reader sees it, also through a pending journal. */
static const char *snap_read(const char *path)
{
	static char copy[4096];
	struct lk_arena arena = { 0 };
	struct lk_snap snap = { .lock_fd = -1 };
	char *text;
	size_t len;
	int rc = lk_snap_begin(&snap, &tree, &err);

	if (rc == 0)
		rc = lk_snap_read(&snap, path, &arena, &text, &len, &err);
	snprintf(copy, sizeof(copy), "%s", rc == 1 ? text : rc == 0 ? "(none)" : err.text);
	if (!lk_snap_end(&snap))
		snprintf(copy, sizeof(copy), "(spoilt)");
	lk_snap_free(&snap);
	lk_arena_free(&arena);
	return copy;
}

/* ---- transactions ---- */

static void transactions(void)
{
	struct lk_tx tx;

	ok(change("config/a", "one") == 0, "one file is written");
	is(read_file("config/a"), "one", "it is there");
	ok(lk_tx_begin(&tx, &tree, &err) == 0 && put(&tx, "config/a", "two") == 0 &&
	   put(&tx, "config/b", "") == 0 && lk_tx_del(&tx, "config/none", &err) == 0 &&
	   lk_tx_commit(&tx, &err) == 0, "several files are, and one that is not there deleted");
	is(read_file("config/a"), "two", "the first is there");
	is(read_file("config/b"), "", "the second, which is empty, too");
	ok(!exists("config/journal") && !exists("config/.a.new") && !exists("config/.b.new"),
	   "nothing is left behind");
	ok(lk_tx_begin(&tx, &tree, &err) == 0 && put(&tx, "config/a", "three") == 0, "a third begins");
	lk_tx_abort(&tx);
	lk_tx_abort(&tx);
	is(read_file("config/a"), "two", "aborted, it changes nothing");
	ok(lk_tx_begin(&tx, &tree, &err) == 0 && lk_tx_commit(&tx, &err) == 0,
	   "a transaction without files succeeds");
	ok(lk_tx_begin(&tx, &tree, &err) == 0 && lk_tx_del(&tx, "config/b", &err) == 0 &&
	   lk_tx_commit(&tx, &err) == 0 && !exists("config/b"), "one file is deleted");
}

/* Two files, each for itself; the process ends before rename number `left`. */
static int change_each(const char *text, bool sync, int left)
{
	struct lk_tx tx;
	int rc = lk_tx_begin(&tx, &tree, &err);

	if (rc == 0)
		rc = put(&tx, "config/a", text);
	if (rc == 0)
		rc = put(&tx, "config/b", text);
	renames_left = left;
	renames = syncs = 0;
	if (rc == 0)
		return lk_tx_commit_each(&tx, sync, &err);
	lk_tx_abort(&tx);
	return rc;
}

static void each_for_itself(void)
{
	int status = 0;

	ok(change_each("old", false, -1) == 0, "two files are written, each for itself");
	ok(renames == 2 && syncs == 2, "for a sync of each, while none waits for the directory");
	is(read_file("config/a"), "old", "the first is there");
	is(read_file("config/b"), "old", "the second, too");
	ok(change_each("old", true, -1) == 0 && syncs == 4, "with sync their directories are synced");
	pid_t pid = fork();
	if (pid == 0)
		_exit(change_each("new", true, 1) < 0 ? 1 : 0);
	waitpid(pid, &status, 0);
	ok(WIFEXITED(status) && WEXITSTATUS(status) == 9, "a writer ends between the two");
	is(snap_read("config/a"), "new", "then the first is new");
	is(snap_read("config/b"), "old", "and the second is the old one, whole");
	ok(!exists("config/journal"), "there is no journal");
	ok(change_each("newer", false, -1) == 0, "the next writer succeeds");
	is(read_file("config/b"), "newer", "with both");
	ok(!exists("config/.a.new") && !exists("config/.b.new"), "and nothing is left behind");
	struct lk_snap snap = { .lock_fd = -1 };
	ok(lk_snap_begin(&snap, &tree, &err) == 0 && change_each("newest", false, -1) == 0 && !lk_snap_end(&snap),
	   "a reader notices that a writer came between");
	lk_snap_free(&snap);
	unlinkat(tree.fd, "config/b", 0);
	mkdirat(tree.fd, "config/b", 0755);
	ok(change_each("last", false, -1) == -1 && !exists("config/.a.new") && !exists("config/.b.new"),
	   "a failed rename leaves no new text behind");
	unlinkat(tree.fd, "config/b", AT_REMOVEDIR);
	change("config/a", "two");
}

static void refused(void)
{
	char path[300];
	struct lk_tx tx;
	int rc = 0;

	memset(path, 'x', sizeof(path));
	memcpy(path, "config/", 7);
	path[LK_PATH_MAX - 6] = '\0';
	ok(change(path, "") == -6, "a path that is too long is refused with 6");
	path[LK_PATH_MAX - 7] = '\0';
	ok(change(path, "") == 0 && exists(path), "the longest is written");
	ok(change("missing/a", "x") == -1, "a file in a missing directory gives 1");
	ok(lk_tx_begin(&tx, &tree, &err) == 0 && put(&tx, "config/a", "four") == 0 &&
	   put(&tx, "missing/a", "x") == 0 && lk_tx_commit(&tx, &err) == -1,
	   "so it does among others");
	is(read_file("config/a"), "two", "and the others are not written");
	ok(!exists("config/.a.new") && !exists("config/journal"), "nothing is left behind");
	rc = lk_tx_begin(&tx, &tree, &err);
	for (int i = 0; i <= LK_TX_FILES && rc == 0; i++)
		rc = lk_tx_del(&tx, "config/none", &err);
	ok(rc == -6, "more than %d files are refused with 6", LK_TX_FILES);
	lk_tx_abort(&tx);
}

static void lock_timeout(void)
{
	int fd = openat(tree.fd, LK_LOCKFILE, O_RDWR);
	char want[200];
	struct lk_tx tx;
	time_t start = time(NULL);

	snprintf(want, sizeof(want), "the tree has been locked by process %ld for 60 s: giving up",
		 (long)getpid());
	ok(change("config/a", "two") == 0, "this process has been the last holder");
	ok(flock(fd, LOCK_EX | LOCK_NB) == 0, "the lock is held");
	skipped = 0;
	ok(lk_tx_begin(&tx, &tree, &err) == -1, "a writer gives up with 1");
	is(err.text, want, "and says who holds it");
	ok(skipped >= 59 && time(NULL) - start < 30, "after 60 s on the monotonic clock");
	is(snap_read("config/a"), "two", "a reader does not wait");
	close(fd);
	ok(change("config/a", "two") == 0, "when it is free the next writer succeeds");
}

/* ---- journals ---- */

#define JOURNAL(ops) "#lockkeeper journal 1\n#operation\tpath\n" ops "#end\n"

static void dead_writer(void)
{
	write_file("config/a", "old a");
	write_file("config/b", "old b");
	write_file("config/.a.new", "new a");
	write_file("config/.c.new", "new c");
	is(snap_read("config/a"), "old a", "without a journal a reader sees the old text");
	write_file("config/journal",
		   JOURNAL("put\tconfig/a\nput\tconfig/c\nput\tconfig/d\ndel\tconfig/b\n"));
	write_file("config/d", "d in place");	/* renamed already */
	is(snap_read("config/a"), "new a", "through the journal of a dead writer it sees the new");
	is(snap_read("config/b"), "(none)", "that a file is deleted");
	is(snap_read("config/c"), "new c", "that one is new");
	is(snap_read("config/d"), "d in place", "and one that is in place already");
	is(read_file("config/a"), "old a", "a reader changes nothing");
	ok(change("config/x", "x") == 0, "the next writer succeeds");
	is(read_file("config/a"), "new a", "it has finished the dead one's change");
	is(read_file("config/c"), "new c", "all of it");
	ok(!exists("config/b") && !exists("config/journal") && !exists("config/.a.new") &&
	   !exists("config/.c.new"), "and cleaned up");
}

static void bad_journal(const char *name, const char *text, const char *want)
{
	write_file("config/a", "old a");
	write_file("config/journal", text);
	ok(change("config/x", "y") == -3, "%s: a writer gives 3", name);
	is(err.text, want, "with file and line");
	is(snap_read("config/a"), want, "a reader says so too");
	is(read_file("config/journal"), text, "and it is not touched");
	unlinkat(tree.fd, "config/journal", 0);
	is(read_file("config/x"), "x", "nothing was written");
}

static void bad_journals(void)
{
	static const char *const paths[] = { "../x", "/etc/x", "..", "config/..", "config/../../x", "",
					     "config//x", "./x", NULL };
	char text[200], name[50];

	bad_journal("an empty journal", "", "config/journal:0: the file is empty");
	bad_journal("a foreign journal", "hello\n",
		    "config/journal:1: not the first line of such a file");
	bad_journal("a journal that is cut off", "#lockkeeper journal 1\nput\tconfig/a\n",
		    "config/journal:2: the line \"#end\" is missing: the file is cut off");
	bad_journal("an unknown operation", JOURNAL("move\tconfig/a\n"),
		    "config/journal:3: not a journal entry");
	for (int i = 0; paths[i]; i++) {
		snprintf(text, sizeof(text), JOURNAL("put\t%s\n"), paths[i]);
		snprintf(name, sizeof(name), "path \"%s\"", paths[i]);
		bad_journal(name, text, "config/journal:3: not a journal entry");
	}
}

/* ---- snapshots ---- */

static void spoilt(void)
{
	struct lk_snap snap = { .lock_fd = -1 };

	ok(lk_snap_begin(&snap, &tree, &err) == 0 && lk_snap_end(&snap), "a quiet tree is one state");
	ok(change("config/a", "later") == 0 && !lk_snap_end(&snap), "a writer in between spoils it");
	ok(lk_snap_begin(&snap, &tree, &err) == 0 && lk_snap_end(&snap), "the next attempt succeeds");
	for (int i = 0; i < 60; i++)
		if (lk_snap_begin(&snap, &tree, &err) < 0)
			break;
	ok(snap.lock_fd >= 0, "after many attempts a reader takes a shared lock");
	lk_snap_free(&snap);
	ok(change("config/a", "two") == 0, "which it gives back");
}

/* Something else in place of a file. */
static void other_things(void)
{
	const char *want = "config/a:0: not a regular file";

	unlinkat(tree.fd, "config/a", 0);
	mkfifoat(tree.fd, "config/a", 0644);
	is(snap_read("config/a"), want, "a FIFO is no file, and does not hang a reader");
	unlinkat(tree.fd, "config/a", 0);
	mkdirat(tree.fd, "config/a", 0755);
	is(snap_read("config/a"), want, "nor is a directory");
	unlinkat(tree.fd, "config/a", AT_REMOVEDIR);
	ok(symlinkat("/etc/passwd", tree.fd, "config/a") == 0 &&
	   strstr(snap_read("config/a"), "Too many levels of symbolic links") != NULL,
	   "a symbolic link is not followed");
	unlinkat(tree.fd, "config/a", 0);
	unlinkat(tree.fd, LK_LOCKFILE, 0);
	ok(symlinkat("elsewhere", tree.fd, LK_LOCKFILE) == 0 && change("config/a", "x") == -1 &&
	   !exists("config/elsewhere"), "nor one in place of the lock, by a writer");
	ok(strstr(snap_read("config/a"), LK_LOCKFILE) != NULL, "or by a reader, who gives up");
	unlinkat(tree.fd, LK_LOCKFILE, 0);
	ok(symlinkat("elsewhere", tree.fd, "config/.a.new") == 0 && change("config/a", "x") == -1 &&
	   !exists("config/elsewhere"), "nor one in place of a .new file");
	unlinkat(tree.fd, "config/.a.new", 0);
	ok(change("config/a", "x") == 0, "without it all is well");
}

/* ---- the database ---- */

static int set_flag(const char *flag)
{
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;
	int rc = lk_lcd_begin(&lcd, LK_T_FLG, &err);

	if (rc == 0)
		rc = lk_flg_add(&lcd, flag, &err);
	return rc < 0 ? rc : lk_lcd_commit(&lcd, &err);
}

static int read_rows(unsigned tables)
{
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;
	int rc = lk_lcd_read(&lcd, tables, &err);

	return rc < 0 ? rc : (int)(lcd.nflg + lcd.napp + lcd.ntyp + lcd.nins);
}

struct report {
	unsigned n;
	char file[10][100];
};

static void on_problem(void *arg, const char *file, unsigned line, const char *what)
{
	struct report *report = arg;

	if (report->n < 10)
		snprintf(report->file[report->n], 100, "%.40s:%u: %.50s", file, line, what);
	report->n++;
}

static void on_reset(void *arg)
{
	((struct report *)arg)->n = 0;
}

static void survey(bool locked)
{
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;
	struct report report = { 0 };
	struct lk_lcd_report to = { on_problem, on_reset, &report };

	ok(lk_lcd_survey(&lcd, locked, &to, &err) == 0 && report.n == 3,
	   "a survey%s reports all of %u problems", locked ? " under the lock" : "", report.n);
	is(report.file[0], "config/dep:0: the file is missing", "a missing file");
	is(report.file[1], "config/net:3: too few fields", "a bad line");
	is(report.file[2], "config/flg:4: flag \"a b\": only printable ASCII without blanks is",
	   "a bad value");
	ok(lcd.nflg == 2, "the good lines are loaded");
}

static void database(void)
{
	static const char *const files[] = { "app", "typ", "dep", "eqv", "sys", "net", "flg", "epoch", NULL };
	char path[50];
	bool all = true;

	wipe();
	ok(read_rows(LK_T_ALL) == 0, "a fresh tree is read as empty");
	ok(!exists("config/sys") && !exists(LK_LOCKFILE), "and stays as it is");
	ok(set_flag("one") == 0, "the first change");
	for (int i = 0; files[i]; i++) {
		snprintf(path, sizeof(path), "config/%s", files[i]);
		all = all && exists(path);
	}
	ok(all, "writes all the files");
	is(read_file("config/flg"), "#lockkeeper flg 1\n#flag\none\n#end\n", "the flag is there");
	for (int i = 0; files[i]; i++) {
		char moved[60], want[100];

		snprintf(path, sizeof(path), "config/%s", files[i]);
		snprintf(moved, sizeof(moved), "config/%s.away", files[i]);
		snprintf(want, sizeof(want), "%s:0: the file is missing", path);
		renameat(tree.fd, path, tree.fd, moved);
		ok(read_rows(LK_T_ALL) == -3, "without %s the tree is damaged", path);
		is(err.text, want, "with the name of the file");
		renameat(tree.fd, moved, tree.fd, path);
	}
	ok(read_rows(LK_T_ALL) == 1, "put back, all is well");
	unlinkat(tree.fd, "config/dep", 0);
	write_file("config/net", "#lockkeeper net 1\n#\nbeta\n#end\n");
	write_file("config/flg", "#lockkeeper flg 1\n#flag\none\na b\ntwo\n#end\n");
	ok(set_flag("three") == -3, "a damaged file is not overwritten");
	is(err.text, "config/flg:4: flag \"a b\": only printable ASCII without blanks is allowed",
	   "but told, with its line");
	is(read_file("config/flg"), "#lockkeeper flg 1\n#flag\none\na b\ntwo\n#end\n", "it is as it was");
	survey(false);
	survey(true);
}

static void no_tree(void)
{
	struct lk_tree other;

	setenv("LKROOT", "relative", 1);
	ok(lk_tree_open(&other, &err) == -1, "a relative LKROOT is refused");
	is(err.text, "no Lockkeeper tree in \"relative\": LKROOT is not an absolute path", "clearly");
	setenv("LKROOT", "/nonexistent", 1);
	ok(lk_tree_open(&other, &err) == -1, "a missing one gives 1");
	is(err.text, "no Lockkeeper tree in \"/nonexistent\": No such file or directory", "clearly");
	lk_tree_close(&other);
	setenv("LKROOT", root, 1);
	wipe();
	unlinkat(tree.fd, "config", AT_REMOVEDIR);
	ok(read_rows(LK_T_ALL) == -1 && strstr(err.text, "it has no directory \"config\""),
	   "a reader needs the directory config");
	ok(set_flag("x") == -1 && strstr(err.text, "it has no directory \"config\""), "so does a writer");
}

int main(void)
{
	alarm(120);
	if (!mkdtemp(root) || setenv("LKROOT", root, 1) < 0 || lk_tree_open(&tree, &err) < 0)
		return 1;
	wipe();
	transactions();
	each_for_itself();
	refused();
	lock_timeout();
	dead_writer();
	bad_journals();
	spoilt();
	other_things();
	database();
	no_tree();
	lk_tree_close(&tree);
	ok(rmdir(root) == 0, "the tree is empty again");
	return tap_done();
}
