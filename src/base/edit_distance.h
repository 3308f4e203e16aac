/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How far a mistyped word is from a known one: for "did you mean". */
#ifndef ONEHOP_BASE_EDIT_DISTANCE_H
#define ONEHOP_BASE_EDIT_DISTANCE_H

#include <stddef.h>

#define DISTANCE_WORD_MAX 40

/*
 * Letters to insert, delete, replace or swap with their neighbour to make b
 * of a, without case. A word longer than DISTANCE_WORD_MAX is far from all:
 * SIZE_MAX.
 */
size_t distance(const char *a, const char *b);

/* Returns whether they are so close that the one was meant for the other. */
int edit_distance_is_typo(const char *typed, const char *meant);

#endif
