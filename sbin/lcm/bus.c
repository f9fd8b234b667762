/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Messages between the two processes of lcm: encoding and decoding. */
#include "bus.h"

#include <string.h>

#include "lk/log.h"
#include "lk/poison.h"

/* ---- writing ---- */

void bus_put_empty(struct lk_out *out, enum bus_type type)
{
	lk_put_u8(out, type);
}

void bus_put_config(struct lk_out *out, const struct bus_config *config)
{
	lk_put_u8(out, BUS_CONFIG);
	lk_put_u32(out, config->generation);
	lk_put_u64(out, config->incarnation);
	lk_put_u32(out, config->probe_interval);
	lk_put_u8(out, config->quorum);
	lk_put_u32(out, config->lease);
	lk_put_u32(out, config->stop);
	lk_put_u8(out, config->holds);
	lk_put_text(out, config->self);
}

void bus_put_keys(struct lk_out *out, const struct bus_keys *keys)
{
	lk_put_u8(out, BUS_KEYS);
	lk_put_u8(out, keys->n);
	for (unsigned i = 0; i < keys->n && i < LK_KEYS_MAX; i++) {
		lk_put_text(out, keys->key[i].print);
		lk_put_raw(out, keys->key[i].tls, LK_KEY_BYTES);
		lk_put_raw(out, keys->key[i].beat, LK_KEY_BYTES);
	}
}

void bus_put_peer(struct lk_out *out, const struct bus_peer *peer)
{
	lk_put_u8(out, BUS_PEER);
	lk_put_u8(out, peer->peer);
	lk_put_text(out, peer->name);
	lk_put_u32(out, peer->lease);
	lk_put_u32(out, peer->stop);
	lk_put_u8(out, peer->lost);
}

void bus_put_path(struct lk_out *out, const struct bus_path *path)
{
	lk_put_u8(out, BUS_PATH);
	lk_put_u16(out, path->path);
	lk_put_u8(out, path->peer);
	lk_put_u8(out, path->type);
	lk_put_u8(out, path->priority);
	lk_put_u16(out, path->port);
	lk_put_u32(out, path->baud);
	lk_put_u32(out, path->interval);
	lk_put_u8(out, path->misses);
	lk_put_text(out, path->local);
	lk_put_text(out, path->remote);
	lk_put_text(out, path->device);
}

void bus_put_generation(struct lk_out *out, enum bus_type type, uint32_t generation)
{
	lk_put_u8(out, type);
	lk_put_u32(out, generation);
}

void bus_put_view(struct lk_out *out, enum bus_type type, const struct bus_view *view)
{
	lk_put_u8(out, type);
	lk_put_u8(out, view->peer);
	lk_put_u8(out, view->view);
}

void bus_put_data(struct lk_out *out, enum bus_type type, const struct bus_data *data)
{
	lk_put_u8(out, type);
	lk_put_u8(out, data->peer);
	if (data->len > FRAME_PAYLOAD_MAX)
		out->failed = true;
	lk_put_raw(out, data->data, data->len);
}

void bus_put_want(struct lk_out *out, enum bus_type type, uint16_t path)
{
	lk_put_u8(out, type);
	lk_put_u16(out, path);
}

void bus_put_path_state(struct lk_out *out, const struct bus_path_state *state)
{
	lk_put_u8(out, BUS_PATH_STATE);
	lk_put_u16(out, state->path);
	lk_put_u8(out, state->state);
	lk_put_u32(out, state->silent);
}

void bus_put_probe(struct lk_out *out, const struct bus_probe *probe)
{
	lk_put_u8(out, BUS_PROBE);
	lk_put_u8(out, probe->peer);
	lk_put_u8(out, probe->answered);
	lk_put_u32(out, probe->silent);
}

void bus_put_link(struct lk_out *out, const struct bus_link *link)
{
	lk_put_u8(out, BUS_LINK);
	lk_put_u8(out, link->peer);
	lk_put_u8(out, link->up);
	lk_put_u64(out, link->incarnation);
	lk_put_u8(out, link->version);
}

