/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/mail_rcpt.h"

#include <stdlib.h>
#include <string.h>

#include "base/ascii.h"
#include "base/xmalloc.h"
#include "config/value.h"
#include "envelope/path.h"
#include "format/address_parse.h"
#include "format/encode.h"

#define BAD_PARAMETER "501 5.5.4 Invalid parameter value"
#define TOO_LONG "Expected an address of at most 254 octets"

/* Bounds the memory that a client can use. */
#define RECIPIENTS_MAX 100000

/* RFC 3461 4.4 and 4.2, RFC 4954 5: octets of xtext. */
#define ENVID_MAX 100
#define ORCPT_MAX 500
#define AUTH_MAX 500

/* The parameters of one command. */
struct esmtp_parameters {
	char *returns;
	char *envid;
	char *submitter;
	struct recipient_dsn dsn;
};

/* take() returns 0, or -1 if the value is invalid or given twice. A parameter
 * without "=" has the value NULL. */
struct parameter {
	const char *name;
	int (*take)(struct esmtp_parameters *w, const char *value);
};

/* Checked only: the size is known exactly once the content is read. */
static int
take_size(struct esmtp_parameters *w, const char *value)
{
	uint64_t size;

	(void)w;
	return value == NULL ? -1
	    : ascii_number(value, strlen(value), 0, UINT64_MAX, &size);
}

/* Checked only: the content shows it. */
static int
take_body(struct esmtp_parameters *w, const char *value)
{
	(void)w;
	return value != NULL && (ascii_equal(value, "7BIT") ||
	    ascii_equal(value, "8BITMIME")) ? 0 : -1;
}

/* Checked only: the addresses show it. */
static int
take_smtputf8(struct esmtp_parameters *w, const char *value)
{
	(void)w;
	return value == NULL ? 0 : -1;
}

/* RFC 4954 5: the client is the user who runs the program, so its AUTH= is
 * trusted, but for what relay_from forbids. */
static int
take_auth(struct esmtp_parameters *w, const char *value)
{
	char *mailbox;

	if (value == NULL || value[0] == '\0' || strlen(value) > AUTH_MAX ||
	    w->submitter != NULL)
		return -1;
	mailbox = xtext_decode(value);
	if (mailbox == NULL)
		return -1;
	free(mailbox);
	w->submitter = xstrdup(value);
	return 0;
}

static int
take_ret(struct esmtp_parameters *w, const char *value)
{
	if (value == NULL || w->returns != NULL ||
	    (!ascii_equal(value, "full") && !ascii_equal(value, "hdrs")))
		return -1;
	w->returns = xstrdup(value);
	return 0;
}

static int
take_envid(struct esmtp_parameters *w, const char *value)
{
	if (value == NULL || value[0] == '\0' || strlen(value) > ENVID_MAX ||
	    w->envid != NULL)
		return -1;
	w->envid = xtext_decode(value);
	return w->envid != NULL ? 0 : -1;
}

static int
take_notify(struct esmtp_parameters *w, const char *value)
{
	if (value == NULL || w->dsn.notify != NULL || !value_is_notify(value))
		return -1;
	w->dsn.notify = xstrdup(value);
	return 0;
}

