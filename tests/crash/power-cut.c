/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a power cut may leave. The system calls of a writer are recorded into a model of a file system
 * that keeps only promises: a file has its data once it was fsynced, a directory its entries
 * once it was. After every call each state that a cut could leave is built - of every directory any
 * subset of the changes since its fsync, of every file not written through the old text, nothing new but
 * zeros, half of it, or all - and then read: it must be the state before or after, once the
 * command has left with 0 only that after, and the next writer must succeed.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lab.h"
#include "lk/flg.h"
#include "../unit/tap.h"
#include "lk/poison.h"

#ifdef __SANITIZE_ADDRESS__
#define STRIDE 7	/* programs start slowly */
#else
#define STRIDE 1
#endif
#define NODES 512
#define ENTRIES 64
#define FDS 256
#define NAME 128
#define SEEN (1 << 16)

struct entry {
	char name[NAME];
	int node;	/* -1: none */
};

/* A change of a directory: both entries at once (a rename), or one. */
struct change {
	struct entry set[2];
	int n;
};

struct node {
	bool dir;
	struct entry now[ENTRIES], durable[ENTRIES];
	struct change pending[ENTRIES];
	int n_now, n_durable, n_pending;
	struct lk_buf data, stored;	/* as written, as of the last fsync */
	bool dirty;
	unsigned choice;		/* of the crash state being built */
};

struct model {
	struct node node[NODES];
	int n;
	int fd[FDS];
	const char *root, *unknown;	/* unknown: a call that the model does not have */
};

struct scenario {
	const char *name;
	void (*fixture)(const char *root);
	const char *prepare;
	const char *dead;	/* a first writer, killed at every call, or NULL */
	const char *writer;
	bool broken;
};

static const struct scenario scenarios[] = {
	{ "the first command in a fresh tree", lab_fixture_empty, NULL, NULL, "app_create -a gen", false },
	{ "typ_create", lab_fixture_empty, "app_create -a comm", NULL, "typ_create -a comm -r dns", false },
	{ "ins_create", lab_fixture_full, NULL, NULL, "ins_create -a gen -r ip -t ip2 -i 10.0.0.2", false },
	{ "flg_create", lab_fixture_full, NULL, NULL, "flg_create -f x", false },
	{ "typ_remove", lab_fixture_full, NULL, NULL, "typ_remove -a gen -r ip", false },
	{ "app_remove", lab_fixture_full, NULL, NULL, "app_remove -a gen", false },
	{ "every file", lab_fixture_full, "many 1", NULL, "many 2", false },
	{ "after a dead writer of directories", lab_fixture_empty, "app_create -a comm",
	  "typ_create -a comm -r dns", "typ_create -a comm -r ip", false },
	{ "after a dead writer of the same", lab_fixture_empty, "app_create -a comm",
	  "typ_create -a comm -r dns", "typ_create -a comm -r dns", false },
	{ "after a dead writer of every file", lab_fixture_full, "many 1", "many 2",
	  "flg_create -f x", false },
	{ "without any fsync", lab_fixture_full, "many 1", NULL, "many-nofsync 2", true },
	{ "without fsync of directories", lab_fixture_full, "many 1", NULL, "many-nodirsync 2", true },
	{ "without journal", lab_fixture_full, "many 1", NULL, "many-nojournal 2", true },
};

struct lab {
	const struct scenario *scenario;
	struct model *model;
	char root[256], check[256];
	struct lab_tree base;
	struct lk_buf before, after, seen, again;
	bool watch;		/* look at the states after every call */
	bool acknowledged;
	unsigned kill_at, stops, states, violations, limit;
	uint64_t random, hash[SEEN];
};

/* ---- the model ---- */

static int entry_index(const struct entry *list, int n, const char *name)
{
	for (int i = 0; i < n; i++)
		if (!strcmp(list[i].name, name))
			return i;
	return -1;
}

static void set_entry(struct entry *list, int *n, const struct entry *e)
{
	int i = entry_index(list, *n, e->name);

	if (i < 0 && e->node < 0)
		return;
	if (e->node < 0) {
		list[i] = list[--*n];
		return;
	}
	if (i < 0) {
		if (*n == ENTRIES)
			abort();
		i = (*n)++;
	}
	list[i] = *e;
}

static void change_dir(struct node *dir, const struct change *change)
{
	for (int i = 0; i < change->n; i++)
		set_entry(dir->now, &dir->n_now, &change->set[i]);
	if (dir->n_pending == ENTRIES)
		abort();
	dir->pending[dir->n_pending++] = *change;
}

