/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The lease of this node as main sees it. */
#include "lease.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lk/endnode.h"
#include "lk/holds.h"
#include "lk/lcd.h"
#include "lk/lease.h"
#include "lk/msg.h"
#include "lk/qwkconf.h"
#include "lk/quorum.h"
#include "lk/qwkstate.h"
#include "exec.h"
#include "netproc.h"
#include "lk/poison.h"

#define MS INT64_C(1000000)
#define ANSWER_MS 5000		/* net does not take longer, unless it is stopped */
#define LOSS_MS 10000		/* between two runs of lk_quorumloss that did not end well */
#define STORED_MS 500		/* between two looks at what lkqwk says */
#define FIRST_MS 15000		/* and four leases: to get the first one after a start */

/* ---- the file ---- */

/* Of a damaged one nothing is known but that there was one. */
void lease_init(struct lcm *lcm)
{
	struct lcm_lease *lease = &lcm->lease;
	struct lk_lease old;
	struct lk_err err;
	int rc = lk_lease_read(&lcm->tree, &old, &err);

	if (rc < 0)
		lcm_log(lcm, LK_LOG_ERROR, LK_M_LEASE_FILE, err.text);
	/* nothing was in service when the one before ended: what is configured now counts */
	if (rc >= 0 && old.deadline == LK_LEASE_FOREVER && lk_holds_keep(&lcm->tree, false, &err) < 0)
		lcm_log(lcm, LK_LOG_ERROR, LK_M_LCM_CONFIG, err.text);
	*lease = (struct lcm_lease){ .until = rc < 0 ? 1 : old.until,
				     .deadline = rc < 0 ? 1 : old.deadline, .loss_at = -1, .first_at = -1,
				     .stored_at = -1 };
}

/* A deadline that cannot be read may be as far as there is one. Where there is none nothing is in service, and a lease
 * that goes on is not needed. */
void lease_before(const struct lcm *lcm, struct net_setup *setup)
{
	const struct lcm_lease *lease = &lcm->lease;
	const struct lk_terms longest = lk_terms_longest();
	bool unknown = lease->deadline == 1, none = lease->deadline == LK_LEASE_FOREVER;
	int64_t now = lk_lease_now();

	setup->until = none && lease->until > now ? 0 : lease->until;
	setup->deadline = none ? 0 : unknown ? now + longest.lease + longest.stop : lease->deadline;
}

/* What cannot be published does not count: the watchdog would not know of it. */
static void publish(struct lcm *lcm, int64_t stop)
{
	struct lcm_lease *lease = &lcm->lease;
	struct lk_lease new = { lease->until, lease->until + stop };
	struct lk_err err;

	/* with a shorter stop than before the others still count with the longer one */
	if (lease->deadline != LK_LEASE_FOREVER && lease->deadline > new.deadline)
		new.deadline = lease->deadline;
	bool good = lk_lease_renew(&lcm->tree, &new, &err) == 0;
	if (!good && (lease->published || !lease->told))
		lcm_log(lcm, LK_LOG_ERROR, LK_M_LEASE_FILE, err.text);
	else if (good && !lease->published)
		lcm_log(lcm, LK_LOG_INFO, LK_M_LEASE_HAVE);
	lease->told = !good;
	lease->published = good;
	if (good)
		lease->deadline = new.deadline;
}

static void release(struct lcm *lcm)
{
	struct lcm_lease *lease = &lcm->lease;
	struct lk_err err;

	lease->published = false;
	lease->until = 0;
	if (lk_lease_release(&lcm->tree, &err) < 0)
		lcm_log(lcm, LK_LOG_ERROR, LK_M_LEASE_FILE, err.text);
	else
		lease->deadline = LK_LEASE_FOREVER;
}

/* ---- settings ---- */

/* What was in force. A start that finds a deadline was preceded by a life with leases. */
static enum bus_quorum before(const struct lcm *lcm)
{
	if (lcm->generation)
		return lcm->set.quorum;
	return lcm->lease.deadline != LK_LEASE_FOREVER ? BUS_MAJORITY : BUS_NO_LEASE;
}

/* The storage mode is in force from qwk_storage_init to qwk_storage_exit. Before it what runs by a majority goes on to
 * need one. */
