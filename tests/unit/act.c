/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lib/act_remote.c: what a restore asks of other systems, and when it does not start at all. This node is
 * alpha; beta and gamma are played: their states, and what they answer to which command.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

#include "tap.h"
#include "tree.h"
#include "lk/act.h"
#include "lk/epoch.h"
#include "lk/ins.h"
#include "lk/msg.h"
#include "lk/remote.h"
#include "lk/running.h"
#include "lk/sys.h"
#include "lk/poison.h"

static struct {
	enum lk_sys_state beta, gamma;
	int release, epoch;		/* exit codes, -9: no answer */
	bool old;			/* of a release that does not know --give */
	bool die;			/* this process ends as soon as all is released */
	unsigned rounds;		/* how often something was asked, of whomever */
	bool restored_before;		/* a script had run when a release was asked for */
	char asked[2000];
	char noted[LK_ERR_TEXT];
} world;

static const char *root;

/* ---- the played part ---- */

enum lk_sys_state __wrap_lk_sys_state(const struct lk_lcd *lcd, const struct lk_sys *sys,
				      const char **why);
void __wrap_lk_remote_jobs(const struct lk_lcd *lcd, struct lk_remote_job *job, size_t n);

enum lk_sys_state __wrap_lk_sys_state(const struct lk_lcd *lcd, const struct lk_sys *sys,
				      const char **why)
{
	(void)lcd;
	*why = "played";
	return sys->local ? LK_SYS_ALIVE : !strcmp(sys->name, "beta") ? world.beta : world.gamma;
}

static bool journal_has(const char *want)
{
	char path[128], text[1000] = "";

	snprintf(path, sizeof(path), "%s/tmp/journal", root);
	FILE *in = fopen(path, "r");
	if (in) {
		text[fread(text, 1, sizeof(text) - 1, in)] = '\0';
		fclose(in);
	}
	return want ? !strcmp(text, want) : text[0];
}

static void play_job(struct lk_remote_job *job)
{
	bool release = !strcmp(job->argv[0], "perform_action");
	size_t len = strlen(world.asked);

	len += (size_t)snprintf(world.asked + len, sizeof(world.asked) - len, "%s:", job->dest);
	for (int i = 0; i < job->argc; i++)
		len += (size_t)snprintf(world.asked + len, sizeof(world.asked) - len, " %s",
					job->argv[i]);
	snprintf(world.asked + len, sizeof(world.asked) - len, "\n");
	job->code = release ? world.release : world.epoch;
	if (world.old && job->argc > 2 && !strcmp(job->argv[2], "--give"))
		job->code = 2;
	job->rc = job->code < 0 ? lk_fail(&job->err, LK_M_OUT_OF_SERVICE, job->dest) : 0;
}

void __wrap_lk_remote_jobs(const struct lk_lcd *lcd, struct lk_remote_job *job, size_t n)
{
	(void)lcd;
	world.rounds++;
	world.restored_before = world.restored_before || journal_has(NULL);
	for (size_t i = 0; i < n; i++)
		play_job(&job[i]);
	if (world.die)
		_exit(9);
}

static void on_notice(void *arg, const char *text)
{
	(void)arg;
	snprintf(world.noted, sizeof(world.noted), "%s", text);
}

/* ---- the tree: app needs ip, both shared with beta, ip with gamma too; own is not shared ---- */

static void write_record(const char *kind, const char *columns, const char *rows)
{
	char path[64], text[2000];

	snprintf(path, sizeof(path), "config/%s", kind);
	snprintf(text, sizeof(text), "#lockkeeper %s 1\n#%s\n%s#end\n", kind, columns, rows);
	tap_write(root, path, text, 0644);
}

#define TYPE "subsys/gen/resources/app"
#define ROW(tag) #tag "\tid-" #tag "\t\tOSU\t\tAUTORES_ISP\t\t0\t0\t0\t0\tINTELLIGENT\t0\n"

