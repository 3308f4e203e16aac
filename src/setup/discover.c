/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "setup/discover.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/ascii.h"
#include "base/xmalloc.h"
#include "auth/provider.h"
#include "format/domain.h"

#define PORT_SUBMISSIONS 465 /* RFC 8314 3.3 */
#define PORT_SUBMISSION 587
#define PORT_SMTP 25 /* a relay of the local network */

/* Number of guessed hosts: smtp., mail., and the domain's mail exchangers. */
#define GUESSES_MAX 4

struct guesses {
	char at[GUESSES_MAX][DNS_NAME_SIZE];
	size_t n;
};

/* Adds a candidate that does not come from the DNS. */
static struct service *
add(struct candidates *found, enum candidate_origin origin, const char *host,
    unsigned port, int starttls)
{
	struct candidate *to = &found->at[found->n++];

	to->origin = origin;
	snprintf(to->service.host, sizeof(to->service.host), "%s", host);
	to->service.port = port;
	to->service.starttls = starttls;
	to->service.vouched = 1;
	return &to->service;
}

static void
add_provider(struct candidates *found, const struct provider *known,
    int vouched)
{
	add(found, CANDIDATE_PROVIDER, known->host, known->port,
	    known->starttls)->vouched = vouched;
}

static void
add_services(struct candidates *found, const struct services *services,
    const struct provider *known)
{
	for (size_t i = 0; i < services->n; i++) {
		struct candidate *to = &found->at[found->n++];

		to->service = services->at[i];
		to->service.vouched |= known != NULL &&
		    ascii_equal(known->host, to->service.host);
		to->origin = CANDIDATE_DNS;
	}
}

static void
guess(struct guesses *guesses, const char *prefix, const char *domain)
{
	char host[DNS_NAME_SIZE + 16];

	snprintf(host, sizeof(host), "%s%s", prefix, domain);
	if (guesses->n == GUESSES_MAX || strlen(host) >= DNS_NAME_SIZE)
		return;
	for (size_t i = 0; i < guesses->n; i++)
		if (ascii_equal(guesses->at[i], host))
			return;
	memcpy(guesses->at[guesses->n++], host, strlen(host) + 1);
}

/* Adds the provider of the mail exchangers; an exchanger in the domain itself
 * may also be its submission server. */
static void
look_at_exchangers(struct candidates *found, struct guesses *guesses,
    const struct services *exchangers, const char *domain)
{
	for (size_t i = 0; i < exchangers->n; i++) {
		const struct service *one = &exchangers->at[i];
		const struct provider *known = provider_by_exchanger(one->host);

		if (known != NULL && known->login != LOGIN_NONE &&
		    found->n == 0)
			add_provider(found, known, one->vouched);
		if (domain_is_within(one->host, domain))
			guess(guesses, "", one->host);
	}
}

static void
add_guesses(struct candidates *found, const struct guesses *guesses)
{
	for (int starttls = 0; starttls <= 1; starttls++)
		for (size_t i = 0; i < guesses->n; i++)
			add(found, CANDIDATE_GUESS, guesses->at[i], starttls
			    ? PORT_SUBMISSION : PORT_SUBMISSIONS, starttls);
}

/* Adds guesses for a domain without SRV records that is not in the table. */
static void
add_unlisted(struct candidates *found, const char *domain, int64_t deadline,
    struct error *doubt)
{
	struct services *exchangers = xcalloc(1, sizeof(*exchangers));
	struct guesses guesses = {0};

	guess(&guesses, "smtp.", domain);
	guess(&guesses, "mail.", domain);
	if (srv_mx_find(exchangers, SERVICE_MX, domain, deadline, NULL,
	    doubt) == 0)
		look_at_exchangers(found, &guesses, exchangers, domain);
	add_guesses(found, &guesses);
	free(exchangers);
}

/* A domain without these records is not an error. */
static void
clear_not_found(struct error *doubt)
{
	if (doubt->code == EX_NOHOST)
		memset(doubt, 0, sizeof(*doubt));
}

int
discover_find(struct candidates *found, const char *domain, int64_t deadline,
    struct error *doubt, struct error *err)
{
	const struct provider *known = provider_by_domain(domain);
	struct services *services = xcalloc(1, sizeof(*services));
	int refused;

	found->n = 0;
	if (known != NULL && known->login == LOGIN_NONE) {
		free(services);
		return fail(err, EX_NOHOST, "%s", known->page);
	}
	if (srv_mx_find(services, SERVICE_SRV, domain, deadline, NULL,
	    doubt) == 0)
		add_services(found, services, known);
	refused = services->refused;
	free(services);
	if (refused) {
		*err = *doubt;
		return -1;
	}
	clear_not_found(doubt);
	if (found->n == 0 && known != NULL)
		add_provider(found, known, 1);
	else if (found->n == 0 && doubt->signal == 0)
		add_unlisted(found, domain, deadline, doubt);
	clear_not_found(doubt);
	if (doubt->signal != 0) {
		*err = *doubt;
		return -1;
	}
	if (found->n > 0)
		return 0;
	return fail(err, EX_NOHOST, "the domain is too long for a name to try");
}

void
discover_take(struct candidates *found, const char *host, unsigned port)
{
	found->n = 0;
	if (port == 0) {
		add(found, CANDIDATE_GIVEN, host, PORT_SUBMISSIONS, 0);
		add(found, CANDIDATE_GIVEN, host, PORT_SUBMISSION, 1);
		add(found, CANDIDATE_GIVEN, host, PORT_SMTP, 1);
		return;
	}
	if (port != PORT_SUBMISSION)
		add(found, CANDIDATE_GIVEN, host, port, 0);
	if (port != PORT_SUBMISSIONS)
		add(found, CANDIDATE_GIVEN, host, port, 1);
}
