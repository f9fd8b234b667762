/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Marks of processes that are dead: reservations, deletions, admin locks. */
#include <stdio.h>
#include <string.h>

#include "lk/check.h"
#include "lk/limits.h"
#include "lk/name.h"
#include "lk/proc.h"
#include "lk/poison.h"

static void check_ins(struct lk_check *check, size_t row)
{
	const struct lk_ins *ins = &check->lcd.ins[row];

	if (ins->resv != LK_RESV_NONE && !lk_proc_alive(&ins->holder))
		lk_check_offer(check, lk_check_add(check, lk_check_ins_file(check, ins), ins->line,
				"\"%s\" is reserved (%s) by process %ld, which is dead", ins->tag,
				lk_resv_names[ins->resv], (long)ins->holder.pid),
			       LK_REPAIR_RESERVATION, LK_T_INS, row, LK_T_TYP,
			       "reservation cleared");
	if (ins->deleting.pid && !lk_proc_alive(&ins->deleting))
		lk_check_offer(check, lk_check_add(check, lk_check_ins_file(check, ins), ins->line,
				"\"%s\" is marked for deletion by process %ld, which is dead",
				ins->tag, (long)ins->deleting.pid),
			       LK_REPAIR_MARK, LK_T_INS, row, LK_T_TYP, "deletion mark cleared");
}

/* The process of an admin lock, "!action!PID!TIME!SYSTEM:IDENTIFIER", of this system; 0: another flag. */
static pid_t lock_process(const struct lk_lcd *lcd, const char *flag)
{
	unsigned long long pid = 0;
	char digits[16];
	size_t len = strlen(lcd->local);

	if (strncmp(flag, "!action!", 8) != 0)
		return 0;
	snprintf(digits, sizeof(digits), "%.*s", (int)strcspn(flag + 8, "!"), flag + 8);
	const char *time = strchr(flag + 8, '!');
	const char *sys = time ? strchr(time + 1, '!') : NULL;
	if (!sys || strncmp(sys + 1, lcd->local, len) != 0 || sys[1 + len] != ':' ||
	    !lk_is_number(digits, 1, LK_PID_MAX, &pid))
		return 0;
	return (pid_t)pid;
}

static void check_flag(struct lk_check *check, size_t row)
{
	const struct lk_flg *flg = &check->lcd.flg[row];
	struct lk_holder holder = { .pid = lock_process(&check->lcd, flg->name) };

	if (holder.pid && !lk_proc_alive(&holder))
		lk_check_offer(check, lk_check_add(check, "config/flg", flg->line,
				"admin lock \"%s\" of process %ld, which is dead", flg->name,
				(long)holder.pid),
			       LK_REPAIR_DROP, LK_T_FLG, row, LK_T_SYS, "admin lock released");
}

void lk_check_processes(struct lk_check *check)
{
	for (size_t i = 0; i < check->lcd.nins; i++)
		check_ins(check, i);
	for (size_t i = 0; i < check->lcd.nflg; i++)
		check_flag(check, i);
}
