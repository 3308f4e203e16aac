/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "smtp/submit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/escape.h"
#include "base/poll.h"
#include "base/xdg.h"
#include "base/xmalloc.h"
#include "config/local_host.h"
#include "message/downgrade.h"
#include "smtp/commands.h"
#include "smtp/esmtp.h"
#include "smtp/sandbox.h"
#include "smtp/transaction.h"
#include "tls/tlsa.h"

/* Returns NULL instead of "". */
static const char *
set_or_null(const char *text)
{
	return text[0] != '\0' ? text : NULL;
}

/* A policy and the data it borrows. */
struct tls_demand {
	struct tls_policy policy;
	char *name;
	char *state;
	struct tlsa_records records;
};

/*
 * Checks the certificate against the name that the user configured, never
 * against names from the DNS (RFC 4954 14); see smarthost.h for the exceptions,
 * srv: and mx:.
 */
static int
make_demand(struct tls_demand *d, const struct account *a,
    const struct smarthost *host, struct error *err)
{
	struct tls_policy *policy = &d->policy;
	const char *wanted = a->tls_host_override[0] != '\0'
	    ? a->tls_host_override : host->name[0] != '\0' ? host->name
	    : "localhost";

	memset(d, 0, sizeof(*d));
	if (smarthost_write_name(wanted, &d->name, err) != 0)
		return wrap(err, "name for the certificate");
	d->state = xdg_state_directory(a->home);
	policy->trust = (enum tls_trust)a->tls_trust;
	policy->name = d->name;
	policy->port = host->port;
	policy->state = d->state;
	policy->known_only = a->pin_withheld;
	policy->records = &d->records;
	policy->trust_file = a->tls_trust_file;
	policy->crl_file = set_or_null(a->tls_crl_file);
	policy->fingerprints = a->tls_fingerprint.n > 0
	    ? (const char *const *)a->tls_fingerprint.at : NULL;
	policy->key_file = set_or_null(a->tls_key_file);
	policy->cert_file = set_or_null(a->tls_cert_file);
	policy->priorities = set_or_null(a->tls_priorities);
	policy->min_dh_prime_bits = a->tls_min_dh_prime_bits;
	policy->verify = a->tls_certcheck;
	return 0;
}

static void
free_demand(struct tls_demand *d)
{
	free(d->name);
	free(d->state);
	tlsa_free(&d->records);
}

/* Time limit for the DNS query for the server's TLSA records. */
#define RECORDS_SECONDS 30

/* Fetches the TLSA records that are needed before the handshake. */
static int
inquire(struct tls_demand *d, const struct submitter *s, struct error *err)
{
	const struct account *a = s->route.account;
	unsigned seconds = a->timeout != 0 ? a->timeout : RECORDS_SECONDS;

	if (a->tls_trust != TLS_TRUST_DANE || !s->session.smarthost->tls)
		return 0;
	return tlsa_fetch(&d->records, d->name, d->policy.port,
	    deadline_first(s->route.deadline,
	    deadline_in(1000 * (int64_t)seconds)), s->route.waits, err);
}

/* Greeting, TLS now or by STARTTLS, and EHLO: until the server is ready for
 * AUTH. */
static int
converse(struct submitter *s, const struct tls_policy *policy,
    const char *name, struct error *err)
{
	struct session *session = &s->session;
	const struct smarthost *host = session->smarthost;

	if (host->tls && !host->tls_starttls &&
	    smtp_tls(session, policy, err) != 0)
		return -1;
	if (host->tls && !host->tls_starttls)
		s->facts.secured = deadline_now();
	if (smtp_greeting(session, err) != 0)
		return -1;
	s->facts.greeted = deadline_now();
	if (smtp_hello(session, name, err) != 0)
		return -1;
	if (host->tls && host->tls_starttls) {
		if (smtp_starttls(session, policy, err) != 0)
			return -1;
		s->facts.secured = deadline_now();
		if (smtp_hello(session, name, err) != 0)
			return -1;
	}
	s->facts.ready = deadline_now();
	return 0;
}

/* Records the host that the facts and the session are about from now on. */
static void
turn_to(struct submitter *s, const struct account *a,
    const struct smarthost *host)
{
	s->session.account = a;
	s->session.smarthost = host;
	s->session.confidential = 0;
	snprintf(s->facts.host, sizeof(s->facts.host), "%s",
	    host->name[0] != '\0' ? host->name : a->socket);
	s->facts.port = host->port;
	s->facts.tls_start = !host->tls ? TLS_NEVER : host->tls_starttls
	    ? TLS_BY_STARTTLS : TLS_AT_ONCE;
}

