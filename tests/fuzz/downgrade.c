/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A message made fit for a server of seven bits, or of eight: what comes out
 * is fit and needs no second conversion. The first octet chooses the server.
 */
#include "../unit/buffer_sink.h"
#include "fuzz.h"

#include <string.h>
#include <unistd.h>

#include "format/wire_format.h"
#include "message/downgrade.h"

/* What fits into a pipe that nobody reads. */
#define INPUT_MAX 60000

static int
read_message(struct message *m, const void *data, size_t size)
{
	struct error err = {0};
	int ends[2], result;

	require(pipe(ends) == 0, "pipe");
	require(write(ends[1], data, size) == (ssize_t)size, "write");
	close(ends[1]);
	result = message_read(m, ends[0], 0, &err);
	close(ends[0]);
	return result;
}

/* The octets that go to the server. */
static void
check_wire(const struct message *m, enum downgrade_target target)
{
	struct buffer_sink wire;
	struct error err = {0};
	size_t line = 0;

	buffer_sink_open(&wire);
	require(message_write(m, MESSAGE_PLAIN, &wire.sink, &err) == 0,
	    "it can be written");
	for (size_t i = 0; i < wire.text.len; i++) {
		unsigned char c = (unsigned char)wire.text.data[i];

		line = c == '\n' ? 0 : line + (c != '\r');
		require(line <= WIREFORM_LINE_MAX, "short lines");
		require(target != DOWNGRADE_7BIT || c < 128, "seven bits");
	}
	buffer_free(&wire.text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum downgrade_target target = size > 0 && (data[0] & 1) != 0
	    ? DOWNGRADE_7BIT : DOWNGRADE_8BITMIME;
	struct message m = {0}, fit = {0};
	struct spool spool = {0};
	struct error err = {0};

	if (size == 0 || size > INPUT_MAX)
		return 0;
	if (read_message(&m, data + 1, size - 1) == 0) {
		if (!downgrade_is_needed(&m, target)) {
			check_wire(&m, target);
		} else if (downgrade_convert(&fit, &m, target, &spool,
		    &err) == 0) {
			check_wire(&fit, target);
			require(!downgrade_is_needed(&fit, target),
			    "once is enough");
			message_free(&fit);
		} else {
			require(err.code == EX_DATAERR,
			    "octets alone are at most bad data");
		}
	}
	message_free(&m);
	return 0;
}
