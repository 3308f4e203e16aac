/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The queue ID of the smarthost, under which its administrator finds the
 * message in the log. Its position in the reply is not standardized. Pure. */
#ifndef ONEHOP_FORMAT_QUEUE_ID_H
#define ONEHOP_FORMAT_QUEUE_ID_H

#include <stddef.h>

#define QUEUE_ID_MAX 128

/*
 * Finds the queue ID in the text of a 250 reply to a message, as written by
 * Postfix, Exim, sendmail, OpenSMTPD, qmail, Exchange, Gmail, Haraka, Amazon
 * SES and others. Sets id to "" if none is recognized; an unknown form is never
 * guessed.
 */
void queue_id_find(char id[QUEUE_ID_MAX], const char *text);

#endif