void bus_put_stall(struct lk_out *out, uint32_t ms)
{
	lk_put_u8(out, BUS_STALL);
	lk_put_u32(out, ms);
}

void bus_put_bar(struct lk_out *out, const struct bus_bar *bar)
{
	lk_put_u8(out, BUS_BAR);
	lk_put_u32(out, bar->number);
	lk_put_u32(out, bar->peers);
}

void bus_put_stored(struct lk_out *out, const struct bus_stored *stored)
{
	lk_put_u8(out, BUS_STORED);
	lk_put_u64(out, stored->until);
}

static void put_terms(struct lk_out *out, const struct bus_terms *terms)
{
	lk_put_u8(out, terms->peer);
	lk_put_u32(out, terms->lease);
	lk_put_u32(out, terms->stop);
}

void bus_put_terms(struct lk_out *out, const struct bus_terms *terms)
{
	lk_put_u8(out, BUS_KEEP);
	put_terms(out, terms);
}

void bus_put_kept(struct lk_out *out, const struct bus_kept *kept)
{
	lk_put_u8(out, BUS_KEPT);
	put_terms(out, &kept->terms);
	lk_put_u8(out, kept->good);
}

void bus_put_lease(struct lk_out *out, const struct bus_lease *lease)
{
	lk_put_u8(out, BUS_LEASE);
	lk_put_u64(out, lease->until);
	lk_put_u32(out, lease->stop);
	lk_put_u8(out, lease->lapsed);
}

void bus_put_confirms(struct lk_out *out, const struct bus_confirms *confirms)
{
	lk_put_u8(out, BUS_CONFIRMS);
	lk_put_u32(out, confirms->number);
	lk_put_u32(out, confirms->generation);
	lk_put_u8(out, confirms->n);
	for (unsigned i = 0; i < confirms->n && i < BUS_PEERS_MAX; i++) {
		const struct bus_confirm *confirm = &confirms->confirm[i];

		lk_put_u8(out, confirm->peer);
		lk_put_u8(out, confirm->barred);
		lk_put_u8(out, confirm->knows);
		lk_put_u64(out, confirm->quiet);
		lk_put_u64(out, confirm->needed);
		lk_put_u64(out, confirm->age);
		lk_put_u64(out, confirm->lease);
		lk_put_u64(out, confirm->stop);
		lk_put_u64(out, confirm->incarnation);
	}
}

void bus_put_holds(struct lk_out *out, const struct bus_holds *holds)
{
	lk_put_u8(out, BUS_HOLDS);
	lk_put_u8(out, holds->peer);
	lk_put_u8(out, holds->holds);
}

void bus_put_counters(struct lk_out *out, const struct bus_counters *counters)
{
	lk_put_u8(out, BUS_COUNTERS);
	lk_put_u16(out, counters->path);
	for (unsigned i = 0; i < LK_NET_COUNTERS; i++)
		lk_put_u64(out, counters->counter[i]);
}

void bus_put_log(struct lk_out *out, const struct bus_log *log)
{
	lk_put_u8(out, BUS_LOG);
	lk_put_u8(out, log->level);
	lk_put_u32(out, log->number);
	size_t len = strnlen(log->text, BUS_LOG_MAX);
	lk_put_u16(out, (uint16_t)len);
	lk_put_raw(out, log->text, len);
}

/* ---- reading ---- */

static uint8_t get_peer(struct lk_in *in)
{
	uint8_t peer = lk_get_u8(in);

	if (peer >= BUS_PEERS_MAX)
		in->bad = true;
	return peer;
}

static uint16_t get_path(struct lk_in *in)
{
	uint16_t path = lk_get_u16(in);

	if (path >= BUS_PATHS_MAX)
		in->bad = true;
	return path;
}