static struct change one_change(const char *name, int node)
{
	struct change change = { .n = 1, .set[0].node = node };

	snprintf(change.set[0].name, NAME, "%s", name);
	return change;
}

static int new_node(struct model *m, bool dir)
{
	if (m->n == NODES)
		abort();
	m->node[m->n] = (struct node){ .dir = dir };
	return m->n++;
}

/* The directory of a path below node at, and its last component; -1: not in the tree. */
static int walk(const struct model *m, int at, const char *path, char last[static NAME])
{
	const char *slash;

	if (at < 0 || path[0] == '/')
		return -1;
	while ((slash = strchr(path, '/'))) {
		char part[NAME];

		snprintf(part, NAME, "%.*s", (int)(slash - path), path);
		int i = entry_index(m->node[at].now, m->node[at].n_now, part);
		if (i < 0)
			return -1;
		at = m->node[at].now[i].node;
		path = slash + 1;
	}
	snprintf(last, NAME, "%s", path);
	return at;
}

static int child(const struct model *m, int dir, const char *name)
{
	if (dir < 0 || !strcmp(name, ".") || !*name)
		return dir;
	int i = entry_index(m->node[dir].now, m->node[dir].n_now, name);
	return i < 0 ? -1 : m->node[dir].now[i].node;
}

/* What is on the disk at the beginning is durable. */
static void model_start(struct model *m, const char *root, const struct lab_tree *base)
{
	for (int i = 0; i < m->n; i++) {
		lk_buf_free(&m->node[i].data);
		lk_buf_free(&m->node[i].stored);
	}
	memset(m, 0, sizeof(*m));
	memset(m->fd, -1, sizeof(m->fd));
	m->root = root;
	new_node(m, true);
	for (size_t i = 0; i < base->n; i++) {
		const struct lab_file *f = &base->file[i];
		char name[NAME];
		int dir = walk(m, 0, f->path, name), node = new_node(m, f->dir);
		struct change change = one_change(name, node);

		set_entry(m->node[dir].now, &m->node[dir].n_now, &change.set[0]);
		set_entry(m->node[dir].durable, &m->node[dir].n_durable, &change.set[0]);
		lk_buf_add(&m->node[node].data, f->data, f->len);
		lk_buf_add(&m->node[node].stored, f->data, f->len);
	}
}

static void sync_node(struct node *node)
{
	if (node->dir) {
		memcpy(node->durable, node->now, sizeof(node->now));
		node->n_durable = node->n_now;
		node->n_pending = 0;
		return;
	}
	node->stored.len = 0;
	lk_buf_add(&node->stored, node->data.data, node->data.len);
	node->dirty = false;
}

static int fd_node(const struct model *m, uint64_t fd)
{
	return fd < FDS ? m->fd[fd] : -1;
}

static bool did_open(struct model *m, const struct lab_stop *s, const char *path)
{
	int flags = (int)s->arg[2], dir = -1, node = 0;
	char name[NAME];
	bool changed = false;

	if (strcmp(path, m->root) != 0) {
		dir = walk(m, fd_node(m, s->arg[0]), path, name);
		node = child(m, dir, name);
	}
	if (node < 0 && dir >= 0 && (flags & O_CREAT)) {
		node = new_node(m, false);
		struct change change = one_change(name, node);
		change_dir(&m->node[dir], &change);
		changed = true;
	}
	if (node >= 0 && (flags & O_TRUNC)) {
		m->node[node].data.len = 0;
		m->node[node].dirty = true;
		changed = true;
	}
	if (s->result < FDS)
		m->fd[s->result] = node;
	return changed;
}

static bool did_write(struct model *m, const struct lab_stop *s)
{
	int i = fd_node(m, s->arg[0]);
	size_t at, len = (size_t)s->result;

	if (i < 0)
		return false;
	struct lk_buf *data = &m->node[i].data;
	at = s->nr == SYS_pwrite64 ? (size_t)s->arg[3] : data->len;
	while (data->len < at + len)
		lk_buf_addc(data, '\0');
	if (lab_peek(s->pid, s->arg[1], data->data + at, len) != len)
		abort();
	m->node[i].dirty = true;
	return true;
}

