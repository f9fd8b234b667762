/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lk_netprobe: what the kit comm/ip asks of the network, in one program instead of many. */
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lk/cleanup.h"
#include "lk/cmd.h"
#include "lk/ipaddr.h"
#include "lk/msg.h"
#include "lk/name.h"
#include "lk/neigh.h"
#include "lk/ping.h"
#include "lk/poison.h"

/* ---- -c: the canonical spelling ---- */

static int canonical(struct lk_cmd *cmd)
{
	char text[INET6_ADDRSTRLEN];
	struct lk_ip ip;

	for (int i = 0; i < cmd->operands; i++) {
		int rc = lk_ip_parse(cmd->operand[i], &ip, &cmd->err);

		if (rc < 0)
			return rc;
		lk_ip_format(&ip, text);
		puts(text);
	}
	return 0;
}

/* ---- -r: where an address belongs ---- */

/* A number, or a name of the host's files or of the name service. */
static int resolve_name(struct lk_cmd *cmd, const char *name, struct lk_ip *ip)
{
	struct addrinfo hints = { .ai_socktype = SOCK_DGRAM }, *found;
	int rc = getaddrinfo(name, NULL, &hints, &found);

	if (rc)
		return lk_fail(&cmd->err, LK_M_NO_HOST, name, gai_strerror(rc));
	*ip = (struct lk_ip){ .family = found->ai_family };
	if (found->ai_family == AF_INET)
		memcpy(ip->byte, &((struct sockaddr_in *)found->ai_addr)->sin_addr, 4);
	else
		memcpy(ip->byte, &((struct sockaddr_in6 *)found->ai_addr)->sin6_addr, 16);
	freeaddrinfo(found);
	if (!lk_ip_is_unicast(ip))
		return lk_fail(&cmd->err, LK_M_NOT_UNICAST, name);
	return 0;
}

struct place {
	struct lk_ip ip;
	unsigned prefix;	/* 0: not given */
	const char *device;	/* NULL: not given */
};

/* The best of this machine's subnets that hold the address: the narrowest, of the device if one is
 * given. NULL: none. The address itself does not count, it may have been left behind. */
static const struct lk_ifaddr *match(const struct place *place, const char *device,
				     const struct lk_ifaddr *local, size_t n)
{
	const struct lk_ifaddr *best = NULL;

	for (size_t i = 0; i < n; i++) {
		const struct lk_ifaddr *row = &local[i];
		unsigned prefix = place->prefix && place->prefix < row->prefix ? place->prefix :
										 row->prefix;

		if (!row->up || row->loopback || (device && strcmp(row->device, device) != 0) ||
		    lk_ip_equal(&row->ip, &place->ip) ||
		    !lk_ip_same_subnet(&row->ip, &place->ip, prefix))
			continue;
		if (!best || row->prefix > best->prefix)
			best = row;
	}
	return best;
}

static int choose(struct lk_cmd *cmd, struct place *place, const struct lk_ifaddr *local, size_t n)
{
	const struct lk_ifaddr *any = match(place, NULL, local, n);
	const struct lk_ifaddr *here = place->device ? match(place, place->device, local, n) : any;
	char text[INET6_ADDRSTRLEN];

	lk_ip_format(&place->ip, text);
	if (!here && any)
		return lk_fail(&cmd->err, LK_M_OTHER_DEVICE, text, any->prefix, any->device);
	if (!here && (!place->device || !place->prefix))
		return lk_fail(&cmd->err, LK_M_NO_SUBNET, text);
	if (!place->device)
		place->device = here->device;
	if (!place->prefix)
		place->prefix = here->prefix;
	printf("%s %u %s\n", text, place->prefix, place->device);
	return 0;
}

static int resolve(struct lk_cmd *cmd)
{
	struct place place = { .device = lk_cmd_value(cmd, 'i') };
	const char *mask = lk_cmd_value(cmd, 'm');
	struct lk_ifaddr LK_AUTO_FREE *local = NULL;
	size_t n = 0;
	int rc = resolve_name(cmd, cmd->operand[0], &place.ip);

	if (rc == 0 && mask)
		rc = lk_ip_mask(place.ip.family, mask, &place.prefix, &cmd->err);
	if (rc == 0 && place.device && !if_nametoindex(place.device))
		rc = lk_fail(&cmd->err, LK_M_NO_DEVICE, place.device);
	if (rc == 0)
		rc = lk_ip_local(&local, &n, &cmd->err);
	return rc < 0 ? rc : choose(cmd, &place, local, n);
}

/* ---- -p and -a: the neighbours ---- */

