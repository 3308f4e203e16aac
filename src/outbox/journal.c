/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "outbox/journal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/ascii.h"
#include "base/buffer.h"
#include "base/platform.h"
#include "base/write_all.h"
#include "base/xmalloc.h"

#define FIRST_PAUSE 300
#define LONGEST_PAUSE ((int64_t)6 * 3600)

/* Maximum time that a message ages between two tries, seconds: a suspended
 * machine or a clock that jumps must not use up its lifetime. */
#define LONGEST_AGEING ((int64_t)25 * 3600)

/* Maximum number of recipients that a journal may name. */
#define RECIPIENTS_MAX ((size_t)1 << 20)

/* Space to reserve for a line, and for one recipient's part of it, octets. */
#define LINE_ROOM ((off_t)1024)
#define RECIPIENT_ROOM ((off_t)24)

static const struct {
	const char *word;
	int has_due;
} events[] = {
	[JOURNAL_READING] = { "reading", 0 },
	[JOURNAL_TRYING] = { "trying", 0 },
	[JOURNAL_ENDING] = { "ending", 0 },
	[JOURNAL_ACCEPTED] = { "accepted", 0 },
	[JOURNAL_REFUSED] = { "refused", 0 },
	[JOURNAL_DEFERRED] = { "deferred", 1 },
	[JOURNAL_HELD] = { "held", 1 },
	[JOURNAL_UNKNOWN] = { "unknown", 1 },
	[JOURNAL_FAILED] = { "failed", 0 },
	[JOURNAL_RETRIED] = { "retried", 0 },
	[JOURNAL_REPORTED] = { "reported", 0 },
};

#define EVENTS (sizeof(events) / sizeof(events[0]))

/* A line after its first word. */
struct line {
	int64_t moment;
	int64_t due;
	const char *words;
	size_t len;
};

/* The step that the journal has begun but not ended. */
enum open_step { STEP_NONE, STEP_READING, STEP_ENDING };

struct journal_reader {
	struct journal_state *state;
	enum open_step step;
	int64_t moment;  /* of the line before */
};

/* Ages the message after a failed try that reached the server. */
static void
age(struct journal_state *s, int64_t moment)
{
	int64_t passed = s->talked > 0 ? moment - s->talked : 0;

	if (passed > LONGEST_AGEING)
		passed = LONGEST_AGEING;
	if (passed > 0)
		s->life += passed;
	s->talked = moment;
}

/* Counts an unknown outcome for the recipients that the last "ending" names, or
 * for all. */
static void
add_doubt(struct journal_state *s)
{
	unsigned named = 0;

	for (size_t i = 0; i < s->n; i++) {
		named |= s->to[i].ending;
		s->to[i].doubts += s->to[i].ending;
		s->to[i].ending = 0;
	}
	s->doubts += !named;
}

/* Counts a step that was begun and never ended. */
static void
settle(struct journal_reader *r)
{
	if (r->step == STEP_READING)
		r->state->crashes++;
	if (r->step == STEP_ENDING) {
		add_doubt(r->state);
		r->state->tries++;
		age(r->state, r->moment);
		snprintf(r->state->reason, sizeof(r->state->reason), "the "
		    "message may have been accepted: the run that sent it "
		    "recorded no reply");
	}
	r->step = STEP_NONE;
}

static void
fail_try(struct journal_reader *r, const struct line *l)
{
	struct journal_state *s = r->state;
	size_t n = l->len < sizeof(s->reason) ? l->len
	    : sizeof(s->reason) - 1;

	r->step = STEP_NONE;
	s->crashes = 0;
	s->due = l->due;
	memcpy(s->reason, l->words, n);
	s->reason[n] = '\0';
}

/* Returns the recipient at index; NULL if no message can have that many. */
static struct journal_recipient *
recipient_at(struct journal_state *s, uint64_t index)
{
	if (index >= RECIPIENTS_MAX)
		return NULL;
	if (index >= s->n) {
		size_t n = (size_t)index + 1 + (size_t)index / 2;

		s->to = xreallocarray(s->to, n, sizeof(s->to[0]));
		memset(s->to + s->n, 0, (n - s->n) * sizeof(s->to[0]));
		s->n = n;
	}
	return &s->to[index];
}

