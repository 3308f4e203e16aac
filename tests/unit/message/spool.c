/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "../unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "message/spool.h"

#define LARGE (SPOOL_MEMORY_MAX + 100000)

/* Octet i of every test text: no two blocks are alike. */
static char
octet(size_t i)
{
	return (char)('a' + (i * 7 + i / 251) % 26);
}

static char *
text(size_t len)
{
	char *data = malloc(len + 1);

	for (size_t i = 0; i < len; i++)
		data[i] = octet(i);
	return data;
}

/* A pipe that a child fills; its reading end. */
static int
piped(size_t len, int flags)
{
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	fcntl(ends[0], F_SETFL, flags);
	fflush(NULL);
	if (fork() == 0) {
		char *data = text(len);

		close(ends[0]);
		for (size_t at = 0; at < len;) {
			ssize_t n = write(ends[1], data + at, len - at);

			if (n <= 0)
				_exit(1);
			at += (size_t)n;
		}
		_exit(0);
	}
	close(ends[1]);
	return ends[0];
}

/* An unlinked regular file of so many octets, at its beginning. */
static int
file_of(size_t len)
{
	FILE *file = tmpfile();
	int fd = dup(fileno(file));
	char *data = text(len);

	assert_int_equal(write(fd, data, len), len);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	fclose(file);
	free(data);
	return fd;
}

/* Fills a spool from a descriptor. */
static int
read_all(struct spool *s, int fd, struct error *err)
{
	static char block[SPOOL_BLOCK];
	const char *data;
	off_t at = 0;
	ssize_t n;

	spool_open(s, fd, SPOOL_UNTIL_END);
	while ((n = spool_next(s, at, block, &data, err)) > 0)
		at += n;
	return n < 0 ? -1 : 0;
}

/* Does the spool give the octets from first on, in full blocks? */
static void
expect_octets(const struct spool *s, size_t first, size_t len)
{
	static char block[SPOOL_BLOCK];
	struct error err = {0};
	const char *data;
	size_t at = 0;
	ssize_t n;

	assert_int_equal(s->size, len);
	while ((n = spool_block(s, (off_t)at, block, &data, &err)) > 0) {
		for (size_t i = 0; i < (size_t)n; i++)
			assert_int_equal(data[i], octet(first + at + i));
		at += (size_t)n;
	}
	assert_int_equal(n, 0);
	assert_int_equal(at, len);
}

static void
a_pipe_is_read_to_its_end(void **state)
{
	static const size_t sizes[] = { 0, 1, SPOOL_BLOCK, SPOOL_BLOCK + 1,
	    SPOOL_MEMORY_MAX, SPOOL_MEMORY_MAX + 1, LARGE };

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct spool s;
		struct error err = {0};
		int fd = piped(sizes[i], i % 2 ? O_NONBLOCK : 0);

		assert_int_equal(read_all(&s, fd, &err), 0);
		assert_int_equal(s.place, sizes[i] <= SPOOL_MEMORY_MAX ?
		    SPOOL_MEMORY : SPOOL_FILE);
		expect_octets(&s, 0, sizes[i]);
		spool_free(&s);
		close(fd);
		wait(NULL);
	}
}