static enum bus_quorum storage(const struct lcm *lcm)
{
	/* one that is cut off in the middle of leaving can still be taken over from */
	if (faccessat(lcm->tree.fd, LK_QWK_CONF, F_OK, AT_SYMLINK_NOFOLLOW) == 0 || lk_qwk_leaving(&lcm->tree))
		return BUS_STORAGE;
	return before(lcm) == BUS_MAJORITY ? BUS_MAJORITY : BUS_NO_LEASE;
}

/* As the commands see it: a pair that makes no sense leaves the last one in force (6.2). Where not even that is known,
 * what is in service goes on to need what it needed. */
static enum bus_quorum wanted(const struct lcm *lcm)
{
	struct lk_quorum_modes modes;
	struct lk_err err;

	if (lk_quorum_modes(&lcm->tree, &modes, &err) < 0)
		return before(lcm);
	switch (modes.quorum) {
	case LK_QMODE_MAJORITY: return BUS_MAJORITY;
	case LK_QMODE_STORAGE: return storage(lcm);
	case LK_QMODE_NONE:
	case LK_QMODE_TCP: break;
	}
	return BUS_NO_LEASE;
}

/* The longest time that a heartbeat which was confirmed may let run. */
static uint32_t longest(const struct lcm *lcm)
{
	/* without a path there is nobody to take over from */
	int64_t lease = lk_terms(LK_BEAT_DEFAULT_MS, LK_MISSES_DEFAULT, 0).lease;
	bool any = false;

	for (unsigned i = 0; i < BUS_PATHS_MAX; i++) {
		const struct bus_path *conf = &lcm->path[i].conf;
		int64_t of_path = lk_terms(conf->interval, conf->misses, 0).lease;

		if (!lcm->path[i].configured)
			continue;
		if (!any || of_path > lease)
			lease = of_path;
		any = true;
	}
	return (uint32_t)lease;
}

static uint32_t stop_of(struct lcm *lcm)
{
	struct lk_err err;
	int64_t stop;

	/* what a write lets run ends as it has told those who see nothing else */
	if (lcm->set.quorum == BUS_STORAGE && lcm->lease.stored_stop)
		return lcm->lease.stored_stop;
	if (lk_quorum_stop(&lcm->tree, &stop, &err) < 0)
		lcm_log(lcm, LK_LOG_ERROR, LK_M_LCM_CONFIG, err.text);
	return (uint32_t)(stop / MS);
}

static void say_turned(struct lcm *lcm, enum bus_quorum from, enum bus_quorum to)
{
	static const char *const names[] = { [BUS_NO_LEASE] = "no lease", [BUS_MAJORITY] = "the lease of a majority",
					     [BUS_STORAGE] = "a lease by storage" };

	if (lcm->generation)
		lcm_log(lcm, to ? LK_LOG_INFO : LK_LOG_WARN, LK_M_LEASE_TURNED, names[to], names[from]);
}

/* ---- systems with another mode ---- */

enum lk_holds lease_held(const struct lcm *lcm)
{
	if (lcm->set.quorum)
		return lcm->set.none ? LK_HOLDS_LEAVING : LK_HOLDS_LEASE;
	return lcm->set.none ? LK_HOLDS_NONE : LK_HOLDS_UNBOUND;
}

/* Which of them is not as it must be beside ours? */
static enum lk_holds wrong(const struct lcm *lcm, enum lk_holds theirs)
{
	enum lk_holds ours = lease_held(lcm);
	bool bad = ours == LK_HOLDS_LEASE ? theirs != LK_HOLDS_LEASE :
		   ours == LK_HOLDS_NONE && theirs == LK_HOLDS_LEASE;

	return bad ? theirs : LK_HOLDS_UNKNOWN;
}

/* Once for each change, on both sides. */
static void warn(struct lcm_peer *peer)
{
	struct lcm *lcm = peer->lcm;
	enum lk_holds now = wrong(lcm, peer->holds);

	if (now == peer->warned || peer->holds == LK_HOLDS_UNKNOWN)
		return;
	peer->warned = now;
	switch (now) {
	case LK_HOLDS_LEASE: lcm_log(lcm, LK_LOG_ERROR, LK_M_HOLDS_HERE, peer->name); break;
	case LK_HOLDS_LEAVING: lcm_log(lcm, LK_LOG_WARN, LK_M_HOLDS_LEAVING, peer->name); break;
	case LK_HOLDS_UNKNOWN: lcm_log(lcm, LK_LOG_INFO, LK_M_HOLDS_MENDED, peer->name); break;
	default: lcm_log(lcm, LK_LOG_ERROR, LK_M_HOLDS_NONE, peer->name);
	}
}

