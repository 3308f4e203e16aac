/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The base layer: ascii, buffer, escape, output, wait. */
#include "../unit.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/ascii.h"
#include "base/buffer.h"
#include "base/escape.h"
#include "base/keeper.h"
#include "base/path.h"
#include "base/platform.h"
#include "base/poll.h"
#include "base/write_all.h"
#include "base/xmalloc.h"

static const struct {
	const char *text;
	uint64_t lo, hi;
	int result;
	uint64_t value;
} numbers[] = {
	{ "0", 0, 9, 0, 0 },
	{ "65535", 1, 65535, 0, 65535 },
	{ "65536", 1, 65535, -1, 0 },
	{ "0", 1, 65535, -1, 0 },
	{ "", 0, 9, -1, 0 },
	{ "-1", 0, 9, -1, 0 },
	{ "+1", 0, 9, -1, 0 },
	{ " 1", 0, 9, -1, 0 },
	{ "1x", 0, 9, -1, 0 },
	{ "18446744073709551615", 0, UINT64_MAX, 0, UINT64_MAX },
	{ "18446744073709551616", 0, UINT64_MAX, -1, 0 },
	{ "99999999999999999999", 0, UINT64_MAX, -1, 0 },
};

static void
numbers_are_digits_within_a_range(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		uint64_t value = 0;
		int result = ascii_number(numbers[i].text,
		    strlen(numbers[i].text), numbers[i].lo, numbers[i].hi,
		    &value);

		if (result != numbers[i].result || value != numbers[i].value)
			fail_msg("\"%s\": %d", numbers[i].text, result);
	}
}

static void
case_is_folded_for_ascii_alone(void **state)
{
	(void)state;
	assert_true(ascii_equal("PIPELINING", "pipelining"));
	assert_false(ascii_equal("\xc4", "\xe4"));
	assert_false(ascii_equal("a", "ab"));
	assert_true(ascii_begins("Bcc: x", "bcc:"));
	assert_false(ascii_begins("B", "bcc"));
}

static void
a_word_of_a_list_is_a_whole_one(void **state)
{
	(void)state;
	assert_true(ascii_has_word("PLAIN LOGIN", "plain"));
	assert_true(ascii_has_word("PLAIN LOGIN", "LOGIN"));
	assert_false(ascii_has_word("PLAIN LOGIN", "LOG"));
	assert_false(ascii_has_word("PLAIN LOGIN", "PLAIN LOGIN"));
	assert_false(ascii_has_word("", "PLAIN"));
}

static const struct {
	const char *in;
	size_t len;
	const char *out;
} escapes[] = {
	{ "plain", 5, "plain" },
	{ "a\r\nb", 4, "a\\x0D\\x0Ab" },
	{ "\x1b[31m", 5, "\\x1B[31m" },
	{ "a\0b", 3, "a\\x00b" },
	{ "\\", 1, "\\x5C" },
	{ "\x7f", 1, "\\x7F" },
	{ "\xc2\x9b", 2, "\\xC2\\x9B" },               /* C1 */
	{ "gr\xc3\xbc\xc3\x9f", 6, "gr\xc3\xbc\xc3\x9f" },
	{ "\xff\xc3", 2, "\\xFF\\xC3" },
	{ "\xc0\x80", 2, "\\xC0\\x80" },               /* overlong */
	{ "\xed\xa0\x80", 3, "\\xED\\xA0\\x80" },      /* surrogate */
	{ "\xe2\x80\xae", 3, "\\xE2\\x80\\xAE" },      /* bidi override */
	{ "%n%s", 4, "%n%s" },
};

static void
foreign_octets_are_escaped(void **state)
{
	char out[64];

	(void)state;
	for (size_t i = 0; i < sizeof(escapes) / sizeof(escapes[0]); i++)
		assert_string_equal(escape(out, sizeof(out), escapes[i].in,
		    escapes[i].len), escapes[i].out);
}

