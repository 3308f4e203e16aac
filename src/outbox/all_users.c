/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "outbox/all_users.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/escape.h"
#include "base/platform.h"
#include "base/poll.h"
#include "base/show.h"
#include "base/string_list.h"
#include "base/xmalloc.h"
#include "outbox/disposition.h"
#include "outbox/locate.h"
#include "outbox/owners.h"
#include "report/stderr.h"

/* Number of users whose outboxes are flushed at once. */
#define AT_ONCE 16

/* Time that a user's process may take, and time from SIGTERM to SIGKILL,
 * milliseconds. */
#define FLUSH_LIMIT (15 * 60 * 1000)
#define LIST_LIMIT (60 * 1000)
#define KILL_LIMIT (5 * 1000)

/* Time between two looks at the processes, and at one that has closed its
 * output and so is about to end, milliseconds. */
#define PAUSE 20
#define ENDING_PAUSE 1

/* Maximum number of octets of a user's list and of a user's messages; what
 * exceeds them is dropped. */
#define LIST_MAX ((size_t)64 << 20)
#define MESSAGES_MAX ((size_t)64 << 10)

/* Maximum number of users that one line names. */
#define NAMES_MAX 10

/* Output of a user's process. */
struct output {
	int fd;              /* -1 after its end */
	int is_cut;
	struct buffer text;
};

/* A user's process. */
struct visit {
	const struct owner *owner;
	pid_t pid;           /* 0: none */
	int64_t deadline;    /* for the next signal */
	int signals;         /* number of signals sent */
	struct output out;
	struct output messages;
};

/* The run. */
struct round {
	enum all_users_work work;
	struct owners owners;
	size_t next;             /* the owner to be served next */
	struct visit visits[AT_ONCE];
	size_t at_once;
	struct error worst;      /* its code is the exit status of the run */
	struct string_list bad;  /* users with another status than 0 */
	size_t nbad;
	size_t listed;           /* members of the JSON array */
};

static int
find(struct round *r, const struct selection *selection, struct error *err)
{
	struct string_list patterns = {0};
	int result;

	if (geteuid() != 0) {
		fail(err, EX_NOPERM, "--all-users: only root can serve the "
		    "outboxes of all users");
		return hint(err, "leave it out to serve your own");
	}
	result = locate_patterns(&patterns, selection, err);
	for (size_t i = 0; i < patterns.n && result == 0; i++)
		result = owners_find(&r->owners, patterns.at[i], err);
	string_list_free(&patterns);
	return result;
}

/* Tells of the entries that are no user's directory. */
static void
tell_skipped(struct round *r)
{
	const struct owners *o = &r->owners;
	struct buffer line = {0};

	for (size_t i = 0; i < o->skipped.n; i++) {
		buffer_addf(&line, "left alone: %s", o->skipped.at[i]);
		report_line(STDERR_FILENO, buffer_string(&line));
		buffer_clear(&line);
	}
	if (o->nskipped > o->skipped.n) {
		buffer_addf(&line, "left alone: %zu more", o->nskipped -
		    o->skipped.n);
		report_line(STDERR_FILENO, buffer_string(&line));
	}
	if (o->nskipped > 0)
		disposition_complain(&r->worst, EX_CANTCREAT, "");
	buffer_free(&line);
}

/* Counts a user whose process did not end well. */
static void
count_bad(struct round *r, const struct owner *owner, int code)
{
	char quote[ESCAPE_QUOTE];

	disposition_complain(&r->worst, code, "");
	if (r->nbad++ < NAMES_MAX)
		string_list_add(&r->bad, xasprintf("%s (%d)",
		    escape_string(quote, 64, owner->name), code));
}

/* The process of the user. Returns 0 or -1 with err set. */
static int
enter(const struct owner *owner, int out, int messages, struct error *err)
{
	int null = open("/dev/null", O_RDONLY);

	if (null < 0 || dup2(null, STDIN_FILENO) < 0 ||
	    dup2(out, STDOUT_FILENO) < 0 || dup2(messages, STDERR_FILENO) < 0)
		return fail(err, EX_OSERR, "cannot replace descriptors: %s",
		    strerror(errno));
	platform_close_from(STDERR_FILENO + 1);
	return owner_become(owner, err);
}

static void
open_output(struct output *s, int fd, size_t max)
{
	memset(s, 0, sizeof(*s));
	s->fd = fd;
	s->text.max = max;
	(void)fcntl(fd, F_SETFL, O_NONBLOCK);
	(void)fcntl(fd, F_SETFD, FD_CLOEXEC);
}

/* Forks. Returns the process, 0 in it, or -1; with the ends of its pipes. */
static pid_t
fork_with_pipes(int out[2], int messages[2])
{
	pid_t pid;

	if (pipe(out) != 0)
		return -1;
	if (pipe(messages) == 0) {
		pid = fork();
		if (pid >= 0)
			return pid;
		close(messages[0]);
		close(messages[1]);
	}
	close(out[0]);
	close(out[1]);
	return -1;
}

