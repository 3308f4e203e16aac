/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "tls/tlsa.h"

#include <arpa/nameser.h>
#include <netdb.h>
#include <netinet/in.h>
#include <resolv.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include "base/escape.h"
#include "base/xmalloc.h"
#include "format/domain.h"
#include "net/blocking_call.h"

#define CLASS_IN 1
#define TYPE_TLSA 52 /* RFC 6698 7.1 */

/* One query, and its answer. */
struct tlsa_question {
	char *host;
	unsigned port;
	struct tlsa_records records;
	int silent;        /* the system's resolver did not answer either */
};

void
tlsa_free(struct tlsa_records *records)
{
	for (size_t i = 0; i < records->n; i++)
		free(records->at[i].data);
	memset(records, 0, sizeof(*records));
}

static void
release(void *work)
{
	struct tlsa_question *q = work;

	tlsa_free(&q->records);
	free(q->host);
	free(q);
}

/* libgnutls-dane reports a resolver that does not answer as missing records;
 * the system's resolver distinguishes the two. */
static int
is_silent(const struct tlsa_question *q)
{
	unsigned char answer[512];
	char *name = xasprintf("_%u._tcp.%s", q->port, q->host);
	int len = res_query(name, CLASS_IN, TYPE_TLSA, answer,
	    (int)sizeof(answer));
	int trouble = h_errno;

	free(name);
	return len < 0 && trouble == TRY_AGAIN;
}

/* The places where systems keep the root key. libgnutls-dane does not tell
 * which of them it was built for. */
static int
has_root_key(void)
{
	static const char *const paths[] = {
		"/usr/share/dns/root.key", "/etc/unbound/root.key",
		"/var/lib/unbound/root.key", "/etc/trusted-key.key",
		"/usr/local/etc/unbound/root.key"
	};

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		if (access(paths[i], R_OK) == 0)
			return 1;
	return 0;
}

static void
ask(void *work)
{
	struct tlsa_question *q = work;

	tlsa_query(&q->records, q->host, q->port);
	if (q->records.status == TLSA_TROUBLE && !has_root_key())
		q->records.status = TLSA_NO_ROOT_KEY;
	q->silent = q->records.status == TLSA_ABSENT && is_silent(q);
}

static const struct blocking_call tlsa_call = { ask, release,
    "the resolver" };

static int
explain(const struct tlsa_question *q, struct error *err)
{
	char words[sizeof(q->records.words) + 64];

	switch (q->records.status) {
	case TLSA_SECURE:
		return 0;
	case TLSA_ABSENT:
		return q->silent ? fail(err, EX_TEMPFAIL,
		    "no response from the DNS server")
		    : fail(err, EX_PROTOCOL, "no such record");
	case TLSA_UNSIGNED:
		fail(err, EX_PROTOCOL, "not signed");
		return hint(err, "if the zone is signed, install the root key "
		    "(Debian: package dns-root-data)");
	case TLSA_BOGUS:
		return fail(err, EX_TEMPFAIL,
		    "DNSSEC validation failed (bogus)");
	case TLSA_NO_ROOT_KEY:
		fail(err, EX_CONFIG, "tls_trust dane needs the DNSSEC root "
		    "key: %s", escape_string(words, sizeof(words),
		    q->records.words));
		return hint(err, "install it (Debian: package dns-root-data), "
		    "or use another tls_trust");
	case TLSA_NO_LIBRARY:
		fail(err, EX_CONFIG, "tls_trust dane needs libgnutls-dane: "
		    "%s", escape_string(words, sizeof(words),
		    q->records.words));
		return hint(err, "install it where this program is built and "
		    "where it runs (Debian: package libgnutls-dane0), or use "
		    "another tls_trust");
	default:
		return fail(err, EX_TEMPFAIL, "%s", escape_string(words,
		    sizeof(words), q->records.words));
	}
}

/* DANE applies to names; an address has no records. */
static int
check_host(const char *host, unsigned port, struct error *err)
{
	if (port == 0 || domain_is_ip(host))
		return fail(err, EX_CONFIG,
		    "tls_trust dane needs a host name and a port");
	return 0;
}

int
tlsa_fetch(struct tlsa_records *records, const char *host, unsigned port,
	int64_t deadline, struct wait_line *waits, struct error *err)
{
	struct tlsa_question *q;
	char quote[ESCAPE_QUOTE];
	int result;

	memset(records, 0, sizeof(*records));
	if (check_host(host, port, err) != 0)
		return -1;
	q = xcalloc(1, sizeof(*q));
	q->host = xstrdup(host);
	q->port = port;
	wait_line_begin(waits, "the TLSA records");
	result = blocking_call_run(&tlsa_call, q, deadline, waits, err);
	if (result == 0)
		result = fail(err, EX_TEMPFAIL, "timed out");
	else if (result > 0) {
		result = explain(q, err);
		*records = q->records;
		memset(&q->records, 0, sizeof(q->records));
		release(q);
	}
	if (result == 0 || err->code == EX_CONFIG || err->signal != 0)
		return result;
	return wrap(err, "no usable TLSA record for _%u._tcp.%s", port,
	    escape_string(quote, sizeof(quote), host));
}