static bool did_rename(struct model *m, const struct lab_stop *s, const char *from)
{
	char to[512], name[NAME], other[NAME];

	lab_peek_text(s->pid, s->arg[3], to, sizeof(to));
	int dir = walk(m, fd_node(m, s->arg[0]), from, name);
	if (dir < 0 || walk(m, fd_node(m, s->arg[2]), to, other) != dir) {
		m->unknown = "a rename between directories";
		return false;
	}
	struct change change = one_change(name, -1);
	change.n = 2;
	change.set[1].node = child(m, dir, name);
	snprintf(change.set[1].name, NAME, "%s", other);
	change_dir(&m->node[dir], &change);
	return true;
}

static bool did_entry(struct model *m, const struct lab_stop *s, const char *path)
{
	char name[NAME];
	int dir = walk(m, fd_node(m, s->arg[0]), path, name);

	if (dir < 0)
		return false;
	struct change change = one_change(name, s->nr == SYS_mkdirat ? new_node(m, true) : -1);
	change_dir(&m->node[dir], &change);
	return true;
}

static bool did_sync(struct model *m, const struct lab_stop *s)
{
	int i = fd_node(m, s->arg[0]);

	if (i >= 0)
		sync_node(&m->node[i]);
	return i >= 0;
}

/* Take a finished call into the model; true when it changed something. */
static bool follow(struct model *m, const struct lab_stop *s)
{
	char path[512] = "";

	if (s->entry || s->result < 0)
		return false;
	switch (s->nr) {
	case SYS_openat: case SYS_renameat: case SYS_renameat2: case SYS_unlinkat: case SYS_mkdirat:
		lab_peek_text(s->pid, s->arg[1], path, sizeof(path));
	}
	switch (s->nr) {
	case SYS_openat:
		return did_open(m, s, path);
	case SYS_close:
		if (s->arg[0] < FDS)
			m->fd[s->arg[0]] = -1;
		return false;
	case SYS_write: case SYS_pwrite64:
		return did_write(m, s);
	case SYS_fsync: case SYS_fdatasync:
		return did_sync(m, s);
	case SYS_renameat: case SYS_renameat2:
		return did_rename(m, s, path);
	case SYS_unlinkat: case SYS_mkdirat:
		return did_entry(m, s, path);
	case SYS_ftruncate: case SYS_fallocate: case SYS_linkat: case SYS_symlinkat: case SYS_writev:
	case SYS_copy_file_range: case SYS_sendfile: case SYS_dup: case SYS_fcntl: case SYS_mknodat:
		if (fd_node(m, s->arg[0]) >= 0)
			m->unknown = "a call that the model does not have";
		return false;
	}
	return false;
}

/* ---- the states after a cut ---- */

enum { OLD, ALL, HALF, ZEROS, VARIANTS };

/* How many ways there are for this node. */
static unsigned ways(const struct node *node)
{
	if (node->dir)
		return node->n_pending > 20 ? 1U << 20 : 1U << node->n_pending;
	return node->dirty ? VARIANTS : 1;
}

static void add_data(struct lab_file *f, const struct node *node)
{
	const struct lk_buf *data = &node->data;

	if (node->dirty && node->choice == OLD)
		data = &node->stored;
	f->len = node->dirty && node->choice == HALF ? data->len / 2 : data->len;
	f->data = calloc(1, f->len + 1);
	if (!(node->dirty && node->choice == ZEROS) && f->len)
		memcpy(f->data, data->data, f->len);
}

static void build(const struct model *m, int at, const char *prefix, struct lab_tree *tree)
{
	const struct node *dir = &m->node[at];
	struct entry list[ENTRIES];
	int n = dir->n_durable;

	memcpy(list, dir->durable, sizeof(list));
	for (int i = 0; i < dir->n_pending; i++)
		for (int k = 0; k < dir->pending[i].n && (dir->choice >> i & 1); k++)
			set_entry(list, &n, &dir->pending[i].set[k]);
	for (int i = 0; i < n; i++) {
		const struct node *node = &m->node[list[i].node];
		char path[1024];

		snprintf(path, sizeof(path), "%.512s%.127s", prefix, list[i].name);
		tree->file = realloc(tree->file, (tree->n + 1) * sizeof(*tree->file));
		tree->file[tree->n] = (struct lab_file){ .path = strdup(path), .dir = node->dir };
		struct lab_file *f = &tree->file[tree->n++];
		if (!node->dir) {
			add_data(f, node);
			continue;
		}
		snprintf(path, sizeof(path), "%.512s%.127s/", prefix, list[i].name);
		build(m, list[i].node, path, tree);
	}
}

