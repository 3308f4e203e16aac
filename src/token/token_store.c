/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "token/token_store.h"

#include <dirent.h>
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
#include "base/poll.h"
#include "base/run_command.h"
#include "base/state_file.h"
#include "base/write_all.h"
#include "base/xdg.h"
#include "base/xmalloc.h"

#define LOCK_SECONDS 60
#define LOCK_PAUSE 20 /* milliseconds */

/* The size that is reserved: no record is longer. */
#define RECORD_MAX ((off_t)STORE_MAX)

/* The values of the key store; "%s" is the address in shell quotes. */
static const struct {
	const char *name, *read, *write, *remove;
} commands[] = {
	{ "secret-tool", "secret-tool lookup service onehop-token user %s",
	  "secret-tool store --label=onehop-token service onehop-token "
	  "user %s", "secret-tool clear service onehop-token user %s" },
	{ "pass", "pass show onehop-token/%s",
	  "pass insert -m -f onehop-token/%s >/dev/null",
	  "pass rm -f onehop-token/%s" },
};
#define NCOMMANDS (sizeof(commands) / sizeof(commands[0]))

/* Puts the address in quotes in place of "%s". */
static char *
make_command(const char *template, const char *address)
{
	const char *mark = strstr(template, "%s");

	return mark == NULL ? xstrdup(template) : xasprintf("%.*s'%s'%s",
	    (int)(mark - template), template, address, mark + 2);
}

static int
choose_commands(struct token_store *s, const struct oauth_account *a,
    struct error *err)
{
	const char *store = a->value[OAUTH_store];
	const char *read = a->value[OAUTH_store_read];
	const char *write = a->value[OAUTH_store_write];
	const char *remove = a->value[OAUTH_store_remove];
	char quote[ESCAPE_QUOTE];
	size_t i = 0;

	if ((read == NULL) != (write == NULL))
		return fail(err, EX_CONFIG,
		    "expected both store_read and store_write, or neither");
	if (read == NULL && store != NULL && strcmp(store, "file") != 0) {
		while (i < NCOMMANDS && strcmp(commands[i].name, store) != 0)
			i++;
		if (i == NCOMMANDS)
			return fail(err, EX_CONFIG, "store: expected file, "
			    "secret-tool or pass, not \"%s\"",
			    escape_string(quote, sizeof(quote), store));
		read = commands[i].read;
		write = commands[i].write;
		remove = commands[i].remove;
	}
	if (read == NULL)
		return 0;
	s->read = make_command(read, a->address);
	s->write = make_command(write, a->address);
	if (remove != NULL)
		s->remove = make_command(remove, a->address);
	return 0;
}

