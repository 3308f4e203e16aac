/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "outbox/locate.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/escape.h"
#include "base/mkdirs.h"
#include "base/path.h"
#include "base/write_all.h"
#include "base/xdg.h"
#include "base/xmalloc.h"
#include "config/load.h"
#include "config/sources.h"
#include "outbox/outbox.h"

/* Maximum size of the list of outboxes, octets. */
#define MEMORY_MAX ((size_t)64 << 10)

/*
 * Returns the path of the file that lists every outbox used so far except the
 * default one, owned. XDG_STATE_HOME is ignored, because another run may lack
 * it.
 */
static char *
memory_path(const char *home)
{
	return home != NULL ? xasprintf("%s/.local/state/onehop/outboxes",
	    home) : NULL;
}

/* Reads the list of a user whose home may be NULL. A missing one is empty. */
static void
read_memory(struct string_list *outboxes, const char *path)
{
	int fd = path == NULL ? -1 : open(path, O_RDONLY | O_CLOEXEC |
	    O_NOFOLLOW | O_NONBLOCK);

	if (fd < 0)
		return;
	string_list_read(outboxes, fd, MEMORY_MAX);
	close(fd);
}

/* Returns where the file system that the path lies on is mounted, owned, or
 * NULL. What does not exist lies where it would be made. */
static char *
mount_of(const char *path)
{
	char *real = NULL, *above = xstrdup(path);
	struct stat here, up;

	if (above[0] == '/')
		while ((real = realpath(above, NULL)) == NULL &&
		    path_go_up(above))
			;
	free(above);
	if (real == NULL)
		return NULL;
	above = xstrdup(real);
	while (stat(real, &here) == 0 && path_go_up(above)) {
		if (stat(above, &up) != 0 || up.st_dev != here.st_dev)
			break;
		memcpy(real, above, strlen(above) + 1);
	}
	free(above);
	return real;
}

/* The line after an outbox's tells where its file system is mounted. */
#define ON "on "

/* Appends what is known of the outbox. */
static void
append(const char *path, const char *outbox)
{
	char *mount = mount_of(outbox);
	char *line = mount == NULL || strchr(mount, '\n') != NULL
	    ? xasprintf("%s\n", outbox)
	    : xasprintf("%s\n" ON "%s\n", outbox, mount);
	char *directory = xstrndup(path, strlen(path) - strlen("/outboxes"));
	int fd;

	(void)mkdirs(directory);
	fd = open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW,
	    0600);
	if (fd >= 0) {
		(void)fchmod(fd, 0600);
		(void)cut_torn_line(fd);
		(void)write_all(fd, line, strlen(line));
		close(fd);
	}
	free(directory);
	free(line);
	free(mount);
}

void
locate_remember(const char *outbox)
{
	struct string_list known = {0};
	char *home = xdg_home(), *path = memory_path(home);
	char *usual = xasprintf("%s/.local/state/onehop/outbox",
	    home != NULL ? home : "");

	if (path != NULL && strcmp(outbox, usual) != 0 &&
	    strchr(outbox, '\n') == NULL) {
		read_memory(&known, path);
		if (!string_list_has(&known, outbox))
			append(path, outbox);
	}
	string_list_free(&known);
	free(usual);
	free(path);
	free(home);
}

/* Returns whether there is a place for messages. */
static int
has_messages(const char *outbox)
{
	char *path = xasprintf("%s/new", outbox);
	int has = outbox_exists(path);

	free(path);
	return has;
}

/* Returns whether both are in one directory: no disk can have taken away one
 * of them alone. */
static int
are_neighbours(const char *a, const char *b)
{
	const char *one = strrchr(a, '/'), *other = strrchr(b, '/');

	return one != NULL && other != NULL && one - a == other - b &&
	    strncmp(a, b, (size_t)(one - a)) == 0;
}

/* Returns whether the outbox was used and is not beside the list. */
static int
is_recorded(const struct string_list *known, const char *outbox,
    const char *list)
{
	return string_list_has(known, outbox) && !are_neighbours(outbox, list);
}

/* Returns whether the file system that the outbox was on, as far as known, is
 * not there. */
static int
is_elsewhere(const struct string_list *known, const char *outbox,
    const char *list)
{
	char *mount = mount_of(outbox);
	int is = 0;

	(void)list;
	for (size_t i = 1; i < known->n && mount != NULL; i++)
		if (strcmp(known->at[i - 1], outbox) == 0 &&
		    strncmp(known->at[i], ON, strlen(ON)) == 0)
			is = strcmp(known->at[i] + strlen(ON), mount) != 0;
	free(mount);
	return is;
}

/* Fails if the outbox has no messages, and is gone by what the list tells. */
static int
check(const char *outbox, int (*is_gone)(const struct string_list *known,
    const char *outbox, const char *list), int code, struct error *err)
{
	struct string_list known = {0};
	char quote[ESCAPE_QUOTE], *home, *list;
	int result = 0;

	if (has_messages(outbox))
		return 0;
	home = xdg_home();
	list = memory_path(home);
	read_memory(&known, list);
	if (is_gone(&known, outbox, list)) {
		result = fail(err, code, "outbox %s has been used before and "
		    "is gone: is its disk mounted?",
		    escape_string(quote, sizeof(quote), outbox));
		hint(err, "if you have removed it, remove its line from %s",
		    escape_string(quote, sizeof(quote), list));
	}
	string_list_free(&known);
	free(list);
	free(home);
	return result;
}

