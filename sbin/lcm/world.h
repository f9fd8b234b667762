/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The world of lcm's main process: one struct, owned by main(). */
#ifndef LCM_WORLD_H
#define LCM_WORLD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "lk/boot.h"
#include "lk/buf.h"
#include "lk/daemon.h"
#include "lk/key.h"
#include "lk/logger.h"
#include "lk/net.h"
#include "lk/tree.h"
#include "bus.h"
#include "chan.h"
#include "peer.h"

#define LCM_PROG "lcm"

/* A descriptor that is waited for. ready is called with the events of epoll(7) that came. */
struct lcm_source {
	int fd;			/* -1: none */
	uint32_t events;	/* that are waited for */
	void (*ready)(void *arg, uint32_t events);
	void *arg;
};
#define LCM_NO_SOURCE { .fd = -1 }

/* A child process, until it is reaped. */
struct lcm_child {
	struct lcm_child *next;
	pid_t pid;
	void (*ended)(void *arg, int status);	/* as of waitpid(2); NULL: nobody wants to know */
	void *arg;
};

/* What runs, or is wanted, for a peer: see event.h. */
enum lcm_handler { HANDLER_NONE, HANDLER_UP, HANDLER_DOWN, HANDLER_AVAIL, HANDLER_LATE };

struct lcm_job {
	struct lcm *lcm;
	struct lcm_peer *peer;		/* NULL: lcm_avail */
	enum lcm_handler running, wanted;
	pid_t pid;
	int64_t kill_at;		/* -1: it was not asked to end */
	bool repeated;			/* what is wanted has happened before, without quorum */
};

struct lcm_peer {
	struct lcm *lcm;
	bool used, configured;
	uint8_t number;
	uint32_t retired;		/* generation of the configuration without it */
	char name[LK_SYS_MAX + 1];
	struct peer machine;
	struct chan chan;
	uint32_t life;			/* upper half of its incarnation, the same over restarts of its lcm
					 * alone; 0: not known */
	uint8_t told;			/* enum frame_view: how it sees us */
	int64_t cut_at;			/* since when there has been no way for data; -1: there is one */
	int64_t heard_at;		/* last time a fault of its envelopes was logged */
	struct lcm_job job;
	bool clearing, clear_again;	/* its flag !nofailover! is being removed; and it came up once more */
	unsigned served;		/* sessions that we serve it */
	enum lk_holds holds;		/* what it has told in the lifetime of this lcm */
	enum lk_holds warned;		/* a warning of that is in force; UNKNOWN: none */
	struct bus_terms terms;		/* that are kept: terms.h */
	bool terms_lost;		/* they could not be read */
	struct bus_terms terms_asked;	/* net wants these to be kept */
	bool terms_busy, terms_told;	/* they are being written; that they could not be was logged */
};

struct lcm_path {
	bool used, configured;
	uint32_t retired;
	struct bus_path conf;
	enum lk_net_state state;
	uint64_t comm_downs;
	uint64_t counter[LK_NET_COUNTERS];
	pid_t helper;			/* of a DISK path */
	int64_t warned_at;		/* last time that its device could not be opened */
};

struct lcm_settings {
	bool witness;			/* WITNESS_MODE says who confirms that a system has failed */
	unsigned safety;		/* SAFETYTIMEOUT in ms, 0: the detection period */
	unsigned init;			/* INITTIMEOUT in ms */
	unsigned remote;		/* REMOTETIMEOUT in ms */
	unsigned realtime;		/* LCMRTPRIO */
	enum bus_quorum quorum;		/* which lease QUORUM_MODE asks for */
	uint32_t lease, stop;		/* the terms in ms (lk/grant.h) */
	bool none;			/* QUORUM_MODE asks for no lease; one may be kept all the same */
	char user[64];			/* LCMUSER */
};

struct lcm_keys {
	struct bus_keys bus;
	uint8_t envelope[LK_KEYS_MAX][LK_KEY_BYTES];
	char problem[LK_ERR_TEXT];	/* why there are none; empty: there are */
};

