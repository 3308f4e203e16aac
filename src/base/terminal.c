/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/terminal.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/ascii.h"
#include "base/poll.h"
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
terminal_say(int fd, const char *format, ...)
{
	char text[2048];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	(void)write_all(fd, text, strlen(text)); /* who asks reads on */
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