/* Starts the process of the next user. Returns ALL_USERS_OWNER or, if that
 * fails, ALL_USERS_FAILED in it; ALL_USERS_SERVED in ours. */
static enum all_users_role
start(struct round *r, struct visit *v, char **outbox, struct error *err)
{
	const struct owner *owner = &r->owners.at[r->next++];
	int out[2], messages[2];
	pid_t pid = fork_with_pipes(out, messages);

	if (pid < 0) {
		count_bad(r, owner, EX_OSERR);
		return ALL_USERS_SERVED;
	}
	if (pid == 0) {
		*outbox = xstrdup(owner->outbox);
		return enter(owner, out[1], messages[1], err) == 0
		    ? ALL_USERS_OWNER : ALL_USERS_FAILED;
	}
	close(out[1]);
	close(messages[1]);
	open_output(&v->out, out[0], LIST_MAX);
	open_output(&v->messages, messages[0], MESSAGES_MAX);
	v->owner = owner;
	v->pid = pid;
	v->signals = 0;
	v->deadline = deadline_in(r->work == ALL_USERS_FLUSH ? FLUSH_LIMIT
	    : LIST_LIMIT);
	return ALL_USERS_SERVED;
}

/* Takes some of the output: a user may write without end. */
static void
take(struct output *s)
{
	char block[16384];

	for (int i = 0; i < 16 && s->fd >= 0; i++) {
		ssize_t n = read(s->fd, block, sizeof(block));

		/* nothing follows what did not fit, however short it is */
		if (n > 0 && !s->is_cut)
			s->is_cut = buffer_add(&s->text, block,
			    (size_t)n) != 0;
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			break;
		if (n > 0)
			continue;
		close(s->fd);
		s->fd = -1;
	}
}

static void
close_output(struct output *s)
{
	if (s->fd >= 0)
		close(s->fd);
	buffer_free(&s->text);
	memset(s, 0, sizeof(*s));
	s->fd = -1;
}

/* Writes the members of the array, without its brackets. */
static int
show_members(struct round *r, const struct buffer *text, struct error *err)
{
	const size_t frame = strlen("[]\n");

	if (text->len < frame || text->data[0] != '[' ||
	    memcmp(text->data + text->len - 2, "]\n", 2) != 0)
		return fail(err, EX_SOFTWARE, "incomplete list");
	if (text->len == frame)
		return 0;
	if (r->listed++ > 0 && show_answer(STDOUT_FILENO, ",", 1, err) != 0)
		return -1;
	return show_answer(STDOUT_FILENO, text->data + 1, text->len - frame,
	    err);
}

/* Writes the list of the user after a line that names the user. */
static int
show_list(struct round *r, struct visit *v, struct error *err)
{
	struct buffer line = {0};
	int result;

	if (r->work == ALL_USERS_FLUSH)
		return 0;
	if (r->work == ALL_USERS_JSON)
		return show_members(r, &v->out.text, err);
	escape_add(&line, v->owner->name);
	buffer_add_string(&line, ": ");
	escape_add(&line, v->owner->outbox);
	buffer_add_char(&line, '\n');
	result = show_answer(STDOUT_FILENO, line.data, line.len, err);
	if (result == 0)
		result = show_answer(STDOUT_FILENO, v->out.text.data,
		    v->out.text.len, err);
	if (result == 0 && v->out.is_cut)
		result = fail(err, EX_SOFTWARE, "list cut off");
	buffer_free(&line);
	return result;
}

/* Writes the messages of the user's process after a line that names the user,
 * unless there are none. */
static void
show_messages(struct visit *v, const struct error *own)
{
	char quote[ESCAPE_QUOTE];

	if (v->messages.text.len == 0 && own->code == 0)
		return;
	escape_string(quote, sizeof(quote), v->owner->name);
	report_line(STDERR_FILENO, quote);
	show_note(STDERR_FILENO, v->messages.text.data,
	    v->messages.text.len);
	if (v->messages.is_cut)
		report_line(STDERR_FILENO, "messages cut off");
	report_error(STDERR_FILENO, own, NULL);
}

/* Shows what the process wrote, and takes its exit status. */
static void
end(struct round *r, struct visit *v, int status)
{
	struct error own = {0};
	int code;

	take(&v->out);
	take(&v->messages);
	(void)show_list(r, v, &own);
	if (v->signals > 0)
		fail(&own, EX_TEMPFAIL, "stopped: it took too long");
	else if (WIFSIGNALED(status))
		fail(&own, EX_TEMPFAIL, "killed by signal %d",
		    WTERMSIG(status));
	show_messages(v, &own);
	code = own.code != 0 ? own.code : WEXITSTATUS(status);
	if (code != 0)
		count_bad(r, v->owner, code);
	close_output(&v->out);
	close_output(&v->messages);
	v->pid = 0;
}

