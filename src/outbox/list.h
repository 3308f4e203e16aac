/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The outbox shown to its user, and what the user does with it: mailq and
 * --outbox. */
#ifndef ONEHOP_OUTBOX_LIST_H
#define ONEHOP_OUTBOX_LIST_H

#include "base/error.h"
#include "config/selection.h"

/* A run of mailq or --outbox. All is borrowed. */
struct queue_order {
	const struct selection *selection; /* whose outboxes */
	const char *verb;  /* list, show, retry, remove; mailq: NULL */
	char *const *ids;  /* IDs, or parts that no other ID has */
	size_t nids;
	int json;          /* lists are JSON */
};

/*
 * Writes a list of the messages waiting to fd: mailq. 0 or -1: EX_IOERR, or
 * the error of the outbox.
 */
int queue_list(int fd, const struct queue_order *order, struct error *err);

/* The same with the messages that were given up: --outbox list. */
int queue_list_all(int fd, const struct queue_order *order,
	struct error *err);

/*
 * Applies the verb to the messages: show writes one to fd; retry; remove; list
 * is queue_list_all. 0; -1 EX_USAGE, EX_NOINPUT if there is no such message,
 * EX_TEMPFAIL if the outbox is in use.
 */
int queue_command(int fd, const struct queue_order *order,
	struct error *err);

#endif
