/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "../unit.h"

#include "../letter.h"
#include "message/downgrade.h"

/* 20 and 1000 octets without a blank. */
#define X20 "xxxxxxxxxxxxxxxxxxxx"
#define X100 X20 X20 X20 X20 X20
#define X1000 X100 X100 X100 X100 X100 X100 X100 X100 X100 X100
#define W10 "word word "
#define W100 W10 W10 W10 W10 W10 W10 W10 W10 W10 W10
#define W1000 W100 W100 W100 W100 W100 W100 W100 W100 W100 W100

/* A list of 1000 octets, with commas that are not of the list. */
#define A100 X20 X20 X20 X20 "@x.y"
#define LIST(comma) "a@b" comma "\"" X20 ",\\\"" X20 "\"(c,d)<" X20 "@x>" \
	comma A100 comma A100 comma A100 comma A100 comma A100 comma A100 \
	comma A100 comma A100 comma A100 comma A100 comma A100 comma A100

/* A multipart of one part, found by its boundary, or not. */
#define PART(text, parameters, boundary) \
	{ text, DOWNGRADE_7BIT, \
	  "Content-Type: multipart/mixed; " parameters "\n\n" \
	  "--" boundary "\nA: b\n\n\xe4\n--" boundary "--\n",
#define BOUNDARY(text, parameters, boundary) \
	PART(text, parameters, boundary) \
	  "Content-Type: multipart/mixed; " parameters "\n\n" \
	  "--" boundary "\nA: b\n" \
	  "Content-Type: text/plain; charset=unknown-8bit\n" \
	  "Content-Transfer-Encoding: quoted-printable\n\n" \
	  "=E4\n--" boundary "--\n", NULL }
#define NO_BOUNDARY(text, parameters) \
	PART(text, parameters, "q") \
	  "Content-Type: multipart/mixed; " parameters "\n" \
	  "MIME-Version: 1.0\n" \
	  "Content-Transfer-Encoding: quoted-printable\n\n" \
	  "--q\nA: b\n\n=E4\n--q--\n", NULL }

struct conversion {
	const char *name;
	enum downgrade_target target;
	const char *in;
	const char *out;   /* NULL: refused */
	const char *says;  /* part of the error then */
};

