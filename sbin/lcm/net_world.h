/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the network process knows, and what its parts call of each other. */
#ifndef LCM_NET_WORLD_H
#define LCM_NET_WORLD_H

#include <gnutls/gnutls.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "bus.h"
#include "frame.h"
#include "lk/grant.h"
#include "lk/log.h"
#include "lk/msg.h"
#include "lk/net.h"
#include "sealed.h"

#define NET_UNFINISHED_MAX 64		/* connections without a good HELLO, in all */
#define NET_UNFINISHED_SOURCE 4		/* the same of one address */
#define NET_CONNS_MAX (4 * BUS_PATHS_MAX + NET_UNFINISHED_MAX)
#define NET_ADDRESS INET6_ADDRSTRLEN
#define NET_BURSTS 32
#define NET_DIAL_MS 1000		/* an attempt to connect gets at least that long */
#define NET_FIRST_MS 5000		/* so does a path that was never heard */
#define NET_NONE UINT16_MAX

struct net;

union net_address {
	struct sockaddr any;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
};

/* ---- connections ---- */

enum conn_phase { CONN_CONNECT, CONN_TLS, CONN_HELLO, CONN_UP };

/* One frame of data on its way out. */
struct net_frame {
	struct net_frame *next;
	size_t len;
	uint8_t data[];
};

struct conn {
	struct net *net;
	struct net_path *path;
	uint16_t index;			/* in net->conn */
	int fd;
	enum conn_phase phase;
	bool server;			/* the other side connected */
	bool wants_out;			/* epoll is asked for EPOLLOUT */
	bool more;			/* there may be more to read: this turn's share is used up */
	bool full;			/* a frame waits for room on the bus */
	uint8_t kind;			/* enum frame_kind; of a server's only from CONN_UP on */
	uint8_t version;
	uint64_t incarnation;		/* the peer's, from CONN_UP on */
	uint64_t serial;		/* tells it from a later one at the same place */
	int64_t born, deadline;		/* milliseconds */
	gnutls_session_t tls;
	uint8_t key[LK_KEY_BYTES];	/* the one that is used */
	const char *refused;		/* why the key function said no */
	struct frame_stream in;
	uint8_t out[FRAME_HEAD + FRAME_SMALL_MAX];	/* one control frame that is being sent */
	size_t out_len;
	struct net_frame *sending;	/* one data frame that is being sent */
	size_t sent;
};

/* ---- paths and peers ---- */

/* What can be wrong on a serial line, in the order of lk_net_counter_names; nobody refuses a heartbeat. */
enum net_counter { COUNT_NAK, COUNT_CHECKSUM, COUNT_INCOMPLETE, COUNT_NO_REPLY, COUNT_RESENT, COUNT_ORDER };

struct net_path {
	bool used;
	bool lower;			/* this system's name is the smaller one: it connects */
	bool dirty;			/* main has not been told the state */
	struct bus_path conf;
	struct net_peer *peer;
	union net_address local, remote;
	enum lk_net_state state;
	int64_t since;			/* of the configuration, for UNKNOWN */
	int64_t heard;			/* last sign of life; 0 never */
	int64_t next_beat, next_try[2], next_want;
	uint32_t peer_interval;		/* what the peer says; 0 not known */
	uint8_t peer_misses;
	bool told_interval;		/* a difference has been logged */
	uint32_t sequence;
	/* TCP */
	int listen_fd, listen_error;
	struct conn *conn[2];		/* by kind: with a good HELLO */
	struct conn *trying[2];		/* on the side that connects: not yet */
	unsigned key_at;		/* the key that is offered */
	/* TTY, DISK */
	int fd;
	uint64_t counter[LK_NET_COUNTERS];	/* of a TTY: enum net_counter */
	bool counted, counters_dirty;	/* since the last heartbeat; main is to be told */
	bool busy;			/* the helper has not answered */
	int io_error;			/* last one logged */
	struct sealed_talk talk;
	struct sealed_line line;
	uint8_t rest[SEALED_MAX];	/* of a frame that the line did not take */
	size_t rest_len;
};