/* Takes a number from the front of the words, and the next character, which
 * is stored in *after; NUL at the end. */
static int
take_number(struct line *l, uint64_t *number, char *after)
{
	size_t digits = 0;

	while (digits < l->len && ascii_is_digit(l->words[digits]))
		digits++;
	if (ascii_number(l->words, digits, 0, INT64_MAX / 2, number) != 0)
		return -1;
	*after = digits < l->len ? l->words[digits] : '\0';
	digits += digits < l->len;
	l->words += digits;
	l->len -= digits;
	return 0;
}

/* "2,4-7": these have accepted, or get the end of the content. */
static void
mark_some(struct journal_state *s, struct line l, enum journal_event event)
{
	uint64_t first, last;
	char after;

	while (l.len > 0 && take_number(&l, &first, &after) == 0) {
		last = first;
		if (after == '-' && take_number(&l, &last, &after) != 0)
			return;
		for (uint64_t i = first; i >= 1 && i <= last; i++) {
			struct journal_recipient *to = recipient_at(s, i - 1);

			if (to == NULL)
				return;
			if (event == JOURNAL_ACCEPTED)
				to->state = RECIPIENT_ACCEPTED;
			else
				to->ending = 1;
		}
	}
}

static void
begin_end(struct journal_reader *r, const struct line *l)
{
	r->step = STEP_ENDING;
	for (size_t i = 0; i < r->state->n; i++)
		r->state->to[i].ending = 0;
	mark_some(r->state, *l, JOURNAL_ENDING);
}

/* "3 words" */
static void
refuse_one(struct journal_state *s, struct line l)
{
	struct journal_recipient *to;
	uint64_t number;
	char after;

	if (take_number(&l, &number, &after) != 0 || number == 0)
		return;
	to = recipient_at(s, number - 1);
	if (to == NULL)
		return;
	free(to->words);
	to->words = xstrndup(l.words, l.len);
	to->state = RECIPIENT_REFUSED;
}

/* A retry discards the tries. Recipients that accepted the message stay
 * settled; those that refused it stay settled unless it was given up. */
static void
forget(struct journal_state *s, int64_t moment)
{
	struct journal_state fresh = { .retried = moment, .to = s->to,
	    .n = s->n };

	for (size_t i = 0; i < s->n; i++) {
		s->to[i].doubts = 0;
		if (!s->failed)
			continue;
		free(s->to[i].words);
		s->to[i].words = NULL;
		if (s->to[i].state == RECIPIENT_REFUSED)
			s->to[i].state = RECIPIENT_OPEN;
	}
	*s = fresh;
}

static void
take_event(struct journal_reader *r, enum journal_event event,
    const struct line *l)
{
	struct journal_state *s = r->state;

	switch (event) {
	case JOURNAL_READING:
		settle(r);
		r->step = STEP_READING;
		break;
	case JOURNAL_TRYING:
		r->step = STEP_NONE;
		break;
	case JOURNAL_ENDING:
		begin_end(r, l);
		break;
	case JOURNAL_ACCEPTED:
		r->step = STEP_NONE;
		s->accepted |= l->len == 0;
		mark_some(s, *l, JOURNAL_ACCEPTED);
		break;
	case JOURNAL_REFUSED:
		if (r->step == STEP_READING)
			r->step = STEP_NONE;
		refuse_one(s, *l);
		break;
	case JOURNAL_UNKNOWN:
	case JOURNAL_DEFERRED:
		if (event == JOURNAL_UNKNOWN)
			add_doubt(s);
		s->tries++;
		age(s, l->moment);
		s->failed = 0;
		fail_try(r, l);
		break;
	case JOURNAL_HELD:
	case JOURNAL_FAILED:
		s->failed = event == JOURNAL_FAILED;
		fail_try(r, l);
		break;
	case JOURNAL_RETRIED:
		forget(s, l->moment);
		r->step = STEP_NONE;
		break;
	case JOURNAL_REPORTED:
		s->reported = 1;
		break;
	}
	r->moment = l->moment;
}

/* Takes a moment, and the space that follows unless it ends the line. */
static int
take_moment(struct line *l, int64_t *moment)
{
	uint64_t value;
	char after;

	if (take_number(l, &value, &after) != 0 ||
	    (after != ' ' && after != '\0'))
		return -1;
	*moment = (int64_t)value;
	return 0;
}