/* Gives up rights that are not needed once this host has sent data. */
static void
confine(const struct submitter *s, size_t index)
{
	const struct account *a = s->route.account;
	int is_command = a->connect_command[0] != '\0';
	int again = index + 1 < s->route.n;

	if (s->session.options->confinement == SUBMIT_UNCONFINED ||
	    (is_command && again))
		return; /* another connection needs to run a command */
	sandbox_enter(a, (again ? SANDBOX_CONNECT : 0) |
	    (is_command ? SANDBOX_KILL : 0));
}

/* Shows which of several hosts the dialogue is with. */
static void
trace_host(struct submitter *s)
{
	char server[ESCAPE_QUOTE];
	char *text = xasprintf("%s %s", escape_server(server, sizeof(server),
	    s->facts.host, s->facts.port), s->facts.connection.address);

	stream_trace(&s->session.stream, "to", text, strlen(text));
	free(text);
}

/* Whatever the server repeats of the secrets, in this session or of an earlier
 * one, is not shown. */
static void
hide_secrets(struct submitter *s)
{
	const struct account *a = s->session.account;

	if (s->secret.text.len > 0)
		session_hide(&s->session, s->secret.text.data,
		    s->secret.text.len);
	else /* not fetched, but known */
		session_hide(&s->session, a->password, strlen(a->password));
	session_hide(&s->session, a->proxy_password,
	    strlen(a->proxy_password));
}

/* Conducts the dialogue on a connection until it is ready for AUTH. */
static int
open_session(struct submitter *s, size_t index,
    const struct tls_policy *policy, struct error *err)
{
	struct session *session = &s->session;
	char *hello = local_host_hello(s->route.account,
	    session->stream.transport->fd);
	int is_one_of_several = s->route.n > 1;
	char server[ESCAPE_QUOTE];
	int result;

	if (is_one_of_several)
		trace_host(s);
	if (session->options->connected != NULL)
		session->options->connected(session->options->context, s);
	hide_secrets(s); /* after a fork, which must forget them */
	confine(s, index);
	result = converse(s, policy, hello, err);
	if (result != 0 && is_one_of_several && err->signal == 0)
		wrap(err, "%s", escape_server(server, sizeof(server),
		    session->smarthost->wire, session->smarthost->port));
	free(hello);
	memcpy(s->facts.tls, session->tls.version, sizeof(s->facts.tls));
	if (session->tls.notice[0] != '\0')
		memcpy(s->facts.notice, session->tls.notice,
		    sizeof(s->facts.notice));
	return result;
}

/* Tries the host at index: connects, and proceeds to the last EHLO. */
static int
try_host(struct submitter *s, size_t index, struct error *err)
{
	const struct account *a = s->route.account;
	struct transport *transport = NULL;
	struct tls_demand demand;
	int result;

	turn_to(s, a, &s->route.at[index]);
	wait_line_name(&s->waits, s->facts.host, s->facts.port);
	result = make_demand(&demand, a, s->session.smarthost, err);
	demand.policy.pin = set_or_null(buffer_string(&s->key_secret.text));
	if (result == 0)
		result = inquire(&demand, s, err);
	if (result == 0)
		result = smarthost_open(&s->route, index, &transport,
		    &s->facts.connection, err);
	if (result == 0) {
		s->session.confidential = s->facts.connection.local;
		s->facts.connection.connected_ms = deadline_now();
		stream_open(&s->session.stream, transport, s->route.deadline,
		    s->session.options->trace);
		result = open_session(s, index, &demand.policy, err);
	}
	free_demand(&demand);
	return result;
}

/* Returns whether another host may be tried: only if communication with this
 * one failed. A permanent refusal and an untrusted certificate are final. */
static int
may_fail_over(const struct submitter *s, size_t index,
    const struct error *err)
{
	return index + 1 < s->route.n && err->signal == 0 &&
	    (err->code == EX_TEMPFAIL || err->code == EX_NOHOST) &&
	    deadline_now() < s->route.deadline;
}

/* Prepends the errors of the earlier hosts to the last host's error. Unless
 * that is final, a temporary failure of any host makes it temporary. */
static void
recall(struct error *err, const struct error *earlier)
{
	struct error last = *err;

	if (earlier->code == 0 || err->signal != 0)
		return;
	fail(err, last.code == EX_NOHOST ? earlier->code : last.code,
	    "%s; %s", earlier->text, last.text);
	memcpy(err->hint, last.hint, sizeof(err->hint));
	err->lasting = last.lasting;
}

