/* SPDX-License-Identifier: GPL-3.0-or-later */
/* --configure: finds the submission server of a mail address and writes a
 * config file for it. */
#ifndef ONEHOP_SETUP_SETUP_H
#define ONEHOP_SETUP_SETUP_H

#include "base/error.h"
#include "config/selection.h"

/* A run of --configure. All is borrowed. */
struct setup_options {
	const char *address;    /* NULL if only from_file is given */
	const char *from_file;  /* of another program, to translate; or NULL */
	const struct selection *selection; /* keys for the file; -C */
	int input;    /* descriptors */
	int output;
	int trace;    /* for the dialogues, or -1 */
	int auth_test;     /* test the password without a question */
	const char *keep;  /* then keep it there, as login_test.h; or NULL */
	int test_message;  /* send a test message without a question */
};

/*
 * With from_file, translates it without asking any server. Otherwise
 * probes the candidates of discover.h with TLS and without credentials until
 * one is usable, and writes the user's config file, or the one of -C. Reports
 * on output. If input is a terminal, asks there before it overwrites a file or
 * uses a host that is not trusted, and for the password, to test it; otherwise
 * the answer is no. Returns 0; -1 EX_USAGE bad address; EX_CANTCREAT the file
 * exists or cannot be written; EX_NOHOST no server; else the error of the
 * first server or of the test.
 */
int setup_run(const struct setup_options *options, struct error *err);

#endif
