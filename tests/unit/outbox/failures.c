/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Each system call of the outbox fails once: openat() the first time, the
 * second, and so on, until none is left that could. Whatever fails is told, a
 * message that was added is there, and one that was not added is not half
 * there. The functions of libc are defined here, before libc's own.
 */
#include "config.h"

#include "../unit.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/poll.h"
#include "base/xmalloc.h"
#include "config/key.h"
#include "config/selection.h"
#include "outbox/flush.h"
#include "outbox/held.h"
#include "outbox/list.h"
#include "outbox/manage.h"
#include "outbox/notify.h"
#include "outbox/outbox.h"
#include "outbox/room.h"

/* The call that fails: its name, which one, how; how many were seen. */
static struct {
	const char *name;
	unsigned which, seen, all; /* all: that failed in the test */
	int error;
} strike;

static int
strikes(const char *name)
{
	if (strike.name == NULL || strcmp(strike.name, name) != 0 ||
	    ++strike.seen != strike.which)
		return 0;
	strike.all++;
	errno = strike.error;
	return 1;
}

/* libc's own function, of the type of f. */
#define REAL(f) ((__typeof__(&f))(uintptr_t)dlsym(RTLD_NEXT, #f))

#define REPLACE(type, f, parameters, arguments) \
	type f parameters; \
	type f parameters \
	{ \
		return strikes(#f) ? (type)-1 : REAL(f) arguments; \
	}

#ifdef _FILE_OFFSET_BITS /* these functions have other names then */
#define CAN_STRIKE strikes("")
#else
#define CAN_STRIKE 1
REPLACE(int, fstat, (int fd, struct stat *st), (fd, st))
REPLACE(int, pipe, (int ends[2]), (ends))
REPLACE(int, fchmod, (int fd, mode_t mode), (fd, mode))
REPLACE(int, flock, (int fd, int how), (fd, how))
REPLACE(int, ftruncate, (int fd, off_t len), (fd, len))
REPLACE(off_t, lseek, (int fd, off_t at, int how), (fd, at, how))
REPLACE(int, mkdirat, (int d, const char *path, mode_t mode), (d, path, mode))
REPLACE(int, linkat, (int d, const char *from, int e, const char *to,
    int flags), (d, from, e, to, flags))
REPLACE(int, renameat, (int d, const char *from, int e, const char *to),
    (d, from, e, to))
REPLACE(int, unlinkat, (int d, const char *path, int flags), (d, path, flags))
REPLACE(ssize_t, write, (int fd, const void *data, size_t n), (fd, data, n))
REPLACE(ssize_t, read, (int fd, void *data, size_t n), (fd, data, n))
REPLACE(ssize_t, pread, (int fd, void *data, size_t n, off_t at),
    (fd, data, n, at))

REPLACE(int, getentropy, (void *data, size_t n), (data, n))

#define REPLACE_POINTER(type, f, parameters, arguments) \
	type \
	f parameters \
	{ \
		return strikes(#f) ? NULL : REAL(f) arguments; \
	}

/* As for a year that an int cannot have. */
REPLACE_POINTER(struct tm *, gmtime_r, (const time_t *t, struct tm *tm),
    (t, tm))

/* Nothing here has to survive a power cut. */
#define REPLACE_SYNC(f) \
	int f(int fd) \
	{ \
		return fd < 0 || strikes(#f) ? -1 : 0; \
	}

REPLACE_SYNC(fsync)
REPLACE_SYNC(fdatasync)

REPLACE_POINTER(DIR *, fdopendir, (int fd), (fd))
REPLACE_POINTER(struct dirent *, readdir, (DIR *d), (d))

int
openat(int d, const char *path, int flags, ...)
{
	va_list arguments;
	mode_t mode;

	va_start(arguments, flags);
	mode = (flags & O_CREAT) != 0 ? va_arg(arguments, mode_t) : 0;
	va_end(arguments);
	return strikes("openat") ? -1 : REAL(openat)(d, path, flags, mode);
}
#endif

/* The scratch directory, an outbox and a config there, a message. */
struct fixture {
	char directory[64];
	char *path, *config;
	struct message_file entry;
};

static const char text[] = "From: a@example.org\nSubject: x\n\ntext\n";

static int
set_up(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));
	struct envelope *e = &f->entry.envelope;
	struct spool spool = {0};
	struct error err = {0};
	FILE *file;

	strcpy(f->directory, "/tmp/failures.XXXXXX");
	assert_non_null(mkdtemp(f->directory));
	setenv("HOME", f->directory, 1);
	f->path = xasprintf("%s/deep/outbox", f->directory);
	f->config = xasprintf("%s/config", f->directory);
	file = fopen(f->config, "w");
	assert_non_null(file);
	fprintf(file, "account default\nhost mail.example.org\noutbox %s\n",
	    f->path);
	fclose(file);
	assert_int_equal(chmod(f->config, 0600), 0);
	f->entry.fd = -1;
	f->entry.origin.account = "default";
	f->entry.origin.config = f->config;
	f->entry.reason = xstrdup("451 later");
	f->entry.queued = 1000;
	e->sender = xstrdup("a@example.org");
	e->to = xcalloc(2, sizeof(e->to[0]));
	e->to[e->n++].path = xstrdup("b@example.org");
	e->to[e->n++].path = xstrdup("c@example.org");
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
	free(f->config);
	f->entry.origin.config = NULL;
	message_file_free(&f->entry);
	free(f);
	return status;
}

/* A failure has a code and words. */
static int
told(int result, struct error *err)
{
	if (result == -1)
		assert_true(err->code != 0 && err->text[0] != '\0');
	return result == 0;
}

/* A try of the message that ends in one reply of each kind. */
static void
write_journal(const struct outbox *o, struct envelope *e, const char *id)
{
	static const size_t index[] = { 0, 1 };
	struct error err = {0};
	struct journal j;
	int opened = outbox_open_journal(o, id, 0, &j, &err);

	(void)told(opened, &err);
	if (opened != 1) /* 0: another run seems to have it */
		return;
	e->to[0].reply.code = 250;
	e->to[1].reply.code = 550;
	if (told(journal_reserve(&j, e->n, &err), &err) &&
	    told(journal_write(&j, JOURNAL_TRYING, 0, NULL, &err), &err) &&
	    told(journal_write_replies(&j, e, index, &err), &err) &&
	    told(journal_write(&j, JOURNAL_DEFERRED, 99, "451 later", &err),
	    &err) && told(journal_sync(&j, &err), &err))
		journal_rollback(&j);
	journal_close(&j);
	memset(&e->to[0].reply, 0, sizeof(e->to[0].reply));
	memset(&e->to[1].reply, 0, sizeof(e->to[1].reply));
}

static void
read_message(const struct outbox *o, const char *id)
{
	struct journal_state state;
	struct message_file m;
	struct error err = {0};
	int fd;

	if (told(outbox_read_journal(o, id, &state, &err), &err))
		journal_state_free(&state);
	memset(&err, 0, sizeof(err));
	fd = outbox_open_message(o, OUTBOX_NEW, id, &err);
	if (fd < 0) {
		assert_int_not_equal(err.code, 0);
		return;
	}
	(void)told(message_file_read(&m, fd, &err), &err);
	message_file_free(&m);
}

static void
note_held(const struct outbox *o)
{
	struct held_site site = { .key = "0123456789abcdef", .since = 1,
		.due = 2, .code = EX_CONFIG, .text = "trouble" };
	struct held held = {0};

	held_add(&held, &site);
	held_write(&held, o);
	held_free(&held);
	held_read(&held, o);
	assert_true(held.n <= 1);
	held_free(&held);
}

/* The outbox as a caller finds it: its ID is there, or not at all. */
static int
is_listed(const struct outbox *o, enum outbox_place place, const char *id)
{
	struct string_list ids = {0};
	struct error err = {0};
	int found = 0;

	if (told(outbox_list(o, place, &ids, &err), &err))
		for (size_t i = 0; i < ids.n; i++)
			found |= strcmp(ids.at[i], id) == 0;
	string_list_free(&ids);
	return found;
}

/* All that an outbox does with one message. Returns 1 if it was added and not
 * removed, with its ID. */
static int
pass_through(struct fixture *f, char id[OUTBOX_ID])
{
	struct account limits;
	const struct string_list seen = { &id, 1 };
	struct string_list ids = {0};
	struct error err = {0};
	struct outbox o;
	int left = 0;

	id[0] = '\0';
	account_init(&limits, f->directory);
	if (told(outbox_open(&o, f->path, OUTBOX_WRITE, &err), &err) &&
	    told(room_take(&o, &limits, 100, &err), &err) &&
	    told(outbox_add(&o, OUTBOX_NEW, &f->entry, MESSAGE_FILE_WHOLE, id,
	    &err), &err)) {
		left = 1;
		(void)outbox_lock(&o, 0, &err);
		write_journal(&o, &f->entry.envelope, id);
		read_message(&o, id);
		note_held(&o);
		notify_look(&o, &seen);
		if (told(notify_list_unseen(&o, &ids, &err), &err))
			string_list_free(&ids);
		room_count(&o);
		outbox_sweep(&o);
		memset(&err, 0, sizeof(err));
		if (told(outbox_sync(&o, OUTBOX_NEW, &err), &err) &&
		    told(outbox_move(&o, id, OUTBOX_NEW, OUTBOX_FAILED, &err),
		    &err) && told(outbox_remove(&o, OUTBOX_FAILED, id, &err),
		    &err))
			left = 0;
	}
	outbox_close(&o);
	account_free(&limits);
	return left;
}

/* Without failures again: what was added is there, whole. */
static void
check_outbox(struct fixture *f, const char *id, int left)
{
	struct message_file m;
	struct error err = {0};
	struct outbox o;
	int fd;

	strike.name = NULL;
	assert_int_equal(outbox_open(&o, f->path, OUTBOX_WRITE, &err), 0);
	if (left && is_listed(&o, OUTBOX_NEW, id)) {
		fd = outbox_open_message(&o, OUTBOX_NEW, id, &err);
		assert_true(fd >= 0);
		if (message_file_read(&m, fd, &err) != 0)
			fail_msg("%s", err.text);
		assert_int_equal(m.envelope.n, 2);
		message_file_free(&m);
		assert_int_equal(outbox_remove(&o, OUTBOX_NEW, id, &err), 0);
	} else if (id[0] != '\0' && is_listed(&o, OUTBOX_FAILED, id)) {
		assert_int_equal(outbox_remove(&o, OUTBOX_FAILED, id, &err),
		    0);
	}
	outbox_close(&o);
}

/* Calls, and how each can fail. */
static const struct {
	const char *name;
	int errors[3];
} calls[] = {
	{ "openat", { EMFILE, EACCES } }, { "fstat", { EIO } },
	{ "fchmod", { EPERM } }, { "fsync", { EIO } }, { "fdatasync", { EIO } },
	{ "flock", { EWOULDBLOCK, EINTR, ENOLCK } }, { "ftruncate", { EIO } },
	{ "lseek", { EIO } }, { "mkdirat", { EACCES, ENOSPC } },
	{ "linkat", { EEXIST, EPERM, EIO } }, { "renameat", { EIO } },
	{ "unlinkat", { EACCES } }, { "write", { ENOSPC, EINTR } },
	{ "read", { EIO, EINTR } }, { "pread", { EIO, EINTR } },
	{ "fdopendir", { ENOMEM } }, { "readdir", { EIO } },
	{ "pipe", { EMFILE } }, { "getentropy", { ENOSYS } },
	{ "gmtime_r", { EOVERFLOW } },
};
#define CALLS (sizeof(calls) / sizeof(calls[0]))

/* How often a call is made; the k-th of it, with each error, is to fail. */
static void
each_failure(struct fixture *f, void (*run)(struct fixture *))
{
	if (!CAN_STRIKE)
		skip();
	strike.all = 0;
	for (size_t i = 0; i < CALLS; i++)
		for (size_t e = 0; e < 3 && calls[i].errors[e] != 0; e++)
			for (unsigned k = 1;; k++) {
				strike.name = calls[i].name;
				strike.error = calls[i].errors[e];
				strike.which = k;
				strike.seen = 0;
				run(f);
				strike.name = NULL;
				if (strike.seen < k)
					break;
				assert_true(k < 200);
			}
	assert_true(strike.all > CALLS);
}

static void
add_and_check(struct fixture *f)
{
	char id[OUTBOX_ID];
	int left = pass_through(f, id);
	unsigned seen = strike.seen;

	check_outbox(f, id, left);
	strike.seen = seen;
}

static void
a_message_survives_every_failure(void **state)
{
	struct fixture *f = *state;
	char id[OUTBOX_ID];

	assert_int_equal(pass_through(f, id), 0);
	each_failure(f, add_and_check);
}

/* The verbs of a user, over one message that waits and one given up. */
static void
run_verbs(struct fixture *f)
{
	static const char *const verbs[] = { "show", "retry", "remove" };
	struct selection selection = { .config = f->config };
	char ids[2][OUTBOX_ID];
	char *words[] = { ids[0], ids[1] };
	struct error err = {0};
	struct outbox o;
	const char *name = strike.name;
	int null = open("/dev/null", O_WRONLY);

	strike.name = NULL;
	assert_int_equal(outbox_open(&o, f->path, OUTBOX_WRITE, &err), 0);
	for (int i = 0; i < 2; i++)
		assert_int_equal(outbox_add(&o, OUTBOX_NEW, &f->entry,
		    MESSAGE_FILE_WHOLE, ids[i], &err), 0);
	assert_int_equal(outbox_move(&o, ids[1], OUTBOX_NEW, OUTBOX_FAILED,
	    &err), 0);
	strike.name = name;
	strike.seen = 0;
	for (int form = LIST_TEXT; form <= LIST_JSON; form++) {
		const struct list_order order = { &selection, LIST_ALL,
			(enum list_form)form };

		memset(&err, 0, sizeof(err));
		(void)told(list_messages(null, &order, &err), &err);
	}
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		const struct manage_order order = { .selection = &selection,
			.verb = verbs[i], .ids = words, .nids = 2 };

		memset(&err, 0, sizeof(err));
		(void)told(manage_run(null, &order, &err), &err);
	}
	name = strike.name;
	strike.name = NULL;
	for (int i = 0; i < 2; i++)
		for (int place = OUTBOX_NEW; place <= OUTBOX_FAILED; place++)
			if (is_listed(&o, (enum outbox_place)place, ids[i]))
				assert_int_equal(outbox_remove(&o,
				    (enum outbox_place)place, ids[i], &err),
				    0);
	strike.name = name;
	outbox_close(&o);
	close(null);
}

