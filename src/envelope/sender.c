/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "envelope/sender.h"

#include <stdlib.h>
#include <string.h>

#include "base/xmalloc.h"
#include "config/load.h"
#include "config/local_host.h"
#include "envelope/path.h"
#include "format/address_parse.h"

/* "*", "?" and "[" make a from line a pattern, which is no address. */
static int
is_pattern(const char *from)
{
	return strpbrk(from, "*?[") != NULL;
}

/* The first address of the author's field, completed. NULL if none is fit. */
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

/* user@maildomain, for the user who runs onehop. */
static char *
local_sender(const struct account *a, struct error *err)
{
	char *user = local_host_user();
	char *path = path_of_text(user, a, "sender", err);

	free(user);
	return path;
}

/* The first from line that is an address of its own. Owned, or NULL. */
static char *
plain_from(const struct account *a, const char *author, struct error *err)
{
	for (size_t i = 0; i < a->from.n; i++) {
		char *text, *path;

		if (is_pattern(a->from.at[i]))
			continue;
		text = local_host_expand(a->from.at[i], author);
		path = path_of_text(text, a, "sender", err);
		free(text);
		return path;
	}
	return NULL;
}

char *
sender_choose(const struct request *request, const struct account *a,
    const struct message *m, struct error *err)
{
	char *author, *sender;

	if (request->sender != NULL && a->allow_from_override)
		return request->sender[0] == '\0' ? xstrdup("")
		    : path_of_text(request->sender, a, "sender", err);
	if (a->auto_from)
		return local_sender(a, err);
	author = header_author(a, m);
	if (author != NULL && config_from_matches(a, author))
		return author;
	sender = plain_from(a, author, err);
	if (sender == NULL && err->code == 0)
		sender = author == NULL ? local_sender(a, err)
		    : xstrdup(author);
	free(author);
	return sender;
}

char *
sender_of_account(const struct account *a, const struct message *m,
    struct error *err)
{
	char *author = header_author(a, m);
	char *sender = plain_from(a, author, err);

	free(author);
	if (sender != NULL || err->code != 0)
		return sender;
	if (a->maildomain[0] == '\0' && strchr(a->user, '@') != NULL)
		return path_of_text(a->user, a, "sender", err);
	return local_sender(a, err);
}
