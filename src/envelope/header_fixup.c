/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "envelope/header_fixup.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/platform.h"
#include "base/xmalloc.h"
#include "config/local_host.h"
#include "envelope/sender.h"
#include "format/address_parse.h"

/* The fields in which a bare name stands for a mailbox at maildomain. */
static const char *const address_fields[] = {
	"From", "Sender", "Reply-To", "To", "Cc",
	"Resent-From", "Resent-Sender", "Resent-To", "Resent-Cc", NULL
};

/* Those of these fields that name the author. */
static int
names_author(const char *field)
{
	return strcmp(field, "From") == 0 || strcmp(field, "Sender") == 0 ||
	    strcmp(field, "Resent-From") == 0 ||
	    strcmp(field, "Resent-Sender") == 0;
}

/*
 * Returns the body with every bare name completed, owned: "root (Cron)" becomes
 * "root@domain (Cron)". Without a domain, an author becomes the sender, whom
 * the smarthost will accept; other names stay. Returns NULL if nothing changes.
 */
static char *
qualify(const char *body, const char *domain, const char *author)
{
	struct address_list list = {0};
	struct error ignored = {0};
	struct buffer out = {0};
	size_t done = 0;

	if (address_list_parse(&list, body, strlen(body), &ignored) != 0) {
		address_list_free(&list);
		return NULL; /* its meaning is unknown */
	}
	for (size_t i = 0; i < list.n; i++) {
		const struct address *at = &list.at[i];

		if (at->domain != NULL || (domain == NULL && author == NULL))
			continue;
		if (domain != NULL) {
			buffer_add(&out, body + done, at->end - done);
			buffer_addf(&out, "@%s", domain);
		} else {
			buffer_add(&out, body + done, at->start - done);
			buffer_add_string(&out, author);
		}
		done = at->end;
	}
	address_list_free(&list);
	if (out.len == 0)
		return NULL;
	buffer_add_string(&out, body + done);
	return buffer_string(&out);
}

static int
qualify_field(struct message *m, const char *name, const char *domain,
    const char *author, struct error *err)
{
	for (size_t i = 0; message_find(m, name, &i); i++) {
		char *body = message_field_body(m, i);
		char *whole = qualify(body, domain, author);
		int result = whole == NULL ? 0
		    : message_replace(m, i, name, whole, err);

		free(body);
		free(whole);
		if (result != 0)
			return -1;
	}
	return 0;
}

static int
qualify_fields(struct message *m, const struct account *a,
    const char *author, struct error *err)
{
	char *domain = local_host_mail_domain(a);
	int result = 0;

	for (size_t i = 0; address_fields[i] != NULL && result == 0; i++)
		result = qualify_field(m, address_fields[i], domain,
		    names_author(address_fields[i]) ? author : NULL, err);
	free(domain);
	return result;
}

static int
has(const struct message *m, const char *name)
{
	size_t index = 0;

	return message_find(m, name, &index);
}

/* Returns the body of the From field that onehop adds, owned. */
static char *
from_body(const struct request *request, const struct account *a,
    const char *author)
{
	const char *name = request->full_name != NULL ? request->full_name
	    : a->from_full_name;
	struct buffer body = {0};

	address_add_mailbox(&body, name[0] != '\0' ? name : NULL, author);
	return buffer_string(&body);
}

/* Returns a body with the name and the author's address if the body is a name
 * without an address, owned; else NULL. */
static char *
from_with_name(const char *body, const char *author)
{
	struct buffer whole = {0};

	if (strchr(body, ' ') == NULL || strpbrk(body, "<>@,:;\"()") != NULL)
		return NULL;
	address_add_mailbox(&whole, body, author);
	return buffer_string(&whole);
}

/*
 * Returns the caller's From field with its address replaced by the author's,
 * owned, so that a name or comment stays. NULL if it has neither, or is a
 * group.
 */
static char *
from_with_address(const char *body, const char *author)
{
	struct address_list list = {0};
	struct error ignored = {0};
	char *whole = NULL;

	if (address_list_parse(&list, body, strlen(body), &ignored) != 0)
		whole = from_with_name(body, author);
	else if (list.n == 1 && strchr(body + list.at[0].end, ';') == NULL &&
	    strlen(body) > list.at[0].end - list.at[0].start)
		whole = xasprintf("%.*s%s%s", (int)list.at[0].start, body,
		    author, body + list.at[0].end);
	address_list_free(&list);
	return whole;
}

