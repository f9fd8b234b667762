/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What all parts of lcm's main process need: log, descriptors, children. */
#include "world.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lk/poison.h"

void lcm_log(const struct lcm *lcm, enum lk_log_level level, int number, int code, const char *fmt, ...)
{
	char text[LK_ERR_TEXT];
	struct lk_err ignored;
	va_list args;

	(void)code;
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	struct lk_log_line line = { .level = level, .prog = LCM_PROG, .pid = getpid(),
				    .component = "lcm", .number = (unsigned)number, .text = text };
	(void)lk_log(&lcm->tree, &line, &ignored);
}

void lcm_watch(struct lcm *lcm, struct lcm_source *source, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.ptr = source };
	int op = !source->events ? EPOLL_CTL_ADD : events ? EPOLL_CTL_MOD : EPOLL_CTL_DEL;

	if (source->fd < 0 || source->events == events)
		return;
	if (epoll_ctl(lcm->epoll, op, source->fd, &event) == 0)
		source->events = events;
}

void lcm_close(struct lcm *lcm, struct lcm_source *source)
{
	if (source->fd < 0)
		return;
	/* a forked child may still have the file open: closing alone would not end the watch */
	if (source->events)
		epoll_ctl(lcm->epoll, EPOLL_CTL_DEL, source->fd, NULL);
	close(source->fd);
	source->fd = -1;
	source->events = 0;
}

int lcm_adopt(struct lcm *lcm, pid_t pid, void (*ended)(void *arg, int status), void *arg)
{
	struct lcm_child *child = malloc(sizeof(*child));

	if (!child)
		return -1;
	*child = (struct lcm_child){ .next = lcm->children, .pid = pid, .ended = ended, .arg = arg };
	lcm->children = child;
	return 0;
}

void lcm_disown(struct lcm *lcm, const void *arg)
{
	for (struct lcm_child *child = lcm->children; child; child = child->next)
		if (child->arg == arg)
			child->ended = NULL;
}

void lcm_reap(struct lcm *lcm)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		struct lcm_child **at = &lcm->children;

		while (*at && (*at)->pid != pid)
			at = &(*at)->next;
		struct lcm_child *child = *at;
		if (!child)
			continue;
		*at = child->next;
		if (child->ended)
			child->ended(child->arg, status);
		free(child);
	}
}

struct lcm_peer *lcm_find_peer(struct lcm *lcm, const char *name)
{
	for (unsigned i = 0; i < BUS_PEERS_MAX; i++)
		if (lcm->peer[i].configured && !strcmp(lcm->peer[i].name, name))
			return &lcm->peer[i];
	return NULL;
}
