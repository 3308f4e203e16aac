/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "outbox/background.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/platform.h"
#include "base/poll.h"
#include "outbox/enqueue.h"
#include "outbox/flush.h"
#include "outbox/locate.h"
#include "outbox/outbox.h"

/* Seconds after which no further message is begun: in a run that has sent a
 * message, and in one that leaves sending to the background. */
#define AFTER_SECONDS 20
#define FIRST_SECONDS 600

static int
has_messages(const char *path)
{
	struct error ignored = {0};
	struct outbox o;
	int has;

	if (path == NULL)
		return 0;
	/* created now, because the sandboxed run could not create it */
	has = outbox_open(&o, path, outbox_exists(path) ? OUTBOX_READ
	    : OUTBOX_WRITE, &ignored) == 0 &&
	    outbox_is_used(&o, OUTBOX_NEW);
	outbox_close(&o);
	return has;
}

/* Closes every descriptor that the caller may be waiting on or have locked. */
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

/* Lists the queued messages. */
static void
list_waiting(struct string_list *ids, const char *path)
{
	struct error ignored = {0};
	struct outbox o;

	if (outbox_open(&o, path, OUTBOX_READ, &ignored) == 0)
		(void)outbox_list(&o, OUTBOX_NEW, ids, &ignored);
	outbox_close(&o);
}

/* Returns whether b has an entry that a lacks; both are sorted. */
static int
has_new(const struct string_list *a, const struct string_list *b)
{
	size_t i = 0;

	for (size_t k = 0; k < b->n; k++) {
		while (i < a->n && strcmp(a->at[i], b->at[k]) < 0)
			i++;
		if (i == a->n || strcmp(a->at[i], b->at[k]) != 0)
			return 1;
	}
	return 0;
}

/* Flushes until no message has been queued meanwhile: the run that queued it
 * may have found the outbox locked. */
static void
flush(const struct flush_order *order)
{
	int more = 1;

	while (more && deadline_now() < order->until) {
		struct string_list before = {0}, after = {0};
		struct error unused = {0};
		struct flush result;

		list_waiting(&before, order->path);
		(void)flush_outbox(&result, order, &unused);
		list_waiting(&after, order->path);
		more = !result.busy && unused.signal == 0 &&
		    has_new(&before, &after);
		string_list_free(&before);
		string_list_free(&after);
	}
}

static void
work(int ready, struct flush_order *order, unsigned seconds)
{
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
	signals_hold();
	order->until = deadline_in(1000 * (int64_t)seconds);
	flush(order);
}

/* Forks the process; s is the run's session, or NULL. */
static void
start(struct background *l, struct submitter *s, unsigned seconds)
{
	struct flush_order order = { .path = l->path, .config = l->config,
	    .trace = -1 };
	int ends[2];
	pid_t child;

	if (l->path != NULL)
		locate_remember(l->path);
	if (!has_messages(l->path) || pipe(ends) != 0)
		return;
	child = fork();
	if (child == 0) { /* its own child is init's to wait for */
		close(ends[1]);
		setsid(); /* what ends the caller's group spares it */
		if (fork() == 0) {
			if (s != NULL)
				submit_forget(s);
			work(ends[0], &order, seconds);
		}
		_exit(0);
	}
	if (child > 0) {
		l->child = child;
		fcntl(ends[1], F_SETFD, FD_CLOEXEC);
		l->go = ends[1];
	} else {
		close(ends[1]);
	}
	close(ends[0]);
}

void
background_init(struct background *l, const char *path, const char *config)
{
	memset(l, 0, sizeof(*l));
	l->path = path;
	l->config = config;
	l->go = -1;
}

void
background_prepare(void *context, struct submitter *s)
{
	struct background *l = context;

	if (!l->prepared)
		start(l, s, AFTER_SECONDS);
	l->prepared = 1;
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
	if (l->go < 0)
		return;
	close(l->go);
	l->go = -1;
	while (waitpid(l->child, NULL, 0) < 0 && errno == EINTR)
		continue;
}

int
background_send(const struct attempt *a, const struct selection *selection,
    struct error *err)
{
	struct background later;
	char *path;

	if (!outbox_is_first(a->account))
		return 0;
	fail(err, EX_TEMPFAIL, "to be sent in the background");
	enqueue_message(a, selection, err);
	if (err->outcome != OUTCOME_QUEUED) {
		memset(err, 0, sizeof(*err));
		return 0;
	}
	path = outbox_path(a->account);
	background_init(&later, path, selection->config);
	start(&later, NULL, FIRST_SECONDS);
	background_begin(&later);
	free(path);
	return 1;
}