/* Order-independent, because the model's directories are not sorted. */
static uint64_t tree_hash(const struct lab_tree *tree, uint64_t seed)
{
	uint64_t sum = seed;

	for (size_t i = 0; i < tree->n; i++) {
		uint64_t h = 14695981039346656037ULL;

		for (const char *p = tree->file[i].path; *p; p++)
			h = (h ^ (unsigned char)*p) * 1099511628211ULL;
		h = (h ^ 0x1ff) * 1099511628211ULL;
		for (size_t k = 0; k < tree->file[i].len; k++)
			h = (h ^ (unsigned char)tree->file[i].data[k]) * 1099511628211ULL;
		sum += h ^ h >> 29;
	}
	return sum ? sum : 1;
}

static bool is_new(struct lab *lab, uint64_t hash)
{
	for (unsigned i = 0; i < SEEN; i++) {
		uint64_t *slot = &lab->hash[(hash + i) % SEEN];

		if (*slot == hash)
			return false;
		if (!*slot) {
			*slot = hash;
			return true;
		}
	}
	return true;
}

static bool same(const struct lk_buf *a, const struct lk_buf *b)
{
	return a->len == b->len && !memcmp(a->data, b->data, a->len);
}

static void violation(struct lab *lab, const struct lab_tree *tree, const char *what)
{
	if (lab->violations++ || lab->scenario->broken)
		return;
	diag("%s: %s%s; the tree after the cut:", lab->scenario->name, what,
	     lab->acknowledged ? " (acknowledged)" : "");
	for (size_t i = 0; i < tree->n; i++)
		diag("  %s%s (%zu bytes)", tree->file[i].path, tree->file[i].dir ? "/" : "",
		     tree->file[i].len);
}

static int change_flag(bool add, struct lk_err *err)
{
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;
	int rc = lk_lcd_begin(&lcd, LK_T_FLG, err);

	if (rc == 0)
		rc = add ? lk_flg_add(&lcd, "next", err) : lk_flg_drop(&lcd, "next", err);
	return rc < 0 ? rc : lk_lcd_commit(&lcd, err);
}

static void check_state(struct lab *lab, const struct lab_tree *tree)
{
	struct lk_err err;

	lab_store(lab->check, tree);
	lab_use(lab->check);
	if (lab_dump(&lab->seen, &err) < 0) {
		violation(lab, tree, err.text);
		return;
	}
	if (!same(&lab->seen, &lab->after) &&
	    (lab->acknowledged || !same(&lab->seen, &lab->before)))
		violation(lab, tree, "neither the old nor the new state");
	if (change_flag(true, &err) < 0 || change_flag(false, &err) < 0 ||
	    lab_dump(&lab->again, &err) < 0)
		violation(lab, tree, err.text);
	else if (!same(&lab->seen, &lab->again))
		violation(lab, tree, "the next writer changed what had been read");
	else if (lab_has(lab->check, "config/journal"))
		violation(lab, tree, "a journal remains");
}

static void check_choice(struct lab *lab)
{
	struct lab_tree tree = { 0 };

	build(lab->model, 0, "", &tree);
	if (is_new(lab, tree_hash(&tree, lab->acknowledged))) {
		lab->states++;
		check_state(lab, &tree);
	}
	lab_tree_free(&tree);
}

static uint64_t draw(struct lab *lab)
{
	lab->random = lab->random * 6364136223846793005ULL + 1442695040888963407ULL;
	return lab->random >> 33;
}

/* The number-th combination, where there are few; otherwise the two extremes, the prefixes, and
 * random ones. */
static void choose(struct lab *lab, unsigned number, bool all)
{
	unsigned rest = number;

	for (int i = 0; i < lab->model->n; i++) {
		struct node *node = &lab->model->node[i];
		unsigned n = ways(node);

		if (all)
			node->choice = rest % n, rest /= n;
		else if (number < ENTRIES)
			node->choice = node->dir ? (unsigned)((1ULL << number) - 1) & (n - 1)
						 : number % n;
		else
			node->choice = (unsigned)draw(lab) % n;
	}
}

static void check_cut(struct lab *lab)
{
	uint64_t total = 1;

	for (int i = 0; i < lab->model->n && total <= lab->limit; i++)
		total *= ways(&lab->model->node[i]);
	bool all = total <= lab->limit;
	if (lab->scenario->broken && lab->violations > 20)
		return;
	for (unsigned i = 0; i < (all ? total : lab->limit); i++) {
		choose(lab, i, all);
		check_choice(lab);
	}
}