/* A byte from 0 to max. */
static uint8_t get_choice(struct lk_in *in, uint8_t max)
{
	uint8_t value = lk_get_u8(in);

	if (value > max)
		in->bad = true;
	return value;
}

static void get_name(struct lk_in *in, char name[static LK_SYS_MAX + 1])
{
	struct lk_err err;

	lk_get_text(in, name, LK_SYS_MAX + 1);
	if (!in->bad && lk_check_sys(name, &err) < 0)
		in->bad = true;
}

bool bus_get_empty(struct lk_in *in)
{
	return lk_get_end(in);
}

bool bus_get_config(struct lk_in *in, struct bus_config *config)
{
	config->generation = lk_get_u32(in);
	config->incarnation = lk_get_u64(in);
	config->probe_interval = lk_get_u32(in);
	config->quorum = get_choice(in, BUS_STORAGE);
	config->lease = lk_get_u32(in);
	config->stop = lk_get_u32(in);
	config->holds = get_choice(in, LK_HOLDS_COUNT - 1);
	get_name(in, config->self);
	return lk_get_end(in) && config->incarnation != 0;
}

static void get_raw(struct lk_in *in, uint8_t bytes[static LK_KEY_BYTES])
{
	const uint8_t *raw = lk_get_raw(in, LK_KEY_BYTES);

	if (raw)
		memcpy(bytes, raw, LK_KEY_BYTES);
}

bool bus_get_keys(struct lk_in *in, struct bus_keys *keys)
{
	memset(keys, 0, sizeof(*keys));
	keys->n = get_choice(in, LK_KEYS_MAX);
	for (unsigned i = 0; !in->bad && i < keys->n; i++) {
		lk_get_text(in, keys->key[i].print, LK_KEY_PRINT);
		get_raw(in, keys->key[i].tls);
		get_raw(in, keys->key[i].beat);
	}
	return lk_get_end(in);
}

bool bus_get_peer(struct lk_in *in, struct bus_peer *peer)
{
	peer->peer = get_peer(in);
	get_name(in, peer->name);
	peer->lease = lk_get_u32(in);
	peer->stop = lk_get_u32(in);
	peer->lost = get_choice(in, 1);
	return lk_get_end(in);
}

bool bus_get_path(struct lk_in *in, struct bus_path *path)
{
	path->path = get_path(in);
	path->peer = get_peer(in);
	path->type = get_choice(in, BUS_DISK);
	path->priority = lk_get_u8(in);
	path->port = lk_get_u16(in);
	path->baud = lk_get_u32(in);
	path->interval = lk_get_u32(in);
	path->misses = lk_get_u8(in);
	lk_get_text(in, path->local, sizeof(path->local));
	lk_get_text(in, path->remote, sizeof(path->remote));
	lk_get_text(in, path->device, sizeof(path->device));
	if (path->interval < LK_BEAT_MIN_MS || path->interval > LK_BEAT_MAX_MS ||
	    path->misses < LK_MISSES_MIN || path->misses > LK_MISSES_MAX)
		in->bad = true;
	return lk_get_end(in);
}

bool bus_get_generation(struct lk_in *in, uint32_t *generation)
{
	*generation = lk_get_u32(in);
	return lk_get_end(in);
}

bool bus_get_view(struct lk_in *in, struct bus_view *view)
{
	view->peer = get_peer(in);
	view->view = get_choice(in, FRAME_VIEW_DOWN);
	return lk_get_end(in);
}

bool bus_get_data(struct lk_in *in, struct bus_data *data)
{
	data->peer = get_peer(in);
	data->len = lk_in_left(in);
	data->data = lk_get_raw(in, data->len);
	return !in->bad && data->len <= FRAME_PAYLOAD_MAX;
}

bool bus_get_want(struct lk_in *in, uint16_t *path)
{
	*path = get_path(in);
	return lk_get_end(in);
}

