/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "outbox/outbox.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/ascii.h"
#include "base/buffer.h"
#include "base/escape.h"
#include "base/mkdirs.h"
#include "base/platform.h"
#include "base/trusted_file.h"
#include "base/xdg.h"
#include "base/xmalloc.h"
#include "config/local_host.h"
#include "outbox/lock.h"
#include "outbox/notify.h"

/* Prefix of the name of a file that is being written. */
#define UNFINISHED ".unfinished-"

/* Random digits at the end of an ID. */
#define ID_DIGITS 16

/* Age after which an unfinished file is removed, seconds. */
#define UNFINISHED_SECONDS 3600

/* Maximum length of a journal. The message of a longer one is not sent: who has
 * it already may stand anywhere. */
#define JOURNAL_MAX ((size_t)64 << 20)

static const char *const place_names[OUTBOX_PLACES] = {
	[OUTBOX_NEW] = "new",
	[OUTBOX_FAILED] = "failed",
	[OUTBOX_JOURNAL] = "journal",
};

char *
outbox_default_path(const char *home)
{
	char *state = xdg_state_directory(home);
	char *path = state != NULL ? xasprintf("%s/outbox", state) : NULL;

	free(state);
	return path;
}

char *
outbox_path(const struct account *a)
{
	if (a->outbox[0] == '\0' || ascii_equal(a->outbox, "off"))
		return NULL;
	if (a->outbox[0] == '/')
		return local_host_expand_path(a->outbox);
	return outbox_default_path(a->home);
}

int
outbox_is_first(const struct account *a)
{
	return ascii_equal(a->outbox, "first") ||
	    (a->outbox_first && !ascii_equal(a->outbox, "off"));
}

int
outbox_exists(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 || (errno != ENOENT && errno != ENOTDIR);
}

int
outbox_cannot(struct error *err, const char *what, const char *path)
{
	char quote[ESCAPE_QUOTE];
	int error = errno;

	return fail(err, EX_TEMPFAIL, "outbox: cannot %s %s: %s", what,
	    escape_string(quote, sizeof(quote), path), strerror(error));
}

/* Returns whether only this user can enter the directory. */
static int
is_private(int fd, struct stat *st)
{
	return fstat(fd, st) == 0 && st->st_uid == geteuid() &&
	    (st->st_mode & 0077) == 0;
}

/* Returns whether the directory belongs to an outbox, and is not another
 * directory of the user that the configuration names by mistake. */
static int
is_of_outbox(int parent, int fd)
{
	return parent != AT_FDCWD || (faccessat(fd,
	    place_names[OUTBOX_NEW], F_OK, 0) == 0 &&
	    faccessat(fd, place_names[OUTBOX_JOURNAL], F_OK, 0) == 0);
}

/* Opens a directory that no other user can write to: another user could have
 * messages sent in this user's name. */
static int
open_directory(int parent, const char *name, const char *path,
    enum outbox_access access, struct error *err)
{
	char quote[ESCAPE_QUOTE];
	struct stat st = {0};
	int fd = openat(parent, name,
	    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	escape_string(quote, sizeof(quote), path);
	if (fd < 0)
		return fail(err, errno == EACCES ? EX_CONFIG : EX_TEMPFAIL,
		    "outbox: cannot open %s: %s", quote, strerror(errno));
	if (is_private(fd, &st) ||
	    (access == OUTBOX_READ && st.st_uid == geteuid()))
		return fd;
	if (st.st_uid == geteuid() && is_of_outbox(parent, fd) &&
	    fchmod(fd, 0700) == 0 && is_private(fd, &st)) {
		hint(err, "outbox directory %s was open to other users, and "
		    "is private now", quote);
		return fd;
	}
	close(fd);
	return fail(err, EX_CANTCREAT, "outbox directory %s is not private: "
	    "expected mode 700 and user %lu, not mode %03o and user %lu",
	    quote, (unsigned long)geteuid(), (unsigned)(st.st_mode & 0777),
	    (unsigned long)st.st_uid);
}

/* Same as open_directory(); with OUTBOX_WRITE, creates the directory if it is
 * missing. */
static int
open_or_make(int parent, const char *name, char *path,
    enum outbox_access access, struct error *err)
{
	if (access == OUTBOX_WRITE && faccessat(parent, name, F_OK, 0) != 0 &&
	    mkdirs(path) != 0)
		return outbox_cannot(err, "make", path);
	return open_directory(parent, name, path, access, err);
}

static int
open_places(struct outbox *o, int top, enum outbox_access access,
    struct error *err)
{
	for (size_t i = 0; i < OUTBOX_PLACES; i++) {
		char *path;

		if (access == OUTBOX_READ && faccessat(top, place_names[i],
		    F_OK, 0) != 0 && errno == ENOENT)
			continue;
		path = xasprintf("%s/%s", o->path, place_names[i]);
		o->places[i] = open_or_make(top, place_names[i], path, access,
		    err);
		free(path);
		if (o->places[i] < 0)
			return -1;
	}
	if (access == OUTBOX_READ)
		return 0;
	o->lock = openat(top, "lock", O_RDWR | O_CREAT | O_CLOEXEC |
	    O_NOFOLLOW, 0600);
	/* independent of the umask */
	return o->lock >= 0 && fchmod(o->lock, 0600) == 0 ? 0
	    : outbox_cannot(err, "open the lock of", o->path);
}

int
outbox_open(struct outbox *o, const char *path, enum outbox_access access,
    struct error *err)
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
	if (access == OUTBOX_WRITE &&
	    trusted_file_check_place(o->path, err) != 0)
		return wrap(err, "outbox");
	top = open_or_make(AT_FDCWD, path, o->path, access, err);
	if (top < 0)
		return -1;
	result = open_places(o, top, access, err);
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

/* Makes an ID: the moment, so that names sort by age, then random digits. */
static int
make_id(char id[OUTBOX_ID])
{
	time_t now = time(NULL);
	struct tm tm;

	if (gmtime_r(&now, &tm) == NULL || strftime(id, OUTBOX_ID,
	    "%Y%m%dT%H%M%SZ-", &tm) + ID_DIGITS != OUTBOX_ID - 1)
		return -1;
	return platform_random_hex(id + OUTBOX_ID - 1 - ID_DIGITS, ID_DIGITS);
}

/* Writes the file durably, under a name that no run reads. */
static int
write_unfinished(int directory, const char *name, const struct message_file *e,
    enum message_file_part part, struct error *err)
{
	int fd = openat(directory, name, O_RDWR | O_CREAT | O_EXCL |
	    O_CLOEXEC | O_NOFOLLOW, 0600);
	int result;