static void
verbs_tell_every_failure(void **state)
{
	run_verbs(*state);
	each_failure(*state, run_verbs);
}

static void
retry_of_all_tells_every_failure(struct fixture *f)
{
	struct selection selection = { .config = f->config };
	char *all[] = { (char[]){ "all" } };
	const struct manage_order order = { .selection = &selection,
		.verb = "retry", .ids = all, .nids = 1 };
	struct error err = {0};
	int null = open("/dev/null", O_WRONLY);

	(void)told(manage_run(null, &order, &err), &err);
	close(null);
}

static void
all_are_renewed_or_it_is_told(void **state)
{
	struct fixture *f = *state;
	char id[OUTBOX_ID];
	struct error err = {0};
	struct outbox o;

	assert_int_equal(outbox_open(&o, f->path, OUTBOX_WRITE, &err), 0);
	assert_int_equal(outbox_add(&o, OUTBOX_NEW, &f->entry,
	    MESSAGE_FILE_WHOLE, id, &err), 0);
	each_failure(f, retry_of_all_tells_every_failure);
	assert_true(is_listed(&o, OUTBOX_NEW, id));
	outbox_close(&o);
}

/* Messages of the flush, by the first letter of the sender: what the server
 * says to their content. One goes by another account. */
static const struct {
	char letter;
	const char *reply;
} letters[] = {
	{ 'o', "250 ok\r\n" }, { 'l', "451 later\r\n" },
	{ 'n', "554 5.7.1 no\r\n" }, { 'c', NULL }, { 'a', "250 ok\r\n" },
	{ '>', "250 ok\r\n" } /* the report: of nobody */
};
#define LETTERS (sizeof(letters) / sizeof(letters[0]) - 1)

