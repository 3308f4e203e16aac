/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fuzz.h"

#include <string.h>

#include "base/xmalloc.h"
#include "format/domain.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *domain = xstrndup((const char *)data, size);
	struct error err = {0};
	char *wire = NULL;
	char *again = NULL;
	char *shown;

	if (domain_to_ascii(domain, &wire, &err) < 0) {
		require(wire == NULL && err.code == EX_DATAERR,
		    "a refusal says so");
	} else {
		require(domain_is_ldh(wire) != domain_is_literal(wire),
		    "what goes on the wire is LDH or a literal");
		require(domain_to_ascii(wire, &again, &err) == 0 &&
		    strcmp(wire, again) == 0, "A-labels stay");
		shown = domain_to_unicode(wire);
		require(strpbrk(shown, "\r\n\033<> ") == NULL,
		    "what is shown is clean");
		free(shown);
	}
	free(domain);
	free(wire);
	free(again);
	return 0;
}
