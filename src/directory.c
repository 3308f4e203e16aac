/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "directory.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

static int
make_one(const char *path)
{
	if (mkdir(path, 0700) == 0)
		return chmod(path, 0700);
	return errno == EEXIST ? 0 : -1;
}

int
directory_make(char *path)
{
	int result = 0;

	for (char *end = path; result == 0 && *end != '\0';) {
		char after;

		end += strspn(end, "/");
		end += strcspn(end, "/");
		after = *end;
		*end = '\0';
		result = make_one(path);
		*end = after;
	}
	return result;
}
