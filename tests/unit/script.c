/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unit test of lib/script.c and lib/run.c: which script is found, and how it runs. */
#include "lk/script.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>

#include "tap.h"
#include "tree.h"
#include "lk/wait.h"
#include "lk/poison.h"

#define TYPE_DIR "subsys/a/resources/t/actions"
#define APP_DIR "subsys/a/actions"

struct fixture {
	const char *root;
	struct lk_tree tree;
	char notice[LK_ERR_TEXT];
};

static void say(void *arg, const char *text)
{
	struct fixture *f = arg;

	snprintf(f->notice, sizeof(f->notice), "%s", text);
}

static void make_dirs(const struct fixture *f)
{
	static const char *const dirs[] = { "subsys/a", APP_DIR, "subsys/a/resources",
					    "subsys/a/resources/t", TYPE_DIR };

	for (size_t i = 0; i < sizeof(dirs) / sizeof(*dirs); i++)
		mkdirat(f->tree.fd, dirs[i], 0755);
}

/* ---- finding ---- */

/* Exactly these files (modes: 'x' executable, '-' not) must yield want; NULL: none. */
struct lookup {
	const char *name, *files[4], *action, *want;
	bool notice;
};

static const struct lookup lookups[] = {
	{ "no script", { NULL }, "restore", NULL, false },
	{ "of the type", { "x" TYPE_DIR "/restore" }, "restore", TYPE_DIR "/restore", false },
	{ "of the application", { "x" APP_DIR "/restore" }, "restore", APP_DIR "/restore", false },
	{ "the type before the application", { "x" APP_DIR "/restore", "x" TYPE_DIR "/restore.py" },
	  "restore", TYPE_DIR "/restore.py", false },
	{ "no suffix first", { "x" TYPE_DIR "/restore.ksh", "x" TYPE_DIR "/restore" }, "restore",
	  TYPE_DIR "/restore", false },
	{ "ksh before sh", { "x" TYPE_DIR "/restore.sh", "x" TYPE_DIR "/restore.ksh" }, "restore",
	  TYPE_DIR "/restore.ksh", false },
	{ "sh before pl before py", { "x" TYPE_DIR "/restore.py", "x" TYPE_DIR "/restore.pl" },
	  "restore", TYPE_DIR "/restore.pl", false },
	{ "other suffixes do not count", { "x" TYPE_DIR "/restore.bak" }, "restore", NULL, false },
	{ "not executable: the next one", { "-" TYPE_DIR "/restore", "x" TYPE_DIR "/restore.sh" },
	  "restore", TYPE_DIR "/restore.sh", true },
	{ "not executable: the application's", { "-" TYPE_DIR "/restore", "x" APP_DIR "/restore" },
	  "restore", APP_DIR "/restore", true },
	{ "letter case matters", { "x" TYPE_DIR "/Restore" }, "restore", NULL, false },
	{ "quickchk for quickCheck", { "x" TYPE_DIR "/quickchk" }, "quickCheck",
	  TYPE_DIR "/quickchk", false },
	{ "quickCheck for QUICKCHK", { "x" TYPE_DIR "/quickCheck.sh" }, "QUICKCHK",
	  TYPE_DIR "/quickCheck.sh", false },
	{ "quickCheck before quickchk, with any suffix",
	  { "x" TYPE_DIR "/quickchk", "x" TYPE_DIR "/quickCheck.py" }, "quickchk",
	  TYPE_DIR "/quickCheck.py", false },
	{ "any letter case", { "x" TYPE_DIR "/QuickChk.pl" }, "quickCheck",
	  TYPE_DIR "/QuickChk.pl", false },
	{ "the exact spelling before other cases",
	  { "x" TYPE_DIR "/QUICKCHECK", "x" TYPE_DIR "/quickchk.py" }, "quickCheck",
	  TYPE_DIR "/quickchk.py", false },
	{ "of several cases the lowest", { "x" TYPE_DIR "/quickCHK", "x" TYPE_DIR "/Quickchk" },
	  "quickCheck", TYPE_DIR "/Quickchk", false },
	{ "a variant that cannot be executed",
	  { "-" TYPE_DIR "/QUICKCHECK", "x" TYPE_DIR "/Quickchk" }, "quickCheck",
	  TYPE_DIR "/Quickchk", true },
	{ "deepchk for deepCheck", { "x" APP_DIR "/DEEPCHK" }, "deepCheck", APP_DIR "/DEEPCHK",
	  false },
	{ "quickCheck is not deepCheck", { "x" TYPE_DIR "/quickCheck" }, "deepCheck", NULL,
	  false },
};

