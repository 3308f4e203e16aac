/* SPDX-License-Identifier: GPL-3.0-or-later */
/* An answer of the DNS about example.org; its first octet chooses the type. */
#include "fuzz.h"

#include <string.h>

#include "format/dns_answer.h"
#include "format/domain.h"

static void
check_record(const struct dns_record *r, enum dns_type type)
{
	require(memchr(r->target, '\0', sizeof(r->target)) != NULL,
	    "a target that ends");
	require(domain_is_ldh(r->target), "a target that can be a host");
	require(type == DNS_SRV ? r->port > 0 && r->port <= 65535
	    : r->port == 0, "a port with SRV, none with MX");
	require(r->priority <= 65535 && r->weight <= 65535, "16 bits");
}

/* What ordering must not change. */
static uint64_t
sum(const struct dns_records *records)
{
	uint64_t total = 0;

	for (size_t i = 0; i < records->n; i++) {
		const struct dns_record *r = &records->at[i];

		total += (uint64_t)r->priority << 32 | r->weight << 16 |
		    r->port;
		total += strlen(r->target);
	}
	return total;
}

static void
check_order(struct dns_records *records, const uint8_t *data, size_t size)
{
	uint32_t random[DNS_RECORDS_MAX] = {0};
	uint64_t before = sum(records);

	memcpy(random, data, size < sizeof(random) ? size : sizeof(random));
	dns_answer_order(records, random);
	require(sum(records) == before, "the same records after ordering");
	for (size_t i = 1; i < records->n; i++)
		require(records->at[i - 1].priority <=
		    records->at[i].priority, "the lowest priority first");
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct dns_records records;
	struct error err = {0};
	enum dns_type type;

	if (size == 0)
		return 0;
	type = data[0] % 2 == 0 ? DNS_MX : DNS_SRV;
	if (dns_answer_parse(&records, data + 1, size - 1, "example.org", type,
	    &err) != 0) {
		require(err.code == EX_TEMPFAIL && records.n == 0,
		    "a fault is explained and leaves nothing");
		return 0;
	}
	require(records.n <= DNS_RECORDS_MAX, "not more than there is room");
	require(!records.refused || records.n == 0,
	    "refused means that there is none");
	for (size_t i = 0; i < records.n; i++)
		check_record(&records.at[i], type);
	check_order(&records, data, size);
	return 0;
}
