/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The admin lock. */
#include "lk/alock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lk/cleanup.h"
#include "lk/flg.h"
#include "lk/limits.h"
#include "lk/lockfile.h"
#include "lk/msg.h"
#include "lk/name.h"
#include "lk/proc.h"
#include "lk/remote.h"
#include "lk/sys.h"
#include "lk/wait.h"
#include "lk/poison.h"

#define STARTS "run/action"		/* lines "START FLAG" */
#define TIME_MAX 99999999999ULL

/* A flag, taken apart. */
struct action {
	const char *name;
	pid_t pid;
	unsigned long long time;
	char sys[LK_SYS_MAX + 1];
};

/* A decimal number up to stop; NULL if there is none. */
static const char *take_number(const char *text, char stop, unsigned long long max,
			       unsigned long long *number)
{
	const char *end = strchr(text, stop);
	char digits[24];

	if (!end || end == text || end - text >= (ptrdiff_t)sizeof(digits))
		return NULL;
	snprintf(digits, sizeof(digits), "%.*s", (int)(end - text), text);
	return lk_is_number(digits, 0, max, number) ? end + 1 : NULL;
}

/* False: not a flag of the admin lock. */
static bool parse(const char *flag, struct action *action)
{
	static const char prefix[] = "!action!";
	unsigned long long pid;
	const char *at = flag + strlen(prefix);

	if (strncmp(flag, prefix, strlen(prefix)) != 0)
		return false;
	at = take_number(at, '!', LK_PID_MAX, &pid);
	if (at)
		at = take_number(at, '!', TIME_MAX, &action->time);
	const char *colon = at ? strchr(at, ':') : NULL;
	if (!colon || colon == at || colon - at > LK_SYS_MAX)
		return false;
	snprintf(action->sys, sizeof(action->sys), "%.*s", (int)(colon - at), at);
	action->pid = (pid_t)pid;
	action->name = flag;
	return true;
}

static int compare(const struct action *a, const struct action *b)
{
	int order = (a->time > b->time) - (a->time < b->time);

	if (!order)
		order = strcmp(a->sys, b->sys);
	if (!order)
		order = (a->pid > b->pid) - (a->pid < b->pid);
	return order ? order : strcmp(a->name, b->name);
}

/* ---- who is alive ---- */

/* The start times as text in the arena; "" when there are none. Only a help: never an error. */
static const char *read_starts(struct lk_lcd *lcd)
{
	struct lk_err err;
	char *text;
	size_t len;

	if (lk_tree_slurp(&lcd->tree, STARTS, &lcd->arena, &text, &len, &err) == 1)
		return text;
	return "";
}

static unsigned long long start_of(const char *starts, const char *flag)
{
	size_t len = strlen(flag);

	for (const char *line = starts; *line;) {
		size_t end = strcspn(line, "\n"), blank = strcspn(line, " ");

		if (blank < end && end - blank - 1 == len && !memcmp(line + blank + 1, flag, len))
			return strtoull(line, NULL, 10);
		line += end + (line[end] == '\n');
	}
	return 0;
}

/* Can the flag's process still have the lock, or want it? NULL: yes, else why not. */
static const char *why_dead(struct lk_lcd *lcd, const char *starts,
			    const struct action *action)
{
	struct lk_holder holder = { .pid = action->pid };
	const struct lk_sys *sys = lk_sys_find(lcd, action->sys);
	const char *why;

	if (!sys)
		return "its system is not known here";
	if (!sys->local)
		return lk_sys_state(lcd, sys, &why) == LK_SYS_DEAD ? "its system is dead" : NULL;
	holder.start = start_of(starts, action->name);
	return lk_proc_alive(&holder) ? NULL : "its process has ended";
}

/* Remove the flags of the dead. Within a transaction. */
static void drop_dead(struct lk_lcd *lcd, const char *starts, const struct lk_notice *notice)
{
	struct action action;

	for (size_t i = lcd->nflg; i-- > 0;) {
		const char *name = lcd->flg[i].name;
		const char *why = parse(name, &action) ? why_dead(lcd, starts, &action) : NULL;

		if (!why)
			continue;
		lk_notice(notice, "flag %s is dropped: %s", name, why);
		LK_LCD_DROP(lcd, flg, i);
		lcd->dirty |= LK_T_FLG;
	}
}

