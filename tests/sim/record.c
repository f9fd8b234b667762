/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pictures of schedules as cases for tests/decide: each one that is of its own kind, once. */
#include "sim.h"

#include <stdio.h>
#include <string.h>

#include "lk/cleanup.h"
#include "lk/picfile.h"
#include "lk/poison.h"

#define SEEN_MAX 65536		/* kinds; more are not told apart */

static uint64_t hash_of(const char *text)
{
	uint64_t hash = UINT64_C(14695981039346656037);

	for (; *text; text++)
		hash = (hash ^ (uint8_t)*text) * UINT64_C(1099511628211);
	return hash ? hash : 1;
}

static bool is_new(const char *text)
{
	static uint64_t seen[SEEN_MAX];
	uint64_t hash = hash_of(text);

	for (unsigned i = 0; i < SEEN_MAX; i++) {
		uint64_t *slot = &seen[(hash + i) % SEEN_MAX];

		if (*slot == hash)
			return false;
		if (*slot)
			continue;
		*slot = hash;
		return true;
	}
	return false;
}

/* By priority: the best one is alpha. */
static unsigned place(const struct lk_picture *pic, unsigned sys)
{
	unsigned better = 0;

	for (unsigned i = 0; i < pic->ncopy; i++)
		better += pic->copy[i].priority < pic->copy[sys].priority;
	return better;
}

static uint32_t moved(const struct lk_picture *pic, uint32_t set)
{
	uint32_t new = 0;

	for (unsigned i = 0; i < pic->nsys; i++)
		if (set >> i & 1)
			new |= UINT32_C(1) << place(pic, i);
	return new;
}

/* Only the order of epochs matters. */
static uint64_t rank(const struct lk_picture *pic, uint64_t epoch)
{
	uint64_t below = epoch ? 1 : 0;

	for (unsigned i = 0; i < pic->ncopy; i++) {
		bool first = pic->copy[i].epoch && pic->copy[i].epoch < epoch;

		for (unsigned k = 0; k < i; k++)
			first = first && pic->copy[k].epoch != pic->copy[i].epoch;
		below += first;
	}
	return below;
}

void record_picture(const struct lk_picture *pic, enum lk_event event, unsigned sys, const struct lk_decision *decision)
{
	static const char *const names[MAX_NODES] = { "alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta" };
	static const char *const events[] = { "avail", "down", "up" };
	struct lk_buf LK_AUTO_BUF text = { 0 };
	struct lk_pic_copy copy[MAX_NODES];
	struct lk_picture new = *pic;

	new.copy = copy;
	new.self = (uint8_t)place(pic, pic->self);
	for (unsigned i = 0; i < pic->nsys; i++) {
		unsigned at = place(pic, i);

		new.sys[at] = pic->sys[i];
		new.sys[at].name = names[at];
		new.sys[at].held = moved(pic, pic->sys[i].held);
		copy[at] = pic->copy[i];
		copy[at].sys = (uint8_t)at;
		copy[at].epoch = rank(pic, pic->copy[i].epoch);
		copy[at].owner = pic->copy[i].owner < 0 ? pic->copy[i].owner : (int)place(pic, (unsigned)pic->copy[i].owner);
	}
	lk_picfile_print(&new, &text);
	lk_buf_addf(&text, "event %s", events[event]);
	if (event != LK_EVENT_AVAIL)
		lk_buf_addf(&text, " %s", names[place(pic, sys)]);
	if (!is_new(text.data))
		return;
	printf("%s\nexpect r %s %s", text.data, lk_what_names[decision->what], lk_why_names[decision->why]);
	printf("%s%s\n", decision->sys < 0 ? "" : " ", decision->sys < 0 ? "" : names[place(pic, (unsigned)decision->sys)]);
}
