/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What every fuzz target includes. */
#ifndef ONEHOP_FUZZ_H
#define ONEHOP_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* The target: takes any octets, aborts if a property does not hold. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static inline void
require(int holds, const char *property)
{
	if (holds)
		return;
	fprintf(stderr, "does not hold: %s\n", property);
	abort();
}

#endif
