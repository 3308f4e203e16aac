/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "auth/advice.h"

#include <string.h>

#include "auth/provider.h"
#include "base/ascii.h"
#include "format/domain.h"

#define NEEDS_TOKEN "the provider may accept only tokens: see auth in " \
	"onehop-config(5)"

enum secret_kind {
	ANY_SECRET,
	PASSWORD,
	TOKEN
};

/* The first match counts; 0 and "" stand for any. */
static const struct {
	int code;
	const char *dsn;
	const char *domain;  /* of the server */
	const char *text;    /* in the reply */
	enum secret_kind kind;
	const char *words;
} advices[] = {
	{ 0, "", "", "SmtpClientAuthentication is disabled", ANY_SECRET,
	    "SMTP AUTH is disabled for this mailbox or organization; its "
	    "administrator can enable it (Set-CASMailbox "
	    "-SmtpClientAuthenticationDisabled $false)" },
	{ 535, "", "", "", TOKEN, "tokens expire: set passwordeval to a "
	    "command that prints a fresh one" },
	{ 0, "", "", "", TOKEN, "" },
	{ 534, "5.7.14", "", "", PASSWORD, "the provider blocks this sign-in: "
	    "sign in with a browser, or set an app password created at "
	    "https://myaccount.google.com/apppasswords" },
	{ 535, "5.7.139", "", "", PASSWORD, NEEDS_TOKEN },
	{ 550, "5.7.30", "", "", PASSWORD, NEEDS_TOKEN },
	{ 535, "", "amazonaws.com", "", PASSWORD, "set user and password to "
	    "the SMTP credentials of Amazon SES, which are not the access "
	    "key of AWS; they belong to one region" },
	{ 535, "", "sendgrid.net", "", PASSWORD, "set user to the word apikey "
	    "and the password to an API key with Mail Send access" },
};

static void
advise_password(const struct auth_refusal *r, struct error *err)
{
	const struct provider *p = provider_by_host(r->host);

	if (r->code != 535 && (r->code != 534 || strcmp(r->dsn, "5.7.9") != 0))
		return;
	if (p != NULL && p->login == LOGIN_APP_PASSWORD)
		hint(err, "the provider requires an app password: create one "
		    "at %s", p->page);
	else if (r->code == 534)
		hint(err, "the provider requires an app password: create one "
		    "on its web site");
	else
		hint(err, "check user and password; many servers require the "
		    "full address as user");
}

void
auth_advise(const struct auth_refusal *r, struct error *err)
{
	enum secret_kind kind = mechanism_has_token(r->mechanism) ? TOKEN
	    : PASSWORD;

	for (size_t i = 0; i < sizeof(advices) / sizeof(advices[0]); i++) {
		if ((advices[i].code != 0 && advices[i].code != r->code) ||
		    (advices[i].kind != ANY_SECRET &&
		    advices[i].kind != kind) ||
		    (advices[i].dsn[0] != '\0' &&
		    strcmp(advices[i].dsn, r->dsn) != 0) ||
		    (advices[i].domain[0] != '\0' &&
		    !domain_is_within(r->host, advices[i].domain)) ||
		    strstr(r->text, advices[i].text) == NULL)
			continue;
		if (advices[i].words[0] != '\0')
			hint(err, "%s", advices[i].words);
		return;
	}
	advise_password(r, err);
}

void
auth_advise_offer(const char *offered, struct error *err)
{
	static const struct {
		const char *name;
		const char *words;
	} named[] = {
		{ "XOAUTH2", "set auth xoauth2, and passwordeval to a command "
		    "that prints a token, such as onehop-token" },
		{ "OAUTHBEARER", "set auth oauthbearer, and passwordeval to a "
		    "command that prints a token, such as onehop-token" },
		{ "CRAM-MD5", "set auth cram-md5, which is used only if "
		    "configured" },
		{ "DIGEST-MD5", "set auth digest-md5, which is used only if "
		    "configured" },
		{ "GSSAPI", "set auth gssapi, and get a Kerberos ticket with "
		    "kinit" },
		{ "NTLM", "set auth ntlm, which is used only if configured" },
	};

	for (size_t i = 0; i < sizeof(named) / sizeof(named[0]); i++)
		if (ascii_has_word(offered, named[i].name)) {
			hint(err, "%s", named[i].words);
			return;
		}
}
