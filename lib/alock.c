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

#include "lk/action.h"
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

#define REFRESH_MS 1000
#define STARTS "run/action"		/* lines "START FLAG" */

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
			    const struct lk_action *action)
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
	struct lk_action action;

	for (size_t i = lcd->nflg; i-- > 0;) {
		const char *name = lcd->flg[i].name;
		const char *why = lk_action_parse(name, &action) ? why_dead(lcd, starts, &action) : NULL;

		if (!why)
			continue;
		lk_notice(notice, "flag %s is dropped: %s", name, why);
		LK_LCD_DROP(lcd, flg, i);
		lcd->dirty |= LK_T_FLG;
	}
}

/* Write the start times of the flags of this system anew, with the same transaction. */
static int put_starts(struct lk_lcd *lcd, const char *starts, const struct lk_action *own,
		      unsigned long long own_start, struct lk_err *err)
{
	struct lk_buf LK_AUTO_BUF text = { 0 };
	struct lk_action action;

	for (size_t i = 0; i < lcd->nflg; i++) {
		const char *name = lcd->flg[i].name;
		bool is_own = own && !strcmp(name, own->name);

		if (lk_action_parse(name, &action) && !strcmp(action.sys, lcd->local))
			lk_buf_addf(&text, "%llu %s\n",
				    is_own ? own_start : start_of(starts, name), name);
	}
	int rc = lk_tree_mkdirs(&lcd->tree, STARTS, err);
	return rc < 0 ? rc : lk_tx_put(&lcd->tx, STARTS, &text, err);
}

/* ---- the order ---- */

static bool first_action(const struct lk_lcd *lcd, struct lk_action *first)
{
	struct lk_action action;
	bool any = false;

	for (size_t i = 0; i < lcd->nflg; i++)
		if (lk_action_parse(lcd->flg[i].name, &action) && (!any || lk_action_compare(&action, first) < 0)) {
			*first = action;
			any = true;
		}
	return any;
}

/* Held, or waited for, by a process that waits for us. */
static int check_nested(const struct lk_lcd *lcd, pid_t pid, struct lk_err *err)
{
	struct lk_action action;

	for (size_t i = 0; i < lcd->nflg; i++)
		if (lk_action_parse(lcd->flg[i].name, &action) && !strcmp(action.sys, lcd->local) &&
		    action.pid > 1 &&
		    (lk_proc_descends(pid, action.pid) || lk_proc_descends(getpid(), action.pid)))
			return lk_fail(err, LK_M_LOCK_NESTED, (long)action.pid, action.name);
	return 0;
}

/* A time with which own sorts behind all flags that are there: of two who come in the same
 * second, both would otherwise believe to be first if the second one's name sorts lower. */
static void settle_time(const struct lk_lcd *lcd, struct lk_action *own)
{
	time_t now = time(NULL);
	struct lk_action action;

	own->time = now > 0 ? (unsigned long long)now : 0;
	own->name = "";
	for (size_t i = 0; i < lcd->nflg; i++)
		if (lk_action_parse(lcd->flg[i].name, &action) && lk_action_compare(&action, own) >= 0)
			own->time = action.time + (strcmp(action.sys, own->sys) > 0 ||
						   (!strcmp(action.sys, own->sys) &&
						    action.pid >= own->pid));
}

/* ---- taking ---- */

