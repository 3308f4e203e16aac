/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Reads config files into sections of settings, not yet into accounts. (Not
 * config.h: that name is autoconf's.)
 */
#ifndef ONEHOP_CONFIG_FILE_H
#define ONEHOP_CONFIG_FILE_H

#include <stddef.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/string_list.h"
#include "base/trusted_file.h"

#define CONFIG_FILE_MAX ((size_t)1 << 20)
#define CONFIG_INCLUDE_MAX 8

/* The author of a file decides who may read the passwords in it. */
enum config_author {
	CONFIG_USER,    /* the user: passwords are private */
	CONFIG_SYSTEM,  /* root, for all users: readers are root's decision */
	CONFIG_NAMED    /* the file of -C: a group may read it */
};

/* The treatment of a password in a file. */
enum config_secrets {
	SECRETS_REFUSED,
	SECRETS_TAKEN,
	SECRETS_NOTED   /* taken, and the user is told */
};

/* One line that sets a key. */
struct config_setting {
	char *key;        /* owned; "eval" for a command that prints a line */
	char *value;      /* owned; wiped when freed */
	char *origin;     /* owned: "file:line" */
	const char *file; /* path of the file, one of config.files */
	unsigned section; /* number of the section it was written in */
};

struct config_settings {
	struct config_setting *at;
	size_t n;
};

/* One account: defaults in force, then its inherited and its own settings. */
struct config_section {
	char *name;
	char *origin;
	const char *file;                /* the file opened: that of origin, or
	                                    one that includes it */
	int implicit;                    /* made by lines before an account */
	struct config_settings defaults;
	struct config_settings own;
};

struct config {
	struct config_section *sections; /* in order, the system's first */
	size_t n;
	struct config_settings defaults; /* of the file being read */
	size_t current;                  /* section that lines go to */
	unsigned section;                /* its number, for settings */
	unsigned nsections;              /* numbers given out */
	const char *opened;              /* path of the file being read, not of
	                                    one that it includes */
	unsigned depth;                  /* of includes */
	enum config_author author;       /* of the file being read */
	struct string_list files;        /* paths of the files read */
	struct buffer notice;            /* what the user should be told */
	char *home;                      /* for ~; borrowed, may be "" */
	struct buffer complaints;        /* "file:line: ...", one per line */
	size_t ncomplaints;
	int misread;                     /* a file was not read, or a line that
	                                    decides which account is chosen, or
	                                    what the message is, is among
	                                    them */
	size_t nomitted;                 /* those that no longer fitted */
};

/* Begins another file: no section, no defaults. */
void config_begin(struct config *c, enum config_author author);

/*
 * Parses the text of a file, or of one that it includes. Errors are added to
 * c->complaints, and the rest is read. name is its path, for complaints and for
 * included files.
 */
void config_parse(struct config *c, const char *name, const char *text,
	size_t len, enum config_secrets secrets);

/* Decides about passwords in a file that the author wrote. */
enum config_secrets config_secrets_of(enum config_author author,
	const struct trusted_file *file);

/* Returns the absolute form of a path that is written in the file of that
 * name: relative to the file's directory. Owned. */
char *config_path(const char *file, const char *path);

/* Returns whether the files have only comments. */
int config_is_empty(const struct config *c);

/* The section of that name, of the file read last; NULL if there is none. */
const struct config_section *config_find(const struct config *c,
	const char *name);

/* Returns -1 with the complaints as one error, lines separated by LF; 0 if
 * there are none. */
int config_check(struct config *c, struct error *err);

void config_free(struct config *c);

#endif
