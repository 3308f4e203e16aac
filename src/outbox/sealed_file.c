/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "outbox/sealed_file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/poll.h"
#include "base/write_all.h"
#include "base/xmalloc.h"

/* A disk that takes longer for 16 KiB is none. */
#define DISK_SECONDS 300

struct sealed_file {
	struct transport transport; /* first: its functions get this back */
	struct sha256 digest;
	int output;
};

static ssize_t
read_nothing(struct transport *t, void *data, size_t n, struct error *err)
{
	(void)t, (void)data, (void)n, (void)err;
	return TRANSPORT_WANT_READ; /* a file has nothing to say */
}

static ssize_t
write_octets(struct transport *t, const void *data, size_t n,
    struct error *err)
{
	struct sealed_file *f = (struct sealed_file *)t;

	if (write_all(f->output, data, n) != 0)
		return fail(err, EX_TEMPFAIL, "%s", strerror(errno));
	sha256_add(&f->digest, data, n);
	return (ssize_t)n;
}

static int
flush_octets(struct transport *t, struct error *err)
{
	(void)t, (void)err;
	return 0; /* write_octets holds nothing back */
}

static void
close_file(struct transport *t)
{
	struct sealed_file *f = (struct sealed_file *)t;
	char unused[DIGEST_TEXT];

	(void)sha256_end(&f->digest, unused);
	free(f);
}

void
sealed_file_begin(struct stream *out, int fd)
{
	struct sealed_file *f = xcalloc(1, sizeof(*f));

	f->transport.read = read_nothing;
	f->transport.write = write_octets;
	f->transport.flush = flush_octets;
	f->transport.close = close_file;
	f->transport.fd = -1;
	f->output = fd;
	sha256_begin(&f->digest);
	stream_open(out, &f->transport, DEADLINE_NONE, -1);
	stream_step(out, DISK_SECONDS, "the disk");
}

int
sealed_file_digest(struct stream *out, char text[DIGEST_TEXT])
{
	struct sealed_file *f = (struct sealed_file *)out->transport;

	return sha256_end(&f->digest, text);
}
