// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A client that all nodes can see: take a page and look every few milliseconds whether it is still ours.
 *
 *	writer PAGE VIOLATIONS NODE TAG
 *
 * It ends when it is killed. Whoever finds that another has taken the page while it goes on itself has seen two
 * owners and says so, in VIOLATIONS. A frozen process sees nothing, as it serves nothing. The shared lock
 * on PAGE tells that there is a writer.
 */
#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "lk/poison.h"

struct page {
	_Atomic uint64_t mark;	/* of who took it last */
	_Atomic uint64_t node;	/* the first bytes of its name */
};

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static struct page *open_page(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT, 0600);	/* stays open, for the lock */
	void *page;

	if (fd < 0 || flock(fd, LOCK_SH) || ftruncate(fd, sizeof(struct page)))
		return NULL;
	page = mmap(NULL, sizeof(struct page), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	return page == MAP_FAILED ? NULL : page;
}

/* One line by one write, so that lines of several nodes do not mix. */
static int tell(char **argv, uint64_t other)
{
	char line[256], name[sizeof(other) + 1] = "";
	int fd = open(argv[2], O_WRONLY | O_APPEND | O_CREAT, 0600), len;
	uint64_t now = now_ns();

	memcpy(name, &other, sizeof(other));
	len = snprintf(line, sizeof(line), "%llu.%06llu %s %s writes, and %s has taken it\n",
		       (unsigned long long)(now / 1000000000), (unsigned long long)(now / 1000 % 1000000),
		       argv[3], argv[4], name);
	return fd < 0 || write(fd, line, (size_t)len) != len;
}

int main(int argc, char **argv)
{
	const struct timespec pause = { .tv_nsec = 10000000 };
	uint64_t node = 0, mark = now_ns() ^ (uint64_t)getpid() << 48;
	struct page *page = argc == 5 ? open_page(argv[1]) : NULL;

	if (!page)
		return 2;
	memcpy(&node, argv[3], strnlen(argv[3], sizeof(node)));
	atomic_store(&page->mark, mark);
	atomic_store(&page->node, node);
	while (atomic_load(&page->mark) == mark)
		nanosleep(&pause, NULL);
	if (tell(argv, atomic_load(&page->node)))
		return 2;
	for (;;)
		sleep(1000);	/* the resource runs on, until its node stops it */
}
