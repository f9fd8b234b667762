/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The tree as lcm's configuration. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "lk/limits.h"
#include "lk/lcd.h"
#include "lk/msg.h"
#include "lk/sys.h"
#include "lk/quorum.h"
#include "lk/tunable.h"
#include "control.h"
#include "event.h"
#include "lease.h"
#include "memory.h"
#include "terms.h"
#include "net.h"
#include "netproc.h"
#include "session.h"
#include "lk/poison.h"

#define SETTLE_MS 30			/* several files change together */
#define LOOK_MS 60000			/* in case a change went unnoticed */
#define WATCH_MASK (IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_ATTRIB | IN_ONLYDIR)
#define DEVICE_MS 60000			/* between two log lines about a device */

#define SAFETY_MAX_MS 3600000u
#define INIT_DEFAULT 120
#define REMOTE_DEFAULT 900
#define REALTIME_DEFAULT 5

static const struct {
	const char *dir;
	const char *file[3];
} watched[] = {
	{ "config", { "sys", "net", "qwk" } },
	{ "etc", { "lkkey", NULL, NULL } },
	{ "etc/default", { "LifeKeeper", NULL, NULL } },
};

#define WATCHED (sizeof(watched) / sizeof(*watched))

/* ---- settings ---- */

/* A tunable as a number; one that is bad is logged and counts as not set. */
static unsigned number(struct lcm *lcm, const char *key, unsigned max, unsigned value)
{
	unsigned long long given = value;
	struct lk_err err;

	if (lk_tunable_number(&lcm->tree, key, 0, max, &given, &err) < 0)
		lcm_log(lcm, LK_LOG_ERROR, LK_M_LCM_CONFIG, err.text);
	return (unsigned)given;
}

/* Whether its host answers does not matter then (spec/core.md 5.6.2, step 6). */
static bool read_witness(const struct lcm *lcm)
{
	struct lk_quorum_modes modes;
	struct lk_err ignored;

	return lk_quorum_modes(&lcm->tree, &modes, &ignored) == 0 && modes.witness != LK_WMODE_NONE;
}

static unsigned read_safety(struct lcm *lcm)
{
	char text[LK_TUNABLE_MAX];
	struct lk_err err;
	unsigned ms = 0;
	int rc = lk_tunable(&lcm->tree, "SAFETYTIMEOUT", text, sizeof(text), &err);

	if (rc > 0 && *text && lk_parse_seconds("SAFETYTIMEOUT", text, 0, SAFETY_MAX_MS, &ms, &err) < 0)
		rc = -1;
	if (rc < 0)
		lcm_log(lcm, LK_LOG_ERROR, LK_M_LCM_CONFIG, err.text);
	return rc > 0 ? ms : 0;
}

/* Those that count at once. */
static void read_settings(struct lcm *lcm)
{
	lcm->set.safety = read_safety(lcm);
	lcm->set.witness = read_witness(lcm);
	lcm->set.init = number(lcm, "INITTIMEOUT", 86400, INIT_DEFAULT) * 1000;
	lcm->set.remote = number(lcm, "REMOTETIMEOUT", 604800, REMOTE_DEFAULT) * 1000;
}

static void read_beat(struct lcm *lcm, struct lk_beat *beat)
{
	struct lk_err err;

	if (lk_net_beat(&lcm->tree, beat, &err) < 0)
		lcm_log(lcm, LK_LOG_ERROR, LK_M_LCM_CONFIG, err.text);
	else if (beat->other && !lcm->beat_told)
		lcm_log(lcm, LK_LOG_WARN, LK_M_LCM_BEAT, beat->interval, beat->misses);
	lcm->beat_told = beat->other;
}

int config_init(struct lcm *lcm, struct lk_err *err)
{
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;
	int rc = lk_lcd_read(&lcd, LK_T_SYS, err);

	if (rc < 0)
		return rc;
	snprintf(lcm->self, sizeof(lcm->self), "%s", lcd.local);
	read_settings(lcm);
	lcm->set.realtime = number(lcm, "LCMRTPRIO", 99, REALTIME_DEFAULT);
	rc = lk_tunable(&lcm->tree, "LCMUSER", lcm->set.user, sizeof(lcm->set.user), err);
	if (rc <= 0 || !*lcm->set.user)
		snprintf(lcm->set.user, sizeof(lcm->set.user), "lockkeeper");
	if (rc < 0)
		lcm_log(lcm, LK_LOG_ERROR, LK_M_LCM_CONFIG, err->text);
	return 0;
}

