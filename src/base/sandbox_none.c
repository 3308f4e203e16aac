/* SPDX-License-Identifier: GPL-3.0-or-later */
/* For systems that have no sandbox. */
#include "config.h"

#include "base/sandbox.h"

int
sandbox_confine(const struct sandbox_needs *needs)
{
	(void)needs;
	return -1;
}
