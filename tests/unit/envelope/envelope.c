/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From command line, account and message to envelope and header. */
#include "../unit.h"

#include <stdio.h>
#include <unistd.h>

#include "../host.h"
#include "../letter.h"
#include "base/buffer.h"
#include "base/error.h"
#include "base/xmalloc.h"
#include "config/account.h"
#include "config/local_host.h"
#include "envelope/envelope.h"
#include "message/message.h"

#define ARGS 4
#define SETTINGS 4

struct probe {
	const char *name;
	const char *settings[2 * SETTINGS]; /* key, value, ... */
	const char *sender;     /* -f, or NULL */
	const char *full_name;  /* -F, or NULL */
	const char *args[ARGS]; /* "-t" or recipients */
	const char *message;
	/* What must come of it, NULL for no matter: */
	const char *from;       /* the envelope's */
	const char *to;         /* paths with blanks between */
	const char *header;     /* must be part of the header */
	const char *not_header; /* must not */
	int code;
};

#define PLAIN "From: a@b.example\nTo: to@x.example\n\nhi\n"
#define CRON "From: root (Cron Daemon)\n\nhi\n"
#define DOMAIN "maildomain", "d.example"
#define R { "r@x.example" }

static const struct probe trials[] = {
	/* the sender */
	{ "-f is the sender", { 0 }, "s@x.example", NULL, R, PLAIN,
	    "s@x.example", "r@x.example", "From: a@b.example\n", NULL, 0 },
	{ "-f with a name is its address", { 0 }, "\"A B\" <q@x.example>",
	    NULL, R, PLAIN, "q@x.example", NULL, NULL, NULL, 0 },
	{ "an empty -f is the null sender", { "from", "z@x.example" }, "",
	    NULL, R, PLAIN, "", NULL, NULL, NULL, 0 },
	{ "-f cannot inject commands", { 0 },
	    "a@b>\r\nRCPT TO:<evil@x>\r\nDATA\r\nX", NULL, R, PLAIN, NULL,
	    NULL, NULL, NULL, EX_DATAERR },
	{ "-f with a line end is refused", { 0 }, "\"a\nb\"@x.example", NULL,
	    R, PLAIN, NULL, NULL, NULL, NULL, EX_DATAERR },
	{ "-f is not expanded", { 0 }, "u%Uv@x.example", NULL, R, PLAIN,
	    "u%Uv@x.example", NULL, NULL, NULL, 0 },
	{ "the dot at the end of a domain is left out", { 0 },
	    "s@x.example.", NULL, { "r@y.example." }, PLAIN, "s@x.example",
	    "r@y.example", NULL, NULL, 0 },
	{ "two dots at the end are none of a domain", { 0 }, NULL, NULL,
	    { "r@y.example.." }, PLAIN, NULL, NULL, NULL, NULL, EX_DATAERR },
	{ "a bare -f is qualified", { DOMAIN }, "root", NULL, R, PLAIN,
	    "root@d.example", NULL, NULL, NULL, 0 },
	{ "from is the sender", { "from", "z@x.example" }, NULL, NULL, R,
	    PLAIN, "z@x.example", NULL, "From: a@b.example\n", NULL, 0 },
	{ "a pattern is no sender", { "from", "*@b.example" }, NULL, NULL, R,
	    PLAIN, "a@b.example", NULL, NULL, NULL, 0 },
	{ "a pattern matches in any case", { "from", "*@B.Example" }, NULL,
	    NULL, R, PLAIN, "a@b.example", NULL, NULL, NULL, 0 },
	{ "a pattern that does not match is no sender either",
	    { "from", "*@c.example", DOMAIN }, NULL, NULL, R, PLAIN,
	    "a@b.example", NULL, NULL, NULL, 0 },
	{ "%F is the author", { "from", "%F" }, NULL, NULL, R, PLAIN,
	    "a@b.example", NULL, NULL, NULL, 0 },
	{ "the author is the sender", { 0 }, NULL, NULL, R, PLAIN,
	    "a@b.example", NULL, NULL, NULL, 0 },
	{ "a plus after the at sign is no detail",
	    { "from", "z@y.example" }, NULL, NULL, R,
	    "From: a@bbbbbbbbbbbbbbbb+c\n\nhi\n", "z@y.example", NULL, NULL,
	    NULL, 0 },
	{ "auto_from is before the author", { "auto_from", "on", DOMAIN },
	    NULL, NULL, R, PLAIN, "{user}@d.example", NULL, NULL, NULL, 0 },
	{ "auto_from is before from", { "auto_from", "on", DOMAIN, "from",
	    "z@x.example" }, NULL, NULL, R, PLAIN, "{user}@d.example", NULL,
	    NULL, NULL, 0 },
	{ "-f is before auto_from", { "auto_from", "on", DOMAIN },
	    "s@x.example", NULL, R, PLAIN, "s@x.example", NULL, NULL, NULL,
	    0 },
	{ "allow_from_override off ignores -f",
	    { "allow_from_override", "off", "from", "z@x.example" },
	    "s@x.example", NULL, R, PLAIN, "z@x.example", NULL, NULL, NULL,
	    0 },
	{ "maildomain expands patterns", { "maildomain", "%U.example" },
	    "root", NULL, R, PLAIN, "root@{user}.example", NULL, NULL, NULL,
	    0 },
	/* who it is for */
	{ "a path is no address", { DOMAIN }, NULL, NULL, { "/etc/passwd" },
	    PLAIN, NULL, NULL, NULL, NULL, EX_DATAERR },
	{ "a relative path neither", { DOMAIN }, NULL, NULL, { "./letter" },
	    PLAIN, NULL, NULL, NULL, NULL, EX_DATAERR },
	{ "a name with a dot and no file is one", { DOMAIN }, NULL, NULL,
	    { "john.doe" }, PLAIN, NULL, "john.doe@d.example", NULL, NULL,
	    0 },
	{ "a slash in a local part is one", { DOMAIN }, NULL, NULL,
	    { "/C=x/@x.example" }, PLAIN, NULL, "/C=x/@x.example", NULL,
	    NULL, 0 },
	{ "raw octets are encoded", { 0 }, NULL, NULL, R,
	    "From: a@b.example\nSubject: \xc3\xbc\n\nhi\n", NULL, NULL,
	    "Subject: =?UTF-8?Q?=C3=BC?=\n", NULL, 0 },
	{ "but not beside an address that needs them raw", { 0 }, NULL, NULL,
	    { "\xc3\xbc@x.example" },
	    "From: a@b.example\nSubject: \xc3\xbc\n\nhi\n", NULL, NULL,
	    "Subject: \xc3\xbc\n", NULL, 0 },
	/* the From field */
	{ "a missing From is written", { DOMAIN }, NULL, NULL, R, "\nhi\n",
	    "{user}@d.example", NULL, "From: {user}@d.example\n", NULL, 0 },
	{ "the null sender's From names who runs us", { DOMAIN }, "", NULL,
	    R, "\nhi\n", "", NULL, "From: {user}@d.example\n", NULL, 0 },
	{ "-F is the name", { "from_full_name", "No" }, "s@x.example",
	    "Yes", R, "\nhi\n", NULL, NULL, "From: Yes <s@x.example>\n",
	    NULL, 0 },
	{ "from_full_name is the name", { "from_full_name", "Ann" },
	    "s@x.example", NULL, R, "\nhi\n", NULL, NULL,
	    "From: Ann <s@x.example>\n", NULL, 0 },
	{ "-F is quoted", { 0 }, "s@x.example", "Doe, John (x) \"q\" <e@v>",
	    R, "\nhi\n", NULL, NULL,
	    "From: \"Doe, John (x) \\\"q\\\" <e@v>\" <s@x.example>\n", NULL,
	    0 },
	{ "-F in UTF-8 is so in any locale", { 0 }, "s@x.example",
	    "J\xc3\xb6rg", R, "\nhi\n", NULL, NULL, "From: =?UTF-8?",
	    "ansi_x3.4", 0 },
	{ "-F leaves a From as it is", { 0 }, NULL, "Yes", R, PLAIN, NULL,
	    NULL, "From: a@b.example\n", "Yes", 0 },
	{ "set_from_header on replaces it", { "set_from_header", "on" },
	    "s@x.example", "Yes", R, PLAIN, NULL, NULL,
	    "From: Yes <s@x.example>\n", "a@b.example", 0 },
	{ "set_from_header off writes none", { "set_from_header", "off" },
	    "s@x.example", NULL, R, "\nhi\n", NULL, NULL, NULL, "From:", 0 },
	/* the other fields */
	{ "a missing Date is written", { 0 }, NULL, NULL, R, PLAIN, NULL,
	    NULL, "Date: ", NULL, 0 },
	{ "set_date_header off writes none", { "set_date_header", "off" },
	    NULL, NULL, R, PLAIN, NULL, NULL, NULL, "Date: ", 0 },
	{ "a missing Message-ID is written", { 0 }, NULL, NULL, R, PLAIN,
	    NULL, NULL, "Message-ID: <", NULL, 0 },
	{ "set_msgid_header off writes none", { "set_msgid_header", "off" },
	    NULL, NULL, R, PLAIN, NULL, NULL, NULL, "Message-ID: ", 0 },
	{ "Bcc fields go, however written", { 0 }, NULL, NULL, { "-t" },
	    "From: a@b.example\nbCC : h@x.example\nResent-Bcc: i@x.example\n"
	    "\nhi\n", NULL, "i@x.example", NULL, "@x.example", 0 },
	{ "remove_bcc_headers off keeps them",
	    { "remove_bcc_headers", "off" }, NULL, NULL, { "-t" },
	    "From: a@b.example\nBcc: h@x.example\n\nhi\n", NULL,
	    "h@x.example", "Bcc: h@x.example\n", NULL, 0 },
	{ "bare names are completed", { DOMAIN }, NULL, NULL, R, CRON,
	    "root@d.example", NULL, "From: root@d.example (Cron Daemon)\n",
	    NULL, 0 },
	{ "set_to_header on names the recipients",
	    { "set_to_header", "on" }, NULL, NULL,
	    { "r@x.example", "s@x.example" }, PLAIN, NULL, NULL,
	    "To: r@x.example, s@x.example\n", "to@x.example", 0 },
	{ "set_to_header on names nobody of a Bcc field",
	    { "set_to_header", "on" }, NULL, NULL, { "-t" },
	    "From: a@b.example\nTo: r@x.example\nBcc: h@x.example\n\nhi\n",
	    NULL, "r@x.example h@x.example", "To: r@x.example\n",
	    "h@x.example", 0 },
	{ "nor one that is a recipient twice", { "set_to_header", "on" },
	    NULL, NULL, { "-t", "h@X.example" },
	    "From: a@b.example\nBcc: h@x.example\n\nhi\n", NULL,
	    "h@X.example", "To: undisclosed-recipients:;\n", "h@", 0 },
	{ "nor without -t", { "set_to_header", "on" }, NULL, NULL,
	    { "h@x.example" }, "From: a@b.example\nBcc: h@x.example\n\nhi\n",
	    NULL, NULL, "To: undisclosed-recipients:;\n", "h@x", 0 },
	{ "undisclosed_recipients names nobody",
	    { "set_to_header", "undisclosed_recipients" }, NULL, NULL,
	    { "-t" }, "From: a@b.example\nTo: r@x.example\nCc: s@x.example\n"
	    "\nhi\n", NULL, "r@x.example s@x.example",
	    "To: undisclosed-recipients:;\n", "x.example", 0 },
	{ "so does the obsolete key", { "undisclosed_recipients", "on" },
	    NULL, NULL, { "-t" }, PLAIN, NULL, "to@x.example",
	    "To: undisclosed-recipients:;\n", "to@x", 0 },
	/* recipients */
	{ "From names no recipient", { 0 }, NULL, NULL, { "-t" },
	    "From: a@b.example, c@d.example\nTo: r@x.example\n\nhi\n",
	    "a@b.example", "r@x.example", NULL, NULL, 0 },
	{ "two addresses in one word are refused, not halved", { 0 }, NULL,
	    NULL, { "a@b.example c@d.example" }, PLAIN, NULL, NULL, NULL,
	    NULL, EX_DATAERR },
	{ "a quoted local part stays", { 0 }, NULL, NULL,
	    { "\"quoted local\"@x.example" }, PLAIN, NULL,
	    "\"quoted local\"@x.example", NULL, NULL, 0 },
	{ "a backslash outside quotes is refused", { 0 }, NULL, NULL,
	    { "\\user@x.example" }, PLAIN, NULL, NULL, NULL, NULL,
	    EX_DATAERR },
	{ "nested comments are skipped", { 0 }, NULL, NULL,
	    { "a (c (n) x) @b.example" }, PLAIN, NULL, "a@b.example", NULL,
	    NULL, 0 },
	{ "a source route is dropped", { 0 }, NULL, NULL,
	    { "<@relay.example:u@x.example>" }, PLAIN, NULL, "u@x.example",
	    NULL, NULL, 0 },
	{ "a program is no recipient", { 0 }, NULL, NULL, { "|cmd x" },
	    PLAIN, NULL, NULL, NULL, NULL, EX_DATAERR },
	{ "nor is an include", { 0 }, NULL, NULL, { ":include:/x" }, PLAIN,
	    NULL, NULL, NULL, NULL, EX_DATAERR },
	{ "duplicates go, domains compared without case", { 0 }, NULL, NULL,
	    { "-t", "r@X.example", "R@x.example", "r@x.example" }, PLAIN,
	    NULL, "r@X.example R@x.example to@x.example", NULL, NULL, 0 },
	{ "all To, Cc and Bcc, groups too", { 0 }, NULL, NULL, { "-t" },
	    "From: a@b.example\nTo: g: r@x.example,\n s@x.example;\n"
	    "To: t@x.example\nCC: u@x.example\nBcc: v@x.example\n\nhi\n",
	    NULL, "r@x.example s@x.example t@x.example u@x.example "
	    "v@x.example", NULL, NULL, 0 },
	{ "Resent fields alone, if there are any", { 0 }, NULL, NULL,
	    { "-t" }, "Resent-From: q@x.example\nResent-To: r@x.example\n"
	    "Received: x\nResent-To: old@x.example\nFrom: a@b.example\n"
	    "To: to@x.example\n\nhi\n", "q@x.example", "r@x.example", NULL,
	    NULL, 0 },
	{ "nobody to send to is an error of use", { 0 }, NULL, NULL,
	    { "-t" }, "From: a@b.example\n\nhi\n", NULL, NULL, NULL, NULL,
	    EX_USAGE },
	{ "no domain for a bare name in international form",
	    { "maildomain", "b\xc3\xbc" "cher.example" }, NULL, NULL,
	    { "root" }, PLAIN, NULL, "root@xn--bcher-kva.example", NULL,
	    NULL, 0 },
};

