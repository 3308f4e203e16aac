/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "../unit.h"

#include <stdio.h>

#include "cli/options.h"
#include "config/key.h"

#define WORDS 12

struct line {
	const char *words[WORDS];
	int code;               /* 0, or EX_USAGE */
	const char *says;       /* part of the error */
};

static int
count(char *const *words)
{
	int n = 0;

	while (words[n] != NULL)
		n++;
	return n;
}

static int
parse(struct options *options, const char *const *words, struct error *err)
{
	char *const *argv = (char *const *)(uintptr_t)words;

	memset(options, 0, sizeof(*options));
	memset(err, 0, sizeof(*err));
	return options_parse(options, count(argv), argv, err);
}

/* Lines of real callers, and lines that must not be taken. */
static const struct line lines[] = {
	{ { "sendmail", "-FCronDaemon", "-i", "-B8BITMIME", "-oem", "a@x" },
	    0, NULL },
	{ { "sendmail", "-i", "-B", "8BITMIME", "a@x" }, 0, NULL },
	{ { "sendmail", "-ti" }, 0, NULL },
	{ { "sendmail", "-oi", "-f", "", "--", "a@x" }, 0, NULL },
	{ { "sendmail", "-i", "-f", "<>", "-t", "-f", "v@x" }, 0, NULL },
	{ { "sendmail", "-bm", "-N", "never", "-f", "a@x", "--", "b@x" }, 0,
	    NULL },
	{ { "sendmail", "-oi", "-N", "success,delay,failure", "-VQ1", "a@x" },
	    0, NULL },
	{ { "rmail", "-G", "-oee", "-odq", "-oi", "-pUUCP", "-fa!b", "c@x" },
	    0, NULL },
	{ { "sendmail", "-bd" }, EX_USAGE, "option -b" },
	{ { "sendmail", "-bD" }, EX_USAGE, "option -b" },
	{ { "sendmail", "-bl" }, EX_USAGE, "option -b" },
	{ { "sendmail", "-bt" }, EX_USAGE, "option -b" },
	{ { "sendmail", "-bv", "a@x" }, EX_USAGE, "option -b" },
	{ { "sendmail", "-ba" }, EX_USAGE, "option -b" },
	{ { "sendmail", "-bS" }, EX_USAGE, "option -b" },
	{ { "sendmail", "-b" }, EX_USAGE, "option -b needs a value" },
	{ { "smtpd" }, EX_USAGE, "smtpd" },
	{ { "sendmail", "-Z" }, EX_USAGE, "unknown option -Z" },
	{ { "sendmail", "-s", "a@x" }, 0, NULL },
	{ { "msmtp", "-s", "hello", "a@x" }, EX_USAGE, "unknown option -s" },
	{ { "onehop", "-s", "hello", "a@x" }, EX_USAGE, "unknown option -s" },
	{ { "sendmail", "-tZi" }, EX_USAGE, "unknown option -Z" },
	{ { "sendmail", "-\x1b" }, EX_USAGE, "unknown option -\\x1B" },
	{ { "sendmail", "-f" }, EX_USAGE, "option -f needs a value" },
	{ { "sendmail", "-tf" }, EX_USAGE, "option -f needs a value" },
	{ { "sendmail", "a@x", "-t" }, EX_USAGE, "\"-t\"" },
	{ { "sendmail", "-t", "-Xlog" }, 0, NULL },
	{ { "sendmail", "-f", "a@x", "b@x", "-Xlog" }, EX_USAGE, "-Xlog" },
	{ { "sendmail", "-" }, EX_USAGE, "\"-\"" },
	{ { "sendmail", "-Bbinary" }, EX_USAGE, "7BIT or 8BITMIME" },
	{ { "sendmail", "-Nsometimes" }, EX_USAGE, "option -N" },
	{ { "sendmail", "-Nnever,success" }, EX_USAGE, "option -N" },
	{ { "sendmail", "-N" ",", "a" }, EX_USAGE, "option -N" },
	{ { "sendmail", "-NSUCCESS,Delay" }, 0, NULL },
	{ { "sendmail", "-Rfoo" }, EX_USAGE, "full or hdrs" },
	{ { "sendmail", "-RHDRS" }, 0, NULL },
	{ { "sendmail", "-V", "a\nb" }, EX_USAGE, "option -V" },
	{ { "sendmail", "-V", "" }, EX_USAGE, "option -V" },
	{ { "onehop", "--hosst=x" }, EX_USAGE, "unknown option --hosst" },
	{ { "onehop", "--host" }, EX_USAGE, "option --host needs a value" },
	{ { "onehop", "--file" }, EX_USAGE, "option --file needs a value" },
	{ { "onehop", "--host", "h", "--port=25", "a@x" }, 0, NULL },
	{ { "onehop", "--tls-starttls=off", "--tls", "a@x" }, 0, NULL },
	{ { "onehop", "--password=x" }, EX_USAGE, "every user" },
	{ { "onehop", "--help=x" }, EX_USAGE, "takes no value" },
	{ { "onehop", "--read-envelope-from", "-t" }, 0, NULL },
	{ { "onehop", "a@x", "-t" }, EX_USAGE, "\"-t\"" },
	{ { "msmtp", "a@x", "-t", "b@x", "--debug" }, 0, NULL },
	{ { "msmtp", "a@x", "--", "-t" }, 0, NULL },
	{ { "msmtp", "a@x", "-Z" }, EX_USAGE, "unknown option -Z" },
	{ { "onehop", "--connect-timeout" }, EX_USAGE, "needs a value" },
	{ { "onehop", "--keepbcc=x" }, EX_USAGE, "keepbcc: expected on or" },
	{ { "sendmail", "--passwordeval=id", "a@x" }, EX_USAGE,
	  "--passwordeval is not supported when called as sendmail" },
	{ { "mailq", "--logfile=/x.php" }, EX_USAGE, "--logfile" },
	{ { "/usr/lib/sendmail", "--connect-command=id" }, EX_USAGE,
	  "--connect_command" },
	{ { "sendmail.onehop", "--outbox-notify=id" }, EX_USAGE,
	  "--outbox_notify" },
	{ { "newaliases", "--outbox=/x" }, EX_USAGE, "--outbox" },
	{ { "sendmail", "--tls-key-passwordeval=id" }, EX_USAGE,
	  "--tls_key_passwordeval" },
	{ { "sendmail", "--configure=a@x" }, EX_USAGE, "--configure" },
	{ { "sendmail", "--password-credential=x" }, EX_USAGE,
	  "--password_credential" },
	{ { "sendmail", "--aliases=/x" }, EX_USAGE, "--aliases" },
	{ { "sendmail", "--tls-key-file=/x" }, EX_USAGE, "--tls_key_file" },
	{ { "sendmail", "--log-format=json" }, EX_USAGE, "--log_format" },
	{ { "sendmail", "--logfile-time-format=x" }, EX_USAGE,
	  "--logfile_time_format" },
	{ { "sendmail", "--outbox", "enable" }, EX_USAGE,
	  "--outbox enable is not supported when called as sendmail" },
	{ { "sendmail", "--outbox", "remove", "1" }, EX_USAGE,
	  "--outbox remove" },
	{ { "sendmail", "-C/dev/null" }, EX_USAGE,
	  "-C: expected a regular file when called as sendmail" },
	{ { "sendmail", "-C/missing" }, 0, NULL },
	{ { "sendmail", "-C/etc/passwd" }, 0, NULL },
	{ { "onehop", "-C/dev/null" }, 0, NULL },
	{ { "onehop", "--outbox", "remove", "1" }, 0, NULL },
	{ { "onehop", "--passwordeval=id", "a@x" }, 0, NULL },
	{ { "msmtp", "--logfile=/x", "a@x" }, 0, NULL },
	{ { "sendmail", "--outbox=list" }, 0, NULL },
	{ { "sendmail", "--host=h", "--user=u", "a@x" }, 0, NULL },
};

