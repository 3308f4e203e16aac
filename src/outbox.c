/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "outbox.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ascii.h"
#include "escape.h"
#include "home.h"
#include "memory.h"

static const char *const place_names[OUTBOX_PLACES] = {
	[OUTBOX_NEW] = "new",
	[OUTBOX_FAILED] = "failed",
	[OUTBOX_JOURNAL] = "journal",
};

char *
outbox_path(const struct account *a)
{
	char *state, *path;

	if (a->outbox[0] == '\0' || ascii_equal(a->outbox, "off"))
		return NULL;
	if (!ascii_equal(a->outbox, "on"))
		return xstrdup(a->outbox);
	state = home_state_directory(a->home);
	path = state != NULL ? xasprintf("%s/outbox", state) : NULL;
	free(state);
	return path;
}

int
outbox_exists(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0;
}

/* Words for what cannot be done with a path of the outbox. */
static int
cannot(struct error *err, const char *what, const char *path)
{
	char quote[ESCAPE_QUOTE];
	int error = errno;

	return fail(err, EX_TEMPFAIL, "outbox: cannot %s %s: %s", what,
	    escape_string(quote, sizeof(quote), path), strerror(error));
}

/* A directory of ours alone: whoever could write to it could have us send
 * what he likes. */
static int
open_directory(int parent, const char *name, const char *path,
    struct error *err)
{
	char quote[ESCAPE_QUOTE];
	struct stat st;
	int fd = openat(parent, name,
	    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0 || fstat(fd, &st) != 0) {
		cannot(err, "open", path);
		if (fd >= 0)
			close(fd);
		return -1;
	}
	if (st.st_uid == geteuid() && (st.st_mode & 0077) == 0)
		return fd;
	close(fd);
	return fail(err, EX_CANTCREAT, "outbox directory %s is not private: "
	    "expected mode 700 and user %lu, not mode %03o and user %lu",
	    escape_string(quote, sizeof(quote), path),
	    (unsigned long)geteuid(), (unsigned)(st.st_mode & 0777),
	    (unsigned long)st.st_uid);
}

/* Makes the disk know the names in the directory that holds path. */
static int
sync_parent(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *parent = xstrndup(path, slash > path ? (size_t)(slash - path)
	    : 1);
	int fd = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int result = fd >= 0 ? fsync(fd) : -1;

	if (fd >= 0)
		close(fd);
	free(parent);
	return result;
}

/* mkdir(), durable, whatever the umask; what is there is left as it is. */
static int
make_directory(const char *path)
{
	int error;

	if (mkdir(path, 0700) != 0) {
		error = errno;
		if (error == EEXIST || outbox_exists(path))
			return 0;
		errno = error; /* not what became of the look */
		return -1;
	}
	return chmod(path, 0700) == 0 && sync_parent(path) == 0 ? 0 : -1;
}

/* Makes what is missing of an absolute path, its parents first. */
static int
make_path(const char *path)
{
	char *copy = xstrdup(path);
	int result = 0;

	for (char *slash = copy + 1; result == 0 &&
	    (slash = strchr(slash, '/')) != NULL; slash++) {
		*slash = '\0';
		result = make_directory(copy);
		*slash = '/';
	}
	if (result == 0)
		result = make_directory(copy);
	free(copy);
	return result;
}

static int
open_places(struct outbox *o, int top, struct error *err)
{
	for (size_t i = 0; i < OUTBOX_PLACES; i++) {
		char *path = xasprintf("%s/%s", o->path, place_names[i]);

		if (make_directory(path) != 0)
			cannot(err, "make", path);
		else
			o->places[i] = open_directory(top, place_names[i],
			    path, err);
		free(path);
		if (o->places[i] < 0)
			return -1;
	}
	o->lock = openat(top, "lock", O_RDWR | O_CREAT | O_CLOEXEC |
	    O_NOFOLLOW, 0600);
	/* whatever the umask of who made it */
	return o->lock >= 0 && fchmod(o->lock, 0600) == 0 ? 0
	    : cannot(err, "open the lock of", o->path);
}

int
outbox_open(struct outbox *o, const char *path, struct error *err)
{
	int top, result;

	memset(o, 0, sizeof(*o));
	o->path = xstrdup(path);
	o->lock = -1;
	for (size_t i = 0; i < OUTBOX_PLACES; i++)
		o->places[i] = -1;
	if (path[0] != '/' || make_path(path) != 0) {
		cannot(err, "make", path);
		return -1;
	}
	top = open_directory(AT_FDCWD, path, path, err);
	if (top < 0)
		return -1;
	result = open_places(o, top, err);
	close(top);
	return result;
}

void
outbox_close(struct outbox *o)
{
	for (size_t i = 0; i < OUTBOX_PLACES && o->path != NULL; i++)
		if (o->places[i] >= 0)
			close(o->places[i]);
	if (o->path != NULL && o->lock >= 0)
		close(o->lock);
	free(o->path);
	memset(o, 0, sizeof(*o));
}
