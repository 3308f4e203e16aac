/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "smtp/data.h"

#include <string.h>

#include "base/poll.h"
#include "net/progress.h"
#include "smtp/esmtp.h"

/* From the end of the content to its reply nobody knows who has it. */
static void
doubt(struct error *err)
{
	wrap(err, "the message may have been accepted");
	hint(err, "sending it again may duplicate it");
	err->outcome = OUTCOME_UNKNOWN;
}

/*
 * The message could not be sent to its end. If the server has said why, its
 * words are the reason and not the broken pipe that came of it: then 1.
 */
static int
cut_short(struct session *s, struct error *err)
{
	struct error ignored = {0};
	struct reply r;
	int said = stream_has_input(&s->stream, &ignored) == 1 &&
	    session_get(s, REPLY_TO_CONTENT, &r, &ignored) == 0;

	s->intact = 0;
	if (!said)
		return 0;
	if (reply_class(&r) == 4 || reply_class(&r) == 5)
		session_refused(REPLY_TO_CONTENT, &r, err);
	else
		fail(err, EX_PROTOCOL, "server spoke out of turn: %s",
		    r.text);
	return 1;
}

/* Has the server said something that must not be there yet? -1 then. */
static int
check_silence(struct session *s, struct error *err)
{
	int input = stream_has_input(&s->stream, err);

	if (input > 0)
		fail(err, EX_TEMPFAIL,
		    "connection closed by server while sending the message");
	if (input == 0)
		return 0;
	cut_short(s, err);
	return -1;
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

static int
send_message(struct session *s, const struct mail *mail, struct error *err)
{
	const struct message *m = mail->message;
	int bdat = esmtp_uses_bdat(s);

	if (check_silence(s, err) != 0)
		return -1;
	if (bdat && (announce_end(s, err) != 0 ||
	    session_put(s, err, "BDAT %llu LAST",
	    (unsigned long long)message_size(m)) != 0))
		return -1;
	stream_step(&s->stream,
	    s->account->timeout != 0 ? s->account->timeout : 180,
	    "the server to take the message");
	if (message_write(m, bdat ? MESSAGE_PLAIN : MESSAGE_STUFFED,
	    &s->stream.sink, err) != 0) {
		wrap(err, "while sending the message");
		cut_short(s, err);
		return -1;
	}
	if (check_silence(s, err) != 0)
		return -1;
	return bdat ? 0 : announce_end(s, err);
}

/*
 * The end of the content; from its last octet on the outcome is open. BDAT
 * has counted its octets and needs no dot.
 */
static int
send_end(struct session *s, int quit, struct error *err)
{
	static const char dot[] = ".\r\n", bye[] = "QUIT\r\n";
	size_t quit_len = quit ? strlen(bye) : 0;
	int bdat = esmtp_uses_bdat(s);
	int unknown;

	if (!bdat)
		stream_trace(&s->stream, "C:", ".", 1);
	if (quit)
		stream_trace(&s->stream, "C:", "QUIT", 4);
	if ((bdat || stream_write(&s->stream, dot, strlen(dot), err) == 0) &&
	    stream_write(&s->stream, bye, quit_len, err) == 0 &&
	    stream_flush(&s->stream, err) == 0) {
		s->outstanding += !bdat;
		return 0;
	}
	unknown = s->stream.out.len <= quit_len;
	wrap(err, "while sending the end of the message");
	if (!cut_short(s, err) && unknown)
		doubt(err);
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
		if (session_get(s, REPLY_TO_CONTENT, &mail->final,
		    err) != 0) {
			/* part of a reply says nothing for the others */
			memset(&mail->final, 0, sizeof(mail->final));
			return -1;
		}
		to->reply = mail->final;
		to->pending = 0;
		if (reply_class(&to->reply) < 2 ||
		    reply_class(&to->reply) == 3)
			return session_refused(REPLY_TO_CONTENT, &to->reply,
			    err);
	}
	return 0;
}

/* The message's fate is that of everybody it was for. */
static void
settle(struct mail *mail, int accepted)
{
	for (size_t i = 0; i < mail->envelope->n; i++) {
		struct recipient *to = &mail->envelope->to[i];

		if (to->pending && !accepted)
			to->reply = mail->final; /* code 0: no answer came */
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
		result = session_expect(s, REPLY_TO_CONTENT, 2, final, err);
	if (result != 0 && reply_class(final) != 4 &&
	    reply_class(final) != 5) {
		/* lost is lost now, be it to a reset or to a bad record */
		if (s->stream.ended && final->lines == 0)
			err->code = EX_TEMPFAIL;
		doubt(err);
	}
	if (final->code != 0)
		mail->times.answered = deadline_now();
	settle(mail, result == 0);
	return result;
}

static int
send_content(struct session *s, struct mail *mail, struct error *err)
{
	int quit = mail->after == CONTENT_QUIT && s->account->pipelining &&
	    session_can(s, EXT_PIPELINING);

	memset(&mail->final, 0, sizeof(mail->final));
	if (mail->times.invited == 0)
		mail->times.invited = deadline_now();
	if (send_message(s, mail, err) != 0 ||
	    send_end(s, quit, err) != 0) {
		settle(mail, 0);
		return -1;
	}
	if (get_result(s, mail, err) != 0)
		return -1;
	if (quit)
		s->intact = 0; /* QUIT has been said */
	return 0;
}

int
data_send(struct session *s, struct mail *mail, struct error *err)
{
	struct transport **transport = &s->stream.transport;
	int terminal = s->options->progress;
	int result;

	if (terminal != 0)
		*transport = progress_open(*transport, terminal,
		    message_size(mail->message));
	result = send_content(s, mail, err);
	if (terminal != 0)
		*transport = progress_close(*transport);
	return result;
}
