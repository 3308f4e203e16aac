/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Buffered input by line and output by block over a transport, with a deadline
 * for each step. Cannot deadlock with a server that sends replies while it is
 * written to: while a stream waits to write, it buffers input. Over stdio,
 * where it is the server, it waits within a limit for a client that reads.
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

/* Maximum number of octets that a server may send ahead of the next read. */
#define STREAM_AHEAD_MAX ((size_t)1 << 20)

struct stream {
	struct sink sink;       /* first: reserve and commit write to it */
	struct transport *transport; /* owned */
	struct buffer in;       /* octets received; [taken, len) are unread */
	size_t taken;
	struct buffer out;      /* octets not yet passed to the transport */
	int64_t deadline;       /* of the whole run */
	int64_t step;           /* of the current step */
	unsigned seconds;       /* its time limit */
	char awaited[48];       /* the step's name, for errors */
	int trace;              /* descriptor for the dialogue, or -1 */
	unsigned rounds;        /* of a loop that the peer can prolong */
	int came;               /* the last wait ended with input or room */
	unsigned late;          /* rounds since the deadline */
	struct progress *progress; /* told what is sent, or NULL */
	int within_reply;       /* the next line continues the reply */
	int ended;              /* end of input reached */
	int broken;             /* nothing more can be sent */
};

/* Opens a stream that owns the transport. deadline bounds the whole run. */
void stream_open(struct stream *s, struct transport *transport,
	int64_t deadline, int trace);

/*
 * Begins a step: the reads and writes that follow must end within the given
 * seconds, however slowly the server sends, and errors end in "while waiting
 * for <awaited>". Only each 16 KiB that the server accepts restart the time
 * limit: RFC 5321 4.5.3.2.5 limits the time for a block of content, not for all
 * of it.
 */
void stream_step(struct stream *s, unsigned seconds, const char *awaited);

/* Notes that the reply is not complete: an end of input before the next line is
 * reported as one in the middle of a reply. */
void stream_expect_more(struct stream *s);

/*
 * Flushes the output and reads one line, without its CRLF or LF; *line is
 * borrowed until the next read. Returns 0 on success; -1 EX_TEMPFAIL at the end
 * of input, on a lost connection or a timeout, EX_PROTOCOL if the line is
 * longer than max. After a failed write, lines received before it can still be
 * read, such as the reply that explains the failure.
 */
int stream_read_line(struct stream *s, size_t max, const char **line,
	size_t *len, struct error *err);

/*
 * Same as stream_read_line(), for lines of any length: reads a whole line
 * (*whole is 1), or at least max octets of a line that continues in the next
 * part (*whole is 0). A CR at the end of such a part may belong to the line
 * end. The line end of a whole line, CRLF or LF, is at part + len.
 */
int stream_read_part(struct stream *s, size_t max, const char **part,
	size_t *len, int *whole, struct error *err);

/*
 * Queues octets and sends them in multiples of 16 KiB, large blocks directly
 * from data; s->sink queues without copying. Returns 0 on success; -1
 * EX_TEMPFAIL on a lost connection or a timeout, EX_PROTOCOL if the server
 * sends more than STREAM_AHEAD_MAX octets meanwhile.
 */
int stream_write(struct stream *s, const void *data, size_t len,
	struct error *err);

/* Sends all queued octets. Returns 0 on success; -1 with the unsent octets left
 * in out. */
int stream_flush(struct stream *s, struct error *err);

/* Discards and wipes all queued octets: they are never sent. */
void stream_discard(struct stream *s);

/* Checks, without waiting, for unsolicited input and for the end of input.
 * Returns 1 if there is either, 0 if not, -1 on a transport error. */
int stream_has_input(struct stream *s, struct error *err);

/*
 * Replaces the transport by tls, which the caller has stacked on it, for
 * STARTTLS. Call it with NULL before the handshake to check the input, and with
 * the new transport after it. Returns 0 on success; -1 EX_PROTOCOL if plaintext
 * has been received already, which must not be used after the handshake (RFC
 * 3207, CVE-2011-0411).
 */
int stream_upgrade(struct stream *s, struct transport *tls,
	struct error *err);

/* Writes "prefix text" as one escaped line to the trace. */
void stream_write_trace(const struct stream *s, const char *prefix,
	const char *text, size_t len);

/* The same if the trace is enabled. */
static inline void
stream_trace(const struct stream *s, const char *prefix, const char *text,
	size_t len)
{
	if (s->trace >= 0)
		stream_write_trace(s, prefix, text, len);
}

/* Closes the transport and discards and wipes queued octets. s may be {0} or
 * already closed. */
void stream_close(struct stream *s);

#endif
