/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lkqwk: show on shared storage that this system lives, and see who else does (spec/core.md 6.4). */
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lk/detach.h"
#include "lk/ready.h"
#include "world.h"
#include "lk/poison.h"

static int take_lock(struct world *w, struct lk_err *err)
{
	(void)!mkdirat(w->tree.fd, "run", 0750);
	w->lock = lk_daemon_lock(&w->frame, LK_QWK_LOCK, err);
	return w->lock > 0 ? 0 : w->lock < 0 ? w->lock : lk_fail(err, LK_M_QWK_RUNS, w->tree.root);
}

static int take_signals(struct world *w, struct lk_err *err)
{
	static const int signals[] = { SIGTERM, SIGINT };

	signal(SIGHUP, SIG_IGN);
	w->signal_fd = lk_daemon_signals(signals, sizeof(signals) / sizeof(*signals), err);
	return w->signal_fd < 0 ? w->signal_fd : 0;
}

/* Nobody reads what a daemon prints. */
static int begin(struct world *w, struct lk_err *err)
{
	int rc = take_lock(w, err);

	if (rc == 0)
		rc = take_signals(w, err);
	if (rc < 0)
		say(w, LK_LOG_ERROR, LK_M_QWK_NO_START, err->text);
	return rc;
}

static void end(struct world *w)
{
	lk_ready_notify("STOPPING=1\n");
	rounds_end(w);
	if (w->signal)
		say(w, LK_LOG_INFO, LK_M_QWK_TERMINATE, w->signal);
	if (w->debug)
		say(w, LK_LOG_INFO, LK_M_QWK_UNLOCKED, LK_QWK_LOCK);
	say(w, LK_LOG_INFO, LK_M_QWK_END, "lkqwk");
	lk_logger_close(&w->logger, &w->tree);
	close(w->signal_fd);
	close(w->lock);
}

static int serve(struct world *w, struct lk_err *err)
{
	int rc = begin(w, err);

	if (rc < 0)
		return rc;
	lk_logger_open(&w->logger, &w->tree);
	if (lk_qwk_debug(&w->tree, err) > 0)
		say(w, LK_LOG_INFO, LK_M_QWK_LOCKED, LK_QWK_LOCK);
	rounds_begin(w);
	rounds_work(w);
	end(w);
	return 0;
}

/* A wrong line of the table of lkinit should be found. */
static void log_usage(const char *usage)
{
	struct lk_tree tree;
	const struct lk_daemon frame = { .tree = &tree, .prog = "lkqwk", .component = "quorum", .action = "storage" };
	struct lk_err ignored;

	if (lk_tree_open(&tree, &ignored) < 0)
		return;
	lk_say(&frame, LK_LOG_ERROR, LK_M_QWK_USAGE, usage);
	lk_tree_close(&tree);
}

static int work(struct lk_cmd *cmd, struct world *w)
{
	int rc = lk_qwk_conf_read(&w->tree, &w->conf, &cmd->err);

	if (rc == 0)
		rc = lk_fail(&cmd->err, LK_M_QWK_CONF_OPEN, LK_QWK_CONF, LK_QWK_NOT_INIT);
	if (rc < 0 && !lk_cmd_given(cmd, 'n')) {
		say_err(w, LK_LOG_ERROR, &cmd->err);
		say(w, LK_LOG_ERROR, LK_M_QWK_CONFIG);
	}
	if (rc < 0 || lk_cmd_given(cmd, 'n'))
		return rc < 0 ? rc : 0;
	rc = lk_daemon_start(&w->frame, cmd, &cmd->err);
	return rc == 0 ? serve(w, &cmd->err) : rc;
}

static int run(struct lk_cmd *cmd)
{
	struct world w = {
		.frame = { .tree = &w.tree, .prog = "lkqwk", .component = "quorum", .action = "storage", .ready_fd = -1 },
		.signal_fd = -1, .lock = -1, .answer = -1,
	};

	lk_close_from(3);	/* of whoever has started us */
	int rc = lk_tree_open(&w.tree, &cmd->err);
	if (rc == 0)
		rc = work(cmd, &w);
	lk_tree_close(&w.tree);
	return rc;
}

static const struct lk_opt options[] = {
	{ 'f', LK_OPT_FLAG, NULL, "stay in the foreground, as under lkinit", NULL },
	{ 'n', LK_OPT_FLAG, NULL, "check whether the storage quorum is initialised, and end", NULL },
	LK_OPT_LAST,
};

static const struct lk_cmd_desc desc = {
	.synopsis = "lkqwk [-f | -n]",
	.summary = "Keep the storage quorum: write this system's object, watch the others'.",
	.options = options,
	.run = run,
};

int main(int argc, char **argv)
{
	int rc = lk_cmd_main(&desc, argc, argv);

	if (rc == LK_EX_USAGE)
		log_usage(desc.synopsis);
	return rc;
}
