/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "token/token_store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/ascii.h"
#include "base/escape.h"
#include "base/keeper.h"
#include "base/mkdirs.h"
#include "base/platform.h"
#include "base/poll.h"
#include "base/run_command.h"
#include "base/state_file.h"
#include "base/write_all.h"
#include "base/xdg.h"
#include "base/xmalloc.h"

/* With the 35 seconds of a request less than the minute after which onehop
 * kills the command of passwordeval. */
#define LOCK_SECONDS 20
#define LOCK_PAUSE 20 /* milliseconds */

static char *
make_command(const char *template, const struct oauth_account *a)
{
	return template != NULL ? keeper_command(template, "onehop-token",
	    a->address) : NULL;
}

static int
choose_commands(struct token_store *s, const struct oauth_account *a,
    struct error *err)
{
	const char *store = oauth_value(a, OAUTH_store);
	struct keeper own = { NULL, oauth_value(a, OAUTH_store_read),
		oauth_value(a, OAUTH_store_write),
		oauth_value(a, OAUTH_store_remove) };
	const struct keeper *keeper = &own;
	char quote[ESCAPE_QUOTE];

	if ((own.read == NULL) != (own.write == NULL))
		return fail(err, EX_CONFIG,
		    "expected both store_read and store_write, or neither");
	if (own.read == NULL && store != NULL && strcmp(store, "file") != 0)
		keeper = keeper_find(store);
	if (keeper == NULL)
		return fail(err, EX_CONFIG, "store: expected file, "
		    "secret-tool or pass, not \"%s\"",
		    escape_string(quote, sizeof(quote), store));
	s->read = make_command(keeper->read, a);
	s->write = make_command(keeper->write, a);
	s->remove = make_command(keeper->remove, a);
	return 0;
}

static char *
token_directory(void)
{
	char *home = xdg_home(), *state = xdg_state_directory(home);
	char *result = state != NULL ? xasprintf("%s/token", state) : NULL;

	free(state);
	free(home);
	return result;
}

/* Removes the draft, which does not exist once it is renamed. */
static void
close_draft(struct token_store *s)
{
	if (s->draft_fd < 0)
		return;
	unlink(s->draft);
	close(s->draft_fd);
	s->draft_fd = -1;
}

void
token_store_close(struct token_store *s)
{
	json_decref(s->token);
	close_draft(s);
	if (s->lock_fd >= 0)
		close(s->lock_fd);
	free(s->directory);
	free(s->name);
	free(s->file);
	free(s->draft);
	free(s->lock);
	free(s->read);
	free(s->write);
	free(s->remove);
}

int
token_store_open(struct token_store *s, const struct oauth_account *a,
    struct error *err)
{
	memset(s, 0, sizeof(*s));
	s->account = a;
	s->lock_fd = s->draft_fd = -1;
	s->directory = token_directory();
	if (s->directory == NULL)
		return fail(err, EX_CONFIG, "there is no home directory");
	s->name = xstrdup(a->address);
	for (char *c = s->name; *c != '\0'; c++)
		*c = ascii_lower(*c);
	s->file = xasprintf("%s/%s", s->directory, s->name);
	s->draft = xasprintf("%s/.%s.new", s->directory, s->name);
	s->lock = xasprintf("%s/.%s.lock", s->directory, s->name);
	if (choose_commands(s, a, err) == 0)
		return 0;
	token_store_close(s);
	return -1;
}

int
token_store_read(struct token_store *s, struct error *err)
{
	struct buffer text = { .kind = BUFFER_SECRET };
	int found = 1;

	json_decref(s->token);
	s->token = NULL;
	if (s->read == NULL)
		found = state_file_read(&text, s->directory, s->name, err);
	else if (command_read(&text, s->read, COMMAND_SECONDS, err) != 0)
		found = hint(err, "unlock the store, or log in with "
		    "onehop-token --login ADDRESS");
	if (found == 0)
		fail(err, EX_NOPERM, "no token is stored");
	else if (found == 1)
		s->token = token_parse(&text, err);
	buffer_free(&text);
	return s->token != NULL ? 0 : -1;
}

