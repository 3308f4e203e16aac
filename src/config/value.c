/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config/value.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "base/ascii.h"
#include "base/buffer.h"
#include "base/escape.h"
#include "base/xmalloc.h"
#include "format/address_parse.h"
#include "format/domain.h"
#include "format/mechanism.h"
#include "net/srv_mx.h"
#include "tls/certificate.h"

int
value_refuse(struct error *err, const char *what, const char *value)
{
	char quote[ESCAPE_QUOTE];

	return fail(err, EX_CONFIG, "expected %s, not \"%s\"", what,
	    escape_string(quote, sizeof(quote), value));
}

static char *
refuse(struct error *err, const char *what, const char *value)
{
	value_refuse(err, what, value);
	return NULL;
}

char *
value_text(const char *value, struct error *err)
{
	for (const char *p = value; *p != '\0'; p++)
		if (ascii_is_control(*p) && *p != '\t')
			return refuse(err, "no control character", value);
	return xstrdup(value);
}

/* IPv6, optionally with a zone: fe80::1%eth0 (RFC 4007 11). */
static int
is_ipv6(const char *value)
{
	struct in6_addr ip;
	char *address = xstrndup(value, strcspn(value, "%"));
	int yes = inet_pton(AF_INET6, address, &ip) == 1;

	free(address);
	return yes;
}

char *
value_host(const char *value, struct error *err)
{
	size_t len = strlen(value);

	for (const char *p = value; *p != '\0'; p++)
		if (ascii_is_control(*p) || strchr(" /@\\\"<>(),;", *p) != NULL)
			return refuse(err, "a host name", value);
	if (len > 2 && value[0] == '[' && value[len - 1] == ']') {
		char *inner = xstrndup(value + 1, len - 2);

		if (is_ipv6(inner))
			return inner;
		free(inner);
	}
	if (strpbrk(value, ":[]") != NULL && !is_ipv6(value))
		return refuse(err, "a host name (the port has its own key)",
		    value);
	return xstrdup(value);
}

char *
value_smarthost(const char *value, struct error *err)
{
	const char *domain;
	char *host;

	if (srv_mx_kind(value, &domain) == SERVICE_NONE)
		return value_host(value, err);
	if (domain[0] == '\0' || strchr(domain, ':') != NULL ||
	    domain_is_ip(domain))
		return refuse(err, "a domain after srv: or mx:", value);
	host = value_host(domain, err);
	free(host);
	return host != NULL ? xstrdup(value) : NULL;
}

char *
value_target(const char *value, struct error *err)
{
	const char *dot = strchr(value, '.');

	if (dot == NULL || dot[1] == '\0' || !domain_is_ldh(value))
		return refuse(err, "a domain of at least two labels", value);
	return xstrdup(value);
}

char *
value_place(const char *value, struct error *err)
{
	if (value[0] == '\0' || ascii_equal(value, "on"))
		return xstrdup("on");
	if (ascii_equal(value, "off"))
		return xstrdup("off");
	if (ascii_equal(value, "first"))
		return xstrdup("first");
	if (value[0] == '/')
		return value_text(value, err);
	value_refuse(err, "on, off, first or an absolute path", value);
	return NULL;
}

char *
value_ip(const char *value, struct error *err)
{
	if (value[0] != '\0' && !domain_is_ip(value))
		return refuse(err, "an IPv4 or IPv6 address", value);
	return xstrdup(value);
}

char *
value_auth(const char *value, struct error *err)
{
	static const char *const words[] = { "on", "off", "auto" };
	const struct mechanism *m = mechanism_find(value);

	if (m != NULL)
		return xstrdup(m->name);
	if (value[0] == '\0')
		value = "on";
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (ascii_equal(value, words[i]))
			return xstrdup(words[i]);
	return refuse(err, "on, off or a SASL mechanism", value);
}

char *
value_credential(const char *value, struct error *err)
{
	if (value[0] == '.' || strchr(value, '/') != NULL)
		return refuse(err, "a file name without /", value);
	return value_text(value, err);
}

char *
value_fingerprint(const char *value, struct error *err)
{
	char *fingerprint = certificate_read_fingerprint(value);

	return fingerprint != NULL ? fingerprint : refuse(err,
	    "a SHA-256 fingerprint (64 hexadecimal digits)", value);
}

static char *
lower_case(const char *value)
{
	char *copy = xstrdup(value);

	for (char *p = copy; *p != '\0'; p++)
		*p = ascii_lower(*p);
	return copy;
}

