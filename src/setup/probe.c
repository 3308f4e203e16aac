/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "setup/probe.h"

#include <stdio.h>

#include "auth/sasl.h"
#include "base/ascii.h"
#include "base/escape.h"
#include "base/terminal.h"
#include "format/dns_answer.h"
#include "smtp/auth.h"
#include "smtp/submit.h"

/* Limits for a host that may not be there at all. */
#define STEP_SECONDS 10
#define HOST_SECONDS 40

/*
 * An answer of the DNS may be forged, and whoever forged it has a certificate
 * for the name in it: a person has to know the name.
 */
static int
vouch(struct probe *t, const struct account *a, const struct service *service,
    struct error *err)
{
	const char *host = service->host;
	char question[ESCAPE_QUOTE];

	if (service->vouched)
		return 0;
	for (size_t i = 0; i < a->srv_targets.n; i++)
		if (domain_is_within(host, a->srv_targets.at[i]))
			return 0;
	if (t->terminal >= 0 && (t->asked == NULL ||
	    !ascii_equal(t->asked, host))) {
		snprintf(question, sizeof(question), "The DNS leads to %s, "
		    "which is not in %s, and anybody\ncould have forged that. "
		    "Is it your provider's?", host, t->domain);
		t->answer = terminal_confirm(t->terminal, question, err);
		t->asked = host;
	}
	if (t->asked != NULL && t->answer != 0)
		return t->answer > 0 ? 0 : -1;
	fail(err, EX_CONFIG, "the DNS leads to %s, another domain, and nobody "
	    "vouches for that", host);
	return hint(err, "if it is the right one, add --srv-targets=%s", host);
}

/* Connects, and looks whether one can authenticate there. */
static int
talk(const struct probe *t, const struct account *a, struct error *err)
{
	const struct submit_options options = { .trace = t->trace,
	    .confinement = SUBMIT_UNCONFINED };
	struct submitter s = {0};
	int result;

	result = submit_connect(&s, a, &options, err);
	if (result == 0 && auth_is_wanted(a) &&
	    sasl_find(a->auth) == NULL &&
	    sasl_choose(s.session.can.mechanisms, s.session.confidential, 1,
	    1) == NULL)
		result = fail(err, EX_UNAVAILABLE, "it offers no "
		    "authentication that we have");
	if (result == 0)
		terminal_say(t->output, "  it will do: %s, AUTH %s\n",
		    s.facts.tls[0] != '\0' ? s.facts.tls : "no TLS",
		    s.session.can.mechanisms);
	submit_close(&s);
	return result;
}

static unsigned
at_most(unsigned seconds, unsigned limit)
{
	return seconds == 0 || seconds > limit ? limit : seconds;
}

int
probe_run(struct probe *t, const struct service *service,
    const struct account *account, struct error *err)
{
	struct account hasty;
	int result;

	terminal_say(t->output, "Trying %s, port %u, %s\n", service->host,
	    service->port, service->starttls ? "STARTTLS"
	    : "TLS from the start");
	result = vouch(t, account, service, err);
	if (result == 0) {
		account_copy(&hasty, account);
		hasty.timeout = at_most(hasty.timeout, STEP_SECONDS);
		hasty.deadline = at_most(hasty.deadline, HOST_SECONDS);
		result = talk(t, &hasty, err);
		account_free(&hasty);
	}
	if (result == 0)
		return 1;
	if (err->signal != 0)
		return -1;
	terminal_say(t->output, "  no: %s\n", err->text);
	return 0;
}
