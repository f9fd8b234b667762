/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Readiness, as sd_notify(3) has it: daemons tell us, and we tell systemd. */
#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "world.h"
#include "lk/poison.h"

void notify_name(const struct world *w, const struct daemon *d, char *path, size_t size)
{
	snprintf(path, size, "%s/run/lkinit.%s.notify", w->tree.root, d->row->tag);
}

int notify_open(const struct world *w, struct daemon *d, struct lk_err *err)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	char path[4200];

	notify_name(w, d, path, sizeof(path));
	if (strlen(path) >= sizeof(address.sun_path))
		return lk_fail(err, LK_M_INIT_SOCKET, path, sizeof(address.sun_path) - 1);
	memcpy(address.sun_path, path, strlen(path));
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	unlink(path);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
		int why = errno;

		if (fd >= 0)
			close(fd);
		return lk_fail_errno(err, why, "%s", path);
	}
	chmod(path, 0600);
	d->notify_fd = fd;
	return 0;
}

void notify_close(const struct world *w, struct daemon *d)
{
	char path[4200];

	if (d->notify_fd < 0)
		return;
	notify_name(w, d, path, sizeof(path));
	unlink(path);
	close(d->notify_fd);
	d->notify_fd = -1;
}

static bool has_line(const char *text, const char *line)
{
	size_t len = strlen(line);

	for (const char *at = text; at; at = strchr(at, '\n') ? strchr(at, '\n') + 1 : NULL)
		if (!strncmp(at, line, len) && (!at[len] || at[len] == '\n'))
			return true;
	return false;
}

bool notify_read(const struct daemon *d)
{
	char text[512];
	bool ready = false;
	ssize_t len;

	/* bounded: a daemon that floods us gets its turn like the others */
	for (int i = 0; i < 32; i++) {
		len = recv(d->notify_fd, text, sizeof(text) - 1, 0);
		if (len < 0)
			break;
		text[len] = '\0';
		ready |= has_line(text, "READY=1");
	}
	return ready;
}

void manager_open(struct world *w)
{
	const char *path = getenv("NOTIFY_SOCKET");
	size_t len = path ? strlen(path) : 0;

	w->manager_fd = -1;
	if (len < 2 || len >= sizeof(w->manager.sun_path) || (path[0] != '/' && path[0] != '@'))
		return;
	w->manager.sun_family = AF_UNIX;
	memcpy(w->manager.sun_path, path, len);
	if (path[0] == '@')
		w->manager.sun_path[0] = '\0';
	w->manager_len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
	w->manager_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

void manager_tell(const struct world *w, const char *fmt, ...)
{
	char text[256];
	va_list args;

	if (w->manager_fd < 0)
		return;
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	/* a manager that does not listen must not hold us up */
	(void)!sendto(w->manager_fd, text, strlen(text), MSG_NOSIGNAL,
		      (const struct sockaddr *)&w->manager, w->manager_len);
}