static void
read_line(struct journal_reader *r, const char *text, size_t len)
{
	const char *space = memchr(text, ' ', len);
	size_t n = space != NULL ? (size_t)(space - text) : 0, i = 0;
	struct line l = {0};

	while (i < EVENTS && !ascii_equal_n(text, n, events[i].word))
		i++;
	if (n == 0 || i == EVENTS)
		return;
	l.words = space + 1;
	l.len = len - n - 1;
	if (take_moment(&l, &l.moment) == 0 &&
	    (!events[i].has_due || take_moment(&l, &l.due) == 0))
		take_event(r, (enum journal_event)i, &l);
}

void
journal_read(struct journal_state *s, const char *text, size_t len)
{
	struct journal_reader r = { .state = s };
	const char *lf;

	memset(s, 0, sizeof(*s));
	while (len > 0 && (lf = memchr(text, '\n', len)) != NULL) {
		size_t n = (size_t)(lf - text);

		read_line(&r, text, n);
		text += n + 1;
		len -= n + 1;
	}
	settle(&r);
}

void
journal_state_free(struct journal_state *s)
{
	for (size_t i = 0; i < s->n; i++)
		free(s->to[i].words);
	free(s->to);
	memset(s, 0, sizeof(*s));
}

int
journal_recipient_is_open(const struct journal_state *s, size_t index)
{
	return index >= s->n || s->to[index].state == RECIPIENT_OPEN;
}

unsigned
journal_doubts(const struct journal_state *s, size_t index)
{
	return s->doubts + (index < s->n ? s->to[index].doubts : 0);
}

int64_t
journal_next_try(unsigned tries, int64_t now, uint32_t chance)
{
	int64_t n = tries < 10 ? (int64_t)tries : 10;
	int64_t pause = FIRST_PAUSE * n * n;

	if (pause > LONGEST_PAUSE)
		pause = LONGEST_PAUSE;
	return now + pause * 4 / 5 + pause * 2 / 5 * (chance % 1024) / 1023;
}

int
journal_is_due(int64_t due, int64_t now)
{
	return due <= now || due > now + 2 * LONGEST_PAUSE;
}

int
journal_is_over(const struct journal_state *s, int64_t now)
{
	struct journal_state then = *s;

	age(&then, now);
	return then.life > JOURNAL_LIFE_SECONDS;
}

static int
cannot_write(struct error *err)
{
	return fail(err, EX_TEMPFAIL, "cannot write the journal of the "
	    "message: %s", strerror(errno));
}

int
journal_open(struct journal *j, int fd, struct error *err)
{
	memset(j, 0, sizeof(*j));
	j->fd = fd;
	j->start = cut_torn_line(fd);
	return j->start < 0 ? cannot_write(err) : 0;
}

/* Appends the line with one write(2). No partial line stays: the next one would
 * complete it, and "accepted 17 1,3" that is cut before "1,3" is another
 * line. */
static int
append(struct journal *j, struct buffer *line, struct error *err)
{
	off_t end = lseek(j->fd, 0, SEEK_END);
	ssize_t n;

	do
		n = write(j->fd, line->data, line->len);
	while (n < 0 && errno == EINTR);
	if (n >= 0 && (size_t)n != line->len)
		errno = ENOSPC;
	if (n == (ssize_t)line->len)
		return 0;
	cannot_write(err);
	if (n > 0)
		(void)!ftruncate(j->fd, end);
	return -1;
}

static void
begin_line(struct buffer *out, enum journal_event event)
{
	buffer_addf(out, "%s %lld", events[event].word,
	    (long long)time(NULL));
}

int
journal_write(struct journal *j, enum journal_event event, int64_t due,
    const char *words, struct error *err)
{
	struct buffer line = {0};
	int result, must_sync = j->ending;

	begin_line(&line, event);
	if (events[event].has_due)
		buffer_addf(&line, " %lld", (long long)due);
	if (words != NULL)
		buffer_addf(&line, " %.*s", JOURNAL_REASON, words);
	buffer_add_char(&line, '\n');
	result = append(j, &line, err);
	buffer_free(&line);
	if (event == JOURNAL_ACCEPTED)
		must_sync = 0;
	j->ending = event == JOURNAL_ENDING;
	if (result == 0 && (must_sync || event == JOURNAL_ENDING ||
	    event == JOURNAL_RETRIED))
		result = journal_sync(j, err);
	return result;
}