/* The first From field names the author. Removes other From fields and Sender,
 * which would name somebody else, or the author twice. */
static int
replace_from(struct message *m, const struct request *request,
    const struct account *a, const char *author, struct error *err)
{
	size_t index = 0;
	char *body, *from;
	int result;

	message_remove(m, "Sender");
	if (!message_find(m, "From", &index))
		return 0;
	body = message_field_body(m, index);
	from = from_with_address(body, author);
	if (from == NULL)
		from = from_body(request, a, author);
	message_remove(m, "From");
	m->fields[index].removed = 0;
	result = message_replace(m, index, "From", from, err);
	free(body);
	free(from);
	return result;
}

static int
add_from(struct message *m, const struct request *request,
    const struct account *a, const char *author, struct error *err)
{
	char *body = from_body(request, a, author);
	int result = message_add(m, "From", body, err);

	free(body);
	return result;
}

static int
add_date(struct message *m, struct error *err)
{
	time_t now = time(NULL);
	struct buffer body = {0};
	struct tm local;
	int result;

	localtime_r(&now, &local);
	field_add_date(&body, now, local.tm_gmtoff);
	result = message_add(m, "Date", buffer_string(&body), err);
	buffer_free(&body);
	return result;
}

static int
add_message_id(struct message *m, const char *author, struct error *err)
{
	const char *at = author != NULL ? strrchr(author, '@') : NULL;
	unsigned char random[16];
	struct buffer body = {0};
	int result;

	if (platform_random(random, sizeof(random)) != 0)
		return fail(err, EX_OSERR, "the system gives no random "
		    "numbers for a Message-ID");
	/* RFC 2606 2: a reserved domain */
	field_add_message_id(&body, time(NULL), random,
	    at != NULL ? at + 1 : "unknown.invalid");
	result = message_add(m, "Message-ID", buffer_string(&body), err);
	buffer_free(&body);
	return result;
}

/* Fixes the fields that name the author. Returns -1 without an error if they
 * need an author and it is NULL. */
static int
fix_author(struct message *m, const struct request *request,
    const struct account *a, const char *author, struct error *err)
{
	int is_missing = a->set_from_header != SWITCH_OFF && !has(m, "From");

	if (author == NULL && (is_missing || a->set_from_header == SWITCH_ON))
		return -1;
	if (a->set_from_header == SWITCH_ON &&
	    replace_from(m, request, a, author, err) != 0)
		return -1;
	if (qualify_fields(m, a, author, err) != 0)
		return -1;
	return is_missing ? add_from(m, request, a, author, err) : 0;
}

static int
fix_fields(struct message *m, const struct account *a, const char *author,
    const char *to, struct error *err)
{
	if (to != NULL && message_add(m, "To", to, err) != 0)
		return -1;
	if (a->set_date_header != SWITCH_OFF && !has(m, "Date") &&
	    add_date(m, err) != 0)
		return -1;
	if (a->set_msgid_header != SWITCH_OFF && !has(m, "Message-ID") &&
	    add_message_id(m, author, err) != 0)
		return -1;
	return 0;
}

int
header_fixup_apply(struct message *m, const struct request *request,
    const struct account *a, const char *sender, const char *to,
    struct error *err)
{
	/* a null sender wants no reply, but the message has an author */
	struct error unknown = {0};
	char *author = sender[0] != '\0' ? xstrdup(sender)
	    : sender_of_account(a, m, &unknown);
	int result;

	message_remove(m, "Return-Path");
	message_remove(m, "Content-Length");
	if (a->remove_bcc_headers || to != NULL) {
		message_remove(m, "Bcc");
		message_remove(m, "Resent-Bcc");
	}
	if (to != NULL) {
		message_remove(m, "To");
		message_remove(m, "Cc");
	}
	result = fix_author(m, request, a, author, err);
	if (result != 0 && err->code == 0)
		*err = unknown;
	if (result == 0)
		result = fix_fields(m, a, author, to, err);
	free(author);
	return result;
}
