/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "report/timing.h"

#include <stdio.h>
#include <string.h>

#include "base/show.h"
#include "smtp/auth.h"

/* Columns of the longest bar. */
#define BAR_MAX 40

/* A step that may be taken, and the moment that ends it. */
struct plan {
	const char *name;
	const char *label;
	int64_t moment;
	int wanted;
};

/* Returns whether fetching credentials may take time: a password that stands in
 * the file takes none. */
static int
must_be_fetched(const struct account *a)
{
	return (auth_needs_secret(a) && a->password[0] == '\0') ||
	    a->tls_key_file[0] != '\0';
}

static void
make_plan(struct plan plan[TIMING_STEPS], const struct account *a,
    const struct submission *f)
{
	const struct mail_times *m = &f->mail;
	const struct plan all[TIMING_STEPS] = {
		{ "password", "password", f->unlocked, must_be_fetched(a) },
		{ "earlier_tries", "earlier tries", f->turned,
		    f->turned != 0 },
		{ "resolve", "resolve", f->connection.resolved_ms,
		    a->host.n > 0 },
		{ "connect", "connect", f->connection.connected_ms, 1 },
		{ "tls", "TLS", f->secured,
		    f->tls_start == TLS_AT_ONCE },
		{ "greeting", "greeting", f->greeted, 1 },
		{ "starttls", "STARTTLS", f->secured,
		    f->tls_start == TLS_BY_STARTTLS },
		{ "ehlo", "EHLO", f->ready, 1 },
		{ "auth", "AUTH", m->authenticated,
		    auth_is_wanted(a) && !m->shared },
		{ m->shared ? "auth_envelope" : "envelope",
		    m->shared ? "AUTH+envelope" : "envelope", m->invited, 1 },
		{ "content", "content", m->answered, 1 },
	};

	memcpy(plan, all, sizeof(all));
}

size_t
timing_steps(struct timing_step steps[TIMING_STEPS], const struct account *a,
    const struct submission *f)
{
	struct plan plan[TIMING_STEPS];
	int64_t before = f->started;
	size_t n = 0;

	if (f->started == 0)
		return 0;
	make_plan(plan, a, f);
	for (size_t i = 0; i < TIMING_STEPS; i++) {
		int reached = plan[i].moment != 0;
		int64_t end = reached ? plan[i].moment : f->ended;

		/* a session that serves several messages was set up before */
		if (!plan[i].wanted || (reached && end < f->started))
			continue;
		steps[n].name = plan[i].name;
		steps[n].label = plan[i].label;
		steps[n].ms = end > before ? end - before : 0;
		steps[n].unfinished = !reached;
		n++;
		if (!reached)
			break;
		before = end;
	}
	return n;
}

/* Some "#" for a step, in proportion to the longest. */
static const char *
bar(int64_t ms, int64_t longest)
{
	static const char full[] = "########################################";
	int64_t columns = longest > 0 ? (ms * BAR_MAX + longest - 1) / longest
	    : 0;

	return full + (BAR_MAX - columns);
}

void
timing_show(int fd, const struct account *a, const struct submission *f)
{
	struct timing_step steps[TIMING_STEPS];
	size_t n = timing_steps(steps, a, f);
	int64_t longest = 0;
	char text[128 * (TIMING_STEPS + 1)];
	int len = 0;

	if (n == 0)
		return;
	for (size_t i = 0; i < n; i++)
		if (steps[i].ms > longest)
			longest = steps[i].ms;
	for (size_t i = 0; i < n; i++)
		len += snprintf(text + len, 128, "%-13s %7lld ms  %s%s\n",
		    steps[i].label, (long long)steps[i].ms,
		    bar(steps[i].ms, longest),
		    steps[i].unfinished ? " (unfinished)" : "");
	len += snprintf(text + len, 128, "%-13s %7lld ms\n", "total",
	    (long long)(f->ended - f->started));
	show_note(fd, text, (size_t)len);
}
