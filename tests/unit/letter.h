/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Messages from texts, and back. */
#ifndef ONEHOP_TEST_LETTER_H
#define ONEHOP_TEST_LETTER_H

#include <stddef.h>

#include "message/message.h"

/* Makes m the message of that text; no dot ends it. */
void letter_take(struct message *m, const char *text, size_t len);

/* The header as it would go, with its edits, LF ends. Owned. */
char *letter_header(const struct message *m);

#endif
