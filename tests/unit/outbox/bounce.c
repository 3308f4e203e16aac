/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The report of messages that were given up, word by word. */
#include "../unit.h"

#include "../letter.h"
#include "../queue.h"
#include "base/xmalloc.h"
#include "message/spool.h"
#include "outbox/bounce.h"

/* An outbox, the account that wants reports, and the report. */
struct bench {
	char directory[QUEUE_PATH];
	struct outbox outbox;
	struct account account;
	struct bounce bounce;
};

static int
set_up(void **state)
{
	struct bench *b = xcalloc(1, sizeof(*b));
	struct error err = {0};

	queue_open(&b->outbox, b->directory);
	account_init(&b->account, b->directory);
	assert_int_equal(account_set(&b->account, "outbox_report",
	    "root@x.example", &err), 0);
	assert_int_equal(account_set(&b->account, "domain", "c.example",
	    &err), 0);
	*state = b;
	return 0;
}

static int
tear_down(void **state)
{
	struct bench *b = *state;
	int status = queue_close(&b->outbox, b->directory);

	bounce_free(&b->bounce);
	account_free(&b->account);
	free(b);
	return status;
}

/* Puts a message among those given up, with that journal. */
static void
give_up(struct bench *b, const char *sender, size_t recipients,
    const char *header, const char *journal, char id[OUTBOX_ID])
{
	struct message_file m = { .fd = -1, .queued = 1000000000,
		.origin.account = "default" };
	struct error err = {0};

	letter_take(&m.message, header, strlen(header));
	m.envelope.sender = xstrdup(sender);
	m.envelope.to = xcalloc(recipients, sizeof(m.envelope.to[0]));
	while (m.envelope.n < recipients) {
		m.envelope.to[m.envelope.n].path = xasprintf("r%zu@x",
		    m.envelope.n);
		m.envelope.n++;
	}
	if (recipients > 1)
		m.envelope.to[1].orcpt = xstrdup("rfc822;first@x");
	assert_int_equal(outbox_add(&b->outbox, OUTBOX_FAILED, &m,
	    MESSAGE_FILE_WHOLE, id, &err), 0);
	m.origin.account = NULL;
	message_file_free(&m);
	queue_append(b->outbox.places[OUTBOX_JOURNAL], id, journal);
}

/* Adds one message with that reason to a report of its own. Returns the status
 * part, borrowed. */
static const char *
status_of(struct bench *b, const char *reason)
{
	char id[OUTBOX_ID];
	char *journal = xasprintf("failed 5 %s\n", reason);

	bounce_free(&b->bounce);
	give_up(b, "me@x", 1, "Subject: s\n\n", journal, id);
	bounce_add(&b->bounce, &b->outbox, id, &b->account);
	free(journal);
	return buffer_string(&b->bounce.status);
}

/* The reason, Status and the type of Diagnostic-Code. */
static const struct {
	const char *reason, *status, *type;
} reasons[] = {
	{ "550 5.1.1 nobody", "5.1.1", "smtp" },
	{ "5.1.1 nobody", "5.1.1", "smtp" },
	{ "undelivered: 450 4.2.0 later", "4.2.0", "x-onehop" },
	{ "450 later", "4.0.0", "smtp" },
	{ "550 no", "5.0.0", "smtp" },
	{ "5 no", "5.0.0", "smtp" },
	{ "x", "5.0.0", "x-onehop" },
	{ "550 5.1 nobody", "5.0.0", "smtp" },
	{ "550 5.1.1.1 nobody", "5.0.0", "smtp" },
	{ "550 5.1. nobody", "5.0.0", "smtp" },
	{ "550 5..1 nobody", "5.0.0", "smtp" },
	{ "550 2.1.1 nobody", "5.0.0", "smtp" },
	{ "550 x5.1.1 nobody", "5.0.0", "smtp" },
	{ "550 51.1.1 nobody", "5.0.0", "smtp" },
	{ "550 no 5.7.26", "5.7.26", "smtp" },
	{ "550 5.1. 5.2.3 no", "5.2.3", "smtp" },
};

static void
the_status_is_that_of_the_server(void **state)
{
	struct bench *b = *state;

	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
		char *wanted = xasprintf("\nFinal-Recipient: rfc822;r0@x\n"
		    "Action: failed\nStatus: %s\nDiagnostic-Code: %s; %s\n",
		    reasons[i].status, reasons[i].type, reasons[i].reason);

		assert_string_equal(status_of(b, reasons[i].reason), wanted);
		free(wanted);
	}
}