static const struct conversion cases[] = {
	{ "eight bits without MIME", DOWNGRADE_7BIT,
	  "Subject: s\n\ngr\xc3\xbc\xc3\x9f\n",
	  "Subject: s\nMIME-Version: 1.0\n"
	  "Content-Type: text/plain; charset=UTF-8\n"
	  "Content-Transfer-Encoding: quoted-printable\n\n"
	  "gr=C3=BC=C3=9F\n", NULL },
	{ "eight bits of no known charset", DOWNGRADE_7BIT,
	  "A: b\n\n\xe4\n",
	  "A: b\nMIME-Version: 1.0\n"
	  "Content-Type: text/plain; charset=unknown-8bit\n"
	  "Content-Transfer-Encoding: quoted-printable\n\n=E4\n", NULL },
	{ "a declared type stays", DOWNGRADE_7BIT,
	  "MIME-Version: 1.0\nContent-Type: text/html; charset=latin1\n"
	  "Content-Transfer-Encoding: 8bit\n\n\xe4\n",
	  "MIME-Version: 1.0\nContent-Type: text/html; charset=latin1\n"
	  "Content-Transfer-Encoding: quoted-printable\n\n=E4\n", NULL },
	{ "the encoding stays at its place", DOWNGRADE_7BIT,
	  "MIME-Version: 1.0\nContent-Transfer-Encoding: 8bit\n"
	  "Content-Type: text/plain\nX: y\n\n\xe4\n",
	  "MIME-Version: 1.0\nContent-Transfer-Encoding: quoted-printable\n"
	  "Content-Type: text/plain\nX: y\n\n=E4\n", NULL },
	{ "only the part that needs it", DOWNGRADE_7BIT,
	  "Content-Type: multipart/mixed; boundary=\"a b\"\n"
	  "Content-Transfer-Encoding: 8bit\n\npre\n--a b\n\n\xe4\n"
	  "--a b\nContent-Transfer-Encoding: base64\n\nAAAA\n--a b--\npost\n",
	  "Content-Type: multipart/mixed; boundary=\"a b\"\n\npre\n--a b\n"
	  "Content-Type: text/plain; charset=unknown-8bit\n"
	  "Content-Transfer-Encoding: quoted-printable\n\n=E4\n"
	  "--a b\nContent-Transfer-Encoding: base64\n\nAAAA\n--a b--\npost\n",
	  NULL },
	{ "a message within the message", DOWNGRADE_7BIT,
	  "Content-Type: message/rfc822\n\nSubject: in\n\n\xc3\xa4\n",
	  "Content-Type: message/rfc822\n\nSubject: in\n"
	  "Content-Type: text/plain; charset=UTF-8\n"
	  "Content-Transfer-Encoding: quoted-printable\n\n=C3=A4\n", NULL },
	{ "words of a subject", DOWNGRADE_7BIT,
	  "Subject: gr\xc3\xbc\xc3\x9f\n\nx\n",
	  "Subject: =?UTF-8?B?Z3LDvMOf?=\n\nx\n", NULL },
	{ "a display name", DOWNGRADE_7BIT, "From: gr\xc3\xbc <a@b>\n\nx\n",
	  "From: =?UTF-8?Q?gr=C3=BC?= <a@b>\n\nx\n", NULL },
	{ "an 8-bit local part", DOWNGRADE_7BIT, "From: gr\xc3\xbc@b\n\nx\n",
	  NULL, "field From has 8-bit octets" },
	{ "the name of a file", DOWNGRADE_7BIT,
	  "Content-Type: multipart/mixed; boundary=q\n\n--q\n"
	  "Content-Disposition: inline; filename=\"\xc3\xbc\"\n\nx\n--q--\n",
	  "Content-Type: multipart/mixed; boundary=q\n\n--q\n"
	  "Content-Disposition: inline; filename*=UTF-8''%C3%BC\n\nx\n--q--\n",
	  NULL },
	{ "a message that is encoded", DOWNGRADE_7BIT,
	  "Content-Type: multipart/mixed; boundary=q\n"
	  "Content-Transfer-Encoding: quoted-printable\n\n--q\n"
	  "Content-Type: message/global\n"
	  "Content-Transfer-Encoding: base64\n\nAAAA\n\nAA==\n"
	  "--q\n\n\xe4\n--q--\n",
	  "Content-Type: multipart/mixed; boundary=q\n"
	  "Content-Transfer-Encoding: quoted-printable\n\n--q\n"
	  "Content-Type: message/global\n"
	  "Content-Transfer-Encoding: base64\n\nAAAA\n\nAA==\n--q\n"
	  "Content-Type: text/plain; charset=unknown-8bit\n"
	  "Content-Transfer-Encoding: quoted-printable\n\n=E4\n--q--\n",
	  NULL },
	{ "a part that begins without a blank line", DOWNGRADE_7BIT,
	  "Content-Type: multipart/mixed; boundary=q\n\n--q\n"
	  "a=3Db\nA: b=\n\n\xe4\n--q--\n",
	  "Content-Type: multipart/mixed; boundary=q\n\n--q\n"
	  "Content-Type: text/plain; charset=unknown-8bit\n"
	  "Content-Transfer-Encoding: quoted-printable\n"
	  "a=3D3Db\nA: b=3D\n\n=E4\n--q--\n", NULL },
	{ "a part that begins without a blank line and stays", DOWNGRADE_7BIT,
	  "Content-Type: multipart/mixed; boundary=q\n\n--q\na=3Db\n\nx\n"
	  "--q\n\n\xe4\n--q--\n",
	  "Content-Type: multipart/mixed; boundary=q\n\n--q\na=3Db\n\nx\n"
	  "--q\nContent-Type: text/plain; charset=unknown-8bit\n"
	  "Content-Transfer-Encoding: quoted-printable\n\n=E4\n--q--\n",
	  NULL },
	{ "an attached message with a line of mbox", DOWNGRADE_7BIT,
	  "Content-Type: message/rfc822\n\nFrom a@b Mon Nov 30 2026\n"
	  "Content-Type: multipart/mixed; boundary=q\n\n--q\n"
	  ">From a@b Mon\nA: b\n\n\xe4\n--q--\n",
	  "Content-Type: message/rfc822\n\nFrom a@b Mon Nov 30 2026\n"
	  "Content-Type: multipart/mixed; boundary=q\n\n--q\n"
	  ">From a@b Mon\nA: b\n"
	  "Content-Type: text/plain; charset=unknown-8bit\n"
	  "Content-Transfer-Encoding: quoted-printable\n\n=E4\n--q--\n",
	  NULL },
	{ "a line of mbox with octets of 8 bits", DOWNGRADE_7BIT,
	  "Content-Type: message/rfc822\n\nFrom \xe4\nA: b\n\n\xe4\n", NULL,
	  "line 3 of the message" },
	{ "a field From with a blank before its colon", DOWNGRADE_7BIT,
	  "Content-Type: message/rfc822\n\nFrom : a@b\n\n\xe4\n",
	  "Content-Type: message/rfc822\n\nFrom : a@b\n"
	  "Content-Type: text/plain; charset=unknown-8bit\n"
	  "Content-Transfer-Encoding: quoted-printable\n\n=E4\n", NULL },
	{ "a broken line in the header of a part", DOWNGRADE_7BIT,
	  "Content-Type: multipart/mixed; boundary=q\n\n--q\n"
	  "\xc3\xbc\n\nx\n--q--\n", NULL, "line 4 of the message as sent" },
	{ "a long line that is no field of a part", DOWNGRADE_8BITMIME,
	  "Content-Type: multipart/mixed; boundary=q\n\n--q\n"
	  "A: b\n" X1000 "\n\nx\n--q--\n", NULL, "line 5 of the message" },
	{ "a field with a name of a thousand octets", DOWNGRADE_8BITMIME,
	  X1000 ": b\n\nx\n", NULL, "name or word is longer" },
	{ "a list without a blank", DOWNGRADE_8BITMIME,
	  "To: " LIST(",") "\n\nx\n",
	  "To: " LIST(",\n ") "\n\nx\n", NULL },
	{ "no list without a blank", DOWNGRADE_8BITMIME,
	  "Received: " LIST(",") "\n\nx\n", NULL, "field Received" },
	{ "signed by DKIM", DOWNGRADE_7BIT, "DKIM-Signature: x\n\n\xe4\n", NULL,
	  "signed" },
	{ "signed as a multipart", DOWNGRADE_7BIT,
	  "Content-Type: multipart/signed; boundary=q\n\n--q\n\n\xe4\n--q--\n",
	  NULL, "signed" },
	{ "encoded already and still long", DOWNGRADE_8BITMIME,
	  "Content-Transfer-Encoding: base64\n\n" X1000 "\n", NULL,
	  "encoded already" },
	{ "long between the parts", DOWNGRADE_8BITMIME,
	  "Content-Type: multipart/mixed; boundary=q\n\n" X1000 "\n--q--\n",
	  NULL, "line 3 of the message" },
	{ "a word that no fold can save", DOWNGRADE_8BITMIME,
	  "A: " X1000 "\n\nx\n", NULL, "field A" },
	{ "nested boundaries", DOWNGRADE_7BIT,
	  "Content-Type: multipart/mixed; boundary=a\n\n--a\n"
	  "Content-Type: multipart/alternative; boundary=ab\n\n--ab\n\n\xe4\n"
	  "--ab--\n--a\n\nplain\n--a--\n",
	  "Content-Type: multipart/mixed; boundary=a\n\n--a\n"
	  "Content-Type: multipart/alternative; boundary=ab\n\n--ab\n"
	  "Content-Type: text/plain; charset=unknown-8bit\n"
	  "Content-Transfer-Encoding: quoted-printable\n\n=E4\n"
	  "--ab--\n--a\n\nplain\n--a--\n", NULL },
	{ "the parts of a digest are messages", DOWNGRADE_7BIT,
	  "Content-Type: multipart/digest; boundary=q\n\n--q\n\n"
	  "Subject: in\n\n\xe4\n--q--\n",
	  "Content-Type: multipart/digest; boundary=q\n\n--q\n\n"
	  "Subject: in\n"
	  "Content-Type: text/plain; charset=unknown-8bit\n"
	  "Content-Transfer-Encoding: quoted-printable\n\n=E4\n--q--\n",
	  NULL },
	BOUNDARY("a boundary in pieces", "boundary*0=a; boundary*1=\"b c\"",
	    "ab c"),
	BOUNDARY("a boundary in pieces, the second first",
	    "boundary*1=\"b c\"; boundary*0=a", "ab c"),
	BOUNDARY("an extended boundary", "boundary*=us-ascii'en'a%3d%2zb%",
	    "a=%2zb%"),
	BOUNDARY("an extended boundary in pieces",
	    "boundary*0*=''a%3F; boundary*1=%3f; boundary*2*='%41'",
	    "a?%3f'A'"),
	BOUNDARY("a plain boundary before all", "boundary*0=a; boundary=b",
	    "b"),
	NO_BOUNDARY("a boundary that is too long",
	    "boundary*0=q; boundary*1=" X100 X100),
	NO_BOUNDARY("a boundary with an empty piece",
	    "boundary*0=q; boundary*1=\"\""),
	NO_BOUNDARY("a boundary that begins with its second piece",
	    "boundary*1=q"),
	NO_BOUNDARY("pieces without a number", "boundary*x=q"),
};

