/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The picture of the cluster, from the own database and the reports of other systems. */
#include "lk/picture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lk/act.h"
#include "lk/canvass.h"
#include "lk/confirm.h"
#include "lk/epoch.h"
#include "lk/eqv.h"
#include "lk/flg.h"
#include "lk/handover.h"
#include "lk/held.h"
#include "lk/holds.h"
#include "lk/ins.h"
#include "lk/lcm.h"
#include "lk/msg.h"
#include "lk/name.h"
#include "lk/picfile.h"
#include "lk/proc.h"
#include "lk/promise.h"
#include "lk/quorum.h"
#include "lk/rec.h"
#include "lk/stopped.h"
#include "lk/sys.h"
#include "lk/witness.h"
#include "lk/poison.h"

enum { KIND, NAME, STATE, EPOCH, OWNER, INIT, SWITCHBACK };

static const struct lk_rec_kind report_kind = {
	"report", 7, { "kind", "name", "state", "epoch", "owner", "init", "switchback" }
};

/* The flags that bar failovers, by what stands before the system's name. */
static const char *const refusing[] = { LK_STOPPED_FLAG, "nosysfailover!" };
static const char barring[] = "noresfailover!", blocking[] = "block_failover";
static const char no_quorum[] = "!noquorum!", absent[] = "!absent!", sees[] = "!sees!";	/* in reports only */

static const char *behind(const char *flag, const char *lead)
{
	size_t len = strlen(lead);

	return strncmp(flag, lead, len) ? NULL : flag + len;
}

static bool is_bar(const char *flag)
{
	return behind(flag, refusing[0]) || behind(flag, refusing[1]) || behind(flag, barring) ||
	       !strcmp(flag, blocking);
}

/* ---- reporting ---- */

/* What this system has taken over and is restoring counts for others as in service: a better system that starts
 * meanwhile must not take it away. */
static enum lk_state state_for_others(const struct lk_lcd *lcd, const struct lk_ins *ins,
				      const struct lk_epoch *record)
{
	bool ours = record && !strcmp(record->owner, lcd->local);
	bool starts = ins->resv == LK_RESV_RESTORE && lk_proc_alive(&ins->holder);

	return ours && starts ? LK_ISP : ins->state;
}

static void report_instance(const struct lk_lcd *lcd, const struct lk_ins *ins, struct lk_buf *report)
{
	const struct lk_epoch *record = lk_epoch_get(lcd, ins->tag);
	char epoch[LK_NUMBER_TEXT];
	const char *fields[] = {
		[KIND] = "instance", [NAME] = ins->tag, [STATE] = lk_state_names[state_for_others(lcd, ins, record)],
		[EPOCH] = epoch, [OWNER] = record ? record->owner : "",
		[INIT] = lk_init_names[ins->init], [SWITCHBACK] = lk_switchback_names[ins->switchback],
	};

	lk_format_number(record ? record->epoch : 0, epoch);
	lk_rec_row(report, &report_kind, fields);
}

static void report_name(const char *kind, const char *name, struct lk_buf *report)
{
	const char *fields[] = { kind, name, "", "", "", "", "" };

	lk_rec_row(report, &report_kind, fields);
}

/* Where a majority decides, or others have one: who may not start anything is not waited for. */
static bool lacks_quorum(struct lk_lcd *lcd)
{
	struct lk_err ignored;

	int needed = lk_canvass_needed(&lcd->tree, &ignored);

	if (needed == 0)
		return lk_holds_among(lcd) != NULL;
	return needed > 0 && lk_quorum_check(lcd, &ignored) < 0;
}

/* Was a system that is DEAD so from our start? Then its failure, as others see it, was and will be no event here. */
static bool is_absent(struct lk_lcd *lcd, const struct lk_sys *sys)
{
	const struct lk_lcm_status *status = lk_lcm_known(lcd);
	bool noticed = false;
	const char *why;

	for (size_t i = 0; status && i < status->npath && !noticed; i++)
		noticed = !strcmp(status->path[i].sys, sys->name) && status->path[i].status.comm_downs;
	return status && !noticed && lk_sys_state(lcd, sys, &why) == LK_SYS_DEAD;
}

