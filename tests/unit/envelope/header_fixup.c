/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What becomes of a header, to the octet. */
#include "config.h"

#include "../unit.h"

#include <stdio.h>
#include <time.h>

#include "../host.h"
#include "../letter.h"
#include "envelope/header_fixup.h"

#define SETTINGS 3
#define DOMAIN "maildomain", "d.example"
#define SENDER "s@x.example"

static const struct probe {
	const char *name;
	const char *settings[2 * SETTINGS]; /* key, value, ... */
	const char *full_name;  /* -F, or NULL */
	const char *sender;
	const char *to;         /* body of the new To, or NULL */
	const char *header;     /* as read */
	const char *sent;       /* as it goes; NULL: refused */
} trials[] = {
	{ "what is whole stays as it is", { 0 }, NULL, SENDER, NULL,
	    "From: a@b.example\nTo:  c@d.example,\n\te@f.example\nX: y\n",
	    "From: a@b.example\nTo:  c@d.example,\n\te@f.example\nX: y\n" },
	/* what must not go */
	{ "Bcc goes, whatever its case", { 0 }, NULL, SENDER, NULL,
	    "From: a@b.example\nBCC: c@d.example,\n e@f.example\nTo: g@h.i\n",
	    "From: a@b.example\nTo: g@h.i\n" },
	{ "so does Resent-Bcc, and each of several", { 0 }, NULL, SENDER,
	    NULL, "Resent-Bcc: x@y.z\nFrom: a@b.example\nBcc: c@d.e\n"
	    "Bcc: f@g.h\n", "From: a@b.example\n" },
	{ "remove_bcc_headers off keeps it", { "remove_bcc_headers", "off" },
	    NULL, SENDER, NULL, "From: a@b.example\nBcc: c@d.example\n",
	    "From: a@b.example\nBcc: c@d.example\n" },
	{ "Return-Path and Content-Length go", { 0 }, NULL, SENDER, NULL,
	    "Return-Path: <x@y.z>\nContent-Length: 7\nFrom: a@b.example\n",
	    "From: a@b.example\n" },
	/* To in place of all */
	{ "a new To takes the place of To, Cc and Bcc",
	    { "remove_bcc_headers", "off" }, NULL, SENDER,
	    "r@x.example, q@x.example",
	    "From: a@b.example\nTo: c@d.e\nCc: f@g.h\nBcc: i@j.k\nX: y\n",
	    "To: r@x.example, q@x.example\nFrom: a@b.example\nX: y\n" },
	/* From */
	{ "a missing From is the sender", { 0 }, NULL, SENDER, NULL,
	    "X: y\n", "From: s@x.example\nX: y\n" },
	{ "with the name of -F", { "from_full_name", "Key" }, "A B", SENDER,
	    NULL, "X: y\n", "From: A B <s@x.example>\nX: y\n" },
	{ "else with that of the key", { "from_full_name", "K. Ey" }, NULL,
	    SENDER, NULL, "X: y\n", "From: \"K. Ey\" <s@x.example>\nX: y\n" },
	{ "-F does not touch a From", { 0 }, "A B", SENDER, NULL,
	    "From: a@b.example\n", "From: a@b.example\n" },
	{ "set_from_header on replaces it", { "set_from_header", "on" }, NULL,
	    SENDER, NULL, "X: y\nFrom: a@b.example\nZ: y\n",
	    "X: y\nFrom: s@x.example\nZ: y\n" },
	{ "and keeps the name", { "set_from_header", "on" }, "F N",
	    SENDER, NULL, "From: \"A, B\" <a@b.example>\n",
	    "From: \"A, B\" <s@x.example>\n" },
	{ "and a comment", { "set_from_header", "on" }, NULL,
	    SENDER, NULL, "From: a@b.example (=?UTF-8?Q?=C3=BC?=)\n",
	    "From: s@x.example (=?UTF-8?Q?=C3=BC?=)\n" },
	{ "or gives it the name of -F", { "set_from_header", "on" }, "F N",
	    SENDER, NULL, "From: a@b.example\n", "From: F N <s@x.example>\n" },
	{ "and is one, without Sender", { "set_from_header", "on" }, NULL,
	    SENDER, NULL, "Sender: q@b.example\nFrom: A <a@b.example>,\n"
	    " c@d.example\nFrom: x@y.z\n", "From: s@x.example\n" },
	{ "a name without an address gets one", { "set_from_header", "on" },
	    NULL, SENDER, NULL, "From: My App\n",
	    "From: My App <s@x.example>\n" },
	{ "a group is replaced", { "set_from_header", "on" }, NULL, SENDER,
	    NULL, "From: A: a@b.example;\n", "From: s@x.example\n" },
	{ "what cannot be read is replaced", { "set_from_header", "on" }, NULL,
	    SENDER, NULL, "From: <<\n", "From: s@x.example\n" },
	{ "set_from_header off leaves it out", { "set_from_header", "off" },
	    NULL, SENDER, NULL, "X: y\n", "X: y\n" },
	{ "a null sender: the account's from writes", { "from", "a@b.example" },
	    NULL, "", NULL, "X: y\n", "From: a@b.example\nX: y\n" },
	{ "and in the place of a bare name", { "from", "a@b.example" },
	    NULL, "", NULL, "From: root (Cron)\n",
	    "From: a@b.example (Cron)\n" },
	{ "a null sender: or its user", { "user", "a@b.example" },
	    NULL, "", NULL, "X: y\n", "From: a@b.example\nX: y\n" },
	{ "a null sender is no author", { DOMAIN, "set_from_header", "off" },
	    NULL, "", NULL, "From: root\n", "From: root@d.example\n" },
	/* bare names */
	{ "bare names are completed in every address field", { DOMAIN }, NULL,
	    SENDER, NULL, "From: a\nSender: b\nReply-To: c\nTo: d, e@f.g\n"
	    "Cc: \"h i\" <j>\nResent-From: k\nResent-Sender: l\n"
	    "Resent-To: m\nResent-Cc: n\n",
	    "From: a@d.example\nSender: b@d.example\nReply-To: c@d.example\n"
	    "To: d@d.example, e@f.g\nCc: \"h i\" <j@d.example>\n"
	    "Resent-From: k@d.example\nResent-Sender: l@d.example\n"
	    "Resent-To: m@d.example\nResent-Cc: n@d.example\n" },
	{ "and in no other", { DOMAIN }, NULL, SENDER, NULL,
	    "From: a@b.example\nX-To: c\nErrors-To: d\nSubject: e\n",
	    "From: a@b.example\nX-To: c\nErrors-To: d\nSubject: e\n" },
	{ "comments and groups stay around them", { DOMAIN }, NULL, SENDER,
	    NULL, "From: root (Cron Daemon)\nTo: friends: ann, bob@b.c;\n",
	    "From: root@d.example (Cron Daemon)\n"
	    "To: friends: ann@d.example, bob@b.c;\n" },
	{ "what names nobody stays", { DOMAIN }, NULL, SENDER, NULL,
	    "From: a@b.example\nTo: undisclosed-recipients:;\n",
	    "From: a@b.example\nTo: undisclosed-recipients:;\n" },
	{ "what cannot be read stays", { DOMAIN }, NULL, SENDER, NULL,
	    "From: a@b.example\nTo: <c, d\n",
	    "From: a@b.example\nTo: <c, d\n" },
	{ "without a domain an author is the sender", { 0 }, NULL, SENDER,
	    NULL, "From: root (Cron)\nSender: root\nTo: root\n",
	    "From: s@x.example (Cron)\nSender: s@x.example\nTo: root\n" },
	{ "a name of the machine serves as domain", { "maildomain", "%H.f" },
	    NULL, SENDER, NULL, "From: root\n", "From: root@mail.f\n" },
};

