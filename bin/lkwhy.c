/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lkwhy: tell the story of a resource or a system, as all systems that can be reached know it. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lk/cleanup.h"
#include "lk/cmd.h"
#include "lk/limits.h"
#include "lk/msg.h"
#include "lk/name.h"
#include "lk/remote.h"
#include "lk/storyline.h"
#include "lk/sys.h"
#include "lk/poison.h"

#define LINES 100			/* of -n */
#define LINES_MAX 1000000
#define ANSWER_MAX ((size_t)64 << 20)		/* what another system may answer */

struct row {
	int64_t ms;
	size_t seq;		/* the order in which they were found, for those of one time */
	char *raw;
};

struct why {
	struct lk_cmd *cmd;
	struct lk_lcd *lcd;
	const char *name;
	int64_t since;		/* milliseconds since 1970 */
	unsigned long long last;	/* so many lines; 0: all */
	struct row *row;
	size_t n, cap;
};

/* What another system says. */
struct answer {
	const char *sys;
	struct lk_buf out, last;	/* last: of -n, as text */
	char *argv[8];
};

/* ---- collecting ---- */

static int keep(struct why *why, const char *raw, int64_t ms)
{
	if (why->n == why->cap) {
		size_t cap = why->cap ? 2 * why->cap : 256;
		struct row *grown = realloc(why->row, cap * sizeof(*grown));

		if (!grown)
			return lk_fail_nomem(&why->cmd->err);
		why->row = grown;
		why->cap = cap;
	}
	char *copy = lk_arena_dup(&why->lcd->arena, raw);
	if (!copy)
		return lk_fail_nomem(&why->cmd->err);
	why->row[why->n] = (struct row){ .ms = ms, .seq = why->n, .raw = copy };
	why->n++;
	return 0;
}

/* One line of the file or of an answer; what is no line of a story is passed over. */
static int take_line(struct why *why, const char *raw, const char *name)
{
	struct lk_storyline line;

	if (name && !strstr(raw, name))
		return 0;
	char LK_AUTO_FREE *copy = strdup(raw);
	if (!copy)
		return lk_fail_nomem(&why->cmd->err);
	if (!lk_storyline_parse(copy, &line) || line.ms < why->since)
		return 0;
	return !name || lk_storyline_about(&line, name) ? keep(why, raw, line.ms) : 0;
}

static int take_file(struct why *why, const char *path)
{
	int fd = openat(why->lcd->tree.fd, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC), rc = 0;
	FILE LK_AUTO_FILE *file = fd < 0 ? NULL : fdopen(fd, "re");
	char LK_AUTO_FREE *line = NULL;
	size_t size = 0;
	ssize_t len;

	if (fd < 0 && errno == ENOENT)
		return 0;
	if (!file)
		return lk_fail_errno(&why->cmd->err, errno, "%s/%s", why->lcd->tree.root, path);
	while (rc == 0 && (len = getline(&line, &size, file)) > 0) {
		line[strcspn(line, "\n")] = '\0';
		rc = take_line(why, line, why->name);
	}
	if (rc == 0 && ferror(file))
		return lk_fail_errno(&why->cmd->err, errno, "%s/%s", why->lcd->tree.root, path);
	return rc;
}

static int by_time(const void *a, const void *b)
{
	const struct row *x = a, *y = b;

	if (x->ms != y->ms)
		return x->ms < y->ms ? -1 : 1;
	return x->seq < y->seq ? -1 : 1;
}

/* In their order, and only the last of them. */
static void settle(struct why *why)
{
	if (why->n)
		qsort(why->row, why->n, sizeof(*why->row), by_time);
	if (why->last && why->n > why->last) {
		memmove(why->row, why->row + (why->n - why->last), why->last * sizeof(*why->row));
		why->n = why->last;
	}
}

static int take_here(struct why *why)
{
	int rc = take_file(why, LK_STORY_OLD);

	return rc < 0 ? rc : take_file(why, LK_STORY);
}

/* ---- the other systems ---- */

static int take_output(struct lk_remote_job *job, int stream, const void *data, size_t len)
{
	struct answer *answer = job->arg;

	if (stream != 1)
		return 0;
	if (answer->out.len + len > ANSWER_MAX)
		return lk_fail(&job->err, LK_M_TOO_LARGE, "the answer", ANSWER_MAX);
	lk_buf_add(&answer->out, data, len);
	return answer->out.failed ? lk_fail_nomem(&job->err) : 0;
}

