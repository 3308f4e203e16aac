/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "../unit.h"

#include "format/field.h"
#include "format/field_encode.h"

#define UE "\xc3\xbc"
#define TEN UE UE UE UE UE UE UE UE UE UE

/* A field, and its body in ASCII; NULL: it has none. */
static const struct {
	const char *name;
	const char *body;
	const char *charset;
	const char *ascii;
} cases[] = {
	{ "Subject", "plain", NULL, "plain" },
	{ "Content-Transfer-Encoding", "", NULL, "" },
	{ "Subject", "[list] Re: gr" UE "n", NULL,
	  "[list] Re: =?UTF-8?Q?gr=C3=BCn?=" },
	{ "subject", "a " UE "b c d" UE " e", NULL,
	  "a =?UTF-8?Q?=C3=BCb_c_d=C3=BC?= e" },
	{ "X-Whatever", UE, NULL, "=?UTF-8?Q?=C3=BC?=" },
	{ "Subject", "=?UTF-8?Q?a?= " UE "b  =?UTF-8?Q?c?=", NULL,
	  "=?UTF-8?Q?a?= =?UTF-8?Q?_=C3=BCb__?= =?UTF-8?Q?c?=" },
	{ "Subject", "caf\xe9 au lait", "ISO-8859-1",
	  "=?ISO-8859-1?Q?caf=E9?= au lait" },
	{ "Subject", "caf\xe9 au lait", NULL,
	  "=?unknown-8bit?Q?caf=E9?= au lait" },
	{ "Subject", "caf\xe9", "utf-8", "=?unknown-8bit?Q?caf=E9?=" },
	{ "Subject", "gr" UE "n", "ISO-8859-1", "=?UTF-8?Q?gr=C3=BCn?=" },
	{ "From", "J" UE "rg <j@example.org>", NULL,
	  "=?UTF-8?Q?J=C3=BCrg?= <j@example.org>" },
	{ "From", "\"M" UE "ller, J.\" <j@example.org>", NULL,
	  "=?UTF-8?Q?M=C3=BCller=2C_J=2E?= <j@example.org>" },
	{ "To", "=?UTF-8?Q?a?= " UE " =?UTF-8?Q?b?= \"c: d\" <j@example.org>",
	  NULL, "=?UTF-8?Q?a?= =?UTF-8?Q?_=C3=BC_?= =?UTF-8?Q?b?= "
	  "=?UTF-8?Q?_c=3A_d?= <j@example.org>" },
	{ "To", "j@example.org (=?UTF-8?Q?a?= " UE " =?UTF-8?Q?b?= \\( x)",
	  NULL, "j@example.org (=?UTF-8?Q?a?= =?UTF-8?Q?_=C3=BC_?= "
	  "=?UTF-8?Q?b?= =?UTF-8?Q?_=28_x?=)" },
	{ "To", "a@b.c," UE "<d@e.f>,g@h.i", NULL,
	  "a@b.c, =?UTF-8?Q?=C3=BC?= <d@e.f>, g@h.i" },
	{ "To", "\"A, B\" <a@b.c>,\tM" UE "ll <m@b.c> (p" UE "l)", NULL,
	  "\"A, B\" <a@b.c>,\t=?UTF-8?Q?M=C3=BCll?= <m@b.c> "
	  "(=?UTF-8?Q?p=C3=BCl?=)" },
	{ "To", "j@example.org (J" UE "rg (B" UE "ro) x)", NULL,
	  "j@example.org (=?UTF-8?Q?J=C3=BCrg?= "
	  "(=?UTF-8?Q?B=C3=BCro?=) x)" },
	{ "To", "j@b" UE "cher.example, k@[127.0.0.1]", NULL,
	  "j@xn--bcher-kva.example, k@[127.0.0.1]" },
	{ "To", "<j@b" UE "cher.example>", NULL, "<j@xn--bcher-kva.example>" },
	{ "To", "j" UE "@example.org", NULL, NULL },
	{ "To", "x <j" UE "@example.org>", NULL, NULL },
	{ "To", "J" UE "rg", NULL, NULL },
	{ "Cc", "Fr" UE "nde: a@b.c, \"" UE "\"<d@e.f>;", NULL,
	  "=?UTF-8?Q?Fr=C3=BCnde?=: a@b.c, =?UTF-8?Q?=C3=BC?= <d@e.f>;" },
	{ "Keywords", "gr" UE "n, blue", NULL, "=?UTF-8?Q?gr=C3=BCn?=, blue" },
	{ "Received", "from a (" UE ") by b", NULL,
	  "from a (=?UTF-8?Q?=C3=BC?=) by b" },
	{ "Keywords", "gr" UE "n (\xc3\xa4), blue", NULL,
	  "=?UTF-8?Q?gr=C3=BCn?= (=?UTF-8?Q?=C3=A4?=), blue" },
	{ "Keywords", "gr" UE "n (\xc3\xa4) \"b(\" " UE " (b), c", NULL,
	  "=?UTF-8?Q?gr=C3=BCn?= (=?UTF-8?Q?=C3=A4?=) "
	  "=?UTF-8?Q?b=28_=C3=BC?= (b), c" },
	{ "To", "(" UE ") J (a) \"R" UE ", x\" (b" UE ")<j@example.org>", NULL,
	  "(=?UTF-8?Q?=C3=BC?=) J (a) =?UTF-8?Q?R=C3=BC=2C_x?= "
	  "(=?UTF-8?B?YsO8?=) <j@example.org>" },
	{ "To", "j@b\xfc" "cher.example", NULL, NULL },
	{ "To", "x <j@b\xfc" "cher.example>", NULL, NULL },
	{ "Message-ID", "<" UE "@example.org>", NULL, NULL },
	{ "Content-Type", "text/plain; name=\"b" UE "r.txt\"; format=flowed",
	  NULL, "text/plain; name*=UTF-8''b%C3%BCr.txt; format=flowed" },
	{ "Content-Disposition", "attachment; filename=b" UE " r.txt", NULL,
	  "attachment; filename*=UTF-8''b%C3%BC%20r.txt" },
	{ "Content-Disposition", "attachment; filename=\"" TEN TEN ".txt\"",
	  NULL, "attachment; "
	  "filename*0*=UTF-8''%C3%BC%C3%BC%C3%BC%C3%BC%C3%BC%C3%BC%C3%BC%C3; "
	  "filename*1*=%BC%C3%BC%C3%BC%C3%BC%C3%BC%C3%BC%C3%BC%C3%BC%C3%BC; "
	  "filename*2*=%C3%BC%C3%BC%C3%BC%C3%BC.txt" },
	{ "Content-Disposition", "attachment; filename \t=  b" UE "r \t; a=b",
	  NULL, "attachment; filename*=UTF-8''b%C3%BCr; a=b" },
	{ "Content-Disposition", "attachment; filename = \"b" UE " \" ", NULL,
	  "attachment; filename*=UTF-8''b%C3%BC%20" },
	{ "Content-Disposition", "attachment; filename= \"b\\\"" UE, NULL,
	  "attachment; filename*=UTF-8''b%22%C3%BC" },
	{ "Content-Disposition", "attachment; filename=\"b" UE "\" x", NULL,
	  NULL },
	{ "Content-Disposition", "attachment; filename=\"b\" " UE, NULL,
	  NULL },
	{ "Content-Disposition", "attachment; =b" UE, NULL, NULL },
	{ "Content-Type", "multipart/mixed; boundary=\"" UE "\"", NULL, NULL },
	{ "Content-Type", "te" UE "t/plain", NULL, NULL },
	{ "From", "", NULL, "" },
	{ "From", "(" UE, NULL, "(=?UTF-8?Q?=C3=BC?=" },
	{ "From", "\"" UE, NULL, NULL },
};

