/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What becomes of a queued message after a try, in the outbox and in its
 * journal. */
#include "../unit.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "../letter.h"
#include "../queue.h"
#include "base/xmalloc.h"
#include "outbox/disposition.h"

#define MOST 12

/* The recipients' replies, what ended the try, and what is known of it. */
struct row {
	const char *name;
	int codes[MOST];        /* up to 0; 1: no reply */
	int partial, lmtp;      /* lmtp: 2 if the content was sent */
	const char *journal;    /* before the try; or NULL */
	int code, signal;       /* of the error */
	enum outcome outcome;
	int lasting;
	int final, opening, begun;
	const char *mechanism;  /* of a session that has not authenticated */
	unsigned doubts;        /* of the file */
	int is_lost;            /* somebody has removed the journal */
	int authenticated;
	int refused;            /* so was the last message */
	/* what is wanted */
	int result;
	enum { STAYS, FAILS, GOES } place;
	const char *events;     /* of the journal, first words */
	int is_put_off;         /* the last of them has a moment */
	int stops;              /* the site */
	int due;                /* seconds until it is tried again */
	const char *complaint;
};

static const struct row rows[] = {
	{ .name = "later", .codes = { 1 }, .code = EX_TEMPFAIL, .begun = 1,
		.events = "trying deferred", .is_put_off = 1 },
	{ .name = "refused for good", .codes = { 550 }, .final = 550,
		.code = EX_UNAVAILABLE, .result = 0, .place = FAILS,
		.events = "trying failed", .complaint = "given up: why" },
	{ .name = "trouble of this machine", .codes = { 1 }, .code = EX_IOERR,
		.events = "trying deferred", .is_put_off = 1 },
	{ .name = "unknown", .codes = { 1 }, .code = EX_TEMPFAIL,
		.outcome = OUTCOME_UNKNOWN, .events = "trying unknown",
		.is_put_off = 1 },
	{ .name = "unknown for the second time", .codes = { 1 }, .doubts = 1,
		.code = EX_TEMPFAIL, .outcome = OUTCOME_UNKNOWN,
		.events = "trying unknown", .is_put_off = 1 },
	{ .name = "unknown for the third time", .codes = { 1 }, .doubts = 1,
		.journal = "unknown 1 2 x\n", .code = EX_TEMPFAIL,
		.outcome = OUTCOME_UNKNOWN, .place = FAILS,
		.events = "unknown trying failed",
		.complaint = "given up: why" },
	{ .name = "unknown for the third time, but for one",
		.codes = { 1, 450 }, .partial = 1, .doubts = 1,
		.journal = "ending 1 1\nunknown 1 2 x\n", .code = EX_TEMPFAIL,
		.outcome = OUTCOME_UNKNOWN,
		.events = "ending unknown trying unknown", .is_put_off = 1 },
	{ .name = "killed", .codes = { 1 }, .code = EX_TEMPFAIL,
		.signal = SIGTERM, .result = -1, .events = "" },
	{ .name = "killed at an unknown moment", .codes = { 1 },
		.code = EX_TEMPFAIL, .signal = SIGTERM,
		.outcome = OUTCOME_UNKNOWN, .result = -1,
		.events = "trying unknown" },
	{ .name = "no session", .codes = { 1 }, .code = EX_TEMPFAIL,
		.opening = 1, .events = "", .stops = 1 },
	{ .name = "the service closes during AUTH", .codes = { 1 },
		.code = EX_TEMPFAIL, .mechanism = "PLAIN", .final = 421,
		.events = "", .stops = 1 },
	{ .name = "the service closes at MAIL", .codes = { 1 },
		.code = EX_TEMPFAIL, .final = 421,
		.events = "trying deferred", .is_put_off = 1 },
	{ .name = "the service closes after MAIL", .codes = { 1 },
		.code = EX_TEMPFAIL, .mechanism = "PLAIN", .begun = 1,
		.authenticated = 1, .final = 421,
		.events = "trying deferred", .is_put_off = 1 },
	{ .name = "the service closes again", .codes = { 1 }, .refused = 1,
		.code = EX_TEMPFAIL, .begun = 1, .final = 421,
		.events = "trying deferred", .is_put_off = 1, .stops = 1 },
	{ .name = "wrong password", .codes = { 1 }, .code = EX_NOPERM,
		.mechanism = "PLAIN", .events = "", .stops = 1,
		.due = HELD_LOGIN_SECONDS,
		.complaint = "account \"test\": why" },
	{ .name = "wrong password, and MAIL accepted", .codes = { 1 },
		.code = EX_NOPERM, .mechanism = "PLAIN", .begun = 1,
		.events = "", .stops = 1, .due = HELD_LOGIN_SECONDS,
		.complaint = "account \"test\": why" },
	{ .name = "MAIL wants a login", .codes = { 1 }, .code = EX_NOPERM,
		.final = 530, .events = "trying held", .stops = 1,
		.due = HELD_LOGIN_SECONDS,
		.complaint = "account \"test\": why" },
	{ .name = "MAIL wants a login again", .codes = { 1 },
		.journal = "held 1 0 530\n", .code = EX_NOPERM, .final = 530,
		.events = "held", .stops = 1, .due = HELD_LOGIN_SECONDS,
		.complaint = "account \"test\": why" },
	{ .name = "MAIL wants another login", .codes = { 1 },
		.code = EX_NOPERM, .mechanism = "PLAIN", .authenticated = 1,
		.final = 550, .events = "trying deferred", .is_put_off = 1 },
	{ .name = "RCPT wants a login", .codes = { 530 }, .code = EX_NOPERM,
		.begun = 1, .events = "trying deferred", .is_put_off = 1 },
	{ .name = "RCPT wants a login once more", .codes = { 530 },
		.refused = 1, .code = EX_NOPERM, .begun = 1,
		.events = "trying deferred", .is_put_off = 1, .stops = 1 },
	{ .name = "lost during AUTH", .codes = { 1 }, .code = EX_TEMPFAIL,
		.mechanism = "PLAIN", .events = "", .stops = 1 },
	{ .name = "nonsense during AUTH", .codes = { 1 }, .code = EX_PROTOCOL,
		.mechanism = "PLAIN", .events = "", .stops = 1 },
	{ .name = "another fault during AUTH", .codes = { 1 },
		.code = EX_DATAERR, .mechanism = "PLAIN", .place = FAILS,
		.events = "trying failed", .complaint = "given up: why" },
	{ .name = "lost after MAIL in AUTH's flight", .codes = { 1 },
		.code = EX_TEMPFAIL, .mechanism = "PLAIN", .begun = 1,
		.events = "trying deferred", .is_put_off = 1 },
	{ .name = "refused for now in AUTH's flight", .codes = { 1 },
		.code = EX_TEMPFAIL, .mechanism = "PLAIN", .final = 451,
		.events = "trying deferred", .is_put_off = 1 },
	{ .name = "some have it", .codes = { 250, 451 }, .partial = 1,
		.code = EX_UNAVAILABLE, .outcome = OUTCOME_PARTIAL, .begun = 1,
		.events = "trying accepted deferred", .is_put_off = 1 },
	{ .name = "some have it, one was refused",
		.codes = { 250, 550, 451 }, .partial = 1,
		.code = EX_UNAVAILABLE, .outcome = OUTCOME_PARTIAL, .begun = 1,
		.events = "trying accepted refused deferred", .is_put_off = 1,
		.complaint = "message ID: recipient rejected: 550 for r1@x" },
	{ .name = "one was refused, the others not for good",
		.codes = { 550, 451 }, .partial = 1, .code = EX_NOUSER,
		.begun = 1, .events = "trying refused deferred",
		.is_put_off = 1,
		.complaint = "recipient rejected: 550 for r0@x" },
	{ .name = "one was refused, all are one", .codes = { 550, 451 },
		.code = EX_NOUSER, .begun = 1, .place = FAILS,
		.events = "trying failed", .complaint = "given up: why" },
	{ .name = "LMTP: RCPT refuses one, all are one",
		.codes = { 550, 451 }, .lmtp = 1, .code = EX_NOUSER,
		.begun = 1, .place = FAILS, .events = "trying failed",
		.complaint = "given up: why" },
	{ .name = "LMTP: one is refused after the content",
		.codes = { 550, 451 }, .lmtp = 2, .code = EX_NOUSER,
		.begun = 1, .events = "trying refused deferred",
		.is_put_off = 1,
		.complaint = "recipient rejected: 550 for r0@x" },
	{ .name = "all are settled, one was refused", .codes = { 250, 550 },
		.partial = 1, .code = EX_NOUSER, .outcome = OUTCOME_PARTIAL,
		.begun = 1, .place = FAILS,
		.events = "trying accepted refused failed",
		.complaint = "given up: recipient rejected: 550 for r1@x" },
	{ .name = "all are settled, and the journal is lost",
		.codes = { 250, 550 }, .partial = 1, .code = EX_NOUSER,
		.outcome = OUTCOME_PARTIAL, .begun = 1, .is_lost = 1,
		.place = FAILS, .complaint = "given up: why" },
	{ .name = "all are settled, ten were refused",
		.codes = { 250, 550, 550, 550, 550, 550, 550, 550, 550, 550,
		    550 },
		.partial = 1, .code = EX_NOUSER, .outcome = OUTCOME_PARTIAL,
		.begun = 1, .place = FAILS,
		.events = "trying accepted refused refused refused refused "
		    "refused refused refused refused refused refused failed",
		.complaint = "rejected: 550 for r10@x\n" },
	{ .name = "all are settled, eleven were refused",
		.codes = { 250, 550, 550, 550, 550, 550, 550, 550, 550, 550,
		    550, 550 },
		.partial = 1, .code = EX_NOUSER, .outcome = OUTCOME_PARTIAL,
		.begun = 1, .place = FAILS,
		.events = "trying accepted refused refused refused refused "
		    "refused refused refused refused refused refused refused "
		    "failed",
		.complaint = "; and 1 more\n" },
	{ .name = "all have it, but one earlier did not", .codes = { 250 },
		.partial = 1, .code = EX_TEMPFAIL, .outcome = OUTCOME_PARTIAL,
		.journal = "refused 1 1 550 for z@x\n", .place = FAILS,
		.events = "refused trying accepted failed",
		.complaint = "recipient rejected: 550 for z@x" },
	{ .name = "all have it", .codes = { 250, 250 }, .partial = 1,
		.code = EX_TEMPFAIL, .outcome = OUTCOME_PARTIAL, .place = GOES,
		.events = "trying accepted" },
	{ .name = "killed when some had it", .codes = { 250, 1 },
		.partial = 1, .code = EX_TEMPFAIL, .signal = SIGTERM,
		.outcome = OUTCOME_PARTIAL, .result = -1,
		.events = "trying accepted held" },
	{ .name = "deferred for too long", .codes = { 1 },
		.code = EX_TEMPFAIL, .begun = 1, .place = FAILS,
		.journal = "deferred 86400 1 x\ndeferred 172800 1 x\n"
		    "deferred 259200 1 x\ndeferred 345600 1 x\n"
		    "deferred 432000 1 x\ndeferred 518400 1 x\n",
		.events = "deferred deferred deferred deferred deferred "
		    "deferred trying failed",
		.complaint = "undelivered after 0 days: why" },
};

