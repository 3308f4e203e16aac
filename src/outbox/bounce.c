/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "outbox/bounce.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/ascii.h"
#include "base/escape.h"
#include "base/platform.h"
#include "base/poll.h"
#include "base/xmalloc.h"

/* Maximum number of messages that a report describes in detail. */
#define DETAILED_MAX 50

/* Maximum time to wait for a journal, milliseconds. */
#define LOCK_PATIENCE 1000

/* The reason for a recipient whose own reply is not known. */
#define UNSENT "not sent, as recipients were refused"

#define BOUNDARY 41  /* 40 hexadecimal digits and the NUL */

/* Finds an enhanced status code, "5.1.1", in the words of a server. */
static const char *
find_status(const char *words, size_t *n)
{
	for (const char *p = words; *p != '\0'; p++) {
		size_t dots = 0;

		if ((*p != '4' && *p != '5') || p[1] != '.' ||
		    (p > words && p[-1] != ' '))
			continue;
		for (*n = 1; ascii_is_digit(p[*n]) || (p[*n] == '.' &&
		    ascii_is_digit(p[*n + 1])); ++*n)
			dots += p[*n] == '.';
		if (dots == 2)
			return p;
	}
	return NULL;
}

/* Takes a recipient's own part of a reason that lists refusals (of
 * envelope_blame()), after the words before the list: the reply to one
 * recipient says nothing about another. Owned. */
static char *
own_part(const char *reason, const char *path)
{
	static const char start[] = "recipient <", next[] = "; recipient <";
	const char *list = strstr(reason, start), *words, *end;
	char quote[ESCAPE_QUOTE];
	char *name, *part;

	if (list == NULL || strstr(list, "> rejected: ") == NULL)
		return xstrdup(reason);
	name = xasprintf("%s%s> rejected: ", start, escape_string(quote,
	    sizeof(quote), path));
	words = strstr(list, name);
	words = words != NULL && ascii_is_digit(words[strlen(name)])
	    ? words + strlen(name) : UNSENT;
	end = strstr(words, next);
	part = xasprintf("%.*s%.*s", (int)(list - reason), reason,
	    (int)(end != NULL ? (size_t)(end - words) : strlen(words)),
	    words);
	free(name);
	return part;
}

/* Returns why a recipient did not get the message, owned; NULL if it did. */
static char *
reason_of(const struct journal_state *s, size_t index, const char *path)
{
	if (journal_recipient_is_open(s, index))
		return own_part(s->reason, path);
	return s->to[index].state == RECIPIENT_REFUSED
	    ? xstrdup(s->to[index].words) : NULL;
}

/* The class of a status that the server has not given: that of its reply, or
 * 4 if the recipient could be reached another time (RFC 3463 2). */
static int
class_of(const char *reason)
{
	return reason[0] == '4' || strstr(reason, UNSENT) != NULL ? 4 : 5;
}

/* The fields of one recipient (RFC 3464 2.3). */
static void
add_recipient(struct buffer *out, const struct recipient *to,
    const char *reason)
{
	size_t n = 0;
	const char *status = find_status(reason, &n);

	if (to->orcpt != NULL)
		buffer_addf(out, "\nOriginal-Recipient: %s", to->orcpt);
	buffer_addf(out, "\nFinal-Recipient: rfc822;%s\nAction: failed\n",
	    to->path);
	if (status != NULL)
		buffer_addf(out, "Status: %.*s\n", (int)n, status);
	else
		buffer_addf(out, "Status: %d.0.0\n", class_of(reason));
	buffer_addf(out, "Diagnostic-Code: %s; %s\n",
	    ascii_is_digit(reason[0]) ? "smtp" : "x-onehop", reason);
}

static void
add_message(struct bounce *b, const char *id, const struct message_file *m,
    const struct journal_state *s)
{
	buffer_addf(&b->text, "\n%s, queued ", id);
	field_add_date(&b->text, (time_t)m->queued, 0);
	buffer_add_char(&b->text, '\n');
	for (size_t i = 0; i < m->envelope.n; i++) {
		const struct recipient *to = &m->envelope.to[i];
		char *reason = reason_of(s, i, to->path);

		if (reason == NULL)
			continue;
		buffer_addf(&b->text, "    %s\n        %s\n", to->path,
		    reason);
		add_recipient(&b->status, to, reason);
		free(reason);
	}
}

/* Returns whether the message belongs in the report. */
static int
is_wanted(const struct account *a, const struct journal_state *s)
{
	return s->failed && !s->reported && a->outbox_report[0] != '\0';
}

void
bounce_add(struct bounce *b, const struct outbox *o, const char *id,
    struct account *a)
{
	struct journal_state state;
	struct message_file m = { .fd = -1 };
	struct error ignored = {0};
	int fd = -1;

	if (outbox_read_journal(o, id, &state, &ignored) == 0 &&
	    is_wanted(a, &state))
		fd = outbox_open_message(o, OUTBOX_FAILED, id, &ignored);
	if (fd >= 0 && message_file_read(&m, fd, &ignored) == 0 &&
	    m.envelope.sender[0] != '\0') {
		if (b->ids.n < DETAILED_MAX)
			add_message(b, id, &m, &state);
		string_list_add(&b->ids, xstrdup(id));
		if (b->account == NULL) {
			b->account = a;
			b->first = m;
			memset(&m, 0, sizeof(m));
			m.fd = -1;
		}
	}
	message_file_free(&m);
	journal_state_free(&state);
}

