/* SPDX-License-Identifier: GPL-2.0-or-later */
/* qwk_storage_init: begin the storage mode of quorum and witness (spec/core.md 6.6). */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "lk/cmd.h"
#include "lk/daemon.h"
#include "lk/inittab.h"
#include "lk/msg.h"
#include "lk/net.h"
#include "lk/qwkio.h"
#include "lk/qwkstate.h"
#include "lk/running.h"
#include "lk/sys.h"
#include "lk/wait.h"
#include "lk/poison.h"

#define OBJECTS (LK_QWK_NODES * LK_QWK_PATHS)
#define NAPS 10			/* between two looks at the others' objects */

struct init {
	struct lk_cmd *cmd;
	struct lk_lcd lcd;
	struct lk_qwk_conf conf;
	bool again;			/* it is initialised, with the same settings */
	struct lk_qwk_io io[OBJECTS];
	unsigned node[OBJECTS];		/* whose object it is */
	unsigned n;
	struct lk_wait wait;
};

/* ---- may it begin? ---- */

static int check_paths(struct init *s)
{
	for (size_t i = 0; i < s->lcd.nsys; i++) {
		bool any = s->lcd.sys[i].local;

		for (size_t k = 0; k < s->lcd.nnet; k++)
			any |= !strcmp(s->lcd.net[k].sys, s->lcd.sys[i].name);
		if (!any)
			return lk_fail(&s->cmd->err, LK_M_QWK_NO_PATH, s->lcd.sys[i].name);
	}
	for (size_t k = 0; k < s->lcd.nnet; k++) {
		const struct lk_net *net = &s->lcd.net[k];
		struct lk_net_status status;

		lk_net_status(&s->lcd, net, &status);
		if (status.state != LK_NET_ALIVE)
			return lk_fail(&s->cmd->err, LK_M_QWK_DEAD_PATH, net->device, net->sys,
				       lk_net_state_names[status.state]);
	}
	return 0;
}

static int check_conf(struct init *s)
{
	struct lk_qwk_conf old;
	int rc = lk_qwk_conf_read(&s->lcd.tree, &old, &s->cmd->err);

	if (lk_qwk_leaving(&s->lcd.tree))
		return lk_fail(&s->cmd->err, LK_M_QWK_LEAVING);
	if (rc <= 0)
		return rc;
	if (!lk_qwk_conf_same(&old, &s->conf))
		return lk_fail(&s->cmd->err, LK_M_QWK_OTHER_CONF);
	s->again = true;
	return 0;
}

static int check(struct init *s)
{
	int rc = lk_lcd_read(&s->lcd, LK_T_SYS | LK_T_NET, &s->cmd->err);

	if (rc == 0)
		rc = lk_qwk_conf_make(&s->lcd, &s->conf, &s->cmd->err);
	if (rc == 0)
		rc = check_conf(s);
	return rc == 0 ? check_paths(s) : rc;
}

/* ---- objects ---- */

static void prepare(struct init *s)
{
	for (unsigned i = 0; i < s->conf.n; i++)
		for (unsigned k = 0; k < s->conf.member[i].paths; k++) {
			s->node[s->n] = i;
			s->io[s->n++] = (struct lk_qwk_io){ .conf = &s->conf, .path = s->conf.member[i].path[k],
							    .local = s->conf.member[0].name, .fd = -1 };
		}
}

/* All accesses that have been started; a signal ends it when they have ended or their time is up. */
static void finish(struct init *s)
{
	while (!lk_qwk_io_wait(s->io, s->n, -1, lk_qwk_now() + 60000))
		;
}

static int64_t limit_of(const struct init *s)
{
	return 1000LL * s->conf.hbeat;
}

