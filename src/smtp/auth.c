/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "smtp/auth.h"

#include <stdio.h>
#include <string.h>

#include "auth/advice.h"
#include "base/ascii.h"
#include "base/escape.h"
#include "format/encode.h"

/* RFC 5321 4.5.3.1.4, including CRLF; RFC 4954 4 applies it to AUTH. */
#define COMMAND_LINE_MAX 512

int
auth_is_wanted(const struct account *a)
{
	return a->auth[0] != '\0' && !ascii_equal(a->auth, "off");
}

int
auth_needs_secret(const struct account *a)
{
	const struct mechanism *m = mechanism_find(a->auth);

	if (!auth_is_wanted(a))
		return 0;
	return m != NULL ? m->needs_user : a->user[0] != '\0';
}

/* Returns the offered words, which need not be mechanisms, for an error. */
static const char *
offer(struct session *s)
{
	return session_conceal(s, s->can.mechanisms);
}

/* Sets err to the reason why no mechanism of the server is usable. */
static int
nothing_fits(struct session *s, struct error *err)
{
	if (!session_can(s, EXT_AUTH)) {
		fail(err, EX_UNAVAILABLE, "server offers no authentication");
		if (s->tls.version[0] == '\0')
			hint(err, "many servers offer it only under TLS; "
			    "see tls in onehop-config(5)");
		return -1;
	}
	if (!s->confidential &&
	    mechanism_choose(s->can.mechanisms, 1, 0, 1) != NULL)
		return fail(err, EX_NOPERM,
		    "refusing to send password without TLS (server offers %s)",
		    offer(s));
	fail(err, EX_UNAVAILABLE,
	    "no usable authentication mechanism (server offers %s)",
	    offer(s));
	if (s->account->user[0] == '\0' &&
	    mechanism_choose(s->can.mechanisms, 1, 0, 1) != NULL)
		return hint(err, "set user and a password, or auth off");
	auth_advise_offer(s->can.mechanisms, err);
	return -1;
}

static int
choose(struct auth *x, struct session *s, struct error *err)
{
	const struct account *a = s->account;
	const struct mechanism *m = mechanism_find(a->auth);
	int has_binding = x->binding.len > 0;

	if (m == NULL)
		m = mechanism_choose(s->can.mechanisms, s->confidential,
		    has_binding, a->user[0] != '\0');
	else if (!session_can(s, EXT_AUTH))
		m = NULL;
	else if (!ascii_has_word(s->can.mechanisms, m->name))
		return fail(err, EX_UNAVAILABLE,
		    "server does not offer %s, which auth requires (server "
		    "offers %s)",
		    m->name, offer(s));
	else if (m->plaintext && !s->confidential)
		return fail(err, EX_NOPERM,
		    "refusing to send password without TLS (auth %s)",
		    m->name);
	else if (m->needs_binding && !has_binding)
		return fail(err, EX_UNAVAILABLE,
		    "no channel binding for %s in this TLS session", m->name);
	if (m == NULL)
		return nothing_fits(s, err);
	x->mechanism = m;
	return 0;
}

/* Makes one step of the exchange, with the response in base64. */
static int
step(struct auth *x, const char *challenge, size_t len, struct error *err)
{
	struct buffer out = { .kind = BUFFER_SECRET };
	int more = sasl_step(x->exchange, challenge, len, &out, err);

	buffer_clear(&x->response);
	if (more >= 0)
		base64_encode(&x->response, out.data, out.len);
	buffer_free(&out);
	if (more < 0)
		return -1;
	x->satisfied = more == 0;
	return 0;
}

static void
clear(struct auth *x)
{
	sasl_free(x->exchange);
	x->exchange = NULL;
	buffer_free(&x->response);
	buffer_free(&x->binding);
}

/* Begins an exchange with the chosen mechanism. */
static int
begin(struct auth *x, struct error *err)
{
	sasl_free(x->exchange);
	x->exchange = NULL;
	x->satisfied = 0;
	buffer_clear(&x->response);
	x->identity.binding = x->mechanism->needs_binding
	    ? buffer_string(&x->binding) : NULL;
	if (sasl_begin(&x->exchange, x->mechanism, &x->identity, err) != 0)
		return -1;
	return x->mechanism->client_first ? step(x, "", 0, err) : 0;
}

int
auth_prepare(struct auth *x, struct session *s, struct password *secret,
    struct error *err)
{
	const struct account *a = s->account;

