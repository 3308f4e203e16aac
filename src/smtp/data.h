/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The content of a transaction and the replies to it. */
#ifndef ONEHOP_SMTP_DATA_H
#define ONEHOP_SMTP_DATA_H

#include <stdint.h>

#include "base/error.h"
#include "envelope/envelope.h"
#include "message/message.h"
#include "smtp/session.h"

/* The command sent after the message. */
enum content_after {
	CONTENT_QUIT, /* QUIT, in the same packet as the final dot */
	CONTENT_STAY  /* another message may follow */
};

/* When each step was completed, as of deadline_now(); 0 if not reached. */
struct mail_times {
	int64_t authenticated; /* the reply to AUTH came */
	int64_t invited;       /* the envelope was accepted */
	int64_t answered;      /* the reply to the content came */
	int shared;            /* AUTH and envelope were pipelined together */
};

/* One mail transaction (RFC 5321 3.3) and its result. */
struct mail {
	struct envelope *envelope;     /* the recipients' replies are set */
	const struct message *message;
	enum content_after after;
	int begun;                     /* MAIL was accepted */
	struct reply final;            /* the last reply to the message */
	struct mail_times times;
};

/*
 * Sends the message after 354 or by BDAT, reads the reply, or the replies of
 * LMTP, and records them for the pending recipients. Returns 0 if the message
 * is accepted, except for recipients that LMTP refused. Returns -1 with
 * err->outcome set; it is unknown if there is no reply after the end of the
 * content.
 */
int data_send(struct session *s, struct mail *mail, struct error *err);

#endif
