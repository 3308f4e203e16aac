/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Lines in, blocks out, over a transport, each step with its deadline. Writes
 * never deadlock against replies that nobody reads: while it waits to write,
 * a stream takes in what the server sends.
 */
#ifndef ONEHOP_STREAM_H
#define ONEHOP_STREAM_H

#include <stddef.h>
#include <stdint.h>

#include "buffer.h"
#include "error.h"
#include "transport.h"

/* What a server may send ahead while we write, octets. */
#define STREAM_AHEAD_MAX ((size_t)1 << 20)

struct stream {
	struct transport *transport; /* owned */
	struct buffer in;       /* octets received; [taken, len) are unread */
	size_t taken;
	struct buffer out;      /* octets not yet given to the transport */
	int64_t deadline;       /* of the whole run */
	int64_t step;           /* of the step under way */
	char awaited[48];       /* the step's name, for errors */
	int trace;              /* descriptor for the dialogue, or -1 */
	int ended;              /* the server has closed its side */
};

/* Takes over the transport. deadline bounds the whole run. */
void stream_open(struct stream *s, struct transport *transport,
	int64_t deadline, int trace);

/* Begins a step: the next reads and writes end within the seconds, and errors
 * say "... while waiting for <awaited>". */
void stream_step(struct stream *s, unsigned seconds, const char *awaited);

/*
 * One line without its CRLF or LF; *line is borrowed until the next read.
 * 0; or -1: EX_TEMPFAIL on end, loss or timeout, EX_PROTOCOL if the line is
 * longer than max. Flushes first.
 */
int stream_read_line(struct stream *s, size_t max, const char **line,
	size_t *len, struct error *err);

/* Queues octets; sends in blocks of 16 KiB and more. 0 or -1. */
int stream_write(struct stream *s, const void *data, size_t len,
	struct error *err);

/* Sends all that is queued. 0 or -1. */
int stream_flush(struct stream *s, struct error *err);

/*
 * Is there input that nobody asked for, or the end of input? Looks without
 * waiting. 1, 0, or -1 on a transport error.
 */
int stream_has_input(struct stream *s, struct error *err);

/*
 * Puts tls over the present transport (already stacked by the caller), for
 * STARTTLS. -1 EX_PROTOCOL if plaintext has been received already: nothing
 * from before may survive (RFC 3207, CVE-2011-0411). Call before the
 * handshake with NULL to check, after it with the new transport.
 */
int stream_upgrade(struct stream *s, struct transport *tls,
	struct error *err);

/* Writes "prefix text" as one escaped line to the trace, if there is one. */
void stream_trace(struct stream *s, const char *prefix, const char *text,
	size_t len);

/* Closes the transport and wipes the buffers. {0} and closed are fine. */
void stream_close(struct stream *s);

#endif
