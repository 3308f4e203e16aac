/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "../unit.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/load.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

/* The directory of one test, its config file, and a FIFO's name. */
struct scratch {
	char path[64];
	char config[96];
	char fifo[96];
};

static const char accounts[] =
	"account work\nhost mail.work.example\nfrom me@work.example\n"
	"from *@lists.work.example\nuser u\npassword p\nauth on\n"
	"proxy_host proxy.example\nproxy_user pu\nproxy_password pp\n"
	"password_credential c\n"
	"account home\nhost mail.home.example\nfrom Me@Home.example\n"
	"account bare\nuser u\npassword p\n"
	"account default : home\n";

/* -a, -f and the From field, and the account that they lead to. */
static const struct {
	const char *account;
	const char *sender;
	const char *from;
	const char *name; /* or the error */
} choices[] = {
	{ NULL, NULL, NULL, "default" },
	{ NULL, NULL, "x@other.example", "default" },
	{ NULL, NULL, "Me <me@work.example>", "work" },
	{ NULL, NULL, "ME@WORK.EXAMPLE", "work" },
	{ NULL, NULL, "me+tag@work.example", "work" },
	{ NULL, NULL, "me@work.example+tag", "default" },
	{ NULL, NULL, "a+b+c@LISTS.work.example", "work" },
	{ NULL, NULL, "me@home.example, me@work.example", "default" },
	{ NULL, NULL, "me@home.example", "default" },
	{ NULL, "me@home.example", NULL, "home" },
	{ NULL, NULL, "not an address <", "default" },
	{ NULL, "me@work.example", "me@home.example", "work" },
	{ NULL, "<me@work.example>", NULL, "work" },
	{ NULL, "Me <me@work.example>", NULL, "work" },
	{ NULL, "x@other.example", "me@work.example", "work" },
	{ NULL, "", "me@work.example", "work" },
	{ "home", "me@work.example", "me@work.example", "home" },
	{ "none", NULL, NULL, "no account none in the config files" },
};

/* An override of account "work", and what is left of user and password, and
 * of the proxy's password. */
static const struct {
	const char *key;
	const char *value;
	const char *user;
	const char *password;
	const char *proxy;
} overrides[] = {
	{ "timeout", "7", "u", "***", "***" },
	{ "host", "MAIL.work.example", "u", "***", "***" },
	{ "port", "587", "u", "***", "***" },
	{ "tls", "on", "u", "***", "***" },
	{ "auth", "plain", "u", "***", "***" },
	{ "user", "v", "v", "***", "***" },
	{ "host", "evil.example", "", "", "***" },
	{ "host", "mail.work.example evil.example", "", "", "***" },
	{ "port", "588", "", "", "***" },
	{ "tls_starttls", "off", "", "", "***" },
	{ "socket", "/run/evil", "", "", "***" },
	{ "tls", "off", "", "", "***" },
	{ "tls_certcheck", "off", "", "", "***" },
	{ "proxy_host", "evil.example", "", "", "" },
	{ "proxy_port", "1081", "", "", "" },
	{ "proxy_type", "http", "", "", "" },
	{ "proxy_type", "socks5", "u", "***", "***" },
	{ "tls_host_override", "evil.example", "", "", "***" },
	{ "tls_trust_file", "/evil.pem", "", "", "***" },
	{ "tls_fingerprint", "00112233445566778899AABBCCDDEEFF0011223344556677"
	    "8899AABBCCDDEEFF", "", "", "***" },
};

static int
set_up(void **state)
{
	struct scratch *s = calloc(1, sizeof(*s));
	FILE *file;

	snprintf(s->path, sizeof(s->path), "/tmp/onehop-unit-XXXXXX");
	if (mkdtemp(s->path) == NULL)
		return -1;
	snprintf(s->config, sizeof(s->config), "%s/config", s->path);
	snprintf(s->fifo, sizeof(s->fifo), "%s/fifo", s->path);
	file = fopen(s->config, "w");
	if (file == NULL || fputs(accounts, file) < 0 || fclose(file) != 0 ||
	    chmod(s->config, 0600) != 0)
		return -1;
	*state = s;
	return 0;
}

static int
tear_down(void **state)
{
	struct scratch *s = *state;

	unlink(s->config);
	unlink(s->fifo);
	rmdir(s->path);
	free(s);
	return 0;
}

