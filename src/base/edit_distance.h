/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The edit distance between two words, for "did you mean" hints. */
#ifndef ONEHOP_BASE_EDIT_DISTANCE_H
#define ONEHOP_BASE_EDIT_DISTANCE_H

#include <stddef.h>

#define DISTANCE_WORD_MAX 40

/*
 * Returns the number of letters to insert, delete, replace or swap with a
 * neighbour to turn a into b, ignoring case. Returns SIZE_MAX if a word is
 * longer than DISTANCE_WORD_MAX.
 */
size_t distance(const char *a, const char *b);

/* Returns whether typed is so close to meant that it is probably a typing
 * error. */
int edit_distance_is_typo(const char *typed, const char *meant);

#endif
