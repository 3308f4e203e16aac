/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where the time of a submission went, step by step. */
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
	int unfinished;     /* it was under way when all ended */
};

/*
 * The steps of the submission in the order they were taken, as far as it came;
 * the last may be unfinished. Commands that went in one flight are one step.
 * Returns how many there are.
 */
size_t timing_steps(struct timing_step steps[TIMING_STEPS],
	const struct account *a, const struct submission *facts);

/* The same on fd, a line with a bar for each step, and the whole. Nothing if
 * the smarthost was not turned to. */
void timing_show(int fd, const struct account *a,
	const struct submission *facts);

#endif