/* Is it ALIVE, and not about to stop in order? */
static bool is_seen(struct lk_lcd *lcd, const struct lk_sys *sys)
{
	char flag[LK_STOPPED_MAX];
	const char *why;

	lk_stopped_flag(sys->name, flag);
	return !sys->local && lk_sys_state(lcd, sys, &why) == LK_SYS_ALIVE && !lk_flg_find(lcd, flag);
}

static void report_about(const char *lead, const char *sys, struct lk_buf *report)
{
	char flag[64 + LK_SYS_MAX];

	snprintf(flag, sizeof(flag), "%s%s", lead, sys);
	report_name("flag", flag, report);
}

/* A note of lkstop -f, of one that cannot be asked from here. */
static bool is_held(struct lk_lcd *lcd, const struct lk_sys *sys)
{
	const char *why;

	return !sys->local && lk_held(lcd, sys->name) && lk_sys_state(lcd, sys, &why) != LK_SYS_ALIVE;
}

static void report_lives(struct lk_lcd *lcd, struct lk_buf *report)
{
	for (size_t i = 0; i < lcd->nsys; i++) {
		if (is_absent(lcd, &lcd->sys[i]))
			report_about(absent, lcd->sys[i].name, report);
		if (is_seen(lcd, &lcd->sys[i]))
			report_about(sees, lcd->sys[i].name, report);
		if (is_held(lcd, &lcd->sys[i]))
			report_about(LK_HELD_FLAG, lcd->sys[i].name, report);
	}
}

void lk_picture_report(struct lk_lcd *lcd, struct lk_buf *report)
{
	lk_rec_head(report, &report_kind);
	report_name("system", lcd->local, report);
	for (size_t i = 0; i < lcd->nins; i++)
		report_instance(lcd, &lcd->ins[i], report);
	for (size_t i = 0; i < lcd->nflg; i++)
		if (is_bar(lcd->flg[i].name))
			report_name("flag", lcd->flg[i].name, report);
	if (lacks_quorum(lcd))
		report_name("flag", no_quorum, report);
	report_lives(lcd, report);
	lk_promise_note_systems(lcd, report);
	lk_rec_tail(report);
}

/* ---- the own part ---- */

/* What a flag of system sys says; a system that nobody knows does not matter. */
static void take_flag(struct lk_picture *picture, unsigned sys, const char *flag)
{
	struct lk_pic_sys *at = &picture->sys[sys];
	const struct {
		const char *lead;
		uint32_t *set;
	} sets[] = {
		{ refusing[0], &at->refuses }, { refusing[1], &at->refuses }, { barring, &at->no_transfer },
		{ absent, &at->absent }, { refusing[0], &at->stopped }, { sees, &at->sees },
		{ LK_HELD_FLAG, &at->held },
	};

	if (!strcmp(flag, blocking))
		at->blocked = true;
	at->no_quorum |= !strcmp(flag, no_quorum);
	for (size_t i = 0; i < sizeof(sets) / sizeof(*sets); i++) {
		const char *name = behind(flag, sets[i].lead);
		int about = name ? lk_pic_find_sys(picture, name) : -1;

		if (about >= 0)
			*sets[i].set |= 1u << about;
	}
}

static void take_systems(struct lk_lcd *lcd, struct lk_picture *picture)
{
	static const enum lk_life lives[] = { [LK_SYS_ALIVE] = LK_LIFE_ALIVE, [LK_SYS_DEAD] = LK_LIFE_DEAD,
					      [LK_SYS_UNKNOWN] = LK_LIFE_UNKNOWN };

	for (size_t i = 0; i < lcd->nsys && i < LK_SYSTEMS_MAX; i++) {
		const char *why;
		enum lk_life life = lives[lk_sys_state(lcd, &lcd->sys[i], &why)];

		if (lcd->sys[i].local)
			picture->self = (uint8_t)i;
		/* unreachable, but not gone as far as the witnesses have said */
		if (life == LK_LIFE_DEAD && lk_witness_doubts(&lcd->tree, lcd->sys[i].name))
			life = LK_LIFE_UNKNOWN;
		picture->sys[picture->nsys++] = (struct lk_pic_sys){ .name = lcd->sys[i].name, .life = life };
	}
	for (size_t i = 0; i < lcd->nflg; i++)
		take_flag(picture, picture->self, lcd->flg[i].name);
	for (unsigned i = 0; i < picture->nsys; i++) {
		if (is_absent(lcd, &lcd->sys[i]))
			picture->sys[picture->self].absent |= UINT32_C(1) << i;
		if (lk_held(lcd, picture->sys[i].name) && picture->sys[i].life != LK_LIFE_ALIVE)
			picture->sys[picture->self].held |= UINT32_C(1) << i;
		picture->sys[i].unconfirmed = lk_confirm_missing(lcd, picture->sys[i].name);
		picture->sys[i].unfenced = lk_confirm_unfenced(lcd, picture->sys[i].name);
	}
}