static char *user;

/* The text with {user} replaced. Owned. */
static char *
fill(const char *text)
{
	struct buffer out = {0};
	const char *at;

	while ((at = strstr(text, "{user}")) != NULL) {
		buffer_add(&out, text, (size_t)(at - text));
		buffer_add_string(&out, user);
		text = at + strlen("{user}");
	}
	buffer_add_string(&out, text);
	return buffer_string(&out);
}

static void
expect(const struct probe *t, const char *what, const char *got,
    const char *wanted)
{
	char *filled = wanted != NULL ? fill(wanted) : NULL;

	if (filled != NULL && strcmp(got, filled) != 0)
		fail_msg("%s: %s \"%s\", not \"%s\"", t->name, what, got,
		    filled);
	free(filled);
}

static void
expect_header(const struct probe *t, const struct message *m)
{
	char *header = letter_header(m);
	char *wanted = t->header != NULL ? fill(t->header) : NULL;

	if (wanted != NULL && strstr(header, wanted) == NULL)
		fail_msg("%s: \"%s\" lacks \"%s\"", t->name, header, wanted);
	if (t->not_header != NULL && strstr(header, t->not_header) != NULL)
		fail_msg("%s: \"%s\" has \"%s\"", t->name, header,
		    t->not_header);
	free(header);
	free(wanted);
}

