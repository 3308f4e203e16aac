/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "../buffer_sink.h"
#include "../unit.h"

#include <stdio.h>
#include <unistd.h>

#include "message/header.h"
#include "message/message.h"

/* A file that holds the text, at its beginning. */
static int
file_of(const char *text, size_t len)
{
	FILE *file = tmpfile();
	int fd = dup(fileno(file));

	assert_int_equal(write(fd, text, len), len);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	fclose(file);
	return fd;
}

static int
read_octets(struct message *m, const char *text, size_t len, int dots,
    struct error *err)
{
	int fd = file_of(text, len);
	int result;

	memset(err, 0, sizeof(*err));
	result = message_read(m, fd, dots, err);
	if (m->spool.place != SPOOL_STDIN)
		close(fd);
	return result;
}

/* Frees, and closes a file that was read where it is. */
static void
done(struct message *m)
{
	if (m->spool.place == SPOOL_STDIN)
		close(m->spool.fd);
	message_free(m);
}

static void
must_read(struct message *m, const char *text, int dots)
{
	struct error err;

	assert_int_equal(read_octets(m, text, strlen(text), dots, &err), 0);
}

/* What goes on the wire: owned string. Its size is what was promised. */
static char *
written(const struct message *m, enum message_form form)
{
	struct buffer_sink s;
	struct error err = {0};

	buffer_sink_open(&s);
	assert_int_equal(message_write(m, form, &s.sink, &err), 0);
	if (form == MESSAGE_PLAIN)
		assert_int_equal(s.text.len, message_size(m));
	return buffer_string(&s.text);
}

enum { TEXT, DOTS };

/* stdin, and the message that it is. */
static const struct {
	const char *name;
	int dots;
	const char *in;
	const char *header;
	const char *body; /* in wire form */
} messages[] = {
	{ "empty", DOTS, "", "", "" },
	{ "plain", TEXT, "A: b\nC: d\n\nbody\n", "A: b\nC: d\n", "body\r\n" },
	{ "crlf", TEXT, "A: b\r\n\r\nbody\r\n", "A: b\n", "body\r\n" },
	{ "crlf header, lf body", TEXT, "A: b\r\nC: d\r\n\r\nx\ny\n",
	  "A: b\nC: d\n", "x\r\ny\r\n" },
	{ "many returns", TEXT, "A: b\r\r\n\r\r\nx\r\r\r\n", "A: b\n",
	  "x\r\n" },
	{ "bare return in the header", TEXT, "A: b\rC: d\n\nx", "A: b C: d\n",
	  "x\r\n" },
	{ "folded", TEXT, "A: b\n c\n\td\nE: f\n\nx\n", "A: b\n c\n\td\nE: f\n",
	  "x\r\n" },
	{ "header only", TEXT, "A: b\n", "A: b\n", "" },
	{ "header without line end", TEXT, "A: b", "A: b\n", "" },
	{ "header and separator", TEXT, "A: b\n\n", "A: b\n", "" },
	{ "no header", TEXT, "hello\nworld\n", "", "hello\r\nworld\r\n" },
	{ "separator only", TEXT, "\nhello: world\n", "",
	  "hello: world\r\n" },
	{ "no header, blank first", TEXT, " A: b\nx\n", "",
	  " A: b\r\nx\r\n" },
	{ "missing separator", TEXT, "A: b\nNot a field: c\n\nx\n", "A: b\n",
	  "Not a field: c\r\n\r\nx\r\n" },
	{ "obsolete blanks before the colon", TEXT, "Bcc : x\n\ny\n",
	  "Bcc : x\n", "y\r\n" },
	{ "mailbox line", TEXT,
	    "From a@b Mon Nov 23 09:00:00 2026\nA: b\n\nx\n",
	  "A: b\n", "x\r\n" },
	{ "mailbox lines", TEXT, "From a\n>From b\nFrom c\r\nA: b\n\nx\n",
	  "A: b\n", "x\r\n" },
	{ "mailbox line in the header", TEXT, "A: b\nFrom c d\nE: f\n\nx\n",
	  "A: b\n", "From c d\r\nE: f\r\n\r\nx\r\n" },
	{ "mailbox line without header", TEXT,
	  "From a@b Mon Nov 23 09:00:00 2026\n\nx\n", "", "x\r\n" },
	{ "text that begins with From", TEXT, "From the desk of Bob:\n\nx\n",
	  "", "From the desk of Bob:\r\n\r\nx\r\n" },
	{ "more of it", TEXT, "From here on\nall is well\n", "",
	  "From here on\r\nall is well\r\n" },
	{ "a From field is no mailbox line", TEXT, "From : a\n\nx\n",
	  "From : a\n", "x\r\n" },
	{ "dot with -i", TEXT, "A: b\n\nx\n.\n..\n", "A: b\n",
	  "x\r\n.\r\n..\r\n" },
	{ "dot ends", DOTS, "A: b\n\n..x\n.\n", "A: b\n", ".x\r\n" },
	{ "dot ends, crlf", DOTS, "A: b\n\nx\r\n.\r\n", "A: b\n", "x\r\n" },
	{ "dot ends, no line end", DOTS, "A: b\n\nx\n.", "A: b\n", "x\r\n" },
	{ "dot in the header ends", DOTS, "A: b\n.\n", "A: b\n", "" },
	{ "dot first", DOTS, ".\n", "", "" },
	{ "text after the dot", DOTS, "A: b\n\n..x\n.\ny\n", "A: b\n",
	  "..x\r\n.\r\ny\r\n" },
	{ "an empty line after the dot", DOTS, "A: b\n\nx\r\n.\r\n\r\n",
	  "A: b\n", "x\r\n.\r\n\r\n" },
	{ "two dots", DOTS, "A: b\n\nx\n.\n.\n", "A: b\n",
	  "x\r\n.\r\n.\r\n" },
	{ "dot in the header, then text", DOTS, "A: b\n.\nC: d\n\nx\n",
	  "A: b\n", ".\r\nC: d\r\n\r\nx\r\n" },
	{ "dot first, then text", DOTS, ".\nA: b\n\nx\n", "",
	  ".\r\nA: b\r\n\r\nx\r\n" },
	{ "dot in the header with -i", TEXT, "A: b\n.\nx\n", "A: b\n",
	  ".\r\nx\r\n" },
	{ "two dots are one", DOTS, "A: b\n\n..\n..x\n...\n", "A: b\n",
	  ".\r\n.x\r\n..\r\n" },
	{ "two dots in place of a header", DOTS, "..\nx\n", "", ".\r\nx\r\n" },
	{ "vertical space and 8 bits", TEXT, "A: \xc3\xa4\n\n\v\f\x85\n",
	  "A: \xc3\xa4\n", "\v\f\x85\r\n" },
};