static void take_record(const struct lk_picture *picture, const char *owner, struct lk_pic_copy *copy)
{
	int sys = lk_pic_find_sys(picture, owner);

	if (sys < 0 && *owner)
		sys = !strcmp(owner, LK_EPOCH_NOBODY) ? LK_PIC_NOBODY : LK_PIC_STRANGER;
	copy->owner = *owner ? sys : LK_PIC_NORECORD;
}

static struct lk_pic_copy own_copy(const struct lk_lcd *lcd, const struct lk_picture *picture,
				   const struct lk_ins *ins)
{
	const struct lk_epoch *record = lk_epoch_get(lcd, ins->tag);
	struct lk_pic_copy copy = {
		.sys = picture->self, .priority = 1, .state = (int)ins->state,
		.epoch = record ? record->epoch : 0, .owner = LK_PIC_NORECORD,
		.init = ins->init, .switchback = ins->switchback,
	};

	if (record)
		take_record(picture, record->owner, &copy);
	return copy;
}

/* Whether all roots above the node are AUTOMATIC: the parent's setting wins (4.3). */
struct roots {
	const struct lk_graph *graph;
	bool automatic;
};

static void look_at_root(void *arg, unsigned node)
{
	struct roots *roots = arg;

	if (lk_graph_is_root(roots->graph, node) && roots->graph->node[node]->switchback != LK_AUTOMATIC)
		roots->automatic = false;
}

/* The own copy, and room behind it for those of other systems. */
static void take_instance(const struct lk_graph *graph, unsigned node, unsigned room,
			  struct lk_picture *picture)
{
	const struct lk_ins *ins = graph->node[node];
	struct lk_pic_res *res = &picture->res[picture->nres++];
	struct roots roots = { .graph = graph, .automatic = true };
	struct lk_walk walk = { .node = look_at_root, .arg = &roots };

	lk_graph_walk(graph, node, LK_UP, &walk);
	*res = (struct lk_pic_res){
		.tag = ins->tag, .first = picture->ncopy, .n = 1,
		.root = roots.automatic ? LK_AUTOMATIC : LK_INTELLIGENT,
		.parents = graph->first[LK_UP][node + 1] - graph->first[LK_UP][node],
	};
	picture->copy[picture->ncopy] = own_copy(graph->lcd, picture, ins);
	picture->ncopy += 1 + room;
}

/* One pass over all equivalencies: there are 500 times 31 of them. */
static int take_instances(const struct lk_lcd *lcd, const struct lk_graph *graph, struct lk_picture *picture,
			  struct lk_err *err)
{
	unsigned *room = lk_graph_array(graph, sizeof(*room));

	if (!room)
		return lk_fail_nomem(err);
	for (size_t i = 0; i < lcd->neqv; i++) {
		int node = lk_graph_find(graph, lcd->eqv[i].tag);

		if (node >= 0 && lk_pic_find_sys(picture, lcd->eqv[i].sys) >= 0)
			room[node]++;
	}
	for (unsigned node = 0; node < graph->n; node++)
		take_instance(graph, node, room[node], picture);
	for (size_t i = 0; i < lcd->neqv; i++) {
		const struct lk_eqv *eqv = &lcd->eqv[i];
		int node = lk_graph_find(graph, eqv->tag), sys = lk_pic_find_sys(picture, eqv->sys);

		if (node < 0 || sys < 0)
			continue;
		struct lk_pic_res *res = &picture->res[node];
		if (res->n == 1)
			picture->copy[res->first].priority = eqv->priority;
		picture->copy[res->first + res->n++] = (struct lk_pic_copy){
			.sys = (uint8_t)sys, .priority = eqv->otherpriority,
			.state = LK_PIC_UNSEEN, .owner = LK_PIC_NORECORD,
		};
	}
	return 0;
}

