/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Converts a message for a transport that cannot take its lines or octets:
 * parts become quoted-printable (RFC 2045 6.7, RFC 6152 3), header lines are
 * folded again. Signed parts are never changed.
 */
#ifndef ONEHOP_MESSAGE_DOWNGRADE_H
#define ONEHOP_MESSAGE_DOWNGRADE_H

#include "base/error.h"
#include "message/message.h"
#include "message/spool.h"

/* The content that the server accepts. */
enum downgrade_target {
	DOWNGRADE_8BITMIME, /* any octets, lines of WIREFORM_LINE_MAX */
	DOWNGRADE_7BIT      /* ASCII alone, the same lines */
};

/* Returns whether the transport requires a conversion of the message. */
int downgrade_is_needed(const struct message *m, enum downgrade_target target);

/* Returns whether the converted message may be too large for memory. */
int downgrade_may_need_file(const struct message *m);

/*
 * Initialises out with the converted message and leaves m unchanged. The
 * message is stored in spool, which is empty before and belongs to out
 * afterwards. Returns 0; -1 with out empty: EX_DATAERR naming the line or field
 * that cannot be converted, EX_IOERR from the spool.
 */
int downgrade_convert(struct message *out, const struct message *m,
	enum downgrade_target target, struct spool *spool,
	struct error *err);

#endif
