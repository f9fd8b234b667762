/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Scope attributes: what is declared with one of these is released when it leaves its scope. */
#ifndef LK_CLEANUP_H
#define LK_CLEANUP_H

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static inline void lk_cleanup_free(void *p)
{
	free(*(void **)p);
}

static inline void lk_cleanup_close(const int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static inline void lk_cleanup_dir(DIR **d)
{
	if (*d)
		closedir(*d);
}

static inline void lk_cleanup_file(FILE **f)
{
	if (*f)
		fclose(*f);
}

#define LK_AUTO_FREE __attribute__((cleanup(lk_cleanup_free)))
#define LK_AUTO_CLOSE __attribute__((cleanup(lk_cleanup_close)))
#define LK_AUTO_DIR __attribute__((cleanup(lk_cleanup_dir)))
#define LK_AUTO_FILE __attribute__((cleanup(lk_cleanup_file)))

#endif