static void
lines_are_taken_or_refused_with_a_reason(void **state)
{
	struct options options;
	struct error err;

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		const struct line *l = &lines[i];
		int result = parse(&options, l->words, &err);

		if (err.code != l->code || (result == 0) != (l->code == 0) ||
		    (l->says != NULL && strstr(err.text, l->says) == NULL))
			fail_msg("line %zu: %d \"%s\"", i, err.code,
			    err.text);
		options_free(&options);
	}
}

/* A value that every option with a value takes. */
static const char *
value_for(char letter)
{
	switch (letter) {
	case 'B':
		return "8BITMIME";
	case 'b':
		return "m";
	case 'N':
		return "never";
	case 'R':
		return "full";
	default:
		return "v@x";
	}
}

static void
every_letter_works_attached_separate_and_in_a_cluster(void **state)
{
	struct options options;
	struct error err;

	(void)state;
	for (const struct option *f = option_table; f->summary != NULL; f++) {
		const char *value = value_for(f->letter);
		char alone[] = { '-', f->letter, '\0' };
		char cluster[] = { '-', 'i', f->letter, '\0' };
		char attached[32];
		const char *forms[][5] = {
			{ "sendmail", alone, value, "a@x", NULL },
			{ "sendmail", attached, "a@x", NULL, NULL },
			{ "sendmail", cluster, value, "a@x", NULL },
		};

		if (f->letter == '\0')
			continue;
		snprintf(attached, sizeof(attached), "-%c%s", f->letter,
		    f->value == VALUE_NONE ? "" : value);
		if (f->value != VALUE_REQUIRED) {
			forms[0][2] = forms[2][2] = "a@x";
			forms[0][3] = forms[2][3] = NULL;
		}
		for (size_t i = 0; i < 3; i++) {
			if (parse(&options, forms[i], &err) != 0 ||
			    options.request.nrecipients != 1 ||
			    strcmp(options.request.recipients[0], "a@x") != 0)
				fail_msg("-%c in form %zu: %s, %zu",
				    f->letter, i, err.text,
				    options.request.nrecipients);
			if (i == 2)
				assert_true(options.ignore_dots);
			options_free(&options);
		}
	}
}

