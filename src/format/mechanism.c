/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "format/mechanism.h"

#include <stddef.h>

#include "base/ascii.h"

/* In the order of preference. */
static const struct mechanism mechanisms[] = {
	{ "SCRAM-SHA-256-PLUS", MECHANISM_SCRAM, SCRAM_SHA256, .automatic = 1,
	    .needs_binding = 1, .needs_user = 1, .client_first = 1 },
	{ "SCRAM-SHA-1-PLUS", MECHANISM_SCRAM, SCRAM_SHA1, .automatic = 1,
	    .needs_binding = 1, .needs_user = 1, .client_first = 1 },
	{ "SCRAM-SHA-256", MECHANISM_SCRAM, SCRAM_SHA256, .automatic = 1,
	    .needs_user = 1, .client_first = 1 },
	{ "SCRAM-SHA-1", MECHANISM_SCRAM, SCRAM_SHA1, .automatic = 1,
	    .needs_user = 1, .client_first = 1 },
	{ "PLAIN", MECHANISM_TEXT, .automatic = 1, .plaintext = 1,
	    .one_round = 1, .needs_user = 1, .client_first = 1 },
	{ "LOGIN", MECHANISM_TEXT, .automatic = 1, .plaintext = 1,
	    .needs_user = 1, .any_prompt = 1 },
	{ "EXTERNAL", MECHANISM_TEXT, .automatic = 1, .one_round = 1,
	    .client_first = 1 },
	{ "OAUTHBEARER", MECHANISM_OAUTHBEARER, .plaintext = 1,
	    .needs_user = 1, .client_first = 1 },
	{ "XOAUTH2", MECHANISM_XOAUTH2, .plaintext = 1,
	    .needs_user = 1, .client_first = 1 },
	{ "GSSAPI", MECHANISM_BINARY, .client_first = 1 },
	{ "CRAM-MD5", MECHANISM_TEXT, .needs_user = 1 },
	{ "DIGEST-MD5", MECHANISM_TEXT, .needs_user = 1 },
	{ "NTLM", MECHANISM_NTLM, .needs_user = 1, .client_first = 1 },
};

const struct mechanism *
mechanism_find(const char *name)
{
	for (size_t i = 0; i < sizeof(mechanisms) / sizeof(mechanisms[0]); i++)
		if (ascii_equal(mechanisms[i].name, name))
			return &mechanisms[i];
	return NULL;
}

int
mechanism_has_token(const struct mechanism *m)
{
	return m->kind == MECHANISM_XOAUTH2 || m->kind == MECHANISM_OAUTHBEARER;
}

const struct mechanism *
mechanism_choose(const char *offered, int confidential, int has_binding,
    int has_user)
{
	for (size_t i = 0; i < sizeof(mechanisms) / sizeof(mechanisms[0]);
	    i++) {
		const struct mechanism *m = &mechanisms[i];

		if (m->automatic && m->needs_user == !!has_user &&
		    (confidential || !m->plaintext) &&
		    (has_binding || !m->needs_binding) &&
		    ascii_has_word(offered, m->name))
			return m;
	}
	return NULL;
}
