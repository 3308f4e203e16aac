/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Outboxes for tests, and what lies in them. */
#ifndef ONEHOP_TEST_QUEUE_H
#define ONEHOP_TEST_QUEUE_H

#include <stddef.h>

#include "envelope/envelope.h"
#include "outbox/outbox.h"

/* Size of the name of a directory. */
#define QUEUE_PATH 32

/* Makes a new directory, and an outbox in it. */
void queue_open(struct outbox *o, char directory[QUEUE_PATH]);

/* Closes the outbox and removes the directory. Returns 0, or -1 if something
 * remains: the result of a function of cmocka that tears down. */
int queue_close(struct outbox *o, const char *directory);

/* Appends the text to a file of a directory of the outbox, as to a journal. */
void queue_append(int directory, const char *name, const char *text);

/* Sets the envelope to me@x and a recipient for each code up to the first 0,
 * of n: r0@x and so on, with a reply of that code, or none for 1. */
void queue_address(struct envelope *e, const int *codes, size_t n);

#endif
