/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files that are named after a resource. */
#ifndef LK_TAGFILE_H
#define LK_TAGFILE_H

#include "lk/attr.h"

#define LK_TAGFILE_MAX 240	/* with the NUL; leaves room for a suffix of 15 bytes */

/* The tag as the name of a file: "/" becomes "%2F", as lk_file_name of lib/lk-kit.sh does; of a tag that is
 * too long, its beginning and a checksum. */
void lk_tag_file(const char *tag, char name[static LK_TAGFILE_MAX]) LK_NONNULL(1);

#endif
