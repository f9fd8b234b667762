/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A peer that is made of single steps, for those that lie, stumble, or are old. */
#include "fake.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lk/poison.h"

#define PATIENCE 4000
#define PRIORITY "NONE:+VERS-TLS1.3:+AES-128-GCM:+AEAD:+ECDHE-PSK:+GROUP-X25519:+SIGN-ALL"

int fake_connect(unsigned from, unsigned to, uint16_t port)
{
	struct sockaddr_in own = { .sin_family = AF_INET }, other = { .sin_family = AF_INET, .sin_port = htons(port) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;

	inet_pton(AF_INET, lab_address(from), &own.sin_addr);
	inet_pton(AF_INET, lab_address(to), &other.sin_addr);
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on));
	if (bind(fd, (struct sockaddr *)&own, sizeof(own)) < 0 ||
	    connect(fd, (struct sockaddr *)&other, sizeof(other)) < 0) {
		diag("fake_connect: %s", strerror(errno));
		close(fd);
		return -1;
	}
	return fd;
}

static int session(struct fake *fake)
{
	static const gnutls_datum_t alpn = { (unsigned char *)"lockkeeper", 10 };
	struct bus_key key = lab_key(fake->key);
	const gnutls_datum_t secret = { key.tls, sizeof(key.tls) };
	char identity[400], *out = identity + snprintf(identity, sizeof(identity), "lockkeeper/");

	for (const char *p = key.print; *p; p++)
		if (*p != ' ')
			*out++ = *p;
	snprintf(out, 300, "/%s", fake->name ? fake->name : "alpha");
	gnutls_psk_allocate_client_credentials(&fake->cred);
	gnutls_psk_set_client_credentials(fake->cred, identity, &secret, GNUTLS_PSK_KEY_RAW);
	gnutls_init(&fake->tls, GNUTLS_CLIENT | GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL);
	int rc = gnutls_priority_set_direct(fake->tls, fake->priority ? fake->priority : PRIORITY, NULL);
	gnutls_credentials_set(fake->tls, GNUTLS_CRD_PSK, fake->cred);
	gnutls_alpn_set_protocols(fake->tls, &alpn, 1, 0);
	gnutls_transport_set_int(fake->tls, fake->fd);
	return rc;
}

int fake_tls(struct fake *fake)
{
	int64_t until = lab_now() + PATIENCE;
	int rc = session(fake);

	if (rc < 0)
		return rc;
	while ((rc = gnutls_handshake(fake->tls)) == GNUTLS_E_AGAIN && lab_now() < until)
		lab_pump(2);
	return rc;
}

int fake_send(struct fake *fake, const void *data, size_t len)
{
	int64_t until = lab_now() + PATIENCE;
	size_t sent = 0;

	while (sent < len && lab_now() < until) {
		ssize_t n = gnutls_record_send(fake->tls, (const char *)data + sent, len - sent);

		if (n == GNUTLS_E_AGAIN)
			lab_pump(2);
		else if (n <= 0)
			return -1;
		else
			sent += (size_t)n;
	}
	return sent == len ? 0 : -1;
}

static int receive(struct fake *fake, uint8_t *data, size_t len)
{
	int64_t until = lab_now() + PATIENCE;
	size_t got = 0;

	while (got < len) {
		ssize_t n = gnutls_record_recv(fake->tls, data + got, len - got);

		if (n == GNUTLS_E_AGAIN && lab_now() < until)
			lab_pump(2);
		else if (n == GNUTLS_E_AGAIN)
			return -1;
		else if (n <= 0)
			return 0;
		else
			got += (size_t)n;
	}
	return 1;
}

int fake_frame(struct fake *fake, uint8_t *payload, size_t *len)
{
	uint8_t head[FRAME_HEAD];
	int rc = receive(fake, head, sizeof(head));
	struct lk_in in = LK_IN(head, sizeof(head));

	if (rc != 1)
		return rc;
	*len = lk_get_u32(&in);
	uint8_t type = lk_get_u8(&in);
	if (*len > FRAME_SMALL_MAX)
		return -1;
	rc = *len ? receive(fake, payload, *len) : 1;
	return rc == 1 ? type : rc;
}

bool fake_closed(int fd)
{
	int64_t until = lab_now() + PATIENCE + 4000;
	char data[256];
	ssize_t n;

	while (((n = recv(fd, data, sizeof(data), MSG_DONTWAIT)) > 0 || (n < 0 && errno == EAGAIN)) &&
	       lab_now() < until)
		lab_pump(5);
	return n == 0 || (n < 0 && errno != EAGAIN);
}

void fake_close(struct fake *fake)
{
	if (fake->tls)
		gnutls_deinit(fake->tls);
	if (fake->cred)
		gnutls_psk_free_client_credentials(fake->cred);
	if (fake->fd >= 0)
		close(fake->fd);
	*fake = (struct fake){ .fd = -1 };
}

struct frame_hello fake_hello(uint8_t kind)
{
	return (struct frame_hello){ .version_min = 1, .version_max = 2, .kind = kind, .incarnation = 0x1234,
				     .port = 1500, .interval = 100, .misses = 5, .from = "alpha", .to = "beta" };
}

int fake_say_hello(struct fake *fake, const struct frame_hello *hello)
{
	uint8_t bytes[FRAME_HEAD + FRAME_SMALL_MAX];
	struct lk_out out = LK_OUT(bytes);

	frame_put_hello(&out, hello);
	return fake_send(fake, out.data, out.len);
}
