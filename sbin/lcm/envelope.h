/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Envelopes: what the privileged processes of two nodes say to each other, through FRAME_DATA. The
 * seal (HMAC-SHA256 under a key that only they have, over both names, the direction and all bytes before it)
 * keeps a broken network process from giving orders; the sequence keeps anybody from repeating them.
 *
 *	u64 source incarnation, u64 destination incarnation, u64 sequence, u64 acknowledged,
 *	u8 type, payload, 32 bytes of seal
 *
 * A pair of incarnations is one conversation: sequences begin with 1, are delivered in order and once,
 * whatever path they took; what is not acknowledged is kept and sent again when the way
 * changes. ENV_ACK has sequence 0 and is never kept. At most ENV_WINDOW bytes are under way per peer.
 *
 * Sessions: the side that asks numbers them; (asker, number) names one. Data flows against credit, so that
 * a slow reader of one session does not stop the others.
 */
#ifndef LCM_ENVELOPE_H
#define LCM_ENVELOPE_H

#include "frame.h"

#define ENV_HEAD 33
#define ENV_SEAL 32
#define ENV_DATA_MAX 32768		/* bytes of a stream in one envelope */
#define ENV_SESSIONS_MAX 256		/* that one system may ask of another at a time */
#define ENV_PAYLOAD_MAX (FRAME_PAYLOAD_MAX - ENV_HEAD - ENV_SEAL)
#define ENV_WINDOW (1u << 20)
#define ENV_CREDIT (256u << 10)		/* at the start of a session, each direction */
#define ENV_COST 64			/* of credit, for each envelope beside its bytes */

enum env_type {
	ENV_ACK = 1,
	ENV_OPEN,	/* u32 session, u8 flags, u32 limit (ms, 0 none), u16 argc, argc * bytes */
	ENV_INPUT,	/* u32 session, bytes: for its standard input; empty: end of it */
	ENV_OUTPUT,	/* u32 session, u8 stream (1, 2), bytes */
	ENV_CREDIT_MORE,/* u32 session, u8 asker (1: the session is the receiver's own), u32 bytes */
	ENV_EXIT,	/* u32 session, u8 code, u8 started (0: the program could not be run) */
	ENV_CANCEL,	/* u32 session: TERM, then KILL to the process group */
	ENV_VOID,	/* no payload: keeps the sequence where something was withdrawn before it arrived */
};

enum env_open_flags {
	ENV_MERGE = 1,		/* standard error goes where standard output goes */
	ENV_HAS_INPUT = 2,	/* else standard input is empty */
};

#endif
