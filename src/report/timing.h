/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The duration of each step of a submission. */
#ifndef ONEHOP_REPORT_TIMING_H
#define ONEHOP_REPORT_TIMING_H

#include <stdint.h>

#include "config/account.h"
#include "smtp/submit.h"

#define TIMING_STEPS 11

struct timing_step {
	const char *name;   /* for programs: "tls" */
	const char *label;  /* for people: "TLS" */
	int64_t ms;
	int unfinished;     /* the run ended during this step */
};

/* Lists the steps of the submission in order; the last may be unfinished.
 * Commands sent in one flight are one step. Returns the number of steps. */
size_t timing_steps(struct timing_step steps[TIMING_STEPS],
	const struct account *a, const struct submission *facts);

/* Writes the steps to fd, a line with a bar for each, and the total. Writes
 * nothing if no attempt was made. */
void timing_show(int fd, const struct account *a,
	const struct submission *facts);

#endif
