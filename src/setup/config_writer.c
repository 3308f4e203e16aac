/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "setup/config_writer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/ascii.h"
#include "base/escape.h"
#include "base/keeper.h"
#include "base/mkdirs.h"
#include "base/write_all.h"
#include "base/xmalloc.h"
#include "config/account_check.h"
#include "config/key.h"
#include "auth/provider.h"

enum provider_login
config_writer_login(const struct config_writer *c)
{
	const struct provider *p = provider_by_host(c->service->host);
	const struct selection *given = c->selection;

	if (p == NULL || selection_value(given, KEY_auth, NULL) != NULL ||
	    selection_value(given, KEY_passwordeval, NULL) != NULL)
		return LOGIN_PASSWORD;
	return p->login;
}

/* Returns the command that prints a token, owned. */
static char *
token_command(const struct config_writer *c)
{
	const char *user = selection_value(c->selection, KEY_user, c->address);

	return xasprintf("onehop-token %s", keeper_is_plain(user) ? user
	    : "USER");
}

char *
config_writer_token_login(const struct config_writer *c, const char *user)
{
	const char *host = c->service->host, *at = strrchr(c->address, '@');
	const struct provider *known = at != NULL ? provider_by_domain(at + 1)
	    : NULL;
	int is_known = known != NULL && ascii_equal(known->host, host);

	return xasprintf("onehop-token --login %s%s%s%s", is_known ? ""
	    : "--provider ", is_known ? "" : host, is_known ? "" : " ", user);
}

static int
set_login(struct account *a, const struct config_writer *c, struct error *err)
{
	char *command = token_command(c);
	int result = account_store(a, KEY_user, c->address, err);

	if (config_writer_login(c) != LOGIN_TOKEN)
		result |= account_store(a, KEY_auth, "on", err);
	else
		result |= account_store(a, KEY_auth, "xoauth2", err) |
		    account_store(a, KEY_passwordeval, command, err);
	free(command);
	return result;
}

static int
set_options(struct account *a, const struct config_writer *c, struct error *err)
{
	for (size_t i = 0; i < c->selection->noverrides; i++) {
		const struct override *o = &c->selection->overrides[i];

		if (key_has(o->key, ATTR_SERVICE))
			continue;
		if (account_set(a, o->key, o->value, err) != 0) {
			err->code = EX_USAGE;
			return wrap(err, "--%s", o->key);
		}
	}
	return 0;
}

int
config_writer_account(struct account *a, const struct config_writer *c,
    const char *home, struct error *err)
{
	char port[16];

	account_init(a, home);
	snprintf(port, sizeof(port), "%u", c->service->port);
	if (account_store(a, KEY_host, c->service->host, err) != 0 ||
	    account_store(a, KEY_port, port, err) != 0 ||
	    account_store(a, KEY_tls, "on", err) != 0 ||
	    account_store(a, KEY_tls_starttls, c->service->starttls ? "on"
	    : "off", err) != 0 ||
	    set_login(a, c, err) != 0 ||
	    set_options(a, c, err) != 0)
		return -1;
	return account_check(a, err);
}

/* Returns whether the reader would take octets at the ends of a verbatim value
 * for what surrounds it. */
static int
needs_quotes(const char *value)
{
	static const char edges[] = " \t\r";
	size_t len = strlen(value);

	return value[0] == '"' || (len > 0 &&
	    (strchr(edges, value[0]) != NULL ||
	    strchr(edges, value[len - 1]) != NULL));
}

void
config_writer_add(struct buffer *out, const char *key, const char *value)
{
	const struct key *known = key_find(key);

	if (known != NULL && known->verbatim) {
		/* The reader removes outer quotes and changes nothing else. */
		buffer_addf(out, needs_quotes(value) ? "%s \"%s\"\n"
		    : "%s %s\n", key, value);
		return;
	}
	if (value[0] != '\0' && strpbrk(value, "\"\\# \t") == NULL) {
		buffer_addf(out, "%s %s\n", key, value);
		return;
	}
	buffer_addf(out, "%s \"", key);
	for (; *value != '\0'; value++) {
		if (*value == '"' || *value == '\\')
			buffer_add_char(out, '\\');
		buffer_add_char(out, *value);
	}
	buffer_add_string(out, "\"\n");
}