/* Those that got it are left out, those refused have their words. */
static void
each_recipient_has_its_reason(void **state)
{
	struct bench *b = *state;
	char id[OUTBOX_ID];
	char *wanted;

	give_up(b, "me@x", 3, "Subject: s\n\n", "accepted 2 1\n"
	    "refused 3 2 550 5.1.1 nobody\nfailed 5 later\n", id);
	bounce_add(&b->bounce, &b->outbox, id, &b->account);
	assert_string_equal(buffer_string(&b->bounce.status),
	    "\nOriginal-Recipient: rfc822;first@x\n"
	    "Final-Recipient: rfc822;r1@x\nAction: failed\nStatus: 5.1.1\n"
	    "Diagnostic-Code: smtp; 550 5.1.1 nobody\n"
	    "\nFinal-Recipient: rfc822;r2@x\nAction: failed\n"
	    "Status: 5.0.0\nDiagnostic-Code: x-onehop; later\n");
	wanted = xasprintf("\n%s, queued Sun, 9 Sep 2001 01:46:40 +0000\n"
	    "    r1@x\n        550 5.1.1 nobody\n"
	    "    r2@x\n        later\n", id);
	assert_string_equal(buffer_string(&b->bounce.text), wanted);
	free(wanted);
}

/* A reason that names recipients, and the text for r0@x, r1@x and r2@x. The
 * list may have been cut. */
static const struct {
	const char *reason, *texts[3];
} lists[] = {
	{ "recipient <r1@x> rejected: 550 5.1.1 no; recipient <r0@x> "
	    "rejected: 450 <later>; and so on",
	    { "450 <later>; and so on", "550 5.1.1 no",
	    "not sent, as recipients were refused" } },
	{ "undelivered after 5 days: recipient <r2@x> rejected: 450 later",
	    { "undelivered after 5 days: not sent, as recipients were refused",
	    "undelivered after 5 days: not sent, as recipients were refused",
	    "undelivered after 5 days: 450 later" } },
	{ "recipient <r1@x> rejected: 550 no; recipient <r2@x> rej",
	    { "not sent, as recipients were refused", "550 no",
	    "not sent, as recipients were refused" } },
	{ "recipient <xr1@x> rejected: 550 r1@x; recipient <r1@x> rejected: ",
	    { "not sent, as recipients were refused",
	    "not sent, as recipients were refused",
	    "not sent, as recipients were refused" } },
	{ "554 no recipient <r1@x>", { "554 no recipient <r1@x>",
	    "554 no recipient <r1@x>", "554 no recipient <r1@x>" } },
	{ "cut off: recipient <r", { "cut off: recipient <r",
	    "cut off: recipient <r", "cut off: recipient <r" } },
};

static void
a_list_of_refusals_is_divided(void **state)
{
	struct bench *b = *state;

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		char *journal = xasprintf("failed 5 %s\n", lists[i].reason);
		char id[OUTBOX_ID], *wanted;

		bounce_free(&b->bounce);
		give_up(b, "me@x", 3, "Subject: s\n\n", journal, id);
		bounce_add(&b->bounce, &b->outbox, id, &b->account);
		wanted = xasprintf("\n%s, queued Sun, 9 Sep 2001 01:46:40 "
		    "+0000\n    r0@x\n        %s\n    r1@x\n        %s\n"
		    "    r2@x\n        %s\n", id, lists[i].texts[0],
		    lists[i].texts[1], lists[i].texts[2]);
		assert_string_equal(buffer_string(&b->bounce.text), wanted);
		free(wanted);
		free(journal);
	}
}

static void
what_is_no_news_is_left_out(void **state)
{
	static const struct {
		const char *sender, *journal, *report;
		size_t n;
	} cases[] = {
		{ "me@x", "failed 5 no\n", "root@x.example", 1 },
		{ "", "failed 5 no\n", "root@x.example", 0 },
		{ "me@x", "failed 5 no\nreported 6\n", "root@x.example", 0 },
		{ "me@x", "deferred 5 6 no\n", "root@x.example", 0 },
		{ "me@x", "failed 5 no\n", "", 0 },
	};
	struct bench *b = *state;
	struct error err = {0};
	char id[OUTBOX_ID];
	size_t n = 1;

	give_up(b, "me@x", 1, "Subject: s\n\n", "failed 5 no\n", id);
	bounce_add(&b->bounce, &b->outbox, id, &b->account);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct account a;

		account_copy(&a, &b->account);
		free(a.outbox_report);
		a.outbox_report = xstrdup(cases[i].report);
		give_up(b, cases[i].sender, 1, "Subject: s\n\n",
		    cases[i].journal, id);
		bounce_add(&b->bounce, &b->outbox, id, &a);
		n += cases[i].n;
		assert_int_equal(b->bounce.ids.n, n);
		account_free(&a);
	}
	assert_ptr_equal(b->bounce.account, &b->account);
	/* a report that nobody wants begins none */
	bounce_free(&b->bounce);
	free(b->account.outbox_report);
	b->account.outbox_report = xstrdup("");
	give_up(b, "me@x", 1, "Subject: s\n\n", "failed 5 no\n", id);
	bounce_add(&b->bounce, &b->outbox, id, &b->account);
	assert_int_equal(b->bounce.ids.n, 0);
	assert_null(b->bounce.account);
	assert_int_equal(outbox_remove(&b->outbox, OUTBOX_FAILED, id, &err),
	    0);
}

