/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "format/dns_answer.h"

#include <arpa/nameser.h>
#include <netinet/in.h>
#include <resolv.h>
#include <string.h>
#include <sys/types.h>

#include "base/ascii.h"
#include "format/domain.h"

#define HEADER 12
#define AUTHENTIC 0x20      /* in the fourth octet, RFC 4035 3.2.3 */
#define TYPE_CNAME 5
#define CLASS_IN 1
/* Aliases of aliases that are followed. */
#define ALIASES_MAX 8

/* An answer on its way through the parser. */
struct answer {
	const unsigned char *start;
	const unsigned char *end;
	const unsigned char *next;
};

/* One record as encoded in the answer. */
struct record {
	char owner[DNS_NAME_SIZE];
	unsigned type;
	unsigned class;
	const unsigned char *data;
	size_t len;
};

static unsigned
get16(const unsigned char *p)
{
	return (unsigned)p[0] << 8 | p[1];
}

/*
 * The name at p, which must end within the limit; "" is the root. Returns how
 * many octets it takes there, or -1. What cannot stand in a host name comes
 * with backslashes.
 */
static int
read_name(const struct answer *a, const unsigned char *p,
    const unsigned char *limit, char *name)
{
	int n = dn_expand(a->start, a->end, p, name, DNS_NAME_SIZE);

	return n >= 0 && n <= limit - p ? n : -1;
}

static int
skip_question(struct answer *a)
{
	char name[DNS_NAME_SIZE];
	int n = read_name(a, a->next, a->end, name);

	if (n < 0 || a->end - a->next - n < 4)
		return -1;
	a->next += n + 4;
	return 0;
}

static int
read_record(struct answer *a, struct record *r)
{
	int n = read_name(a, a->next, a->end, r->owner);
	const unsigned char *p = a->next + n;

	if (n < 0 || a->end - p < 10)
		return -1;
	r->type = get16(p);
	r->class = get16(p + 2);
	r->len = get16(p + 8);
	r->data = p + 10;
	if ((size_t)(a->end - r->data) < r->len)
		return -1;
	a->next = r->data + r->len;
	return 0;
}

/* Keeps a record; where there is no more room, the last that would be tried
 * makes it, or this is the one. */
static void
keep(struct dns_records *records, const struct dns_record *record)
{
	struct dns_record *last = &records->at[0];

	if (records->n < DNS_RECORDS_MAX) {
		records->at[records->n++] = *record;
		return;
	}
	for (size_t i = 1; i < records->n; i++)
		if (records->at[i].priority > last->priority)
			last = &records->at[i];
	if (record->priority < last->priority)
		*last = *record;
}

/* Keeps what leads to a host. 0, or -1 if it is malformed. */
static int
take(struct dns_records *records, const struct answer *a,
    const struct record *r)
{
	size_t fixed = r->type == DNS_SRV ? 6 : 2;
	struct dns_record to = { .weight = 1 }; /* equal MX: as chance will */

	if (r->len <= fixed || read_name(a, r->data + fixed,
	    r->data + r->len, to.target) < 0)
		return -1;
	to.priority = get16(r->data);
	if (r->type == DNS_SRV) {
		to.weight = get16(r->data + 2);
		to.port = get16(r->data + 4);
	}
	if (to.target[0] == '\0') {
		records->refused = 1;
		return 0;
	}
	if (domain_is_ldh(to.target) && (r->type != DNS_SRV || to.port != 0))
		keep(records, &to);
	else
		records->unusable = 1;
	return 0;
}

/*
 * Goes through the records of owner: takes those of the type, and if it is an
 * alias leaves in owner what it stands for. Returns 1 if it is, or -1.
 */
static int
scan(struct dns_records *records, struct answer a, unsigned count,
    char *owner, enum dns_type type)
{
	char alias[DNS_NAME_SIZE];
	int is_alias = 0;
	struct record r;

	for (; count > 0; count--) {
		if (read_record(&a, &r) != 0)
			return -1;
		if (r.class != CLASS_IN || !ascii_equal(r.owner, owner))
			continue;
		if (r.type == TYPE_CNAME && !is_alias) {
			if (read_name(&a, r.data, r.data + r.len, alias) < 0)
				return -1;
			is_alias = 1;
		} else if (r.type == type && take(records, &a, &r) != 0)
			return -1;
	}
	if (is_alias)
		memcpy(owner, alias, sizeof(alias));
	return is_alias;
}

static int
parse(struct dns_records *records, struct answer *a, const char *name,
    enum dns_type type)
{
	char owner[DNS_NAME_SIZE];
	unsigned questions, answers;
	int is_alias = 1;

	if (a->end - a->start < HEADER || strlen(name) >= sizeof(owner))
		return -1;
	memcpy(owner, name, strlen(name) + 1);
	records->authentic = (a->start[3] & AUTHENTIC) != 0;
	questions = get16(a->start + 4);
	answers = get16(a->start + 6);
	for (a->next = a->start + HEADER; questions > 0; questions--)
		if (skip_question(a) != 0)
			return -1;
	for (int i = 0; i <= ALIASES_MAX && is_alias > 0 &&
	    records->n == 0; i++)
		is_alias = scan(records, *a, answers, owner, type);
	return is_alias < 0 ? -1 : 0;
}

int
dns_answer_parse(struct dns_records *records, const void *answer, size_t len,
    const char *name, enum dns_type type, struct error *err)
{
	struct answer a = { .start = answer };

	a.end = a.start + len;
	memset(records, 0, sizeof(*records));
	if (parse(records, &a, name, type) != 0) {
		memset(records, 0, sizeof(*records));
		return fail(err, EX_TEMPFAIL, "malformed DNS response");
	}
	if (records->n > 0)
		records->refused = records->unusable = 0; /* "." alone */
	return 0;
}

static void
swap(struct dns_record *a, struct dns_record *b)
{
	struct dns_record keep = *a;

	*a = *b;
	*b = keep;
}

/* How many records from the first on have its priority. */
static size_t
count_equal(const struct dns_records *records, size_t first)
{
	size_t n = 1;

	while (first + n < records->n &&
	    records->at[first + n].priority == records->at[first].priority)
		n++;
	return n;
}

/*
 * Which of n records of one priority is next. RFC 2782 has a number from 0 to
 * the sum, so that a weight of 0 gets a small chance; where none is 0 that
 * would favour the first, and the number is from 1.
 */
static size_t
pick(const struct dns_record *at, size_t n, uint32_t random)
{
	uint32_t sum = 0, least = 1, number;
	size_t i;

	for (i = 0; i < n; i++) {
		sum += at[i].weight;
		if (at[i].weight == 0)
			least = 0;
	}
	number = least + random % (sum - least + 1);
	for (i = 0; i + 1 < n; i++) {
		if (number <= at[i].weight)
			break;
		number -= at[i].weight;
	}
	return i;
}

void
dns_answer_order(struct dns_records *records, const uint32_t *random)
{
	struct dns_record *at = records->at;

	for (size_t i = 1; i < records->n; i++)
		for (size_t j = i; j > 0 &&
		    (at[j].priority < at[j - 1].priority ||
		    (at[j].priority == at[j - 1].priority &&
		    at[j].weight == 0 && at[j - 1].weight != 0)); j--)
			swap(&at[j], &at[j - 1]);
	for (size_t i = 0; i < records->n; i++) {
		size_t n = count_equal(records, i);

		for (size_t j = i + pick(&at[i], n, random[i]); j > i; j--)
			swap(&at[j], &at[j - 1]);
	}
}
