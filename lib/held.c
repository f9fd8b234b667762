/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Resources that stay in service while no daemon of their system runs. */
#include "lk/held.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "lk/canvass.h"
#include "lk/endnode.h"
#include "lk/flg.h"
#include "lk/grant.h"
#include "lk/lcm.h"
#include "lk/limits.h"
#include "lk/mark.h"
#include "lk/msg.h"
#include "lk/name.h"
#include "lk/quorum.h"
#include "lk/remote.h"
#include "lk/poison.h"

#define TELL_MS 15000
#define MS 1000000
#define MARK "run/held"
#define MARK_TEMP "run/.held.new"
#define NOTE_MAX (LK_SYS_MAX + 32)

/* ---- notes ---- */

/* Each note has a number of its own behind that: the removal of an earlier one may come late. */
static bool is_note(const char *flag, const char *sys)
{
	size_t lead = sizeof(LK_HELD_FLAG) - 1, len = strlen(sys);

	return !strncmp(flag, LK_HELD_FLAG, lead) && !strncmp(flag + lead, sys, len) &&
	       (!flag[lead + len] || flag[lead + len] == '!');
}

bool lk_held(const struct lk_lcd *lcd, const char *sys)
{
	for (size_t i = 0; i < lcd->nflg; i++)
		if (is_note(lcd->flg[i].name, sys))
			return true;
	return false;
}

static int make_note(const char *sys, char note[static NOTE_MAX], struct lk_err *err)
{
	unsigned long long number;

	if (getrandom(&number, sizeof(number), 0) != sizeof(number))
		return lk_fail_errno(err, errno, "getrandom");
	snprintf(note, NOTE_MAX, LK_HELD_FLAG "%s!%016llx", sys, number);
	return 0;
}

static int set_here(const char *note, bool set, struct lk_err *err)
{
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;
	int rc = lk_lcd_begin(&lcd, LK_T_FLG, err);

	if (rc < 0 || set == (lk_flg_find(&lcd, note) != NULL))
		return rc;
	rc = set ? lk_flg_add(&lcd, note, err) : lk_flg_drop(&lcd, note, err);
	return rc < 0 ? rc : lk_lcd_commit(&lcd, err);
}

/* ---- telling others ---- */

/* Have the others set or remove it, all at the same time. Bit s: the system at lcd->sys[s] has it as wanted now. */
static uint32_t tell_others(struct lk_lcd *lcd, const char *note, bool set)
{
	struct lk_remote_job job[LK_SYSTEMS_MAX];
	char *argv[] = { (char *)(set ? "flg_create" : "flg_remove"), (char *)"-f", (char *)note, NULL };
	unsigned n = 0, at[LK_SYSTEMS_MAX];
	uint32_t good = 0;

	for (unsigned i = 0; i < lcd->nsys && i < LK_SYSTEMS_MAX; i++) {
		if (lcd->sys[i].local)
			continue;
		at[n] = i;
		job[n++] = (struct lk_remote_job){ .dest = lcd->sys[i].name, .argc = 3, .argv = argv,
						   .output = lk_remote_keep, .limit = TELL_MS };
	}
	lk_remote_jobs(lcd, job, n);
	for (unsigned k = 0; k < n; k++)
		if (job[k].rc == 0 && (job[k].code == 0 || job[k].code == (set ? LK_EX_EXISTS : LK_EX_NOENT)))
			good |= UINT32_C(1) << at[k];
	return good;
}

/* One that is not reached from here may be by some of those that are: have them remove it there. */
static bool remove_by_way(struct lk_lcd *lcd, const char *note, const char *sys, uint32_t ways)
{
	struct lk_remote_job job[LK_SYSTEMS_MAX];
	char *argv[] = { (char *)"flg_remove", (char *)"-d", (char *)sys, (char *)"-f", (char *)note, NULL };
	unsigned n = 0;
	bool good = false;

	for (unsigned i = 0; i < lcd->nsys && i < LK_SYSTEMS_MAX; i++)
		if (ways & UINT32_C(1) << i)
			job[n++] = (struct lk_remote_job){ .dest = lcd->sys[i].name, .argc = 5, .argv = argv,
							   .output = lk_remote_keep, .limit = TELL_MS };
	lk_remote_jobs(lcd, job, n);
	/* "not found" may mean the system, too */
	for (unsigned k = 0; k < n; k++)
		good = good || (job[k].rc == 0 && job[k].code == 0);
	return good;
}

