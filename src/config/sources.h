/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The config files of a run. */
#ifndef ONEHOP_CONFIG_SOURCES_H
#define ONEHOP_CONFIG_SOURCES_H

#include "base/error.h"
#include "config/file.h"
#include "config/selection.h"

/*
 * Reads the files of the run into c, whose home is set: that of SYSCONFDIR and
 * the user's, which -C replaces, or those of msmtp if neither has anything.
 * SMTPSERVER is an account if no file has one that is named default. Returns 0
 * or -1 EX_CONFIG; call config_free() in either case.
 */
int config_read(struct config *c, const struct selection *selection,
	struct error *err);

#endif
