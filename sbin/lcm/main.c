/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The communication manager. */
#include "net.h"

#include "lk/poison.h"

int main(void)
{
	return net_run(-1, &(struct net_setup){ .user = "lockkeeper" });
}
