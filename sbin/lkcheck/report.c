/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What follows from a check: the event of a failure, the record of a check that took too long. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lk/buf.h"
#include "lk/cleanup.h"
#include "lk/detach.h"
#include "lk/event.h"
#include "lk/failure.h"
#include "lk/msg.h"
#include "lk/name.h"
#include "lk/reboot.h"
#include "lk/recoverable.h"
#include "lk/story.h"
#include "lk/tunable.h"
#include "world.h"
#include "lk/poison.h"

#define EVENT "failed"
#define RECORD "out/ResMonTimeout.log"
#define REBOOT_MAX 86400

/* ---- failure ---- */

static void tell_story(struct world *w, const struct item *item, const char *event)
{
	struct lk_story story = {
		.prog = "lkcheck", .subject = item->tag, .what = "check", .decision = event,
		.inputs = LK_INPUTS({ "check", kind_names[item->entry.kind] }),
	};
	struct lk_err ignored;

	lk_story(&w->tree, &story, &ignored);
}

/* As sendevent does it: start the recovery, then run the programs that are registered for the event, if
 * it is. */
void report_failure(struct world *w, const struct item *item)
{
	bool lost = item->last == FAILED && item->code == CHECK_LOST;
	const char *name = lost ? LK_EVENT_LOST : EVENT;
	char *args[] = { (char[]){ "-C" }, (char *)item->app, (char[]){ "-E" }, (char *)name,
			 (char[]){ "-m" }, (char[]){ "LK:lkcheck" }, (char[]){ "-n" },
			 (char *)item->tag, NULL };
	struct lk_event event = { .tree = &w->tree, .prog = "lkcheck", .class = item->app, .name = name,
				  .object = item->tag, .severity = LK_MAJOR, .args = args };
	struct lk_err err;

	tell_story(w, item, name);
	lk_event_identify(&event);
	event.recovering = lk_recoverable(&event);
	if (lk_event_check(&event, &err) == 0 && lk_event_dispatch(&event, false, &err) < 0)
		complain(w, &err);
	unsetenv("LKEVENTID");	/* which was meant for the handlers */
}

/* ---- a check that took too long ---- */

static bool is_set(struct world *w, const char *key, unsigned long long value)
{
	struct lk_err err;

	if (lk_tunable_number(&w->tree, key, 0, 1, &value, &err) < 0)
		complain(w, &err);
	return value;
}

static void add_file(struct lk_buf *text, const char *path, const char *indent)
{
	FILE LK_AUTO_FILE *file = fopen(path, "re");
	char line[256];

	for (int i = 0; i < 5 && file && fgets(line, sizeof(line), file); i++)
		lk_buf_addf(text, "%s%s", indent, line);
}

/* Name, process id and resident memory of what runs. */
static void add_processes(struct lk_buf *text)
{
	DIR LK_AUTO_DIR *proc = opendir("/proc");
	char path[300], comm[64], line[128];
	unsigned long long pid;

	for (struct dirent *entry = proc ? readdir(proc) : NULL; entry; entry = readdir(proc)) {
		unsigned long pages = 0;

		if (!lk_is_number(entry->d_name, 1, 1U << 30, &pid))
			continue;
		snprintf(path, sizeof(path), "/proc/%llu/comm", pid);
		FILE LK_AUTO_FILE *name = fopen(path, "re");
		snprintf(path, sizeof(path), "/proc/%llu/statm", pid);
		FILE LK_AUTO_FILE *size = fopen(path, "re");
		if (!name || !size || !fgets(comm, sizeof(comm), name) || !fgets(line, sizeof(line), size))
			continue;
		comm[strcspn(comm, "\n")] = '\0';
		char *second = strchr(line, ' ');
		pages = second ? strtoul(second, NULL, 10) : 0;
		if (pages)
			lk_buf_addf(text, "  %llu %s %lu kB\n", pid, comm,
				    pages * (unsigned long)sysconf(_SC_PAGESIZE) / 1024);
	}
}

static void write_record(int root, const struct item *item, bool memory)
{
	struct lk_buf LK_AUTO_BUF text = { 0 };
	time_t now = time(NULL);
	char date[64];
	struct tm tm;

	localtime_r(&now, &tm);
	strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S%z", &tm);
	lk_buf_addf(&text, "%s %s of \"%s\" was not finished after %u s\n", date,
		    kind_names[item->entry.kind], item->tag, item->seconds);
	if (memory) {
		add_file(&text, "/proc/meminfo", "  ");
		add_processes(&text);
	}
	int LK_AUTO_CLOSE fd = openat(root, RECORD, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC,
				      0640);
	if (fd >= 0 && !text.failed)
		(void)!write(fd, text.data, text.len);
}

/* Once: a countdown cannot be called off, so one is enough. */
static void reboot_soon(struct world *w, const struct item *item)
{
	unsigned long long seconds = 0;
	struct lk_err err, reason;
	struct lk_reboot reboot = { .reason = reason.text };

	if (lk_tunable_number(&w->tree, "ResMon_RebootWaitInSec", 0, REBOOT_MAX, &seconds, &err) < 0)
		complain(w, &err);
	if (!seconds || w->reboots)
		return;
	lk_fail(&reason, LK_M_REBOOT_CHECK, kind_names[item->entry.kind], item->tag, item->seconds);
	reboot.seconds = (unsigned)seconds;
	w->reboots = lk_reboot_start(&w->tree, &reboot, &err) == 0;
	if (!w->reboots)
		complain(w, &err);
}

bool report_timeout(struct world *w, const struct item *item)
{
	bool memory = is_set(w, "ResMon_RecordMemory", 1);

	/* with little memory left reading /proc takes long: not in the loop */
	if (is_set(w, "ResMon_RecordTimeout", 1)) {
		pid_t pid = fork();

		if (pid == 0) {
			if (lk_detach(&w->tree.fd, 1))
				write_record(LK_DETACH_FIRST, item, memory);
			_exit(0);
		}
	}
	reboot_soon(w, item);
	return is_set(w, "ResMon_ResFail", 0);
}
