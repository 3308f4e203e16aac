/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "../unit.h"

#include "format/field.h"
#include "format/mime_header.h"

#define TEN "0123456789"
#define FIFTY TEN TEN TEN TEN TEN
#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static const struct {
	const char *line;
	int is_field;
} lines[] = {
	{ "To: a", 1 }, { "To:", 1 }, { "to :a", 1 }, { "To \t : a", 1 },
	{ "X-$%&'*+/=?^_`{|}~!#: a", 1 }, { "a:b:c", 1 }, { "\"q\": a", 1 },
	{ "", 0 }, { ":", 0 }, { ": a", 0 }, { " To: a", 0 }, { "\tTo: a", 0 },
	{ "To", 0 }, { "To a: b", 0 }, { "From a@b Mon Jan  1 09:00:00", 0 },
	{ "T\303\266: a", 0 }, { "T\001: a", 0 }, { "T\177: a", 0 },
	{ "To ", 0 },
};

static void
a_field_line_has_a_printable_name_and_a_colon(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(lines); i++) {
		const char *line = lines[i].line;

		assert_string_equal(
		    field_is_valid(line, strlen(line)) ? line : "not one",
		    lines[i].is_field ? line : "not one");
	}
}

static void
fields_are_found_with_their_continuation_lines(void **state)
{
	static const char block[] =
	    "To: a,\n\tb,\n c\nBcc \t: d\nEmpty:\nFolded:\n e \n \nLast: f";
	static const struct {
		const char *name;
		const char *body;
	} expected[] = {
		{ "to", "a,\tb, c" }, { "BCC", "d" }, { "Empty", "" },
		{ "folded", "e" }, { "Last", "f" },
	};
	struct field f = {0};
	size_t offset = 0;
	size_t end = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(expected); i++) {
		char *body;

		assert_int_equal(field_next(block, sizeof(block) - 1,
		    &offset, &f), 1);
		assert_int_equal(f.start, end);
		assert_int_equal(f.end, offset);
		end = f.end;
		assert_true(field_is(block, &f, expected[i].name));
		assert_false(field_is(block, &f, "T"));
		assert_false(field_is(block, &f, "Too"));
		body = field_unfold(block, &f);
		assert_string_equal(body, expected[i].body);
		free(body);
	}
	assert_int_equal(offset, sizeof(block) - 1);
	assert_int_equal(field_next(block, sizeof(block) - 1, &offset, &f),
	    0);
}

static void
the_search_stops_at_a_line_that_is_no_field(void **state)
{
	static const char block[] = "To: a\n\nNot: b\n";
	struct field f = {0};
	size_t offset = 0;

	(void)state;
	assert_int_equal(field_next(block, sizeof(block) - 1, &offset, &f),
	    1);
	assert_int_equal(field_next(block, sizeof(block) - 1, &offset, &f),
	    0);
	assert_int_equal(offset, 6);
	offset = 0;
	assert_int_equal(field_next(" odd\nTo: a\n", 11, &offset, &f), 0);
	assert_int_equal(offset, 0);
}

static const struct {
	time_t when;
	long east;
	const char *date;
} dates[] = {
	{ 0, 0, "Thu, 1 Jan 1970 00:00:00 +0000" },
	{ 1795422600, 3600, "Mon, 23 Nov 2026 09:30:00 +0100" },
	{ 1795422600, -12600, "Mon, 23 Nov 2026 05:00:00 -0330" },
	{ 1709164799, 0, "Wed, 28 Feb 2024 23:59:59 +0000" },
	{ 1709164799, 1, "Wed, 28 Feb 2024 23:59:59 +0000" },
	{ 1709164799, 50400, "Thu, 29 Feb 2024 13:59:59 +1400" },
	{ -1, 0, "Wed, 31 Dec 1969 23:59:59 +0000" },
};

static void
a_date_carries_the_zone_and_english_names(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(dates); i++) {
		struct buffer out = {0};

		field_add_date(&out, dates[i].when, dates[i].east);
		assert_string_equal(buffer_string(&out), dates[i].date);
		buffer_free(&out);
	}
}

static void
a_message_id_is_time_chance_and_domain(void **state)
{
	static const unsigned char random[16] = { 0, 1, 2, 253, 254, 255 };
	struct buffer out = {0};

	(void)state;
	field_add_message_id(&out, 1795422600, random, "example.org");
	assert_string_equal(buffer_string(&out),
	    "<toy4y0.000102fdfeff00000000000000000000@example.org>");
	buffer_free(&out);
	field_add_message_id(&out, 0, random, "h");
	assert_memory_equal(buffer_string(&out), "<0.0001", 7);
	buffer_free(&out);
}

