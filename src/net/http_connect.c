/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "net/http_connect.h"

#include <stdlib.h>
#include <string.h>

#include "base/ascii.h"
#include "base/buffer.h"
#include "base/escape.h"
#include "base/xmalloc.h"
#include "format/encode.h"
#include "format/secrets.h"

/* Appends the credentials as the proxy receives them. */
static void
add_credentials(struct buffer *out, const struct proxy_request *r)
{
	struct buffer octets = { .kind = BUFFER_SECRET };

	buffer_addf(&octets, "%s:%s", r->user, r->password);
	base64_encode(out, octets.data, octets.len);
	buffer_free(&octets);
}

static int
ask(struct transport *t, const struct proxy_request *r, struct error *err)
{
	struct buffer question = { .kind = BUFFER_SECRET };
	char target[ESCAPE_QUOTE];
	int result;

	escape_server(target, sizeof(target), r->host, r->port);
	buffer_addf(&question, "CONNECT %s HTTP/1.1\r\nHost: %s", target,
	    target);
	if (r->user[0] != '\0') {
		buffer_add_string(&question, "\r\nProxy-Authorization: Basic ");
		add_credentials(&question, r);
	}
	buffer_add_string(&question, "\r\n\r\n");
	result = proxy_put(t, question.data, question.len, r->deadline, err);
	buffer_free(&question);
	return result;
}

/*
 * Reads one line without its end, octet by octet, because the octets after the
 * last line belong to the smarthost. left is the number of octets that the
 * proxy may still send.
 */
static int
get_line(struct transport *t, struct buffer *line, size_t *left,
    const struct proxy_request *r, struct error *err)
{
	char c;

	buffer_clear(line);
	for (;;) {
		if (*left == 0)
			return fail(err, EX_PROTOCOL, "response of the proxy "
			    "is longer than %zu octets", HTTP_HEAD_MAX);
		if (proxy_get(t, &c, 1, r->deadline, err) != 0)
			return -1;
		--*left;
		if (c == '\n')
			break;
		buffer_add_char(line, c);
	}
	if (line->len > 0 && line->data[line->len - 1] == '\r')
		line->len--;
	return 0;
}

int
http_connect_status(const char *line, size_t len)
{
	const size_t least = strlen("HTTP/1.x 200");
	uint64_t number;

	if (len < least || memcmp(line, "HTTP/1.", 7) != 0 ||
	    !ascii_is_digit(line[7]) || line[8] != ' ' ||
	    (len > least && line[least] != ' ') ||
	    ascii_number(line + least - 3, 3, 100, 599, &number) < 0)
		return 0;
	return (int)number;
}

/* Quotes the status line without the credentials that it repeats. */
static char *
quote_status(char *out, size_t size, const struct buffer *status,
    const struct proxy_request *r)
{
	struct buffer credentials = { .kind = BUFFER_SECRET };
	struct secrets secrets = {0};
	const char *shown;
	size_t len = status->len;

	if (r->user[0] != '\0') {
		add_credentials(&credentials, r);
		secrets_add(&secrets, credentials.data, credentials.len);
		secrets_add_password(&secrets, r->password,
		    strlen(r->password));
		buffer_free(&credentials);
	}
	shown = secrets_conceal(&secrets, status->data, &len, 0);
	escape(out, size, shown, len);
	secrets_free(&secrets);
	return out;
}

/*
 * Reads a status line and the header fields after it. Returns the code, or -1.
 * The fields are ignored: with 2xx the tunnel begins after the empty line,
 * whatever they contain (RFC 9110 9.3.6).
 */
static int
get_head(struct transport *t, struct buffer *status, size_t *left,
    const struct proxy_request *r, struct error *err)
{
	struct buffer field = {0};
	char quote[ESCAPE_QUOTE];
	int code, result;

	if (get_line(t, status, left, r, err) != 0)
		return -1;
	code = http_connect_status(status->data, status->len);
	if (code == 0)
		return fail(err, EX_PROTOCOL, "expected an HTTP status line, "
		    "not \"%s\"", quote_status(quote, 128, status, r));
	do
		result = get_line(t, &field, left, r, err);
	while (result == 0 && field.len > 0);
	buffer_free(&field);
	return result != 0 ? -1 : code;
}

/* RFC 9110 15.2: any number of interim responses may come first; a switch to
 * another protocol was not requested. */
static int
is_interim(int code)
{
	return code >= 100 && code < 200 && code != 101;
}

static int
judge(int code, const struct buffer *status, const struct proxy_request *r,
    struct error *err)
{
	char quote[ESCAPE_QUOTE];

	if (code >= 200 && code < 300)
		return 0;
	quote_status(quote, sizeof(quote), status, r);
	if (code == 101)
		return fail(err, EX_PROTOCOL, "the proxy answered %s", quote);
	if (code != 407 && code != 401) /* 401: from tinyproxy */
		return fail(err, EX_TEMPFAIL, "the proxy cannot connect: %s",
		    quote);
	return fail(err, EX_NOPERM, r->user[0] != '\0'
	    ? "proxy authentication failed; check proxy_user and "
	    "proxy_password: %s"
	    : "proxy authentication required; set proxy_user: %s", quote);
}

int
http_connect(struct transport *t, const struct proxy_request *request,
    struct error *err)
{
	struct buffer status = {0};
	size_t left = HTTP_HEAD_MAX;
	int code;

	if (ask(t, request, err) != 0)
		return -1;
	do
		code = get_head(t, &status, &left, request, err);
	while (is_interim(code));
	if (code > 0)
		code = judge(code, &status, request, err);
	buffer_free(&status);
	return code;
}