	clear(x);
	x->first = NULL;
	x->bare = 0;
	x->secret = secret;
	x->response.kind = BUFFER_SECRET;
	if (s->tls.version[0] != '\0')
		x->identity.binding_type = tls_channel_binding(
		    s->stream.transport, &x->binding);
	if (choose(x, s, err) != 0)
		return -1;
	x->identity.user = a->user;
	x->identity.secret = buffer_string(&secret->text);
	x->identity.host = s->smarthost->name[0] != '\0'
	    ? s->smarthost->name : "localhost";
	x->identity.port = s->smarthost->port;
	x->identity.domain = a->ntlmdomain[0] != '\0' ? a->ntlmdomain : NULL;
	return begin(x, err);
}

/* Returns whether "AUTH name response CRLF" is within the limit. */
static int
initial_fits(const struct auth *x)
{
	size_t len = x->response.len > 0 ? x->response.len : 1;

	return x->mechanism->client_first && !x->bare &&
	    strlen("AUTH  \r\n") + strlen(x->mechanism->name) + len <=
	    COMMAND_LINE_MAX;
}

int
auth_may_pipeline(const struct auth *x, const struct session *s)
{
	return session_can(s, EXT_PIPELINING) &&
	    s->account->pipelining && s->account->auth_pipelining &&
	    x->mechanism->one_round && x->satisfied && initial_fits(x);
}

int
auth_put(struct auth *x, struct session *s, struct error *err)
{
	char verb[64] = "AUTH ";

	if (!initial_fits(x))
		return session_put(s, err, "AUTH %s", x->mechanism->name);
	if (x->response.len == 0) /* an empty response, not a missing one */
		return session_put(s, err, "AUTH %s =", x->mechanism->name);
	memcpy(verb + 5, x->mechanism->name, strlen(x->mechanism->name) + 1);
	return session_put_secret(s, verb, &x->response, err);
}

/* Reports whose secret was refused, its source, and what may be wrong. */
static int
blame_secret(const struct auth *x, const struct session *s,
    const struct reply *r, struct error *err)
{
	const struct auth_refusal refusal = {
		.host = s->smarthost->name, .mechanism = x->mechanism,
		.code = r->code, .dsn = r->dsn, .text = r->text
	};
	char user[ESCAPE_QUOTE / 2];

	wrap(err, "authentication failed: user \"%s\", %s %s",
	    escape_string(user, sizeof(user), x->identity.user),
	    mechanism_has_token(x->mechanism) ? "token" : "password",
	    x->secret->origin);
	auth_advise(&refusal, err);
	return -1;
}

/* 235 counts only if the client's mechanism has finished: a server that omits
 * its signature has not proved that it knows the password. */
static int
conclude(struct auth *x, struct session *s, const struct reply *r,
    struct error *err)
{
	const char *why;

	x->refused = reply_class(r) == 2 ? 0 : r->code;
	s->authenticated = reply_class(r) == 2 && x->satisfied;
	if (s->authenticated)
		return 0;
	if (reply_class(r) == 2) {
		s->intact = 0;
		return fail(err, EX_PROTOCOL,
		    "server ended %s early, without proving knowledge of the "
		    "password: %s", x->mechanism->name, r->text);
	}
	if (reply_class(r) != 4 && reply_class(r) != 5)
		s->intact = 0;
	session_refused(REPLY_TO_AUTH, r, err);
	why = sasl_server_error(x->exchange);
	if (why[0] != '\0')
		wrap(err, "server says %s", session_conceal(s, why));
	if (err->code == EX_NOPERM && x->mechanism->needs_user)
		return blame_secret(x, s, r, err);
	return -1;
}

int
auth_get(struct auth *x, struct session *s, struct error *err)
{
	struct reply r;

	if (session_get(s, REPLY_TO_AUTH, &r, err) != 0)
		return -1;
	return conclude(x, s, &r, err);
}

/*
 * Decodes the challenge of a 334. Microsoft's servers send plain words instead
 * of an empty first challenge, so the first challenge to a mechanism in which
 * the client speaks first need not be base64. LOGIN's prompts need not be
 * either.
 */
static int
decode(const struct session *s, const struct reply *r, int may_be_text,
    struct buffer *challenge, struct error *err)
{
	const char *words;
	size_t n;

	words = reply_words(s->lines.data, s->lines.len - 1, &n);
	if (base64_decode(challenge, words, n) == 0 || may_be_text)
		return 0;
	/* not words: they may repeat what was sent */
	return fail(err, EX_PROTOCOL, "invalid challenge: expected base64, "
	    "not \"%s\"", r->text);
}