/* The sequence of what is there; an error if that is not ours. */
static int look_at_own(struct init *s, uint64_t *sequence)
{
	struct lk_err *err = &s->cmd->err, ignored;
	struct lk_qwk_object old;

	for (unsigned i = 0; i < s->conf.member[0].paths; i++)
		lk_qwk_io_start(&s->io[i], LK_QWK_READ, NULL, limit_of(s));
	finish(s);
	for (unsigned i = 0; i < s->conf.member[0].paths; i++) {
		const struct lk_qwk_io *io = &s->io[i];

		if (io->reply.rc < 0 && io->reply.err.number == LK_M_NUMBER(LK_M_QWK_NOT_FOUND))
			continue;
		if (io->reply.rc < 0) {
			*err = io->reply.err;
			return -err->code;
		}
		int rc = lk_qwk_object_ours(io->reply.bytes, io->local, io->path, err);
		if (rc < 0)
			return rc;
		if (lk_qwk_object_parse(io->reply.bytes, io->local, &old, &ignored) == 0 &&
		    old.sequence > *sequence && old.sequence < UINT64_MAX)
			*sequence = old.sequence;
	}
	return 0;
}

static int write_own(struct init *s, const unsigned char bytes[static LK_QWK_SIZE])
{
	int rc = 0;

	for (unsigned i = 0; i < s->conf.member[0].paths; i++)
		lk_qwk_io_start(&s->io[i], LK_QWK_CREATE, bytes, limit_of(s));
	finish(s);
	for (unsigned i = 0; i < s->conf.member[0].paths && rc == 0; i++)
		if (s->io[i].reply.rc < 0) {
			s->cmd->err = s->io[i].reply.err;
			rc = -s->cmd->err.code;
		}
	return rc;
}

static int make_own(struct init *s)
{
	struct lk_qwk_object object = { .time = (uint64_t)time(NULL) };
	unsigned char bytes[LK_QWK_SIZE];
	int rc = look_at_own(s, &object.sequence);

	if (rc < 0)
		return rc;
	object.sequence++;
	snprintf(object.local, sizeof(object.local), "%s", s->conf.member[0].name);
	for (unsigned i = 1; i < s->conf.n; i++) {
		snprintf(object.peer[i - 1].name, sizeof(object.peer[0].name), "%s", s->conf.member[i].name);
		object.peer[i - 1].commstat = LK_SYS_ALIVE;	/* as has been checked */
		object.n = i;
	}
	lk_qwk_object_format(&object, bytes);
	return write_own(s, bytes);
}

/* As if it had not been: others must not think that we are ready. */
static void clear_own(struct init *s)
{
	static const unsigned char zero[LK_QWK_SIZE];
	struct lk_err why = s->cmd->err;

	if (write_own(s, zero) < 0)
		lk_cmd_warn(s->cmd, "the own object could not be cleared: %s", s->cmd->err.text);
	s->cmd->err = why;
}

/* ---- the others ---- */

/* Whose objects are not there yet; "" if all are. */
static void look_at_others(struct init *s, struct lk_buf *missing)
{
	bool there[LK_QWK_NODES] = { true };
	struct lk_qwk_object object;
	struct lk_err ignored;
	unsigned own = s->conf.member[0].paths;

	for (unsigned i = own; i < s->n; i++)
		lk_qwk_io_start(&s->io[i], LK_QWK_READ, NULL, limit_of(s));
	finish(s);
	for (unsigned i = own; i < s->n; i++)
		there[s->node[i]] |= s->io[i].reply.rc == 0 &&
				     lk_qwk_object_parse(s->io[i].reply.bytes,
							 s->conf.member[s->node[i]].name, &object, &ignored) == 0;
	for (unsigned i = 1; i < s->conf.n; i++)
		if (!there[i])
			lk_buf_addf(missing, "%s%s", missing->len ? ", " : "", s->conf.member[i].name);
}

static int wait_for_others(struct init *s)
{
	char said[LK_QWK_NODES * (LK_SYS_MAX + 3)] = "";

	for (;;) {
		struct lk_buf LK_AUTO_BUF missing = { 0 };
		int rc = 0;

		look_at_others(s, &missing);
		if (!missing.len)
			return 0;
		if (strcmp(said, missing.data) != 0) {
			snprintf(said, sizeof(said), "%s", missing.data);
			printf("waiting for %s\n", said);
			fflush(stdout);
		}
		for (int i = 0; i < NAPS && rc == 0; i++)
			rc = lk_wait_nap(&s->wait, &s->cmd->err);
		if (rc < 0)
			return rc;
	}
}