static void
every_key_is_a_long_option_but_secrets(void **state)
{
	struct options options;
	struct error err;

	(void)state;
	for (const struct key *k = account_keys; k->name != NULL; k++) {
		char word[64];
		const char *words[] = { "onehop", word, "a@x", NULL };

		snprintf(word, sizeof(word), "--%s=/1", k->name);
		if (k->secret) {
			assert_int_equal(parse(&options, words, &err), -1);
			options_free(&options);
			continue;
		}
		assert_int_equal(parse(&options, words, &err), 0);
		if (strcmp(k->name, "from") == 0) {
			assert_string_equal(options.request.sender, "/1");
			options_free(&options);
			continue;
		}
		assert_int_equal(options.selection.noverrides, 1);
		assert_string_equal(options.selection.overrides[0].key,
		    k->name);
		assert_string_equal(options.selection.overrides[0].value, "/1");
		options_free(&options);
	}
}

/* Options of msmtp from 1.4 on: names, and values where they have none. */
static const struct {
	const char *word;
	const char *key;   /* NULL: no effect */
	const char *value;
} of_msmtp[] = {
	{ "--set-date-header", "set_date_header", "auto" },
	{ "--set-msgid-header", "set_msgid_header", "auto" },
	{ "--set-from-header", "set_from_header", "auto" },
	{ "--set-to-header", "set_to_header", "on" },
	{ "--remove-bcc-headers", "remove_bcc_headers", "on" },
	{ "--auth", "auth", "on" },
	{ "--tls", "tls", "on" },
	{ "--tls-certcheck", "tls_certcheck", "on" },
	{ "--syslog", "syslog", "on" },
	{ "--auto-from", "auto_from", "on" },
	{ "--logfile", "logfile", "off" },
	{ "--allow-from-override", "allow_from_override", "on" },
	{ "--keepbcc", "remove_bcc_headers", "off" },
	{ "--keepbcc=off", "remove_bcc_headers", "on" },
	{ "--undisclosed-recipients", "set_to_header",
	  "undisclosed_recipients" },
	{ "--undisclosed-recipients=off", "set_to_header", "off" },
	{ "--connect-timeout=10", "timeout", "10" },
	{ "--add-missing-from-header=off", "set_from_header", "off" },
	{ "--add-missing-date-header", "set_date_header", "auto" },
	{ "--tls-nocertcheck", "tls_certcheck", "off" },
	{ "--tls-nostarttls", "tls_starttls", "off" },
	{ "--tls-force-sslv3", NULL, NULL },
	{ "--dsn-return=hdrs", "dsn_return", "hdrs" },
};

static void
options_of_msmtp_take_no_recipient_for_a_value(void **state)
{
	struct options options;
	struct error err;

	(void)state;
	for (size_t i = 0; i < sizeof(of_msmtp) / sizeof(of_msmtp[0]); i++) {
		const char *words[] = { "onehop", of_msmtp[i].word, "a@x",
		    NULL };
		const struct override *o;

		assert_int_equal(parse(&options, words, &err), 0);
		assert_int_equal(options.request.nrecipients, 1);
		assert_int_equal(options.selection.noverrides,
		    of_msmtp[i].key != NULL);
		o = options.selection.overrides;
		if (of_msmtp[i].key != NULL) {
			assert_string_equal(o->key, of_msmtp[i].key);
			assert_string_equal(o->value, of_msmtp[i].value);
		}
		options_free(&options);
	}
}