/* A message of one field, or none. */
static void
make_message(struct message *m, const char *from)
{
	struct error err = {0};
	char text[256];
	int ends[2];
	int n = snprintf(text, sizeof(text), "%s%s\n\nbody\n",
	    from != NULL ? "From: " : "", from != NULL ? from : "X: y");

	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], text, (size_t)n), n);
	close(ends[1]);
	assert_int_equal(message_read(m, ends[0], 0, &err), 0);
	close(ends[0]);
}

static void
the_senders_address_chooses_the_account(void **state)
{
	const struct scratch *s = *state;

	for (size_t i = 0; i < COUNT(choices); i++) {
		struct selection selection = { .config = s->config,
		    .account = choices[i].account };
		struct message m = {0};
		struct account a = {0};
		struct error err = {0};

		make_message(&m, choices[i].from);
		if (config_load(&a, &selection, choices[i].sender, &m, &err)
		    == 0) {
			assert_string_equal(a.name, choices[i].name);
			account_free(&a);
		} else {
			assert_int_equal(err.code, EX_CONFIG);
			assert_string_equal(err.text, choices[i].name);
			assert_string_equal(err.hint,
			    "name one of: work, home, bare, default");
		}
		message_free(&m);
	}
}

static void
a_secret_stays_with_its_server(void **state)
{
	const struct scratch *s = *state;

	for (size_t i = 0; i < COUNT(overrides); i++) {
		struct override given[] = {
			{ overrides[i].key, overrides[i].value },
			{ "auth", "off" },
		};
		struct selection selection = { .config = s->config,
		    .account = "work", .overrides = given, .noverrides = 2 };
		struct account a;
		struct error err = {0};
		char *password, *proxy;

		config_load(&a, &selection, NULL, NULL, &err);
		assert_string_equal(err.text, "");
		password = account_get(&a, "password", 0);
		assert_string_equal(a.user, overrides[i].user);
		assert_string_equal(password, overrides[i].password);
		assert_int_equal(a.secrets_withheld,
		    overrides[i].user[0] == '\0');
		assert_int_equal(a.password_credential[0] == '\0',
		    a.secrets_withheld);
		free(password);
		proxy = account_get(&a, "proxy_password", 0);
		assert_string_equal(proxy, overrides[i].proxy);
		assert_int_equal(a.proxy_user[0] != '\0', proxy[0] != '\0');
		free(proxy);
		account_free(&a);
	}
}

static void
an_account_without_server_lends_its_secret_to_none(void **state)
{
	const struct scratch *s = *state;
	struct override given[] = { { "host", "mail.example" } };
	struct selection selection = { .config = s->config, .account = "bare",
	    .overrides = given, .noverrides = 1 };
	struct account a;
	struct error err = {0};

	assert_int_equal(config_load(&a, &selection, NULL, NULL, &err), 0);
	assert_string_equal(a.user, "");
	assert_string_equal(a.auth, "off");
	account_free(&a);
}

static void
a_secret_withheld_is_told_where_it_is_missed(void **state)
{
	const struct scratch *s = *state;
	struct override given[] = { { "port", "2525" } };
	struct selection selection = { .config = s->config, .account = "work",
	    .overrides = given, .noverrides = 1 };
	struct account a = {0};
	struct error err = {0};
	char text[256];

	snprintf(text, sizeof(text), "account work (%s:1, because of -a): "
	    "expected a user, as auth is on", s->config);
	assert_int_equal(config_load(&a, &selection, NULL, NULL, &err), -1);
	assert_string_equal(err.text,
	    text);
	assert_non_null(strstr(err.hint, "--passwordeval"));
	account_free(&a);
}

static void
a_host_on_the_command_line_needs_no_file(void **state)
{
	struct override given[] = { { "host", "mail.example" } };
	struct selection selection = { .config = "/nonexistent/config",
	    .overrides = given, .noverrides = 1 };
	struct account a;
	struct error err = {0};

	(void)state;
	assert_int_equal(config_load(&a, &selection, NULL, NULL, &err), 0);
	assert_string_equal(a.host.at[0], "mail.example");
	assert_int_equal(a.port, 587);
	assert_int_equal(a.tls, SWITCH_ON);
	account_free(&a);
}