static void make_tree(const char *epochs)
{
	write_record("app", "application", "gen\n");
	write_record("typ", "application\ttype", "gen\tapp\n");
	write_record("dep", "parent\tchild", "app\tip\n");
	write_record("sys", "system\tplace", "alpha\tlocal\nbeta\tremote\ngamma\tremote\n");
	write_record("eqv", "tag\tothersys\tothertag\ttype\tpriority\totherpriority",
		     "app\tbeta\tapp-b\tSHARED\t1\t10\nip\tbeta\tip-b\tSHARED\t1\t10\n"
		     "ip\tgamma\tip-c\tSHARED\t1\t20\n");
	write_record("net", "system\tdevice\ttype\tbaud\tpriority\tinterval\tmisses\tlocal\tremote", "");
	write_record("flg", "flag", "");
	write_record("epoch", "tag\tepoch\towner\ttime", epochs);
	tap_write(root, TYPE "/instances", "#lockkeeper instances 1\n#tag\tid\tinfo\tstate\treason"
		  "\tinitialize\treservation\tholder\tquick\tdeep\tlocalrecovery\tswitchback"
		  "\tdeleting\n" ROW(app) ROW(ip) ROW(own) "#end\n", 0644);
	tap_write(root, TYPE "/actions/restore", "#!/bin/sh\necho $2 >>tmp/journal\n", 0755);
	tap_write(root, "tmp/journal", "", 0644);
	world = (__typeof__(world)){ .beta = LK_SYS_ALIVE, .gamma = LK_SYS_ALIVE };
}

static struct lk_err err;

static int restore(const char *tag)
{
	char *none[] = { NULL };
	struct lk_notice notice = { .say = on_notice };
	struct lk_act act = { .what = { .tag = &tag, .ntags = 1 }, .args = none, .prog = "test",
			      .notice = &notice };

	err = (struct lk_err){ 0 };
	return lk_act_run(&act, &err);
}

/* "TAG=EPOCH/OWNER ..." in order of the tags; and every reservation must be gone. */
static void epochs_are(const char *want, const char *what)
{
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;
	struct lk_err bad;
	char text[300] = "";
	bool free_all = true;

	if (lk_lcd_read(&lcd, LK_T_EPOCH | LK_T_INS, &bad) < 0)
		diag("%s", bad.text);
	lk_epoch_sort(&lcd);
	for (size_t i = 0; i < lcd.nepoch; i++) {
		size_t len = strlen(text);

		snprintf(text + len, sizeof(text) - len, "%s%s=%llu/%s", i ? " " : "",
			 lcd.epoch[i].tag, lcd.epoch[i].epoch, lcd.epoch[i].owner);
	}
	for (size_t i = 0; i < lcd.nins; i++)
		free_all = free_all && lcd.ins[i].resv == LK_RESV_NONE;
	is(text, want, what);
	ok(free_all, "and nothing is reserved");
}

/* Nothing was restored. */
static bool untouched(void)
{
	return journal_has("");
}

/* ---- the cases ---- */

#define RELEASES "beta: perform_action --release -o alpha app-b ip-b\n" \
		 "gamma: perform_action --release -o alpha ip-c\n"

static void check_alive(void)
{
	make_tree("ip\t4\tbeta\t0\n");
	ok(restore("app") == 0 && journal_has("ip\napp\n"), "with both systems ALIVE it is restored");
	is(world.asked, RELEASES "beta: lk_epoch -o alpha app-b=1 ip-b=5\n"
	   "gamma: lk_epoch -o alpha ip-c=5\n",
	   "one command per system to release, then one with the epochs");
	ok(world.rounds == 2, "all systems at the same time");
	ok(!world.restored_before, "all of that before the first script");
	epochs_are("app=1/alpha ip=5/alpha", "this system is the owner");
	world.asked[0] = '\0';
	ok(restore("app") == 0 && !world.asked[0], "what is in service asks nobody");
}

static void check_again(void)
{
	make_tree("app\t2\talpha\t0\nip\t5\talpha\t0\n");
	ok(restore("app") == 0, "restored once more by its owner");
	epochs_are("app=2/alpha ip=5/alpha", "the epochs stay");
	make_tree("");
	ok(restore("own") == 0 && !world.asked[0], "what is not shared asks nobody");
	epochs_are("", "and has no epoch");
}

