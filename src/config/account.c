/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config/account.h"

#include <stdlib.h>
#include <string.h>

#include "base/xmalloc.h"
#include "config/setting.h"
#include "net/connect.h"
#include "net/socks.h"
#include "net/srv_mx.h"
#include "tls/tls.h"

#define PORT_SMTP 25
#define PORT_SUBMISSIONS 465 /* RFC 8314 3.3: TLS from the start */
#define PORT_SUBMISSION 587

static const size_t offsets[KEYS] = {
#define KEY(key, kind, initial, argument, summary) \
	offsetof(struct account, key),
#include "config/keys.def"
#undef KEY
};

static void *
field(struct account *a, size_t key)
{
	return (char *)a + offsets[key];
}

static const void *
field_of(const struct account *a, size_t key)
{
	return (const char *)a + offsets[key];
}

void
account_init(struct account *a, const char *home)
{
	struct error none = {0}; /* every default is valid */

	memset(a, 0, sizeof(*a));
	a->name = xstrdup("");
	a->origin = xstrdup("");
	a->home = xstrdup(home);
	for (size_t i = 0; i < KEYS; i++)
		setting_store(field(a, i), i, account_keys[i].initial,
		    a->home, &none);
}

int
account_set(struct account *a, const char *name, const char *value,
    struct error *err)
{
	int key = key_resolve(name, &value, err);

	if (key < 0)
		return -1;
	if (key == KEYS)
		return 0;
	return setting_store(field(a, (size_t)key), (size_t)key, value,
	    a->home, err);
}

char *
account_get(const struct account *a, const char *name, size_t index)
{
	const struct key *key = key_find(name);
	size_t i;

	if (key == NULL)
		return NULL;
	i = (size_t)(key - account_keys);
	return setting_show(field_of(a, i), i, index);
}

void
account_copy(struct account *to, const struct account *from)
{
	to->name = xstrdup(from->name);
	to->origin = xstrdup(from->origin);
	to->home = xstrdup(from->home);
	to->elsewhere = from->elsewhere;
	for (size_t i = 0; i < KEYS; i++)
		setting_copy(field(to, i), field_of(from, i), i);
}

int
account_host_is_local(const struct account *a, const char *host)
{
	if (a->socket[0] != '\0')
		return 1;
	if (a->proxy_host[0] != '\0' || a->connect_command[0] != '\0')
		return 0; /* localhost is then the other end's */
	return connect_is_loopback(host);
}

int
account_is_local(const struct account *a)
{
	if (a->socket[0] != '\0')
		return 1;
	for (size_t i = 0; i < a->host.n; i++)
		if (!account_host_is_local(a, a->host.at[i]))
			return 0;
	return a->host.n > 0;
}

/* How many of the hosts are of that kind. */
static size_t
count_hosts(const struct account *a, enum srv_mx_kind kind)
{
	const char *domain;
	size_t n = 0;

	for (size_t i = 0; i < a->host.n; i++)
		n += srv_mx_kind(a->host.at[i], &domain) == kind;
	return n;
}

/* The port that goes without saying; 0 where the DNS says it. */
static unsigned
default_port(const struct account *a)
{
	if (count_hosts(a, SERVICE_SRV) == a->host.n)
		return 0;
	if (count_hosts(a, SERVICE_MX) > 0)
		return PORT_SMTP;
	if (a->tls == SWITCH_ON && a->tls_starttls == SWITCH_OFF)
		return PORT_SUBMISSIONS;
	return account_is_local(a) ? PORT_SMTP : PORT_SUBMISSION;
}

/* What "auto" and a missing port come to. */
static void
resolve(struct account *a)
{
	if (a->tls == SWITCH_AUTO)
		a->tls = account_is_local(a) ? SWITCH_OFF : SWITCH_ON;
	if (a->tls_starttls == SWITCH_AUTO)
		a->tls_starttls = a->port == PORT_SUBMISSIONS ?
		    SWITCH_OFF : SWITCH_ON;
	if (a->port == 0 && a->socket[0] == '\0')
		a->port = default_port(a);
	if (strcmp(a->auth, "auto") == 0) {
		free(a->auth);
		a->auth = xstrdup(a->user[0] != '\0' &&
		    count_hosts(a, SERVICE_MX) == 0 ? "on" : "off");
	}
}

