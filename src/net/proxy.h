/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Requests to a proxy, and octets to and from it, exactly. */
#ifndef ONEHOP_NET_PROXY_H
#define ONEHOP_NET_PROXY_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "net/transport.h"

/* All strings borrowed. */
struct proxy_request {
	const char *host;      /* A-labels or numeric; the proxy resolves it */
	unsigned port;
	const char *user;      /* "" if there is none */
	const char *password;
	int64_t deadline;      /* for the proxy's answer */
};

/* Sends all of it. 0, or -1: the transport's errors, EX_TEMPFAIL "timed
 * out". */
int proxy_put(struct transport *t, const void *data, size_t len,
	int64_t deadline, struct error *err);

/* Takes exactly len octets: what follows belongs to the smarthost. 0, or -1,
 * also EX_TEMPFAIL if the proxy closes before. */
int proxy_get(struct transport *t, void *data, size_t len, int64_t deadline,
	struct error *err);

#endif
