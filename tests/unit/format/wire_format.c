/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "../unit.h"

#include "base/ascii.h"
#include "base/buffer.h"
#include "format/wire_format.h"

enum { AS_IS, DOTS, STUFF, BOTH };

/* A text, and what has to become of it. */
static const struct {
	int choices;
	const char *in;
	const char *wire;
	int ended;
} texts[] = {
	{ AS_IS, "", "", 0 },
	{ AS_IS, "a\nb\n", "a\r\nb\r\n", 0 },
	{ AS_IS, "a\r\nb\r\n", "a\r\nb\r\n", 0 },
	{ AS_IS, "a\r\nb\nc\r\n\n", "a\r\nb\r\nc\r\n\r\n", 0 },
	{ AS_IS, "a\r\r\r\nb\n", "a\r\nb\r\n", 0 },
	{ AS_IS, "\n\r\n\r\r\n", "\r\n\r\n\r\n", 0 },
	{ AS_IS, "no end", "no end\r\n", 0 },
	{ AS_IS, "cr end\r", "cr end\r\n", 0 },
	{ AS_IS, "a\n\r", "a\r\n\r\n", 0 },
	{ AS_IS, "a\rb\r\rc\n", "a b  c\r\n", 0 },
	{ AS_IS, "\ra\r b\n", " a  b\r\n", 0 },
	{ AS_IS, "a\n\r\ra", "a\r\n  a\r\n", 0 },
	{ AS_IS, "tab\t\v\f \x85 \xff\n", "tab\t\v\f \x85 \xff\r\n", 0 },
	{ AS_IS, ".\n..\n.a\nb.\n", ".\r\n..\r\n.a\r\nb.\r\n", 0 },
	{ AS_IS, "a\n.", "a\r\n.\r\n", 0 },
	{ STUFF, ".\n..\n.a\nb.\n", "..\r\n...\r\n..a\r\nb.\r\n", 0 },
	{ STUFF, ".", "..\r\n", 0 },
	{ STUFF, "\r.\n.\r\n.\rx", " .\r\n..\r\n.. x\r\n", 0 },
	{ STUFF, "a\n.\r.\r\n.\r\r\n", "a\r\n.. .\r\n..\r\n", 0 },
	{ DOTS, "a\n.\nb\n", "a\r\n", 1 },
	{ DOTS, "a\n.\r\nb\n", "a\r\n", 1 },
	{ DOTS, "a\n.\r\r\nb\n", "a\r\n", 1 },
	{ DOTS, "a\n.", "a\r\n", 1 },
	{ DOTS, "a\n.\r", "a\r\n", 1 },
	{ DOTS, ".\n", "", 1 },
	{ DOTS, "..\n", ".\r\n", 0 },
	{ DOTS, "..", ".\r\n", 0 },
	{ DOTS, "...\n.a\n..b\n", "..\r\n.a\r\n.b\r\n", 0 },
	{ DOTS, "a.\n .\n.\r.\n", "a.\r\n .\r\n. .\r\n", 0 },
	{ DOTS, "a\r.\nb\n", "a .\r\nb\r\n", 0 },
	{ BOTH, "..\n.a\n..b\n.\n..\n", "..\r\n..a\r\n..b\r\n", 1 },
	{ BOTH, ".\rx\n", ".. x\r\n", 0 },
};
#define N_TEXTS (sizeof(texts) / sizeof(texts[0]))

static struct wire_format
chosen(int choices)
{
	struct wire_format w = {0};

	w.dots = choices == DOTS || choices == BOTH;
	w.stuff = choices == STUFF || choices == BOTH;
	return w;
}

/* Takes octets as wire_format_add does, out as long as is needed. */
static size_t
add(struct wire_format *w, const char *in, size_t n, struct buffer *out)
{
	char *begin = buffer_reserve(out, wire_format_room(n));
	char *end = begin;
	size_t taken = wire_format_add(w, in, n, &end);

	assert_true((size_t)(end - begin) <= wire_format_room(n));
	out->len += (size_t)(end - begin);
	return taken;
}

/* Feeds a text cut into pieces of the given size, the first of its own. */
static void
feed(struct wire_format *w, const char *in, size_t len, size_t first,
    size_t piece, struct buffer *out)
{
	size_t n = first < len ? first : len;
	char *end;

	while (len > 0 && !w->ended) {
		size_t taken = out != NULL ? add(w, in, n, out)
		    : wire_format_add(w, in, n, NULL);

		in += taken;
		len -= taken;
		n = piece < len ? piece : len;
	}
	end = out != NULL ? buffer_reserve(out, wire_format_room(0)) : NULL;
	wire_format_end(w, out != NULL ? &end : NULL);
	if (out != NULL)
		out->len = (size_t)(end - out->data);
}

