/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lines for the operator. */
#include "lk/notice.h"

#include <stdarg.h>
#include <stdio.h>

#include "lk/err.h"
#include "lk/poison.h"

void lk_notice(const struct lk_notice *to, const char *fmt, ...)
{
	char text[LK_ERR_TEXT];
	va_list args;

	if (!to || !to->say)
		return;
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	lk_printable(text);
	to->say(to->arg, text);
}
