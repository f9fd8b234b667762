/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Errors as the library reports them. */
#include "lk/err.h"

#include <stdio.h>
#include <string.h>

#include "lk/msg.h"
#include "lk/poison.h"

void lk_printable(char *text)
{
	for (unsigned char *p = (unsigned char *)text; *p; p++)
		if (*p < 0x20 || *p == 0x7f)
			*p = '?';
}

int lk_vfail(struct lk_err *err, int number, int code, const char *fmt, va_list args)
{
	err->number = number;
	err->code = code;
	vsnprintf(err->text, sizeof(err->text), fmt, args);
	lk_printable(err->text);
	return -code;
}

int lk_fail(struct lk_err *err, int number, int code, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	int rc = lk_vfail(err, number, code, fmt, args);
	va_end(args);
	return rc;
}

int lk_fail_errno(struct lk_err *err, int errnum, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	int rc = lk_vfail(err, LK_MSG_SYSCALL, LK_EX_SYSTEM, fmt, args);
	va_end(args);

	size_t len = strlen(err->text);
	snprintf(err->text + len, sizeof(err->text) - len, ": %s", strerror(errnum));
	return rc;
}

int lk_fail_nomem(struct lk_err *err)
{
	return lk_fail(err, LK_M_NOMEM);
}