int config_check(struct lcm *lcm, struct lk_err *err)
{
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;
	struct lk_keys keys;
	char text[LK_TUNABLE_MAX];
	int rc = lk_lcd_read(&lcd, LK_T_SYS | LK_T_NET, err);

	if (rc == 0)
		rc = lk_tunable(&lcm->tree, "LCMUSER", text, sizeof(text), err);
	if (rc >= 0)
		rc = lk_keys_load(&lcm->tree, &keys, err);
	lk_keys_wipe(&keys);
	return rc;
}

/* ---- keys ---- */

static int derive(const struct lk_key *key, struct bus_key *bus, uint8_t envelope[static LK_KEY_BYTES],
		  struct lk_err *err)
{
	lk_key_fingerprint(key, bus->print);
	int rc = lk_key_derive(key, "tls", bus->tls, err);
	if (rc == 0)
		rc = lk_key_derive(key, "beat", bus->beat, err);
	return rc < 0 ? rc : lk_key_derive(key, "envelope", envelope, err);
}

/* True: they have changed. */
static bool load_keys(struct lcm *lcm)
{
	struct lcm_keys new = { 0 };
	struct lk_keys keys = { 0 };
	struct lk_err err;
	int rc = lk_keys_load(&lcm->tree, &keys, &err);

	for (unsigned i = 0; i < keys.n && rc == 0; i++)
		rc = derive(&keys.key[i], &new.bus.key[i], new.envelope[i], &err);
	new.bus.n = rc == 0 ? (uint8_t)keys.n : 0;
	lk_keys_wipe(&keys);
	if (rc < 0)
		snprintf(new.problem, sizeof(new.problem), "%s", err.text);
	if (rc < 0 && strcmp(new.problem, lcm->keys.problem) != 0)
		lcm_log(lcm, LK_LOG_ERROR, LK_M_LCM_NO_KEY, new.problem);
	bool changed = memcmp(&new.bus, &lcm->keys.bus, sizeof(new.bus)) != 0;
	lcm->keys = new;
	explicit_bzero(&new, sizeof(new));
	return changed;
}

/* ---- peers and paths ---- */

static struct lcm_peer *new_peer(struct lcm *lcm, const char *name)
{
	for (unsigned i = 0; i < BUS_PEERS_MAX; i++) {
		struct lcm_peer *peer = &lcm->peer[i];

		if (peer->used)
			continue;
		*peer = (struct lcm_peer){ .lcm = lcm, .used = true, .number = (uint8_t)i,
					   .job = { .lcm = lcm, .peer = peer, .kill_at = -1 } };
		snprintf(peer->name, sizeof(peer->name), "%s", name);
		peer_init(&peer->machine, !lcm->generation && lcm->restarted, lcm->now);
		if (!lcm->generation)
			memory_peer(peer);
		terms_recall(peer);
		control_begin(peer);
		return peer;
	}
	return NULL;
}

/* The peer that the tree's system is. One that is about to be removed may come back. */
static struct lcm_peer *settle_peer(struct lcm *lcm, const char *name, bool *changed)
{
	struct lcm_peer *peer = NULL;

	for (unsigned i = 0; i < BUS_PEERS_MAX && !peer; i++)
		if (lcm->peer[i].used && !lcm->peer[i].retired && !strcmp(lcm->peer[i].name, name))
			peer = &lcm->peer[i];
	if (!peer) {
		peer = new_peer(lcm, name);
		*changed = true;
	}
	return peer;
}

static bool make_path(const struct lk_net *net, const struct lk_beat *beat, struct bus_path *conf)
{
	static const uint8_t types[] = { [LK_NET_TCP] = BUS_TCP, [LK_NET_TTY] = BUS_TTY,
					 [LK_NET_DISK] = BUS_DISK };

	*conf = (struct bus_path){ .type = types[net->type], .priority = (uint8_t)net->priority,
				   .baud = net->baud,
				   .interval = net->interval ? net->interval : beat->interval,
				   .misses = (uint8_t)(net->misses ? net->misses : beat->misses) };
	if (net->type == LK_NET_TCP)
		conf->port = (uint16_t)strtoul(net->device + strlen("TCP:"), NULL, 10);
	return snprintf(conf->device, sizeof(conf->device), "%s", net->device) <
		       (int)sizeof(conf->device) &&
	       snprintf(conf->local, sizeof(conf->local), "%s", net->local) < (int)sizeof(conf->local) &&
	       snprintf(conf->remote, sizeof(conf->remote), "%s", net->remote) <
		       (int)sizeof(conf->remote);
}

