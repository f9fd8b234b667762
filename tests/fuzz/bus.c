/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fuzz the messages between the two processes of lcm: what is accepted is in range, and is what the other side
 * would have written. */
#include "../../sbin/lcm/bus.h"

#include <string.h>

#include "fuzz.h"
#include "lk/log.h"
#include "lk/net.h"
#include "lk/poison.h"

static uint8_t again[BUS_MESSAGE_MAX];

/* Read it; if it is good, write it: the same bytes. */
#define CHECK(name, get_holds) do {                                                  \
	struct bus_##name value;                                                     \
	memset(&value, 0, sizeof(value));                                            \
	if (!bus_get_##name(&in, &value))                                            \
		return;                                                              \
	MUST(get_holds);                                                             \
	bus_put_##name(&out, &value);                                                \
} while (0)

/* What has a struct of its own. */
static void check_struct(struct lk_in in, uint8_t type, struct lk_out *same)
{
	struct lk_out out = LK_OUT(again);

	switch (type) {
	case BUS_CONFIG:
		CHECK(config, value.incarnation && value.self[0]);
		break;
	case BUS_KEYS:
		CHECK(keys, value.n <= LK_KEYS_MAX);
		break;
	case BUS_PEER:
		CHECK(peer, value.peer < BUS_PEERS_MAX && value.name[0]);
		break;
	case BUS_PATH:
		CHECK(path, value.path < BUS_PATHS_MAX && value.peer < BUS_PEERS_MAX && value.type <= BUS_DISK &&
			    value.interval >= LK_BEAT_MIN_MS && value.misses >= LK_MISSES_MIN);
		break;
	case BUS_PATH_STATE:
		CHECK(path_state, value.path < BUS_PATHS_MAX && value.state <= LK_NET_UNKNOWN);
		break;
	case BUS_PROBE:
		CHECK(probe, value.peer < BUS_PEERS_MAX && value.answered <= 1);
		break;
	case BUS_LINK:
		CHECK(link, value.peer < BUS_PEERS_MAX && value.up <= 1 && (!value.up || value.incarnation));
		break;
	case BUS_BAR:
		CHECK(bar, true);
		break;
	case BUS_LEASE:
		CHECK(lease, value.until <= INT64_MAX && value.lapsed <= 1);
		break;
	case BUS_CONFIRMS:
		CHECK(confirms, value.n <= BUS_PEERS_MAX && value.confirm[0].peer < BUS_PEERS_MAX &&
				value.confirm[0].knows <= 1);
		break;
	case BUS_HOLDS:
		CHECK(holds, value.peer < BUS_PEERS_MAX && value.holds < LK_HOLDS_COUNT);
		break;
	case BUS_COUNTERS:
		CHECK(counters, value.path < BUS_PATHS_MAX);
		break;
	case BUS_LOG:
		CHECK(log, value.level <= LK_LOG_ERROR && strlen(value.text) <= BUS_LOG_MAX);
		break;
	default:
		return;
	}
	*same = out;
}

/* What several types share. */
static void check_shared(struct lk_in in, uint8_t type, struct lk_out *same)
{
	struct lk_out out = LK_OUT(again);
	struct bus_view view;
	struct bus_data data;
	uint32_t number;
	uint16_t path;

	if (type == BUS_VIEW || type == BUS_TOLD) {
		if (!bus_get_view(&in, &view))
			return;
		MUST(view.peer < BUS_PEERS_MAX && view.view <= FRAME_VIEW_DOWN);
		bus_put_view(&out, type, &view);
	} else if (type == BUS_SEND || type == BUS_RECEIVED) {
		if (!bus_get_data(&in, &data))
			return;
		MUST(data.peer < BUS_PEERS_MAX && data.len <= FRAME_PAYLOAD_MAX);
		bus_put_data(&out, type, &data);
	} else if (type == BUS_COMMIT || type == BUS_CONFIGURED) {
		if (!bus_get_generation(&in, &number))
			return;
		bus_put_generation(&out, type, number);
	} else if (type == BUS_FD || type == BUS_WANT) {
		if (!bus_get_want(&in, &path))
			return;
		MUST(path < BUS_PATHS_MAX);
		bus_put_want(&out, type, path);
	} else {
		return;
	}
	*same = out;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct lk_in in = LK_IN(data, size);
	struct lk_out out = { .failed = true };

	uint8_t type = lk_get_u8(&in);
	check_struct(in, type, &out);
	check_shared(in, type, &out);
	MUST(out.failed || (out.len == size && !memcmp(out.data, data, size)));
	return 0;
}