static void
stdin_becomes_header_and_body(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(messages) / sizeof(messages[0]); i++) {
		struct message m;
		char *wire;
		size_t body;

		print_message("# %s\n", messages[i].name);
		must_read(&m, messages[i].in, messages[i].dots);
		wire = written(&m, MESSAGE_PLAIN);
		body = strlen(wire) - strlen(messages[i].body);
		assert_string_equal(buffer_string(&m.header),
		    messages[i].header);
		assert_int_equal(m.body_size, strlen(messages[i].body));
		assert_string_equal(wire + body, messages[i].body);
		assert_memory_equal(wire + body - 2, "\r\n", 2);
		free(wire);
		message_free(&m);
	}
}

static void
the_whole_goes_out_with_a_separator(void **state)
{
	struct message m;
	char *wire;

	(void)state;
	must_read(&m, "A: b\n c\n.D: e\n.oops\n", TEXT);
	wire = written(&m, MESSAGE_PLAIN);
	assert_string_equal(wire, "A: b\r\n c\r\n.D: e\r\n\r\n.oops\r\n");
	free(wire);
	wire = written(&m, MESSAGE_STUFFED);
	assert_string_equal(wire, "A: b\r\n c\r\n..D: e\r\n\r\n..oops\r\n");
	free(wire);
	message_free(&m);
}