static struct lcm_path *find_path(struct lcm *lcm, const struct bus_path *conf)
{
	struct lcm_path *unused = NULL;

	for (unsigned i = 0; i < BUS_PATHS_MAX; i++) {
		struct lcm_path *path = &lcm->path[i];

		if (path->used && !path->retired && path->conf.peer == conf->peer &&
		    !strcmp(path->conf.device, conf->device))
			return path;
		if (!path->used && !unused)
			unused = path;
	}
	return unused;
}

static bool same_path(const struct bus_path *a, const struct bus_path *b)
{
	return a->type == b->type && a->priority == b->priority && a->port == b->port &&
	       a->baud == b->baud && a->interval == b->interval && a->misses == b->misses &&
	       !strcmp(a->local, b->local) && !strcmp(a->remote, b->remote);
}

static void settle_path(struct lcm *lcm, const struct lk_net *net, const struct lk_beat *beat,
			bool *changed)
{
	struct lcm_peer *peer = lcm_find_peer(lcm, net->sys);
	struct bus_path conf;

	if (!peer)		/* a path to a system that was removed */
		return;
	struct lcm_path *path = make_path(net, beat, &conf) ? (conf.peer = peer->number,
							       find_path(lcm, &conf)) : NULL;
	if (!path) {
		lcm_log(lcm, LK_LOG_ERROR, LK_M_LCM_PATH, net->device, net->sys);
		return;
	}
	conf.path = (uint16_t)(path - lcm->path);
	if (!path->used || !same_path(&path->conf, &conf)) {
		uint64_t downs = path->used ? path->comm_downs : 0;

		*changed = true;
		*path = (struct lcm_path){ .used = true, .conf = conf, .state = LK_NET_UNKNOWN,
					   .comm_downs = downs, .warned_at = -1,
					   .helper = path->used ? path->helper : 0 };
		if (!lcm->generation)
			memory_path(path, lcm);
	}
	path->configured = true;
}

/* ---- a new configuration ---- */

static void mark_all(struct lcm *lcm)
{
	for (unsigned i = 0; i < BUS_PEERS_MAX; i++)
		lcm->peer[i].configured = false;
	for (unsigned i = 0; i < BUS_PATHS_MAX; i++)
		lcm->path[i].configured = false;
}

static void retire_peer(struct lcm_peer *peer, uint32_t generation)
{
	peer->retired = generation;
	session_lose(peer);
	event_want(peer, HANDLER_NONE, false);
}

/* What is not in the new one keeps its number until net has confirmed that. */
static bool retire(struct lcm *lcm)
{
	uint32_t generation = lcm->generation + 1;
	bool any = false;

	for (unsigned i = 0; i < BUS_PEERS_MAX; i++) {
		struct lcm_peer *peer = &lcm->peer[i];

		if (!peer->used || peer->configured || peer->retired)
			continue;
		retire_peer(peer, generation);
		any = true;
	}
	for (unsigned i = 0; i < BUS_PATHS_MAX; i++) {
		struct lcm_path *path = &lcm->path[i];

		if (!path->used || path->configured || path->retired)
			continue;
		path->retired = generation;
		any = true;
	}
	return any;
}

void config_confirmed(struct lcm *lcm, uint32_t generation)
{
	lcm->confirmed = generation;
	for (unsigned i = 0; i < BUS_PATHS_MAX; i++)
		if (lcm->path[i].used && lcm->path[i].retired && lcm->path[i].retired <= generation)
			lcm->path[i] = (struct lcm_path){ 0 };
	for (unsigned i = 0; i < BUS_PEERS_MAX; i++) {
		struct lcm_peer *peer = &lcm->peer[i];

		/* its handler may still run, its sessions be about to end */
		if (!peer->used || !peer->retired || peer->retired > generation ||
		    peer->job.running != HANDLER_NONE || peer->clearing || peer->served || peer->terms_busy)
			continue;
		chan_free(&peer->chan);
		*peer = (struct lcm_peer){ 0 };
	}
}

