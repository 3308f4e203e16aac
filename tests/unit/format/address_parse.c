/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "../unit.h"

#include "format/address_parse.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))
#define OPEN_8 "(((((((("
#define CLOSE_8 "))))))))"
#define X11 "xxxxxxxxxxx"
#define X99 X11 X11 X11 X11 X11 X11 X11 X11 X11

/* A list, and its mailboxes as "name|path|text of the span". */
static const struct {
	const char *text;
	const char *mailboxes;
} lists[] = {
	{ "", "" },
	{ " , ,,\t", "" },
	{ "(nobody)", "" },
	{ "a@b", "|a@b|a@b" },
	{ "a@b,c@d", "|a@b|a@b, |c@d|c@d" },
	{ ", a@b ,, c@d,", "|a@b|a@b, |c@d|c@d" },
	{ "<a@b>", "|a@b|a@b" },
	{ "J. Doe <a@b>", "J. Doe|a@b|a@b" },
	{ "Mary  Smith<a@b>", "Mary Smith|a@b|a@b" },
	{ "John Q.Public <a@b>", "John Q.Public|a@b|a@b" },
	{ "\"Doe, John\" <a@b>", "Doe, John|a@b|a@b" },
	{ "\"a \\\"b\\\" \\\\\" <a@b>", "a \"b\" \\|a@b|a@b" },
	{ "Giant; <a@b>", NULL },
	{ "\"Giant; (\" <a@b>", "Giant; (|a@b|a@b" },
	{ "\"\" <a@b>", "|a@b|a@b" },
	{ "A \"B\" C <a@b>", "A B C|a@b|a@b" },
	{ "=?utf-8?q?J=C3=B6?= <a@b>", "=?utf-8?q?J=C3=B6?=|a@b|a@b" },
	{ "J\303\266rg <a@b>", "J\303\266rg|a@b|a@b" },
	{ "j\303\266rg@b\303\274.de",
	  "|j\303\266rg@b\303\274.de|j\303\266rg@b\303\274.de" },
	/* What is not in the RFC, but in many a header. */
	{ "a@b <c@d>", "a@b|c@d|c@d" },
	{ "[list] J <a@b>", "[list] J|a@b|a@b" },
	{ "DOM\\user <a@b>", "DOM\\user|a@b|a@b" },
	{ "\033$B <a@b>", " $B|a@b|a@b" },
	{ "O'Neil <o'neil@b>", "O'Neil|o'neil@b|o'neil@b" },
	/* Bare names. */
	{ "root", "|root|root" },
	{ "root (Cron Daemon)", "|root|root" },
	{ "(Cron Daemon) root", "|root|root" },
	{ "Anacron <root>", "Anacron|root|root" },
	{ "Logwatch", "|Logwatch|Logwatch" },
	{ "Cron Daemon <root>,x@y", "Cron Daemon|root|root, |x@y|x@y" },
	{ "first.last", "|first.last|first.last" },
	{ "\"j d\"", "|\"j d\"|\"j d\"" },
	{ "< root >", "|root|root" },
	{ "|cmd", "||cmd||cmd" },
	{ "/var/mail/x", "|/var/mail/x|/var/mail/x" },
	/* Quoted local parts; the domain is what follows them. */
	{ "\"quoted local\"@x", "|\"quoted local\"@x|\"quoted local\"@x" },
	{ "\"x@evil.com y\"@ok.test",
	  "|\"x@evil.com y\"@ok.test|\"x@evil.com y\"@ok.test" },
	{ "<\"<x@evil.com>\"@ok.test>",
	  "|\"<x@evil.com>\"@ok.test|\"<x@evil.com>\"@ok.test" },
	{ "\"x@evil.com,y\"@ok.test",
	  "|\"x@evil.com,y\"@ok.test|\"x@evil.com,y\"@ok.test" },
	{ "\"x@evil (\"@ok.test",
	  "|\"x@evil (\"@ok.test|\"x@evil (\"@ok.test" },
	{ "\"x\\\"@evil.com\"@ok.test",
	  "|\"x\\\"@evil.com\"@ok.test|\"x\\\"@evil.com\"@ok.test" },
	{ "\"x\\\\\"@ok.test", "|\"x\\\\\"@ok.test|\"x\\\\\"@ok.test" },
	{ "\"plain\"@x", "|plain@x|\"plain\"@x" },
	{ "\"a\".b.\"c d\"@x", "|\"a.b.c d\"@x|\"a\".b.\"c d\"@x" },
	{ "\"a\\b\"@x", "|ab@x|\"a\\b\"@x" },
	/* Comments, wherever white space may stand. */
	{ "a (c (n) x) @b", "|a@b|a (c (n) x) @b" },
	{ "a@b (\\) c@d)", "|a@b|a@b" },
	{ "(x@y,) a@b", "|a@b|a@b" },
	{ "a(1).(2)b(3)@(4)c(5).(6)d(7)", "|a.b@c.d|"
	  "a(1).(2)b(3)@(4)c(5).(6)d" },
	{ "(a)J(b)D(c)<(d)a@b(e)>(f),(g)c@d", "J D|a@b|a@b, |c@d|c@d" },
	{ OPEN_8 OPEN_8 OPEN_8 OPEN_8 CLOSE_8 CLOSE_8 CLOSE_8 CLOSE_8 "a@b",
	  "|a@b|a@b" },
	/* Folding, of all kinds. */
	{ "a@b,\n c@d", "|a@b|a@b, |c@d|c@d" },
	{ "a@b,\r\n\tc@d\r\n", "|a@b|a@b, |c@d|c@d" },
	{ "J\n D\n <a@b>\n", "J D|a@b|a@b" },
	{ "\"J\n  D\" <a@b>", "J  D|a@b|a@b" },
	{ "(x\n y) a\n @\n b", "|a@b|a\n @\n b" },
	/* Groups, flattened. */
	{ "undisclosed-recipients:;", "" },
	{ "undisclosed-recipients:", "" },
	{ "Undisclosed recipients : ; (none)", "" },
	{ "A:;,B:;", "" },
	{ "G: a@b, J <c@d>;", "|a@b|a@b, J|c@d|c@d" },
	{ "x@y, \"a@b: G\": ,a@b,, c@d,;, z@y",
	  "|x@y|x@y, |a@b|a@b, |c@d|c@d, |z@y|z@y" },
	{ "G:root;", "|root|root" },
	/* Source routes are dropped. */
	{ "<@relay:u@x>", "|u@x|u@x" },
	{ "J <@a.b,@c,,@[192.0.2.1] : u@x>", "J|u@x|u@x" },
	{ "<,@a:u@x>", "|u@x|u@x" },
	/* Obsolete or broken dots and domains. */
	{ "a . b @ c . d", "|a.b@c.d|a . b @ c . d" },
	{ "a..b.@docomo.ne.jp", "|\"a..b.\"@docomo.ne.jp|"
	  "a..b.@docomo.ne.jp" },
	{ ".a@b", "|\".a\"@b|.a@b" },
	{ "a@[192.0.2.1]", "|a@[192.0.2.1]|a@[192.0.2.1]" },
	{ "a@ [IPv6:2001:db8::1] ",
	  "|a@[IPv6:2001:db8::1]|a@ [IPv6:2001:db8::1]" },
};

