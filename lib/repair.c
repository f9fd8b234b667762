/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The safe repairs of a tree that was checked. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lk/check.h"
#include "lk/cleanup.h"
#include "lk/ins.h"
#include "lk/poison.h"

static int unlink_file(const struct lk_tree *tree, const char *path, struct lk_err *err)
{
	if (unlinkat(tree->fd, path, 0) < 0 && errno != ENOENT)
		return lk_fail_errno(err, errno, "%s/%s", tree->root, path);
	return 0;
}

static int close_mode(const struct lk_tree *tree, const char *path, struct lk_err *err)
{
	struct stat st;
	int LK_AUTO_CLOSE fd = openat(tree->fd, path,
				      O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0 || fstat(fd, &st) < 0 || fchmod(fd, st.st_mode & 07777 & ~(mode_t)S_IWOTH) < 0)
		return lk_fail_errno(err, errno, "%s/%s", tree->root, path);
	return 0;
}

static int repair_file(struct lk_check *check, struct lk_finding *found, struct lk_err *err)
{
	if (found->repair == LK_REPAIR_UNLINK)
		return unlink_file(&check->lcd.tree, found->file, err);
	if (found->repair == LK_REPAIR_MODE)
		return close_mode(&check->lcd.tree, found->file, err);
	return 0;
}

static void clear_marks(struct lk_lcd *lcd, const struct lk_finding *found)
{
	struct lk_ins *ins = &lcd->ins[found->row];

	if (found->repair == LK_REPAIR_RESERVATION) {
		ins->resv = LK_RESV_NONE;
		ins->holder = (struct lk_holder){ 0 };
	} else {
		ins->deleting = (struct lk_holder){ 0 };
	}
	lk_ins_touch(lcd, ins);
}

static bool is_dropped(const struct lk_check *check, enum lk_table table, size_t row)
{
	for (size_t i = 0; i < check->n; i++)
		if (check->found[i].repair == LK_REPAIR_DROP && check->found[i].table == table &&
		    check->found[i].row == row)
			return true;
	return false;
}

/* From the last row to the first, so that the numbers of the rows stay true. */
#define DROP_ROWS(check, drops, table, bit) ({                              \
	for (size_t k_ = (drops) & (bit) ? (check)->lcd.n##table : 0; k_-- > 0;) \
		if (is_dropped((check), (bit), k_)) {                       \
			LK_LCD_DROP(&(check)->lcd, table, k_);              \
			(check)->lcd.dirty |= (bit);                        \
		} })

static void repair_rows(struct lk_check *check)
{
	struct lk_lcd *lcd = &check->lcd;
	unsigned drops = 0;

	for (size_t i = 0; i < check->n; i++) {
		const struct lk_finding *found = &check->found[i];

		if (found->repair == LK_REPAIR_RESERVATION || found->repair == LK_REPAIR_MARK)
			clear_marks(lcd, found);
		if (found->repair != LK_REPAIR_DROP)
			continue;
		drops |= found->table;
		if (found->table == LK_T_INS)
			lk_ins_touch(lcd, &lcd->ins[found->row]);
	}
	DROP_ROWS(check, drops, app, LK_T_APP);
	DROP_ROWS(check, drops, ins, LK_T_INS);
	DROP_ROWS(check, drops, typ, LK_T_TYP);
	DROP_ROWS(check, drops, dep, LK_T_DEP);
	DROP_ROWS(check, drops, eqv, LK_T_EQV);
	DROP_ROWS(check, drops, sys, LK_T_SYS);
	DROP_ROWS(check, drops, net, LK_T_NET);
	DROP_ROWS(check, drops, flg, LK_T_FLG);
	DROP_ROWS(check, drops, epoch, LK_T_EPOCH);
	DROP_ROWS(check, drops, promise, LK_T_PROMISE);
}

int lk_check_repair(struct lk_check *check, struct lk_err *err)
{
	int rc = 0;

	for (size_t i = 0; i < check->n && rc == 0; i++)
		rc = repair_file(check, &check->found[i], err);
	if (rc == 0) {
		repair_rows(check);
		rc = lk_lcd_commit(&check->lcd, err);
	}
	for (size_t i = 0; i < check->n && rc == 0; i++)
		if (check->found[i].repair != LK_REPAIR_NONE)
			check->found[i].done = true;
	return rc;
}