/* The name that a resource of ours has there. */
static const char *name_there(const struct why *why, const char *sys)
{
	for (size_t i = 0; i < why->lcd->neqv; i++)
		if (!strcmp(why->lcd->eqv[i].tag, why->name) && !strcmp(why->lcd->eqv[i].sys, sys))
			return why->lcd->eqv[i].othertag;
	return why->name;
}

/* lkwhy --local -n N --since @SECONDS NAME */
static void ask(const struct why *why, struct answer *answer, struct lk_remote_job *job)
{
	char since[32];

	snprintf(since, sizeof(since), "@%lld", (long long)(why->since / 1000));
	lk_buf_addf(&answer->last, "%llu", why->last);
	answer->argv[0] = (char *)"lkwhy";
	answer->argv[1] = (char *)"--local";
	answer->argv[2] = (char *)"-n";
	answer->argv[3] = answer->last.data;
	answer->argv[4] = (char *)"--since";
	answer->argv[5] = lk_arena_dup(&why->lcd->arena, since);
	answer->argv[6] = (char *)name_there(why, answer->sys);
	*job = (struct lk_remote_job){ .dest = answer->sys, .argc = 7, .argv = answer->argv,
				       .output = take_output, .arg = answer };
}

/* A system whose answer is missing is named; the others tell what they know. */
static int take_answer(struct why *why, const struct lk_remote_job *job)
{
	struct answer *answer = job->arg;
	char *next = answer->out.data;
	int rc = 0;

	if (job->rc < 0)
		lk_cmd_warn(why->cmd, "what %s knows is missing: %s", job->dest, job->err.text);
	else if (job->code && job->code != LK_EX_NOENT)
		lk_cmd_warn(why->cmd, "what %s knows is missing: exit code %d", job->dest, job->code);
	for (char *line = strsep(&next, "\n"); line && rc == 0; line = strsep(&next, "\n"))
		rc = take_line(why, line, NULL);
	return rc;
}

static int take_there(struct why *why)
{
	struct answer LK_AUTO_FREE *answer = calloc(why->lcd->nsys + 1, sizeof(*answer));
	struct lk_remote_job LK_AUTO_FREE *job = calloc(why->lcd->nsys + 1, sizeof(*job));
	const char *reason;
	size_t n = 0;
	int rc = 0;

	if (!answer || !job)
		return lk_fail_nomem(&why->cmd->err);
	for (size_t i = 0; i < why->lcd->nsys; i++) {
		const struct lk_sys *sys = &why->lcd->sys[i];
		enum lk_sys_state state = lk_sys_state(why->lcd, sys, &reason);

		if (sys->local)
			continue;
		answer[n].sys = sys->name;
		if (state == LK_SYS_ALIVE) {
			ask(why, &answer[n], &job[n]);
			n++;
		} else {
			lk_cmd_warn(why->cmd, "what %s knows is missing: it is %s", sys->name,
				    lk_sys_state_names[state]);
		}
	}
	if (n)
		lk_remote_jobs(why->lcd, job, n);
	for (size_t i = 0; i < n; i++) {
		rc = rc < 0 ? rc : take_answer(why, &job[i]);
		lk_buf_free(&answer[i].out);
		lk_buf_free(&answer[i].last);
	}
	return rc;
}

/* ---- telling ---- */

static void print_raw(const struct why *why)
{
	for (size_t i = 0; i < why->n; i++)
		printf("%s\n", why->row[i].raw);
}

static void print_json(const struct why *why)
{
	printf("[");
	for (size_t i = 0; i < why->n; i++)
		printf("%s%s", i ? ",\n" : "", why->row[i].raw);
	printf("]\n");
}