/* Write the start times of the flags of this system anew, with the same transaction. */
static int put_starts(struct lk_lcd *lcd, const char *starts, const struct action *own,
		      unsigned long long own_start, struct lk_err *err)
{
	struct lk_buf LK_AUTO_BUF text = { 0 };
	struct action action;

	for (size_t i = 0; i < lcd->nflg; i++) {
		const char *name = lcd->flg[i].name;
		bool is_own = own && !strcmp(name, own->name);

		if (parse(name, &action) && !strcmp(action.sys, lcd->local))
			lk_buf_addf(&text, "%llu %s\n",
				    is_own ? own_start : start_of(starts, name), name);
	}
	int rc = lk_tree_mkdirs(&lcd->tree, STARTS, err);
	return rc < 0 ? rc : lk_tx_put(&lcd->tx, STARTS, &text, err);
}

/* ---- the order ---- */

static bool first_action(const struct lk_lcd *lcd, struct action *first)
{
	struct action action;
	bool any = false;

	for (size_t i = 0; i < lcd->nflg; i++)
		if (parse(lcd->flg[i].name, &action) && (!any || compare(&action, first) < 0)) {
			*first = action;
			any = true;
		}
	return any;
}

/* Held, or waited for, by a process that waits for us. */
static int check_nested(const struct lk_lcd *lcd, pid_t pid, struct lk_err *err)
{
	struct action action;

	for (size_t i = 0; i < lcd->nflg; i++)
		if (parse(lcd->flg[i].name, &action) && !strcmp(action.sys, lcd->local) &&
		    action.pid > 1 &&
		    (lk_proc_descends(pid, action.pid) || lk_proc_descends(getpid(), action.pid)))
			return lk_fail(err, LK_M_LOCK_NESTED, (long)action.pid, action.name);
	return 0;
}

/* A time with which own sorts behind all flags that are there: of two who come in the same
 * second, both would otherwise believe to be first if the second one's name sorts lower. */
static void settle_time(const struct lk_lcd *lcd, struct action *own)
{
	time_t now = time(NULL);
	struct action action;

	own->time = now > 0 ? (unsigned long long)now : 0;
	own->name = "";
	for (size_t i = 0; i < lcd->nflg; i++)
		if (parse(lcd->flg[i].name, &action) && compare(&action, own) >= 0)
			own->time = action.time + (strcmp(action.sys, own->sys) > 0 ||
						   (!strcmp(action.sys, own->sys) &&
						    action.pid >= own->pid));
}

/* ---- taking ---- */

/* The name of our flag, kept in flag. */
static int name_flag(const struct lk_lcd *lcd, const struct lk_alock *want, struct action *own,
		     char flag[static LK_FLAG_MAX + 1], struct lk_err *err)
{
	snprintf(own->sys, sizeof(own->sys), "%s", lcd->local);
	own->pid = want->pid;
	settle_time(lcd, own);
	int len = snprintf(flag, LK_FLAG_MAX + 1, "!action!%05ld!%llu!%s:%s", (long)own->pid,
			   own->time, own->sys, want->identifier);
	own->name = flag;
	if (len > LK_FLAG_MAX || !*want->identifier)
		return lk_fail(err, LK_M_BAD_NAME, "identifier", want->identifier,
			       "it is empty or too long");
	if (lk_check_flag(flag, err) < 0)
		return lk_fail(err, LK_M_BAD_NAME, "identifier", want->identifier,
			       "only printable ASCII without blanks is allowed");
	return 0;
}

/* The lock file must not be that of another operation: its release would free ours. */
static int check_lockfile(const struct lk_lcd *lcd, const struct lk_alock *want, struct lk_err *err)
{
	char flag[LK_FLAG_MAX + 2];
	struct lk_err unreadable;

	if (lk_lockfile_read(want->lockfile, flag, sizeof(flag), &unreadable) == 1 &&
	    lk_flg_find(lcd, flag))
		return lk_fail(err, LK_M_LOCKFILE_USED, want->lockfile, flag);
	return 0;
}

