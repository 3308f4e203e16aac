/* SPDX-License-Identifier: GPL-3.0-or-later */
/* An error as a value: what a run came to, and the sentence that says why. */
#ifndef ONEHOP_BASE_ERROR_H
#define ONEHOP_BASE_ERROR_H

#include <stddef.h>
#include <sysexits.h>

/* The state of the message, as far as known, when the run failed. */
enum outcome {
	OUTCOME_NOT_SENT, /* the smarthost cannot have it */
	OUTCOME_UNKNOWN,  /* the final dot was sent, its reply never came */
	OUTCOME_PARTIAL,  /* accepted for some recipients, refused for others */
	OUTCOME_QUEUED    /* in the outbox: code is 0, text says why it is not
	                     sent */
};

/* Fixed size, so that reporting trouble never needs memory. {0} is "none". */
struct error {
	int code;             /* sysexits(3) code; 0 while nothing failed */
	int signal;           /* the signal that interrupted us, 0 if none */
	enum outcome outcome;
	int lasting;          /* no later try can help, whatever the code */
	char text[1024];      /* lower case, no full stop, escaped; LF only
	                         between the errors of a config file */
	char hint[256];       /* what the user can do about it, or "" */
};

/*
 * Sets code and text, drops any earlier error, returns -1. A text that does
 * not fit ends in "...". Foreign bytes must have gone through escape.h.
 */
int fail(struct error *err, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Puts "context: " before the text; code, hint, outcome stay. Returns -1. */
int wrap(struct error *err, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Adds what the user can do, unless a hint is there already. Returns -1. */
int hint(struct error *err, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
