/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Programs that keep secrets, and their commands. */
#ifndef ONEHOP_BASE_KEEPER_H
#define ONEHOP_BASE_KEEPER_H

#include <stddef.h>

/* Templates of keeper_command(). */
struct keeper {
	const char *program;
	const char *read;   /* prints the secret */
	const char *write;  /* takes it on standard input */
	const char *remove;
};

#define KEEPERS ((size_t)2)
extern const struct keeper keepers[KEEPERS];

/* Returns the keeper of that name, or NULL. */
const struct keeper *keeper_find(const char *program);

/* Returns whether the word means itself in a shell command, without quotes. */
int keeper_is_plain(const char *word);

/*
 * Returns the command with the words, owned: "%h" is where the secret is used,
 * "%s" whose it is. A word is put in quotes unless it is plain.
 */
char *keeper_command(const char *template, const char *where,
	const char *user);

#endif
