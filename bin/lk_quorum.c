/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lk_quorum: tell whether this system has quorum, until when, and by whom. */
#include <inttypes.h>
#include <stdio.h>

#include "lk/cmd.h"
#include "lk/dog.h"
#include "lk/lcm.h"
#include "lk/lease.h"
#include "lk/msg.h"
#include "lk/net.h"
#include "lk/quiet.h"
#include "lk/quorum.h"
#include "lk/qwkstate.h"
#include "lk/poison.h"

#define MS 1000000

struct view {
	struct lk_lcd lcd;
	struct lk_quorum_modes modes;
	struct lk_lcm_quorum lcm;
	struct lk_terms terms;		/* of this system */
	struct lk_qwk_state stored;	/* with storage quorum */
	int64_t takeover;		/* after how long of silence another system's resources are started here */
	char settings[LK_ERR_TEXT];	/* what is wrong with them, so that the time is not known; else empty */
	bool kept;			/* the mode is not the one that is configured */
	bool have;
	char why[LK_ERR_TEXT];		/* it has not */
	bool dog;			/* a watchdog protects this node */
	char dog_text[LK_ERR_TEXT];	/* which one, or why none does */
};

struct times {
	struct lk_terms terms;
	int64_t detection;	/* until a system that is not heard is DEAD */
};

static void widen(struct times *times, unsigned interval, unsigned misses)
{
	int64_t lease = lk_terms((int64_t)interval * MS, misses, 0).lease, detection = (int64_t)interval * misses * MS;

	if (lease > times->terms.lease)
		times->terms.lease = lease;
	if (detection > times->detection)
		times->detection = detection;
}

/* As lcm reckons: by the slowest path. */
static int times_here(const struct lk_lcd *lcd, struct times *times, struct lk_err *err)
{
	struct lk_err ignored;
	struct lk_beat beat;
	int rc = lk_net_beat(&lcd->tree, &beat, err);

	if (rc < 0)
		return rc;
	*times = (struct times){ .detection = 0 };
	for (size_t i = 0; i < lcd->nnet; i++) {
		const struct lk_net *net = &lcd->net[i];

		widen(times, net->interval ? net->interval : beat.interval,
		      net->misses ? net->misses : beat.misses);
	}
	if (!lcd->nnet)
		widen(times, beat.interval, beat.misses);
	(void)!lk_quorum_stop(&lcd->tree, &times->terms.stop, &ignored);
	return 0;
}

/* 0, also when it has no quorum; negative. */
static int check(struct view *v, struct lk_err *err)
{
	struct lk_err why;
	int rc = lk_quorum_check(&v->lcd, &why);

	v->have = rc == 0;
	snprintf(v->why, sizeof(v->why), "%s", rc < 0 ? why.text : "");
	if (rc < 0 && why.number != LK_M_NUMBER(LK_M_NO_QUORUM)) {
		*err = why;
		return rc;
	}
	return 0;
}

/* Its begin and its end are seen by looks; what others have told there counts, too. */
static void take_storage(struct view *v, const struct lk_terms *ours)
{
	struct lk_qwk_state *state = &v->stored;
	struct lk_err ignored;

	if (lk_qwk_state_read(&v->lcd.tree, state, &ignored) <= 0) {
		state->n = 0;
		return;
	}
	for (unsigned i = 0; i < state->n; i++) {
		int64_t takeover = lk_quiet_on_storage(state, &state->node[i], ours) + 2000LL * MS * state->hbeat;

		if (takeover > v->takeover)
			v->takeover = takeover;
	}
}

/* Without a mode nobody waits for the end of what another system runs. */
static void find_takeover(struct view *v, const struct times *times)
{
	const struct lk_terms *terms = &times->terms;

	v->takeover = times->detection;
	if (v->modes.quorum == LK_QMODE_NONE)
		return;
	v->takeover = lk_terms_quiet(terms, terms);
	for (size_t i = 0; i < v->lcm.nsys; i++)
		if (v->lcm.sys[i].needed > v->takeover)
			v->takeover = v->lcm.sys[i].needed;
	if (v->modes.quorum == LK_QMODE_STORAGE)
		take_storage(v, terms);
}

