/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Commands that local clients want to run on other systems. */
#include "session.h"

#include <stdlib.h>
#include <string.h>

#include "lk/msg.h"
#include "control.h"
#include "local.h"
#include "served.h"
#include "lk/poison.h"

#define OPEN_HEAD 9		/* session, flags, limit */

bool session_check_words(struct lk_in in, unsigned *count)
{
	size_t len;

	*count = lk_get_u16(&in);
	if (in.bad || !*count || *count > SESSION_WORDS)
		return false;
	for (unsigned i = 0; i < *count; i++) {
		const uint8_t *word = lk_get_bytes(&in, &len);

		if (!word || memchr(word, 0, len))
			return false;
	}
	return lk_get_end(&in);
}

static struct lcm_session *find(struct lcm_peer *peer, uint32_t id)
{
	struct lcm_session *session = peer->lcm->sessions;

	while (session && (session->peer != peer || session->id != id))
		session = session->next;
	return session;
}

static void forget(struct lcm_session *session)
{
	struct lcm_session **at = &session->lcm->sessions;

	while (*at != session)
		at = &(*at)->next;
	*at = session->next;
	free(session);
}

static int send(struct lcm_session *session, enum env_type type, const struct lk_out *out)
{
	struct lk_piece piece = { out->data, out->len };

	return out->failed ? -1 : chan_send(&session->peer->chan, type, &piece, session->lcm->now);
}

static void fail(struct lcm_session *session, enum lk_lcm_fail why, const char *text)
{
	local_fail(session->client, why, text);
	forget(session);
}

/* ---- opening ---- */

static enum lk_lcm_fail find_way(struct lcm *lcm, const char *dest, struct lcm_peer **peer)
{
	if (!strcmp(dest, lcm->self))
		return LK_LCM_BAD_REQUEST;
	*peer = lcm_find_peer(lcm, dest);
	if (!*peer)
		return LK_LCM_UNKNOWN_SYSTEM;
	return control_has_way(*peer) ? 0 : LK_LCM_OUT_OF_SERVICE;
}

static uint32_t new_id(struct lcm_peer *peer)
{
	struct lcm *lcm = peer->lcm;

	do
		lcm->next_session++;
	while (!lcm->next_session || find(peer, lcm->next_session));
	return lcm->next_session;
}

enum lk_lcm_fail session_open(struct lcm_client *client, const struct session_request *request)
{
	uint8_t bytes[ENV_PAYLOAD_MAX];
	struct lk_out out = LK_OUT(bytes);
	struct lcm *lcm = client->lcm;
	struct lcm_peer *peer;
	enum lk_lcm_fail why = find_way(lcm, request->dest, &peer);

	if (why)
		return why;
	struct lcm_session *session = malloc(sizeof(*session));
	if (!session)
		return LK_LCM_BAD_REQUEST;
	*session = (struct lcm_session){
		.next = lcm->sessions, .lcm = lcm, .peer = peer, .client = client, .id = new_id(peer),
		.deadline = request->limit ? lcm->now + request->limit : -1, .credit = ENV_CREDIT,
	};
	lk_put_u32(&out, session->id);
	lk_put_u8(&out, request->flags);
	lk_put_u32(&out, request->limit);
	lk_put_raw(&out, request->argv, request->len);
	if (send(session, ENV_OPEN, &out) < 0) {
		free(session);
		return LK_LCM_BAD_REQUEST;
	}
	lcm->sessions = session;
	client->session = session;
	return 0;
}

/* ---- the client's side ---- */

bool session_has_room(const struct lcm_session *session, size_t len)
{
	return session->credit >= len + ENV_COST && session->peer->chan.backlog < ENV_WINDOW;
}

void session_input(struct lcm_session *session, const uint8_t *data, size_t len)
{
	uint8_t bytes[ENV_DATA_MAX + 4];
	struct lk_out out = LK_OUT(bytes);

	lk_put_u32(&out, session->id);
	lk_put_raw(&out, data, len);
	session->credit -= (uint32_t)len + ENV_COST;
	if (send(session, ENV_INPUT, &out) < 0) {
		session_cancel(session);
		return;
	}
}

