/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The hosts of an account in the order to try them; connecting to one. */
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
	char *name;       /* the name its certificate must have, or "" */
	char *wire;       /* A-labels or numeric, to connect to; "" a socket */
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
	size_t n;                      /* at least 1 once it is made */
};

/*
 * Lists the account's hosts, or its socket, and starts the clock of its
 * deadline. srv: and mx: become what the DNS says; a host that srv: leads to
 * outside its domain only if the account vouches for it. 0; -1 EX_DATAERR if a
 * name cannot be one, EX_CONFIG nobody vouches for any, else as srv_mx_find.
 * smarthost_free in either case.
 */
int smarthost_make(struct smarthost_list *route, const struct account *a,
	struct wait_line *waits, struct error *err);

/* The name as the wire and certificates have it: A-labels; addresses stay.
 * 0 with *wire owned by the caller; -1 EX_DATAERR. */
int smarthost_write_name(const char *name, char **wire, struct error *err);

/*
 * Connects to the host at index, by the command or through the proxy if there
 * is one. 0 with *transport owned by the caller; -1 as connect_open,
 * proxy_command_expand, proxy_command_open, socks_connect and http_connect,
 * the error naming the host.
 */
int smarthost_open(const struct smarthost_list *route, size_t index,
	struct transport **transport, struct connect_result *result,
	struct error *err);

void smarthost_free(struct smarthost_list *route);

#endif
