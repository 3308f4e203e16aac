/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "report/log.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "base/ascii.h"
#include "base/escape.h"
#include "base/mkdirs.h"
#include "base/xdg.h"
#include "format/facts.h"
#include "format/queue_id.h"

/* The longest written form of a value, octets. All together, with their names,
 * fit in a line. */
#define TIME_SIZE 80
#define VALUE_SIZE 290
#define REPLY_SIZE 260
#define LIST_SIZE 400
#define ERROR_SIZE 600
#define CLIENT_SIZE 100

static void
add_value(struct facts *f, const char *name, const char *value)
{
	facts_add_limited(f, name, value, VALUE_SIZE);
}

static void
add_recipients(struct facts *f, const struct envelope *e)
{
	char list[LIST_SIZE] = "";
	size_t len = 0, shown = 0;

	for (; shown < e->n; shown++) {
		size_t need = strlen(e->to[shown].path) + 1;

		if (len + need + sizeof("+18446744073709551615-more") >
		    sizeof(list))
			break;
		len += (size_t)snprintf(list + len, sizeof(list) - len,
		    "%s%s", shown > 0 ? "," : "", e->to[shown].path);
	}
	if (shown < e->n)
		snprintf(list + len, sizeof(list) - len, "+%zu-more",
		    e->n - shown);
	facts_add_limited(f, "to", list, LIST_SIZE);
}

/* How the certificate was judged; NULL without TLS. */
static const char *
verification(const struct attempt *a)
{
	static const char *const ways[] = {
		[TLS_TRUST_CA] = "on",
		[TLS_TRUST_TOFU] = "tofu",
		[TLS_TRUST_DANE] = "dane"
	};

	if (a->facts->tls[0] == '\0')
		return NULL;
	if (a->account->tls_fingerprint.n > 0)
		return "pin";
	if (!a->account->tls_certcheck)
		return "off";
	return a->facts->notice[0] != '\0' ? "first"
	    : ways[a->account->tls_trust];
}

static void
add_server(struct facts *f, const struct attempt *a)
{
	const struct submission *s = a->facts;
	int talked = s->connection.address[0] != '\0';

	facts_add_limited(f, "client", a->client, CLIENT_SIZE);
	add_value(f, "account", a->account->name);
	add_value(f, "notice", a->account->notice);
	add_value(f, "host", s->host);
	add_value(f, "address", s->connection.address);
	add_value(f, "tls", s->tls[0] == '\0' && talked ? "off" : s->tls);
	add_value(f, "verify", verification(a));
	add_value(f, "auth", s->mechanism);
	add_value(f, "user", a->account->user);
}

static void
add_message(struct facts *f, const struct attempt *a)
{
	const struct envelope *e = a->envelope;

	if (e->sender == NULL)
		return; /* there is no envelope yet */
	add_value(f, "from", e->sender[0] != '\0' ? e->sender : "<>");
	add_recipients(f, e);
	facts_add_number(f, "size", (int64_t)message_size(a->message));
	add_value(f, "msgid", e->message_id);
	add_value(f, "warning", e->warning);
}

static void
add_result(struct facts *f, const struct attempt *a)
{
	const struct reply *final = &a->facts->final;
	char id[QUEUE_ID_MAX] = "";

	if (reply_class(final) == 2)
		queue_id_find(id, final->text);
	add_value(f, "queueid", id);
	facts_add_limited(f, "reply", final->text, REPLY_SIZE);
	facts_add_limited(f, "error", a->result->text, ERROR_SIZE);
	if (a->facts->started != 0)
		facts_add_number(f, "ms", a->facts->ended - a->facts->started);
}

/* The time has no name in a line of words. */
static void
add_when(struct facts *f, const char *when)
{
	char shown[TIME_SIZE];

	if (f->style == FACTS_JSON)
		facts_add_limited(f, "time", when, TIME_SIZE);
	else
		buffer_add_string(f->out, escape_string(shown, sizeof(shown),
		    when));
}

void
log_line_compose(struct log_line *l, const struct attempt *a, const char *when)
{
	struct buffer line;
	struct facts f = { .out = &line,
		.style = a->account->log_format == LOG_FORMAT_JSON
		    ? FACTS_JSON : FACTS_WORDS };

	buffer_use(&line, l->text, sizeof(l->text));
	facts_open(&f, NULL);
	add_when(&f, when);
	add_value(&f, "outcome", outcome_of(a));
	facts_add_number(&f, "exit", a->code);
	add_server(&f, a);
	add_message(&f, a);
	add_result(&f, a);
	facts_close(&f);
	l->len = line.len;
	buffer_string(&line);
}

