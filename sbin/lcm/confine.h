/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Giving up what a process that parses foreign bytes does not need. */
#ifndef LCM_CONFINE_H
#define LCM_CONFINE_H

#include <stdbool.h>
#include <sys/types.h>

#include "lk/attr.h"

struct confine_user {
	char name[64];
	uid_t uid;
	gid_t gid;
	bool instead;		/* the one asked for does not exist: nobody */
};

/* Close every descriptor but 0, 1, 2 and keep. */
void confine_descriptors(int keep);
/* Look up a name or number in /etc/passwd only: no name service is asked. */
void confine_find_user(const char *wanted, struct confine_user *user) LK_NONNULL(2);
/* Become that user (only root can), without capabilities, new privileges or core dumps. 0 or -1 with errno. */
int confine_privileges(const struct confine_user *user) LK_MUST LK_NONNULL(1);
/* From here on only the system calls of the list. 0 or -1. Without effect in a build with ASan. */
enum confine_list { CONFINE_NET, CONFINE_DISK };
int confine_calls(enum confine_list list) LK_MUST;

/* Real-time priority, locked memory: 0 or -1 with errno; both go on without. Before the privileges go. */
int confine_realtime(unsigned priority) LK_MUST;
int confine_limits(void) LK_MUST;
int confine_memory(void) LK_MUST;

#endif
