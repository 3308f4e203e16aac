/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Through a proxy to the smarthost: SOCKS5, RFC 1928. */
#ifndef ONEHOP_PROXY_H
#define ONEHOP_PROXY_H

#include <stdint.h>

#include "error.h"
#include "transport.h"

/*
 * Asks the SOCKS5 server at the other end of t, without authentication, to
 * connect to host (A-labels, or a numeric address) and port; it resolves the
 * name. 0: t now leads to the smarthost. -1: EX_TEMPFAIL what the proxy or the
 * network would not do, EX_PROTOCOL no SOCKS5 server, EX_NOPERM it wants
 * authentication.
 */
int proxy_socks5(struct transport *t, const char *host, unsigned port,
	int64_t deadline, struct error *err);

#endif