static void
lines_keep_their_ends_and_what_is_escaped(void **state)
{
	static const char in[] = "a\tb\\x1B\n\xc2\x9b" "\x9b\r\n\xe2\x80\xae";
	const char *text = in;
	size_t len = sizeof(in) - 1;
	struct buffer word = {0};
	char out[64];
	size_t n = escape_lines(out, sizeof(out), &text, &len);

	(void)state;
	assert_int_equal(len, 0);
	out[n] = '\0';
	assert_string_equal(out, "a\tb\\x1B\n\\xC2\\x9B\\x9B\\x0D\n"
	    "\\xE2\\x80\\xAE");
	text = in;
	len = sizeof(in) - 1;
	n = escape_lines(out, 16, &text, &len);
	assert_memory_equal(out, "a\tb\\x1B\n\\xC2\\x9B", n);
	assert_int_equal(n, 16);
	assert_int_equal(len, 6);
	escape_add(&word, "a\n\t\\");
	assert_string_equal(buffer_string(&word), "a\\x0A\\x09\\");
	buffer_free(&word);
}

static void
an_escape_that_does_not_fit_is_cut_visibly(void **state)
{
	char in[300], out[300];

	(void)state;
	memset(in, '\x01', sizeof(in));
	for (size_t size = 4; size < sizeof(out); size++) {
		memset(out, 'z', sizeof(out));
		escape(out, size, in, sizeof(in));
		assert_true(strlen(out) < size);
		assert_string_equal(out + strlen(out) - 3, "...");
	}
	assert_string_equal(escape(out, 6, "abcde", 5), "abcde");
	assert_string_equal(escape(out, 5, "abcde", 5), "a...");
	assert_string_equal(escape(out, 4, "abcd", 4), "...");
}

static void
a_buffer_keeps_to_its_ceiling(void **state)
{
	struct buffer b = { .max = 4 };

	(void)state;
	assert_int_equal(buffer_add(&b, "abc", 3), 0);
	assert_int_equal(buffer_add(&b, "de", 2), -1);
	assert_int_equal(b.len, 3);
	assert_int_equal(buffer_add_char(&b, 'd'), 0);
	assert_int_equal(buffer_addf(&b, "%d", 1), -1);
	assert_string_equal(buffer_string(&b), "abcd");
	buffer_free(&b);
}

static void
a_secret_is_wiped_when_it_is_cleared(void **state)
{
	struct buffer b = { .kind = BUFFER_SECRET };
	char zero[6] = {0};

	(void)state;
	buffer_add_string(&b, "secret");
	buffer_clear(&b);
	assert_memory_equal(b.data, zero, sizeof(zero));
	buffer_free(&b);
	assert_null(b.data);
}

static void
a_buffer_grows_and_shrinks(void **state)
{
	struct buffer b = {0};

	(void)state;
	buffer_consume(&b, 0);
	assert_null(b.data);
	assert_string_equal(buffer_string(&b), "");
	for (int i = 0; i < 1000; i++)
		buffer_addf(&b, "%d,", i);
	buffer_consume(&b, 4);
	assert_memory_equal(b.data, "2,3,4,", 6);
	buffer_free(&b);
}

static void
a_wait_ends_at_its_deadline(void **state)
{
	struct error err = {0};
	int64_t before = deadline_now();
	int ends[2];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(poll_for(ends[0], POLLIN, before + 20, &err), -1);
	assert_int_equal(err.code, EX_TEMPFAIL);
	assert_string_equal(err.text, "timed out");
	assert_true(deadline_now() >= before + 20);
	assert_int_equal(write(ends[1], "x", 1), 1);
	assert_int_equal(poll_for(ends[0], POLLIN, DEADLINE_NONE, &err),
	    POLLIN);
	close(ends[0]);
	close(ends[1]);
}

static void
a_held_signal_interrupts_a_wait_and_is_named(void **state)
{
	struct error err = {0};
	int ends[2];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	signals_reset();
	signals_hold();
	raise(SIGTERM); /* held back */
	assert_int_equal(poll_for(ends[0], POLLIN, DEADLINE_NONE, &err), -1);
	assert_int_equal(err.signal, SIGTERM);
	/* it stays for whoever waits next: nothing goes on after it */
	assert_int_equal(poll_for(ends[0], POLLIN, DEADLINE_NONE, &err), -1);
	assert_int_equal(err.signal, SIGTERM);
	close(ends[0]);
	close(ends[1]);
	signal(SIGTERM, SIG_IGN); /* drops what is pending */
	signals_reset();
}

