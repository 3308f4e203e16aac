/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "envelope.h"

#include <stdlib.h>
#include <string.h>

#include "ascii.h"
#include "completion.h"
#include "choice.h"
#include "encode.h"
#include "escape.h"
#include "idna.h"
#include "identity.h"
#include "memory.h"

/* "*", "?" and "[" make a from line a pattern, which is no address. */
static int
is_pattern(const char *from)
{
	return strpbrk(from, "*?[") != NULL;
}

/*
 * The wire form of an address: domain in A-labels, bare name completed.
 * role is "sender" or "recipient", for the error. Owned, or NULL.
 */
static char *
make_path(const struct address *address, const struct account *a,
    const char *role, struct error *err)
{
	struct address wire = *address;
	char *domain = NULL, *ascii = NULL, *path = NULL;
	struct buffer out = {0};
	char quote[ESCAPE_QUOTE];

	if (address->domain == NULL)
		wire.domain = domain = identity_mail_domain(a);
	escape_string(quote, 256, address->local);
	if (wire.domain == NULL) {
		fail(err, EX_DATAERR, "%s %s has no domain", role, quote);
		hint(err, "set maildomain in the config file");
	} else if (idna_to_ascii(wire.domain, &ascii, err) != 0) {
		wrap(err, "%s %s@...", role, quote);
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

/* The path of a text that must hold exactly one address. Owned, or NULL. */
static char *
path_of_text(const char *text, const struct account *a, const char *role,
    struct error *err)
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
		path = make_path(&list.at[0], a, role, err);
	address_list_free(&list);
	return path;
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
		path = make_path(&list.at[0], a, "sender", &ignored);
	address_list_free(&list);
	free(body);
	return path;
}

/* user@maildomain, for whoever runs us. */
static char *
local_sender(const struct account *a, struct error *err)
{
	char *user = identity_user();
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
		text = identity_expand(a->from.at[i], author);
		path = path_of_text(text, a, "sender", err);
		free(text);
		return path;
	}
	return NULL;
}

/* DESIGN 6: -f; the author if from allows him; from; auto_from; the author;
 * whoever runs us. */
static char *
choose_sender(const struct invocation *inv, const struct account *a,
    const struct message *m, struct error *err)
{
	char *author, *sender;

	if (inv->sender != NULL && a->allow_from_override)
		return inv->sender[0] == '\0' ? xstrdup("")
		    : path_of_text(inv->sender, a, "sender", err);
	author = header_author(a, m);
	if (author != NULL && config_from_matches(a, author))
		return author;
	sender = plain_from(a, author, err);
	if (sender == NULL && err->code == 0)
		sender = a->auto_from || author == NULL
		    ? local_sender(a, err) : xstrdup(author);
	free(author);
	return sender;
}

/* Adds the addresses of one header field. */
static int
read_field(struct address_list *list, const struct message *m, size_t index,
    struct error *err)
{
	char *body = message_field_body(m, index);
	int result = address_list_parse(list, body, strlen(body), err);

	free(body);
	return result != 0 ? wrap(err, "field \"%.*s\"",
	    (int)m->fields[index].at.name_len,
	    m->header.data + m->fields[index].at.start) : 0;
}

static int
is_any_of(const struct message *m, size_t index, const char *const *names)
{
	for (; *names != NULL; names++)
		if (header_is(m->header.data, &m->fields[index].at, *names))
			return 1;
	return 0;
}

/*
 * -t. If the message was resent, the block of Resent- fields nearest the top
 * alone says to whom (RFC 5322 3.6.6).
 */
static int
read_header(struct address_list *list, const struct message *m,
    struct error *err)
{
	static const char *const plain[] = { "To", "Cc", "Bcc", NULL };
	static const char *const resent[] =
	    { "Resent-To", "Resent-Cc", "Resent-Bcc", NULL };
	static const char *const block[] =
	    { "Resent-To", "Resent-Cc", "Resent-Bcc", "Resent-From",
	    "Resent-Sender", "Resent-Date", "Resent-Message-ID", NULL };
	const char *const *names = plain;
	size_t first = 0;

	for (size_t i = m->nfields; i-- > 0;) {
		if (!is_any_of(m, i, resent))
			continue;
		names = resent;
		first = i;
	}
	for (size_t i = first; i < m->nfields; i++) {
		if (names == resent && !is_any_of(m, i, block))
			break;
		if (is_any_of(m, i, names) && read_field(list, m, i, err) != 0)
			return -1;
	}
	return 0;
}

static int
compare(const void *a, const void *b)
{
	const struct recipient *const *x = a, *const *y = b;
	const char *p = (*x)->path, *q = (*y)->path;
	const char *at = strrchr(p, '@');
	size_t local = at != NULL ? (size_t)(at - p) : strlen(p);
	int order = strncmp(p, q, local + 1);

	if (order != 0)
		return order;
	for (p += local, q += local; *p != '\0' || *q != '\0'; p++, q++)
		if (ascii_lower(*p) != ascii_lower(*q))
			return ascii_lower(*p) < ascii_lower(*q) ? -1 : 1;
	return 0;
}

/* By address, of equal ones the first named first. */
static int
compare_in_order(const void *a, const void *b)
{
	const struct recipient *const *x = a, *const *y = b;
	int order = compare(a, b);

	return order != 0 ? order : *x < *y ? -1 : *x > *y;
}