static void
add_part(struct buffer *out, const char *boundary, const char *type,
    const struct buffer *content)
{
	size_t i = 0;

	while (i < content->len && !ascii_is_8bit(content->data[i]))
		i++;
	buffer_addf(out, "\n--%s\nContent-Type: %s\n"
	    "Content-Transfer-Encoding: %s\n\n", boundary, type,
	    i < content->len ? "8bit" : "7bit");
	buffer_add(out, content->data, content->len);
}

/* Appends the whole report, with LF line ends. */
static void
compose(struct bounce *b, const char *boundary, struct buffer *out)
{
	const struct account *a = b->account;
	struct buffer words = {0}, status = {0};
	size_t n = b->ids.n;

	buffer_addf(out, "From: \"Mail delivery\" <%s>\nTo: <%s>\n"
	    "Subject: %zu message%s could not be delivered\n"
	    "Auto-Submitted: auto-replied\nMIME-Version: 1.0\n"
	    "Content-Type: multipart/report; report-type=delivery-status;\n"
	    "\tboundary=\"%s\"\n",
	    a->outbox_report, a->outbox_report, n, n == 1 ? "" : "s",
	    boundary);
	buffer_addf(&words, "onehop has given up %zu message%s. The outbox "
	    "keeps %s:\nsee onehop --outbox list, show, retry and remove.\n",
	    n, n == 1 ? "" : "s", n == 1 ? "it" : "them");
	buffer_add(&words, b->text.data, b->text.len);
	if (n > DETAILED_MAX)
		buffer_addf(&words, "\nand %zu more\n", n - DETAILED_MAX);
	buffer_addf(&status, "Reporting-MTA: dns; %s\n",
	    a->domain[0] != '\0' ? a->domain : "localhost");
	buffer_add(&status, b->status.data, b->status.len);
	add_part(out, boundary, "text/plain; charset=utf-8", &words);
	add_part(out, boundary, "message/delivery-status", &status);
	add_part(out, boundary, "text/rfc822-headers",
	    &b->first.message.header);
	buffer_addf(out, "\n--%s--\n", boundary);
	buffer_free(&words);
	buffer_free(&status);
}

/* Turns the report into a message with an envelope. */
static int
make_message(struct bounce *b, struct message_file *report, struct error *err)
{
	char boundary[BOUNDARY];
	char *const to[] = { b->account->outbox_report };
	const struct request request = { .sender = "", .recipients = to,
	    .nrecipients = 1 };
	struct buffer text = {0};
	int result;

	if (platform_random_hex(boundary, BOUNDARY - 1) != 0)
		return fail(err, EX_TEMPFAIL, "no random numbers");
	compose(b, boundary, &text);
	result = message_from_text(&report->message, &text, err);
	buffer_free(&text);
	if (result != 0 || envelope_make(&report->envelope, &request,
	    b->account, &report->message, err) != 0)
		return -1;
	/* null, also if the account does not let -f replace its sender */
	free(report->envelope.sender);
	report->envelope.sender = xstrdup("");
	return 0;
}

static void
note_reported(const struct bounce *b, const struct outbox *o)
{
	for (size_t i = 0; i < b->ids.n; i++) {
		struct error ignored = {0}; /* it is reported again */
		struct journal j;

		if (outbox_open_journal(o, b->ids.at[i], deadline_in(
		    LOCK_PATIENCE), &j, &ignored) != 1)
			continue;
		(void)journal_write(&j, JOURNAL_REPORTED, 0, NULL, &ignored);
		journal_close(&j);
	}
}

/* Unsets what says when a message is delivered: for this run, and for the one
 * that tries the report again. */
static void
unset_times(struct bounce *b)
{
	static const size_t keys[] = { KEY_deliver_by, KEY_hold_for,
	    KEY_hold_until };
	struct account *a = b->account;
	struct error ignored = {0}; /* every key may be unset */

	if (a->deliver_by[0] == '\0' && a->hold_for == 0 &&
	    a->hold_until[0] == '\0')
		return;
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		selection_override(&b->first.origin, keys[i], "");
		(void)account_store(a, keys[i], "", &ignored);
	}
}

int
bounce_queue(struct bounce *b, const struct outbox *o, char id[OUTBOX_ID],
    struct error *err)
{
	struct message_file report = { .fd = -1 };
	int result = make_message(b, &report, err);

	unset_times(b);
	report.origin = b->first.origin;
	report.queued = time(NULL);
	if (result == 0)
		result = outbox_add(o, OUTBOX_NEW, &report,
		    MESSAGE_FILE_WHOLE, id, err);
	if (result == 0)
		note_reported(b, o);
	report.origin.overrides = NULL; /* borrowed from first */
	message_file_free(&report);
	return result;
}

void
bounce_free(struct bounce *b)
{
	if (b->account != NULL)
		message_file_free(&b->first);
	string_list_free(&b->ids);
	buffer_free(&b->text);
	buffer_free(&b->status);
	memset(b, 0, sizeof(*b));
}
