/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What lcm knows over its own restart. */
#include "memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lk/boot.h"
#include "lk/buf.h"
#include "lk/cleanup.h"
#include "lk/msg.h"
#include "lk/name.h"
#include "lk/poison.h"

#define FILE_NAME "run/lcm.memory"
#define TEMP_NAME "run/.lcm.memory.new"
#define BYTES_MAX 65536
#define LIFE_SHIFT 32

enum { ALIVE, DEAD, OTHER };
static const char *const words[] = { "ALIVE", "DEAD", "-" };

/* ---- reading ---- */

/* The line that begins with these words, behind them; or NULL. */
static const char *find(const char *memory, const char *lead)
{
	size_t len = strlen(lead);

	for (const char *at = memory; at && *at; at = strchr(at, '\n'), at = at ? at + 1 : NULL)
		if (!strncmp(at, lead, len))
			return at + len;
	return NULL;
}

static bool read_file(struct lcm *lcm)
{
	int LK_AUTO_CLOSE fd = openat(lcm->tree.fd, FILE_NAME, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	char *text = fd < 0 ? NULL : calloc(1, BYTES_MAX);
	ssize_t len = text ? read(fd, text, BYTES_MAX - 1) : -1;

	/* the last line says that it is whole */
	if (len > 0 && len < BYTES_MAX - 1 && find(text, "end\n")) {
		lcm->memory = text;
		return true;
	}
	free(text);
	return false;
}

static bool same_line(const char *line, const char *text)
{
	size_t len = strlen(text);

	return line && !strncmp(line, text, len) && (line[len] == '\t' || line[len] == '\n');
}

void memory_load(struct lcm *lcm)
{
	struct lk_err ignored;
	const char *line;
	unsigned life = 0;

	lcm->changed = true;
	if (lk_boot_mark(lcm->boot, &ignored) < 0)
		lcm->boot[0] = '\0';
	lcm->boot[strcspn(lcm->boot, "\n")] = '\0';
	if (!*lcm->boot || !read_file(lcm))
		return;
	if (!same_line(find(lcm->memory, "boot\t"), lcm->boot)) {
		free(lcm->memory);
		lcm->memory = NULL;
		return;
	}
	line = find(lcm->memory, "start\t");
	if (!*lcm->start_id || !lcm->restarted || !same_line(line, lcm->start_id) ||
	    sscanf(line + strlen(lcm->start_id), "\t%8x", &life) != 1 || !life)
		return;
	lcm->remembers = true;
	lcm->incarnation = (uint64_t)life << LIFE_SHIFT | (uint32_t)lcm->incarnation;
}

void memory_peer(struct lcm_peer *peer)
{
	const struct lcm *lcm = peer->lcm;
	char lead[LK_SYS_MAX + 16], state[16];
	unsigned life;

	if (!lcm->remembers)
		return;
	snprintf(lead, sizeof(lead), "peer\t%s\t", peer->name);
	const char *line = find(lcm->memory, lead);
	if (!line || sscanf(line, "%15s\t%8x", state, &life) != 2)
		return;
	peer->life = life;
	if (!strcmp(state, words[ALIVE]))
		peer_recall(&peer->machine, PEER_ALIVE);
	else if (!strcmp(state, words[DEAD]))
		peer_recall(&peer->machine, PEER_DOWN);
}

static void path_lead(const struct lcm_path *path, const struct lcm *lcm, struct lk_buf *buf)
{
	lk_buf_addf(buf, "path\t%s\t%s\t", lcm->peer[path->conf.peer].name, path->conf.device);
}

void memory_path(struct lcm_path *path, struct lcm *lcm)
{
	struct lk_buf LK_AUTO_BUF lead = { 0 };
	unsigned long long downs;

	path_lead(path, lcm, &lead);
	const char *line = lcm->memory && !lead.failed ? find(lcm->memory, lead.data) : NULL;
	if (line && sscanf(line, "%llu", &downs) == 1)
		path->comm_downs = downs;
}

/* ---- writing ---- */

static const char *word_of(const struct lcm_peer *peer)
{
	const struct peer *machine = &peer->machine;

	if (machine->state == PEER_DOWN && machine->handled)
		return words[DEAD];
	/* one that is suspected counts as alive only when it is heard again */
	return machine->settled && (machine->state == PEER_ALIVE || machine->state == PEER_SUSPECT) ?
	       words[ALIVE] : words[OTHER];
}

static void print(const struct lcm *lcm, struct lk_buf *text)
{
	lk_buf_addf(text, "boot\t%s\nstart\t%s\t%08x\n", lcm->boot, lcm->start_id,
		    (unsigned)(lcm->incarnation >> LIFE_SHIFT));
	for (unsigned i = 0; i < BUS_PEERS_MAX; i++)
		if (lcm->peer[i].configured)
			lk_buf_addf(text, "peer\t%s\t%s\t%08x\n", lcm->peer[i].name, word_of(&lcm->peer[i]),
				    lcm->peer[i].life);
	for (unsigned i = 0; i < BUS_PATHS_MAX; i++) {
		if (!lcm->path[i].configured)
			continue;
		path_lead(&lcm->path[i], lcm, text);
		lk_buf_addf(text, "%llu\n", (unsigned long long)lcm->path[i].comm_downs);
	}
	lk_buf_adds(text, "end\n");
}

static int write_file(const struct lcm *lcm, const struct lk_buf *text)
{
	int LK_AUTO_CLOSE fd = openat(lcm->tree.fd, TEMP_NAME,
				      O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0640);
	ssize_t len = fd < 0 ? -1 : write(fd, text->data, text->len);

	if (len < 0 || (size_t)len != text->len) {
		errno = len < 0 ? errno : ENOSPC;
		return -1;
	}
	return renameat(lcm->tree.fd, TEMP_NAME, lcm->tree.fd, FILE_NAME);
}

void memory_save(struct lcm *lcm)
{
	struct lk_buf text = { 0 };

	if (!lcm->changed || !lcm->generation || !*lcm->boot)
		return;
	lcm->changed = false;
	print(lcm, &text);
	if (!text.failed && lcm->saved.data && !strcmp(text.data, lcm->saved.data)) {
		lk_buf_free(&text);
		return;
	}
	lk_buf_free(&lcm->saved);
	lcm->saved = text;
	if (!text.failed && write_file(lcm, &text) == 0) {
		lcm->forgetful = false;
		return;
	}
	/* an old one would be wrong */
	if (!lcm->forgetful)
		lcm_log(lcm, LK_LOG_WARN, LK_M_LCM_FILE, FILE_NAME, strerror(errno));
	lcm->forgetful = true;
	unlinkat(lcm->tree.fd, TEMP_NAME, 0);
	unlinkat(lcm->tree.fd, FILE_NAME, 0);
}