/* Disconnects from a host that cannot be used. */
static void
leave(struct submitter *s)
{
	struct submission facts = { .started = s->facts.started,
	    .unlocked = s->facts.unlocked, .turned = deadline_now() };
	const struct submit_options *options = s->session.options;

	smtp_quit(&s->session);
	session_close(&s->session);
	memset(&s->session, 0, sizeof(s->session));
	s->session.options = options;
	memcpy(facts.notice, s->facts.notice, sizeof(facts.notice));
	s->facts = facts;
}

int
submit_connect(struct submitter *s, const struct account *a,
    const struct submit_options *options, struct error *err)
{
	struct error earlier = {0};

	s->session.options = options;
	if (s->facts.started == 0)
		s->facts.started = deadline_now();
	if (password_get_for_key(&s->key_secret, a, auth_needs_secret(a)
	    ? SECRET_FOR_AUTH : SECRET_FREE, err) != 0)
		return -1;
	s->facts.unlocked = deadline_now();
	s->waits.fd = options->progress;
	if (smarthost_make(&s->route, a, &s->waits, err) != 0)
		return -1;
	for (size_t i = 0; try_host(s, i, err) != 0; i++) {
		recall(err, &earlier);
		if (!may_fail_over(s, i, err))
			return -1;
		earlier = *err;
		memset(err, 0, sizeof(*err));
		leave(s);
	}
	return 0;
}

void
submit_forget(struct submitter *s)
{
	password_free(&s->secret);
	password_free(&s->key_secret);
}

static void
note_mechanism(struct submitter *s)
{
	if (s->auth.mechanism != NULL)
		snprintf(s->facts.mechanism, sizeof(s->facts.mechanism),
		    "%s", s->auth.mechanism->name);
}

static int
prepare_auth(struct submitter *s, struct error *err)
{
	int result;

	if (!auth_is_wanted(s->route.account))
		return 0;
	result = auth_prepare(&s->auth, &s->session, &s->secret, err);
	note_mechanism(s);
	return result;
}

int
submit_open(struct submitter *s, const struct account *a,
    const struct submit_options *options, struct error *err)
{
	s->facts.started = deadline_now();
	if ((auth_needs_secret(a) && password_get(&s->secret, a, err) != 0) ||
	    submit_connect(s, a, options, err) != 0)
		return -1;
	return prepare_auth(s, err);
}

int
submit_authenticate(struct submitter *s, struct error *err)
{
	int result = auth_run(&s->auth, &s->session, err);

	note_mechanism(s);
	return result;
}

/*
 * Converts the message if the server cannot accept it unchanged. Returns 0 if
 * that is not needed, 1 with the converted message in fit, -1 with err set.
 * BINARYMIME has no lines that could be too long.
 */
static int
downgrade_if_needed(const struct session *s, const struct message *m,
    struct message *fit, struct error *err)
{
	enum downgrade_target target = session_can(s, EXT_8BITMIME)
	    ? DOWNGRADE_8BITMIME : DOWNGRADE_7BIT;
	struct spool room = {0};

	if ((esmtp_uses_bdat(s) && session_can(s, EXT_BINARYMIME)) ||
	    !downgrade_is_needed(m, target))
		return 0;
	if (s->options->conversion_room > 0)
		spool_begin(&room, s->options->conversion_room);
	return downgrade_convert(fit, m, target, &room, err) != 0 ? -1 : 1;
}

int
submit_send(struct submitter *s, struct envelope *e, const struct message *m,
    enum content_after after, struct error *err)
{
	struct message fit;
	int converted = downgrade_if_needed(&s->session, m, &fit, err);
	struct mail mail = { .envelope = e, .after = after,
	    .message = converted == 1 ? &fit : m };
	int result = converted < 0 ? -1 : smtp_transaction(&s->session,
	    &s->auth, &mail, err);

	if (converted == 1)
		message_free(&fit);
	s->facts.final = mail.final;
	s->facts.mail = mail.times;
	s->facts.begun = mail.begun;
	note_mechanism(s); /* it may have fallen back */
	/* AUTH was sent with this message, if at all */
	auth_free(&s->auth);
	return result;
}

void
submit_close(struct submitter *s)
{
	smtp_quit(&s->session);
	session_close(&s->session);
	auth_free(&s->auth);
	smarthost_free(&s->route);
	submit_forget(s);
	s->facts.ended = deadline_now();
}

int
submit(const struct account *a, struct envelope *e, const struct message *m,
    const struct submit_options *options, struct submission *facts,
    struct error *err)
{
	struct submitter s = {0};
	int result = submit_open(&s, a, options, err);

	if (result == 0)
		result = submit_send(&s, e, m, CONTENT_QUIT, err);
	submit_close(&s);
	*facts = s.facts;
	return result;
}
