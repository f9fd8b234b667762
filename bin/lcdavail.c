/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lcdavail: initialise the resources at the start of Lockkeeper (spec/core.md 5.6.3, 4.2). */
#include "lk/boot.h"
#include "lk/cmd.h"
#include "lk/recovery.h"
#include "lk/recovery_cmd.h"
#include "lk/poison.h"

static int run(struct lk_cmd *cmd)
{
	struct lk_recovery recovery = { .event = LK_EVENT_AVAIL };
	int rc = lk_boot_begin(&cmd->err);

	return rc < 0 ? rc : lk_recovery_cmd(cmd, &recovery);
}

static const struct lk_opt options[] = {
	LK_OPT_LAST,
};

static const struct lk_cmd_desc desc = {
	.synopsis = "lcdavail",
	.summary = "Initialise the resources of this system; the event lcm_avail runs it.",
	.options = options,
	.run = run,
};

int main(int argc, char **argv)
{
	return lk_cmd_main(&desc, argc, argv);
}
