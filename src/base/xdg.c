/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/xdg.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

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
xdg_home(void)
{
	const char *home = getenv("HOME");
	const struct passwd *pw;

	if (is_of(home, geteuid()))
		return xstrdup(home);
	pw = getpwuid(geteuid());
	if (pw != NULL && pw->pw_dir != NULL && pw->pw_dir[0] == '/')
		return xstrdup(pw->pw_dir);
	return xstrdup(pw == NULL && is_of(home, 0) ? home : "");
}

static char *
locate(const char *variable, const char *home, const char *below,
    const char *tail)
{
	const char *base = getenv(variable);

	if (base != NULL && base[0] == '/')
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

int
xdg_state_file(char *path, size_t size, const char *home, const char *name)
{
	const char *base = getenv("XDG_STATE_HOME");
	int n;

	if (base != NULL && base[0] == '/')
		n = snprintf(path, size, "%s/onehop/%s", base, name);
	else if (home != NULL && home[0] != '\0')
		n = snprintf(path, size, "%s/.local/state/onehop/%s", home,
		    name);
	else
		return -1;
	return n >= 0 && (size_t)n < size ? 0 : -1;
}
