/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sendevent: report an event, so that those who registered for it act (spec/core.md 3.12). */
#include <stdio.h>
#include <string.h>

#include "lk/cmd.h"
#include "lk/event.h"
#include "lk/msg.h"
#include "lk/name.h"
#include "lk/recoverable.h"
#include "lk/poison.h"

#define PRODUCT_MAX 8
#define COMPONENT_MAX 16
#define OBJECT_MAX 64

static bool is_ascii(const char *text)
{
	for (; *text; text++)
		if (*text < ' ' || *text > '~')
			return false;
	return true;
}

static int check_text(const char *what, const char *text, size_t max, struct lk_err *err)
{
	if (*text && is_ascii(text) && strlen(text) <= max)
		return 0;
	char why[80];

	snprintf(why, sizeof(why), "1 to %zu ASCII characters are needed", max);
	return lk_fail(err, LK_M_EVT_ARG, what, text, why);
}

static int check_monitor(const char *text, struct lk_err *err)
{
	size_t product = strcspn(text, ":");
	size_t component = text[product] ? strlen(text + product + 1) : 0;

	if (is_ascii(text) && product && product <= PRODUCT_MAX && component &&
	    component <= COMPONENT_MAX && !strchr(text + product + 1, ':'))
		return 0;
	return lk_fail(err, LK_M_EVT_ARG, "option -m", text,
		       "product:component is needed, of at most 8 and 16 ASCII characters");
}

/* A class or event, which becomes the name of a directory. */
static int check_name(const char *what, const char *name, struct lk_err *err)
{
	struct lk_err why;

	if (lk_check_app(what, name, &why) == 0)
		return 0;
	return lk_fail(err, LK_M_EVT_ARG, what, name,
		       "1 to 64 letters, digits, '-', '_' and '.' are needed");
}

static int check_severity(const char *text, struct lk_event *event, struct lk_err *err)
{
	unsigned long long number = LK_MAJOR;

	if (text && !lk_is_number(text, LK_CLEARED, LK_CRITICAL, &number))
		return lk_fail(err, LK_M_EVT_ARG, "option -s", text,
			       "a whole number from 0 to 5 is needed");
	event->severity = (enum lk_severity)number;
	return 0;
}

static int check_syntax(struct lk_cmd *cmd, struct lk_event *event)
{
	int rc = check_name("option -C", event->class, &cmd->err);

	if (rc == 0)
		rc = check_name("option -E", event->name, &cmd->err);
	if (rc == 0)
		rc = check_monitor(lk_cmd_value(cmd, 'm'), &cmd->err);
	if (rc == 0)
		rc = check_text("option -n", event->object, OBJECT_MAX, &cmd->err);
	if (rc == 0)
		rc = check_severity(lk_cmd_value(cmd, 's'), event, &cmd->err);
	return rc;
}

/* The order of the checks is that of the exit codes. */
static int check(struct lk_cmd *cmd, struct lk_event *event)
{
	int rc = check_syntax(cmd, event);

	if (rc == 0)
		rc = lk_tree_open(event->tree, &cmd->err);
	if (rc == 0)
		rc = lk_event_check(event, &cmd->err);
	if (rc == 0 && lk_cmd_given(cmd, 'A'))
		rc = lk_fail(&cmd->err, LK_M_EVT_INTERNAL);
	if (rc == 0 && event->severity == LK_CLEARED && !lk_cmd_given(cmd, 'i'))
		rc = lk_fail(&cmd->err, LK_M_EVT_NO_ID);
	return rc;
}

static int run(struct lk_cmd *cmd)
{
	struct lk_tree tree = { .fd = -1 };
	struct lk_event event = { .tree = &tree, .prog = cmd->prog, .args = cmd->args,
				  .class = lk_cmd_value(cmd, 'C'), .name = lk_cmd_value(cmd, 'E'),
				  .object = lk_cmd_value(cmd, 'n') };
	int rc = check(cmd, &event);

	if (rc == 0) {
		lk_event_identify(&event);
		puts(event.id);
		if (lk_cmd_given(cmd, 'w'))
			fflush(stdout);	/* who waits may want to know it meanwhile */
		event.recovering = event.severity != LK_CLEARED && lk_recoverable(&event);
		rc = lk_event_dispatch(&event, lk_cmd_given(cmd, 'w'), &cmd->err);
	}
	lk_tree_close(&tree);
	return rc;
}

static const struct lk_opt options[] = {
	{ 'C', LK_OPT_REQUIRED, "class", "class of the event", NULL },
	{ 'E', LK_OPT_REQUIRED, "event", "the event", NULL },
	{ 'm', LK_OPT_REQUIRED, "monitor", "who reports it, product:component", NULL },
	{ 'n', LK_OPT_REQUIRED, "object", "what it is about", NULL },
	{ 's', LK_OPT_VALUE, "severity", "0 (cleared) to 5 (critical), default 4", NULL },
	{ 'i', LK_OPT_VALUE, "alarm", "id of an earlier alarm", NULL },
	{ 'w', LK_OPT_FLAG, NULL, "wait until all handlers have ended", NULL },
	{ 'A', LK_OPT_FLAG, NULL, "recovery is under way; for internal use only", NULL },
	{ 'c', LK_OPT_VALUE, "objclass", "for the handlers: class of the object", NULL },
	{ 't', LK_OPT_VALUE, "time", "for the handlers: YYMMDDHHMMSS", NULL },
	{ 'T', LK_OPT_VALUE, "timestamp", "for the handlers", NULL },
	{ 'o', LK_OPT_FLAG, NULL, "for the handlers", NULL },
	{ 'z', LK_OPT_FLAG, NULL, "for the handlers", NULL },
	{ 'a', LK_OPT_VALUE, "alarmtype", "for the handlers", NULL },
	{ 'P', LK_OPT_VALUE, "probtype", "for the handlers: type of the problem", NULL },
	{ 'p', LK_OPT_VALUE, "probcode", "for the handlers: code of the problem", NULL },
	{ 'd', LK_OPT_VALUE, "data", "for the handlers", NULL },
	{ 'x', LK_OPT_VALUE, "text", "for the handlers", NULL },
	{ 'S', LK_OPT_VALUE, "system", "for the handlers: where it happened", NULL },
	{ 'O', LK_OPT_VALUE, "outfile", "for the handlers", NULL },
	LK_OPT_LAST,
};

static const struct lk_cmd_desc desc = {
	.synopsis = "sendevent -C class -E event -m monitor -n object [-s severity] [-i alarm] [-w] "
		    "[-c objclass] [-t time] [-T timestamp] [-o] [-z] [-a alarmtype] [-P probtype] "
		    "[-p probcode] [-d data] [-x text] [-S system] [-O outfile]",
	.summary = "Report an event: recovers the resource it is about and runs the event's handlers.",
	.options = options,
	.syntax_exit = 1,
	.run = run,
};

int main(int argc, char **argv)
{
	return lk_cmd_main(&desc, argc, argv);
}