static void check_refusals(void)
{
	make_tree("ip\t4\tbeta\t0\n");
	world.release = 1;
	ok(restore("app") == -1 && err.number == LK_M_NUMBER(LK_M_REMOTE_RELEASE) && untouched(),
	   "a remove that fails there stops the restore with 1");
	is(world.asked, RELEASES, "and nobody is told an epoch");
	epochs_are("ip=4/beta", "the owner is the old one");
	world.release = 9;
	ok(restore("app") == -9 && untouched(), "9 from there is 9 here");
	world.release = -9;
	ok(restore("app") == -9 && untouched(), "no answer is 9");
	epochs_are("ip=4/beta", "the owner is still the old one");
}

static void check_epoch_answers(void)
{
	make_tree("ip\t4\tbeta\t0\n");
	world.epoch = 5;
	ok(restore("app") == -3 && err.number == LK_M_NUMBER(LK_M_STALE) && untouched(),
	   "a system that knows a newer owner stops the restore with 3");
	epochs_are("app=1/alpha ip=5/alpha", "it was tried");
	world.epoch = 3;
	ok(restore("app") == -3 && untouched(), "so does split brain");
	world.epoch = 7;
	ok(restore("ip") == 0, "a tag that is unknown there does not");
	make_tree("");
	world.epoch = -9;
	ok(restore("app") == 0 && strstr(world.noted, "could not be told"),
	   "nor one that stops answering after the release; that is noted");
}

static void check_dead(void)
{
	make_tree("app\t2\tbeta\t0\nip\t5\tbeta\t0\n");
	world.beta = LK_SYS_DEAD;
	ok(restore("app") == 0 && journal_has("ip\napp\n"), "a DEAD owner is no obstacle");
	is(world.asked, "gamma: perform_action --release --give -o alpha ip-c=6\n", "nor asked");
	epochs_are("app=3/alpha ip=6/alpha", "the epochs are one higher than its");
}

/* ---- where only one other system is ALIVE, it records in the release who the owner is then ---- */

#define GIVES "beta: perform_action --release --give -o alpha app-b=1 ip-b=5\n"

static void make_pair(void)
{
	make_tree("ip\t4\tbeta\t0\n");
	world.gamma = LK_SYS_DEAD;
}

static void check_give(void)
{
	make_pair();
	ok(restore("app") == 0 && journal_has("ip\napp\n") && !world.restored_before,
	   "with one other system it is restored after the release");
	is(world.asked, GIVES, "which has told the epochs, too");
	epochs_are("app=1/alpha ip=5/alpha", "they are those here");
	make_tree("app\t2\talpha\t0\nip\t5\tbeta\t0\n");
	world.gamma = LK_SYS_DEAD;
	ok(restore("app") == 0, "what this system owned already");
	is(world.asked, "beta: perform_action --release --give -o alpha app-b=2 ip-b=6\n", "keeps its epoch");
	epochs_are("app=2/alpha ip=6/alpha", "here as well");
}

static void check_give_refused(void)
{
	make_pair();
	world.release = 4;
	ok(restore("app") == -3 && err.number == LK_M_NUMBER(LK_M_STALE) && untouched(),
	   "one that knows a newer owner stops the restore with 3");
	epochs_are("ip=4/beta", "before anything has changed here");
	world.release = 1;
	ok(restore("app") == -1 && untouched(), "a remove that fails there with 1");
	epochs_are("ip=4/beta", "the owner is the old one");
	make_pair();
	world.old = true;
	ok(restore("app") == 0 && journal_has("ip\napp\n"), "one of an older release");
	is(world.asked, GIVES "beta: perform_action --release -o alpha app-b ip-b\n"
	   "beta: lk_epoch -o alpha app-b=1 ip-b=5\n", "is asked as before");
}

static void check_give_killed(void)
{
	int status = 0;

	make_pair();
	pid_t pid = fork();
	if (pid == 0) {
		world.die = true;
		(void)!restore("app");
		_exit(0);
	}
	waitpid(pid, &status, 0);
	ok(WIFEXITED(status) && WEXITSTATUS(status) == 9 && untouched(), "killed between release and record");
	ok(restore("app") == 0 && journal_has("ip\napp\n"), "the same call does the rest");
	is(world.asked, GIVES, "with the same epochs, which are known there by now");
	epochs_are("app=1/alpha ip=5/alpha", "and are recorded");
}