static void
prepare(struct account *a, const char *const settings[2 * SETTINGS])
{
	struct error err = {0};

	account_init(a, "");
	for (size_t i = 0; i < 2 * SETTINGS && settings[i] != NULL; i += 2)
		assert_int_equal(account_set(a, settings[i], settings[i + 1],
		    &err), 0);
}

/* The header as it goes. Owned. */
static char *
complete(const struct probe *t, const struct account *a)
{
	struct request request = { .full_name = t->full_name };
	struct error err = {0};
	struct message m;
	char *sent;

	letter_take(&m, t->header, strlen(t->header));
	if (header_fixup_apply(&m, &request, a, t->sender, t->to, &err) != 0)
		fail_msg("%s: %s", t->name, err.text);
	sent = letter_header(&m);
	message_free(&m);
	return sent;
}

static void
headers_become_fit_to_be_sent(void **state)
{
	struct error err = {0};

	(void)state;
	host_name = "mail";
	for (size_t i = 0; i < sizeof(trials) / sizeof(trials[0]); i++) {
		const struct probe *t = &trials[i];
		struct account a;
		char *sent;

		prepare(&a, t->settings);
		assert_int_equal(account_set(&a, "set_date_header", "off",
		    &err), 0);
		assert_int_equal(account_set(&a, "set_msgid_header", "off",
		    &err), 0);
		sent = complete(t, &a);
		if (strcmp(sent, t->sent) != 0)
			fail_msg("%s: \"%s\"", t->name, sent);
		free(sent);
		account_free(&a);
	}
}

