# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2016	# the nodes expand what stands in single quotes
# Two nodes of a lab that lkcli makes a cluster of, and a web server for it, as an administrator would. For tests and
# bench; load it after lab.bash and one that has the verb on.
#
#	web_scripts DIRECTORY	configuration of nginx, and start, stop and check for the kit gen/app: / tells the
#				node, and all else is what is in /run/site
#	web_cluster		alpha and beta become a cluster with two comm paths
#	alive_on NODE SYSTEM	does NODE see SYSTEM as ALIVE?

web_scripts() {	# DIRECTORY
	mkdir -p "$1"
	cat >"$1/nginx.conf" <<-'END'
		pid /run/web.pid;
		error_log /run/web.log;
		events { }
		http {
			access_log off;
			client_body_temp_path /run/web-1;
			proxy_temp_path /run/web-2;
			fastcgi_temp_path /run/web-3;
			uwsgi_temp_path /run/web-4;
			scgi_temp_path /run/web-5;
			server {
				listen 80;
				root /run/site;
				location = / { return 200 "$hostname\n"; }
			}
		}
	END
	printf '#!/bin/sh\nexec nginx -c "$LKROOT/web/nginx.conf"\n' >"$1/start"
	cat >"$1/stop" <<-'END'
		#!/bin/sh
		read -r pid 2>/dev/null </run/web.pid || exit 0
		kill "$pid" 2>/dev/null
		while kill -0 "$pid" 2>/dev/null; do sleep 0.002; done
	END
	printf '#!/bin/sh\n{ read -r pid </run/web.pid && kill -0 "$pid"; } 2>/dev/null || exit 1\n' >"$1/check"
	chmod 755 "$1"/*
}

alive_on() {	# NODE SYSTEM
	[ "$(on "$1" sys_getst -s "$2" 2>/dev/null)" = ALIVE ]
}

web_cluster() {
	on alpha lkcli cluster init || return
	cp -p "$(lab root alpha)/etc/lkkey" "$(lab root beta)/etc/lkkey"
	on alpha lkcli commpath create --dest beta --laddr 10.1.0.1 --raddr 10.1.0.2 --laddr 10.2.0.1 --raddr 10.2.0.2 &&
		on beta lkcli cluster join --to alpha --laddr 10.1.0.2 --raddr 10.1.0.1 --laddr 10.2.0.2 --raddr 10.2.0.1 &&
		wait_until 30 alive_on alpha beta
}
