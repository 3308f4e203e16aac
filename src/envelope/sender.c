/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "envelope/sender.h"

#include <stdlib.h>
#include <string.h>

#include "base/ascii.h"
#include "base/xmalloc.h"
#include "config/load.h"
#include "config/local_host.h"
#include "envelope/path.h"
#include "format/address_parse.h"
#include "format/domain.h"

/* "*", "?" and "[" make a from line a pattern, which is not an address. */
static int
is_pattern(const char *from)
{
	return strpbrk(from, "*?[") != NULL;
}

/* Returns the domain for a bare sender if no mail domain is configured, owned:
 * the host name, even if it is short. NULL if that is not usable. */
static char *
short_host_name(void)
{
	char *name = local_host_expand("%H", NULL);

	if (domain_is_ldh(name) && !ascii_equal(name, "localhost") &&
	    !ascii_equal(name, "localhost.localdomain"))
		return name;
	free(name);
	return NULL;
}

/*
 * Returns the path of a bare sender on a machine without a mail domain: the
 * mailbox that the account authenticates as, else the name at the host. A
 * return path that may not work is better than a message that is not sent.
 * Returns NULL without an error if there is neither.
 */
static char *
unqualified_sender(const struct address *address, const struct account *a,
    struct error *err)
{
	struct address wire = *address;
	char *domain, *path = NULL;

	if (strchr(a->user, '@') != NULL)
		return path_of_text(a->user, a, "sender", err);
	wire.domain = domain = short_host_name();
	if (domain != NULL)
		path = path_write(&wire, a, "sender", err);
	free(domain);
	return path;
}

/* Returns the path of a sender as the user wrote it. */
static char *
sender_path(const char *text, const struct account *a, struct error *err)
{
	struct address_list list = {0};
	struct error ignored = {0};
	char *domain = local_host_mail_domain(a);
	char *path = NULL;

	if (domain == NULL &&
	    address_list_parse(&list, text, strlen(text), &ignored) == 0 &&
	    list.n == 1 && list.at[0].domain == NULL)
		path = unqualified_sender(&list.at[0], a, err);
	address_list_free(&list);
	free(domain);
	if (path == NULL && err->code == 0)
		path = path_of_text(text, a, "sender", err);
	return path;
}

/* Returns the first address of the author's field, completed; NULL if none is
 * usable. */
static char *
header_author(const struct account *a, const struct message *m)
{
	struct address_list list = {0};
	struct error ignored = {0};
	char *body, *path = NULL;
	size_t index = 0;

	if (!message_find(m, "Resent-From", &index)) {
		index = 0;
		if (!message_find(m, "From", &index))
			return NULL;
	}
	body = message_field_body(m, index);
	if (address_list_parse(&list, body, strlen(body), &ignored) == 0 &&
	    list.n > 0)
		path = path_write(&list.at[0], a, "sender", &ignored);
	address_list_free(&list);
	free(body);
	return path;
}

/* Returns the path of a sender with %-patterns. */
static char *
expanded_path(const char *pattern, const char *author,
    const struct account *a, struct error *err)
{
	char *text, *path;

	if (local_host_check(pattern, err) != 0)
		return NULL;
	text = local_host_expand(pattern, author);
	path = sender_path(text, a, err);
	free(text);
	return path;
}

/* Returns the first from line that is an address, not a pattern, owned; or
 * NULL. */
static char *
plain_from(const struct account *a, const struct message *m,
    struct error *err)
{
	const char *plain = NULL;
	char *author, *path;

	for (size_t i = a->from.n; i > 0; i--)
		if (!is_pattern(a->from.at[i - 1]))
			plain = a->from.at[i - 1];
	if (plain == NULL)
		return NULL;
	author = header_author(a, m);
	path = expanded_path(plain, author, a, err);
	free(author);
	return path;
}

char *
sender_choose(const struct request *request, const struct account *a,
    const struct message *m, struct error *err)
{
	char *author, *sender;

	if (request->sender != NULL && a->allow_from_override)
		return request->sender[0] == '\0' ? xstrdup("")
		    : sender_path(request->sender, a, err);
	if (a->auto_from)
		return expanded_path("%U", NULL, a, err);
	author = header_author(a, m);
	if (author != NULL && config_from_matches(a, author))
		return author;
	sender = plain_from(a, m, err);
	if (sender == NULL && err->code == 0)
		sender = author == NULL ? expanded_path("%U", NULL, a, err)
		    : xstrdup(author);
	free(author);
	return sender;
}

char *
sender_of_account(const struct account *a, const struct message *m,
    struct error *err)
{
	char *sender = plain_from(a, m, err);

	if (sender != NULL || err->code != 0)
		return sender;
	if (a->maildomain[0] == '\0' && strchr(a->user, '@') != NULL)
		return path_of_text(a->user, a, "sender", err);
	return expanded_path("%U", NULL, a, err);
}