static void
fields_become_ascii_by_their_grammar(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buffer out = {0};
		int result;

		buffer_add_string(&out, "x");
		result = field_encode(&out, cases[i].name, cases[i].body,
		    cases[i].charset);
		if (result != (cases[i].ascii != NULL ? 0 : -1) ||
		    strcmp(buffer_string(&out) + 1, cases[i].ascii != NULL
		    ? cases[i].ascii : "") != 0)
			fail_msg("%s: %s: %d %s", cases[i].name,
			    cases[i].body, result, out.data);
		buffer_free(&out);
	}
}

/* RFC 2047 2: words of at most 75 octets in lines of at most 76, the first
 * beside the field's name. */
static void
lines_stay_short(void **state)
{
	(void)state;
	for (size_t before = 0; before < 80; before++) {
		struct buffer body = {0}, ascii = {0}, out = {0};
		char *line, *rest;

		for (size_t i = 0; i < before; i++)
			buffer_add_char(&body, i % 9 == 8 ? ' ' : 'x');
		buffer_add_string(&body, " " TEN TEN TEN TEN TEN TEN " end");
		assert_int_equal(field_encode(&ascii, "Subject",
		    buffer_string(&body), NULL), 0);
		assert_int_equal(field_add_folded(&out, "Subject",
		    buffer_string(&ascii)), 0);
		line = strtok_r(buffer_string(&out), "\n", &rest);
		assert_true(strlen(line) > strlen("Subject: "));
		for (; line != NULL; line = strtok_r(NULL, "\n", &rest))
			assert_true(strlen(line) <= 76);
		buffer_free(&body);
		buffer_free(&ascii);
		buffer_free(&out);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fields_become_ascii_by_their_grammar),
		cmocka_unit_test(lines_stay_short),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
