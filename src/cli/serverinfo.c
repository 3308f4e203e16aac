/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/serverinfo.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/escape.h"
#include "base/write_all.h"
#include "format/json.h"
#include "report/timing.h"
#include "smtp/auth.h"
#include "smtp/commands.h"
#include "smtp/esmtp.h"
#include "smtp/submit.h"

/* How an extension is used, with its NUL. */
#define USE_SIZE 80

/* Longest name of a fact, with its NUL. */
#define NAME_MAX_LEN 32

/* Two faces of the same facts. */
struct info_page {
	struct buffer text;
	int json;
};

/* The name as a JSON key, without blanks. */
static const char *
key_of(const char *name, char key[NAME_MAX_LEN])
{
	snprintf(key, NAME_MAX_LEN, "%s", name);
	for (char *p = key; *p != '\0'; p++)
		if (*p == ' ')
			*p = '_';
	return key;
}

static void
add(struct info_page *p, const char *name, const char *value)
{
	char key[NAME_MAX_LEN];

	if (value[0] == '\0')
		return;
	if (p->json)
		json_add_text(&p->text, key_of(name, key), value);
	else
		buffer_addf(&p->text, "%-19s %s\n", name, value);
}

static void
add_number(struct info_page *p, const char *name, uint64_t value)
{
	char text[32];

	snprintf(text, sizeof(text), "%llu", (unsigned long long)value);
	if (p->json)
		json_add_number(&p->text, name, (int64_t)value);
	else
		add(p, name, text);
}

static void
begin(struct info_page *p, const char *name)
{
	if (p->json)
		json_open(&p->text, name, '{');
	else
		buffer_addf(&p->text, "\n%s:\n", name);
}

static void
end(struct info_page *p)
{
	if (p->json)
		json_close(&p->text, '}');
}

static void
add_connection(struct info_page *p, const struct submitter *s)
{
	add(p, "host", s->facts.host);
	if (s->facts.port != 0)
		add_number(p, "port", s->facts.port);
	add(p, "address", s->facts.connection.address);
}

static void
add_tls(struct info_page *p, const struct tls_facts *tls)
{
	if (tls->version[0] == '\0' && tls->sha256[0] == '\0')
		return;
	begin(p, "tls");
	add(p, "version", tls->version);
	add(p, "cipher", tls->cipher);
	add(p, "subject", tls->subject);
	add(p, "issuer", tls->issuer);
	add(p, "names", tls->names);
	add(p, "valid from", tls->not_before);
	add(p, "valid until", tls->not_after);
	add(p, "sha256", tls->sha256);
	add(p, "spki sha256", tls->spki_sha256);
	add(p, "notice", tls->notice);
	end(p);
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
		return "used if notifications are asked for";
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
add_extensions(struct info_page *p, const struct session *s)
{
	char text[USE_SIZE];

	begin(p, "extensions");
	for (const struct ehlo_keyword *n = capability_names;
	    n->keyword != NULL; n++)
		if (session_can(s, n->extension))
			add(p, n->keyword, use_of(s, n->extension,
			    text));
	end(p);
}

static void
add_limits(struct info_page *p, const struct ehlo *can)
{
	begin(p, "limits");
	if (can->size_max > 0)
		add_number(p, "size", can->size_max);
	if (can->rcpt_max > 0)
		add_number(p, "recipients", can->rcpt_max);
	if (can->mail_max > 0)
		add_number(p, "messages", can->mail_max);
	if (can->hold_max > 0)
		add_number(p, "hold", can->hold_max);
	end(p);
}

static void
add_authentication(struct info_page *p, const struct session *s, int tested)
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
	begin(p, "authentication");
	add(p, "offered", s->can.mechanisms);
	add(p, "choice", m != NULL ? m->name : "none");
	if (tested)
		add(p, "tested", "accepted");
	end(p);
}

static void
add_times(struct info_page *p, const struct submitter *s)
{
	struct timing_step steps[TIMING_STEPS];
	size_t n = timing_steps(steps, s->session.account, &s->facts);

	begin(p, "milliseconds");
	for (size_t i = 0; i < n && !steps[i].unfinished; i++)
		add_number(p, steps[i].name, (uint64_t)steps[i].ms);
	end(p);
}

/* Writes the text for people on stderr. */
static void
add_error(struct info_page *p, const struct account *a,
    const struct error *err)
{
	unsigned code = (unsigned)err->code;

	if (code == EX_TEMPFAIL && a != NULL)
		code = a->tempfail_exit;
	add_number(p, "exit", code);
	add(p, "error", err->text);
	add(p, "hint", err->hint);
}

/* The page for as far as we came. */
static void
compose(struct info_page *p, const struct submitter *s, int tested,
    const struct error *err)
{
	if (p->json)
		json_open(&p->text, NULL, '{');
	add_connection(p, s);
	add_tls(p, &s->session.tls);
	if (s->facts.ready != 0) {
		add_extensions(p, &s->session);
		add_limits(p, &s->session.can);
		add_authentication(p, &s->session, tested);
	}
	add_times(p, s);
	if (p->json) {
		add_error(p, s->session.account, err);
		json_close(&p->text, '}');
		buffer_add_char(&p->text, '\n');
	}
}

int
serverinfo_show(int fd, const struct account *a,
    const struct options *options, struct error *err)
{
	const struct submit_options submit = {
		.trace = options->debug ? STDERR_FILENO : -1 };
	struct submitter s = {0};
	struct info_page page = { .json = options->json };
	struct error trouble = {0};
	int result;

	result = options->auth_test ? submit_open(&s, a, &submit, err)
	    : submit_connect(&s, a, &submit, err);
	if (result == 0 && options->auth_test)
		result = auth_is_wanted(a) ? submit_authenticate(&s, err)
		    : fail(err, EX_CONFIG, "auth is off: there is nothing to "
		    "test");
	compose(&page, &s, result == 0 && options->auth_test, err);
	if (write_answer(fd, page.text.data, page.text.len,
	    &trouble) != 0 && result == 0) {
		*err = trouble;
		result = -1;
	}
	buffer_free(&page.text);
	submit_close(&s);
	return result;
}