static void print_line(const struct why *why, const struct row *row)
{
	struct lk_storyline line;
	time_t seconds = (time_t)(row->ms / 1000);
	char stamp[32] = "";
	struct tm tm;

	if (!lk_storyline_parse(row->raw, &line))
		return;
	if (localtime_r(&seconds, &tm))
		strftime(stamp, sizeof(stamp), "%Y-%m-%d %H:%M:%S", &tm);
	printf("%s.%03d %s", stamp, (int)(row->ms % 1000), line.node);
	if (strcmp(line.subject, why->name) != 0)
		printf(" %s", line.subject);
	printf(" %s", line.what);
	if (line.decision)
		printf(": %s", line.decision);
	for (int i = 0; line.input[i].key; i++)
		printf("%s%s=%s", i ? ", " : " (", line.input[i].key, line.input[i].value);
	printf("%s", line.input[0].key ? ")" : "");
	if (line.text)
		printf(": %s", line.text);
	printf("\n");
}

static int tell(struct why *why)
{
	if (!why->n)
		return lk_fail(&why->cmd->err, LK_M_NO_STORY, why->name);
	if (lk_cmd_given(why->cmd, 'L'))
		print_raw(why);
	else if (why->cmd->json)
		print_json(why);
	else
		for (size_t i = 0; i < why->n; i++)
			print_line(why, &why->row[i]);
	return 0;
}

/* ---- the command line ---- */

/* "10m" ago */
static bool take_ago(const char *text, int64_t *ms)
{
	static const char units[] = "smhd";
	static const int64_t seconds[] = { 1, 60, 3600, 86400 };
	size_t len = strspn(text, "0123456789");
	const char *unit = len && len < 10 && text[len] && !text[len + 1] ? strchr(units, text[len]) : NULL;

	if (!unit)
		return false;
	*ms = ((int64_t)time(NULL) - strtoll(text, NULL, 10) * seconds[unit - units]) * 1000;
	return true;
}

/* "@1795616400", "2026-11-25" or "2026-11-25T20:00" with or without seconds, in local time */
static bool take_moment(const char *text, int64_t *ms)
{
	static const char *const forms[] = { "@%s", "%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S" };

	for (size_t i = 0; i < sizeof(forms) / sizeof(*forms); i++) {
		struct tm tm = { .tm_isdst = -1 };
		const char *end = strptime(text, forms[i], &tm);

		if (end && !*end) {
			*ms = (int64_t)mktime(&tm) * 1000;
			return true;
		}
	}
	return false;
}

static int take_options(struct why *why)
{
	const char *since = lk_cmd_value(why->cmd, 'S'), *last = lk_cmd_value(why->cmd, 'n');

	why->last = LINES;
	if (since && !take_ago(since, &why->since) && !take_moment(since, &why->since))
		return lk_fail(&why->cmd->err, LK_M_BAD_SINCE, since);
	return last ? lk_parse_number("option -n", last, 0, LINES_MAX, &why->last, &why->cmd->err) : 0;
}

static int run(struct lk_cmd *cmd)
{
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;
	struct why why = { .cmd = cmd, .lcd = &lcd, .name = cmd->operand[0] };
	int rc = take_options(&why);

	if (rc == 0 && !*why.name)
		rc = lk_fail(&cmd->err, LK_M_OPERAND_MISSING, "name");
	if (rc == 0)
		rc = lk_lcd_read(&lcd, LK_T_SYS | LK_T_EQV, &cmd->err);
	if (rc == 0)
		rc = take_here(&why);
	if (rc == 0 && !lk_cmd_given(cmd, 'L'))
		rc = take_there(&why);
	if (rc == 0) {
		settle(&why);
		rc = tell(&why);
	}
	free(why.row);
	return rc;
}

static const struct lk_opt options[] = {
	{ 'S', LK_OPT_VALUE, "time", "not what is older: 10m, 2h, 3d ago, or 2026-11-25T20:00", "since" },
	{ 'n', LK_OPT_VALUE, "lines", "the last so many lines (default 100), 0: all", NULL },
	{ 'L', LK_OPT_FLAG, NULL, "only what this system knows, as it is in the file", "local" },
	LK_OPT_JSON,
	LK_OPT_LAST,
};

static const struct lk_cmd_desc desc = {
	.synopsis = "lkwhy [--since time] [-n lines] [--local] [-J] name",
	.summary = "Tell the story of a resource or a system.",
	.options = options,
	.min_operands = 1,
	.max_operands = 1,
	.operand = "name",
	.run = run,
};

int main(int argc, char **argv)
{
	return lk_cmd_main(&desc, argc, argv);
}