/* Keeps the first of equal recipients; in time n log n. */
static void
drop_duplicates(struct envelope *e)
{
	struct recipient **order = xcalloc(e->n, sizeof(struct recipient *));
	size_t kept = 0;

	for (size_t i = 0; i < e->n; i++)
		order[i] = &e->to[i];
	qsort(order, e->n, sizeof(order[0]), compare_in_order);
	for (size_t i = 1, first = 0; i < e->n; i++) {
		if (compare(&order[first], &order[i]) != 0) {
			first = i;
			continue;
		}
		free(order[i]->path);
		order[i]->path = NULL;
	}
	for (size_t i = 0; i < e->n; i++)
		if (e->to[i].path != NULL)
			e->to[kept++] = e->to[i];
	e->n = kept;
	free(order);
}

static int
collect_recipients(struct envelope *e, const struct invocation *inv,
    const struct account *a, const struct message *m, struct error *err)
{
	struct address_list list = {0};
	int result = 0;

	for (size_t i = 0; i < inv->nrecipients && result == 0; i++)
		result = address_list_parse(&list, inv->recipients[i],
		    strlen(inv->recipients[i]), err);
	if (result == 0 && inv->read_recipients)
		result = read_header(&list, m, err);
	e->to = xcalloc(list.n, sizeof(e->to[0]));
	for (size_t i = 0; i < list.n && result == 0; i++) {
		e->to[i].path = make_path(&list.at[i], a, "recipient", err);
		result = e->to[i].path == NULL ? -1 : 0;
		e->smtputf8 |= address_is_8bit(&list.at[i]);
		e->n++;
	}
	address_list_free(&list);
	if (result != 0)
		return wrap(err, "recipient");
	drop_duplicates(e);
	if (e->n > 0)
		return 0;
	if (inv->read_recipients)
		return fail(err, EX_USAGE,
		    "no recipient addresses found in message header");
	return fail(err, EX_USAGE, "no recipients: name them behind the "
	    "options, or use -t to take them from the header");
}

/* "success,failure" in either case, as RFC 3461 4.1 writes it. */
static char *
upper(const char *text)
{
	char *copy = xstrdup(text);

	for (char *p = copy; *p != '\0'; p++)
		*p = ascii_upper(*p);
	return copy;
}

/* What the caller or the account asks of delivery status notifications. */
static void
ask_for_dsn(struct envelope *e, const struct invocation *inv,
    const struct account *a)
{
	struct buffer envid = {0};
	const char *notify = inv->notify != NULL ? inv->notify
	    : ascii_equal(a->dsn_notify, "off") ? NULL : a->dsn_notify;

	if (notify != NULL && notify[0] != '\0')
		e->notify = upper(notify);
	if (inv->returns != NULL)
		e->returns = xstrdup(ascii_equal(inv->returns, "full")
		    ? "FULL" : "HDRS");
	else if (a->dsn_return != DSN_RETURN_OFF)
		e->returns = xstrdup(a->dsn_return == DSN_RETURN_FULL
		    ? "FULL" : "HDRS");
	if (inv->envid != NULL) {
		xtext_encode(&envid, inv->envid);
		e->envid = buffer_string(&envid);
	}
}

int
envelope_make(struct envelope *e, const struct invocation *inv,
    const struct account *a, struct message *m, struct error *err)
{
	size_t index = 0;

	if (collect_recipients(e, inv, a, m, err) != 0)
		return -1;
	e->sender = choose_sender(inv, a, m, err);
	if (e->sender == NULL)
		return -1;
	for (const char *p = e->sender; *p != '\0'; p++)
		e->smtputf8 |= ascii_is_8bit(*p);
	ask_for_dsn(e, inv, a);
	if (completion_apply(m, inv, a, e->sender, err) != 0)
		return -1;
	e->message_id = message_find(m, "Message-ID", &index)
	    ? message_field_body(m, index) : xstrdup("");
	return 0;
}

int
envelope_blame(const struct envelope *e, struct error *err)
{
	struct buffer text = {0};
	const struct reply *worst = NULL;

	for (size_t i = 0; i < e->n; i++) {
		const struct reply *r = &e->to[i].reply;

		if (reply_class(r) != 4 && reply_class(r) != 5)
			continue;
		if (worst == NULL || reply_class(r) > reply_class(worst))
			worst = r;
		if (text.len < sizeof(err->text))
			buffer_addf(&text, "%srecipient <%s> refused: %s",
			    text.len > 0 ? "; " : "", e->to[i].path, r->text);
	}
	if (worst == NULL)
		fail(err, EX_PROTOCOL, "no recipient was answered");
	else
		fail(err, reply_exit_code(REPLY_TO_RCPT, worst), "%s",
		    buffer_string(&text));
	buffer_free(&text);
	return -1;
}

int
envelope_verdict(const struct envelope *e, struct error *err)
{
	const struct reply *first = NULL;
	size_t accepted = 0;

	for (size_t i = 0; i < e->n; i++) {
		if (reply_class(&e->to[i].reply) == 2)
			accepted++;
		else if (first == NULL)
			first = &e->to[i].reply;
	}
	if (first == NULL)
		return 0;
	envelope_blame(e, err);
	if (accepted == 0)
		return -1;
	err->outcome = OUTCOME_PARTIAL;
	err->code = reply_exit_code(REPLY_TO_RCPT, first);
	return -1;
}

void
envelope_free(struct envelope *e)
{
	for (size_t i = 0; i < e->n; i++)
		free(e->to[i].path);
	free(e->to);
	free(e->sender);
	free(e->notify);
	free(e->returns);
	free(e->envid);
	free(e->message_id);
	memset(e, 0, sizeof(*e));
}