static int milliseconds(struct lk_cmd *cmd, unsigned normal, unsigned *ms)
{
	unsigned long long number = normal;
	const char *text = lk_cmd_value(cmd, 'w');
	int rc = text ? lk_parse_number("option -w", text, 1, 600000, &number, &cmd->err) : 0;

	*ms = (unsigned)number;
	return rc;
}

static int probe(struct lk_cmd *cmd, const struct lk_link *link, const struct lk_ip *ip)
{
	unsigned char mac[LK_MAC];
	unsigned ms;
	int rc = milliseconds(cmd, 20, &ms);

	if (rc == 0)
		rc = lk_neigh_probe(link, ip, ms, mac, &cmd->err);
	if (rc <= 0)
		return rc;
	return lk_fail(&cmd->err, LK_M_ADDRESS_TAKEN, cmd->operand[0], mac[0], mac[1], mac[2],
		       mac[3], mac[4], mac[5], lk_cmd_value(cmd, 'i'));
}

static bool still_ours(const char *device, const struct lk_ip *ip)
{
	struct lk_ifaddr LK_AUTO_FREE *local = NULL;
	struct lk_err ignored;
	size_t n = 0;

	if (lk_ip_local(&local, &n, &ignored) < 0)
		return false;
	for (size_t i = 0; i < n; i++)
		if (lk_ip_equal(&local[i].ip, ip) && !strcmp(local[i].device, device))
			return true;
	return false;
}

/* A switch may lose one frame, or learn slowly: say it again for two seconds, in the background, as long
 * as it is true. */
static void repeat(struct lk_cmd *cmd, const struct lk_link *link, const struct lk_ip *ip)
{
	static const long pauses[] = { 100, 400, 1500 };
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (fork() != 0)
		return;
	setsid();
	for (int fd = 0; fd < 3; fd++)
		dup2(null, fd);
	for (size_t i = 0; i < sizeof(pauses) / sizeof(*pauses); i++) {
		struct timespec pause = { pauses[i] / 1000, pauses[i] % 1000 * 1000000 };

		nanosleep(&pause, NULL);
		if (!still_ours(lk_cmd_value(cmd, 'i'), ip) ||
		    lk_neigh_announce(link, ip, &cmd->err) < 0)
			break;
	}
	_exit(0);
}

static int announce(struct lk_cmd *cmd, const struct lk_link *link, const struct lk_ip *ip)
{
	int rc = lk_neigh_announce(link, ip, &cmd->err);

	if (rc == 0)
		repeat(cmd, link, ip);
	return rc;
}

static int neighbours(struct lk_cmd *cmd)
{
	const char *device = lk_cmd_value(cmd, 'i');
	struct lk_link link = { .fd = -1 };
	struct lk_ip ip;
	int rc = lk_ip_parse(cmd->operand[0], &ip, &cmd->err);

	if (rc == 0 && !device)
		rc = lk_fail(&cmd->err, LK_M_OPT_MISSING, 'i');
	if (rc == 0)
		rc = lk_link_open(&link, device, &ip, &cmd->err);
	if (rc == 0)
		rc = lk_cmd_given(cmd, 'p') ? probe(cmd, &link, &ip) : announce(cmd, &link, &ip);
	lk_link_close(&link);
	return rc;
}

/* ---- -u and -x: up and away. What is simple; all else fails with nothing changed, and is left to the kit ---- */

struct local {
	struct lk_ifaddr *row;
	size_t n;
	const struct lk_ifaddr *found;	/* the address, if an interface has it */
};

static int survey(struct lk_cmd *cmd, const struct lk_ip *ip, struct local *local)
{
	int rc = lk_ip_local(&local->row, &local->n, &cmd->err);

	for (size_t i = 0; i < local->n && rc == 0; i++) {
		if (!lk_ip_equal(&local->row[i].ip, ip))
			continue;
		if (local->found)
			return lk_fail(&cmd->err, LK_M_MANY_DEVICES, cmd->operand[0]);
		local->found = &local->row[i];
	}
	return rc;
}

static bool has_link(const struct local *local, const char *device)
{
	for (size_t i = 0; i < local->n; i++)
		if (!strcmp(local->row[i].device, device))
			return local->row[i].up && local->row[i].link;
	return false;
}

/* Before it is there, nobody but us may say that it is; whoever interrupts us learns that it is ours. */
static int add_and_tell(struct lk_cmd *cmd, const struct lk_ifaddr *row)
{
	sigset_t set, old;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, &old);
	int rc = lk_ip_add(row, &cmd->err);
	if (rc == 0) {
		puts("added");
		fflush(stdout);
	}
	sigprocmask(SIG_SETMASK, &old, NULL);
	return rc;
}