int
locate_check(const char *outbox, struct error *err)
{
	return check(outbox, is_recorded, EX_CONFIG, err);
}

int
locate_check_disk(const char *outbox, struct error *err)
{
	return check(outbox, is_elsewhere, EX_TEMPFAIL, err);
}

/* Takes ownership of path, and adds it unless it is known or does not exist.
 * Keeps the first error about one that is gone. */
static void
add(struct string_list *paths, char *path, struct error *gone)
{
	struct error err = {0};

	if (path != NULL && !string_list_has(paths, path) &&
	    locate_check(path, &err) == 0 && outbox_exists(path)) {
		string_list_add(paths, path);
		return;
	}
	free(path);
	if (gone->code == 0)
		*gone = err;
}

/* Adds the outbox of a run without XDG_STATE_HOME. */
static void
add_usual(struct string_list *paths, const char *home,
    struct error *gone)
{
	if (home != NULL)
		add(paths, xasprintf("%s/.local/state/onehop/outbox", home),
		    gone);
}

/* Fails if XDG_STATE_HOME names a directory of another user, which is not
 * searched. */
static int
check_foreign(struct error *err)
{
	const char *base = xdg_foreign_state();
	char quote[ESCAPE_QUOTE], *path;
	int exists;

	if (base == NULL)
		return 0;
	path = xasprintf("%s/onehop/outbox", base);
	exists = outbox_exists(path);
	free(path);
	return !exists ? 0 : fail(err, EX_CONFIG, "XDG_STATE_HOME is %s, a "
	    "directory of another user: its outbox is left alone",
	    escape_string(quote, sizeof(quote), base));
}

static void
add_remembered(struct string_list *paths, const char *home,
    struct error *gone)
{
	struct string_list known = {0};
	char *path = memory_path(home);

	read_memory(&known, path);
	for (size_t i = 0; i < known.n; i++)
		if (known.at[i][0] == '/')
			add(paths, xstrdup(known.at[i]), gone);
	string_list_free(&known);
	free(path);
}

/* Adds the outbox that the value of the key outbox names. */
static void
add_value(struct string_list *paths, const char *home, const char *value,
    struct error *gone)
{
	struct account a;
	struct error ignored = {0};

	account_init(&a, home);
	if (account_set(&a, "outbox", value, &ignored) == 0)
		add(paths, outbox_path(&a), gone);
	account_free(&a);
}

/* Adds the value of outbox if it is a pattern and is not known. */
static void
add_pattern(struct string_list *patterns, const char *value)
{
	if (value[0] == '/' && strstr(value, "%u") != NULL &&
	    !string_list_has(patterns, value))
		string_list_add(patterns, xstrdup(value));
}

int
locate_patterns(struct string_list *patterns,
    const struct selection *selection, struct error *err)
{
	char *home = xdg_home();
	struct config c = { .home = home };
	struct error ignored = {0};
	struct account a;
	const char *value = selection_value(selection, KEY_outbox, "");
	int result = config_read(&c, selection, err);

	add_pattern(patterns, value);
	for (size_t i = 0; i < c.n && result == 0; i++) {
		if (config_assemble(&a, &c, &c.sections[i], 0, &ignored) != 0)
			continue;
		add_pattern(patterns, a.outbox);
		account_free(&a);
	}
	config_free(&c);
	free(home);
	if (result != 0 || patterns->n > 0)
		return result;
	fail(err, EX_CONFIG, "the outboxes are not below a shared directory");
	return hint(err, "set outbox in the system's config file: "
	    "outbox /var/spool/onehop/%%u");
}

static int
find_all(struct string_list *paths, const struct selection *selection,
    struct error *err)
{
	char *home = xdg_home();
	struct config c = { .home = home };
	struct error ignored = {0};
	struct error gone = {0};
	struct account a;
	int result;

	add_value(paths, home, "on", &gone);
	add_usual(paths, home, &gone);
	add_remembered(paths, home, &gone);
	for (size_t i = 0; i < selection->noverrides; i++)
		if (strcmp(selection->overrides[i].key, "outbox") == 0)
			add_value(paths, home, selection->overrides[i].value,
			    &gone);
	result = config_read(&c, selection, err);
	for (size_t i = 0; i < c.n && result == 0; i++) {
		if (config_assemble(&a, &c, &c.sections[i], 0, &ignored) != 0)
			continue;
		add(paths, outbox_path(&a), &gone);
		account_free(&a);
	}
	config_free(&c);
	free(home);
	if (result == 0)
		result = check_foreign(err);
	if (result == 0 && gone.code != 0)
		*err = gone;
	return result == 0 && gone.code == 0 ? 0 : -1;
}

int
locate_outboxes(struct string_list *paths, const struct selection *selection,
    struct error *err)
{
	struct error gone = {0};

	if (selection->outbox == NULL)
		return find_all(paths, selection, err);
	add(paths, xstrdup(selection->outbox), &gone);
	if (gone.code != 0)
		*err = gone;
	return gone.code != 0 ? -1 : 0;
}
