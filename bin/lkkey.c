/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lkkey: make, show, install and change the cluster's key. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lk/cleanup.h"
#include "lk/cmd.h"
#include "lk/key.h"
#include "lk/msg.h"
#include "lk/remote.h"
#include "lk/sys.h"
#include "lk/poison.h"

#define OPT_FORCE 'F'
#define OPT_SECRET 'S'
#define OPT_ADD 'A'
#define OPT_FINISH 'E'

#define REMOTE_MS 60000

struct lkkey {
	struct lk_cmd *cmd;
	struct lk_tree tree;
	struct lk_keys keys;
	const char *operand;
	int lock;
};

static void unlock(struct lkkey *k)
{
	if (k->lock >= 0)
		close(k->lock);
	k->lock = -1;
}

static void close_all(struct lkkey *k)
{
	unlock(k);
	lk_keys_wipe(&k->keys);
	lk_tree_close(&k->tree);
}

/* Lock and load; without a key k->keys is empty. */
static int begin(struct lkkey *k)
{
	struct lk_err *err = &k->cmd->err;

	k->lock = lk_keys_lock(&k->tree, err);
	if (k->lock < 0)
		return k->lock;
	int rc = lk_keys_load(&k->tree, &k->keys, err);
	return rc == -LK_EX_NOENT ? 0 : rc;
}

static int need_key(struct lkkey *k)
{
	return k->keys.n ? 0 : lk_fail(&k->cmd->err, LK_M_NO_KEY, k->tree.root);
}

static int save(struct lkkey *k)
{
	return lk_keys_save(&k->tree, &k->keys, &k->cmd->err);
}

static int find(const struct lk_keys *keys, const struct lk_key *key)
{
	for (unsigned i = 0; i < keys->n; i++)
		if (lk_key_same(keys->key[i].secret, key->secret))
			return (int)i;
	return -1;
}

/* Made later? Of two that rotations on two systems have made in the same second, all choose one. */
static bool later(const struct lk_key *a, const struct lk_key *b)
{
	int order = strcmp(a->created, b->created);

	return order > 0 || (order == 0 && memcmp(a->secret, b->secret, LK_KEY_BYTES) > 0);
}

static unsigned newest(const struct lk_keys *keys)
{
	unsigned best = 0;

	for (unsigned i = 1; i < keys->n; i++)
		if (later(&keys->key[i], &keys->key[best]))
			best = i;
	return best;
}

static void to_front(struct lk_keys *keys, unsigned at)
{
	struct lk_key key = keys->key[at];

	memmove(&keys->key[1], &keys->key[0], at * sizeof(key));
	keys->key[0] = key;
	explicit_bzero(&key, sizeof(key));
}

/* ---- create, show ---- */

static int create(struct lkkey *k)
{
	char print[LK_KEY_PRINT];
	bool force = lk_cmd_given(k->cmd, OPT_FORCE);

	/* with --force a damaged file is no obstacle */
	int rc = begin(k);
	if (rc < 0 && (!force || k->lock < 0))
		return rc;
	if (k->keys.n && !force)
		return lk_fail(&k->cmd->err, LK_M_KEY_EXISTS, k->tree.root);
	k->keys.n = 1;
	rc = lk_key_create(&k->keys.key[0], &k->cmd->err);
	if (rc == 0)
		rc = save(k);
	if (rc < 0)
		return rc;
	lk_key_fingerprint(&k->keys.key[0], print);
	printf("New key %s\n"
	       "Bring it to every other system of the cluster:\n"
	       "  lkkey show --secret | ssh SYSTEM lkkey install -\n", print);
	return 0;
}

static int show_secret(struct lkkey *k)
{
	struct lk_keys_text text;

	if (isatty(STDOUT_FILENO))
		return lk_fail(&k->cmd->err, LK_M_KEY_TERMINAL);
	lk_keys_print(&k->keys, &text);
	if (!text.len)
		return lk_fail_nomem(&k->cmd->err);
	fwrite(text.data, 1, text.len, stdout);
	explicit_bzero(&text, sizeof(text));
	return 0;
}

static int show_json(struct lkkey *k)
{
	struct lk_json LK_AUTO_JSON json = { 0 };

	lk_json_open(&json, NULL, '[');
	for (unsigned i = 0; i < k->keys.n; i++) {
		char print[LK_KEY_PRINT];

		lk_key_fingerprint(&k->keys.key[i], print);
		lk_json_open(&json, NULL, '{');
		lk_json_string(&json, "fingerprint", print);
		lk_json_string(&json, "created", k->keys.key[i].created);
		lk_json_bool(&json, "in_use", i == 0);
		lk_json_close(&json, '}');
	}
	lk_json_close(&json, ']');
	return lk_cmd_json(k->cmd, &json);
}

