/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "../unit.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "../certs.h"
#include "auth/password.h"
#include "config/account_check.h"

/* An account of those words alone. */
static void
make_account(struct account *a, const char *password, const char *command)
{
	struct error err = {0};

	account_init(a, "");
	free(a->name);
	a->name = strdup("work");
	assert_int_equal(account_set(a, "user", "work", &err), 0);
	assert_int_equal(account_set(a, "password", password, &err), 0);
	assert_int_equal(account_set(a, "passwordeval", command, &err), 0);
}

static void
the_file_comes_before_the_command(void **state)
{
	struct password s = {0};
	struct error err = {0};
	struct account a;

	(void)state;
	make_account(&a, "in the file", "echo from the command");
	assert_int_equal(password_get(&s, &a, &err), 0);
	assert_string_equal(buffer_string(&s.text), "in the file");
	assert_string_equal(s.origin, "from the config file");
	password_free(&s);
	account_set(&a, "password", "", &err);
	assert_int_equal(password_get(&s, &a, &err), 0);
	assert_string_equal(buffer_string(&s.text), "from the command");
	assert_string_equal(s.origin, "from passwordeval");
	password_free(&s);
	account_set(&a, "passwordeval", "exit 1", &err);
	assert_int_equal(password_get(&s, &a, &err), -1);
	assert_string_equal(err.text,
	    "account \"work\": command \"exit 1\": exit status 1");
	password_free(&s);
	account_free(&a);
}

/* Settings of an account at mail.example, home directory "here", files
 * there, and what comes of them: the secret and its origin, or an error. */
static const struct {
	const char *settings[3][2];
	const char *file, *text;
	mode_t mode;
	const char *said;
} kept[] = {
	{ {{0}}, "onehop.work", "pw\n", 0400,
	    "pw from credential onehop.work" },
	{ {{0}}, "onehop.work", "pw", 0440,
	    "pw from credential onehop.work" },
	{ {{0}}, "onehop.work", "pw", 0444, "account \"work\": password from "
	    "credential onehop.work: expected a file that others cannot "
	    "read" },
	{ {{0}}, "onehop.work", "", 0400, "account \"work\": password from "
	    "credential onehop.work: expected a password, not empty output" },
	{ {{ "password_credential", "smtp" }}, "smtp", "pw", 0400,
	    "pw from credential smtp" },
	{ {{ "password_credential", "smtp" }}, "onehop.work", "pw", 0400,
	    "account \"work\": password from credential smtp: no such file" },
	{ {{ "password_credential", "smtp" }, { "passwordeval", "echo x" }},
	    "smtp", "pw", 0400, "x from passwordeval" },

	{ {{0}}, ".netrc", "machine mail.example login work password pw",
	    0600, "pw from ~/.netrc line 1" },
	{ {{0}}, ".netrc", "machine mail.example login work password pw",
	    0640, "account \"work\": ~/.netrc: a file that holds a password "
	    "must be readable by its owner alone, chmod 600" },
	{ {{0}}, ".netrc", "\nmachine mail.example login", 0600, "account "
	    "\"work\": ~/.netrc: line 2: expected another word, not the end "
	    "of the file" },
	{ {{0}}, ".netrc", "default login work password pw", 0600, NULL },
	{ {{0}}, ".netrc", "machine mail.example login joe password pw", 0644,
	    NULL },
	{ {{ "host", "mail.example second.example" }}, ".netrc",
	    "machine mail.example login work password pw", 0600, NULL },
	{ {{ "socket", "/run/smtp" }}, ".netrc",
	    "machine mail.example login work password pw", 0600, NULL },
};

/* What password_get comes to in such a place. */
static char *
fetch(size_t i, const char *home)
{
	char path[128];
	struct password s = {0};
	struct error err = {0};
	struct account a;
	char *said;

	snprintf(path, sizeof(path), "%s/%s", home, kept[i].file);
	write_file(path, kept[i].text, kept[i].mode);
	make_account(&a, "", "");
	free(a.home);
	a.home = strdup(home);
	account_set(&a, "host", "mail.example", &err);
	for (size_t k = 0; k < 3 && kept[i].settings[k][0] != NULL; k++)
		assert_int_equal(account_set(&a, kept[i].settings[k][0],
		    kept[i].settings[k][1], &err), 0);
	assert_int_equal(account_check(&a, &err), 0);
	said = calloc(1, 1024);
	if (password_get(&s, &a, &err) == 0)
		snprintf(said, 1024, "%s %s", buffer_string(&s.text),
		    s.origin);
	else
		snprintf(said, 1024, "%s", err.text);
	password_free(&s);
	account_free(&a);
	unlink(path);
	return said;
}

static void
credentials_and_netrc_serve_those_they_are_for(void **state)
{
	char home[] = "/tmp/onehop-secret-XXXXXX";

	(void)state;
	assert_non_null(mkdtemp(home));
	setenv("CREDENTIALS_DIRECTORY", home, 1);
	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
		char *said = fetch(i, home);

		assert_string_equal(said, kept[i].said != NULL ? kept[i].said
		    : "account \"work\": no password configured, and no "
		    "terminal to prompt for one");
		free(said);
	}
	unsetenv("CREDENTIALS_DIRECTORY");
	rmdir(home);
}