static void check_lookup(struct fixture *f, const struct lookup *l)
{
	struct lk_notice notice = { .say = say, .arg = f };
	struct lk_err err = { 0 };
	char path[LK_PATH_MAX] = "";

	f->notice[0] = '\0';
	for (int i = 0; i < 4 && l->files[i]; i++)
		tap_write(f->root, l->files[i] + 1, "#!/bin/sh\n",
			  l->files[i][0] == 'x' ? 0755 : 0644);
	int rc = lk_script_find(&f->tree, "a", "t", l->action, path, &notice, &err);
	bool good = l->want ? rc == 1 && !strcmp(path, l->want) : rc == 0;
	if (!ok(good && l->notice == (f->notice[0] != '\0'), "%s", l->name))
		printf("# rc %d path %s notice %s\n", rc, path, f->notice);
	for (int i = 0; i < 4 && l->files[i]; i++)
		unlinkat(f->tree.fd, l->files[i] + 1, 0);
}

static void check_names(struct fixture *f)
{
	struct lk_err err = { 0 };
	char path[LK_PATH_MAX];

	ok(lk_script_find(&f->tree, "a", "t", "../restore", path, NULL, &err) == -5,
	       "an action with a slash is refused");
	ok(lk_script_find(&f->tree, "a", "t", "", path, NULL, &err) == -5,
	       "an empty action is refused");
	mkdirat(f->tree.fd, TYPE_DIR "/restore", 0755);
	ok(lk_script_find(&f->tree, "a", "t", "restore", path, NULL, &err) == 0,
	       "a directory is no script");
	unlinkat(f->tree.fd, TYPE_DIR "/restore", AT_REMOVEDIR);
	ok(lk_script_find(&f->tree, "nosuch", NULL, "quickCheck", path, NULL,
				       &err) == 0, "an application without a directory has none");
}

/* ---- running ---- */

/* Run text as a script; its output is to be in the file out. */
static struct lk_script_end run_text(struct fixture *f, const char *text, unsigned seconds)
{
	char *argv[] = { (char[]){ "x" }, (char[]){ "-t" }, (char[]){ "tag 1" }, NULL };
	struct lk_script script = { .tree = &f->tree, .path = "tmp/script", .argv = argv,
				    .seconds = seconds };
	struct lk_script_end end = { 0 };
	struct lk_err err = { 0 };

	if (text)
		tap_write(f->root, "tmp/script", text, 0755);
	if (lk_script_run(&script, &end, &err) < 0)
		end.code = -1;
	return end;
}

static bool has_text(const struct fixture *f, const char *file, const char *want)
{
	char text[4096] = "", path[512];

	snprintf(path, sizeof(path), "%s/%s", f->root, file);
	FILE *in = fopen(path, "r");
	if (in) {
		text[fread(text, 1, sizeof(text) - 1, in)] = '\0';
		fclose(in);
	}
	if (strstr(text, want))
		return true;
	printf("# %s has: %s\n", file, text);
	return false;
}

