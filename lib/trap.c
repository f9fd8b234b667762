/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The events that management stations are told of. */
#include "lk/trap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lk/detach.h"
#include "lk/log.h"
#include "lk/name.h"
#include "lk/script.h"
#include "lk/story.h"
#include "lk/poison.h"

#define SENDER "bin/lk_trap"
#define SENDER_SECONDS 10

static const struct {
	unsigned number;
	const char *text;
} traps[] = {
	{ 100, "Lockkeeper Startup Complete" },
	{ 101, "Lockkeeper Shutdown Initiated" },
	{ 102, "Lockkeeper Shutdown Complete" },
	{ 110, "Manual Switchover Initiated on Server" },
	{ 111, "Manual Switchover Complete - recovered list" },
	{ 112, "Manual Switchover Complete - failed list" },
	{ 120, "Node Failure Detected" },
	{ 121, "Node Recovery Complete - recovered list" },
	{ 122, "Node Recovery Complete - failed list" },
	{ 130, "Resource Recovery Initiated" },
	{ 131, "Resource Recovery Failed" },
	{ 132, "Resource Recovery Complete" },
	{ 160, "Split Brain detected" },
};

static const char *trap_text(unsigned number)
{
	for (size_t i = 0; i < sizeof(traps) / sizeof(*traps); i++)
		if (traps[i].number == number)
			return traps[i].text;
	return "";
}

static void send_on(const struct lk_tree *tree, const char *number, const char *subject, const char *tags)
{
	char *argv[] = { (char[]){ SENDER }, (char *)number, (char *)trap_text(strtoul(number, NULL, 10)),
			 (char *)(subject ? subject : ""), (char *)(tags ? tags : ""), NULL };
	struct lk_script script = { .tree = tree, .path = SENDER, .argv = argv, .seconds = SENDER_SECONDS };
	struct lk_script_end end;
	struct lk_err ignored;
	struct stat st;

	if (fstatat(tree->fd, SENDER, &st, 0) == 0 && S_ISREG(st.st_mode))
		(void)!lk_script_run(&script, &end, &ignored);
}

/* Detached, so that neither its end nor its descriptors are waited for. */
static void send_aside(const struct lk_tree *tree, const char *number, const char *subject, const char *tags)
{
	struct lk_tree own = *tree;
	pid_t pid = fork();

	if (pid < 0)
		return;
	if (pid > 0) {
		waitpid(pid, NULL, 0);
		return;
	}
	/* a grandchild is nobody's that has to be reaped */
	if (fork() != 0)
		_exit(0);
	if (!lk_detach(&tree->fd, 1))
		_exit(1);
	own.fd = LK_DETACH_FIRST;
	send_on(&own, number, subject, tags);
	_exit(0);
}

struct trap {
	unsigned number;
	const char *subject, *tags;
	bool aside;
};

static void put_trap(const struct lk_tree *tree, const struct trap *trap)
{
	unsigned number = trap->number;
	const char *subject = trap->subject, *tags = trap->tags;
	char text[2000], word[LK_NUMBER_TEXT];
	struct lk_log_line line = { .level = LK_LOG_INFO, .prog = "trap", .pid = getpid(),
				    .component = "trap", .tag = subject, .number = number, .text = text };
	struct lk_err ignored;

	lk_format_number(number, word);
	snprintf(text, sizeof(text), "%s%s%s%s%s", trap_text(number), subject ? ": " : "",
		 subject ? subject : "", tags ? ": " : "", tags ? tags : "");
	lk_log(tree, &line, &ignored);
	struct lk_story story = { .prog = "trap", .subject = subject ? subject : "", .what = "trap",
				  .inputs = LK_INPUTS({ "number", word }, { "tags", tags }), .text = text };
	lk_story(tree, &story, &ignored);
	if (trap->aside)
		send_aside(tree, word, subject, tags);
	else
		send_on(tree, word, subject, tags);
}

void lk_trap(const struct lk_tree *tree, unsigned number, const char *subject, const char *tags)
{
	put_trap(tree, &(struct trap){ number, subject, tags, false });
}

void lk_trap_aside(const struct lk_tree *tree, unsigned number, const char *subject, const char *tags)
{
	put_trap(tree, &(struct trap){ number, subject, tags, true });
}
