/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a comm path's addresses, device and numbers may look like. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "lk/limits.h"
#include "lk/msg.h"
#include "lk/name.h"
#include "lk/net.h"
#include "lk/poison.h"

#define ADDRESS_TEXT INET6_ADDRSTRLEN
#define PORT_TEXT sizeof("TCP:4294967295")

/* ---- addresses ---- */

static const char *refuse_v4(const struct in_addr *in)
{
	uint32_t host = ntohl(in->s_addr);

	if (host >> 16 == 0xa9fe)
		return "link-local addresses are not allowed";
	if (host >> 24 == 0 || host >> 28 >= 0xe)
		return "not the address of a system";
	return NULL;
}

static const char *refuse_v6(const struct in6_addr *in)
{
	if (IN6_IS_ADDR_LINKLOCAL(in))
		return "link-local addresses are not allowed";
	if (IN6_IS_ADDR_UNSPECIFIED(in) || IN6_IS_ADDR_MULTICAST(in))
		return "not the address of a system";
	if (IN6_IS_ADDR_V4MAPPED(in) || IN6_IS_ADDR_V4COMPAT(in))
		return "an IPv4 address is to be written as one";
	return NULL;
}

/* The address family with the text as inet_ntop() has it, or 0 with what is wrong. */
static int read_address(const char *text, char canonical[static ADDRESS_TEXT], const char **why)
{
	struct in6_addr six;
	struct in_addr four;

	if (inet_pton(AF_INET, text, &four) == 1) {
		*why = refuse_v4(&four);
		inet_ntop(AF_INET, &four, canonical, ADDRESS_TEXT);
		return *why ? 0 : AF_INET;
	}
	if (inet_pton(AF_INET6, text, &six) == 1) {
		/* ::1 is of the old v4-compatible range, yet an address of its own */
		*why = IN6_IS_ADDR_LOOPBACK(&six) ? NULL : refuse_v6(&six);
		inet_ntop(AF_INET6, &six, canonical, ADDRESS_TEXT);
		return *why ? 0 : AF_INET6;
	}
	*why = "a literal IPv4 or IPv6 address is needed";
	return 0;
}

int lk_net_address(struct lk_lcd *lcd, const char *text, const char **address, struct lk_err *err)
{
	char canonical[ADDRESS_TEXT];
	const char *why;

	if (!read_address(text, canonical, &why))
		return lk_fail(err, LK_M_BAD_ADDRESS, text, why);
	*address = lk_arena_dup(&lcd->arena, canonical);
	return *address ? 0 : lk_fail_nomem(err);
}

static int check_one_address(const char *text, int *family, struct lk_err *err)
{
	char canonical[ADDRESS_TEXT];
	const char *why;

	*family = read_address(text, canonical, &why);
	if (*family && strcmp(text, canonical) != 0)
		why = "not in the usual form";
	return why ? lk_fail(err, LK_M_BAD_ADDRESS, text, why) : 0;
}

static int check_addresses(const struct lk_net *net, struct lk_err *err)
{
	int here = 0, there = 0;
	int rc = check_one_address(net->local, &here, err);

	if (rc == 0)
		rc = check_one_address(net->remote, &there, err);
	if (rc < 0)
		return rc;
	if (here != there)
		return lk_fail(err, LK_M_PATH_RULE, "the two addresses are not of one family");
	if (!strcmp(net->local, net->remote))
		return lk_fail(err, LK_M_PATH_RULE, "both ends have the same address");
	return 0;
}

/* ---- devices ---- */

static const char *refuse_file(const char *text)
{
	if (text[0] != '/' || !text[1])
		return "the path of a device is needed, for instance /dev/ttyS0";
	for (const char *p = text; *p; p++)
		if (*p <= 0x20 || *p >= 0x7f)
			return "only printable ASCII without blanks is allowed";
	return NULL;
}

static bool read_port(const char *text, char canonical[static PORT_TEXT])
{
	unsigned long long port = 0;

	if (strncmp(text, "TCP:", 4) != 0 ||
	    !lk_is_number(text + 4, LK_PORT_MIN, LK_PORT_MAX, &port))
		return false;
	snprintf(canonical, PORT_TEXT, "TCP:%u", (unsigned)port);
	return true;
}

int lk_net_device(struct lk_lcd *lcd, enum lk_net_type type, const char *text, const char **device,
		  struct lk_err *err)
{
	char port[PORT_TEXT];
	const char *why = NULL;

	if (type == LK_NET_TCP && !read_port(text, port))
		why = "TCP:port is needed, with a port from 1500 to 10000";
	else if (type != LK_NET_TCP)
		why = refuse_file(text);
	if (why)
		return lk_fail(err, LK_M_BAD_DEVICE, text, why);
	int rc = lk_check_id(text, err);
	if (rc < 0)
		return rc;
	*device = lk_arena_dup(&lcd->arena, type == LK_NET_TCP ? port : text);
	return *device ? 0 : lk_fail_nomem(err);
}

static int check_device(const struct lk_net *net, struct lk_err *err)
{
	char port[PORT_TEXT];
	const char *why = NULL;

	if (net->type != LK_NET_TCP)
		why = refuse_file(net->device);
	else if (!read_port(net->device, port) || strcmp(port, net->device) != 0)
		why = "TCP:port is needed, with a port from 1500 to 10000";
	return why ? lk_fail(err, LK_M_BAD_DEVICE, net->device, why) : 0;
}

/* ---- one path by itself ---- */

static const unsigned rates[] = { 300, 600, 1200, 1800, 2400, 4800, 9600, 19200, 38400, 57600,
				  115200, 230400, 460800, 500000, 576000, 921600, 1000000,
				  1152000, 1500000, 2000000, 2500000, 3000000, 3500000,
				  LK_BAUD_MAX };

static bool is_rate(unsigned baud)
{
	for (size_t i = 0; i < sizeof(rates) / sizeof(*rates); i++)
		if (rates[i] == baud)
			return true;
	return false;
}

/* What only some types have. */
static const char *refuse_mixture(const struct lk_net *net)
{
	if (net->type == LK_NET_TTY && net->priority)
		return "a TTY path has no priority";
	if (net->type == LK_NET_TTY && !is_rate(net->baud))
		return "this is not a baud rate of a serial line";
	if (net->type != LK_NET_TTY && net->baud)
		return "only a TTY path has a baud rate";
	if (net->type != LK_NET_TCP && (net->local[0] || net->remote[0]))
		return "only a TCP path has addresses";
	if (net->type != LK_NET_TTY && !net->priority)
		return "the priority is missing";
	return NULL;
}

static const char *refuse_beat(const struct lk_net *net)
{
	if (net->interval && (net->interval < LK_BEAT_MIN_MS || net->interval > LK_BEAT_MAX_MS))
		return "the heartbeat interval is out of range";
	if (net->misses && (net->misses < LK_MISSES_MIN || net->misses > LK_MISSES_MAX))
		return "the number of misses is out of range";
	return NULL;
}

int lk_net_check(const struct lk_net *net, struct lk_err *err)
{
	const char *why = refuse_mixture(net);

	if (!why)
		why = refuse_beat(net);
	if (why)
		return lk_fail(err, LK_M_PATH_RULE, why);
	int rc = check_device(net, err);
	return rc < 0 || net->type != LK_NET_TCP ? rc : check_addresses(net, err);
}
