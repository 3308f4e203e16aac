/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Libraries loaded on demand: libgnutls-dane is needed for tls_trust dane only,
 * and onehop-token prints a valid token without libcurl and GnuTLS, whose
 * initialization takes ten times as long.
 */
#ifndef ONEHOP_BASE_LIBRARY_H
#define ONEHOP_BASE_LIBRARY_H

#include <stddef.h>

#include "base/error.h"

struct library_symbol {
	const char *name;
	void *at;          /* the function pointer to set */
};

/* Loads a library, which is never unloaded, and sets n function pointers.
 * Returns 0 on success, -1 EX_CONFIG with the error of the loader. */
int library_load(const char *name, const struct library_symbol *symbols,
	size_t n, struct error *err);

#endif
