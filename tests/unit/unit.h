/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What every unit test includes first: cmocka, without its macro fail(). */
#ifndef ONEHOP_UNIT_H
#define ONEHOP_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#undef fail
#undef fail_msg
#define fail_msg(...) do { \
	print_error(__VA_ARGS__); \
	print_error("\n"); \
	_fail(__FILE__, __LINE__); \
} while (0)

/* Writes a file of the test. */
static inline void
write_file(const char *path, const char *text, mode_t mode)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(chmod(path, mode), 0);
}

/* Removes a directory of the test and all that is in it. Returns 0 on
 * success. */
static inline int
remove_tree(const char *directory)
{
	char command[512];
	int n = snprintf(command, sizeof(command), "rm -rf '%s'", directory);

	return n > 0 && (size_t)n < sizeof(command) ? system(command) : -1;
}

#endif
