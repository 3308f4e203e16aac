/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "tls/tofu.h"

#include <gnutls/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/ascii.h"
#include "base/escape.h"
#include "base/state_file.h"
#include "base/string_list.h"
#include "base/xmalloc.h"
#include "tls/certificate.h"

int
tofu_make(struct tofu_pin *pin, const char *state, const char *name,
    unsigned port, struct error *err)
{
	char server[ESCAPE_QUOTE];

	memset(pin, 0, sizeof(*pin));
	if (state == NULL) {
		fail(err, EX_CONFIG, "cannot record the server's key: no "
		    "state directory");
		return hint(err, "set HOME or XDG_STATE_HOME, which tls_trust "
		    "tofu needs");
	}
	pin->directory = xasprintf("%s/pins", state);
	pin->server = xstrdup(escape_server(server, sizeof(server), name,
	    port));
	for (char *p = pin->server; *p != '\0'; p++)
		*p = ascii_lower(*p);
	return 0;
}

/* Adds the lines that are not comments. */
static void
read_lines(struct string_list *lines, const struct buffer *text)
{
	const char *line = text->data;
	const char *end = text->len > 0 ? line + text->len : line;

	while (line < end) {
		const char *lf = memchr(line, '\n', (size_t)(end - line));
		size_t len = (size_t)((lf != NULL ? lf : end) - line);

		if (len > 0 && line[0] != '#')
			string_list_add(lines, xstrndup(line, len));
		line += len + (lf != NULL);
	}
}

/* Names both keys, so that the user can compare them with those of the
 * operator. */
static int
refuse(const struct tofu_pin *pin, gnutls_session_t session, const char *known,
	struct error *err)
{
	gnutls_x509_crt_t certificate = certificate_of_server(session);
	struct certificate_fingerprints f;
	char quote[ESCAPE_QUOTE], path[ESCAPE_QUOTE];

	if (certificate == NULL)
		return fail(err, EX_PROTOCOL, "server sent no certificate");
	certificate_fingerprints(&f, certificate);
	gnutls_x509_crt_deinit(certificate);
	fail(err, EX_PROTOCOL, "certificate verification failed: the key of "
	    "%s has changed: expected %s, server has %s", pin->server,
	    escape_string(quote, sizeof(quote), known), f.spki);
	return hint(err, "the connection may be intercepted; if the operator "
	    "confirms the new key: rm %s/%s", escape_string(path,
	    sizeof(path), pin->directory), pin->server);
}

static int
compare(const struct tofu_pin *pin, gnutls_session_t session,
	const struct string_list *known, struct error *err)
{
	if (known->n == 0)
		return fail(err, EX_CONFIG, "expected a fingerprint");
	if (certificate_match(session, (const char *const *)known->at, err)
	    == 0)
		return 1;
	return err->code == EX_PROTOCOL
	    ? refuse(pin, session, known->at[0], err) : -1;
}

int
tofu_check(const struct tofu_pin *pin, gnutls_session_t session,
    struct error *err)
{
	char quote[ESCAPE_QUOTE];
	struct buffer text = {0};
	struct string_list known = {0};
	int result = state_file_read(&text, pin->directory, pin->server, err);

	if (result == 1) {
		read_lines(&known, &text);
		result = compare(pin, session, &known, err);
		if (result < 0 && err->code == EX_CONFIG)
			wrap(err, "%s/%s", escape_string(quote, sizeof(quote),
			    pin->directory), pin->server);
	}
	string_list_free(&known);
	buffer_free(&text);
	return result;
}

/* Composes the pin's file, with a comment for people. */
static void
describe(struct buffer *text, const struct certificate_fingerprints *f,
	gnutls_x509_crt_t certificate)
{
	char subject[ESCAPE_QUOTE], date[CERTIFICATE_DATE];

	certificate_name(subject, sizeof(subject), certificate,
	    CERTIFICATE_SUBJECT);
	buffer_addf(text, "# first seen %s, %s\n%s\n",
	    certificate_date(date, time(NULL)), subject, f->spki);
}

/* Checks the key that the file already has. */
static int
check_again(const struct tofu_pin *pin, gnutls_session_t session,
    struct error *err)
{
	char quote[ESCAPE_QUOTE];
	int known = tofu_check(pin, session, err);

	if (known != 0)
		return known == 1 ? 0 : -1;
	fail(err, EX_CONFIG, "cannot record the server's key: expected no "
	    "file, or one that can be read, and found a link to nothing");
	return hint(err, "rm %s/%s", escape_string(quote, sizeof(quote),
	    pin->directory), pin->server);
}

int
tofu_record(const struct tofu_pin *pin, gnutls_session_t session, char *notice,
	size_t size, struct error *err)
{
	gnutls_x509_crt_t certificate = certificate_of_server(session);
	struct certificate_fingerprints f;
	char quote[ESCAPE_QUOTE];
	struct buffer text = {0};
	int result;

	if (certificate == NULL)
		return fail(err, EX_PROTOCOL, "server sent no certificate");
	certificate_fingerprints(&f, certificate);
	describe(&text, &f, certificate);
	gnutls_x509_crt_deinit(certificate);
	result = state_file_add(pin->directory, pin->server, &text, err);
	buffer_free(&text);
	if (result < 0)
		return wrap(err, "cannot record the server's key");
	if (result == 0)
		return check_again(pin, session, err);
	snprintf(notice, size, "first connection to %s: recorded its key %s "
	    "in %s/%s", pin->server, f.spki,
	    escape_string(quote, sizeof(quote), pin->directory), pin->server);
	return 0;
}

void
tofu_free(struct tofu_pin *pin)
{
	free(pin->directory);
	free(pin->server);
	memset(pin, 0, sizeof(*pin));
}