/* The server: its process, and how often it has accepted each. */
static struct {
	pid_t pid;
	unsigned port;
	unsigned *accepted;
} smarthost;

/* The second account of the flush, which is served by a process of its own;
 * with the same twice there is one process, whose every call fails once. */
static const char *second_account;

/* One session. "d@" as a recipient is refused. */
static void
serve_session(FILE *in, FILE *out)
{
	char line[1024];
	size_t which = 0;

	fputs("220 x\r\n", out);
	while (fflush(out) == 0 && fgets(line, sizeof(line), in) != NULL) {
		if (strncmp(line, "MAIL FROM:<", 11) == 0)
			for (which = 0; which < LETTERS &&
			    letters[which].letter != line[11]; )
				which++;
		if (strncmp(line, "QUIT", 4) == 0)
			break;
		if (strncmp(line, "DATA", 4) != 0) {
			fputs(strncmp(line, "RCPT TO:<d", 10) == 0
			    ? "550 5.1.1 no\r\n" : "250 x\r\n", out);
			continue;
		}
		fputs("354 go\r\n", out);
		fflush(out);
		while (fgets(line, sizeof(line), in) != NULL &&
		    strcmp(line, ".\r\n") != 0)
			continue;
		if (strcmp(line, ".\r\n") != 0 ||
		    letters[which].reply == NULL)
			break;
		if (letters[which].reply[0] == '2')
			smarthost.accepted[which]++;
		fputs(letters[which].reply, out);
	}
}

