/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "../unit.h"

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "report/log.h"

#define WRITERS 64
#define RECORDS 500

/* A directory of its own for each test, and an account that logs there. */
struct place {
	char directory[64];
	char path[128];
	struct account account;
	int log;   /* as log_open gave it */
};

static int
set_up(void **state)
{
	struct place *p = calloc(1, sizeof(*p));

	if (p == NULL)
		return -1;
	strcpy(p->directory, "/tmp/onehop-log-XXXXXX");
	if (mkdtemp(p->directory) == NULL)
		return -1;
	snprintf(p->path, sizeof(p->path), "%s/log", p->directory);
	account_init(&p->account, p->directory);
	*state = p;
	return 0;
}

static int
tear_down(void **state)
{
	struct place *p = *state;
	int status = remove_tree(p->directory);

	account_free(&p->account);
	free(p);
	return status;
}

static int
record(const struct place *p, struct error *err)
{
	struct envelope envelope = {0};
	struct message message = {0};
	struct submission facts = {0};
	struct error result = {0};
	struct attempt attempt = { .account = &p->account,
		.envelope = &envelope, .message = &message, .facts = &facts,
		.result = &result, .log = p->log };

	return log_write(&attempt, err);
}

static void
log_to(struct place *p, const char *path)
{
	struct error err = {0};

	assert_int_equal(account_set(&p->account, "logfile", path, &err), 0);
}

/* The file's text, owned. */
static char *
read_back(const char *path)
{
	int fd = open(path, O_RDONLY);
	off_t size = lseek(fd, 0, SEEK_END);
	char *text = calloc(1, (size_t)size + 1);

	assert_true(fd >= 0);
	assert_int_equal(pread(fd, text, (size_t)size, 0), size);
	close(fd);
	return text;
}

static size_t
count_lines(const char *text)
{
	size_t n = 0;

	for (; *text != '\0'; text++)
		n += *text == '\n';
	return n;
}

/* Each line of the file is a record. Returns how many. */
static size_t
count_records(const char *path)
{
	char *text = read_back(path);
	size_t n = 0;

	for (char *line = text; *line != '\0'; n++) {
		char *end = strchr(line, '\n');

		assert_non_null(end);
		*end = '\0';
		if (strcmp(line + strcspn(line, " "),
		    " outcome=accepted exit=0") != 0)
			fail_msg("not a record: %s", line);
		line = end + 1;
	}
	free(text);
	return n;
}

static void
warns(const struct place *p, const char *why)
{
	struct error err = {0};

	assert_int_equal(record(p, &err), -1);
	if (strstr(err.text, p->account.logfile) == NULL ||
	    strstr(err.text, why) == NULL)
		fail_msg("%s", err.text);
}

static mode_t
mode_of(const char *path)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	return st.st_mode & 07777;
}

static void
a_new_file_is_ours_alone_whatever_the_umask(void **state)
{
	static const mode_t masks[] = { 0, 022, 0777 };
	struct place *p = *state;
	struct error err = {0};

	log_to(p, p->path);
	for (size_t i = 0; i < sizeof(masks) / sizeof(masks[0]); i++) {
		mode_t before = umask(masks[i]);

		assert_int_equal(record(p, &err), 0);
		umask(before);
		assert_int_equal(mode_of(p->path), 0600);
		assert_int_equal(unlink(p->path), 0);
	}
}

static void
the_mode_that_a_user_gave_stays(void **state)
{
	struct place *p = *state;
	struct error err = {0};

	log_to(p, p->path);
	assert_int_equal(record(p, &err), 0);
	assert_int_equal(chmod(p->path, 0640), 0);
	assert_int_equal(record(p, &err), 0);
	assert_int_equal(mode_of(p->path), 0640);
	assert_int_equal(count_records(p->path), 2);
}

