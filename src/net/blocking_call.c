/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "net/blocking_call.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/poll.h"
#include "base/xmalloc.h"

/* The state that two threads share. The last one to finish frees it. */
struct runner {
	pthread_mutex_t lock;
	int holders;
	int done;
	int done_fd;       /* the thread closes it when it is done */
	const struct blocking_call *call;
	void *work;        /* NULL once it is the caller's again */
};

static void
leave(struct runner *r)
{
	int last;

	pthread_mutex_lock(&r->lock);
	last = --r->holders == 0;
	pthread_mutex_unlock(&r->lock);
	if (!last)
		return;
	if (r->work != NULL)
		r->call->release(r->work);
	pthread_mutex_destroy(&r->lock);
	free(r);
}

static void *
serve(void *argument)
{
	struct runner *r = argument;
	int done_fd = r->done_fd;

	r->call->run(r->work);
	pthread_mutex_lock(&r->lock);
	r->done = 1;
	pthread_mutex_unlock(&r->lock);
	leave(r);
	close(done_fd);
	return NULL;
}

/* Starts serve() in a thread with signals blocked, so that the waiting thread
 * gets them. */
static int
start(struct runner *r, int *wait_fd, struct error *err)
{
	pthread_attr_t attributes;
	pthread_t thread;
	sigset_t all, before;
	int ends[2], failed;

	if (pipe(ends) != 0)
		return fail(err, EX_OSERR, "cannot create pipe: %s",
		    strerror(errno));
	fcntl(ends[0], F_SETFD, FD_CLOEXEC);
	fcntl(ends[1], F_SETFD, FD_CLOEXEC);
	r->holders = 2;
	r->done_fd = ends[1];
	pthread_attr_init(&attributes);
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	failed = pthread_create(&thread, &attributes, serve, r);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attributes);
	if (failed) {
		r->holders = 1;
		close(ends[0]);
		close(ends[1]);
		return fail(err, EX_OSERR, "cannot start %s: %s",
		    r->call->what, strerror(failed));
	}
	*wait_fd = ends[0];
	return 0;
}

/* Takes the work back if it is finished. */
static int
take_back(struct runner *r)
{
	int done;

	pthread_mutex_lock(&r->lock);
	done = r->done;
	if (done)
		r->work = NULL;
	pthread_mutex_unlock(&r->lock);
	return done;
}

int
blocking_call_run(const struct blocking_call *call, void *work,
    int64_t deadline, struct wait_line *waits, struct error *err)
{
	struct runner *r = xcalloc(1, sizeof(*r));
	struct pollfd p = { -1, POLLIN, 0 };
	int result;

	pthread_mutex_init(&r->lock, NULL);
	r->holders = 1;
	r->call = call;
	r->work = work;
	result = start(r, &p.fd, err);
	if (result == 0) {
		result = wait_line_poll(waits, &p, 1, deadline, err);
		wait_line_erase(waits);
		close(p.fd);
		if (result >= 0)
			result = take_back(r);
	}
	leave(r);
	return result;
}
