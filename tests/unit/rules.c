/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The rules of lk/app.h, lk/ins.h, lk/eqv.h, lk/sys.h and lk/flg.h, on tables in memory. */
#include "lk/app.h"
#include "lk/eqv.h"
#include "lk/flg.h"
#include "lk/ins.h"
#include "lk/sys.h"

#include "tap.h"
#include "lk/poison.h"

static struct lk_err err;

static int add_ins(struct lk_lcd *lcd, const char *type, const char *tag, const char *id)
{
	struct lk_ins ins = { .app = "gen", .type = type, .tag = tag, .id = id, .info = "", .reason = "" };

	return lk_ins_add(lcd, &ins, &err);
}

/* alpha with beta and gamma, application gen, type app, instances a and b */
static void fill(struct lk_lcd *lcd)
{
	struct lk_sys alpha = { .name = "alpha", .local = true };

	snprintf(lcd->local, sizeof(lcd->local), "alpha");
	ok(LK_LCD_APPEND(lcd, sys, alpha, &err) == 0 && lk_sys_add(lcd, "gamma", &err) == 0 &&
	   lk_sys_add(lcd, "beta", &err) == 0 && lk_app_add(lcd, "gen", &err) == 0 &&
	   lk_typ_add(lcd, "gen", "app", &err) == 0 && add_ins(lcd, "app", "a", "1") == 0 &&
	   add_ins(lcd, "app", "b", "2") == 0, "the tables are filled");
}

static void systems(void)
{
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;
	const char *why;
	char name[8];

	fill(&lcd);
	lcd.dirty = 0;
	ok(lk_sys_add(&lcd, "beta", &err) == -4, "a system exists once");
	ok(lk_sys_add(&lcd, "be ta", &err) == -5, "its name keeps the rules");
	ok(lk_sys_drop(&lcd, "alpha", &err) == -5, "the local system stays");
	is(err.text, "can't remove entry for local system \"alpha\"", "with the documented text");
	ok(lk_sys_drop(&lcd, "nosuch", &err) == -7 && !lcd.dirty, "an unknown one cannot go");
	lk_sys_sort(&lcd);
	ok(lcd.sys[0].local && !strcmp(lcd.sys[1].name, "beta"), "the local one is listed first");
	ok(lk_sys_state(&lcd, &lcd.sys[0], &why) == LK_SYS_ALIVE && *why, "it is ALIVE");
	ok(lk_sys_drop(&lcd, "beta", &err) == 0 && !lk_sys_find(&lcd, "beta") &&
	   lcd.dirty == LK_T_SYS, "another can go");
	while (lcd.nsys < 32) {
		snprintf(name, sizeof(name), "n%zu", lcd.nsys);
		if (lk_sys_add(&lcd, name, &err) < 0)
			break;
	}
	ok(lcd.nsys == 32 && lk_sys_add(&lcd, "one-more", &err) == -6, "32 systems are the limit");
}

static void drop(struct lk_lcd *lcd, const char *tag)
{
	lk_ins_drop(lcd, &tag, 1);
}

static int pair(struct lk_lcd *lcd, const char *tag, const char *sys, unsigned mine, unsigned other)
{
	struct lk_eqv_new new = { .tag = tag, .sys = sys, .othertag = tag, .priority = mine,
				  .otherpriority = other };

	return lk_eqv_add(lcd, &new, &err);
}

static void equivalencies(void)
{
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;

	fill(&lcd);
	lcd.dirty = 0;
	ok(pair(&lcd, "a", "nosuch", 0, 0) == -7, "an unknown system gives 7");
	ok(pair(&lcd, "nosuch", "beta", 0, 0) == -7, "an unknown tag gives 7");
	ok(pair(&lcd, "a", "alpha", 0, 0) == -5, "both sides on one system give 5");
	ok(pair(&lcd, "a", "beta", 7, 7) == -5, "equal priorities give 5");
	ok(!lcd.dirty && !lcd.neqv, "nothing was changed");
	ok(pair(&lcd, "a", "beta", 0, 0) == 0 && lk_eqv_priority(&lcd, "a", "alpha") == 1 &&
	   lk_eqv_priority(&lcd, "a", "beta") == 10 && lcd.dirty == LK_T_EQV, "the defaults are 1 and 10");
	ok(pair(&lcd, "a", "beta", 0, 0) == -4, "a pair exists once");
	ok(pair(&lcd, "a", "gamma", 2, 20) == -5, "a priority other than the present one gives 5");
	ok(pair(&lcd, "a", "gamma", 0, 10) == -5, "a priority of another system gives 5");
	ok(pair(&lcd, "a", "gamma", 0, 1) == -5, "so does the local one");
	ok(pair(&lcd, "a", "gamma", 1, 20) == 0 && lk_eqv_priority(&lcd, "a", "gamma") == 20,
	   "a free one is taken");
	ok(lk_eqv_priority(&lcd, "b", "beta") == 0, "another tag has none");
	ok(pair(&lcd, "b", "beta", 10, 1) == 0, "nor a conflict");
	lk_eqv_sort(&lcd);
	ok(!strcmp(lcd.eqv[0].sys, "beta") && !strcmp(lcd.eqv[1].sys, "gamma") &&
	   !strcmp(lcd.eqv[2].tag, "b"), "they are sorted by tag and system");
	ok(lk_eqv_drop(&lcd, "a", "beta", "b", &err) == -7, "a pair that is not there gives 7");
	ok(lk_eqv_drop(&lcd, "a", "beta", "a", &err) == 0 && lcd.neqv == 2, "one that is goes");
	drop(&lcd, "a");
	ok(lcd.neqv == 1 && !strcmp(lcd.eqv[0].tag, "b"), "with an instance its equivalencies go");
}

