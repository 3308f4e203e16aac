/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/write_all.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

int
write_all(int fd, const void *data, size_t len)
{
	const char *p = data;

	while (len > 0) {
		struct pollfd room = { fd, POLLOUT, 0 };
		ssize_t n = write(fd, p, len);

		if (n >= 0) {
			p += n;
			len -= (size_t)n;
		} else if (errno == EAGAIN) {
			poll(&room, 1, -1);
		} else if (errno != EINTR) {
			return -1;
		}
	}
	return 0;
}

int
write_answer(int fd, const void *data, size_t len, struct error *err)
{
	if (write_all(fd, data, len) == 0)
		return 0;
	return fail(err, EX_IOERR, "cannot write output: %s",
	    strerror(errno));
}
