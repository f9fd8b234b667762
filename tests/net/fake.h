/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A peer that is made of single steps, for those that lie, stumble, or are old. */
#ifndef NET_FAKE_H
#define NET_FAKE_H

#include <gnutls/gnutls.h>

#include "lab.h"

struct fake {
	int fd;
	gnutls_session_t tls;
	gnutls_psk_client_credentials_t cred;
	const char *priority;		/* NULL: as it should be */
	unsigned key;
	const char *name;		/* the identity's system */
};

/* A plain connection from one host of the lab to another; fd, or -1. */
int fake_connect(unsigned from, unsigned to, uint16_t port);
/* TLS over it; 0 or a GnuTLS error. All fake_*() wait, at most a few seconds, while the lab runs on. */
int fake_tls(struct fake *fake);
int fake_send(struct fake *fake, const void *data, size_t len);
/* The next frame: its type, or 0 at the end, -1 after some seconds without one. */
int fake_frame(struct fake *fake, uint8_t *payload, size_t *len);
/* Is the connection closed by the other side, within some seconds? */
bool fake_closed(int fd);
void fake_close(struct fake *fake);
/* A good HELLO of alpha for beta, to be spoiled. */
struct frame_hello fake_hello(uint8_t kind);
int fake_say_hello(struct fake *fake, const struct frame_hello *hello);

#endif