/* Signals the user's process and those that it has started, first gently. */
static void
stop(struct visit *v)
{
	int number = v->signals++ == 0 ? SIGTERM : SIGKILL;

	if (kill(-v->pid, number) != 0) /* it leads no session yet */
		(void)kill(v->pid, number);
	v->deadline = deadline_in(KILL_LIMIT);
}

/* Ends the visits whose processes have ended. Returns the number of the
 * others. */
static size_t
reap(struct round *r)
{
	size_t running = 0;

	for (size_t i = 0; i < r->at_once; i++) {
		struct visit *v = &r->visits[i];
		int status;

		if (v->pid == 0)
			continue;
		if (waitpid(v->pid, &status, WNOHANG) == v->pid) {
			end(r, v, status);
			continue;
		}
		if (deadline_now() >= v->deadline)
			stop(v);
		running++;
	}
	return running;
}

/* Waits for output, or a while. Returns -1 with err set if a signal came. */
static int
wait_for_output(struct round *r, struct error *err)
{
	struct pollfd fds[2 * AT_ONCE];
	struct output *outputs[2 * AT_ONCE];
	size_t n = 0;
	int pause = PAUSE, result;

	for (size_t i = 0; i < r->at_once; i++) {
		struct visit *v = &r->visits[i];

		if (v->pid == 0)
			continue;
		if (v->out.fd >= 0)
			outputs[n++] = &v->out;
		if (v->messages.fd >= 0)
			outputs[n++] = &v->messages;
		if (v->out.fd < 0 && v->messages.fd < 0)
			pause = ENDING_PAUSE;
	}
	for (size_t i = 0; i < n; i++)
		fds[i] = (struct pollfd){ outputs[i]->fd, POLLIN, 0 };
	result = poll_any(fds, n, deadline_in(pause), err);
	for (size_t i = 0; i < n && result > 0; i++)
		if (fds[i].revents != 0)
			take(outputs[i]);
	return result < 0 ? -1 : 0;
}

/* A signal came: stops all processes, and waits until they have ended. */
static void
stop_all(struct round *r)
{
	for (size_t i = 0; i < r->at_once; i++)
		if (r->visits[i].pid != 0 && r->visits[i].signals == 0)
			stop(&r->visits[i]);
	while (reap(r) > 0) {
		for (size_t i = 0; i < r->at_once; i++) {
			if (r->visits[i].pid == 0)
				continue; /* no descriptors */
			take(&r->visits[i].out);
			take(&r->visits[i].messages);
		}
		(void)poll(NULL, 0, PAUSE); /* the signal is still pending */
	}
}

/* Serves all users. Returns as start() does. */
static enum all_users_role
serve(struct round *r, char **outbox, struct error *err)
{
	enum all_users_role role;

	do {
		for (size_t i = 0; i < r->at_once &&
		    r->next < r->owners.n; i++) {
			if (r->visits[i].pid != 0)
				continue;
			role = start(r, &r->visits[i], outbox, err);
			if (role != ALL_USERS_SERVED)
				return role;
		}
		if (wait_for_output(r, &r->worst) != 0) {
			stop_all(r);
			break;
		}
	} while (reap(r) > 0 || r->next < r->owners.n);
	return ALL_USERS_SERVED;
}

/* Makes the error of the run: the worst status, and the users. */
static int
conclude(struct round *r, struct error *err)
{
	char *names = string_list_join(&r->bad);

	if (r->worst.code == 0 || r->worst.signal != 0)
		*err = r->worst;
	else if (r->nbad == 0)
		fail(err, r->worst.code, "some directories are no user's");
	else if (r->nbad > r->bad.n)
		fail(err, r->worst.code, "users with an error: %s and %zu "
		    "more", names, r->nbad - r->bad.n);
	else
		fail(err, r->worst.code, "users with an error: %s", names);
	free(names);
	return err->code != 0 ? -1 : 0;
}

static void
round_free(struct round *r)
{
	for (size_t i = 0; i < AT_ONCE; i++) {
		buffer_free(&r->visits[i].out.text);
		buffer_free(&r->visits[i].messages.text);
	}
	string_list_free(&r->bad);
	owners_free(&r->owners);
}

enum all_users_role
all_users_serve(const struct selection *selection, enum all_users_work work,
    char **outbox, struct error *err)
{
	struct round r = { .work = work,
	    .at_once = work == ALL_USERS_FLUSH ? AT_ONCE : 1 };
	enum all_users_role role = ALL_USERS_FAILED;
	int is_array = work == ALL_USERS_JSON;

	signals_hold();
	if (find(&r, selection, err) != 0) {
		round_free(&r);
		return role;
	}
	tell_skipped(&r);
	if (is_array)
		(void)show_answer(STDOUT_FILENO, "[", 1, err);
	role = serve(&r, outbox, err);
	if (role == ALL_USERS_SERVED) {
		if (is_array)
			(void)show_answer(STDOUT_FILENO, "]\n", 2, err);
		if (conclude(&r, err) != 0)
			role = ALL_USERS_FAILED;
	}
	round_free(&r);
	return role;
}