static void
expect_envelope(const struct probe *t, const struct envelope *e)
{
	struct buffer to = {0};

	for (size_t i = 0; i < e->n; i++)
		buffer_addf(&to, "%s%s", i > 0 ? " " : "", e->to[i].path);
	expect(t, "sender", e->sender, t->from);
	expect(t, "recipients", buffer_string(&to), t->to);
	buffer_free(&to);
}

static void
set_up(const struct probe *t, struct request *request, struct account *a)
{
	struct error err = {0};
	size_t n = 0;

	account_init(a, "");
	for (size_t i = 0; i < 2 * SETTINGS && t->settings[i] != NULL; i += 2)
		assert_int_equal(account_set(a, t->settings[i],
		    t->settings[i + 1], &err), 0);
	while (n < ARGS && t->args[n] != NULL)
		n++;
	request->sender = t->sender;
	request->full_name = t->full_name;
	request->read_recipients = n > 0 && strcmp(t->args[0], "-t") == 0;
	request->recipients = (char *const *)(uintptr_t)t->args +
	    request->read_recipients;
	request->nrecipients = n - (size_t)request->read_recipients;
}

static void
envelope_and_header_follow_the_account(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(trials) / sizeof(trials[0]); i++) {
		const struct probe *t = &trials[i];
		struct request request = {0};
		struct envelope e = {0};
		struct error err = {0};
		struct message m;
		struct account a;

		set_up(t, &request, &a);
		letter_take(&m, t->message, strlen(t->message));
		envelope_make(&e, &request, &a, &m, &err);
		if (err.code != t->code)
			fail_msg("%s: %d \"%s\"", t->name, err.code,
			    err.text);
		if (err.code == 0) {
			expect_envelope(t, &e);
			expect_header(t, &m);
		}
		envelope_free(&e);
		message_free(&m);
		account_free(&a);
	}
}