static void flags(void)
{
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;

	ok(lk_flg_add(&lcd, "b", &err) == 0 && lk_flg_add(&lcd, "!a", &err) == 0 &&
	   lcd.dirty == LK_T_FLG, "flags are set");
	lcd.dirty = 0;
	ok(lk_flg_add(&lcd, "b", &err) == -4 && !lcd.dirty, "a flag is set once");
	ok(lk_flg_add(&lcd, "b c", &err) == -5, "its name keeps the rules");
	lk_flg_sort(&lcd);
	ok(!strcmp(lcd.flg[0].name, "!a"), "they are sorted");
	ok(lk_flg_drop(&lcd, "a", &err) == -7 && !lcd.dirty, "a part of a name does not match");
	ok(lk_flg_drop(&lcd, "!a", &err) == 0 && !lk_flg_find(&lcd, "!a") && lk_flg_find(&lcd, "b"),
	   "one goes, the other stays");
}

static void instances(void)
{
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;
	struct lk_dep dep = { .parent = "a", .child = "b" };
	struct lk_ins *found;

	fill(&lcd);
	ok(add_ins(&lcd, "app", "a", "3") == -4, "a tag exists once");
	ok(add_ins(&lcd, "app", "c", "2") == -4, "an id, too");
	is(err.text, "id \"2\" is in use already, by tag \"b\"", "the message says whose it is");
	ok(add_ins(&lcd, "nosuch", "c", "3") == -7, "an unknown type gives 7");
	ok(add_ins(&lcd, "app", "c d", "3") == -5 && add_ins(&lcd, "app", "c", "") == -5,
	   "a bad tag or id gives 5");
	ok(lk_app_add(&lcd, "gen", &err) == -4 && lk_typ_add(&lcd, "gen", "app", &err) == -4,
	   "applications and types exist once");
	ok(lk_typ_add(&lcd, "nosuch", "app", &err) == -7, "a type needs its application");
	ok(lk_ins_get(&lcd, "b", &found, &err) == 0 && !strcmp(found->id, "2"), "an instance is found");
	ok(lk_ins_get(&lcd, "c", &found, &err) == -7, "or not, with 7");
	ok(LK_LCD_APPEND(&lcd, dep, dep, &err) == 0, "a depends on b");
	lcd.dirty = 0;
	drop(&lcd, "nosuch");
	ok(!lcd.dirty, "dropping what is not there changes nothing");
	drop(&lcd, "b");
	ok(lcd.nins == 1 && !lcd.ndep && (lcd.dirty & (LK_T_INS | LK_T_DEP)) == (LK_T_INS | LK_T_DEP),
	   "with an instance its dependencies go");
	ok(lk_typ_drop(&lcd, "gen", "nosuch", &err) == -7 && lk_app_drop(&lcd, "nosuch", &err) == -7,
	   "unknown types and applications give 7");
	ok(lk_app_drop(&lcd, "gen", &err) == 0 && !lcd.napp && !lcd.ntyp && !lcd.nins,
	   "an application takes its types and instances along");
}

static void intervals(void)
{
	unsigned seconds;
	bool yes;

	ok(lk_ins_interval("Q", "0", &seconds, &err) == 0 && seconds == 0 &&
	   lk_ins_interval("Q", "604800", &seconds, &err) == 0 && seconds == 604800,
	   "an interval is from 0 to 604800");
	ok(lk_ins_interval("Q", "604801", &seconds, &err) == -5 &&
	   lk_ins_interval("Q", "", &seconds, &err) == -5, "anything else is refused");
	ok(lk_ins_yes_no("l", "y", &yes, &err) == 0 && yes && lk_ins_yes_no("l", "N", &yes, &err) == 0 &&
	   !yes && lk_ins_yes_no("l", "yes", &yes, &err) == -5, "Y and N in either case, nothing else");
}

int main(void)
{
	systems();
	equivalencies();
	flags();
	instances();
	intervals();
	return tap_done();
}
