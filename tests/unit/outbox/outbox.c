/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "../unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/xmalloc.h"
#include "outbox/outbox.h"
#include "outbox/room.h"

static const char text[] = "From: a@example.org\nSubject: x\n\n"
    ".dot\nlast line without end";

/* What another run does to the one message while syncing its name fails. */
static struct {
	const struct outbox *outbox; /* NULL: syncing works */
	void (*act)(const struct outbox *o, const char *id);
} meanwhile;

/* Called instead of libc's: nothing here has to survive a power cut. */
int
fsync(int fd)
{
	const struct outbox *o = meanwhile.outbox;
	struct string_list ids = {0};
	struct error err = {0};

	if (o == NULL || fd != o->places[OUTBOX_NEW])
		return 0;
	assert_int_equal(outbox_list(o, OUTBOX_NEW, &ids, &err), 0);
	assert_int_equal(ids.n, 1);
	meanwhile.act(o, ids.at[0]);
	string_list_free(&ids);
	errno = EIO;
	return -1;
}

/* A directory of our own, and an entry to put into outboxes there. */
struct fixture {
	char directory[64];
	char *path;
	struct message_file entry;
	struct override set;
};

static void
add_recipient(struct envelope *e, const char *path, int code)
{
	e->to = xgrow(e->to, e->n, sizeof(e->to[0]));
	memset(&e->to[e->n], 0, sizeof(e->to[0]));
	e->to[e->n].path = xstrdup(path);
	e->to[e->n++].reply.code = code;
}

static int
set_up(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));
	struct spool spool = {0};
	struct error err = {0};

	strcpy(f->directory, "/tmp/outbox.XXXXXX");
	assert_non_null(mkdtemp(f->directory));
	f->path = xasprintf("%s/deep/er", f->directory);
	f->entry.fd = -1;
	f->set = (struct override){ "host", "mail.example.org" };
	f->entry.origin.account = "work";
	f->entry.origin.overrides = &f->set;
	f->entry.origin.noverrides = 1;
	f->entry.envelope.sender = xstrdup("a@example.org");
	f->entry.envelope.envid = xstrdup("QQ1");
	f->entry.envelope.message_id = xstrdup("<1@example.org>");
	add_recipient(&f->entry.envelope, "b@example.org", 250);
	add_recipient(&f->entry.envelope, "\"c d\"@example.org", 451);
	add_recipient(&f->entry.envelope, "e@example.org", 550);
	f->entry.envelope.to[1].notify = xstrdup("NEVER");
	f->entry.queued = 1000;
	f->entry.due = 1300;
	f->entry.doubts = 1;
	f->entry.reason = xstrdup("451 later, please");
	assert_int_equal(spool_add(&spool, text, strlen(text), &err), 0);
	assert_int_equal(message_take(&f->entry.message, &spool, &err), 0);
	*state = f;
	return 0;
}

static int
tear_down(void **state)
{
	struct fixture *f = *state;
	int status = remove_tree(f->directory);

	free(f->path);
	f->entry.origin.overrides = NULL;
	message_file_free(&f->entry);
	free(f);
	return status;
}

static void
open_outbox(struct outbox *o, const struct fixture *f)
{
	struct error err = {0};

	if (outbox_open(o, f->path, OUTBOX_WRITE, &err) != 0)
		fail_msg("%s", err.text);
}

/* The same with the fixture's entry in it, under id. */
static void
open_with_message(struct outbox *o, const struct fixture *f,
    char id[OUTBOX_ID])
{
	struct error err = {0};

	open_outbox(o, f);
	if (outbox_add(o, OUTBOX_NEW, &f->entry, MESSAGE_FILE_WHOLE, id,
	    &err) != 0)
		fail_msg("%s", err.text);
}

static int
read_back(struct message_file *e, const struct outbox *o,
    enum outbox_place place,
    const char *id, struct error *err)
{
	int fd = outbox_open_message(o, place, id, err);

	return fd >= 0 ? message_file_read(e, fd, err) : -1;
}

static size_t
count(const struct outbox *o, enum outbox_place place)
{
	struct string_list ids = {0};
	struct error err = {0};
	size_t n;

	assert_int_equal(outbox_list(o, place, &ids, &err), 0);
	n = ids.n;
	string_list_free(&ids);
	return n;
}

