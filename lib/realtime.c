/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Priority and memory of daemons that must not wait for others. */
#include "lk/realtime.h"

#include <malloc.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "lk/poison.h"

#define LOCK_BYTES (256u << 20)		/* more than 32 peers with full queues ever take */

int lk_realtime(unsigned priority)
{
	const struct sched_param param = { .sched_priority = (int)priority };

	return sched_setscheduler(0, SCHED_RR | SCHED_RESET_ON_FORK, &param);
}

/* Under a low limit that cannot be raised, memory that is locked as it comes would not come at all. */
static bool may_lock_more(void)
{
	struct rlimit memory;

	return getrlimit(RLIMIT_MEMLOCK, &memory) == 0 && memory.rlim_cur >= LOCK_BYTES;
}

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22
#endif

/* The program's own code, also what has not run yet; a kernel that cannot do it reads it when it is needed. */
static void read_code(void)
{
	extern const char __executable_start, etext;
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	uintptr_t from = (uintptr_t)&__executable_start & ~(page - 1);

	(void)!madvise((void *)from, (uintptr_t)&etext - from, MADV_POPULATE_READ);
}

int lk_lock_memory(size_t bytes)
{
	int flags = MCL_CURRENT | MCL_ONFAULT | (may_lock_more() ? MCL_FUTURE : 0);

	mallopt(M_MMAP_MAX, 0);
	mallopt(M_TRIM_THRESHOLD, 4 << 20);
	mallopt(M_TOP_PAD, 64 << 10);
	char *heap = malloc(bytes);
	if (heap)
		memset(heap, 1, bytes);
	free(heap);
	read_code();
	return mlockall(flags);
}
