/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "auth/sasl.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <gsasl.h>

#include "auth/pbkdf2.h"
#include "base/ascii.h"
#include "base/escape.h"
#include "base/platform.h"
#include "base/xmalloc.h"
#include "format/encode.h"
#include "format/oauth.h"
#include "format/scram.h"

struct sasl {
	const struct mechanism *mechanism;
	struct sasl_identity identity;
	Gsasl *library;
	Gsasl_session *session; /* NULL for the mechanisms that are ours */
	char *nonce;            /* of our first SCRAM message */
	unsigned steps;         /* taken */
	int satisfied;          /* the last one returned 0 */
	char server_error[ESCAPE_QUOTE];
};

/*
 * Gives libgsasl the key that it would compute itself, from the salt and the
 * iterations that scram_check_server_first has let pass. If that fails it
 * asks for the password instead.
 */
static void
set_salted_password(const struct sasl *s)
{
	static const char digits[] = "0123456789abcdef";
	struct buffer salt = {0};
	struct buffer key = { .kind = BUFFER_SECRET };
	struct buffer hex = { .kind = BUFFER_SECRET };
	const char *text = gsasl_property_fast(s->session, GSASL_SCRAM_SALT);
	const char *count = gsasl_property_fast(s->session, GSASL_SCRAM_ITER);
	enum scram_hash hash = s->mechanism->hash;
	char *password = NULL;
	uint64_t n;

	if (text != NULL && count != NULL &&
	    base64_decode(&salt, text, strlen(text)) == 0 &&
	    ascii_number(count, strlen(count), SCRAM_ITERATIONS_MIN,
	    SCRAM_ITERATIONS_MAX, &n) == 0 &&
	    gsasl_saslprep(s->identity.secret, 0, &password, NULL) ==
	    GSASL_OK &&
	    pbkdf2_derive(&key, hash, password, &salt, (unsigned)n) == 0) {
		for (size_t i = 0; i < key.len; i++) {
			unsigned char octet = (unsigned char)key.data[i];

			buffer_add_char(&hex, digits[octet >> 4]);
			buffer_add_char(&hex, digits[octet & 15]);
		}
		gsasl_property_set(s->session, GSASL_SCRAM_SALTED_PASSWORD,
		    buffer_string(&hex));
	}
	if (password != NULL) {
		platform_wipe(password, strlen(password));
		gsasl_free(password);
	}
	buffer_free(&salt);
	buffer_free(&key);
	buffer_free(&hex);
}

/* Known to libgsasl 2.2 a binding breaks SCRAM without -PLUS. */
static const char *
binding(const struct sasl *s, const char *type)
{
	return s->mechanism->needs_binding &&
	    strcmp(s->identity.binding_type, type) == 0
	    ? s->identity.binding : NULL;
}

/* libgsasl's one callback: it asks for what a mechanism turns out to need. */
static int
answer(Gsasl *library, Gsasl_session *session, Gsasl_property property)
{
	const struct sasl *s = gsasl_session_hook_get(session);
	const char *value = NULL;

	(void)library;
	switch (property) {
	case GSASL_AUTHID:
		value = s->identity.user;
		break;
	case GSASL_AUTHZID: /* all others act as who they are */
		if (ascii_equal(s->mechanism->name, "EXTERNAL"))
			value = s->identity.user;
		break;
	case GSASL_PASSWORD:
		value = s->identity.secret;
		break;
	case GSASL_SCRAM_SALTED_PASSWORD:
		set_salted_password(s);
		return GSASL_OK;
	case GSASL_CB_TLS_EXPORTER:
		value = binding(s, "tls-exporter");
		break;
	case GSASL_CB_TLS_UNIQUE:
		value = binding(s, "tls-unique");
		break;
	case GSASL_SERVICE:
		value = "smtp";
		break;
	case GSASL_HOSTNAME:
		value = s->identity.host;
		break;
	case GSASL_REALM:
		value = s->identity.domain;
		break;
	case GSASL_QOP: /* never a security layer: that is TLS's work */
		value = "qop-auth";
		break;
	default:
		break;
	}
	if (value == NULL)
		return GSASL_NO_CALLBACK;
	return gsasl_property_set(session, property, value);
}