/* The name of our flag, kept in flag. */
static int name_flag(const struct lk_lcd *lcd, const struct lk_alock *want, struct lk_action *own,
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
	struct lk_action own, first;
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

int lk_alock_sweep(const struct lk_notice *notice, struct lk_err *err)
{
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;
	int rc = lk_lcd_begin(&lcd, LK_T_FLG | LK_T_SYS, err);

	if (rc < 0)
		return rc;
	const char *starts = read_starts(&lcd);
	drop_dead(&lcd, starts, notice);
	if (!(lcd.dirty & LK_T_FLG))
		return 0;
	rc = put_starts(&lcd, starts, NULL, 0, err);
	return rc < 0 ? rc : lk_lcd_commit(&lcd, err);
}

/* ---- waiting ----
 * A flag's own system is the authority for it: there it is before it is anywhere else, and until its operation
 * is over. We are in when our flag is the first of all that any system has. Of two who come at the same time one
 * had its flag on its own system before the other's came there, and the other then sees it. That
 * other one may be unknown there, if its system does not (yet) take ours for alive: so we also wait for
 * flags that are set on their own system and not here. */

struct turn {
	const struct lk_alock *want;
	const struct lk_action *own;
	char told[LK_FLAG_MAX + 1];	/* whom we wait for, as told */
	int64_t refreshed;		/* last time that the others were asked while waiting */
};

static void tell_waiting(struct turn *turn, const struct lk_action *first)
{
	if (!strcmp(turn->told, first->name))
		return;
	lk_notice(turn->want->notice, "waiting for the admin lock, held by process %ld of %s: %s",
		  (long)first->pid, first->sys, first->name);
	snprintf(turn->told, sizeof(turn->told), "%s", first->name);
}

/* 1: nobody is before us on this system; 0: somebody is. */
static int is_first_here(struct turn *turn, struct lk_lcd *lcd, struct lk_err *err)
{
	struct lk_action first;

	if (!lk_flg_find(lcd, turn->own->name))
		return lk_fail(err, LK_M_LOCK_LOST, turn->own->name);
	if (!first_action(lcd, &first) || !strcmp(first.name, turn->own->name))
		return 1;
	/* the dead may be others by then */
	if (why_dead(lcd, read_starts(lcd), &first))
		return lk_alock_sweep(turn->want->notice, err);
	tell_waiting(turn, &first);
	return 0;
}

/* The flag's own system has answered and does not have it: what others have is a copy that nobody could remove. Had it
 * come after that answer it would be behind ours, which all have by now. */
static bool is_released(const struct lk_alock_systems *systems, const struct lk_action *action)
{
	for (size_t i = 0; i < systems->n; i++)
		if (!strcmp(systems->sys[i].name, action->sys))
			return systems->sys[i].answered && !lk_alock_listed(&systems->sys[i], action->name);
	return false;
}

/* One line of another system's answer: may we go in as far as it is concerned? */
static bool may_pass(struct turn *turn, const struct lk_lcd *lcd, const struct lk_alock_systems *systems,
		     const struct lk_alock_system *sys, const char *flag)
{
	struct lk_action action;

	if (!lk_action_parse(flag, &action) || !strcmp(action.sys, lcd->local) || is_released(systems, &action))
		return true;
	if (lk_action_compare(&action, turn->own) >= 0 &&
	    (strcmp(action.sys, sys->name) != 0 || lk_flg_find(lcd, flag)))
		return true;
	tell_waiting(turn, &action);
	return false;
}

/* A system that does not answer may have any flag; it is asked again as long as it is ALIVE. */
static bool may_pass_all(struct turn *turn, const struct lk_lcd *lcd, const struct lk_alock_systems *systems,
			 const struct lk_alock_system *sys)
{
	char flag[LK_FLAG_MAX + 1];

	if (!sys->answered)
		return false;
	for (const char *line = sys->list.data; line && *line;) {
		size_t len = strcspn(line, "\n");

		snprintf(flag, sizeof(flag), "%.*s", (int)(len < LK_FLAG_MAX ? len : LK_FLAG_MAX), line);
		if (!may_pass(turn, lcd, systems, sys, flag))
			return false;
		line += len + (line[len] == '\n');
	}
	return true;
}

/* Flags that are here but no longer on their own system, which has answered since. */
static int drop_released(const struct lk_alock_systems *systems, const struct lk_lcd *seen,
			 struct lk_err *err)
{
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;
	struct lk_action action;
	int rc = lk_lcd_begin(&lcd, LK_T_FLG | LK_T_SYS, err);

	for (size_t i = lcd.nflg; rc == 0 && i-- > 0;) {
		if (!lk_action_parse(lcd.flg[i].name, &action) || !lk_flg_find(seen, action.name) ||
		    !is_released(systems, &action))
			continue;
		LK_LCD_DROP(&lcd, flg, i);
		lcd.dirty |= LK_T_FLG;
	}
	return rc < 0 || !lcd.dirty ? rc : lk_lcd_commit(&lcd, err);
}

/* Those who came back, or are new, do not have our flag yet. 1: it was set there just now. */
static int tell_missing(struct turn *turn, struct lk_lcd *lcd, struct lk_alock_systems *systems,
			struct lk_err *err)
{
	struct lk_alock_systems missing = { .sys = lk_arena_alloc(&lcd->arena, (systems->n + 1) *
								  sizeof(*systems->sys)) };

	if (!missing.sys)
		return lk_fail_nomem(err);
	for (size_t i = 0; i < systems->n; i++)
		if (systems->sys[i].answered &&
		    !lk_alock_listed(&systems->sys[i], turn->own->name))
			missing.sys[missing.n++] = (struct lk_alock_system){
				.name = systems->sys[i].name, .must = systems->sys[i].must };
	int rc = missing.n ? lk_alock_tell(lcd, &missing, "flg_create", turn->own->name, err) : 0;
	return rc < 0 ? rc : missing.n > 0;
}

/* 1: our turn, 0: not yet. */
static int ask_others(struct turn *turn, struct lk_lcd *lcd, bool first, struct lk_err *err)
{
	struct lk_alock_systems systems;
	int rc = lk_alock_systems(lcd, turn->want->amach, turn->want->omach, &systems, err);
	bool pass = first;

	if (rc < 0 || !systems.n)
		return rc < 0 ? rc : first;
	rc = lk_alock_ask(lcd, &systems, err);
	if (rc == 0)
		rc = tell_missing(turn, lcd, &systems, err);
	pass = pass && rc == 0;
	if (rc >= 0 && !first)
		rc = drop_released(&systems, lcd, err);
	for (size_t i = 0; rc >= 0 && pass && i < systems.n; i++)
		pass = may_pass_all(turn, lcd, &systems, &systems.sys[i]);
	lk_alock_systems_free(&systems);
	turn->refreshed = lk_now_ms();
	return rc < 0 ? rc : pass;
}

/* 1: our flag is the first; 0: not yet. The others are asked when nobody here is before us, and else
 * now and then. */
static int is_our_turn(struct turn *turn, struct lk_err *err)
{
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;
	int rc = lk_lcd_read(&lcd, LK_T_FLG | LK_T_SYS, err);

	if (rc == 0)
		rc = is_first_here(turn, &lcd, err);
	if (rc == 0 && turn->want->nowait && *turn->told)
		return lk_fail(err, LK_M_LOCK_HELD, turn->told);
	if (rc < 0 || (rc == 0 && lk_now_ms() - turn->refreshed < REFRESH_MS))
		return rc;
	rc = ask_others(turn, &lcd, rc, err);
	if (rc == 0 && turn->want->nowait && *turn->told)
		return lk_fail(err, LK_M_LOCK_HELD, turn->told);
	return rc;
}

static int wait_for_turn(struct turn *turn, const struct lk_wait *wait, struct lk_err *err)
{
	struct lk_holder holder = lk_proc_holder(turn->want->pid);
	int rc;

	while ((rc = is_our_turn(turn, err)) == 0) {
		rc = lk_wait_nap(wait, err);
		if (rc == 0 && !lk_proc_alive(&holder))
			rc = lk_fail(err, LK_M_LOCK_OWNER, (long)turn->want->pid);
		if (rc < 0)
			return rc;
	}
	return rc < 0 ? rc : 0;
}

/* ---- other systems ---- */

/* Run flg_create or flg_remove on every other system that is needed or ALIVE. */
static int tell_others(const struct lk_alock *want, const char *prog, const char *flag,
		       struct lk_err *err)
{
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;
	struct lk_alock_systems systems = { 0 };
	int rc = lk_lcd_read(&lcd, LK_T_SYS, err);

	if (rc == 0)
		rc = lk_alock_systems(&lcd, want->amach, want->omach, &systems, err);
	if (rc == 0)
		rc = lk_alock_tell(&lcd, &systems, prog, flag, err);
	lk_alock_systems_free(&systems);
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
	struct lk_action own;
	struct turn turn = { .want = want, .own = &own, .refreshed = lk_now_ms() };
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
		rc = tell_others(want, "flg_create", flag, err);
		if (rc == 0 && lk_action_parse(flag, &own))
			rc = wait_for_turn(&turn, &wait, err);
		if (rc < 0) {
			(void)!remove_here(flag, &ignored);
			(void)!tell_others(want, "flg_remove", flag, &ignored);
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
	struct lk_action action;
	int rc = check_systems(&want, err);

	if (rc == 0)
		rc = lk_lockfile_read(lockfile, flag, sizeof(flag), err);
	if (rc < 0)
		return rc;
	if (rc == 0)
		return lk_fail(err, LK_M_NO_LOCKFILE, lockfile, strerror(ENOENT));
	if (!lk_action_parse(flag, &action))
		return lk_fail(err, LK_M_BAD_LOCKFILE, lockfile, "it does not name a lock");
	rc = remove_here(flag, err);
	if (rc == 0)
		rc = tell_others(&want, "flg_remove", flag, err);
	if (rc == 0 && unlink(lockfile) < 0 && errno != ENOENT)
		rc = lk_fail_errno(err, errno, "%s", lockfile);
	return rc;
}

int lk_alock_list(void (*show)(const char *flag), struct lk_err *err)
{
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;
	struct lk_action action;
	int rc = lk_lcd_read(&lcd, LK_T_FLG | LK_T_SYS, err);

	if (rc < 0)
		return rc;
	const char *starts = read_starts(&lcd);
	for (size_t i = 0; i < lcd.nflg; i++)
		if (lk_action_parse(lcd.flg[i].name, &action) && !why_dead(&lcd, starts, &action))
			show(action.name);
	return 0;
}
