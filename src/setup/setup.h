/* SPDX-License-Identifier: GPL-3.0-or-later */
/* --configure: finds the submission server of a mail address and writes a
 * config file for it. */
#ifndef ONEHOP_SETUP_SETUP_H
#define ONEHOP_SETUP_SETUP_H

#include "base/error.h"
#include "config/selection.h"

/* A run of --configure. All members are borrowed. */
struct setup_options {
	const char *address;    /* NULL if only from_file is given */
	const char *from_file;  /* of another program, to translate; or NULL */
	const struct selection *selection; /* keys for the file; -C */
	int input;    /* descriptors */
	int output;
	int trace;    /* for the dialogues, or -1 */
	int auth_test;     /* test the password without asking */
	const char *keep;  /* where to store it (login_test.h), or NULL */
	int test_message;  /* send a test message without asking */
};

/*
 * With from_file, translates that file without contacting any server.
 * Otherwise probes the candidates of discover.h with TLS and without
 * credentials until one is usable. Then writes the user's config file, or that
 * of -C. Reports to output. If input is a terminal, asks there before it
 * overwrites a file or uses a host that is not trusted, and asks for the
 * password in order to test it; otherwise the answer is no. Returns 0 on
 * success, -1 with err set: EX_USAGE for a bad address, EX_CANTCREAT if the
 * file exists or cannot be written, EX_NOHOST if there is no server, else the
 * error of the first server or of the test.
 */
int setup_run(const struct setup_options *options, struct error *err);

#endif
