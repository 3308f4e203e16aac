/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "outbox/notify.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/poll.h"
#include "base/run_command.h"
#include "base/show.h"
#include "base/xmalloc.h"
#include "outbox/outbox.h"
#include "report/log.h"

#define NOTIFY_SECONDS 60

void
notify_run(const char *command, unsigned n)
{
	struct error ignored = {0};
	char *line;
	pid_t pid;
	int status;

	if (command[0] == '\0' || n == 0)
		return;
	line = xasprintf("%s %u", command, n);
	if (command_start(&pid, line, -1, -1, &ignored) == 0 &&
	    command_wait(pid, &status, deadline_in(1000 * NOTIFY_SECONDS),
	    &ignored) != 1)
		command_kill(pid);
	free(line);
}

void
notify_remind(int fd, const char *path)
{
	struct error ignored = {0};
	struct stat told = {0};
	struct string_list ids = {0};
	struct outbox o;
	char line[160];

	if (path == NULL || !outbox_exists(path))
		return;
	if (outbox_open(&o, path, OUTBOX_WRITE, &ignored) == 0) {
		/* its modification time is that of the last line */
		if (fstatat(o.places[OUTBOX_JOURNAL], "told", &told, 0) == 0 &&
		    told.st_mtim.tv_sec > time(NULL)) /* the clock was ahead */
			memset(&told, 0, sizeof(told));
		(void)outbox_list_since(&o, &told.st_mtim, &ids, &ignored);
	}
	if (ids.n > 0) {
		snprintf(line, sizeof(line), "onehop: %zu message%s could not "
		    "be delivered: see onehop --outbox list\n", ids.n,
		    ids.n == 1 ? "" : "s");
		show_note(fd, line, strlen(line));
		outbox_touch(o.places[OUTBOX_JOURNAL], "told");
	}
	string_list_free(&ids);
	outbox_close(&o);
}

void
notify_log(const struct attempt *a)
{
	const struct envelope nobody = {0};
	const struct message none = {0};
	const struct submission facts = {0};
	struct error reminder = {0}, ignored = {0};
	struct attempt line = { .account = a->account, .envelope = &nobody,
		.message = &none, .facts = &facts, .result = &reminder,
		.code = EX_UNAVAILABLE, .log = a->log };
	struct string_list ids = {0};
	struct outbox o = {0};
	char *path = outbox_path(a->account);

	if (path != NULL && outbox_exists(path) &&
	    (a->account->syslog != 0 || a->account->logfile[0] != '\0') &&
	    outbox_open(&o, path, OUTBOX_READ, &ignored) == 0)
		(void)outbox_list_unseen(&o, &ids, &ignored);
	outbox_close(&o);
	if (ids.n > 0) {
		fail(&reminder, EX_UNAVAILABLE, "outbox: %zu message%s given "
		    "up: see onehop --outbox list", ids.n,
		    ids.n == 1 ? "" : "s");
		(void)log_write(&line, &ignored);
	}
	string_list_free(&ids);
	free(path);
}
