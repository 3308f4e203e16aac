/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Queries TLSA records (RFC 6698) with a validating resolver of its own,
 * libgnutls-dane, which is loaded on demand. tlsa_query_none.c replaces it if
 * the library was not available at build time.
 */
#ifndef ONEHOP_TLS_TLSA_QUERY_H
#define ONEHOP_TLS_TLSA_QUERY_H

#include <stddef.h>

/* A TLSA record; it may have any values. */
struct tlsa {
	unsigned usage;
	unsigned selector;
	unsigned matching;
	unsigned char *data; /* owned */
	size_t len;
};

enum tlsa_status {
	TLSA_SECURE,      /* validated records are available */
	TLSA_ABSENT,      /* no records; the reason is unknown */
	TLSA_UNSIGNED,
	TLSA_BOGUS,       /* DNSSEC validation failed */
	TLSA_NO_ROOT_KEY, /* the resolver cannot validate: see words */
	TLSA_TROUBLE,     /* the library failed: see words */
	TLSA_NO_LIBRARY   /* not installed: see words */
};

/* Maximum number of records; excess ones are ignored, because each can only add
 * trust. */
#define TLSA_MAX 16

/* {0} is secure and empty. */
struct tlsa_records {
	enum tlsa_status status;
	struct tlsa at[TLSA_MAX];
	size_t n;
	char words[200];
};

/* Queries the records of a TCP port of the host into records, which is empty.
 * Has no timeout. */
void tlsa_query(struct tlsa_records *records, const char *host,
	unsigned port);

#endif
