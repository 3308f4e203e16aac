/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "net/srv_mx.h"

#include <stdlib.h>
#include <string.h>

#include "base/ascii.h"
#include "base/escape.h"
#include "base/xmalloc.h"
#include "format/domain.h"
#include "net/dns_query.h"

enum srv_mx_kind
srv_mx_kind(const char *word, const char **domain)
{
	static const struct {
		const char *prefix;
		enum srv_mx_kind kind;
	} prefixes[] = {
		{ "srv:", SERVICE_SRV },
		{ "mx:", SERVICE_MX },
	};

	*domain = word;
	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++)
		if (ascii_begins(word, prefixes[i].prefix)) {
			*domain = word + strlen(prefixes[i].prefix);
			return prefixes[i].kind;
		}
	return SERVICE_NONE;
}

static void
add(struct services *services, const struct dns_records *records, size_t i,
    const char *domain)
{
	const struct dns_record *record = &records->at[i];
	struct service *to = &services->at[services->n++];

	memcpy(to->host, record->target, sizeof(to->host));
	to->port = record->port;
	to->starttls = 1;
	to->vouched = records->authentic ||
	    domain_is_within(record->target, domain);
}

/* Finds the servers of one of the two submission services. */
static int
add_srv(struct services *services, const char *label, const char *domain,
    int64_t deadline, struct wait_line *waits, struct error *err)
{
	struct dns_records records;
	char *name = xasprintf("%s._tcp.%s", label, domain);
	int result = dns_query_records(&records, name, DNS_SRV, deadline, waits,
	    err);

	free(name);
	if (result != 0)
		return -1;
	services->refused |= records.refused;
	for (size_t i = 0; i < records.n; i++)
		add(services, &records, i, domain);
	return 0;
}

/* RFC 8314 5.1: TLS from the start is preferred. */
static int
find_srv(struct services *services, const char *domain, int64_t deadline,
    struct wait_line *waits, struct error *err)
{
	char quote[ESCAPE_QUOTE];

	if (add_srv(services, "_submissions", domain, deadline, waits,
	    err) != 0)
		return -1;
	for (size_t i = 0; i < services->n; i++)
		services->at[i].starttls = 0;
	if (add_srv(services, "_submission", domain, deadline, waits,
	    err) != 0)
		return -1;
	if (services->n > 0) {
		services->refused = 0; /* only one service is refused */
		return 0;
	}
	escape_string(quote, sizeof(quote), domain);
	if (services->refused)
		return fail(err, EX_NOHOST, "the DNS says that %s has no "
		    "submission server", quote);
	return fail(err, EX_NOHOST, "the DNS names no submission server of %s "
	    "(SRV records of _submissions._tcp, _submission._tcp)", quote);
}

static int
find_mx(struct services *services, const char *domain, int64_t deadline,
    struct wait_line *waits, struct error *err)
{
	struct dns_records records;
	char quote[ESCAPE_QUOTE];

	if (dns_query_records(&records, domain, DNS_MX, deadline, waits,
	    err) != 0)
		return -1;
	services->refused = records.refused;
	if (records.refused)
		return fail(err, EX_NOHOST, "the DNS says that %s takes no "
		    "mail (null MX)", escape_string(quote, sizeof(quote),
		    domain));
	for (size_t i = 0; i < records.n; i++)
		add(services, &records, i, domain);
	if (records.n > 0)
		return 0;
	if (records.unusable)
		return fail(err, EX_NOHOST, "the MX records of %s name no "
		    "valid host", escape_string(quote, sizeof(quote),
		    domain));
	services->n = 1; /* RFC 5321 5.1: the implicit MX */
	memset(&services->at[0], 0, sizeof(services->at[0]));
	memcpy(services->at[0].host, domain, strlen(domain));
	services->at[0].starttls = 1;
	services->at[0].vouched = 1;
	return 0;
}

int
srv_mx_find(struct services *services, enum srv_mx_kind kind,
    const char *domain, int64_t deadline, struct wait_line *waits,
    struct error *err)
{
	size_t n = strlen(domain);
	char *relative = xstrndup(domain, n - (n > 0 && domain[n - 1] == '.'));
	char *wire;
	int result = domain_to_ascii(relative, &wire, err);

	services->n = 0;
	services->refused = 0;
	free(relative);
	if (result != 0)
		return -1;
	wait_line_name(waits, wire, 0);
	result = kind == SERVICE_SRV
	    ? find_srv(services, wire, deadline, waits, err)
	    : find_mx(services, wire, deadline, waits, err);
	free(wire);
	return result;
}
