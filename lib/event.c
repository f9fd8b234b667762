/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Events: finding and running their handlers. */
#include "lk/event.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lk/cleanup.h"
#include "lk/detach.h"
#include "lk/lcd.h"
#include "lk/limits.h"
#include "lk/logpipe.h"
#include "lk/msg.h"
#include "lk/script.h"
#include "lk/story.h"
#include "lk/tunable.h"
#include "lk/wait.h"
#include "lk/poison.h"

#define ALL "events/allclass"
#define MARKER "ACTIVE"		/* a monitor is at work; no handler */

const char *const lk_severity_names[] = { "CLEARED", "INFORMATIONAL", "WARNING", "MINOR", "MAJOR",
					  "CRITICAL", NULL };

struct handlers {
	char (*path)[LK_PATH_MAX];	/* relative to the root, in order */
	size_t n;
};

/* ---- the log ---- */

static struct lk_log_line log_line(const struct lk_event *event, enum lk_log_level level,
				   const char *handler, unsigned number)
{
	return (struct lk_log_line){ .level = level, .prog = event->prog, .pid = getpid(),
				     .component = event->class, .action = event->name,
				     .tag = handler, .number = number };
}

static void log_error(const struct lk_event *event, const char *handler, const char *text)
{
	struct lk_log_line line = log_line(event, LK_LOG_ERROR, handler,
					   LK_M_NUMBER(LK_M_EVT_HANDLER));
	struct lk_err ignored;

	line.text = text;
	lk_log(event->tree, &line, &ignored);
}

static void log_sent(const struct lk_event *event, size_t handlers)
{
	struct lk_log_line line = log_line(event, LK_LOG_INFO, NULL, LK_M_NUMBER(LK_M_EVT_SENT));
	struct lk_err text;

	lk_fail(&text, LK_M_EVT_SENT, event->class, event->name, lk_severity_names[event->severity],
		event->object, event->id, handlers);
	line.text = text.text;
	lk_log(event->tree, &line, &text);
	struct lk_story story = {
		.prog = event->prog, .node = event->node, .subject = event->object, .what = "event",
		.decision = event->recovering ? "recovery" : NULL,
		.inputs = LK_INPUTS({ "class", event->class }, { "event", event->name },
				    { "severity", lk_severity_names[event->severity] },
				    { "id", event->id }),
	};
	lk_story(event->tree, &story, &text);
}

/* ---- registration ---- */

/* 1: a directory; 0: none; -1. */
static int is_dir(const struct lk_tree *tree, const char *path, struct lk_err *err)
{
	struct stat st;

	if (fstatat(tree->fd, path, &st, 0) == 0)
		return S_ISDIR(st.st_mode);
	if (errno == ENOENT || errno == ENOTDIR)
		return 0;
	return lk_fail_errno(err, errno, "%s/%s", tree->root, path);
}

static void event_dir(const struct lk_event *event, char path[static LK_PATH_MAX])
{
	snprintf(path, LK_PATH_MAX, "events/%s/%s", event->class, event->name);
}

int lk_event_check(const struct lk_event *event, struct lk_err *err)
{
	char path[LK_PATH_MAX];

	snprintf(path, sizeof(path), "events/%s", event->class);
	int rc = is_dir(event->tree, path, err);
	if (rc <= 0)
		return rc < 0 ? rc : lk_fail(err, LK_M_EVT_NO_CLASS, event->class);
	event_dir(event, path);
	rc = is_dir(event->tree, path, err);
	if (rc <= 0)
		return rc < 0 ? rc : lk_fail(err, LK_M_EVT_NO_EVENT, event->class, event->name);
	return 0;
}

void lk_event_identify(struct lk_event *event)
{
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;
	struct timespec now;
	struct lk_err ignored;

	/* an event of a damaged tree has an id, too */
	if (lk_lcd_read(&lcd, LK_T_SYS, &ignored) < 0 && gethostname(lcd.local, sizeof(lcd.local)) < 0)
		lcd.local[0] = '\0';
	snprintf(event->node, sizeof(event->node), "%s", lcd.local);
	clock_gettime(CLOCK_REALTIME, &now);
	snprintf(event->id, sizeof(event->id), "%s.%ld.%lld", event->node, (long)getpid(),
		 (long long)now.tv_sec * 1000 + now.tv_nsec / 1000000);
}

/* ---- finding ---- */

/* Leading dots are left to those who put files in place by renaming. */
static bool is_handler(const struct lk_event *event, int dir, const char *name)
{
	struct stat st;

	if (name[0] == '.' || !strcmp(name, MARKER) || fstatat(dir, name, &st, 0) < 0 ||
	    !S_ISREG(st.st_mode))
		return false;
	if (faccessat(dir, name, X_OK, AT_EACCESS) == 0)
		return true;
	log_error(event, name, "skipped: it is not executable");
	return false;
}

static int add_handler(struct handlers *list, const char *dir, const char *name, struct lk_err *err)
{
	void *grown = realloc(list->path, (list->n + 1) * sizeof(*list->path));

	if (!grown)
		return lk_fail_nomem(err);
	list->path = grown;
	if (snprintf(list->path[list->n], LK_PATH_MAX, "%s/%s", dir, name) >= LK_PATH_MAX)
		return lk_fail_errno(err, ENAMETOOLONG, "%s/%s", dir, name);
	list->n++;
	return 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(a, b);
}

