/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "base/ascii.h"
#include "base/poll.h"
#include "base/run_command.h"
#include "base/show.h"
#include "base/write_all.h"

#define ANSWER_SECONDS 300

int
terminal_open(void)
{
	int fd = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);

	if (fd >= 0 && tcgetpgrp(fd) != getpgrp()) {
		close(fd);
		return -1;
	}
	return fd;
}

void
terminal_loan_begin(struct terminal_loan *loan)
{
	memset(loan, 0, sizeof(*loan));
	loan->fd = terminal_open();
}

void
terminal_lend_if_stopped(struct terminal_loan *loan, pid_t command)
{
	siginfo_t info;

	memset(&info, 0, sizeof(info));
	if (loan->fd < 0 || waitid(P_PID, (id_t)command, &info, WSTOPPED |
	    WNOHANG) != 0 || info.si_pid != command ||
	    (info.si_status != SIGTTIN && info.si_status != SIGTTOU) ||
	    tcgetpgrp(loan->fd) != getpgrp())
		return;
	if (!loan->is_lent)
		(void)tcgetattr(loan->fd, &loan->before);
	if (tcsetpgrp(loan->fd, command) == 0) {
		loan->is_lent = 1;
		kill(-command, SIGCONT);
	}
}

void
terminal_loan_end(struct terminal_loan *loan)
{
	sigset_t output, before;

	if (loan->fd < 0)
		return;
	if (loan->is_lent) { /* without being stopped for it */
		sigemptyset(&output);
		sigaddset(&output, SIGTTOU);
		sigprocmask(SIG_BLOCK, &output, &before);
		(void)tcsetpgrp(loan->fd, getpgrp());
		(void)tcsetattr(loan->fd, TCSADRAIN, &loan->before);
		sigprocmask(SIG_SETMASK, &before, NULL);
	}
	close(loan->fd);
	loan->fd = -1;
}

void
terminal_say(int fd, const char *format, ...)
{
	char text[2048];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	show_note(fd, text, strlen(text));
}

static int
can_redraw(int fd)
{
	const char *term = getenv("TERM");
	pid_t group = tcgetpgrp(fd);

	return (group <= 0 || group == getpgrp()) &&
	    (term == NULL || strcmp(term, "dumb") != 0);
}

size_t
terminal_redraw(int fd, size_t columns, const char *line)
{
	char text[1024];
	int n;

	if (!can_redraw(fd))
		return columns;
	n = snprintf(text, sizeof(text), "\r%-*s%s", (int)columns, line,
	    line[0] == '\0' ? "\r" : "");
	(void)write_all(fd, text, (size_t)n); /* nobody may be looking */
	return strlen(line);
}

int
terminal_confirm(int fd, const char *question, struct error *err)
{
	int64_t deadline = deadline_in(ANSWER_SECONDS * 1000);
	char first = '\0', c = '\0';

	terminal_say(fd, "%s [y/N] ", question);
	while (c != '\n') {
		if (poll_for(fd, POLLIN, deadline, err) < 0)
			return -1;
		if (read(fd, &c, 1) != 1)
			break;
		if (first == '\0' && !ascii_is_blank(c))
			first = c;
	}
	return ascii_lower(first) == 'y';
}

/* One line, typed; the newline is not echoed, so it is written. */
static int
read_typed(struct buffer *text, int fd, struct error *err)
{
	int64_t deadline = deadline_in(ANSWER_SECONDS * 1000);
	int more;

	do
		more = first_line_read(text, fd, deadline, err);
	while (more > 0 && memchr(text->data, '\n', text->len) == NULL);
	if (write(fd, "\n", 1) != 1)
		return more < 0 ? -1 : fail(err, EX_CONFIG,
		    "cannot write to the terminal: %s", strerror(errno));
	return more < 0 ? -1 : 0;
}

int
terminal_read_secret(struct buffer *out, const char *question,
    struct error *err)
{
	struct buffer text = FIRST_LINE_BUFFER;
	struct termios normal, silent;
	int fd = terminal_open();
	int result;

	if (fd < 0 || tcgetattr(fd, &normal) != 0) {
		if (fd >= 0)
			close(fd);
		return fail(err, EX_CONFIG, "no password configured, and no "
		    "terminal to prompt for one");
	}
	silent = normal;
	silent.c_lflag &= ~(tcflag_t)(ECHO | ECHONL);
	silent.c_lflag |= ICANON;
	if (tcsetattr(fd, TCSAFLUSH, &silent) != 0 ||
	    show_answer(fd, question, strlen(question), err) != 0)
		result = fail(err, EX_CONFIG, "cannot prompt on the terminal: "
		    "%s", strerror(errno));
	else
		result = read_typed(&text, fd, err);
	tcsetattr(fd, TCSANOW, &normal);
	close(fd);
	if (result == 0)
		result = first_line_take(out, &text, err);
	buffer_free(&text);
	return result;
}
