/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which failures are queued, for whom, until when, and what is told. */
#include "../unit.h"

#include <signal.h>
#include <time.h>

#include "../letter.h"
#include "../queue.h"
#include "base/xmalloc.h"
#include "outbox/enqueue.h"
#include "outbox/outbox.h"

#define MOST 4

static const struct row {
	const char *name;
	int codes[MOST];      /* replies of the recipients, up to 0; 1: none */
	int partial, lmtp;     /* lmtp: 2 if the content was sent */
	int code, signal, lasting;
	enum outcome outcome;
	int final, begun;
	const char *config;   /* of -C */
	/* what is wanted */
	int queued;           /* recipients in the file */
	int is_put_off, doubts;
	int result;           /* exit code */
	const char *text, *hint;
} rows[] = {
	{ .name = "later", .codes = { 1 }, .code = EX_TEMPFAIL, .queued = 1,
		.text = "queued as ID: why", .hint = "" },
	{ .name = "refused for now", .codes = { 1 }, .code = EX_TEMPFAIL,
		.final = 451, .queued = 1, .is_put_off = 1,
		.text = "queued as ID: why", .hint = "" },
	{ .name = "lost after MAIL", .codes = { 1 }, .code = EX_TEMPFAIL,
		.begun = 1, .queued = 1, .is_put_off = 1,
		.text = "queued as ID: why", .hint = "" },
	{ .name = "refused for good", .codes = { 1 }, .final = 554,
		.code = EX_UNAVAILABLE, .result = EX_UNAVAILABLE,
		.text = "why", .hint = "do it" },
	{ .name = "a fault of the message", .codes = { 1 },
		.code = EX_DATAERR, .result = EX_DATAERR, .text = "why",
		.hint = "do it" },
	{ .name = "refused for good, by a code for later", .codes = { 1 },
		.final = 554, .code = EX_TEMPFAIL, .result = EX_TEMPFAIL,
		.text = "why", .hint = "do it" },
	{ .name = "lasting", .codes = { 1 }, .code = EX_TEMPFAIL,
		.lasting = 1, .result = EX_TEMPFAIL, .text = "why",
		.hint = "do it" },
	{ .name = "nonsense", .codes = { 1 }, .code = EX_PROTOCOL,
		.queued = 1, .text = "queued as ID: why", .hint = "" },
	{ .name = "no such host", .codes = { 1 }, .code = EX_NOHOST,
		.queued = 1, .text = "queued as ID: why", .hint = "" },
	{ .name = "this system", .codes = { 1 }, .code = EX_OSERR,
		.queued = 1, .text = "queued as ID: why", .hint = "" },
	{ .name = "wrong password", .codes = { 1 }, .code = EX_NOPERM,
		.final = 451, .queued = 1, .text = "queued as ID: why",
		.hint = "do it" },
	{ .name = "wrong configuration", .codes = { 1 }, .code = EX_CONFIG,
		.queued = 1, .text = "queued as ID: why", .hint = "do it" },
	{ .name = "wrong configuration for good", .codes = { 1 },
		.code = EX_CONFIG, .lasting = 1, .result = EX_CONFIG,
		.text = "why", .hint = "do it" },
	{ .name = "unknown", .codes = { 1 }, .code = EX_NOPERM,
		.outcome = OUTCOME_UNKNOWN, .queued = 1, .doubts = 1,
		.text = "queued as ID: why", .hint = "" },
	{ .name = "unknown, by a code for good", .codes = { 1, 1 },
		.code = EX_DATAERR, .outcome = OUTCOME_UNKNOWN, .queued = 2,
		.doubts = 1, .text = "queued as ID: why", .hint = "" },
	{ .name = "interrupted by the user", .codes = { 1 },
		.code = EX_TEMPFAIL, .signal = SIGINT, .result = EX_TEMPFAIL,
		.text = "why", .hint = "do it" },
	{ .name = "quit by the user", .codes = { 1 }, .code = EX_TEMPFAIL,
		.signal = SIGQUIT, .result = EX_TEMPFAIL, .text = "why",
		.hint = "do it" },
	{ .name = "killed by the system", .codes = { 1 }, .code = EX_TEMPFAIL,
		.signal = SIGTERM, .queued = 1, .text = "queued as ID: why",
		.hint = "" },
	{ .name = "one refusal for good refuses all", .codes = { 550, 451 },
		.code = EX_NOUSER, .result = EX_NOUSER, .text = "why",
		.hint = "do it" },
	{ .name = "accepted by RCPT alone", .codes = { 250, 451 },
		.code = EX_TEMPFAIL, .begun = 1, .queued = 2, .is_put_off = 1,
		.text = "queued as ID: why", .hint = "" },
	{ .name = "partial: accepted by RCPT alone", .codes = { 250, 1 },
		.partial = 1, .code = EX_TEMPFAIL, .begun = 1, .queued = 1,
		.is_put_off = 1, .text = "queued as ID: why", .hint = "" },
	{ .name = "without its config file", .codes = { 1 },
		.code = EX_TEMPFAIL, .config = "/nonexistent/config",
		.result = EX_TEMPFAIL, .text = "not queued: outbox: the config "
		    "file of -C is gone: why", .hint = "do it" },
	{ .name = "some have it, others later, without its config file",
		.codes = { 250, 451 }, .partial = 1, .code = EX_UNAVAILABLE,
		.outcome = OUTCOME_PARTIAL, .config = "/nonexistent/config",
		.result = EX_UNAVAILABLE, .text = "not queued: outbox: the "
		    "config file of -C is gone: why", .hint = "do it" },
	{ .name = "one for good, one for now, without its config file",
		.codes = { 550, 451 }, .lmtp = 2, .code = EX_NOUSER,
		.config = "/nonexistent/config", .result = EX_NOUSER,
		.text = "not queued: outbox: the config file of -C is gone: "
		    "why", .hint = "do it" },
	{ .name = "unknown, without its config file", .codes = { 1 },
		.code = EX_PROTOCOL, .outcome = OUTCOME_UNKNOWN,
		.config = "/nonexistent/config", .result = EX_PROTOCOL,
		.text = "not queued: outbox: the config file of -C is gone: "
		    "why", .hint = "do it" },
	{ .name = "partial: one for good, one for now",
		.codes = { 550, 451 }, .partial = 1, .code = EX_NOUSER,
		.queued = 1, .result = EX_NOUSER,
		.text = "queued for 1 recipient as ID: recipient <r0@x> ",
		.hint = "" },
	{ .name = "partial: one for good, one unknown",
		.codes = { 550, 1 }, .partial = 1, .code = EX_TEMPFAIL,
		.outcome = OUTCOME_UNKNOWN, .queued = 1, .doubts = 1,
		.result = EX_NOUSER, .text = "queued for 1 recipient as ID, "
		    "although the message may have been accepted: recipient ",
		.hint = "" },
	{ .name = "LMTP: one for good, two for now",
		.codes = { 550, 451, 451 }, .lmtp = 2, .code = EX_NOUSER,
		.queued = 2, .result = EX_NOUSER, .hint = "",
		.text = "queued for 2 recipients as ID: recipient <r0@x> " },
	{ .name = "LMTP: one for good and two for now, by RCPT",
		.codes = { 550, 451, 451 }, .lmtp = 1, .code = EX_NOUSER,
		.result = EX_NOUSER, .text = "why", .hint = "do it" },
	{ .name = "partial: all for good", .codes = { 550, 550 },
		.partial = 1, .code = EX_TEMPFAIL, .result = EX_TEMPFAIL,
		.text = "why", .hint = "do it" },
	{ .name = "partial: one for good, one unasked", .codes = { 550, 1 },
		.partial = 1, .code = EX_NOUSER, .result = EX_NOUSER,
		.text = "why", .hint = "do it" },
	{ .name = "some have it, others later", .codes = { 250, 451 },
		.partial = 1, .code = EX_UNAVAILABLE, .queued = 1,
		.outcome = OUTCOME_PARTIAL, .text = "queued as ID: why",
		.hint = "" },
	{ .name = "some have it, some never, others later",
		.codes = { 250, 550, 451 }, .partial = 1,
		.code = EX_UNAVAILABLE, .queued = 1, .result = EX_NOUSER,
		.outcome = OUTCOME_PARTIAL,
		.text = "accepted for some of the recipients: queued for 1 "
		    "recipient as ID: recipient <r1@x>", .hint = "" },
	{ .name = "some have it, the others never", .codes = { 250, 550 },
		.partial = 1, .code = EX_NOUSER, .result = EX_NOUSER,
		.outcome = OUTCOME_PARTIAL, .text = "why", .hint = "do it" },
};