static void
serve(int listener)
{
	for (;;) {
		int fd = accept(listener, NULL, NULL);
		FILE *in = fdopen(fd, "r"), *out = fdopen(dup(fd), "w");

		serve_session(in, out);
		fclose(in);
		fclose(out);
	}
}

static void
start_smarthost(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(at);
	int listener = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(bind(listener, (struct sockaddr *)&at, len), 0);
	assert_int_equal(listen(listener, 99), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&at, &len),
	    0);
	smarthost.port = ntohs(at.sin_port);
	smarthost.accepted = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_true(smarthost.accepted != MAP_FAILED);
	smarthost.pid = fork();
	if (smarthost.pid == 0)
		serve(listener);
	close(listener);
}

static int
set_up_flush(void **state)
{
	struct fixture *f;
	FILE *file;

	start_smarthost();
	if (set_up(state) != 0)
		return -1;
	f = *state;
	file = fopen(f->config, "a");
	assert_non_null(file);
	/* the test is not to lose its own rights */
	fprintf(file, "port %u\ntls off\nauth off\nsandbox off\ntimeout 9\n"
	    "host 127.0.0.1\npartial_delivery on\nlogfile %s/log\n"
	    "outbox_report me@example.org\nfrom me@example.org\n"
	    "account other : default\nhost localhost\n",
	    smarthost.port, f->directory);
	fclose(file);
	signals_hold();
	return 0;
}

