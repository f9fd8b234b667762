/* SPDX-License-Identifier: GPL-2.0-or-later */
/* TLS 1.3 with the cluster's key, and nothing else. */
#include "net_world.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lk/cleanup.h"
#include "lk/poison.h"

/* An external key goes with SHA-256 only, thus no AES-256. GnuTLS insists on a kind of signature, although
 * nothing is signed. */
#define PRIORITY "NONE:+VERS-TLS1.3:+AES-128-GCM:+CHACHA20-POLY1305:+AEAD:+ECDHE-PSK:" \
	"+GROUP-X25519:+GROUP-SECP256R1:+SIGN-ECDSA-SECP256R1-SHA256"
#define ALPN "lockkeeper"
#define IDENTITY "lockkeeper/"
#define IDENTITY_MAX (sizeof(IDENTITY) + LK_KEY_PRINT + 1 + LK_SYS_MAX)

static void identity_of(const char *print, const char *name, char text[static IDENTITY_MAX])
{
	char bare[LK_KEY_PRINT];
	size_t n = 0;

	for (; *print; print++)
		if (*print != ' ')
			bare[n++] = *print;
	bare[n] = '\0';
	snprintf(text, IDENTITY_MAX, IDENTITY "%s/%s", bare, name);
}

static int give_key(struct conn *conn, const struct bus_key *from, gnutls_datum_t *key)
{
	key->data = gnutls_malloc(LK_KEY_BYTES);
	if (!key->data)
		return -1;
	memcpy(key->data, from->tls, LK_KEY_BYTES);
	memcpy(conn->key, from->tls, LK_KEY_BYTES);
	key->size = LK_KEY_BYTES;
	return 0;
}

/* The key that the client names, if it is the system that this path leads to. */
static int server_key(gnutls_session_t session, const gnutls_datum_t *username, gnutls_datum_t *key)
{
	struct conn *conn = gnutls_session_get_ptr(session);
	char identity[IDENTITY_MAX];

	for (unsigned i = 0; i < conn->net->keys.n; i++) {
		const struct bus_key *have = &conn->net->keys.key[i];

		identity_of(have->print, conn->path->peer->conf.name, identity);
		if (username->size == strlen(identity) &&
		    !memcmp(username->data, identity, username->size))
			return give_key(conn, have, key);
	}
	conn->refused = "it names another key or another system";
	return -1;
}

static int client_key(gnutls_session_t session, gnutls_datum_t *username, gnutls_datum_t *key)
{
	struct conn *conn = gnutls_session_get_ptr(session);
	const struct bus_keys *keys = &conn->net->keys;
	char identity[IDENTITY_MAX];

	if (keys->n == 0)
		return -1;
	const struct bus_key *use = &keys->key[conn->path->key_at % keys->n];
	identity_of(use->print, conn->net->conf.self, identity);
	username->size = (unsigned)strlen(identity);
	username->data = gnutls_malloc(username->size + 1);
	if (!username->data)
		return -1;
	memcpy(username->data, identity, username->size + 1);
	return give_key(conn, use, key);
}

int tls_start(struct net *net)
{
	int rc = gnutls_priority_init(&net->priority, PRIORITY, NULL);

	if (rc == 0)
		rc = gnutls_psk_allocate_server_credentials(&net->server);
	if (rc == 0)
		rc = gnutls_psk_allocate_client_credentials(&net->client);
	if (rc < 0)
		return rc;
	gnutls_psk_set_server_credentials_function2(net->server, server_key);
	gnutls_psk_set_client_credentials_function2(net->client, client_key);
	return 0;
}

static int session_new(struct conn *conn)
{
	static const gnutls_datum_t alpn = { (unsigned char *)ALPN, sizeof(ALPN) - 1 };
	unsigned flags = GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL | GNUTLS_NO_TICKETS;
	int rc = gnutls_init(&conn->tls, flags | (conn->server ? GNUTLS_SERVER : GNUTLS_CLIENT));

	if (rc < 0)
		return rc;
	gnutls_session_set_ptr(conn->tls, conn);
	rc = gnutls_priority_set(conn->tls, conn->net->priority);
	if (rc == 0)
		rc = gnutls_credentials_set(conn->tls, GNUTLS_CRD_PSK,
					    conn->server ? (void *)conn->net->server : conn->net->client);
	if (rc == 0)
		rc = gnutls_alpn_set_protocols(conn->tls, &alpn, 1, GNUTLS_ALPN_MANDATORY);
	gnutls_transport_set_int(conn->tls, conn->fd);
	return rc;
}

int tls_begin(struct conn *conn)
{
	int rc = session_new(conn);

	if (rc < 0)
		return rc;
	conn->phase = CONN_TLS;
	conn->born = conn->net->now;
	conn->deadline = 0;
	return 0;
}

/* ---- once, at the start ---- */

static int shake(struct conn *client, struct conn *server)
{
	int one = GNUTLS_E_AGAIN, other = GNUTLS_E_AGAIN;

	for (int i = 0; i < 20 && (one != 0 || other != 0); i++) {
		if (one != 0)
			one = gnutls_handshake(client->tls);
		if (other != 0)
			other = gnutls_handshake(server->tls);
		if ((one < 0 && gnutls_error_is_fatal(one)) || (other < 0 && gnutls_error_is_fatal(other)))
			break;
	}
	return one ? one : other;
}

static int exchange(struct conn *client, struct conn *server)
{
	char buffer[64] = "heartbeat";

	if (gnutls_record_send(client->tls, buffer, sizeof(buffer)) != sizeof(buffer) ||
	    gnutls_record_recv(server->tls, buffer, sizeof(buffer)) != sizeof(buffer) ||
	    gnutls_record_send(server->tls, buffer, sizeof(buffer)) != sizeof(buffer) ||
	    gnutls_record_recv(client->tls, buffer, sizeof(buffer)) != sizeof(buffer))
		return GNUTLS_E_SELF_TEST_ERROR;
	return 0;
}

/* With a key of zeros that is forgotten afterwards. */
static int warm(struct net *net, struct conn *client, struct conn *server)
{
	int rc = session_new(client);

	if (rc == 0)
		rc = session_new(server);
	net->keys.n = 1;
	if (rc == 0)
		rc = shake(client, server);
	if (rc == 0)
		rc = exchange(client, server);
	memset(&net->keys, 0, sizeof(net->keys));
	if (client->tls)
		gnutls_deinit(client->tls);
	if (server->tls)
		gnutls_deinit(server->tls);
	return rc;
}

int tls_warm(struct net *net)
{
	int fd[2];
	struct net_peer *peer = &net->peer[0];
	struct net_path path = { .peer = peer };

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fd) < 0)
		return GNUTLS_E_SELF_TEST_ERROR;
	struct conn *client = calloc(2, sizeof(*client)), *server = client + 1;
	int rc = GNUTLS_E_MEMORY_ERROR;
	if (client) {
		*client = (struct conn){ .net = net, .path = &path, .fd = fd[0] };
		*server = (struct conn){ .net = net, .path = &path, .fd = fd[1], .server = true };
		rc = warm(net, client, server);
	}
	free(client);
	close(fd[0]);
	close(fd[1]);
	return rc;
}
