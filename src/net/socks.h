/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Connects through a SOCKS5 proxy: RFC 1928, RFC 1929. */
#ifndef ONEHOP_NET_SOCKS_H
#define ONEHOP_NET_SOCKS_H

#include "net/proxy.h"

/* Maximum length of user name and password, octets: RFC 1929 2. */
#define SOCKS_SECRET_MAX 255

/*
 * Asks the SOCKS5 server at the other end of t to connect to host and port.
 * User and password are sent if they are given and the server asks for them.
 * Returns 0 on success: t now leads to the smarthost. Returns -1: EX_TEMPFAIL
 * if the proxy or the network refuses or fails, EX_PROTOCOL if it is not a
 * SOCKS5 server, EX_NOPERM if it requires authentication that is not configured
 * or refuses the credentials.
 */
int socks_connect(struct transport *t, const struct proxy_request *request,
	struct error *err);

#endif
