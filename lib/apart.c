/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An action on many hierarchies, of which a busy one does not hold up the others. */
#include "lk/apart.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lk/msg.h"
#include "lk/wait.h"
#include "lk/poison.h"

int lk_apart_begin(struct lk_apart *apart, const struct lk_graph *graph, struct lk_err *err)
{
	apart->graph = graph;
	apart->busy = lk_graph_array(graph, sizeof(*apart->busy));
	apart->given = lk_graph_array(graph, sizeof(*apart->given));
	apart->child = lk_graph_array(graph, sizeof(*apart->child));
	return apart->busy && apart->given && apart->child ? 0 : lk_fail_nomem(err);
}

/* ---- which ---- */

static void note_busy(void *arg, const char *tag)
{
	struct lk_apart *apart = arg;
	int node = lk_graph_find(apart->graph, tag);

	if (node >= 0)
		apart->busy[node] = true;
}

/* Mark the neighbours of a node. Was one not marked yet? */
static bool spread(const struct lk_graph *graph, unsigned node, enum lk_dir dir, bool *mark)
{
	bool any = false;

	for (unsigned k = graph->first[dir][node]; k < graph->first[dir][node + 1]; k++) {
		any = any || !mark[graph->next[dir][k]];
		mark[graph->next[dir][k]] = true;
	}
	return any;
}

/* All that depends on a node or that it depends on, by whatever way. */
static void mark_hierarchy(const struct lk_graph *graph, unsigned node, bool *mark)
{
	bool more = true;

	mark[node] = true;
	while (more) {
		more = false;
		for (unsigned i = 0; i < graph->n; i++)
			if (mark[i])
				more |= spread(graph, i, LK_DOWN, mark) | spread(graph, i, LK_UP, mark);
	}
}

/* The tags of the marked nodes to the end of the list: how many of the others there are. */
static size_t divide(const struct lk_apart *apart, const bool *mark, const char **list, size_t n)
{
	size_t rest = 0;

	for (size_t i = 0; i < n; i++) {
		int node = lk_graph_find(apart->graph, list[i]);
		const char *tag = list[i];

		if (node >= 0 && mark[node])
			continue;
		list[i] = list[rest];
		list[rest++] = tag;
	}
	return rest;
}

/* ---- children ---- */

static int check_and_run(const struct lk_act *act, struct lk_err *err)
{
	int rc = lk_act_check(act, err);

	return rc > 0 ? lk_act_run(act, err) : rc;
}

static _Noreturn void be_child(const struct lk_apart *apart, const struct lk_act *act, pid_t parent)
{
	struct lk_err err = { 0 };

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	if (apart->nchild)
		lk_wait_end(&apart->wait);
	int rc = check_and_run(act, &err);
	apart->done(apart->arg, act, rc, &err);
	_exit(0);
}

/* mark: its hierarchy. */
static void note_given(const struct lk_apart *apart, const bool *mark, bool alone)
{
	for (unsigned i = 0; i < apart->graph->n; i++)
		apart->given[i] = mark[i] || (apart->given[i] && !alone);
}

/* A hierarchy that waits. Without a process for it we wait ourselves. */
static int give(struct lk_apart *apart, const struct lk_act *act, const bool *mark, struct lk_err *err)
{
	pid_t parent = getpid();

	apart->left(apart->arg, act, err);
	pid_t pid = fork();
	if (pid < 0)
		return check_and_run(act, err);
	note_given(apart, mark, pid == 0);
	if (pid == 0)
		be_child(apart, act, parent);
	if (!apart->nchild)
		lk_wait_begin(&apart->wait);
	apart->child[apart->nchild++] = pid;
	return 0;
}

/* Each busy hierarchy to a process of its own. *n: how many tags there are, and then how many are left. */
static int give_busy(struct lk_apart *apart, const struct lk_act *act, const char **list, size_t *n,
		     struct lk_err *err)
{
	const struct lk_graph *graph = apart->graph;
	struct lk_err why = *err;

	for (unsigned i = 0; i < graph->n; i++) {
		bool *mark = apart->busy[i] ? lk_graph_array(graph, sizeof(*mark)) : NULL;
		struct lk_act part = *act;

		if (!apart->busy[i])
			continue;
		if (!mark)
			return lk_fail_nomem(err);
		mark_hierarchy(graph, i, mark);
		for (unsigned k = 0; k < graph->n; k++)
			apart->busy[k] = apart->busy[k] && !mark[k];
		size_t rest = divide(apart, mark, list, *n);
		part.what.tag = list + rest;
		part.what.ntags = *n - rest;
		*n = rest;
		*err = why;
		int rc = part.what.ntags ? give(apart, &part, mark, err) : 0;
		if (rc < 0)
			return rc;
	}
	return 0;
}

int lk_apart_run(struct lk_apart *apart, const struct lk_act *act, const char **list, struct lk_err *err)
{
	struct lk_act some = *act, all = *act;
	size_t before;
	int rc = 0;

	some.nowait = true;
	some.busy = note_busy;
	some.busy_arg = apart;
	/* each round leaves at least one to a child, so there is an end of them */
	do {
		before = some.what.ntags;
		rc = before ? check_and_run(&some, err) : 0;
		if (rc == 0 || err->number != LK_M_NUMBER(LK_M_ACT_BUSY))
			return rc;
		rc = give_busy(apart, act, list, &some.what.ntags, err);
	} while (rc == 0 && some.what.ntags < before);
	/* of something that has been added to the hierarchies since: wait for it, as ever */
	all.what.ntags = some.what.ntags;
	return rc < 0 ? rc : check_and_run(&all, err);
}

/* ---- the end ---- */

/* Beyond its commit point a recovery ignores TERM, and they with it. */
static void end_children(const struct lk_apart *apart)
{
	for (unsigned i = 0; i < apart->nchild; i++) {
		if (apart->child[i] <= 0)
			continue;
		kill(apart->child[i], SIGTERM);
		kill(apart->child[i], SIGINT);
	}
}

static bool reap(struct lk_apart *apart)
{
	bool any = false;

	for (unsigned i = 0; i < apart->nchild; i++) {
		if (apart->child[i] && waitpid(apart->child[i], NULL, WNOHANG) != 0)
			apart->child[i] = 0;
		any = any || apart->child[i];
	}
	return any;
}

int lk_apart_end(struct lk_apart *apart, bool stop, struct lk_err *err)
{
	struct lk_err ignored;
	int rc = 0;

	if (stop)
		end_children(apart);
	while (reap(apart)) {
		if (lk_wait_nap(&apart->wait, rc < 0 ? &ignored : err) == 0)
			continue;
		rc = -1;
		end_children(apart);
	}
	if (apart->nchild)
		lk_wait_end(&apart->wait);
	return rc;
}
