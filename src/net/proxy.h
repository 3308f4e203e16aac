/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Parts shared by both proxy protocols: the request, and exact reads and
 * writes. */
#ifndef ONEHOP_NET_PROXY_H
#define ONEHOP_NET_PROXY_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "net/transport.h"

/* The request; all strings are borrowed. */
struct proxy_request {
	const char *host;      /* A-labels or numeric; the proxy resolves it */
	unsigned port;
	const char *user;      /* "" if there is none */
	const char *password;
	int64_t deadline;      /* for the proxy's answer */
};

/* Sends all len octets. Returns 0 on success; -1 with the transport's error or
 * EX_TEMPFAIL "timed out". */
int proxy_put(struct transport *t, const void *data, size_t len,
	int64_t deadline, struct error *err);

/*
 * Receives exactly len octets, because those that follow come from the
 * smarthost. Returns 0 on success; -1 as proxy_put(), or EX_TEMPFAIL if the
 * proxy closes the connection.
 */
int proxy_get(struct transport *t, void *data, size_t len, int64_t deadline,
	struct error *err);

#endif
