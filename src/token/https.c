/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "token/https.h"

#include <curl/curl.h>
#include <string.h>

#include "base/ascii.h"
#include "base/escape.h"
#include "token/wiping_heap.h"

#define SECONDS 30L

void
form_add(struct buffer *form, const char *name, const char *value)
{
	if (form->len > 0)
		buffer_add_char(form, '&');
	buffer_addf(form, "%s=", name);
	for (; *value != '\0'; value++) {
		if (ascii_is_alnum(*value) || strchr("-._~", *value) != NULL)
			buffer_add_char(form, *value);
		else
			buffer_addf(form, "%%%02X", (unsigned char)*value);
	}
}

static size_t
take_body(char *data, size_t size, size_t n, void *buffer)
{
	return buffer_add(buffer, data, size * n) == 0 ? size * n : 0;
}

static int
is_json(const char *type)
{
	size_t n = type != NULL ? strcspn(type, "; \t") : 0;

	return type != NULL && ascii_equal_n(type, n, "application/json");
}

static int
set_options(CURL *curl, struct https_reply *r, const char *url,
    const struct buffer *form, const char *ca_file)
{
	int bad = curl_easy_setopt(curl, CURLOPT_URL, url) != CURLE_OK ||
	    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "https")
	    != CURLE_OK ||
	    curl_easy_setopt(curl, CURLOPT_TIMEOUT, SECONDS) != CURLE_OK ||
	    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L) != CURLE_OK ||
	    curl_easy_setopt(curl, CURLOPT_USERAGENT, PACKAGE_STRING)
	    != CURLE_OK ||
	    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body)
	    != CURLE_OK ||
	    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &r->body) != CURLE_OK;

	if (form != NULL)
		bad |= curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE,
		    (long)form->len) != CURLE_OK ||
		    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, form->data)
		    != CURLE_OK;
	if (ca_file != NULL)
		bad |= curl_easy_setopt(curl, CURLOPT_CAINFO, ca_file)
		    != CURLE_OK;
	return bad ? -1 : 0;
}

static int
code_for(CURLcode result)
{
	switch (result) {
	case CURLE_URL_MALFORMAT:
	case CURLE_UNSUPPORTED_PROTOCOL:
	case CURLE_SSL_CACERT_BADFILE:
		return EX_CONFIG;
	default:
		return EX_TEMPFAIL;
	}
}

/* The host of a URL, for messages. */
static int
wrap_host(const char *url, struct error *err)
{
	char quote[ESCAPE_QUOTE];
	const char *host = strstr(url, "://");

	host = host != NULL ? host + 3 : url;
	return wrap(err, "%s", escape(quote, sizeof(quote), host,
	    strcspn(host, "/?")));
}

static int
perform(CURL *curl, struct https_reply *r, const char *url, struct error *err)
{
	char detail[CURL_ERROR_SIZE] = "", quote[ESCAPE_QUOTE];
	char *type = NULL;
	CURLcode result;

	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, detail);
	result = curl_easy_perform(curl);
	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, NULL);
	if (result != CURLE_OK) {
		if (result == CURLE_WRITE_ERROR)
			fail(err, EX_TEMPFAIL, "more than %zu octets came",
			    r->body.max);
		else
			fail(err, code_for(result), "%s", escape_string(quote,
			    sizeof(quote), detail[0] != '\0' ? detail
			    : curl_easy_strerror(result)));
		return wrap_host(url, err);
	}
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &r->status);
	curl_easy_getinfo(curl, CURLINFO_CONTENT_TYPE, &type);
	r->is_json = is_json(type);
	if (r->status / 100 == 3) {
		fail(err, EX_CONFIG, "HTTP status %ld: a redirect is not "
		    "followed", r->status);
		return wrap_host(url, err);
	}
	if (r->status / 100 == 5 || r->status == 429) {
		fail(err, EX_TEMPFAIL, "HTTP status %ld", r->status);
		return wrap_host(url, err);
	}
	return 0;
}

int
https_request(struct https_reply *r, const char *url, struct buffer *form,
    const char *ca_file, struct error *err)
{
	CURL *curl = NULL;
	int result;

	if (curl_global_init_mem(CURL_GLOBAL_DEFAULT, wiping_malloc,
	    wiping_free, wiping_realloc, wiping_strdup, wiping_calloc) == 0)
		curl = curl_easy_init();
	if (curl == NULL || set_options(curl, r, url, form, ca_file) != 0)
		result = fail(err, EX_CONFIG, "cannot set up libcurl");
	else
		result = perform(curl, r, url, err);
	curl_easy_cleanup(curl);
	curl_global_cleanup();
	return result;
}
