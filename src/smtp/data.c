/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "smtp/data.h"

#include <string.h>

#include "base/poll.h"
#include "base/sink.h"
#include "net/progress.h"
#include "smtp/advice.h"
#include "smtp/esmtp.h"

/* Between the end of the content and its reply the outcome is unknown. */
static void
doubt(struct error *err)
{
	wrap(err, "the message may have been accepted");
	hint(err, "sending it again may duplicate it");
	err->outcome = OUTCOME_UNKNOWN;
}

/*
 * Fails because the message could not be sent completely. If the server has
 * given the reason, its reply is the error, not the broken pipe that followed.
 */
static void
cut_short(struct session *s, struct mail *mail, struct error *err)
{
	struct error ignored = {0};
	struct reply r;
	int said;

	/* reading a reply would send it, and complete the message */
	stream_discard(&s->stream);
	said = stream_has_input(&s->stream, &ignored) == 1 &&
	    session_get(s, REPLY_TO_CONTENT, &r, &ignored) == 0;
	s->intact = 0;
	if (!said)
		return;
	if (reply_class(&r) != 4 && reply_class(&r) != 5) {
		fail(err, EX_PROTOCOL, "unexpected reply from server: %s",
		    r.text);
		return;
	}
	session_refused(REPLY_TO_CONTENT, &r, err);
	mail->final = r;
	mail->times.answered = deadline_now();
}

/*
 * Checks that the server is silent and still connected. A reply to the content
 * is legitimate once its last octet has been sent, so this is called only
 * before that.
 */
static int
check_silence(struct session *s, struct mail *mail, struct error *err)
{
	int input = stream_has_input(&s->stream, err);

	if (input > 0)
		fail(err, EX_TEMPFAIL,
		    "connection closed by server while sending the message");
	if (input == 0)
		return 0;
	cut_short(s, mail, err);
	return -1;
}

static void
start_step(struct session *s)
{
	stream_step(&s->stream,
	    s->account->timeout != 0 ? s->account->timeout : 180,
	    "the server to take the message");
}

static int
announce_end(struct session *s, struct error *err)
{
	const struct commit_hook *hook = s->options->hook;

	if (hook == NULL || hook->before_end(hook->queue, err) == 0)
		return 0;
	s->intact = 0;
	return -1;
}

/* A sink before the stream that accepts a fixed number of octets. */
struct bounded_sink {
	struct sink sink; /* first: the two are cast */
	struct sink *lower;
	uint64_t room;
};

static char *
reserve_bounded(struct sink *sink, size_t n)
{
	struct sink *lower = ((struct bounded_sink *)sink)->lower;

	return lower->reserve(lower, n);
}

static int
commit_bounded(struct sink *sink, size_t n, struct error *err)
{
	struct bounded_sink *b = (struct bounded_sink *)sink;

	if (n > b->room)
		return fail(err, EX_IOERR, "the message changed while it was "
		    "sent");
	b->room -= n;
	return b->lower->commit(b->lower, n, err);
}

/*
 * Sends BDAT and the content. If a file changes while it is sent, octets beyond
 * the announced size would be read as commands. Once the last octet has been
 * sent, a reply is legitimate and the outcome is unknown.
 */
static int
write_chunk(struct session *s, struct mail *mail, struct error *err)
{
	const struct message *m = mail->message;
	struct bounded_sink out = { { reserve_bounded, commit_bounded },
	    &s->stream.sink, message_size(m) };

	if (announce_end(s, err) != 0 || session_put(s, err,
	    "BDAT %llu LAST", (unsigned long long)out.room) != 0)
		return -1;
	start_step(s);
	if (message_write(m, MESSAGE_PLAIN, &out.sink, err) != 0) {
		wrap(err, "while sending the message");
		if (out.room > 0 || s->stream.out.len > 0)
			cut_short(s, mail, err);
		else
			doubt(err);
		s->intact = 0;
		return -1;
	}
	return s->stream.out.len > 0 ? check_silence(s, mail, err) : 0;
}

static int
send_content(struct session *s, struct mail *mail, struct error *err)
{
	if (check_silence(s, mail, err) != 0)
		return -1;
	if (esmtp_uses_bdat(s))
		return write_chunk(s, mail, err);
	start_step(s);
	if (message_write(mail->message, MESSAGE_STUFFED, &s->stream.sink,
	    err) != 0) {
		wrap(err, "while sending the message");
		cut_short(s, mail, err);
		return -1;
	}
	return check_silence(s, mail, err) != 0 ? -1 : announce_end(s, err);
}

/*
 * Sends the end of the content, with QUIT if the session ends. Returns 0 if the
 * last octet has been sent: the outcome is then unknown, even if QUIT could not
 * follow.
 */