static int bring_up(struct lk_cmd *cmd, const struct lk_ifaddr *row, const struct local *local)
{
	struct lk_link link = { .fd = -1 };
	int rc;

	if (local->found)
		return lk_fail(&cmd->err, LK_M_UP_ALREADY, cmd->operand[0], local->found->device);
	if (!has_link(local, row->device))
		return lk_fail(&cmd->err, LK_M_NO_LINK, row->device);
	rc = lk_link_open(&link, row->device, &row->ip, &cmd->err);
	if (rc == 0)
		rc = probe(cmd, &link, &row->ip);
	if (rc == 0)
		rc = add_and_tell(cmd, row);
	if (rc == 0)
		rc = announce(cmd, &link, &row->ip);
	lk_link_close(&link);
	return rc;
}

static int up(struct lk_cmd *cmd)
{
	struct lk_ifaddr row = { .device = "" };
	struct local local = { 0 };
	int rc = lk_ip_parse(cmd->operand[0], &row.ip, &cmd->err);

	for (const char *letter = "im"; *letter && rc == 0; letter++)
		if (!lk_cmd_given(cmd, *letter))
			rc = lk_fail(&cmd->err, LK_M_OPT_MISSING, *letter);
	if (rc == 0)
		rc = lk_ip_mask(row.ip.family, lk_cmd_value(cmd, 'm'), &row.prefix, &cmd->err);
	if (rc < 0)
		return rc;
	snprintf(row.device, sizeof(row.device), "%s", lk_cmd_value(cmd, 'i'));
	rc = survey(cmd, &row.ip, &local);
	if (rc == 0)
		rc = bring_up(cmd, &row, &local);
	free(local.row);
	return rc;
}

/* Has the interface another address of its subnet? Then this one may be secondary, or the other. */
static bool has_brother(const struct local *local)
{
	const struct lk_ifaddr *found = local->found;

	for (size_t i = 0; i < local->n; i++) {
		const struct lk_ifaddr *row = &local->row[i];

		if (row != found && !strcmp(row->device, found->device) && row->ip.family == found->ip.family &&
		    lk_ip_same_subnet(&row->ip, &found->ip, found->prefix))
			return true;
	}
	return false;
}

/* Else the kernel drops all other addresses of a subnet with its first. */
static int keep_brothers(struct lk_cmd *cmd, const char *device)
{
	char path[80];

	snprintf(path, sizeof(path), "/proc/sys/net/ipv4/conf/%s/promote_secondaries", device);
	int LK_AUTO_CLOSE fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, "1", 1) != 1)
		return lk_fail_errno(&cmd->err, errno, "%s", path);
	return 0;
}

static int take_away(struct lk_cmd *cmd, const struct local *local)
{
	struct lk_ip_sources sources;

	if (local->found->ip.family == AF_INET) {
		int rc = lk_ip_sources(&local->found->ip, &sources, &cmd->err);

		if (rc == 0 && (sources.other || (sources.kernel && has_brother(local))))
			rc = lk_fail(&cmd->err, LK_M_IS_SOURCE, cmd->operand[0]);
		if (rc == 0)
			rc = keep_brothers(cmd, local->found->device);
		if (rc < 0)
			return rc;
	}
	return lk_ip_delete(local->found, &cmd->err);
}

static int away(struct lk_cmd *cmd)
{
	struct local local = { 0 };
	struct lk_ip ip;
	int rc = lk_ip_parse(cmd->operand[0], &ip, &cmd->err);

	if (rc == 0)
		rc = survey(cmd, &ip, &local);
	if (rc == 0 && local.found)
		rc = take_away(cmd, &local);
	free(local.row);
	return rc;
}

/* ---- -e: echo ---- */

static int take_targets(struct lk_cmd *cmd, struct lk_ping *ping, struct lk_ip *target)
{
	for (int i = 0; i < cmd->operands; i++) {
		int rc = lk_ip_parse(cmd->operand[i], &target[ping->targets], &cmd->err);

		if (rc < 0)
			return rc;
		if (!ping->source || ping->source->family == target[ping->targets].family)
			ping->targets++;
	}
	return 0;
}

/* -s address or address/prefix; with a prefix the broadcast address is asked, too. */
static int take_source(struct lk_cmd *cmd, struct lk_ip *source, struct lk_ping *ping,
		       struct lk_ip *target)
{
	char text[INET6_ADDRSTRLEN + 8];
	unsigned prefix;

	if (!lk_cmd_value(cmd, 's'))
		return 0;
	snprintf(text, sizeof(text), "%s", lk_cmd_value(cmd, 's'));
	char *slash = strchr(text, '/');
	if (slash)
		*slash++ = '\0';
	int rc = lk_ip_parse(text, source, &cmd->err);
	ping->source = source;
	if (rc < 0 || !slash)
		return rc;
	rc = lk_ip_mask(source->family, slash, &prefix, &cmd->err);
	if (rc == 0)
		lk_ip_everyone(source, prefix, &target[ping->targets++]);
	return rc;
}

