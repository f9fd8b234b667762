/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Running a command on another system of the cluster. */
#include "lk/remote.h"

#include "lk/msg.h"
#include "lk/poison.h"

int lk_remote_run(const struct lk_lcd *lcd, const struct lk_remote_request *request, int *code,
		  struct lk_err *err)
{
	(void)lcd;
	*code = LK_EX_COMM;
	return lk_fail(err, LK_M_OUT_OF_SERVICE, request->dest);
}