/* In a sender "%" is doubled: a single one begins a pattern. */
static void
add_sender(struct buffer *out, const char *address)
{
	struct buffer text = {0};

	for (; *address != '\0'; address++) {
		if (*address == '%')
			buffer_add_char(&text, '%');
		buffer_add_char(&text, *address);
	}
	config_writer_add(out, "from", buffer_string(&text));
	buffer_free(&text);
}

static void
add_password(struct buffer *out, const struct config_writer *c)
{
	const char *command = c->passwordeval != NULL ? c->passwordeval
	    : selection_value(c->selection, KEY_passwordeval, NULL);
	const char *user = selection_value(c->selection, KEY_user, c->address);
	enum provider_login login = config_writer_login(c);
	char *login_command;

	if (c->password != NULL) {
		buffer_add_string(out, "\n# Nobody else may read this file: it "
		    "has the password.\n");
		config_writer_add(out, "password", c->password);
		return;
	}
	if (command != NULL) {
		buffer_add_string(out, "\n# Prints the password.\n");
		config_writer_add(out, "passwordeval", command);
		return;
	}
	if (!keeper_is_plain(user))
		user = "USER";
	if (login == LOGIN_TOKEN) {
		login_command = config_writer_token_login(c, user);
		buffer_addf(out, "\n# This provider refuses passwords. Log in "
		    "once:\n# %s\n", login_command);
		free(login_command);
		buffer_addf(out, "passwordeval onehop-token %s\n", user);
		return;
	}
	if (login == LOGIN_APP_PASSWORD)
		buffer_addf(out, "\n# An app password is needed, not the "
		    "account's own. Make one at\n# %s\n",
		    provider_by_host(c->service->host)->page);
	buffer_addf(out, "\n"
	    "# Without a command that prints the password you are asked for "
	    "it at the\n# terminal, and cron and its like cannot send.\n"
	    "# passwordeval secret-tool lookup host %s user %s\n",
	    c->service->host, user);
}

/* Adds the other keys of the command line. */
static void
add_options(struct buffer *out, const struct config_writer *c)
{
	size_t n = 0;

	for (size_t i = 0; i < c->selection->noverrides; i++) {
		const struct override *o = &c->selection->overrides[i];

		if (key_has(o->key, ATTR_SERVICE | ATTR_SETUP))
			continue;
		if (n++ == 0)
			buffer_add_string(out, "\n# From the command "
			    "line.\n");
		config_writer_add(out, o->key, o->value);
	}
}

/* Adds a key, unless the file is new and the key has that value by default: a
 * file with other accounts may set other defaults. */
static void
add_needed(struct buffer *out, const struct config_writer *c,
    struct account *a, size_t key, const char *value)
{
	struct error ignored = {0};
	struct account checked;
	char *shown;

	account_copy(&checked, a);
	(void)account_check(&checked, &ignored);
	shown = account_show(&checked, key, 0);
	if (c->account != NULL || strcmp(shown, value) != 0)
		config_writer_add(out, account_keys[key].name, value);
	(void)account_store(a, key, value, &ignored);
	account_free(&checked);
	free(shown);
}

static void
add_server(struct buffer *out, const struct config_writer *c,
    struct account *a)
{
	const char *tls = selection_value(c->selection, KEY_tls, "on");
	int is_clear = strcmp(tls, "off") == 0;
	struct error ignored = {0};
	char port[16];

