/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "auth/password.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/poll.h"
#include "base/terminal.h"
#include "base/trusted_file.h"
#include "base/xmalloc.h"
#include "format/netrc.h"
#include "tls/tls.h"

#define NETRC_MAX ((size_t)1 << 20)

static void
set_origin(struct password *s, const char *origin)
{
	snprintf(s->origin, sizeof(s->origin), "%s", origin);
}

static int
from_account(struct password *s, const struct account *a, struct error *err)
{
	if (a->password[0] == '\0')
		return 0;
	set_origin(s, "from the config file");
	return buffer_add_string(&s->text, a->password) == 0 ? 1
	    : fail(err, EX_CONFIG, "the password is too long");
}

static int
from_command(struct password *s, const struct account *a, struct error *err)
{
	if (a->passwordeval[0] == '\0')
		return 0;
	set_origin(s, "from passwordeval");
	return command_read(&s->text, a->passwordeval, COMMAND_SECONDS,
	    err) == 0 ? 1 : -1;
}

/*
 * The name of the credential: the one that the account gives, else its own,
 * but not where the command line leads to another server. Owned, or NULL.
 */
static char *
credential_name(const struct account *a)
{
	if (a->password_credential[0] != '\0')
		return xstrdup(a->password_credential);
	if (a->secrets_withheld || a->name[0] == '\0' ||
	    strchr(a->name, '/') != NULL)
		return NULL;
	return xasprintf("onehop.%s", a->name);
}

static int
read_credential(struct password *s, const char *path, int is_named,
    struct error *err)
{
	struct trusted_file file = {0};
	int result;

	switch (trusted_file_read(&file, path, FIRST_LINE_MAX, err)) {
	case TRUSTED_READ:
		break;
	case TRUSTED_MISSING:
		return is_named ? fail(err, EX_CONFIG, "no such file") : 0;
	case TRUSTED_FORBIDDEN:
		return fail(err, EX_CONFIG, "permission denied");
	default:
		return -1;
	}
	/* systemd lets the service's user in by an access control list, which
	 * shows as the group's bits */
	if (file.is_public)
		result = fail(err, EX_CONFIG,
		    "expected a file that others cannot read");
	else
		result = first_line_take(&s->text, &file.text, err);
	buffer_free(&file.text);
	return result == 0 ? 1 : -1;
}

static int
from_credential(struct password *s, const struct account *a, struct error *err)
{
	const char *directory = getenv("CREDENTIALS_DIRECTORY");
	int is_named = a->password_credential[0] != '\0';
	char *name = credential_name(a), *path;
	char quote[ESCAPE_QUOTE / 2];
	int result = 0;

	if (name == NULL)
		return 0;
	snprintf(s->origin, sizeof(s->origin), "from credential %s",
	    escape_string(quote, sizeof(quote), name));
	if (directory != NULL && directory[0] == '/') {
		path = xasprintf("%s/%s", directory, name);
		result = read_credential(s, path, is_named, err);
		free(path);
	} else if (is_named) {
		result = fail(err, EX_CONFIG, "expected an absolute path in "
		    "CREDENTIALS_DIRECTORY");
	}
	free(name);
	return result < 0 ? wrap(err, "password %s", s->origin) : result;
}

/* Takes the entry of the account, if the file has one. */
static int
read_netrc(struct password *s, const struct account *a,
    const struct trusted_file *file, struct error *err)
{
	const struct netrc_query query = { a->host.at[0], a->user, a->port };
	struct netrc_entry entry;
	int result = netrc_find(&entry, file->text.data, file->text.len,
	    &query, err);

	if (result <= 0)
		return result;
	snprintf(s->origin, sizeof(s->origin),
	    "from ~/.netrc line %u", entry.line);
	if (!file->is_private)
		result = fail(err, EX_CONFIG, "a file that holds a password "
		    "must be readable by its owner alone, chmod 600");
	else
		buffer_add(&s->text, entry.password.data, entry.password.len);
	buffer_free(&entry.password);
	return result;
}

/*
 * ~/.netrc knows machines by one name each: what it holds for one of several
 * hosts, or for the one that a socket stands for, is not for the others.
 */
static int
from_netrc(struct password *s, const struct account *a, struct error *err)
{
	struct trusted_file file = {0};
	char *path;
	int result = 0;

	if (a->home[0] == '\0' || a->host.n != 1 || a->socket[0] != '\0' ||
	    a->netrc_withheld)
		return 0;
	path = xasprintf("%s/.netrc", a->home);
	switch (trusted_file_read(&file, path, NETRC_MAX, err)) {
	case TRUSTED_READ:
		result = read_netrc(s, a, &file, err);
		buffer_free(&file.text);
		if (result < 0)
			wrap(err, "~/.netrc");
		break;
	case TRUSTED_FAILED:
		result = -1;
		break;
	default:
		break;
	}
	free(path);
	return result;
}

/* Asks by the name of the server, or of the account if it has no host. */
static int
from_terminal(struct password *s, const struct account *a, struct error *err)
{
	struct buffer question = {0};
	char quote[ESCAPE_QUOTE], host[ESCAPE_QUOTE];
	int result;

	set_origin(s, "typed");
	escape_string(quote, sizeof(quote), a->user);
	buffer_addf(&question, "onehop: password of %s", quote);
	escape_string(host, sizeof(host), a->host.n > 0 ? a->host.at[0]
	    : a->name);
	buffer_addf(&question, " at %s: ", host);
	result = terminal_read_secret(&s->text, buffer_string(&question), err);
	buffer_free(&question);
	if (result == 0)
		return 1;
	return hint(err, "set passwordeval to a command that prints the "
	    "password (keyring: secret-tool lookup host %.60s service smtp "
	    "user %.60s), or auth off if the server needs none",
	    host, quote);
}

/* In the order in which they are asked. Each returns 1 with the secret, 0 if
 * it has none, -1. */
static int (*const sources[])(struct password *, const struct account *,
    struct error *) = {
	from_account, from_command, from_credential, from_netrc, from_terminal
};

int
password_get(struct password *s, const struct account *a, struct error *err)
{
	char quote[ESCAPE_QUOTE];
	int result = 0;

	signals_hold();
	s->text.kind = BUFFER_SECRET;
	for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]) &&
	    result == 0; i++)
		result = sources[i](s, a, err);
	if (result > 0)
		return 0;
	return wrap(err, "account \"%s\"",
	    escape_string(quote, sizeof(quote), a->name));
}

int
password_get_for_key(struct password *s, const struct account *a,
	enum password_use use, struct error *err)
{
	const char *command = a->tls_key_passwordeval;
	int found = 0;

	if (a->tls_key_file[0] == '\0' || !tls_key_is_locked(a->tls_key_file))
		return 0;
	signals_hold();
	s->text.kind = BUFFER_SECRET;
	if (command[0] == '\0' && use == SECRET_FREE) {
		found = from_account(s, a, err);
		command = a->passwordeval;
	}
	if (found != 0 || command[0] == '\0')
		return found < 0 ? -1 : 0;
	if (command_read(&s->text, command, COMMAND_SECONDS, err) == 0)
		return 0;
	return wrap(err, "password of tls_key_file");
}

void
password_free(struct password *s)
{
	buffer_free(&s->text);
	memset(s, 0, sizeof(*s));
}
