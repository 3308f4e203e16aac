/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "outbox/room.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/ascii.h"
#include "base/write_all.h"
#include "base/xmalloc.h"

/* Maximum time to wait for the tally's lock, in steps of 10 ms. */
#define STEPS 200
#define STEP_NANOSECONDS 10000000

struct tally {
	uint64_t messages;
	uint64_t octets;   /* of messages and journals */
};

/* Opens and locks the tally. Returns a descriptor, or -1. */
static int
open_tally(const struct outbox *o)
{
	char *path = xasprintf("%s/tally", o->path);
	const struct timespec step = { 0, STEP_NANOSECONDS };
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	int locked = -1;

	free(path);
	if (fd < 0)
		return -1;
	(void)fchmod(fd, 0600);
	for (int i = 0; locked != 0 && i < STEPS; i++) {
		locked = flock(fd, LOCK_EX | LOCK_NB);
		if (locked != 0)
			nanosleep(&step, NULL);
	}
	if (locked == 0)
		return fd;
	close(fd);
	return -1;
}

/* Reads a number and skips the character after it. */
static int
take_number(const char **text, char after, uint64_t *number)
{
	const char *end = strchr(*text, after);

	if (end == NULL || ascii_number(*text, (size_t)(end - *text), 0,
	    INT64_MAX / 2, number) != 0)
		return -1;
	*text = end + 1;
	return 0;
}

static int
read_tally(int fd, struct tally *t)
{
	char text[64];
	const char *next = text;
	ssize_t n = fd >= 0 ? pread(fd, text, sizeof(text) - 1, 0) : -1;

	if (n <= 0)
		return -1;
	text[n] = '\0';
	return take_number(&next, ' ', &t->messages) == 0 &&
	    take_number(&next, '\n', &t->octets) == 0 ? 0 : -1;
}

static void
write_tally(int fd, const struct tally *t)
{
	char text[64];
	int n = snprintf(text, sizeof(text), "%llu %llu\n",
	    (unsigned long long)t->messages, (unsigned long long)t->octets);

	if (fd >= 0 && ftruncate(fd, 0) == 0 && lseek(fd, 0, SEEK_SET) == 0)
		(void)write_all(fd, text, (size_t)n);
}

/* Adds up the sizes of the files in a directory. Returns their number. */
static uint64_t
add_sizes(struct tally *t, const struct outbox *o, enum outbox_place place)
{
	struct string_list ids = {0};
	struct error ignored = {0};
	uint64_t n;

	(void)outbox_list(o, place, &ids, &ignored);
	for (size_t i = 0; i < ids.n; i++)
		t->octets += outbox_message_size(o, place, ids.at[i]);
	n = ids.n;
	string_list_free(&ids);
	return n;
}

static void
count(const struct outbox *o, struct tally *t)
{
	memset(t, 0, sizeof(*t));
	t->messages = add_sizes(t, o, OUTBOX_NEW);
	(void)add_sizes(t, o, OUTBOX_JOURNAL);
}

/* Checks the limits for one more message, which the tally already includes. */
static int
check(const struct tally *t, const struct account *limits, struct error *err)
{
	if (t->messages > limits->outbox_max_messages)
		return fail(err, EX_TEMPFAIL, "outbox full: %llu messages of "
		    "at most %u (outbox_max_messages)",
		    (unsigned long long)t->messages - 1,
		    limits->outbox_max_messages);
	if (t->octets > (uint64_t)limits->outbox_max_size << 20)
		return fail(err, EX_TEMPFAIL, "outbox full: more than %u MiB "
		    "(outbox_max_size)", limits->outbox_max_size);
	return 0;
}

static void
add_message(struct tally *t, uint64_t octets)
{
	t->messages++;
	t->octets += octets;
}

int
room_take(const struct outbox *o, const struct account *limits,
    uint64_t octets, struct error *err)
{
	struct error full = {0};
	struct tally t = {0};
	int fd = open_tally(o);
	int result = read_tally(fd, &t);

	add_message(&t, octets);
	if (result != 0 || check(&t, limits, &full) != 0) {
		count(o, &t);
		add_message(&t, octets);
		result = check(&t, limits, err);
	}
	if (result == 0)
		write_tally(fd, &t);
	if (fd >= 0)
		close(fd);
	return result;
}

void
room_count(const struct outbox *o)
{
	struct tally t;
	int fd = open_tally(o);

	count(o, &t);
	write_tally(fd, &t);
	if (fd >= 0)
		close(fd);
}
