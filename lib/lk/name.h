/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What names, texts and numbers may look like (spec/core.md 3.0.7, 3.3.2). Every check returns 0, or
 * -5 with err naming the argument, what is wrong with it and what is allowed.
 */
#ifndef LK_NAME_H
#define LK_NAME_H

#include "lk/err.h"

#define LK_TAG_MAX 256
#define LK_SYS_MAX 255
#define LK_APP_MAX 64
#define LK_FLAG_MAX 511
#define LK_ID_MAX 1024
#define LK_TEXT_MAX 4096

int lk_check_tag(const char *tag, struct lk_err *err) LK_MUST LK_NONNULL(1, 2);
int lk_check_sys(const char *sys, struct lk_err *err) LK_MUST LK_NONNULL(1, 2);
int lk_check_flag(const char *flag, struct lk_err *err) LK_MUST LK_NONNULL(1, 2);
int lk_check_id(const char *id, struct lk_err *err) LK_MUST LK_NONNULL(1, 2);

/* An application or resource type; what is "application" or "type". */
int lk_check_app(const char *what, const char *name, struct lk_err *err) LK_MUST LK_NONNULL(1, 2, 3);

/* Info or reason: free text that may be empty. */
int lk_check_text(const char *what, const char *text, struct lk_err *err) LK_MUST LK_NONNULL(1, 2, 3);

/* A whole decimal number from min to max, nothing before or after it. */
int lk_parse_number(const char *what, const char *text, unsigned long long min,
		    unsigned long long max, unsigned long long *value, struct lk_err *err)
	LK_MUST LK_NONNULL(1, 2, 5, 6);

/* The same without a message: true when text is such a number. */
int lk_is_number(const char *text, unsigned long long min, unsigned long long max,
		 unsigned long long *value) LK_MUST LK_NONNULL(1, 4);

/* Find word in a NULL-terminated list; its index, or -5 with a message that lists the choices. */
int lk_parse_choice(const char *what, const char *word, const char *const *choices,
		    struct lk_err *err) LK_MUST LK_NONNULL(1, 2, 3, 4);

/* Seconds with up to three decimals, as milliseconds; min and max in milliseconds too. */
int lk_parse_seconds(const char *what, const char *text, unsigned min, unsigned max,
		     unsigned *ms, struct lk_err *err) LK_MUST LK_NONNULL(1, 2, 5, 6);

#define LK_NUMBER_TEXT 24
/* A number in decimal; several times faster than snprintf(3), which lists of instances feel. */
void lk_format_number(unsigned long long number, char text[static LK_NUMBER_TEXT]);

#define LK_SECONDS_TEXT 16
/* Milliseconds as seconds without trailing zeros: 5000 is "5", 200 is "0.2". */
void lk_format_seconds(unsigned ms, char text[static LK_SECONDS_TEXT]);

#endif
