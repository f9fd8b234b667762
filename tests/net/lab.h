/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Network processes of lcm on loopback addresses, with the test in the place of their mains. */
#ifndef NET_LAB_H
#define NET_LAB_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "../../sbin/lcm/bus.h"
#include "../../sbin/lcm/net.h"
#include "../unit/tap.h"
#include "lk/net.h"

#define LAB_NODES 4
#define LAB_PATHS 4
#define LAB_LOG 65536

struct node {
	pid_t pid;
	int bus;
	bool ready, ended;
	struct bus_config conf;
	struct bus_keys keys;
	struct bus_peer peer[LAB_NODES];
	unsigned npeers;
	struct bus_path path[LAB_PATHS];
	unsigned npaths;
	int64_t until, deadline;	/* of a lease before */
	bool unkept;			/* terms cannot be kept */
	int fd[LAB_PATHS];		/* for the next BUS_WANT of the path; -1 none */
	/* what it said */
	uint32_t configured;
	enum lk_net_state state[LAB_PATHS];
	int64_t state_at[LAB_PATHS];
	uint32_t silent[LAB_PATHS];
	unsigned deads, alives, stalls, wants;
	struct bus_link link[LAB_NODES];
	unsigned links;
	uint8_t told[LAB_NODES];
	unsigned probes, answers;
	uint32_t probe_silent;
	size_t received;		/* bytes of envelopes */
	unsigned envelopes;
	uint64_t sum;			/* over all bytes, in order */
	struct bus_lease lease;
	struct bus_holds holds;		/* that were told last */
	unsigned leases;		/* how often it was told */
	unsigned keeps;			/* how often it wanted terms to be kept */
	struct bus_confirms confirms;
	uint64_t counter[LAB_PATHS][LK_NET_COUNTERS];
	char log[LAB_LOG];
};

extern struct node lab[LAB_NODES];

int64_t lab_now(void);
/* An address of this test run: 127.x.y.host. */
const char *lab_address(unsigned host);
/* The n-th secret; node_key() gives it to a node. */
struct bus_key lab_key(unsigned n);

/* Start the network process of a node; the first key is number 1. */
void node_start(struct node *node, const char *name);
void node_kill(struct node *node);	/* and reap */
/* Ask it to end; its exit code. */
int node_quit(struct node *node);
unsigned node_peer(struct node *node, const char *name);
/* A TCP path over 127.x.y.own and 127.x.y.other. */
struct bus_path *node_tcp(struct node *node, unsigned peer, unsigned own, unsigned other);
struct bus_path *node_device(struct node *node, unsigned peer, enum bus_path_type type);
/* Send the whole configuration. */
void node_commit(struct node *node);
void node_view(struct node *node, unsigned peer, enum frame_view view);
/* Bar these peers (bit p) and wait for what it tells of all. */
bool node_bar(struct node *node, uint32_t peers);
void node_stored(struct node *node, int64_t until);
void node_clear(struct node *node);
bool node_send(struct node *node, unsigned peer, const void *data, size_t len);
/* How often the log has this text. */
unsigned node_logged(const struct node *node, const char *text);

/* Read what the nodes say, for at most ms milliseconds. */
void lab_pump(int ms);
/* alpha (lab[0]) and beta (lab[1]) with one path over hosts 1 and 2; not started yet. */
void lab_pair(uint32_t interval, uint8_t misses);
void lab_pair_start(void);
void lab_end(void);

/* Wait until it holds, at most that long; does it? */
#define WAIT(holds, ms) ({                                       \
	int64_t lab_until = lab_now() + (ms);                    \
	while (!(holds) && lab_now() < lab_until)                \
		lab_pump(10);                                    \
	(holds);                                                 \
})
/* Let that much time pass; does it hold throughout? */
#define STAYS(holds, ms) ({                                      \
	int64_t lab_until = lab_now() + (ms);                    \
	while ((holds) && lab_now() < lab_until)                 \
		lab_pump(10);                                    \
	(holds);                                                 \
})

#endif
