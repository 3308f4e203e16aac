/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config/selection.h"

#include <string.h>

#include "base/escape.h"
#include "base/xmalloc.h"
#include "config/key.h"

void
selection_override(struct selection *s, size_t key, const char *value)
{
	s->overrides = xgrow(s->overrides, s->noverrides,
	    sizeof(s->overrides[0]));
	s->overrides[s->noverrides].key = account_keys[key].name;
	s->overrides[s->noverrides].value = value;
	s->noverrides++;
}

const char *
selection_value(const struct selection *s, size_t key, const char *fallback)
{
	for (size_t i = s->noverrides; i-- > 0;)
		if (strcmp(s->overrides[i].key, account_keys[key].name) == 0)
			return s->overrides[i].value;
	return fallback;
}

int
selection_may_be_any_file(const struct selection *s)
{
	return s->may_be_foreign && !s->is_recorded && s->config != NULL;
}

void
selection_hide_file(const struct selection *s, struct error *err)
{
	char quote[ESCAPE_QUOTE];

	if (err->code != EX_CONFIG || !selection_may_be_any_file(s))
		return;
	fail(err, EX_CONFIG, "-C %s: no account for this message can be made "
	    "of this file", escape_string(quote, sizeof(quote), s->config));
	hint(err, "onehop -C FILE -P shows why");
}
