/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/mkdirs.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Makes the disk know the names in the directory above path. */
static int
sync_above(char *path)
{
	char *slash = strrchr(path, '/');
	char *end = slash == path ? slash + 1 : slash;
	char after = '\0';
	int fd, result;

	if (end != NULL) {
		after = *end;
		*end = '\0';
	}
	fd = open(end != NULL ? path : ".",
	    O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (end != NULL)
		*end = after;
	result = fd >= 0 ? fsync(fd) : -1;
	if (fd >= 0)
		close(fd);
	return result;
}

/* Mode 0700 whatever the umask, for the new directory and nothing that has
 * taken its place meanwhile. */
static int
close_others(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;
	int result;

	if (fd < 0)
		return -1;
	result = fstat(fd, &st);
	if (result == 0 && st.st_uid != geteuid()) {
		errno = EPERM;
		result = -1;
	}
	if (result == 0)
		result = fchmod(fd, 0700);
	close(fd);
	return result;
}

/* Leaves what is there as it is, whatever a system says of making it. */
static int
make_one(char *path)
{
	mode_t mask = umask(077); /* else it might not even be opened */
	int made = mkdir(path, 0700);
	int error = errno;
	struct stat st;

	umask(mask);
	if (made == 0)
		return close_others(path) == 0 && sync_above(path) == 0
		    ? 0 : -1;
	if (error == EEXIST || stat(path, &st) == 0)
		return 0;
	errno = error;
	return -1;
}

int
mkdirs(char *path)
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