int
journal_sync(const struct journal *j, struct error *err)
{
	return fdatasync(j->fd) == 0 ? 0 : cannot_write(err);
}

static int
has_accepted(const struct recipient *to)
{
	return reply_class(&to->reply) == 2 && !to->pending;
}

/* Returns whether the recipient's outcome is unknown once the end of the
 * content is sent. */
static int
is_in_doubt(const struct recipient *to)
{
	return to->pending || to->doubtful;
}

/* Appends the recipients that are meant: "2,4-7". */
static void
add_some(struct buffer *line, const struct envelope *e, const size_t *index,
    int (*is_meant)(const struct recipient *to))
{
	const char *separator = " ";

	for (size_t i = 0; i < e->n; i++) {
		size_t last = i;

		if (!is_meant(&e->to[i]))
			continue;
		while (last + 1 < e->n && index[last + 1] == index[last] + 1 &&
		    is_meant(&e->to[last + 1]))
			last++;
		buffer_addf(line, "%s%zu", separator, index[i] + 1);
		if (last > i)
			buffer_addf(line, "-%zu", index[last] + 1);
		separator = ",";
		i = last;
	}
}

static void
add_refused(struct buffer *lines, size_t index, const char *words)
{
	begin_line(lines, JOURNAL_REFUSED);
	buffer_addf(lines, " %zu %.*s\n", index + 1, JOURNAL_REASON, words);
}

int
journal_write_replies(struct journal *j, const struct envelope *e,
    const size_t *index, struct error *err)
{
	struct buffer lines = {0}, accepted = {0};
	int result = 0;

	add_some(&accepted, e, index, has_accepted);
	if (accepted.len > 0) {
		begin_line(&lines, JOURNAL_ACCEPTED);
		buffer_add_string(&lines, buffer_string(&accepted));
		buffer_add_char(&lines, '\n');
	}
	for (size_t i = 0; i < e->n; i++) {
		if (reply_class(&e->to[i].reply) != 5)
			continue;
		add_refused(&lines, index[i], e->to[i].reply.text);
	}
	if (lines.len > 0)
		result = append(j, &lines, err);
	if (lines.len > 0 && result == 0)
		result = journal_sync(j, err);
	j->ending &= accepted.len == 0;
	buffer_free(&accepted);
	buffer_free(&lines);
	return result;
}

/* All are meant where none are named, as in a journal of an earlier version. */
int
journal_write_ending(struct journal *j, const struct envelope *e,
    const size_t *index, struct error *err)
{
	struct buffer line = {0};
	size_t n = 0;
	int result;

	for (size_t i = 0; i < e->n; i++)
		n += (size_t)is_in_doubt(&e->to[i]);
	begin_line(&line, JOURNAL_ENDING);
	if (n < e->n)
		add_some(&line, e, index, is_in_doubt);
	buffer_add_char(&line, '\n');
	result = append(j, &line, err);
	buffer_free(&line);
	j->ending = 1;
	return result == 0 ? journal_sync(j, err) : -1;
}

int
journal_give_up(struct journal *j, size_t index, const char *words,
    struct error *err)
{
	struct buffer line = {0};
	int result;

	add_refused(&line, index, words);
	result = append(j, &line, err);
	buffer_free(&line);
	if (result == 0)
		j->start = lseek(j->fd, 0, SEEK_END);
	return result;
}

int
journal_reserve(const struct journal *j, size_t recipients,
    struct error *err)
{
	off_t room = 2 * LINE_ROOM + RECIPIENT_ROOM * (off_t)recipients;

	return platform_reserve(j->fd, room) == 0 ? 0 : cannot_write(err);
}

void
journal_rollback(struct journal *j)
{
	(void)!ftruncate(j->fd, j->start);
}

void
journal_close(struct journal *j)
{
	if (j->fd >= 0)
		close(j->fd);
	j->fd = -1;
}
