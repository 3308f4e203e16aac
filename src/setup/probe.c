/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "setup/probe.h"

#include <stdio.h>

#include "auth/sasl.h"
#include "base/ascii.h"
#include "base/escape.h"
#include "base/terminal.h"
#include "format/domain.h"
#include "smtp/auth.h"
#include "smtp/submit.h"

/* Limits for a guessed host that may not exist. */
#define STEP_SECONDS 10
#define HOST_SECONDS 40

/*
 * A DNS answer may be forged, and the attacker has a certificate for the name
 * in it: the user must confirm the name.
 */
static int
vouch(struct probe *probe, const struct account *a,
    const struct service *service, struct error *err)
{
	const char *host = service->host;
	char question[ESCAPE_QUOTE];

	if (service->vouched)
		return 0;
	for (size_t i = 0; i < a->srv_targets.n; i++)
		if (domain_is_within(host, a->srv_targets.at[i]))
			return 0;
	if (probe->terminal >= 0 && (probe->asked == NULL ||
	    !ascii_equal(probe->asked, host))) {
		snprintf(question, sizeof(question), "The DNS names %s, "
		    "which is not in %s. A DNS answer\ncan be forged. Is it "
		    "your provider's?", host, probe->domain);
		probe->answer = terminal_confirm(probe->terminal, question,
		    err);
		probe->asked = host;
	}
	if (probe->asked != NULL && probe->answer != 0)
		return probe->answer > 0 ? 0 : -1;
	fail(err, EX_CONFIG, "the DNS names %s, which is in another domain, "
	    "without authentication", host);
	return hint(err, "if it is the right one, add --srv-targets=%s", host);
}

/* Connects and checks that the server offers a usable AUTH mechanism. */
static int
talk(const struct probe *probe, const struct account *a, struct error *err)
{
	const struct submit_options options = { .trace = probe->trace,
	    .confinement = SUBMIT_UNCONFINED };
	struct submitter s = {0};
	int result;

	result = submit_connect(&s, a, &options, err);
	if (result == 0 && auth_is_wanted(a) &&
	    mechanism_find(a->auth) == NULL &&
	    mechanism_choose(s.session.can.mechanisms,
	    s.session.confidential, 1, 1) == NULL)
		result = fail(err, EX_UNAVAILABLE, "no supported "
		    "authentication mechanism is offered");
	if (result == 0)
		terminal_say(probe->output, "  usable: %s, AUTH %s\n",
		    s.facts.tls[0] != '\0' ? s.facts.tls : "no TLS",
		    s.session.can.mechanisms);
	if (s.facts.notice[0] != '\0') /* the key of a first connection */
		terminal_say(probe->output, "  %s\n", s.facts.notice);
	submit_close(&s);
	return result;
}

static unsigned
at_most(unsigned seconds, unsigned limit)
{
	return seconds == 0 || seconds > limit ? limit : seconds;
}

int
probe_run(struct probe *probe, const struct service *service,
    const struct account *account, struct error *err)
{
	struct account limited;
	int result;

	terminal_say(probe->output, "Trying %s, port %u, %s\n", service->host,
	    service->port, account->tls == SWITCH_OFF ? "no TLS"
	    : service->starttls ? "STARTTLS" : "TLS from the start");
	result = vouch(probe, account, service, err);
	if (result == 0) {
		account_copy(&limited, account);
		limited.timeout = at_most(limited.timeout, STEP_SECONDS);
		limited.deadline = at_most(limited.deadline, HOST_SECONDS);
		result = talk(probe, &limited, err);
		account_free(&limited);
	}
	if (result == 0)
		return 1;
	if (err->signal != 0)
		return -1;
	terminal_say(probe->output, "  no: %s\n", err->text);
	return 0;
}
