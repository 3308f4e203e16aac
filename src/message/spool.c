/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "message/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/platform.h"
#include "base/poll.h"
#include "base/write_all.h"
#include "base/xdg.h"
#include "base/xmalloc.h"

/* Like read(), but handles signals and nonblocking descriptors. */
static ssize_t
read_some(int fd, char *block, struct error *err)
{
	for (;;) {
		ssize_t n = read(fd, block, SPOOL_BLOCK);

		if (n >= 0)
			return n;
		if (errno == EBADF)
			return fail(err, EX_NOINPUT, "there is no message: "
			    "standard input is closed");
		if (errno == EAGAIN) {
			if (poll_for(fd, POLLIN, DEADLINE_NONE, err) < 0)
				return -1;
		} else if (errno != EINTR) {
			return fail(err, EX_IOERR, "cannot read the message "
			    "from standard input: %s", strerror(errno));
		}
	}
}

static int
write_out(struct spool *s, const char *data, size_t n, struct error *err)
{
	if (write_all(s->fd, data, n) == 0)
		return 0;
	return fail(err, EX_IOERR, "cannot keep the message in a temporary "
	    "file: %s", strerror(errno));
}

/*
 * TMPDIR is ignored: the caller would choose where the user's mail is stored,
 * and it is often a file system in memory.
 */
int
spool_reserve(struct error *err)
{
	char *home = xdg_home(), *state = xdg_state_directory(home);
	const char *places[] = { state, "/var/tmp", "/tmp" };
	int fd = -1;

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		if (fd < 0 && places[i] != NULL)
			fd = platform_open_unnamed(places[i]);
	free(state);
	free(home);
	if (fd < 0)
		return fail(err, EX_IOERR, "cannot make a temporary file in "
		    "/var/tmp or /tmp: %s", strerror(errno));
	return fd;
}

void
spool_begin(struct spool *s, int reserved)
{
	int fd = fcntl(reserved, F_DUPFD_CLOEXEC, 3);

	/* without it, the spool is in memory and tries to create a file
	 * itself */
	if (fd < 0)
		return;
	if (ftruncate(fd, 0) != 0 || lseek(fd, 0, SEEK_SET) != 0) {
		close(fd);
		return;
	}
	s->fd = fd;
	s->place = SPOOL_FILE;
}

static int
open_file(struct spool *s, struct error *err)
{
	s->fd = spool_reserve(err);
	if (s->fd < 0)
		return -1;
	s->place = SPOOL_FILE;
	return 0;
}

/* Adds the data read, and moves the spool to a file if it is too large for
 * memory. */
int
spool_add(struct spool *s, const void *data, size_t n, struct error *err)
{
	s->size += (off_t)n;
	if (s->place == SPOOL_FILE)
		return write_out(s, data, n, err);
	if (s->memory.len + n <= SPOOL_MEMORY_MAX) {
		buffer_add(&s->memory, data, n);
		return 0;
	}
	if (open_file(s, err) != 0 ||
	    write_out(s, s->memory.data, s->memory.len, err) != 0)
		return -1;
	buffer_free(&s->memory);
	return write_out(s, data, n, err);
}

/*
 * Returns whether the file can be used in place. A small file is copied: /proc
 * reports no size, and no process can change a copy in memory.
 */
static int
borrow(struct spool *s, int fd)
{
	struct stat st;
	off_t start;

	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) ||
	    (fcntl(fd, F_GETFL) & O_ACCMODE) == O_WRONLY)
		return 0;
	start = lseek(fd, 0, SEEK_CUR);
	if (start < 0 || st.st_size - start <= (off_t)SPOOL_MEMORY_MAX)
		return 0;
	s->place = SPOOL_STDIN;
	s->fd = fd;
	s->start = start;
	s->size = st.st_size - start;
	lseek(fd, st.st_size, SEEK_SET); /* as if read */
	return 1;
}

void
spool_open(struct spool *s, int fd, enum spool_until until)
{
	memset(s, 0, sizeof(*s));
	if (borrow(s, fd))
		return;
	s->unread = 1;
	s->source = fd;
	s->dot_ends = until == SPOOL_UNTIL_DOT && isatty(fd);
}

ssize_t
spool_block(const struct spool *s, off_t offset, char *block,
    const char **data, struct error *err)
{
	off_t left = s->size - offset;
	size_t want = left < (off_t)SPOOL_BLOCK ? (size_t)left : SPOOL_BLOCK;
	ssize_t n;

	*data = block;
	if (want == 0)
		return 0;
	if (s->place == SPOOL_MEMORY) {
		*data = s->memory.data + offset;
		return (ssize_t)want;
	}
	do
		n = pread(s->fd, block, want, s->start + offset);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return fail(err, EX_IOERR, "cannot read the message: %s",
		    strerror(errno));
	if (n == 0)
		return fail(err, EX_IOERR, "cannot read the message: the "
		    "file on standard input has become shorter");
	return n;
}

ssize_t
spool_next(struct spool *s, off_t offset, char *block, const char **data,
    struct error *err)
{
	ssize_t n;

	if (offset < s->size || !s->unread)
		return spool_block(s, offset, block, data, err);
	*data = block;
	n = read_some(s->source, block, err);
	/* A terminal returns one line at a time. */
	if (n <= 0 ||
	    (s->dot_ends && n == 2 && memcmp(block, ".\n", 2) == 0))
		s->unread = 0;
	if (n > 0 && spool_add(s, block, (size_t)n, err) != 0)
		return -1;
	return n;
}

int
spool_has_more(struct spool *s, off_t offset, char *block, struct error *err)
{
	struct pollfd source = { .fd = s->source, .events = POLLIN };
	const char *data;
	ssize_t n;
	int ready;

	if (offset < s->size || !s->unread)
		return offset < s->size;
	ready = poll_any(&source, 1, deadline_in(SPOOL_SILENCE_MS), err);
	if (ready < 0)
		return -1;
	if (ready == 0) {
		s->unread = 0;
		return 0;
	}
	n = spool_next(s, s->size, block, &data, err);
	return n > 0 ? 1 : (int)n;
}

void
spool_drain(int fd)
{
	struct error err = {0};
	char *block;

	if (isatty(fd))
		return;
	block = xmalloc(SPOOL_BLOCK);
	while (read_some(fd, block, &err) > 0)
		continue;
	free(block);
}

void
spool_finish(struct spool *s)
{
	if (s->unread)
		spool_drain(s->source);
	s->unread = 0;
}

void
spool_free(struct spool *s)
{
	if (s->place == SPOOL_FILE && s->fd >= 0)
		close(s->fd);
	buffer_free(&s->memory);
	memset(s, 0, sizeof(*s));
}