static void
the_signal_of_an_alarm_clock_ends_a_wait_under_way(void **state)
{
	struct error err = {0};
	int ends[2];
	pid_t self = getpid();
	pid_t child;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	signals_reset();
	signal(SIGTERM, SIG_DFL);
	signals_hold();
	child = fork();
	if (child == 0) {
		poll(NULL, 0, 50);
		kill(self, SIGTERM);
		_exit(0);
	}
	assert_int_equal(poll_for(ends[0], POLLIN, DEADLINE_NONE, &err), -1);
	assert_int_equal(err.signal, SIGTERM);
	close(ends[0]);
	close(ends[1]);
	signal(SIGTERM, SIG_IGN);
	signals_reset();
}

/* A process that reads all that comes, late; its status tells whether it was
 * so much. */
static pid_t
start_reader(const int ends[2], size_t wanted)
{
	pid_t pid;

	fflush(NULL);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		char block[4096];
		size_t got = 0;
		ssize_t n;

		close(ends[1]);
		poll(NULL, 0, 50);
		while ((n = read(ends[0], block, sizeof(block))) > 0)
			got += (size_t)n;
		_exit(got == wanted ? 0 : 1);
	}
	close(ends[0]);
	return pid;
}

static void
output_is_whole_whatever_the_pipe(void **state)
{
	static const char data[300000]; /* more than a pipe holds */
	const size_t len = sizeof(data);

	(void)state;
	for (int block = 0; block < 2; block++) {
		int ends[2], status;
		pid_t pid;

		assert_int_equal(pipe(ends), 0);
		fcntl(ends[1], F_SETFL, block ? 0 : O_NONBLOCK);
		pid = start_reader(ends, len);
		assert_int_equal(write_all(ends[1], data, len), 0);
		close(ends[1]);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_int_equal(status, 0);
	}
}

static void
output_that_nobody_takes_is_an_error(void **state)
{
	struct error err = {0};
	int fd = open("/dev/full", O_WRONLY);

	(void)state;
	if (fd < 0)
		skip();
	assert_int_equal(write_all(fd, "x", 1), -1);
	assert_int_equal(errno, ENOSPC);
	assert_int_equal(write_answer(fd, "x", 1, &err), -1);
	assert_int_equal(err.code, EX_IOERR);
	assert_non_null(strstr(err.text, "cannot write output: No space"));
	close(fd);
}

static void
a_server_is_one_word(void **state)
{
	char out[64];

	(void)state;
	assert_string_equal(escape_server(out, sizeof(out), "mail.example",
	    25), "mail.example:25");
	assert_string_equal(escape_server(out, sizeof(out), "::1", 465),
	    "[::1]:465");
	assert_string_equal(escape_server(out, sizeof(out), "a\nb", 1),
	    "a\\x0Ab:1");
}

static void
a_buffer_reads_a_file_until_it_ends_or_is_full(void **state)
{
	struct buffer whole = {0}, small = { .max = 5000 };
	char octets[10000];
	FILE *file = tmpfile();

	(void)state;
	memset(octets, 'x', sizeof(octets));
	assert_int_equal(fwrite(octets, 1, sizeof(octets), file),
	    sizeof(octets));
	assert_int_equal(fflush(file), 0);
	lseek(fileno(file), 0, SEEK_SET);
	assert_int_equal(buffer_read(&whole, fileno(file)), 0);
	assert_int_equal(whole.len, sizeof(octets));
	lseek(fileno(file), 0, SEEK_SET);
	assert_int_equal(buffer_read(&small, fileno(file)), 0);
	assert_true(small.len <= 5000);
	assert_int_equal(buffer_read(&whole, -1), -1);
	buffer_free(&whole);
	buffer_free(&small);
	fclose(file);
}

