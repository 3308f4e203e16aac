/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Errors as values: an exit code, a message and a hint. */
#ifndef ONEHOP_BASE_ERROR_H
#define ONEHOP_BASE_ERROR_H

#include <stddef.h>
#include <sysexits.h>

/* The state of the message, as far as known, when the run failed. */
enum outcome {
	OUTCOME_NOT_SENT, /* the smarthost does not have it */
	OUTCOME_UNKNOWN,  /* the final dot was sent, no reply received */
	OUTCOME_PARTIAL,  /* accepted or queued for some recipients, refused for
	                     others */
	OUTCOME_QUEUED    /* in the outbox: code is 0, text says why it is not
	                     sent */
};

/* Fixed size, so that reporting an error never allocates memory. {0} means that
 * no error occurred. */
struct error {
	int code;             /* sysexits(3) code; 0 while nothing failed */
	int signal;           /* the signal that interrupted the run, or 0 */
	enum outcome outcome;
	int lasting;          /* permanent: a retry cannot help */
	char text[1024];      /* lower case, no full stop, escaped; LF only
	                         between the errors of a config file */
	char hint[256];       /* what the user can do about it, or "" */
};

/*
 * Sets code and text, replacing any earlier error, and returns -1. Text that
 * does not fit is cut and ends in "...". Untrusted octets must be escaped first
 * (escape.h).
 */
int fail(struct error *err, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Prepends "context: " to the text; code, hint and outcome are unchanged.
 * Returns -1. */
int wrap(struct error *err, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Sets the hint, unless one is already set. Returns -1. */
int hint(struct error *err, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Ends what has failed, or is queued. A failure without a code would look like
 * success: it becomes EX_SOFTWARE. Returns -1. */
int ensure_code(struct error *err);

#endif
