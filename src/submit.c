/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "submit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "idna.h"
#include "identity.h"
#include "memory.h"
#include "mime.h"
#include "parameter.h"
#include "proxy.h"
#include "secret.h"
#include "smtp.h"
#include "wait.h"

/* A host as the wire wants it: A-labels; IPv6 addresses have no labels. */
static int
write_host(const char *host, char **wire, struct error *err)
{
	if (strchr(host, ':') == NULL)
		return idna_to_ascii(host, wire, err);
	*wire = xstrdup(host);
	return 0;
}

/* Limit for one address, or for the proxy to answer. */
#define CONNECT_SECONDS 30

/* To the smarthost, or to the proxy that leads there. */
static void
set_target(struct connect_target *target, const struct account *a,
    const char *host)
{
	int proxied = a->proxy_host[0] != '\0';

	target->host = proxied ? a->proxy_host : host;
	target->port = proxied ? a->proxy_port : a->port;
	target->socket = a->socket[0] != '\0' ? a->socket : NULL;
	target->source_ip = a->source_ip[0] != '\0' ? a->source_ip : NULL;
	target->seconds = a->timeout != 0 ? a->timeout : CONNECT_SECONDS;
	target->deadline = a->deadline == 0 ? DEADLINE_NONE
	    : deadline_in(1000 * (int64_t)a->deadline);
}

static int
pass_proxy(struct transport *transport, const struct connect_target *target,
    const struct account *a, const char *host, struct error *err)
{
	int64_t limit = deadline_first(target->deadline,
	    deadline_in(1000 * (int64_t)target->seconds));

	if (a->proxy_host[0] == '\0' || target->socket != NULL)
		return 0;
	return proxy_socks5(transport, host, a->port, limit, err) != 0
	    ? wrap(err, "proxy %s:%u", a->proxy_host, a->proxy_port) : 0;
}

static int
connect_to(struct submitter *s, const struct account *a, int trace,
    struct error *err)
{
	struct connect_target target = {0};
	struct transport *transport;
	char *host = NULL;
	int result;

	if (a->host.n > 0 && write_host(a->host.at[0], &host, err) != 0)
		return wrap(err, "host");
	set_target(&target, a, host);
	result = connect_open(&transport, &target, &s->facts.connection, err);
	if (result == 0) {
		result = pass_proxy(transport, &target, a, host, err);
		if (result != 0)
			transport->close(transport);
	}
	free(host);
	if (result != 0)
		return -1;
	stream_open(&s->session.stream, transport, target.deadline, trace);
	return 0;
}

/* NULL instead of "". */
static const char *
set_or_null(const char *text)
{
	return text[0] != '\0' ? text : NULL;
}

/* The certificate is checked against the name the user wrote, never against
 * what the DNS made of it (RFC 4954 14). */
static int
make_policy(struct tls_policy *policy, const struct account *a, char **name,
    struct error *err)
{
	const char *wanted = a->tls_host_override[0] != '\0'
	    ? a->tls_host_override : a->host.n > 0 ? a->host.at[0]
	    : "localhost";

	if (write_host(wanted, name, err) != 0)
		return wrap(err, "name for the certificate");
	memset(policy, 0, sizeof(*policy));
	policy->name = *name;
	policy->trust_file = a->tls_trust_file;
	policy->crl_file = set_or_null(a->tls_crl_file);
	policy->fingerprints = a->tls_fingerprint.n > 0
	    ? (const char *const *)a->tls_fingerprint.at : NULL;
	policy->key_file = set_or_null(a->tls_key_file);
	policy->cert_file = set_or_null(a->tls_cert_file);
	policy->pin = set_or_null(a->password);
	policy->priorities = set_or_null(a->tls_priorities);
	policy->min_dh_prime_bits = a->tls_min_dh_prime_bits;
	policy->verify = a->tls_certcheck;
	return 0;
}

