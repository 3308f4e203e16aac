/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A message made fit for a transport that its lines or octets do not suit:
 * parts re-encoded as quoted-printable (RFC 2045 6.7, RFC 6152 3), header
 * lines folded anew. Nothing that is signed is touched.
 */
#ifndef ONEHOP_MESSAGE_DOWNGRADE_H
#define ONEHOP_MESSAGE_DOWNGRADE_H

#include "base/error.h"
#include "message/message.h"
#include "message/spool.h"

/* The content that a server takes. */
enum downgrade_target {
	DOWNGRADE_8BITMIME, /* any octets, lines of WIREFORM_LINE_MAX */
	DOWNGRADE_7BIT      /* ASCII alone, the same lines */
};

/* Returns whether the message does not suit the transport as it is. */
int downgrade_is_needed(const struct message *m, enum downgrade_target target);

/* Returns whether the converted message may be too large for memory. */
int downgrade_may_need_file(const struct message *m);

/*
 * Makes out, which need not be set before, a message that suits; m stays. It
 * is kept in spool, which is empty and becomes out's. 0; -1 with nothing in
 * out: EX_DATAERR naming the line or field that cannot be helped, EX_IOERR
 * from the spool.
 */
int downgrade_convert(struct message *out, const struct message *m,
	enum downgrade_target target, struct spool *spool,
	struct error *err);

#endif