void lease_holds(struct lcm_peer *peer, enum lk_holds holds)
{
	struct lcm *lcm = peer->lcm;
	struct lk_err err;

	peer->holds = holds;
	if (lk_holds_read(&lcm->tree, peer->name) != holds && lk_holds_write(&lcm->tree, peer->name, holds, &err) < 0)
		lcm_log(lcm, LK_LOG_ERROR, LK_M_LCM_CONFIG, err.text);
	warn(peer);
	/* it may have been the last one */
	if (lcm->set.none && lcm->set.quorum)
		lcm->reload_at = lcm->now;
}

static bool all_want_none(const struct lcm *lcm)
{
	for (unsigned i = 0; i < BUS_PEERS_MAX; i++)
		if (lcm->peer[i].configured && lcm->peer[i].holds != LK_HOLDS_NONE &&
		    lcm->peer[i].holds != LK_HOLDS_LEAVING)
			return false;
	return true;
}

/* Others count on the lease of this node until they know better: it is kept until it is started anew, or until all have
 * said that they need none any more. */
static void keep_or_leave(struct lcm *lcm)
{
	struct lk_quorum_modes modes;
	struct lk_err err;
	bool kept = lk_holds_kept(&lcm->tree);
	int rc = 0;

	lcm->set.none = lk_quorum_configured(&lcm->tree, &modes, &err) == 0 && !lk_quorum_leases(modes.quorum);
	if (!kept || !lcm->set.none)
		lcm->lease.kept = false;
	else if (all_want_none(lcm))
		rc = lk_holds_keep(&lcm->tree, false, &err);
	else if (!lcm->lease.kept)
		lcm_log(lcm, LK_LOG_ERROR, LK_M_HOLDS_KEPT, lk_qmode_names[modes.quorum]);
	if (rc < 0)
		lcm_log(lcm, LK_LOG_ERROR, LK_M_LCM_CONFIG, err.text);
	else if (kept && lcm->set.none)
		lcm->lease.kept = true;
}

static void put_kept(struct lcm *lcm)
{
	bool keep = lcm->set.quorum != BUS_NO_LEASE;
	struct lk_err err;

	if (keep != lk_holds_kept(&lcm->tree) && lk_holds_keep(&lcm->tree, keep, &err) < 0)
		lcm_log(lcm, LK_LOG_ERROR, LK_M_LCM_CONFIG, err.text);
	for (unsigned i = 0; i < BUS_PEERS_MAX; i++)
		if (lcm->peer[i].configured)
			warn(&lcm->peer[i]);
}

/* The deadline of a node that loses quorum where there is no lease: lk_quorumloss has set it, and is still at work, or
 * was killed. A lease of another mode would not have ended yet. */
static bool is_of_a_loss(const struct lcm *lcm)
{
	struct lk_quorum_modes modes;
	struct lk_err ignored;

	return !lcm->generation && lk_quorum_modes(&lcm->tree, &modes, &ignored) == 0 &&
	       modes.quorum == LK_QMODE_TCP && lk_lease_now() >= lcm->lease.until;
}

static void turned(struct lcm *lcm, enum bus_quorum on)
{
	struct lcm_lease *lease = &lcm->lease;

	lease->stored_at = on == BUS_STORAGE ? lcm->now : -1;
	lease->stored = 0;
	lease->stored_stop = 0;
	lease->first_at = on ? lcm->now + FIRST_MS + 4 * (int64_t)lcm->set.lease : -1;
	if (on || (lease->until == 0 && lease->deadline == LK_LEASE_FOREVER))
		return;
	if (is_of_a_loss(lcm)) {
		lcm_log(lcm, LK_LOG_WARN, LK_M_LEASE_UNFINISHED);
		lease->loss_at = lcm->now;
		return;
	}
	/* nothing ends this node any more */
	release(lcm);
	lease->lapsed = false;
	lease->loss_at = -1;
}

bool lease_settings(struct lcm *lcm)
{
	struct lcm_settings *set = &lcm->set;
	const struct lcm_settings old = *set;

	keep_or_leave(lcm);
	set->quorum = wanted(lcm);
	set->lease = longest(lcm);
	set->stop = stop_of(lcm);
	if (set->quorum != old.quorum)
		say_turned(lcm, (enum bus_quorum)old.quorum, (enum bus_quorum)set->quorum);
	if (set->quorum != old.quorum || !lcm->generation)
		turned(lcm, set->quorum);
	put_kept(lcm);
	return set->quorum != old.quorum || set->none != old.none || set->lease != old.lease || set->stop != old.stop;
}

