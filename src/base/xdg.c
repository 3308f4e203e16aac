/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/xdg.h"

#include <errno.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/path.h"
#include "base/user_entry.h"
#include "base/xmalloc.h"

/* sudo keeps the caller's HOME, and daemons set it to "/". */
static int
is_of(const char *path, uid_t user)
{
	struct stat st;

	return path != NULL && path[0] == '/' && strcmp(path, "/") != 0 &&
	    stat(path, &st) == 0 && S_ISDIR(st.st_mode) &&
	    st.st_uid == user;
}

char *
xdg_find_home(struct error *err)
{
	const char *home = getenv("HOME");
	const struct passwd *pw;

	if (is_of(home, geteuid()))
		return xstrdup(home);
	if (user_entry_find(geteuid(), &pw, err) != 0)
		return NULL;
	if (pw != NULL && pw->pw_dir != NULL && pw->pw_dir[0] == '/')
		return xstrdup(pw->pw_dir);
	return xstrdup(pw == NULL && is_of(home, 0) ? home : "");
}

char *
xdg_home(void)
{
	struct error ignored = {0};
	char *home = xdg_find_home(&ignored);

	return home != NULL ? home : xstrdup("");
}

/*
 * The directory of the variable if it is believed as HOME is: it, or the next
 * directory above it that exists, belongs to us. Else NULL. Allocates nothing.
 */
static const char *
find_base(const char *variable)
{
	const char *base = getenv(variable);
	char path[PATH_MAX];
	struct stat st;
	int n;

	if (base == NULL || base[0] != '/')
		return NULL;
	n = snprintf(path, sizeof(path), "%s", base);
	if (n < 0 || (size_t)n >= sizeof(path))
		return NULL;
	while (stat(path, &st) != 0 && errno == ENOENT)
		if (!path_go_up(path) || path[1] == '\0')
			return NULL;
	return is_of(path, geteuid()) ||
	    (is_of(path, 0) && getpwuid(geteuid()) == NULL) ? base : NULL;
}

static char *
locate(const char *variable, const char *home, const char *below,
    const char *tail)
{
	const char *base = find_base(variable);

	if (base != NULL)
		return xasprintf("%s/%s", base, tail);
	if (home != NULL && home[0] != '\0')
		return xasprintf("%s/%s/%s", home, below, tail);
	return NULL;
}

char *
xdg_config_path(const char *home, const char *tail)
{
	return locate("XDG_CONFIG_HOME", home, ".config", tail);
}

char *
xdg_config_file(const char *home)
{
	return xdg_config_path(home, "onehop/config");
}

char *
xdg_state_directory(const char *home)
{
	return locate("XDG_STATE_HOME", home, ".local/state", "onehop");
}

const char *
xdg_foreign_state(void)
{
	const char *base = getenv("XDG_STATE_HOME");

	return base != NULL && base[0] == '/' &&
	    find_base("XDG_STATE_HOME") == NULL ? base : NULL;
}

int
xdg_state_file(char *path, size_t size, const char *home, const char *name)
{
	const char *base = find_base("XDG_STATE_HOME");
	int n;

	if (base != NULL)
		n = snprintf(path, size, "%s/onehop/%s", base, name);
	else if (home != NULL && home[0] != '\0')
		n = snprintf(path, size, "%s/.local/state/onehop/%s", home,
		    name);
	else
		return -1;
	return n >= 0 && (size_t)n < size ? 0 : -1;
}