/* The list as lists[] has it. */
static void
dump(struct buffer *out, const char *text, const struct address_list *list)
{
	buffer_clear(out);
	for (size_t i = 0; i < list->n; i++) {
		const struct address *a = &list->at[i];

		if (i > 0)
			buffer_add_string(out, ", ");
		buffer_addf(out, "%s|", a->name != NULL ? a->name : "");
		address_add_path(out, a);
		buffer_add_char(out, '|');
		buffer_add(out, text + a->start, a->end - a->start);
	}
}

static void
lists_become_mailboxes(void **state)
{
	struct buffer out = {0};

	(void)state;
	for (size_t i = 0; i < COUNT(lists); i++) {
		struct address_list list = {0};
		struct error err = {0};
		int rc = address_list_parse(&list, lists[i].text,
		    strlen(lists[i].text), &err);

		dump(&out, lists[i].text, &list);
		assert_string_equal(rc == 0 ? buffer_string(&out) : err.text,
		    lists[i].mailboxes != NULL ? lists[i].mailboxes :
		    err.text);
		assert_int_equal(rc, lists[i].mailboxes != NULL ? 0 : -1);
		address_list_free(&list);
	}
	buffer_free(&out);
}

/* A list that is none, and what the error must say. */
static const struct {
	const char *text;
	const char *says;
} broken[] = {
	/* Taking one of two would lose the other. */
	{ "a@b c@d", "expected a comma before 'c@d' in 'a@b c@d'" },
	{ "x@y, a@b c@d, z@y", "before 'c@d' in 'a@b c@d'" },
	{ "<a@b> <c@d>", "before '<c@d>' in '<a@b> <c@d>'" },
	{ "<a@b> c@d", "before 'c@d'" },
	{ "a@b \"c d\"@e", "before '\"c d\"@e'" },
	{ "a@[192.0.2.1] b", "before 'b'" },
	{ "G:a@b; c@d", "before 'c@d'" },
	{ "John Doe a@b", "before 'Doe a@b' in 'John Doe a@b'" },
	{ "root cron", "before 'cron'" },
	{ "\"a\"b@c", "before 'b@c'" },
	{ "a\"b\"@c", "before '\"b\"@c'" },
	{ "Undisclosed Recipients", "before 'Recipients'" },
	{ "J <a b@c>", "before 'b@c' in 'J <a b@c'" },
	/* Several ways to hide a domain. */
	{ "a@b@c", "more than one '@'" },
	{ "<a@b@c>", "more than one '@'" },
	{ "a@\"b\"", "unexpected word" },
	{ "a[b]@c", "expected a comma" },
	{ "u\\@v@x", "backslash outside quotes" },
	{ "\\user@x", "backslash outside quotes" },
	{ "a@b\\", "backslash outside quotes" },
	{ "a@b\\,c@d", "backslash outside quotes" },
	{ "@b", "no local part" },
	{ "<@b>", "expected ':' after its route" },
	{ "\"\"@b", "no local part" },
	{ "[192.0.2.1]", "no local part" },
	{ "...", "no local part" },
	{ "a@", "expected a domain after '@'" },
	{ "a@,b@c", "expected a domain after '@'" },
	{ "<>", "no address between '<' and '>'" },
	{ "J <>", "no address between '<' and '>'" },
	{ "<@a:>", "no address between '<' and '>'" },
	/* Brackets of all kinds. */
	{ "J <a@b", "expected '>' after '<'" },
	{ "J <a@b, c@d>", "expected '>' after '<'" },
	{ "<<a@b>>", "expected '>' after '<'" },
	{ "<@a c@d>", "expected ':' after its route" },
	{ "<[a", "'<[a' is not an address: expected ']'" },
	{ "<@[a", "'<@[a' is not an address: expected ']'" },
	{ "a>b@c", "expected '<' before '>'" },
	{ "a@b>", "expected '<' before '>'" },
	{ "a@b> \t, c@d", "'a@b>' is not an address: expected '<'" },
	{ "\"a@b", "expected '\"' after" },
	{ "\"a@b\\\"", "expected '\"' after" },
	{ "\"", "expected '\"' after" },
	{ "\"\\", "expected '\"' after" },
	{ "a@b (c", "expected ')' after" },
	{ "(\\", "expected ')' after" },
	{ "a@b)", "unmatched closing bracket" },
	{ "a@b]", "unmatched closing bracket" },
	{ "a@[b", "expected ']' after" },
	{ "a@[b[c]]", "expected ']' after" },
	{ "[", "expected ']' after" },
	{ OPEN_8 OPEN_8 OPEN_8 OPEN_8 "()" CLOSE_8 CLOSE_8 CLOSE_8 CLOSE_8,
	  "nested too deep" },
	/* A long element is cut, and not within a character. */
	{ X99 " b c", "before 'b c' in '" X99 " b c'" },
	{ X99 "\303\266 b c", "before 'b c' in '" X99 "...'" },
	/* Groups. */
	{ "G: H: a@b;;", "expected ';' before ':'" },
	{ "G: a@b", "expected ';' after the group" },
	{ ":a@b;", "expected a group's name" },
	{ ":include:/x", "expected a group's name" },
	{ "a@b: c@d;", "before ':'" },
	{ "a@b;", "outside a group" },
	{ "G:;;", "expected a comma before ';'" },
	{ "G:a@b; \"c", "'G:a@b; \"c' is not an address: expected '\"'" },
	/* Line ends that fold nothing, and other controls. */
	{ "a@b\nRCPT TO:<c@d>", "a line end" },
	{ "a@b>\r\nDATA", "expected '<' before" },
	{ "a@b\r\nDATA", "a line end" },
	{ "a\r@b", "a carriage return" },
	{ "\"a\nb\"@c", "a line end" },
	{ "\"a\\\nb\"@c", "a line end" },
	{ "(a\n)b@c", "a line end" },
	{ "a\033b@c", "a control character" },
	{ "\"a\033b\"@c", "a control character" },
	{ "\"a\tb\"@c", "a control character" },
	{ "a@b\177", "a control character" },
	{ "a@[b\033]", "a control character" },
};

