/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "smtp/smarthost.h"

#include <stdlib.h>
#include <string.h>

#include "base/escape.h"
#include "base/poll.h"
#include "base/xmalloc.h"
#include "format/domain.h"
#include "net/http_connect.h"
#include "net/proxy_command.h"
#include "net/socks.h"
#include "net/srv_mx.h"
#include "tls/tls.h"

/* Time limit for one address, or for the proxy's answer. */
#define CONNECT_SECONDS 30

#define PORT_SUBMISSION 587
#define PORT_SUBMISSIONS 465

#define OFFLINE "check that this machine is online"

/* A trailing dot makes a name absolute; only the resolver gets it. */
static int
write_absolute(const char *name, char **wire, struct error *err)
{
	char *relative = xstrndup(name, strlen(name) - 1), *ascii;
	int result = domain_to_ascii(relative, &ascii, err);

	free(relative);
	if (result != 0)
		return -1;
	*wire = xasprintf("%s.", ascii);
	free(ascii);
	return 0;
}

int
smarthost_write_name(const char *name, char **wire, struct error *err)
{
	size_t len = strlen(name);

	if (len > 1 && name[len - 1] == '.')
		return write_absolute(name, wire, err);
	if (len > 0 && strchr(name, ':') == NULL)
		return domain_to_ascii(name, wire, err);
	*wire = xstrdup(name); /* IPv6 addresses have no labels */
	return 0;
}

/* Appends a host to the route; name and wire become the route's. */
static struct smarthost *
add(struct smarthost_list *route, char *name, char *wire)
{
	const struct account *a = route->account;
	struct smarthost *host;

	route->at = xgrow(route->at, route->n, sizeof(*host));
	host = &route->at[route->n++];
	host->name = name;
	host->wire = wire;
	host->port = a->port;
	host->tls = a->tls;
	host->tls_starttls = a->tls_starttls;
	return host;
}

/* Appends a host that is used with the account's settings. */
static int
add_host(struct smarthost_list *route, const char *name, struct error *err)
{
	char *wire;

	if (smarthost_write_name(name, &wire, err) != 0)
		return wrap(err, "host");
	add(route, xstrdup(name), wire);
	return 0;
}

/*
 * Returns whether the password may be sent to the host (RFC 6186 6). A DNS
 * answer may be forged, and the forger may have a certificate for the name in
 * it. So the user must have confirmed a name outside the domain, or configured
 * the name in the certificate.
 */
static int
is_confirmed(const struct account *a, const struct service *service)
{
	if (service->vouched)
		return 1;
	for (size_t i = 0; i < a->srv_targets.n; i++)
		if (domain_is_within(service->host, a->srv_targets.at[i]))
			return 1;
	return a->tls_certcheck && a->tls_trust == TLS_TRUST_CA &&
	    (a->tls_host_override[0] != '\0' || a->tls_fingerprint.n > 0);
}

/* Appends the submission servers that the DNS names and the user can trust. */
static int
add_submission(struct smarthost_list *route, const struct services *found,
    const char *domain, struct error *err)
{
	size_t before = route->n;
	char quote[ESCAPE_QUOTE];

	for (size_t i = 0; i < found->n; i++) {
		const struct service *service = &found->at[i];
		struct smarthost *host;

		if (!is_confirmed(route->account, service))
			continue;
		host = add(route, xstrdup(service->host),
		    xstrdup(service->host));
		host->port = service->port;
		host->tls_starttls = service->starttls;
	}
	if (route->n > before)
		return 0;
	escape_string(quote, sizeof(quote), domain);
	fail(err, EX_CONFIG, "SRV record of %s points to %s in another "
	    "domain, which may be forged", quote, found->at[0].host);
	return hint(err, "if this is the right server, add: srv_targets %s",
	    found->at[0].host);
}

/* Appends the domain's mail exchangers, which get no password. */
static void
add_exchangers(struct smarthost_list *route, const struct services *found)
{
	for (size_t i = 0; i < found->n; i++)
		add(route, xstrdup(found->at[i].host),
		    xstrdup(found->at[i].host));
}

static unsigned
connect_seconds(const struct account *a)
{
	return a->timeout != 0 ? a->timeout : CONNECT_SECONDS;
}

/* Appends the hosts of one word of the key host. */
static int
add_word(struct smarthost_list *route, const char *word, struct error *err)
{
	const char *domain;
	enum srv_mx_kind kind = srv_mx_kind(word, &domain);
	struct services *found;
	int result;

	if (kind == SERVICE_NONE)
		return add_host(route, word, err);
	found = xmalloc(sizeof(*found));
	result = srv_mx_find(found, kind, domain,
	    deadline_first(route->deadline, deadline_in(1000 *
	    (int64_t)connect_seconds(route->account))), route->waits, err);
	if (result != 0 && err->code == EX_TEMPFAIL && err->signal == 0)
		hint(err, OFFLINE);
	if (result == 0 && kind == SERVICE_SRV)
		result = add_submission(route, found, domain, err);
	else if (result == 0)
		add_exchangers(route, found);
	free(found);
	return result;
}

/* A host that the DNS does not resolve is skipped if there is another. */
static int
add_words(struct smarthost_list *route, const struct string_list *words,
    struct error *err)
{
	struct error first = {0};

