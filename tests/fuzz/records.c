/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What an outbox keeps beside its messages, in whatever state it is found. With
 * a first octet "t" the tally: it cannot stop a message for which there is
 * room. "h": the accounts that are held, which are the same once written and
 * read again. Else a journal to which lines are added: they count, whatever
 * stands before them.
 */
#include "fuzz.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/xmalloc.h"
#include "outbox/held.h"
#include "outbox/room.h"

static char directory[] = "/tmp/fuzz-records-XXXXXX";
static struct outbox outbox;

static void
clean_up(void)
{
	static const char *const names[] = { "/tally", "/lock",
	    "/journal/held", "/new", "/failed", "/journal", "" };

	outbox_close(&outbox);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char *path = xasprintf("%s%s", directory, names[i]);

		(void)remove(path);
		free(path);
	}
}

static void
make_outbox(void)
{
	struct error err = {0};

	require(mkdtemp(directory) != NULL, "a directory");
	atexit(clean_up);
	require(outbox_open(&outbox, directory, OUTBOX_WRITE, &err) == 0,
	    "an outbox");
}

static void
put(const char *name, const char *text, size_t len)
{
	char *path = xasprintf("%s/%s", directory, name);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	require(fd >= 0 && write(fd, text, len) == (ssize_t)len, "a file");
	close(fd);
	free(path);
}

static void
get(const char *name, char *text, size_t size)
{
	char *path = xasprintf("%s/%s", directory, name);
	int fd = open(path, O_RDONLY);
	ssize_t n = fd >= 0 ? read(fd, text, size - 1) : -1;

	require(n >= 0, "a file");
	text[n] = '\0';
	close(fd);
	free(path);
}

/* There are no messages, so there is always room for one. */
static void
check_tally(const char *data, size_t len)
{
	struct account limits;
	struct error err = {0};
	unsigned long long messages, octets;
	char text[64], end;

	account_init(&limits, "");
	put("tally", data, len);
	require(room_take(&outbox, &limits, 1000, &err) == 0,
	    "room for a message");
	get("tally", text, sizeof(text));
	require(sscanf(text, "%llu %llu%c", &messages, &octets, &end) == 3 &&
	    end == '\n', "a tally that is written whole");
	require(messages >= 1 && messages <= limits.outbox_max_messages &&
	    octets >= 1000 &&
	    octets <= (unsigned long long)limits.outbox_max_size << 20,
	    "a tally within the limits, with the message");
	require(room_take(&outbox, &limits,
	    ((uint64_t)limits.outbox_max_size << 20) + 1, &err) == -1 &&
	    err.code == EX_TEMPFAIL, "no room for what is too large");
	put("tally", data, len);
	room_count(&outbox);
	get("tally", text, sizeof(text));
	require(strcmp(text, "0 0\n") == 0, "what is counted counts");
	account_free(&limits);
}

static void
check_site(const struct held_site *site)
{
	require(site->since >= 0 && site->due >= 0 && site->code > 0 &&
	    site->text[0] != '\0', "a site that can be told of");
	require(strlen(site->key) < HELD_KEY &&
	    strpbrk(site->key, " \n") == NULL, "a key of one word");
	require(strlen(site->text) < JOURNAL_REASON &&
	    strchr(site->text, '\n') == NULL, "a text of one line");
}

static void
check_held(const char *data, size_t len)
{
	struct held first, second;

	put("journal/held", data, len);
	held_read(&first, &outbox);
	for (size_t i = 0; i < first.n; i++) {
		check_site(&first.at[i]);
		require(held_find(&first, first.at[i].key) != NULL,
		    "what is held is found");
	}
	held_write(&first, &outbox);
	held_read(&second, &outbox);
	require(first.n == second.n, "as many as were written");
	for (size_t i = 0; i < first.n; i++) {
		const struct held_site *a = &first.at[i], *b = &second.at[i];

		require(strcmp(a->key, b->key) == 0 &&
		    strcmp(a->text, b->text) == 0 && a->code == b->code &&
		    a->since == b->since && a->due == b->due,
		    "the same as was written");
	}
	held_free(&first);
	held_free(&second);
}

/* A journal without a name, holding text: in memory, if there is a place for
 * that, because each result of a try is synced. */