static void
the_name_decides_about_dots_and_the_log(void **state)
{
	static const struct {
		const char *name;
		enum face face;
	} names[] = {
		{ "onehop", FACE_ONEHOP }, { "/usr/bin/msmtp", FACE_MSMTP },
		{ "mail-out", FACE_ONEHOP }, { "sendmail", FACE_SENDMAIL },
		{ "sendmail.onehop", FACE_SENDMAIL },
		{ "sendmail-onehop", FACE_SENDMAIL },
		{ "sendmailx", FACE_ONEHOP }, { "mailq", FACE_SENDMAIL },
	};
	struct options options;
	struct error err;

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *words[] = { names[i].name, "-X/log", "a@x", NULL };

		assert_int_equal(parse(&options, words, &err), 0);
		assert_int_equal(options.face, names[i].face);
		assert_int_equal(options.ignore_dots,
		    names[i].face != FACE_SENDMAIL);
		assert_int_equal(options.selection.noverrides,
		    names[i].face == FACE_MSMTP);
		options_free(&options);
	}
}

static void
from_is_the_envelope_sender(void **state)
{
	const char *address[] = { "msmtp", "--from=b@x", "a@x", NULL };
	const char *null[] = { "msmtp", "--from", "<>", "a@x", NULL };
	const char *account[] = { "msmtp", "--from=default", "-t", NULL };
	struct options options;
	struct error err;

	(void)state;
	assert_int_equal(parse(&options, address, &err), 0);
	assert_string_equal(options.request.sender, "b@x");
	options_free(&options);
	assert_int_equal(parse(&options, null, &err), 0);
	assert_string_equal(options.request.sender, "");
	options_free(&options);
	assert_int_equal(parse(&options, account, &err), 0);
	assert_null(options.request.sender);
	options_free(&options);
}

static void
values_reach_their_members(void **state)
{
	const char *words[] = { "/usr/sbin/sendmail", "-fa@x", "-r", "b@x",
	    "-F", "A B", "-aacc", "-C", "/c", "-ot", "-O", "ignoredots=True",
	    "r@x", "s@x", NULL };
	struct options options;
	struct error err;

	(void)state;
	assert_int_equal(parse(&options, words, &err), 0);
	assert_string_equal(options.program, "sendmail");
	assert_string_equal(options.request.sender, "b@x");
	assert_string_equal(options.request.full_name, "A B");
	assert_string_equal(options.selection.account, "acc");
	assert_string_equal(options.selection.config, "/c");
	assert_true(options.request.read_recipients);
	assert_true(options.ignore_dots);
	assert_int_equal(options.request.nrecipients, 2);
	options_free(&options);
}

static void
requiretls_is_the_key_of_that_name_and_no_other_option_is(void **state)
{
	static const struct {
		const char *words[4];
		const char *value; /* NULL: ignored */
	} cases[] = {
		{ { "sendmail", "-O", "requiretls=yes" }, "on" },
		{ { "sendmail", "-Orequiretls=yes" }, "on" },
		{ { "sendmail", "-tO", "RequireTLS=TRUE" }, "on" },
		{ { "sendmail", "-O", "RequireTLS" }, "on" },
		{ { "sendmail", "-O", "requiretls=no" }, "off" },
		{ { "sendmail", "-O", "requiretls2=yes" }, NULL },
		{ { "sendmail", "-O", "require=yes" }, NULL },
		{ { "sendmail", "-O", "host=evil.example" }, NULL },
		{ { "sendmail", "-O", "=yes" }, NULL },
	};
	struct options options;
	struct error err;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(parse(&options, cases[i].words, &err), 0);
		assert_int_equal(options.selection.noverrides, cases[i].value
		    != NULL);
		if (cases[i].value != NULL) {
			assert_string_equal(options.selection.overrides[0].key,
			    "require_tls");
			assert_string_equal(
			    options.selection.overrides[0].value,
			    cases[i].value);
		}
		options_free(&options);
	}
}