static const struct {
	const char *name;
	const char *body;
	const char *text; /* NULL: refused */
} folded[] = {
	{ "To", "a@b", "To: a@b\n" },
	{ "To", "", "To:\n" },
	{ "To", " \t ", "To:\n" },
	{ "To", "  a  b  ", "To: a  b\n" },
	{ "Subject", FIFTY " " TEN " 012345",
	  "Subject: " FIFTY " " TEN "\n 012345\n" },
	{ "Subject", FIFTY " " TEN " 01234",
	  "Subject: " FIFTY " " TEN " 01234\n" },
	{ "S", FIFTY " " TEN " 01234567 x12345",
	  "S: " FIFTY " " TEN " 01234567\n x12345\n" },
	{ "Subject", "a\t" FIFTY TEN TEN " b",
	  "Subject: a\n\t" FIFTY TEN TEN " b\n" },
	/* A quoted string stays whole if a line can hold it ... */
	{ "To", FIFTY " \"" TEN " " TEN " \\\" " TEN "\" <a@b>",
	  "To: " FIFTY "\n \"" TEN " " TEN " \\\" " TEN "\" <a@b>\n" },
	/* ... and is broken if not. */
	{ "To", "\"" FIFTY " " FIFTY "\" <a@b>",
	  "To: \"" FIFTY "\n " FIFTY "\" <a@b>\n" },
	{ "To", "\"" FIFTY "\\ " FIFTY " x\"",
	  "To: \"" FIFTY "\\ " FIFTY "\n x\"\n" },
	{ "Subject", "a 5\" disk " FIFTY " " FIFTY,
	  "Subject: a 5\" disk " FIFTY "\n " FIFTY "\n" },
	/* The first word leaves the name's line only if that helps. */
	{ "Message-ID", FIFTY TEN TEN, "Message-ID:\n " FIFTY TEN TEN "\n" },
	{ "Message-ID", FIFTY FIFTY, "Message-ID: " FIFTY FIFTY "\n" },
	/* A line of nothing but blanks would end the header for some. */
	{ "S", "a" FIFTY "          " "          " "          " "b",
	  "S: a" FIFTY "\n                              b\n" },
	{ FIFTY FIFTY FIFTY FIFTY FIFTY FIFTY FIFTY FIFTY FIFTY FIFTY
	  FIFTY FIFTY FIFTY FIFTY FIFTY FIFTY FIFTY FIFTY FIFTY FIFTY, "x",
	  NULL },
	{ "To", "a\nBcc: b", NULL },
	{ "To", "a\r\n b", NULL },
	{ "To", "a\r", NULL },
};

static void
fields_are_folded_before_blanks(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(folded); i++) {
		struct buffer out = {0};
		int rc;

		buffer_add_string(&out, "A: b\n");
		rc = field_add_folded(&out, folded[i].name, folded[i].body);
		assert_int_equal(rc, folded[i].text != NULL ? 0 : -1);
		assert_string_equal(buffer_string(&out) + 5,
		    rc == 0 ? folded[i].text : "");
		buffer_free(&out);
	}
}

/* Words of n octets, so many of them. */
static char *
words(size_t n, size_t count)
{
	char *text = malloc((n + 1) * count);

	assert_non_null(text);
	memset(text, 'x', (n + 1) * count);
	for (size_t i = n; i < (n + 1) * count; i += n + 1)
		text[i] = ' ';
	text[(n + 1) * count - 1] = '\0';
	return text;
}

static void
no_line_passes_998_octets(void **state)
{
	struct buffer out = {0};
	char *body = words(997, 3);

	(void)state;
	assert_int_equal(field_add_folded(&out, "To", body), 0);
	assert_int_equal(out.len, 4 + 3 * 999);
	free(body);
	body = words(998, 2);
	assert_int_equal(field_add_folded(&out, "To", body), -1);
	assert_int_equal(out.len, 4 + 3 * 999);
	free(body);
	buffer_free(&out);
}

static void
a_line_of_blanks_is_not_kept(void **state)
{
	struct buffer out = {0};
	char body[2003];

	(void)state;
	memset(body, ' ', sizeof(body));
	body[0] = 'a';
	body[2001] = 'b';
	body[2002] = '\0';
	assert_int_equal(field_add_folded(&out, "To", body), 0);
	assert_string_equal(buffer_string(&out), "To: a b\n");
	buffer_free(&out);
}