/* ---- when it has run out ---- */

static void on_loss_end(void *arg, int status)
{
	struct lcm *lcm = arg;
	struct lcm_lease *lease = &lcm->lease;
	uint8_t bytes[4];
	struct lk_out out = LK_OUT(bytes);
	int code = exec_code(status);

	lease->losing = false;
	if (!lcm->set.quorum && lease->deadline == LK_LEASE_FOREVER)
		return;
	if (code != 0) {
		lcm_log(lcm, LK_LOG_ERROR, LK_M_LEASE_LOSS_END, code);
		lease->loss_at = lcm->now + LOSS_MS;
		return;
	}
	lcm_log(lcm, LK_LOG_INFO, LK_M_LEASE_CLEAR);
	release(lcm);
	bus_put_empty(&out, BUS_CLEAR);
	netproc_send(lcm, &out, -1);
}

static void lose(struct lcm *lcm)
{
	struct exec_request request = { .tree = &lcm->tree,
					.argv = (char *[]){ (char *)"lk_quorumloss", NULL } };
	struct lcm_lease *lease = &lcm->lease;
	struct exec_child child;

	lease->loss_at = -1;
	if (lease->losing || lcm->stopping)
		return;
	if (exec_start(&request, &child) < 0 || lcm_adopt(lcm, child.pid, on_loss_end, lcm) < 0) {
		lcm_log(lcm, LK_LOG_ERROR, LK_M_LEASE_LOSS_END, 126);
		lease->loss_at = lcm->now + LOSS_MS;
		return;
	}
	lease->losing = true;
}

/* In service, and there was never a lease: the mode has just been turned on, or we were restarted. */
static bool any_in_service(struct lcm *lcm)
{
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;
	struct lk_err err;

	if (lk_lcd_read(&lcd, LK_T_INS, &err) < 0) {
		lcm_log(lcm, LK_LOG_ERROR, LK_M_LCM_CONFIG, err.text);
		return true;
	}
	return lk_anything_runs(&lcd);
}

void lease_take(struct lcm *lcm, const struct bus_lease *new)
{
	struct lcm_lease *lease = &lcm->lease;
	bool lapses = new->lapsed && !lease->lapsed;
	bool longer = (int64_t)new->until > lease->until || !lease->published;

	if (!lcm->set.quorum)
		return;
	lease->lapsed = new->lapsed;
	/* a file that is written by lk_quorumloss, or will be, is left alone */
	if (!lease->lapsed && !lease->losing && new->until && longer) {
		lease->until = (int64_t)new->until;
		lease->first_at = -1;
		publish(lcm, new->stop * MS);
	}
	if (!lapses)
		return;
	lease->published = false;
	lcm_log(lcm, LK_LOG_ERROR, LK_M_LEASE_LAPSED);
	lose(lcm);
}

/* ---- storage ---- */

/* What lkqwk says. Nothing here waits for the storage. */
static void look_at_storage(struct lcm *lcm)
{
	struct lcm_lease *lease = &lcm->lease;
	struct lk_qwk_state state;
	uint8_t bytes[16];
	struct lk_out out = LK_OUT(bytes);
	struct lk_err ignored;

	lease->stored_at = lcm->now + STORED_MS;
	if (lk_qwk_state_read(&lcm->tree, &state, &ignored) <= 0 || state.written <= 0)
		return;
	if (state.stop != lease->stored_stop) {
		lease->stored_stop = state.stop;
		lcm->reload_at = lcm->now;
	}
	const int64_t until = (state.written + lk_qwk_limit(&state)) * MS;
	if (until == lease->stored || lcm->set.stop != state.stop)
		return;
	lease->stored = until;
	bus_put_stored(&out, &(struct bus_stored){ (uint64_t)until });
	netproc_send(lcm, &out, -1);
}

int64_t lease_deadline(const struct lcm *lcm)
{
	return lcm_earlier(lcm_earlier(lcm->lease.loss_at, lcm->lease.first_at), lcm->lease.stored_at);
}