/* An outbox with one message, whose journal is open. */
struct bench {
	char directory[QUEUE_PATH], id[OUTBOX_ID];
	struct flushing flushing;
	struct site site;
	struct job job;
};

/* Queues the message of a row and begins a try. */
static void
begin(struct bench *b, const struct row *row)
{
	struct outbox *o = &b->flushing.outbox;
	struct job *j = &b->job;
	struct error err = {0};

	memset(b, 0, sizeof(*b));
	queue_open(o, b->directory);
	account_init(&b->site.account, "/nonexistent");
	free(b->site.account.name);
	b->site.account.name = xstrdup("test");
	b->site.account.partial_delivery = row->partial;
	b->site.account.protocol = row->lmtp ? PROTOCOL_LMTP : PROTOCOL_SMTP;
	b->site.delivery.submitter.facts.mail.invited = row->lmtp == 2;
	b->site.delivery.opening = row->opening;
	b->site.delivery.submitter.facts.final.code = row->final;
	b->site.delivery.submitter.facts.begun = row->begun;
	b->site.delivery.submitter.session.authenticated = row->authenticated;
	if (row->mechanism != NULL)
		snprintf(b->site.delivery.submitter.facts.mechanism, 32, "%s",
		    row->mechanism);
	letter_take(&j->file.message, "\nx\n", 3);
	queue_address(&j->file.envelope, row->codes, MOST);
	for (size_t i = 0; i < j->file.envelope.n; i++)
		j->file.envelope.to[i].doubtful =
		    row->outcome == OUTCOME_UNKNOWN && row->codes[i] == 1;
	j->file.origin.account = "test";
	j->file.queued = time(NULL);
	j->file.doubts = row->doubts;
	j->file.fd = -1;
	assert_int_equal(outbox_add(o, OUTBOX_NEW, &j->file,
	    MESSAGE_FILE_WHOLE, b->id, &err), 0);
	if (row->journal != NULL)
		queue_append(o->places[OUTBOX_JOURNAL], b->id, row->journal);
	j->id = b->id;
	j->site = &b->site;
	assert_int_equal(outbox_read_journal(o, b->id, &j->state, &err), 0);
	j->index = xcalloc(MOST, sizeof(j->index[0]));
	/* a recipient that is settled was left out */
	for (size_t i = 0; i < MOST; i++)
		j->index[i] = i + j->state.n;
	assert_int_equal(outbox_open_journal(o, b->id, 0, &j->journal, &err),
	    1);
	assert_int_equal(journal_write(&j->journal, JOURNAL_TRYING, 0, NULL,
	    &err), 0);
}