static void
the_temporary_file_is_private_and_has_no_name(void **state)
{
	struct spool s;
	struct error err = {0};
	struct stat st;
	int fd = piped(LARGE, 0);
	mode_t mask = umask(0777);

	(void)state;
	assert_int_equal(read_all(&s, fd, &err), 0);
	umask(mask);
	assert_int_equal(s.place, SPOOL_FILE);
	assert_int_equal(fstat(s.fd, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(st.st_nlink, 0);
	assert_true(fcntl(s.fd, F_GETFD) & FD_CLOEXEC);
	spool_free(&s);
	close(fd);
	wait(NULL);
}

static void
the_state_directory_is_preferred_and_tmpdir_never(void **state)
{
	char scratch[] = "/tmp/onehop-test-XXXXXX";
	char *home;
	char path[128];
	struct spool s;
	struct error err = {0};
	struct stat there, file;
	int fd;

	(void)state;
	assert_non_null(mkdtemp(scratch));
	snprintf(path, sizeof(path), "%s/onehop", scratch);
	assert_int_equal(mkdir(path, 0700), 0);
	home = getenv("XDG_STATE_HOME");
	home = home != NULL ? strdup(home) : NULL;
	setenv("XDG_STATE_HOME", scratch, 1);
	setenv("TMPDIR", "/nonexistent", 1);
	fd = piped(LARGE, 0);
	assert_int_equal(read_all(&s, fd, &err), 0);
	assert_int_equal(stat(path, &there), 0);
	assert_int_equal(fstat(s.fd, &file), 0);
	assert_int_equal(there.st_dev, file.st_dev);
	spool_free(&s);
	close(fd);
	wait(NULL);
	assert_int_equal(rmdir(path), 0);
	fd = piped(LARGE, 0);
	assert_int_equal(read_all(&s, fd, &err), 0);
	spool_free(&s);
	close(fd);
	wait(NULL);
	assert_int_equal(rmdir(scratch), 0);
	unsetenv("TMPDIR");
	if (home != NULL)
		setenv("XDG_STATE_HOME", home, 1);
	else
		unsetenv("XDG_STATE_HOME");
	free(home);
}

static void
a_large_file_stays_where_it_is(void **state)
{
	struct spool s;
	struct error err = {0};
	int fd = file_of(LARGE + 5);

	(void)state;
	lseek(fd, 5, SEEK_SET);
	assert_int_equal(read_all(&s, fd, &err), 0);
	assert_int_equal(s.place, SPOOL_STDIN);
	expect_octets(&s, 5, LARGE);
	assert_int_equal(lseek(fd, 0, SEEK_CUR), LARGE + 5);
	spool_free(&s);
	assert_int_equal(close(fd), 0);
}

static void
a_small_file_is_taken_from_its_offset(void **state)
{
	struct spool s;
	struct error err = {0};
	int fd = file_of(5000);

	(void)state;
	lseek(fd, 1234, SEEK_SET);
	assert_int_equal(read_all(&s, fd, &err), 0);
	assert_int_equal(s.place, SPOOL_MEMORY);
	expect_octets(&s, 1234, 5000 - 1234);
	spool_free(&s);
	lseek(fd, 6000, SEEK_SET);
	assert_int_equal(read_all(&s, fd, &err), 0);
	assert_int_equal(s.size, 0);
	spool_free(&s);
	close(fd);
}

static void
a_file_that_shrinks_is_an_error(void **state)
{
	static char block[SPOOL_BLOCK];
	struct spool s;
	struct error err = {0};
	const char *data;
	int fd = file_of(LARGE);

	(void)state;
	assert_int_equal(read_all(&s, fd, &err), 0);
	assert_int_equal(ftruncate(fd, 100), 0);
	assert_int_equal(spool_block(&s, 0, block, &data, &err), 100);
	assert_int_equal(spool_block(&s, 100, block, &data, &err), -1);
	assert_int_equal(err.code, EX_IOERR);
	spool_free(&s);
	close(fd);
}

static void
what_cannot_be_read_is_an_error(void **state)
{
	struct spool s;
	struct error err = {0};
	int fd = open("/", O_RDONLY);

	(void)state;
	assert_int_equal(read_all(&s, fd, &err), -1);
	assert_int_equal(err.code, EX_IOERR);
	spool_free(&s);
	close(fd);
	assert_int_equal(read_all(&s, fd, &err), -1);
	assert_int_equal(err.code, EX_NOINPUT);
	fd = open("/dev/null", O_WRONLY);
	assert_int_equal(read_all(&s, fd, &err), -1);
	assert_int_equal(err.code, EX_NOINPUT);
	close(fd);
}

static void
draining_lets_the_writer_finish(void **state)
{
	int status;
	int fd = piped(LARGE, 0);

	(void)state;
	spool_drain(fd);
	close(fd);
	wait(&status);
	assert_int_equal(status, 0);
}

static void
what_is_not_wanted_of_the_source_is_read_and_dropped(void **state)
{
	static char block[SPOOL_BLOCK];
	struct spool s;
	struct error err = {0};
	const char *data;
	int status;
	int fd = piped(LARGE, 0);
	ssize_t n;

	(void)state;
	spool_open(&s, fd, SPOOL_UNTIL_END);
	n = spool_next(&s, 0, block, &data, &err);
	assert_true(n > 0);
	spool_finish(&s);
	close(fd);
	wait(&status);
	assert_int_equal(status, 0);
	assert_int_equal(spool_next(&s, n, block, &data, &err), 0);
	expect_octets(&s, 0, (size_t)n);
	spool_free(&s);
}

static void
a_zeroed_spool_can_be_freed(void **state)
{
	struct spool s = {0};

	(void)state;
	spool_free(&s);
	assert_true(fcntl(0, F_GETFD) >= 0 || fcntl(1, F_GETFD) >= 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_pipe_is_read_to_its_end),
		cmocka_unit_test(the_temporary_file_is_private_and_has_no_name),
		cmocka_unit_test(
		    the_state_directory_is_preferred_and_tmpdir_never),
		cmocka_unit_test(a_large_file_stays_where_it_is),
		cmocka_unit_test(a_small_file_is_taken_from_its_offset),
		cmocka_unit_test(a_file_that_shrinks_is_an_error),
		cmocka_unit_test(what_cannot_be_read_is_an_error),
		cmocka_unit_test(draining_lets_the_writer_finish),
		cmocka_unit_test(
		    what_is_not_wanted_of_the_source_is_read_and_dropped),
		cmocka_unit_test(a_zeroed_spool_can_be_freed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
