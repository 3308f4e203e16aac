/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "escape.h"

/* One line under construction; always ends in a LF and a NUL. */
struct record {
	char text[LOG_RECORD_MAX];
	size_t len;
};

/* Room that a later field may count on however long the earlier ones are. */
#define FIELD_MAX 400

static void __attribute__((format(printf, 2, 3)))
add(struct record *r, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(r->text + r->len, sizeof(r->text) - 1 - r->len, format,
	    args);
	va_end(args);
	if (n < 0)
		return;
	r->len += (size_t)n;
	if (r->len > sizeof(r->text) - 2)
		r->len = sizeof(r->text) - 2;
}

/*
 * " key=value": a value with blanks, quotes or "=" stands between quotes, so
 * that no field can look like another one.
 */
static void
add_field(struct record *r, const char *key, const char *value)
{
	char shown[FIELD_MAX];

	if (value == NULL || value[0] == '\0')
		return;
	escape_string(shown, sizeof(shown), value);
	for (char *p = shown; *p != '\0'; p++)
		if (*p == '"')
			*p = '\'';
	if (strpbrk(shown, " ='\t") != NULL)
		add(r, " %s=\"%s\"", key, shown);
	else
		add(r, " %s=%s", key, shown);
}

static void
add_recipients(struct record *r, const struct envelope *e)
{
	char list[FIELD_MAX];
	size_t len = 0, shown = 0;

	list[0] = '\0';
	for (; shown < e->n; shown++) {
		size_t need = strlen(e->to[shown].path) + 1;

		if (len + need + 24 > sizeof(list))
			break;
		len += (size_t)snprintf(list + len, sizeof(list) - len,
		    "%s%s", shown > 0 ? "," : "", e->to[shown].path);
	}
	if (shown < e->n)
		snprintf(list + len, sizeof(list) - len, "+%zu-more",
		    e->n - shown);
	add_field(r, "to", list);
}

/* Everything but the time. */
static void
compose(struct record *r, const struct attempt *attempt)
{
	const struct account *a = attempt->account;
	const struct envelope *e = attempt->envelope;
	const struct submission *facts = attempt->facts;
	const struct error *result = attempt->result;

	add(r, "outcome=%s exit=%d", attempt_outcome(attempt), attempt->code);
	add_field(r, "account", a->name);
	add_field(r, "host", facts->host[0] != '\0' ? facts->host
	    : a->host.n > 0 ? a->host.at[0] : a->socket);
	add_field(r, "address", facts->connection.address);
	add_field(r, "tls", facts->tls[0] != '\0' ? facts->tls : "off");
	add_field(r, "auth", facts->mechanism);
	add_field(r, "user", a->user);
	if (e->sender != NULL)
		add_field(r, "from",
		    e->sender[0] != '\0' ? e->sender : "<>");
	add_recipients(r, e);
	add(r, " size=%llu",
	    (unsigned long long)message_size(attempt->message));
	add_field(r, "msgid", e->message_id);
	add_field(r, "reply", facts->final.text);
	add_field(r, "notice", facts->notice);
	add_field(r, "error", result->text);
	add(r, " ms=%lld", (long long)(facts->ended - facts->started));
}

/* The format is the user's own; strftime cannot be harmed by it. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
static void
add_time(struct record *r, const char *format)
{
	time_t now = time(NULL);
	struct tm local;

	localtime_r(&now, &local);
	if (format[0] == '\0')
		format = "%Y-%m-%dT%H:%M:%S%z";
	r->len = strftime(r->text, FIELD_MAX, format, &local);
	add(r, " ");
}
#pragma GCC diagnostic pop

/* A file that somebody else may own or read must not be written to. */
static int
check_file(int fd, struct error *err)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return fail(err, EX_IOERR, "%s", strerror(errno));
	if (!S_ISREG(st.st_mode))
		return fail(err, EX_IOERR, "not a regular file");
	if (st.st_uid != geteuid() && st.st_uid != 0)
		return fail(err, EX_IOERR, "owned by user %lu, not by us",
		    (unsigned long)st.st_uid);
	if (st.st_nlink == 0)
		return fail(err, EX_IOERR, "was removed meanwhile");
	if (st.st_nlink != 1)
		return fail(err, EX_IOERR, "has other names (hard links)");
	return 0;
}