/* Content-Type after its "multipart/mixed;", and the boundary. */
static const struct {
	const char *parameters;
	const char *boundary;
} multiparts[] = {
	{ " boundary=a", "a" },
	{ "boundary=a\t; x=y", "a" },
	{ " charset=x; Boundary = \"a b\"", "a b" },
	{ " boundary=\"a\\\"b; \\\\c\"; x=y", "a\"b; \\c" },
	{ " boundary=\"a b", "a b" },
	{ " boundary=\"a\\", "a\\" },
	{ " x=\"\\\"; boundary=no\"; boundary=yes", "yes" },
	{ " x=\"\\\\\"; boundary=yes", "yes" },
	{ " boundary; boundary=a", "a" },
	{ " boundary*0=a; boundary2=b", "a" },
	{ " boundary2=b; boundary*=c", "c" },
	{ " boundary2=b; xboundary*0=c", "" },
	{ " boundary=" FIFTY FIFTY FIFTY FIFTY, FIFTY FIFTY FIFTY FIFTY },
	{ " boundary=" FIFTY FIFTY FIFTY FIFTY "x", "" },
	{ " boundary=\"" FIFTY FIFTY FIFTY FIFTY "x\"", "" },
};

/* The same media type, or not, with blanks and comments. */
static const struct {
	const char *header;
	enum mime_kind kind;
	enum mime_encoding encoding;
	const char *boundary;
} entities[] = {
	{ "Content-Type: multipart / mixed ; boundary = q", ENTITY_MULTIPART,
	  ENCODING_IDENTITY, "q" },
	{ "Content-Type: (a(b\\)c)\"d) multipart/(e)mixed(;);boundary=(f)q(g)",
	  ENTITY_MULTIPART, ENCODING_IDENTITY, "q" },
	{ "Content-Type: multipart/mixed; boundary=\"q(r)\"", ENTITY_MULTIPART,
	  ENCODING_IDENTITY, "q(r)" },
	{ "Content-Type: multipart/mixed; boundary=\"q\\\"(r\"",
	  ENTITY_MULTIPART, ENCODING_IDENTITY, "q\"(r" },
	{ "Content-Type: multiparts/mixed; boundary=q", ENTITY_LEAF,
	  ENCODING_IDENTITY, "" },
	{ "Content-Type: multipart/mixed (; boundary=q", ENTITY_LEAF,
	  ENCODING_IDENTITY, "" },
	{ "Content-Type: Message / RFC822", ENTITY_MESSAGE,
	  ENCODING_IDENTITY, "" },
	{ "Content-Type: message/global (c)", ENTITY_MESSAGE,
	  ENCODING_IDENTITY, "" },
	{ "Content-Type: message/rfc822x", ENTITY_LEAF, ENCODING_IDENTITY,
	  "" },
	{ "Content-Type: message", ENTITY_LEAF, ENCODING_IDENTITY, "" },
	{ "Content-Type: message/global\n"
	  "Content-Transfer-Encoding: (c) Base64 (d)", ENTITY_LEAF,
	  ENCODING_OTHER, "" },
	{ "Content-Type: message/global\n"
	  "Content-Transfer-Encoding: (c) 8bit", ENTITY_MESSAGE,
	  ENCODING_IDENTITY, "" },
};

static void
blanks_and_comments_do_not_count(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(entities); i++) {
		struct buffer header = {0};
		struct mime_header e;

		buffer_addf(&header, "%s\n", entities[i].header);
		mime_header_read(&e, header.data, header.len);
		assert_int_equal(e.kind, entities[i].kind);
		assert_int_equal(e.encoding, entities[i].encoding);
		assert_string_equal(e.boundary, entities[i].boundary);
		buffer_free(&header);
	}
}

static void
parameters_are_read_with_their_quotes(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(multiparts); i++) {
		const char *boundary = multiparts[i].boundary;
		struct buffer header = {0};
		struct mime_header e;

		buffer_addf(&header, "Content-Type: multipart/mixed;%s\n",
		    multiparts[i].parameters);
		mime_header_read(&e, header.data, header.len);
		assert_string_equal(e.boundary, boundary);
		assert_int_equal(e.kind, boundary[0] != '\0'
		    ? ENTITY_MULTIPART : ENTITY_LEAF);
		buffer_free(&header);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_field_line_has_a_printable_name_and_a_colon),
		cmocka_unit_test(
		    fields_are_found_with_their_continuation_lines),
		cmocka_unit_test(the_search_stops_at_a_line_that_is_no_field),
		cmocka_unit_test(a_date_carries_the_zone_and_english_names),
		cmocka_unit_test(a_message_id_is_time_chance_and_domain),
		cmocka_unit_test(fields_are_folded_before_blanks),
		cmocka_unit_test(no_line_passes_998_octets),
		cmocka_unit_test(a_line_of_blanks_is_not_kept),
		cmocka_unit_test(blanks_and_comments_do_not_count),
		cmocka_unit_test(parameters_are_read_with_their_quotes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