static void
a_broken_list_is_refused_by_name_and_leaves_the_list_alone(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(broken); i++) {
		struct address_list list = {0};
		struct error err = {0};
		const char *text = broken[i].text;

		address_list_parse(&list, "kept", 4, &err);
		if (address_list_parse(&list, text, strlen(text), &err) == 0 ||
		    strstr(err.text, broken[i].says) == NULL) {
			print_error("for '%s': ", text);
			assert_string_equal(err.text, broken[i].says);
		}
		assert_int_equal(err.code, EX_DATAERR);
		assert_int_equal(list.n, 1);
		assert_string_equal(list.at[0].local, "kept");
		address_list_free(&list);
	}
}

static void
a_nul_is_refused(void **state)
{
	struct address_list list = {0};
	struct error err = {0};

	(void)state;
	assert_int_equal(address_list_parse(&list, "a@b\0c", 5, &err), -1);
	assert_int_equal(err.code, EX_DATAERR);
	assert_int_equal(address_list_parse(&list, NULL, 0, &err), 0);
	assert_int_equal(list.n, 0);
}

/*
 * Input that takes a second or so if every address, or comment, or element
 * looks at what stands before or after it.
 */
static void
endless_lists_are_read_in_one_pass(void **state)
{
	static const char *const elements[] = {
		"a@b,", "J D <@r:a@b>,", "(x) a (y) @ b (z),", "G:a@b;,",
		"\"a\\\" b\"@c, ",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(elements); i++) {
		struct address_list list = {0};
		struct buffer text = {0};
		struct error err = {0};

		for (size_t n = 0; n < 10000; n++)
			buffer_add_string(&text, elements[i]);
		assert_int_equal(address_list_parse(&list, text.data,
		    text.len, &err), 0);
		assert_int_equal(list.n, 10000);
		address_list_free(&list);
		buffer_free(&text);
	}
}

static void
nesting_of_any_depth_ends_in_an_error(void **state)
{
	static const char *const openings[] = { "(", "a:", "<", "[", "\"" };

	(void)state;
	for (size_t i = 0; i < COUNT(openings); i++) {
		struct address_list list = {0};
		struct buffer text = {0};
		struct error err = {0};

		for (size_t n = 0; n < 100001; n++)
			buffer_add_string(&text, openings[i]);
		assert_int_equal(address_list_parse(&list, text.data,
		    text.len, &err), -1);
		buffer_free(&text);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists_become_mailboxes),
		cmocka_unit_test(
		    a_broken_list_is_refused_by_name_and_leaves_the_list_alone),
		cmocka_unit_test(a_nul_is_refused),
		cmocka_unit_test(endless_lists_are_read_in_one_pass),
		cmocka_unit_test(nesting_of_any_depth_ends_in_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
