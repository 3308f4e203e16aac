/* SPDX-License-Identifier: GPL-3.0-or-later */
/* --configure: finds the submission server of a mail address and writes a
 * config file for it. */
#ifndef ONEHOP_SETUP_SETUP_H
#define ONEHOP_SETUP_SETUP_H

#include "base/error.h"
#include "config/selection.h"

/* A run of --configure. All is borrowed. */
struct setup_order {
	const char *address;
	const struct selection *selection; /* keys for the file; -C */
	int input;    /* descriptors */
	int output;
	int trace;    /* for the dialogues, or -1 */
};

/*
 * Tries the hosts of discovery.h, with TLS and without credentials, until one
 * will do, and writes the user's config file, or -C's. What happens is told on
 * output. If input is a terminal, questions are asked there: whether a file
 * may be overwritten, whether a host that nobody vouches for is the right one,
 * and in the end for the password, to test it. Otherwise the answer is no. 0;
 * -1 EX_USAGE no address, or one that can have no server; EX_CANTCREAT the
 * file is there or cannot be written; EX_NOHOST no server; else the first
 * server's error, or the test's.
 */
int setup_run(const struct setup_order *order, struct error *err);

#endif
