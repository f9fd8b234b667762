/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which incarnations of other systems have certainly ended. */
#include "lk/fenced.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lk/cleanup.h"
#include "lk/lcm.h"
#include "lk/qwkstate.h"
#include "lk/sys.h"
#include "lk/poison.h"

#define NOTE "incarnation "
#define WHEN "noted "
#define RECORD_MAX 1024

uint64_t lk_fenced_heard(const char *sys)
{
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;
	struct lk_lcm_quorum answer;
	struct lk_err ignored;

	if (lk_lcd_read(&lcd, LK_T_SYS, &ignored) < 0 || lk_lcm_quorum(&lcd, &answer, &ignored) < 0)
		return 0;
	const struct lk_lcm_confirm *row = lk_lcm_confirm_of(&answer, sys);

	return row ? row->incarnation : 0;
}

/* ---- records ---- */

void lk_fenced_note(int fd, uint64_t incarnation)
{
	/* one that is not noted is waited for */
	if (incarnation)
		dprintf(fd, NOTE "%016" PRIx64 "\n" WHEN "%" PRId64 "\n", incarnation, lk_qwk_now());
}

uint64_t lk_fenced_noted(const struct lk_tree *tree, const char *path, int64_t *when)
{
	int LK_AUTO_CLOSE fd = openat(tree->fd, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	char text[RECORD_MAX + 1];
	ssize_t len = fd < 0 ? -1 : read(fd, text, RECORD_MAX);
	uint64_t incarnation = 0, value;

	*when = 0;
	if (len < 0)
		return 0;
	text[len] = '\0';
	for (const char *line = text; line; line = strchr(line, '\n'), line = line ? line + 1 : NULL)
		if (!incarnation && sscanf(line, NOTE "%16" SCNx64, &value) == 1 &&
		    strcspn(line, "\n") == strlen(NOTE) + 16)
			incarnation = value;
		else
			(void)!sscanf(line, WHEN "%18" SCNd64, when);
	return incarnation;
}

/* Fenced, or confirmed: either is enough. */
void lk_fenced_here(const struct lk_lcd *lcd, struct lk_fenced *fenced)
{
	static const char *const kinds[] = { LK_SYS_FENCED, LK_SYS_CONFIRMED };
	char path[LK_SYS_FILE];

	memset(fenced, 0, sizeof(*fenced));
	for (size_t i = 0; i < lcd->nsys && i < LK_SYSTEMS_MAX; i++)
		for (size_t k = 0; k < 2 && !fenced->incarnation[i] && !lcd->sys[i].local; k++) {
			lk_sys_file(kinds[k], lcd->sys[i].name, path);
			fenced->incarnation[i] = lk_fenced_noted(&lcd->tree, path, &fenced->when[i]);
		}
}

/* ---- words ---- */

void lk_fenced_write(const struct lk_lcd *lcd, const uint64_t *incarnation, struct lk_buf *buf)
{
	lk_buf_adds(buf, "");
	for (size_t i = 0; i < lcd->nsys && i < LK_SYSTEMS_MAX; i++)
		if (incarnation[i])
			lk_buf_addf(buf, "%s%s=%016" PRIx64, buf->len ? " " : "", lcd->sys[i].name, incarnation[i]);
}

void lk_fenced_read(const struct lk_lcd *lcd, const char *words, uint64_t incarnation[static LK_SYSTEMS_MAX])
{
	memset(incarnation, 0, LK_SYSTEMS_MAX * sizeof(*incarnation));
	for (size_t i = 0; i < lcd->nsys && i < LK_SYSTEMS_MAX; i++) {
		size_t len = strlen(lcd->sys[i].name);

		for (const char *at = words; *at; at += strcspn(at, " "), at += *at == ' ')
			if (!strncmp(at, lcd->sys[i].name, len) && at[len] == '=')
				incarnation[i] = strtoull(at + len + 1, NULL, 16);
	}
}
