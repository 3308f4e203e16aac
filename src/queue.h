/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The outbox shown to its user, and what the user does with it: mailq and
 * --outbox. */
#ifndef ONEHOP_QUEUE_H
#define ONEHOP_QUEUE_H

#include "error.h"
#include "invocation.h"

/* Writes a list of the messages to be sent to fd (mailq), with inv->json as
 * JSON; or one of those given up, too. 0 or -1: EX_IOERR, or the outbox's
 * own. */
int queue_list(int fd, const struct invocation *inv, struct error *err);
int queue_list_all(int fd, const struct invocation *inv, struct error *err);

/*
 * Does what inv->verb says to the messages its operands name by their ID or a
 * part of it that no other has: show (writes it to fd), retry, remove; or
 * list: queue_list_all. 0; -1 EX_USAGE, EX_NOINPUT there is no such message,
 * EX_TEMPFAIL the outbox is in use.
 */
int queue_command(int fd, const struct invocation *inv, struct error *err);

#endif
