/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "tls/resume.h"

#include <gnutls/ocsp.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/ascii.h"
#include "base/buffer.h"
#include "base/mkdirs.h"
#include "base/platform.h"
#include "base/state_file.h"
#include "base/xmalloc.h"
#include "tls/tofu.h"

/*
 * Before a session's octets: what it is, since when, and a digest of them, as
 * the library falls over a session that a full disk has cut. All of one length.
 */
#define HEADER "onehop session 1 "
#define SINCE_LEN 20
#define HEADER_LEN (sizeof(HEADER) - 1 + SINCE_LEN + 1 + DIGEST_TEXT)
/* Longer ones are not kept: the stack holds them. */
#define SESSION_MAX ((size_t)16 * 1024)

/* The digest's text; "" if it cannot be made. */
static void
sum_up(char text[DIGEST_TEXT], const char *data, size_t len)
{
	struct sha256 d = {0};

	sha256_begin(&d);
	sha256_add(&d, data, len);
	if (sha256_end(&d, text) != 0)
		text[0] = '\0';
}

/* Each text with its length, so that no two lists look the same. */
static void
add_text(struct buffer *all, const char *text)
{
	buffer_addf(all, "%zu:%s,", text != NULL ? strlen(text) : 0,
	    text != NULL ? text : "");
}

/* A file by its name, and by what changes when somebody replaces it. */
static void
add_file(struct buffer *all, const char *path)
{
	struct stat st;

	add_text(all, path);
	if (path == NULL || stat(path, &st) != 0)
		memset(&st, 0, sizeof(st));
	buffer_addf(all, "%ju/%ju/%jd/%jd.%09ld,", (uintmax_t)st.st_dev,
	    (uintmax_t)st.st_ino, (intmax_t)st.st_size,
	    (intmax_t)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
}

static void
add_pin(struct buffer *all, const struct tls_policy *policy)
{
	struct error ignored;
	struct tofu_pin pin;
	char *path;

	if (policy->trust != TLS_TRUST_TOFU || tofu_make(&pin, policy->state,
	    policy->name, policy->port, &ignored) != 0)
		return;
	path = xasprintf("%s/%s", pin.directory, pin.server);
	add_file(all, path);
	free(path);
	tofu_free(&pin);
}

/* All that decides who is trusted and what is negotiated. */
static void
describe(struct buffer *all, const struct tls_policy *policy)
{
	add_text(all, gnutls_check_version(NULL));
	add_text(all, policy->name);
	buffer_addf(all, "%u %d %d %u,", policy->port, (int)policy->trust,
	    policy->verify, policy->min_dh_prime_bits);
	add_text(all, policy->priorities);
	add_file(all, policy->trust_file);
	add_file(all, policy->crl_file);
	add_file(all, policy->key_file);
	add_file(all, policy->cert_file);
	add_pin(all, policy);
	for (const char *const *f = policy->fingerprints;
	    f != NULL && *f != NULL; f++)
		add_text(all, *f);
}

static void
make_name(struct resume *r, const struct tls_policy *policy)
{
	struct buffer all = {0};

	describe(&all, policy);
	sum_up(r->name, all.data, all.len);
	buffer_free(&all);
}

/* The header's fields, or NULL if it is none. */
static const char *
header_fields(const struct buffer *text)
{
	size_t head = strlen(HEADER);

	return text->len > HEADER_LEN && memcmp(text->data, HEADER, head) == 0
	    ? text->data + head : NULL;
}

/* Takes the header off. 1 if the session is whole and has not expired. */
static int
check_header(struct resume *r, struct buffer *text)
{
	const char *fields = header_fields(text);
	int64_t now = (int64_t)time(NULL);
	char sum[DIGEST_TEXT];
	uint64_t since;

	if (fields == NULL || ascii_number(fields, SINCE_LEN, 1, INT64_MAX,
	    &since) != 0)
		return 0;
	sum_up(sum, text->data + HEADER_LEN, text->len - HEADER_LEN);
	if (sum[0] == '\0' ||
	    memcmp(sum, fields + SINCE_LEN + 1, DIGEST_TEXT - 1) != 0)
		return 0;
	buffer_consume(text, HEADER_LEN);
	r->since = (int64_t)since;
	return r->since <= now && now - r->since < RESUME_MAX_AGE;
}

void
resume_begin(struct resume *r, gnutls_session_t session,
	const struct tls_policy *policy)
{
	struct buffer text = { .kind = BUFFER_SECRET };

	memset(r, 0, sizeof(*r));
	if (!policy->resume || policy->state == NULL)
		return;
	r->directory = xasprintf("%s/sessions", policy->state);
	(void)mkdirs(r->directory);
	/* What will never go on again is but a danger to what went over it. */
	state_file_sweep(r->directory, RESUME_MAX_AGE);
	make_name(r, policy);
	if (state_file_take(&text, r->directory, r->name) == 1 &&
	    check_header(r, &text))
		(void)gnutls_session_set_data(session, text.data, text.len);
	buffer_free(&text);
}

void
resume_settle(struct resume *r, gnutls_session_t session,
	const struct tls_policy *policy)
{
	if (r->directory == NULL)
		return;
	if (!gnutls_session_is_resumed(session))
		r->since = (int64_t)time(NULL);
	make_name(r, policy);
}

/* With TLS 1.3 only a ticket makes a session go on. */
static int
may_go_on(gnutls_session_t session)
{
	gnutls_datum_t staple;

	if (gnutls_ocsp_status_request_get(session, &staple) == 0)
		return 0;
	return gnutls_protocol_get_version(session) != GNUTLS_TLS1_3 ||
	    (gnutls_session_get_flags(session) &
	    GNUTLS_SFLAGS_SESSION_TICKET) != 0;
}

void
resume_keep(const struct resume *r, gnutls_session_t session)
{
	char data[SESSION_MAX], sum[DIGEST_TEXT];
	struct buffer text = { .data = data };
	size_t room = sizeof(data) - HEADER_LEN;

	if (r->directory == NULL || !may_go_on(session))
		return;
	if (gnutls_session_get_data(session, data + HEADER_LEN, &room) == 0) {
		char last = data[HEADER_LEN];

		sum_up(sum, data + HEADER_LEN, room);
		snprintf(data, HEADER_LEN + 1, HEADER "%0*" PRId64 " %s\n",
		    SINCE_LEN, r->since, sum);
		data[HEADER_LEN] = last;
		text.len = HEADER_LEN + room;
		(void)state_file_put(r->directory, r->name, &text);
	}
	platform_wipe(data, sizeof(data));
}

void
resume_free(struct resume *r)
{
	free(r->directory);
	memset(r, 0, sizeof(*r));
}
