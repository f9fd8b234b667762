/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fuzz what another system sends to lcm's main process: an envelope whose seal is good, or a run of payloads,
 * each behind a byte of type and a 16-bit length. No command is started; all sessions end in the end. */
#include "../../sbin/lcm/session.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "../../sbin/lcm/exec.h"
#include "../../sbin/lcm/net.h"
#include "../../sbin/lcm/served.h"
#include "fuzz.h"
#include "lk/poison.h"

#define NO_PID 0x7ffffff0		/* no process has it */

/* ---- in place of the real ones ---- */

int exec_start(const struct exec_request *request, struct exec_child *child)
{
	unsigned n = 0;

	while (request->argv[n])
		n++;
	MUST(n >= 1 && n <= SESSION_WORDS);
	*child = (struct exec_child){ .pid = NO_PID, .in = -1, .out = { -1, -1 } };
	return 0;
}

int exec_code(int status)
{
	return status;
}

int net_run(int bus, const struct net_setup *setup)
{
	(void)bus;
	(void)setup;
	return 1;
}

pid_t disk_start(const struct disk_setup *setup, int *fd)
{
	(void)setup;
	(void)fd;
	return -1;
}

/* ---- the world ---- */

static void on_send(void *arg, const uint8_t *envelope, size_t len)
{
	(void)arg;
	(void)envelope;
	MUST(len >= ENV_HEAD + ENV_SEAL && len <= FRAME_PAYLOAD_MAX);
}

static void on_deliver(void *arg, enum env_type type, struct lk_in *payload)
{
	session_deliver(arg, type, payload);
}

static bool on_seal(void *arg, unsigned key, const struct lk_piece piece[static 3],
		    uint8_t seal[static ENV_SEAL])
{
	(void)arg;
	(void)piece;
	memset(seal, 0, ENV_SEAL);
	return key == 0;
}

static const struct chan_ops ops = { .send = on_send, .deliver = on_deliver, .seal = on_seal };

static void receive(struct lcm_peer *peer, struct lk_in *in)
{
	uint8_t bytes[FRAME_PAYLOAD_MAX] = { 0 };
	size_t len = lk_in_left(in);

	if (len > sizeof(bytes) - ENV_SEAL)
		len = sizeof(bytes) - ENV_SEAL;
	if (len)
		memcpy(bytes, in->at, len);
	(void)!chan_receive(&peer->chan, bytes, len + ENV_SEAL, 1);
}

static void deliver_all(struct lcm_peer *peer, struct lk_in *in)
{
	while (!in->bad && lk_in_left(in)) {
		uint8_t type = lk_get_u8(in);
		size_t len = lk_get_u16(in);

		if (len > lk_in_left(in))
			len = lk_in_left(in);
		struct lk_in payload = LK_IN(in->at, len);
		(void)lk_get_raw(in, len);
		session_deliver(peer, (enum env_type)type, &payload);
		MUST(peer->served <= ENV_SESSIONS_MAX);
	}
}

static void end_all(struct lcm *lcm)
{
	while (lcm->children) {
		struct lcm_child *child = lcm->children;

		lcm->children = child->next;
		if (child->ended)
			child->ended(child->arg, 0);
		free(child);
	}
	MUST(!lcm->served && !lcm->peer[0].served);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct lcm *lcm = calloc(1, sizeof(*lcm));
	struct lk_in in = LK_IN(data, size);

	MUST(lcm);
	struct lcm_peer *peer = &lcm->peer[0];
	lcm->tree.fd = lcm->epoll = lcm->bus.fd = -1;
	*peer = (struct lcm_peer){ .lcm = lcm, .used = true, .configured = true, .name = "beta" };
	chan_init(&peer->chan, &ops, peer);
	peer->chan.self = "alpha";
	peer->chan.peer = peer->name;
	peer->chan.own = 1;
	(void)chan_link(&peer->chan, true, 2, 0);
	if (lk_get_u8(&in) & 1)
		receive(peer, &in);
	else
		deliver_all(peer, &in);
	session_lose(peer);
	MUST(!peer->served);
	end_all(lcm);
	chan_free(&peer->chan);
	free(lcm);
	return 0;
}