static void
lists_of_the_command_line_replace_the_files(void **state)
{
	const struct scratch *s = *state;
	struct override given[] = { { "from", "x@y" }, { "from", "z@y" } };
	struct selection selection = { .config = s->config, .account = "work",
	    .overrides = given, .noverrides = 2 };
	struct account a;
	struct error err = {0};

	assert_int_equal(config_load(&a, &selection, NULL, NULL, &err), 0);
	assert_int_equal(a.from.n, 2);
	assert_string_equal(a.from.at[0], "x@y");
	account_free(&a);
}

static void
a_bad_override_is_named_as_the_option(void **state)
{
	const struct scratch *s = *state;
	struct override given[] = { { "port", "smtp" } };
	struct selection selection = { .config = s->config,
	    .overrides = given, .noverrides = 1 };
	struct account a = {0};
	struct error err = {0};

	assert_int_equal(config_load(&a, &selection, NULL, NULL, &err), -1);
	assert_int_equal(err.code, EX_USAGE);
	assert_non_null(strstr(err.text, "--port: expected a number from 1 "
	    "to 65535, not \"smtp\""));
	account_free(&a);
}

static void
check_refused(const char *config, const char *part)
{
	struct selection selection = { .config = config };
	struct account a = {0};
	struct error err = {0};

	assert_int_equal(config_load(&a, &selection, NULL, NULL, &err), -1);
	assert_int_equal(err.code, EX_CONFIG);
	assert_non_null(strstr(err.text, config));
	assert_non_null(strstr(err.text, part));
	assert_null(strstr(err.text, "password p"));
}

static void
files_that_are_not_ours_alone_are_refused(void **state)
{
	const struct scratch *s = *state;

	chmod(s->config, 0622);
	check_refused(s->config, "only its owner can write, not mode 622");
	check_refused(s->path, "expected a regular file");
	check_refused("/nonexistent/config", "does not exist");
	chmod(s->config, 0600);
	chmod(s->path, 0777);
	check_refused(s->config, "a directory that is not world-writable, not "
	    "mode 777");
	chmod(s->path, 0700);
	if (geteuid() != 0)
		return; /* who else could give a file away */
	assert_int_equal(chown(s->config, 1, (gid_t)-1), 0);
	check_refused(s->config, "expected a file of user 0 or root, not of "
	    "user 1");
}

static void
a_file_too_large_is_refused(void **state)
{
	const struct scratch *s = *state;

	assert_int_equal(truncate(s->config, (1 << 20) + 1), 0);
	check_refused(s->config, "expected at most 1048576 octets");
}

static void
the_users_file_is_below_xdg_config_home(void **state)
{
	const struct scratch *s = *state;
	struct selection selection = {0};
	struct account a = {0};
	struct error err = {0};
	char directory[96], file[128];

	snprintf(directory, sizeof(directory), "%s/onehop", s->path);
	snprintf(file, sizeof(file), "%s/config", directory);
	assert_int_equal(mkdir(directory, 0700), 0);
	assert_int_equal(rename(s->config, file), 0);
	assert_int_equal(setenv("XDG_CONFIG_HOME", s->path, 1), 0);
	config_load(&a, &selection, NULL, NULL, &err);
	assert_string_equal(err.text, "");
	assert_string_equal(a.host.at[0], "mail.home.example");
	account_free(&a);
	unlink(file);
	rmdir(directory);
}

int
main(void)
{
#define IN_SCRATCH(test) \
	cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		IN_SCRATCH(the_senders_address_chooses_the_account),
		IN_SCRATCH(a_secret_stays_with_its_server),
		IN_SCRATCH(an_account_without_server_lends_its_secret_to_none),
		IN_SCRATCH(a_secret_withheld_is_told_where_it_is_missed),
		IN_SCRATCH(a_host_on_the_command_line_needs_no_file),
		IN_SCRATCH(lists_of_the_command_line_replace_the_files),
		IN_SCRATCH(a_bad_override_is_named_as_the_option),
		IN_SCRATCH(files_that_are_not_ours_alone_are_refused),
		IN_SCRATCH(a_file_too_large_is_refused),
		IN_SCRATCH(the_users_file_is_below_xdg_config_home),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