static int take_counts(struct lk_cmd *cmd, struct lk_ping *ping)
{
	unsigned long long tries = 1, preload = 1;
	const char *n = lk_cmd_value(cmd, 'n'), *l = lk_cmd_value(cmd, 'l');
	int rc = milliseconds(cmd, 1000, &ping->ms);

	if (rc == 0 && n)
		rc = lk_parse_number("option -n", n, 1, 1000, &tries, &cmd->err);
	if (rc == 0 && l)
		rc = lk_parse_number("option -l", l, 1, 1000, &preload, &cmd->err);
	ping->tries = (unsigned)tries;
	ping->preload = (unsigned)preload;
	return rc;
}

static int echo(struct lk_cmd *cmd)
{
	struct lk_ip LK_AUTO_FREE *target = calloc((size_t)cmd->operands + 1, sizeof(*target));
	struct lk_ping ping = { .device = lk_cmd_value(cmd, 'i'), .target = target };
	char text[INET6_ADDRSTRLEN];
	struct lk_ip source, from;

	if (!target)
		return lk_fail_nomem(&cmd->err);
	int rc = take_source(cmd, &source, &ping, target);
	if (rc == 0)
		rc = take_targets(cmd, &ping, target);
	if (rc == 0)
		rc = take_counts(cmd, &ping);
	if (rc == 0 && ping.targets)
		rc = lk_ping(&ping, &from, &cmd->err);
	if (rc == 0)
		return lk_fail(&cmd->err, LK_M_NO_ANSWER);
	if (rc < 0)
		return rc;
	lk_ip_format(&from, text);
	puts(text);
	return 0;
}

/* ---- the command ---- */

static int run(struct lk_cmd *cmd)
{
	static const struct {
		char letter;
		int (*run)(struct lk_cmd *cmd);
		bool list;
	} modes[] = {
		{ 'c', canonical, true }, { 'r', resolve, false }, { 'p', neighbours, false },
		{ 'a', neighbours, false }, { 'u', up, false }, { 'x', away, false }, { 'e', echo, true },
	};
	size_t n = sizeof(modes) / sizeof(*modes), chosen = n;

	for (size_t i = 0; i < n; i++) {
		if (!lk_cmd_given(cmd, modes[i].letter))
			continue;
		if (chosen < n)
			return lk_cmd_exclusive(cmd, modes[chosen].letter, modes[i].letter);
		chosen = i;
	}
	if (chosen == n)
		return lk_fail(&cmd->err, LK_M_USAGE, "one of -c -r -p -a -u -x -e is needed");
	if (!modes[chosen].list && cmd->operands != 1)
		return lk_fail(&cmd->err, LK_M_USAGE, "one address is needed");
	return modes[chosen].run(cmd);
}

static const struct lk_opt options[] = {
	{ 'c', LK_OPT_FLAG, NULL, "print the addresses in their canonical spelling", NULL },
	{ 'r', LK_OPT_FLAG, NULL, "print address, prefix length and interface of an address or name", NULL },
	{ 'p', LK_OPT_FLAG, NULL, "ask whether another host has the address", NULL },
	{ 'a', LK_OPT_FLAG, NULL, "announce the address", NULL },
	{ 'u', LK_OPT_FLAG, NULL, "ask as -p, give the interface the address, and announce it", NULL },
	{ 'x', LK_OPT_FLAG, NULL, "take the address away from its interface", NULL },
	{ 'e', LK_OPT_FLAG, NULL, "ask the addresses for an echo", NULL },
	{ 'i', LK_OPT_VALUE, "interface", "network interface", NULL },
	{ 'm', LK_OPT_VALUE, "netmask", "prefix length or netmask", NULL },
	{ 's', LK_OPT_VALUE, "source", "source address; with /prefix its subnet is asked", NULL },
	{ 'w', LK_OPT_VALUE, "ms", "milliseconds to wait (default: 20 with -p and -u, 1000 with -e)", NULL },
	{ 'n', LK_OPT_VALUE, "tries", "how often to ask (default 1)", NULL },
	{ 'l', LK_OPT_VALUE, "preload", "packets of the first time (default 1)", NULL },
	LK_OPT_LAST,
};

static const struct lk_cmd_desc desc = {
	.synopsis = "lk_netprobe {-c|-r|-p|-a|-u|-x|-e} [-i interface] [-m netmask] [-s source] [-w ms] "
		    "[-n tries] [-l preload] [address ...]",
	.summary = "Ask the network about addresses, for kits.",
	.options = options,
	.max_operands = -1,
	.run = run,
};

int main(int argc, char **argv)
{
	return lk_cmd_main(&desc, argc, argv);
}
