/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Through an HTTP proxy to the smarthost: CONNECT, RFC 9110 9.3.6. */
#ifndef ONEHOP_NET_HTTP_CONNECT_H
#define ONEHOP_NET_HTTP_CONNECT_H

#include <stddef.h>

#include "net/proxy.h"

/* The limit of a proxy's words before the tunnel begins, octets. */
#define HTTP_HEAD_MAX ((size_t)16 << 10)

/*
 * Asks the HTTP proxy at the other end of t for a tunnel to host and port;
 * with Basic credentials (RFC 7617) if there is a user. 0: t now leads to the
 * smarthost. -1: EX_TEMPFAIL what the proxy would not do, EX_PROTOCOL no HTTP
 * proxy, or an answer longer than HTTP_HEAD_MAX, EX_NOPERM it wants
 * credentials or refuses ours.
 */
int http_connect(struct transport *t, const struct proxy_request *request,
	struct error *err);

/* The code of a status line (RFC 9112 4) of HTTP/1.x, without its line end;
 * 0 if it is no such line. */
int http_connect_status(const char *line, size_t len);

#endif
