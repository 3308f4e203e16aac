/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "token/https.h"

#include <curl/curl.h>
#include <string.h>

#include "base/ascii.h"
#include "base/escape.h"
#include "base/library.h"
#include "base/poll.h"

#define SECONDS 30L
#define RETRY_SECONDS 5 /* later, a lost reply is not asked for again */

/* The functions of libcurl. */
#define CURL_FUNCTIONS(F) \
	F(easy_init) F(easy_setopt) F(easy_perform) F(easy_getinfo) \
	F(easy_strerror) F(easy_cleanup)

struct curl {
#define FUNCTION(name) __typeof__(curl_##name) *name;
	CURL_FUNCTIONS(FUNCTION)
#undef FUNCTION
};

static int
load(struct curl *c, struct error *err)
{
	const struct library_symbol symbols[] = {
#define SYMBOL(name) { "curl_" #name, &c->name },
		CURL_FUNCTIONS(SYMBOL)
#undef SYMBOL
	};

	return library_load(CURL_LIBRARY, symbols, sizeof(symbols) /
	    sizeof(symbols[0]), err) == 0 ? 0 : wrap(err, "cannot load "
	    CURL_LIBRARY);
}

static void
add_pair(struct buffer *form, const char *name, const char *value)
{
	buffer_addf(form, "%s%s=", form->len > 0 ? "&" : "", name);
	for (; *value != '\0'; value++)
		if (ascii_is_alnum(*value) || strchr("-._~", *value) != NULL)
			buffer_add_char(form, *value);
		else
			buffer_addf(form, "%%%02X", (unsigned char)*value);
}

void
form_add(struct buffer *form, const char *const *fields)
{
	for (; fields[0] != NULL; fields += 2)
		if (fields[1] != NULL)
			add_pair(form, fields[0], fields[1]);
}

static size_t
take_body(char *data, size_t size, size_t n, void *buffer)
{
	return buffer_add(buffer, data, size * n) == 0 ? size * n : 0;
}

/* Makes the request. Servers that replace a refresh token take the old one for
 * some seconds more, for a client that has not got their reply. */
static CURLcode
request(const struct curl *c, CURL *curl, struct https_reply *r)
{
	int64_t deadline = deadline_in(RETRY_SECONDS * 1000);
	CURLcode result = c->easy_perform(curl);
	long sent = 0;

	c->easy_getinfo(curl, CURLINFO_REQUEST_SIZE, &sent);
	r->is_sent = sent > 0;
	if (result == CURLE_OK || result == CURLE_WRITE_ERROR ||
	    !r->is_sent || deadline_now() >= deadline)
		return result;
	r->is_repeated = 1;
	buffer_clear(&r->body);
	return c->easy_perform(curl);
}

static int
perform(const struct curl *c, CURL *curl, struct https_reply *r,
    struct error *err)
{
	char detail[CURL_ERROR_SIZE] = "", quote[ESCAPE_QUOTE];
	char *type = NULL;
	CURLcode result;

	c->easy_setopt(curl, CURLOPT_WRITEDATA, &r->body);
	c->easy_setopt(curl, CURLOPT_ERRORBUFFER, detail);
	result = request(c, curl, r);
	c->easy_setopt(curl, CURLOPT_ERRORBUFFER, NULL);
	if (result == CURLE_WRITE_ERROR)
		return fail(err, EX_TEMPFAIL, "more than %zu octets came",
		    r->body.max);
	if (strncmp(detail, "Unsupported proxy", 17) == 0)
		return fail(err, EX_CONFIG, "the value of https_proxy or "
		    "all_proxy is no proxy that libcurl can use");
	if (result != CURLE_OK)
		return fail(err, result == CURLE_URL_MALFORMAT ||
		    result == CURLE_UNSUPPORTED_PROTOCOL ||
		    result == CURLE_SSL_CACERT_BADFILE ? EX_CONFIG
		    : EX_TEMPFAIL, "%s", escape_string(quote, sizeof(quote),
		    detail[0] != '\0' ? detail : c->easy_strerror(result)));
	c->easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &r->status);
	c->easy_getinfo(curl, CURLINFO_CONTENT_TYPE, &type);
	r->is_json = type != NULL && ascii_equal_n(type, strcspn(type,
	    "; \t"), "application/json");
	if (r->status / 100 == 3)
		return fail(err, EX_CONFIG, "HTTP status %ld: a redirect is "
		    "not followed", r->status);
	if (r->status / 100 == 5 || r->status == 429)
		return fail(err, EX_TEMPFAIL, "HTTP status %ld", r->status);
	return 0;
}

int
https_request(struct https_reply *r, const char *url,
    const struct buffer *form, const char *ca_file, struct error *err)
{
	char quote[ESCAPE_QUOTE];
	struct curl c;
	CURL *curl;
	int result = load(&c, err);

	if (result != 0)
		return -1;
	curl = c.easy_init();
	if (curl == NULL || c.easy_setopt(curl, CURLOPT_URL, url) ||
	    c.easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "https") ||
	    c.easy_setopt(curl, CURLOPT_TIMEOUT, SECONDS) ||
	    c.easy_setopt(curl, CURLOPT_NOSIGNAL, 1L) ||
	    c.easy_setopt(curl, CURLOPT_USERAGENT, PACKAGE_STRING) ||
	    c.easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body) ||
	    (form != NULL && (c.easy_setopt(curl, CURLOPT_POSTFIELDSIZE,
	    (long)form->len) || c.easy_setopt(curl, CURLOPT_POSTFIELDS,
	    form->data))) || (ca_file != NULL &&
	    c.easy_setopt(curl, CURLOPT_CAINFO, ca_file)))
		result = fail(err, EX_CONFIG, "cannot set up libcurl");
	else
		result = perform(&c, curl, r, err);
	c.easy_cleanup(curl);
	return result == 0 ? 0 : wrap(err, "%s", escape_string(quote,
	    sizeof(quote), url));
}
