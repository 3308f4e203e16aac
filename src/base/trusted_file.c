/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/trusted_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/escape.h"
#include "base/platform.h"
#include "base/xmalloc.h"

/* Result of check(): others can write the file. */
#define WRITABLE (-2)

/* Where everybody may rename, our own files can be put in another's place. */
static int
check_directory(int directory, const char *path, struct error *err)
{
	const char *slash = strrchr(path, '/');
	char *parent = slash == NULL ? xstrdup(".")
	    : xstrndup(path, (size_t)(slash - path) + 1);
	struct stat st;
	int result = fstatat(directory, parent, &st, 0);

	free(parent);
	if (result != 0)
		return fail(err, EX_CONFIG, "%s", strerror(errno));
	if ((st.st_mode & S_IWOTH) != 0 && (st.st_mode & S_ISVTX) == 0)
		return fail(err, EX_CONFIG, "expected a directory that not "
		    "everybody can write to, not mode %03o",
		    (unsigned)(st.st_mode & 0777));
	return 0;
}

/* A pipe of our own, as a shell makes it for <(...). Waits for its writer. */
static int
check_pipe(struct trusted_file *file, int fd, const struct stat *st,
    struct error *err)
{
	if (st->st_uid != geteuid() && st->st_uid != 0)
		return fail(err, EX_CONFIG, "expected a pipe of user %lu, not "
		    "of user %lu", (unsigned long)geteuid(),
		    (unsigned long)st->st_uid);
	if (fcntl(fd, F_SETFL, 0) < 0)
		return fail(err, EX_CONFIG, "%s", strerror(errno));
	file->is_private = 1;
	return 0;
}

static int
check(struct trusted_file *file, int fd, size_t max, struct error *err)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return fail(err, EX_CONFIG, "%s", strerror(errno));
	if (file->may_be_pipe && S_ISFIFO(st.st_mode))
		return check_pipe(file, fd, &st, err);
	if (!S_ISREG(st.st_mode))
		return fail(err, EX_CONFIG, "expected a regular file");
	if (st.st_uid != geteuid() && st.st_uid != 0) {
		fail(err, EX_CONFIG, "expected a file of user %lu or root, "
		    "not of user %lu", (unsigned long)geteuid(),
		    (unsigned long)st.st_uid);
		return hint(err, "under sudo, HOME may still be another "
		    "user's: sudo -H sets it");
	}
	if ((st.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
		fail(err, EX_CONFIG, "expected a file that only its "
		    "owner can write, not mode %03o",
		    (unsigned)(st.st_mode & 0777));
		return WRITABLE;
	}
	if (st.st_size > (off_t)max)
		return fail(err, EX_CONFIG, "expected at most %zu octets, "
		    "not %lld", max, (long long)st.st_size);
	file->is_private = (st.st_mode & 0077) == 0;
	file->is_public = (st.st_mode & S_IROTH) != 0;
	file->is_roots = st.st_uid == 0;
	return 0;
}

static int
read_text(struct buffer *text, int fd, struct error *err)
{
	char block[4096];
	ssize_t n;

	do {
		n = read(fd, block, sizeof(block));
		if (n > 0 && buffer_add(text, block, (size_t)n) != 0)
			return fail(err, EX_CONFIG,
			    "expected at most %zu octets", text->max);
	} while (n > 0 || (n < 0 && errno == EINTR));
	platform_wipe(block, sizeof(block));
	return n == 0 ? 0 : fail(err, EX_CONFIG, "cannot read: %s",
	    strerror(errno));
}

enum trusted_result
trusted_file_read_at(struct trusted_file *file, int directory,
    const char *path, size_t max, struct error *err)
{
	char quote[ESCAPE_QUOTE];
	int result, fd;

	/* O_NONBLOCK: a FIFO must not keep us waiting for a writer */
	fd = openat(directory, path,
	    O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	escape_string(quote, sizeof(quote), path);
	if (fd < 0) {
		if (errno == ENOENT || errno == ENOTDIR)
			return TRUSTED_MISSING;
		if (errno == EACCES)
			return TRUSTED_FORBIDDEN;
		fail(err, EX_CONFIG, "%s: %s", quote, strerror(errno));
		return TRUSTED_FAILED;
	}
	file->text.kind = BUFFER_SECRET;
	file->text.max = max;
	result = check_directory(directory, path, err);
	if (result == 0)
		result = check(file, fd, max, err);
	if (result == 0)
		result = read_text(&file->text, fd, err);
	close(fd);
	if (result == 0)
		return TRUSTED_READ;
	if (result == WRITABLE)
		hint(err, "chmod go-w %s", quote);
	wrap(err, "%s", quote);
	buffer_free(&file->text);
	return TRUSTED_FAILED;
}

enum trusted_result
trusted_file_read(struct trusted_file *file, const char *path, size_t max,
    struct error *err)
{
	return trusted_file_read_at(file, AT_FDCWD, path, max, err);
}
