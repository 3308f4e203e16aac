/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "../unit.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pwd.h>
#include <stdio.h>
#include <sys/socket.h>

#include "../host.h"
#include "base/xmalloc.h"
#include "config/local_host.h"

static struct passwd *entry; /* what the passwd file says of us */

/* In place of the C library's. */
struct passwd *
getpwuid(uid_t uid)
{
	(void)uid;
	return entry;
}

static void
expect(const char *name, char *got, const char *wanted)
{
	if (wanted == NULL ? got != NULL
	    : got == NULL || strcmp(got, wanted) != 0)
		fail_msg("%s: \"%s\", not \"%s\"", name,
		    got != NULL ? got : "(null)",
		    wanted != NULL ? wanted : "(null)");
	free(got);
}

static void
the_host_has_a_name_only_if_it_is_whole(void **state)
{
	static const struct {
		const char *name;
		const char *host;
	} cases[] = {
		{ "mail.example.org", "mail.example.org" },
		{ "mail.example.org.", "mail.example.org" },
		{ "a.b", "a.b" },
		{ "mail", NULL },
		{ "mail.", NULL },
		{ "localhost", NULL },
		{ "localhost.localdomain", NULL },
		{ "under_score.example.org", "under_score.example.org" },
		{ "two words.example.org", NULL },
		{ "\xc3\xa4.example.org", NULL },
		{ "a..b", NULL },
		{ ".", NULL },
		{ "", NULL },
		{ NULL, NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		host_name = cases[i].name;
		expect(host_name != NULL ? host_name : "no name",
		    local_host_name(), cases[i].host);
	}
}

static void
this_host_is_known_by_its_names(void **state)
{
	static const struct {
		const char *domain;
		int is;
	} cases[] = {
		{ "mail.example.org", 1 },
		{ "MAIL.Example.ORG", 1 },
		{ "mail", 1 },
		{ "Mail", 1 },
		{ "localhost", 1 },
		{ "LOCALHOST", 1 },
		{ "example.org", 0 },
		{ "mai", 0 },
		{ "mail.", 0 },
		{ "mailx", 0 },
		{ "mail.example", 0 },
		{ "", 0 },
	};

	(void)state;
	host_name = "mail.example.org";
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (local_host_is_this_host(cases[i].domain) != cases[i].is)
			fail_msg("%s", cases[i].domain);
	host_name = NULL;
	assert_true(local_host_is_this_host("localhost"));
	assert_false(local_host_is_this_host("mail"));
}

static void
set(struct account *a, const char *key, const char *value)
{
	struct error err = {0};

	assert_int_equal(account_set(a, key, value, &err), 0);
}

static void
bare_names_get_maildomain_or_the_host(void **state)
{
	struct account a;

	(void)state;
	account_init(&a, "");
	host_name = "mail.example.org";
	expect("the host", local_host_mail_domain(&a), "mail.example.org");
	host_name = "mail";
	expect("neither", local_host_mail_domain(&a), NULL);
	set(&a, "maildomain", "example.net");
	expect("maildomain", local_host_mail_domain(&a), "example.net");
	set(&a, "maildomain", "%H.example.net");
	expect("expanded", local_host_mail_domain(&a), "mail.example.net");
	account_free(&a);
}

static void
domains_of_keys_are_local(void **state)
{
	static const struct {
		const char *domain;
		int is;
	} cases[] = {
		{ "mail.example.org", 1 }, { "MAIL", 1 },
		{ "localhost", 1 }, { "Example.net", 1 },
		{ "one.example", 1 }, { "two.EXAMPLE", 1 },
		{ "example.org", 0 }, { "example", 0 }, { "", 0 },
	};
	struct account a;

	(void)state;
	account_init(&a, "");
	host_name = "mail.example.org";
	assert_false(local_host_is_local(&a, ""));
	set(&a, "maildomain", "example.net");
	set(&a, "local_domains", "one.example two.example");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (local_host_is_local(&a, cases[i].domain) != cases[i].is)
			fail_msg("%s", cases[i].domain);
	account_free(&a);
}

/* A socket bound to that address, or one of a pair for "". */
static int
socket_at(const char *address)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };
	int fd, ends[2];

	if (inet_pton(AF_INET, address, &v4.sin_addr) == 1) {
		fd = socket(AF_INET, SOCK_STREAM, 0);
		assert_int_equal(bind(fd, (struct sockaddr *)&v4,
		    sizeof(v4)), 0);
		return fd;
	}
	if (inet_pton(AF_INET6, address, &v6.sin6_addr) == 1) {
		fd = socket(AF_INET6, SOCK_STREAM, 0);
		if (fd < 0 || bind(fd, (struct sockaddr *)&v6,
		    sizeof(v6)) != 0)
			return -2; /* this machine has none */
		return fd;
	}
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	close(ends[1]);
	return ends[0];
}