static int
make_journal(struct journal *j, const char *text, size_t len)
{
	char memory[] = "/dev/shm/fuzz-journal-XXXXXX";
	char disk[] = "/tmp/fuzz-journal-XXXXXX";
	char *name = memory;
	int fd = mkstemp(memory);
	struct error err = {0};

	if (fd < 0) {
		name = disk;
		fd = mkstemp(disk);
	}

	require(fd >= 0 && unlink(name) == 0 &&
	    write(fd, text, len) == (ssize_t)len &&
	    fcntl(fd, F_SETFL, O_APPEND) == 0, "a file");
	require(journal_open(j, fd, &err) == 0, "a journal");
	return fd;
}

static void
read_again(struct journal_state *s, int fd)
{
	struct buffer text = {0};

	require(lseek(fd, 0, SEEK_SET) == 0 && buffer_read(&text, fd) == 0,
	    "a journal that can be read");
	journal_read(s, text.data, text.len);
	buffer_free(&text);
}

/* Returns whether the outcome of a try is unknown for some recipient. */
static int
is_in_doubt(const struct journal_state *s)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->to[i].doubts > 0)
			return 1;
	return s->doubts > 0;
}

static void
check_event(const char *data, size_t len, enum journal_event event)
{
	struct journal_state before, after;
	struct journal j;
	struct error err = {0};
	int fd = make_journal(&j, data, len);

	journal_read(&before, data, len);
	require(journal_write(&j, event, 4000000000, "some words\n2",
	    &err) == 0, "a line");
	read_again(&after, fd);
	require(event != JOURNAL_FAILED || after.failed, "given up");
	require(event != JOURNAL_RETRIED ||
	    (after.retried > 0 && after.tries == 0), "as if it were new");
	require(event != JOURNAL_DEFERRED || (after.due == 4000000000 &&
	    strncmp(after.reason, "some words", 10) == 0), "deferred");
	require(event != JOURNAL_UNKNOWN || is_in_doubt(&after), "in doubt");
	require(event != JOURNAL_REPORTED || after.reported, "reported");
	journal_state_free(&after);
	journal_rollback(&j);
	read_again(&after, fd);
	require(after.tries == before.tries && after.due == before.due &&
	    after.failed == before.failed && after.doubts == before.doubts &&
	    after.n == before.n && after.accepted == before.accepted,
	    "what is rolled back was never there");
	journal_state_free(&after);
	journal_state_free(&before);
	journal_close(&j);
}

/* Recipient 0 accepts, 2 refuses: neither is open then, and 1 is as it was. */
static void
check_replies(const char *data, size_t len)
{
	static const size_t index[] = { 0, 1, 2 };
	char path[] = "you@example.net";
	struct recipient to[3] = { { .path = path }, { .path = path },
	    { .path = path } };
	const struct envelope e = { .to = to, .n = 3 };
	struct journal_state before, after;
	struct journal j;
	struct error err = {0};
	int fd = make_journal(&j, data, len);

	to[0].reply.code = 250;
	to[2].reply.code = 550;
	snprintf(to[2].reply.text, sizeof(to[2].reply.text), "550 no");
	journal_read(&before, data, len);
	require(journal_write_replies(&j, &e, index, &err) == 0, "lines");
	read_again(&after, fd);
	require(!journal_recipient_is_open(&after, 0) &&
	    !journal_recipient_is_open(&after, 2), "settled");
	require(journal_recipient_is_open(&after, 1) ==
	    journal_recipient_is_open(&before, 1), "the others as before");
	journal_state_free(&before);
	journal_state_free(&after);
	journal_close(&j);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const enum journal_event events[] = { JOURNAL_DEFERRED,
	    JOURNAL_UNKNOWN, JOURNAL_FAILED, JOURNAL_RETRIED,
	    JOURNAL_REPORTED };
	const char *text = (const char *)data;

	if (outbox.path == NULL)
		make_outbox();
	if (size > 0 && text[0] == 't') {
		check_tally(text + 1, size - 1);
	} else if (size > 0 && text[0] == 'h') {
		check_held(text + 1, size - 1);
	} else {
		for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++)
			check_event(text, size, events[i]);
		check_replies(text, size);
	}
	return 0;
}
