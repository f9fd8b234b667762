/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The settings of the storage quorum. */
#include "lk/qwkconf.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lk/msg.h"
#include "lk/name.h"
#include "lk/net.h"
#include "lk/sys.h"
#include "lk/tunable.h"
#include "lk/poison.h"

#define HBEAT_MIN 5
#define HBEAT_MAX 10
#define HBEAT_DEFAULT "6"
#define MISSES_MIN 3
#define MISSES_DEFAULT "4"
#define OBJECT "QWK_STORAGE_OBJECT_"
#define S3 "s3://"
#define HEAD "#lockkeeper qwk 1"

const char *const lk_qwk_type_names[] = { "file", "block", "aws_s3", NULL };

/* ---- from the tunables ---- */

/* The value, or what stands for one that is not there. */
static int value_of(const struct lk_tree *tree, const char *key, const char *other,
		    char value[static LK_TUNABLE_MAX], struct lk_err *err)
{
	int rc = lk_tunable(tree, key, value, LK_TUNABLE_MAX, err);

	if (rc == 0 || (rc > 0 && !*value))
		snprintf(value, LK_TUNABLE_MAX, "%s", other);
	return rc < 0 ? rc : 0;
}

static int make_times(const struct lk_tree *tree, struct lk_qwk_conf *conf, struct lk_err *err)
{
	char value[LK_TUNABLE_MAX], seconds[LK_SECONDS_TEXT];
	unsigned long long number;
	struct lk_beat beat;
	int rc = value_of(tree, "QWK_STORAGE_HBEATTIME", HBEAT_DEFAULT, value, err);

	if (rc == 0 && !lk_is_number(value, HBEAT_MIN, HBEAT_MAX, &number))
		return lk_fail(err, LK_M_QWK_HBEATTIME, value);
	conf->hbeat = rc == 0 ? (unsigned)number : 0;
	if (rc == 0)
		rc = value_of(tree, "QWK_STORAGE_NUMHBEATS", MISSES_DEFAULT, value, err);
	if (rc == 0 && !lk_is_number(value, MISSES_MIN, LK_QWK_MISSES_MAX, &number))
		return lk_fail(err, LK_M_QWK_NUMHBEATS, value);
	conf->misses = rc == 0 ? (unsigned)number : 0;
	if (rc == 0)
		rc = lk_net_beat(tree, &beat, err);
	if (rc < 0)
		return rc;
	lk_format_seconds(beat.interval, seconds);
	if (beat.interval > 1000 * conf->hbeat)
		return lk_fail(err, LK_M_QWK_LCMHBEATTIME, seconds, conf->hbeat);
	if (beat.misses > conf->misses)
		return lk_fail(err, LK_M_QWK_LCMNUMHBEATS, beat.misses, conf->misses);
	return 0;
}

int lk_qwk_times(const struct lk_tree *tree, struct lk_err *err)
{
	struct lk_qwk_conf conf = { 0 };

	return make_times(tree, &conf, err);
}

static int type_of(const char *text, enum lk_qwk_type *type)
{
	for (int i = 0; lk_qwk_type_names[i]; i++)
		if (!strcmp(text, lk_qwk_type_names[i])) {
			*type = (enum lk_qwk_type)i;
			return 0;
		}
	return -1;
}

static int make_backend(const struct lk_tree *tree, struct lk_qwk_conf *conf, struct lk_err *err)
{
	static const char *const keys[] = { "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY" };
	char *const to[] = { conf->http_proxy, conf->https_proxy, conf->no_proxy };
	char value[LK_TUNABLE_MAX];
	int rc = value_of(tree, "QWK_STORAGE_TYPE", "", value, err);

	if (rc == 0 && type_of(value, &conf->type) < 0)
		return lk_fail(err, LK_M_QWK_TYPE, value);
	for (int i = 0; i < 3 && rc == 0; i++) {
		rc = value_of(tree, keys[i], "", value, err);
		if (rc == 0)
			snprintf(to[i], LK_QWK_VALUE, "%s", value);
	}
	return rc;
}

/* The name as it stands in a key: what a key cannot have becomes '_'. */
static void map_name(const char *name, bool upper, char key[static LK_SYS_MAX + 1])
{
	size_t i = 0;

	for (; name[i] && i < LK_SYS_MAX; i++) {
		char c = name[i];

		if (c == '-' || c == '.')
			c = '_';
		else if (upper && c >= 'a' && c <= 'z')
			c = (char)(c - 'a' + 'A');
		key[i] = c;
	}
	key[i] = '\0';
}

