/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How a user learns that messages were given up. */
#ifndef ONEHOP_OUTBOX_NOTIFY_H
#define ONEHOP_OUTBOX_NOTIFY_H

#include "report/outcome.h"

/* Runs the command outbox_notify with the number of messages as its last
 * argument, for a minute at most. Does nothing if command is "" or n is 0. */
void notify_run(const char *command, unsigned n);

/* One line on fd if messages in the outbox were given up since the last such
 * line; path may be NULL. */
void notify_remind(int fd, const char *path);

/* One line in the log of the attempt's account if its outbox holds messages
 * that were given up and that nobody has looked at. */
void notify_log(const struct attempt *a);

#endif
