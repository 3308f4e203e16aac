/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "net/dns_query.h"

#include <arpa/nameser.h>
#include <netdb.h>
#include <netinet/in.h>
#include <resolv.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#include "base/escape.h"
#include "base/platform.h"
#include "base/xmalloc.h"
#include "net/blocking_call.h"

#define CLASS_IN 1
/* Maximum size of a message over TCP (RFC 1035 4.2.2). */
#define ANSWER_MAX 65535

/* One query to the resolver, and its answer. */
struct dns_question {
	char *name;
	enum dns_type type;
	unsigned char *answer;
	int len;           /* -1: see trouble */
	int trouble;       /* h_errno */
};

static void
release(void *work)
{
	struct dns_question *q = work;

	free(q->name);
	free(q->answer);
	free(q);
}

static void
ask(void *work)
{
	struct dns_question *q = work;

	q->len = res_query(q->name, CLASS_IN, (int)q->type, q->answer,
	    ANSWER_MAX);
	q->trouble = h_errno;
}

static const struct blocking_call res_query_call = {
	ask, release, "the resolver"
};

/* Extracts the records from the answer. */
static int
read_answer(struct dns_records *records, const struct dns_question *q,
    struct error *err)
{
	uint32_t random[DNS_RECORDS_MAX];
	size_t len = q->len > ANSWER_MAX ? ANSWER_MAX : (size_t)q->len;

	if (q->len < 0 && (q->trouble == HOST_NOT_FOUND ||
	    q->trouble == NO_DATA))
		return 0;
	if (q->len < 0)
		return fail(err, EX_TEMPFAIL, "%s", q->trouble == TRY_AGAIN
		    ? "no response from the DNS server" : "error response "
		    "from the DNS server");
	if (dns_answer_parse(records, q->answer, len, q->name, q->type, err)
	    != 0)
		return -1;
	records->authentic &= platform_strips_authentic();
	if (platform_random(random, sizeof(random)) != 0)
		return fail(err, EX_OSERR, "no random numbers");
	dns_answer_order(records, random);
	return 0;
}

int
dns_query_records(struct dns_records *records, const char *name,
    enum dns_type type, int64_t deadline, struct wait_line *waits,
    struct error *err)
{
	struct dns_question *q = xcalloc(1, sizeof(*q));
	char quote[ESCAPE_QUOTE];
	int result;

	memset(records, 0, sizeof(*records));
	q->name = xstrdup(name);
	q->type = type;
	q->answer = xcalloc(1, ANSWER_MAX);
	wait_line_begin(waits, type == DNS_SRV ? "the SRV records"
	    : "the MX records");
	result = blocking_call_run(&res_query_call, q, deadline, waits, err);
	if (result > 0) {
		result = read_answer(records, q, err);
		release(q);
	} else if (result == 0)
		result = fail(err, EX_TEMPFAIL, "timed out");
	if (result == 0 || err->signal != 0)
		return result;
	return wrap(err, "cannot look up %s records of %s",
	    type == DNS_SRV ? "SRV" : "MX",
	    escape_string(quote, sizeof(quote), name));
}