/* An address as a file name: lower case, and "%2F" for a "/". */
static char *
file_name(const char *address)
{
	struct buffer name = {0};
	char *result;

	for (; *address != '\0'; address++) {
		char c = ascii_lower(*address);

		if (ascii_is_alnum(c) || (strchr("@._+-", c) != NULL &&
		    name.len > 0))
			buffer_add_char(&name, c);
		else
			buffer_addf(&name, "%%%02X", (unsigned char)c);
	}
	result = xstrdup(buffer_string(&name));
	buffer_free(&name);
	return result;
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

int
token_store_open(struct token_store *s, const struct oauth_account *a,
    struct error *err)
{
	memset(s, 0, sizeof(*s));
	s->fd = s->lock = s->draft = -1;
	s->directory = token_directory();
	s->name = file_name(a->address);
	if (s->directory == NULL)
		return fail(err, EX_CONFIG, "there is no home directory");
	return choose_commands(s, a, err);
}

int
token_store_read(const struct token_store *s, struct access_token *t,
    struct error *err)
{
	struct buffer text = { .kind = BUFFER_SECRET };
	int found;

	if (s->read == NULL) {
		found = state_file_read(&text, s->directory, s->name, err);
	} else {
		found = command_read(&text, s->read, COMMAND_SECONDS, err)
		    == 0 ? 1 : -1;
		if (found < 0)
			hint(err, "unlock the store, or log in with "
			    "onehop-token --login ADDRESS");
	}
	if (found == 1 && token_parse(t, &text, err) != 0)
		found = -1;
	buffer_free(&text);
	return found;
}

/* Sets err for an operation on the account's file. */
static int
fail_file(const struct token_store *s, const char *what, struct error *err)
{
	int error = errno;
	char quote[ESCAPE_QUOTE];

	escape_string(quote, sizeof(quote), s->directory);
	return fail(err, EX_TEMPFAIL, "cannot %s %s/%s: %s", what, quote,
	    s->name, strerror(error));
}

static char *
beside(const struct token_store *s, const char *tail)
{
	return xasprintf(".%s.%s", s->name, tail);
}

/* Opens the directory, which is made if it is missing. */
static int
open_directory(struct token_store *s, struct error *err)
{
	struct buffer ignored = { .kind = BUFFER_SECRET };
	int found;

	if (mkdirs(s->directory) != 0)
		return fail_file(s, "make the directory of", err);
	/* It checks whose the directory is. */
	found = state_file_read(&ignored, s->directory, s->name, err);
	buffer_free(&ignored);
	if (found < 0)
		return -1;
	s->fd = open(s->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return s->fd >= 0 ? 0 : fail_file(s, "open the directory of", err);
}

int
token_store_lock(struct token_store *s, struct error *err)
{
	int64_t deadline = deadline_in(LOCK_SECONDS * 1000);
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	char *name;

	if (open_directory(s, err) != 0)
		return -1;
	name = beside(s, "lock");
	s->lock = openat(s->fd, name, O_RDWR | O_CREAT | O_CLOEXEC |
	    O_NOFOLLOW, 0600);
	free(name);
	if (s->lock < 0)
		return fail_file(s, "lock", err);
	while (fcntl(s->lock, F_SETLK, &lock) != 0) {
		if (errno != EACCES && errno != EAGAIN && errno != EINTR)
			return fail_file(s, "lock", err);
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
	char *name;
	int error;

	if (s->write != NULL)
		return 0;
	name = beside(s, "new");
	s->draft = openat(s->fd, name, O_WRONLY | O_CREAT | O_TRUNC |
	    O_CLOEXEC | O_NOFOLLOW, 0600);
	if (s->draft < 0) {
		free(name);
		return fail_file(s, "write", err);
	}
	error = posix_fallocate(s->draft, 0, RECORD_MAX);
	if (error != 0 && error != EOPNOTSUPP && error != EINVAL) {
		unlinkat(s->fd, name, 0);
		errno = error;
		fail_file(s, "reserve space for", err);
	} else {
		error = 0;
	}
	free(name);
	return error == 0 ? 0 : -1;
}

static int
replace_file(struct token_store *s, const struct buffer *text,
    struct error *err)
{
	char *name = beside(s, "new");
	int result = -1;

	if (write_all(s->draft, text->data, text->len) == 0 &&
	    ftruncate(s->draft, (off_t)text->len) == 0 &&
	    fsync(s->draft) == 0 &&
	    renameat(s->fd, name, s->fd, s->name) == 0 && fsync(s->fd) == 0)
		result = 0;
	else
		fail_file(s, "write", err);
	free(name);
	return result;
}

int
token_store_write(struct token_store *s, const struct access_token *t,
    struct error *err)
{
	struct buffer text = { .kind = BUFFER_SECRET };
	int result;

	token_format(&text, t);
	if (text.len > (size_t)RECORD_MAX)
		result = fail(err, EX_TEMPFAIL, "the token is too long");
	else if (s->write == NULL)
		result = replace_file(s, &text, err);
	else if ((result = command_write(s->write, &text,
	    COMMAND_SECONDS, err)) != 0)
		wrap(err, "store_write");
	buffer_free(&text);
	return result;
}

int
token_store_remove(struct token_store *s, struct error *err)
{
	const struct buffer nothing = {0};

	if (s->read == NULL) {
		if (unlinkat(s->fd, s->name, 0) != 0 || fsync(s->fd) != 0)
			return fail_file(s, "remove", err);
		return 0;
	}
	if (s->remove == NULL)
		return fail(err, EX_CONFIG, "expected store_remove");
	return command_write(s->remove, &nothing, COMMAND_SECONDS, err) == 0
	    ? 0
	    : wrap(err, "store_remove");
}

void
token_store_close(struct token_store *s)
{
	char *name;

	if (s->draft >= 0) {
		name = beside(s, "new");
		unlinkat(s->fd, name, 0); /* renamed, unless it failed */
		free(name);
		close(s->draft);
	}
	if (s->lock >= 0)
		close(s->lock);
	if (s->fd >= 0)
		close(s->fd);
	free(s->directory);
	free(s->name);
	free(s->read);
	free(s->write);
	free(s->remove);
}

/* The address of a file name, owned; file_name() undone. */
static char *
address_of(const char *name)
{
	char *address = xstrdup(name), *to = address;

	for (; *name != '\0'; name++) {
		char hex[3] = "", *end = hex;
		long c = (unsigned char)*name;

		if (*name == '%' && name[1] != '\0') {
			memcpy(hex, name + 1, 2);
			c = strtol(hex, &end, 16);
			name += 2;
		}
		*to++ = (char)c;
		if (*name == '\0')
			break;
	}
	*to = '\0';
	return address;
}

void
token_store_list(struct string_list *addresses)
{
	char *directory = token_directory();
	DIR *list = directory != NULL ? opendir(directory) : NULL;
	const struct dirent *entry;

	while (list != NULL && (entry = readdir(list)) != NULL)
		if (entry->d_name[0] != '.')
			string_list_add(addresses, address_of(entry->d_name));
	if (list != NULL)
		closedir(list);
	free(directory);
}
