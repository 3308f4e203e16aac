/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "../unit.h"

#include "setup/import.h"

/* A file, auth.conf, and what must come out; lost is what has no
 * counterpart. */
static const struct {
	const char *path, *text, *auth, *wanted, *lost;
} cases[] = {
	{ "/etc/ssmtp/ssmtp.conf",
	  "# a comment\nroot=postmaster\nmailhub=smtp.example.org:587\n"
	  "AuthUser = me@example.org\nAuthPass=se cret#\nUseSTARTTLS=YES\r\n"
	  "FromLineOverride=YES\nrewriteDomain=example.org\n", NULL,
	  "# no counterpart: root\npassword se cret#\n"
	  "maildomain example.org\n"
	  "host smtp.example.org\nport 587\ntls on\ntls_starttls on\n"
	  "user me@example.org\nauth on\n", "root" },
	{ "ssmtp.conf", "mailhub=mail\nFromLineOverride=NO\nrewriteDomain=\n",
	  NULL, "set_from_header on\nhost mail\nport 25\ntls off\n", "" },
	{ "ssmtp.conf", "mailhub=[::1]\nAuthMethod=LOGIN\nAuthUser=x\n"
	  "AuthPass=\"y\"\nUseTLS=yes\n", NULL,
	  "auth LOGIN\npassword y\nhost [::1]\nport 465\ntls on\n"
	  "tls_starttls off\nuser x\n", "" },
	{ "ssmtp.conf", "mailhub=mail\n", NULL,
	  "host mail\nport 25\ntls off\n", "" },
	{ "/srv/me/.esmtprc", "hostname = smtp.example.org:25\n"
	  "username = \"me\"\npassword = \"pw\"\nstarttls = disabled\n"
	  "mda \"/usr/bin/procmail\"\n", NULL,
	  "password pw\n# no counterpart: mda\nhost smtp.example.org\n"
	  "port 25\ntls off\nuser me\nauth on\n", "mda" },
	/* the identities of esmtprc(5): the lines before them are the
	 * default */
	{ "esmtprc", "hostname = mail:smtp # ours\nmda = \"procmail -d %T\"\n"
	  "identity = me@a.example\n\thostname = smtp.a.example\n"
	  "\tusername = \"me\"\n\tpassword = 's#1\\\\'\n\tstarttls required\n"
	  "identity you@b.example\nhostname=smtp.b.example:465\n"
	  "force reverse_path = \"%u@b.example\"\nforce sender = x\n", NULL,
	  "# no counterpart: mda\nhost mail\nport 25\ntls off\n"
	  "\naccount me@a.example\nfrom me@a.example\npassword s#1\\\n"
	  "host smtp.a.example\nport 587\ntls on\ntls_starttls on\n"
	  "user me\nauth on\n"
	  "\naccount you@b.example\nfrom you@b.example\n"
	  "from %U@b.example\n# no counterpart: force sender\n"
	  "host smtp.b.example\nport 465\ntls off\n", "mda force sender" },
	/* or else the first of them */
	{ "esmtprc", "mda x\nidentity=me@a.example\nhostname=a.example\n"
	  "identity=a:b\nhostname b.example\nusername=\n", NULL,
	  "# no counterpart: mda\nfrom me@a.example\nhost a.example\n"
	  "port 587\ntls off\n\naccount a-b\nfrom a:b\nhost b.example\n"
	  "port 587\ntls off\n", "mda" },
	{ "/etc/dma/dma.conf", "SMARTHOST mx.example.org\nPORT 465\n"
	  "SECURETRANSFER\nAUTHPATH /etc/dma/auth.conf\nNULLCLIENT\n"
	  "DEFER\nMAILNAME m.example\nMASQUERADE m.example\n",
	  "# x\nother|mx.example.net:no\nme|mx.example.org:p:w\n",
	  "# no counterpart: DEFER\nmaildomain m.example\n"
	  "from %U@m.example\npassword p:w\n"
	  "host mx.example.org\nport 465\ntls on\ntls_starttls off\n"
	  "user me\nauth on\n", "DEFER" },
	{ "dma.conf", "SMARTHOST mx\nMAILNAME /etc/mailname\n"
	  "MASQUERADE john@\n", NULL, "from john@%H\nhost mx\nport 25\n"
	  "tls off\naliases /etc/aliases\n", "" },
	{ "dma.conf", "SMARTHOST mx\nMAILNAME /srv/name\n"
	  "MASQUERADE a@b.example\nALIASES /srv/aliases\n", NULL,
	  "# no counterpart: MAILNAME\nfrom a@b.example\n"
	  "aliases /srv/aliases\nhost mx\nport 25\ntls off\n", "MAILNAME" },
	{ "remotes", "smtp.example.org smtp --port=587 --starttls --user=me "
	  "--pass=pw --insecure --x509fmtder\nmx.example.net\n", NULL,
	  "password pw\ntls_certcheck off\n# no counterpart: x509fmtder\n"
	  "host smtp.example.org\nport 587\ntls on\ntls_starttls on\n"
	  "user me\nauth on\n", "x509fmtder a further remote" },
	{ "remotes", "smtp.example.org smtp port=2525 starttls user=user "
	  "pass='my pass phrase'\n", NULL,
	  "password my pass phrase\nhost smtp.example.org\nport 2525\n"
	  "tls on\ntls_starttls on\nuser user\nauth on\n", "" },
	{ "remotes", "smtp.example.org \"--user=a b\" source=192.0.2.1 tls\n",
	  NULL, "source_ip 192.0.2.1\nhost smtp.example.org\nport 465\n"
	  "tls on\ntls_starttls off\nuser \"a b\"\nauth on\n", "" },
	{ "/etc/msmtprc", "account default\nhost x\n", NULL,
	  "include /etc/msmtprc\n", "" },
};

static struct buffer
text_of(const char *s)
{
	struct buffer b = {0};

	if (s != NULL)
		buffer_add_string(&b, s);
	return b;
}

static void
each_setting_is_translated_or_named(void **state)
{
	(void)state;
	for (size_t n = 0; n < sizeof(cases) / sizeof(cases[0]); n++) {
		struct buffer out = {0}, text = text_of(cases[n].text);
		struct buffer auth = text_of(cases[n].auth);
		struct string_list lost = {0};
		struct error err = {0};
		const char *body;
		char *joined;

		assert_int_equal(import_text(&out, cases[n].path, &text, &auth,
		    &lost, &err), 0);
		body = strchr(buffer_string(&out), '\n') + 1;
		assert_string_equal(body, cases[n].wanted);
		joined = string_list_join(&lost);
		assert_string_equal(joined, cases[n].lost);
		free(joined);
		string_list_free(&lost);
		buffer_free(&out);
		buffer_free(&text);
		buffer_free(&auth);
	}
}

static void
a_file_without_a_smarthost_is_refused(void **state)
{
	struct buffer out = {0}, text = text_of("Debug=yes\n");
	struct string_list lost = {0};
	struct error err = {0};

	(void)state;
	assert_int_equal(import_text(&out, "ssmtp.conf", &text, NULL, &lost,
	    &err), -1);
	assert_int_equal(err.code, EX_CONFIG);
	string_list_free(&lost);
	buffer_free(&out);
	buffer_free(&text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_setting_is_translated_or_named),
		cmocka_unit_test(a_file_without_a_smarthost_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
