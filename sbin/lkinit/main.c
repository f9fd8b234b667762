/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lkinit: start the daemons of this node and keep them running. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lk/cleanup.h"
#include "lk/detach.h"
#include "lk/running.h"
#include "world.h"
#include "lk/poison.h"

/* A random UUID: whoever was started by this lkinit has the same one. */
int make_id(struct world *w, struct lk_err *err)
{
	unsigned char b[16];

	if (getrandom(b, sizeof(b), 0) != sizeof(b))
		return lk_fail_errno(err, errno, "getrandom");
	b[6] = (unsigned char)((b[6] & 0x0f) | 0x40);
	b[8] = (unsigned char)((b[8] & 0x3f) | 0x80);
	snprintf(w->start_id, START_ID,
		 "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0],
		 b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13],
		 b[14], b[15]);
	return 0;
}

/* Whoever has started us waits for the end of a pipe, perhaps, and owns our directory. */
static int leave_starter(const struct world *w, bool foreground, struct lk_err *err)
{
	int LK_AUTO_CLOSE null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null < 0 || dup2(null, 0) < 0)
		return lk_fail_errno(err, errno, "/dev/null");
	if (!foreground) {
		setsid();
		if (dup2(null, 1) < 0 || dup2(null, 2) < 0)
			return lk_fail_errno(err, errno, "/dev/null");
	}
	umask(022);
	if (fchdir(w->tree.fd) < 0)
		return lk_fail_errno(err, errno, "%s", w->tree.root);
	return 0;
}

static int serve(struct world *w, struct lk_inittab *tab, bool foreground, struct lk_err *err)
{
	struct lk_err note;
	int rc = leave_starter(w, foreground, err);

	if (rc == 0)
		rc = make_id(w, err);
	if (rc < 0)
		return rc;
	lk_logger_open(&w->logger, &w->tree);
	manager_open(w);
	w->frame.talk = foreground && isatty(2);
	w->pid_due = lk_running_write(w->lock_fd, &note) < 0;
	if (w->pid_due)
		say_err(w, LK_LOG_WARN, &note);
	say(w, LK_LOG_INFO, LK_M_INIT_START, w->start_id);
	end_leftovers(w);
	w->status_due = true;
	rc = take_table(w, tab, err);
	quarantine_begin(w);
	if (rc == 0)
		rc = work(w, err);
	if (rc < 0)
		say_err(w, LK_LOG_ERROR, err);
	while (w->n)
		daemon_free(w, w->daemon[--w->n]);
	status_remove(w);
	say(w, LK_LOG_INFO, LK_M_INIT_END);
	lk_logger_close(&w->logger, &w->tree);
	return rc;
}

/* The lock is taken before the fork, so that an error reaches whoever has called; it goes with the last
 * process that has the descriptor. */
static int start(struct world *w, struct lk_inittab *tab, bool foreground, struct lk_err *err)
{
	w->lock_fd = lk_running_lock(&w->tree, err);
	if (w->lock_fd < 0)
		return w->lock_fd;
	if (!foreground) {
		pid_t pid = fork();

		if (pid < 0)
			return lk_fail_errno(err, errno, "fork");
		if (pid > 0)
			return 0;
	}
	int LK_AUTO_CLOSE lock = w->lock_fd;
	return serve(w, tab, foreground, err);
}

static int run(struct lk_cmd *cmd)
{
	struct lk_inittab LK_AUTO_INITTAB tab = { 0 };
	struct world w = { .frame = { .tree = &w.tree, .prog = "lkinit", .component = "lkinit", .ready_fd = -1 },
			   .manager_fd = -1 };

	if (lk_cmd_given(cmd, 'g'))
		return lk_daemon_graph(cmd, machine_graph);
	lk_close_from(3);	/* of whoever has started us */
	int rc = lk_tree_open(&w.tree, &cmd->err);
	if (rc == 0)
		rc = lk_inittab_read(&tab, &w.tree, &cmd->err);
	if (rc == 0 && !lk_cmd_given(cmd, 'n'))
		rc = start(&w, &tab, lk_cmd_given(cmd, 'f'), &cmd->err);
	lk_tree_close(&w.tree);
	return rc;
}

static const struct lk_opt options[] = {
	{ 'f', LK_OPT_FLAG, NULL, "stay in the foreground", NULL },
	{ 'n', LK_OPT_FLAG, NULL, "check the table of daemons and do nothing else", NULL },
	{ 'g', LK_OPT_FLAG, NULL, "print the life of a daemon as a graph for dot(1)", "graph" },
	LK_OPT_LAST,
};

static const struct lk_cmd_desc desc = {
	.synopsis = "lkinit [-f | -n | --graph]",
	.summary = "Start the daemons of this node and keep them running.",
	.options = options,
	.run = run,
};

int main(int argc, char **argv)
{
	return lk_cmd_main(&desc, argc, argv);
}
