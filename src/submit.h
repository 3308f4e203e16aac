/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The story of one message: connect, TLS, EHLO, AUTH, envelope, content. */
#ifndef ONEHOP_SUBMIT_H
#define ONEHOP_SUBMIT_H

#include "account.h"
#include "envelope.h"
#include "error.h"
#include "message.h"

/* What is worth a record, whatever the outcome. */
struct submission {
	char address[64];      /* numeric address we talked to */
	char tls[16];          /* "TLS1.3", or "" */
	char mechanism[32];    /* SASL mechanism used, or "" */
	char reply[400];       /* the server's last word, escaped */
};

/* trace: descriptor for the dialogue, or -1. 0 means accepted for every
 * recipient; -1 with err, err->outcome telling whether that is certain. */
int submit(const struct account *a, struct envelope *e,
	const struct message *m, int trace, struct submission *facts,
	struct error *err);

#endif
