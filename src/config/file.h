/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The config files as sections of settings: what they say, not yet what it
 * comes to. (Not config.h: that name is autoconf's.)
 */
#ifndef ONEHOP_CONFIG_FILE_H
#define ONEHOP_CONFIG_FILE_H

#include <stddef.h>

#include "base/buffer.h"
#include "base/error.h"

#define CONFIG_FILE_MAX ((size_t)1 << 20)
#define CONFIG_INCLUDE_MAX 8

/* One line that sets a key. */
struct config_setting {
	char *key;        /* owned; "eval" for a command that prints a line */
	char *value;      /* owned; wiped when freed */
	char *origin;     /* owned: "file:line" */
	unsigned section; /* number of the section it was written in */
};

struct config_settings {
	struct config_setting *at;
	size_t n;
	size_t size;
};

/* One account: defaults in force, then what it inherits and says itself. */
struct config_section {
	char *name;
	char *origin;
	unsigned file;                   /* number of the file it is in */
	struct config_settings defaults;
	struct config_settings own;
};

struct config {
	struct config_section *sections; /* in order, the system's first */
	size_t n;
	size_t size;
	struct config_settings defaults; /* of the file being read */
	size_t current;                  /* section that lines go to */
	unsigned section;                /* its number, for settings */
	unsigned nsections;              /* numbers given out */
	unsigned nfiles;
	unsigned depth;                  /* of includes */
	char *home;                      /* for ~; borrowed, may be "" */
	struct buffer complaints;        /* "file:line: ...", one per line */
	size_t ncomplaints;
	size_t nomitted;                 /* those that no longer fitted */
};

/* Begins another file: no section, no defaults. */
void config_begin(struct config *c);

/*
 * Takes in the text of a file, or of one it includes. Whatever is wrong in it
 * is added to c->complaints, and reading goes on. name is its path, for
 * complaints and for what it includes; is_private tells whether a password
 * may stand in it.
 */
void config_parse(struct config *c, const char *name, const char *text,
	size_t len, int is_private);

/* The section of that name, of the file read last; NULL if there is none. */
const struct config_section *config_find(const struct config *c,
	const char *name);

/* The complaints as one error, lines separated by LF; -1, or 0 if none. */
int config_check(struct config *c, struct error *err);

void config_free(struct config *c);

#endif