/* The whole text of a message, LF ends. Owned. */
static char *
text_of(struct message *m)
{
	char *text = strdup(buffer_string(&m->spool.memory));
	char *to = text;

	for (const char *from = text; *from != '\0'; from++)
		if (*from != '\r')
			*to++ = *from;
	*to = '\0';
	return text;
}

static void
check(const struct conversion *c)
{
	struct spool spool = {0};
	struct message m, out;
	struct error err = {0};
	char *text;

	letter_take(&m, c->in, strlen(c->in));
	if (!downgrade_is_needed(&m, c->target))
		fail_msg("%s: not needed", c->name);
	if (downgrade_convert(&out, &m, c->target, &spool, &err) != 0) {
		if (c->out != NULL || err.code != EX_DATAERR ||
		    strstr(err.text, c->says) == NULL)
			fail_msg("%s: %s", c->name, err.text);
	} else {
		text = text_of(&out);
		if (c->out == NULL || strcmp(text, c->out) != 0)
			fail_msg("%s:\n%s", c->name, text);
		free(text);
		message_free(&out);
	}
	message_free(&m);
}

static void
messages_become_what_the_transport_takes(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		check(&cases[i]);
}

/* The longest line of a text. */
static size_t
longest(const char *text)
{
	size_t most = 0;

	while (*text != '\0') {
		size_t n = strcspn(text, "\n");

		if (n > most)
			most = n;
		text += n + (text[n] == '\n');
	}
	return most;
}

