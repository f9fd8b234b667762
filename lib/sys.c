/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Systems of the cluster as this node knows them. */
#include "lk/sys.h"

#include <fcntl.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lk/lcm.h"
#include "lk/limits.h"
#include "lk/msg.h"
#include "lk/name.h"
#include "lk/poison.h"

const char *const lk_sys_state_names[] = { "ALIVE", "DEAD", "UNKNOWN", NULL };

void lk_sys_file(const char *kind, const char *sys, char path[static LK_SYS_FILE])
{
	snprintf(path, LK_SYS_FILE, "run/%s.%s", kind, sys);
}

bool lk_sys_noted(const struct lk_tree *tree, const char *kind, const char *sys)
{
	char path[LK_SYS_FILE];

	lk_sys_file(kind, sys, path);
	return faccessat(tree->fd, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

struct lk_sys *lk_sys_find(const struct lk_lcd *lcd, const char *sys)
{
	for (size_t i = 0; i < lcd->nsys; i++)
		if (!strcmp(lcd->sys[i].name, sys))
			return &lcd->sys[i];
	return NULL;
}

int lk_sys_add(struct lk_lcd *lcd, const char *sys, struct lk_err *err)
{
	struct lk_sys row = { .name = lk_arena_dup(&lcd->arena, sys) };
	int rc = lk_check_sys(sys, err);

	if (rc < 0)
		return rc;
	if (lk_sys_find(lcd, sys))
		return lk_fail(err, LK_M_SYS_EXISTS, sys);
	if (lcd->nsys >= LK_SYSTEMS_MAX)
		return lk_fail(err, LK_M_TOO_MANY_SYSTEMS, LK_SYSTEMS_MAX);
	if (!row.name)
		return lk_fail_nomem(err);
	lcd->dirty |= LK_T_SYS;
	return LK_LCD_APPEND(lcd, sys, row, err);
}

int lk_sys_drop(struct lk_lcd *lcd, const char *sys, struct lk_err *err)
{
	const struct lk_sys *row = lk_sys_find(lcd, sys);

	if (!row)
		return lk_fail(err, LK_M_NO_SYS, sys);
	if (row->local)
		return lk_fail(err, LK_M_LOCAL_SYSTEM, sys);
	LK_LCD_DROP(lcd, sys, (size_t)(row - lcd->sys));
	lcd->dirty |= LK_T_SYS;
	return 0;
}

static int local_first(const void *a, const void *b)
{
	const struct lk_sys *x = a, *y = b;

	if (x->local != y->local)
		return x->local ? -1 : 1;
	return strcmp(x->name, y->name);
}

void lk_sys_sort(struct lk_lcd *lcd)
{
	if (lcd->nsys)
		qsort(lcd->sys, lcd->nsys, sizeof(*lcd->sys), local_first);
}

enum lk_sys_state lk_sys_state(struct lk_lcd *lcd, const struct lk_sys *sys, const char **why)
{
	const struct lk_lcm_status *status;

	if (sys->local) {
		*why = "this is the local system";
		return LK_SYS_ALIVE;
	}
	status = lk_lcm_known(lcd);
	for (size_t i = 0; status && i < status->nsys; i++)
		if (!strcmp(status->sys[i].name, sys->name)) {
			*why = status->sys[i].why;
			return status->sys[i].state;
		}
	if (!status || status->why_not)
		*why = status ? status->why_not : "out of memory";
	else
		*why = status->running ? "the communication manager does not know it yet"
				       : "the communication manager is not running: no state is known";
	return LK_SYS_UNKNOWN;
}