struct net_peer {
	bool used;
	struct bus_peer conf;
	uint64_t incarnation;		/* 0 not known */
	uint8_t view, told;		/* how we see it, and it us */
	bool told_dirty, link_dirty, probe_dirty;
	struct conn *link;		/* the way for data */
	uint64_t link_serial;
	struct net_frame *first, **last;
	size_t queued;
	/* leases; times of the clock of lk/lease.h */
	uint64_t sender;		/* the incarnation heard last; "taken" is of it */
	uint64_t former;		/* the one before */
	bool mixed;			/* they come in turn: the last one heard may not be the latest */
	uint64_t taken;			/* its newest "sent" that is confirmed, and when that came */
	int64_t taken_at;
	int64_t barred_at;		/* nothing is taken for a while from then on */
	int64_t confirmed;		/* when the newest heartbeat was sent that it has confirmed; 0 none */
	uint8_t holds;			/* enum lk_holds: as it said last, */
	uint64_t holds_sent;		/* in the heartbeat that was sent then */
	bool holds_dirty;
	struct lk_heard heard;		/* its terms */
	struct lk_terms newest;		/* the last ones that it told; 0: none yet */
	int64_t since;			/* when the incarnation was heard first, or this process has begun */
	bool latest;			/* it has confirmed what was sent since then */
	int64_t bar;			/* how long it is barred at least */
	bool said_terms;		/* a difference has been logged, when ours had been changed at this time */
	int64_t said_since;
	bool keeping, keep_dirty;	/* main is to keep these, has not been told so yet */
	struct lk_terms to_keep;
	int64_t keep_at, smaller_at;	/* milliseconds: not before */
	/* probes */
	int64_t next_probe, host_heard;
	bool answered;
};

struct net_burst {
	char source[64];
	uint32_t number;
	unsigned more;			/* not logged since */
	int64_t at;			/* 0 free */
};

struct net {
	int bus, epoll;
	bool quit, broken;		/* in order; because main broke the protocol or is gone */
	bool bus_full;
	int64_t now;			/* CLOCK_MONOTONIC, milliseconds, at the begin of the turn */
	int64_t next;			/* when a timer is due */
	int64_t boot_last;		/* CLOCK_BOOTTIME at the begin of the last turn */
	int64_t asked;			/* what the last wait was told */
	uint32_t stalled;		/* not reported */
	bool configured_dirty;
	unsigned logs_lost;
	/* the lease */
	struct lk_hold hold;		/* peers in their order, this node last */
	bool lease_dirty, bar_dirty;	/* main has not been told, answered */
	uint32_t bar_number;		/* its last question */
	uint64_t serial;
	struct bus_config conf;
	struct bus_keys keys;
	struct net_peer peer[BUS_PEERS_MAX];
	struct net_path path[BUS_PATHS_MAX];
	struct conn *conn[NET_CONNS_MAX];
	struct net_burst burst[NET_BURSTS];
	/* the configuration that is coming in */
	struct {
		bool open;
		struct bus_config conf;
		struct bus_keys keys;
		bool has_peer[BUS_PEERS_MAX], has_path[BUS_PATHS_MAX];
		struct bus_peer peer[BUS_PEERS_MAX];
		struct bus_path path[BUS_PATHS_MAX];
	} coming;
	/* TLS */
	gnutls_priority_t priority;
	gnutls_psk_server_credentials_t server;
	gnutls_psk_client_credentials_t client;
	/* probes */
	int icmp, icmp6;
	uint16_t icmp_id;
	uint64_t icmp_token;
	uint8_t message[BUS_MESSAGE_MAX];
};

/* What epoll tells of: kind and index in one number. */
enum net_source { NET_BUS, NET_LISTEN, NET_CONN, NET_DEVICE, NET_ICMP, NET_ICMP6 };
/* Watch fd; again with other events changes them. False: logged. */
bool net_watch(struct net *net, int fd, uint32_t events, enum net_source source, unsigned index)
	LK_NONNULL(1);

