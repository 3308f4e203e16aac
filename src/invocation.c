/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "invocation.h"

#include "memory.h"

void
invocation_override(struct invocation *inv, const char *key, const char *value)
{
	inv->overrides = xreallocarray(inv->overrides, inv->noverrides + 1,
	    sizeof(inv->overrides[0]));
	inv->overrides[inv->noverrides].key = key;
	inv->overrides[inv->noverrides].value = value;
	inv->noverrides++;
}