/* Does no other system have it any more? */
static bool remove_there(struct lk_lcd *lcd, const char *note)
{
	uint32_t good = tell_others(lcd, note, false);
	bool all = true;

	for (unsigned i = 0; i < lcd->nsys && i < LK_SYSTEMS_MAX; i++)
		if (!lcd->sys[i].local && !(good & UINT32_C(1) << i))
			all = good && remove_by_way(lcd, note, lcd->sys[i].name, good) && all;
	return all;
}

/* What cannot be told stays here, to be told later. */
static void take_back(struct lk_lcd *lcd, const char *note)
{
	struct lk_err ignored;

	if (remove_there(lcd, note))
		(void)!set_here(note, false, &ignored);
}

/* ---- before the daemons stop ---- */

/* Does everybody who might win without us need one of them? In storage mode who is alone wins, too. */
static bool suffices(const struct lk_lcd *lcd, unsigned others)
{
	struct lk_quorum_modes modes;
	struct lk_err ignored;

	if (lk_quorum_modes(&lcd->tree, &modes, &ignored) < 0 || modes.quorum != LK_QMODE_MAJORITY)
		return others + 1 == lcd->nsys;
	return 2 * (others + 1) > lcd->nsys;
}

/* Behind whoever has found that nothing is being stopped: what it brings into service is to be seen. 1: something is. */
static int look_again(struct lk_err *err)
{
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;
	int rc = lk_lcd_begin(&lcd, LK_T_ALL, err);

	return rc < 0 ? rc : lk_anything_runs(&lcd);
}

int lk_held_check(const struct lk_tree *tree, struct lk_err *err)
{
	return lk_mark_counts(tree, MARK) ? lk_fail(err, LK_M_HELD_BUSY) : 0;
}

/* Whoever has been granted something before the others had noted it may win for so long yet; if that is longer than our
 * own deadline, what we find then need not be over for them. */
static int linger(struct lk_lcd *lcd, struct lk_err *err)
{
	struct lk_lcm_quorum answer;
	int64_t window = 0;
	int rc = lk_lcm_quorum(lcd, &answer, err);

	for (size_t i = 0; rc == 0 && i < answer.nsys; i++) {
		int64_t bar = lk_terms_bar(&answer.terms, &answer.sys[i].terms);

		window = bar > window ? bar : window;
	}
	if (rc < 0 || window <= answer.terms.stop)
		return rc;
	int64_t ms = (window - answer.terms.stop) / MS + 1;
	struct timespec nap = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * MS };
	while (nanosleep(&nap, &nap) < 0 && errno == EINTR)
		;
	return 0;
}

static int begin(struct lk_lcd *lcd, struct lk_err *err)
{
	char note[NOTE_MAX];
	int rc = lk_quorum_check(lcd, err);

	if (rc == 0)
		rc = make_note(lcd->local, note, err);
	if (rc == 0)
		rc = set_here(note, true, err);
	if (rc < 0)
		return rc;
	unsigned others = (unsigned)__builtin_popcount(tell_others(lcd, note, true));
	rc = linger(lcd, err);
	/* nobody has been granted anything of ours before they had noted it */
	if (rc == 0)
		rc = lk_quorum_check(lcd, err);
	if (rc == 0 && !suffices(lcd, others))
		rc = lk_fail(err, LK_M_HELD_FEW, others, lcd->nsys - 1);
	if (rc < 0)
		take_back(lcd, note);
	return rc;
}

int lk_held_begin(struct lk_lcd *lcd, struct lk_err *err)
{
	int rc = lk_canvass_needed(&lcd->tree, err);

	if (rc <= 0 || lcd->nsys < 2)
		return rc < 0 ? rc : 0;
	if (!lk_mark_set(&lcd->tree, MARK, MARK_TEMP))
		return lk_fail_errno(err, errno, MARK);
	rc = look_again(err);
	if (rc > 0)
		rc = begin(lcd, err);
	if (rc < 0)
		unlinkat(lcd->tree.fd, MARK, 0);
	return rc;
}

void lk_held_end(void)
{
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;
	struct lk_err ignored;

	/* what a stop sets that begins after this is none of what was read */
	if (lk_lcd_read(&lcd, LK_T_SYS | LK_T_FLG, &ignored) < 0 || lk_held_check(&lcd.tree, &ignored) < 0 ||
	    !lk_held(&lcd, lcd.local) || lk_quorum_check(&lcd, &ignored) < 0)
		return;
	for (size_t i = 0; i < lcd.nflg; i++)
		if (is_note(lcd.flg[i].name, lcd.local))
			take_back(&lcd, lcd.flg[i].name);
}