static void check_ends(struct fixture *f)
{
	struct lk_script_end end = run_text(f, "#!/bin/sh\nexit 0\n", 0);

	ok(end.code == 0 && !end.timed_out && !end.interrupted, "success");
	end = run_text(f, "#!/bin/sh\nexit 7\n", 0);
	ok(end.code == 7 && !strcmp(end.reason, "exit code 7"), "an exit code");
	end = run_text(f, "#!/bin/sh\nkill -9 $$\n", 0);
	ok(end.code == 137 && !strcmp(end.reason, "killed by signal 9"), "a signal");
	end = run_text(f, "#!/no/such/interpreter\n", 0);
	ok(end.code == 127 && strstr(end.reason, "cannot be executed"),
	       "no interpreter is 127");
	end = run_text(f, "", 0);
	ok(end.code == 126 && strstr(end.reason, "cannot be executed"),
	       "an empty file is 126, not success");
	tap_write(f->root, "tmp/script", "#!/bin/sh\n", 0644);
	end = run_text(f, NULL, 0);
	unlinkat(f->tree.fd, "tmp/script", 0);
	struct lk_script_end gone = run_text(f, NULL, 0);
	ok((getuid() == 0 ? end.code == 126 : end.code >= 126) && gone.code == 127,
	       "not executable is 126, gone is 127");
}

static void check_surroundings(struct fixture *f)
{
	char path[256];
	int leak = open("/dev/null", O_RDONLY);	/* deliberately without O_CLOEXEC */

	signal(SIGPIPE, SIG_IGN);
	struct lk_script_end end = run_text(f,
		"#!/bin/sh\nexec >out/run\npwd\necho root=$LKROOT\necho path=$PATH\n"
		"echo args=$0,$1,$2\ncat; echo fds=$(ls /proc/self/fd | tr '\\n' ' ')\n"
		"grep -E 'Sig(Blk|Ign)' /proc/self/status\nps -o pgid= -p $$ >/dev/null 2>&1\n"
		"cut -d' ' -f1,5 /proc/$$/stat\n", 10);
	signal(SIGPIPE, SIG_DFL);
	close(leak);
	ok(end.code == 0, "a script that looks around");
	snprintf(path, sizeof(path), "%s\nroot=%s\npath=%s/bin:", f->root, f->root, f->root);
	ok(has_text(f, "out/run", path), "directory, LKROOT and PATH");
	snprintf(path, sizeof(path), "args=%s/tmp/script,-t,tag 1", f->root);
	ok(has_text(f, "out/run", path), "arguments");
	ok(has_text(f, "out/run", "fds=0 1 2 3\n"),
	       "no descriptors but 0 to 2 (3 is that of ls)");
	/* signals 32 and 33 belong to the C library, which lets nobody change them */
	ok(has_text(f, "out/run", "SigBlk:\t0000000000000000") &&
	       (has_text(f, "out/run", "SigIgn:\t0000000000000000") ||
		has_text(f, "out/run", "SigIgn:\t0000000180000000")),
	       "no signal blocked or ignored");
}

/* Our own group is not the script's. */
static void check_group(struct fixture *f)
{
	char text[256], want[64];

	snprintf(text, sizeof(text), "#!/bin/sh\ncut -d' ' -f5 /proc/$$/stat | "
		 "sed \"s/^$$\\$/own group/\" >out/group\n");
	snprintf(want, sizeof(want), "own group");
	struct lk_script_end end = run_text(f, text, 10);
	ok(end.code == 0 && has_text(f, "out/group", want), "a process group of its own");
}

static void check_output(struct fixture *f)
{
	char path[256];
	int out = dup(1), err = dup(2);

	fflush(stdout);
	snprintf(path, sizeof(path), "%s/out/stdout", f->root);
	int file = open(path, O_CREAT | O_WRONLY, 0644);
	snprintf(path, sizeof(path), "%s/out/stderr", f->root);
	int other = open(path, O_CREAT | O_WRONLY, 0644);
	dup2(file, 1);
	dup2(other, 2);
	run_text(f, "#!/bin/sh\necho one\necho two >&2\n", 0);
	dup2(out, 1);
	dup2(err, 2);
	close(file), close(other), close(out), close(err);
	ok(has_text(f, "out/stderr", "one\ntwo\n"), "all output goes to stderr");
	snprintf(path, sizeof(path), "%s/out/stdout", f->root);
	struct stat st;
	ok(stat(path, &st) == 0 && st.st_size == 0, "and none to stdout");
}

