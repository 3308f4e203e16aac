/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "../unit.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/run_command.h"

/* Commands and the first line they print. */
static const struct {
	const char *command, *secret;
} commands[] = {
	{ "echo pw", "pw" },
	{ "printf pw", "pw" },
	{ "printf 'pw\\r\\n'", "pw" },
	{ "printf 'pw\\r'", "pw\r" },
	{ "printf 'pw\\n\\n'", "pw" },
	{ "printf 'pw\\nlogin: jane\\n'", "pw" },
	{ "printf ' p w \\n'", " p w " },
	{ "printf 'p\\303\\266\\n'", "p\xc3\xb6" },
	{ "cat; echo read", "read" }, /* stdin is empty, not the message */
	{ "echo \"$ONEHOP_TEST_VARIABLE.$HOME\"", "seen.home" },
	{ "echo \"$USER\" | grep -c .", "1" },
	{ "test \"$LOGNAME\" = \"$USER\" && echo same", "same" },
	{ "env | grep -c ^LOGNAME=", "1" },
	{ "env | grep -cE '^(LD_BIND_NOW|BASH_ENV|ENV|CDPATH|SHELLOPTS|'"
	    "'BASH_FUNC_f%%)='; true", "0" },
	{ "if true 2>/dev/null >&9; then echo open; else echo shut; fi",
	    "shut" },
	{ "sh -c 'kill -PIPE $$'; test $? -gt 128 && echo died", "died" },
	{ "sh -c 'kill -TERM $$'; test $? -gt 128 && echo died", "died" },
};

static void
the_first_line_is_the_secret(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		struct buffer out = { .kind = BUFFER_SECRET };
		struct error err = {0};

		if (command_read(&out, commands[i].command, 60, &err) != 0)
			print_message("# %s\n", err.text);
		assert_string_equal(buffer_string(&out), commands[i].secret);
		buffer_free(&out);
	}
}

static const struct {
	const char *command, *words;
} failures[] = {
	{ "true", "not empty output" },
	{ "echo", "not an empty line" },
	{ "printf 'topsecret\\0b'", "without NUL" },
	{ "printf 'topsecret\\nb\\0'", "without NUL" },
	{ "echo topsecret; exit 3", "exit status 3" },
	{ "onehop-no-such-command 2>/dev/null", "exit status 127" },
	{ "echo topsecret; kill -9 $$", "killed by signal 9" },
	{ "head -c 70000 /dev/zero | tr '\\0' x", "more than 65536 octets" },
	{ "head -c 65537 /dev/zero | tr '\\0' x", "more than 65536 octets" },
	{ "head -c 9000000 /dev/zero", "more than 65536 octets" },
};

static void
a_command_that_fails_is_quoted_without_its_output(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(failures) / sizeof(failures[0]); i++) {
		struct buffer out = { .kind = BUFFER_SECRET };
		struct error err = {0};
		const char *said;

		assert_int_equal(command_read(&out, failures[i].command, 60,
		    &err), -1);
		assert_int_equal(err.code, EX_CONFIG);
		assert_int_equal(out.len, 0);
		assert_non_null(strstr(err.text, failures[i].words));
		said = strstr(err.text, "\": ");
		assert_non_null(said);
		assert_null(strstr(said, "topsecret"));
		buffer_free(&out);
	}
}

static void
a_command_may_ask_for_another_try(void **state)
{
	struct buffer out = { .kind = BUFFER_SECRET };
	struct error err = {0};

	(void)state;
	assert_int_equal(command_read(&out, "echo x; exit 75", 60, &err), -1);
	assert_int_equal(err.code, EX_TEMPFAIL);
	buffer_free(&out);
}

static void
the_longest_secret_fits(void **state)
{
	struct buffer out = { .kind = BUFFER_SECRET };
	struct error err = {0};

	(void)state;
	assert_int_equal(command_read(&out,
	    "head -c 65536 /dev/zero | tr '\\0' x; echo", 60, &err), 0);
	assert_int_equal(out.len, 65536);
	buffer_free(&out);
}

static void
a_command_succeeds_with_status_0_in_time(void **state)
{
	struct error err = {0};

	(void)state;
	assert_int_equal(command_succeeds("true", 60, &err), 1);
	assert_int_equal(command_succeeds("exit 75", 60, &err), 0);
	assert_int_equal(command_succeeds("sleep 60", 1, &err), 0);
	assert_int_equal(command_succeeds("test ! -t 1 && ! read line", 60,
	    &err), 1);
	assert_int_equal(err.code, 0);
}

static void
at_the_limit_all_that_was_started_is_killed(void **state)
{
	char directory[] = "/tmp/onehop-secret-XXXXXX";
	char path[64], command[160];
	struct buffer out = { .kind = BUFFER_SECRET };
	struct error err = {0};
	struct pollfd p = { .events = POLLIN };
	char c;

	(void)state;
	assert_non_null(mkdtemp(directory));
	snprintf(path, sizeof(path), "%s/fifo", directory);
	assert_int_equal(mkfifo(path, 0600), 0);
	p.fd = open(path, O_RDONLY | O_NONBLOCK);
	snprintf(command, sizeof(command),
	    "(echo x; exec sleep 600) >%s & sleep 600", path);
	assert_int_equal(command_read(&out, command, 1, &err), -1);
	assert_int_equal(err.code, EX_TEMPFAIL);
	assert_non_null(strstr(err.text, "timed out"));
	while (poll(&p, 1, 10000) == 1 && (p.revents & POLLIN))
		assert_true(read(p.fd, &c, 1) == 1);
	assert_true(p.revents & POLLHUP); /* no writer is left */
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	close(p.fd);
	unlink(path);
	rmdir(directory);
}

static void
a_command_that_shuts_its_output_is_waited_for(void **state)
{
	struct buffer out = { .kind = BUFFER_SECRET };
	struct error err = {0};

	(void)state;
	assert_int_equal(command_read(&out,
	    "echo pw; exec >&-; sleep 0.1; exit 4", 60, &err), -1);
	assert_non_null(strstr(err.text, "exit status 4"));
	buffer_free(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_line_is_the_secret),
		cmocka_unit_test(
		    a_command_that_fails_is_quoted_without_its_output),
		cmocka_unit_test(a_command_may_ask_for_another_try),
		cmocka_unit_test(the_longest_secret_fits),
		cmocka_unit_test(a_command_succeeds_with_status_0_in_time),
		cmocka_unit_test(at_the_limit_all_that_was_started_is_killed),
		cmocka_unit_test(a_command_that_shuts_its_output_is_waited_for),
	};

	setenv("ONEHOP_TEST_VARIABLE", "seen", 1);
	setenv("HOME", "home", 1);
	unsetenv("USER");
	setenv("LOGNAME", "", 1);
	/* What a command must not inherit. */
	setenv("LD_BIND_NOW", "1", 1);
	setenv("BASH_ENV", "/nonexistent", 1);
	setenv("ENV", "/nonexistent", 1);
	setenv("CDPATH", "/", 1);
	setenv("SHELLOPTS", "xtrace", 1);
	setenv("BASH_FUNC_f%%", "() { :; }", 1);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	dup2(STDERR_FILENO, 9);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
