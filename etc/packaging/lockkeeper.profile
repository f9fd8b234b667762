# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
# The commands of Lockkeeper are for root.
if [ "$(id -u)" -eq 0 ]; then
	case :$PATH: in
	*:/opt/lockkeeper/bin:*) ;;
	*) PATH=$PATH:/opt/lockkeeper/bin:/opt/lockkeeper/lkadm/bin ;;
	esac
fi