	if (fd < 0)
		return outbox_cannot(err, "make", name);
	/* while this lock is held, outbox_sweep() leaves the file alone */
	(void)flock(fd, LOCK_EX | LOCK_NB);
	if (fchmod(fd, 0600) != 0)
		result = outbox_cannot(err, "make", name);
	else if (message_file_write(fd, e, part, err) != 0)
		result = wrap(err, "outbox: cannot write %s", name);
	else if (fsync(fd) != 0)
		result = outbox_cannot(err, "write", name);
	else
		result = 0;
	if (close(fd) != 0 && result == 0)
		result = outbox_cannot(err, "write", name);
	if (result != 0)
		unlinkat(directory, name, 0);
	return result;
}

/* exFAT, sshfs and others have no hard links. */
static int
link_is_missing(int error)
{
	return error == EPERM || error == EOPNOTSUPP || error == ENOTSUP ||
	    error == ENOSYS;
}

/* Gives the finished file its final name. */
static int
give_id(int directory, const char *unfinished, char id[OUTBOX_ID],
    struct error *err)
{
	int result;

	do {
		if (make_id(id) != 0)
			return outbox_cannot(err, "name", unfinished);
		result = linkat(directory, unfinished, directory, id, 0);
		if (result != 0 && link_is_missing(errno))
			result = platform_rename_new(directory, unfinished,
			    id);
	} while (result != 0 && errno == EEXIST);
	if (result != 0)
		return outbox_cannot(err, "name", unfinished);
	unlinkat(directory, unfinished, 0);
	return 0;
}

/* Removes a message whose name may not be on disk, so that its sender can be
 * told that it is not queued. Fails if a flush sends it or has sent it. */
static int
take_back(const struct outbox *o, enum outbox_place place, const char *id)
{
	struct journal j;
	struct error ignored = {0};
	int result;

	if (outbox_open_journal(o, id, 0, &j, &ignored) == 0)
		return -1;
	result = outbox_is_missing(o, place, id) ? -1 : 0;
	unlinkat(o->places[place], id, 0);
	unlinkat(o->places[OUTBOX_JOURNAL], id, 0);
	journal_close(&j);
	return result;
}

int
outbox_add(const struct outbox *o, enum outbox_place place,
    const struct message_file *e, enum message_file_part part,
    char id[OUTBOX_ID], struct error *err)
{
	int directory = o->places[place], result;
	char *name;

	if (make_id(id) != 0)
		return outbox_cannot(err, "name", "a message");
	name = xasprintf("%s%s", UNFINISHED, id);
	result = write_unfinished(directory, name, e, part, err);
	if (result == 0) {
		result = give_id(directory, name, id, err);
		if (result != 0)
			unlinkat(directory, name, 0);
	}
	free(name);
	if (result == 0 && fsync(directory) != 0) {
		int error = errno;

		result = take_back(o, place, id) == 0 ? -1 : 0;
		errno = error;
		if (result != 0)
			outbox_cannot(err, "write", id);
	}
	return result;
}

int
outbox_lock(const struct outbox *o, int64_t deadline, struct error *err)
{
	return lock_take(o->lock, o->path, deadline, err);
}

void
outbox_unlock(const struct outbox *o)
{
	(void)flock(o->lock, LOCK_UN);
}

/* Returns whether name is an ID made by make_id(). Other names are foreign. */
static int
is_id(const char *name)
{
	if (strlen(name) != OUTBOX_ID - 1)
		return 0;
	for (const char *p = name; *p != '\0'; p++)
		if (!ascii_is_alnum(*p) && *p != '-')
			return 0;
	return 1;
}

/* Opens the directory for listing, from its beginning. */
static DIR *
open_listing(int directory)
{
	int fd = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *listing = fd >= 0 ? fdopendir(fd) : NULL;

	if (listing == NULL && fd >= 0)
		close(fd);
	return listing;
}

void
outbox_walk_begin(struct outbox_walk *w, const struct outbox *o,
    enum outbox_place place)
{
	w->listing = o->places[place] >= 0
	    ? open_listing(o->places[place]) : NULL;
	w->error = w->listing == NULL && o->places[place] >= 0 ? errno : 0;
}

const char *
outbox_walk_next(struct outbox_walk *w)
{
	const struct dirent *d;

	if (w->listing == NULL)
		return NULL;
	for (errno = 0; (d = readdir(w->listing)) != NULL; errno = 0)
		if (is_id(d->d_name))
			return d->d_name;
	w->error = errno;
	return NULL;
}

int
outbox_walk_end(struct outbox_walk *w, const struct outbox *o,
    struct error *err)
{
	if (w->listing != NULL)
		closedir(w->listing);
	errno = w->error;
	return w->error == 0 ? 0 : outbox_cannot(err, "list", o->path);
}

int
outbox_is_used(const struct outbox *o, enum outbox_place place)
{
	struct outbox_walk walk;
	struct error ignored = {0};
	int used;

	outbox_walk_begin(&walk, o, place);
	used = outbox_walk_next(&walk) != NULL;
	(void)outbox_walk_end(&walk, o, &ignored);
	return used;
}

int
outbox_list(const struct outbox *o, enum outbox_place place,
    struct string_list *ids, struct error *err)
{
	struct outbox_walk walk;
	const char *id;

