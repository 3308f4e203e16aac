/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/trusted_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/escape.h"
#include "base/path.h"
#include "base/platform.h"
#include "base/poll.h"
#include "base/xdg.h"
#include "base/xmalloc.h"

/* The directory that the file is in. */
static int
stat_parent(int directory, const char *path, struct stat *st)
{
	const char *slash = strrchr(path, '/');
	char *parent = slash == NULL ? xstrdup(".")
	    : xstrndup(path, (size_t)(slash - path) + 1);
	int result = fstatat(directory, parent, st, 0);

	free(parent);
	return result;
}

/* Where everybody may rename, our own files can be put in another's place. */
static int
check_directory_mode(const struct stat *st, struct error *err)
{
	if ((st->st_mode & S_IWOTH) == 0 || (st->st_mode & S_ISVTX) != 0)
		return 0;
	fail(err, EX_CONFIG, "expected a directory that is not "
	    "world-writable, not mode %03o", (unsigned)(st->st_mode & 0777));
	return hint(err, "use chmod o-w on that directory");
}

static int
check_parent(int directory, const char *path, struct error *err)
{
	struct stat st;

	if (stat_parent(directory, path, &st) != 0)
		return fail(err, EX_CONFIG, "%s", strerror(errno));
	return check_directory_mode(&st, err);
}

int
trusted_file_check_directory(int directory, struct error *err)
{
	struct stat st;

	if (fstat(directory, &st) != 0)
		return fail(err, EX_CONFIG, "%s", strerror(errno));
	if (st.st_uid == geteuid() || st.st_uid == 0)
		return check_directory_mode(&st, err);
	fail(err, EX_CONFIG, "expected a directory of user %lu or root, not "
	    "of user %lu", (unsigned long)geteuid(),
	    (unsigned long)st.st_uid);
	return hint(err, "copy its files to a directory of your own");
}

/* A pipe of our own, as a shell makes it for <(...). */
static int
check_pipe(struct trusted_file *file, const struct stat *st,
    struct error *err)
{
	if (st->st_uid != geteuid() && st->st_uid != 0)
		return fail(err, EX_CONFIG, "expected a pipe of user %lu, not "
		    "of user %lu", (unsigned long)geteuid(),
		    (unsigned long)st->st_uid);
	file->is_private = 1;
	return 0;
}

static int
check_writers(const struct stat *st, enum trusted_demand demand,
    const char *quote, struct error *err)
{
	if (demand != TRUSTED_SHARED &&
	    (st->st_mode & (S_IWGRP | S_IWOTH)) != 0) {
		fail(err, EX_CONFIG, "expected a file that only its "
		    "owner can write, not mode %03o",
		    (unsigned)(st->st_mode & 0777));
		return hint(err, "chmod go-w %s", quote);
	}
	if ((st->st_mode & S_IWOTH) == 0)
		return 0;
	fail(err, EX_CONFIG, "expected a file that is not world-writable, not "
	    "mode %03o", (unsigned)(st->st_mode & 0777));
	return hint(err, "chmod o-w %s", quote);
}

static int
check_owner(const struct stat *st, enum trusted_demand demand,
    const char *quote, struct error *err)
{
	if (st->st_uid != geteuid() && st->st_uid != 0) {
		fail(err, EX_CONFIG, "expected a file of user %lu or root, "
		    "not of user %lu", (unsigned long)geteuid(),
		    (unsigned long)st->st_uid);
		if (demand == TRUSTED_SHARED)
			return hint(err, "copy it to a directory of your own, "
			    "or chown root %s", quote);
		return hint(err, "under sudo, set HOME with sudo -H");
	}
	return check_writers(st, demand, quote, err);
}

/* A group of root's, such as ssl-cert, may share a key. */
static int
check_readers(const struct stat *st, const char *quote, struct error *err)
{
	mode_t readers = st->st_uid == 0 ? S_IROTH : S_IRGRP | S_IROTH;

	if ((st->st_mode & readers) == 0)
		return 0;
	fail(err, EX_CONFIG, "expected a file that others cannot read, not "
	    "mode %03o", (unsigned)(st->st_mode & 0777));
	return hint(err, "chmod %s %s",
	    st->st_uid == 0 ? "o-r" : "go-r", quote);
}