static void
long_lines_become_short_whatever_their_length(void **state)
{
	static const size_t lengths[] = { 999, 1000, 4094, 4095, 4096, 4097,
	    8192, 100000 };

	(void)state;
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		struct spool spool = {0};
		struct message m, out;
		struct error err = {0};
		char *text = malloc(lengths[i] + 8), *made;

		memset(text, 'x', lengths[i] + 7);
		memcpy(text, "A: b\n\n", 6);
		text[lengths[i] + 6] = '\n';
		text[lengths[i] + 7] = '\0';
		letter_take(&m, text, lengths[i] + 7);
		assert_int_equal(downgrade_convert(&out, &m,
		    DOWNGRADE_8BITMIME, &spool, &err), 0);
		made = text_of(&out);
		assert_true(longest(made) <= 76);
		free(made);
		free(text);
		message_free(&m);
		message_free(&out);
	}
}

static void
long_header_lines_are_folded(void **state)
{
	static const char text[] = "A: " W1000 "\nTo: a@b\n\nx\n";
	struct spool spool = {0};
	struct message m, out;
	struct error err = {0};
	char *made;

	(void)state;
	letter_take(&m, text, sizeof(text) - 1);
	assert_int_equal(downgrade_convert(&out, &m, DOWNGRADE_8BITMIME,
	    &spool, &err), 0);
	made = text_of(&out);
	assert_true(longest(made) <= 78);
	assert_non_null(strstr(made, "\nTo: a@b\n\nx\n"));
	free(made);
	message_free(&m);
	message_free(&out);
}

static void
what_suits_needs_nothing(void **state)
{
	static const char text[] = "Subject: s\n\ngr\xc3\xbc\xc3\x9f\n";
	struct message m;

	(void)state;
	letter_take(&m, text, sizeof(text) - 1);
	assert_false(downgrade_is_needed(&m, DOWNGRADE_8BITMIME));
	message_free(&m);
}

/* Four octets for a part: what is kept of them stays small. */
static void
a_message_of_very_many_parts_is_refused(void **state)
{
	struct buffer text = {0};
	struct spool spool = {0};
	struct message m, out;
	struct error err = {0};

	(void)state;
	buffer_add_string(&text, "Content-Type: multipart/mixed; "
	    "boundary=q\n\n\xe4\n");
	for (size_t i = 0; i < 600000; i++)
		buffer_add_string(&text, "--q\n");
	letter_take(&m, text.data, text.len);
	assert_int_equal(downgrade_convert(&out, &m, DOWNGRADE_7BIT, &spool,
	    &err), -1);
	assert_int_equal(err.code, EX_DATAERR);
	assert_non_null(strstr(err.text, "more than 524288 parts"));
	message_free(&m);
	buffer_free(&text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(messages_become_what_the_transport_takes),
		cmocka_unit_test(long_lines_become_short_whatever_their_length),
		cmocka_unit_test(long_header_lines_are_folded),
		cmocka_unit_test(what_suits_needs_nothing),
		cmocka_unit_test(a_message_of_very_many_parts_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