static void
a_credential_by_the_accounts_name_stays_with_its_server(void **state)
{
	char home[] = "/tmp/onehop-secret-XXXXXX", path[64];
	struct password s = {0};
	struct error err = {0};
	struct account a;

	(void)state;
	assert_non_null(mkdtemp(home));
	setenv("CREDENTIALS_DIRECTORY", home, 1);
	snprintf(path, sizeof(path), "%s/onehop.work", home);
	write_file(path, "topsecret", 0400);
	make_account(&a, "", "");
	a.secrets_withheld = 1;
	assert_int_equal(password_get(&s, &a, &err), -1);
	assert_non_null(strstr(err.text, "no password configured"));
	assert_int_equal(s.text.len, 0);
	password_free(&s);
	account_free(&a);
	unlink(path);
	unsetenv("CREDENTIALS_DIRECTORY");
	rmdir(home);
}

/* The command line says whom to trust, such as tls_certcheck off. */
static void
netrc_is_withheld_from_a_server_that_proves_nothing(void **state)
{
	char home[] = "/tmp/onehop-secret-XXXXXX", path[64];

	(void)state;
	assert_non_null(mkdtemp(home));
	snprintf(path, sizeof(path), "%s/.netrc", home);
	write_file(path, "machine mail.example login me password topsecret\n",
	    0600);
	for (int withheld = 0; withheld <= 1; withheld++) {
		struct password s = {0};
		struct error err = {0};
		struct account a;

		make_account(&a, "", "");
		free(a.home);
		a.home = strdup(home);
		assert_int_equal(account_set(&a, "user", "me", &err), 0);
		assert_int_equal(account_set(&a, "host", "mail.example", &err),
		    0);
		a.netrc_withheld = withheld;
		assert_int_equal(password_get(&s, &a, &err), -withheld);
		assert_int_equal(s.text.len, withheld ? 0 : 9);
		password_free(&s);
		account_free(&a);
	}
	unlink(path);
	rmdir(home);
}

/* Places of credentials and of netrc that hold no file: words of the error. */
static const struct {
	const char *directory; /* below home, made; NULL: none */
	const char *variable;  /* CREDENTIALS_DIRECTORY; NULL: home */
	const char *credential, *said;
} unreadable[] = {
	{ "onehop.work", NULL, "", "/onehop.work: expected a regular "
	    "file" },
	{ ".netrc", NULL, "", "/.netrc: expected a regular file" },
	{ NULL, "", "smtp", "account \"work\": password from credential smtp: "
	    "expected an absolute path in CREDENTIALS_DIRECTORY" },
	{ NULL, "relative", "smtp", "account \"work\": password from "
	    "credential smtp: expected an absolute path in "
	    "CREDENTIALS_DIRECTORY" },
	{ "onehop.work", "relative", "", "account \"work\": no password "
	    "configured, and no terminal to prompt for one" },
};

static void
what_is_no_file_is_told_with_its_place(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(unreadable) / sizeof(unreadable[0]);
	    i++) {
		char home[] = "/tmp/onehop-secret-XXXXXX", path[128];
		struct password s = {0};
		struct error err = {0};
		struct account a;

		assert_non_null(mkdtemp(home));
		setenv("CREDENTIALS_DIRECTORY", unreadable[i].variable != NULL
		    ? unreadable[i].variable : home, 1);
		snprintf(path, sizeof(path), "%s/%s", home,
		    unreadable[i].directory != NULL
		    ? unreadable[i].directory : "");
		mkdir(path, 0700);
		make_account(&a, "", "");
		free(a.home);
		a.home = strdup(home);
		assert_int_equal(account_set(&a, "password_credential",
		    unreadable[i].credential, &err), 0);
		assert_int_equal(account_set(&a, "host", "mail.example", &err),
		    0);
		assert_int_equal(password_get(&s, &a, &err), -1);
		assert_int_equal(err.code, EX_CONFIG);
		assert_non_null(strstr(err.text, unreadable[i].said));
		password_free(&s);
		account_free(&a);
		rmdir(path);
		rmdir(home);
	}
	unsetenv("CREDENTIALS_DIRECTORY");
}

/* An account's name is no path, and without one there is no credential. */
static void
a_name_that_is_no_file_name_has_no_credential(void **state)
{
	static const char *const names[] = { "", "a/onehop.work" };

	(void)state;
	setenv("CREDENTIALS_DIRECTORY", "/nonexistent", 1);
	for (size_t i = 0; i < 2; i++) {
		struct password s = {0};
		struct error err = {0};
		struct account a;

		make_account(&a, "", "");
		free(a.name);
		a.name = strdup(names[i]);
		assert_int_equal(password_get(&s, &a, &err), -1);
		assert_non_null(strstr(err.text, "no terminal"));
		assert_string_equal(s.origin, "typed");
		password_free(&s);
		account_free(&a);
	}
	unsetenv("CREDENTIALS_DIRECTORY");
}

