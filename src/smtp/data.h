/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The content of a transaction, its end and its result. */
#ifndef ONEHOP_SMTP_DATA_H
#define ONEHOP_SMTP_DATA_H

#include <stdint.h>

#include "base/error.h"
#include "envelope/envelope.h"
#include "message/message.h"
#include "smtp/session.h"

/* The command that follows the message in the session. */
enum content_after {
	CONTENT_QUIT, /* QUIT, in one packet with the final dot */
	CONTENT_STAY  /* another message may follow */
};

/* When a step was done: deadline_now, 0 if not reached. */
struct mail_times {
	int64_t authenticated; /* the reply to AUTH came */
	int64_t invited;       /* the envelope was accepted */
	int64_t answered;      /* the reply to the content came */
	int shared;            /* AUTH and envelope went in one flight */
};

/* One mail transaction (RFC 5321 3.3) and its result. */
struct mail {
	struct envelope *envelope;     /* gets the recipients' replies */
	const struct message *message;
	enum content_after after;
	int begun;                     /* MAIL was accepted */
	struct reply final;            /* the last reply to the message */
	struct mail_times times;
};

/*
 * Sends the message after 354, or by BDAT, takes the reply, or LMTP's replies,
 * and records them for the pending recipients. 0: accepted, but for those that
 * LMTP refused. -1: err->outcome tells whether somebody may have the message:
 * it is unknown if no reply follows the end of the content.
 */
int data_send(struct session *s, struct mail *mail, struct error *err);

#endif
