/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "outbox/background.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/platform.h"
#include "base/poll.h"
#include "outbox/flush.h"
#include "outbox/locate.h"
#include "outbox/outbox.h"

static int
has_messages(const char *path)
{
	struct error ignored = {0};
	struct outbox o;
	int has;

	if (path == NULL)
		return 0;
	/* made now: confined, it could not be made to queue this message */
	has = outbox_open(&o, path, OUTBOX_WRITE, &ignored) == 0 &&
	    outbox_is_used(&o, OUTBOX_NEW);
	outbox_close(&o);
	return has;
}

/* Closes every descriptor that the caller may wait for, or lock. */
static int
keep_only(int fd)
{
	int null = open("/dev/null", O_RDWR);

	if (null < 0 || dup2(fd, STDERR_FILENO + 1) < 0)
		return -1;
	for (int i = STDIN_FILENO; i <= STDERR_FILENO; i++)
		if (dup2(null, i) < 0)
			return -1;
	platform_close_from(STDERR_FILENO + 2);
	fcntl(STDERR_FILENO + 1, F_SETFD, FD_CLOEXEC);
	return STDERR_FILENO + 1;
}

static void
work(int ready, struct flush_order *order)
{
	struct error unused = {0};
	struct flush result;
	ssize_t n;
	char go;

	ready = keep_only(ready);
	if (ready < 0)
		return;
	do
		n = read(ready, &go, 1);
	while (n < 0 && errno == EINTR);
	if (n != 1)
		return;
	setsid();
	signals_hold();
	order->until = deadline_in(1000 * LATER_SECONDS);
	(void)flush_outbox(&result, order, &unused);
}

void
background_prepare(struct background *l, const char *path, const char *config)
{
	struct flush_order order = { .path = path, .config = config,
	    .trace = -1 };
	int ends[2];

	l->go = -1;
	if (path != NULL)
		locate_remember(path);
	if (!has_messages(path) || pipe(ends) != 0)
		return;
	switch (fork()) {
	case -1:
		close(ends[1]);
		break;
	case 0:
		close(ends[1]);
		work(ends[0], &order);
		_exit(0);
	default:
		fcntl(ends[1], F_SETFD, FD_CLOEXEC);
		l->go = ends[1];
	}
	close(ends[0]);
}

void
background_begin(struct background *l)
{
	if (l->go >= 0)
		(void)!write(l->go, "g", 1);
	background_cancel(l);
}

void
background_cancel(struct background *l)
{
	if (l->go >= 0)
		close(l->go);
	l->go = -1;
}
