/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Finds certificates in PEM files and reads their names without parsing them
 * fully. */
#ifndef ONEHOP_TLS_PEM_H
#define ONEHOP_TLS_PEM_H

#include <stddef.h>

/* Borrowed octets. */
struct span {
	const unsigned char *data;
	size_t len;
};

/* A certificate in a PEM file (RFC 7468 5); both parts are borrowed from the
 * text. */
struct pem_block {
	struct span whole;  /* from BEGIN to the end of the END line */
	struct span base64; /* between the two, with line ends */
};

/*
 * Finds the first certificate in text and advances text past it. Returns 1, or
 * 0 if there is no certificate. OpenSSL's TRUSTED CERTIFICATE is skipped
 * because it has rules that onehop does not apply.
 */
int pem_next(struct span *text, struct pem_block *block);

/* Decodes at most size octets of the block into out, up to the first character
 * that is not base64. Returns the number of octets. */
size_t pem_decode(const struct pem_block *block,
	unsigned char *out, size_t size);

/*
 * Finds issuer and subject (RFC 5280 4.1: Name with tag and length) in a DER
 * certificate, of which der may be only the beginning. The results are borrowed
 * from der. Returns 1 on success; 0 if they lie beyond the end of der; -1 if it
 * is not a certificate.
 */
int pem_names(struct span der, struct span *issuer,
	struct span *subject);

#endif
