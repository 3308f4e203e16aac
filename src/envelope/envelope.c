/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "envelope/envelope.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/ascii.h"
#include "base/escape.h"
#include "base/xmalloc.h"
#include "envelope/aliases.h"
#include "envelope/content.h"
#include "envelope/header_fixup.h"
#include "envelope/path.h"
#include "envelope/sender.h"
#include "format/encode.h"

/* The header may name the recipients, or not. */
enum disclosure { SHOWN, BLIND };

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
		if (field_is(m->header.data, &m->fields[index].at, *names))
			return 1;
	return 0;
}

/*
 * Adds the recipients of -t. If the message was resent, only the block of
 * Resent- fields nearest the top names them (RFC 5322 3.6.6).
 */
static int
read_header(struct address_list *shown, struct address_list *blind,
    const struct message *m, struct error *err)
{
	static const char *const bcc[] = { "Bcc", "Resent-Bcc", NULL };
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
		if (is_any_of(m, i, names) && read_field(is_any_of(m, i, bcc)
		    ? blind : shown, m, i, err) != 0)
			return -1;
	}
	return 0;
}

/* A recipient, to be compared with the others. */
struct hashed_recipient {
	uint32_t hash;         /* of the path; saves most comparisons */
	struct recipient *to;
};

/* FNV-1a; the same for paths that differ in case only. */
static uint32_t
hash(const char *path)
{
	uint32_t h = 2166136261u;

	for (; *path != '\0'; path++)
		h = (h ^ (unsigned char)ascii_lower(*path)) * 16777619u;
	return h;
}

/* Local parts are compared exactly, domains without regard to case. */
static int
compare(const struct hashed_recipient *x, const struct hashed_recipient *y)
{
	const char *p = x->to->path, *q = y->to->path, *at;
	size_t local;
	int order;

	if (x->hash != y->hash)
		return x->hash < y->hash ? -1 : 1;
	at = strrchr(p, '@');
	local = at != NULL ? (size_t)(at - p) : strlen(p);
	order = strncmp(p, q, local + 1);
	if (order != 0)
		return order;
	for (p += local, q += local; *p != '\0' || *q != '\0'; p++, q++)
		if (ascii_lower(*p) != ascii_lower(*q))
			return ascii_lower(*p) < ascii_lower(*q) ? -1 : 1;
	return 0;
}

/* Compares by address, then by position. */
static int
compare_in_order(const void *a, const void *b)
{
	const struct hashed_recipient *x = a, *y = b;
	int order = compare(x, y);

	return order != 0 ? order : x->to < y->to ? -1 : x->to > y->to;
}

static void
free_recipient(struct recipient *to)
{
	free(to->path);
	free(to->notify);
	free(to->orcpt);
	memset(to, 0, sizeof(*to));
}

/* Keeps the first of equal recipients, in time O(n log n). */
static void
drop_duplicates(struct envelope *e)
{
	struct hashed_recipient *order = xcalloc(e->n, sizeof(order[0]));
	size_t kept = 0;

	for (size_t i = 0; i < e->n; i++) {
		order[i].to = &e->to[i];
		order[i].hash = hash(e->to[i].path);
	}
	qsort(order, e->n, sizeof(order[0]), compare_in_order);
	for (size_t i = 1, first = 0; i < e->n; i++) {
		if (compare(&order[first], &order[i]) != 0) {
			first = i;
			continue;
		}
		order[first].to->blind |= order[i].to->blind;
		free_recipient(order[i].to);
	}
	for (size_t i = 0; i < e->n; i++)
		if (e->to[i].path != NULL)
			e->to[kept++] = e->to[i];
	e->n = kept;
	free(order);
}

/* Returns "success,failure" in upper case, as in RFC 3461 4.1, owned. */
static char *
upper(const char *text)
{
	char *copy = xstrdup(text);

	for (char *p = copy; *p != '\0'; p++)
		*p = ascii_upper(*p);
	return copy;
}

/* Sets the DSN parameters that -bs received for each recipient; its operands
 * are single addresses. */
static void
take_dsn(struct envelope *e, const struct recipient_dsn *dsn)
{
	for (size_t i = 0; i < e->n; i++) {
		if (dsn[i].notify != NULL)
			e->to[i].notify = upper(dsn[i].notify);
		if (dsn[i].orcpt != NULL)
			e->to[i].orcpt = xstrdup(dsn[i].orcpt);
	}
}

static int
no_recipients(const struct request *request, struct error *err)
{
	if (request->read_recipients)
		return fail(err, EX_USAGE,
		    "no recipient addresses found in message header");
	return fail(err, EX_USAGE, "no recipients: name them after the "
	    "options, or use -t to take them from the header");
}

