/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The list of held accounts, and the locks of their sites. */
#include "../unit.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../queue.h"
#include "base/poll.h"
#include "base/xmalloc.h"
#include "outbox/held.h"
#include "outbox/lock.h"

struct bench {
	char directory[QUEUE_PATH];
	struct outbox outbox;
};

static int
set_up(void **state)
{
	struct bench *b = xcalloc(1, sizeof(*b));

	queue_open(&b->outbox, b->directory);
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

/* The file outlives a version of the program: its keys must not change. */
static void
the_key_is_the_digest_of_the_selection(void **state)
{
	struct override overrides[] = { { "host", "h" }, { "port", "1" } };
	const struct selection none = {0},
		plain = { .account = "a", .config = "/c" },
		both = { .account = "a", .config = "/c",
			.overrides = overrides, .noverrides = 2 };
	struct selection own = both;
	char key[HELD_KEY];

	(void)state;
	held_key(key, &none);
	assert_string_equal(key, "75a11da44c802486");
	held_key(key, &plain);
	assert_string_equal(key, "514e2911ba791897");
	held_key(key, &both);
	assert_string_equal(key, "26738df280459edf");
	/* a login that it may use is not for the others */
	own.is_own = 1;
	held_key(key, &own);
	assert_string_not_equal(key, "26738df280459edf");
}

static void
the_list_is_read_as_it_was_written(void **state)
{
	struct bench *b = *state;
	struct held_site sites[2] = {
		{ .key = "0123456789abcdef", .since = 1, .due = 2, .code = 78,
		    .text = "one trouble" },
		{ .key = "fedcba9876543210", .since = 0, .due = 0, .code = 1,
		    .text = "x" },
	};
	struct held held = {0}, read;
	struct stat status;

	held_add(&held, &sites[0]);
	held_add(&held, &sites[1]);
	held_write(&held, &b->outbox);
	held_read(&read, &b->outbox);
	assert_int_equal(read.n, 2);
	for (size_t i = 0; i < 2; i++) {
		const struct held_site *site = held_find(&read, sites[i].key);

		assert_ptr_equal(site, &read.at[i]);
		assert_int_equal(site->since, sites[i].since);
		assert_int_equal(site->due, sites[i].due);
		assert_int_equal(site->code, sites[i].code);
		assert_string_equal(site->text, sites[i].text);
	}
	held_free(&read);
	assert_int_equal(fstatat(b->outbox.places[OUTBOX_JOURNAL], "held",
	    &status, 0), 0);
	assert_int_equal(status.st_mode & 0777, 0600);
	held.n = 0;
	held_write(&held, &b->outbox);
	assert_int_equal(fstatat(b->outbox.places[OUTBOX_JOURNAL], "held",
	    &status, 0), -1);
	held_read(&read, &b->outbox);
	assert_int_equal(read.n, 0);
	held_free(&read);
	held_free(&held);
}

static void
a_site_has_one_lock(void **state)
{
	struct bench *b = *state;
	struct error err = {0};
	char path[64];
	int one, other;

	one = lock_site(b->directory, "one", &err);
	assert_true(one >= 0);
	assert_int_equal(lock_site(b->directory, "one", &err), LOCK_BUSY);
	assert_int_equal(err.code, EX_TEMPFAIL);
	assert_string_equal(err.text, "another run is sending the messages of "
	    "this account");
	other = lock_site(b->directory, "other", &err);
	assert_true(other >= 0);
	close(other);
	lock_sweep(b->directory);
	snprintf(path, sizeof(path), "%s/site-one", b->directory);
	assert_int_equal(access(path, F_OK), 0);
	snprintf(path, sizeof(path), "%s/site-other", b->directory);
	assert_int_equal(access(path, F_OK), -1);
	close(one);
	/* what is no lock stays */
	lock_sweep(b->directory);
	snprintf(path, sizeof(path), "%s/site-one", b->directory);
	assert_int_equal(access(path, F_OK), -1);
	snprintf(path, sizeof(path), "%s/new", b->directory);
	assert_int_equal(access(path, F_OK), 0);
	lock_sweep("/nonexistent");
}

static void
a_lock_that_cannot_be_made_is_told(void **state)
{
	struct error err = {0};

	(void)state;
	assert_int_equal(lock_site("/nonexistent", "x", &err), -1);
	assert_int_equal(err.code, EX_TEMPFAIL);
	assert_string_equal(err.text, "outbox: cannot lock "
	    "/nonexistent/site-x: No such file or directory");
}

static void
a_lock_is_waited_for_until_the_deadline(void **state)
{
	struct bench *b = *state;
	struct error err = {0};
	int one = lock_site(b->directory, "one", &err);
	int64_t began = deadline_now();
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "%s/site-one", b->directory);
	fd = open(path, O_RDWR);
	assert_true(fd >= 0);
	assert_int_equal(lock_take(fd, "x", deadline_in(300), &err), 0);
	assert_in_range(deadline_now() - began, 300, 10000);
	assert_int_equal(err.code, 0);
	close(one);
	began = deadline_now();
	assert_int_equal(lock_take(fd, "x", deadline_in(20000), &err), 1);
	assert_in_range(deadline_now() - began, 0, 10000);
	close(fd);
	assert_int_equal(lock_take(-1, "x", deadline_in(300), &err), -1);
	assert_string_equal(err.text, "outbox: cannot lock x: "
	    "Bad file descriptor");
}

static void
a_signal_ends_the_wait_for_a_lock(void **state)
{
	struct bench *b = *state;
	struct error err = {0};
	int one = lock_site(b->directory, "one", &err);
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "%s/site-one", b->directory);
	fd = open(path, O_RDWR);
	signals_hold();
	raise(SIGTERM);
	assert_int_equal(lock_take(fd, "x", deadline_in(20000), &err), -1);
	assert_int_equal(err.signal, SIGTERM);
	signal(SIGTERM, SIG_IGN); /* no longer pending */
	signals_reset();
	signal(SIGTERM, SIG_DFL);
	close(fd);
	close(one);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_key_is_the_digest_of_the_selection),
		TEST(the_list_is_read_as_it_was_written),
		TEST(a_site_has_one_lock),
		TEST(a_lock_that_cannot_be_made_is_told),
		TEST(a_lock_is_waited_for_until_the_deadline),
		TEST(a_signal_ends_the_wait_for_a_lock),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
