/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/prompt.h"

#include <errno.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "base/oneline.h"
#include "base/poll.h"
#include "base/terminal.h"

/* One line, typed; the newline is not echoed, so it is written. */
static int
read_typed(struct buffer *text, int fd, struct error *err)
{
	int64_t deadline = deadline_in(PROMPT_SECONDS * 1000);
	int more;

	do
		more = oneline_read(text, fd, deadline, err);
	while (more > 0 && memchr(text->data, '\n', text->len) == NULL);
	if (write(fd, "\n", 1) != 1)
		return more < 0 ? -1 : fail(err, EX_CONFIG,
		    "cannot write to the terminal: %s", strerror(errno));
	return more < 0 ? -1 : 0;
}

int
prompt_read(struct buffer *out, const char *question, struct error *err)
{
	struct buffer text = ONELINE_BUFFER;
	struct termios normal, silent;
	int fd = terminal_open();
	int result;

	if (fd < 0 || tcgetattr(fd, &normal) != 0) {
		if (fd >= 0)
			close(fd);
		return fail(err, EX_CONFIG, "there is no password, and no "
		    "terminal to ask for one");
	}
	silent = normal;
	silent.c_lflag &= ~(tcflag_t)(ECHO | ECHONL);
	silent.c_lflag |= ICANON;
	if (tcsetattr(fd, TCSAFLUSH, &silent) != 0 ||
	    write(fd, question, strlen(question)) < 0)
		result = fail(err, EX_CONFIG, "cannot ask at the terminal: "
		    "%s", strerror(errno));
	else
		result = read_typed(&text, fd, err);
	tcsetattr(fd, TCSANOW, &normal);
	close(fd);
	if (result == 0)
		result = oneline_take(out, &text, err);
	buffer_free(&text);
	return result;
}
