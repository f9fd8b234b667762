/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Heartbeats for media without TLS. */
#include "sealed.h"

#include <string.h>

#include "lk/key.h"
#include "lk/poison.h"

static int mac_of(const struct sealed_with *with, const uint8_t *data, size_t len,
		  uint8_t mac[static SEALED_MAC])
{
	/* the NULs keep the texts apart */
	const struct lk_piece pieces[] = {
		{ with->medium, strlen(with->medium) + 1 },
		{ with->from, strlen(with->from) + 1 },
		{ with->to, strlen(with->to) + 1 },
		{ data, len },
	};

	return lk_key_mac(with->key, pieces, sizeof(pieces) / sizeof(*pieces), mac);
}

int sealed_put(struct lk_out *out, const struct sealed *sealed, const struct sealed_with *with)
{
	uint8_t bytes[SEALED_MAX], mac[SEALED_MAC];
	struct lk_out frame = LK_OUT(bytes);

	lk_put_u32(&frame, SEALED_MAGIC);
	lk_put_u16(&frame, 0);
	lk_put_u8(&frame, sealed->version);
	lk_put_u64(&frame, sealed->incarnation);
	lk_put_u32(&frame, sealed->sequence);
	lk_put_u64(&frame, sealed->heard_incarnation);
	lk_put_u32(&frame, sealed->heard_sequence);
	lk_put_u32(&frame, sealed->interval);
	lk_put_u8(&frame, sealed->misses);
	if (sealed->version >= 2)
		lk_put_u8(&frame, sealed->view);
	if (sealed->version >= 3)
		frame_put_confirm(&frame, &sealed->confirm);
	bytes[SEALED_HEAD - 1] = (uint8_t)(frame.len - SEALED_HEAD);
	if (mac_of(with, bytes, frame.len, mac) < 0)
		return -1;
	lk_put_raw(&frame, mac, sizeof(mac));
	lk_put_raw(out, frame.data, frame.len);
	return 0;
}

size_t sealed_size(const uint8_t *data, size_t len)
{
	struct lk_in in = LK_IN(data, len);

	if (len < SEALED_HEAD)
		return SEALED_HEAD;
	if (lk_get_u32(&in) != SEALED_MAGIC)
		return 0;
	size_t body = lk_get_u16(&in);
	return body > SEALED_BODY_MAX ? 0 : SEALED_HEAD + body + SEALED_MAC;
}

static bool get_body(struct lk_in *in, struct sealed *sealed)
{
	sealed->version = lk_get_u8(in);
	sealed->incarnation = lk_get_u64(in);
	sealed->sequence = lk_get_u32(in);
	sealed->heard_incarnation = lk_get_u64(in);
	sealed->heard_sequence = lk_get_u32(in);
	sealed->interval = lk_get_u32(in);
	sealed->misses = lk_get_u8(in);
	sealed->view = sealed->version >= 2 ? lk_get_u8(in) : FRAME_VIEW_UNKNOWN;
	sealed->confirm = sealed->version >= 3 ? frame_get_confirm(in) : (struct frame_confirm){ 0 };
	return !in->bad && sealed->version >= 1 && sealed->incarnation != 0 &&
	       sealed->view <= FRAME_VIEW_DOWN && (lk_get_end(in) || sealed->version > FRAME_VERSION_MAX);
}

bool sealed_get(const uint8_t *data, size_t len, const struct sealed_with *with, struct sealed *sealed)
{
	uint8_t mac[SEALED_MAC];

	if (len < SEALED_HEAD || sealed_size(data, len) != len)
		return false;
	size_t signed_len = len - SEALED_MAC;
	if (mac_of(with, data, signed_len, mac) < 0 || !lk_key_same(mac, data + signed_len))
		return false;
	struct lk_in in = LK_IN(data + SEALED_HEAD, signed_len - SEALED_HEAD);
	return get_body(&in, sealed);
}

/* ---- freshness ---- */

static bool tells_recent(const struct sealed_talk *talk, const struct sealed *sealed, uint32_t window)
{
	return sealed->heard_incarnation == talk->incarnation && sealed->heard_sequence != 0 &&
	       sealed->heard_sequence <= talk->sequence &&
	       talk->sequence - sealed->heard_sequence <= window;
}

enum sealed_verdict sealed_judge(struct sealed_talk *talk, const struct sealed *sealed, uint32_t window)
{
	if (sealed->incarnation == talk->fresh_incarnation && sealed->sequence <= talk->fresh_sequence)
		return SEALED_OLD;
	if (sealed->incarnation == talk->heard_incarnation && sealed->sequence <= talk->heard_sequence)
		return SEALED_OLD;
	talk->heard_incarnation = sealed->incarnation;
	talk->heard_sequence = sealed->sequence;
	if (!tells_recent(talk, sealed, window))
		return SEALED_HEARD;
	talk->fresh_incarnation = sealed->incarnation;
	talk->fresh_sequence = sealed->sequence;
	return SEALED_FRESH;
}

/* ---- a serial line ---- */

size_t sealed_line_add(struct sealed_line *line, const uint8_t *data, size_t len)
{
	size_t room = sizeof(line->data) - line->len, n = len < room ? len : room;

	memcpy(line->data + line->len, data, n);
	line->len += n;
	return n;
}

void sealed_line_drop(struct sealed_line *line, size_t len)
{
	line->len -= len;
	memmove(line->data, line->data + len, line->len);
}

/* Can a frame begin at this byte, as far as it is there? */
static bool may_begin(const uint8_t *data, size_t len)
{
	static const uint8_t magic[] = { 'L', 'K', 'P', 'S' };

	if (len < SEALED_HEAD)
		return memcmp(data, magic, len < sizeof(magic) ? len : sizeof(magic)) == 0;
	return sealed_size(data, len) != 0;
}

size_t sealed_line_frame(struct sealed_line *line)
{
	size_t skip = 0;

	while (skip < line->len && !may_begin(line->data + skip, line->len - skip))
		skip++;
	line->garbage += (unsigned)skip;
	sealed_line_drop(line, skip);
	if (line->len < SEALED_HEAD)
		return 0;
	size_t size = sealed_size(line->data, line->len);
	return size <= line->len ? size : 0;
}
