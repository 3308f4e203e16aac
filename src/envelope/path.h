/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Writes an address as the path of MAIL and RCPT (RFC 5321 4.1.2). */
#ifndef ONEHOP_ENVELOPE_PATH_H
#define ONEHOP_ENVELOPE_PATH_H

#include "base/error.h"
#include "config/account.h"
#include "format/address.h"

/*
 * Returns the wire form of an address: domain in A-labels, bare name completed
 * with the account's domain; a may be NULL if the address has a domain. role is
 * "sender" or "recipient", for the error. Owned, or NULL with EX_DATAERR.
 */
char *path_write(const struct address *address, const struct account *a,
	const char *role, struct error *err);

/* The same for a text that holds exactly one address. */
char *path_of_text(const char *text, const struct account *a,
	const char *role, struct error *err);

#endif
