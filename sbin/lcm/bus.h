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
 * answered the new configuration with BUS_CONFIGURED of the same generation. A configuration is always
 * whole: BUS_CONFIG, BUS_KEYS, every BUS_PEER, every BUS_PATH, BUS_COMMIT. What it does not change goes
 * on undisturbed. A path whose values change begins anew, under its old number or another.
 *
 * net cannot open files. For every TTY and DISK path without a descriptor it sends BUS_WANT, and again
 * at every interval (at least 1 s apart) until main answers with BUS_FD and the descriptor as
 * SCM_RIGHTS: of a TTY, opened O_RDWR | O_NOCTTY | O_NONBLOCK; of a DISK, that of disk_start(). When
 * main cannot open it, it need not answer. A descriptor that fails is closed and wanted again.
 *
 * The order of a send: net sends BUS_LINK up, main sends envelopes with BUS_SEND. What main had sent
 * before a BUS_LINK, up or down, may be lost. net holds up to BUS_QUEUE_MAX bytes per peer; beyond
 * that it drops the queue and says BUS_LINK again.
 */
#ifndef LCM_BUS_H
#define LCM_BUS_H

#include <stdbool.h>
#include <stdint.h>

#include "lk/key.h"
#include "lk/limits.h"
#include "lk/name.h"
#include "lk/net.h"
#include "lk/wire.h"
#include "frame.h"

#define BUS_MESSAGE_MAX (FRAME_PAYLOAD_MAX + 64)
#define BUS_QUEUE_MAX (3u << 20)
#define BUS_PATHS_MAX 256
#define BUS_PEERS_MAX LK_SYSTEMS_MAX
#define BUS_LOG_MAX 500
#define BUS_DEVICE_MAX 256

enum bus_type {
	/* from main */
	BUS_CONFIG = 1,		/* begin of a configuration: generation, own name, incarnation, tunables */
	BUS_KEYS,		/* what net may have of the keys; the first one is offered. None: no path comes up */
	BUS_PEER,		/* one peer of it */
	BUS_PATH,		/* one path of it */
	BUS_COMMIT,		/* end: put it in force (struct bus_generation) */
	BUS_VIEW,		/* how this node sees a peer now; goes into the heartbeats */
	BUS_SEND,		/* peer, envelope: send it over the best path (struct bus_data) */
	BUS_QUIT,		/* end in order; no payload */
	BUS_FD,			/* path, with the descriptor (struct bus_want) */
	BUS_BAR,		/* number, peers: bar these, and tell (BUS_CONFIRMS) of all */
	BUS_CLEAR,		/* nothing is in service here, a lease that has lapsed is forgotten; no payload */
	BUS_STORED,		/* until when the last good write of the own object lets run (struct bus_stored) */
	BUS_KEPT,		/* of a BUS_KEEP: done, or not */
	/* from net */
	BUS_READY = 64,		/* privileges dropped, waiting for a configuration; no payload */
	BUS_CONFIGURED,		/* generation: in force, removed numbers are free (struct bus_generation) */
	BUS_PATH_STATE,		/* path, state, silent: milliseconds since the last sign of life */
	BUS_PROBE,		/* peer, answered, silent: milliseconds since the last sign of life of the host,
				 * a heartbeat or an answer. Sent while no path is alive, every probe period */
	BUS_LINK,		/* peer, up, incarnation, version: a way for data exists, or none any more. Sent
				 * again, up, whenever the way has changed: what was not acknowledged must be resent */
	BUS_RECEIVED,		/* peer, envelope (struct bus_data) */
	BUS_TOLD,		/* peer, view: how that system sees this one, when it has changed (struct bus_view) */
	BUS_STALL,		/* milliseconds that net did not run (stopped, suspended) */
	BUS_LOG,		/* level, number, text */
	BUS_WANT,		/* path: a descriptor, please */
	BUS_LEASE,		/* end, stop, lapsed: the lease, when it has changed */
	BUS_CONFIRMS,		/* number of the last BUS_BAR that was done, and of each peer what is confirmed */
	BUS_HOLDS,		/* peer, enum lk_holds: what its heartbeats say, when it has changed (struct bus_holds) */
	BUS_KEEP,		/* peer, terms: put them on stable storage, and say BUS_KEPT (struct bus_terms) */
	BUS_COUNTERS,		/* path, what was wrong on a TTY path, when that has changed */
};

/* Which lease is wanted? */
enum bus_quorum { BUS_NO_LEASE, BUS_MAJORITY, BUS_STORAGE };

