/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Certificates as octets: where they are in a PEM file and whose they are. */
#ifndef ONEHOP_TLS_PEM_H
#define ONEHOP_TLS_PEM_H

#include <stddef.h>

/* Octets that belong to somebody else. */
struct span {
	const unsigned char *data;
	size_t len;
};

/* A certificate in a PEM file (RFC 7468 5); both borrowed from the text. */
struct pem_block {
	struct span whole;  /* from BEGIN to the end of the END line */
	struct span base64; /* between the two, with line ends */
};

/*
 * The first certificate in text; text then begins after it. 1, or 0 without
 * one. OpenSSL's TRUSTED CERTIFICATE carries rules that we do not know and
 * is passed over.
 */
int pem_next(struct span *text, struct pem_block *block);

/* Decodes at most size octets of the block into out; their count, which is
 * what there is before the first octet that is not base64. */
size_t pem_decode(const struct pem_block *block,
	unsigned char *out, size_t size);

/*
 * Finds issuer and subject (RFC 5280 4.1: Name with tag and length) in a DER
 * certificate of which der may be but the beginning; borrowed from it. 1;
 * 0 if they lie after its end; -1 if it is no certificate.
 */
int pem_names(struct span der, struct span *issuer,
	struct span *subject);

#endif
