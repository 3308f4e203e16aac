/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The list of queued messages, line by line, at a fixed time. */
#include "../unit.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "../letter.h"
#include "../queue.h"
#include "base/xmalloc.h"
#include "outbox/held.h"
#include "outbox/list.h"
#include "outbox/notify.h"
#include "outbox/outbox.h"

#define NOW ((time_t)1800000000)

/* In place of the C library's. */
time_t
time(time_t *now)
{
	if (now != NULL)
		*now = NOW;
	return NOW;
}

struct bench {
	char directory[QUEUE_PATH];
	struct outbox outbox;
	struct selection selection;
};

static int
set_up(void **state)
{
	struct bench *b = xcalloc(1, sizeof(*b));

	queue_open(&b->outbox, b->directory);
	setenv("HOME", b->directory, 1);
	b->selection.outbox = b->directory;
	*state = b;
	return 0;
}

static int
tear_down(void **state)
{
	struct bench *b = *state;
	int status = queue_close(&b->outbox, b->directory);

	free(b);
	return status;
}

/* A message: its place, age, moments, journal, and the size of its file; 0:
 * as it is. */
struct entry {
	enum outbox_place place;
	int64_t age, due;
	const char *sender, *reason, *journal;
	off_t size;
};

static void
add_message(struct bench *b, const struct entry *entry, char id[OUTBOX_ID])
{
	char one[] = "you@x", other[] = "they@x", from[32], why[64];
	struct recipient to[2] = { { .path = one }, { .path = other } };
	struct message_file m = { .fd = -1, .queued = NOW - entry->age,
		.due = entry->due, .reason = why,
		.origin = { .account = "a" },
		.envelope = { .sender = from, .to = to, .n = 2 } };
	struct error err = {0};
	int fd;

	snprintf(from, sizeof(from), "%s", entry->sender);
	snprintf(why, sizeof(why), "%s", entry->reason);
	letter_take(&m.message, "Subject: s\n\n", 12);
	assert_int_equal(outbox_add(&b->outbox, entry->place, &m,
	    MESSAGE_FILE_WHOLE, id, &err), 0);
	message_free(&m.message);
	fd = openat(b->outbox.places[entry->place], id, O_RDWR);
	if (entry->size != 0)
		assert_int_equal(ftruncate(fd, entry->size), 0);
	close(fd);
	if (entry->journal != NULL)
		queue_append(b->outbox.places[OUTBOX_JOURNAL], id,
		    entry->journal);
}

static void
remove_message(struct bench *b, const struct entry *entry, const char *id)
{
	struct error err = {0};

	assert_int_equal(outbox_remove(&b->outbox, entry->place, id, &err),
	    0);
}

/* The list, with "ID" for the ID. Owned. */
static char *
list(struct bench *b, enum list_extent extent, enum list_form form,
    const char *id)
{
	const struct list_order order = { &b->selection, extent, form };
	char name[64], text[8192], *at;
	struct error err = {0};
	FILE *file;

	snprintf(name, sizeof(name), "%s/listed", b->directory);
	file = fopen(name, "w+");
	assert_non_null(file);
	assert_int_equal(list_messages(fileno(file), &order, &err), 0);
	rewind(file);
	text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
	fclose(file);
	while ((at = strstr(text, id)) != NULL && id[0] != '\0') {
		memcpy(at, "ID", 2);
		memmove(at + 2, at + strlen(id), strlen(at + strlen(id)) + 1);
	}
	return xstrdup(text);
}

