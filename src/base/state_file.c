/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/state_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/escape.h"
#include "base/mkdirs.h"
#include "base/platform.h"
#include "base/trusted_file.h"
#include "base/write_all.h"
#include "base/xmalloc.h"

/* A name that cannot lead anywhere else, nor to a file under way. */
static int
check_name(const char *name, struct error *err)
{
	char quote[ESCAPE_QUOTE];

	if (name[0] != '\0' && name[0] != '.' && strchr(name, '/') == NULL)
		return 0;
	return fail(err, EX_CONFIG, "cannot keep a file named \"%s\"",
	    escape_string(quote, sizeof(quote), name));
}

/* Fails because of errno, with the file's path, escaped. */
static int
cannot(int code, const char *verb, const char *directory, const char *name,
    struct error *err)
{
	char quote[ESCAPE_QUOTE];
	const char *reason = strerror(errno);
	char *path = xasprintf("%s/%s", directory, name);

	fail(err, code, "%s%s: %s", verb, escape_string(quote, sizeof(quote),
	    path), reason);
	free(path);
	return -1;
}

static int
make_directory(const char *path)
{
	char *copy = xstrdup(path);
	int result = mkdirs(copy);

	free(copy);
	return result;
}

/* Another user who could write there could be believed instead of us. */
static int
check_directory(int fd, struct error *err)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return fail(err, EX_CONFIG, "%s", strerror(errno));
	if (st.st_uid != geteuid())
		return fail(err, EX_CONFIG, "expected a directory of user "
		    "%lu, not of user %lu", (unsigned long)geteuid(),
		    (unsigned long)st.st_uid);
	if ((st.st_mode & (S_IWGRP | S_IWOTH)) != 0)
		return fail(err, EX_CONFIG, "expected a directory that only "
		    "its owner can write to, not mode %03o",
		    (unsigned)(st.st_mode & 0777));
	return 0;
}

/* A descriptor of the directory, once it is found to be ours. 1; 0 if it does
 * not exist; -1. */
static int
open_directory(int *fd, const char *path, struct error *err)
{
	char quote[ESCAPE_QUOTE];

	*fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (*fd < 0 && errno == ENOENT)
		return 0;
	escape_string(quote, sizeof(quote), path);
	if (*fd < 0)
		return fail(err, EX_CONFIG, "%s: %s", quote, strerror(errno));
	if (check_directory(*fd, err) == 0)
		return 1;
	close(*fd);
	return wrap(err, "%s", quote);
}

int
state_file_read(struct buffer *text, const char *directory, const char *name,
    struct error *err)
{
	struct trusted_file file = {0};
	enum trusted_result result;
	char quote[ESCAPE_QUOTE];
	int fd, found;

	if (check_name(name, err) != 0)
		return -1;
	found = open_directory(&fd, directory, err);
	if (found != 1)
		return found;
	result = trusted_file_read_at(&file, fd, name, STORE_MAX, err);
	close(fd);
	if (result == TRUSTED_FORBIDDEN) {
		errno = EACCES;
		return cannot(EX_CONFIG, "", directory, name, err);
	}
	if (result == TRUSTED_FAILED)
		/* the file's name is in front already */
		return wrap(err, "%s", escape_string(quote, sizeof(quote),
		    directory));
	if (result == TRUSTED_MISSING)
		return 0;
	buffer_free(text);
	*text = file.text;
	return 1;
}

/* A name that nobody reads, for a file under way. */
struct hidden_name {
	char text[32];
};

static int
make_name(struct hidden_name *name)
{
	name->text[0] = '.';
	return platform_random_hex(name->text + 1, 16);
}

/* A whole file under a name that nobody reads. 0, or -1 with errno. */
static int
write_hidden(int directory, struct hidden_name *name,
    const struct buffer *text)
{
	int fd, result, error;

	if (make_name(name) != 0)
		return -1;
	fd = openat(directory, name->text, O_WRONLY | O_CREAT | O_EXCL |
	    O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -1;
	result = write_all(fd, text->data, text->len);
	if (result == 0)
		result = fsync(fd);
	if (close(fd) != 0)
		result = -1;
	if (result == 0)
		return 0;
	error = errno;
	unlinkat(directory, name->text, 0);
	errno = error;
	return -1;
}

/* A name once given keeps its file. 1, 0 if the name is taken, -1 with
 * errno. */
static int
link_file(int directory, const char *name, const struct buffer *text)
{
	struct hidden_name hidden;
	int result = 1, error;

	if (write_hidden(directory, &hidden, text) != 0)
		return -1;
	if (linkat(directory, hidden.text, directory, name, 0) != 0)
		result = errno == EEXIST ? 0 : -1;
	error = errno;
	unlinkat(directory, hidden.text, 0);
	if (result == 1)
		(void)fsync(directory);
	errno = error;
	return result;
}

int
state_file_add(const char *directory, const char *name,
    const struct buffer *text, struct error *err)
{
	char quote[ESCAPE_QUOTE];
	int fd, result;

	if (check_name(name, err) != 0)
		return -1;
	escape_string(quote, sizeof(quote), directory);
	result = open_directory(&fd, directory, err);
	if (result == 0 && make_directory(directory) != 0)
		return fail(err, EX_IOERR, "cannot make %s: %s", quote,
		    strerror(errno));
	if (result == 0)
		result = open_directory(&fd, directory, err);
	if (result == 0)
		return fail(err, EX_IOERR, "cannot make %s: %s", quote,
		    strerror(ENOENT));
	if (result < 0)
		return -1;
	result = link_file(fd, name, text);
	if (result < 0)
		cannot(EX_IOERR, "cannot write ", directory, name, err);
	close(fd);
	return result;
}
