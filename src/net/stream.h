/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Lines in, blocks out, over a transport, each step with its deadline. Writes
 * never deadlock against replies that nobody reads: while it waits to write,
 * a stream takes in what the server sends.
 */
#ifndef ONEHOP_NET_STREAM_H
#define ONEHOP_NET_STREAM_H

#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/sink.h"
#include "net/progress.h"
#include "net/transport.h"

/* The limit of what a server may send ahead while we write, octets. */
#define STREAM_AHEAD_MAX ((size_t)1 << 20)

struct stream {
	struct sink sink;       /* first: reserve and commit write to it */
	struct transport *transport; /* owned */
	struct buffer in;       /* octets received; [taken, len) are unread */
	size_t taken;
	struct buffer out;      /* octets not yet given to the transport */
	int64_t deadline;       /* of the whole run */
	int64_t step;           /* of the step under way */
	unsigned seconds;       /* its length */
	char awaited[48];       /* the step's name, for errors */
	int trace;              /* descriptor for the dialogue, or -1 */
	unsigned rounds;        /* of the step's loop that the peer extends */
	int came;               /* the last wait ended with input or room */
	unsigned late;          /* rounds since the time was up */
	struct progress *progress; /* told what is sent; NULL for nobody */
	int within_reply;       /* the next line belongs to the last one */
	int ended;              /* nothing more will be received */
	int broken;             /* nothing more can be sent */
};

/* Takes over the transport. deadline bounds the whole run. */
void stream_open(struct stream *s, struct transport *transport,
	int64_t deadline, int trace);

/*
 * Begins a step: the next reads and writes end within the seconds, however the
 * server drips, and errors say "... while waiting for <awaited>". Only each
 * 16 KiB that the server takes begin the step anew: RFC 5321 4.5.3.2.5 limits
 * a block of content, not all of it.
 */
void stream_step(struct stream *s, unsigned seconds, const char *awaited);

/* The reply is not complete: an end before the next line comes is one "in the
 * middle of a reply". */
void stream_expect_more(struct stream *s);

/*
 * One line without its CRLF or LF; *line is borrowed until the next read.
 * 0; or -1: EX_TEMPFAIL on end, loss or timeout, EX_PROTOCOL if the line is
 * longer than max. Flushes first. After a write failed the lines that the
 * server sent before are still here: the reply that explains the loss.
 */
int stream_read_line(struct stream *s, size_t max, const char **line,
	size_t *len, struct error *err);

/*
 * The same for lines of any length: a line (*whole is 1), or at least max
 * octets of one that continues in the next part (*whole is 0). A CR that ends
 * such a part may belong to the line's end. The line end itself, CRLF or LF,
 * stands at part + len of a whole line.
 */
int stream_read_part(struct stream *s, size_t max, const char **part,
	size_t *len, int *whole, struct error *err);

/*
 * Queues octets; sends multiples of 16 KiB, large ones straight from data.
 * (s->sink queues without copying.)
 * 0 or -1: EX_TEMPFAIL on loss or timeout, EX_PROTOCOL if the server sends
 * more than STREAM_AHEAD_MAX meanwhile.
 */
int stream_write(struct stream *s, const void *data, size_t len,
	struct error *err);

/* Sends all that is queued. 0; -1 with the unsent octets still in out. */
int stream_flush(struct stream *s, struct error *err);

/*
 * Checks, without waiting, for input that no command asked for and for the end
 * of input. Returns 1 if there is either, 0 if not, -1 on a transport error.
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

/* Closes the transport, sends nothing that is still queued, wipes it. {0} and
 * closed are fine. */
void stream_close(struct stream *s);

#endif
