/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "server/smtp_client.h"

#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/ascii.h"
#include "base/escape.h"
#include "base/platform.h"
#include "base/user_entry.h"
#include "base/xmalloc.h"
#include "format/address_parse.h"
#include "format/encode.h"

void
smtp_client_find(struct smtp_client *c, int fd)
{
	const struct passwd *pw;
	struct error unnamed = {0};

	memset(c, 0, sizeof(*c));
	if (platform_peer_user(fd, &c->uid) != 0)
		return;
	c->known = 1;
	c->named = user_entry_find(c->uid, &pw, &unnamed) == 0 && pw != NULL;
	if (c->named)
		snprintf(c->user, sizeof(c->user), "%s", pw->pw_name);
	else
		snprintf(c->user, sizeof(c->user), "%lu",
		    (unsigned long)c->uid);
	snprintf(c->label, sizeof(c->label), "%s(%lu)", c->user,
	    (unsigned long)c->uid);
}

/* The result of comparing the client with a user of the configuration. */
enum match {
	MATCH_NO,
	MATCH_YES,
	MATCH_UNKNOWN /* the user database does not tell */
};

/* Compares the client with another user's name. */
static enum match
match_name(const struct smtp_client *c, const char *name, struct error *err)
{
	char quote[ESCAPE_QUOTE];
	const struct passwd *pw;

	if (user_entry_find_name(name, &pw, err) != 0)
		return MATCH_UNKNOWN;
	if (pw != NULL)
		return pw->pw_uid == c->uid ? MATCH_YES : MATCH_NO;
	if (c->named)
		return MATCH_NO;
	fail(err, EX_TEMPFAIL, "cannot tell whether user %s is %s: neither has "
	    "a passwd entry", c->user,
	    escape_string(quote, sizeof(quote), name));
	return MATCH_UNKNOWN;
}

/* Compares the client with a user of the configuration, a name or a number.
 * Sets err if the result is MATCH_UNKNOWN. */
static enum match
match_user(const struct smtp_client *c, const char *word, size_t len,
    struct error *err)
{
	uint64_t uid;
	enum match match;
	char *name;

	if (!c->known)
		return MATCH_NO;
	if (strlen(c->user) == len && memcmp(c->user, word, len) == 0)
		return MATCH_YES;
	if (ascii_number(word, len, 0, UINT32_MAX, &uid) == 0)
		return uid == c->uid ? MATCH_YES : MATCH_NO;
	name = xstrndup(word, len);
	match = match_name(c, name, err);
	free(name);
	return match;
}

static int
check_user(const struct smtp_client *c, const struct account *a,
    struct error *err)
{
	const struct string_list *users = &a->relay_users;
	struct error unknown = {0};

	for (size_t i = 0; i < users->n; i++)
		if (match_user(c, users->at[i], strlen(users->at[i]),
		    &unknown) == MATCH_YES)
			return 0;
	if (users->n == 0)
		return 0;
	if (unknown.code != 0) {
		*err = unknown;
		return -1;
	}
	return c->known ? fail(err, EX_UNAVAILABLE, "user %s may not relay",
	    c->label)
	    : fail(err, EX_UNAVAILABLE, "only users of a unix socket may "
	    "relay");
}

/* Returns whether one of the line's patterns is the address, ignoring case.
 * NULL is an address that is not known. */
static int
line_allows(const char *line, const char *address)
{
	int found = 0;

	while (!found && *line != '\0') {
		size_t len = strcspn(line, " \t");
		char *pattern = xstrndup(line, len);

		found = address == NULL ? strcmp(pattern, "*") == 0
		    : strcmp(pattern, "<>") == 0 ? address[0] == '\0'
		    : fnmatch(pattern, address, FNM_CASEFOLD) == 0;
		free(pattern);
		line += len + strspn(line + len, " \t");
	}
	return found;
}

/* Checks one address against the client's relay_from lines, if it has any. */
static int
check_address(const struct smtp_client *c, const struct account *a,
    const char *what, const char *address, struct error *err)
{
	struct error unknown = {0};
	char quote[ESCAPE_QUOTE];
	int held = 0;

	for (size_t i = 0; i < a->relay_from.n; i++) {
		const char *line = a->relay_from.at[i];
		size_t len = strcspn(line, " \t");
		const char *addresses = line + len;

		if (match_user(c, line, len, &unknown) != MATCH_YES)
			continue;
		addresses += strspn(addresses, " \t");
		if (line_allows(addresses, address))
			return 0;
		held = 1;
	}
	if (unknown.code != 0) {
		*err = unknown;
		return -1;
	}
	if (!held)
		return 0;
	if (address == NULL)
		return fail(err, EX_UNAVAILABLE, "user %s may not send "
		    "a message from nobody knows whom: expected addresses in "
		    "From", c->label);
	return fail(err, EX_UNAVAILABLE, "user %s may not send %s <%s>",
	    c->label, what, escape_string(quote, sizeof(quote), address));
}

/* Checks the addresses of one From field. Others read another author in a field
 * that cannot be parsed: none of its words counts. */
static int
check_field(const struct smtp_client *c, const struct account *a,
    const char *body, struct error *err)
{
	static const char what[] = "a message from";
	struct address_list list = {0};
	struct error unparsed = {0};
	int result = 0;

	if (address_list_parse(&list, body, strlen(body), &unparsed) != 0 ||
	    list.n == 0)
		result = check_address(c, a, what, NULL, err);
	for (size_t i = 0; i < list.n && result == 0; i++) {
		struct buffer address = {0};

		address_add_path(&address, &list.at[i]);
		result = check_address(c, a, what, buffer_string(&address),
		    err);
		buffer_free(&address);
	}
	address_list_free(&list);
	return result;
}

int
smtp_client_may_name(const struct smtp_client *c, const struct account *a,
    const char *submitter)
{
	char *mailbox = xtext_decode(submitter);
	struct error unused = {0};
	int may = strcmp(submitter, "<>") == 0 || (mailbox != NULL &&
	    check_address(c, a, "for", mailbox, &unused) == 0);

	free(mailbox);
	return may;
}

int
smtp_client_check(const struct smtp_client *c, const struct account *a,
    const char *sender, const struct message *m, struct error *err)
{
	size_t index = 0;
	int result = 0;

	if (check_user(c, a, err) != 0 ||
	    check_address(c, a, "as", sender, err) != 0)
		return -1;
	for (; result == 0 && message_find(m, "From", &index); index++) {
		char *body = message_field_body(m, index);

		result = check_field(c, a, body, err);
		free(body);
	}
	return result;
}