static int
check(struct trusted_file *file, int fd, const char *quote, size_t max,
    struct error *err)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return fail(err, EX_CONFIG, "%s", strerror(errno));
	if (file->demand == TRUSTED_OWNER_OR_PIPE && S_ISFIFO(st.st_mode))
		return check_pipe(file, &st, err);
	if (!S_ISREG(st.st_mode) || platform_is_of_procfs(fd))
		return fail(err, EX_CONFIG, "expected a regular file");
	if (file->demand != TRUSTED_REGULAR &&
	    check_owner(&st, file->demand, quote, err) != 0)
		return -1;
	if (file->demand == TRUSTED_SECRET &&
	    check_readers(&st, quote, err) != 0)
		return -1;
	if (st.st_size > (off_t)max)
		return fail(err, EX_CONFIG, "expected at most %zu octets, "
		    "not %lld", max, (long long)st.st_size);
	if (st.st_size > 0)
		(void)buffer_reserve(&file->text, (size_t)st.st_size);
	file->is_private = (st.st_mode & 0077) == 0;
	file->is_public = (st.st_mode & S_IROTH) != 0;
	file->is_roots = st.st_uid == 0;
	return 0;
}

/* Until there is something to be read, or the end. */
static int
wait_for_writer(int fd, struct error *err)
{
	struct pollfd input = { .fd = fd, .events = POLLIN };
	int ready = poll_any(&input, 1,
	    deadline_in((int64_t)1000 * TRUSTED_PIPE_SECONDS), err);

	if (ready < 0)
		return -1;
	return ready > 0 ? 0 : fail(err, EX_CONFIG,
	    "expected the writer of the pipe to write within %d seconds",
	    TRUSTED_PIPE_SECONDS);
}

/* A pipe without a writer has ended; one that has nothing yet is waited for. */
static int
read_text(struct buffer *text, int fd, struct error *err)
{
	char block[4096];
	ssize_t n = 1;

	while (n != 0) {
		n = read(fd, block, sizeof(block));
		if (n > 0 && buffer_add(text, block, (size_t)n) != 0)
			return fail(err, EX_CONFIG,
			    "expected at most %zu octets", text->max);
		if (n < 0 && errno == EAGAIN) {
			if (wait_for_writer(fd, err) != 0)
				return -1;
		} else if (n < 0 && errno != EINTR) {
			return fail(err, EX_CONFIG, "cannot read: %s",
			    strerror(errno));
		}
	}
	platform_wipe(block, sizeof(block));
	return 0;
}

/* The same as trusted_file_read_at(), without the path in the text. */
static enum trusted_result
read_at(struct trusted_file *file, int directory, const char *path,
    size_t max, struct error *err)
{
	char quote[ESCAPE_QUOTE];
	int result, fd;

	/* O_NONBLOCK: a FIFO must not keep us waiting for a writer */
	fd = openat(directory, path,
	    O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0) {
		if (errno == ENOENT || errno == ENOTDIR)
			return TRUSTED_MISSING;
		if (errno == EACCES)
			return TRUSTED_FORBIDDEN;
		fail(err, EX_CONFIG, "%s", strerror(errno));
		return TRUSTED_FAILED;
	}
	if (file->demand != TRUSTED_SHARED)
		file->text.kind = BUFFER_SECRET;
	file->text.max = max;
	escape_string(quote, sizeof(quote), path);
	result = check_parent(directory, path, err);
	if (result == 0)
		result = check(file, fd, quote, max, err);
	if (result == 0)
		result = read_text(&file->text, fd, err);
	close(fd);
	if (result == 0)
		return TRUSTED_READ;
	buffer_free(&file->text);
	return TRUSTED_FAILED;
}

enum trusted_result
trusted_file_read_at(struct trusted_file *file, int directory,
    const char *path, size_t max, struct error *err)
{
	char quote[ESCAPE_QUOTE];
	enum trusted_result result = read_at(file, directory, path, max, err);

	if (result == TRUSTED_FAILED)
		wrap(err, "%s", escape_string(quote, sizeof(quote), path));
	return result;
}

enum trusted_result
trusted_file_read(struct trusted_file *file, const char *path, size_t max,
    struct error *err)
{
	return trusted_file_read_at(file, AT_FDCWD, path, max, err);
}

