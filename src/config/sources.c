/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config/sources.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/escape.h"
#include "base/path.h"
#include "base/trusted_file.h"
#include "base/xdg.h"
#include "base/xmalloc.h"

#define SYSTEM_FILE SYSCONFDIR "/onehop/config"

/* Read if onehop has no configuration. The path that msmtp's packages use,
 * regardless of onehop's prefix. */
#define MSMTP_SYSTEM_FILE "/etc/msmtprc"

/* A system-wide file of another user's, as a container may have it, is not a
 * matter of HOME. */
static void
advise_owner(const char *path, struct error *err)
{
	char quote[ESCAPE_QUOTE];
	struct stat st;

	if (stat(path, &st) != 0 || st.st_uid == 0 || st.st_uid == geteuid())
		return;
	err->hint[0] = '\0';
	hint(err, "chown root %s", escape_string(quote, sizeof(quote), path));
}

/* Fails if the file is missing because it or a directory of its path is a link
 * that leads nowhere: the configuration is not there now, as on a disk that is
 * not mounted, and the message is not sent by another one. */
static int
check_links(const char *path, struct error *err)
{
	char quote[ESCAPE_QUOTE], *part = xstrdup(path);
	struct stat st;
	int missing, result = 0;

	while ((missing = lstat(part, &st)) != 0 && path_go_up(part))
		;
	if (!missing && S_ISLNK(st.st_mode) && stat(part, &st) != 0 &&
	    errno != EACCES) {
		fail(err, EX_CONFIG, "%s is a link to a file that does not "
		    "exist", escape_string(quote, sizeof(quote), part));
		result = hint(err, "make the file, or remove the link");
	}
	free(part);
	return result;
}

/* Reads one file into c. Returns 1 if it exists, 0 if not, -1 on error. */
static int
read_file(struct config *c, const char *path, enum config_author author,
    struct error *err)
{
	struct trusted_file file = { .demand = author == CONFIG_NAMED
	    ? TRUSTED_OWNER_OR_PIPE : TRUSTED_OWNER };
	char quote[ESCAPE_QUOTE];

	switch (trusted_file_read(&file, path, CONFIG_FILE_MAX, err)) {
	case TRUSTED_READ:
		config_begin(c, author);
		config_parse(c, path, file.text.data, file.text.len,
		    config_secrets_of(author, &file));
		buffer_free(&file.text);
		return 1;
	case TRUSTED_MISSING:
		return check_links(path, err);
	case TRUSTED_FORBIDDEN:
		return fail(err, EX_CONFIG, "%s: permission denied",
		    escape_string(quote, sizeof(quote), path));
	default:
		if (author == CONFIG_SYSTEM)
			advise_owner(path, err);
		return -1;
	}
}

/*
 * Reads a system-wide file. One that this user may not read, which holds
 * secrets of other users, or that is not trusted, is not used if there is
 * another file; why says why, for a user who has none. Returns 1 if it was
 * read, 0 if it does not exist or is not used, -1 if it is a link to nothing.
 */
static int
read_system(struct config *c, const char *path, struct error *why,
    struct error *err)
{
	int result = read_file(c, path, CONFIG_SYSTEM, why);

	if (result < 0 && check_links(path, err) != 0)
		return -1;
	return result > 0;
}

/* Reads a system-wide file and then the user's, which may be NULL. Returns 1
 * if one exists, 0 if not, -1 on error. */
static int
read_pair(struct config *c, const char *system, const char *user,
    enum config_author author, struct error *err)
{
	struct error why = {0};
	int of_system = read_system(c, system, &why, err);
	int of_user = of_system >= 0 && user != NULL
	    ? read_file(c, user, author, err) : 0;

	if (of_user != 0)
		return of_user;
	if (why.code == 0)
		return of_system;
	*err = why;
	return -1;
}

/* Reads the file of -C. */
static int
read_named(struct config *c, const char *path, struct error *err)
{
	char quote[ESCAPE_QUOTE];
	struct error ignored = {0};
	int result;

	if (read_system(c, SYSTEM_FILE, &ignored, err) < 0)
		return -1;
	result = read_file(c, path, CONFIG_NAMED, err);
	return result != 0 ? result
	    : fail(err, EX_CONFIG, "config file %s does not exist",
	    escape_string(quote, sizeof(quote), path));
}

/* Returns the path of one of the user's files, owned, or NULL. */
static char *
path_of(const struct config *c, const struct selection *selection,
    const char *tail)
{
	if (!selection->is_recorded)
		return xdg_config_path(c->home, tail);
	return c->home[0] != '\0' ? xasprintf("%s/.config/%s", c->home, tail)
	    : NULL;
}

/* Reads the files of msmtp: ~/.msmtprc, or else the one of XDG. */
static int
read_msmtp(struct config *c, const struct selection *selection,
    struct error *err)
{
	char *user = c->home[0] != '\0' ? xasprintf("%s/.msmtprc", c->home)
	    : NULL;
	struct stat st;
	int result;

	if (user == NULL || lstat(user, &st) != 0) {
		free(user);
		user = path_of(c, selection, "msmtp/config");
	}
	result = read_pair(c, MSMTP_SYSTEM_FILE, user, CONFIG_USER, err);
	free(user);
	return result;
}

/* Returns whether the text can stand in a config file without quotes. */
static int
is_plain(const char *text)
{
	return text != NULL && text[0] != '\0' &&
	    text[strcspn(text, " \t\r\n\"#\\")] == '\0';
}

/* As in msmtp, two variables are an account where no file has one that is
 * named default. Returns whether they are. */
static int
read_environment(struct config *c)
{
	const char *host = getenv("SMTPSERVER"), *from = getenv("EMAIL");
	struct buffer text = {0};

	if (!is_plain(host) || config_find(c, "default") != NULL)
		return 0;
	buffer_addf(&text, "account default\nhost %s\n", host);
	if (is_plain(from))
		buffer_addf(&text, "from %s\n", from);
	config_begin(c, CONFIG_USER);
	config_parse(c, "$SMTPSERVER", text.data, text.len, SECRETS_REFUSED);
	buffer_free(&text);
	return 1;
}

int
config_read(struct config *c, const struct selection *selection,
    struct error *err)
{
	char *own = path_of(c, selection, "onehop/config");
	char quote[ESCAPE_QUOTE];
	int result;

	if (selection->config != NULL)
		result = read_named(c, selection->config, err);
	else
		result = read_pair(c, SYSTEM_FILE, own, CONFIG_USER, err);
	if (result >= 0 && selection->config == NULL && config_is_empty(c)) {
		int of_msmtp = read_msmtp(c, selection, err);

		result = of_msmtp != 0 ? of_msmtp : result;
	}
	if (result >= 0 && !selection->is_recorded && read_environment(c))
		result = 1;
	if (result == 0) {
		result = fail(err, EX_CONFIG, "no config file: neither %s nor "
		    "%s exists", own != NULL ? escape_string(quote,
		    sizeof(quote), own) : "~/.config/onehop/config",
		    SYSTEM_FILE);
		hint(err, "run onehop --configure you@example.org, or write "
		    "one as onehop-config(5) shows");
	}
	free(own);
	c->misread |= result < 0;
	return result < 0 ? -1 : config_check(c, err);
}