static int
tear_down_flush(void **state)
{
	kill(smarthost.pid, SIGKILL);
	waitpid(smarthost.pid, NULL, 0);
	munmap(smarthost.accepted, 4096);
	return tear_down(state);
}

/* All messages into an empty outbox. */
static void
fill_outbox(struct fixture *f, char ids[LETTERS][OUTBOX_ID])
{
	struct envelope *e = &f->entry.envelope;
	struct string_list old = {0};
	struct error err = {0};
	struct outbox o;

	memset(smarthost.accepted, 0, LETTERS * sizeof(unsigned));
	assert_int_equal(outbox_open(&o, f->path, OUTBOX_WRITE, &err), 0);
	for (int place = OUTBOX_NEW; place <= OUTBOX_FAILED; place++) {
		assert_int_equal(outbox_list(&o, (enum outbox_place)place,
		    &old, &err), 0);
		for (size_t i = 0; i < old.n; i++)
			assert_int_equal(outbox_remove(&o,
			    (enum outbox_place)place, old.at[i], &err), 0);
		string_list_free(&old);
	}
	for (size_t i = 0; i < LETTERS; i++) {
		e->sender[0] = letters[i].letter;
		/* every second one has a recipient who is refused */
		e->to[1].path[0] = i % 2 == 0 ? 'c' : 'd';
		f->entry.origin.account = letters[i].letter == 'a'
		    ? second_account : "default";
		assert_int_equal(outbox_add(&o, OUTBOX_NEW, &f->entry,
		    MESSAGE_FILE_WHOLE, ids[i], &err), 0);
	}
	outbox_close(&o);
}

/* Each message was accepted, or it is in the outbox still. */
static void
run_flush(struct fixture *f)
{
	const struct flush_order order = { .path = f->path,
		.config = f->config, .until = deadline_in(30000), .trace = -1,
		.which = FLUSH_ALL };
	const char *name = strike.name;
	char ids[LETTERS][OUTBOX_ID];
	struct flush result;
	struct error err = {0};
	struct outbox o;

	strike.name = NULL;
	fill_outbox(f, ids);
	strike.name = name;
	strike.seen = 0;
	(void)told(flush_outbox(&result, &order, &err), &err);
	strike.name = NULL;
	memset(&err, 0, sizeof(err));
	assert_int_equal(outbox_open(&o, f->path, OUTBOX_WRITE, &err), 0);
	for (size_t i = 0; i < LETTERS; i++)
		if (smarthost.accepted[i] == 0 &&
		    !is_listed(&o, OUTBOX_NEW, ids[i]) &&
		    !is_listed(&o, OUTBOX_FAILED, ids[i]))
			fail_msg("message %c is lost: %s fails for the %u. "
			    "time: %s", letters[i].letter, name, strike.which,
			    strerror(strike.error));
	outbox_close(&o);
	strike.name = name;
}

static void
a_flush_loses_nothing_whatever_fails(void **state)
{
	struct fixture *f = *state;

	for (int i = 0; i < 2; i++) {
		second_account = i == 0 ? "other" : "default";
		run_flush(f);
		assert_int_equal(smarthost.accepted[0], 1);
		assert_int_equal(smarthost.accepted[4], 1);
		each_failure(f, run_flush);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    a_message_survives_every_failure, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
		    verbs_tell_every_failure, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
		    all_are_renewed_or_it_is_told, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
		    a_flush_loses_nothing_whatever_fails, set_up_flush,
		    tear_down_flush),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