	for (size_t i = 0; i < words->n; i++) {
		if (add_word(route, words->at[i], err) == 0)
			continue;
		if (err->signal != 0 || err->code == EX_DATAERR)
			return -1;
		if (first.code == 0)
			first = *err;
	}
	if (route->n == 0)
		*err = first;
	else
		memset(err, 0, sizeof(*err));
	return route->n > 0 ? 0 : -1;
}

int
smarthost_make(struct smarthost_list *route, const struct account *a,
    struct wait_line *waits, struct error *err)
{
	memset(route, 0, sizeof(*route));
	route->waits = waits;
	route->account = a;
	route->deadline = a->deadline == 0 ? DEADLINE_NONE
	    : deadline_in(1000 * (int64_t)a->deadline);
	if (a->socket[0] != '\0')
		return add_host(route, a->host.n > 0 ? a->host.at[0] : "",
		    err);
	return add_words(route, &a->host, err);
}

static int
is_proxied(const struct account *a)
{
	return a->proxy_host[0] != '\0' && a->socket[0] == '\0';
}

/* Connects to the smarthost, or to the proxy that leads there. */
static int
open_target(const struct smarthost_list *route, const struct smarthost *host,
    struct transport **transport, struct connect_result *result,
    struct error *err)
{
	const struct account *a = route->account;
	struct connect_target target = {
		.host = is_proxied(a) ? a->proxy_host : host->wire,
		.port = is_proxied(a) ? a->proxy_port : host->port,
		.family = a->address_family,
		.socket = a->socket[0] != '\0' ? a->socket : NULL,
		.source_ip = a->source_ip[0] != '\0' ? a->source_ip : NULL,
		.seconds = connect_seconds(a),
		.deadline = route->deadline,
		.waits = route->waits,
	};

	return connect_open(transport, &target, result, err);
}

static int
pass_proxy(const struct smarthost_list *route, const struct smarthost *host,
    struct transport *transport, struct error *err)
{
	static int (*const speak[])(struct transport *,
	    const struct proxy_request *, struct error *) = {
		[PROXY_SOCKS5] = socks_connect,
		[PROXY_HTTP] = http_connect
	};
	const struct account *a = route->account;
	struct proxy_request request = {
		.host = host->wire,
		.port = host->port,
		.user = a->proxy_user,
		.password = a->proxy_password,
		.deadline = deadline_first(route->deadline,
		    deadline_in(1000 * (int64_t)connect_seconds(a))),
	};

	wait_line_begin(route->waits, "the proxy");
	return speak[a->proxy_type](transport, &request, err);
}

static int
start_command(const struct smarthost_list *route, const struct smarthost *host,
    struct transport **transport, struct connect_result *result,
    struct error *err)
{
	char *command = proxy_command_expand(route->account->connect_command,
	    host->wire, host->port, err);
	int status;

	memset(result, 0, sizeof(*result));
	if (command == NULL)
		return -1;
	result->resolved_ms = deadline_now();
	status = proxy_command_open(transport, command, err);
	if (status == 0)
		(*transport)->waits = route->waits;
	result->connected_ms = deadline_now();
	free(command);
	return status;
}

/* Adds a hint for the most frequent reasons why no connection is made. */
static void
hint_at_network(const struct smarthost *host,
    const struct connect_result *result, struct error *err)
{
	if (err->code != EX_TEMPFAIL)
		return;
	if (result->resolved_ms == 0 || result->unreachable)
		hint(err, OFFLINE);
	else if (result->refused && host->port == PORT_SUBMISSION)
		hint(err, "try port 465 with tls_starttls off; a relay "
		    "without authentication may listen on port 25");
	else if (result->refused && host->port == PORT_SUBMISSIONS)
		hint(err, "try port 587 with tls_starttls on");
}

int
smarthost_open(const struct smarthost_list *route, size_t index,
    struct transport **transport, struct connect_result *result,
    struct error *err)
{
	const struct account *a = route->account;
	const struct smarthost *host = &route->at[index];
	char server[ESCAPE_QUOTE], proxy[ESCAPE_QUOTE];

	escape_server(server, sizeof(server), host->wire, host->port);
	if (a->connect_command[0] != '\0')
		return start_command(route, host, transport, result, err);
	memset(result, 0, sizeof(*result));
	if (open_target(route, host, transport, result, err) != 0) {
		if (err->signal != 0)
			return -1;
		hint_at_network(host, result, err);
		return is_proxied(a) ? wrap(err, "proxy for %s", server) : -1;
	}
	result->local &= !is_proxied(a);
	if (!is_proxied(a) || pass_proxy(route, host, *transport, err) == 0)
		return 0;
	(*transport)->close(*transport);
	*transport = NULL;
	if (err->signal != 0)
		return -1;
	return wrap(err, "cannot connect to %s through proxy %s", server,
	    escape_server(proxy, sizeof(proxy), a->proxy_host,
	    a->proxy_port));
}

void
smarthost_free(struct smarthost_list *route)
{
	for (size_t i = 0; i < route->n; i++) {
		free(route->at[i].name);
		free(route->at[i].wire);
	}
	free(route->at);
	memset(route, 0, sizeof(*route));
}
