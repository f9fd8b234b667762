/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The numbers of the stream of lk/rcp.h, for its two sides. */
#ifndef LK_RCP_FORMAT_H
#define LK_RCP_FORMAT_H

#define RCP_MAGIC 0x4c4b4350u	/* "LKCP" */
#define RCP_VERSION 1
#define RCP_BLOCK_HEAD 5	/* kind and length */
#define RCP_RAW 'R'
#define RCP_DEFLATED 'Z'
#define RCP_END 'E'
#define RCP_LAST 'X'

#endif
