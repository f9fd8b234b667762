/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lk_story: append to the story of decisions, for scripts. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lk/cleanup.h"
#include "lk/cmd.h"
#include "lk/msg.h"
#include "lk/story.h"
#include "lk/poison.h"

#define KEY_MAX 64

static int check_key(const char *key, struct lk_err *err)
{
	size_t len = strlen(key);

	for (const char *p = key; *p; p++)
		if (!isalnum((unsigned char)*p) && !strchr("-_.", *p))
			len = 0;
	if (len && len <= KEY_MAX)
		return 0;
	return lk_fail(err, LK_M_BAD_NAME, "option -k", key,
		       "key=value is needed, with a key of 1 to 64 letters, digits, '-', '_' and '.'");
}

/* Split the values of -k in place. */
static int take_inputs(struct lk_cmd *cmd, struct lk_story_input *inputs)
{
	for (int i = 0; i < cmd->lists; i++) {
		char *equals = strchr(cmd->list[i], '=');

		if (equals)
			*equals = '\0';
		int rc = check_key(equals ? cmd->list[i] : "", &cmd->err);
		if (rc < 0)
			return rc;
		inputs[i].key = cmd->list[i];
		inputs[i].value = equals + 1;
	}
	return 0;
}

/* The name of the script that called us. */
static void caller_name(char name[static 64])
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%ld/comm", (long)getppid());
	FILE LK_AUTO_FILE *file = fopen(path, "re");
	if (!file || !fgets(name, 64, file))
		snprintf(name, 64, "lk_story");
	name[strcspn(name, "\n")] = '\0';
}

static int check_filled(struct lk_cmd *cmd, char letter)
{
	char what[] = { 'o', 'p', 't', 'i', 'o', 'n', ' ', '-', letter, '\0' };

	if (*lk_cmd_value(cmd, letter))
		return 0;
	return lk_fail(&cmd->err, LK_M_BAD_TEXT, what, "it is empty");
}

static int run(struct lk_cmd *cmd)
{
	char name[64];
	struct lk_story_input LK_AUTO_FREE *inputs = calloc((size_t)cmd->lists + 1, sizeof(*inputs));
	struct lk_story story = { .prog = lk_cmd_value(cmd, 'p'), .pid = getppid(),
				  .subject = lk_cmd_value(cmd, 's'), .what = lk_cmd_value(cmd, 'w'),
				  .decision = lk_cmd_value(cmd, 'D'),
				  .inputs = cmd->lists ? inputs : NULL, .text = cmd->operand[0] };
	struct lk_tree tree;

	if (!inputs)
		return lk_fail_nomem(&cmd->err);
	int rc = check_filled(cmd, 's');
	if (rc == 0)
		rc = check_filled(cmd, 'w');
	if (rc == 0)
		rc = take_inputs(cmd, inputs);
	if (rc < 0)
		return rc;
	caller_name(name);
	if (!story.prog)
		story.prog = name;
	rc = lk_tree_open(&tree, &cmd->err);
	if (rc == 0)
		rc = lk_story(&tree, &story, &cmd->err);
	lk_tree_close(&tree);
	return rc;
}

static const struct lk_opt options[] = {
	{ 's', LK_OPT_REQUIRED, "subject", "tag or system that it is about", NULL },
	{ 'w', LK_OPT_REQUIRED, "what", "what happened, in a word", NULL },
	{ 'D', LK_OPT_VALUE, "decision", "what was decided", NULL },
	{ 'k', LK_OPT_LIST, "key=value", "what the decision was based on; may be repeated", NULL },
	{ 'p', LK_OPT_VALUE, "process", "name of the script (default: who called)", NULL },
	LK_OPT_LAST,
};

static const struct lk_cmd_desc desc = {
	.synopsis = "lk_story -s subject -w what [-D decision] [-k key=value] ... [-p process] text",
	.summary = "Append to the story of decisions.",
	.options = options,
	.min_operands = 1,
	.max_operands = 1,
	.operand = "text",
	.run = run,
};

int main(int argc, char **argv)
{
	return lk_cmd_main(&desc, argc, argv);
}
