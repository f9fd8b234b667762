/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Compiler attributes, under short names. */
#ifndef LK_ATTR_H
#define LK_ATTR_H

#define LK_MUST __attribute__((warn_unused_result))
#define LK_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#define LK_NONNULL(...) __attribute__((nonnull(__VA_ARGS__)))

#endif
