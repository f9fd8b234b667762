/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Calls this project does not make. Included last, after the system headers. */
#ifndef LK_POISON_H
#define LK_POISON_H

#pragma GCC poison strcpy strcat sprintf vsprintf strtok gets atoi atol system popen mktemp tmpnam

#endif