static int add_dir(struct handlers *list, const struct lk_event *event, const char *path,
		   struct lk_err *err)
{
	int fd = openat(event->tree->fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR LK_AUTO_DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	size_t first = list->n;
	int rc = 0;

	if (!dir) {
		int saved = errno;

		if (fd >= 0)
			close(fd);
		return saved == ENOENT ? 0
		       : lk_fail_errno(err, saved, "%s/%s", event->tree->root, path);
	}
	for (struct dirent *entry = readdir(dir); entry && rc == 0; entry = readdir(dir))
		if (is_handler(event, fd, entry->d_name))
			rc = add_handler(list, path, entry->d_name, err);
	if (list->n > first)
		qsort(list->path[first], list->n - first, sizeof(*list->path), by_name);
	return rc;
}

/* What cannot be read is logged; the handlers that were found are run. */
static void find_handlers(struct handlers *list, const struct lk_event *event)
{
	char path[LK_PATH_MAX];
	struct lk_err err;

	event_dir(event, path);
	if (add_dir(list, event, path, &err) < 0)
		log_error(event, NULL, err.text);
	if (add_dir(list, event, ALL, &err) < 0)
		log_error(event, NULL, err.text);
}

/* ---- running ---- */

static char **build_argv(const struct lk_event *event, const char *path)
{
	size_t n = 0, k = 0;

	while (event->args[n])
		n++;
	char **argv = calloc(n + 3, sizeof(*argv));
	if (!argv)
		return NULL;
	argv[k++] = (char *)path;
	if (event->recovering)
		argv[k++] = (char *)"-A";
	memcpy(argv + k, event->args, n * sizeof(*argv));
	return argv;
}

static unsigned time_limit(const struct lk_event *event)
{
	unsigned long long seconds = 0;
	struct lk_err err;

	if (lk_tunable_number(event->tree, "EVENTTIMEOUT", 0, LK_INTERVAL_MAX, &seconds, &err) < 0)
		log_error(event, NULL, err.text);
	return (unsigned)seconds;
}

/* 0, or -1: interrupted. */
static int run_handler(const struct lk_event *event, const char *path, struct lk_err *err)
{
	const char *name = strrchr(path, '/') + 1;
	struct lk_log_line line = log_line(event, LK_LOG_INFO, name, LK_M_NUMBER(LK_M_EVT_OUTPUT));
	char LK_AUTO_FREE **argv = build_argv(event, path);
	struct lk_script script = { .tree = event->tree, .path = path, .argv = argv,
				    .seconds = time_limit(event) };
	struct lk_logpipe output;
	struct lk_script_end end;

	if (!argv) {
		log_error(event, name, "out of memory");
		return 0;
	}
	if (lk_logpipe_open(&output, event->tree, &line, err) < 0)
		log_error(event, name, err->text);
	else
		script.output = output.fd;
	int rc = lk_script_run(&script, &end, err);
	lk_logpipe_close(&output);
	if (rc < 0)
		log_error(event, name, err->text);
	else if (end.code)
		log_error(event, name, end.reason);
	return rc == 0 && end.interrupted ? lk_fail(err, LK_M_INTERRUPTED, end.interrupted) : 0;
}

/* A signal that came between two handlers. 0, or -1: interrupted. */
static int take_signal(const struct lk_wait *wait, struct lk_err *err)
{
	const struct timespec now = { 0 };
	int sig = sigtimedwait(&wait->signals, NULL, &now);

	return sig > 0 ? lk_fail(err, LK_M_INTERRUPTED, sig) : 0;
}

static int run_all(const struct lk_event *event, const struct handlers *list, struct lk_err *err)
{
	struct lk_wait wait;
	struct lk_err more;
	int rc = 0;

	lk_wait_begin(&wait);
	for (size_t i = 0; i < list->n && rc == 0; i++) {
		rc = take_signal(&wait, err);
		if (rc == 0)
			rc = run_handler(event, list->path[i], err);
	}
	if (rc < 0)
		log_error(event, NULL, err->text);
	/* those that came twice must not end us before we have said so */
	while (take_signal(&wait, &more) < 0)
		;
	lk_wait_end(&wait);
	return rc;
}

static _Noreturn void run_detached(const struct lk_event *event, const struct handlers *list)
{
	struct lk_err ignored;

	if (!lk_detach(&event->tree->fd, 1))
		_exit(1);
	event->tree->fd = LK_DETACH_FIRST;
	_exit(run_all(event, list, &ignored) < 0);
}

int lk_event_dispatch(const struct lk_event *event, bool wait, struct lk_err *err)
{
	struct handlers list = { 0 };
	int rc = 0;

	setenv("LKEVENTID", event->id, 1);
	find_handlers(&list, event);
	log_sent(event, list.n);
	if (list.n && wait) {
		rc = run_all(event, &list, err);
	} else if (list.n) {
		pid_t pid = fork();

		if (pid == 0)
			run_detached(event, &list);
		if (pid < 0)
			rc = lk_fail_errno(err, errno, "fork");
	}
	free(list.path);
	return rc;
}