static int
fail_file(const char *what, const char *path, struct error *err)
{
	int error = errno;
	char quote[ESCAPE_QUOTE];

	return fail(err, EX_TEMPFAIL, "cannot %s %s: %s", what,
	    escape_string(quote, sizeof(quote), path), strerror(error));
}

int
token_store_lock(struct token_store *s, struct error *err)
{
	int64_t deadline = deadline_in(LOCK_SECONDS * 1000);
	struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	struct buffer ignored = { .kind = BUFFER_SECRET };
	int found;

	if (mkdirs(s->directory) != 0)
		return fail_file("make", s->directory, err);
	/* It checks whose the directory is. */
	found = state_file_read(&ignored, s->directory, s->name, err);
	buffer_free(&ignored);
	if (found < 0)
		return -1;
	s->lock_fd = open(s->lock, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW,
	    0600);
	while (s->lock_fd < 0 || fcntl(s->lock_fd, F_SETLK, &whole) != 0) {
		if (s->lock_fd < 0 || (errno != EACCES && errno != EAGAIN &&
		    errno != EINTR))
			return fail_file("lock", s->lock, err);
		if (deadline_now() >= deadline)
			return fail(err, EX_TEMPFAIL, "another onehop-token "
			    "has held the lock for %d seconds", LOCK_SECONDS);
		if (poll_any(NULL, 0, deadline_in(LOCK_PAUSE), err) < 0)
			return -1;
	}
	return 0;
}

int
token_store_reserve(struct token_store *s, struct error *err)
{
	if (s->write != NULL)
		return 0;
	s->draft_fd = open(s->draft, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC |
	    O_NOFOLLOW, 0600);
	if (s->draft_fd < 0 || platform_reserve(s->draft_fd,
	    (off_t)STORE_MAX) != 0)
		return fail_file("reserve space for", s->draft, err);
	return 0;
}

static int
sync_directory(const struct token_store *s)
{
	int fd = open(s->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int result = fd >= 0 ? fsync(fd) : -1;

	if (fd >= 0)
		close(fd);
	return result;
}

int
token_store_write(struct token_store *s, struct error *err)
{
	struct buffer text = { .kind = BUFFER_SECRET };
	int result = 0;

	token_format(&text, s->token);
	if (text.len > STORE_MAX)
		result = fail(err, EX_TEMPFAIL, "the token is too long");
	else if (s->draft_fd < 0 && token_store_reserve(s, err) != 0)
		result = -1;
	else if (s->write != NULL)
		result = command_write(s->write, &text, COMMAND_SECONDS, err)
		    == 0 ? 0 : wrap(err, "store_write");
	else if (write_all(s->draft_fd, text.data, text.len) != 0 ||
	    ftruncate(s->draft_fd, (off_t)text.len) != 0 ||
	    fsync(s->draft_fd) != 0 || rename(s->draft, s->file) != 0 ||
	    sync_directory(s) != 0)
		result = fail_file("write", s->file, err);
	close_draft(s);
	buffer_free(&text);
	return result;
}

int
token_store_remove(struct token_store *s, struct error *err)
{
	const struct buffer nothing = {0};

	if (s->read == NULL)
		return unlink(s->file) == 0 && sync_directory(s) == 0 ? 0
		    : fail_file("remove", s->file, err);
	if (s->remove == NULL)
		return fail(err, EX_CONFIG, "expected store_remove");
	return command_write(s->remove, &nothing, COMMAND_SECONDS, err) == 0
	    ? 0 : wrap(err, "store_remove");
}

void
token_store_list(struct string_list *addresses)
{
	char *directory = token_directory();
	DIR *list = directory != NULL ? opendir(directory) : NULL;
	const struct dirent *entry;

	while (list != NULL && (entry = readdir(list)) != NULL)
		if (entry->d_name[0] != '.')
			string_list_add(addresses, xstrdup(entry->d_name));
	if (list != NULL)
		closedir(list);
	free(directory);
}
