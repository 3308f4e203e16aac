/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * TLSA records (RFC 6698) as a resolver of our own sees them, one that checks
 * the signatures. Made by libgnutls-dane, which is loaded when it is needed;
 * tlsa_query_none.c stands in where it was not there to build with.
 */
#ifndef ONEHOP_TLS_TLSA_QUERY_H
#define ONEHOP_TLS_TLSA_QUERY_H

#include <stddef.h>

/* A record's claim about a certificate; any value may come from the DNS. */
struct tlsa {
	unsigned usage;
	unsigned selector;
	unsigned matching;
	unsigned char *data; /* owned */
	size_t len;
};

enum tlsa_status {
	TLSA_SECURE,      /* signed, and the records are here */
	TLSA_ABSENT,      /* none came; why is not known */
	TLSA_UNSIGNED,
	TLSA_BOGUS,       /* DNSSEC validation failed */
	TLSA_NO_ROOT_KEY, /* the resolver cannot validate: see words */
	TLSA_TROUBLE,     /* the library failed: see words */
	TLSA_NO_LIBRARY   /* there is none: see words */
};

/* More records than that are ignored: each could only add trust. */
#define TLSA_MAX 16

/* {0} is secure and empty. */
struct tlsa_records {
	enum tlsa_status status;
	struct tlsa at[TLSA_MAX];
	size_t n;
	char words[200];
};

/* Fills the empty records with those of the host's TCP port. Takes as long as
 * it takes. */
void tlsa_query(struct tlsa_records *records, const char *host,
	unsigned port);

#endif