static const struct {
	struct entry entry;
	const char *lines;
} texts[] = {
	{ { OUTBOX_NEW, 0, 0, "me@x", "why", NULL, 1000 },
	    "ID  1.0 kB  0 s ago  <me@x>\n\t1 try, next try with the next "
	    "onehop -q: why\n\t<you@x>\n\t<they@x>\n"
	    "-- 1.0 kB in 1 message\n" },
	{ { OUTBOX_NEW, 119, NOW + 119, "", "why", NULL, 999 },
	    "ID  0.9 kB  119 s ago  <>\n\t1 try, next try in 119 s: why\n"
	    "\t<you@x>\n\t<they@x>\n-- 0.9 kB in 1 message\n" },
	{ { OUTBOX_NEW, 120, NOW + 120, "me@x", "why", NULL, 999999 },
	    "ID  999.9 kB  2 min ago  <me@x>\n\t1 try, next try in 2 min: why"
	    "\n\t<you@x>\n\t<they@x>\n-- 999.9 kB in 1 message\n" },
	{ { OUTBOX_NEW, 7199, NOW, "me@x", "why", NULL, 1000000 },
	    "ID  1.0 MB  119 min ago  <me@x>\n\t1 try, next try with the next "
	    "onehop -q: why\n\t<you@x>\n\t<they@x>\n"
	    "-- 1.0 MB in 1 message\n" },
	{ { OUTBOX_NEW, 7200, NOW + 1, "me@x", "", "held 5 0 later\n",
	    999999999 },
	    "ID  999.9 MB  2 h ago  <me@x>\n\t1 try, next try in 1 s: later"
	    "\n\t<you@x>\n\t<they@x>\n-- 999.9 MB in 1 message\n" },
	{ { OUTBOX_NEW, 172799, NOW + 9, "me@x", "why",
	    "deferred 5 1800000120 later\n", 1000000000 },
	    "ID  1.0 GB  47 h ago  <me@x>\n\t2 tries, next try in 2 min: "
	    "later\n\t<you@x>\n\t<they@x>\n-- 1.0 GB in 1 message\n" },
	{ { OUTBOX_NEW, 172800, NOW + 9, "me@x", "why",
	    "deferred 5 0 later\ndeferred 6 0 again\naccepted 7 1\n", 1000 },
	    "ID  1.0 kB  2 days ago  <me@x>\n\t3 tries, next try with the "
	    "next onehop -q: again\n\t<they@x>\n-- 1.0 kB in 1 message\n" },
	{ { OUTBOX_NEW, 0, NOW + 9, "me@x", "why", "deferred 5 0 later\n",
	    1000 },
	    "ID  1.0 kB  0 s ago  <me@x>\n\t2 tries, next try with the next "
	    "onehop -q: later\n\t<you@x>\n\t<they@x>\n"
	    "-- 1.0 kB in 1 message\n" },
	/* a retry forgets the moment of the file, a wrong clock has no age */
	{ { OUTBOX_NEW, -5, NOW + 9, "me@x", "why",
	    "refused 5 1 550 no\nretried 6\n", 1000 },
	    "ID  1.0 kB  0 s ago  <me@x>\n\t1 try, next try with the next "
	    "onehop -q: why\n\t<they@x>\n-- 1.0 kB in 1 message\n" },
	{ { OUTBOX_FAILED, 9, NOW + 9, "me@x", "why",
	    "refused 5 1 550 no\naccepted 5 2\nfailed 6 no\x1b\n", 1000 },
	    "ID  1.0 kB  9 s ago  <me@x>\n\t1 try, given up: no\\x1B\n"
	    "\t<you@x>\n-- 1.0 kB in 1 message\n" },
};

static void
each_message_has_two_lines_and_its_recipients(void **state)
{
	struct bench *b = *state;
	char id[OUTBOX_ID];

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		char *text;

		add_message(b, &texts[i].entry, id);
		text = list(b, LIST_ALL, LIST_TEXT, id);
		assert_string_equal(text, texts[i].lines);
		free(text);
		remove_message(b, &texts[i].entry, id);
	}
}

static void
a_held_account_says_why_and_when(void **state)
{
	static const struct entry entry = { OUTBOX_NEW, 0, NOW + 120, "me@x",
		"why", NULL, 1000 };
	const struct selection origin = { .account = "a" };
	struct held_site site = { .since = 1, .due = NOW + 7200, .code = 77,
		.text = "wrong password" };
	struct bench *b = *state;
	struct held held = {0};
	char id[OUTBOX_ID], *text;

	held_key(site.key, &origin);
	held_add(&held, &site);
	held_write(&held, &b->outbox);
	add_message(b, &entry, id);
	text = list(b, LIST_ALL, LIST_TEXT, id);
	assert_non_null(strstr(text, "next try in 2 h: wrong password\n"));
	free(text);
	held.at[0].due = NOW + 60;
	held_write(&held, &b->outbox);
	text = list(b, LIST_ALL, LIST_TEXT, id);
	assert_non_null(strstr(text, "next try in 2 min: wrong password\n"));
	free(text);
	held_free(&held);
}

static void
what_was_given_up_is_counted_first(void **state)
{
	static const struct entry failed = { OUTBOX_FAILED, 0, 0, "me@x",
		"why", "failed 5 no\n", 1500 };
	static const struct entry waiting = { OUTBOX_NEW, 0, 0, "me@x", "why",
		NULL, 1000 };
	struct bench *b = *state;
	struct string_list ids = {0};
	struct error err = {0};
	char id[OUTBOX_ID], other[OUTBOX_ID], *text;

	text = list(b, LIST_WAITING, LIST_TEXT, "");
	assert_string_equal(text, "Mail queue is empty\n");
	free(text);
	add_message(b, &failed, id);
	text = list(b, LIST_WAITING, LIST_TEXT, id);
	assert_string_equal(text,
	    "-- 1 given up: onehop --outbox list\nMail queue is empty\n");
	free(text);
	assert_int_equal(notify_list_unseen(&b->outbox, &ids, &err), 0);
	assert_int_equal(ids.n, 1);
	string_list_free(&ids);
	add_message(b, &waiting, other);
	text = list(b, LIST_WAITING, LIST_TEXT, other);
	assert_string_equal(text, "-- 1 given up: onehop --outbox list\n"
	    "ID  1.0 kB  0 s ago  <me@x>\n\t1 try, next try with the next "
	    "onehop -q: why\n\t<you@x>\n\t<they@x>\n"
	    "-- 1.0 kB in 1 message\n");
	free(text);
	text = list(b, LIST_ALL, LIST_TEXT, other);
	assert_int_equal(strncmp(text, "ID  1.0 kB", 10), 0);
	assert_non_null(strstr(text, "\n-- 2.5 kB in 2 messages\n"));
	free(text);
	assert_int_equal(notify_list_unseen(&b->outbox, &ids, &err), 0);
	assert_int_equal(ids.n, 0);
	string_list_free(&ids);
}