/* A timer is due then: do not sleep longer. */
static inline void net_due(struct net *net, int64_t at)
{
	if (at < net->next)
		net->next = at;
}

/* The next multiple of interval after now: paths of one interval wake the process once. */
static inline int64_t net_aligned(int64_t now, uint32_t interval)
{
	return (now / interval + 1) * interval;
}

/* ---- net_log.c ---- */
void net_log(struct net *net, enum lk_log_level level, int number, int code, const char *fmt, ...)
	LK_PRINTF(5, 6) LK_NONNULL(1, 5);
/* A warning that others can provoke: the first of a source is logged, and how many more there
 * were once a minute. */
void net_log_burst(struct net *net, const char *source, int number, int code, const char *fmt, ...)
	LK_PRINTF(5, 6) LK_NONNULL(1, 2, 5);
void net_log_timers(struct net *net) LK_NONNULL(1);

/* ---- net_bus.c ---- */
/* Read and do what main says, a bounded number of messages. */
void net_bus_read(struct net *net) LK_NONNULL(1);
/* Send; false when the bus is full (then it is watched) or broken. */
bool net_bus_send(struct net *net, const struct lk_out *out) LK_NONNULL(1, 2);
/* Tell main what it has not been told. */
void net_bus_flush(struct net *net) LK_NONNULL(1);
/* There is room again. */
void net_bus_room(struct net *net) LK_NONNULL(1);

/* ---- net_conf.c ---- */
void net_conf_commit(struct net *net) LK_NONNULL(1);

/* ---- net_path.c ---- */
void path_begin(struct net *net, unsigned index, const struct bus_path *conf) LK_NONNULL(1, 3);
void path_end(struct net *net, struct net_path *path) LK_NONNULL(1, 2);
/* Close what it has open; the state stays. */
void path_close(struct net *net, struct net_path *path) LK_NONNULL(1, 2);
/* A good frame came. */
void path_heard(struct net *net, struct net_path *path) LK_NONNULL(1, 2);
/* The path has all that ALIVE takes. */
void path_alive(struct net *net, struct net_path *path) LK_NONNULL(1, 2);
/* What the peer says of its heartbeats. */
void path_peer_beat(struct net *net, struct net_path *path, uint32_t interval, uint8_t misses)
	LK_NONNULL(1, 2);
void path_timers(struct net *net, struct net_path *path) LK_NONNULL(1, 2);
/* The process did not run for gap milliseconds: silence meanwhile counts for nothing. */
void path_stalled(struct net *net, struct net_path *path, int64_t gap) LK_NONNULL(1, 2);
/* Milliseconds without a sign of life after which the path is DEAD. */
int64_t path_period(const struct net_path *path) LK_NONNULL(1);
int64_t path_silent(const struct net *net, const struct net_path *path) LK_NONNULL(1, 2);
bool path_of(const struct net_path *path, const struct net_peer *peer) LK_NONNULL(1, 2);
/* How the peer sees us. */
void path_told(struct net *net, struct net_path *path, uint8_t view) LK_NONNULL(1, 2);

/* ---- net_confirm.c: who confirms whom ---- */
struct confirm_heard {
	uint64_t incarnation;
	uint8_t view;
	struct frame_confirm confirm;	/* zeros: it talks no version 3 */
};
void confirm_peer_begin(struct net_peer *peer) LK_NONNULL(1);
/* It speaks, and be it by a connection alone: who asks for a grant has no longer ended, though it was not heard to beat
 * yet. */
void confirm_sender(struct net_peer *peer, uint64_t incarnation) LK_NONNULL(1);
/* A fresh heartbeat came. */
void confirm_take(struct net *net, struct net_peer *peer, const struct confirm_heard *beat) LK_NONNULL(1, 2, 3);
/* What goes into one to that incarnation. */
struct frame_confirm confirm_beat(const struct net *net, const struct net_peer *peer, uint64_t incarnation)
	LK_NONNULL(1, 2);