void lease_tick(struct lcm *lcm)
{
	struct lcm_lease *lease = &lcm->lease;

	if (lease->stored_at >= 0 && lcm->now >= lease->stored_at)
		look_at_storage(lcm);
	if (lease->loss_at >= 0 && lcm->now >= lease->loss_at)
		lose(lcm);
	if (lease->first_at < 0 || lcm->now < lease->first_at)
		return;
	lease->first_at = -1;
	if (!lease->lapsed && any_in_service(lcm)) {
		lcm_log(lcm, LK_LOG_ERROR, LK_M_LEASE_LAPSED);
		lose(lcm);
	}
}

/* ---- who asks ---- */

bool lease_ask(struct lcm_client *client, struct lk_in *in)
{
	struct lcm *lcm = client->lcm;
	struct bus_bar bar = { .number = ++lcm->lease.asked };
	uint16_t n = lk_get_u16(in);
	char name[LK_SYS_MAX + 1];
	uint8_t bytes[16];
	struct lk_out out = LK_OUT(bytes);

	while (n-- && !in->bad) {
		lk_get_text(in, name, sizeof(name));
		const struct lcm_peer *peer = in->bad ? NULL : lcm_find_peer(lcm, name);

		if (peer)
			bar.peers |= UINT32_C(1) << peer->number;
	}
	if (!lk_get_end(in))
		return false;
	client->asked = bar.number;
	client->waits = true;
	client->deadline = lcm->now + ANSWER_MS;
	bus_put_bar(&out, &bar);
	netproc_send(lcm, &out, -1);
	return true;
}

/* generation: of the settings by which "knows" counts. */
static void answer_peer(struct lcm_client *client, const struct bus_confirm *confirm, uint32_t generation)
{
	const struct lcm_peer *peer = &client->lcm->peer[confirm->peer];
	bool knows = confirm->knows && generation == client->lcm->generation;
	uint8_t bytes[LK_SYS_MAX + 64];
	struct lk_out out = LK_OUT(bytes);

	if (!peer->configured)
		return;
	lk_put_text(&out, peer->name);
	lk_put_u8(&out, (uint8_t)(confirm->barred | knows << 1));
	lk_put_u64(&out, confirm->quiet);
	lk_put_u64(&out, confirm->needed);
	lk_put_u64(&out, confirm->age);
	lk_put_u64(&out, confirm->lease);
	lk_put_u64(&out, confirm->stop);
	lk_put_u64(&out, confirm->incarnation);
	(void)local_send(client, LK_LCM_CONFIRM, &out);
}

static bool is_valid(const struct lcm *lcm, int64_t now)
{
	const struct lcm_lease *lease = &lcm->lease;

	return lcm->set.quorum != BUS_NO_LEASE && lease->published && !lease->lapsed && !lease->losing && now < lease->until;
}

bool lease_allows(const struct lcm *lcm)
{
	struct lk_qwk_access access;

	return is_valid(lcm, lk_lease_now()) &&
	       (lcm->set.quorum != BUS_STORAGE || lk_qwk_access(&lcm->tree, &access));
}

static void answer_end(struct lcm_client *client)
{
	const struct lcm *lcm = client->lcm;
	const struct lcm_lease *lease = &lcm->lease;
	int64_t now = lk_lease_now();
	bool active = lcm->set.quorum != BUS_NO_LEASE;
	bool valid = is_valid(lcm, now);
	uint8_t bytes[64];
	struct lk_out out = LK_OUT(bytes);

	lk_put_u8(&out, (uint8_t)(active | valid << 1 | (lease->lapsed || lease->losing) << 2));
	lk_put_u64(&out, (uint64_t)now);
	lk_put_u64(&out, (uint64_t)lease->until);
	lk_put_u64(&out, (uint64_t)lease->deadline);
	lk_put_u64(&out, (uint64_t)(lcm->set.lease * MS));
	lk_put_u64(&out, (uint64_t)(lcm->set.stop * MS));
	/* another process counts anew */
	lk_put_u32(&out, (uint32_t)lcm->incarnation + lcm->generation);
	(void)local_send(client, LK_LCM_QUORUM, &out);
}

void lease_confirms(struct lcm *lcm, const struct bus_confirms *confirms)
{
	for (struct lcm_client *client = lcm->clients; client; client = client->next) {
		if (!client->waits || client->gone || (int32_t)(confirms->number - client->asked) < 0)
			continue;
		client->waits = false;
		client->deadline = -1;
		for (unsigned i = 0; i < confirms->n; i++)
			answer_peer(client, &confirms->confirm[i], confirms->generation);
		answer_end(client);
		client->over = true;
	}
}