static int
take_orcpt(struct esmtp_parameters *w, const char *value)
{
	const char *p = value;
	char *address;

	if (value == NULL || w->dsn.orcpt != NULL || strlen(value) > ORCPT_MAX)
		return -1;
	while (ascii_is_alnum(*p) || *p == '-')
		p++;
	if (p == value || *p != ';' || p[1] == '\0')
		return -1;
	address = xtext_decode(p + 1);
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
forget(struct esmtp_parameters *w)
{
	free(w->returns);
	free(w->envid);
	free(w->submitter);
	free(w->dsn.notify);
	free(w->dsn.orcpt);
}

/* Takes one word "NAME=value". Returns NULL, or the reply that refuses it. */
static const char *
take_word(struct esmtp_parameters *w, const struct parameter *known, char *word)
{
	size_t n = strcspn(word, "=");
	const char *value = word[n] == '=' ? word + n + 1 : NULL;

	while (known->name != NULL && !ascii_equal_n(word, n, known->name))
		known++;
	if (known->name == NULL)
		return "555 5.5.4 Parameter not recognized";
	return known->take(w, value) == 0 ? NULL : BAD_PARAMETER;
}

/* Takes the words after the path. Returns NULL, or the reply that refuses
 * one. */
static const char *
take_words(struct esmtp_parameters *w, const struct parameter *known,
    const char *text)
{
	const char *reply = NULL;

	if (*text != '\0' && !ascii_is_blank(*text))
		return "501 5.5.4 Expected a space after the address";
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

/* Returns the length of the path at text, its <> included, or 0. */
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
 * Returns the path after "FROM:" or "TO:" with its <>, "" for <>, and sets
 * *rest to what follows it. Owned; NULL if it is not exactly one address.
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

static int
is_too_long(const char *path)
{
	return strlen(path) > ADDRESS_PATH_MAX + (path[0] == '<' ? 2 : 0);
}

/* Returns whether the envelope can have this recipient: after DATA a refusal
 * would be that of the message for all. What a bare name is depends on the
 * account. */
static int
is_possible(const char *path)
{
	struct address_list list = {0};
	struct error ignored = {0};
	int possible = 1;

	(void)address_list_parse(&list, path, strlen(path), &ignored);
	if (list.n == 1 && list.at[0].domain != NULL) {
		char *wire = path_write(&list.at[0], NULL, "recipient",
		    &ignored);

		possible = wire != NULL;
		free(wire);
	}
	address_list_free(&list);
	return possible;
}

const char *
mail_rcpt_mail(struct mail_rcpt *m, const char *argument)
{
	struct esmtp_parameters w = {0};
	const char *rest, *reply;

	if (m->sender != NULL)
		return "503 5.5.1 Sender already given";
	m->sender = read_path(argument, "FROM:", &rest);
	if (m->sender == NULL)
		return "501 5.1.7 Expected MAIL FROM:<address>";
	reply = is_too_long(m->sender) ? "501 5.1.7 " TOO_LONG
	    : take_words(&w, of_mail, rest);
	m->returns = w.returns;
	m->envid = w.envid;
	m->submitter = w.submitter;
	if (reply == NULL)
		return "250 2.1.0 Ok";
	mail_rcpt_free(m);
	return reply;
}

static void
add_recipient(struct mail_rcpt *m, char *path, const struct recipient_dsn *dsn)
{
	m->recipients = xgrow(m->recipients, m->n, sizeof(m->recipients[0]));
	m->dsn = xgrow(m->dsn, m->n, sizeof(m->dsn[0]));
	m->recipients[m->n] = path;
	m->dsn[m->n++] = *dsn;
}

const char *
mail_rcpt_rcpt(struct mail_rcpt *m, const char *argument)
{
	struct esmtp_parameters w = {0};
	const char *rest, *reply;
	char *path;

	if (m->sender == NULL)
		return "503 5.5.1 Need MAIL command";
	if (m->n == RECIPIENTS_MAX)
		return "452 4.5.3 Too many recipients";
	path = read_path(argument, "TO:", &rest);
	if (path == NULL || path[0] == '\0')
		reply = "501 5.1.3 Expected RCPT TO:<address>";
	else if (is_too_long(path))
		reply = "501 5.1.3 " TOO_LONG;
	else if (!is_possible(path))
		reply = "501 5.1.3 Expected an address as in RFC 5321";
	else
		reply = take_words(&w, of_rcpt, rest);
	if (reply == NULL) {
		add_recipient(m, path, &w.dsn);
		return "250 2.1.5 Ok";
	}
	forget(&w);
	free(path);
	return reply;
}

void
mail_rcpt_apply(const struct mail_rcpt *m, struct request *request)
{
	if (request->sender == NULL || m->sender[0] == '\0')
		request->sender = m->sender;
	if (m->returns != NULL)
		request->returns = m->returns;
	if (m->envid != NULL)
		request->envid = m->envid;
	request->submitter = m->submitter;
	request->recipients = m->recipients;
	request->nrecipients = m->n;
	request->dsn = m->dsn;
	request->read_recipients = 0;
}

void
mail_rcpt_free(struct mail_rcpt *m)
{
	for (size_t i = 0; i < m->n; i++) {
		free(m->recipients[i]);
		free(m->dsn[i].notify);
		free(m->dsn[i].orcpt);
	}
	free(m->recipients);
	free(m->dsn);
	free(m->sender);
	free(m->returns);
	free(m->envid);
	free(m->submitter);
	memset(m, 0, sizeof(*m));
}
