/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One message of the outbox in words and in JSON. */
#ifndef ONEHOP_OUTBOX_LISTING_H
#define ONEHOP_OUTBOX_LISTING_H

#include <stdint.h>

#include "base/buffer.h"
#include "outbox/outbox.h"

/* What there is to tell of it. */
struct listing {
	const struct outbox *outbox;
	enum outbox_place place;
	const char *id;
	struct message_file entry;       /* the records of it */
	struct history history;
	struct error damage;      /* why the entry cannot be read, if so */
	uint64_t size;            /* of the file, octets */
};

/* Learns it all; a message that is damaged has that to tell. */
void listing_read(struct listing *l, const struct outbox *o,
	enum outbox_place place, const char *id);

/* Appends some lines, now being seconds since 1970; or a JSON object to an
 * array that json_open has begun. */
void listing_add_text(struct buffer *out, const struct listing *l,
	int64_t now);
void listing_add_json(struct buffer *out, const struct listing *l,
	int64_t now);

void listing_free(struct listing *l);

/* Writes a number of octets ("3.2 kB"); returns out. */
char *listing_size(char *out, size_t size, uint64_t octets);

#endif