/* Greeting, TLS now or by STARTTLS, EHLO: until it is ready for AUTH. */
static int
converse(struct submitter *s, const struct tls_policy *policy,
    const char *name, struct error *err)
{
	struct session *session = &s->session;
	const struct account *a = session->account;

	if (a->tls && !a->tls_starttls &&
	    smtp_tls(session, policy, err) != 0)
		return -1;
	s->facts.secured = deadline_now();
	if (smtp_greeting(session, err) != 0)
		return -1;
	s->facts.greeted = deadline_now();
	if (smtp_hello(session, name, err) != 0)
		return -1;
	if (a->tls && a->tls_starttls) {
		if (smtp_starttls(session, policy, err) != 0)
			return -1;
		s->facts.secured = deadline_now();
		if (smtp_hello(session, name, err) != 0)
			return -1;
	}
	s->facts.ready = deadline_now();
	return 0;
}

int
submit_connect(struct submitter *s, const struct account *a, int trace,
    struct error *err)
{
	struct session *session = &s->session;
	struct tls_policy policy;
	char *certified = NULL, *hello;
	int result;

	s->facts.started = deadline_now();
	session->account = a;
	session->confidential = account_is_local(a);
	if (make_policy(&policy, a, &certified, err) != 0)
		return -1;
	result = connect_to(s, a, trace, err);
	if (result == 0) {
		hello = identity_hello(a, session->stream.transport->fd);
		result = converse(s, &policy, hello, err);
		free(hello);
		memcpy(s->facts.tls, session->tls.version,
		    sizeof(s->facts.tls));
	}
	free(certified);
	return result;
}

int
submit_open(struct submitter *s, const struct account *a, int trace,
    struct error *err)
{
	int result;

	s->facts.started = deadline_now();
	s->secret.kind = BUFFER_SECRET;
	if ((auth_needs_secret(a) && secret_get(&s->secret, a, err) != 0) ||
	    submit_connect(s, a, trace, err) != 0)
		return -1;
	if (!auth_is_wanted(a))
		return 0;
	result = auth_prepare(&s->auth, &s->session,
	    buffer_string(&s->secret), err);
	if (s->auth.mechanism != NULL)
		snprintf(s->facts.mechanism, sizeof(s->facts.mechanism),
		    "%s", s->auth.mechanism->name);
	return result;
}

static int
send_one(struct submitter *s, struct envelope *e, const struct message *m,
    enum content_after after, struct error *err)
{
	struct mail mail = { .envelope = e, .message = m, .after = after };
	int result = smtp_transaction(&s->session, &s->auth, &mail, err);

	s->facts.final = mail.final;
	return result;
}

/* BINARYMIME has no lines that could be too long. */
static int
must_convert(const struct session *s, const struct message *m,
    enum part_transport transport)
{
	if (parameter_uses_bdat(s) && session_can(s, EXT_BINARYMIME))
		return 0;
	return mime_is_needed(m, transport);
}

int
submit_message(struct submitter *s, struct envelope *e,
    const struct message *m, enum content_after after, struct error *err)
{
	enum part_transport transport = session_can(&s->session, EXT_8BITMIME)
	    ? PART_8BIT : PART_7BIT;
	struct message fit;
	int result;

	if (!must_convert(&s->session, m, transport)) {
		result = send_one(s, e, m, after, err);
	} else {
		result = mime_convert(&fit, m, transport, err);
		if (result == 0) {
			result = send_one(s, e, &fit, after, err);
			message_free(&fit);
		}
	}
	/* it went out with this message, if it went out at all */
	auth_free(&s->auth);
	return result;
}

void
submit_close(struct submitter *s)
{
	smtp_quit(&s->session);
	session_close(&s->session);
	auth_free(&s->auth);
	buffer_free(&s->secret);
	s->facts.ended = deadline_now();
}

int
submit(const struct account *a, struct envelope *e, const struct message *m,
    int trace, struct submission *facts, struct error *err)
{
	struct submitter s = {0};
	int result = submit_open(&s, a, trace, err);

	if (result == 0)
		result = submit_message(&s, e, m, CONTENT_QUIT, err);
	submit_close(&s);
	*facts = s.facts;
	return result;
}
