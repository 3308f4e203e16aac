/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Finds content that SMTP does not carry unchanged. */
#ifndef ONEHOP_ENVELOPE_CONTENT_H
#define ONEHOP_ENVELOPE_CONTENT_H

#include "base/error.h"
#include "message/message.h"

/*
 * Checks the parts of a message that are declared binary and are not text: a CR
 * without LF, or a NUL, is data there, which servers refuse or change. In a
 * text a CR moves a cursor, and becomes a blank. Returns 0, or -1 with err set:
 * EX_DATAERR, or EX_IOERR if the message cannot be read.
 */
int content_check(const struct message *m, struct error *err);

#endif