/* What an open split brain holds where it is. */
static int mark_split(const struct lk_lcd *lcd, const struct lk_graph *graph, struct lk_picture *picture,
		      struct lk_err *err)
{
	bool *above = lk_graph_array(graph, sizeof(*above)), *below = lk_graph_array(graph, sizeof(*below));

	if (!above || !below)
		return lk_fail_nomem(err);
	for (size_t i = 0; i < lcd->nflg; i++) {
		const char *tag = behind(lcd->flg[i].name, LK_SPLIT_FLAG);
		int node = tag ? lk_graph_find(graph, tag) : -1;

		if (node < 0)
			continue;
		lk_graph_mark(graph, (unsigned)node, LK_UP, above);
		lk_graph_mark(graph, (unsigned)node, LK_DOWN, below);
	}
	for (unsigned node = 0; node < graph->n; node++)
		picture->res[node].split = above[node] || below[node];
	return 0;
}

struct handovers {
	const struct lk_graph *graph;
	struct lk_picture *picture;
};

static void mark_handover(void *arg, const char *tag, const char *name)
{
	struct handovers *h = arg;
	int node = lk_graph_find(h->graph, tag), sys = lk_pic_find_sys(h->picture, name);

	if (node >= 0 && sys >= 0)
		h->picture->copy[h->picture->res[node].first].handover |= 1u << sys;
}

int lk_picture_local(struct lk_lcd *lcd, struct lk_picture *picture, struct lk_err *err)
{
	struct lk_graph graph;
	struct handovers handovers = { &graph, picture };
	const struct lk_handover_each each = { mark_handover, &handovers };
	int rc = lk_graph_build(&graph, lcd, err);

	*picture = (struct lk_picture){ 0 };
	if (rc < 0)
		return rc;
	picture->res = lk_arena_alloc(&lcd->arena, (lcd->nins + 1) * sizeof(*picture->res));
	picture->copy = lk_arena_alloc(&lcd->arena, (lcd->nins + lcd->neqv + 1) * sizeof(*picture->copy));
	if (!picture->res || !picture->copy)
		return lk_fail_nomem(err);
	take_systems(lcd, picture);
	rc = take_instances(lcd, &graph, picture, err);
	if (rc == 0)
		rc = lk_handover_list(lcd, &each, err);
	return rc < 0 ? rc : mark_split(lcd, &graph, picture, err);
}

/* ---- reports of others ---- */

/* A copy of the system, under the tag that it has there. */
struct place {
	const char *tag;
	unsigned copy;
};

struct taking {
	const struct lk_lcd *lcd;
	struct place *place;
	size_t nplace;
	struct lk_picture *picture;
	unsigned sys;
	bool named;		/* the report says whose it is */
	bool apply;		/* second pass: take it */
	struct lk_err *err;
};

static int refuse(const struct taking *t, unsigned line, const char *what)
{
	const char *name = t->picture->sys[t->sys].name;

	return lk_fail(t->err, LK_M_BAD_REPORT, name, line, what);
}

static int problem(void *arg, unsigned line, const char *what)
{
	return refuse(arg, line, what);
}

static int find(const char *word, const char *const *choices)
{
	for (int i = 0; choices[i]; i++)
		if (!strcmp(word, choices[i]))
			return i;
	return -1;
}

static int by_tag(const void *a, const void *b)
{
	return strcmp(((const struct place *)a)->tag, ((const struct place *)b)->tag);
}

/* Resources have the order of their tags. */
static const struct lk_pic_res *find_res(const struct lk_picture *picture, const char *tag)
{
	unsigned low = 0, high = picture->nres;

	while (low < high) {
		unsigned mid = low + (high - low) / 2;
		int order = strcmp(picture->res[mid].tag, tag);

		if (order == 0)
			return &picture->res[mid];
		low = order < 0 ? mid + 1 : low;
		high = order < 0 ? high : mid;
	}
	return NULL;
}

/* Where what the system says of its instances belongs, by their tags there. */
static int find_places(struct taking *t, struct lk_arena *arena)
{
	const char *sys = t->picture->sys[t->sys].name;

	t->place = lk_arena_alloc(arena, (t->lcd->neqv + 1) * sizeof(*t->place));
	if (!t->place)
		return lk_fail_nomem(t->err);
	for (size_t i = 0; i < t->lcd->neqv; i++) {
		const struct lk_eqv *eqv = &t->lcd->eqv[i];
		const struct lk_pic_res *res = strcmp(eqv->sys, sys) ? NULL : find_res(t->picture, eqv->tag);

		for (unsigned c = 0; res && c < res->n; c++)
			if (t->picture->copy[res->first + c].sys == t->sys)
				t->place[t->nplace++] = (struct place){ eqv->othertag, res->first + c };
	}
	qsort(t->place, t->nplace, sizeof(*t->place), by_tag);
	return 0;
}

