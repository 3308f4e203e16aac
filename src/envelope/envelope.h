/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Who the message is from and for (RFC 5321 2.3.1), and the header fields
 * that follow from it.
 */
#ifndef ONEHOP_ENVELOPE_ENVELOPE_H
#define ONEHOP_ENVELOPE_ENVELOPE_H

#include <stddef.h>

#include "base/error.h"
#include "config/account.h"
#include "envelope/request.h"
#include "format/address_parse.h"
#include "format/reply.h"
#include "message/message.h"

struct recipient {
	char *path;          /* local@domain, A-labels, quoted: for RCPT */
	char *notify;        /* NOTIFY of its own, or NULL: the envelope's */
	char *orcpt;         /* ORCPT of its own, or NULL: the path */
	struct reply reply;  /* the server's answer; code 0 until then */
	int blind;           /* named in a Bcc field */
	int pending;         /* accepted by RCPT, the content is to follow */
	int doubtful;        /* the content was sent, no reply is known */
};

struct envelope {
	char *sender;        /* path as above, "" is the null sender */
	struct recipient *to;
	size_t n;
	int smtputf8;        /* a local part or header field needs RFC 6531 */
	char *notify;        /* NOTIFY value, or NULL */
	char *returns;       /* "FULL", "HDRS", or NULL */
	char *envid;         /* as xtext, or NULL */
	char *submitter;     /* AUTH= of onehop's client, as xtext, or NULL */
	char *message_id;    /* of the message, for the log; "" if none */
	char *warning;       /* what the user is told all the same, or NULL */
};

/*
 * Collects sender and recipients (operands, -t's fields; Resent- ones alone
 * if there are any; no duplicates), expands aliases, qualifies bare names with
 * maildomain, then completes the message: Bcc and Return-Path removed, From,
 * Date, Message-ID added where missing, bare names in address fields
 * qualified.
 * Returns 0; -1: EX_USAGE without recipients, EX_DATAERR for an invalid
 * address.
 */
int envelope_make(struct envelope *e, const struct request *request,
	const struct account *a, struct message *m, struct error *err);

/*
 * Sets err to the refusals: each recipient with the server's words. One
 * permanent refusal outranks the temporary ones, since the same message would
 * fail again. Returns -1.
 */
int envelope_blame(const struct envelope *e, struct error *err);

/* Appends the refusals of single recipients to err, but for those whose reply
 * is that to the content. */
void envelope_add_refusals(const struct envelope *e,
	const struct reply *content, struct error *err);

/* Makes the recipients as if they had had no reply. */
void envelope_forget_replies(struct envelope *e);

/* Returns how many recipients have a last reply of that class. */
size_t envelope_count(const struct envelope *e, int class);

/* Returns the refusal of highest rank, or NULL if no recipient was refused. */
const struct reply *envelope_refusal(const struct envelope *e);

void envelope_free(struct envelope *e);

#endif
