/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Connects through an HTTP proxy: CONNECT, RFC 9110 9.3.6. */
#ifndef ONEHOP_NET_HTTP_CONNECT_H
#define ONEHOP_NET_HTTP_CONNECT_H

#include <stddef.h>

#include "net/proxy.h"

/* Maximum length of the proxy's response header, octets. */
#define HTTP_HEAD_MAX ((size_t)16 << 10)

/*
 * Asks the HTTP proxy at the other end of t for a tunnel to host and port, with
 * Basic credentials (RFC 7617) if a user is given. Returns 0 on success: t now
 * leads to the smarthost. Returns -1: EX_TEMPFAIL if the proxy refuses or
 * fails, EX_PROTOCOL if it is not an HTTP proxy or its response exceeds
 * HTTP_HEAD_MAX, EX_NOPERM if it requires credentials or refuses them.
 */
int http_connect(struct transport *t, const struct proxy_request *request,
	struct error *err);

/* Returns the code of an HTTP/1.x status line (RFC 9112 4), passed without its
 * line end; 0 if it is not a status line. */
int http_connect_status(const char *line, size_t len);

#endif