static int
send_end(struct session *s, struct mail *mail, int quit, struct error *err)
{
	static const char end[] = ".\r\nQUIT\r\n";
	size_t dot_len = esmtp_uses_bdat(s) ? 0 : 3;
	size_t quit_len = quit ? 6 : 0;
	struct stream *stream = &s->stream;

	if (dot_len > 0)
		stream_trace(stream, "C:", ".", 1);
	if (quit)
		stream_trace(stream, "C:", "QUIT", 4);
	s->outstanding += dot_len > 0;
	if (sink_add(&stream->sink, end + 3 - dot_len, dot_len + quit_len,
	    err) == 0 && stream_flush(stream, err) == 0)
		return 0;
	if (stream->out.len <= quit_len && err->signal == 0) {
		memset(err, 0, sizeof(*err));
		return 0;
	}
	wrap(err, "while sending the end of the message");
	if (stream->out.len <= quit_len)
		doubt(err);
	else
		cut_short(s, mail, err);
	return -1;
}

/*
 * Gets one reply to the content. A 221 is the one to QUIT, or the end of the
 * service: it says nothing about the message.
 */
static int
get_final(struct session *s, struct reply *final, struct error *err)
{
	if (session_get(s, REPLY_TO_CONTENT, final, err) != 0)
		return -1;
	if (final->code != 221)
		return 0;
	s->intact = 0;
	session_refused(REPLY_TO_CONTENT, final, err);
	memset(final, 0, sizeof(*final));
	return -1;
}

/* RFC 2033 4.2: LMTP answers the content once for each recipient. */
static int
get_lmtp_replies(struct session *s, struct mail *mail, struct error *err)
{
	for (size_t i = 0; i < mail->envelope->n; i++) {
		struct recipient *to = &mail->envelope->to[i];

		if (!to->pending)
			continue;
		s->outstanding = 1;
		if (get_final(s, &mail->final, err) != 0)
			return -1;
		if (reply_class(&mail->final) < 2 ||
		    reply_class(&mail->final) == 3) {
			s->intact = 0; /* it owes the other replies */
			return session_refused(REPLY_TO_CONTENT, &mail->final,
			    err);
		}
		to->reply = mail->final;
		to->pending = 0;
	}
	return 0;
}

static int
get_smtp_reply(struct session *s, struct reply *final, struct error *err)
{
	if (get_final(s, final, err) != 0)
		return -1;
	if (reply_class(final) == 2)
		return 0;
	if (reply_class(final) != 4 && reply_class(final) != 5)
		s->intact = 0;
	return session_refused(REPLY_TO_CONTENT, final, err);
}

/* Sets the result of each pending recipient to that of the message. */
static void
settle(struct mail *mail, int accepted, const struct error *err)
{
	for (size_t i = 0; i < mail->envelope->n; i++) {
		struct recipient *to = &mail->envelope->to[i];

		if (to->pending && !accepted)
			to->reply = mail->final; /* code 0: no reply came */
		to->doubtful = to->pending && err->outcome == OUTCOME_UNKNOWN;
		to->pending = 0;
	}
}

static int
get_result(struct session *s, struct mail *mail, struct error *err)
{
	struct reply *final = &mail->final;
	int result;

	memset(final, 0, sizeof(*final));
	if (s->account->protocol == PROTOCOL_LMTP)
		result = get_lmtp_replies(s, mail, err);
	else
		result = get_smtp_reply(s, final, err);
	if (result != 0)
		advice_hint(s, REPLY_TO_CONTENT, final, mail->envelope->sender,
		    err);
	if (result != 0 && reply_class(final) != 4 &&
	    reply_class(final) != 5) {
		/* a reset and a bad TLS record both lose the connection */
		if (s->stream.ended && final->lines == 0)
			err->code = EX_TEMPFAIL;
		doubt(err);
	}
	if (final->code != 0)
		mail->times.answered = deadline_now();
	settle(mail, result == 0, err);
	return result;
}

/* Stops before the content can be complete if a signal has come, however quick
 * the server is: only a wait would notice it otherwise. */
static int
check_signals(struct session *s, struct error *err)
{
	if (signals_check(err) == 0)
		return 0;
	stream_discard(&s->stream);
	s->intact = 0;
	return -1;
}

/* Sends the content and its end, unless a signal comes before. */
static int
send_all_of(struct session *s, struct mail *mail, int quit, struct error *err)
{
	if ((esmtp_uses_bdat(s) && check_signals(s, err) != 0) ||
	    send_content(s, mail, err) != 0 ||
	    (!esmtp_uses_bdat(s) && check_signals(s, err) != 0))
		return -1;
	return send_end(s, mail, quit, err);
}

int
data_send(struct session *s, struct mail *mail, struct error *err)
{
	struct progress progress;
	int terminal = s->options->progress;
	int quit = mail->after == CONTENT_QUIT && s->account->pipelining &&
	    session_can(s, EXT_PIPELINING);
	int result;

	memset(&mail->final, 0, sizeof(mail->final));
	if (mail->times.invited == 0)
		mail->times.invited = deadline_now();
	if (terminal != 0) {
		progress_begin(&progress, terminal, s->stream.transport->fd,
		    message_size(mail->message));
		s->stream.progress = &progress;
	}
	if (send_all_of(s, mail, quit, err) == 0) {
		result = get_result(s, mail, err);
		s->intact &= !quit; /* it is sent once */
	} else {
		settle(mail, 0, err);
		result = -1;
	}
	if (terminal != 0)
		progress_end(&progress);
	s->stream.progress = NULL;
	return result;
}