static void
what_is_no_file_of_ours_is_not_written_to(void **state)
{
	struct place *p = *state;
	char other[sizeof(p->directory) + 8];

	snprintf(other, sizeof(other), "%s/other", p->directory);
	log_to(p, p->path);
	assert_int_equal(symlink(other, p->path), 0);
	warns(p, "is a symbolic link");
	assert_int_equal(access(other, F_OK), -1);
	close(open(other, O_CREAT | O_WRONLY, 0600));
	warns(p, "is a symbolic link");
	unlink(p->path);
	assert_int_equal(link(other, p->path), 0);
	warns(p, "hard links");
	unlink(p->path);
	assert_int_equal(mkfifo(p->path, 0600), 0);
	warns(p, "not a regular file");
	unlink(p->path);
	assert_int_equal(mkdir(p->path, 0700), 0);
	warns(p, "Is a directory");
	rmdir(p->path);
	free(read_back(other));
	if (geteuid() != 0)
		return;
	close(open(p->path, O_CREAT | O_WRONLY, 0600));
	assert_int_equal(chown(p->path, 4711, 0), 0);
	assert_int_equal(chmod(p->directory, 01777), 0);
	warns(p, "owned by user 4711");
	assert_int_equal(chmod(p->directory, 0700), 0);
}

/* A file of another user that our group may write, where no stranger can make
 * files. */
static void
a_shared_file_is_appended_to(void **state)
{
	struct place *p = *state;
	struct error err = {0};

	log_to(p, p->path);
	if (geteuid() != 0)
		return; /* nobody else can give a file away */
	close(open(p->path, O_CREAT | O_WRONLY, 0660));
	assert_int_equal(chown(p->path, 4711, 0), 0);
	assert_int_equal(record(p, &err), 0);
	assert_int_equal(count_records(p->path), 1);
}

/* Writes one record to a logfile that stands for a descriptor; returns what
 * came out of that descriptor, at most size - 1 octets. */
static void
record_to_descriptor(struct place *p, const char *logfile, int fd, char *text,
    size_t size)
{
	struct error err = {0};
	int saved = dup(fd), ends[2], result;
	ssize_t n;

	assert_int_equal(pipe(ends), 0);
	log_to(p, logfile);
	fflush(NULL);
	dup2(ends[1], fd);
	result = record(p, &err);
	if (saved >= 0)
		dup2(saved, fd);
	else
		close(fd);
	close(saved);
	close(ends[1]);
	n = read(ends[0], text, size - 1);
	close(ends[0]);
	assert_int_equal(result, 0);
	text[n > 0 ? n : 0] = '\0';
}

static void
the_streams_of_a_container_are_written_to(void **state)
{
	static const struct {
		const char *logfile;
		int fd;
	} cases[] = {
		{ "-", STDOUT_FILENO }, { "/dev/stdout", STDOUT_FILENO },
		{ "/dev/stderr", STDERR_FILENO }, { "/dev/fd/1", 1 },
		{ "/proc/self/fd/2", 2 }, { "/proc/self/fd/77", 77 },
	};
	char text[512];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		record_to_descriptor(*state, cases[i].logfile, cases[i].fd,
		    text, sizeof(text));
		if (strstr(text, "outcome=accepted") == NULL)
			fail_msg("%s: %s", cases[i].logfile, text);
	}
	record_to_descriptor(*state, "/dev/null", STDOUT_FILENO, text,
	    sizeof(text));
	assert_string_equal(text, "");
}

static void
a_held_lock_is_not_waited_for_for_ever(void **state)
{
	struct place *p = *state;
	struct error err = {0};
	int fd;

	log_to(p, p->path);
	fd = open(p->path, O_CREAT | O_RDWR, 0600);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	assert_int_equal(record(p, &err), 0);
	close(fd);
	assert_int_equal(count_records(p->path), 1);
}

static void
a_torn_line_swallows_no_record(void **state)
{
	struct place *p = *state;
	struct error err = {0};
	char *text;
	int fd = open(p->path, O_CREAT | O_WRONLY, 0600);

	log_to(p, p->path);
	assert_int_equal(write(fd, "half a li", 9), 9);
	close(fd);
	assert_int_equal(record(p, &err), 0);
	text = read_back(p->path);
	assert_memory_equal(text, "half a li\n", 10);
	assert_int_equal(count_lines(text), 2);
	free(text);
}

/* The limit stands in for a full disk: it takes a part of the line as well. */
static void
a_short_write_is_told_and_healed(void **state)
{
	struct place *p = *state;
	struct rlimit before, small = { 20, RLIM_INFINITY };
	struct error err = {0};
	char *text;
	int result;

	log_to(p, p->path);
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	small.rlim_max = before.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	result = record(p, &err);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	signal(SIGXFSZ, SIG_DFL);
	assert_int_equal(result, -1);
	assert_non_null(strstr(err.text, "short write"));
	assert_int_equal(record(p, &err), 0);
	text = read_back(p->path);
	assert_int_equal(strcspn(text, "\n"), 20);
	assert_int_equal(count_lines(text), 2);
	free(text);
}