/* Hosts that the DNS names: what it says may be forged. */
static int
check_services(const struct account *a, struct error *err)
{
	size_t srv = count_hosts(a, SERVICE_SRV);
	size_t mx = count_hosts(a, SERVICE_MX);

	if (srv + mx > 0 && a->socket[0] != '\0')
		return fail(err, EX_CONFIG, "expected a host name next to the "
		    "socket, not srv: or mx:");
	if (srv > 0 && a->tls == SWITCH_OFF)
		return fail(err, EX_CONFIG, "expected tls on, as host is srv:");
	if (mx > 0 && strcmp(a->auth, "off") != 0)
		return fail(err, EX_CONFIG, "expected auth off, as host is mx:,"
		    " whose answer may be forged");
	return 0;
}

/* Of several ways to trust, which one? */
static int
check_trust(const struct account *a, struct error *err)
{
	if (a->tls == SWITCH_OFF || a->tls_trust == TLS_TRUST_CA)
		return 0;
	if (a->tls_certcheck == SWITCH_OFF)
		return fail(err, EX_CONFIG, "expected tls_trust ca, as "
		    "tls_certcheck is off");
	if (a->tls_fingerprint.n > 0)
		return fail(err, EX_CONFIG, "expected tls_trust ca, as "
		    "tls_fingerprint says whom to trust");
	return 0;
}

/* RFC 1929 2, RFC 7617 2. */
static int
check_proxy(const struct account *a, struct error *err)
{
	if (a->connect_command[0] != '\0' &&
	    (a->socket[0] != '\0' || a->proxy_host[0] != '\0'))
		return fail(err, EX_CONFIG, "expected one of connect_command, "
		    "socket and proxy_host, as there is one way only");
	if (a->proxy_user[0] == '\0')
		return 0;
	if (a->proxy_type == PROXY_SOCKS5 &&
	    (strlen(a->proxy_user) > SOCKS_SECRET_MAX ||
	    a->proxy_password[0] == '\0' ||
	    strlen(a->proxy_password) > SOCKS_SECRET_MAX))
		return fail(err, EX_CONFIG, "expected a proxy_user and a "
		    "proxy_password of 1 to %d octets", SOCKS_SECRET_MAX);
	if (a->proxy_type == PROXY_HTTP && strchr(a->proxy_user, ':') != NULL)
		return fail(err, EX_CONFIG, "expected a proxy_user without "
		    "\":\" for an HTTP proxy");
	return 0;
}

static int
check_tls(const struct account *a, struct error *err)
{
	if ((a->tls_key_file[0] == '\0') != (a->tls_cert_file[0] == '\0'))
		return fail(err, EX_CONFIG, "expected both tls_key_file and "
		    "tls_cert_file, or neither");
	if (check_trust(a, err) != 0)
		return -1;
	if (a->tls == SWITCH_OFF || a->tls_certcheck == SWITCH_OFF)
		return 0;
	if (a->tls_trust == TLS_TRUST_CA &&
	    a->tls_trust_file[0] == '\0' && a->tls_fingerprint.n == 0)
		return fail(err, EX_CONFIG, "expected a tls_trust_file or a "
		    "tls_fingerprint, as tls is on");
	if (a->socket[0] != '\0' && a->host.n == 0 &&
	    a->tls_host_override[0] == '\0' && a->tls_fingerprint.n == 0)
		return fail(err, EX_CONFIG, "expected tls_host_override, the "
		    "name in the certificate, for tls over a socket");
	return 0;
}

/* Is there a way to authenticate without saying who we are? */
static int
needs_no_user(const struct account *a)
{
	return strcmp(a->auth, "off") == 0 ||
	    strcmp(a->auth, "EXTERNAL") == 0 ||
	    strcmp(a->auth, "GSSAPI") == 0 ||
	    (strcmp(a->auth, "on") == 0 && a->tls_cert_file[0] != '\0');
}

int
account_finish(struct account *a, struct error *err)
{
	if (a->host.n == 0 && a->socket[0] == '\0')
		return fail(err, EX_CONFIG, "expected a host or a socket");
	if (a->protocol == PROTOCOL_LMTP && a->port == 0 &&
	    a->socket[0] == '\0')
		return fail(err, EX_CONFIG,
		    "expected a port or a socket for LMTP");
	resolve(a);
	if (check_services(a, err) != 0)
		return -1;
	if (a->user[0] == '\0' && !needs_no_user(a))
		return fail(err, EX_CONFIG, "expected a user, as auth is %s",
		    a->auth);
	return check_proxy(a, err) != 0 ? -1 : check_tls(a, err);
}

void
account_free(struct account *a)
{
	for (size_t i = 0; i < KEYS; i++)
		setting_free(field(a, i), i);
	free(a->name);
	free(a->origin);
	free(a->home);
	memset(a, 0, sizeof(*a));
}