/* What the account says, the password of its key, and who else may have it:
 * the secret, "" for none, or NULL for an error. */
static const struct {
	const char *settings[2][2];
	const char *key_password;
	enum password_use use;
	const char *secret;
} locked[] = {
	{ { { "password", "pw" } }, "pw", SECRET_FREE, "pw" },
	{ { { "passwordeval", "echo pw" } }, "pw", SECRET_FREE, "pw" },
	{ { { "passwordeval", "exit 3" } }, "pw", SECRET_FREE, NULL },
	{ { { "password", "pw" } }, "pw", SECRET_FOR_AUTH, "" },
	{ { { "passwordeval", "echo pw" } }, "pw", SECRET_FOR_AUTH, "" },
	{ { { "tls_key_passwordeval", "echo of the key" } }, "pw",
	    SECRET_FOR_AUTH, "of the key" },
	{ { { "tls_key_passwordeval", "echo of the key" },
	    { "password", "pw" } }, "pw", SECRET_FREE, "of the key" },
	{ { { "tls_key_passwordeval", "exit 3" } }, "pw", SECRET_FREE, NULL },
	{ { { "password", "pw" } }, NULL, SECRET_FREE, "" },
	{ {{0}}, "pw", SECRET_FREE, "" },
};

static void
a_locked_key_gets_the_password_that_is_free(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(locked) / sizeof(locked[0]); i++) {
		const char *key = certs_write_key("key.pem", CLIENT,
		    locked[i].key_password);
		struct password s = {0};
		struct error err = {0};
		struct account a;
		int result;

		make_account(&a, "", "");
		assert_int_equal(account_set(&a, "tls_key_file", key, &err),
		    0);
		for (size_t k = 0; k < 2 &&
		    locked[i].settings[k][0] != NULL; k++)
			assert_int_equal(account_set(&a,
			    locked[i].settings[k][0],
			    locked[i].settings[k][1], &err), 0);
		result = password_get_for_key(&s, &a, locked[i].use, &err);
		if (locked[i].secret == NULL) {
			assert_int_equal(result, -1);
			assert_string_equal(err.text, "password of "
			    "tls_key_file: command \"exit 3\": exit status 3");
		} else {
			assert_int_equal(result, 0);
			assert_string_equal(buffer_string(&s.text),
			    locked[i].secret);
		}
		password_free(&s);
		account_free(&a);
	}
}

static void
without_a_key_nothing_is_fetched(void **state)
{
	struct password s = {0};
	struct error err = {0};
	struct account a;

	(void)state;
	make_account(&a, "pw", "");
	assert_int_equal(password_get_for_key(&s, &a, SECRET_FREE, &err), 0);
	assert_int_equal(s.text.len, 0);
	account_free(&a);
}

/* In a session of its own, with that terminal or none: what password_get says,
 * as an exit code and a line on fd 3. */
static pid_t
ask_in_child(const char *terminal, int report)
{
	pid_t pid = fork();
	struct password s = {0};
	struct error err = {0};
	struct account a;

	if (pid != 0)
		return pid;
	make_account(&a, "", "");
	signal(SIGINT, SIG_DFL); /* a shell's background job ignores it */
	alarm(120); /* whatever becomes of the test, nobody is left waiting */
	setsid();
	if (terminal != NULL && open(terminal, O_RDWR) < 0)
		_exit(1);
	if (password_get(&s, &a, &err) == 0)
		dprintf(report, "%s", buffer_string(&s.text));
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
	{ "\n", "account \"work\": expected a password, not an empty line",
	    EX_CONFIG },
	{ "\4", "account \"work\": expected a password, not empty output",
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
	    "no password configured, and no terminal to prompt for one");
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(WEXITSTATUS(status), EX_CONFIG);
	close(report[0]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_file_comes_before_the_command),
		cmocka_unit_test(
		    credentials_and_netrc_serve_those_they_are_for),
		cmocka_unit_test(
		    a_credential_by_the_accounts_name_stays_with_its_server),
		cmocka_unit_test(
		    at_a_terminal_the_password_is_asked_for_unseen),
		cmocka_unit_test(what_is_no_file_is_told_with_its_place),
		cmocka_unit_test(
		    a_name_that_is_no_file_name_has_no_credential),
		cmocka_unit_test(a_locked_key_gets_the_password_that_is_free),
		cmocka_unit_test(without_a_key_nothing_is_fetched),
		cmocka_unit_test(
		    netrc_is_withheld_from_a_server_that_proves_nothing),
		cmocka_unit_test(without_a_source_the_error_says_what_to_set),
	};

	unsetenv("CREDENTIALS_DIRECTORY");
	setsid(); /* no terminal to ask at */
	return cmocka_run_group_tests(tests, certs_make, certs_free);
}
