/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "smtp/commands.h"

#include <string.h>

#include "base/poll.h"
#include "smtp/advice.h"
#include "smtp/auth.h"

/* Returns whether the octets that are no reply begin a TLS record (alert,
 * handshake). */
static int
looks_like_tls(const struct session *s)
{
	const struct buffer *in = &s->stream.in;

	return in->len >= 2 && in->data[1] == 3 &&
	    (in->data[0] == 0x15 || in->data[0] == 0x16);
}

int
smtp_greeting(struct session *s, struct error *err)
{
	int clear = s->tls.version[0] == '\0';
	struct reply r;

	s->intact = 1;
	if (session_expect(s, REPLY_TO_GREETING, 2, &r, err) == 0) {
		if (r.code == 220)
			return 0;
		s->intact = 0;
		return fail(err, EX_PROTOCOL, "expected a greeting of 220, "
		    "not %s", r.text);
	}
	if (clear && looks_like_tls(s)) {
		fail(err, EX_PROTOCOL,
		    "this looks like TLS, not cleartext SMTP");
		err->lasting = 1;
		hint(err, "use implicit TLS: tls on, tls_starttls off");
	} else if (clear && s->account->socket[0] == '\0' &&
	    err->code == EX_TEMPFAIL && r.code == 0) {
		hint(err, "if this port uses implicit TLS (465), set tls on "
		    "and tls_starttls off");
	}
	return -1;
}

/* Parses every line of the EHLO reply except the first, which is a greeting. */
static void
read_capabilities(struct session *s)
{
	const char *line = s->lines.data;
	const char *end = line + s->lines.len;
	int first = 1;

	memset(&s->can, 0, sizeof(s->can));
	while (line < end) {
		const char *lf = memchr(line, '\n', (size_t)(end - line));
		size_t len = (size_t)(lf - line);

		if (!first && len > 4)
			ehlo_add_line(&s->can, line + 4, len - 4);
		first = 0;
		line = lf + 1;
	}
}

/* Returns whether this run depends on information that only EHLO provides. */
static int
needs_extensions(const struct session *s)
{
	return auth_is_wanted(s->account) ||
	    (s->smarthost->tls && s->tls.version[0] == '\0');
}

/* RFC 5321 4.1.4 and 3.2: the codes that mean "EHLO not implemented". */
static int
is_without_ehlo(const struct reply *r)
{
	return r->code == 500 || r->code == 501 || r->code == 502 ||
	    r->code == 504 || r->code == 550;
}

int
smtp_hello(struct session *s, const char *name, struct error *err)
{
	int lmtp = s->account->protocol == PROTOCOL_LMTP;
	enum reply_to command = s->tls.version[0] != '\0' ? REPLY_TO_EHLO_TLS
	    : REPLY_TO_EHLO;
	struct reply r;

	if (session_put(s, err, "%s %s", lmtp ? "LHLO" : "EHLO", name) != 0 ||
	    session_get(s, command, &r, err) != 0)
		return -1;
	if (reply_class(&r) == 2) {
		read_capabilities(s);
		return 0;
	}
	if (lmtp || command == REPLY_TO_EHLO_TLS || !is_without_ehlo(&r))
		session_refused(command, &r, err);
	else if (needs_extensions(s))
		fail(err, EX_PROTOCOL, "server refused EHLO, but TLS or "
		    "authentication is required: %s", r.text);
	if (err->code != 0) {
		advice_hint(s, command, &r, NULL, err);
		return -1;
	}
	if (session_put(s, err, "HELO %s", name) != 0)
		return -1;
	memset(&s->can, 0, sizeof(s->can));
	return session_expect(s, REPLY_TO_EHLO, 2, &r, err);
}

int
smtp_tls(struct session *s, const struct tls_policy *policy,
    struct error *err)
{
	struct transport *upper;

	if (stream_upgrade(&s->stream, NULL, err) != 0 ||
	    tls_open(&upper, s->stream.transport, policy, deadline_first(
	    s->stream.deadline, deadline_in(1000 * (int64_t)
	    (s->account->timeout != 0 ? s->account->timeout : 60))),
	    &s->tls, err) != 0) {
		s->intact = 0;
		return -1;
	}
	s->confidential = 1;
	return stream_upgrade(&s->stream, upper, err);
}

int
smtp_starttls(struct session *s, const struct tls_policy *policy,
    struct error *err)
{
	struct reply r;

	if (!session_can(s, EXT_STARTTLS)) {
		fail(err, EX_PROTOCOL, "server does not offer STARTTLS");
		hint(err, "try port 465 with tls_starttls off; for your own "
		    "relay, set tls off, which sends mail unencrypted and no "
		    "password");
		return -1;
	}
	if (session_put(s, err, "STARTTLS") != 0 ||
	    session_expect(s, REPLY_TO_STARTTLS, 2, &r, err) != 0)
		return -1;
	memset(&s->can, 0, sizeof(s->can));
	return smtp_tls(s, policy, err);
}

int
smtp_etrn(struct session *s, const char *name, struct error *err)
{
	struct reply r;

	if (!session_can(s, EXT_ETRN))
		return fail(err, EX_UNAVAILABLE, "server does not offer ETRN");
	if (session_put(s, err, "ETRN %s", name) != 0)
		return -1;
	return session_expect(s, REPLY_TO_OTHER, 2, &r, err);
}

void
smtp_quit(struct session *s)
{
	struct error ignored = {0};

	if (s->intact && s->outstanding == 0 &&
	    session_put(s, &ignored, "QUIT") == 0)
		(void)stream_flush(&s->stream, &ignored);
}
