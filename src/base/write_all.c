/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/write_all.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
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

/* Returns the size of the file without a line at its end that is torn; -1 with
 * errno set. */
static off_t
whole_lines(int fd, off_t size)
{
	char block[256];

	while (size > 0) {
		size_t n = size < (off_t)sizeof(block) ? (size_t)size
		    : sizeof(block);

		if (pread(fd, block, n, size - (off_t)n) != (ssize_t)n)
			return -1;
		while (n > 0 && block[n - 1] != '\n') {
			n--;
			size--;
		}
		if (n > 0)
			break;
	}
	return size;
}

off_t
cut_torn_line(int fd)
{
	struct stat st;
	off_t size;

	if (fstat(fd, &st) != 0 || (size = whole_lines(fd, st.st_size)) < 0 ||
	    (size < st.st_size && ftruncate(fd, size) != 0))
		return -1;
	return size;
}
