/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Parses the lines of an EHLO reply, RFC 5321 4.1.1.1. Pure. */
#ifndef ONEHOP_FORMAT_EHLO_H
#define ONEHOP_FORMAT_EHLO_H

#include <stddef.h>
#include <stdint.h>

/* Known extensions; bits of ehlo.offered. */
enum extension {
	EXT_STARTTLS = 1 << 0,            /* RFC 3207 */
	EXT_AUTH = 1 << 1,                /* RFC 4954 */
	EXT_PIPELINING = 1 << 2,          /* RFC 2920 */
	EXT_SIZE = 1 << 3,                /* RFC 1870 */
	EXT_8BITMIME = 1 << 4,            /* RFC 6152 */
	EXT_SMTPUTF8 = 1 << 5,            /* RFC 6531 */
	EXT_DSN = 1 << 6,                 /* RFC 3461 */
	EXT_ENHANCEDSTATUSCODES = 1 << 7, /* RFC 2034 */
	EXT_CHUNKING = 1 << 8,            /* RFC 3030 */
	EXT_BINARYMIME = 1 << 9,          /* RFC 3030 */
	EXT_REQUIRETLS = 1 << 10,         /* RFC 8689 */
	EXT_LIMITS = 1 << 11,             /* RFC 9422 */
	EXT_MT_PRIORITY = 1 << 12,        /* RFC 6710 */
	EXT_DELIVERBY = 1 << 13,          /* RFC 2852 */
	EXT_FUTURERELEASE = 1 << 14,      /* RFC 4865 */
	EXT_ETRN = 1 << 15                /* RFC 1985 */
};

struct ehlo {
	unsigned offered;      /* enum extension */
	uint64_t size_max;     /* SIZE, octets; 0 = no limit given */
	char mechanisms[1024]; /* AUTH, upper case, separated by spaces */
	uint64_t rcpt_max;     /* LIMITS RCPTMAX; 0 = not given */
	uint64_t mail_max;     /* LIMITS MAILMAX; 0 = not given */
	uint64_t deliverby_min;/* seconds; 0 = not given */
	uint64_t hold_max;     /* FUTURERELEASE: largest interval, seconds */
	char hold_until_max[32]; /* latest time, as the server wrote it */
};

/* Keywords of the extensions, for listings. */
struct ehlo_keyword {
	const char *keyword;
	enum extension extension;
};
extern const struct ehlo_keyword capability_names[]; /* ends with NULL */

/* Takes one line of the reply without its code: a keyword and parameters.
 * Unknown lines are ignored; "AUTH=" is read as "AUTH ". */
void ehlo_add_line(struct ehlo *c, const char *words,
	size_t len);

#endif