/* A failure of libgsasl in our words and codes. */
static int
explain(const struct sasl *s, int rc, struct error *err)
{
	static const struct {
		int rc, code;
		const char *text;
	} failures[] = {
		{ GSASL_MECHANISM_PARSE_ERROR, EX_PROTOCOL,
		    "invalid challenge" },
		{ GSASL_MECHANISM_CALLED_TOO_MANY_TIMES, EX_PROTOCOL,
		    "unexpected challenge" },
		{ GSASL_AUTHENTICATION_ERROR, EX_PROTOCOL, "server did not "
		    "prove knowledge of the password" },
		{ GSASL_SASLPREP_ERROR, EX_NOPERM, "user name or password "
		    "contains characters that SASLprep prohibits" },
		{ GSASL_GSSAPI_INIT_SEC_CONTEXT_ERROR, EX_NOPERM,
		    "no Kerberos ticket for this server: run kinit" },
		{ GSASL_UNKNOWN_MECHANISM, EX_UNAVAILABLE,
		    "mechanism not supported by libgsasl" },
		{ GSASL_MALLOC_ERROR, EX_OSERR, "out of memory" },
	};

	for (size_t i = 0; i < sizeof(failures) / sizeof(failures[0]); i++)
		if (failures[i].rc == rc)
			return fail(err, failures[i].code, "%s: %s",
			    s->mechanism->name, failures[i].text);
	return fail(err, EX_NOPERM, "%s: %s", s->mechanism->name,
	    gsasl_strerror(rc));
}

/*
 * Lets libgsasl begin. A password that SCRAM cannot use is refused before: in
 * the middle of the exchange libgsasl 2.2 would leak.
 */
static int
start(struct sasl *s)
{
	char *password;
	int rc = GSASL_OK;

	if (s->mechanism->kind == MECHANISM_SCRAM) {
		rc = gsasl_saslprep(s->identity.secret, 0, &password, NULL);
		if (rc != GSASL_OK)
			return rc;
		platform_wipe(password, strlen(password));
		gsasl_free(password);
	}
	rc = gsasl_init(&s->library);
	if (rc != GSASL_OK)
		return rc;
	gsasl_callback_set(s->library, answer);
	rc = gsasl_client_start(s->library, s->mechanism->name, &s->session);
	if (rc == GSASL_OK)
		gsasl_session_hook_set(s->session, s);
	return rc;
}

int
sasl_begin(struct sasl **s, const struct mechanism *mechanism,
    const struct sasl_identity *identity, struct error *err)
{
	struct sasl *new;
	int rc = GSASL_OK;

	*s = NULL;
	if (mechanism->needs_user &&
	    (identity->user == NULL || identity->secret == NULL))
		return fail(err, EX_UNAVAILABLE,
		    "%s: needs a user name and a secret", mechanism->name);
	if (mechanism->needs_binding && identity->binding == NULL)
		return fail(err, EX_UNAVAILABLE, "%s: this TLS session has "
		    "no channel binding", mechanism->name);
	new = xcalloc(1, sizeof(*new));
	new->mechanism = mechanism;
	new->identity = *identity;
	if (!mechanism_has_token(mechanism))
		rc = start(new);
	if (rc != GSASL_OK) {
		explain(new, rc, err);
		sasl_free(new);
		return -1;
	}
	*s = new;
	return 0;
}

/* Signature, type 2, and room up to the server's nonce: libgsasl 2.2 answers
 * anything at all. */
static int
is_ntlm_challenge(const char *challenge, size_t len)
{
	static const char head[] = "NTLMSSP\0\2\0\0";

	return len >= 32 && memcmp(challenge, head, sizeof(head)) == 0;
}

/* Refuses what no mechanism may see, and what SCRAM and NTLM must not. */
static int
check(const struct sasl *s, const char *challenge, size_t len,
    struct error *err)
{
	const char *name = s->mechanism->name;