static void
end(struct bench *b)
{
	journal_close(&b->job.journal);
	journal_state_free(&b->job.state);
	free(b->job.index);
	b->job.file.origin.account = NULL;
	message_file_free(&b->job.file);
	account_free(&b->site.account);
	assert_int_equal(queue_close(&b->flushing.outbox, b->directory), 0);
}

/* Compares the events of the journal, and the moment of the last one. */
static void
check_journal(const struct bench *b, const struct row *row)
{
	struct buffer events = {0};
	char text[8192], *line = text, *lf;
	long long due = 0;
	int fd = openat(b->flushing.outbox.places[OUTBOX_JOURNAL], b->id,
	    O_RDONLY);
	ssize_t n = read(fd, text, sizeof(text) - 1);

	assert_true(n >= 0);
	close(fd);
	text[n] = '\0';
	while ((lf = strchr(line, '\n')) != NULL) {
		buffer_addf(&events, "%s%.*s", events.len > 0 ? " " : "",
		    (int)strcspn(line, " "), line);
		due = 0;
		(void)sscanf(line, "%*s %*d %lld", &due);
		line = lf + 1;
	}
	if (strcmp(buffer_string(&events), row->events) != 0)
		fail_msg("%s: journal: %s", row->name, events.data);
	if (row->is_put_off && (due < time(NULL) || due > time(NULL) + 86400))
		fail_msg("%s: next try at %lld", row->name, due);
	if (row->result != 0 && row->events[0] != '\0' && due != 0)
		fail_msg("%s: put off to %lld", row->name, due);
	buffer_free(&events);
}