/* ---- it begins ---- */

static int keep(struct init *s)
{
	struct lk_tx tx = { .lock_fd = -1 };
	struct lk_buf LK_AUTO_BUF text = { 0 };
	int rc = lk_tx_begin(&tx, &s->lcd.tree, &s->cmd->err);

	lk_qwk_conf_format(&s->conf, &text);
	/* an exit may have begun while the others were waited for */
	if (rc == 0 && lk_qwk_leaving(&s->lcd.tree))
		rc = lk_fail(&s->cmd->err, LK_M_QWK_LEAVING);
	if (rc == 0)
		rc = text.failed ? lk_fail_nomem(&s->cmd->err) :
				   lk_tx_put(&tx, LK_QWK_CONF, &text, &s->cmd->err);
	if (rc == 0)
		return lk_tx_commit(&tx, &s->cmd->err);
	lk_tx_abort(&tx);
	return rc;
}

static bool is_in_table(const struct lk_tree *tree)
{
	struct lk_inittab LK_AUTO_INITTAB tab = { 0 };
	struct lk_err ignored;
	bool found = false;

	if (lk_inittab_read(&tab, tree, &ignored) < 0)
		return true;	/* lkinit will say what is wrong with it */
	for (unsigned i = 0; i < tab.n; i++)
		found |= tab.row[i]->action != LK_OFF && strstr(tab.row[i]->program, "lkqwk");
	return found;
}

/* The supervisor starts the daemon, which is waited for. */
static int start_daemon(struct init *s)
{
	int64_t until = lk_qwk_now() + limit_of(s) * s->conf.misses;
	struct lk_qwk_access access;
	struct lk_holder lkinit;
	int rc = 0;

	if (!lk_running_process(&s->lcd.tree, &lkinit))
		return 0;
	if (!is_in_table(&s->lcd.tree)) {
		lk_cmd_warn(s->cmd, LK_INITTAB " does not start the daemon, add this line: "
			    "lkqwk:respawn,if=" LK_QWK_CONF ":sbin/lkqwk");
		return 0;
	}
	kill(lkinit.pid, SIGHUP);
	while (rc == 0 && !lk_qwk_access(&s->lcd.tree, &access)) {
		if (lk_qwk_now() > until)
			return lk_fail(&s->cmd->err, LK_M_QWK_NO_DAEMON, access.why);
		rc = lk_wait_nap(&s->wait, &s->cmd->err);
	}
	return rc;
}

static int begin(struct init *s)
{
	int rc = s->again ? 0 : make_own(s);

	if (rc < 0)
		return rc;
	rc = wait_for_others(s);
	if (rc == 0 && !s->again)
		rc = keep(s);
	if (rc < 0 && !s->again)
		clear_own(s);
	return rc == 0 ? start_daemon(s) : rc;
}

/* Also in the log: somebody else may look for the reason later. */
static void log_error(const struct init *s)
{
	const struct lk_daemon frame = { .tree = &s->lcd.tree, .prog = s->cmd->prog, .component = "quorum",
					 .action = "storage" };

	lk_say_err(&frame, LK_LOG_ERROR, &s->cmd->err);
}

static int run(struct lk_cmd *cmd)
{
	struct init s = { .cmd = cmd, .lcd = LK_LCD_INIT };
	int rc = check(&s);

	if (rc == 0) {
		prepare(&s);
		lk_wait_begin(&s.wait);
		rc = begin(&s);
		for (unsigned i = 0; i < s.n; i++)
			lk_qwk_io_end(&s.io[i]);
		lk_wait_end(&s.wait);
	}
	if (rc < 0)
		log_error(&s);
	lk_lcd_close(&s.lcd);
	return rc;
}

static const struct lk_opt options[] = {
	LK_OPT_LAST,
};

static const struct lk_cmd_desc desc = {
	.synopsis = "qwk_storage_init",
	.summary = "Begin the storage mode: wait until the objects of all systems are there.",
	.options = options,
	.run = run,
};

int main(int argc, char **argv)
{
	return lk_cmd_main(&desc, argc, argv);
}