static void
json_has_a_member_for_each_fact(void **state)
{
	static const struct entry waiting = { OUTBOX_NEW, 9, NOW + 5, "me@x",
		"why", "deferred 5 1800000120 later\naccepted 6 1\n", 1000 };
	static const struct entry failed = { OUTBOX_FAILED, 9, 0, "me@x",
		"why", "failed 5 no\n", 1000 };
	struct bench *b = *state;
	char id[OUTBOX_ID], *text, *wanted;

	text = list(b, LIST_ALL, LIST_JSON, "");
	assert_string_equal(text, "[]\n");
	free(text);
	add_message(b, &waiting, id);
	text = list(b, LIST_ALL, LIST_JSON, id);
	wanted = xasprintf("[{\"id\":\"ID\",\"outbox\":\"%s\","
	    "\"state\":\"new\",\"size\":1000,\"queued\":1799999991,\"age\":9,"
	    "\"account\":\"a\",\"sender\":\"me@x\","
	    "\"recipients\":[\"they@x\"],\"message_id\":\"\",\"tries\":2,"
	    "\"next_try\":1800000120,\"reason\":\"later\","
	    "\"damaged\":false}]\n", b->directory);
	assert_string_equal(text, wanted);
	free(wanted);
	free(text);
	remove_message(b, &waiting, id);
	add_message(b, &failed, id);
	text = list(b, LIST_ALL, LIST_JSON, id);
	assert_non_null(strstr(text, "\"state\":\"failed\""));
	assert_non_null(strstr(text, "\"next_try\":0,\"reason\":\"no\""));
	free(text);
}

static void
a_damaged_message_is_listed(void **state)
{
	static const struct entry entry = { OUTBOX_NEW, 9, 0, "me@x", "why",
		NULL, 40 };
	struct bench *b = *state;
	char id[OUTBOX_ID], *text;

	add_message(b, &entry, id);
	text = list(b, LIST_ALL, LIST_TEXT, id);
	assert_non_null(strstr(text, "ID  0.0 kB  ? ago  <?>\n"));
	assert_non_null(strstr(text, "the file is damaged: "));
	assert_non_null(strstr(text, "-- 0.0 kB in 1 message\n"));
	free(text);
	text = list(b, LIST_ALL, LIST_JSON, id);
	assert_non_null(strstr(text, "\"size\":40,"));
	assert_non_null(strstr(text, "\"damaged\":true"));
	free(text);
}

/* Neither is an empty queue. */
static void
what_cannot_be_listed_is_an_error(void **state)
{
	struct bench *b = *state;
	char path[64], text[64];
	struct selection file = { .outbox = path };

	snprintf(path, sizeof(path), "%s/file", b->directory);
	close(open(path, O_WRONLY | O_CREAT, 0600));
	for (int extent = LIST_WAITING; extent <= LIST_ALL; extent++) {
		const struct list_order order = { &file,
			(enum list_extent)extent, LIST_TEXT };
		struct error err = {0};
		int ends[2];

		assert_int_equal(pipe(ends), 0);
		assert_int_equal(list_messages(ends[1], &order, &err), -1);
		assert_int_equal(err.code, EX_TEMPFAIL);
		assert_non_null(strstr(err.text, "cannot open"));
		close(ends[1]);
		assert_int_equal(read(ends[0], text, sizeof(text)), 0);
		close(ends[0]);
	}
}

static void
a_list_that_cannot_be_written_is_an_error(void **state)
{
	struct bench *b = *state;
	const struct list_order order = { &b->selection, LIST_ALL, LIST_TEXT };
	struct error err = {0};
	int full = open("/dev/full", O_WRONLY);

	if (full < 0)
		skip();
	assert_int_equal(list_messages(full, &order, &err), -1);
	assert_int_equal(err.code, EX_IOERR);
	close(full);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(each_message_has_two_lines_and_its_recipients),
		TEST(a_held_account_says_why_and_when),
		TEST(what_was_given_up_is_counted_first),
		TEST(json_has_a_member_for_each_fact),
		TEST(a_damaged_message_is_listed),
		TEST(what_cannot_be_listed_is_an_error),
		TEST(a_list_that_cannot_be_written_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
