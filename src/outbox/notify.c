/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "outbox/notify.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/poll.h"
#include "base/run_command.h"
#include "base/show.h"
#include "base/write_all.h"
#include "base/xmalloc.h"
#include "outbox/outbox.h"
#include "report/log.h"

#define NOTIFY_SECONDS 60

/* Maximum size of the list of the messages that were seen, octets. */
#define SEEN_MAX ((size_t)4 << 20)

/* Opens the file that lists the messages given up that the user has seen. */
static int
open_seen(const struct outbox *o, int flags)
{
	char *path = xasprintf("%s/looked", o->path);
	int fd = open(path, flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);

	free(path);
	return fd;
}

/* Reads the IDs that it lists, sorted. */
static void
read_seen(const struct outbox *o, struct string_list *ids)
{
	int fd = open_seen(o, O_RDONLY);

	if (fd < 0)
		return;
	string_list_read(ids, fd, SEEN_MAX);
	close(fd);
	string_list_sort(ids);
}

/* Writes it. If it is lost or incomplete, the user is told again. */
static void
write_seen(const struct outbox *o, const struct buffer *text)
{
	int fd = open_seen(o, O_WRONLY | O_CREAT | O_TRUNC);

	if (fd < 0)
		return;
	(void)fchmod(fd, 0600);
	(void)write_all(fd, text->data, text->len);
	close(fd);
}

void
notify_look(const struct outbox *o, const struct string_list *ids)
{
	struct string_list seen = {0};
	struct buffer text = { .max = SEEN_MAX };
	size_t known;

	read_seen(o, &seen);
	known = seen.n;
	for (size_t i = 0; i < ids->n; i++)
		string_list_add(&seen, xstrdup(ids->at[i]));
	string_list_sort(&seen);
	for (size_t i = 0; i < seen.n; i++)
		if ((i == 0 || strcmp(seen.at[i], seen.at[i - 1]) != 0) &&
		    !outbox_is_missing(o, OUTBOX_FAILED, seen.at[i]))
			buffer_addf(&text, "%s\n", seen.at[i]);
	if (known > 0 || text.len > 0)
		write_seen(o, &text);
	buffer_free(&text);
	string_list_free(&seen);
}

void
notify_unlook(const struct outbox *o, const char *id)
{
	struct string_list seen = {0};
	struct buffer text = { .max = SEEN_MAX };

	read_seen(o, &seen);
	for (size_t i = 0; i < seen.n; i++)
		if (strcmp(seen.at[i], id) != 0)
			buffer_addf(&text, "%s\n", seen.at[i]);
	if (string_list_has_sorted(&seen, id))
		write_seen(o, &text);
	buffer_free(&text);
	string_list_free(&seen);
}

int
notify_list_unseen(const struct outbox *o, struct string_list *ids,
    struct error *err)
{
	struct string_list all = {0}, seen = {0};
	int result = outbox_list(o, OUTBOX_FAILED, &all, err);

	if (all.n > 0)
		read_seen(o, &seen);
	for (size_t i = 0; i < all.n; i++)
		if (!string_list_has_sorted(&seen, all.at[i]))
			string_list_add(ids, xstrdup(all.at[i]));
	string_list_free(&all);
	string_list_free(&seen);
	return result;
}

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
		(void)notify_list_unseen(&o, &ids, &ignored);
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