static void send_config(struct lcm *lcm)
{
	struct bus_config config = { .generation = ++lcm->generation,
				     .incarnation = lcm->incarnation, .quorum = (uint8_t)lcm->set.quorum,
				     .lease = lcm->set.lease, .stop = lcm->set.stop,
				     .holds = (uint8_t)lease_held(lcm) };
	uint8_t bytes[2048];
	struct lk_out out = LK_OUT(bytes);

	lcm->changed = true;
	snprintf(config.self, sizeof(config.self), "%s", lcm->self);
	bus_put_config(&out, &config);
	netproc_send(lcm, &out, -1);
	out.len = 0;
	bus_put_keys(&out, &lcm->keys.bus);
	netproc_send(lcm, &out, -1);
	for (unsigned i = 0; i < BUS_PEERS_MAX; i++) {
		struct bus_peer peer = { .peer = (uint8_t)i, .lease = lcm->peer[i].terms.lease,
					 .stop = lcm->peer[i].terms.stop, .lost = lcm->peer[i].terms_lost };

		if (!lcm->peer[i].configured)
			continue;
		snprintf(peer.name, sizeof(peer.name), "%s", lcm->peer[i].name);
		out.len = 0;
		bus_put_peer(&out, &peer);
		netproc_send(lcm, &out, -1);
	}
	for (unsigned i = 0; i < BUS_PATHS_MAX; i++) {
		if (!lcm->path[i].configured)
			continue;
		out.len = 0;
		bus_put_path(&out, &lcm->path[i].conf);
		netproc_send(lcm, &out, -1);
	}
	out.len = 0;
	bus_put_generation(&out, BUS_COMMIT, config.generation);
	netproc_send(lcm, &out, -1);
	explicit_bzero(bytes, sizeof(bytes));
	/* what is remembered as dead has to be told so */
	for (unsigned i = 0; i < BUS_PEERS_MAX; i++)
		if (lcm->peer[i].configured && lcm->peer[i].machine.state == PEER_DOWN)
			netproc_send_view(lcm, &lcm->peer[i]);
}

/* The longest detection period of a peer's paths. */
static unsigned period(const struct lcm *lcm, const struct lcm_peer *peer)
{
	unsigned longest = 0;

	for (unsigned i = 0; i < BUS_PATHS_MAX; i++) {
		const struct lcm_path *path = &lcm->path[i];
		unsigned ms = path->conf.interval * path->conf.misses;

		if (path->configured && path->conf.peer == peer->number && ms > longest)
			longest = ms;
	}
	return longest;
}

static void update_peers(struct lcm *lcm)
{
	for (unsigned i = 0; i < BUS_PEERS_MAX; i++) {
		struct lcm_peer *peer = &lcm->peer[i];

		if (!peer->configured)
			continue;
		peer->machine.safety = lcm->set.safety ? lcm->set.safety : period(lcm, peer);
		control_update(peer);
	}
}

static void settle_all(struct lcm *lcm, const struct lk_lcd *lcd, bool *changed)
{
	struct lk_beat beat = { .interval = LK_BEAT_DEFAULT_MS, .misses = LK_MISSES_DEFAULT };

	read_beat(lcm, &beat);
	mark_all(lcm);
	for (size_t i = 0; i < lcd->nsys; i++) {
		if (lcd->sys[i].local)
			continue;
		struct lcm_peer *peer = settle_peer(lcm, lcd->sys[i].name, changed);

		if (peer)
			peer->configured = true;
		else	/* numbers become free soon */
			lcm->reload_at = lcm->now + 1000;
	}
	for (size_t i = 0; i < lcd->nnet; i++)
		settle_path(lcm, &lcd->net[i], &beat, changed);
}

