/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "route.h"

#include <stdlib.h>
#include <string.h>

#include "escape.h"
#include "http.h"
#include "idna.h"
#include "memory.h"
#include "socks.h"
#include "wait.h"

/* Limit for one address, or for the proxy to answer. */
#define CONNECT_SECONDS 30

int
route_write_name(const char *name, char **wire, struct error *err)
{
	if (name[0] != '\0' && strchr(name, ':') == NULL)
		return idna_to_ascii(name, wire, err);
	*wire = xstrdup(name); /* IPv6 addresses have no labels */
	return 0;
}

/* Appends a host that is used as the account says. */
static int
add_host(struct route *route, const char *name, struct error *err)
{
	const struct account *a = route->account;
	struct smarthost *host;
	char *wire;

	if (route_write_name(name, &wire, err) != 0)
		return wrap(err, "host");
	route->at = xreallocarray(route->at, route->n + 1, sizeof(*host));
	host = &route->at[route->n++];
	host->name = xstrdup(name);
	host->wire = wire;
	host->port = a->port;
	host->tls = a->tls;
	host->tls_starttls = a->tls_starttls;
	host->local = account_host_is_local(a, name);
	return 0;
}

int
route_make(struct route *route, const struct account *a, struct error *err)
{
	memset(route, 0, sizeof(*route));
	route->account = a;
	route->deadline = a->deadline == 0 ? DEADLINE_NONE
	    : deadline_in(1000 * (int64_t)a->deadline);
	if (a->socket[0] != '\0')
		return add_host(route, a->host.n > 0 ? a->host.at[0] : "",
		    err);
	for (size_t i = 0; i < a->host.n; i++)
		if (add_host(route, a->host.at[i], err) != 0)
			return -1;
	return 0;
}

static unsigned
connect_seconds(const struct account *a)
{
	return a->timeout != 0 ? a->timeout : CONNECT_SECONDS;
}

static int
is_proxied(const struct account *a)
{
	return a->proxy_host[0] != '\0' && a->socket[0] == '\0';
}

/* To the smarthost, or to the proxy that leads there. */
static int
open_target(const struct route *route, const struct smarthost *host,
    struct transport **transport, struct connect_result *result,
    struct error *err)
{
	const struct account *a = route->account;
	struct connect_target target = {
		.host = is_proxied(a) ? a->proxy_host : host->wire,
		.port = is_proxied(a) ? a->proxy_port : host->port,
		.socket = a->socket[0] != '\0' ? a->socket : NULL,
		.source_ip = a->source_ip[0] != '\0' ? a->source_ip : NULL,
		.seconds = connect_seconds(a),
		.deadline = route->deadline,
	};

	return connect_open(transport, &target, result, err);
}

static int
pass_proxy(const struct route *route, const struct smarthost *host,
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

	return speak[a->proxy_type](transport, &request, err);
}

int
route_open(const struct route *route, size_t index,
    struct transport **transport, struct connect_result *result,
    struct error *err)
{
	const struct account *a = route->account;
	const struct smarthost *host = &route->at[index];
	char quote[ESCAPE_QUOTE];

	if (open_target(route, host, transport, result, err) != 0)
		return is_proxied(a) && err->signal == 0
		    ? wrap(err, "proxy for %s:%u", host->wire, host->port)
		    : -1;
	if (!is_proxied(a) || pass_proxy(route, host, *transport, err) == 0)
		return 0;
	(*transport)->close(*transport);
	*transport = NULL;
	if (err->signal != 0)
		return -1;
	escape_string(quote, sizeof(quote), a->proxy_host);
	return wrap(err, "cannot connect to %s:%u through proxy %s:%u",
	    host->wire, host->port, quote, a->proxy_port);
}

void
route_free(struct route *route)
{
	for (size_t i = 0; i < route->n; i++) {
		free(route->at[i].name);
		free(route->at[i].wire);
	}
	free(route->at);
	memset(route, 0, sizeof(*route));
}