static char directory[32], path[64];

static void
check(const struct row *row, const char *what, long long is, long long wanted)
{
	if (is != wanted)
		fail_msg("%s: %s: %lld, not %lld", row->name, what, is,
		    wanted);
}

/* In a text the ID of the message is "ID". */
static void
check_text(const struct row *row, const char *text, const char *id,
    const char *wanted)
{
	const char *at = id[0] != '\0' ? strstr(text, id) : NULL;
	char *said = at == NULL ? xstrdup(text) : xasprintf("%.*sID%s",
	    (int)(at - text), text, at + strlen(id));

	if (wanted[0] == '\0' ? said[0] != '\0' : strstr(said, wanted) == NULL)
		fail_msg("%s: %s: expected %s", row->name, said, wanted);
	free(said);
}

/* Compares what is in the outbox; writes its ID, "" if there is none. */
static void
check_outbox(const struct row *row, char id[OUTBOX_ID])
{
	struct string_list ids = {0};
	struct message_file m = {0};
	struct outbox o;
	struct error err = {0};

	id[0] = '\0';
	m.fd = -1;
	assert_int_equal(outbox_open(&o, path, OUTBOX_READ, &err),
	    outbox_exists(path) ? 0 : -1);
	(void)outbox_list(&o, OUTBOX_NEW, &ids, &err);
	check(row, "messages", (long long)ids.n, row->queued > 0);
	if (row->queued > 0) {
		int64_t now = time(NULL);

		memcpy(id, ids.at[0], OUTBOX_ID);
		assert_int_equal(message_file_read(&m, outbox_open_message(&o,
		    OUTBOX_NEW, id, &err), &err), 0);
		check(row, "recipients", (long long)m.envelope.n, row->queued);
		check(row, "doubts", m.doubts, row->doubts);
		check(row, "is put off", m.due > now && m.due < now + 3600,
		    row->is_put_off);
		if (!row->is_put_off)
			check(row, "due", m.due, 0);
		check(row, "queued", m.queued <= now && m.queued > now - 60,
		    1);
		assert_string_equal(m.reason, "why");
	}
	message_file_free(&m);
	string_list_free(&ids);
	outbox_close(&o);
}

