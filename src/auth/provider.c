/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "auth/provider.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/ascii.h"
#include "format/dns_answer.h"
#include "format/domain.h"

static const struct provider providers[] = {
#define PROVIDER(...) { __VA_ARGS__ },
#include "auth/providers.def"
#undef PROVIDER
};
#define PROVIDERS (sizeof(providers) / sizeof(providers[0]))

const struct provider *
provider_by_domain(const char *domain)
{
	for (size_t i = 0; i < PROVIDERS; i++)
		if (ascii_has_word(providers[i].domains, domain))
			return &providers[i];
	return NULL;
}

/* Returns whether the host is in one of the domains of the list. */
static int
is_within_any(const char *host, const char *list)
{
	char domain[DNS_NAME_SIZE];

	while (*list != '\0') {
		size_t n = strcspn(list, " ");

		snprintf(domain, sizeof(domain), "%.*s", (int)n, list);
		if (domain_is_within(host, domain))
			return 1;
		list += n + (list[n] == ' ');
	}
	return 0;
}

const struct provider *
provider_by_exchanger(const char *host)
{
	for (size_t i = 0; i < PROVIDERS; i++)
		if (is_within_any(host, providers[i].exchangers))
			return &providers[i];
	return NULL;
}

const struct provider *
provider_by_host(const char *host)
{
	for (size_t i = 0; i < PROVIDERS; i++)
		if (ascii_equal(providers[i].host, host))
			return &providers[i];
	return NULL;
}