static int show(struct lkkey *k)
{
	int rc = lk_keys_load(&k->tree, &k->keys, &k->cmd->err);

	if (rc < 0)
		return rc;
	if (lk_cmd_given(k->cmd, OPT_SECRET))
		return show_secret(k);
	if (k->cmd->json)
		return show_json(k);
	for (unsigned i = 0; i < k->keys.n; i++) {
		char print[LK_KEY_PRINT];

		lk_key_fingerprint(&k->keys.key[i], print);
		printf("%s  %s  %s\n", print, k->keys.key[i].created, i ? "accepted" : "in use");
	}
	return 0;
}

/* ---- install, use, drop ---- */

static int read_given(struct lkkey *k, struct lk_keys *given)
{
	struct lk_err *err = &k->cmd->err;

	if (!k->operand)
		return lk_fail(err, LK_M_OPERAND_MISSING, "file");
	if (!strcmp(k->operand, "-"))
		return lk_keys_read(STDIN_FILENO, given, err);
	int LK_AUTO_CLOSE fd = open(k->operand, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return lk_fail_errno(err, errno, "%s", k->operand);
	return lk_keys_read(fd, given, err);
}

static int add_keys(struct lkkey *k, const struct lk_keys *given)
{
	int rc = need_key(k);

	for (unsigned i = 0; i < given->n && rc == 0; i++) {
		if (find(&k->keys, &given->key[i]) >= 0)
			continue;
		if (k->keys.n == LK_KEYS_MAX)
			return lk_fail(&k->cmd->err, LK_M_KEYS_FULL, LK_KEYS_MAX);
		k->keys.key[k->keys.n++] = given->key[i];
	}
	return rc < 0 ? rc : save(k);
}

static int replace_keys(struct lkkey *k, const struct lk_keys *given)
{
	bool same = k->keys.n == given->n;

	for (unsigned i = 0; i < given->n && same; i++)
		same = lk_key_same(k->keys.key[i].secret, given->key[i].secret);
	if (k->keys.n && !same && !lk_cmd_given(k->cmd, OPT_FORCE))
		return lk_fail(&k->cmd->err, LK_M_KEY_EXISTS, k->tree.root);
	k->keys = *given;
	return save(k);
}

static int install(struct lkkey *k)
{
	struct lk_keys given = { 0 };
	int rc = read_given(k, &given);

	if (rc == 0)
		rc = begin(k);
	if (rc < 0 && k->lock >= 0 && lk_cmd_given(k->cmd, OPT_FORCE))
		rc = 0;		/* what is there may be damaged or unsafe: it is replaced */
	if (rc == 0)
		rc = lk_cmd_given(k->cmd, OPT_ADD) ? add_keys(k, &given) : replace_keys(k, &given);
	lk_keys_wipe(&given);
	return rc;
}

/* Compare a fingerprint with what was given, blanks apart. */
static bool is_print(const char *print, const char *given)
{
	while (*print || *given)
		if (*print == ' ')
			print++;
		else if (*given == ' ')
			given++;
		else if (*print++ != *given++)
			return false;
	return true;
}

static int use_key(struct lkkey *k)
{
	int rc = k->operand ? begin(k) : lk_fail(&k->cmd->err, LK_M_OPERAND_MISSING, "fingerprint");

	if (rc == 0)
		rc = need_key(k);
	for (unsigned i = 0; rc == 0 && i < k->keys.n; i++) {
		char print[LK_KEY_PRINT];

		lk_key_fingerprint(&k->keys.key[i], print);
		if (!is_print(print, k->operand))
			continue;
		to_front(&k->keys, i);
		return i ? save(k) : 0;
	}
	return rc < 0 ? rc : lk_fail(&k->cmd->err, LK_M_NO_SUCH_KEY, k->operand);
}

static int drop(struct lkkey *k)
{
	int rc = begin(k);

	if (rc == 0)
		rc = need_key(k);
	if (rc < 0 || k->keys.n == 1)
		return rc;
	k->keys.n = 1;
	return save(k);
}

/* ---- rotate ---- */

/* What goes to the standard input of a command on another system. */
struct feed {
	const char *data;
	size_t left;
};

static ssize_t feed_input(struct lk_remote_job *job, void *data, size_t size)
{
	struct feed *feed = job->arg;
	size_t n = feed->left < size ? feed->left : size;

	memcpy(data, feed->data, n);
	feed->data += n;
	feed->left -= n;
	return (ssize_t)n;
}

/* Run lkkey there; the key goes through standard input only. */
static int run_there(struct lkkey *k, const struct lk_lcd *lcd, struct lk_remote_job *job,
		     const struct lk_keys_text *text)
{
	struct feed feed = { text ? text->data : "", text ? text->len : 0 };

	job->input = text ? feed_input : NULL;
	job->output = lk_remote_pass;
	job->limit = REMOTE_MS;
	job->arg = &feed;
	fflush(stdout);
	lk_remote_jobs(lcd, job, 1);
	if (job->rc < 0) {
		k->cmd->err = job->err;
		return job->rc;
	}
	return job->code ? lk_fail(&k->cmd->err, LK_M_REMOTE_CODE, "lkkey", job->dest, job->code) : 0;
}

/* Run it on every other system; the first failure ends it, with a message that names the step. */
static int run_everywhere(struct lkkey *k, char *const *argv, const struct lk_keys_text *text,
			  const char *then)
{
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;
	int rc = lk_lcd_read(&lcd, LK_T_SYS, &k->cmd->err);

	for (size_t i = 0; i < lcd.nsys && rc == 0; i++) {
		struct lk_remote_job job = { .dest = lcd.sys[i].name, .argv = argv };
		struct lk_err why;

		if (lcd.sys[i].local)
			continue;
		while (argv[job.argc])
			job.argc++;
		rc = run_there(k, &lcd, &job, text);
		if (rc == 0)
			continue;
		why = k->cmd->err;
		why.text[400] = '\0';
		rc = lk_fail(&k->cmd->err, LK_M_ROTATE_STOPPED, lcd.sys[i].name, why.text, then);
		k->cmd->err.code = why.code;	/* the reason, most often 9 */
		rc = -why.code;
	}
	return rc;
}

/* The new key is the later one, even if the clock was set back. */
static void date_after(struct lk_key *key, const struct lk_key *old)
{
	static const char form[] = "%Y-%m-%dT%H:%M:%SZ";
	struct tm tm = { 0 };

	if (strcmp(key->created, old->created) > 0 || !strptime(old->created, form, &tm))
		return;
	time_t then = timegm(&tm) + 1;
	if (gmtime_r(&then, &tm))
		strftime(key->created, sizeof(key->created), form, &tm);
}

/* The key that all are to have: one that an earlier call has made, or a new one. */
static int next_key(struct lkkey *k)
{
	struct lk_key *key = k->keys.key;

	if (k->keys.n > 1)
		return 0;
	int rc = lk_key_create(&key[1], &k->cmd->err);
	if (rc < 0)
		return rc;
	date_after(&key[1], &key[0]);
	k->keys.n = 2;
	return save(k);
}

static void next_text(const struct lkkey *k, struct lk_keys_text *text)
{
	struct lk_keys one = { .n = 1, .key[0] = k->keys.key[newest(&k->keys)] };

	lk_keys_print(&one, text);
	lk_keys_wipe(&one);
}

static int accept_everywhere(struct lkkey *k)
{
	char *argv[] = { "lkkey", "install", "--add", "-", NULL };
	struct lk_keys_text text;

	next_text(k, &text);
	int rc = text.len ? run_everywhere(k, argv, &text,
					   "no system uses the new key yet. When that system can be "
					   "reached or was removed (delallsys), run lkkey rotate again")
			  : lk_fail_nomem(&k->cmd->err);
	explicit_bzero(&text, sizeof(text));
	return rc;
}

static int use_everywhere(struct lkkey *k)
{
	char print[LK_KEY_PRINT];
	char *argv[] = { "lkkey", "use", print, NULL };

	lk_key_fingerprint(&k->keys.key[newest(&k->keys)], print);
	int rc = run_everywhere(k, argv, NULL, "every system accepts the old and the new key. When that system "
				"can be reached or was removed (delallsys), run lkkey rotate again");
	if (rc == 0)
		rc = begin(k);
	if (rc == 0 && newest(&k->keys) != 0) {
		to_front(&k->keys, newest(&k->keys));
		rc = save(k);
	}
	unlock(k);
	return rc;
}

static int finish_rotation(struct lkkey *k)
{
	char *argv[] = { "lkkey", "drop", NULL };

	if (k->keys.n == 1)
		return lk_fail(&k->cmd->err, LK_M_NO_ROTATION);
	if (newest(&k->keys) != 0)
		return lk_fail(&k->cmd->err, LK_M_ROTATION_EARLY);
	/* nobody forgets the old key before everybody was seen to use the new one */
	int rc = use_everywhere(k);
	if (rc == 0)
		rc = run_everywhere(k, argv, NULL, "run lkkey rotate --finish again when it can be reached");
	if (rc == 0)
		rc = drop(k);
	if (rc == 0)
		printf("Every system has only the new key.\n");
	return rc;
}

/* The lock is not held while others are called: they may call us. */
static int rotate(struct lkkey *k)
{
	int rc = begin(k);

	if (rc == 0)
		rc = need_key(k);
	if (rc == 0 && !lk_cmd_given(k->cmd, OPT_FINISH))
		rc = next_key(k);
	unlock(k);
	if (rc < 0)
		return rc;
	if (lk_cmd_given(k->cmd, OPT_FINISH))
		return finish_rotation(k);
	rc = accept_everywhere(k);
	if (rc < 0)
		return rc;
	printf("1. Every system accepts the new key.\n");
	rc = use_everywhere(k);
	if (rc == 0)
		printf("2. Every system uses the new key.\n"
		       "3. When all comm paths are ALIVE (lcdstatus -q): lkkey rotate --finish\n");
	return rc;
}

/* ---- choice ---- */

static const struct verb {
	const char *name;
	int (*run)(struct lkkey *k);
	const char *options;	/* those it takes */
	bool operand;
} verbs[] = {
	{ "create", create, "F", false },
	{ "show", show, "JS", false },
	{ "install", install, "FA", true },
	{ "use", use_key, "", true },
	{ "drop", drop, "", false },
	{ "rotate", rotate, "E", false },
};

static int check_options(struct lk_cmd *cmd, const struct verb *verb)
{
	for (const struct lk_opt *o = cmd->desc->options; o->kind != LK_OPT_END; o++)
		if (lk_cmd_given(cmd, o->letter) && !strchr(verb->options, o->letter))
			return lk_fail(&cmd->err, LK_M_KEY_OPTION, verb->name, o->name ? "-" : "",
				       o->name ? o->name : "J");
	if (cmd->operands > 1 && !verb->operand)
		return lk_fail(&cmd->err, LK_M_OPERAND, cmd->operand[1]);
	return 0;
}

static int run(struct lk_cmd *cmd)
{
	struct lkkey k = { .cmd = cmd, .tree.fd = -1, .lock = -1 };
	const struct verb *verb = NULL;

	for (size_t i = 0; i < sizeof(verbs) / sizeof(*verbs); i++)
		if (!strcmp(cmd->operand[0], verbs[i].name))
			verb = &verbs[i];
	if (!verb)
		return lk_fail(&cmd->err, LK_M_OPERAND, cmd->operand[0]);
	int rc = check_options(cmd, verb);
	if (rc == 0)
		rc = lk_tree_open(&k.tree, &cmd->err);
	if (rc == 0) {
		k.operand = cmd->operands > 1 ? cmd->operand[1] : NULL;
		rc = verb->run(&k);
	}
	close_all(&k);
	return rc;
}

static const struct lk_opt options[] = {
	LK_OPT_JSON,
	{ OPT_FORCE, LK_OPT_FLAG, NULL, "replace a key that is there", "force" },
	{ OPT_SECRET, LK_OPT_FLAG, NULL, "print the keys themselves, not to a terminal", "secret" },
	{ OPT_ADD, LK_OPT_FLAG, NULL, "accept the key beside those that are there", "add" },
	{ OPT_FINISH, LK_OPT_FLAG, NULL, "forget the old key everywhere", "finish" },
	LK_OPT_LAST,
};

static const struct lk_cmd_desc desc = {
	.synopsis = "lkkey create [--force]\n"
		    "lkkey show [-J] [--secret]\n"
		    "lkkey install [--force] [--add] {file|-}\n"
		    "lkkey rotate [--finish]\n"
		    "lkkey use fingerprint\n"
		    "lkkey drop",
	.summary = "Make, show, install and change the key that the systems of a cluster share.",
	.options = options,
	.min_operands = 1,
	.max_operands = 2,
	.operand = "create, show, install, rotate, use or drop",
	.run = run,
};

int main(int argc, char **argv)
{
	return lk_cmd_main(&desc, argc, argv);
}
