/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Lists the hosts of an account and connects to them. */
#ifndef ONEHOP_SMTP_SMARTHOST_H
#define ONEHOP_SMTP_SMARTHOST_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "config/account.h"
#include "net/connect.h"
#include "net/transport.h"
#include "net/wait_line.h"

/* One host to try. */
struct smarthost {
	char *name;       /* the name required in the certificate, or "" */
	char *wire;       /* host to connect to: A-labels or numeric; "" for a
	                     socket */
	unsigned port;
	int tls;          /* as the account's keys of these names */
	int tls_starttls;
};

/* {0} is empty. */
struct smarthost_list {
	const struct account *account; /* borrowed */
	int64_t deadline;              /* of the whole run */
	struct wait_line *waits;       /* drawn while it is awaited, or NULL;
	                                  borrowed */
	struct smarthost *at;          /* in the order in which to try them */
	size_t n;                      /* at least 1 after smarthost_make */
};

/*
 * Lists the account's hosts, or its socket, and starts the deadline of the run.
 * srv: and mx: are replaced by the hosts found in the DNS; a host of srv:
 * outside its domain is listed only if the account allows it. Call
 * smarthost_free() in either case. Returns 0 on success; -1 EX_DATAERR for an
 * invalid name, EX_CONFIG if no host is allowed, otherwise as srv_mx_find().
 */
int smarthost_make(struct smarthost_list *route, const struct account *a,
	struct wait_line *waits, struct error *err);

/*
 * Converts a host name to A-labels, as used in the protocol and in
 * certificates; addresses are unchanged. Returns 0 with *wire owned by the
 * caller, -1 EX_DATAERR.
 */
int smarthost_write_name(const char *name, char **wire, struct error *err);

/*
 * Connects to the host at index, by the proxy command or through the proxy if
 * configured. Returns 0 with *transport owned by the caller; -1 as
 * connect_open(), proxy_command_expand(), proxy_command_open(), socks_connect()
 * and http_connect(), with the host named in the error.
 */
int smarthost_open(const struct smarthost_list *route, size_t index,
	struct transport **transport, struct connect_result *result,
	struct error *err);

void smarthost_free(struct smarthost_list *route);

#endif
