/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "report/stderr.h"

#include <stdio.h>
#include <string.h>

#include "base/escape.h"
#include "base/show.h"
#include "report/log.h"
#include "report/result_json.h"

/* Where it happened, for errors of a session: " (account .., server ..)". */
static void
describe_server(const struct attempt *tried, char *text, size_t size)
{
	const struct account *a = tried->account;
	const struct submission *facts = tried->facts;
	char name[128] = "of the command line", server[256];

	if (a->name != NULL && a->name[0] != '\0')
		escape_string(name, sizeof(name), a->name);
	if (a->socket[0] != '\0')
		snprintf(text, size, " (account %s, socket %s)", name,
		    escape_string(server, sizeof(server), a->socket));
	else if (facts->host[0] != '\0')
		snprintf(text, size, " (account %s, server %s)", name,
		    escape_server(server, sizeof(server), facts->host,
		    facts->port));
	else
		snprintf(text, size, " (account %s, host %s)", name,
		    escape_string(server, sizeof(server), a->host.at[0]));
}

void
report_error(int fd, const struct error *err, const struct attempt *tried)
{
	char where[ESCAPE_QUOTE] = "";
	char line[sizeof(err->text) + sizeof(where) + 16];
	const char *text = err->text;
	int n;

	if (err->code == 0)
		return;
	if (tried != NULL)
		describe_server(tried, where, sizeof(where));
	for (;;) {
		size_t len = strcspn(text, "\n");

		n = snprintf(line, sizeof(line), "onehop: %.*s%s\n",
		    (int)len, text, where);
		show_note(fd, line, (size_t)n);
		if (text[len] == '\0')
			break;
		text += len + 1;
	}
	if (err->hint[0] == '\0')
		return;
	n = snprintf(line, sizeof(line), "hint: %s\n", err->hint);
	show_note(fd, line, (size_t)n);
}

void
report_line(int fd, const char *text)
{
	char line[sizeof(((struct error *)NULL)->text) + 160];
	int n = snprintf(line, sizeof(line), "onehop: %s\n", text);

	show_note(fd, line, (size_t)n);
}

void
report_queued(int fd, const struct error *err)
{
	if (err->outcome == OUTCOME_QUEUED)
		report_line(fd, err->text);
}

void
report_notice(int fd, const struct submission *facts)
{
	if (facts->notice[0] != '\0')
		report_line(fd, facts->notice);
}

void
report_warning(int fd, const struct envelope *e)
{
	if (e->warning != NULL)
		report_line(fd, e->warning);
}

void
report_attempt(int fd, const struct attempt *a)
{
	struct error warning = {0};

	if (log_write(a, &warning) != 0)
		report_error(fd, &warning, NULL);
}

void
report_result(int fd, int output, struct buffer *room,
    const struct attempt *a)
{
	struct error warning = {0};

	if (result_json_write(output, room, a, &warning) != 0)
		report_error(fd, &warning, NULL);
}