struct bus_config {
	uint32_t generation;
	uint64_t incarnation;		/* of this lcm, for HELLO; random, not 0 */
	uint32_t probe_interval;	/* milliseconds; 0: the smallest interval of the peer's paths */
	uint8_t quorum;			/* enum bus_quorum */
	uint32_t lease, stop;		/* milliseconds, the terms of this node (lk/grant.h) */
	uint8_t holds;			/* enum lk_holds: what others are told */
	char self[LK_SYS_MAX + 1];
};

struct bus_key {
	char print[LK_KEY_PRINT];	/* fingerprint */
	uint8_t tls[LK_KEY_BYTES], beat[LK_KEY_BYTES];
};

struct bus_keys {
	uint8_t n;
	struct bus_key key[LK_KEYS_MAX];
};

struct bus_peer {
	uint8_t peer;
	char name[LK_SYS_MAX + 1];
	uint32_t lease, stop;		/* milliseconds, its terms that were kept; 0 none */
	uint8_t lost;			/* what was kept could not be read: these are the longest ones there are */
};

enum bus_path_type { BUS_TCP, BUS_TTY, BUS_DISK };

struct bus_path {
	uint16_t path;
	uint8_t peer;
	uint8_t type;			/* enum bus_path_type */
	uint8_t priority;
	uint16_t port;			/* TCP */
	uint32_t baud;			/* TTY */
	uint32_t interval;		/* milliseconds, the value in force */
	uint8_t misses;
	char local[64], remote[64];	/* TCP: numeric addresses */
	char device[BUS_DEVICE_MAX];	/* for log lines */
};

struct bus_generation {
	uint32_t generation;
};

struct bus_view {
	uint8_t peer;
	uint8_t view;			/* enum frame_view */
};

struct bus_data {
	uint8_t peer;
	const uint8_t *data;		/* in place, after decoding */
	size_t len;			/* at most FRAME_PAYLOAD_MAX */
};

struct bus_want {
	uint16_t path;
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
	uint64_t incarnation;		/* the peer's; 0 when down */
	uint8_t version;
};

struct bus_bar {
	uint32_t number;		/* of the question, growing */
	uint32_t peers;			/* bit p: peer p */
};

struct bus_stored {
	uint64_t until;			/* ns of the clock of lk/lease.h */
};

struct bus_terms {
	uint8_t peer;
	uint32_t lease, stop;		/* milliseconds */
};

struct bus_kept {
	struct bus_terms terms;
	uint8_t good;
};

struct bus_lease {
	uint64_t until;			/* ns of the clock of lk/lease.h; 0 there was none */
	uint32_t stop;			/* milliseconds: the terms that it was got by */
	uint8_t lapsed;
};

/* All but the first two and the last in nanoseconds; as in lk_lcm_confirm, lk/lcm.h. */
struct bus_confirm {
	uint8_t peer, barred, knows;
	uint64_t quiet, needed, age, lease, stop;
	uint64_t incarnation;
};

struct bus_confirms {
	uint32_t number;
	uint32_t generation;		/* of the settings by whose terms "knows" counts */
	uint8_t n;
	struct bus_confirm confirm[BUS_PEERS_MAX];
};
#define BUS_CONFIRMS_MAX (10 + BUS_PEERS_MAX * 51)

struct bus_counters {
	uint16_t path;
	uint64_t counter[LK_NET_COUNTERS];
};

struct bus_holds {
	uint8_t peer, holds;
};

struct bus_stall {
	uint32_t ms;
};

struct bus_log {
	uint8_t level;			/* enum lk_log_level */
	uint32_t number;
	char text[BUS_LOG_MAX + 1];
};

/*
 * bus_put_*() writes type and payload: the whole message. bus_get_*() reads the payload, behind the
 * byte of type; false when it is malformed or a value is out of range (number of a peer or path,
 * state, level, name, incarnation 0, ...), which must end the other process.
 *
 *	uint8_t message[BUS_MESSAGE_MAX];
 *	struct lk_out out = LK_OUT(message);
 *	bus_put_view(&out, BUS_VIEW, &view);
 *
 *	struct lk_in in = LK_IN(message, len);
 *	switch (lk_get_u8(&in)) {
 *	case BUS_LINK:
 *		if (!bus_get_link(&in, &link)) ...
 */
