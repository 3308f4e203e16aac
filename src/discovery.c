/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "discovery.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ascii.h"
#include "memory.h"

#define PORT_SUBMISSIONS 465 /* RFC 8314 3.3 */
#define PORT_SUBMISSION 587

static const struct provider {
	const char *domains;   /* one space between */
	const char *host;
	unsigned port;
	int starttls;
} providers[] = {
#define PROVIDER(domains, host, port, starttls) \
	{ domains, host, port, starttls },
#include "providers.def"
#undef PROVIDER
};

static const struct provider *
find_provider(const char *domain)
{
	for (size_t i = 0; i < sizeof(providers) / sizeof(providers[0]); i++)
		if (ascii_has_word(providers[i].domains, domain))
			return &providers[i];
	return NULL;
}

/* One more, which nobody can have forged. */
static void
add(struct candidates *found, enum candidate_origin origin, const char *host,
    unsigned port, int starttls)
{
	struct candidate *to = &found->at[found->n++];

	to->origin = origin;
	snprintf(to->service.host, sizeof(to->service.host), "%s", host);
	to->service.port = port;
	to->service.starttls = starttls;
	to->service.vouched = 1;
}

static void
add_guesses(struct candidates *found, const char *domain)
{
	static const char *const names[] = { "smtp", "mail" };
	char host[DNS_NAME_SIZE + sizeof("smtp.")];

	for (int starttls = 0; starttls <= 1; starttls++)
		for (size_t i = 0; i < 2; i++) {
			snprintf(host, sizeof(host), "%s.%s", names[i],
			    domain);
			if (strlen(host) < DNS_NAME_SIZE - 1)
				add(found, CANDIDATE_GUESS, host, starttls
				    ? PORT_SUBMISSION : PORT_SUBMISSIONS,
				    starttls);
		}
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

int
discovery_find(struct candidates *found, const char *domain, int64_t deadline,
    struct error *doubt, struct error *err)
{
	const struct provider *known = find_provider(domain);
	struct services *services = xcalloc(1, sizeof(*services));
	int result = service_find(services, SERVICE_SRV, domain, deadline,
	    doubt);

	found->n = 0;
	if (result == 0)
		add_services(found, services, known);
	if (services->refused || doubt->signal != 0) {
		*err = *doubt;
		free(services);
		return -1;
	}
	if (doubt->code == EX_NOHOST)
		memset(doubt, 0, sizeof(*doubt)); /* to be expected */
	free(services);
	if (found->n == 0 && known != NULL)
		add(found, CANDIDATE_PROVIDER, known->host, known->port,
		    known->starttls);
	if (found->n == 0)
		add_guesses(found, domain);
	if (found->n > 0)
		return 0;
	return fail(err, EX_NOHOST, "the domain is too long for a name to try");
}

void
discovery_take(struct candidates *found, const char *host, unsigned port)
{
	found->n = 0;
	if (port == 0) {
		add(found, CANDIDATE_GIVEN, host, PORT_SUBMISSIONS, 0);
		add(found, CANDIDATE_GIVEN, host, PORT_SUBMISSION, 1);
		return;
	}
	if (port != PORT_SUBMISSION)
		add(found, CANDIDATE_GIVEN, host, port, 0);
	if (port != PORT_SUBMISSIONS)
		add(found, CANDIDATE_GIVEN, host, port, 1);
}
