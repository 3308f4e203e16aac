/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "outbox/history.h"

#include <stdio.h>
#include <string.h>

#include "base/ascii.h"

#define FIRST_PAUSE 300
#define LONGEST_PAUSE ((int64_t)6 * 3600)
#define GRACE 3600

/* The line's words behind its first. */
struct line {
	int64_t moment;
	int64_t due;
	const char *words;
	size_t len;
};

/* What the last line leaves open. */
enum open { NOTHING, BEGUN, ENDING };

struct journal_reader {
	struct history *h;
	enum open open;
};

/* A line that begins something: what came before it and did not end? */
static void
settle(struct journal_reader *r)
{
	if (r->open == BEGUN)
		r->h->crashes++;
	if (r->open == ENDING) {
		r->h->doubts++;
		r->h->tries++;
	}
	r->open = NOTHING;
}

static void
begin(struct journal_reader *r, const struct line *l)
{
	(void)l;
	settle(r);
	r->open = BEGUN;
}

static void
end_reading(struct journal_reader *r, const struct line *l)
{
	(void)l;
	r->open = NOTHING;
}

static void
begin_end(struct journal_reader *r, const struct line *l)
{
	(void)l;
	r->open = ENDING;
}

static void
accept_it(struct journal_reader *r, const struct line *l)
{
	(void)l;
	r->open = NOTHING;
	r->h->accepted = 1;
}

static void
hold(struct journal_reader *r, const struct line *l)
{
	struct history *h = r->h;
	size_t n = l->len < sizeof(h->reason) ? l->len
	    : sizeof(h->reason) - 1;

	r->open = NOTHING;
	h->crashes = 0;
	h->due = l->due;
	memcpy(h->reason, l->words, n);
	h->reason[n] = '\0';
}

static void
be_late(struct journal_reader *r, const struct line *l)
{
	if (r->h->late == 0)
		r->h->late = l->moment;
}

static void
defer(struct journal_reader *r, const struct line *l)
{
	r->h->tries++;
	hold(r, l);
}

static void
doubt(struct journal_reader *r, const struct line *l)
{
	r->h->doubts++;
	defer(r, l);
}

static void
retry(struct journal_reader *r, const struct line *l)
{
	*r->h = (struct history){ .began = l->moment, .last = l->moment };
	r->open = NOTHING;
}

static const struct {
	const char *word;
	int has_due;
	void (*act)(struct journal_reader *r, const struct line *l);
} words[] = {
	{ "reading", 0, begin },
	{ "read", 0, end_reading },
	{ "trying", 0, begin },
	{ "ending", 0, begin_end },
	{ "accepted", 0, accept_it },
	{ "deferred", 1, defer },
	{ "held", 1, hold },
	{ "late", 0, be_late },
	{ "unknown", 1, doubt },
	{ "failed", 0, hold },
	{ "retried", 0, retry },
};

/* A number and the blank behind it, unless it ends the line. */
static int
take_moment(struct line *l, int64_t *moment)
{
	size_t digits = 0;
	uint64_t value;

	while (digits < l->len && ascii_is_digit(l->words[digits]))
		digits++;
	if (ascii_number(l->words, digits, 0, INT64_MAX / 2, &value) != 0)
		return -1;
	*moment = (int64_t)value;
	digits += digits < l->len && l->words[digits] == ' ';
	l->words += digits;
	l->len -= digits;
	return 0;
}

static void
read_line(struct journal_reader *r, const char *text, size_t len)
{
	const char *blank = memchr(text, ' ', len);
	struct line l = {0};
	size_t n = blank != NULL ? (size_t)(blank - text) : 0, i = 0;
	const size_t nwords = sizeof(words) / sizeof(words[0]);

	while (i < nwords && !ascii_equal_n(text, n, words[i].word))
		i++;
	if (n == 0 || i == nwords)
		return;
	l.words = blank + 1;
	l.len = len - n - 1;
	if (take_moment(&l, &l.moment) != 0 ||
	    (words[i].has_due && take_moment(&l, &l.due) != 0))
		return;
	r->h->last = l.moment;
	words[i].act(r, &l);
}

void
history_read(struct history *h, const char *journal, size_t len)
{
	struct journal_reader r = { .h = h };
	const char *end = journal + len;

	memset(h, 0, sizeof(*h));
	while (journal < end) {
		const char *lf = memchr(journal, '\n',
		    (size_t)(end - journal));

		if (lf == NULL)
			break;
		read_line(&r, journal, (size_t)(lf - journal));
		journal = lf + 1;
	}
	settle(&r);
}

int64_t
history_next(unsigned tries, int64_t now, uint32_t chance)
{
	int64_t n = tries < 10 ? (int64_t)tries : 10;
	int64_t pause = FIRST_PAUSE * n * n;

	if (pause > LONGEST_PAUSE)
		pause = LONGEST_PAUSE;
	return now + pause * 4 / 5 + pause * 2 / 5 * (chance % 1024) / 1023;
}

int
history_is_due(const struct history *h, int64_t now)
{
	return h->due <= now || h->due > now + 2 * LONGEST_PAUSE;
}

int
history_is_late(const struct history *h, int64_t queued, int64_t now)
{
	return now - (h->began > 0 ? h->began : queued) >
	    HISTORY_LIFE_SECONDS;
}

int
history_is_over(const struct history *h, int64_t queued, int64_t now)
{
	return history_is_late(h, queued, now) && h->late > 0 &&
	    now - h->late >= GRACE;
}