static void
a_message_comes_back_as_it_was(void **state)
{
	struct fixture *f = *state;
	struct outbox o;
	struct error err = {0};
	struct message_file e;
	char id[OUTBOX_ID];

	open_with_message(&o, f, id);
	assert_int_equal(count(&o, OUTBOX_NEW), 1);
	assert_int_equal(read_back(&e, &o, OUTBOX_NEW, id, &err), 0);
	assert_string_equal(e.origin.account, "work");
	assert_int_equal(e.origin.noverrides, 1);
	assert_string_equal(e.origin.overrides[0].key, "host");
	assert_string_equal(e.origin.overrides[0].value, "mail.example.org");
	assert_string_equal(e.envelope.sender, "a@example.org");
	assert_string_equal(e.envelope.envid, "QQ1");
	assert_null(e.envelope.notify);
	assert_int_equal(e.envelope.n, 3);
	assert_string_equal(e.envelope.to[1].path, "\"c d\"@example.org");
	assert_string_equal(e.envelope.to[1].notify, "NEVER");
	assert_null(e.envelope.to[2].notify);
	assert_int_equal(e.queued, 1000);
	assert_int_equal(e.due, 1300);
	assert_int_equal(e.doubts, 1);
	assert_string_equal(e.reason, "451 later, please");
	assert_int_equal(message_size(&e.message),
	    message_size(&f->entry.message));
	assert_int_equal(e.message.nfields, 2);
	message_file_free(&e);
	outbox_close(&o);
}

static void
a_part_is_for_its_recipients_only(void **state)
{
	struct fixture *f = *state;
	struct outbox o;
	struct error err = {0};
	struct message_file e;
	char id[OUTBOX_ID];

	open_outbox(&o, f);
	assert_int_equal(outbox_add(&o, OUTBOX_NEW, &f->entry,
	    MESSAGE_FILE_OPEN, id, &err), 0);
	assert_int_equal(read_back(&e, &o, OUTBOX_NEW, id, &err), 0);
	assert_int_equal(e.envelope.n, 1);
	assert_string_equal(e.envelope.to[0].path, "\"c d\"@example.org");
	message_file_free(&e);
	outbox_close(&o);
}

static struct journal of_flush = { .fd = -1 };

static void
do_nothing(const struct outbox *o, const char *id)
{
	assert_false(outbox_is_missing(o, OUTBOX_NEW, id));
}

static void
begin_to_send(const struct outbox *o, const char *id)
{
	struct error err = {0};

	assert_int_equal(outbox_open_journal(o, id, 0, &of_flush, &err), 1);
}

static void
send_it(const struct outbox *o, const char *id)
{
	struct error err = {0};

	assert_int_equal(outbox_unlink(o, OUTBOX_NEW, id, &err), 0);
}

/* Otherwise its sender would send it again. */
static void
what_a_flush_has_taken_is_queued_even_if_not_synced(void **state)
{
	static const struct {
		void (*act)(const struct outbox *o, const char *id);
		int result;
		size_t left;
	} rows[] = { { do_nothing, -1, 0 }, { begin_to_send, 0, 1 },
	    { send_it, 0, 0 } };
	struct fixture *f = *state;
	struct outbox o;
	char id[OUTBOX_ID];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct error err = {0};

		open_outbox(&o, f);
		meanwhile.outbox = &o;
		meanwhile.act = rows[i].act;
		assert_int_equal(outbox_add(&o, OUTBOX_NEW, &f->entry,
		    MESSAGE_FILE_WHOLE, id, &err), rows[i].result);
		assert_int_equal(err.code, rows[i].result == 0 ? 0
		    : EX_TEMPFAIL);
		meanwhile.outbox = NULL;
		assert_int_equal(count(&o, OUTBOX_NEW), rows[i].left);
		journal_close(&of_flush);
		assert_int_equal(count(&o, OUTBOX_JOURNAL), rows[i].left);
		assert_int_equal(outbox_remove(&o, OUTBOX_NEW, id, &err), 0);
		outbox_close(&o);
	}
}

/* The digit of the version in the first line. */
#define VERSION_AT 14

