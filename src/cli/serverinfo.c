/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/serverinfo.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/show.h"
#include "format/facts.h"
#include "report/timing.h"
#include "smtp/auth.h"
#include "smtp/commands.h"
#include "smtp/esmtp.h"
#include "smtp/submit.h"

/* How an extension is used, with its NUL. */
#define USE_SIZE 80

static void
add_connection(struct facts *f, const struct submitter *s)
{
	facts_add(f, "host", s->facts.host);
	if (s->facts.port != 0)
		facts_add_number(f, "port", s->facts.port);
	facts_add(f, "address", s->facts.connection.address);
}

static void
add_tls(struct facts *f, const struct tls_facts *tls)
{
	if (tls->version[0] == '\0' && tls->sha256[0] == '\0')
		return;
	facts_open(f, "tls");
	facts_add(f, "version", tls->version);
	facts_add(f, "cipher", tls->cipher);
	facts_add(f, "subject", tls->subject);
	facts_add(f, "issuer", tls->issuer);
	facts_add(f, "names", tls->names);
	facts_add(f, "valid from", tls->not_before);
	facts_add(f, "valid until", tls->not_after);
	facts_add(f, "sha256", tls->sha256);
	facts_add(f, "spki sha256", tls->spki_sha256);
	facts_add(f, "notice", tls->notice);
	facts_close(f);
}

/* Returns how onehop uses an extension. */
static const char *
use_of(const struct session *s, enum extension extension,
    char text[USE_SIZE])
{
	const struct account *a = s->account;
	const char *use = esmtp_use(s, extension, text, USE_SIZE);

	if (use != NULL)
		return use;
	switch (extension) {
	case EXT_STARTTLS:
		return s->smarthost->tls && s->smarthost->tls_starttls
		    ? "used" : "not wanted";
	case EXT_AUTH:
		return auth_is_wanted(a) ? "used" : "auth is off";
	case EXT_PIPELINING:
		return a->pipelining ? "used" : "pipelining is off";
	case EXT_CHUNKING:
	case EXT_BINARYMIME:
		return a->chunking ? "used" : "chunking is off";
	case EXT_DSN:
		return "used if notifications are requested";
	case EXT_8BITMIME:
	case EXT_SMTPUTF8:
		return "used if the message needs it";
	case EXT_ETRN:
		return "used by --rmqs";
	default:
		return "used";
	}
}

static void
add_extensions(struct facts *f, const struct session *s)
{
	char text[USE_SIZE];

	facts_open(f, "extensions");
	for (const struct ehlo_keyword *n = capability_names;
	    n->keyword != NULL; n++)
		if (session_can(s, n->extension))
			facts_add(f, n->keyword, use_of(s, n->extension,
			    text));
	facts_close(f);
}

static void
add_limits(struct facts *f, const struct ehlo *can)
{
	facts_open(f, "limits");
	if (can->size_max > 0)
		facts_add_number(f, "size", (int64_t)can->size_max);
	if (can->rcpt_max > 0)
		facts_add_number(f, "recipients", (int64_t)can->rcpt_max);
	if (can->mail_max > 0)
		facts_add_number(f, "messages", (int64_t)can->mail_max);
	if (can->hold_max > 0)
		facts_add_number(f, "hold", (int64_t)can->hold_max);
	facts_close(f);
}

static void
add_authentication(struct facts *f, const struct session *s, int tested)
{
	const struct account *a = s->account;
	struct buffer binding = {0};
	const struct mechanism *m = mechanism_find(a->auth);

	if (s->tls.version[0] != '\0')
		(void)tls_channel_binding(s->stream.transport, &binding);
	if (m == NULL)
		m = mechanism_choose(s->can.mechanisms, s->confidential,
		    binding.len > 0, a->user[0] != '\0');
	buffer_free(&binding);
	facts_open(f, "authentication");
	facts_add(f, "offered", s->can.mechanisms);
	facts_add(f, "choice", m != NULL ? m->name : "none");
	if (tested)
		facts_add(f, "tested", "accepted");
	facts_close(f);
}

static void
add_times(struct facts *f, const struct submitter *s, const struct account *a)
{
	struct timing_step steps[TIMING_STEPS];
	size_t n = timing_steps(steps, a, &s->facts);

	facts_open(f, "milliseconds");
	for (size_t i = 0; i < n && !steps[i].unfinished; i++)
		facts_add_number(f, steps[i].name, steps[i].ms);
	facts_close(f);
}

/* Adds the result of the run. */
static void
add_error(struct facts *f, const struct account *a,
    const struct error *err)
{
	unsigned code = (unsigned)err->code;

	if (code == EX_TEMPFAIL)
		code = a->tempfail_exit;
	facts_add_number(f, "exit", code);
	facts_add(f, "error", err->text);
	facts_add(f, "hint", err->hint);
}

/* The page for as far as we came. */
static void
compose(struct facts *f, const struct submitter *s, const struct account *a,
    int tested, const struct error *err)
{
	facts_open(f, NULL);
	add_connection(f, s);
	add_tls(f, &s->session.tls);
	if (s->facts.ready != 0) {
		add_extensions(f, &s->session);
		add_limits(f, &s->session.can);
		add_authentication(f, &s->session, tested);
	}
	add_times(f, s, a);
	if (f->style == FACTS_JSON)
		add_error(f, a, err);
	facts_close(f);
	if (f->style == FACTS_JSON)
		buffer_add_char(f->out, '\n');
}

int
serverinfo_show(int fd, const struct account *a,
    const struct options *options, struct error *err)
{
	const struct submit_options submit = {
		.trace = options->debug ? STDERR_FILENO : -1 };
	struct submitter s = {0};
	struct buffer page = {0};
	struct facts facts = { .out = &page,
		.style = options->json ? FACTS_JSON : FACTS_LINES };
	struct error trouble = {0};
	int result;

	result = options->auth_test ? submit_open(&s, a, &submit, err)
	    : submit_connect(&s, a, &submit, err);
	if (result == 0 && options->auth_test)
		result = auth_is_wanted(a) ? submit_authenticate(&s, err)
		    : fail(err, EX_CONFIG, "auth is off: nothing to test");
	compose(&facts, &s, a, result == 0 && options->auth_test, err);
	if (show_answer(fd, page.data, page.len,
	    &trouble) != 0 && result == 0) {
		*err = trouble;
		result = -1;
	}
	buffer_free(&page);
	submit_close(&s);
	return result;
}
