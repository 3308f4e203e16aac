/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The field behind one key, whatever its kind: store, show, copy, free. */
#ifndef ONEHOP_CONFIG_SETTING_H
#define ONEHOP_CONFIG_SETTING_H

#include <stddef.h>

#include "base/error.h"

/*
 * Stores a value as it would be written; home is for a leading ~, "" if not
 * known. 0, or -1 EX_CONFIG "expected ..., not "..."" and the field as it was.
 */
int setting_store(void *field, size_t key, const char *value,
	const char *home, struct error *err);

/* As it would be written, entry index of a list: owned, NULL past the last.
 * A secret reads "***". */
char *setting_show(const void *field, size_t key, size_t index);

/* Makes a field that is not initialised a copy. */
void setting_copy(void *to, const void *from, size_t key);

/* Frees what the field owns; wipes texts. */
void setting_free(void *field, size_t key);

#endif
