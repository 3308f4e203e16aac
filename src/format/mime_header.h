/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reads what the header of a MIME entity (RFC 2045 2.4) says about its body.
 * Pure. */
#ifndef ONEHOP_FORMAT_MIME_HEADER_H
#define ONEHOP_FORMAT_MIME_HEADER_H

#include <stddef.h>

#include "format/encode.h"

/* RFC 2046 5.1.1 allows 70 octets; some programs write more. */
#define ENTITY_BOUNDARY_MAX 200

enum mime_kind {
	ENTITY_LEAF,
	ENTITY_MULTIPART,
	ENTITY_MESSAGE    /* message/rfc822: a header follows */
};

/* Content-Transfer-Encoding. */
enum mime_encoding {
	ENCODING_IDENTITY, /* missing, 7bit, 8bit or binary */
	ENCODING_OTHER     /* quoted-printable, base64 or unknown */
};

struct mime_header {
	enum mime_kind kind;
	enum mime_encoding encoding;
	int is_signed;        /* multipart/signed, or header_is_signed */
	int header_is_signed; /* has DKIM-Signature or a similar field */
	int has_type;         /* has a Content-Type field */
	int is_text;          /* of a type text/..., or without a type */
	int is_digest;        /* multipart/digest: its parts are messages */
	int is_binary;        /* its encoding is "binary" */
	int has_version;      /* has a MIME-Version field */
	char charset[ENCODED_CHARSET_MAX + 1]; /* a token, or "" */
	char boundary[ENTITY_BOUNDARY_MAX + 1]; /* of a multipart */
};

/* Reads a header block whose lines end in LF. A multipart without a valid
 * boundary is treated as a leaf. */
void mime_header_read(struct mime_header *e, const char *header, size_t len);

#endif
