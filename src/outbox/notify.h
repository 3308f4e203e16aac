/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Notifies the user that messages were given up, until he has seen them. */
#ifndef ONEHOP_OUTBOX_NOTIFY_H
#define ONEHOP_OUTBOX_NOTIFY_H

#include "outbox/outbox.h"
#include "report/outcome.h"

/* Runs the command of outbox_notify with the number of messages as its last
 * argument, for at most one minute. Does nothing if command is "" or n is 0. */
void notify_run(const char *command, unsigned n);

/* Writes one line to fd if messages in the outbox were given up since the last
 * such line. path is that of the outbox, or NULL. */
void notify_remind(int fd, const char *path);

/* Writes one line to the log of the attempt's account if its outbox holds
 * messages that were given up and that the user has not looked at. */
void notify_log(const struct attempt *a);

/* Records that the user has seen these messages, if they are given up: until
 * they are moved back to new. */
void notify_look(const struct outbox *o, const struct string_list *ids);

/* Makes the message news if it is given up again. */
void notify_unlook(const struct outbox *o, const char *id);

/* Lists the IDs of the messages given up that the user has not seen. Returns 0
 * on success, -1 with err set. */
int notify_list_unseen(const struct outbox *o, struct string_list *ids,
	struct error *err);

#endif