/* The format is the user's own; strftime is safe with any. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
static void
print_time(char *text, size_t size, const char *format)
{
	time_t now = time(NULL);
	struct tm local;

	localtime_r(&now, &local);
	if (format[0] == '\0')
		format = "%Y-%m-%dT%H:%M:%S%z";
	if (strftime(text, size, format, &local) == 0)
		text[0] = '\0'; /* longer than any time is */
}
#pragma GCC diagnostic pop

/* Returns whether the file's directory is world-writable, so that the
 * file may have been placed there by anybody. */
static int
is_for_all(const char *path)
{
	const char *slash = strrchr(path, '/');
	char directory[PATH_MAX];
	struct stat st;
	int n = slash == NULL ? snprintf(directory, sizeof(directory), ".")
	    : snprintf(directory, sizeof(directory), "%.*s/",
	    (int)(slash - path), path);

	return n < 0 || (size_t)n >= sizeof(directory) ||
	    stat(directory, &st) != 0 || (st.st_mode & S_IWOTH) != 0;
}

/* A group may share a log: its owner may be another user, where only trusted
 * users can make files. */
static int
check_file(int fd, const char *path, struct error *err)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return fail(err, EX_IOERR, "%s", strerror(errno));
	if (!S_ISREG(st.st_mode))
		return fail(err, EX_IOERR, "not a regular file");
	if (st.st_uid != geteuid() && st.st_uid != 0 && is_for_all(path))
		return fail(err, EX_IOERR, "owned by user %lu, in a "
		    "world-writable directory", (unsigned long)st.st_uid);
	if (st.st_nlink == 0)
		return fail(err, EX_IOERR, "file was removed");
	if (st.st_nlink != 1)
		return fail(err, EX_IOERR, "file has several hard links");
	return 0;
}

/*
 * Opens the file, or makes it ours alone whatever the umask. O_RDWR, as its
 * last octet will be looked at; O_NONBLOCK for the sake of FIFOs.
 */
static int
open_file(const char *path)
{
	const int flags = O_RDWR | O_APPEND | O_CLOEXEC | O_NOFOLLOW |
	    O_NONBLOCK | O_NOCTTY;
	int fd;

	for (int i = 0; i < 10; i++) {
		fd = open(path, flags);
		if (fd >= 0 || errno != ENOENT)
			return fd;
		fd = open(path, flags | O_CREAT | O_EXCL, 0600);
		if (fd >= 0) {
			(void)fchmod(fd, 0600);
			return fd;
		}
		if (errno != EEXIST)
			return -1;
		/* somebody was faster, or took it away again */
	}
	return -1;
}

/* Waits at most a second: even unlocked, a write on O_APPEND is whole. */
static void
lock_a_while(int fd)
{
	for (int i = 0; i < 20 && flock(fd, LOCK_EX | LOCK_NB) != 0; i++)
		poll(NULL, 0, 50);
}

/* After a line cut by a full disk ours begins on a line of its own. */
static int
last_line_is_cut(int fd)
{
	off_t size = lseek(fd, 0, SEEK_END);
	char last;

	return size > 0 && pread(fd, &last, 1, size - 1) == 1 && last != '\n';
}

/* Writes the line with its LF, and one before it if cut, in one write. */
static int
write_line(int fd, const struct log_line *l, int cut, struct error *err)
{
	char line[LOG_LINE_MAX + 1] = "\n";
	size_t len = l->len + 1 + (size_t)cut;
	ssize_t n;

	memcpy(line + cut, l->text, l->len);
	line[len - 1] = '\n';
	do
		n = write(fd, line, len);
	while (n < 0 && errno == EINTR);
	if (n == (ssize_t)len)
		return 0;
	return fail(err, EX_IOERR, "%s",
	    n < 0 ? strerror(errno) : "short write");
}

/*
 * The file is opened anew, as it may have been rotated since it was opened
 * first; if the sandbox does not let us have the new one, the old one will
 * do.
 */
