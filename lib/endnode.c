/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The end of this node, at once. */
#include "lk/endnode.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/reboot.h>
#include <unistd.h>

#include "lk/act.h"
#include "lk/cleanup.h"
#include "lk/msg.h"
#include "lk/name.h"
#include "lk/tunable.h"
#include "lk/poison.h"

#define FIRST_PID_NAMESPACE "pid:[4026531836]"	/* a constant of the kernel */

const char *const lk_loss_names[] = { "osu", "fastboot", "fastkill", NULL };

int lk_loss_action(const struct lk_tree *tree, enum lk_loss *loss, struct lk_err *err)
{
	char text[LK_TUNABLE_MAX];
	int rc = lk_tunable(tree, "QUORUM_LOSS_ACTION", text, sizeof(text), err);

	*loss = LK_LOSS_OSU;
	if (rc <= 0)
		return rc;
	rc = lk_parse_choice("QUORUM_LOSS_ACTION", text, lk_loss_names, err);
	if (rc < 0)
		return rc;
	*loss = (enum lk_loss)rc;
	return 0;
}

/* The shortest way: reboot(2) would ask every driver first. Only where /proc is certainly that of the
 * machine that is meant: a container may see its host's. */
static void trigger_reboot(void)
{
	char name[64] = "";

	if (readlink("/proc/self/ns/pid", name, sizeof(name) - 1) < 0 || strcmp(name, FIRST_PID_NAMESPACE) != 0)
		return;
	int LK_AUTO_CLOSE fd = open("/proc/sysrq-trigger", O_WRONLY | O_CLOEXEC);
	if (fd >= 0)
		(void)!write(fd, "b", 1);
}

int lk_endnode(enum lk_loss loss, struct lk_err *err)
{
	const char *how = loss == LK_LOSS_FASTKILL ? "power off" : "reboot";

	if (getenv("LK_KEEP_NODE"))
		return lk_fail(err, LK_M_END_FAILED, how, "LK_KEEP_NODE is set");
	if (loss != LK_LOSS_FASTKILL)
		trigger_reboot();
	reboot(loss == LK_LOSS_FASTKILL ? RB_POWER_OFF : RB_AUTOBOOT);
	return lk_fail(err, LK_M_END_FAILED, how, strerror(errno));
}

static bool may_run(const struct lk_lcd *lcd, const struct lk_ins *ins)
{
	return lk_state_up(ins->state) || ins->resv == LK_RESV_RESTORE ||
	       ins->resv == LK_RESV_RECOVER ||
	       lk_act_is_stuck(lcd, ins);
}

bool lk_anything_runs(const struct lk_lcd *lcd)
{
	for (size_t i = 0; i < lcd->nins; i++)
		if (may_run(lcd, &lcd->ins[i]))
			return true;
	return false;
}
