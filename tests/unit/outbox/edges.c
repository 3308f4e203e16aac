/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What others may have written into an outbox, and the ends of its ranges. */
#include "config.h"

#include "../unit.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/poll.h"
#include "base/xmalloc.h"
#include "config/key.h"
#include "config/selection.h"
#include "outbox/enqueue.h"
#include "outbox/flush.h"
#include "outbox/held.h"
#include "outbox/list.h"
#include "outbox/manage.h"
#include "outbox/notify.h"
#include "outbox/outbox.h"

struct fixture {
	char directory[64];
	char *path, *config;
	struct selection selection;
	struct message_file entry;
};

static int
set_up(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));
	FILE *file;

	strcpy(f->directory, "/tmp/edges.XXXXXX");
	assert_non_null(mkdtemp(f->directory));
	setenv("HOME", f->directory, 1);
	f->path = xasprintf("%s/outbox", f->directory);
	f->config = xasprintf("%s/config", f->directory);
	file = fopen(f->config, "w");
	assert_non_null(file);
	fprintf(file, "account default\nhost 127.0.0.1\nport 1\ntls off\n"
	    "auth off\nsandbox off\noutbox %s\n", f->path);
	fclose(file);
	assert_int_equal(chmod(f->config, 0600), 0);
	f->selection.config = f->config;
	f->entry.fd = -1;
	f->entry.origin.account = "default";
	f->entry.origin.config = f->config;
	f->entry.queued = time(NULL);
	f->entry.envelope.sender = xstrdup("a@example.org");
	f->entry.envelope.to = xcalloc(1, sizeof(struct recipient));
	f->entry.envelope.to[0].path = xstrdup("b@example.org");
	f->entry.envelope.n = 1;
	*state = f;
	return 0;
}

static int
tear_down(void **state)
{
	struct fixture *f = *state;
	int status = remove_tree(f->directory);

	free(f->path);
	free(f->config);
	f->entry.origin.config = NULL;
	message_file_free(&f->entry);
	free(f);
	return status;
}

/* A message of that many octets in the outbox, which stays open. */
static void
add_message(struct fixture *f, struct outbox *o, size_t size,
    char id[OUTBOX_ID])
{
	char *text = xmalloc(size + 1);
	struct spool spool = {0};
	struct error err = {0};

	message_free(&f->entry.message);
	for (size_t i = 0; i < size; i++)
		text[i] = i % 60 == 59 ? '\n' : 'x';
	memcpy(text, "Subject: x\n\n", 12);
	assert_int_equal(spool_add(&spool, text, size, &err), 0);
	assert_int_equal(message_take(&f->entry.message, &spool, &err), 0);
	free(text);
	if (o->path == NULL)
		assert_int_equal(outbox_open(o, f->path, OUTBOX_WRITE, &err),
		    0);
	assert_int_equal(outbox_add(o, OUTBOX_NEW, &f->entry,
	    MESSAGE_FILE_WHOLE, id, &err), 0);
}