bool bus_get_path_state(struct lk_in *in, struct bus_path_state *state)
{
	state->path = get_path(in);
	state->state = get_choice(in, LK_NET_UNKNOWN);
	state->silent = lk_get_u32(in);
	return lk_get_end(in);
}

bool bus_get_probe(struct lk_in *in, struct bus_probe *probe)
{
	probe->peer = get_peer(in);
	probe->answered = get_choice(in, 1);
	probe->silent = lk_get_u32(in);
	return lk_get_end(in);
}

bool bus_get_link(struct lk_in *in, struct bus_link *link)
{
	link->peer = get_peer(in);
	link->up = get_choice(in, 1);
	link->incarnation = lk_get_u64(in);
	link->version = lk_get_u8(in);
	return lk_get_end(in) && (!link->up || link->incarnation != 0);
}

bool bus_get_stall(struct lk_in *in, uint32_t *ms)
{
	*ms = lk_get_u32(in);
	return lk_get_end(in);
}

bool bus_get_log(struct lk_in *in, struct bus_log *log)
{
	log->level = get_choice(in, LK_LOG_ERROR);
	log->number = lk_get_u32(in);
	lk_get_text(in, log->text, sizeof(log->text));
	return lk_get_end(in);
}

bool bus_get_bar(struct lk_in *in, struct bus_bar *bar)
{
	bar->number = lk_get_u32(in);
	bar->peers = lk_get_u32(in);
	return lk_get_end(in);
}

/* A time of a clock that counts nanoseconds. */
static uint64_t get_time(struct lk_in *in)
{
	uint64_t value = lk_get_u64(in);

	if (value > INT64_MAX)
		in->bad = true;
	return value;
}

bool bus_get_stored(struct lk_in *in, struct bus_stored *stored)
{
	stored->until = get_time(in);
	return lk_get_end(in);
}

static void get_terms(struct lk_in *in, struct bus_terms *terms)
{
	terms->peer = get_peer(in);
	terms->lease = lk_get_u32(in);
	terms->stop = lk_get_u32(in);
}

bool bus_get_terms(struct lk_in *in, struct bus_terms *terms)
{
	get_terms(in, terms);
	return lk_get_end(in);
}

bool bus_get_kept(struct lk_in *in, struct bus_kept *kept)
{
	get_terms(in, &kept->terms);
	kept->good = get_choice(in, 1);
	return lk_get_end(in);
}

bool bus_get_lease(struct lk_in *in, struct bus_lease *lease)
{
	lease->until = get_time(in);
	lease->stop = lk_get_u32(in);
	lease->lapsed = get_choice(in, 1);
	return lk_get_end(in);
}

bool bus_get_confirms(struct lk_in *in, struct bus_confirms *confirms)
{
	memset(confirms, 0, sizeof(*confirms));
	confirms->number = lk_get_u32(in);
	confirms->generation = lk_get_u32(in);
	confirms->n = get_choice(in, BUS_PEERS_MAX);
	for (unsigned i = 0; !in->bad && i < confirms->n; i++) {
		struct bus_confirm *confirm = &confirms->confirm[i];

		confirm->peer = get_peer(in);
		confirm->barred = get_choice(in, 1);
		confirm->knows = get_choice(in, 1);
		confirm->quiet = get_time(in);
		confirm->needed = get_time(in);
		confirm->age = get_time(in);
		confirm->lease = get_time(in);
		confirm->stop = get_time(in);
		confirm->incarnation = lk_get_u64(in);
	}
	return lk_get_end(in);
}

bool bus_get_holds(struct lk_in *in, struct bus_holds *holds)
{
	holds->peer = get_peer(in);
	holds->holds = get_choice(in, LK_HOLDS_COUNT - 1);
	return lk_get_end(in);
}

bool bus_get_counters(struct lk_in *in, struct bus_counters *counters)
{
	counters->path = get_path(in);
	for (unsigned i = 0; i < LK_NET_COUNTERS; i++)
		counters->counter[i] = lk_get_u64(in);
	return lk_get_end(in);
}