/* Reads a field that the header must begin with; what follows it. */
static const char *
skip_field(const char *header, const char *name, const char *end)
{
	const char *lf = strchr(header, '\n');

	if (strncmp(header, name, strlen(name)) != 0 || lf == NULL ||
	    (size_t)(lf - header) < strlen(end) ||
	    strncmp(lf - strlen(end), end, strlen(end)) != 0)
		fail_msg("\"%s\" does not begin with %s...%s", header, name,
		    end);
	return lf + 1;
}

static void
date_and_message_id_are_added(void **state)
{
	static const struct {
		const char *settings[2 * SETTINGS];
		const char *host;
		const char *sender;
		const char *end;  /* of the Message-ID */
	} cases[] = {
		{ { 0 }, "mail", SENDER, "@x.example>" },
		{ { DOMAIN }, "mail", SENDER, "@x.example>" },
		{ { DOMAIN }, "mail", "", "@d.example>" },
		{ { "from", "a@e.example", DOMAIN }, "mail", "",
		    "@e.example>" },
		{ { 0 }, "mail", "", "@mail>" },
		{ { 0 }, "localhost", "", "@unknown.invalid>" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct probe t = { .name = cases[i].end,
			.sender = cases[i].sender,
			.header = "From: a@b.example\n" };
		struct account a;
		char *sent;
		const char *rest;

		host_name = cases[i].host;
		prepare(&a, cases[i].settings);
		sent = complete(&t, &a);
		rest = skip_field(sent, "Date: ", "");
		rest = skip_field(rest, "Message-ID: <", cases[i].end);
		assert_string_equal(rest, t.header);
		free(sent);
		account_free(&a);
	}
}

static void
date_and_message_id_that_are_there_stay(void **state)
{
	static const struct probe t = { .sender = SENDER,
		.header = "message-id: <1@b.example>\nDATE: yesterday\n"
		    "From: a@b.example\n" };
	static const char *const none[2 * SETTINGS];
	struct account a;
	char *sent;

	(void)state;
	prepare(&a, none);
	sent = complete(&t, &a);
	assert_string_equal(sent, t.header);
	free(sent);
	account_free(&a);
}

/* The Date says when it is now, in this zone. */
static void
the_date_is_now(void **state)
{
	static const struct probe t = { .sender = SENDER,
		.header = "From: a@b.example\nMessage-ID: <1@b.example>\n" };
	static const char *const none[2 * SETTINGS];
	time_t before = time(NULL), after;
	struct account a;
	struct tm tm = {0};
	char *sent;
	long zone;

	(void)state;
	setenv("TZ", "XYZ-05:30", 1);
	tzset();
	prepare(&a, none);
	sent = complete(&t, &a);
	after = time(NULL);
	assert_non_null(strptime(sent, "Date: %a, %d %b %Y %H:%M:%S +0530\n",
	    &tm));
	zone = 5 * 3600 + 30 * 60;
	assert_in_range(timegm(&tm) - zone, before, after);
	free(sent);
	account_free(&a);
}

static void
what_cannot_be_folded_is_refused(void **state)
{
	static const char *const none[2 * SETTINGS];
	struct request request = {0};
	struct error err = {0};
	struct message m;
	struct account a;
	char *to = malloc(1201);

	(void)state;
	memset(to, 'x', 1200);
	to[1200] = '\0';
	prepare(&a, none);
	letter_take(&m, "From: a@b.example\n", 18);
	assert_int_equal(header_fixup_apply(&m, &request, &a, SENDER, to, &err),
	    -1);
	assert_int_equal(err.code, EX_DATAERR);
	message_free(&m);
	account_free(&a);
	free(to);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(headers_become_fit_to_be_sent),
		cmocka_unit_test(date_and_message_id_are_added),
		cmocka_unit_test(date_and_message_id_that_are_there_stay),
		cmocka_unit_test(the_date_is_now),
		cmocka_unit_test(what_cannot_be_folded_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