void confirm_configured(struct net *net) LK_NONNULL(1);
/* The list of the systems has changed: before confirm_configured(). */
void confirm_members(struct net *net) LK_NONNULL(1);
void confirm_clear(struct net *net) LK_NONNULL(1);
void confirm_stored(struct net *net, const struct bus_stored *stored) LK_NONNULL(1, 2);
void confirm_bar(struct net *net, const struct bus_bar *bar) LK_NONNULL(1, 2);
/* Terms of a peer are on stable storage, or could not be put there. */
void confirm_kept(struct net *net, const struct bus_kept *kept) LK_NONNULL(1, 2);
void confirm_timers(struct net *net) LK_NONNULL(1);
void confirm_flush(struct net *net) LK_NONNULL(1);

/* ---- net_tcp.c: listening, connecting, accepting ---- */
bool tcp_addresses(struct net *net, struct net_path *path) LK_NONNULL(1, 2);
void tcp_timers(struct net *net, struct net_path *path) LK_NONNULL(1, 2);
void tcp_accept(struct net *net, struct net_path *path) LK_NONNULL(1, 2);
void tcp_options(struct conn *conn) LK_NONNULL(1);
void tcp_text(const union net_address *address, char text[static NET_ADDRESS]) LK_NONNULL(1);

/* ---- net_conn.c: one connection ---- */
struct conn *conn_new(struct net *net, struct net_path *path, int fd) LK_NONNULL(1, 2);
void conn_close(struct conn *conn) LK_NONNULL(1);
void conn_event(struct conn *conn, uint32_t events) LK_NONNULL(1);
/* Go on where the share of the last turn ended, or where the bus was full. */
void conn_more(struct conn *conn) LK_NONNULL(1);
/* Send a control frame; false when the one before is still on its way. May close the connection when
 * then_close. */
bool conn_send(struct conn *conn, const struct lk_out *frame) LK_NONNULL(1, 2);
void conn_reject(struct conn *conn, const char *reason) LK_NONNULL(1, 2);
/* Write what waits. False: the connection is gone. */
bool conn_flush(struct conn *conn) LK_NONNULL(1);
void conn_timers(struct conn *conn) LK_NONNULL(1);
const char *conn_source(const struct conn *conn, char text[static NET_ADDRESS]) LK_NONNULL(1);

/* ---- net_frame.c: what frames do ---- */
bool conn_hello_send(struct conn *conn) LK_NONNULL(1);
/* A whole frame came. False: the connection is gone, or waits for the bus. */
bool conn_frame(struct conn *conn) LK_NONNULL(1);
void conn_beat(struct conn *conn) LK_NONNULL(1);

/* ---- net_link.c: the way for data ---- */
void link_update(struct net *net, struct net_peer *peer) LK_NONNULL(1, 2);
void link_send(struct net *net, const struct bus_data *data) LK_NONNULL(1, 2);
void link_clear(struct net_peer *peer) LK_NONNULL(1);
/* The next frame for this connection, or NULL. */
struct net_frame *link_take(struct conn *conn) LK_NONNULL(1);

/* ---- net_tls.c ---- */
/* 0 or a GnuTLS error. */
int tls_start(struct net *net) LK_NONNULL(1);
int tls_begin(struct conn *conn) LK_NONNULL(1);
/* Talk to ourselves once, so that what this takes is in memory. 0 or a GnuTLS error. */
int tls_warm(struct net *net) LK_NONNULL(1);

/* ---- net_device.c: TTY and DISK ---- */
void device_fd(struct net *net, struct net_path *path, int fd) LK_NONNULL(1, 2);
void device_event(struct net *net, struct net_path *path) LK_NONNULL(1, 2);
void device_timers(struct net *net, struct net_path *path) LK_NONNULL(1, 2);
void device_close(struct net *net, struct net_path *path) LK_NONNULL(1, 2);

/* ---- net_probe.c ---- */
void probe_open(struct net *net) LK_NONNULL(1);
void probe_read(struct net *net, bool six) LK_NONNULL(1);
void probe_timers(struct net *net, struct net_peer *peer) LK_NONNULL(1, 2);

#endif