static void
a_bare_sender_is_sent_without_a_mail_domain(void **state)
{
	static const struct {
		const char *host, *key, *value, *sender, *path;
	} cases[] = {
		{ "vm", NULL, NULL, "root", "root@vm" },
		{ "vm", "user", "me@x.example", "root", "me@x.example" },
		{ "vm", "user", "me", "root", "root@vm" },
		{ "vm", "from", "list", NULL, "list@vm" },
		{ "vm", "from", "x.example", NULL, "x.example@vm" },
		{ "vm", "auto_from", "on", NULL, "{user}@vm" },
		{ "vm.example.org", "user", "me@x.example", "root",
		  "root@vm.example.org" },
		{ "localhost", NULL, NULL, "root", NULL },
		{ "a b", NULL, NULL, "root", NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct probe t = { .name = cases[i].path, .args = R,
			.settings = { cases[i].key, cases[i].value },
			.sender = cases[i].sender, .message = PLAIN,
			.from = cases[i].path };
		struct request request = {0};
		struct envelope e = {0};
		struct error err = {0};
		struct message m;
		struct account a;

		host_name = cases[i].host;
		set_up(&t, &request, &a);
		letter_take(&m, t.message, strlen(t.message));
		envelope_make(&e, &request, &a, &m, &err);
		assert_int_equal(err.code, t.from == NULL ? EX_DATAERR : 0);
		if (err.code == 0)
			expect_envelope(&t, &e);
		envelope_free(&e);
		message_free(&m);
		account_free(&a);
		host_name = NULL;
	}
}

static void
a_bare_recipient_without_a_mail_domain_is_advised(void **state)
{
	char path[] = "/tmp/aliases.XXXXXX";
	int fd = mkstemp(path);
	const struct {
		const char *settings[2 * SETTINGS];
		const char *origin, *hint, *more; /* the path is between */
	} cases[] = {
		{ { "user", "me@x.example" }, "/h/.msmtprc:3",
		  "add \"maildomain example.org\" to ~/.msmtprc, or \"aliases "
		  "/etc/aliases\" and there \"root: me@x.example\"", NULL },
		{ { "user", "me", "from", "*@x.example", "from",
		    "you@x.example" }, "/etc/msmtprc:3",
		  "add \"maildomain example.org\" to /etc/msmtprc, or "
		  "\"aliases /etc/aliases\" and there "
		  "\"root: you@x.example\"", NULL },
		{ { "from", "%U@x.example" }, "",
		  "add \"maildomain example.org\" to the config file, or "
		  "\"aliases /etc/aliases\" and there "
		  "\"root: you@example.org\"", NULL },
		{ { "user", "me@x.example", "aliases", path },
		  "/h/.msmtprc:3", "add \"root: me@x.example\" to ",
		  ", or \"maildomain example.org\" to ~/.msmtprc" },
	};

	(void)state;
	assert_true(fd >= 0);
	host_name = "vm";
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct probe t = { .args = { "root" }, .message = PLAIN };
		struct buffer wanted = {0};
		struct request request = {0};
		struct envelope e = {0};
		struct error err = {0};
		struct message m;
		struct account a;

		memcpy(t.settings, cases[i].settings, sizeof(t.settings));
		set_up(&t, &request, &a);
		free(a.home);
		free(a.origin);
		a.home = xstrdup("/h");
		a.origin = xstrdup(cases[i].origin);
		letter_take(&m, t.message, strlen(t.message));
		assert_int_equal(envelope_make(&e, &request, &a, &m, &err),
		    -1);
		assert_int_equal(err.code, EX_DATAERR);
		assert_string_equal(err.text,
		    "recipient root has no domain");
		buffer_addf(&wanted, "%s%s%s", cases[i].hint, cases[i].more
		    != NULL ? path : "", cases[i].more != NULL
		    ? cases[i].more : "");
		assert_string_equal(err.hint, buffer_string(&wanted));
		buffer_free(&wanted);
		envelope_free(&e);
		message_free(&m);
		account_free(&a);
	}
	host_name = NULL;
	close(fd);
	unlink(path);
}

static void
the_message_id_is_known_also_when_it_is_ours(void **state)
{
	static const struct probe ours = { .args = R, .message = PLAIN };
	struct request request = {0};
	struct envelope e = {0};
	struct error err = {0};
	struct message m;
	struct account a;
	char *header;

	(void)state;
	set_up(&ours, &request, &a);
	letter_take(&m, ours.message, strlen(ours.message));
	assert_int_equal(envelope_make(&e, &request, &a, &m, &err), 0);
	header = letter_header(&m);
	assert_int_equal(e.message_id[0], '<');
	assert_non_null(strstr(header, e.message_id));
	free(header);
	envelope_free(&e);
	message_free(&m);
	account_free(&a);
}

static int
set_user(void **state)
{
	(void)state;
	user = local_host_user();
	return 0;
}

static int
free_user(void **state)
{
	(void)state;
	free(user);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(envelope_and_header_follow_the_account),
		cmocka_unit_test(a_bare_sender_is_sent_without_a_mail_domain),
		cmocka_unit_test(
		    a_bare_recipient_without_a_mail_domain_is_advised),
		cmocka_unit_test(
		    the_message_id_is_known_also_when_it_is_ours),
	};

	return cmocka_run_group_tests(tests, set_user, free_user);
}
