/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "smtp/esmtp.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/ascii.h"
#include "base/xmalloc.h"
#include "config/key.h"
#include "format/encode.h"
#include "format/wire_format.h"
#include "smtp/auth.h"

/* RFC 3461 4.2: maximum length of ORCPT's address as xtext, octets. */
#define ORCPT_MAX 500

/* Returns whether the account or its caller asks for delivery status
 * notifications. */
static int
wants_dsn(const struct envelope *e)
{
	for (size_t i = 0; i < e->n; i++)
		if (e->to[i].notify != NULL || e->to[i].orcpt != NULL)
			return 1;
	return e->notify != NULL || e->returns != NULL || e->envid != NULL;
}

/* The parameters of MAIL that take the value of a key; a switch has no
 * value. */
static const struct esmtp_parameter {
	enum extension extension;
	const char *keyword;
	size_t key;
} parameters[] = {
	{ EXT_REQUIRETLS, "REQUIRETLS", KEY_require_tls },
	{ EXT_MT_PRIORITY, "MT-PRIORITY", KEY_mt_priority },
	{ EXT_DELIVERBY, "BY", KEY_deliver_by },
	{ EXT_FUTURERELEASE, "HOLDFOR", KEY_hold_for },
	{ EXT_FUTURERELEASE, "HOLDUNTIL", KEY_hold_until },
};

#define PARAMETERS (sizeof(parameters) / sizeof(parameters[0]))

int
esmtp_time_left(const struct account *a, int64_t waited, int64_t *left)
{
	const char *text = a->deliver_by;
	size_t sign = text[0] == '-';
	size_t n = strcspn(text, ";");
	uint64_t seconds = 0;

	if (text[0] == '\0')
		return 0;
	(void)ascii_number(text + sign, n - sign, 0, UINT32_MAX, &seconds);
	*left = (sign ? -(int64_t)seconds : (int64_t)seconds) - waited;
	return ascii_begins(text + n, ";R") ? 'R' : 'N';
}

static int64_t
time_waited(const struct session *s)
{
	return s->options != NULL ? s->options->waited : 0;
}

/* Returns the seconds of hold_for that are left; 0 if there are none. */
static int64_t
hold_left(const struct session *s)
{
	int64_t left = (int64_t)s->account->hold_for - time_waited(s);

	return left > 0 ? left : 0;
}

/* Returns the key's value, owned; NULL if it is off or unset. The time that the
 * message was queued is subtracted. */
static char *
value_of(const struct session *s, size_t key)
{
	const struct account *a = s->account;
	int64_t left;
	char *value;

	if (key == KEY_hold_for)
		return hold_left(s) == 0 ? NULL
		    : xasprintf("%lld", (long long)hold_left(s));
	if (key == KEY_deliver_by && time_waited(s) > 0 &&
	    esmtp_time_left(a, time_waited(s), &left) != 0)
		return xasprintf("%lld%s", (long long)left,
		    a->deliver_by + strcspn(a->deliver_by, ";"));
	value = account_get(a, account_keys[key].name, 0);
	if (value == NULL || value[0] == '\0' || strcmp(value, "off") == 0) {
		free(value);
		return NULL;
	}
	return value;
}

static int
is_asked_for(const struct session *s, const struct esmtp_parameter *p)
{
	char *value = value_of(s, p->key);
	int result = value != NULL;

	free(value);
	return result;
}

static int
check_offered(const struct session *s, enum extension extension,
    const char *key, struct error *err)
{
	const struct ehlo_keyword *name = capability_names;

	if (session_can(s, extension))
		return 0;
	while (name->extension != extension)
		name++;
	return fail(err, EX_UNAVAILABLE, "server does not offer %s, which %s "
	    "requires", name->keyword, key);
}

static int
check_demands(const struct session *s, const struct envelope *e,
    struct error *err)
{
	for (size_t i = 0; i < PARAMETERS; i++)
		if (is_asked_for(s, &parameters[i]) &&
		    check_offered(s, parameters[i].extension,
		    account_keys[parameters[i].key].name, err) != 0)
			return -1;
	if (s->account->dsn_strict && wants_dsn(e))
		return check_offered(s, EXT_DSN, "dsn_strict", err);
	return 0;
}

const char *
esmtp_use(const struct session *s, enum extension extension, char *text,
    size_t size)
{
	size_t len = 0;

	text[0] = '\0';
	for (size_t i = 0; i < PARAMETERS; i++) {
		if (parameters[i].extension != extension)
			continue;
		if (is_asked_for(s, &parameters[i]))
			return "used";
		len += (size_t)snprintf(text + len, size - len, "%sno %s",
		    len > 0 ? ", " : "",
		    account_keys[parameters[i].key].name);
	}
	return len > 0 ? text : NULL;
}

/* RFC 8689 4.2.1: only over TLS and to an authenticated server. */
static int
check_require_tls(const struct session *s, struct error *err)
{
	if (!s->account->require_tls)
		return 0;
	if (s->tls.version[0] == '\0' || !s->account->tls_certcheck)
		return fail(err, EX_UNAVAILABLE, "require_tls: expected a "
		    "verified TLS session");
	if (s->account->tls_trust == TLS_TRUST_TOFU)
		return fail(err, EX_UNAVAILABLE, "require_tls: expected "
		    "tls_trust ca or dane: tofu does not verify the server's "
		    "name");
	return 0;
}

