/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "unit.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "../../src/secret.h"

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
	{ "echo \"$ONEHOP_TEST_VARIABLE.$HOME\"", ".home" },
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

		if (secret_command(&out, commands[i].command, 60, &err) != 0)
			print_message("# %s\n", err.text);
		assert_string_equal(buffer_string(&out), commands[i].secret);
		buffer_free(&out);
	}
}

static const struct {
	const char *command, *words;
} failures[] = {
	{ "true", "nothing came" },
	{ "echo", "an empty line came" },
	{ "printf 'topsecret\\0b'", "a NUL came" },
	{ "printf 'topsecret\\nb\\0'", "a NUL came" },
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

		assert_int_equal(secret_command(&out, failures[i].command, 60,
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
the_longest_secret_fits(void **state)
{
	struct buffer out = { .kind = BUFFER_SECRET };
	struct error err = {0};

	(void)state;
	assert_int_equal(secret_command(&out,
	    "head -c 65536 /dev/zero | tr '\\0' x; echo", 60, &err), 0);
	assert_int_equal(out.len, 65536);
	buffer_free(&out);
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
	assert_int_equal(secret_command(&out, command, 1, &err), -1);
	assert_int_equal(err.code, EX_CONFIG);
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
	assert_int_equal(secret_command(&out,
	    "echo pw; exec >&-; sleep 0.1; exit 4", 60, &err), -1);
	assert_non_null(strstr(err.text, "exit status 4"));
	buffer_free(&out);
}

static char work[] = "work", empty[] = "", literal[] = "in the file",
	command_ok[] = "echo from the command", command_bad[] = "exit 1";

static void
the_file_comes_before_the_command(void **state)
{
	struct account a = { .name = work, .user = work, .password = literal,
		.passwordeval = command_ok };
	struct buffer out = { .kind = BUFFER_SECRET };
	struct error err = {0};

	(void)state;
	assert_int_equal(secret_get(&out, &a, &err), 0);
	assert_string_equal(buffer_string(&out), "in the file");
	buffer_clear(&out);
	a.password = empty;
	assert_int_equal(secret_get(&out, &a, &err), 0);
	assert_string_equal(buffer_string(&out), "from the command");
	buffer_clear(&out);
	a.passwordeval = command_bad;
	assert_int_equal(secret_get(&out, &a, &err), -1);
	assert_string_equal(err.text,
	    "account \"work\": command \"exit 1\": exit status 1");
	buffer_free(&out);
}

/* In a session of its own, with that terminal or none: what secret_get says,
 * as an exit code and a line on fd 3. */
static pid_t
ask_in_child(const char *terminal, int report)
{
	pid_t pid = fork();
	struct account a = { .name = work, .user = work, .password = empty,
		.passwordeval = empty };
	struct buffer out = { .kind = BUFFER_SECRET };
	struct error err = {0};

	if (pid != 0)
		return pid;
	signal(SIGINT, SIG_DFL); /* a shell's background job ignores it */
	alarm(120); /* whatever becomes of the test, nobody is left waiting */
	setsid();
	if (terminal != NULL && open(terminal, O_RDWR) < 0)
		_exit(1);
	if (secret_get(&out, &a, &err) == 0)
		dprintf(report, "%s", buffer_string(&out));
	else
		dprintf(report, "%s", err.text);
	_exit(err.signal != 0 ? 100 + err.signal : err.code);
}

/* What can be read from fd until text is in it, it ends, or is mute. */
static const char *
read_until(int fd, const char *text)
{
	static char seen[1024];
	struct pollfd p = { .fd = fd, .events = POLLIN };
	size_t used = 0;
	ssize_t n;

	do {
		n = poll(&p, 1, 10000) > 0
		    ? read(fd, seen + used, sizeof(seen) - 1 - used) : 0;
		used += n > 0 ? (size_t)n : 0;
		seen[used] = '\0';
	} while (n > 0 && strstr(seen, text) == NULL);
	return seen;
}

/* Typed text, what comes of it, exit code. */
static const struct {
	const char *typed, *said;
	int code;
} dialogues[] = {
	{ "typed one\n", "typed one", 0 },
	{ "\n", "account \"work\": expected a password, an empty line came",
	    EX_CONFIG },
	{ "\4", "account \"work\": expected a password, nothing came",
	    EX_CONFIG },
	{ "half\3", "account \"work\": interrupted by signal 2",
	    100 + SIGINT },
};

static void
at_a_terminal_the_password_is_asked_for_unseen(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(dialogues) / sizeof(dialogues[0]);
	    i++) {
		int master = posix_openpt(O_RDWR | O_NOCTTY);
		struct termios modes;
		int report[2], status;
		pid_t pid;

		assert_true(master >= 0 && grantpt(master) == 0 &&
		    unlockpt(master) == 0 && pipe(report) == 0);
		pid = ask_in_child(ptsname(master), report[1]);
		close(report[1]);
		assert_non_null(strstr(read_until(master, "at work: "),
		    "password of work at work: "));
		assert_int_equal(tcgetattr(master, &modes), 0);
		assert_false(modes.c_lflag & ECHO);
		assert_true(write(master, dialogues[i].typed,
		    strlen(dialogues[i].typed)) > 0);
		assert_string_equal(read_until(report[0], "\n"),
		    dialogues[i].said);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_int_equal(WEXITSTATUS(status), dialogues[i].code);
		close(report[0]);
		close(master);
	}
}

static void
without_a_source_the_error_says_what_to_set(void **state)
{
	int report[2], status;
	pid_t pid;

	(void)state;
	assert_int_equal(pipe(report), 0);
	pid = ask_in_child(NULL, report[1]);
	close(report[1]);
	assert_string_equal(read_until(report[0], "\n"), "account \"work\": "
	    "there is no password, and no terminal to ask for one");
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(WEXITSTATUS(status), EX_CONFIG);
	close(report[0]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_line_is_the_secret),
		cmocka_unit_test(
		    a_command_that_fails_is_quoted_without_its_output),
		cmocka_unit_test(the_longest_secret_fits),
		cmocka_unit_test(at_the_limit_all_that_was_started_is_killed),
		cmocka_unit_test(a_command_that_shuts_its_output_is_waited_for),
		cmocka_unit_test(the_file_comes_before_the_command),
		cmocka_unit_test(
		    at_a_terminal_the_password_is_asked_for_unseen),
		cmocka_unit_test(without_a_source_the_error_says_what_to_set),
	};

	/* What a command must not inherit. */
	setenv("ONEHOP_TEST_VARIABLE", "seen", 1);
	setenv("HOME", "home", 1);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	dup2(STDERR_FILENO, 9);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