static void
digits_choose_the_address_family(void **state)
{
	const char *words[] = { "onehop", "-4t6", NULL };
	struct options options;
	struct error err;

	(void)state;
	assert_int_equal(parse(&options, words, &err), 0);
	assert_int_equal(options.selection.noverrides, 2);
	assert_string_equal(options.selection.overrides[0].key,
	    "address_family");
	assert_string_equal(options.selection.overrides[0].value, "ipv4");
	assert_string_equal(options.selection.overrides[1].value, "ipv6");
	options_free(&options);
}

static const struct {
	const char *words[4];
	enum mode mode;
} named[] = {
	{ { "sendmail" }, MODE_SEND },
	{ { "/usr/bin/mailq" }, MODE_LIST },
	{ { "newaliases" }, MODE_NOTHING },
	{ { "hoststat" }, MODE_NOTHING },
	{ { "purgestat" }, MODE_NOTHING },
	{ { "sendmail", "-bp" }, MODE_LIST },
	{ { "sendmail", "--outbox=list" }, MODE_LIST },
	{ { "onehop", "--outbox=list" }, MODE_OUTBOX },
	{ { "sendmail", "-bs" }, MODE_SMTP },
	{ { "sendmail", "-bi" }, MODE_NOTHING },
	{ { "sendmail", "-bh" }, MODE_NOTHING },
	{ { "sendmail", "-bH" }, MODE_NOTHING },
	{ { "sendmail", "-I" }, MODE_NOTHING },
	{ { "sendmail", "-q" }, MODE_FLUSH },
	{ { "sendmail", "-q30m" }, MODE_FLUSH },
	{ { "sendmail", "-qf" }, MODE_FLUSH },
	{ { "onehop", "-P" }, MODE_PRETEND },
	{ { "onehop", "--serverinfo" }, MODE_SERVERINFO },
	{ { "onehop", "--help" }, MODE_HELP },
	{ { "onehop", "--version" }, MODE_VERSION },
};

static void
modes_follow_name_and_options(void **state)
{
	struct options options;
	struct error err;

	(void)state;
	for (size_t i = 0; i < sizeof(named) / sizeof(named[0]); i++) {
		assert_int_equal(parse(&options, named[i].words, &err), 0);
		assert_int_equal(options.mode, named[i].mode);
		options_free(&options);
	}
}

static void
no_argv_at_all_is_fine(void **state)
{
	char *const none[] = { NULL };
	struct options options = {0};
	struct error err = {0};

	(void)state;
	assert_int_equal(options_parse(&options, 0, none, &err), 0);
	assert_string_equal(options.program, "onehop");
	assert_int_equal(options.request.nrecipients, 0);
	options_free(&options);
}

static void
the_null_sender_is_written_in_two_ways(void **state)
{
	const char *empty[] = { "sendmail", "-f", "", "a@x", NULL };
	const char *angles[] = { "sendmail", "-f<>", "a@x", NULL };
	struct options options;
	struct error err;

	(void)state;
	assert_int_equal(parse(&options, empty, &err), 0);
	assert_string_equal(options.request.sender, "");
	options_free(&options);
	assert_int_equal(parse(&options, angles, &err), 0);
	assert_string_equal(options.request.sender, "");
	options_free(&options);
}

static void
dX_is_sendmails_and_d_is_ours(void **state)
{
	const char *ours[] = { "onehop", "-d", "a@x", NULL };
	const char *theirs[] = { "onehop", "-d0.1", "a@x", NULL };
	struct options options;
	struct error err;

	(void)state;
	assert_int_equal(parse(&options, ours, &err), 0);
	assert_true(options.debug);
	options_free(&options);
	assert_int_equal(parse(&options, theirs, &err), 0);
	assert_false(options.debug);
	options_free(&options);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_are_taken_or_refused_with_a_reason),
		cmocka_unit_test(
		    every_letter_works_attached_separate_and_in_a_cluster),
		cmocka_unit_test(every_key_is_a_long_option_but_secrets),
		cmocka_unit_test(
		    options_of_msmtp_take_no_recipient_for_a_value),
		cmocka_unit_test(the_name_decides_about_dots_and_the_log),
		cmocka_unit_test(from_is_the_envelope_sender),
		cmocka_unit_test(values_reach_their_members),
		cmocka_unit_test(
		    requiretls_is_the_key_of_that_name_and_no_other_option_is),
		cmocka_unit_test(digits_choose_the_address_family),
		cmocka_unit_test(modes_follow_name_and_options),
		cmocka_unit_test(no_argv_at_all_is_fine),
		cmocka_unit_test(the_null_sender_is_written_in_two_ways),
		cmocka_unit_test(dX_is_sendmails_and_d_is_ours),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