/* RFC 4954 4: a client that cannot continue sends "*". */
static void
cancel(struct session *s)
{
	struct error ignored = {0};
	struct reply r;

	if (s->intact && session_put(s, &ignored, "*") == 0)
		(void)session_get(s, REPLY_TO_AUTH, &r, &ignored);
}

/* The error may quote the decoded challenge. Returns -1. */
static int
conceal_error(struct session *s, struct error *err)
{
	struct error raw = *err;

	snprintf(err->text, sizeof(err->text), "%s",
	    session_conceal(s, raw.text));
	return -1;
}

/* Answers the 334 r. first is nonzero if nothing of the exchange has been
 * sent. */
static int
respond(struct auth *x, struct session *s, const struct reply *r, int first,
    struct error *err)
{
	struct buffer challenge = {0};
	int answer_known = first && x->mechanism->client_first;
	int result = decode(s, r, answer_known || x->mechanism->any_prompt,
	    &challenge, err);

	if (result == 0 && !answer_known &&
	    step(x, buffer_string(&challenge), challenge.len, err) != 0)
		result = conceal_error(s, err);
	buffer_free(&challenge);
	if (result != 0) {
		cancel(s);
		return -1;
	}
	return session_put_secret(s, "", &x->response, err);
}

static int
run_once(struct auth *x, struct session *s, struct error *err)
{
	int first = !initial_fits(x);
	struct reply r;

	if (auth_put(x, s, err) != 0)
		return -1;
	for (;;) {
		if (session_get(s, REPLY_TO_AUTH, &r, err) != 0)
			return -1;
		if (r.code != 334) {
			/* nor may the server accept before the client has sent
			 * anything */
			x->satisfied &= !first;
			return conclude(x, s, &r, err);
		}
		if (respond(x, s, &r, first, err) != 0)
			return -1;
		first = 0;
	}
}

/*
 * Returns whether the refusal can mean that the server has no verifier for this
 * mechanism: the password is stored in another form, or the server accepts no
 * initial response. A mechanism that the account names is not replaced.
 */
static int
may_fall_back(const struct auth *x, const struct session *s)
{
	if (!s->intact || x->first != NULL || !x->mechanism->needs_user ||
	    mechanism_find(s->account->auth) != NULL)
		return 0;
	if (x->mechanism->kind == MECHANISM_SCRAM)
		return x->refused == 535 || x->refused == 504 ||
		    x->refused == 454;
	return x->refused == 501 && initial_fits(x);
}

/* If the stored form for one SCRAM is missing, all may be missing. */
static int
is_better(const struct mechanism *a, const struct mechanism *b)
{
	int a_scram = a->kind == MECHANISM_SCRAM;
	int b_scram = b->kind == MECHANISM_SCRAM;

	return a_scram != b_scram ? b_scram : a < b;
}

/* Returns the mechanism to try after the refused one, or NULL. */
static const struct mechanism *
next_mechanism(const struct auth *x, const struct session *s)
{
	const struct mechanism *next = NULL, *m;
	char name[32];
	size_t n;

	for (const char *p = s->can.mechanisms; *p != '\0'; p += n) {
		p += strspn(p, " ");
		n = strcspn(p, " ");
		if (n == 0 || n >= sizeof(name))
			continue;
		memcpy(name, p, n);
		name[n] = '\0';
		m = mechanism_choose(name, s->confidential,
		    x->binding.len > 0, 1);
		if (m != NULL && m != x->mechanism &&
		    (next == NULL || is_better(m, next)))
			next = m;
	}
	return next;
}

int
auth_fall_back(struct auth *x, struct session *s, struct error *err)
{
	const struct mechanism *next;
	struct error second = {0};
	int code = x->refused;

	if (!may_fall_back(x, s))
		return -1;
	next = next_mechanism(x, s);
	x->bare = next == NULL && code == 501;
	if (next == NULL && !x->bare)
		return -1;
	x->first = x->mechanism;
	x->refused = 0;
	if (next != NULL)
		x->mechanism = next;
	if (begin(x, &second) == 0 && run_once(x, s, &second) == 0) {
		memset(err, 0, sizeof(*err));
		return 0;
	}
	/* without a reply, the first refusal remains the cause */
	if (x->refused == 0 && second.signal == 0)
		return -1;
	*err = second;
	return wrap(err, "%s refused (%d), then %s%s", x->first->name, code,
	    x->mechanism->name, x->bare ? " without initial response" : "");
}

int
auth_run(struct auth *x, struct session *s, struct error *err)
{
	return run_once(x, s, err) == 0 ? 0 : auth_fall_back(x, s, err);
}

void
auth_free(struct auth *x)
{
	clear(x);
	memset(x, 0, sizeof(*x));
}