/* Every way to change one octet, and every way to cut it short. */
static void
damage_anywhere_is_seen(void **state)
{
	struct fixture *f = *state;
	struct outbox o;
	struct error err = {0};
	struct message_file e;
	char id[OUTBOX_ID], octet, other;
	uint64_t size;
	int fd;

	open_with_message(&o, f, id);
	size = outbox_message_size(&o, OUTBOX_NEW, id);
	fd = openat(o.places[OUTBOX_NEW], id, O_RDWR);
	assert_true(fd >= 0);
	for (off_t at = 0; at < (off_t)size; at++) {
		assert_int_equal(pread(fd, &octet, 1, at), 1);
		other = (char)(octet ^ 1);
		assert_int_equal(pwrite(fd, &other, 1, at), 1);
		assert_int_equal(read_back(&e, &o, OUTBOX_NEW, id, &err), -1);
		assert_int_equal(err.code, at == VERSION_AT ? EX_CONFIG
		    : EX_DATAERR);
		message_file_free(&e);
		assert_int_equal(pwrite(fd, &octet, 1, at), 1);
	}
	assert_int_equal(pwrite(fd, "x", 1, (off_t)size), 1);
	for (off_t len = (off_t)size + 1; len >= 0; len--) {
		if (len == (off_t)size)
			continue;
		assert_int_equal(ftruncate(fd, len), 0);
		assert_int_equal(read_back(&e, &o, OUTBOX_NEW, id, &err), -1);
		assert_int_equal(err.code, EX_DATAERR);
		message_file_free(&e);
	}
	close(fd);
	outbox_close(&o);
}

static void
a_second_name_is_read_only_if_private_and_a_link_never(void **state)
{
	struct fixture *f = *state;
	struct outbox o;
	struct error err = {0};
	struct message_file e;
	char id[OUTBOX_ID];

	open_with_message(&o, f, id);
	assert_int_equal(linkat(o.places[OUTBOX_NEW], id,
	    o.places[OUTBOX_FAILED], "other", 0), 0);
	assert_int_equal(read_back(&e, &o, OUTBOX_NEW, id, &err), 0);
	message_file_free(&e);
	assert_int_equal(fchmodat(o.places[OUTBOX_NEW], id, 0604, 0), 0);
	assert_int_equal(read_back(&e, &o, OUTBOX_NEW, id, &err), -1);
	assert_int_equal(err.code, EX_NOPERM);
	assert_string_equal(err.text, "expected mode 600, as the file has "
	    "another name, not mode 604");
	assert_string_equal(err.hint, "make the file private with chmod 600");
	message_file_free(&e);
	assert_int_equal(unlinkat(o.places[OUTBOX_FAILED], "other", 0), 0);
	assert_int_equal(symlinkat(id, o.places[OUTBOX_NEW],
	    "20261123T125500Z-0000000000000000"), 0);
	assert_int_equal(outbox_open_message(&o, OUTBOX_NEW,
	    "20261123T125500Z-0000000000000000", &err), -1);
	outbox_close(&o);
}

/* Only a file of our own making is swept, and only once it is old. */
static void
a_link_with_the_name_of_an_unfinished_file_is_left_alone(void **state)
{
	static const char name[] =
	    ".unfinished-20261123T125500Z-0000000000000000";
	struct fixture *f = *state;
	struct outbox o;
	struct stat st;

	open_outbox(&o, f);
	assert_int_equal(symlinkat("/etc/passwd", o.places[OUTBOX_NEW], name),
	    0);
	outbox_sweep(&o);
	assert_int_equal(fstatat(o.places[OUTBOX_NEW], name, &st,
	    AT_SYMLINK_NOFOLLOW), 0);
	outbox_close(&o);
}

