/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The story of decisions, $LKROOT/out/story.log: why here, why now, why not. One JSON object per line,
 * lk-records(5), for programs that tell the story of a resource. The log (lk/log.h) is for people.
 */
#ifndef LK_STORY_H
#define LK_STORY_H

#include <sys/types.h>

#include "lk/tree.h"

#define LK_STORY "out/story.log"
#define LK_STORY_OLD "out/story.log.1"
#define LK_STORY_TEXT 4096	/* longer texts are cut */
#define LK_STORY_VALUE 1024	/* longer inputs, too */
#define LK_STORY_INPUTS 64	/* the rest is left out */
#define LK_STORY_KB_MIN 64	/* STORYSIZE */
#define LK_STORY_KB_MAX 1048576
#define LK_STORY_KB 8192

struct lk_story_input {
	const char *key, *value;	/* value NULL: left out */
};

struct lk_story {
	const char *prog;
	pid_t pid;				/* 0: ours */
	const char *node;			/* NULL: looked up; who must not wait knows it */
	const char *subject;			/* a tag or a system */
	const char *what;			/* what happened: one word */
	const char *decision;			/* NULL: none */
	const struct lk_story_input *inputs;	/* up to one with key NULL; NULL: none */
	const char *text;			/* for people; NULL: none */
};

/* The inputs of a story: .inputs = LK_INPUTS({ "quorum", "yes" }, { "peer", name }). */
#define LK_INPUTS(...) ((const struct lk_story_input[]){ __VA_ARGS__, { NULL, NULL } })

/* Append one line, in one write(2). Never waits for another process or for the disk. 0 or -1, which
 * callers ignore: what they do matters more than that it is told. */
int lk_story(const struct lk_tree *tree, const struct lk_story *story, struct lk_err *err)
	LK_NONNULL(1, 2, 3);

#endif
