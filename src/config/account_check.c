/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config/account_check.h"

#include <stdlib.h>
#include <string.h>

#include "base/xmalloc.h"
#include "format/mechanism.h"
#include "net/socks.h"
#include "net/srv_mx.h"
#include "tls/tls.h"

#define PORT_SMTP 25
#define PORT_SUBMISSIONS 465 /* RFC 8314 3.3: TLS from the start */
#define PORT_SUBMISSION 587

/* Returns the number of hosts of that kind. */
static size_t
count_hosts(const struct account *a, enum srv_mx_kind kind)
{
	const char *domain;
	size_t n = 0;

	for (size_t i = 0; i < a->host.n; i++)
		n += srv_mx_kind(a->host.at[i], &domain) == kind;
	return n;
}

/* Returns the default port; 0 if the DNS provides it. */
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

/* Records the rule for a key that is not set. */
static void
note_rule(struct account *a, size_t key, const char *rule)
{
	if (a->places[key] == NULL)
		account_note(a, key, rule);
}

/* Resolves "auto" and a missing port. */
static void
resolve(struct account *a)
{
	note_rule(a, KEY_tls, "rule: on, but for this machine");
	note_rule(a, KEY_tls_starttls, "rule: off with port 465, else on");
	note_rule(a, KEY_port, "rule: 587; 465 with TLS from the start; 25 on "
	    "this machine or for mx:");
	note_rule(a, KEY_auth, "rule: on if there is a user");
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

/* Checks hosts that the DNS names: its answers may be forged. */
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
	if (srv > 0 && a->tls_trust == TLS_TRUST_TOFU)
		return fail(err, EX_CONFIG, "expected tls_trust ca or dane, as "
		    "host is srv:, whose answer may be forged");
	if (mx > 0 && strcmp(a->auth, "off") != 0)
		return fail(err, EX_CONFIG, "expected auth off, as host is mx:,"
		    " whose answer may be forged");
	return 0;
}

/* Checks that one way to trust is configured. */
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

/* Returns whether the account can authenticate without a user. */
static int
needs_no_user(const struct account *a)
{
	const struct mechanism *m = mechanism_find(a->auth);

	return strcmp(a->auth, "off") == 0 ||
	    (m != NULL && !m->needs_user) ||
	    (strcmp(a->auth, "on") == 0 && a->tls_cert_file[0] != '\0');
}

int
account_check(struct account *a, struct error *err)
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
