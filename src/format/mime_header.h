/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A body as the header of its MIME entity (RFC 2045 2.4) describes it. Pure. */
#ifndef ONEHOP_FORMAT_MIME_HEADER_H
#define ONEHOP_FORMAT_MIME_HEADER_H

#include <stddef.h>

#include "format/encode.h"

/* RFC 2046 5.1.1 allows 70; some write more. */
#define ENTITY_BOUNDARY_MAX 200

enum mime_kind {
	ENTITY_LEAF,
	ENTITY_MULTIPART,
	ENTITY_MESSAGE    /* message/rfc822: a header follows */
};

/* Content-Transfer-Encoding. */
enum mime_encoding {
	ENCODING_IDENTITY, /* none, 7bit, 8bit or binary: octets as they are */
	ENCODING_OTHER     /* quoted-printable, base64 or unknown */
};

struct mime_header {
	enum mime_kind kind;
	enum mime_encoding encoding;
	int is_signed;        /* multipart/signed, or the header is */
	int header_is_signed; /* by DKIM-Signature or its like */
	int has_type;         /* there is a Content-Type field */
	int has_version;      /* there is a MIME-Version field */
	char charset[ENCODED_CHARSET_MAX + 1]; /* a token, or "" */
	char boundary[ENTITY_BOUNDARY_MAX + 1]; /* of a multipart */
};

/* Reads a header block, lines ended by LF. A multipart without a usable
 * boundary is a leaf. */
void mime_header_read(struct mime_header *e, const char *header, size_t len);

#endif
