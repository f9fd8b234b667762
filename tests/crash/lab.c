/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the crash tests share. */
#include "lab.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lk/app.h"
#include "lk/ins.h"
#include "lk/lcd.h"
#include "lk/sys.h"
#include "lk/table.h"
#include "lk/poison.h"

static char scratch[200];

static void die(const char *what)
{
	printf("Bail out! %s: %s\n", what, strerror(errno));
	exit(1);
}

/* ---- trees in memory ---- */

static struct lab_tree *loading;
static size_t loading_skip;

static void slurp(struct lab_file *f, const char *path, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	f->data = malloc(size + 1);
	f->len = size;
	if (fd < 0 || !f->data || read(fd, f->data, size) != (ssize_t)size)
		die(path);
	close(fd);
}

static int load_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)ftw;
	if (strlen(path) <= loading_skip)
		return 0;
	loading->file = realloc(loading->file, (loading->n + 1) * sizeof(*loading->file));
	if (!loading->file)
		die("realloc");
	struct lab_file *f = &loading->file[loading->n++];
	*f = (struct lab_file){ .path = strdup(path + loading_skip + 1), .dir = type == FTW_D };
	if (!f->dir)
		slurp(f, path, (size_t)st->st_size);
	return 0;
}

void lab_load(const char *root, struct lab_tree *tree)
{
	*tree = (struct lab_tree){ 0 };
	loading = tree;
	loading_skip = strlen(root);
	if (nftw(root, load_one, 16, FTW_PHYS) < 0)
		die(root);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)type;
	return ftw->level ? remove(path) : 0;
}

void lab_wipe(const char *root)
{
	mkdir(root, 0755);
	if (nftw(root, remove_one, 16, FTW_PHYS | FTW_DEPTH) < 0)
		die(root);
}

void lab_store(const char *root, const struct lab_tree *tree)
{
	char path[1024];

	lab_wipe(root);
	for (size_t i = 0; i < tree->n; i++) {
		const struct lab_file *f = &tree->file[i];

		snprintf(path, sizeof(path), "%s/%s", root, f->path);
		if (f->dir) {
			if (mkdir(path, 0755) < 0)
				die(path);
			continue;
		}
		int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
		if (fd < 0 || write(fd, f->data ? f->data : "", f->len) != (ssize_t)f->len)
			die(path);
		close(fd);
	}
}

void lab_tree_free(struct lab_tree *tree)
{
	for (size_t i = 0; i < tree->n; i++) {
		free(tree->file[i].path);
		free(tree->file[i].data);
	}
	free(tree->file);
	*tree = (struct lab_tree){ 0 };
}

const char *lab_enter(bool fast)
{
	const char *tmp = getenv("TMPDIR");

	if (fast && access("/dev/shm", W_OK) == 0)
		tmp = "/dev/shm";
	snprintf(scratch, sizeof(scratch), "%s/lk-crash-XXXXXX", tmp && *tmp ? tmp : "/tmp");
	if (!mkdtemp(scratch))
		die(scratch);
	atexit(lab_leave);
	return scratch;
}

void lab_leave(void)
{
	if (!scratch[0])
		return;
	lab_wipe(scratch);
	rmdir(scratch);
	scratch[0] = '\0';
}

void lab_use(const char *root)
{
	if (setenv("LKROOT", root, 1) < 0)
		die("setenv");
}

static const char *has_ending;

static int has_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	size_t len = strlen(path), end = strlen(has_ending);

	(void)st, (void)type, (void)ftw;
	return len >= end && !strcmp(path + len - end, has_ending);
}

bool lab_has(const char *root, const char *ending)
{
	has_ending = ending;
	return nftw(root, has_one, 16, FTW_PHYS) == 1;
}

/* ---- the reader ---- */

static void dump_table(const struct lk_lcd *lcd, const struct lk_table_desc *desc,
		       struct lk_buf *text)
{
	lk_buf_addf(text, "[%s]\n", desc->kind.name);
	if (desc->path) {
		desc->save(lcd, NULL, &desc->kind, text);
		return;
	}
	for (size_t i = 0; i < lcd->ntyp; i++) {
		lk_buf_addf(text, "(%s/%s)\n", lcd->typ[i].app, lcd->typ[i].name);
		desc->save(lcd, &lcd->typ[i], &desc->kind, text);
	}
}

