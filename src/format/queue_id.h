/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The name that a smarthost gave a message, by which its administrator finds
 * it in the log. No standard says where it stands in the reply. Pure. */
#ifndef ONEHOP_FORMAT_QUEUE_ID_H
#define ONEHOP_FORMAT_QUEUE_ID_H

#include <stddef.h>

#define QUEUE_ID_MAX 128

/*
 * Finds it in the text of a reply of 250 to a message, as Postfix, Exim,
 * sendmail, OpenSMTPD, qmail, Exchange, Gmail, Haraka, Amazon SES and others
 * write it. id becomes "" where none is to be recognised: better none than a
 * word of prose.
 */
void queue_id_find(char id[QUEUE_ID_MAX], const char *text);

#endif