static int look(struct view *v, struct lk_err *err)
{
	struct lk_quorum_modes configured;
	struct lk_err wrong;
	struct times times;
	int rc = lk_lcd_read(&v->lcd, LK_T_SYS | LK_T_NET, err);

	if (rc == 0)
		rc = lk_quorum_modes(&v->lcd.tree, &v->modes, err);
	if (rc == 0)
		rc = times_here(&v->lcd, &times, err);
	if (rc == 0)
		rc = lk_lcm_quorum(&v->lcd, &v->lcm, err);
	if (rc < 0)
		return rc;
	v->terms = times.terms;
	if (lk_quorum_numbers(&v->lcd.tree, v->modes.quorum, &wrong) < 0)
		snprintf(v->settings, sizeof(v->settings), "%s", wrong.text);
	v->kept = lk_quorum_configured(&v->lcd.tree, &configured, &wrong) == 0 &&
		  !lk_quorum_leases(configured.quorum) && lk_quorum_leases(v->modes.quorum);
	find_takeover(v, &times);
	v->dog = lk_dog_protects(&v->lcd.tree, v->dog_text);
	return check(v, err);
}

static const char *answer(const struct view *v)
{
	return v->modes.quorum == LK_QMODE_NONE ? "not configured" : v->have ? "yes" : "no";
}

/* Does it confirm something that still counts? */
static bool confirms(const struct view *v, const struct lk_lcm_confirm *sys)
{
	return sys->age && sys->age < v->lcm.terms.lease;
}

/* ---- for the eye ---- */

static double seconds(int64_t ns)
{
	return (double)(ns / MS) / 1000;
}

static void print_lease(const struct view *v)
{
	const struct lk_lcm_quorum *lcm = &v->lcm;

	if (lcm->valid)
		printf("lease: %.1f s left\n", seconds(lcm->until - lcm->now));
	else
		printf("lease: %s\n", lcm->lapsed ? "lost" : "none");
	if (lcm->deadline == LK_LEASE_FOREVER)
		puts("deadline: none");
	else
		printf("deadline: in %.1f s\n", seconds(lcm->deadline - lcm->now));
	for (size_t i = 0; i < lcm->nsys; i++) {
		const struct lk_lcm_confirm *sys = &lcm->sys[i];

		printf("system %s: %s, was confirmed %.1f s ago%s\n", sys->name,
		       confirms(v, sys) ? "confirms" : "does not confirm", seconds(sys->quiet),
		       sys->quiet >= sys->needed ? ", has stopped" : "");
	}
}

static void print_larger(const char *name, const struct lk_terms *theirs, const struct lk_terms *ours)
{
	if (lk_terms_exceed(theirs, ours))
		printf("larger: system %s counts with a lease of %.1f s and a deadline of %.1f s\n", name,
		       seconds(theirs->lease), seconds(theirs->stop));
}

/* Whose times make a takeover longer than those of this system. */
static void print_terms(const struct view *v)
{
	const struct lk_terms ours = { lk_qwk_limit(&v->stored) * MS, v->terms.stop };

	if (v->modes.quorum == LK_QMODE_NONE)
		return;
	for (size_t i = 0; i < v->lcm.nsys; i++)
		print_larger(v->lcm.sys[i].name, &v->lcm.sys[i].terms, &v->terms);
	for (unsigned i = 1; i < v->stored.n; i++) {
		const struct lk_qwk_node *node = &v->stored.node[i];
		const struct lk_terms theirs = { node->lease * (int64_t)MS, node->stop * (int64_t)MS };

		print_larger(node->name, &theirs, &ours);
	}
}