static void send_small(struct lcm_session *session, enum env_type type, uint32_t credit)
{
	uint8_t bytes[16];
	struct lk_out out = LK_OUT(bytes);

	lk_put_u32(&out, session->id);
	if (type == ENV_CREDIT_MORE) {
		lk_put_u8(&out, 0);
		lk_put_u32(&out, credit);
	}
	(void)!send(session, type, &out);
}

void session_taken(struct lcm_session *session, size_t waiting)
{
	if (session->owed < ENV_CREDIT / 4 || waiting > ENV_CREDIT / 2)
		return;
	send_small(session, ENV_CREDIT_MORE, session->owed);
	session->owed = 0;
}

void session_cancel(struct lcm_session *session)
{
	send_small(session, ENV_CANCEL, 0);
	session->client->session = NULL;
	forget(session);
}

/* ---- the peer's side ---- */

static void on_output(struct lcm_session *session, struct lk_in *in)
{
	uint8_t stream = lk_get_u8(in);
	size_t len = lk_in_left(in);
	const uint8_t *data = lk_get_raw(in, len);

	if (in->bad || (stream != 1 && stream != 2) || len > ENV_DATA_MAX)
		return;
	session->owed += (uint32_t)len + ENV_COST;
	if (local_output(session->client, stream, &(struct lk_piece){ data, len }) < 0) {
		send_small(session, ENV_CANCEL, 0);
		fail(session, LK_LCM_LOST, "more output came than was allowed");
	}
}

static void on_credit(struct lcm_session *session, struct lk_in *in)
{
	uint32_t more = lk_get_u32(in);

	if (lk_get_end(in) && more <= ENV_CREDIT && session->credit <= ENV_CREDIT)
		session->credit += more;
}

static void on_exit_code(struct lcm_session *session, struct lk_in *in)
{
	uint8_t code = lk_get_u8(in);

	(void)lk_get_u8(in);
	if (!lk_get_end(in))
		return;
	local_exit(session->client, code);
	forget(session);
}

/* For a session of ours; those that we gave up are ignored. */
static void deliver(struct lcm_session *session, enum env_type type, struct lk_in *in)
{
	if (!session)
		return;
	if (type == ENV_OUTPUT)
		on_output(session, in);
	else if (type == ENV_EXIT)
		on_exit_code(session, in);
	else
		on_credit(session, in);
}

void session_deliver(struct lcm_peer *peer, enum env_type type, struct lk_in *in)
{
	uint32_t id = lk_get_u32(in);

	if (in->bad)
		return;
	switch (type) {
	case ENV_OUTPUT:
	case ENV_EXIT:
		deliver(find(peer, id), type, in);
		break;
	case ENV_CREDIT_MORE:
		if (lk_get_u8(in) == 1)
			deliver(find(peer, id), type, in);
		else
			served_credit(peer, id, in);
		break;
	case ENV_OPEN:
		served_open(peer, id, in);
		break;
	case ENV_INPUT:
		served_input(peer, id, in);
		break;
	case ENV_CANCEL:
		served_cancel(peer, id);
		break;
	case ENV_ACK:
	case ENV_VOID:
		break;
	}
}

/* ---- ends ---- */

void session_lose(struct lcm_peer *peer)
{
	for (struct lcm_session *session = peer->lcm->sessions, *next; session; session = next) {
		next = session->next;
		if (session->peer == peer)
			fail(session, LK_LCM_LOST, "");
	}
	served_lose(peer);
}

bool session_any(const struct lcm_peer *peer)
{
	for (const struct lcm_session *session = peer->lcm->sessions; session; session = session->next)
		if (session->peer == peer)
			return true;
	return false;
}

int64_t session_deadline(const struct lcm *lcm)
{
	int64_t at = served_deadline(lcm);

	for (const struct lcm_session *session = lcm->sessions; session; session = session->next)
		at = lcm_earlier(at, session->deadline);
	return at;
}

void session_tick(struct lcm *lcm)
{
	for (struct lcm_session *session = lcm->sessions, *next; session; session = next) {
		next = session->next;
		if (session->deadline < 0 || lcm->now < session->deadline)
			continue;
		send_small(session, ENV_CANCEL, 0);
		fail(session, LK_LCM_TIMEOUT, "");
	}
	served_tick(lcm);
}