/* "/shared/alpha", or "s3://bucket/alpha" */
static const char *wrong_path(enum lk_qwk_type type, const char *path)
{
	const char *key;

	if (strlen(path) > LK_QWK_PATH)
		return "longer than 256 characters";
	for (const char *p = path; *p; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			return "a control byte is not allowed";
	if (type != LK_QWK_S3)
		return *path != '/' ? "an absolute path is needed" :
		       path[strlen(path) - 1] == '/' ? "a directory cannot be an object" : NULL;
	if (strncmp(path, S3, sizeof(S3) - 1) != 0)
		return "s3://bucket/key is needed";
	key = strchr(path + sizeof(S3) - 1, '/');
	if (!key || key == path + sizeof(S3) - 1 || !key[1] || key[strlen(key) - 1] == '/')
		return "s3://bucket/key is needed";
	return strchr(path, ' ') ? "no blank is allowed" : NULL;
}

static int add_path(const struct lk_qwk_conf *conf, struct lk_qwk_member *member, const char *path,
		    struct lk_err *err)
{
	char key[sizeof(OBJECT) + LK_SYS_MAX] = OBJECT;
	const char *wrong = wrong_path(conf->type, path);
	unsigned most = conf->type == LK_QWK_S3 ? LK_QWK_PATHS : 1;

	map_name(member->name, false, key + sizeof(OBJECT) - 1);
	if (!wrong && member->paths == most)
		return lk_fail(err, LK_M_QWK_OBJECTS, member->paths + 1, member->name, most);
	for (const struct lk_qwk_member *m = conf->member; m <= member && !wrong; m++)
		for (unsigned i = 0; i < m->paths && !wrong; i++)
			if (!strcmp(m->path[i], path))
				wrong = "named twice";
	if (wrong)
		return lk_fail(err, LK_M_QWK_PATH, path, key, wrong);
	snprintf(member->path[member->paths++], LK_QWK_PATH + 1, "%s", path);
	return 0;
}

/* What QWK_STORAGE_OBJECT_<HOST> says. */
static int take_object(const struct lk_qwk_conf *conf, struct lk_qwk_member *member, char *value,
		       struct lk_err *err)
{
	char *comma;
	int rc;

	if (conf->type != LK_QWK_S3)
		return add_path(conf, member, value, err);
	do {
		comma = strchr(value, ',');
		if (comma)
			*comma = '\0';
		rc = add_path(conf, member, value, err);
		value = comma + 1;
	} while (rc == 0 && comma);
	return rc;
}

/* No object for this system itself, or for another one. */
static int lack(const struct lk_qwk_member *member, const char *where, bool own, struct lk_err *err)
{
	char key[sizeof(OBJECT) + LK_SYS_MAX] = OBJECT;

	map_name(member->name, false, key + sizeof(OBJECT) - 1);
	return own ? lk_fail(err, LK_M_QWK_OWN_OBJECT, member->name, where, key) :
		     lk_fail(err, LK_M_QWK_NO_OBJECT, member->name, where, key);
}

static int make_objects(const struct lk_tree *tree, struct lk_qwk_conf *conf, struct lk_err *err)
{
	char value[LK_TUNABLE_MAX], key[sizeof(OBJECT) + LK_SYS_MAX] = OBJECT;
	int rc = 0;

	for (unsigned i = 0; i < conf->n && rc == 0; i++) {
		struct lk_qwk_member *member = &conf->member[i];

		map_name(member->name, false, key + sizeof(OBJECT) - 1);
		rc = value_of(tree, key, "", value, err);
		if (rc == 0 && !*value) {
			map_name(member->name, true, key + sizeof(OBJECT) - 1);
			rc = value_of(tree, key, "", value, err);
		}
		if (rc == 0 && !*value)
			return lack(member, LK_TUNABLES, !i, err);
		if (rc == 0)
			rc = take_object(conf, member, value, err);
	}
	return rc;
}

static int make_members(struct lk_lcd *lcd, struct lk_qwk_conf *conf, struct lk_err *err)
{
	char one[LK_SYS_MAX + 1], two[LK_SYS_MAX + 1];

	if (lcd->nsys < 2 || lcd->nsys > LK_QWK_NODES)
		return lk_fail(err, LK_M_QWK_NUMBER, (unsigned)lcd->nsys);
	lk_sys_sort(lcd);
	for (size_t i = 0; i < lcd->nsys; i++) {
		map_name(lcd->sys[i].name, false, one);
		for (size_t j = 0; j < i; j++) {
			map_name(lcd->sys[j].name, false, two);
			if (!strcmp(one, two))
				return lk_fail(err, LK_M_QWK_ALIKE, lcd->sys[j].name, lcd->sys[i].name);
		}
		snprintf(conf->member[conf->n++].name, LK_SYS_MAX + 1, "%s", lcd->sys[i].name);
	}
	return 0;
}

static int check_modes(const struct lk_tree *tree, struct lk_err *err)
{
	static const char *const keys[] = { "QUORUM_MODE", "WITNESS_MODE" };
	char value[LK_TUNABLE_MAX];

	for (int i = 0; i < 2; i++) {
		int rc = value_of(tree, keys[i], "none", value, err);

		if (rc < 0)
			return rc;
		if (strcmp(value, "storage") != 0)
			return lk_fail(err, LK_M_QWK_MODE, keys[i], value);
	}
	return 0;
}

int lk_qwk_conf_make(struct lk_lcd *lcd, struct lk_qwk_conf *conf, struct lk_err *err)
{
	*conf = (struct lk_qwk_conf){ 0 };
	int rc = check_modes(&lcd->tree, err);

	if (rc == 0)
		rc = make_members(lcd, conf, err);
	if (rc == 0)
		rc = make_times(&lcd->tree, conf, err);
	if (rc == 0)
		rc = make_backend(&lcd->tree, conf, err);
	return rc == 0 ? make_objects(&lcd->tree, conf, err) : rc;
}

/* ---- the file ---- */

void lk_qwk_conf_format(const struct lk_qwk_conf *conf, struct lk_buf *buf)
{
	lk_buf_addf(buf, HEAD "\nhbeattime=%u\nnumhbeats=%u\nqwk_object_type=%s\n", conf->hbeat,
		    conf->misses, lk_qwk_type_names[conf->type]);
	lk_buf_addf(buf, "http_proxy=%s\nhttps_proxy=%s\nno_proxy=%s\n", conf->http_proxy,
		    conf->https_proxy, conf->no_proxy);
	lk_buf_addf(buf, "number_of_node=%u\n", conf->n);
	for (unsigned i = 0; i < conf->n; i++) {
		lk_buf_addf(buf, "%s=%s\n", i ? "node" : "my_node", conf->member[i].name);
		for (unsigned k = 0; k < conf->member[i].paths; k++)
			lk_buf_addf(buf, "qwk_object_path=%s\n", conf->member[i].path[k]);
	}
	lk_buf_adds(buf, "#end\n");
}

bool lk_qwk_conf_same(const struct lk_qwk_conf *a, const struct lk_qwk_conf *b)
{
	struct lk_buf LK_AUTO_BUF one = { 0 }, two = { 0 };

	lk_qwk_conf_format(a, &one);
	lk_qwk_conf_format(b, &two);
	return !one.failed && !two.failed && !strcmp(one.data, two.data);
}

/* The settings as far as they have been read. */
struct reading {
	struct lk_qwk_conf *conf;
	unsigned nodes;		/* how many there should be */
	struct lk_err *err;
};

/* 0, which none of ours may be, for what is none. */
static unsigned number_in(const char *value)
{
	unsigned long long number;

	return lk_is_number(value, 1, LK_QWK_MISSES_MAX, &number) ? (unsigned)number : 0;
}

static int take_text(const char *value, char *to, size_t size)
{
	if (strlen(value) >= size)
		return -1;
	snprintf(to, size, "%s", value);
	return 0;
}

static int take_member(struct reading *r, const char *name, bool mine)
{
	struct lk_qwk_conf *conf = r->conf;
	struct lk_err ignored;
	const char *wrong = lk_check_sys(name, &ignored) < 0 ? "this is no name" : NULL;

	if (mine && conf->n)
		wrong = "it is not the first system there";
	for (unsigned i = 0; i < conf->n && !wrong; i++)
		if (!strcmp(conf->member[i].name, name))
			wrong = "it is named twice";
	if (!mine && !conf->n)
		return lk_fail(r->err, LK_M_QWK_MY_NODE, "", "it is missing");
	if (wrong)
		return mine ? lk_fail(r->err, LK_M_QWK_MY_NODE, name, wrong) :
			      lk_fail(r->err, LK_M_QWK_OBJECT_NODE, name, wrong);
	if (conf->n == LK_QWK_NODES)
		return lk_fail(r->err, LK_M_QWK_NUMBER, conf->n + 1);
	return take_text(name, conf->member[conf->n++].name, LK_SYS_MAX + 1);
}

static int take_path(struct reading *r, const char *path)
{
	struct lk_qwk_conf *conf = r->conf;

	if (!conf->n)
		return lk_fail(r->err, LK_M_QWK_MY_NODE, "", "it is missing");
	return add_path(conf, &conf->member[conf->n - 1], path, r->err);
}

static int take_number(struct reading *r, const char *key, const char *value)
{
	struct lk_qwk_conf *conf = r->conf;
	unsigned number = number_in(value);

	if (*key == 'h') {
		conf->hbeat = number;
		return number ? 0 : lk_fail(r->err, LK_M_QWK_HBEATTIME, value);
	}
	conf->misses = number;
	return number ? 0 : lk_fail(r->err, LK_M_QWK_NUMHBEATS, value);
}

/* One line. */
static int take_line(struct reading *r, const char *key, const char *value)
{
	struct lk_qwk_conf *conf = r->conf;
	int rc = -1;

	if (!strcmp(key, "hbeattime") || !strcmp(key, "numhbeats"))
		return take_number(r, key, value);
	if (!strcmp(key, "qwk_object_type"))
		return type_of(value, &conf->type) < 0 ? lk_fail(r->err, LK_M_QWK_TYPE, value) : 0;
	if (!strcmp(key, "my_node") || !strcmp(key, "node"))
		return take_member(r, value, *key == 'm');
	if (!strcmp(key, "qwk_object_path"))
		return take_path(r, value);
	if (!strcmp(key, "number_of_node")) {
		r->nodes = number_in(value);
		return 0;
	}
	if (!strcmp(key, "http_proxy"))
		rc = take_text(value, conf->http_proxy, LK_QWK_VALUE);
	else if (!strcmp(key, "https_proxy"))
		rc = take_text(value, conf->https_proxy, LK_QWK_VALUE);
	else if (!strcmp(key, "no_proxy"))
		rc = take_text(value, conf->no_proxy, LK_QWK_VALUE);
	return rc < 0 ? lk_fail(r->err, LK_M_QWK_CONF_LINE, LK_QWK_CONF, key) : 0;
}

/* What must be there, after all lines. */
static int check_whole(const struct reading *r)
{
	const struct lk_qwk_conf *conf = r->conf;

	if (!conf->n)
		return lk_fail(r->err, LK_M_QWK_MY_NODE, "", "it is missing");
	if (conf->n < 2 || conf->n != r->nodes)
		return lk_fail(r->err, LK_M_QWK_NUMBER, r->nodes);
	for (unsigned i = 0; i < conf->n; i++)
		if (!conf->member[i].paths)
			return lack(&conf->member[i], LK_QWK_CONF, !i, r->err);
	if (!conf->hbeat)
		return lk_fail(r->err, LK_M_QWK_HBEATTIME, "");
	return conf->misses ? 0 : lk_fail(r->err, LK_M_QWK_NUMHBEATS, "");
}

static int scan(char *text, struct lk_qwk_conf *conf, struct lk_err *err)
{
	struct reading r = { .conf = conf, .err = err };
	char *line, *rest;

	for (line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		char *equals = strchr(line, '=');

		if (*line == '#')
			continue;
		if (!equals)
			return lk_fail(err, LK_M_QWK_CONF_LINE, LK_QWK_CONF, line);
		*equals = '\0';
		if (take_line(&r, line, equals + 1) < 0)
			return -err->code;
	}
	return check_whole(&r);
}

static int read_conf(const struct lk_tree *tree, const char *path, struct lk_qwk_conf *conf, struct lk_err *err)
{
	struct lk_arena arena = { 0 };
	char *text;
	size_t len;
	int rc = lk_tree_slurp(tree, path, &arena, &text, &len, err);

	*conf = (struct lk_qwk_conf){ 0 };
	if (rc < 0) {
		struct lk_err why = *err;

		rc = lk_fail(err, LK_M_QWK_CONF_OPEN, path, why.text);
	}
	if (rc > 0 && (strlen(text) != len || strncmp(text, HEAD "\n", sizeof(HEAD)) != 0 ||
		       !strstr(text, "\n#end\n")))
		rc = lk_fail(err, LK_M_QWK_CONF_LINE, path, "no settings of this version");
	if (rc > 0)
		rc = scan(text, conf, err) < 0 ? -err->code : 1;
	lk_arena_free(&arena);
	return rc;
}

int lk_qwk_conf_read(const struct lk_tree *tree, struct lk_qwk_conf *conf, struct lk_err *err)
{
	return read_conf(tree, LK_QWK_CONF, conf, err);
}

int lk_qwk_conf_read_leaving(const struct lk_tree *tree, struct lk_qwk_conf *conf, struct lk_err *err)
{
	return read_conf(tree, LK_QWK_LEAVING, conf, err);
}

bool lk_qwk_leaving(const struct lk_tree *tree)
{
	return faccessat(tree->fd, LK_QWK_LEAVING, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}
