/* SPDX-License-Identifier: GPL-2.0-or-later */
/* qwk_storage_exit: end the storage mode of quorum and witness (spec/core.md 6.6). */
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>

#include "lk/cleanup.h"
#include "lk/cmd.h"
#include "lk/daemon.h"
#include "lk/endnode.h"
#include "lk/msg.h"
#include "lk/qwkio.h"
#include "lk/qwkstate.h"
#include "lk/remote.h"
#include "lk/running.h"
#include "lk/sys.h"
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

/* What must be known to clear the object is kept until that is done, whatever becomes of this process. Without conf
 * nothing is known. */
static int leave(struct lk_cmd *cmd, const struct lk_tree *tree, const struct lk_qwk_conf *conf)
{
	struct lk_buf LK_AUTO_BUF text = { 0 };
	struct lk_tx tx = { .lock_fd = -1 };
	int rc = lk_tx_begin(&tx, tree, &cmd->err);

	if (conf)
		lk_qwk_conf_format(conf, &text);
	else
		lk_buf_adds(&text, "#unknown\n");
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

/* ---- without clearing it, on the word of an operator ---- */

/* The mode has been left here, so that nothing can come into service by it. */
static int ask_others(struct lk_cmd *cmd, struct lk_lcd *lcd)
{
	char *argv[] = { (char *)"qwk_storage_exit", (char *)"-n", NULL };
	const char *why;

	for (size_t i = 0; i < lcd->nsys; i++) {
		const struct lk_sys *sys = &lcd->sys[i];
		struct lk_remote_request request = { .dest = sys->name, .prog = argv[0], .argc = 2, .argv = argv };
		struct lk_err err = { .text = "it does not tell" };
		int code = -1;

		if (sys->local || lk_sys_state(lcd, sys, &why) != LK_SYS_ALIVE)
			continue;
		if (lk_remote_capture(lcd, &request, &code, NULL, NULL, &err) == 0 && code == 0)
			continue;
		return lk_fail(&cmd->err, LK_M_QWK_OTHERS_IN, sys->name,
			       code == LK_EX_INTERNAL ? "it is in the storage mode" : err.text);
	}
	return 0;
}

/* What is in service here could be taken over by whoever is in the mode yet. cmd->err is why it cannot be cleared. */
static int abandon(struct lk_cmd *cmd, const struct lk_tree *tree)
{
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;
	const struct lk_daemon frame = { .tree = tree, .prog = cmd->prog, .component = "quorum", .action = "exit" };
	const struct lk_err why = cmd->err;
	int rc = lk_lcd_read(&lcd, LK_T_SYS | LK_T_INS | LK_T_FLG, &cmd->err);

	if (rc == 0 && lk_anything_runs(&lcd))
		rc = ask_others(cmd, &lcd);
	if (rc < 0)
		return rc;
	lk_cmd_warn(cmd, "the own object stays as it is: %s", why.text);
	lk_say(&frame, LK_LOG_WARN, LK_M_QWK_ABANDONED, why.text);
	return 0;
}

/* Also what an exit has begun that did not end. */
static int finish(struct lk_cmd *cmd, const struct lk_tree *tree, bool promised)
{
	struct lk_qwk_conf conf;
	struct lk_err unread;
	int known = lk_qwk_conf_read_leaving(tree, &conf, &unread);

	if (known == 0)
		return 0;
	if (known < 0 && !promised)
		return lk_fail(&cmd->err, LK_M_QWK_OBJECT_UNKNOWN, unread.text);
	int rc = end_daemon(cmd, tree);
	if (rc < 0)
		return rc;
	if (known < 0)
		cmd->err = unread;
	else
		rc = clear_object(cmd, &conf);
	if (promised && (rc < 0 || known < 0))
		rc = abandon(cmd, tree);
	return rc == 0 ? forget(cmd, tree, LK_QWK_LEAVING) : rc;
}

/* An object that is not cleared makes others take this system for dead, whatever it runs. */
static int begin(struct lk_cmd *cmd, const struct lk_tree *tree, bool promised)
{
	struct lk_qwk_conf conf;
	struct lk_err unread;
	int known = lk_qwk_conf_read(tree, &conf, &unread);

	if (known == 0)
		return 0;
	if (known < 0 && !promised)
		return lk_fail(&cmd->err, LK_M_QWK_OBJECT_UNKNOWN, unread.text);
	return leave(cmd, tree, known > 0 ? &conf : NULL);
}

static int look(struct lk_cmd *cmd, const struct lk_tree *tree)
{
	if (faccessat(tree->fd, LK_QWK_CONF, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
		return 0;
	return lk_fail(&cmd->err, LK_M_QWK_IN_MODE);
}

static int run(struct lk_cmd *cmd)
{
	bool promised = lk_cmd_given(cmd, 'y'), only_look = lk_cmd_given(cmd, 'n');
	struct lk_tree tree;
	int rc = lk_cmd_exclusive(cmd, 'n', 'y');

	if (rc == 0)
		rc = lk_tree_open(&tree, &cmd->err);
	if (rc < 0)
		return rc;
	rc = only_look ? look(cmd, &tree) : begin(cmd, &tree, promised);
	if (rc == 0 && !only_look)
		rc = finish(cmd, &tree, promised);
	lk_tree_close(&tree);
	return rc;
}

static const struct lk_opt options[] = {
	{ 'n', LK_OPT_FLAG, NULL, "only look whether this system is in the mode", NULL },
	{ 'y', LK_OPT_FLAG, NULL, "also without clearing the object: no other system takes this one for dead by it", NULL },
	LK_OPT_LAST,
};

static const struct lk_cmd_desc desc = {
	.synopsis = "qwk_storage_exit [-n | -y]",
	.summary = "End the storage mode on this system.",
	.options = options,
	.run = run,
};

int main(int argc, char **argv)
{
	return lk_cmd_main(&desc, argc, argv);
}
