/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ranges and defaults of the spec, in one place. */
#ifndef LK_LIMITS_H
#define LK_LIMITS_H

#define LK_SYSTEMS_MAX 32		/* spec/core.md 3.0.1, code 6 */
#define LK_INTERVAL_MAX 604800		/* seconds, spec/core.md 3.3.2 */
#define LK_QUICK_DEFAULT 180
#define LK_DEEP_DEFAULT 300
#define LK_PRIORITY_MAX 999		/* what users may give, DC3 */
#define LK_PRIORITY_STORED_MAX 9999	/* temporary values of priority editing, 3.5.4 */
#define LK_PRIORITY_DEFAULT 1
#define LK_OTHERPRIORITY_DEFAULT 10
#define LK_PID_MAX 4194304		/* the kernel's PID_MAX_LIMIT */

/* comm paths, spec/core.md 3.8.1 and 5.1 */
#define LK_PORT_MIN 1500
#define LK_PORT_MAX 10000
#define LK_PORT_STEP 10
#define LK_NET_PRIORITY_MAX 99
#define LK_BAUD_MAX 4000000
#define LK_BAUD_DEFAULT 9600
#define LK_DISK_PRIORITY 61		/* first choice for a DISK path */
#define LK_BEAT_MIN_MS 100
#define LK_BEAT_MAX_MS 60000
#define LK_BEAT_DEFAULT_MS 5000
#define LK_MISSES_MIN 2
#define LK_MISSES_MAX 99
#define LK_MISSES_DEFAULT 3
#define LK_STOP_MAX_MS 600000		/* QUORUM_LOSS_DEADLINE */

#define LK_EPOCH_MAX 999999999999999ULL

#define LK_RESERVE_SECONDS 900		/* RESERVETIMEOUT, spec/core.md 3.11.5 */

#endif
