/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Character classes, case and numbers of protocol text, independent of the
 * locale: in tr_TR, strcasecmp() finds "PIPELINING" and "pipelining" different.
 */
#ifndef ONEHOP_BASE_ASCII_H
#define ONEHOP_BASE_ASCII_H

#include <stddef.h>
#include <stdint.h>

static inline int
ascii_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static inline int
ascii_is_alpha(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static inline int
ascii_is_alnum(char c)
{
	return ascii_is_alpha(c) || ascii_is_digit(c);
}

/* Space or tab: WSP of RFC 5234. */
static inline int
ascii_is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* C0 controls, tab and line ends included, and DEL. */
static inline int
ascii_is_control(char c)
{
	return (unsigned char)c < 0x20 || c == 0x7f;
}

static inline int
ascii_is_8bit(char c)
{
	return (unsigned char)c >= 0x80;
}

static inline char
ascii_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

static inline char
ascii_upper(char c)
{
	return c >= 'a' && c <= 'z' ? (char)(c - ('a' - 'A')) : c;
}

/* Returns whether one of the n octets at text is above 127. */
int ascii_has_8bit(const char *text, size_t n);

/* Returns whether the strings are equal, ignoring ASCII case. */
int ascii_equal(const char *a, const char *b);

/* Same as ascii_equal(), for the n octets at a and the whole string b. */
int ascii_equal_n(const char *a, size_t n, const char *b);

/* Returns whether a begins with prefix, ignoring case. */
int ascii_begins(const char *a, const char *prefix);

/* Returns whether word is in the space-separated list, ignoring case. */
int ascii_has_word(const char *list, const char *word);

/* Reads the n octets at s as a decimal number; only digits are accepted.
 * Returns 0 with *value set if the number is within [lo, hi], else -1. */
int ascii_number(const char *s, size_t n, uint64_t lo, uint64_t hi,
	uint64_t *value);

#endif
