/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "../unit.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/sandbox.h"
#include "smtp/sandbox.h"

/* A home with something of everything, and the account of whoever lives
 * there. Paths below are relative to it. */
struct house {
	char home[64];
	struct account account;
	struct sockaddr_in server; /* somebody listens here */
	int listener;
};

static void
fill(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, "x", 1), 1);
	close(fd);
}

static int
set_up(void **state)
{
	struct house *h = calloc(1, sizeof(*h));
	socklen_t len = sizeof(h->server);

	strcpy(h->home, "/tmp/onehop-sandbox.XXXXXX");
	assert_non_null(mkdtemp(h->home));
	assert_int_equal(chdir(h->home), 0);
	for (const char *const *p = (const char *const []){ ".ssh", ".local",
	    ".local/state", ".local/state/onehop", ".local/state/onehop/new",
	    "store", "logs", NULL }; *p != NULL; p++)
		assert_int_equal(mkdir(*p, 0700), 0);
	for (const char *const *p = (const char *const []){ ".ssh/id",
	    "config", "ca.pem", "crl.pem", "key.pem", "cert.pem", "other.pem",
	    "logs/log",
	    ".local/state/onehop/pins", NULL }; *p != NULL; p++)
		fill(*p);
	assert_int_equal(symlink("../other.pem", "store/link.pem"), 0);
	setenv("HOME", h->home, 1);
	unsetenv("XDG_STATE_HOME");
	account_init(&h->account, h->home);
	h->listener = socket(AF_INET, SOCK_STREAM, 0);
	h->server.sin_family = AF_INET;
	h->server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(h->listener, (struct sockaddr *)&h->server,
	    len), 0);
	assert_int_equal(listen(h->listener, 8), 0);
	assert_int_equal(getsockname(h->listener,
	    (struct sockaddr *)&h->server, &len), 0);
	*state = h;
	return 0;
}

static int
tear_down(void **state)
{
	struct house *h = *state;

	assert_int_equal(chdir("/"), 0);
	assert_int_equal(remove_tree(h->home), 0);
	close(h->listener);
	account_free(&h->account);
	free(h);
	return 0;
}

static void
set(struct house *h, const char *key, const char *value)
{
	struct error err = {0};

	assert_int_equal(account_set(&h->account, key, value, &err), 0);
}

/* What a process might try, each 0 or -1 with errno. */
static int
try_read(const struct house *h, const char *path)
{
	(void)h;
	return open(path, O_RDONLY);
}

static int
try_write(const struct house *h, const char *path)
{
	(void)h;
	return open(path, O_WRONLY);
}

static int
try_create(const struct house *h, const char *path)
{
	(void)h;
	return open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);
}

static int
try_mkdir(const struct house *h, const char *path)
{
	(void)h;
	return mkdir(path, 0700);
}

static int
try_remove(const struct house *h, const char *path)
{
	(void)h;
	return unlink(path);
}

static int
try_list(const struct house *h, const char *path)
{
	(void)h;
	return open(path, O_RDONLY | O_DIRECTORY);
}

/* As a queue does: written in one directory, renamed into another. */
static int
try_queue(const struct house *h, const char *path)
{
	char to[128];
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);

	(void)h;
	if (fd < 0 || write(fd, "x", 1) != 1 || fsync(fd) != 0)
		return -1;
	snprintf(to, sizeof(to), "%.*s/new/1",
	    (int)(strrchr(path, '/') - path), path);
	return rename(path, to);
}

static int
try_execute(const struct house *h, const char *path)
{
	char name[] = "true";
	char *argv[] = { name, NULL };

	(void)h;
	execv(path, argv);
	return -1;
}

static int
try_connect(const struct house *h, const char *path)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	(void)path;
	return connect(fd, (const struct sockaddr *)&h->server,
	    sizeof(h->server));
}

static int
try_signal(const struct house *h, const char *path)
{
	(void)h, (void)path;
	return kill(getppid(), 0);
}

typedef int attempt(const struct house *h, const char *path);

/* errno of the attempt in a process of its own that has entered the sandbox,
 * 0 if it succeeded. */
