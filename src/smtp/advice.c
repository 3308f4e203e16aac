/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "smtp/advice.h"

#include <string.h>

#define TO(command) (1u << REPLY_TO_##command)
#define TO_TRANSACTION (TO(MAIL) | TO(RCPT) | TO(DATA) | TO(CONTENT))
#define NOT_OWNED "the account may not send as this address: set from to an " \
	"address that it owns"

/* The condition under which a hint applies. */
enum circumstance {
	ALWAYS,
	WITHOUT_USER,
	NULL_SENDER,
	PIPELINED
};

/* The first match is used. Codes and details are those of reply_matches(). */
static const struct {
	unsigned commands;
	const char *code;
	const char *detail;
	enum circumstance when;
	const char *words;
} advices[] = {
	{ TO_TRANSACTION, "530", "", WITHOUT_USER,
	    "the server requires authentication: set user and a password" },
	{ TO(MAIL), "5..", "", NULL_SENDER,
	    "if the server refuses the null sender, set "
	    "allow_from_override off" },
	{ TO_TRANSACTION, "5..", "2.252", ALWAYS, NOT_OWNED },
	{ TO_TRANSACTION, "5..", "7.60", ALWAYS, NOT_OWNED },
	{ TO(MAIL), "553", "", ALWAYS, NOT_OWNED },
	{ TO(RCPT), "553", "7.", ALWAYS, NOT_OWNED },
	{ TO(RCPT), "500", "", PIPELINED,
	    "if the server does not handle pipelined commands, set pipelining "
	    "off" },
	{ TO(RCPT), "502", "", PIPELINED,
	    "if the server does not handle pipelined commands, set pipelining "
	    "off" },
	{ TO(EHLO) | TO(EHLO_TLS), "501", "", ALWAYS,
	    "if the server does not accept the EHLO name, set domain" },
	{ TO(EHLO) | TO(EHLO_TLS), "504", "", ALWAYS,
	    "if the server does not accept the EHLO name, set domain" },
	{ TO(EHLO) | TO(EHLO_TLS), "550", "", ALWAYS,
	    "if the server does not accept the EHLO name, set domain" },
};

static int
applies(enum circumstance when, const struct session *s, const char *sender)
{
	switch (when) {
	case WITHOUT_USER:
		return s->account->user[0] == '\0';
	case NULL_SENDER:
		return sender != NULL && sender[0] == '\0';
	case PIPELINED:
		return s->account->pipelining &&
		    session_can(s, EXT_PIPELINING);
	default:
		return 1;
	}
}

void
advice_hint(const struct session *s, enum reply_to command,
    const struct reply *r, const char *sender, struct error *err)
{
	for (size_t i = 0; i < sizeof(advices) / sizeof(advices[0]); i++)
		if ((advices[i].commands & 1u << command) &&
		    reply_matches(r, advices[i].code, advices[i].detail) &&
		    applies(advices[i].when, s, sender)) {
			hint(err, "%s", advices[i].words);
			return;
		}
}