struct lcm_lease {
	int64_t until, deadline;	/* that were published, as in lk/lease.h */
	bool published;			/* in the lifetime of this lcm, and not taken back */
	bool lapsed;			/* as net says */
	bool told;			/* that it could not be published */
	bool losing;			/* lk_quorumloss runs */
	int64_t loss_at;		/* it is to be started again; -1 */
	int64_t first_at;		/* if there is no lease by then, there is none; -1 */
	uint32_t asked;			/* number of the last question to net */
	int64_t stored_at;		/* storage quorum: next look at what lkqwk says; -1 */
	int64_t stored;			/* what net was told */
	bool kept;			/* that it is kept although QUORUM_MODE asks for none was logged */
	uint32_t stored_stop;		/* the QUORUM_LOSS_DEADLINE in ms that lkqwk has told the others; 0: none yet */
};

struct lcm_session;
struct lcm_served;
struct lcm_client;
struct lcm_packet;

struct lcm {
	struct lk_tree tree;
	struct lk_logger logger;
	char self[LK_SYS_MAX + 1];
	uint64_t incarnation;		/* upper half: of this start of Lockkeeper; lower half: of this process */
	int epoll;
	int64_t now;			/* milliseconds of the monotonic clock, of this turn */
	bool stopping;			/* end in order */
	int failed;			/* exit code other than 0 */

	struct lcm_settings set;
	struct lcm_keys keys;
	struct lcm_peer peer[BUS_PEERS_MAX];
	struct lcm_path path[BUS_PATHS_MAX];
	uint32_t generation, confirmed;
	int64_t reload_at;		/* -1: no reason */
	struct lcm_source watch;	/* inotify */
	int watched[3];			/* watch descriptors, -1: none */

	struct lcm_source bus, signals;
	pid_t net;
	bool net_ready;
	struct lcm_packet *packets, **packets_end;	/* for net, when the bus is full */
	size_t packet_bytes;

	struct lcm_lease lease;
	struct lcm_child *children;
	struct lcm_job avail;
	bool available;			/* lcm_avail has been processed */
	int64_t late_at;		/* next look whether there is quorum, for what there was none (lk/late.h); -1 */
	bool restarted;			/* our supervisor did not start anew */
	bool beat_told;			/* that the tunables of the heartbeat are out of range */
	int64_t started;
	char start_id[128];		/* empty: not known */
	char boot[LK_BOOT_MARK];
	char *memory;			/* of the lcm before us, see memory.h; NULL: there is none */
	bool remembers;			/* it is of this start */
	bool changed;			/* what is to be remembered */
	bool forgetful;			/* it cannot be written, which was logged */
	struct lk_buf saved;

	struct lcm_source listener;
	struct lcm_client *clients;
	unsigned nclients;
	struct lcm_session *sessions;	/* that local clients ask for */
	struct lcm_served *served;	/* that we run for others */
	uint32_t next_session;
	struct lk_daemon frame;
	bool ready;			/* that was told */
};

/* ---- world.c ---- */

/* Log a message of lk/msg.h; errors of the log itself are ignored. */
void lcm_log(const struct lcm *lcm, enum lk_log_level level, int number, int code, const char *fmt, ...)
	LK_PRINTF(5, 6) LK_NONNULL(1, 5);

/* Wait for events of source->fd, or other ones, or (0) none any more. */
void lcm_watch(struct lcm *lcm, struct lcm_source *source, uint32_t events) LK_NONNULL(1, 2);
/* Close the descriptor. */
void lcm_close(struct lcm *lcm, struct lcm_source *source) LK_NONNULL(1, 2);

/* Have ended called when the child is reaped. 0 or -1. */
int lcm_adopt(struct lcm *lcm, pid_t pid, void (*ended)(void *arg, int status), void *arg)
	LK_MUST LK_NONNULL(1);
/* Nobody wants to know of the end of this arg's children any more. */
void lcm_disown(struct lcm *lcm, const void *arg) LK_NONNULL(1, 2);
/* Reap all that have ended. */
void lcm_reap(struct lcm *lcm) LK_NONNULL(1);

/* The earlier one of two deadlines, -1 being none. */
static inline int64_t lcm_earlier(int64_t a, int64_t b)
{
	return a < 0 || (b >= 0 && b < a) ? b : a;
}

struct lcm_peer *lcm_find_peer(struct lcm *lcm, const char *name) LK_NONNULL(1, 2);

#endif