static void
nul_is_refused_in_the_header_and_kept_in_the_body(void **state)
{
	static const struct {
		const char *in;
		size_t len;
		int code;
	} cases[] = {
		{ "A: b\0c\n\nx\n", 10, EX_DATAERR },
		{ "A\0: b\n\nx\n", 9, EX_DATAERR },
		{ "A: b\nC\0: d\n\nx\n", 14, EX_DATAERR },
		{ "A: b\n \0\n\nx\n", 11, EX_DATAERR },
		{ "A: b\nstray\0\nBcc: c\n", 19, EX_DATAERR },
		{ "A: b\n\nx\0y\n", 10, 0 },
		{ "no header\0\n", 11, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct message m;
		struct error err;

		read_octets(&m, cases[i].in, cases[i].len, TEXT, &err);
		assert_int_equal(err.code, cases[i].code);
		if (cases[i].code == 0) {
			struct buffer_sink s;

			buffer_sink_open(&s);
			assert_int_equal(message_write(&m, MESSAGE_PLAIN,
			    &s.sink, &err), 0);
			assert_non_null(memchr(s.text.data, '\0', s.text.len));
			assert_int_equal(s.text.len, message_size(&m));
			buffer_free(&s.text);
		}
		message_free(&m);
	}
}

static void
every_spelling_of_a_field_is_removed(void **state)
{
	struct message m;
	char *wire;

	(void)state;
	must_read(&m, "Bcc: a\nbcc: b\nA: b\nBCC : c,\n d,\n\te\nBcc\t:f\n"
	    "Resent-Bcc: g\nBccx: h\nBcc:\n\nBcc: body\n", TEXT);
	message_remove(&m, "Bcc");
	wire = written(&m, MESSAGE_PLAIN);
	assert_string_equal(wire, "A: b\r\nResent-Bcc: g\r\nBccx: h\r\n"
	    "\r\nBcc: body\r\n");
	free(wire);
	message_free(&m);
}

static void
fields_are_found_replaced_and_added_in_front(void **state)
{
	struct message m;
	struct error err = {0};
	size_t index = 0;
	char *text;

	(void)state;
	must_read(&m, "A: b\nTo: x\n y\nTo: z\n\nbody\n", TEXT);
	assert_false(message_find(&m, "Subject", &index));
	assert_true(message_find(&m, "to", &index));
	assert_int_equal(index, 1);
	text = message_field_body(&m, index);
	assert_string_equal(text, "x y");
	free(text);
	assert_int_equal(message_replace(&m, index, "To", "new", &err), 0);
	text = message_field_body(&m, index);
	assert_string_equal(text, "new");
	free(text);
	index++;
	assert_true(message_find(&m, "TO", &index));
	assert_int_equal(index, 2);
	assert_int_equal(message_replace(&m, index, "To", "newer", &err), 0);
	assert_int_equal(message_replace(&m, index, "To", "newest", &err), 0);
	assert_int_equal(message_add(&m, "Date", "today", &err), 0);
	assert_int_equal(message_add(&m, "X", "y", &err), 0);
	text = written(&m, MESSAGE_PLAIN);
	assert_string_equal(text, "Date: today\r\nX: y\r\nA: b\r\nTo: new\r\n"
	    "To: newest\r\n\r\nbody\r\n");
	free(text);
	message_free(&m);
}

static void
a_field_cannot_bring_another_one_along(void **state)
{
	struct message m;
	struct error err = {0};

	(void)state;
	must_read(&m, "A: b\n\nx\n", TEXT);
	assert_int_equal(message_add(&m, "X", "y\nBcc: z", &err), -1);
	assert_int_equal(err.code, EX_DATAERR);
	assert_int_equal(message_replace(&m, 0, "X", "y\rz", &err), -1);
	assert_int_equal(m.added.len, 0);
	assert_null(m.fields[0].text);
	message_free(&m);
}

static void
facts_count_lines_as_stdin_has_them(void **state)
{
	struct buffer text = {0};
	struct message m;

	(void)state;
	buffer_addf(&text, "From x\nA: b\nLong: %01500d\n\n%01200d\n\xe4\n",
	    1, 2);
	must_read(&m, buffer_string(&text), TEXT);
	assert_int_equal(m.longest_line, 1506);
	assert_int_equal(m.longest_line_number, 3);
	assert_true(m.body_8bit);
	assert_false(m.header_8bit);
	message_free(&m);
	buffer_clear(&text);
	buffer_addf(&text, "A: \xe4\n\n%01200d\n%01300d\r\n", 1, 2);
	must_read(&m, buffer_string(&text), TEXT);
	assert_int_equal(m.longest_line, 1300);
	assert_int_equal(m.longest_line_number, 4);
	assert_false(m.body_8bit);
	assert_true(m.header_8bit);
	message_free(&m);
	buffer_free(&text);
}

static void
ten_times_ten_thousand_fields_are_no_burden(void **state)
{
	struct buffer text = {0};
	struct message m;

	(void)state;
	for (int i = 0; i < 100000; i++)
		buffer_addf(&text, i % 2 ? "X-%d: y\n" : "Bcc: x%d\n", i);
	buffer_add_string(&text, "\nbody\n");
	must_read(&m, buffer_string(&text), TEXT);
	assert_int_equal(m.nfields, 100000);
	message_remove(&m, "bcc");
	free(written(&m, MESSAGE_STUFFED));
	done(&m);
	buffer_free(&text);
}

static void
a_header_beyond_its_limit_is_refused_a_long_line_is_not(void **state)
{
	size_t len = HEAD_MAX + 1000;
	char *text = malloc(len);
	struct message m;
	struct error err;

	(void)state;
	memset(text, 'x', len);
	assert_int_equal(read_octets(&m, text, len, DOTS, &err), 0);
	assert_int_equal(m.header.len, 0);
	assert_int_equal(m.body_size, len + 2);
	assert_int_equal(m.longest_line, len);
	done(&m);
	memcpy(text, "X: ", 3);
	assert_int_equal(read_octets(&m, text, len, DOTS, &err), -1);
	assert_int_equal(err.code, EX_DATAERR);
	free(text);
}

/* Every special octet at every place around the end of a block. */
static void
block_boundaries_lose_nothing(void **state)
{
	static const char end[] = "\r\n..\r\r\n.\rx\n\n.a\r\n\r\rb\r\n";
	static const char wire[] = "\r\n.\r\n. x\r\n\r\n.a\r\n  b\r\n";
	size_t large = SPOOL_MEMORY_MAX + 100;
	char *text = malloc(large);

	(void)state;
	for (size_t back = 0; back <= sizeof(end); back++) {
		size_t at = (back % 2 ? SPOOL_MEMORY_MAX : SPOOL_BLOCK) - back;
		struct message m;
		struct error err;
		char *out;

		memset(text, 'x', large);
		text[0] = '\n'; /* an empty header */
		memcpy(text + at, end, sizeof(end) - 1);
		assert_int_equal(read_octets(&m, text, large, DOTS, &err), 0);
		out = written(&m, MESSAGE_PLAIN);
		assert_memory_equal(out + at + 1, wire, sizeof(wire) - 1);
		assert_int_equal(out[at + sizeof(wire)], 'x');
		free(out);
		done(&m);
	}
	free(text);
}

static void
a_file_that_changes_while_it_is_sent_is_an_error(void **state)
{
	size_t len = SPOOL_MEMORY_MAX + 1000;
	char *text = malloc(len);
	struct message m;
	struct error err = {0};
	struct buffer_sink s;
	int fd;

	(void)state;
	buffer_sink_open(&s);
	memset(text, 'x', len);
	memcpy(text, "A: b\n\n", 6);
	fd = file_of(text, len);
	assert_int_equal(message_read(&m, fd, DOTS, &err), 0);
	assert_int_equal(pwrite(fd, "\n.\n", 3, 50000), 3);
	assert_int_equal(message_write(&m, MESSAGE_STUFFED, &s.sink,
	    &err), -1);
	assert_int_equal(err.code, EX_IOERR);
	assert_int_equal(ftruncate(fd, 100000), 0);
	assert_int_equal(message_write(&m, MESSAGE_STUFFED, &s.sink,
	    &err), -1);
	assert_int_equal(err.code, EX_IOERR);
	buffer_free(&s.text);
	message_free(&m);
	close(fd);
	free(text);
}

/* Line ends that come into the file become two octets each on the wire. */
static void
never_more_is_written_than_was_announced(void **state)
{
	size_t len = SPOOL_MEMORY_MAX + 1000;
	char *text = malloc(len);
	struct message m;
	struct error err = {0};
	struct buffer_sink s;
	int fd;

	(void)state;
	buffer_sink_open(&s);
	memset(text, 'x', len);
	memcpy(text, "A: b\n\n", 6);
	fd = file_of(text, len);
	assert_int_equal(message_read(&m, fd, TEXT, &err), 0);
	memset(text, '\n', len);
	assert_int_equal(pwrite(fd, text, len - 6, 6), len - 6);
	assert_int_equal(message_write(&m, MESSAGE_PLAIN, &s.sink, &err), -1);
	assert_int_equal(err.code, EX_IOERR);
	assert_true(s.text.len <= message_size(&m));
	buffer_free(&s.text);
	message_free(&m);
	close(fd);
	free(text);
}

static void
a_read_error_leaves_nothing(void **state)
{
	struct message m;
	struct error err = {0};

	(void)state;
	assert_int_equal(message_read(&m, -1, DOTS, &err), -1);
	assert_int_equal(err.code, EX_NOINPUT);
	assert_null(m.header.data);
	assert_null(m.fields);
	message_free(&m);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stdin_becomes_header_and_body),
		cmocka_unit_test(the_whole_goes_out_with_a_separator),
		cmocka_unit_test(
		    nul_is_refused_in_the_header_and_kept_in_the_body),
		cmocka_unit_test(every_spelling_of_a_field_is_removed),
		cmocka_unit_test(fields_are_found_replaced_and_added_in_front),
		cmocka_unit_test(a_field_cannot_bring_another_one_along),
		cmocka_unit_test(facts_count_lines_as_stdin_has_them),
		cmocka_unit_test(ten_times_ten_thousand_fields_are_no_burden),
		cmocka_unit_test(
		    a_header_beyond_its_limit_is_refused_a_long_line_is_not),
		cmocka_unit_test(block_boundaries_lose_nothing),
		cmocka_unit_test(
		    a_file_that_changes_while_it_is_sent_is_an_error),
		cmocka_unit_test(never_more_is_written_than_was_announced),
		cmocka_unit_test(a_read_error_leaves_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