static int
outcome_in(const struct house *h, unsigned later, attempt *try,
    const char *path)
{
	int status;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		sandbox_enter(&h->account, later);
		_exit(try(h, path) >= 0 ? 0 : errno);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static int
outcome(const struct house *h, attempt *try, const char *path)
{
	return outcome_in(h, 0, try, path);
}

/* Whether the kernel has it is known once a child has tried. */
static void
need_a_sandbox(void)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		struct sandbox_needs none = {0};

		_exit(sandbox_confine(&none) == 0 ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (status != 0)
		skip();
}

static void
gives_up_what_is_not_needed(void **state)
{
	static const struct {
		attempt *try;
		const char *path;
	} cases[] = {
		{ try_read, ".ssh/id" },
		{ try_read, "config" },
		{ try_read, "ca.pem" },
		{ try_read, "other.pem" },
		{ try_read, "/etc/group" },
		{ try_list, "." },
		{ try_list, "/etc" },
		{ try_list, "/" },
		{ try_write, "config" },
		{ try_write, "/dev/null" },
		{ try_write, "/usr/bin/env" },
		{ try_create, "new" },
		{ try_create, "logs/new" },
		{ try_create, "/tmp/onehop-was-here" },
		{ try_mkdir, "directory" },
		{ try_remove, "config" },
		{ try_queue, ".ssh/1" },
		{ try_execute, "/bin/true" },
	};
	struct house *h = *state;

	need_a_sandbox();
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (outcome(h, cases[i].try, cases[i].path) != EACCES)
			fail_msg("case %zu: %s", i, cases[i].path);
}

/* Each as the account's keys have it, after the table's key is set. */
static void
keeps_what_the_account_names(void **state)
{
	static const struct {
		const char *key;
		const char *value;
		attempt *try;
		const char *path;
	} cases[] = {
		{ "tls_trust_file", "~/ca.pem", try_read, "ca.pem" },
		{ "tls_trust_file", "~/store", try_list, "store" },
		{ "tls_trust_file", "~/store", try_read, "store/link.pem" },
		{ "tls_crl_file", "~/crl.pem", try_read, "crl.pem" },
		{ "tls_key_file", "~/key.pem", try_read, "key.pem" },
		{ "tls_cert_file", "~/cert.pem", try_read, "cert.pem" },
		{ "logfile", "~/logs/log", try_write, "logs/log" },
		{ "logfile", "~/logs/log", try_read, "logs/log" },
		{ "sandbox", "auto", try_queue, ".local/state/onehop/1" },
		{ "sandbox", "auto", try_mkdir, ".local/state/onehop/d" },
		{ "sandbox", "auto", try_write, ".local/state/onehop/pins" },
		{ "sandbox", "auto", try_remove, ".local/state/onehop/pins" },
		{ "sandbox", "auto", try_read, "/etc/hosts" },
		{ "sandbox", "auto", try_list, "/usr/share" },
	};
	struct house *h = *state;

	need_a_sandbox();
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		set(h, cases[i].key, cases[i].value);
		if (outcome(h, cases[i].try, cases[i].path) != 0)
			fail_msg("case %zu: %s", i, cases[i].path);
	}
}

/* GnuTLS opens it once the handshake is over. */
static void
keeps_the_log_of_tls_keys(void **state)
{
	struct house *h = *state;
	char path[sizeof(h->home) + 16];

	need_a_sandbox();
	snprintf(path, sizeof(path), "%s/keys", h->home);
	setenv("SSLKEYLOGFILE", path, 1);
	set(h, "tls", "on");
	assert_int_equal(outcome(h, try_write, "keys"), 0);
	set(h, "tls", "off");
	assert_int_equal(outcome(h, try_write, "keys"), EACCES);
	unsetenv("SSLKEYLOGFILE");
}

static void
writes_to_the_log_but_not_beside_it(void **state)
{
	struct house *h = *state;

	need_a_sandbox();
	set(h, "logfile", "~/logs/log");
	assert_int_equal(outcome(h, try_create, "logs/other"), EACCES);
	assert_int_equal(outcome(h, try_remove, "logs/log"), EACCES);
	assert_int_equal(outcome(h, try_execute, "logs/log"), EACCES);
}

/* The kernel's Landlock from ABI 4 and 6 on; EPERM is its word for both. */
static void
takes_the_network_and_signals_where_it_can(void **state)
{
	struct house *h = *state;
	int connected = outcome(h, try_connect, NULL);
	int signalled = outcome(h, try_signal, NULL);

	assert_true(connected == 0 || connected == EACCES);
	assert_true(signalled == 0 || signalled == EPERM);
	if (signalled == EPERM) /* the younger of the two */
		assert_int_equal(connected, EACCES);
}

static void
keeps_what_may_come_later(void **state)
{
	struct house *h = *state;

	assert_int_equal(outcome_in(h, SANDBOX_CONNECT, try_connect, NULL), 0);
	assert_int_equal(outcome_in(h, SANDBOX_KILL, try_signal, NULL), 0);
}

static void
stays_away_where_it_cannot_be(void **state)
{
	static const struct {
		const char *key;
		const char *value;
		const char *before;
	} cases[] = {
		{ "sandbox", "off", "auto" },
		{ "auth", "gssapi", "off" },
		{ "tls_key_file", "pkcs11:token=card", "" },
		{ "tls_cert_file", "pkcs11:token=card", "" },
		{ "tls_trust_file", "PKCS11:token=card", "system" },
	};
	struct house *h = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		set(h, cases[i].key, cases[i].value);
		if (outcome(h, try_read, ".ssh/id") != 0)
			fail_msg("case %zu: %s", i, cases[i].value);
		set(h, cases[i].key, cases[i].before);
	}
	need_a_sandbox();
	assert_int_equal(outcome(h, try_read, ".ssh/id"), EACCES);
}

/* After the sixteenth time Landlock refuses; nothing comes back by that. */
static void
can_be_entered_any_number_of_times(void **state)
{
	struct house *h = *state;
	int status;
	pid_t pid;

	need_a_sandbox();
	fflush(NULL);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		for (int i = 0; i < 20; i++)
			sandbox_enter(&h->account, 0);
		_exit(try_read(h, ".local/state/onehop/pins") >= 0 &&
		    try_read(h, ".ssh/id") < 0 ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(gives_up_what_is_not_needed),
		TEST(keeps_what_the_account_names),
		TEST(keeps_the_log_of_tls_keys),
		TEST(writes_to_the_log_but_not_beside_it),
		TEST(takes_the_network_and_signals_where_it_can),
		TEST(keeps_what_may_come_later),
		TEST(stays_away_where_it_cannot_be),
		TEST(can_be_entered_any_number_of_times),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
