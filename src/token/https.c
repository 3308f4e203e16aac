/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "token/https.h"

#include <curl/curl.h>
#include <string.h>

#include "base/ascii.h"
#include "base/escape.h"
#include "base/library.h"
#include "token/wiping_heap.h"

#define SECONDS 30L

/* The functions of libcurl. */
struct curl {
	CURLcode (*global_init_mem)(long, curl_malloc_callback,
	    curl_free_callback, curl_realloc_callback, curl_strdup_callback,
	    curl_calloc_callback);
	CURL *(*easy_init)(void);
	CURLcode (*easy_setopt)(CURL *, CURLoption, ...);
	CURLcode (*easy_perform)(CURL *);
	CURLcode (*easy_getinfo)(CURL *, CURLINFO, ...);
	const char *(*easy_strerror)(CURLcode);
	void (*easy_cleanup)(CURL *);
	void (*global_cleanup)(void);
};

static int
load(struct curl *c, struct error *err)
{
	const struct library_symbol symbols[] = {
		{ "curl_global_init_mem", &c->global_init_mem },
		{ "curl_easy_init", &c->easy_init },
		{ "curl_easy_setopt", &c->easy_setopt },
		{ "curl_easy_perform", &c->easy_perform },
		{ "curl_easy_getinfo", &c->easy_getinfo },
		{ "curl_easy_strerror", &c->easy_strerror },
		{ "curl_easy_cleanup", &c->easy_cleanup },
		{ "curl_global_cleanup", &c->global_cleanup },
	};

	if (library_load(CURL_LIBRARY, symbols,
	    sizeof(symbols) / sizeof(symbols[0]), err) == 0)
		return 0;
	return wrap(err, "cannot load %s", CURL_LIBRARY);
}

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
set_options(const struct curl *c, CURL *curl, const char *url,
    const struct buffer *form, const char *ca_file)
{
	int bad = c->easy_setopt(curl, CURLOPT_URL, url) != CURLE_OK ||
	    c->easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "https")
	    != CURLE_OK ||
	    c->easy_setopt(curl, CURLOPT_TIMEOUT, SECONDS) != CURLE_OK ||
	    c->easy_setopt(curl, CURLOPT_NOSIGNAL, 1L) != CURLE_OK ||
	    c->easy_setopt(curl, CURLOPT_USERAGENT, PACKAGE_STRING)
	    != CURLE_OK ||
	    c->easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body)
	    != CURLE_OK;

	if (form != NULL)
		bad |= c->easy_setopt(curl, CURLOPT_POSTFIELDSIZE,
		    (long)form->len) != CURLE_OK ||
		    c->easy_setopt(curl, CURLOPT_POSTFIELDS, form->data)
		    != CURLE_OK;
	if (ca_file != NULL)
		bad |= c->easy_setopt(curl, CURLOPT_CAINFO, ca_file)
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
perform(const struct curl *c, CURL *curl, struct https_reply *r,
    const char *url, struct error *err)
{
	char detail[CURL_ERROR_SIZE] = "", quote[ESCAPE_QUOTE];
	char *type = NULL;
	CURLcode result;

	c->easy_setopt(curl, CURLOPT_WRITEDATA, &r->body);
	c->easy_setopt(curl, CURLOPT_ERRORBUFFER, detail);
	result = c->easy_perform(curl);
	c->easy_setopt(curl, CURLOPT_ERRORBUFFER, NULL);
	if (result != CURLE_OK) {
		if (result == CURLE_WRITE_ERROR)
			fail(err, EX_TEMPFAIL, "more than %zu octets came",
			    r->body.max);
		else
			fail(err, code_for(result), "%s", escape_string(quote,
			    sizeof(quote), detail[0] != '\0' ? detail
			    : c->easy_strerror(result)));
		return wrap_host(url, err);
	}
	c->easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &r->status);
	c->easy_getinfo(curl, CURLINFO_CONTENT_TYPE, &type);
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
	struct curl c;
	CURL *curl = NULL;
	int result;

	if (load(&c, err) != 0)
		return -1;
	if (c.global_init_mem(CURL_GLOBAL_DEFAULT, wiping_malloc, wiping_free,
	    wiping_realloc, wiping_strdup, wiping_calloc) == 0)
		curl = c.easy_init();
	if (curl == NULL || set_options(&c, curl, url, form, ca_file) != 0)
		result = fail(err, EX_CONFIG, "cannot set up libcurl");
	else
		result = perform(&c, curl, r, url, err);
	c.easy_cleanup(curl);
	c.global_cleanup();
	return result;
}