/* A message that was queued has less time left than the account says. */
static int
check_bounds(const struct session *s, struct error *err)
{
	long long hold = hold_left(s);
	int64_t left = 0;

	if (s->can.hold_max > 0 && (uint64_t)hold > s->can.hold_max)
		return fail(err, EX_UNAVAILABLE, "hold_for: %lld seconds are "
		    "left, server holds messages for at most %llu", hold,
		    (unsigned long long)s->can.hold_max);
	/* the minimum is one of mode R (RFC 2852 3) */
	if (esmtp_time_left(s->account, time_waited(s), &left) == 'R' &&
	    left > 0 && (uint64_t)left < s->can.deliverby_min)
		return fail(err, EX_UNAVAILABLE, "deliver_by: %lld seconds "
		    "are left, server requires at least %llu",
		    (long long)left, (unsigned long long)s->can.deliverby_min);
	return 0;
}

int
esmtp_check(const struct session *s, const struct envelope *e,
    const struct message *m, struct error *err)
{
	uint64_t size = message_size(m);

	if (s->can.size_max > 0 && size > s->can.size_max)
		return fail(err, EX_DATAERR,
		    "message of %llu bytes exceeds server limit %llu",
		    (unsigned long long)size,
		    (unsigned long long)s->can.size_max);
	if (e->smtputf8 && !session_can(s, EXT_SMTPUTF8))
		return fail(err, EX_DATAERR, "server does not offer SMTPUTF8, "
		    "which an address of this message requires");
	if (check_demands(s, e, err) != 0 || check_require_tls(s, err) != 0)
		return -1;
	return check_bounds(s, err);
}

int
esmtp_uses_bdat(const struct session *s)
{
	return s->account->chunking && session_can(s, EXT_CHUNKING);
}

/*
 * Returns the BODY parameter: BINARYMIME for content that DATA cannot carry, if
 * BDAT may be used.
 */
static const char *
body_type(const struct session *s, const struct envelope *e,
    const struct message *m)
{
	if (m->longest_line > WIREFORM_LINE_MAX && esmtp_uses_bdat(s) &&
	    session_can(s, EXT_BINARYMIME))
		return " BODY=BINARYMIME";
	if ((m->body_8bit || m->header_8bit || e->smtputf8) &&
	    session_can(s, EXT_8BITMIME))
		return " BODY=8BITMIME";
	return "";
}

/*
 * Adds AUTH= (RFC 4954 5): the account's value, else that of a client of -bs. A
 * server observes it only if the sender has authenticated.
 */
static void
add_auth(struct buffer *out, const struct session *s,
    const struct envelope *e)
{
	const char *mailbox = s->account->mail_auth;

	if (!session_can(s, EXT_AUTH))
		return;
	if (strcmp(mailbox, "<>") == 0) {
		buffer_add_string(out, " AUTH=<>");
	} else if (mailbox[0] != '\0') {
		buffer_add_string(out, " AUTH=");
		xtext_encode(out, mailbox);
	} else if (e->submitter != NULL && auth_is_wanted(s->account)) {
		buffer_addf(out, " AUTH=%s", e->submitter);
	}
}

static void
add_account_parameters(struct buffer *out, const struct session *s)
{
	for (size_t i = 0; i < PARAMETERS; i++) {
		const struct esmtp_parameter *p = &parameters[i];
		char *value = value_of(s, p->key);

		if (value != NULL && account_keys[p->key].kind == KIND_SWITCH)
			buffer_addf(out, " %s", p->keyword);
		else if (value != NULL)
			buffer_addf(out, " %s=%s", p->keyword, value);
		free(value);
	}
}

void
esmtp_add_mail(struct buffer *out, const struct session *s,
    const struct envelope *e, const struct message *m)
{
	if (session_can(s, EXT_SIZE))
		buffer_addf(out, " SIZE=%llu",
		    (unsigned long long)message_size(m));
	buffer_add_string(out, body_type(s, e, m));
	if (e->smtputf8)
		buffer_add_string(out, " SMTPUTF8");
	if (e->returns != NULL && session_can(s, EXT_DSN))
		buffer_addf(out, " RET=%s", e->returns);
	if (e->envid != NULL && session_can(s, EXT_DSN))
		buffer_addf(out, " ENVID=%s", e->envid);
	add_auth(out, s, e);
	add_account_parameters(out, s);
}

/* Adds the original recipient if NOTIFY makes a report possible. */
static void
add_orcpt(struct buffer *out, const struct recipient *to)
{
	struct buffer xtext = {0};

	for (const char *p = to->path; *p != '\0'; p++)
		if (ascii_is_8bit(*p))
			return; /* RFC 6533's utf-8 type: left to the server */
	xtext_encode(&xtext, to->path);
	if (xtext.len <= ORCPT_MAX)
		buffer_addf(out, " ORCPT=rfc822;%s", buffer_string(&xtext));
	buffer_free(&xtext);
}

void
esmtp_add_rcpt(struct buffer *out, const struct session *s,
    const struct envelope *e, const struct recipient *to)
{
	const char *notify = to->notify != NULL ? to->notify : e->notify;

	if (!session_can(s, EXT_DSN))
		return;
	if (notify != NULL)
		buffer_addf(out, " NOTIFY=%s", notify);
	if (to->orcpt != NULL)
		buffer_addf(out, " ORCPT=%s", to->orcpt);
	else if (notify != NULL && strcmp(notify, "NEVER") != 0)
		add_orcpt(out, to);
}