/* Adds the addresses, aliases expanded. */
static int
add_recipients(struct envelope *e, struct address_list *list,
    const struct account *a, enum disclosure disclosure, struct error *err)
{
	struct error warning = {0};

	if (list->n > 0 && a->aliases[0] != '\0' &&
	    aliases_expand(list, a, &warning, err) != 0)
		return wrap(err, "recipient");
	if (warning.code != 0) {
		free(e->warning);
		e->warning = xstrdup(warning.text);
	}
	for (size_t i = 0; i < list->n; i++) {
		struct recipient *r;

		e->to = xgrow(e->to, e->n, sizeof(e->to[0]));
		r = &e->to[e->n];
		memset(r, 0, sizeof(*r));
		r->path = path_write(&list->at[i], a, "recipient", err);
		if (r->path == NULL)
			return -1;
		r->blind = disclosure == BLIND;
		e->smtputf8 |= address_is_8bit(&list->at[i]);
		e->n++;
	}
	return 0;
}

/* Returns whether the operand is a path, or an existing file whose name has a
 * dot: other programs accept the message in this form. */
static int
is_file_name(const char *word)
{
	struct stat st;

	if (strchr(word, '@') != NULL)
		return 0;
	if (word[0] == '/' || strncmp(word, "./", 2) == 0 ||
	    strncmp(word, "../", 3) == 0 || strncmp(word, "~/", 2) == 0)
		return 1;
	return strchr(word, '.') != NULL && stat(word, &st) == 0 &&
	    S_ISREG(st.st_mode);
}

/* Adds the addresses of one operand. */
static int
read_operand(struct address_list *list, const char *word, struct error *err)
{
	char quote[ESCAPE_QUOTE];

	if (!is_file_name(word))
		return address_list_parse(list, word, strlen(word), err);
	fail(err, EX_DATAERR, "expected an address, not the file name \"%s\"",
	    escape_string(quote, 256, word));
	hint(err,
	    "give the message on standard input: onehop RECIPIENT < FILE");
	return -1;
}

static int
collect_recipients(struct envelope *e, const struct request *request,
    const struct account *a, const struct message *m, struct error *err)
{
	struct address_list shown = {0}, blind = {0};
	int result = 0;

	for (size_t i = 0; i < request->nrecipients && result == 0; i++)
		result = read_operand(&shown, request->recipients[i], err);
	if (result == 0 && request->read_recipients)
		result = read_header(&shown, &blind, m, err);
	if (result != 0)
		wrap(err, "recipient");
	else
		result = add_recipients(e, &shown, a, SHOWN, err);
	if (result == 0)
		result = add_recipients(e, &blind, a, BLIND, err);
	address_list_free(&shown);
	address_list_free(&blind);
	if (result != 0)
		return -1;
	if (request->dsn != NULL && e->n == request->nrecipients)
		take_dsn(e, request->dsn); /* no alias was expanded */
	drop_duplicates(e);
	return e->n > 0 ? 0 : no_recipients(request, err);
}

/* Returns whether there is a Bcc field although the caller named the
 * recipients. It is then unknown which of them are blind. */
static int
hides_recipients(const struct request *request, const struct message *m)
{
	size_t bcc = 0, resent = 0;

	return !request->read_recipients && (message_find(m, "Bcc", &bcc) ||
	    message_find(m, "Resent-Bcc", &resent));
}

/* Returns the body of the To field for set_to_header, owned; NULL if it is
 * off. */
static char *
to_field(const struct envelope *e, const struct request *request,
    const struct account *a, const struct message *m)
{
	struct buffer body = {0};

	if (a->set_to_header == TO_HEADER_OFF)
		return NULL;
	for (size_t i = 0; i < e->n; i++)
		if (a->set_to_header == TO_HEADER_ON && !e->to[i].blind &&
		    !hides_recipients(request, m))
			buffer_addf(&body, "%s%s", body.len > 0 ? ", " : "",
			    e->to[i].path);
	if (body.len == 0)
		buffer_add_string(&body, "undisclosed-recipients:;");
	return buffer_string(&body);
}

/* Sets the delivery status notifications that the caller or the account
 * requests. */
static void
ask_for_dsn(struct envelope *e, const struct request *request,
    const struct account *a)
{
	struct buffer envid = {0};
	const char *notify = request->notify != NULL ? request->notify
	    : ascii_equal(a->dsn_notify, "off") ? NULL : a->dsn_notify;

	if (notify != NULL && notify[0] != '\0')
		e->notify = upper(notify);
	if (request->returns != NULL)
		e->returns = xstrdup(ascii_equal(request->returns, "full")
		    ? "FULL" : "HDRS");
	else if (a->dsn_return != DSN_RETURN_OFF)
		e->returns = xstrdup(a->dsn_return == DSN_RETURN_FULL
		    ? "FULL" : "HDRS");
	if (request->envid != NULL) {
		xtext_encode(&envid, request->envid);
		e->envid = buffer_string(&envid);
	}
}

