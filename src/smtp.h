/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The client's side of RFC 5321, one function per verb, in protocol order. */
#ifndef ONEHOP_SMTP_H
#define ONEHOP_SMTP_H

#include <stddef.h>
#include <stdint.h>

#include "account.h"
#include "envelope.h"
#include "error.h"
#include "message.h"
#include "reply.h"
#include "sasl.h"
#include "stream.h"
#include "tls.h"

/* Extensions that EHLO may offer; bits of session.offers. */
enum extension {
	EXT_STARTTLS = 1 << 0,
	EXT_AUTH = 1 << 1,
	EXT_PIPELINING = 1 << 2,
	EXT_SIZE = 1 << 3,
	EXT_8BITMIME = 1 << 4,
	EXT_SMTPUTF8 = 1 << 5,
	EXT_DSN = 1 << 6,
	EXT_ENHANCEDSTATUSCODES = 1 << 7
};

struct session {
	struct stream stream;
	const struct account *account;  /* borrowed */
	unsigned offers;                /* enum extension, of the last EHLO */
	uint64_t max_size;              /* SIZE's limit, 0 = none told */
	char mechanisms[512];           /* AUTH's list, upper case */
	struct tls_facts tls;           /* version "" while in clear */
	int confidential;               /* TLS verified, or this machine */
	int intact;                     /* in sync: QUIT may be sent */
	struct reply reply;             /* the last one read */
};
#endif