int lab_dump(struct lk_buf *text, struct lk_err *err)
{
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;
	int rc = lk_lcd_read(&lcd, LK_T_ALL, err);

	text->len = 0;
	lk_buf_adds(text, "");
	for (int i = 0; i < LK_TABLES && rc == 0; i++)
		dump_table(&lcd, &lk_tables[i], text);
	return rc;
}

/* ---- running ---- */

void lab_split(struct lab_line *line, const char *text)
{
	char *save = NULL;
	int n = 0;

	snprintf(line->text, sizeof(line->text), "%s", text);
	for (char *word = strtok_r(line->text, " ", &save); word && n < LAB_ARGS;
	     word = strtok_r(NULL, " ", &save))
		line->argv[n++] = word;
	line->argv[n] = NULL;
}

/* In the child: become the command. */
static _Noreturn void become(struct lab_line *line)
{
	const char *bin = getenv("LK_BIN"), *build = getenv("LK_BUILD");
	int null = open("/dev/null", O_RDWR);
	char path[4096];

	dup2(null, 0);
	dup2(null, 1);
	if (!getenv("LAB_STDERR"))
		dup2(null, 2);
	snprintf(path, sizeof(path), "%s/%s", bin ? bin : "bin", line->argv[0]);
	execv(path, line->argv);
	snprintf(path, sizeof(path), "%s/tests/crash/%s", build ? build : ".", line->argv[0]);
	execv(path, line->argv);
	_exit(127);
}

pid_t lab_start(const char *text)
{
	struct lab_line line;

	lab_split(&line, text);
	fflush(NULL);
	pid_t pid = fork();
	if (pid < 0)
		die("fork");
	if (pid == 0)
		become(&line);
	return pid;
}

