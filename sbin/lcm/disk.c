/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The helper process of a shared-disk path: the only one that a hanging device stops. */
#include "disk.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "confine.h"
#include "net.h"
#include "lk/poison.h"

struct disk {
	int fd, bus;
	const struct disk_setup *setup;
	bool checked;			/* the slots are ours, or empty */
	/* O_DIRECT wants aligned memory */
	_Alignas(SEALED_SLOT) uint8_t slot[SEALED_SLOT];
};

/* The page cache would show what this node has read before, not what the other one writes. */
static int open_device(const char *device)
{
	int flags = O_RDWR | O_DSYNC | O_CLOEXEC | O_NOCTTY;
	int fd = open(device, flags | O_DIRECT);
	struct stat st;

	if (fd < 0 && errno == EINVAL)
		fd = open(device, flags);	/* a file system without O_DIRECT */
	if (fd < 0)
		return -1;
	if (fstat(fd, &st) == 0 && (S_ISBLK(st.st_mode) || S_ISREG(st.st_mode)))
		return fd;
	close(fd);
	errno = ENOTBLK;
	return -1;
}

/* A whole slot; what lies behind the end of a file is zero. 0 or errno. */
static int read_slot(struct disk *disk, unsigned which)
{
	ssize_t n = pread(disk->fd, disk->slot, SEALED_SLOT, (off_t)which * SEALED_SLOT);

	if (n < 0)
		return errno;
	memset(disk->slot + n, 0, SEALED_SLOT - (size_t)n);
	return 0;
}

/* Nobody's file system is written over by a wrong name of a device. */
static int check_slot(struct disk *disk, unsigned which)
{
	int error = read_slot(disk, which);

	if (error)
		return error;
	if (sealed_size(disk->slot, SEALED_SLOT) != 0)
		return 0;
	for (size_t i = 0; i < SEALED_SLOT; i++)
		if (disk->slot[i])
			return DISK_FOREIGN;
	return 0;
}

static int check(struct disk *disk)
{
	int error = disk->checked ? 0 : check_slot(disk, 0);

	if (!error && !disk->checked)
		error = check_slot(disk, 1);
	disk->checked = !error;
	return error;
}

static int write_slot(struct disk *disk, unsigned which)
{
	ssize_t n = pwrite(disk->fd, disk->slot, SEALED_SLOT, (off_t)which * SEALED_SLOT);

	if (n < 0)
		return errno;
	return n == SEALED_SLOT ? 0 : EIO;
}

/* The first answers tell what could not be opened; net closes, and main tries again later. */
static bool serve_one(struct disk *disk, int error)
{
	unsigned own = disk->setup->first ? 0 : 1;
	uint8_t request[SEALED_SLOT], answer[DISK_ANSWER];
	struct lk_out out = LK_OUT(answer);

	if (recv(disk->bus, request, sizeof(request), 0) != sizeof(request))
		return false;
	if (!error)
		error = check(disk);
	if (!error) {
		memcpy(disk->slot, request, SEALED_SLOT);
		error = write_slot(disk, own);
	}
	if (!error)
		error = read_slot(disk, !own);
	if (error)
		memset(disk->slot, 0, SEALED_SLOT);
	lk_put_u32(&out, (uint32_t)error);
	lk_put_raw(&out, disk->slot, SEALED_SLOT);
	return send(disk->bus, out.data, out.len, MSG_NOSIGNAL) >= 0;
}

static int serve(int bus, const struct disk_setup *setup)
{
	struct disk disk = { .bus = bus, .setup = setup };
	struct confine_user user;

	if (setup->secret)
		explicit_bzero(setup->secret, setup->secret_len);
	prctl(PR_SET_NAME, "lcm-disk");
	confine_descriptors(bus);
	disk.fd = open_device(setup->device);
	int error = disk.fd < 0 ? errno : 0;
	confine_find_user(setup->user, &user);
	if (confine_privileges(&user) < 0 || (setup->seccomp && confine_calls(CONFINE_DISK) < 0))
		return 1;
	/* after an error of opening one answer, then the end: main is asked for another helper */
	while (serve_one(&disk, error) && !(error && disk.fd < 0))
		;
	return 0;
}

pid_t disk_start(const struct disk_setup *setup, int *fd)
{
	int pair[2];

	*fd = -1;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return -1;
	pid_t pid = fork();
	if (pid == 0)
		_exit(serve(pair[1], setup));
	int error = errno;
	close(pair[1]);
	if (pid < 0) {
		close(pair[0]);
		errno = error;
		return -1;
	}
	*fd = pair[0];
	return pid;
}
