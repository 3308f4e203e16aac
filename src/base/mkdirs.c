/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/mkdirs.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Ends the path at a slash, or goes back to that; returns the character that
 * was there. */
static char
cut(char *end, char c)
{
	char was = *end;

	*end = c;
	return was;
}

/* The end of the component of the path after at. */
static char *
next_end(char *at)
{
	at += strspn(at, "/");
	return at + strcspn(at, "/");
}

/*
 * Mode 0700 whatever the umask, for the directory that was just made. One that
 * another run has made meanwhile stays as it is; one of another user, or a
 * link, is refused. Returns a descriptor, or -1 with errno.
 */
static int
enter(int parent, const char *name)
{
	mode_t mask = umask(077); /* else it might not even be opened */
	int made = mkdirat(parent, name, 0700) == 0;
	int fd, error = errno;
	struct stat st;

	umask(mask);
	if (!made && error != EEXIST) {
		errno = error;
		return -1;
	}
	fd = openat(parent, name,
	    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -1;
	if (fstat(fd, &st) == 0 && st.st_uid != geteuid())
		errno = EPERM;
	else if (!made || (fchmod(fd, 0700) == 0 && fsync(parent) == 0))
		return fd;
	error = errno;
	close(fd);
	errno = error;
	return -1;
}

/* Makes what of the path begins at name, below the open directory, which it
 * closes. */
static int
make_below(int parent, char *name)
{
	while (*name != '\0') {
		char *end = next_end(name), after = cut(end, '\0');
		int fd = enter(parent, name), error = errno;

		cut(end, after);
		close(parent);
		errno = error;
		if (fd < 0)
			return -1;
		parent = fd;
		name = end + strspn(end, "/");
	}
	return close(parent);
}

/* Leaves what is there as it is, whatever a system says of making it. */
int
mkdirs(char *path)
{
	char *known = path + (*path == '/'), *end = known;
	char after;
	struct stat st;
	int fd;

	/* the part of the path that is there */
	while (*end != '\0') {
		end = next_end(end);
		after = cut(end, '\0');
		fd = stat(path, &st);
		cut(end, after);
		if (fd != 0)
			break;
		known = end + strspn(end, "/");
	}
	if (*known == '\0')
		return 0;
	after = cut(known, '\0');
	fd = open(path[0] != '\0' ? path : ".",
	    O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cut(known, after);
	return fd < 0 ? -1 : make_below(fd, known);
}
