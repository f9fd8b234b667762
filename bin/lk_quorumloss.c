/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lk_quorumloss: what a system does that has lost quorum (spec/core.md 6.2, 6.5). */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/file.h>

#include "lk/cleanup.h"
#include "lk/cmd.h"
#include "lk/endnode.h"
#include "lk/lease.h"
#include "lk/msg.h"
#include "lk/outage.h"
#include "lk/quarantine.h"
#include "lk/running.h"
#include "lk/tunable.h"
#include "lk/poison.h"

#define LOCK "run/quorumloss.lock"
#define ROUNDS 3		/* an event may have begun to restore something meanwhile */
#define QUARANTINE 300

struct loss {
	struct lk_cmd *cmd;
	struct lk_lcd lcd;
	struct lk_outage out;
	enum lk_loss action;
};

static const struct lk_tree *tree(const struct loss *l)
{
	return &l->lcd.tree;
}

#define SAY(l, level, ...) \
	do { \
		struct lk_err note_; \
		lk_fail(&note_, __VA_ARGS__); \
		lk_outage_say(&(l)->out, &note_, level); \
	} while (0)

/* 1: something may run here; 0: nothing; negative. */
static int look(struct loss *l)
{
	lk_lcd_close(&l->lcd);
	int rc = lk_lcd_read(&l->lcd, LK_T_ALL, &l->cmd->err);

	return rc < 0 ? rc : lk_anything_runs(&l->lcd);
}

/* Whatever happens to us from here on, lkwatchdog ends the node in time. Where nobody has set a deadline it is ours. */
static void set_deadline(struct loss *l)
{
	struct lk_lease lease;
	int64_t stop, now = lk_lease_now();
	struct lk_err err;

	if (lk_lease_read(tree(l), &lease, &err) == 1 && lease.deadline != LK_LEASE_FOREVER)
		return;
	if (lk_lease_stop(tree(l), &stop, &err) < 0)
		lk_outage_say(&l->out, &err, LK_LOG_WARN);
	/* the end of one that was given up may be still to come */
	lease = (struct lk_lease){ .until = lease.until && lease.until < now ? lease.until : now, .deadline = now + stop };
	if (lk_lease_renew(tree(l), &lease, &err) < 0)
		lk_outage_say(&l->out, &err, LK_LOG_ERROR);
}

/* How long it is to last; 0: there is to be none. */
static unsigned long long quarantine_time(struct loss *l)
{
	unsigned long long seconds = QUARANTINE;
	struct lk_err err;

	if (lk_tunable_number(tree(l), "QUORUM_QUARANTINE_SECS", 0, 604800, &seconds, &err) < 0) {
		lk_outage_say(&l->out, &err, LK_LOG_WARN);
		seconds = QUARANTINE;
	}
	return seconds;
}

/* Whoever comes after us may find nothing in service, and must know why. Nothing of this may hold up what follows. */
static void intend(struct loss *l)
{
	unsigned long long seconds = quarantine_time(l);
	struct lk_holder holder;
	struct lk_err err;

	if (seconds && lk_running_process(tree(l), &holder) && lk_quarantine_intend(tree(l), seconds, &err) < 0)
		lk_outage_say(&l->out, &err, LK_LOG_ERROR);
}

static int quarantine(struct loss *l, unsigned long long seconds)
{
	struct lk_holder holder;
	struct lk_err ignored;
	int64_t ms;

	if (!seconds)
		return lk_quarantine_end(tree(l), &l->cmd->err);
	if (!lk_running_process(tree(l), &holder)) {
		(void)!lk_quarantine_end(tree(l), &ignored);
		return lk_fail(&l->cmd->err, LK_M_QL_NO_INIT);
	}
	/* one that was begun goes on */
	int rc = lk_quarantine_left(tree(l), &ms, &ignored) > 0 ? 0 :
		 lk_quarantine_begin(tree(l), seconds, &l->cmd->err);
	if (rc < 0)
		return rc;
	return kill(holder.pid, SIGHUP) < 0 ? lk_fail_errno(&l->cmd->err, errno, "lkinit") : 0;
}

