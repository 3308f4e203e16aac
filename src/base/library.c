/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/library.h"

#include <dlfcn.h>
#include <string.h>

#include "base/escape.h"

int
library_load(const char *name, const struct library_symbol *symbols, size_t n,
    struct error *err)
{
	void *handle = dlopen(name, RTLD_NOW | RTLD_LOCAL);
	char quote[ESCAPE_QUOTE];

	for (size_t i = 0; handle != NULL && i < n; i++) {
		void *symbol = dlsym(handle, symbols[i].name);

		if (symbol == NULL)
			handle = NULL;
		/* POSIX: a function's address fits; C lacks the cast. */
		memcpy(symbols[i].at, &symbol, sizeof(symbol));
	}
	return handle != NULL ? 0 : fail(err, EX_CONFIG, "%s",
	    escape_string(quote, sizeof(quote), dlerror()));
}
