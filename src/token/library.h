/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Libraries that are loaded when they are used: printing a token that is valid
 * needs neither libcurl nor GnuTLS, whose start takes ten times as long. */
#ifndef ONEHOP_TOKEN_LIBRARY_H
#define ONEHOP_TOKEN_LIBRARY_H

#include <stddef.h>

#include "base/error.h"

struct library_symbol {
	const char *name;
	void *at;          /* the function pointer that is set */
};

/* Loads a library and sets n function pointers. Returns 0; -1 EX_CONFIG. */
int library_load(const char *name, const struct library_symbol *symbols,
	size_t n, struct error *err);

#endif