static int take_out(struct loss *l)
{
	int rc = 1;

	set_deadline(l);
	intend(l);
	for (unsigned i = 0; rc > 0 && i < ROUNDS && !l->out.interrupted; i++) {
		rc = lk_outage_run(&l->out);
		if (rc == 0)
			rc = look(l);
	}
	if (rc < 0)
		return rc;
	if (l->out.interrupted)
		return lk_fail(&l->cmd->err, LK_M_INTERRUPTED, l->out.interrupted);
	if (rc > 0) {
		SAY(l, LK_LOG_INFO, LK_M_QL_FAILED);
		return lk_fail(&l->cmd->err, LK_M_QL_FAILED);
	}
	rc = lk_lease_release(tree(l), &l->cmd->err);
	if (rc < 0)
		return rc;
	SAY(l, LK_LOG_INFO, LK_M_QL_DONE);
	return quarantine(l, quarantine_time(l));
}

/* But perhaps one before us, which was killed, has taken it out, or could not go on. */
static int nothing(struct loss *l)
{
	int rc = lk_lease_release(tree(l), &l->cmd->err);

	if (rc < 0)
		return rc;
	/* a file that nobody can read says nothing */
	if (lk_quarantine_intended(tree(l), &l->cmd->err) <= 0) {
		SAY(l, LK_LOG_INFO, LK_M_QL_NOTHING);
		return 0;
	}
	SAY(l, LK_LOG_INFO, LK_M_QL_DONE);
	return quarantine(l, quarantine_time(l));
}

static int act(struct loss *l)
{
	struct lk_err err;
	int rc = look(l);

	if (rc < 0)
		return rc;
	if (rc == 0)
		return nothing(l);
	if (lk_loss_action(tree(l), &l->action, &err) < 0)
		lk_outage_say(&l->out, &err, LK_LOG_WARN);
	SAY(l, LK_LOG_INFO, LK_M_QL_BEGIN, lk_loss_names[l->action]);
	return l->action == LK_LOSS_OSU ? take_out(l) : lk_endnode(l->action, &l->cmd->err);
}

/* A disk that is full, or can only be read, may have no file for it. Its directory will do. */
static int open_lock(const struct loss *l)
{
	int fd = openat(tree(l)->fd, LOCK, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0640);

	return fd < 0 ? openat(tree(l)->fd, "run", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) : fd;
}

static int lock_and_act(struct loss *l)
{
	int LK_AUTO_CLOSE lock = open_lock(l);

	if (lock < 0)
		return lk_fail_errno(&l->cmd->err, errno, "%s/%s", tree(l)->root, LOCK);
	if (flock(lock, LOCK_EX | LOCK_NB) < 0)
		return lk_fail(&l->cmd->err, LK_M_QL_BUSY);
	return act(l);
}

static int print_left(struct lk_cmd *cmd, const struct lk_tree *t)
{
	int64_t ms;
	int rc = lk_quarantine_left(t, &ms, &cmd->err);

	if (rc <= 0)
		return rc < 0 ? rc : lk_fail(&cmd->err, LK_M_QL_NONE);
	printf("%lld\n", (long long)(ms + 999) / 1000);
	return 0;
}

static int run(struct lk_cmd *cmd)
{
	struct loss l = { .cmd = cmd, .lcd = LK_LCD_INIT };
	struct lk_tree own;
	int rc = lk_tree_open(&own, &cmd->err);

	l.out = (struct lk_outage){ .cmd = cmd, .lcd = &l.lcd, .prog = "lk_quorumloss" };
	signal(SIGPIPE, SIG_IGN);	/* whoever reads our output must not end us half-way */
	if (rc == 0 && lk_cmd_given(cmd, 'q'))
		rc = print_left(cmd, &own);
	else if (rc == 0)
		rc = look(&l) < 0 ? -cmd->err.code : lock_and_act(&l);
	lk_lcd_close(&l.lcd);
	lk_tree_close(&own);
	return rc;
}

static const struct lk_opt options[] = {
	{ 'q', LK_OPT_FLAG, NULL, "print how many seconds are left of the quarantine", NULL },
	LK_OPT_LAST,
};

static const struct lk_cmd_desc desc = {
	.synopsis = "lk_quorumloss [-q]",
	.summary = "Act on the loss of quorum; the communication manager runs it.",
	.options = options,
	.run = run,
};

int main(int argc, char **argv)
{
	return lk_cmd_main(&desc, argc, argv);
}
