/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "outbox/lock.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/escape.h"
#include "base/poll.h"
#include "base/xmalloc.h"

/* Time between two tries to take a lock, milliseconds. */
#define PAUSE 50

/* Prefix of the name of a site's file. */
#define SITE "site-"

static int
cannot_lock(struct error *err, const char *name)
{
	char quote[ESCAPE_QUOTE];
	int error = errno;

	return fail(err, EX_TEMPFAIL, "outbox: cannot lock %s: %s",
	    escape_string(quote, sizeof(quote), name), strerror(error));
}

int
lock_take(int fd, const char *name, int64_t deadline, struct error *err)
{
	while (flock(fd, LOCK_EX | LOCK_NB) != 0) {
		if (errno == EINTR)
			continue;
		if (errno != EWOULDBLOCK)
			return cannot_lock(err, name);
		if (deadline_now() >= deadline)
			return 0;
		if (poll_any(NULL, 0, deadline_in(PAUSE), err) < 0)
			return -1;
	}
	return 1;
}

int
lock_site(const char *outbox, const char *key, struct error *err)
{
	char *path = xasprintf("%s/%s%s", outbox, SITE, key);
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	int locked = fd >= 0 ? lock_take(fd, path, 0, err)
	    : cannot_lock(err, path);

	free(path);
	if (locked == 1)
		return fd;
	if (fd >= 0)
		close(fd);
	if (locked < 0)
		return -1;
	fail(err, EX_TEMPFAIL, "another run is sending the messages of this "
	    "account");
	return LOCK_BUSY;
}

void
lock_sweep(const char *outbox)
{
	DIR *listing = opendir(outbox);
	const struct dirent *d;

	while (listing != NULL && (d = readdir(listing)) != NULL) {
		int fd;

		if (strncmp(d->d_name, SITE, strlen(SITE)) != 0)
			continue;
		fd = openat(dirfd(listing), d->d_name, O_RDWR | O_CLOEXEC |
		    O_NOFOLLOW | O_NONBLOCK);
		if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0)
			unlinkat(dirfd(listing), d->d_name, 0);
		if (fd >= 0)
			close(fd);
	}
	if (listing != NULL)
		closedir(listing);
}