/* At most a second: one write on O_APPEND is whole even without the lock. */
static void
lock_a_while(int fd)
{
	for (int i = 0; i < 20 && flock(fd, LOCK_EX | LOCK_NB) != 0; i++)
		poll(NULL, 0, 50);
}

/* A line that a full disk has cut must not swallow ours. */
static int
last_line_is_cut(int fd)
{
	off_t size = lseek(fd, 0, SEEK_END);
	char last;

	return size > 0 && pread(fd, &last, 1, size - 1) == 1 && last != '\n';
}

static int
write_record(int fd, const struct record *r, struct error *err)
{
	char line[LOG_RECORD_MAX + 2];
	int cut = last_line_is_cut(fd);
	size_t len = r->len + 1 + (size_t)cut;
	ssize_t n;

	line[0] = '\n';
	memcpy(line + cut, r->text, r->len);
	line[len - 1] = '\n';
	do
		n = write(fd, line, len);
	while (n < 0 && errno == EINTR);
	if (n == (ssize_t)len)
		return 0;
	return fail(err, EX_IOERR, "%s",
	    n < 0 ? strerror(errno) : "No space left on device");
}

static int
open_file(const char *path)
{
	return open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC |
	    O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0600);
}

int
log_open(const struct account *a)
{
	int fd;

	if (a->logfile[0] == '\0' || strcmp(a->logfile, "-") == 0)
		return 0;
	fd = open_file(a->logfile);
	return fd > 0 ? fd : 0;
}

/*
 * The file is opened anew, as it may have been rotated since it was opened
 * first; if the sandbox does not let us have the new one, the old one will
 * do.
 */
static int
write_file(const char *path, int opened, const struct record *r,
    struct error *err)
{
	char quote[ESCAPE_QUOTE];
	int fd, result;

	if (strcmp(path, "-") == 0)
		return write_record(STDOUT_FILENO, r, err);
	fd = open_file(path);
	if (fd < 0 && errno == EACCES && opened > 0)
		fd = fcntl(opened, F_DUPFD_CLOEXEC, 0);
	if (fd < 0)
		result = fail(err, EX_IOERR, "%s", errno == ELOOP
		    ? "is a symbolic link" : strerror(errno));
	else
		result = check_file(fd, err);
	if (result == 0) {
		lock_a_while(fd);
		result = write_record(fd, r, err);
	}
	if (fd >= 0 && close(fd) != 0 && result == 0)
		result = fail(err, EX_IOERR, "%s", strerror(errno));
	return result == 0 ? 0 : wrap(err, "cannot write log %s",
	    escape_string(quote, sizeof(quote), path));
}

static void
write_syslog(const struct attempt *attempt)
{
	struct record r = {0};

	compose(&r, attempt);
	r.text[r.len] = '\0';
	/* a fixed name: glibc's syslog() has overflowed on long argv[0] */
	openlog("onehop", LOG_PID, attempt->account->syslog - 1);
	syslog(attempt->result->code == 0 ? LOG_INFO : LOG_ERR, "%s", r.text);
	closelog();
}

int
log_write(const struct attempt *attempt, struct error *err)
{
	const struct account *a = attempt->account;
	struct record r = {0};

	if (a->syslog != 0)
		write_syslog(attempt);
	if (a->logfile[0] == '\0')
		return 0;
	add_time(&r, a->logfile_time_format);
	compose(&r, attempt);
	return write_file(a->logfile, attempt->log, &r, err);
}
