/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One line of a config file, read as its key requires. Pure. */
#ifndef ONEHOP_CONFIG_LINE_H
#define ONEHOP_CONFIG_LINE_H

#include "format/directive.h"

/*
 * Reads the line (directive.h). The argument of a verbatim key is the whole
 * rest of the line. Returns 0 or -1 EX_CONFIG; directive_free() in either
 * case.
 */
int config_line_read(struct directive *d, const char *line, size_t len,
	struct error *err);

#endif