static void
texts_take_wire_form_however_they_are_cut(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_TEXTS; i++) {
		size_t len = strlen(texts[i].in);

		for (size_t cut = 0; cut <= len * 2; cut++) {
			struct wire_format w = chosen(texts[i].choices);
			struct buffer out = {0};

			feed(&w, texts[i].in, len, cut / 2,
			    cut % 2 ? 1 : len, &out);
			assert_string_equal(buffer_string(&out),
			    texts[i].wire);
			assert_int_equal(w.ended, texts[i].ended);
			buffer_free(&out);
		}
	}
}

/* The same by the letter, octet for octet: slow, plain, to compare with. */
static void
by_the_letter(const char *in, size_t len, int choices, struct buffer *out)
{
	int dots = choices == DOTS || choices == BOTH;
	int stuff = choices == STUFF || choices == BOTH;

	for (size_t at = 0; at < len;) {
		const char *lf = memchr(in + at, '\n', len - at);
		size_t end = lf != NULL ? (size_t)(lf - in) : len;
		size_t next = end + (lf != NULL);

		while (end > at && in[end - 1] == '\r')
			end--;
		if (dots && end - at == 1 && in[at] == '.')
			return;
		if (dots && end - at > 1 && in[at] == '.' &&
		    in[at + 1] == '.')
			at++;
		if (stuff && at < end && in[at] == '.')
			buffer_add_char(out, '.');
		for (; at < end; at++)
			buffer_add_char(out, in[at] == '\r' ? ' ' : in[at]);
		buffer_add_string(out, "\r\n");
		at = next;
	}
}

static void
random_texts_measure_and_convert_alike(void **state)
{
	static const char letters[] = "..\r\r\n\nab";
	uint32_t seed = 1;

	(void)state;
	for (int round = 0; round < 20000; round++) {
		struct buffer out = {0};
		struct buffer letter = {0};
		int choices = round % 4;
		struct wire_format w = chosen(choices);
		struct wire_format measure = chosen(choices);
		struct wire_format plain = chosen(choices & DOTS);
		char in[24];
		size_t len;

		for (len = 0; len < sizeof(in); len++) {
			seed = seed * 1664525 + 1013904223;
			in[len] = letters[seed >> 29];
		}
		len = (seed >> 8) % sizeof(in);
		feed(&w, in, len, seed >> 20 & 7, (seed >> 23 & 7) + 1, &out);
		feed(&measure, in, len, len, len, NULL);
		by_the_letter(in, len, choices, &letter);
		assert_string_equal(buffer_string(&out),
		    buffer_string(&letter));
		assert_int_equal(measure.size, w.size);
		assert_int_equal(measure.longest, w.longest);
		assert_int_equal(measure.longest_number, w.longest_number);
		assert_int_equal(measure.dot_at, w.dot_at);
		buffer_clear(&out);
		feed(&plain, in, len, 3, 3, &out);
		if (choices == AS_IS || choices == DOTS)
			assert_int_equal(out.len, measure.size);
		buffer_free(&out);
		buffer_free(&letter);
	}
}

static void
a_long_run_of_bare_returns_needs_little_room(void **state)
{
	size_t len = 1 << 20;
	char *in = malloc(len + 1);
	struct wire_format w = {0};
	struct buffer out = {0};
	uint64_t total = 0;
	const char *p = in;
	size_t left = len + 1;

	(void)state;
	memset(in, '\r', len);
	in[len] = 'x';
	while (left > 0) {
		size_t n = left < 1000 ? left : 1000;
		size_t taken = add(&w, p, n, &out);

		p += taken;
		left -= taken;
		total += out.len;
		buffer_clear(&out);
	}
	assert_int_equal(total, len + 1);
	assert_int_equal(w.size, len + 1);
	buffer_free(&out);
	free(in);
}

static void
facts_are_those_of_the_wire_form(void **state)
{
	static const char text[] = "ab\nabcde\r\nx\r\rz\n\xc3\n";
	struct wire_format w = {0};

	(void)state;
	feed(&w, text, sizeof(text) - 1, 100, 100, NULL);
	assert_int_equal(w.lines, 4);
	assert_int_equal(w.longest, 0);
	assert_int_equal(w.size, 2 + 5 + 4 + 1 + 4 * 2);
	assert_true(w.eight_bit);
}

