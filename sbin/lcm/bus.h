/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Messages between the two processes of lcm, over a SOCK_SEQPACKET pair:
 *
 *   main  root; knows the tree, runs commands and handlers, serves $LKROOT/run/lcm.sock
 *   net   unprivileged; owns the network, parses what comes from it, keeps the heartbeats
 *
 * One message is one byte of type and the payload of the struct of the same name, in lk/wire.h
 * encoding. main trusts nothing in them: every index is checked, a malformed message ends net, and a
 * DATA message is believed only for the seal on the envelope in it, whose key net does not have.
 *
 * Peers and paths are numbered by main: index in the last BUS_CONFIG. The numbers of a peer or
 * path that stays never change; those of removed ones are used again only after net has
 * answered the new configuration with BUS_CONFIGURED of the same generation.
 */
#ifndef LCM_BUS_H
#define LCM_BUS_H

#include <stdbool.h>
#include <stdint.h>

#include "lk/limits.h"
#include "lk/name.h"
#include "lk/wire.h"
#include "frame.h"

#define BUS_MESSAGE_MAX (FRAME_PAYLOAD_MAX + 64)
#define BUS_PATHS_MAX 256
#define BUS_PEERS_MAX LK_SYSTEMS_MAX
#define BUS_LOG_MAX 500
#define BUS_DEVICE_MAX 256

enum bus_type {
	/* from main */
	BUS_CONFIG = 1,		/* begin of a configuration: generation, own name, incarnation, tunables */
	BUS_KEYS,		/* what net may have of the keys: one TLS key each, the first one is offered */
	BUS_PEER,		/* one peer of it */
	BUS_PATH,		/* one path of it; an open TTY comes as SCM_RIGHTS */
	BUS_COMMIT,		/* end: put it in force */
	BUS_VIEW,		/* how this node sees a peer now; goes into the heartbeats */
	BUS_SEND,		/* peer, envelope: send it over the best path */
	BUS_QUIT,		/* end in order */
	/* from net */
	BUS_READY = 64,		/* listening, privileges dropped */
	BUS_CONFIGURED,		/* generation */
	BUS_PATH_STATE,		/* path, state, silent: milliseconds since the last sign of life */
	BUS_PROBE,		/* peer, answered, silent: milliseconds since the last sign of life of the host,
				 * a heartbeat or an answer. Sent while no path is alive, every probe period */
	BUS_LINK,		/* peer, up, incarnation, version: a way for data exists, or none any more. Sent
				 * again, up, whenever the way has changed: what was not acknowledged must be resent */
	BUS_RECEIVED,		/* peer, envelope */
	BUS_TOLD,		/* peer, view: how that system sees this one, when it has changed */
	BUS_STALL,		/* milliseconds that net did not run (stopped, suspended) */
	BUS_LOG,		/* level, number, text */
};

struct bus_config {
	uint32_t generation;
	uint64_t incarnation;		/* of this lcm, for HELLO */
	uint32_t probe_interval;	/* milliseconds */
	uint8_t realtime;		/* SCHED_RR priority, 0: none; counts at start only */
	char self[LK_SYS_MAX + 1];
};

struct bus_peer {
	uint8_t peer;
	char name[LK_SYS_MAX + 1];
};

enum bus_path_type { BUS_TCP, BUS_TTY, BUS_DISK };

struct bus_path {
	uint16_t path;
	uint8_t peer;
	uint8_t type;			/* enum bus_path_type */
	uint8_t priority;
	uint16_t port;			/* TCP */
	uint32_t interval;		/* milliseconds, the value in force */
	uint8_t misses;
	char local[64], remote[64];	/* TCP: numeric addresses */
	char device[BUS_DEVICE_MAX];
};

struct bus_path_state {
	uint16_t path;
	uint8_t state;			/* enum lk_net_state */
	uint32_t silent;
};

struct bus_probe {
	uint8_t peer;
	uint8_t answered;		/* an answer to a probe came since the last message */
	uint32_t silent;
};

struct bus_link {
	uint8_t peer;
	uint8_t up;
	uint64_t incarnation;		/* the peer's */
	uint8_t version;
};

#endif