/* Returns the Message-ID of the original message, or the one that onehop added,
 * owned. */
static char *
message_id(const struct message *m)
{
	struct field f;
	size_t index = 0;

	if (message_find(m, "Message-ID", &index))
		return message_field_body(m, index);
	index = 0;
	while (field_next(m->added.data, m->added.len, &index, &f))
		if (field_is(m->added.data, &f, "Message-ID"))
			return field_unfold(m->added.data, &f);
	return xstrdup("");
}

int
envelope_make(struct envelope *e, const struct request *request,
    const struct account *a, struct message *m, struct error *err)
{
	char *to;
	int result;

	if (content_check(m, err) != 0 ||
	    collect_recipients(e, request, a, m, err) != 0)
		return -1;
	e->sender = sender_choose(request, a, m, err);
	if (e->sender == NULL)
		return -1;
	for (const char *p = e->sender; *p != '\0'; p++)
		e->smtputf8 |= ascii_is_8bit(*p);
	ask_for_dsn(e, request, a);
	if (request->submitter != NULL)
		e->submitter = xstrdup(request->submitter);
	to = to_field(e, request, a, m);
	result = header_fixup_apply(m, request, a, e->sender, to, err);
	free(to);
	if (result == 0 && !e->smtputf8)
		message_encode_header(m);
	if (result == 0)
		e->message_id = message_id(m);
	return result;
}

void
envelope_forget_replies(struct envelope *e)
{
	for (size_t i = 0; i < e->n; i++) {
		memset(&e->to[i].reply, 0, sizeof(e->to[i].reply));
		e->to[i].pending = 0;
		e->to[i].doubtful = 0;
	}
}

size_t
envelope_count(const struct envelope *e, int class)
{
	size_t n = 0;

	for (size_t i = 0; i < e->n; i++)
		n += reply_class(&e->to[i].reply) == class;
	return n;
}

const struct reply *
envelope_refusal(const struct envelope *e)
{
	const struct reply *worst = NULL;

	for (size_t i = 0; i < e->n; i++) {
		const struct reply *r = &e->to[i].reply;

		if ((reply_class(r) == 4 || reply_class(r) == 5) &&
		    (worst == NULL || reply_class(r) > reply_class(worst)))
			worst = r;
	}
	return worst;
}

/* Appends the refusals, but for those with the reply except, which may be NULL,
 * until the text is as long as that of an error. */
static void
list_refusals(const struct envelope *e, const struct reply *except,
    struct buffer *text)
{
	char path[ESCAPE_QUOTE];

	for (size_t i = 0; i < e->n; i++) {
		const struct reply *r = &e->to[i].reply;

		if ((reply_class(r) != 4 && reply_class(r) != 5) ||
		    text->len >= sizeof(((struct error *)0)->text) ||
		    (except != NULL && strcmp(r->text, except->text) == 0))
			continue;
		buffer_addf(text, "%srecipient <%s> rejected: %s",
		    text->len > 0 ? "; " : "", escape_string(path,
		    sizeof(path), e->to[i].path), r->text);
	}
}

void
envelope_add_refusals(const struct envelope *e, const struct reply *content,
    struct error *err)
{
	struct buffer text = {0};
	struct error both = {0};

	list_refusals(e, content, &text);
	if (text.len > 0) {
		fail(&both, err->code, "%s; %s", err->text,
		    buffer_string(&text));
		memcpy(err->text, both.text, sizeof(err->text));
	}
	buffer_free(&text);
}

int
envelope_blame(const struct envelope *e, struct error *err)
{
	struct buffer text = {0};
	const struct reply *worst = envelope_refusal(e);

	list_refusals(e, NULL, &text);
	if (worst == NULL)
		fail(err, EX_PROTOCOL, "no recipient was answered");
	else
		fail(err, reply_exit_code(REPLY_TO_RCPT, worst), "%s",
		    buffer_string(&text));
	buffer_free(&text);
	return -1;
}

void
envelope_free(struct envelope *e)
{
	for (size_t i = 0; i < e->n; i++)
		free_recipient(&e->to[i]);
	free(e->to);
	free(e->sender);
	free(e->notify);
	free(e->returns);
	free(e->envid);
	free(e->submitter);
	free(e->message_id);
	free(e->warning);
	memset(e, 0, sizeof(*e));
}