static void
hello_is_a_name_or_an_address(void **state)
{
	static const struct {
		const char *host;    /* of the machine */
		const char *domain;  /* key */
		const char *address; /* own, of the socket */
		const char *hello;
	} cases[] = {
		{ "mail.example.org", "", "127.0.0.1", "mail.example.org" },
		{ "mail", "", "127.0.0.1", "[127.0.0.1]" },
		{ "mail", "", "::1", "[IPv6:::1]" },
		{ "mail", "", "", "localhost" },
		{ NULL, "", "", "localhost" },
		{ "mail.example.org", "a.example", "127.0.0.1", "a.example" },
		{ "mail", "%H.example", "127.0.0.1", "mail.example" },
		{ "mail", "b\xc3\xbc" "cher.example", "127.0.0.1",
		    "xn--bcher-kva.example" },
		{ "mail", "not a domain", "127.0.0.1", "[127.0.0.1]" },
		{ "mail", "[192.0.2.1]", "127.0.0.1", "[192.0.2.1]" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int fd = socket_at(cases[i].address);
		struct account a;

		if (fd == -2)
			continue;
		host_name = cases[i].host;
		account_init(&a, "");
		set(&a, "domain", cases[i].domain);
		expect(cases[i].hello, local_host_hello(&a, fd),
		    cases[i].hello);
		account_free(&a);
		close(fd);
	}
}

static void
hello_needs_no_socket(void **state)
{
	struct account a;

	(void)state;
	host_name = "mail";
	account_init(&a, "");
	expect("no socket", local_host_hello(&a, -1), "localhost");
	account_free(&a);
}

static void
the_user_has_a_name_or_a_number(void **state)
{
	char name[] = "ann", empty[] = "", number[32];
	struct passwd ann = { .pw_name = name };
	struct passwd nobody = { .pw_name = empty };

	(void)state;
	snprintf(number, sizeof(number), "uid%lu", (unsigned long)getuid());
	entry = &ann;
	expect("an entry", local_host_user(), "ann");
	entry = &nobody;
	expect("an empty name", local_host_user(), number);
	entry = NULL;
	expect("no entry", local_host_user(), number);
}

static void
patterns_are_expanded(void **state)
{
	static const struct {
		const char *text;
		const char *from;
		const char *wanted;
	} cases[] = {
		{ "", NULL, "" },
		{ "plain@example.org", NULL, "plain@example.org" },
		{ "%U@%H", NULL, "ann@mail" },
		{ "%C", NULL, "mail" },
		{ "%F", "a@b.example", "a@b.example" },
		{ "<%F>", "", "<>" },
		{ "%F", NULL, "%F" },
		{ "100%%", NULL, "100%" },
		{ "%%U", NULL, "%U" },
		{ "%", NULL, "%" },
		{ "%x%u%", NULL, "%x%u%" },
		{ "%F%F", "%U", "%U%U" },
	};
	char name[] = "ann";
	struct passwd ann = { .pw_name = name };

	(void)state;
	entry = &ann;
	host_name = "mail";
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		expect(cases[i].text, local_host_expand(cases[i].text,
		    cases[i].from), cases[i].wanted);
	host_name = "mail.example.org";
	expect("qualified", local_host_expand("%H %C", NULL),
	    "mail.example.org mail.example.org");
	if (access("/etc/mailname", F_OK) != 0)
		expect("no mailname", local_host_expand("%M", NULL),
		    "localhost");
}

static void
a_path_names_a_directory_of_the_user(void **state)
{
	static const struct {
		const char *user;
		const char *path;
		const char *wanted;
	} cases[] = {
		{ "ann", "/var/spool/onehop/%u", "/var/spool/onehop/ann" },
		{ "ann", "/%u/%u", "/ann/ann" },
		{ "ann", "/100%%u", "/100%u" },
		{ "ann", "/%U%H%F%", "/%U%H%F%" },
		{ "..", "/%u", "/uid1000" },
		{ ".ann", "/%u", "/uid1000" },
		{ "a/b", "/%u", "/uid1000" },
		{ "", "/%u", "/uid1000" },
	};
	char *uid = xasprintf("/uid%lu", (unsigned long)getuid());
	struct passwd user = {0};

	(void)state;
	entry = &user;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int is_number = strcmp(cases[i].wanted, "/uid1000") == 0;

		user.pw_name = (char *)(uintptr_t)cases[i].user;
		expect(cases[i].user, local_host_expand_path(cases[i].path),
		    is_number ? uid : cases[i].wanted);
	}
	free(uid);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_host_has_a_name_only_if_it_is_whole),
		cmocka_unit_test(this_host_is_known_by_its_names),
		cmocka_unit_test(domains_of_keys_are_local),
		cmocka_unit_test(bare_names_get_maildomain_or_the_host),
		cmocka_unit_test(hello_is_a_name_or_an_address),
		cmocka_unit_test(hello_needs_no_socket),
		cmocka_unit_test(the_user_has_a_name_or_a_number),
		cmocka_unit_test(patterns_are_expanded),
		cmocka_unit_test(a_path_names_a_directory_of_the_user),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