static void
on_makes_the_state_directory(void **state)
{
	struct place *p = *state;
	char path[PATH_MAX];
	struct error err = {0};
	mode_t before = umask(0777);

	log_to(p, "on");
	unsetenv("XDG_STATE_HOME");
	assert_int_equal(record(p, &err), 0);
	snprintf(path, sizeof(path), "%s/elsewhere", p->directory);
	setenv("XDG_STATE_HOME", path, 1);
	assert_int_equal(record(p, &err), 0);
	unsetenv("XDG_STATE_HOME");
	umask(before);
	snprintf(path, sizeof(path), "%s/.local/state/onehop/log",
	    p->directory);
	assert_int_equal(count_records(path), 1);
	*strrchr(path, '/') = '\0';
	assert_int_equal(mode_of(path), 0700);
	*strrchr(path, '/') = '\0';
	assert_int_equal(mode_of(path), 0700);
	snprintf(path, sizeof(path), "%s/elsewhere/onehop/log", p->directory);
	assert_int_equal(count_records(path), 1);
}

static void
on_without_a_home_is_told(void **state)
{
	struct place *p = *state;
	struct error err = {0};

	log_to(p, "on");
	unsetenv("XDG_STATE_HOME");
	free(p->account.home);
	p->account.home = strdup("");
	assert_int_equal(record(p, &err), -1);
	assert_string_equal(err.text,
	    "cannot write log: no home directory");
}

/* What the sandbox leaves: a descriptor. Root may open it all the same. */
static void
a_file_opened_before_serves_where_it_cannot_be_opened(void **state)
{
	struct place *p = *state;
	struct error err = {0};

	log_to(p, p->path);
	p->log = log_open(&p->account);
	assert_true(p->log > 0);
	assert_int_equal(chmod(p->path, 0), 0);
	assert_int_equal(record(p, &err), 0);
	assert_int_equal(chmod(p->path, 0600), 0);
	assert_int_equal(count_records(p->path), 1);
	close(p->log);
}

static void
off_logs_nothing(void **state)
{
	struct place *p = *state;
	struct error err = {0};

	log_to(p, p->path);
	log_to(p, "off");
	assert_int_equal(record(p, &err), 0);
	assert_int_equal(access(p->path, F_OK), -1);
}

static void
a_time_format_cannot_end_the_line(void **state)
{
	struct place *p = *state;
	struct error err = {0};
	char *text;

	log_to(p, p->path);
	assert_int_equal(account_set(&p->account, "logfile_time_format",
	    "%n%Y", &err), 0);
	assert_int_equal(record(p, &err), 0);
	text = read_back(p->path);
	assert_memory_equal(text, "\\x0A2", 5);
	assert_int_equal(count_lines(text), 1);
	free(text);
}

static void
many_writers_do_not_part_their_lines(void **state)
{
	struct place *p = *state;
	struct error err = {0};

	log_to(p, p->path);
	for (int i = 0; i < WRITERS; i++)
		if (fork() == 0) {
			int failed = 0;

			for (int k = 0; k < RECORDS; k++)
				failed |= record(p, &err);
			_exit(failed != 0);
		}
	for (int i = 0; i < WRITERS; i++) {
		int status;

		assert_true(wait(&status) > 0);
		assert_int_equal(status, 0);
	}
	assert_int_equal(count_records(p->path), WRITERS * RECORDS);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_new_file_is_ours_alone_whatever_the_umask),
		TEST(the_mode_that_a_user_gave_stays),
		TEST(what_is_no_file_of_ours_is_not_written_to),
		TEST(a_shared_file_is_appended_to),
		TEST(the_streams_of_a_container_are_written_to),
		TEST(a_held_lock_is_not_waited_for_for_ever),
		TEST(a_torn_line_swallows_no_record),
		TEST(a_short_write_is_told_and_healed),
		TEST(on_makes_the_state_directory),
		TEST(on_without_a_home_is_told),
		TEST(a_file_opened_before_serves_where_it_cannot_be_opened),
		TEST(off_logs_nothing),
		TEST(a_time_format_cannot_end_the_line),
		TEST(many_writers_do_not_part_their_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