/* A line of so many octets among short ones, at any place in a block. */
static void
the_longest_line_is_told_if_it_is_too_long(void **state)
{
	static const size_t lengths[] = { WIREFORM_LINE_MAX - 1,
	    WIREFORM_LINE_MAX, WIREFORM_LINE_MAX + 1, 5000 };
	char text[9000];

	(void)state;
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++)
		for (size_t at = 1; at < 400; at++) {
			struct wire_format w = {0};
			int too_long = lengths[i] > WIREFORM_LINE_MAX;
			size_t before = 0;

			memset(text, 'a', sizeof(text));
			for (size_t k = at; k > 0; k -= k > 50 ? 50 : k) {
				text[k - 1] = '\n';
				before++;
			}
			for (size_t k = at + lengths[i]; k < sizeof(text);
			    k += 100)
				text[k] = '\n';
			feed(&w, text, sizeof(text), sizeof(text), 1, NULL);
			assert_int_equal(w.longest, too_long ? lengths[i] : 0);
			assert_int_equal(w.longest_number,
			    too_long ? before + 1 : 0);
		}
}

/* Of texts that are long enough for what is done to many octets at once. */
static void
long_texts_measure_and_convert_alike(void **state)
{
	static const char letters[] = "\n\n\n\n.\r\n\xc3";
	static char in[4000];
	uint32_t seed = 2;

	(void)state;
	for (int round = 0; round < 4000; round++) {
		struct buffer out = {0}, letter = {0};
		int choices = round % 4;
		struct wire_format w = chosen(choices);
		struct wire_format measure = chosen(choices & DOTS);
		/* few kinds of octets, so that some chunks lack some */
		uint32_t kinds = 1 + (uint32_t)round / 4 % 8;
		size_t doubled = 0, len;

		memset(in, 'a', sizeof(in));
		for (len = 0; len < sizeof(in); len += seed >> 24 & 63) {
			seed = seed * 1664525 + 1013904223;
			in[len++] = letters[(seed >> 16) % kinds];
			if (seed >> 31 && len < sizeof(in))
				in[len++] = letters[seed % kinds];
		}
		len = sizeof(in) - (seed >> 8) % 300;
		feed(&w, in, len, seed % 777, 1500, &out);
		feed(&measure, in, len, seed % 777, 1500, NULL);
		by_the_letter(in, len, choices, &letter);
		assert_int_equal(out.len, letter.len);
		assert_memory_equal(out.data, letter.data, out.len);
		for (size_t i = 0; i < out.len; i++)
			doubled += (choices & STUFF) && out.data[i] == '.' &&
			    (i == 0 || out.data[i - 1] == '\n');
		assert_int_equal(measure.size, out.len - doubled);
		assert_int_equal(measure.lines, w.lines);
		assert_int_equal(measure.ended, w.ended);
		assert_int_equal(measure.dot_at, w.dot_at);
		buffer_free(&out);
		buffer_free(&letter);
	}
}

static void
octets_after_the_dot_do_not_count(void **state)
{
	static const char text[] = "ab\n.\n\xc3 a longer line\n";
	struct wire_format w = { .dots = 1 };

	(void)state;
	feed(&w, text, sizeof(text) - 1, 100, 100, NULL);
	assert_true(w.ended);
	assert_int_equal(w.dot_at, 3);
	assert_int_equal(w.size, 4);
	assert_int_equal(w.lines, 1);
	assert_false(w.eight_bit);
}

static void
an_octet_above_127_is_seen_anywhere(void **state)
{
	char text[100];

	(void)state;
	for (size_t len = 0; len < sizeof(text); len++) {
		memset(text, 'a', sizeof(text));
		assert_false(ascii_has_8bit(text, len));
		for (size_t i = 0; i < len; i++) {
			text[i] = '\x80';
			assert_true(ascii_has_8bit(text, len));
			text[i] = 0x7f;
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts_take_wire_form_however_they_are_cut),
		cmocka_unit_test(random_texts_measure_and_convert_alike),
		cmocka_unit_test(a_long_run_of_bare_returns_needs_little_room),
		cmocka_unit_test(facts_are_those_of_the_wire_form),
		cmocka_unit_test(the_longest_line_is_told_if_it_is_too_long),
		cmocka_unit_test(long_texts_measure_and_convert_alike),
		cmocka_unit_test(octets_after_the_dot_do_not_count),
		cmocka_unit_test(an_octet_above_127_is_seen_anywhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