/* The reported instance is the other side of all equivalencies that name it. */
static void apply_instance(struct taking *t, const char *tag, const struct lk_pic_copy *said)
{
	const struct place key = { .tag = tag }, *end = t->place + t->nplace;
	const struct place *at = t->nplace ? bsearch(&key, t->place, t->nplace, sizeof(key), by_tag) : NULL;

	while (at && at > t->place && !strcmp(at[-1].tag, tag))
		at--;
	for (; at && at < end && !strcmp(at->tag, tag); at++) {
		struct lk_pic_copy *copy = &t->picture->copy[at->copy];
		unsigned priority = copy->priority;

		*copy = *said;
		copy->priority = priority;
	}
}

static int take_reported(struct taking *t, const struct lk_rec *rec)
{
	int state = find(rec->field[STATE], lk_state_names), init = find(rec->field[INIT], lk_init_names);
	int back = find(rec->field[SWITCHBACK], lk_switchback_names);
	unsigned long long epoch;
	struct lk_err ignored;

	if (state < 0 || init < 0 || back < 0 || !lk_is_number(rec->field[EPOCH], 0, LK_EPOCH_MAX, &epoch) ||
	    lk_check_tag(rec->field[NAME], &ignored) < 0)
		return refuse(t, rec->line, "a field of an instance makes no sense");
	struct lk_pic_copy copy = { .sys = (uint8_t)t->sys, .state = state, .epoch = epoch,
				    .init = (enum lk_init)init, .switchback = (enum lk_switchback)back };

	take_record(t->picture, rec->field[OWNER], &copy);
	if (t->apply)
		apply_instance(t, rec->field[NAME], &copy);
	return 0;
}

static int take_record_line(void *arg, struct lk_rec *rec)
{
	struct taking *t = arg;
	const char *kind = rec->field[KIND];

	if (!strcmp(kind, "system") && !t->named) {
		if (strcmp(rec->field[NAME], t->picture->sys[t->sys].name) != 0)
			return refuse(t, rec->line, "it is the report of another system");
		t->named = true;
		return 0;
	}
	if (!t->named)
		return refuse(t, rec->line, "it does not say whose it is");
	if (!strcmp(kind, "instance"))
		return take_reported(t, rec);
	if (strcmp(kind, "flag") != 0)
		return refuse(t, rec->line, "unknown kind of record");
	if (t->apply)
		take_flag(t->picture, t->sys, rec->field[NAME]);
	return 0;
}

static int take_note(void *arg, char *text)
{
	struct taking *t = arg;
	const char *systems = lk_promise_noted_systems(text);

	if (systems && t->apply)
		t->picture->sys[t->sys].differs = !lk_promise_same_systems(t->lcd, systems);
	return 0;
}

int lk_picture_add(const struct lk_lcd *lcd, struct lk_picture *picture, unsigned sys, char *text,
		   size_t len, struct lk_err *err)
{
	struct taking taking = { .lcd = lcd, .picture = picture, .sys = sys, .err = err };
	struct lk_rec_sink sink = { .record = take_record_line, .problem = problem, .note = take_note, .arg = &taking };
	struct lk_arena arena = { 0 };
	char *copy = lk_arena_alloc(&arena, len + 1);

	/* parsing changes the text, and nothing may be taken before all of it is found good */
	if (!copy)
		return lk_fail_nomem(err);
	memcpy(copy, text, len);
	copy[len] = '\0';
	int rc = lk_rec_parse(&report_kind, copy, len, &sink);
	if (rc == 0 && !taking.named)
		rc = refuse(&taking, 0, "it does not say whose it is");
	if (rc == 0)
		rc = find_places(&taking, &arena);
	taking.named = false;
	taking.apply = true;
	if (rc == 0)
		rc = lk_rec_parse(&report_kind, text, len, &sink);
	lk_arena_free(&arena);
	picture->sys[sys].reported = rc == 0;
	return rc;
}