/* Create the flag here, in one transaction with the choice of its time. */
static int enter(const struct lk_alock *want, char flag[static LK_FLAG_MAX + 1], struct lk_err *err)
{
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;
	struct lk_holder holder = lk_proc_holder(want->pid);
	struct action own, first;
	int rc = lk_lcd_begin(&lcd, LK_T_FLG | LK_T_SYS, err);

	if (rc < 0)
		return rc;
	const char *starts = read_starts(&lcd);
	drop_dead(&lcd, starts, want->notice);
	rc = check_nested(&lcd, want->pid, err);
	if (rc == 0)
		rc = check_lockfile(&lcd, want, err);
	if (rc == 0 && want->nowait && first_action(&lcd, &first))
		rc = lk_fail(err, LK_M_LOCK_HELD, first.name);
	if (rc == 0)
		rc = name_flag(&lcd, want, &own, flag, err);
	if (rc == 0)
		rc = lk_flg_add(&lcd, flag, err);
	if (rc == 0)
		rc = put_starts(&lcd, starts, &own, holder.start, err);
	/* Before the flag: a flag whose name nobody knows could not be released. */
	if (rc == 0)
		rc = lk_lockfile_write(want->lockfile, flag, err);
	if (rc < 0)
		return rc;
	rc = lk_lcd_commit(&lcd, err);
	if (rc < 0)
		unlink(want->lockfile);
	return rc;
}

static int remove_here(const char *flag, struct lk_err *err)
{
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;
	struct lk_err gone;
	int rc = lk_lcd_begin(&lcd, LK_T_FLG | LK_T_SYS, err);

	if (rc < 0 || lk_flg_drop(&lcd, flag, &gone) < 0)
		return rc;
	rc = put_starts(&lcd, read_starts(&lcd), NULL, 0, err);
	return rc < 0 ? rc : lk_lcd_commit(&lcd, err);
}

/* Remove the dead before us; they may be others than those seen without the lock. */
static int clear_dead(const struct lk_notice *notice, struct lk_err *err)
{
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;
	int rc = lk_lcd_begin(&lcd, LK_T_FLG | LK_T_SYS, err);

	if (rc < 0)
		return rc;
	const char *starts = read_starts(&lcd);
	drop_dead(&lcd, starts, notice);
	rc = put_starts(&lcd, starts, NULL, 0, err);
	return rc < 0 ? rc : lk_lcd_commit(&lcd, err);
}

/* 1: our flag is the first; 0: not yet. */
static int is_our_turn(const struct lk_alock *want, const char *flag, char told[static LK_FLAG_MAX + 1],
		       struct lk_err *err)
{
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;
	struct action first;
	int rc = lk_lcd_read(&lcd, LK_T_FLG | LK_T_SYS, err);

	if (rc < 0)
		return rc;
	if (!lk_flg_find(&lcd, flag))
		return lk_fail(err, LK_M_LOCK_LOST, flag);
	if (!first_action(&lcd, &first) || !strcmp(first.name, flag))
		return 1;
	if (why_dead(&lcd, read_starts(&lcd), &first))
		return clear_dead(want->notice, err);
	if (strcmp(told, first.name) != 0)
		lk_notice(want->notice, "waiting for the admin lock, held by process %ld of %s: %s",
			  (long)first.pid, first.sys, first.name);
	snprintf(told, LK_FLAG_MAX + 1, "%s", first.name);
	return 0;
}

static int wait_for_turn(const struct lk_alock *want, const char *flag, const struct lk_wait *wait,
			 struct lk_err *err)
{
	struct lk_holder holder = lk_proc_holder(want->pid);
	char told[LK_FLAG_MAX + 1] = "";
	int rc;

	while ((rc = is_our_turn(want, flag, told, err)) == 0) {
		rc = lk_wait_nap(wait, err);
		if (rc == 0 && !lk_proc_alive(&holder))
			rc = lk_fail(err, LK_M_LOCK_OWNER, (long)want->pid);
		if (rc < 0)
			return rc;
	}
	return rc < 0 ? rc : 0;
}

