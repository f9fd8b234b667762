/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What lcm knows, for those who ask. */
#include "status.h"

#include <stdio.h>

#include "lk/sys.h"
#include "lk/poison.h"

#define WHY_MAX 700

static enum lk_sys_state state_of(const struct lcm_peer *peer)
{
	switch (peer->machine.state) {
	case PEER_ALIVE:
	case PEER_RETURNING: return LK_SYS_ALIVE;
	case PEER_DOWN: return LK_SYS_DEAD;
	default: return LK_SYS_UNKNOWN;
	}
}

struct count {
	unsigned all, alive;
};

static struct count count_paths(const struct lcm_peer *peer)
{
	struct count count = { 0 };

	for (unsigned i = 0; i < BUS_PATHS_MAX; i++) {
		const struct lcm_path *path = &peer->lcm->path[i];

		if (!path->configured || path->conf.peer != peer->number)
			continue;
		count.all++;
		count.alive += path->state == LK_NET_ALIVE;
	}
	return count;
}

static void explain(const struct lcm_peer *peer, char why[static WHY_MAX])
{
	const struct peer *machine = &peer->machine;
	struct count count = count_paths(peer);
	double silent = (double)(peer->lcm->now - machine->sign) / 1000;

	if (!count.all)
		snprintf(why, WHY_MAX, "there is no comm path to it");
	else if (machine->state == PEER_ALIVE || machine->state == PEER_RETURNING)
		snprintf(why, WHY_MAX, "%u of %u comm paths %s alive%s%s", count.alive, count.all,
			 count.alive == 1 ? "is" : "are",
			 machine->state == PEER_RETURNING ? ", comm_up is being processed" : "",
			 peer->told == FRAME_VIEW_DOWN ? ", it takes this system for down" : "");
	else if (*peer->lcm->keys.problem)
		snprintf(why, WHY_MAX, "no comm path can come up: %.600s", peer->lcm->keys.problem);
	else if (machine->state == PEER_SUSPECT)
		snprintf(why, WHY_MAX, "all comm paths are dead, the safety check runs: %s%.1f s ago",
			 machine->paused ? "its host answered " : "last sign of life ", silent);
	else if (machine->state == PEER_DOWN)
		snprintf(why, WHY_MAX, "all comm paths are dead: last sign of life %.1f s ago", silent);
	else
		snprintf(why, WHY_MAX, "nothing was heard of it yet");
}

static void send_system(struct lcm_client *client, const struct lcm_peer *peer)
{
	uint8_t bytes[WHY_MAX + LK_SYS_MAX + 32];
	struct lk_out out = LK_OUT(bytes);
	char why[WHY_MAX];

	explain(peer, why);
	lk_printable(why);
	lk_put_text(&out, peer->name);
	lk_put_u8(&out, (uint8_t)state_of(peer));
	lk_put_u8(&out, peer->told);
	lk_put_text(&out, why);
	lk_put_u64(&out, (uint64_t)(peer->lcm->now - peer->machine.since));
	(void)local_send(client, LK_LCM_SYSTEM, &out);
}

static void send_path(struct lcm_client *client, const struct lcm_path *path)
{
	uint8_t bytes[1024];
	struct lk_out out = LK_OUT(bytes);

	lk_put_text(&out, client->lcm->peer[path->conf.peer].name);
	lk_put_text(&out, path->conf.device);
	lk_put_text(&out, path->conf.local);
	lk_put_text(&out, path->conf.remote);
	lk_put_u8(&out, (uint8_t)path->state);
	lk_put_u64(&out, path->comm_downs);
	for (unsigned i = 0; i < LK_NET_COUNTERS; i++)
		lk_put_u64(&out, path->counter[i]);
	lk_put_u32(&out, 0);
	lk_put_u32(&out, 0);
	(void)local_send(client, LK_LCM_PATH, &out);
}

void status_send(struct lcm_client *client)
{
	const struct lcm *lcm = client->lcm;
	uint8_t bytes[1];
	struct lk_out out = LK_OUT(bytes);

	for (unsigned i = 0; i < BUS_PEERS_MAX; i++)
		if (lcm->peer[i].configured)
			send_system(client, &lcm->peer[i]);
	for (unsigned i = 0; i < BUS_PATHS_MAX; i++)
		if (lcm->path[i].configured)
			send_path(client, &lcm->path[i]);
	lk_put_u8(&out, lcm->available);
	(void)local_send(client, LK_LCM_END, &out);
}