static void
check(const struct row *row, const char *what, long long is, long long wanted)
{
	if (is != wanted)
		fail_msg("%s: %s: %lld, not %lld", row->name, what, is,
		    wanted);
}

/* In the complaints the ID of the message is "ID". */
static void
check_complaint(const struct bench *b, const struct row *row)
{
	const char *text = b->flushing.complaints.text;
	const char *id = strstr(text, b->id);
	char *said = id == NULL ? xasprintf("%s\n", text)
	    : xasprintf("%.*sID%s\n", (int)(id - text), text,
	    id + strlen(b->id));

	if (row->complaint == NULL ? text[0] != '\0'
	    : strstr(said, row->complaint) == NULL)
		fail_msg("%s: complaints: %s", row->name, said);
	free(said);
}

static void
run(const struct row *row)
{
	struct bench b;
	struct error why = { .code = row->code, .signal = row->signal,
		.outcome = row->outcome, .lasting = row->lasting,
		.text = "why" };
	struct error err = {0};
	const struct outbox *o = &b.flushing.outbox;
	const struct flush *result = &b.flushing.result;
	const struct site *site = &b.site;

	begin(&b, row);
	b.site.refused = row->refused;
	if (row->is_lost)
		assert_int_equal(unlinkat(o->places[OUTBOX_JOURNAL], b.id, 0),
		    0);
	{
		const struct attempt attempt = { .account = &b.site.account,
			.envelope = &b.job.file.envelope,
			.message = &b.job.file.message,
			.facts = &b.site.delivery.submitter.facts,
			.result = &why };

		check(row, "result", disposition_judge(&b.flushing, &b.job,
		    &attempt, &err), row->result);
	}
	check(row, "signal", err.signal, row->signal);
	check(row, "new", !outbox_is_missing(o, OUTBOX_NEW, b.id),
	    row->place == STAYS);
	check(row, "failed", !outbox_is_missing(o, OUTBOX_FAILED, b.id),
	    row->place == FAILS);
	check(row, "count of failed", result->failed, row->place == FAILS);
	check(row, "failed of the site", site->failed, row->place == FAILS);
	check(row, "stopped", site->stopped, row->stops);
	check(row, "told", site->told, row->stops && !row->refused);
	check(row, "waiting", result->waiting, row->is_put_off || row->stops ||
	    (row->signal != 0 && row->events[0] != '\0'));
	check(row, "changed", b.flushing.changed, row->is_put_off ||
	    (row->signal != 0 && row->events[0] != '\0'));
	if (row->due != 0 ? llabs(site->due - time(NULL) - row->due) > 60
	    : site->due != 0)
		fail_msg("%s: due: %lld", row->name, (long long)site->due);
	if (!row->is_lost)
		check_journal(&b, row);
	check_complaint(&b, row);
	end(&b);
}

