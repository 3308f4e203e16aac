/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "../unit.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/poll.h"
#include "net/proxy_command.h"

/* What the shell gets to read; NULL for what it must not. */
static const struct {
	const char *command;
	const char *host;
	const char *expanded;
} table[] = {
	{ "ssh -W %h:%p gw", "mail.example", "ssh -W mail.example:587 gw" },
	{ "ssh -W '[%h]:%p' gw", "2001:db8::1",
	    "ssh -W '[2001:db8::1]:587' gw" },
	{ "nc %h %p", "_a-b.xn--c", "nc _a-b.xn--c 587" },
	{ "printf %%s | x %x %", "h", "printf %s | x %x %" },
	{ "%%h", "h", "%h" },
	{ "fixed", "-any;thing", "fixed" },
	{ "", "h", "" },
	{ "nc %h", "-oProxyCommand=x", NULL },
	{ "nc %h", "$(reboot)", NULL },
	{ "nc %h", "a;b", NULL },
	{ "nc %h", "a b", NULL },
	{ "nc %h", "a'b", NULL },
	{ "nc %h", "a\nb", NULL },
	{ "nc %h", "\303\251", NULL },
	{ "nc %h", "fe80::1%eth0", NULL },
	{ "nc %h", "", NULL },
};

static void
host_and_port_are_put_in(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct error err = {0};
		char *text = proxy_command_expand(table[i].command,
		    table[i].host,
		    587, &err);

		if (table[i].expanded == NULL) {
			assert_null(text);
			assert_int_equal(err.code, EX_DATAERR);
			continue;
		}
		assert_non_null(text);
		assert_string_equal(text, table[i].expanded);
		free(text);
	}
}

/* One read, waited for; its result, the text ended by NUL. */
static ssize_t
take(struct transport *t, char *text, size_t size, struct error *err)
{
	for (;;) {
		ssize_t n = t->read(t, text, size - 1, err);

		if (n >= 0)
			text[n] = '\0';
		if (n != TRANSPORT_WANT_READ)
			return n;
		if (poll_for(t->fd, POLLIN, deadline_in(20000), err) < 0)
			return TRANSPORT_FAILED;
	}
}

static void
its_stdio_is_the_connection(void **state)
{
	struct transport *t;
	struct error err = {0};
	char text[64];

	(void)state;
	assert_int_equal(proxy_command_open(&t, "read -r x; echo \"<$x>\"",
	    &err), 0);
	assert_int_equal(t->write(t, "hello\n", 6, &err), 6);
	assert_int_equal(t->flush(t, &err), 0);
	assert_int_equal(take(t, text, sizeof(text), &err), 8);
	assert_string_equal(text, "<hello>\n");
	assert_int_equal(take(t, text, sizeof(text), &err), 0);
	t->close(t);
}

/* Commands, and what reading from them comes to. */
static const struct {
	const char *command;
	const char *text;
} ends[] = {
	{ "exit 3", "connect_command: exit status 3" },
	{ "kill -9 $$", "connect_command: killed by signal 9" },
	{ "exit 0", "connect_command: exited without output" },
	{ "exec 2>&-; no-such-command-of-ours",
	    "connect_command: exit status 127" },
};

static void
an_early_end_is_told_with_its_status(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		struct transport *t;
		struct error err = {0};
		char text[64];

		assert_int_equal(proxy_command_open(&t, ends[i].command, &err),
		    0);
		assert_int_equal(take(t, text, sizeof(text), &err),
		    TRANSPORT_FAILED);
		assert_int_equal(err.code, EX_TEMPFAIL);
		assert_string_equal(err.text, ends[i].text);
		t->close(t);
	}
}

/* Two of them: the shell and what it started. Both hold their ears shut. */
static void
closing_kills_what_does_not_end(void **state)
{
	static const char command[] = "trap '' TERM HUP INT\n"
	    "(trap '' TERM HUP INT; while :; do sleep 60; done) &\n"
	    "echo $!\nwhile :; do sleep 60; done";
	struct transport *t;
	struct error err = {0};
	char text[64];
	int64_t before;
	pid_t pid;

	(void)state;
	assert_int_equal(proxy_command_open(&t, command, &err), 0);
	assert_true(take(t, text, sizeof(text), &err) > 0);
	pid = (pid_t)strtol(text, NULL, 10);
	assert_true(pid > 1);
	before = deadline_now();
	t->close(t);
	assert_true(deadline_now() - before < 15000);
	/* It is init's to reap it, in its own time. */
	for (int i = 0; i < 300 && kill(pid, 0) == 0; i++) {
		char path[64], line[256] = "";
		FILE *file;

		snprintf(path, sizeof(path), "/proc/%ld/stat", (long)pid);
		file = fopen(path, "r");
		if (file == NULL || fgets(line, sizeof(line), file) == NULL ||
		    strstr(line, ") Z") != NULL)
			line[0] = '\0';
		if (file != NULL)
			fclose(file);
		if (line[0] == '\0')
			return; /* a zombie, or gone */
		poll_any(NULL, 0, deadline_in(50), &err);
	}
	assert_int_equal(kill(pid, 0), -1);
	assert_int_equal(errno, ESRCH);
}

/* What came before the end can still be read. */
static void
what_it_said_comes_first(void **state)
{
	struct transport *t;
	struct error err = {0};
	char text[64];

	(void)state;
	assert_int_equal(proxy_command_open(&t, "echo 421 bye; exit 7", &err),
	    0);
	assert_true(take(t, text, sizeof(text), &err) > 0);
	assert_string_equal(text, "421 bye\n");
	assert_int_equal(take(t, text, sizeof(text), &err), TRANSPORT_FAILED);
	assert_string_equal(err.text, "connect_command: exit status 7");
	t->close(t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(host_and_port_are_put_in),
		cmocka_unit_test(its_stdio_is_the_connection),
		cmocka_unit_test(an_early_end_is_told_with_its_status),
		cmocka_unit_test(closing_kills_what_does_not_end),
		cmocka_unit_test(what_it_said_comes_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