void bus_put_empty(struct lk_out *out, enum bus_type type) LK_NONNULL(1);
void bus_put_config(struct lk_out *out, const struct bus_config *config) LK_NONNULL(1, 2);
void bus_put_keys(struct lk_out *out, const struct bus_keys *keys) LK_NONNULL(1, 2);
void bus_put_peer(struct lk_out *out, const struct bus_peer *peer) LK_NONNULL(1, 2);
void bus_put_path(struct lk_out *out, const struct bus_path *path) LK_NONNULL(1, 2);
void bus_put_generation(struct lk_out *out, enum bus_type type, uint32_t generation) LK_NONNULL(1);
void bus_put_view(struct lk_out *out, enum bus_type type, const struct bus_view *view) LK_NONNULL(1, 3);
void bus_put_data(struct lk_out *out, enum bus_type type, const struct bus_data *data) LK_NONNULL(1, 3);
void bus_put_want(struct lk_out *out, enum bus_type type, uint16_t path) LK_NONNULL(1);
void bus_put_path_state(struct lk_out *out, const struct bus_path_state *state) LK_NONNULL(1, 2);
void bus_put_probe(struct lk_out *out, const struct bus_probe *probe) LK_NONNULL(1, 2);
void bus_put_link(struct lk_out *out, const struct bus_link *link) LK_NONNULL(1, 2);
void bus_put_stall(struct lk_out *out, uint32_t ms) LK_NONNULL(1);
void bus_put_bar(struct lk_out *out, const struct bus_bar *bar) LK_NONNULL(1, 2);
void bus_put_stored(struct lk_out *out, const struct bus_stored *stored) LK_NONNULL(1, 2);
void bus_put_terms(struct lk_out *out, const struct bus_terms *terms) LK_NONNULL(1, 2);
void bus_put_kept(struct lk_out *out, const struct bus_kept *kept) LK_NONNULL(1, 2);
void bus_put_lease(struct lk_out *out, const struct bus_lease *lease) LK_NONNULL(1, 2);
void bus_put_confirms(struct lk_out *out, const struct bus_confirms *confirms) LK_NONNULL(1, 2);
void bus_put_holds(struct lk_out *out, const struct bus_holds *holds) LK_NONNULL(1, 2);
void bus_put_counters(struct lk_out *out, const struct bus_counters *counters) LK_NONNULL(1, 2);
/* A text that is too long is cut. */
void bus_put_log(struct lk_out *out, const struct bus_log *log) LK_NONNULL(1, 2);

bool bus_get_empty(struct lk_in *in) LK_MUST LK_NONNULL(1);
bool bus_get_config(struct lk_in *in, struct bus_config *config) LK_MUST LK_NONNULL(1, 2);
bool bus_get_keys(struct lk_in *in, struct bus_keys *keys) LK_MUST LK_NONNULL(1, 2);
bool bus_get_peer(struct lk_in *in, struct bus_peer *peer) LK_MUST LK_NONNULL(1, 2);
bool bus_get_path(struct lk_in *in, struct bus_path *path) LK_MUST LK_NONNULL(1, 2);
bool bus_get_generation(struct lk_in *in, uint32_t *generation) LK_MUST LK_NONNULL(1, 2);
bool bus_get_view(struct lk_in *in, struct bus_view *view) LK_MUST LK_NONNULL(1, 2);
bool bus_get_data(struct lk_in *in, struct bus_data *data) LK_MUST LK_NONNULL(1, 2);
bool bus_get_want(struct lk_in *in, uint16_t *path) LK_MUST LK_NONNULL(1, 2);
bool bus_get_path_state(struct lk_in *in, struct bus_path_state *state) LK_MUST LK_NONNULL(1, 2);
bool bus_get_probe(struct lk_in *in, struct bus_probe *probe) LK_MUST LK_NONNULL(1, 2);
bool bus_get_link(struct lk_in *in, struct bus_link *link) LK_MUST LK_NONNULL(1, 2);
bool bus_get_stall(struct lk_in *in, uint32_t *ms) LK_MUST LK_NONNULL(1, 2);
bool bus_get_bar(struct lk_in *in, struct bus_bar *bar) LK_MUST LK_NONNULL(1, 2);
bool bus_get_stored(struct lk_in *in, struct bus_stored *stored) LK_MUST LK_NONNULL(1, 2);
bool bus_get_terms(struct lk_in *in, struct bus_terms *terms) LK_MUST LK_NONNULL(1, 2);
bool bus_get_kept(struct lk_in *in, struct bus_kept *kept) LK_MUST LK_NONNULL(1, 2);
bool bus_get_lease(struct lk_in *in, struct bus_lease *lease) LK_MUST LK_NONNULL(1, 2);
bool bus_get_confirms(struct lk_in *in, struct bus_confirms *confirms) LK_MUST LK_NONNULL(1, 2);
bool bus_get_holds(struct lk_in *in, struct bus_holds *holds) LK_MUST LK_NONNULL(1, 2);
bool bus_get_counters(struct lk_in *in, struct bus_counters *counters) LK_MUST LK_NONNULL(1, 2);
bool bus_get_log(struct lk_in *in, struct bus_log *log) LK_MUST LK_NONNULL(1, 2);

#endif
