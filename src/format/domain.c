/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "format/domain.h"

#include <sys/socket.h>
#include <arpa/inet.h>
#include <idn2.h>
#include <stdlib.h>
#include <string.h>

#include "base/ascii.h"
#include "base/escape.h"
#include "base/xmalloc.h"

#define LABEL_MAX 63   /* RFC 1035 2.3.4 */
#define DOMAIN_MAX 253 /* the 255 of RFC 1035 without the outer length octets */
#define INPUT_MAX 1024 /* of UTF-8; four octets for each of a domain's */

static const char foreign_octet[] =
    "only letters, digits, '-', '_' and '.' are allowed";

/* Why the ASCII domain cannot go on the wire; NULL if it can. */
static const char *
defect(const char *domain)
{
	size_t label = 0;
	size_t len = strlen(domain);

	if (len == 0)
		return "it is empty";
	if (len > DOMAIN_MAX)
		return "it is longer than 253 octets";
	for (size_t i = 0; i <= len; i++) {
		if (domain[i] != '.' && domain[i] != '\0') {
			if (!ascii_is_alnum(domain[i]) && domain[i] != '-' &&
			    domain[i] != '_')
				return foreign_octet;
			label++;
			continue;
		}
		if (label == 0)
			return "it has an empty label";
		if (label > LABEL_MAX)
			return "it has a label longer than 63 octets";
		label = 0;
	}
	return NULL;
}

int
domain_is_ldh(const char *domain)
{
	return defect(domain) == NULL;
}

/* RFC 5321 4.1.3, without the general literals that nobody registered. */
int
domain_is_literal(const char *domain)
{
	static const char tag[] = "IPv6:";
	char text[INET6_ADDRSTRLEN];
	unsigned char address[16];
	int family = AF_INET;
	size_t len;

	if (*domain++ != '[')
		return 0;
	if (ascii_begins(domain, tag)) {
		family = AF_INET6;
		domain += sizeof(tag) - 1;
	}
	len = strcspn(domain, "]");
	if (len >= sizeof(text) || strcmp(domain + len, "]") != 0)
		return 0;
	memcpy(text, domain, len);
	text[len] = '\0';
	return inet_pton(family, text, address) == 1;
}

int
domain_is_within(const char *name, const char *domain)
{
	size_t n = strlen(name), m = strlen(domain);

	n -= n > 0 && name[n - 1] == '.';
	m -= m > 0 && domain[m - 1] == '.';
	if (m == 0 || n < m)
		return 0;
	for (size_t i = 0; i < m; i++)
		if (ascii_lower(name[n - m + i]) != ascii_lower(domain[i]))
			return 0;
	return n == m || name[n - m - 1] == '.';
}

int
domain_is_ip(const char *host)
{
	unsigned char address[16];

	return inet_pton(AF_INET, host, address) == 1 ||
	    inet_pton(AF_INET6, host, address) == 1;
}

static int
refuse(struct error *err, const char *domain, const char *why)
{
	char quote[ESCAPE_QUOTE];

	return fail(err, EX_DATAERR, "'%s' is not a domain: %s",
	    escape_string(quote, sizeof(quote), domain), why);
}

/*
 * IDNA 2008 as browsers and registries have it: nontransitional, or a German
 * sharp s would lead to another host. Without the STD3 flag, which deletes
 * what it does not like instead of refusing it.
 */
static int
convert(const char *domain, char **out, struct error *err)
{
	uint8_t *labels = NULL;
	int rc;

	for (const char *p = domain; *p != '\0'; p++)
		if (!ascii_is_8bit(*p) && !ascii_is_alnum(*p) &&
		    strchr("-_.", *p) == NULL)
			return refuse(err, domain, foreign_octet);
	if (strlen(domain) > INPUT_MAX)
		return refuse(err, domain, "it is too long");
	rc = idn2_to_ascii_8z(domain, (char **)&labels,
	    IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
	if (rc != IDN2_OK)
		return refuse(err, domain, idn2_strerror(rc));
	*out = xstrdup((char *)labels);
	idn2_free(labels);
	return 0;
}

int
domain_to_ascii(const char *domain, char **out, struct error *err)
{
	char *labels = NULL;
	const char *why;

	if (domain_is_literal(domain)) {
		*out = xstrdup(domain);
		return 0;
	}
	if (!ascii_has_8bit(domain, strlen(domain)))
		labels = xstrdup(domain);
	else if (convert(domain, &labels, err) != 0 || labels == NULL)
		return -1;
	why = defect(labels);
	if (why != NULL) {
		free(labels);
		return refuse(err, domain, why);
	}
	*out = labels;
	return 0;
}

/* "xn--" may hide anything: only what converts back is shown. */
char *
domain_to_unicode(const char *domain)
{
	struct error ignored = {0};
	char *labels = NULL;
	char *back = NULL;
	char *shown = NULL;

	if (!domain_is_ldh(domain) ||
	    idn2_to_unicode_8z8z(domain, &labels, 0) != IDN2_OK)
		return xstrdup(domain);
	if (domain_to_ascii(labels, &back, &ignored) == 0 &&
	    ascii_equal(back, domain))
		shown = xstrdup(labels);
	idn2_free(labels);
	free(back);
	return shown != NULL ? shown : xstrdup(domain);
}

const char *
domain_library_version(void)
{
	return idn2_check_version(NULL);
}
