/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "outbox/outbox.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/ascii.h"
#include "base/escape.h"
#include "base/mkdirs.h"
#include "base/xdg.h"
#include "base/xmalloc.h"

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
	state = xdg_state_directory(a->home);
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

int
outbox_cannot(struct error *err, const char *what, const char *path)
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
		outbox_cannot(err, "open", path);
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

/* The same of one that is made where it is missing. */
static int
open_or_make(int parent, const char *name, char *path, struct error *err)
{
	if (faccessat(parent, name, F_OK, 0) != 0 && mkdirs(path) != 0)
		return outbox_cannot(err, "make", path);
	return open_directory(parent, name, path, err);
}

static int
open_places(struct outbox *o, int top, struct error *err)
{
	for (size_t i = 0; i < OUTBOX_PLACES; i++) {
		char *path = xasprintf("%s/%s", o->path, place_names[i]);

		o->places[i] = open_or_make(top, place_names[i], path, err);
		free(path);
		if (o->places[i] < 0)
			return -1;
	}
	o->lock = openat(top, "lock", O_RDWR | O_CREAT | O_CLOEXEC |
	    O_NOFOLLOW, 0600);
	/* whatever the umask of who made it */
	return o->lock >= 0 && fchmod(o->lock, 0600) == 0 ? 0
	    : outbox_cannot(err, "open the lock of", o->path);
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
	if (path[0] != '/')
		return fail(err, EX_TEMPFAIL, "outbox: expected an absolute "
		    "path");
	top = open_or_make(AT_FDCWD, path, o->path, err);
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
