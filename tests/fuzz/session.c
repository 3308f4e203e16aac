/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A whole session in memory: the input is all that the server ever says. The
 * client must end, must never put a second message or an end of content that
 * nobody asked for, must keep the password to itself, and may claim success
 * only if a 2yz came after its final dot.
 */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "base/poll.h"
#include "base/xmalloc.h"
#include "smtp/commands.h"
#include "smtp/transaction.h"

#define SECRET "s3cret-w0rd"

/* A server that has said everything before it is asked. */
struct tape {
	struct transport transport;
	const uint8_t *left;
	size_t n;
	struct buffer *heard;
};

static ssize_t
play(struct transport *t, void *data, size_t n, struct error *err)
{
	struct tape *tape = (struct tape *)t;

	(void)err;
	/* one line at a time, as from a server that waits its turn */
	for (size_t i = 0; i < n && i < tape->n; i++)
		if (tape->left[i] == '\n')
			n = i + 1;
	if (n > tape->n)
		n = tape->n;
	memcpy(data, tape->left, n);
	tape->left += n;
	tape->n -= n;
	return (ssize_t)n;
}

static ssize_t
listen_to(struct transport *t, const void *data, size_t n, struct error *err)
{
	struct tape *tape = (struct tape *)t;

	(void)err;
	buffer_add(tape->heard, data, n);
	return (ssize_t)n;
}

static int
flush_nothing(struct transport *t, struct error *err)
{
	(void)t, (void)err;
	return 0;
}

static void
stop(struct transport *t)
{
	free(t);
}

static struct transport *
make_tape(const uint8_t *data, size_t size, struct buffer *heard)
{
	struct tape *tape = xcalloc(1, sizeof(*tape));

	tape->transport.read = play;
	tape->transport.write = listen_to;
	tape->transport.flush = flush_nothing;
	tape->transport.close = stop;
	tape->transport.fd = -1;
	tape->left = data;
	tape->n = size;
	tape->heard = heard;
	return &tape->transport;
}

static size_t
count(const struct buffer *heard, const char *line)
{
	size_t len = strlen(line), n = 0;

	for (size_t i = 0; i + len <= heard->len; i++)
		if ((i == 0 || heard->data[i - 1] == '\n') &&
		    memcmp(heard->data + i, line, len) == 0)
			n++;
	return n;
}

static int
contains(const struct buffer *heard, const char *text)
{
	size_t len = strlen(text);

	for (size_t i = 0; i + len <= heard->len; i++)
		if (memcmp(heard->data + i, text, len) == 0)
			return 1;
	return 0;
}

/* What the first octet of the input asks for. */
static void
make_account(struct account *a, uint8_t choice)
{
	static const char *const mechanisms[] =
	    { "off", "on", "plain", "login" };
	struct error err = {0};

	account_init(a, "");
	account_set(a, "host", "localhost", &err);
	account_set(a, "tls", "off", &err);
	account_set(a, "user", "user", &err);
	account_set(a, "auth", mechanisms[choice & 3], &err);
	account_set(a, "partial_delivery", choice & 4 ? "on" : "off", &err);
	account_set(a, "chunking", choice & 8 ? "on" : "off", &err);
	account_set(a, "protocol", choice & 16 ? "lmtp" : "smtp", &err);
	account_set(a, "pipelining", choice & 32 ? "off" : "on", &err);
	if (err.code != 0)
		abort();
}

static int
converse(struct session *s, struct auth *auth, struct password *secret,
    struct mail *mail, struct error *err)
{
	if (smtp_greeting(s, err) != 0 || smtp_hello(s, "me", err) != 0)
		return -1;
	if (auth_is_wanted(s->account) &&
	    auth_prepare(auth, s, secret, err) != 0)
		return -1;
	return smtp_transaction(s, auth, mail, err);
}

static void
judge(const struct account *a, const struct buffer *heard, int result,
    const struct error *err)
{
	size_t dots = count(heard, ".\r\n"), bodies = count(heard, "body\r\n");

	if (contains(heard, SECRET))
		abort(); /* PLAIN and LOGIN go out as base64 */
	if (!a->partial_delivery && (dots > 1 || bodies > 1))
		abort();
	if (result == 0 && dots + count(heard, "BDAT ") == 0)
		abort();
	if (result != 0 && err->code == 0)
		abort();
	if (result == 0 && err->code != 0)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char text[] = "Subject: x\n\nbody\n";
	char a[] = "a@x", b[] = "b@x", c[] = "c@x", me[] = "me@x";
	struct recipient to[3] = { { .path = a }, { .path = b },
	    { .path = c } };
	struct envelope envelope = { .sender = me, .to = to, .n = 3 };
	char host[] = "localhost";
	struct smarthost smarthost = { .name = host, .port = 25 };
	const struct submit_options options = { .trace = -1 };
	struct session session = {0};
	struct auth auth = {0};
	struct password secret = {0};
	struct spool spool = {0};
	struct message message;
	struct buffer heard = {0};
	struct account account;
	struct error err = {0};
	struct mail mail = { .envelope = &envelope, .message = &message,
	    .after = CONTENT_QUIT };
	int result;

	if (size == 0)
		return 0;
	make_account(&account, data[0]);
	spool_add(&spool, text, sizeof(text) - 1, &err);
	if (message_take(&message, &spool, &err) != 0)
		abort();
	session.account = &account;
	session.options = &options;
	session.smarthost = &smarthost;
	session.confidential = 1;
	stream_open(&session.stream, make_tape(data + 1, size - 1, &heard),
	    DEADLINE_NONE, -1);
	buffer_add_string(&secret.text, SECRET);
	result = converse(&session, &auth, &secret, &mail, &err);
	smtp_quit(&session);
	judge(&account, &heard, result, &err);
	session_close(&session);
	auth_free(&auth);
	password_free(&secret);
	message_free(&message);
	buffer_free(&heard);
	account_free(&account);
	return 0;
}