static void
an_outbox_that_others_can_use_becomes_private(void **state)
{
	struct fixture *f = *state;
	struct outbox o;
	struct error err = {0};
	struct stat st;

	open_outbox(&o, f);
	outbox_close(&o);
	assert_int_equal(chmod(f->path, 0750), 0);
	assert_int_equal(outbox_open(&o, f->path, OUTBOX_READ, &err), 0);
	outbox_close(&o);
	assert_string_equal(err.hint, "");
	assert_int_equal(outbox_open(&o, f->path, OUTBOX_WRITE, &err), 0);
	outbox_close(&o);
	assert_non_null(strstr(err.hint, "is private now"));
	assert_int_equal(stat(f->path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
}

/* One that is read is left as it is, and need not be complete. */
static void
an_outbox_that_is_read_is_not_changed(void **state)
{
	struct fixture *f = *state;
	char *failed = xasprintf("%s/failed", f->path);
	struct string_list ids = {0};
	struct outbox o;
	struct stat st;
	struct error err = {0};

	assert_int_equal(outbox_open(&o, f->path, OUTBOX_READ, &err), -1);
	assert_int_equal(err.code, EX_TEMPFAIL);
	outbox_close(&o);
	assert_int_equal(outbox_exists(f->path), 0);
	memset(&err, 0, sizeof(err));
	assert_int_equal(outbox_open(&o, f->path, OUTBOX_WRITE, &err), 0);
	assert_true(o.lock >= 0);
	outbox_close(&o);
	assert_int_equal(outbox_exists(f->path), 1);
	assert_int_equal(rmdir(failed), 0);
	assert_int_equal(chmod(f->path, 0755), 0);
	assert_int_equal(outbox_open(&o, f->path, OUTBOX_READ, &err), 0);
	assert_string_equal(err.hint, "");
	assert_int_equal(o.lock, -1);
	assert_int_equal(o.places[OUTBOX_FAILED], -1);
	assert_true(o.places[OUTBOX_NEW] >= 0);
	assert_int_equal(outbox_list(&o, OUTBOX_FAILED, &ids, &err), 0);
	assert_int_equal(ids.n, 0);
	outbox_close(&o);
	assert_int_equal(stat(failed, &st), -1);
	assert_int_equal(stat(f->path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0755);
	assert_int_equal(outbox_open(&o, "relative", OUTBOX_READ, &err), -1);
	assert_string_equal(err.text, "outbox: expected an absolute path");
	outbox_close(&o);
	outbox_close(&o); /* twice is no harm */
	free(failed);
}

static void
another_directory_that_others_can_use_is_refused(void **state)
{
	struct fixture *f = *state;
	struct outbox o;
	struct error err = {0};

	assert_int_equal(chmod(f->directory, 0750), 0);
	assert_int_equal(outbox_open(&o, f->directory, OUTBOX_WRITE, &err),
	    -1);
	assert_int_equal(err.code, EX_CANTCREAT);
	assert_non_null(strstr(err.text, "not private"));
	outbox_close(&o);
	assert_int_equal(chmod(f->directory, 0700), 0);
}

static void
directories_are_private_whatever_the_umask(void **state)
{
	struct fixture *f = *state;
	mode_t mask = umask(0777);
	struct outbox o;
	struct stat st;
	char id[OUTBOX_ID];

	open_with_message(&o, f, id);
	umask(mask);
	assert_int_equal(fstat(o.places[OUTBOX_NEW], &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	assert_int_equal(fstatat(o.places[OUTBOX_NEW], id, &st, 0), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	outbox_close(&o);
}

static void
only_one_holds_the_lock(void **state)
{
	struct fixture *f = *state;
	struct outbox one, other;
	struct error err = {0};

	open_outbox(&one, f);
	open_outbox(&other, f);
	assert_int_equal(outbox_lock(&one, 0, &err), 1);
	assert_int_equal(outbox_lock(&other, 0, &err), 0);
	outbox_close(&one);
	assert_int_equal(outbox_lock(&other, 0, &err), 1);
	outbox_close(&other);
}

static void
a_message_moves_and_goes_with_its_journal(void **state)
{
	struct fixture *f = *state;
	struct outbox o;
	struct error err = {0};
	struct journal_state h;
	struct journal j;
	char id[OUTBOX_ID];

	open_with_message(&o, f, id);
	assert_int_equal(outbox_open_journal(&o, id, 0, &j, &err), 1);
	assert_int_equal(journal_write(&j, JOURNAL_FAILED, 0, "no", &err), 0);
	journal_close(&j);
	assert_int_equal(outbox_move(&o, id, OUTBOX_NEW, OUTBOX_FAILED,
	    &err), 0);
	assert_int_equal(count(&o, OUTBOX_NEW), 0);
	assert_int_equal(count(&o, OUTBOX_FAILED), 1);
	outbox_sweep(&o);
	assert_int_equal(outbox_read_journal(&o, id, &h, &err), 0);
	assert_string_equal(h.reason, "no");
	journal_state_free(&h);
	assert_int_equal(outbox_remove(&o, OUTBOX_FAILED, id, &err), 0);
	assert_int_equal(count(&o, OUTBOX_FAILED), 0);
	assert_int_equal(count(&o, OUTBOX_JOURNAL), 0);
	outbox_close(&o);
}

static void
what_a_killed_writer_left_is_swept_when_it_is_old(void **state)
{
	static const char *const names[] =
	    { ".unfinished-20261123T125500Z-aaaaaaaaaaaaaaaa",
	    ".unfinished-20261123T125500Z-bbbbbbbbbbbbbbbb",
	    ".unfinished-foreign" };
	const struct timespec past[2] = { { 1000, 0 }, { 1000, 0 } };
	struct fixture *f = *state;
	struct outbox o;
	int fds[3];

	open_outbox(&o, f);
	for (size_t i = 0; i < 3; i++) {
		fds[i] = openat(o.places[OUTBOX_NEW], names[i], O_WRONLY |
		    O_CREAT, 0600);
		assert_true(fds[i] >= 0);
		if (i != 1)
			assert_int_equal(futimens(fds[i], past), 0);
		close(fds[i]);
	}
	outbox_sweep(&o);
	assert_int_equal(faccessat(o.places[OUTBOX_NEW], names[0], F_OK, 0),
	    -1);
	assert_int_equal(faccessat(o.places[OUTBOX_NEW], names[1], F_OK, 0),
	    0);
	assert_int_equal(faccessat(o.places[OUTBOX_NEW], names[2], F_OK, 0),
	    0);
	assert_int_equal(count(&o, OUTBOX_NEW), 0);
	outbox_close(&o);
}

static void
write_tally(const struct outbox *o, const char *line)
{
	char *path = xasprintf("%s/tally", o->path);
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs(line, file);
	fclose(file);
	free(path);
}

static void
a_full_outbox_says_so(void **state)
{
	struct fixture *f = *state;
	struct account a;
	struct outbox o;
	struct error err = {0};
	char id[OUTBOX_ID];

	account_init(&a, "");
	open_with_message(&o, f, id);
	assert_int_equal(room_take(&o, &a, 1000, &err), 0);
	assert_int_equal(account_set(&a, "outbox_max_size", "1", &err), 0);
	assert_int_equal(room_take(&o, &a, 2 << 20, &err), -1);
	assert_int_equal(err.code, EX_TEMPFAIL);
	assert_int_equal(account_set(&a, "outbox_max_messages", "1", &err),
	    0);
	assert_int_equal(room_take(&o, &a, 1, &err), -1);
	assert_non_null(strstr(err.text, "outbox full"));
	outbox_close(&o);
	account_free(&a);
}

/* One that is torn, foreign or too high is counted anew. */
static void
a_wrong_tally_refuses_nothing(void **state)
{
	static const char *const texts[] = { "", "\n", "1", "1 2", "x y\n",
	    "999999 5\n", "1 999999999999\n", "-1 -1\n",
	    "99999999999999999999 1\n" };
	struct fixture *f = *state;
	struct account a;
	struct outbox o;
	struct error err = {0};
	char id[OUTBOX_ID];

	account_init(&a, "");
	open_with_message(&o, f, id);
	assert_int_equal(account_set(&a, "outbox_max_messages", "2", &err),
	    0);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		write_tally(&o, texts[i]);
		assert_int_equal(room_take(&o, &a, 1000, &err), 0);
	}
	room_count(&o);
	assert_int_equal(room_take(&o, &a, 1000, &err), 0);
	outbox_close(&o);
	account_free(&a);
}

/* What the journals of messages take counts, too. */
static void
journals_take_room(void **state)
{
	struct fixture *f = *state;
	struct account a;
	struct outbox o;
	struct journal j;
	struct error err = {0};
	char id[OUTBOX_ID];

	account_init(&a, "");
	assert_int_equal(account_set(&a, "outbox_max_size", "1", &err), 0);
	open_with_message(&o, f, id);
	assert_int_equal(outbox_open_journal(&o, id, 0, &j, &err), 1);
	assert_int_equal(ftruncate(j.fd, 1 << 20), 0);
	journal_close(&j);
	assert_int_equal(room_take(&o, &a, 1, &err), -1);
	assert_non_null(strstr(err.text, "outbox_max_size"));
	outbox_close(&o);
	account_free(&a);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_message_comes_back_as_it_was),
		TEST(a_part_is_for_its_recipients_only),
		TEST(what_a_flush_has_taken_is_queued_even_if_not_synced),
		TEST(damage_anywhere_is_seen),
		TEST(a_second_name_is_read_only_if_private_and_a_link_never),
		TEST(a_link_with_the_name_of_an_unfinished_file_is_left_alone),
		TEST(an_outbox_that_others_can_use_becomes_private),
		TEST(an_outbox_that_is_read_is_not_changed),
		TEST(another_directory_that_others_can_use_is_refused),
		TEST(directories_are_private_whatever_the_umask),
		TEST(only_one_holds_the_lock),
		TEST(a_message_moves_and_goes_with_its_journal),
		TEST(what_a_killed_writer_left_is_swept_when_it_is_old),
		TEST(a_full_outbox_says_so),
		TEST(a_wrong_tally_refuses_nothing),
		TEST(journals_take_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