static int
append(const char *path, int opened, const struct log_line *l,
    struct error *err)
{
	int fd = open_file(path), result;

	if (fd < 0 && errno == EACCES && opened > 0)
		fd = fcntl(opened, F_DUPFD_CLOEXEC, 0);
	if (fd < 0)
		return fail(err, EX_IOERR, "%s", errno == ELOOP
		    ? "is a symbolic link" : strerror(errno));
	result = check_file(fd, path, err);
	if (result == 0) {
		lock_a_while(fd);
		result = write_line(fd, l, last_line_is_cut(fd), err);
	}
	if (close(fd) != 0 && result == 0)
		result = fail(err, EX_IOERR, "%s", strerror(errno));
	return result;
}

/* The account's file; that of "on" is put into made, and its directory is
 * made. NULL if there is no place for it. */
static const char *
find_file(const struct account *a, char made[PATH_MAX])
{
	char *slash;

	if (strcmp(a->logfile, "on") != 0)
		return a->logfile;
	if (xdg_state_file(made, PATH_MAX, a->home, "log") != 0)
		return NULL;
	slash = strrchr(made, '/');
	*slash = '\0';
	(void)mkdirs(made); /* opening the file tells */
	*slash = '/';
	return made;
}

/* Returns the descriptor that the path stands for, or -1: containers log to
 * the streams of their first process. */
static int
descriptor_of(const char *path)
{
	static const struct {
		const char *path;
		int fd;
	} streams[] = {
		{ "-", STDOUT_FILENO },
		{ "/dev/stdout", STDOUT_FILENO },
		{ "/dev/stderr", STDERR_FILENO },
	};
	static const char *const directories[] = { "/dev/fd/",
	    "/proc/self/fd/" };
	uint64_t fd;

	for (size_t i = 0; i < sizeof(streams) / sizeof(streams[0]); i++)
		if (strcmp(path, streams[i].path) == 0)
			return streams[i].fd;
	for (size_t i = 0; i < 2; i++) {
		size_t n = strlen(directories[i]);

		if (strncmp(path, directories[i], n) == 0 &&
		    ascii_number(path + n, strlen(path + n), 0, 65535, &fd)
		    == 0)
			return (int)fd;
	}
	return -1;
}

static int
is_off(const struct account *a)
{
	return a->logfile[0] == '\0' || strcmp(a->logfile, "/dev/null") == 0;
}

int
log_open(const struct account *a)
{
	char made[PATH_MAX];
	const char *path;
	int fd;

	/* the sandbox lets nobody connect to the system's log later */
	if (a->syslog != 0)
		openlog("onehop", LOG_PID | LOG_NDELAY, a->syslog - 1);
	if (is_off(a) || descriptor_of(a->logfile) >= 0)
		return 0;
	path = find_file(a, made);
	fd = path != NULL ? open_file(path) : 0;
	return fd > 0 ? fd : 0;
}

static int
write_file(const struct attempt *attempt, const struct log_line *l,
    struct error *err)
{
	char made[PATH_MAX], quote[ESCAPE_QUOTE];
	const char *path = find_file(attempt->account, made);
	int fd = path != NULL ? descriptor_of(path) : -1;

	if (path == NULL)
		return fail(err, EX_IOERR, "cannot write log: no home "
		    "directory");
	if ((fd >= 0 ? write_line(fd, l, 0, err)
	    : append(path, attempt->log, l, err)) == 0)
		return 0;
	return wrap(err, "cannot write log %s",
	    escape_string(quote, sizeof(quote), path));
}

static void
write_syslog(const struct attempt *attempt)
{
	struct log_line line;

	log_line_compose(&line, attempt, "");
	/* a fixed name: glibc's syslog() has overflowed on long argv[0] */
	openlog("onehop", LOG_PID, attempt->account->syslog - 1);
	/* The socket stays open: the sandbox allows no other one. */
	syslog(attempt->code == 0 ? LOG_INFO : LOG_ERR, "%s", line.text);
}

int
log_write(const struct attempt *attempt, struct error *err)
{
	const struct account *a = attempt->account;
	struct log_line line;
	char when[256];

	if (a->syslog != 0)
		write_syslog(attempt);
	if (is_off(a))
		return 0;
	print_time(when, sizeof(when), a->logfile_time_format);
	log_line_compose(&line, attempt, when);
	return write_file(attempt, &line, err);
}
