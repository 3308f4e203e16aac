/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "base/poll.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <time.h>

static const int held[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGALRM,
	SIGXCPU, SIGUSR1, SIGUSR2 };
#define NHELD (sizeof(held) / sizeof(held[0]))

int64_t
deadline_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t
deadline_in(int64_t milliseconds)
{
	int64_t now = deadline_now();

	return milliseconds > DEADLINE_NONE - now ? DEADLINE_NONE
	    : now + milliseconds;
}

int64_t
deadline_first(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

void
signals_reset(void)
{
	sigset_t none;

	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	signal(SIGCHLD, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/*
 * Runs inside ppoll() only, where the signal is not blocked. Raised again, it
 * stays pending when ppoll() puts the mask back, and sigpending() can tell
 * which one it was: no global has to remember it. The others wait meanwhile:
 * two that raised themselves in each other's midst would never end.
 */
static void
keep_pending(int number)
{
	raise(number);
}

void
signals_hold(void)
{
	struct sigaction action, old;
	sigset_t set;

	sigemptyset(&set);
	memset(&action, 0, sizeof(action));
	action.sa_handler = keep_pending;
	sigemptyset(&action.sa_mask);
	for (size_t i = 0; i < NHELD; i++)
		sigaddset(&action.sa_mask, held[i]);
	for (size_t i = 0; i < NHELD; i++) {
		if (sigaction(held[i], NULL, &old) != 0 ||
		    old.sa_handler == SIG_IGN)
			continue;
		sigaddset(&set, held[i]);
	}
	sigprocmask(SIG_BLOCK, &set, NULL);
	for (size_t i = 0; i < NHELD; i++)
		if (sigismember(&set, held[i]))
			sigaction(held[i], &action, NULL);
}

/* The held signal that came, or 0. */
static int
arrived(void)
{
	sigset_t set;

	sigpending(&set);
	for (size_t i = 0; i < NHELD; i++)
		if (sigismember(&set, held[i]))
			return held[i];
	return 0;
}

static int
interrupted(int number, struct error *err)
{
	fail(err, EX_TEMPFAIL, "interrupted by signal %d", number);
	err->signal = number;
	return -1;
}

int
signals_check(struct error *err)
{
	int number = arrived();

	return number != 0 ? interrupted(number, err) : 0;
}

int
poll_any(struct pollfd *fds, size_t n, int64_t deadline, struct error *err)
{
	struct timespec limit;
	sigset_t none;
	int ready;

	sigemptyset(&none);
	for (;;) {
		int64_t left = deadline - deadline_now();

		if (signals_check(err) != 0)
			return -1;
		if (left < 0)
			left = 0;
		limit.tv_sec = (time_t)(left / 1000);
		limit.tv_nsec = (long)(left % 1000) * 1000000;
		ready = ppoll(fds, (nfds_t)n,
		    deadline == DEADLINE_NONE ? NULL : &limit, &none);
		if (ready >= 0)
			return ready;
		if (errno != EINTR)
			return fail(err, EX_TEMPFAIL, "cannot wait: %s",
			    strerror(errno));
	}
}

int
poll_for(int fd, short events, int64_t deadline, struct error *err)
{
	struct pollfd p = { fd, events, 0 };
	int ready = poll_any(&p, 1, deadline, err);

	if (ready < 0)
		return -1;
	if (ready == 0)
		return fail(err, EX_TEMPFAIL, "timed out");
	return p.revents & (POLLHUP | POLLERR | POLLNVAL)
	    ? p.revents | events : p.revents;
}
