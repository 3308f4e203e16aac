/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Libraries that are loaded when they are used: libgnutls-dane is needed for
 * tls_trust dane only, and a valid token is printed without libcurl and GnuTLS,
 * whose start takes ten times as long.
 */
#ifndef ONEHOP_BASE_LIBRARY_H
#define ONEHOP_BASE_LIBRARY_H

#include <stddef.h>

#include "base/error.h"

struct library_symbol {
	const char *name;
	void *at;          /* the function pointer that is set */
};

/*
 * Loads a library, which stays loaded, and sets n function pointers. Returns 0;
 * -1 EX_CONFIG with the loader's words.
 */
int library_load(const char *name, const struct library_symbol *symbols,
	size_t n, struct error *err);

#endif
