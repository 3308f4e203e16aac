/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The content of a transaction, its end, and what became of it. */
#ifndef ONEHOP_SMTP_DATA_H
#define ONEHOP_SMTP_DATA_H

#include <stdint.h>

#include "base/error.h"
#include "envelope/envelope.h"
#include "message/message.h"
#include "smtp/session.h"

/* What becomes of the session behind the message. */
enum content_after {
	CONTENT_QUIT, /* QUIT rides with the final dot */
	CONTENT_STAY  /* another message may follow */
};

/* When a message got how far: moments, 0 if not reached (wait.h). */
struct mail_times {
	int64_t authenticated; /* AUTH is answered */
	int64_t invited;       /* the envelope is accepted */
	int64_t answered;      /* the content is answered */
	int shared;            /* AUTH and envelope went in one flight */
};

/* One mail transaction (RFC 5321 3.3): what goes, and what came of it. */
struct mail {
	struct envelope *envelope;     /* its recipients' replies are set */
	const struct message *message;
	enum content_after after;
	int begun;                     /* MAIL was accepted */
	struct reply final;            /* the last word on the message */
	struct mail_times times;
};

/*
 * Sends the message behind a 354, or by BDAT, then takes the reply, or LMTP's
 * replies, for the pending recipients and gives them to these. 0: answered,
 * and accepted unless LMTP refused one. -1: err->outcome tells whether nobody
 * or perhaps somebody has it; without a word from the server after the end of
 * the content nothing is certain.
 */
int data_send(struct session *s, struct mail *mail, struct error *err);

#endif
