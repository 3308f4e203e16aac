/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config/selection.h"

#include "base/xmalloc.h"

void
selection_override(struct selection *s, const char *key, const char *value)
{
	s->overrides = xreallocarray(s->overrides, s->noverrides + 1,
	    sizeof(s->overrides[0]));
	s->overrides[s->noverrides].key = key;
	s->overrides[s->noverrides].value = value;
	s->noverrides++;
}
