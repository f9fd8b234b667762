/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * many N: a writer that changes nearly every file of the tree in one transaction. Afterwards flag,
 * type, and the info of every instance carry the number N, so that a mixture of two states shows.
 *
 * The same source makes writers with one safeguard taken out, for the proof that the tests notice:
 *	LK_BREAK_JOURNAL	no journal appears: the renames are unprotected
 *	LK_BREAK_FSYNC		nothing is written through
 *	LK_BREAK_DIRSYNC	only files are, directories are not
 */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lk/app.h"
#include "lk/flg.h"
#include "lk/ins.h"
#include "lk/poison.h"

#if defined(LK_BREAK_JOURNAL)
int __real_renameat(int from_fd, const char *from, int to_fd, const char *to);
int __wrap_renameat(int from_fd, const char *from, int to_fd, const char *to);
int __wrap_renameat(int from_fd, const char *from, int to_fd, const char *to)
{
	return !strcmp(to, "config/journal") ? unlinkat(from_fd, from, 0)
					     : __real_renameat(from_fd, from, to_fd, to);
}
#endif

#if defined(LK_BREAK_FSYNC) || defined(LK_BREAK_DIRSYNC)
int __real_fsync(int fd);
int __wrap_fsync(int fd);
int __wrap_fsync(int fd)
{
#if defined(LK_BREAK_DIRSYNC)
	struct stat st;

	if (fstat(fd, &st) == 0 && !S_ISDIR(st.st_mode))
		return __real_fsync(fd);
#endif
	(void)fd;
	return 0;
}
#endif

/* The type "nN" comes, the one of the number before goes; so does the flag. */
static int renew(struct lk_lcd *lcd, const char *number, struct lk_err *err)
{
	int rc = 0;

	for (size_t i = lcd->ntyp; i-- > 0 && rc == 0;)
		if (lcd->typ[i].name[0] == 'n')
			rc = lk_typ_drop(lcd, lcd->typ[i].app, lcd->typ[i].name, err);
	lcd->nflg = 0;
	for (size_t i = 0; i < lcd->nins; i++) {
		lcd->ins[i].info = number;
		lk_ins_touch(lcd, &lcd->ins[i]);
	}
	lcd->dirty = LK_T_ALL;
	if (rc == 0)
		rc = lk_flg_add(lcd, number, err);
	return rc < 0 ? rc : lk_typ_add(lcd, "gen", number, err);
}

int main(int argc, char **argv)
{
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;
	struct lk_err err;
	char number[64];

	if (argc != 2)
		return LK_EX_USAGE;
	snprintf(number, sizeof(number), "n%s", argv[1]);
	int rc = lk_lcd_begin(&lcd, LK_T_ALL, &err);
	if (rc == 0)
		rc = renew(&lcd, number, &err);
	if (rc == 0)
		rc = lk_lcd_commit(&lcd, &err);
	if (rc < 0)
		fprintf(stderr, "many: %s\n", err.text);
	return -rc;
}