void config_load(struct lcm *lcm)
{
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;
	struct lk_err err;

	lcm->reload_at = lcm->now + LOOK_MS;
	read_settings(lcm);
	bool changed = load_keys(lcm) || !lcm->generation;
	if (lk_lcd_read(&lcd, LK_T_SYS | LK_T_NET, &err) < 0) {
		lcm_log(lcm, LK_LOG_ERROR, LK_M_LCM_CONFIG, err.text);
		if (lcm->generation && !changed)
			return;
	} else {
		settle_all(lcm, &lcd, &changed);
	}
	if (retire(lcm))
		changed = true;
	if (lease_settings(lcm))
		changed = true;
	update_peers(lcm);
	if (!changed)
		return;
	send_config(lcm);
	for (unsigned i = 0; i < BUS_PEERS_MAX; i++)
		if (lcm->peer[i].configured)
			netproc_send_view(lcm, &lcm->peer[i]);
}

/* ---- devices ---- */

static int open_tty(const struct lcm_path *path)
{
	return open(path->conf.device, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
}

static int open_disk(struct lcm *lcm, struct lcm_path *path)
{
	struct disk_setup setup = { .device = path->conf.device, .user = lcm->set.user, .seccomp = true,
				    .secret = &lcm->keys, .secret_len = sizeof(lcm->keys),
				    .first = strcmp(lcm->self, lcm->peer[path->conf.peer].name) < 0 };
	int fd = -1;

	path->helper = disk_start(&setup, &fd);
	if (path->helper > 0 && lcm_adopt(lcm, path->helper, NULL, path) < 0)
		kill(path->helper, SIGKILL);
	return path->helper > 0 ? fd : -1;
}

void config_open_device(struct lcm *lcm, struct lcm_path *path)
{
	uint8_t bytes[16];
	struct lk_out out = LK_OUT(bytes);
	int fd = -1;

	if (path->conf.type == BUS_TTY)
		fd = open_tty(path);
	else if (path->conf.type == BUS_DISK)
		fd = open_disk(lcm, path);
	if (fd < 0) {
		if (path->warned_at < 0 || lcm->now - path->warned_at >= DEVICE_MS)
			lcm_log(lcm, LK_LOG_WARN, LK_M_LCM_FILE, path->conf.device, strerror(errno));
		path->warned_at = lcm->now;
		return;
	}
	bus_put_want(&out, BUS_FD, path->conf.path);
	netproc_send(lcm, &out, fd);
}

/* ---- changes ---- */

static bool is_ours(const struct lcm *lcm, const struct inotify_event *event)
{
	if (event->mask & (IN_Q_OVERFLOW | IN_IGNORED))
		return true;
	for (unsigned i = 0; i < WATCHED; i++)
		for (unsigned k = 0; k < 3; k++)
			if (event->wd == lcm->watched[i] && event->len && watched[i].file[k] &&
			    !strcmp(event->name, watched[i].file[k]))
				return true;
	return false;
}

static void add_watches(struct lcm *lcm)
{
	for (unsigned i = 0; i < WATCHED; i++) {
		char path[sizeof(lcm->tree.root) + 32];

		snprintf(path, sizeof(path), "%s/%s", lcm->tree.root, watched[i].dir);
		lcm->watched[i] = inotify_add_watch(lcm->watch.fd, path, WATCH_MASK);
	}
}

static void on_change(void *arg, uint32_t events)
{
	struct lcm *lcm = arg;
	_Alignas(struct inotify_event) char bytes[8192];
	ssize_t len = read(lcm->watch.fd, bytes, sizeof(bytes));

	(void)events;
	for (ssize_t at = 0; at < len;) {
		const struct inotify_event *event = (const void *)(bytes + at);

		if (is_ours(lcm, event))
			lcm->reload_at = lcm->now + SETTLE_MS;
		if (event->mask & IN_IGNORED)
			add_watches(lcm);
		at += (ssize_t)sizeof(*event) + event->len;
	}
}

void config_watch(struct lcm *lcm)
{
	lcm->watch = (struct lcm_source){ .fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK),
					  .ready = on_change, .arg = lcm };
	if (lcm->watch.fd < 0) {
		lcm_log(lcm, LK_LOG_WARN, LK_M_LCM_FILE, "inotify", strerror(errno));
		return;
	}
	add_watches(lcm);
	lcm_watch(lcm, &lcm->watch, EPOLLIN);
}

void config_tick(struct lcm *lcm)
{
	if (lcm->reload_at >= 0 && lcm->now >= lcm->reload_at)
		config_load(lcm);
	if (lcm->confirmed == lcm->generation)
		config_confirmed(lcm, lcm->confirmed);
}
