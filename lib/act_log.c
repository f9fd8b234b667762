/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Carrying out an action: what the log and the story are told. */
#include <stdio.h>
#include <unistd.h>

#include "lk/act_run.h"
#include "lk/log.h"
#include "lk/msg.h"
#include "lk/story.h"
#include "lk/poison.h"

static void log_about(const struct lk_act_about *about, enum lk_log_level level,
		      const struct lk_err *said)
{
	struct lk_log_line line = { .level = level, .prog = about->prog, .pid = getpid(),
				    .component = about->ins->type, .action = about->action,
				    .tag = about->ins->tag, .number = (unsigned)said->number,
				    .text = said->text };
	struct lk_err ignored;

	lk_log(&about->lcd->tree, &line, &ignored);
}

void lk_act_log_begin(const struct lk_act_about *about)
{
	struct lk_err said;

	lk_fail(&said, LK_M_LOG_BEGIN, about->action, about->ins->tag, about->lcd->local);
	log_about(about, LK_LOG_INFO, &said);
}

static void tell_end(const struct lk_act_about *about, const char *failure)
{
	const struct lk_story story = {
		.prog = about->prog, .node = about->lcd->local, .subject = about->ins->tag,
		.what = about->action, .decision = failure ? "failed" : "succeeded",
		.text = failure,
	};
	struct lk_err ignored;

	lk_story(&about->lcd->tree, &story, &ignored);
}

void lk_act_log_end(const struct lk_act_about *about, const char *failure)
{
	const char *tag = about->ins->tag, *node = about->lcd->local;
	struct lk_err said;

	if (failure)
		lk_fail(&said, LK_M_LOG_FAILED, about->action, tag, node, failure);
	else
		lk_fail(&said, LK_M_LOG_END, about->action, tag, node);
	log_about(about, failure ? LK_LOG_ERROR : LK_LOG_INFO, &said);
	tell_end(about, failure);
}

void lk_act_tell(const struct lk_act_run *run, const char *decision, const char *text)
{
	const struct lk_act *act = run->act;
	char n[24];

	snprintf(n, sizeof(n), "%u", run->plan.n);
	const struct lk_story_input inputs[] = {
		{ "plan", n }, { "extent", act->what.single ? "this" : act->what.below ? "below" : "hierarchy" },
		{ act->release_for ? "for" : NULL, act->release_for }, { NULL, NULL },
	};
	const struct lk_story story = {
		.prog = act->prog, .node = run->lcd.local, .subject = act->what.tag[0],
		.what = act->what.kind == LK_PLAN_RESTORE ? "in-service" : "out-of-service",
		.decision = decision, .inputs = inputs, .text = text,
	};
	struct lk_err ignored;

	lk_story(&run->lcd.tree, &story, &ignored);
}

void lk_act_refuse(const struct lk_act *act, const struct lk_lcd *lcd, const struct lk_err *why)
{
	const struct lk_story story = {
		.prog = act->prog, .node = lcd->local, .subject = act->what.tag[0],
		.what = "in-service", .decision = "refused", .text = why->text,
	};
	struct lk_err ignored;

	lk_story(&lcd->tree, &story, &ignored);
}
