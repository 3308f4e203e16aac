/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "envelope/path.h"

#include <stdlib.h>
#include <string.h>

#include "base/escape.h"
#include "base/xmalloc.h"
#include "config/local_host.h"
#include "format/address_parse.h"
#include "format/domain.h"

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
	if (wire.domain == NULL) {
		fail(err, EX_DATAERR, "%s %s has no domain", role,
		    escape_string(quote, 256, address->local));
		hint(err, "set maildomain in the config file");
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