static void
run(const struct row *row)
{
	const struct selection selection = { .config = row->config };
	struct submission facts = { .begun = row->begun };
	struct envelope e = {0};
	struct message m = {0};
	struct account a;
	struct error err = { .code = row->code, .signal = row->signal,
		.outcome = row->outcome, .lasting = row->lasting,
		.text = "why", .hint = "do it" };
	const struct attempt attempt = { .account = &a, .envelope = &e,
		.message = &m, .facts = &facts, .result = &err };
	char id[OUTBOX_ID];

	strcpy(directory, "/tmp/enqueue.XXXXXX");
	assert_non_null(mkdtemp(directory));
	setenv("HOME", directory, 1);
	snprintf(path, sizeof(path), "%s/outbox", directory);
	account_init(&a, directory);
	free(a.outbox);
	a.outbox = xstrdup(path);
	a.partial_delivery = row->partial;
	a.protocol = row->lmtp ? PROTOCOL_LMTP : PROTOCOL_SMTP;
	facts.final.code = row->final;
	facts.mail.invited = row->lmtp == 2;
	letter_take(&m, "\nx\n", 3);
	queue_address(&e, row->codes, MOST);
	enqueue_message(&attempt, &selection, &err);
	check_outbox(row, id);
	check(row, "code", err.code, row->result);
	check(row, "signal", err.signal, row->queued > 0 ? 0 : row->signal);
	check(row, "outcome", err.outcome, row->queued == 0 ? row->outcome
	    : row->result == 0 ? OUTCOME_QUEUED : OUTCOME_PARTIAL);
	check_text(row, err.text, id, row->text);
	check_text(row, err.hint, id, row->hint);
	envelope_free(&e);
	message_free(&m);
	account_free(&a);
	assert_int_equal(remove_tree(directory), 0);
}

static void
what_may_succeed_later_is_queued(void **state)
{
	(void)state;
	unsetenv("XDG_STATE_HOME");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		run(&rows[i]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_may_succeed_later_is_queued),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
