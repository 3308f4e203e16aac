/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "outbox/site.h"

#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/xmalloc.h"
#include "config/load.h"

/* All that decides which account it is, in one text. Owned. */
static char *
describe(const struct selection *origin)
{
	struct buffer text = {0};

	buffer_addf(&text, "%s\n%s\n",
	    origin->account != NULL ? origin->account : "",
	    origin->config != NULL ? origin->config : "");
	for (size_t i = 0; i < origin->noverrides; i++)
		buffer_addf(&text, "%s=%s\n", origin->overrides[i].key,
		    origin->overrides[i].value);
	return buffer_string(&text);
}

struct site *
site_find(struct sites *s, const struct selection *origin, int trace)
{
	char *text = describe(origin);
	struct site *site;

	for (size_t i = 0; i < s->n; i++) {
		if (strcmp(s->at[i]->origin, text) != 0)
			continue;
		free(text);
		return s->at[i];
	}
	site = xcalloc(1, sizeof(*site));
	site->origin = text;
	site->delivery.options.trace = trace;
	site->stopped = config_load(&site->account, origin, NULL, NULL,
	    &site->why) != 0;
	s->at = xreallocarray(s->at, s->n + 1, sizeof(struct site *));
	s->at[s->n++] = site;
	return site;
}

void
site_free(struct sites *s)
{
	for (size_t i = 0; i < s->n; i++) {
		reuse_close(&s->at[i]->delivery);
		account_free(&s->at[i]->account);
		free(s->at[i]->origin);
		free(s->at[i]);
	}
	free(s->at);
	memset(s, 0, sizeof(*s));
}