	if (mechanism_has_token(s->mechanism) ? s->steps > 1 : s->satisfied)
		return fail(err, EX_PROTOCOL,
		    "%s: unexpected challenge after the last one", name);
	if (len > SASL_CHALLENGE_MAX)
		return fail(err, EX_PROTOCOL, "%s: challenge too long: more "
		    "than %zu octets", name, SASL_CHALLENGE_MAX);
	if (s->mechanism->kind == MECHANISM_NTLM)
		return s->steps == 0 || is_ntlm_challenge(challenge, len) ? 0
		    : fail(err, EX_PROTOCOL, "%s: invalid challenge", name);
	if (len > 0 && s->mechanism->kind != MECHANISM_BINARY &&
	    memchr(challenge, '\0', len) != NULL)
		return fail(err, EX_PROTOCOL,
		    "%s: invalid challenge: it contains a NUL", name);
	if (s->mechanism->kind != MECHANISM_SCRAM || s->steps == 0)
		return 0;
	if ((s->steps == 1
	    ? scram_check_server_first(s->nonce, challenge, len, err)
	    : scram_check_server_final(challenge, len, err)) != 0)
		return wrap(err, "%s", name);
	return 0;
}

/* One step of a mechanism of libgsasl. */
static int
step_library(struct sasl *s, const char *challenge, size_t len,
    struct buffer *out, struct error *err)
{
	char *output = NULL; /* on errors libgsasl leaves it as it is */
	size_t n = 0;
	const char *nonce;
	int rc;

	/* NULL would crash DIGEST-MD5. */
	rc = gsasl_step(s->session, len > 0 ? challenge : "", len, &output,
	    &n);
	if (rc != GSASL_OK && rc != GSASL_NEEDS_MORE)
		return explain(s, rc, err);
	buffer_add(out, output, n);
	if (output != NULL)
		platform_wipe(output, n);
	gsasl_free(output);
	if (s->mechanism->kind == MECHANISM_SCRAM && s->steps == 0) {
		nonce = strstr(buffer_string(out), ",r=");
		s->nonce = xstrdup(nonce != NULL ? nonce + 3 : "");
	}
	return rc == GSASL_NEEDS_MORE;
}

/* The token, then the answer to the server's error: RFC 7628 3.2.3. */
static int
step_token(struct sasl *s, const char *challenge, size_t len,
    struct buffer *out, struct error *err)
{
	const struct oauth_request request = {
		s->identity.user, s->identity.secret,
		s->identity.host, s->identity.port
	};
	int bearer = s->mechanism->kind == MECHANISM_OAUTHBEARER;
	char *text;

	if (s->steps == 0)
		return (bearer ? oauth_write_bearer : oauth_write_xoauth2)(
		    out, &request, err) == 0 ? 0
		    : wrap(err, "%s", s->mechanism->name);
	text = xstrndup(len > 0 ? challenge : "", len);
	if (strstr(text, s->identity.secret) == NULL)
		escape_string(s->server_error, sizeof(s->server_error),
		    text);
	free(text);
	if (bearer)
		buffer_add_char(out, '\001');
	return 1;
}

int
sasl_step(struct sasl *s, const char *challenge, size_t len,
    struct buffer *out, struct error *err)
{
	int result;

	buffer_clear(out);
	if (check(s, challenge, len, err) != 0)
		return -1;
	result = (mechanism_has_token(s->mechanism) ? step_token
	    : step_library)(s, challenge, len, out, err);
	if (result < 0)
		buffer_clear(out);
	s->satisfied = result == 0;
	s->steps++;
	return result;
}

const char *
sasl_server_error(const struct sasl *s)
{
	return s->server_error;
}

void
sasl_free(struct sasl *s)
{
	if (s == NULL)
		return;
	if (s->session != NULL)
		gsasl_finish(s->session);
	if (s->library != NULL)
		gsasl_done(s->library);
	free(s->nonce);
	free(s);
}

const char *
sasl_library_version(void)
{
	return gsasl_check_version(NULL);
}
