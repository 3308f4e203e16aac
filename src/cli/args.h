/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The command line, and the name we were called by. */
#ifndef ONEHOP_CLI_ARGS_H
#define ONEHOP_CLI_ARGS_H

#include "base/buffer.h"
#include "base/error.h"
#include "cli/options.h"

/*
 * Reads argv (argc may be 0). 0; -1 EX_USAGE naming the option: unknown,
 * without its value, a mode that we do not have, an operand that looks like
 * an option. No recipients is not an error here: -t may find some. After an
 * error options->json is set if --json stands anywhere among the options.
 */
int options_parse(struct options *options, int argc, char *const *argv,
	struct error *err);

/* Appends what --help prints, made from flags.def and keys.def. */
void usage_write(struct buffer *out);

void options_free(struct options *options);

#endif