static void
a_try_decides_what_becomes_of_the_message(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		run(&rows[i]);
}

/* Given up without a try; a message that cannot be moved ends the flush. */
static void
what_cannot_be_tried_is_given_up(void **state)
{
	static const struct row row = { .name = "not tried", .codes = { 1 },
		.events = "trying failed", .place = FAILS,
		.complaint = "outbox: message ID given up: why" };

	(void)state;
	for (int fails = 0; fails < 2; fails++) {
		struct bench b;
		struct error err = {0};
		int *place = &b.flushing.outbox.places[OUTBOX_FAILED];

		begin(&b, &row);
		if (fails) {
			close(*place);
			*place = -1;
		}
		assert_int_equal(disposition_give_up(&b.flushing, &b.job,
		    "why", &err), -fails);
		assert_int_equal(b.flushing.result.failed, !fails);
		assert_int_equal(outbox_is_missing(&b.flushing.outbox,
		    OUTBOX_NEW, b.id), !fails);
		check_journal(&b, &row);
		if (!fails)
			check_complaint(&b, &row);
		end(&b);
	}
}

/* The account's name is told unless the text begins with it; the hint is that
 * of the error, or says what to do. */
static void
a_held_account_is_told_once(void **state)
{
	static const struct {
		int code;
		const char *text, *hint, *told, *advice;
	} cases[] = {
		{ EX_NOPERM, "why", "", "account \"test\": why",
		    "check user and password, then run onehop -qf" },
		{ EX_CONFIG, "why", "", "account \"test\": why",
		    "fix the configuration, then run onehop -q" },
		{ EX_CONFIG, "account default: why", "do it",
		    "account default: why", "do it" },
		{ EX_TEMPFAIL, "why", "do it", "", "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char name[] = "test";
		struct flushing f = {0};
		struct site site = { .account.name = name };

		site.why.code = cases[i].code;
		strcpy(site.why.text, cases[i].text);
		strcpy(site.why.hint, cases[i].hint);
		disposition_hold(&f, &site, 0);
		assert_int_equal(site.told, 0);
		disposition_hold(&f, &site, 2);
		disposition_hold(&f, &site, 1);
		assert_int_equal(f.result.waiting, 3);
		assert_int_equal(f.result.held.code, cases[i].code);
		assert_string_equal(f.complaints.text, cases[i].told);
		assert_string_equal(f.complaints.hint, cases[i].advice);
	}
}

/* The most serious code is that of all, each text has its line. */
static void
complaints_have_the_most_serious_code(void **state)
{
	struct error all = {0};

	(void)state;
	disposition_complain(&all, EX_TEMPFAIL, "a");
	assert_int_equal(all.code, EX_TEMPFAIL);
	disposition_complain(&all, EX_NOPERM, "b");
	disposition_complain(&all, EX_UNAVAILABLE, "c");
	assert_int_equal(all.code, EX_NOPERM);
	assert_string_equal(all.text, "a\nb\nc");
	disposition_complain(&all, EX_CONFIG, "d");
	assert_int_equal(all.code, EX_NOPERM);
	/* a code without a rank is the most serious */
	disposition_complain(&all, EX_SOFTWARE, "e");
	assert_int_equal(all.code, EX_SOFTWARE);
	disposition_complain(&all, EX_CANTCREAT, "f");
	assert_int_equal(all.code, EX_SOFTWARE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_try_decides_what_becomes_of_the_message),
		cmocka_unit_test(what_cannot_be_tried_is_given_up),
		cmocka_unit_test(a_held_account_is_told_once),
		cmocka_unit_test(complaints_have_the_most_serious_code),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
