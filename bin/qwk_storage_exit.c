/* SPDX-License-Identifier: GPL-2.0-or-later */
/* qwk_storage_exit: end the storage mode of quorum and witness (spec/core.md 6.6). */
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>

#include "lk/cleanup.h"
#include "lk/cmd.h"
#include "lk/msg.h"
#include "lk/qwkio.h"
#include "lk/qwkstate.h"
#include "lk/running.h"
#include "lk/wait.h"
#include "lk/poison.h"

#define DAEMON_MS 30000		/* for the daemon to end */

static int forget(struct lk_cmd *cmd, const struct lk_tree *tree, const char *path)
{
	struct lk_tx tx = { .lock_fd = -1 };
	int rc = lk_tx_begin(&tx, tree, &cmd->err);

	if (rc == 0)
		rc = lk_tx_del(&tx, path, &cmd->err);
	if (rc == 0)
		return lk_tx_commit(&tx, &cmd->err);
	lk_tx_abort(&tx);
	return rc;
}

/* What must be known to clear the object is kept until that is done, whatever becomes of this process. */
static int leave(struct lk_cmd *cmd, const struct lk_tree *tree, const struct lk_qwk_conf *conf)
{
	struct lk_buf LK_AUTO_BUF text = { 0 };
	struct lk_tx tx = { .lock_fd = -1 };
	int rc = lk_tx_begin(&tx, tree, &cmd->err);

	lk_qwk_conf_format(conf, &text);
	if (rc == 0)
		rc = text.failed ? lk_fail_nomem(&cmd->err) : lk_tx_put(&tx, LK_QWK_LEAVING, &text, &cmd->err);
	if (rc == 0)
		rc = lk_tx_del(&tx, LK_QWK_CONF, &cmd->err);
	if (rc == 0)
		return lk_tx_commit(&tx, &cmd->err);
	lk_tx_abort(&tx);
	return rc;
}

static bool is_running(const struct lk_tree *tree)
{
	int LK_AUTO_CLOSE fd = openat(tree->fd, LK_QWK_LOCK, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

	return fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) < 0;
}

/* It ends by itself when the mode has been left, and sooner by the supervisor. */
static int end_daemon(struct lk_cmd *cmd, const struct lk_tree *tree)
{
	int64_t until = lk_now_ms() + DAEMON_MS;
	struct lk_holder lkinit;
	struct lk_wait wait;
	int rc = 0;

	if (lk_running_process(tree, &lkinit))
		kill(lkinit.pid, SIGHUP);
	lk_wait_begin(&wait);
	while (rc == 0 && is_running(tree)) {
		rc = lk_wait_nap(&wait, &cmd->err);
		if (rc == 0 && lk_now_ms() > until)
			rc = lk_fail(&cmd->err, LK_M_QWK_GOES_ON);
	}
	lk_wait_end(&wait);
	return rc;
}

/* Until others find it cleared, they take a system that is no longer updated for a dead one. */
static int clear_object(struct lk_cmd *cmd, const struct lk_qwk_conf *conf)
{
	static const unsigned char zero[LK_QWK_SIZE];
	struct lk_qwk_io io[LK_QWK_PATHS];
	unsigned n = conf->member[0].paths;
	int rc = 0;

	for (unsigned i = 0; i < n; i++) {
		io[i] = (struct lk_qwk_io){ .conf = conf, .path = conf->member[0].path[i],
					    .local = conf->member[0].name, .fd = -1 };
		lk_qwk_io_start(&io[i], LK_QWK_WRITE, zero, 1000LL * conf->hbeat);
	}
	while (!lk_qwk_io_wait(io, n, -1, lk_qwk_now() + 60000))
		;
	for (unsigned i = 0; i < n; i++) {
		if (io[i].reply.rc < 0 && rc == 0)
			rc = lk_fail(&cmd->err, LK_M_QWK_UNCLEARED, io[i].reply.err.text);
		lk_qwk_io_end(&io[i]);
	}
	return rc;
}

/* Also what an exit has begun that did not end. */
static int finish(struct lk_cmd *cmd, const struct lk_tree *tree)
{
	struct lk_qwk_conf conf;
	int known = lk_qwk_conf_read_leaving(tree, &conf, &cmd->err);

	if (known <= 0)
		return known;
	int rc = end_daemon(cmd, tree);
	if (rc == 0)
		rc = clear_object(cmd, &conf);
	return rc == 0 ? forget(cmd, tree, LK_QWK_LEAVING) : rc;
}

static int begin(struct lk_cmd *cmd, const struct lk_tree *tree)
{
	struct lk_qwk_conf conf;
	int known = lk_qwk_conf_read(tree, &conf, &cmd->err);

	if (known == 0)
		return 0;
	if (known > 0)
		return leave(cmd, tree, &conf);
	lk_cmd_warn(cmd, "the own object is not known and stays as it is: %s", cmd->err.text);
	int rc = forget(cmd, tree, LK_QWK_CONF);
	return rc == 0 ? end_daemon(cmd, tree) : rc;
}

static int run(struct lk_cmd *cmd)
{
	struct lk_tree tree;
	int rc = lk_tree_open(&tree, &cmd->err);

	if (rc < 0)
		return rc;
	rc = begin(cmd, &tree);
	if (rc == 0)
		rc = finish(cmd, &tree);
	lk_tree_close(&tree);
	return rc;
}

static const struct lk_opt options[] = {
	LK_OPT_LAST,
};

static const struct lk_cmd_desc desc = {
	.synopsis = "qwk_storage_exit",
	.summary = "End the storage mode on this system.",
	.options = options,
	.run = run,
};

int main(int argc, char **argv)
{
	return lk_cmd_main(&desc, argc, argv);
}
