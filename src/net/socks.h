/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Through a SOCKS5 proxy to the smarthost: RFC 1928, RFC 1929. */
#ifndef ONEHOP_NET_SOCKS_H
#define ONEHOP_NET_SOCKS_H

#include "net/proxy.h"

/* Longest user name and password, octets: RFC 1929 2. */
#define SOCKS_SECRET_MAX 255

/*
 * Asks the SOCKS5 server at the other end of t to connect to host and port;
 * with user and password if there are any and it wants them. 0: t now leads to
 * the smarthost. -1: EX_TEMPFAIL what the proxy or the network would not do,
 * EX_PROTOCOL no SOCKS5 server, EX_NOPERM it wants authentication that we do
 * not have or refuses ours.
 */
int socks_connect(struct transport *t, const struct proxy_request *request,
	struct error *err);

#endif