int
value_is_notify(const char *value)
{
	static const char *const events[] = { "failure", "delay", "success" };

	if (ascii_equal(value, "never"))
		return 1;
	for (;;) {
		size_t len = strcspn(value, ","), i = 0;

		while (i < 3 && !ascii_equal_n(value, len, events[i]))
			i++;
		if (i == 3)
			return 0;
		if (value[len] == '\0')
			return 1;
		value += len + 1;
	}
}

char *
value_notify(const char *value, struct error *err)
{
	if (ascii_equal(value, "off") || value_is_notify(value))
		return lower_case(value);
	return refuse(err, "off, never, or a list of failure, delay and "
	    "success", value);
}

/* Returns whether the text is one address, or a pattern that may become one. */
static int
is_sender(const char *text)
{
	struct address_list list = {0};
	struct error ignored = {0};
	int is;

	for (const char *p = text; *p != '\0'; p++)
		if (ascii_is_control(*p) || *p == '<' || *p == '>' ||
		    (*p == ' ' && text[0] != '"'))
			return 0;
	if (text[0] == '\0' || strpbrk(text, "*?[%") != NULL)
		return 1;
	is = address_list_parse(&list, text, strlen(text), &ignored) == 0 &&
	    list.n == 1;
	address_list_free(&list);
	return is;
}

char *
value_sender(const char *value, struct error *err)
{
	size_t len = strlen(value);
	int has_brackets = len > 2 && value[0] == '<' && value[len - 1] == '>';
	char *text = has_brackets ? xstrndup(value + 1, len - 2)
	    : xstrdup(value);

	if (is_sender(text))
		return text;
	free(text);
	value_refuse(err, "an address or pattern", value);
	hint(err, "from_full_name is the key for a name");
	return NULL;
}

char *
value_user_senders(const char *value, struct error *err)
{
	size_t user = strcspn(value, " \t");

	if (value[user + strspn(value + user, " \t")] != '\0')
		return xstrdup(value);
	return refuse(err, "a user and its addresses", value);
}

char *
value_priority(const char *value, struct error *err)
{
	const char *digits = value + (value[0] == '-');

	if (ascii_is_digit(digits[0]) && digits[1] == '\0')
		return xstrdup(value);
	return refuse(err, "a priority of -9 to 9", value);
}

char *
value_deliver_by(const char *value, struct error *err)
{
	size_t sign = value[0] == '-';
	size_t n = strcspn(value, ";");
	const char *mode = value + n;
	uint64_t seconds;

	if (ascii_number(value + sign, n - sign, 0, 999999999, &seconds) == 0 &&
	    (ascii_equal(mode, ";R") || ascii_equal(mode, ";N") ||
	    ascii_equal(mode, ";RT") || ascii_equal(mode, ";NT")))
		return xstrdup(value);
	return refuse(err, "SECONDS;R or SECONDS;N", value);
}

/* Returns whether the text has the form of the pattern, in which 0 stands for
 * any digit. */
static int
looks_like(const char *text, const char *pattern)
{
	for (; *pattern != '\0'; text++, pattern++)
		if (*pattern == '0' ? !ascii_is_digit(*text)
		    : *text != *pattern)
			return 0;
	return *text == '\0';
}

char *
value_moment(const char *value, struct error *err)
{
	if (looks_like(value, "0000-00-00T00:00:00Z") ||
	    looks_like(value, "0000-00-00T00:00:00+00:00") ||
	    looks_like(value, "0000-00-00T00:00:00-00:00"))
		return xstrdup(value);
	return refuse(err, "a time like 2027-01-31T08:00:00Z", value);
}

char *
value_logfile(const char *value, struct error *err)
{
	if (ascii_equal(value, "on"))
		return xstrdup("on");
	if (ascii_equal(value, "off"))
		return xstrdup("");
	return value_text(value, err);
}

char *
value_mailbox(const char *value, struct error *err)
{
	if (strcmp(value, "<>") == 0)
		return xstrdup(value);
	return value_sender(value, err);
}

/* Returns whether it is one mail address with a domain. */
static int
is_address(const char *value)
{
	struct address_list list = {0};
	struct error ignored = {0};
	int is = strchr(value, '@') != NULL &&
	    address_list_parse(&list, value, strlen(value), &ignored) == 0 &&
	    list.n == 1 && address_check_path(&list.at[0], &ignored) == 0;

	address_list_free(&list);
	return is;
}

char *
value_report(const char *value, struct error *err)
{
	if (value[0] == '\0' || ascii_equal(value, "off"))
		return xstrdup("");
	if (!is_address(value) || strpbrk(value, "*?[") != NULL)
		return refuse(err, "a mail address or off", value);
	return value_sender(value, err);
}
