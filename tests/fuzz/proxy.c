/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Answers of a hostile proxy: the first octet chooses SOCKS5 or HTTP, the
 * second whether there is a password. Whatever comes of it depends on the
 * octets that were taken, all of them and no other: those after it belong to
 * the smarthost.
 */
#include "fuzz.h"

#include <string.h>

#include "base/buffer.h"
#include "base/poll.h"
#include "net/http_connect.h"
#include "net/socks.h"

#define PASSWORD "s3cret-w0rd"

/* A proxy that has said everything before it is asked. */
struct tape {
	struct transport transport;
	const uint8_t *data;
	size_t taken, n;
	struct buffer heard;
};

static ssize_t
play(struct transport *t, void *data, size_t n, struct error *err)
{
	struct tape *tape = (struct tape *)t;

	(void)err;
	if (n > tape->n - tape->taken)
		n = tape->n - tape->taken;
	if (n > 0)
		memcpy(data, tape->data + tape->taken, n);
	tape->taken += n;
	return (ssize_t)n;
}

static ssize_t
listen_to(struct transport *t, const void *data, size_t n, struct error *err)
{
	struct tape *tape = (struct tape *)t;

	(void)err;
	buffer_add(&tape->heard, data, n);
	return (ssize_t)n;
}

/* What came of the answer; *taken is how much of it was taken. */
static struct error
speak(const uint8_t *mode, const uint8_t *data, size_t n, size_t *taken)
{
	struct tape tape = {
		.transport = { .read = play, .write = listen_to, .fd = -1 },
		.data = data, .n = n
	};
	struct proxy_request request = { "mail.example", 587,
	    mode[1] % 2 ? "me" : "", PASSWORD, DEADLINE_NONE };
	struct error err = {0};
	int result = (mode[0] % 2 ? http_connect : socks_connect)(
	    &tape.transport, &request, &err);

	require((result == 0) == (err.code == 0), "a failure has a code");
	require(mode[1] % 2 || strstr(buffer_string(&tape.heard),
	    PASSWORD) == NULL, "a password without a user stays here");
	for (const char *c = err.text; *c != '\0'; c++)
		require((unsigned char)*c >= 0x20 && *c != 0x7f,
		    "an error without controls");
	*taken = tape.taken;
	buffer_free(&tape.heard);
	return err;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct error whole, again;
	size_t taken, same;

	if (size < 2)
		return 0;
	whole = speak(data, data + 2, size - 2, &taken);
	require(taken <= HTTP_HEAD_MAX, "an answer has an end");
	again = speak(data, data + 2, taken, &same);
	require(again.code == whole.code && same == taken,
	    "what is after the answer does not count");
	if (whole.code == 0 && taken > 0) {
		again = speak(data, data + 2, taken - 1, &same);
		require(again.code == EX_TEMPFAIL,
		    "no octet of the answer may be missing");
	}
	return 0;
}