	snprintf(port, sizeof(port), "%u", c->service->port);
	buffer_addf(out, "# The server that takes your mail, %s: port %s, "
	    "%s.\n", c->origin, port, is_clear ? "no TLS"
	    : c->service->starttls ? "TLS after STARTTLS"
	    : "TLS from the start");
	config_writer_add(out, "host", c->service->host);
	(void)account_store(a, KEY_host, c->service->host, &ignored);
	add_needed(out, c, a, KEY_port, port);
	add_needed(out, c, a, KEY_tls, tls);
	if (!is_clear)
		add_needed(out, c, a, KEY_tls_starttls, c->service->starttls
		    ? "on" : "off");
}

static void
add_person(struct buffer *out, const struct config_writer *c,
    struct account *a)
{
	const char *user = selection_value(c->selection, KEY_user, c->address);
	const char *auth = selection_value(c->selection, KEY_auth,
	    config_writer_login(c) == LOGIN_TOKEN ? "xoauth2" : "on");
	struct error ignored = {0};

	buffer_add_string(out, "\n# Whose mail goes there, and who you are "
	    "there.\n");
	add_sender(out, c->address);
	for (size_t i = 0; i < c->selection->noverrides; i++)
		if (strcmp(c->selection->overrides[i].key, "from") == 0)
			config_writer_add(out, "from",
			    c->selection->overrides[i].value);
	if (strcmp(auth, "off") != 0) {
		config_writer_add(out, "user", user);
		(void)account_store(a, KEY_user, user, &ignored);
	}
	add_needed(out, c, a, KEY_auth, auth);
	if (strcmp(auth, "off") != 0)
		add_password(out, c);
}

void
config_writer_text(struct buffer *out, const struct config_writer *c)
{
	struct account a;

	account_init(&a, "");
	if (c->account != NULL)
		buffer_addf(out, "\naccount %s\n", c->account);
	else
		buffer_add_string(out, "# Made by onehop --configure. See "
		    "onehop-config(5).\n\n");
	add_server(out, c, &a);
	add_person(out, c, &a);
	add_options(out, c);
	account_free(&a);
}

/* Makes the missing parent directories of path. */
static int
make_directories(const char *path, struct error *err)
{
	char quote[ESCAPE_QUOTE];
	char *copy = xstrdup(path), *slash = strrchr(copy, '/');
	int result = 0;

	if (slash != NULL && slash != copy) {
		*slash = '\0';
		if (mkdirs(copy) != 0)
			result = fail(err, EX_CANTCREAT,
			    "cannot make %s: %s", escape_string(quote,
			    sizeof(quote), copy), strerror(errno));
	}
	free(copy);
	return result;
}

/* Writes a new file beside path and renames it. It has the group and the mode
 * of the file before, if one is given. */
static int
replace(const char *path, const struct buffer *text,
    const struct stat *before, struct error *err)
{
	char *draft = xasprintf("%s.XXXXXX", path);
	char quote[ESCAPE_QUOTE];
	int fd = mkstemp(draft);
	int result = -1;

	if (fd >= 0 && (before == NULL ||
	    fchown(fd, (uid_t)-1, before->st_gid) == 0) &&
	    fchmod(fd, before == NULL ? 0600 : before->st_mode & 0777) == 0 &&
	    write_all(fd, text->data, text->len) == 0 && fsync(fd) == 0)
		result = rename(draft, path);
	if (result != 0)
		fail(err, EX_CANTCREAT, "cannot write %s: %s",
		    escape_string(quote, sizeof(quote), path),
		    strerror(errno));
	if (result != 0 && fd >= 0)
		unlink(draft);
	if (fd >= 0)
		close(fd);
	free(draft);
	return result;
}

int
config_writer_write(const char *path, const struct buffer *text,
    int has_password, struct error *err)
{
	struct stat before;
	char *after = realpath(path, NULL);
	int keeps_mode = !has_password && stat(path, &before) == 0;
	int result = make_directories(path, err);

	if (result == 0)
		result = replace(after != NULL ? after : path, text,
		    keeps_mode ? &before : NULL, err);
	free(after);
	return result;
}
