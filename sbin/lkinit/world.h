/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What lkinit knows; one struct, which main() owns. */
#ifndef LKINIT_WORLD_H
#define LKINIT_WORLD_H

#include <sys/un.h>

#include "lk/daemon.h"
#include "lk/inittab.h"
#include "lk/logger.h"
#include "lk/msg.h"
#include "lk/supervisor.h"
#include "machine.h"

#define DAEMONS (2 * LK_INITTAB_ROWS)	/* those of the table, and those that are on their way out */
#define START_ID 37			/* a UUID as text, with its NUL */

struct daemon {
	struct lk_init_row *row;
	struct machine machine;
	struct lk_holder process;	/* pid 0: none */
	unsigned starts;
	bool was_up;			/* the ones behind it may start */
	bool gone;			/* no longer in the table */
	bool killed;			/* it was said in the log */
	int notify_fd;
};

struct world {
	struct lk_tree tree;
	struct lk_logger logger;
	struct daemon *daemon[DAEMONS];	/* in the order of the table, then those that are gone */
	unsigned n;
	int lock_fd, signal_fd, manager_fd;
	struct sockaddr_un manager;	/* systemd's socket; manager_fd -1: there is none */
	socklen_t manager_len;
	char start_id[START_ID];
	bool stopping, all_ready;
	bool status_due;		/* the status file does not say what is true */
	bool status_failed, pid_due;
	bool quarantine;		/* all daemons are stopped, or being stopped, until quarantine_at */
	int64_t quarantine_at;
	int64_t status_retry;
	struct lk_daemon frame;
};

/* Log a message of lk/msg.h: say(w, LK_LOG_INFO, LK_M_INIT_UP). */
#define say(w, ...) lk_say(&(w)->frame, __VA_ARGS__)
#define say_err(w, level, err) lk_say_err(&(w)->frame, level, err)

/* ---- main.c ---- */

/* A new w->start_id. 0 or -1. */
int make_id(struct world *w, struct lk_err *err) LK_MUST;

/* ---- daemon.c ---- */

struct daemon *daemon_new(struct lk_init_row *row);
/* As if it had never been started. */
void daemon_reset(struct daemon *d);
void daemon_free(const struct world *w, struct daemon *d);
/* Let an event happen to it and do what follows. */
void daemon_event(struct world *w, struct daemon *d, enum event event);
/* Its process has ended, with this status of waitpid(2). */
void daemon_ended(struct world *w, struct daemon *d, int status);

/* ---- spawn.c ---- */

/* Start the process. 0 or negative. */
int spawn(const struct world *w, struct daemon *d, struct lk_err *err) LK_MUST;

/* ---- notify.c ---- */

void notify_name(const struct world *w, const struct daemon *d, char *path, size_t size);
/* Make the socket on which a daemon says that it is ready. */
int notify_open(const struct world *w, struct daemon *d, struct lk_err *err) LK_MUST;
void notify_close(const struct world *w, struct daemon *d);
/* Read what has come; true if there was a READY=1. */
bool notify_read(const struct daemon *d);
/* Find the socket of the manager that has started us, and tell it something. */
void manager_open(struct world *w);
void manager_tell(const struct world *w, const char *fmt, ...) LK_PRINTF(2, 3);

/* ---- status.c ---- */

/* Write what is due of the status and of our process id, and remember what could not be written. */
void status_write(struct world *w, int64_t now);
void status_remove(const struct world *w);
/* End the daemons of a supervisor that has died, by what its status file says. */
void end_leftovers(const struct world *w);

/* ---- quarantine.c ---- */

/* Is there one that goes on, or begins? */
void quarantine_begin(struct world *w);
void quarantine_look(struct world *w);
/* There is none any more, nor is there to be one. */
void quarantine_forget(struct world *w);
/* Nothing runs and the time has come: begin as after a start. */
void quarantine_end(struct world *w);

/* ---- loop.c ---- */

/* Take over a table: start what is new, stop what has gone or changed. */
int take_table(struct world *w, struct lk_inittab *tab, struct lk_err *err) LK_MUST;
/* Work until all daemons have been stopped. */
int work(struct world *w, struct lk_err *err) LK_MUST;

#endif
