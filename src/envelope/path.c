/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "envelope/path.h"

#include <stdlib.h>
#include <string.h>

#include "base/escape.h"
#include "base/xmalloc.h"
#include "config/local_host.h"
#include "format/address_parse.h"
#include "format/domain.h"

/* Returns the address that mail to a bare name is likely to be meant for: the
 * account's own, owned. */
static char *
own_address(const struct account *a)
{
	const char *address = a->user;

	for (size_t i = a->from.n; i-- > 0 && strchr(address, '@') == NULL;)
		if (strpbrk(a->from.at[i], "*?[%<\" ") == NULL)
			address = a->from.at[i];
	return xstrdup(strchr(address, '@') != NULL ? address
	    : "you@example.org");
}

/* Says which line gives a bare name its domain or its address. */
static void
advise(const struct account *a, const char *name, struct error *err)
{
	char *place = account_place(a, a->origin);
	char *colon = strrchr(place, ':');
	char *address = own_address(a);
	char file[128], to[96];

	if (colon != NULL)
		*colon = '\0';
	escape_string(file, sizeof(file), place[0] != '\0' ? place
	    : "the config file");
	escape_string(to, sizeof(to), address);
	if (a->aliases[0] == '\0')
		hint(err, "add \"maildomain example.org\" to %s, or \"aliases "
		    "/etc/aliases\" and there \"%s: %s\"", file, name, to);
	else
		hint(err, "add \"%s: %s\" to %s, or \"maildomain example.org\" "
		    "to %s", name, to, a->aliases, file);
	free(place);
	free(address);
}

/* Returns whether a domain ends with the dot that the DNS writes. It is the
 * same domain, but RFC 5321 has no place for the dot. */
static int
is_absolute(const char *domain)
{
	size_t len = strlen(domain);

	return len > 1 && domain[len - 1] == '.' && domain[len - 2] != '.';
}

char *
path_write(const struct address *address, const struct account *a,
    const char *role, struct error *err)
{
	struct address wire = *address;
	char *domain = NULL, *ascii = NULL, *path = NULL;
	struct buffer out = {0};
	char quote[ESCAPE_QUOTE];

	if (address->domain == NULL)
		wire.domain = domain = local_host_mail_domain(a);
	else if (is_absolute(address->domain))
		wire.domain = domain = xstrndup(address->domain,
		    strlen(address->domain) - 1);
	if (wire.domain == NULL) {
		escape_string(quote, 64, address->local);
		fail(err, EX_DATAERR, "%s %s has no domain", role, quote);
		advise(a, quote, err);
	} else if (domain_to_ascii(wire.domain, &ascii, err) != 0) {
		wrap(err, "%s %s@...", role,
		    escape_string(quote, 256, address->local));
	} else {
		wire.domain = ascii;
		if (address_check_path(&wire, err) != 0) {
			wrap(err, "%s", role);
		} else {
			address_add_path(&out, &wire);
			path = buffer_string(&out);
		}
	}
	free(domain);
	free(ascii);
	return path;
}

char *
path_of_text(const char *text, const struct account *a,
    const char *role, struct error *err)
{
	struct address_list list = {0};
	char quote[ESCAPE_QUOTE];
	char *path = NULL;

	if (address_list_parse(&list, text, strlen(text), err) != 0)
		wrap(err, "%s", role);
	else if (list.n != 1)
		fail(err, EX_DATAERR, "expected one %s address, not \"%s\"",
		    role, escape_string(quote, sizeof(quote), text));
	else
		path = path_write(&list.at[0], a, role, err);
	address_list_free(&list);
	return path;
}