/* ---- running ---- */

static bool on_stop(void *arg, const struct lab_stop *stop)
{
	struct lab *lab = arg;
	bool changed = follow(lab->model, stop);

	if (changed && lab->watch)
		check_cut(lab);
	return lab->kill_at && ++lab->stops == lab->kill_at;
}

static bool trace(struct lab *lab, const char *command, unsigned kill_at, struct lab_end *end)
{
	lab->kill_at = kill_at;
	lab->stops = 0;
	memset(lab->model->fd, -1, sizeof(lab->model->fd));
	lab_use(lab->root);
	lab_trace(command, lab->root, on_stop, lab, end);
	return !end->killed;
}

static bool start(struct lab *lab)
{
	const struct scenario *s = lab->scenario;
	struct lk_err err;
	bool fine;

	memset(lab->hash, 0, sizeof(lab->hash));
	lab->states = lab->violations = 0;
	lab->acknowledged = false;
	s->fixture(lab->root);
	lab_use(lab->root);
	fine = !s->prepare || lab_run(s->prepare) == 0;
	lab_tree_free(&lab->base);
	lab_load(lab->root, &lab->base);
	fine = fine && lab_dump(&lab->before, &err) == 0 && lab_run(s->writer) == 0 &&
	       lab_dump(&lab->after, &err) == 0 && !same(&lab->before, &lab->after);
	lab_store(lab->root, &lab->base);
	model_start(lab->model, lab->root, &lab->base);
	return fine;
}

static void run_alone(struct lab *lab)
{
	struct lab_end end;

	lab->watch = true;
	trace(lab, lab->scenario->writer, 0, &end);
	ok(end.code == 0 && end.acknowledged, "%s: the recorded writer succeeds",
	   lab->scenario->name);
	lab->acknowledged = true;
	check_cut(lab);
}

/* The first writer dies at every call in turn; when the second has left with 0 nothing of it may go. */
static void run_after_dead(struct lab *lab)
{
	struct lab_end end = { .killed = true };
	struct lk_err err;
	unsigned deaths = 0;

	lab->watch = false;
	lab->acknowledged = true;
	for (unsigned at = 1; end.killed; at += STRIDE) {
		struct lab_end second;

		lab_store(lab->root, &lab->base);
		model_start(lab->model, lab->root, &lab->base);
		trace(lab, lab->scenario->dead, at, &end);
		trace(lab, lab->scenario->writer, 0, &second);
		deaths += end.killed;
		lab_dump(&lab->after, &err);
		if (second.code == 0)
			check_cut(lab);
	}
	ok(deaths * STRIDE > 20, "%s: it died in %u places", lab->scenario->name, deaths);
}

static void run(struct lab *lab)
{
	const char *name = lab->scenario->name;

	if (!ok(start(lab), "%s: the writer changes something", name))
		return;
	if (lab->scenario->dead)
		run_after_dead(lab);
	else
		run_alone(lab);
	ok(!lab->model->unknown, "%s: every call is in the model%s%s", name,
	   lab->model->unknown ? ", but not " : "", lab->model->unknown ? lab->model->unknown : "");
	ok(lab->scenario->broken ? lab->violations > 0 : lab->violations == 0,
	   "%s: %u violations in %u states%s", name, lab->violations, lab->states,
	   lab->scenario->broken ? " (the test notices)" : "");
}

int main(void)
{
	struct lab *lab = calloc(1, sizeof(*lab));
	const char *scratch = lab_enter(true);

	alarm(900);
	lab->model = calloc(1, sizeof(*lab->model));
	lab->limit = lab_setting("LK_POWER_STATES", 300);
	lab->random = lab_setting("LK_POWER_SEED", 1);
	snprintf(lab->root, sizeof(lab->root), "%s/node", scratch);
	snprintf(lab->check, sizeof(lab->check), "%s/cut", scratch);
	for (size_t i = 0; i < sizeof(scenarios) / sizeof(*scenarios); i++) {
		lab->scenario = &scenarios[i];
		run(lab);
	}
	lab_tree_free(&lab->base);
	model_start(lab->model, lab->root, &lab->base);
	lk_buf_free(&lab->before);
	lk_buf_free(&lab->after);
	lk_buf_free(&lab->seen);
	lk_buf_free(&lab->again);
	free(lab->model);
	free(lab);
	return tap_done();
}