/* Lockkeeper runs here, as far as lk_running() can see; until the descriptor is closed. */
static int play_running(void)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", root, LK_RUNNING_FILE);
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	if (fd < 0 || flock(fd, LOCK_EX) < 0)
		diag("cannot lock %s", path);
	return fd;
}

static void check_unknown(void)
{
	make_tree("");
	world.beta = world.gamma = LK_SYS_UNKNOWN;
	ok(restore("app") == 0 && !world.asked[0] && !world.noted[0],
	   "without communications nobody is asked");
	make_tree("ip\t5\tbeta\t0\n");
	world.beta = LK_SYS_UNKNOWN;
	ok(restore("app") == -1 && err.number == 472 && untouched(),
	   "but what belongs to a system of unknown state is not restored: 472");
	epochs_are("ip=5/beta", "it stays the owner");
	ok(restore("own") == 0, "anything else is");

	int fd = play_running();
	make_tree("ip\t5\tbeta\t0\n");
	world.beta = LK_SYS_UNKNOWN;
	ok(restore("app") == -9 && err.number == LK_M_NUMBER(LK_M_OWNER_SILENT) && untouched(),
	   "with communications that is 9");
	make_tree("ip\t5\talpha\t0\n");
	world.beta = LK_SYS_UNKNOWN;
	ok(restore("app") == 0 && strstr(world.noted, "state of system \"beta\" is not known"),
	   "a system of unknown state that owns nothing of it is passed over, with a warning");
	close(fd);
}

/* A release for beta, while process pid restores ip here. */
static int release_for(const char *sys, pid_t pid)
{
	const char *tags[] = { "ip", "nope" };
	char *none[] = { NULL };
	struct lk_act act = { .what = { .kind = LK_PLAN_REMOVE, .tag = tags, .ntags = 2,
					.lenient = true },
			      .release_for = sys, .args = none, .prog = "test" };
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;
	struct lk_ins *ins;

	if (pid && (lk_ins_edit(&lcd, 0, "ip", &ins, &err) < 0 ||
		    (ins->resv = LK_RESV_RESTORE, ins->holder.pid = pid,
		     lk_ins_save(&lcd, ins, &err) < 0)))
		return -99;
	lk_lcd_close(&lcd);
	int rc = lk_act_check(&act, &err);
	return rc > 0 ? lk_act_run(&act, &err) : rc;
}

static void check_rivals(void)
{
	pid_t child = fork();

	if (child == 0) {
		pause();
		_exit(0);
	}
	/* a child of ours is foreign to us: it does not wait for us */
	make_tree("");
	tap_write(root, "etc/default/LifeKeeper", "RESERVETIMEOUT=0\n", 0644);
	ok(release_for("beta", child) == -1 && err.number == LK_M_NUMBER(LK_M_RESTORING),
	   "who restores here with the better priority does not give way");
	write_record("eqv", "tag\tothersys\tothertag\ttype\tpriority\totherpriority",
		     "ip\tbeta\tip-b\tSHARED\t11\t10\n");
	ok(release_for("beta", 0) == 0, "with the worse one it is waited for, then broken");
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	ok(release_for("beta", 0) == 0, "nothing in service is nothing to do");
}

int main(void)
{
	alarm(120);
	root = tap_tree();
	tap_write(root, "etc/default/LifeKeeper", "", 0644);
	static const char *const dirs[] = { "subsys/gen", "subsys/gen/resources", TYPE,
					    TYPE "/actions" };
	for (size_t i = 0; i < sizeof(dirs) / sizeof(*dirs); i++) {
		char path[128];

		snprintf(path, sizeof(path), "%s/%s", root, dirs[i]);
		mkdir(path, 0755);
	}
	check_alive();
	check_again();
	check_refusals();
	check_epoch_answers();
	check_dead();
	check_give();
	check_give_refused();
	check_give_killed();
	check_unknown();
	check_rivals();
	tap_clean(root);
	return tap_done();
}