int lab_run(const char *text)
{
	int status;
	pid_t pid = lab_start(text);

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			die("waitpid");
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* ---- tracing ---- */

size_t lab_peek(pid_t pid, uint64_t addr, void *data, size_t len)
{
	struct iovec here = { data, len }, there = { (void *)(uintptr_t)addr, len };
	ssize_t got = process_vm_readv(pid, &here, 1, &there, 1, 0);

	return got < 0 ? 0 : (size_t)got;
}

void lab_peek_text(pid_t pid, uint64_t addr, char *text, size_t size)
{
	size_t n = 0;

	while (n + 1 < size && lab_peek(pid, addr + n, text + n, 1) == 1 && text[n])
		n++;
	text[n] = '\0';
}

static void read_stop(pid_t pid, struct lab_stop *stop)
{
	struct __ptrace_syscall_info info;
	long got = ptrace(PTRACE_GET_SYSCALL_INFO, pid, (void *)sizeof(info), &info);

	if (got < 0)
		die("PTRACE_GET_SYSCALL_INFO");
	stop->entry = info.op == PTRACE_SYSCALL_INFO_ENTRY;
	if (stop->entry) {
		stop->nr = (long)info.entry.nr;
		for (int i = 0; i < 6; i++)
			stop->arg[i] = info.entry.args[i];
	} else {
		stop->result = info.exit.rval;	/* number and arguments are those of the entry */
	}
}

static bool opens_tree(const struct lab_stop *stop, const char *root)
{
	char path[512];

	if (!stop->entry || stop->nr != SYS_openat)
		return false;
	lab_peek_text(stop->pid, stop->arg[1], path, sizeof(path));
	return !strcmp(path, root);
}

static pid_t start_traced(const char *text)
{
	struct lab_line line;
	int status;

	lab_split(&line, text);
	fflush(NULL);
	pid_t pid = fork();
	if (pid < 0)
		die("fork");
	if (pid == 0) {
		setenv("ASAN_OPTIONS", "detect_leaks=0", 1);	/* it cannot look while traced */
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		raise(SIGSTOP);
		become(&line);
	}
	waitpid(pid, &status, 0);
	if (ptrace(PTRACE_SETOPTIONS, pid, NULL,
		   (void *)(PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL | PTRACE_O_TRACEEXEC)) < 0)
		die("ptrace");
	return pid;
}

/* One stop of the tracee: true when it is to be killed. */
static bool on_syscall(struct lab_stop *now, bool *inside, const char *root, lab_stop_fn *stop,
		       void *arg, struct lab_end *end)
{
	read_stop(now->pid, now);
	*inside = *inside || opens_tree(now, root);
	if (!*inside)
		return false;
	end->stops++;
	if (now->entry && now->nr == SYS_exit_group && now->arg[0] == 0)
		end->acknowledged = true;
	return stop && stop(arg, now);
}

void lab_trace(const char *text, const char *root, lab_stop_fn *stop, void *arg,
	       struct lab_end *end)
{
	pid_t pid = start_traced(text);
	struct lab_stop now = { .pid = pid };
	bool inside = false;
	int status, sig = 0;

	*end = (struct lab_end){ .code = -1 };
	for (;;) {
		ptrace(PTRACE_SYSCALL, pid, NULL, (void *)(long)sig);
		sig = 0;
		if (waitpid(pid, &status, 0) < 0)
			die("waitpid");
		if (WIFEXITED(status) || WIFSIGNALED(status))
			break;
		if (WSTOPSIG(status) != (SIGTRAP | 0x80)) {
			sig = WSTOPSIG(status) == SIGTRAP ? 0 : WSTOPSIG(status);
			continue;
		}
		if (on_syscall(&now, &inside, root, stop, arg, end)) {
			kill(pid, SIGKILL);
			end->killed = true;
			waitpid(pid, &status, 0);
			break;
		}
	}
	if (WIFEXITED(status) && !end->killed)
		end->code = WEXITSTATUS(status);
}

double lab_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

unsigned lab_setting(const char *name, unsigned otherwise)
{
	const char *text = getenv(name);

	return text && *text ? (unsigned)strtoul(text, NULL, 10) : otherwise;
}

/* ---- fixtures ---- */

void lab_fixture_empty(const char *root)
{
	char path[1024];

	lab_wipe(root);
	snprintf(path, sizeof(path), "%s/config", root);
	mkdir(path, 0755);
	snprintf(path, sizeof(path), "%s/subsys", root);
	mkdir(path, 0755);
}

static int add_instance(struct lk_lcd *lcd, const char *type, const char *tag, struct lk_err *err)
{
	struct lk_ins ins = { .app = "gen", .type = type, .tag = tag, .id = tag, .info = "0",
			      .reason = "", .quick = 180, .deep = 300 };

	return lk_ins_add(lcd, &ins, err);
}

static int fill(struct lk_lcd *lcd, struct lk_err *err)
{
	static const char *const types[] = { "app", "ip", "vol" };
	struct lk_dep dep[] = { { .parent = "app1", .child = "ip1" },
				{ .parent = "app1", .child = "vol1" } };
	int rc = lk_lcd_begin(lcd, LK_T_ALL, err);

	if (rc == 0)
		rc = lk_app_add(lcd, "gen", err);
	for (int i = 0; i < 3 && rc == 0; i++)
		rc = lk_typ_add(lcd, "gen", types[i], err);
	if (rc == 0)
		rc = add_instance(lcd, "app", "app1", err);
	if (rc == 0)
		rc = add_instance(lcd, "ip", "ip1", err);
	if (rc == 0)
		rc = add_instance(lcd, "vol", "vol1", err);
	if (rc == 0)
		rc = lk_sys_add(lcd, "beta", err);
	for (int i = 0; i < 2 && rc == 0; i++)
		rc = LK_LCD_APPEND(lcd, dep, dep[i], err);
	for (int i = 0; i < 3 && rc == 0; i++) {
		struct lk_eqv eqv = { .tag = lcd->ins[i].tag, .sys = "beta",
				      .othertag = lcd->ins[i].tag, .priority = 1,
				      .otherpriority = 10 };
		rc = LK_LCD_APPEND(lcd, eqv, eqv, err);
	}
	lcd->dirty |= LK_T_ALL;
	return rc < 0 ? rc : lk_lcd_commit(lcd, err);
}

void lab_fixture_full(const char *root)
{
	struct lk_lcd LK_AUTO_LCD lcd = LK_LCD_INIT;
	struct lk_err err;

	lab_fixture_empty(root);
	lab_use(root);
	if (fill(&lcd, &err) < 0) {
		printf("Bail out! fixture: %s\n", err.text);
		exit(1);
	}
}