	outbox_walk_begin(&walk, o, place);
	while ((id = outbox_walk_next(&walk)) != NULL)
		string_list_add(ids, xstrdup(id));
	string_list_sort(ids);
	return outbox_walk_end(&walk, o, err);
}

int
outbox_open_message(const struct outbox *o, enum outbox_place place,
    const char *id, struct error *err)
{
	int fd = openat(o->places[place], id, O_RDONLY | O_CLOEXEC |
	    O_NOFOLLOW | O_NONBLOCK);

	return fd >= 0 ? fd : outbox_cannot(err, "open", id);
}

uint64_t
outbox_message_size(const struct outbox *o, enum outbox_place place,
    const char *id)
{
	struct stat st;

	if (fstatat(o->places[place], id, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return 0;
	return (uint64_t)st.st_size;
}

int
outbox_is_missing(const struct outbox *o, enum outbox_place place,
    const char *id)
{
	struct stat st;

	return fstatat(o->places[place], id, &st, AT_SYMLINK_NOFOLLOW) != 0 &&
	    errno == ENOENT;
}

int
outbox_open_journal(const struct outbox *o, const char *id, int64_t deadline,
    struct journal *j, struct error *err)
{
	int locked = -1;
	int fd = openat(o->places[OUTBOX_JOURNAL], id, O_RDWR | O_APPEND |
	    O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);

	j->fd = fd;
	if (fd < 0 || fchmod(fd, 0600) != 0)
		outbox_cannot(err, "open the journal of", id);
	else
		locked = lock_take(fd, id, deadline, err);
	if (locked == 1 && journal_open(j, fd, err) == 0)
		return 1;
	journal_close(j);
	return locked == 0 ? 0 : -1;
}

int
outbox_sync(const struct outbox *o, enum outbox_place place,
    struct error *err)
{
	return fsync(o->places[place]) == 0 ? 0
	    : outbox_cannot(err, "write", place_names[place]);
}

int
outbox_read_journal(const struct outbox *o, const char *id,
    struct journal_state *state, struct error *err)
{
	struct buffer text = { .max = JOURNAL_MAX };
	int fd = openat(o->places[OUTBOX_JOURNAL], id, O_RDONLY | O_CLOEXEC |
	    O_NOFOLLOW | O_NONBLOCK);
	int result = 0;

	memset(state, 0, sizeof(*state));
	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0 || buffer_read(&text, fd) != 0)
		result = outbox_cannot(err, "read the journal of", id);
	else
		journal_read(state, text.data, text.len);
	if (fd >= 0)
		close(fd);
	buffer_free(&text);
	return result;
}

const char *
outbox_reason(const struct message_file *m, const struct journal_state *state)
{
	if (state->reason[0] != '\0')
		return state->reason;
	return m->reason != NULL ? m->reason : "";
}

int
outbox_remove(const struct outbox *o, enum outbox_place place,
    const char *id, struct error *err)
{
	if (outbox_unlink(o, place, id, err) != 0 ||
	    outbox_sync(o, place, err) != 0)
		return -1;
	unlinkat(o->places[OUTBOX_JOURNAL], id, 0);
	return 0;
}

int
outbox_unlink(const struct outbox *o, enum outbox_place place,
    const char *id, struct error *err)
{
	return unlinkat(o->places[place], id, 0) == 0 || errno == ENOENT ? 0
	    : outbox_cannot(err, "remove", id);
}

/* Returns whether an unfinished file has its ID already, or was abandoned. */
static int
is_abandoned(int directory, const char *name)
{
	struct stat st;
	int fd, gone;

	if (strncmp(name, UNFINISHED, strlen(UNFINISHED)) != 0 ||
	    !is_id(name + strlen(UNFINISHED)))
		return 0;
	fd = openat(directory, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW |
	    O_NONBLOCK);
	if (fd < 0)
		return 0;
	gone = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	    (st.st_nlink > 1 ||
	    (flock(fd, LOCK_EX | LOCK_NB) == 0 &&
	    time(NULL) - st.st_mtime > UNFINISHED_SECONDS));
	close(fd);
	return gone;
}

/* Returns whether the journal's message is known to exist no longer. */
static int
is_orphan(const struct outbox *o, const char *name)
{
	return is_id(name) && outbox_is_missing(o, OUTBOX_NEW, name) &&
	    outbox_is_missing(o, OUTBOX_FAILED, name);
}

/*
 * Removes abandoned files and orphaned journals. A message that reappears after
 * a power failure must find its journal, so removals of messages are synced
 * before the first journal is removed. Returns the number of IDs that remain.
 */
static size_t
sweep_directory(const struct outbox *o, enum outbox_place place)
{
	int directory = o->places[place], synced = 0;
	DIR *listing = open_listing(directory);
	const struct dirent *d;
	size_t kept = 0;

	while (listing != NULL && (d = readdir(listing)) != NULL) {
		if (place == OUTBOX_JOURNAL && is_orphan(o, d->d_name)) {
			if (!synced && fsync(o->places[OUTBOX_NEW]) != 0)
				break;
			synced = 1;
		} else if (!is_abandoned(directory, d->d_name)) {
			kept += (size_t)is_id(d->d_name);
			continue;
		}
		unlinkat(directory, d->d_name, 0);
	}
	if (listing != NULL)
		closedir(listing);
	return kept;
}

size_t
outbox_sweep(const struct outbox *o)
{
	lock_sweep(o->path);
	(void)sweep_directory(o, OUTBOX_NEW);
	(void)sweep_directory(o, OUTBOX_FAILED);
	return sweep_directory(o, OUTBOX_JOURNAL);
}

void
outbox_touch(int directory, const char *name)
{
	int fd = openat(directory, name, O_WRONLY | O_CREAT | O_CLOEXEC |
	    O_NOFOLLOW, 0600);

	if (fd < 0)
		return;
	(void)fchmod(fd, 0600);
	(void)futimens(fd, NULL);
	close(fd);
}

int
outbox_list_since(const struct outbox *o, const struct timespec *since,
    struct string_list *ids, struct error *err)
{
	struct string_list all = {0};
	struct stat st;
	int result = outbox_list(o, OUTBOX_FAILED, &all, err);

	for (size_t i = 0; i < all.n; i++)
		if (fstatat(o->places[OUTBOX_FAILED], all.at[i], &st,
		    AT_SYMLINK_NOFOLLOW) == 0 &&
		    (st.st_ctim.tv_sec > since->tv_sec ||
		    (st.st_ctim.tv_sec == since->tv_sec &&
		    st.st_ctim.tv_nsec > since->tv_nsec)))
			string_list_add(ids, xstrdup(all.at[i]));
	string_list_free(&all);
	return result;
}

int
outbox_move(const struct outbox *o, const char *id, enum outbox_place from,
    enum outbox_place to, struct error *err)
{
	if (from == OUTBOX_FAILED)
		notify_unlook(o, id);
	if (renameat(o->places[from], id, o->places[to], id) == 0 &&
	    fsync(o->places[to]) == 0 && fsync(o->places[from]) == 0)
		return 0;
	return outbox_cannot(err, "move", id);
}