/* ---- other systems ---- */

static bool is_wanted(const struct lk_sys *sys, const char *amach, const char *omach)
{
	return !strcmp(sys->name, amach) || (omach && !strcmp(sys->name, omach));
}

/* Run flg_create or flg_remove on every other system that is needed or ALIVE. Stops with an error
 * at a needed system that fails, unless it is no matter (needed is false). When the transport is there,
 * the waiting must look at the flags of these systems, too. */
static int tell_others(const struct lk_alock *want, const char *prog, const char *flag, bool needed,
		       struct lk_err *err)
{
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;
	char *argv[] = { (char *)prog, "-f", (char *)flag };
	struct lk_err ignored;
	int rc = lk_lcd_read(&lcd, LK_T_SYS, err);

	for (size_t i = 0; i < lcd.nsys && rc == 0; i++) {
		const struct lk_sys *sys = &lcd.sys[i];
		struct lk_remote_request request = { .dest = sys->name, .prog = prog, .argc = 3,
						     .argv = argv };
		bool must = is_wanted(sys, want->amach, want->omach);
		const char *why;
		int code;

		if (sys->local || (!must && lk_sys_state(&lcd, sys, &why) != LK_SYS_ALIVE))
			continue;
		must = must && needed;
		rc = lk_remote_run(&lcd, &request, &code, must ? err : &ignored);
		if (rc == 0 && code != 0 && must)
			rc = lk_fail(err, LK_M_REMOTE_CODE, prog, sys->name, code);
		rc = must ? rc : 0;
	}
	return rc;
}

static int check_systems(const struct lk_alock *want, struct lk_err *err)
{
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;
	int rc = lk_lcd_read(&lcd, LK_T_SYS, err);

	if (rc == 0 && !lk_sys_find(&lcd, want->amach))
		rc = lk_fail(err, LK_M_NO_SYS, want->amach);
	if (rc == 0 && want->omach && !lk_sys_find(&lcd, want->omach))
		rc = lk_fail(err, LK_M_NO_SYS, want->omach);
	return rc;
}

int lk_alock_take(const struct lk_alock *want, struct lk_err *err)
{
	struct lk_holder holder = lk_proc_holder(want->pid);
	char flag[LK_FLAG_MAX + 1];
	struct lk_err ignored;
	struct lk_wait wait;
	int rc = check_systems(want, err);

	if (rc == 0 && !lk_proc_alive(&holder))
		rc = lk_fail(err, LK_M_LOCK_OWNER, (long)want->pid);
	if (rc < 0)
		return rc;
	lk_wait_begin(&wait);
	rc = enter(want, flag, err);
	if (rc == 0) {
		rc = tell_others(want, "flg_create", flag, true, err);
		if (rc == 0)
			rc = wait_for_turn(want, flag, &wait, err);
		if (rc < 0) {
			(void)!tell_others(want, "flg_remove", flag, false, &ignored);
			(void)!remove_here(flag, &ignored);
			unlink(want->lockfile);
		}
	}
	lk_wait_end(&wait);
	return rc;
}

int lk_alock_release(const char *amach, const char *lockfile, struct lk_err *err)
{
	struct lk_alock want = { .amach = amach, .lockfile = lockfile };
	char flag[LK_FLAG_MAX + 2];
	struct action action;
	int rc = check_systems(&want, err);

	if (rc == 0)
		rc = lk_lockfile_read(lockfile, flag, sizeof(flag), err);
	if (rc < 0)
		return rc;
	if (rc == 0)
		return lk_fail(err, LK_M_NO_LOCKFILE, lockfile, strerror(ENOENT));
	if (!parse(flag, &action))
		return lk_fail(err, LK_M_BAD_LOCKFILE, lockfile, "it does not name a lock");
	rc = remove_here(flag, err);
	if (rc == 0)
		rc = tell_others(&want, "flg_remove", flag, false, err);
	if (rc == 0 && unlink(lockfile) < 0 && errno != ENOENT)
		rc = lk_fail_errno(err, errno, "%s", lockfile);
	return rc;
}
