/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "outbox/owners.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/escape.h"
#include "base/platform.h"
#include "base/xmalloc.h"

extern char **environ;

/* Maximum number of skipped entries that are named. */
#define NAMES_MAX 10

/* The end of every pattern. */
#define PATTERN_END "/%u"

/* A shared directory that is being read. */
struct shared {
	char *path;           /* owned */
	DIR *listing;
	uid_t uid;            /* the user that was looked up last */
	struct passwd *entry; /* of uid, of the C library; NULL: none */
	int is_known;         /* a user has been looked up */
};

static int
open_shared(struct shared *s, struct error *err)
{
	char quote[ESCAPE_QUOTE];
	struct stat st;
	int fd = open(s->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	escape_string(quote, sizeof(quote), s->path);
	if (fd < 0 || fstat(fd, &st) != 0) {
		fail(err, EX_CONFIG, "outbox: cannot open %s: %s", quote,
		    strerror(errno));
		hint(err, "make it: install -d -m 1777 %s", quote);
	} else if (st.st_uid != 0 || ((st.st_mode & 0022) != 0 &&
	    (st.st_mode & S_ISVTX) == 0)) {
		fail(err, EX_CONFIG, "outbox: users can replace each other's "
		    "directories in %s: expected mode 1777 and user 0, not "
		    "mode %04o and user %lu", quote,
		    (unsigned)(st.st_mode & 07777),
		    (unsigned long)st.st_uid);
	} else {
		s->listing = fdopendir(fd);
		if (s->listing != NULL)
			return 0;
		fail(err, EX_OSERR, "outbox: cannot list %s", quote);
	}
	if (fd >= 0)
		close(fd);
	return -1;
}

/* Looks the user up, unless it was the last one: others can create any number
 * of entries. */
static const struct passwd *
look_up(struct shared *s, uid_t uid)
{
	if (!s->is_known || uid != s->uid)
		s->entry = getpwuid(uid);
	s->uid = uid;
	s->is_known = 1;
	return s->entry;
}

static void
skip(struct owners *owners, const struct shared *s, const char *name,
    const char *why)
{
	char quote[ESCAPE_QUOTE];
	char *path;

	if (owners->nskipped++ >= NAMES_MAX)
		return;
	path = xasprintf("%s/%s", s->path, name);
	string_list_add(&owners->skipped, xasprintf("%s %s",
	    escape_string(quote, sizeof(quote), path), why));
	free(path);
}

static void
skip_foreign(struct owners *owners, struct shared *s, const char *name,
    uid_t uid)
{
	const struct passwd *pw = look_up(s, uid);
	char quote[64];
	char *why;

	if (pw != NULL)
		why = xasprintf("belongs to user %s", escape_string(quote,
		    sizeof(quote), pw->pw_name));
	else
		why = xasprintf("belongs to user %lu, who has no passwd entry",
		    (unsigned long)uid);
	skip(owners, s, name, why);
	free(why);
}

static void
add(struct owners *owners, const struct shared *s, const struct passwd *pw)
{
	struct owner *o;

	owners->at = xgrow(owners->at, owners->n, sizeof(*owners->at));
	o = &owners->at[owners->n++];
	o->name = xstrdup(pw->pw_name);
	o->home = xstrdup(pw->pw_dir != NULL ? pw->pw_dir : "/");
	o->outbox = xasprintf("%s/%s", s->path, pw->pw_name);
	o->uid = pw->pw_uid;
	o->gid = pw->pw_gid;
}

/* Looks at one entry of the shared directory. */
static void
consider(struct owners *owners, struct shared *s, const char *name)
{
	const struct passwd *pw;
	struct stat st;

	if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 ||
	    fstatat(dirfd(s->listing), name, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return;
	pw = look_up(s, st.st_uid);
	if (pw != NULL && strcmp(pw->pw_name, name) == 0) {
		if (S_ISDIR(st.st_mode))
			add(owners, s, pw);
		else
			skip(owners, s, name, "is not a directory");
	} else if (st.st_uid != 0) {
		skip_foreign(owners, s, name, st.st_uid);
	} else if (getpwnam(name) != NULL) { /* root's entries are few */
		s->is_known = 0;
		skip(owners, s, name, "belongs to user root");
	}
}

static int
compare(const void *a, const void *b)
{
	const struct owner *x = a, *y = b;

	return strcmp(x->name, y->name);
}

int
owners_find(struct owners *owners, const char *pattern, struct error *err)
{
	const size_t end = strlen(PATTERN_END);
	size_t len = strlen(pattern);
	char quote[ESCAPE_QUOTE];
	struct shared s = {0};
	const struct dirent *d;
	int result;

	if (len <= end || strcmp(pattern + len - end, PATTERN_END) != 0 ||
	    strchr(pattern, '%') != pattern + len - end + 1)
		return fail(err, EX_CONFIG, "outbox: expected a path that "
		    "ends in %s, not \"%s\"", PATTERN_END,
		    escape_string(quote, sizeof(quote), pattern));
	s.path = xstrndup(pattern, len - end);
	result = open_shared(&s, err);
	while (result == 0 && (d = readdir(s.listing)) != NULL)
		consider(owners, &s, d->d_name);
	if (owners->n > 1)
		qsort(owners->at, owners->n, sizeof(owners->at[0]), compare);
	if (s.listing != NULL)
		closedir(s.listing);
	free(s.path);
	return result;
}

/* Of root's environment, only what tells nothing of root is left. The array
 * stays in use until the process ends. */
static void
replace_environment(const struct owner *owner)
{
	static const char *const kept[] = { "PATH", "TZ", "LANG", "LC_ALL" };
	struct string_list environment = {0};

	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
		const char *value = getenv(kept[i]);

		if (value != NULL)
			string_list_add(&environment, xasprintf("%s=%s",
			    kept[i], value));
	}
	string_list_add(&environment, xasprintf("HOME=%s", owner->home));
	string_list_add(&environment, xasprintf("USER=%s", owner->name));
	string_list_add(&environment, xasprintf("LOGNAME=%s", owner->name));
	environ = environment.at;
}

/* Returns whether the process has the user's identity and cannot go back. */
static int
is_only(const struct owner *owner)
{
	return getuid() == owner->uid && geteuid() == owner->uid &&
	    getgid() == owner->gid && getegid() == owner->gid &&
	    (owner->uid == 0 || (setuid(0) != 0 && seteuid(0) != 0));
}

int
owner_become(const struct owner *owner, struct error *err)
{
	char quote[ESCAPE_QUOTE];

	if (initgroups(owner->name, owner->gid) != 0 ||
	    setgid(owner->gid) != 0 || setuid(owner->uid) != 0)
		return fail(err, EX_OSERR, "cannot become user %s: %s",
		    escape_string(quote, sizeof(quote), owner->name),
		    strerror(errno));
	if (!is_only(owner))
		return fail(err, EX_OSERR, "cannot give up root's rights for "
		    "those of user %s",
		    escape_string(quote, sizeof(quote), owner->name));
	platform_hide_memory(); /* the change of user has undone it */
	(void)setsid(); /* the user's commands must not type at root's */
	(void)umask(077);
	replace_environment(owner);
	if (chdir(owner->home) != 0 && chdir("/") != 0)
		return fail(err, EX_OSERR, "cannot change to /: %s",
		    strerror(errno));
	return 0;
}

void
owners_free(struct owners *owners)
{
	for (size_t i = 0; i < owners->n; i++) {
		free(owners->at[i].name);
		free(owners->at[i].home);
		free(owners->at[i].outbox);
	}
	free(owners->at);
	string_list_free(&owners->skipped);
	memset(owners, 0, sizeof(*owners));
}
