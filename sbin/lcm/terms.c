/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The terms of the other systems, on stable storage. */
#include "terms.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lk/cleanup.h"
#include "lk/detach.h"
#include "lk/grant.h"
#include "lk/journal.h"
#include "lk/lease.h"
#include "lk/msg.h"
#include "lk/qwkobject.h"
#include "lk/sys.h"
#include "exec.h"
#include "netproc.h"
#include "lk/poison.h"

#define HEAD "#lockkeeper terms 1\n"
#define TEXT_MAX (LK_SYS_MAX + 128)

static void format(const char *sys, const struct bus_terms *terms, char text[static TEXT_MAX])
{
	int len = snprintf(text, TEXT_MAX, HEAD "system=%s\nlease=%u\nstop=%u\n", sys, terms->lease, terms->stop);

	snprintf(text + len, TEXT_MAX - (size_t)len, "#end %08x\n", lk_crc32(text, (size_t)len));
}

/* ---- reading ---- */

/* 1; 0: there is none; -1, also of a damaged one. */
static int read_file(const struct lcm_peer *peer, struct bus_terms *terms)
{
	char path[LK_SYS_FILE], text[TEXT_MAX], same[TEXT_MAX];

	lk_sys_file(LK_SYS_TERMS, peer->name, path);
	int LK_AUTO_CLOSE fd = openat(peer->lcm->tree.fd, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return 0;
	ssize_t len = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	if (len < 0)
		return -1;
	text[len] = '\0';
	errno = EBADMSG;
	const char *at = strstr(text, "\nlease=");
	if (!at || sscanf(at, "\nlease=%10u\nstop=%10u\n", &terms->lease, &terms->stop) != 2)
		return -1;
	/* it is what would be written, checksum and all */
	format(peer->name, terms, same);
	return strcmp(text, same) ? -1 : 1;
}

void terms_recall(struct lcm_peer *peer)
{
	const struct lk_terms longest = lk_terms_longest();
	int rc = read_file(peer, &peer->terms);

	peer->terms.peer = peer->number;
	peer->terms_lost = rc < 0;
	if (rc > 0)
		return;
	if (rc < 0)
		lcm_log(peer->lcm, LK_LOG_ERROR, LK_M_TERMS_LOST, peer->name, strerror(errno));
	peer->terms.lease = rc < 0 ? (uint32_t)(longest.lease / 1000000) : 0;
	peer->terms.stop = rc < 0 ? (uint32_t)(longest.stop / 1000000) : 0;
}

/* ---- writing ---- */

static int write_new(int dir, const char *temp, const char *text)
{
	size_t len = strlen(text);
	int LK_AUTO_CLOSE fd = openat(dir, temp, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0640);
	ssize_t done = fd < 0 ? -1 : write(fd, text, len);

	if (done >= 0 && (size_t)done != len)
		errno = ENOSPC;
	return done >= 0 && (size_t)done == len && fsync(fd) == 0 ? 0 : -1;
}

/* 0, or an errno. */
static int write_file(const struct lk_tree *tree, const char *path, const char *text)
{
	char temp[LK_PATH_MAX];
	struct lk_err ignored;

	lk_tree_temp(path, temp);
	errno = EIO;
	if (lk_tree_mkdirs(tree, path, &ignored) < 0)
		return errno;
	if (write_new(tree->fd, temp, text) < 0 || renameat(tree->fd, temp, tree->fd, path) < 0) {
		int saved = errno;

		unlinkat(tree->fd, temp, 0);
		return saved;
	}
	return lk_sync_dir(tree, path, &ignored) < 0 ? errno : 0;
}

/* Without what else we have open: a child that hangs must hold nothing. */
static _Noreturn void be_writer(const struct lcm_peer *peer)
{
	struct lk_tree tree = peer->lcm->tree;
	char path[LK_SYS_FILE], text[TEXT_MAX];

	tree.fd = dup2(tree.fd, 3);
	lk_close_from(4);
	lk_reset_signals();
	lk_sys_file(LK_SYS_TERMS, peer->name, path);
	format(peer->name, &peer->terms_asked, text);
	int code = tree.fd < 0 ? EBADF : write_file(&tree, path, text);
	_exit(code < 0 || code > 255 ? EIO : code);
}

static void answer(struct lcm_peer *peer, int error)
{
	const struct bus_kept kept = { peer->terms_asked, error == 0 };
	uint8_t bytes[32];
	struct lk_out out = LK_OUT(bytes);

	if (error && !peer->terms_told)
		lcm_log(peer->lcm, LK_LOG_ERROR, LK_M_TERMS_UNKEPT, peer->name, strerror(error));
	else if (!error && peer->terms_told)
		lcm_log(peer->lcm, LK_LOG_INFO, LK_M_TERMS_KEPT, peer->name);
	peer->terms_told = error != 0;
	if (!error) {
		peer->terms = peer->terms_asked;
		peer->terms_lost = false;
	}
	bus_put_kept(&out, &kept);
	netproc_send(peer->lcm, &out, -1);
}

static void on_written(void *arg, int status)
{
	struct lcm_peer *peer = arg;

	peer->terms_busy = false;
	answer(peer, WIFEXITED(status) ? WEXITSTATUS(status) : EINTR);
}

void terms_keep(struct lcm_peer *peer, const struct bus_terms *terms)
{
	if (peer->terms_busy)
		return;		/* net asks one at a time */
	peer->terms_asked = *terms;
	pid_t pid = fork();
	if (pid == 0)
		be_writer(peer);
	if (pid < 0 || lcm_adopt(peer->lcm, pid, on_written, peer) < 0)
		answer(peer, errno ? errno : ENOMEM);
	else
		peer->terms_busy = true;
}