int
trusted_file_require(struct trusted_file *file, const char *path, size_t max,
    struct error *err)
{
	switch (read_at(file, AT_FDCWD, path, max, err)) {
	case TRUSTED_READ:
		return 0;
	case TRUSTED_MISSING:
		return fail(err, EX_CONFIG, "%s", strerror(ENOENT));
	case TRUSTED_FORBIDDEN:
		return fail(err, EX_CONFIG, "%s", strerror(EACCES));
	default:
		return -1;
	}
}

int
trusted_file_may_append(const char *path)
{
	const mode_t others = S_IWGRP | S_IWOTH;
	struct stat st;
	int fd, result;

	if (path[0] != '/' || stat_parent(AT_FDCWD, path, &st) != 0 ||
	    (st.st_uid != geteuid() && st.st_uid != 0) ||
	    ((st.st_mode & others) != 0 && (st.st_mode & S_ISVTX) == 0))
		return 0;
	fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW |
	    O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0600);
	if (fd < 0)
		return 0;
	result = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	    st.st_uid == geteuid() && st.st_nlink == 1 &&
	    (st.st_mode & others) == 0;
	close(fd);
	return result;
}

/* Returns whether the path is below the directory. */
static int
is_above(const char *directory, const char *path)
{
	size_t n = strlen(directory);

	return strncmp(path, directory, n) == 0 &&
	    (directory[n - 1] == '/' ? path[n] != '\0' : path[n] == '/');
}

/* Returns whether the home directory is somewhere below this one. */
static int
is_above_home(const char *directory)
{
	char *home = xdg_home(), *real = realpath(home, NULL);
	int is = is_above(directory, home) ||
	    (real != NULL && is_above(directory, real));

	free(home);
	free(real);
	return is;
}

/* Returns whether others can write to the directory. The group that has the
 * user's own number has no other members. */
static int
is_open_to_others(const struct stat *st, int is_near)
{
	mode_t others = S_IWOTH;

	if (is_near && (st->st_uid != geteuid() || st->st_gid != geteuid()))
		others |= S_IWGRP;
	return (st->st_mode & others) != 0 && (st->st_mode & S_ISVTX) == 0;
}

/* is_near: what is to be protected lies in it. */
static int
check_above(const char *directory, const struct stat *st, int is_near,
    struct error *err)
{
	char quote[ESCAPE_QUOTE];

	escape_string(quote, sizeof(quote), directory);
	if (st->st_uid != 0 && st->st_uid != geteuid() &&
	    (is_near || !is_above_home(directory)))
		return fail(err, EX_CONFIG, "user %lu can replace what is in "
		    "%s: expected a directory of user %lu or root",
		    (unsigned long)st->st_uid, quote,
		    (unsigned long)geteuid());
	if (!is_open_to_others(st, is_near))
		return 0;
	fail(err, EX_CONFIG, "users can replace each other's directories in "
	    "%s: expected a directory that others cannot write to, or mode "
	    "1777, not mode %04o", quote, (unsigned)(st->st_mode & 07777));
	return hint(err, "chmod go-w %s, or if it is to be shared, chmod "
	    "+t", quote);
}

/* The directories above the path, of which some may not exist yet. */
static int
check_all_above(const char *path, int is_near, struct error *err)
{
	char *above = xstrdup(path);
	int result = 0;
	struct stat st;

	while (result == 0 && path_go_up(above)) {
		if (stat(above, &st) == 0)
			result = check_above(above, &st, is_near, err);
		is_near = 0;
	}
	free(above);
	return result;
}

int
trusted_file_check_place(const char *path, struct error *err)
{
	char *above = xstrdup(path), *real = NULL;
	size_t n = strlen(above);
	int result;

	while (n > 1 && above[n - 1] == '/')
		above[--n] = '\0';
	result = check_all_above(above, 1, err);
	while (real == NULL && path_go_up(above))
		real = realpath(above, NULL);
	if (result == 0 && real != NULL && strcmp(real, above) != 0)
		result = check_all_above(real, 0, err);
	free(above);
	free(real);
	return result;
}

const char *
trusted_file_key_log(void)
{
	static const char name[] = "SSLKEYLOGFILE";
	const char *path = getenv(name);

	if (path != NULL && !trusted_file_may_append(path)) {
		unsetenv(name);
		path = NULL;
	}
	return path;
}