static void
an_array_has_room_for_one_more(void **state)
{
	size_t *at = NULL, n = 0;

	(void)state;
	for (; n < 1000; n++) {
		at = xgrow(at, n, sizeof(*at));
		at[n] = n;
	}
	for (size_t i = 0; i < n; i++)
		assert_int_equal(at[i], i);
	n = 3; /* shortened, it grows again */
	for (; n < 100; n++) {
		at = xgrow(at, n, sizeof(*at));
		at[n] = n;
	}
	assert_int_equal(at[99], 99);
	free(at);
}

static void
a_keeper_gets_words_in_quotes(void **state)
{
	static const char *const cases[][4] = {
		{ "get %h %s", "a.example", "me@b.example",
		  "get a.example me@b.example" },
		{ "get x/%s", "a.example", "o ne@b.example",
		  "get x/'o ne@b.example'" },
		{ "get %s", "", "o'ne@b.example", "get 'o'\\''ne@b.example'" },
		{ "date +%Y; echo %s%", "", "$(id)",
		  "date +%Y; echo '$(id)'%" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *command = keeper_command(cases[i][0], cases[i][1],
		    cases[i][2]);

		assert_string_equal(command, cases[i][3]);
		free(command);
	}
	assert_string_equal(keeper_find("pass")->program, "pass");
	assert_null(keeper_find("file"));
}

/* On machines of 32 bits, too, and in every file. */
static void
files_are_large(void **state)
{
	(void)state;
	assert_int_equal(sizeof(off_t), 8);
}

static void
random_digits_are_hexadecimal_and_differ(void **state)
{
	char first[41], second[41];

	(void)state;
	assert_int_equal(platform_random_hex(first, 40), 0);
	assert_int_equal(platform_random_hex(second, 40), 0);
	assert_int_equal(strspn(first, "0123456789abcdef"), 40);
	assert_int_equal(strlen(first), 40);
	assert_string_not_equal(first, second);
	assert_int_equal(platform_random_hex(second, 2), 0);
	assert_int_equal(strlen(second), 2);
}

static void
a_path_loses_one_component_after_another(void **state)
{
	char absolute[] = "/a/b", relative[] = "a/b";

	(void)state;
	assert_int_equal(path_go_up(absolute), 1);
	assert_string_equal(absolute, "/a");
	assert_int_equal(path_go_up(absolute), 1);
	assert_string_equal(absolute, "/");
	assert_int_equal(path_go_up(absolute), 0);
	assert_string_equal(absolute, "/");
	assert_int_equal(path_go_up(relative), 1);
	assert_string_equal(relative, "a");
	assert_int_equal(path_go_up(relative), 0);
	assert_string_equal(relative, "a");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_are_digits_within_a_range),
		cmocka_unit_test(case_is_folded_for_ascii_alone),
		cmocka_unit_test(a_word_of_a_list_is_a_whole_one),
		cmocka_unit_test(foreign_octets_are_escaped),
		cmocka_unit_test(a_server_is_one_word),
		cmocka_unit_test(lines_keep_their_ends_and_what_is_escaped),
		cmocka_unit_test(an_escape_that_does_not_fit_is_cut_visibly),
		cmocka_unit_test(a_buffer_keeps_to_its_ceiling),
		cmocka_unit_test(a_secret_is_wiped_when_it_is_cleared),
		cmocka_unit_test(a_buffer_grows_and_shrinks),
		cmocka_unit_test(
		    a_buffer_reads_a_file_until_it_ends_or_is_full),
		cmocka_unit_test(an_array_has_room_for_one_more),
		cmocka_unit_test(a_wait_ends_at_its_deadline),
		cmocka_unit_test(a_held_signal_interrupts_a_wait_and_is_named),
		cmocka_unit_test(
		    the_signal_of_an_alarm_clock_ends_a_wait_under_way),
		cmocka_unit_test(files_are_large),
		cmocka_unit_test(random_digits_are_hexadecimal_and_differ),
		cmocka_unit_test(output_is_whole_whatever_the_pipe),
		cmocka_unit_test(a_path_loses_one_component_after_another),
		cmocka_unit_test(a_keeper_gets_words_in_quotes),
		cmocka_unit_test(output_that_nobody_takes_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