/* Reads the content of the report with LF ends. Owned. */
static char *
content_of(struct bench *b, const char *id)
{
	struct message_file m;
	struct error err = {0};
	struct buffer text = {0};
	char path[128], block[65536], *header, *whole;
	FILE *file;
	size_t n;

	assert_int_equal(message_file_read(&m, outbox_open_message(&b->outbox,
	    OUTBOX_NEW, id, &err), &err), 0);
	assert_string_equal(m.envelope.sender, "");
	assert_int_equal(m.envelope.n, 1);
	assert_string_equal(m.envelope.to[0].path, "root@x.example");
	header = letter_header(&m.message);
	message_file_free(&m);
	snprintf(path, sizeof(path), "%s/new/%s", b->directory, id);
	file = fopen(path, "r");
	assert_non_null(file);
	while ((n = fread(block, 1, sizeof(block), file)) > 0)
		for (size_t i = 0; i < n; i++)
			if (block[i] != '\r')
				buffer_add_char(&text, block[i]);
	fclose(file);
	whole = strstr(buffer_string(&text), "\n\n--");
	assert_non_null(whole);
	whole = xasprintf("%s%s", header, whole);
	free(header);
	buffer_free(&text);
	return whole;
}

static void
assert_has(const char *text, const char *words)
{
	if (strstr(text, words) == NULL)
		fail_msg("%s lacks %s", text, words);
}

/* Queues the report. Returns its content, owned. */
static char *
report(struct bench *b)
{
	struct error err = {0};
	char id[OUTBOX_ID];

	assert_int_equal(bounce_queue(&b->bounce, &b->outbox, id, &err), 0);
	return content_of(b, id);
}

static void
a_report_has_three_parts(void **state)
{
	struct bench *b = *state;
	struct journal_state s;
	struct error err = {0};
	char id[OUTBOX_ID];
	char *text;

	give_up(b, "me@x", 1, "Subject: caf\xc3\xa9\n\nbody\n",
	    "failed 5 550 no\n", id);
	bounce_add(&b->bounce, &b->outbox, id, &b->account);
	text = report(b);
	assert_has(text, "From: \"Mail delivery\" <root@x.example>\n"
	    "To: <root@x.example>\n"
	    "Subject: 1 message could not be delivered\n"
	    "Auto-Submitted: auto-replied\nMIME-Version: 1.0\n"
	    "Content-Type: multipart/report; report-type=delivery-status;\n");
	assert_has(text, "\nContent-Type: text/plain; charset=utf-8\n"
	    "Content-Transfer-Encoding: 7bit\n\n"
	    "onehop has given up 1 message. The outbox keeps it:\n"
	    "see onehop --outbox list, show, retry and remove.\n\n");
	assert_has(text, "\nContent-Type: message/delivery-status\n"
	    "Content-Transfer-Encoding: 7bit\n\n"
	    "Reporting-MTA: dns; c.example\n\n");
	assert_has(text, "\nContent-Type: text/rfc822-headers\n"
	    "Content-Transfer-Encoding: 8bit\n\n"
	    "Subject: caf\xc3\xa9\n");
	assert_null(strstr(text, "more"));
	assert_null(strstr(text, "body"));
	free(text);
	assert_int_equal(outbox_read_journal(&b->outbox, id, &s, &err), 0);
	assert_int_equal(s.reported, 1);
	journal_state_free(&s);
}

static void
fifty_are_told_in_detail(void **state)
{
	struct bench *b = *state;
	char id[OUTBOX_ID], *text;
	size_t n = 0;

	free(b->account.domain);
	b->account.domain = xstrdup("");
	while (n < 50) {
		give_up(b, "me@x", 1, "Subject: s\n\n", "failed 5 no\n", id);
		bounce_add(&b->bounce, &b->outbox, id, &b->account);
		n++;
		if (n != 2 && n != 50)
			continue;
		text = report(b);
		assert_has(text, n == 2
		    ? "Subject: 2 messages could not be delivered\n"
		    : "Subject: 50 messages could not be delivered\n");
		assert_has(text, "messages. The outbox keeps them:\n");
		assert_has(text, "Reporting-MTA: dns; localhost\n");
		assert_has(text, id);
		assert_null(strstr(text, "more"));
		free(text);
	}
	give_up(b, "me@x", 1, "Subject: s\n\n", "failed 5 no\n", id);
	bounce_add(&b->bounce, &b->outbox, id, &b->account);
	text = report(b);
	assert_has(text, "Subject: 51 messages could not be delivered\n");
	assert_has(text, "\nand 1 more\n");
	assert_null(strstr(text, id));
	free(text);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_status_is_that_of_the_server),
		TEST(each_recipient_has_its_reason),
		TEST(a_list_of_refusals_is_divided),
		TEST(what_is_no_news_is_left_out),
		TEST(a_report_has_three_parts),
		TEST(fifty_are_told_in_detail),
	};

	setenv("TZ", "UTC", 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