static void
write_text(int directory, const char *name, const char *text)
{
	int fd = openat(directory, name, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

/* Lines of the list of held accounts: only the whole ones count. */
static void
a_line_of_held_accounts_is_whole_or_nothing(void **state)
{
	static const char text[] = "held 1 2 0123456789abcdef 78 trouble\n"
	    "other 1 2 0123456789abcdef 78 trouble\n"
	    "held x 2 0123456789abcdef 78 trouble\n"
	    "held 1 x 0123456789abcdef 78 trouble\n"
	    "held 1 2 0123456789abcdef 0 trouble\n"
	    "held 1 2 0123456789abcdef x trouble\n"
	    "held 1 2 0123456789abcdef 78\nheld 1 2\nheld\n\n";
	struct fixture *f = *state;
	struct held held = {0};
	struct outbox o = {0};
	char id[OUTBOX_ID];

	add_message(f, &o, 99, id);
	write_text(o.places[OUTBOX_JOURNAL], "held", text);
	held_read(&held, &o);
	assert_int_equal(held.n, 1);
	assert_int_equal(held.at[0].since, 1);
	assert_int_equal(held.at[0].due, 2);
	assert_int_equal(held.at[0].code, EX_CONFIG);
	assert_string_equal(held.at[0].text, "trouble");
	assert_non_null(held_find(&held, "0123456789abcdef"));
	assert_null(held_find(&held, "0123456789abcdee"));
	held_free(&held);
	outbox_close(&o);
}

/* A line in place of that which begins like it, in the head of a message. */
static const struct {
	const char *begin, *line;
} spoilt[] = {
	{ "sender ", "sender a@example.org\nsender a@example.org\n" },
	{ "sender ", "notify NEVER\nsender a@example.org\n" },
	{ "sender ", "sender a\n" },
	{ "sender ", "" },
	{ "recipient ", "recipient b@example.org\nnotify NEVER DELAY\n" },
	{ "recipient ", "recipient b@example.org\nnotify NEVER\n"
	    "notify NEVER\n" },
	{ "recipient ", "recipient b@example.org\nnotify N\xc3\xa4\n" },
	{ "recipient ", "recipient b@example.org, c@example.org\n" },
	{ "recipient ", "recipient <b@example.org>\n" },
	{ "recipient ", "" },
	{ "queued ", "queued x\n" },
	{ "queued ", "queued 99999999999999999999\n" },
	{ "queued ", "queued 1000\ndoubts 101\n" },
	{ "queued ", "queued 1000\ndoubts x\n" },
	{ "queued ", "queued 1000\nsmtputf8 0\n" },
	{ "queued ", "queued\n" },
	{ "queued ", " queued 1000\n" },
	{ "queued ", "queued 1000\nset host\n" },
	{ "queued ", "queued 1000\nset no-such-key=x\n" },
	{ "config ", "config relative\n" },
};

static void
a_record_that_nobody_wrote_is_damage(void **state)
{
	struct fixture *f = *state;
	struct outbox o = {0};
	char id[OUTBOX_ID], text[8192];
	struct error err = {0};
	ssize_t len;
	int fd;

	f->entry.queued = 1000;
	add_message(f, &o, 99, id);
	fd = outbox_open_message(&o, OUTBOX_NEW, id, &err);
	len = read(fd, text, sizeof(text) - 1);
	close(fd);
	assert_true(len > 0);
	text[len] = '\0';
	for (size_t i = 0; i < sizeof(spoilt) / sizeof(spoilt[0]); i++) {
		char *line = strstr(text, spoilt[i].begin), *rest;
		struct message_file m;
		char *changed;

		assert_non_null(line);
		rest = strchr(line, '\n') + 1;
		changed = xasprintf("%.*s%s%s", (int)(line - text), text,
		    spoilt[i].line, rest);
		write_text(o.places[OUTBOX_NEW], "spoilt", changed);
		fd = outbox_open_message(&o, OUTBOX_NEW, "spoilt", &err);
		memset(&err, 0, sizeof(err));
		if (message_file_read_head(&m, fd, &err) != -1)
			fail_msg("accepted: %s", spoilt[i].line);
		if (err.code != EX_DATAERR)
			fail_msg("%s: %s", spoilt[i].line, err.text);
		message_file_free(&m);
		free(changed);
	}
	outbox_close(&o);
}

/* Another run has the outbox. */
static void
a_locked_outbox_is_left_to_the_run_that_has_it(void **state)
{
	struct fixture *f = *state;
	char id[OUTBOX_ID], *words[] = { id };
	struct outbox o = {0};
	struct error err = {0};
	struct flush result;
	const struct manage_order retry = { .selection = &f->selection,
		.verb = "retry", .ids = words, .nids = 1 };
	const struct flush_order order = { .path = f->path,
		.config = f->config, .until = DEADLINE_NONE, .trace = -1,
		.which = FLUSH_ALL };

	signals_hold();
	add_message(f, &o, 99, id);
	assert_int_equal(outbox_lock(&o, 0, &err), 1);
	assert_int_equal(manage_run(STDERR_FILENO, &retry, &err), -1);
	assert_int_equal(err.code, EX_TEMPFAIL);
	assert_non_null(strstr(err.text, "another run is sending"));
	memset(&err, 0, sizeof(err));
	assert_int_equal(flush_outbox(&result, &order, &err), 0);
	assert_true(result.busy);
	outbox_close(&o);
}

/* A time that is over, and one that has not begun, are no reason to try. */
static void
a_flush_ends_at_its_time(void **state)
{
	struct fixture *f = *state;
	const struct flush_order order = { .path = f->path,
		.config = f->config, .until = deadline_now() - 1, .trace = -1,
		.which = FLUSH_ALL };
	struct outbox o = {0};
	struct error err = {0};
	struct flush result;
	char id[OUTBOX_ID];

	signals_hold();
	add_message(f, &o, 99, id);
	add_message(f, &o, 99, id);
	outbox_close(&o);
	assert_int_equal(flush_outbox(&result, &order, &err), 0);
	assert_int_equal(result.waiting, 2);
	assert_int_equal(result.sent + result.failed, 0);
}

static void
the_third_doubt_is_the_last(void **state)
{
	struct fixture *f = *state;
	const struct flush_order order = { .path = f->path,
		.config = f->config, .until = DEADLINE_NONE, .trace = -1,
		.which = FLUSH_ALL };
	struct outbox o = {0};
	struct error err = {0};
	struct flush result;
	char id[OUTBOX_ID];

	signals_hold();
	f->entry.doubts = 3;
	add_message(f, &o, 99, id);
	outbox_close(&o);
	assert_int_equal(flush_outbox(&result, &order, &err), -1);
	assert_int_equal(result.failed, 1);
	assert_non_null(strstr(err.text,
	    "delivery outcome unknown after three attempts"));
}

/* What the list says of a large message, and of one of the future. */
static void
the_list_has_units_for_any_size(void **state)
{
	static const struct {
		size_t size;
		const char *shown;
	} sizes[] = { { 2500, "kB" }, { 2500000, "MB" } };
	struct fixture *f = *state;
	const struct list_order order = { &f->selection, LIST_ALL, LIST_TEXT };

	for (size_t i = 0; i < 2; i++) {
		char text[4096], id[OUTBOX_ID];
		struct outbox o = {0};
		struct error err = {0};
		int ends[2];
		ssize_t n;

		f->entry.queued = i == 0 ? (int64_t)time(NULL) + 9999 : 1000;
		add_message(f, &o, sizes[i].size, id);
		assert_int_equal(pipe(ends), 0);
		assert_int_equal(list_messages(ends[1], &order, &err), 0);
		n = read(ends[0], text, sizeof(text) - 1);
		assert_true(n > 0);
		text[n] = '\0';
		assert_non_null(strstr(text, id));
		assert_non_null(strstr(text, sizes[i].shown));
		assert_int_equal(outbox_remove(&o, OUTBOX_NEW, id, &err), 0);
		outbox_close(&o);
		close(ends[0]);
		close(ends[1]);
	}
}

static void
an_outbox_has_an_absolute_path_and_its_ids_no_others(void **state)
{
	struct fixture *f = *state;
	struct manage_order order = { .selection = &f->selection,
		.verb = "no-such-verb" };
	struct string_list ids = {0};
	struct outbox o;
	struct error err = {0};
	char id[OUTBOX_ID];

	assert_int_equal(outbox_open(&o, "relative", OUTBOX_WRITE, &err), -1);
	assert_int_not_equal(err.code, 0);
	outbox_close(&o);
	memset(&o, 0, sizeof(o));
	add_message(f, &o, 99, id);
	/* as long as an ID, but none */
	write_text(o.places[OUTBOX_NEW],
	    "20261129T000000Z-0123456789abcd.f", "");
	write_text(o.places[OUTBOX_NEW], "short", "");
	memset(&err, 0, sizeof(err));
	assert_int_equal(outbox_list(&o, OUTBOX_NEW, &ids, &err), 0);
	assert_int_equal(ids.n, 1);
	assert_string_equal(ids.at[0], id);
	string_list_free(&ids);
	outbox_close(&o);
	assert_int_equal(manage_run(STDERR_FILENO, &order, &err), -1);
	assert_int_equal(err.code, EX_USAGE);
	flush_report(STDERR_FILENO, &(struct flush){ .busy = 1 });
}

/* What ended a run, and whether its message is queued. */
static const struct {
	int code, signal, reply, lasting;
	int queued;
} ends[] = {
	{ EX_TEMPFAIL, 0, 0, 0, 1 }, { EX_PROTOCOL, 0, 0, 0, 1 },
	{ EX_NOHOST, 0, 0, 0, 1 }, { EX_OSERR, 0, 0, 0, 1 },
	{ EX_TEMPFAIL, 0, 550, 0, 0 }, { EX_PROTOCOL, 0, 0, 1, 0 },
	{ EX_UNAVAILABLE, 0, 0, 0, 0 }, { EX_DATAERR, 0, 0, 0, 0 },
	{ EX_NOPERM, 0, 0, 0, 1 }, { EX_NOPERM, 0, 0, 1, 0 },
	{ EX_CONFIG, 0, 0, 0, 1 }, { EX_TEMPFAIL, SIGINT, 0, 0, 0 },
	{ EX_TEMPFAIL, SIGQUIT, 0, 0, 0 }, { EX_TEMPFAIL, SIGTERM, 0, 0, 1 },
	{ EX_TEMPFAIL, SIGHUP, 0, 0, 1 },
};

static void
what_ended_the_run_decides_whether_it_is_queued(void **state)
{
	struct fixture *f = *state;
	struct account account;

	account_init(&account, f->directory);
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		const struct error why = { .code = ends[i].code,
			.signal = ends[i].signal, .lasting = ends[i].lasting };
		const struct submission facts = {
			.final.code = ends[i].reply };
		const struct attempt a = { .account = &account,
			.envelope = &f->entry.envelope,
			.message = &f->entry.message, .facts = &facts,
			.result = &why };

		assert_int_equal(enqueue_may_succeed_later(&a),
		    ends[i].queued);
	}
	account_free(&account);
}

static void
a_notice_needs_a_command_and_messages(void **state)
{
	struct fixture *f = *state;
	char *told = xasprintf("%s/told", f->directory);
	char *command = xasprintf("echo >>'%s'", told);
	struct stat st;
	int stdin_ends[2], stdin_before;

	signals_hold();
	notify_run("", 1);
	notify_run(command, 0);
	assert_int_equal(stat(told, &st), -1);
	notify_run(command, 2);
	assert_int_equal(stat(told, &st), 0);
	assert_int_equal(st.st_size, 2); /* the number and LF */
	free(command);
	/* what the caller has on stdin is not for the command */
	command = xasprintf("cat >'%s' #", told);
	assert_int_equal(pipe(stdin_ends), 0);
	stdin_before = dup(STDIN_FILENO);
	assert_int_equal(write(stdin_ends[1], "x", 1), 1);
	assert_int_equal(dup2(stdin_ends[0], STDIN_FILENO), STDIN_FILENO);
	close(stdin_ends[0]);
	close(stdin_ends[1]);
	notify_run(command, 2);
	assert_true(dup2(stdin_before, STDIN_FILENO) == STDIN_FILENO);
	close(stdin_before);
	assert_int_equal(stat(told, &st), 0);
	assert_int_equal(st.st_size, 0);
	free(command);
	free(told);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_line_of_held_accounts_is_whole_or_nothing),
		TEST(a_record_that_nobody_wrote_is_damage),
		TEST(a_flush_ends_at_its_time),
		TEST(the_third_doubt_is_the_last),
		TEST(the_list_has_units_for_any_size),
		TEST(an_outbox_has_an_absolute_path_and_its_ids_no_others),
		TEST(what_ended_the_run_decides_whether_it_is_queued),
		TEST(a_notice_needs_a_command_and_messages),
		/* waits 20 seconds */
		TEST(a_locked_outbox_is_left_to_the_run_that_has_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