static void check_limits(struct fixture *f)
{
	int64_t begin = lk_now_ms();
	struct lk_script_end end = run_text(f, "#!/bin/sh\nsleep 60 & sleep 60\n", 1);

	/* by TERM, not by KILL: the code says so whatever the load */
	ok(end.timed_out && end.code == 143 && !strcmp(end.reason, "not finished after 1 s") &&
	       lk_now_ms() - begin < 30000, "a script that takes too long is ended");
	begin = lk_now_ms();
	end = run_text(f, "#!/bin/sh\ntrap : TERM\nwhile :; do sleep 0.1; done\n", 1);
	ok(end.timed_out && end.code == 137 && lk_now_ms() - begin < 40000,
	       "one that does not heed TERM is killed");
	end = run_text(f, "#!/bin/sh\nexit 3\n", 60);
	ok(!end.timed_out && end.code == 3, "one in time is not disturbed");
}

/* A signal to us, from a child of ours, while the script runs. */
static struct lk_script_end run_signalled(struct fixture *f, int sig)
{
	pid_t self = getpid(), pid = fork();

	if (pid == 0) {
		char path[256];

		snprintf(path, sizeof(path), "%s/out/begun", f->root);
		while (access(path, F_OK) < 0)
			usleep(10000);
		kill(self, sig);
		_exit(0);
	}
	struct lk_script_end end = run_text(f,
		"#!/bin/sh\ntrap 'echo got it >out/signal; exit 5' TERM INT HUP\n"
		": >out/begun\ni=0\nwhile [ $i -lt 30 ]; do sleep 0.05; i=$((i+1)); done\nexit 4\n", 0);
	waitpid(pid, NULL, 0);
	unlinkat(f->tree.fd, "out/begun", 0);
	return end;
}

static void check_signals(struct fixture *f)
{
	static const int signals[] = { SIGTERM, SIGINT, SIGHUP };
	sigset_t mask;

	for (int i = 0; i < 3; i++) {
		struct lk_script_end end = run_signalled(f, signals[i]);

		ok(end.interrupted == signals[i] && end.code == 5 &&
		       has_text(f, "out/signal", "got it"), "signal %d is passed on", signals[i]);
		unlinkat(f->tree.fd, "out/signal", 0);
	}
	signal(SIGHUP, SIG_IGN);
	struct lk_script_end end = run_signalled(f, SIGHUP);
	ok(!end.interrupted && end.code == 4, "a signal that we ignore is not");
	signal(SIGHUP, SIG_DFL);
	signal(SIGCHLD, SIG_IGN);
	end = run_text(f, "#!/bin/sh\nexit 6\n", 0);
	ok(end.code == 6, "the exit code is not lost when SIGCHLD is ignored");
	signal(SIGCHLD, SIG_DFL);
	sigprocmask(SIG_SETMASK, NULL, &mask);
	ok(!sigismember(&mask, SIGTERM), "our signal mask is as before");
}

int main(void)
{
	struct fixture f = { .root = tap_tree() };
	struct lk_err err;

	signal(SIGHUP, SIG_DFL);	/* nohup(1) and the like: what we ignore is not passed on */
	signal(SIGINT, SIG_DFL);
	if (lk_tree_open(&f.tree, &err) < 0)
		return 99;
	make_dirs(&f);
	for (size_t i = 0; i < sizeof(lookups) / sizeof(*lookups); i++)
		check_lookup(&f, &lookups[i]);
	check_names(&f);
	check_ends(&f);
	check_surroundings(&f);
	check_group(&f);
	check_output(&f);
	check_limits(&f);
	check_signals(&f);
	lk_tree_close(&f.tree);
	tap_clean(f.root);
	return tap_done();
}
