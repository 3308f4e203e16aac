/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a client of -bs says, a command a line: "FROM:..." as MAIL's argument,
 * the others as RCPT's. Every reply is one line, what is refused leaves no
 * trace, and nothing that is kept could break a line.
 */
#include "fuzz.h"

#include <string.h>

#include "base/ascii.h"
#include "base/xmalloc.h"
#include "server/mail_rcpt.h"

/* "250 2.1.0 Ok": a code, its like in RFC 3463's terms, and words. */
static void
check_reply(const char *reply)
{
	require(strlen(reply) > 10 && strchr("245", reply[0]) != NULL &&
	    reply[3] == ' ' && reply[4] == reply[0] && reply[5] == '.',
	    "a reply with its enhanced code");
	for (; *reply != '\0'; reply++)
		require(!ascii_is_control(*reply), "a reply of one line");
}

static void
check_text(const char *text)
{
	for (; text != NULL && *text != '\0'; text++)
		require(!ascii_is_control(*text) || *text == '\t',
		    "nothing kept has a control");
}

static void
check_order(const struct mail_rcpt *o)
{
	require(o->sender != NULL || (o->n == 0 && o->envid == NULL &&
	    o->returns == NULL && o->submitter == NULL),
	    "without MAIL there is nothing");
	check_text(o->sender);
	check_text(o->returns);
	check_text(o->envid);
	check_text(o->submitter);
	for (size_t i = 0; i < o->n; i++) {
		require(o->recipients[i][0] != '\0', "a recipient is somebody");
		check_text(o->recipients[i]);
		check_text(o->dsn[i].notify);
		check_text(o->dsn[i].orcpt);
	}
}

/* The relay has no line with a NUL, nor with the CR of its end. */
static char *
next_line(const char **data, const char *end)
{
	const char *lf = memchr(*data, '\n', (size_t)(end - *data));
	const char *stop = lf != NULL ? lf : end;
	char *line = xstrndup(*data, (size_t)(stop - *data));

	*data = lf != NULL ? lf + 1 : end;
	line[strcspn(line, "\r")] = '\0';
	return line;
}

static void
obey(struct mail_rcpt *o, const char *line)
{
	size_t before = o->n;
	int is_mail = ascii_begins(line, "FROM:"), had = o->sender != NULL;
	const char *reply = is_mail ? mail_rcpt_mail(o, line)
	    : mail_rcpt_rcpt(o, line);
	int taken = reply[0] == '2';

	check_reply(reply);
	check_order(o);
	require(had || is_mail == 0 || (o->sender != NULL) == taken,
	    "MAIL is taken or leaves nothing");
	require(o->n == before + (size_t)(!is_mail && taken),
	    "each RCPT that is taken is one recipient");
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *left = (const char *)data, *end = left + size;
	struct mail_rcpt o = {0};
	struct request request = {0};

	while (left < end) {
		char *line = next_line(&left, end);

		obey(&o, line);
		free(line);
	}
	if (o.sender != NULL) {
		mail_rcpt_apply(&o, &request);
		require(request.nrecipients == o.n && request.sender
		    == o.sender,
		    "all of it is applied");
	}
	mail_rcpt_free(&o);
	check_order(&o);
	return 0;
}
