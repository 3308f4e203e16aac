/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Lists the messages of the outboxes: mailq and --outbox list. */
#ifndef ONEHOP_OUTBOX_LIST_H
#define ONEHOP_OUTBOX_LIST_H

#include "base/error.h"
#include "config/selection.h"

enum list_extent {
	LIST_WAITING, /* messages to be sent: mailq */
	LIST_ALL      /* also messages given up: --outbox list */
};

enum list_form { LIST_TEXT, LIST_JSON };

/* All is borrowed. */
struct list_order {
	const struct selection *selection; /* whose outboxes */
	enum list_extent extent;
	enum list_form form;
};

/* Writes the list to fd. Returns 0 on success, -1 with err set: EX_IOERR, or
 * the error of an outbox. */
int list_messages(int fd, const struct list_order *order, struct error *err);

#endif