static void print(const struct view *v)
{
	printf("mode: %s\n", lk_qmode_names[v->modes.quorum]);
	printf("witness: %s\n", lk_wmode_names[v->modes.witness]);
	printf("quorum: %s\n", answer(v));
	if (*v->why)
		printf("why: %s\n", v->why);
	if (v->lcm.active)
		print_lease(v);
	if (v->kept)
		puts("settings: QUORUM_MODE was turned off; its mode stays in force until this system is started anew");
	if (*v->settings)
		printf("takeover: not known, %s\n", v->settings);
	else
		printf("takeover: after %.1f s%s\n", seconds(v->takeover),
		       v->modes.quorum == LK_QMODE_NONE ? ", also from one that has not stopped" : "");
	print_terms(v);
	if (v->modes.quorum != LK_QMODE_NONE)
		printf("watchdog: %s%s\n", v->dog ? "" : "none protects this system: ", v->dog_text);
}

/* ---- JSON ---- */

static void add_time(struct lk_json *json, const char *key, int64_t ns, bool known)
{
	if (known)
		lk_json_number(json, key, ns / MS);
	else
		lk_json_null(json, key);
}

static void add_systems(struct lk_json *json, const struct view *v)
{
	lk_json_open(json, "systems", '[');
	for (size_t i = 0; i < v->lcm.nsys; i++) {
		const struct lk_lcm_confirm *sys = &v->lcm.sys[i];

		lk_json_open(json, NULL, '{');
		lk_json_string(json, "name", sys->name);
		lk_json_bool(json, "confirms", confirms(v, sys));
		lk_json_bool(json, "barred", sys->barred);
		lk_json_number(json, "quiet_ms", sys->quiet / MS);
		lk_json_number(json, "needed_ms", sys->needed / MS);
		lk_json_bool(json, "stopped", sys->quiet >= sys->needed);
		add_time(json, "lease_ms", sys->terms.lease, sys->terms.lease);
		add_time(json, "stop_ms", sys->terms.stop, sys->terms.lease);
		lk_json_close(json, '}');
	}
	lk_json_close(json, ']');
}

static int print_json(struct lk_cmd *cmd, const struct view *v)
{
	struct lk_json LK_AUTO_JSON json = { 0 };
	const struct lk_lcm_quorum *lcm = &v->lcm;

	lk_json_open(&json, NULL, '{');
	lk_json_string(&json, "mode", lk_qmode_names[v->modes.quorum]);
	lk_json_string(&json, "witness", lk_wmode_names[v->modes.witness]);
	lk_json_string(&json, "quorum", answer(v));
	lk_json_string(&json, "why", v->why);
	lk_json_bool(&json, "lost", lcm->active && lcm->lapsed);
	add_time(&json, "lease_ms", lcm->until - lcm->now, lcm->valid);
	add_time(&json, "deadline_ms", lcm->deadline - lcm->now, lcm->active && lcm->deadline != LK_LEASE_FOREVER);
	lk_json_bool(&json, "kept", v->kept);
	lk_json_string(&json, "settings", v->settings);
	add_time(&json, "takeover_ms", v->takeover, !*v->settings);
	lk_json_bool(&json, "waits", v->modes.quorum != LK_QMODE_NONE);
	add_systems(&json, v);
	lk_json_open(&json, "watchdog", '{');
	lk_json_bool(&json, "protects", v->dog);
	lk_json_string(&json, v->dog ? "device" : "why", v->dog_text);
	lk_json_close(&json, '}');
	lk_json_close(&json, '}');
	return lk_cmd_json(cmd, &json);
}

static int run(struct lk_cmd *cmd)
{
	struct view v = { .lcd = LK_LCD_INIT };
	int rc = look(&v, &cmd->err);

	if (rc == 0 && cmd->json)
		rc = print_json(cmd, &v);
	else if (rc == 0)
		print(&v);
	bool have = v.have;
	lk_lcd_close(&v.lcd);
	return rc < 0 ? rc : have ? 0 : LK_EX_INTERNAL;
}

static const struct lk_opt options[] = {
	LK_OPT_DEST,
	LK_OPT_JSON,
	LK_OPT_LAST,
};

static const struct lk_cmd_desc desc = {
	.synopsis = "lk_quorum [-d destsys] [-J]",
	.summary = "Tell whether this system has quorum, until when, and by whom.",
	.options = options,
	.run = run,
};

int main(int argc, char **argv)
{
	return lk_cmd_main(&desc, argc, argv);
}
