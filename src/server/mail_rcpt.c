/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/mail_rcpt.h"

#include <stdlib.h>
#include <string.h>

#include "base/ascii.h"
#include "base/xmalloc.h"
#include "config/value.h"
#include "format/address_parse.h"

#define BAD_PARAMETER "501 5.5.4 Bad value of a parameter"

/* More than any list has; what a client may make us remember is bounded. */
#define RECIPIENTS_MAX 100000

/* RFC 3461 4.4 and 4.2, RFC 4954 5: octets of xtext. */
#define ENVID_MAX 100
#define ORCPT_MAX 500
#define AUTH_MAX 500

/* What the parameters of one command come to. */
struct wishes {
	char *returns;
	char *envid;
	char *submitter;
	struct recipient_dsn dsn;
};

/* A parameter's taker: 0, or -1 if the value is none, or is given twice. A
 * parameter without "=" has the value NULL. */
struct parameter {
	const char *name;
	int (*take)(struct wishes *w, const char *value);
};

static int
hex_value(char c)
{
	if (ascii_is_digit(c))
		return c - '0';
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* xtext (RFC 3461 4) undone; NULL if it is none or hides a control. Owned. */
static char *
decode_xtext(const char *text)
{
	char *out = xstrdup(text), *end = out;

	for (const char *p = text; *p != '\0'; p++) {
		char c = *p;

		if (c == '+') {
			int high = hex_value(p[1]);
			int low = high >= 0 ? hex_value(p[2]) : -1;

			if (low < 0)
				goto bad;
			c = (char)(high << 4 | low);
			p += 2;
		} else if (c == '=') {
			goto bad;
		}
		if (ascii_is_control(c) || ascii_is_8bit(c))
			goto bad;
		*end++ = c;
	}
	*end = '\0';
	return out;
bad:
	free(out);
	return NULL;
}

/* The size of what comes is known better once it has come. */
static int
take_size(struct wishes *w, const char *value)
{
	uint64_t size;

	(void)w;
	return value == NULL ? -1
	    : ascii_number(value, strlen(value), 0, UINT64_MAX, &size);
}

/* The content will tell. */
static int
take_body(struct wishes *w, const char *value)
{
	(void)w;
	return value != NULL && (ascii_equal(value, "7BIT") ||
	    ascii_equal(value, "8BITMIME")) ? 0 : -1;
}

/* So will the addresses. */
static int
take_smtputf8(struct wishes *w, const char *value)
{
	(void)w;
	return value == NULL ? 0 : -1;
}

/* RFC 4954 5: the client is who runs us, and is believed. */
static int
take_auth(struct wishes *w, const char *value)
{
	char *mailbox;

	if (value == NULL || value[0] == '\0' || strlen(value) > AUTH_MAX ||
	    w->submitter != NULL)
		return -1;
	mailbox = decode_xtext(value);
	if (mailbox == NULL)
		return -1;
	free(mailbox);
	w->submitter = xstrdup(value);
	return 0;
}

static int
take_ret(struct wishes *w, const char *value)
{
	if (value == NULL || w->returns != NULL ||
	    (!ascii_equal(value, "full") && !ascii_equal(value, "hdrs")))
		return -1;
	w->returns = xstrdup(value);
	return 0;
}

static int
take_envid(struct wishes *w, const char *value)
{
	if (value == NULL || value[0] == '\0' || strlen(value) > ENVID_MAX ||
	    w->envid != NULL)
		return -1;
	w->envid = decode_xtext(value);
	return w->envid != NULL ? 0 : -1;
}

static int
take_notify(struct wishes *w, const char *value)
{
	if (value == NULL || w->dsn.notify != NULL || !value_is_notify(value))
		return -1;
	w->dsn.notify = xstrdup(value);
	return 0;
}

static int
take_orcpt(struct wishes *w, const char *value)
{
	const char *p = value;
	char *address;

	if (value == NULL || w->dsn.orcpt != NULL || strlen(value) > ORCPT_MAX)
		return -1;
	while (ascii_is_alnum(*p) || *p == '-')
		p++;
	if (p == value || *p != ';' || p[1] == '\0')
		return -1;
	address = decode_xtext(p + 1);
	if (address == NULL)
		return -1;
	free(address);
	w->dsn.orcpt = xstrdup(value);
	return 0;
}

static const struct parameter of_mail[] = {
	{ "SIZE", take_size },
	{ "BODY", take_body },
	{ "SMTPUTF8", take_smtputf8 },
	{ "AUTH", take_auth },
	{ "RET", take_ret },
	{ "ENVID", take_envid },
	{ NULL, NULL }
};

static const struct parameter of_rcpt[] = {
	{ "NOTIFY", take_notify },
	{ "ORCPT", take_orcpt },
	{ NULL, NULL }
};

static void
forget(struct wishes *w)
{
	free(w->returns);
	free(w->envid);
	free(w->submitter);
	free(w->dsn.notify);
	free(w->dsn.orcpt);
}

/* One word "NAME=value". NULL if it is taken, else the reply. */
static const char *
take_word(struct wishes *w, const struct parameter *known, char *word)
{
	size_t n = strcspn(word, "=");
	const char *value = word[n] == '=' ? word + n + 1 : NULL;

	while (known->name != NULL && !ascii_equal_n(word, n, known->name))
		known++;
	if (known->name == NULL)
		return "555 5.5.4 Parameter not recognized";
	return known->take(w, value) == 0 ? NULL : BAD_PARAMETER;
}

/* What stands behind the path. NULL if all is taken, else the reply. */
static const char *
take_words(struct wishes *w, const struct parameter *known, const char *text)
{
	const char *reply = NULL;

	if (*text != '\0' && !ascii_is_blank(*text))
		return "501 5.5.4 Expected a blank behind the address";
	while (reply == NULL) {
		size_t n;
		char *word;

		text += strspn(text, " \t");
		n = strcspn(text, " \t");
		if (n == 0)
			break;
		word = xstrndup(text, n);
		reply = take_word(w, known, word);
		free(word);
		text += n;
	}
	return reply;
}

/* The length of the path at text, its <> included; 0 if there is none. */
static size_t
path_length(const char *text)
{
	int quoted = 0;

	if (*text != '<')
		return strcspn(text, " \t");
	for (size_t i = 1; text[i] != '\0'; i++) {
		if (text[i] == '\\' && text[i + 1] != '\0')
			i++;
		else if (text[i] == '"')
			quoted = !quoted;
		else if (text[i] == '>' && !quoted)
			return i + 1;
	}
	return 0;
}

static int
has_control(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (ascii_is_control(text[i]))
			return 1;
	return 0;
}

/*
 * The path behind "FROM:" or "TO:", with its <>; "" for <>. *rest is what
 * follows. Owned, or NULL if it is not exactly one address.
 */
static char *
read_path(const char *argument, const char *keyword, const char **rest)
{
	struct address_list list = {0};
	struct error ignored = {0};
	size_t len;
	int good;

	if (!ascii_begins(argument, keyword))
		return NULL;
	argument += strlen(keyword);
	argument += strspn(argument, " \t");
	len = path_length(argument);
	*rest = argument + len;
	if (len == 2 && memcmp(argument, "<>", 2) == 0)
		return xstrdup("");
	good = !has_control(argument, len) &&
	    address_list_parse(&list, argument, len, &ignored) == 0 &&
	    list.n == 1 && list.at[0].name == NULL;
	address_list_free(&list);
	return good ? xstrndup(argument, len) : NULL;
}

const char *
mail_rcpt_mail(struct mail_rcpt *o, const char *argument)
{
	struct wishes w = {0};
	const char *rest, *reply;

	if (o->sender != NULL)
		return "503 5.5.1 Sender already given";
	o->sender = read_path(argument, "FROM:", &rest);
	if (o->sender == NULL)
		return "501 5.1.7 Expected MAIL FROM:<address>";
	reply = take_words(&w, of_mail, rest);
	o->returns = w.returns;
	o->envid = w.envid;
	o->submitter = w.submitter;
	if (reply == NULL)
		return "250 2.1.0 Ok";
	mail_rcpt_free(o);
	return reply;
}

static void
add_recipient(struct mail_rcpt *o, char *path, const struct recipient_dsn *dsn)
{
	if (o->n == o->size) {
		o->size = o->size > 0 ? 2 * o->size : 16;
		o->recipients = xreallocarray(o->recipients, o->size,
		    sizeof(o->recipients[0]));
		o->dsn = xreallocarray(o->dsn, o->size, sizeof(o->dsn[0]));
	}
	o->recipients[o->n] = path;
	o->dsn[o->n++] = *dsn;
}

const char *
mail_rcpt_rcpt(struct mail_rcpt *o, const char *argument)
{
	struct wishes w = {0};
	const char *rest, *reply;
	char *path;

	if (o->sender == NULL)
		return "503 5.5.1 Say MAIL first";
	if (o->n == RECIPIENTS_MAX)
		return "452 4.5.3 Too many recipients";
	path = read_path(argument, "TO:", &rest);
	if (path == NULL || path[0] == '\0')
		reply = "501 5.1.3 Expected RCPT TO:<address>";
	else
		reply = take_words(&w, of_rcpt, rest);
	if (reply == NULL) {
		add_recipient(o, path, &w.dsn);
		return "250 2.1.5 Ok";
	}
	forget(&w);
	free(path);
	return reply;
}

void
mail_rcpt_apply(const struct mail_rcpt *o, struct request *request)
{
	if (request->sender == NULL || o->sender[0] == '\0')
		request->sender = o->sender;
	if (o->returns != NULL)
		request->returns = o->returns;
	if (o->envid != NULL)
		request->envid = o->envid;
	request->submitter = o->submitter;
	request->recipients = o->recipients;
	request->nrecipients = o->n;
	request->dsn = o->dsn;
	request->read_recipients = 0;
}

void
mail_rcpt_free(struct mail_rcpt *o)
{
	for (size_t i = 0; i < o->n; i++) {
		free(o->recipients[i]);
		free(o->dsn[i].notify);
		free(o->dsn[i].orcpt);
	}
	free(o->recipients);
	free(o->dsn);
	free(o->sender);
	free(o->returns);
	free(o->envid);
	free(o->submitter);
	memset(o, 0, sizeof(*o));
}
