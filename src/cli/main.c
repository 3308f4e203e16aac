/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "auth/sasl.h"
#include "base/error.h"
#include "base/escape.h"
#include "base/platform.h"
#include "base/poll.h"
#include "base/show.h"
#include "cli/options.h"
#include "cli/pretend.h"
#include "cli/serverinfo.h"
#include "config/account.h"
#include "config/load.h"
#include "envelope/envelope.h"
#include "format/address_parse.h"
#include "format/domain.h"
#include "message/downgrade.h"
#include "message/message.h"
#include "outbox/all_users.h"
#include "outbox/background.h"
#include "outbox/enqueue.h"
#include "outbox/flush.h"
#include "outbox/list.h"
#include "outbox/locate.h"
#include "outbox/manage.h"
#include "outbox/notify.h"
#include "outbox/outbox.h"
#include "report/log.h"
#include "report/outcome.h"
#include "report/result_json.h"
#include "report/stderr.h"
#include "report/timing.h"
#include "server/smtp_server.h"
#include "setup/outbox_enable.h"
#include "setup/setup.h"
#include "smtp/commands.h"
#include "smtp/submit.h"
#include "tls/tls.h"

/* The state of a run. */
struct program_run {
	struct options options;
	struct message message;
	struct account account;
	struct envelope envelope;
	struct submission facts;
	struct buffer result;   /* for --json */
	char *author;   /* of --read-envelope-from; owned */
	int input;      /* stdin, or -1 if we were started without */
	int drained;    /* stdin has been read to its end */
	char *outbox;   /* of --all-users, in a user's process; owned */
	int tried;      /* the smarthost was turned to */
	int is_terminal; /* stderr is one, if only by way of --all-users */
	int log;        /* of log_open */
};

/* The descriptor for the dialogue, or -1. */
static int
trace_of(const struct options *options)
{
	return options->debug ? STDERR_FILENO : -1;
}

/*
 * Descriptors 0 to 2 must exist before anything is opened: a socket that
 * became number 2 would get our messages, passwords of a trace included.
 * Where stdout was closed, number 1 cannot be written to, so that an answer
 * that is lost counts as lost.
 */
static int
open_standard_descriptors(void)
{
	int input = STDIN_FILENO;

	for (int fd = 0; fd <= 2; fd++) {
		if (fcntl(fd, F_GETFD) >= 0 || errno != EBADF)
			continue;
		if (fd == STDIN_FILENO)
			input = -1;
		if (open("/dev/null", fd == STDERR_FILENO ? O_WRONLY
		    : O_RDONLY) != fd)
			return -2;
	}
	return input;
}

static int
show_help(struct program_run *run, struct error *err)
{
	struct buffer text = {0};
	int result;

	(void)run;
	usage_write(&text);
	result = show_answer(STDOUT_FILENO, text.data, text.len, err);
	buffer_free(&text);
	return result;
}

static int
show_version(struct program_run *run, struct error *err)
{
	char text[512];
	int n;

	(void)run;
	n = snprintf(text, sizeof(text),
	    "onehop " PACKAGE_VERSION "\n"
	    "GnuTLS %s, libgsasl %s, libidn2 %s\n"
	    "system config file: " SYSCONFDIR "/onehop/config\n",
	    tls_library_version(), sasl_library_version(),
	    domain_library_version());
	return show_answer(STDOUT_FILENO, text, (size_t)n, err);
}

/* Says that what was given to a relay waits in the relay's outbox. */
static void
name_relay(const struct selection *selection)
{
	struct account account = {0};
	struct error ignored = {0};
	char text[ESCAPE_QUOTE + 96], quote[ESCAPE_QUOTE];

	if (config_load(&account, selection, NULL, NULL, &ignored) == 0 &&
	    account.socket[0] != '\0') {
		snprintf(text, sizeof(text), "mail that was given to %s "
		    "waits in the relay's outbox: see onehop-relay(8)",
		    escape_string(quote, sizeof(quote), account.socket));
		report_line(STDERR_FILENO, text);
	}
	account_free(&account);
}

static int
list_queue(struct program_run *run, struct error *err)
{
	const struct list_order order = { &run->options.selection,
	    LIST_WAITING, run->options.json ? LIST_JSON : LIST_TEXT };
	int result = list_messages(STDOUT_FILENO, &order, err);

	if (result == 0)
		name_relay(&run->options.selection);
	return result;
}

static int
manage_queue(struct program_run *run, struct error *err)
{
	const struct manage_order order = {
		.selection = &run->options.selection,
		.verb = run->options.verb,
		.ids = run->options.request.recipients,
		.nids = run->options.request.nrecipients,
		.form = run->options.json ? LIST_JSON : LIST_TEXT,
	};

	return manage_run(STDOUT_FILENO, &order, err);
}

/* Every outbox of the user. */
static int
flush_queue(struct program_run *run, struct error *err)
{
	int trace = trace_of(&run->options);
	struct string_list paths = {0};
	struct flush result;

	if (run->options.request.nrecipients > 0)
		return fail(err, EX_USAGE, "-q sends queued messages and "
		    "takes no recipients");
	signals_hold();
	(void)locate_outboxes(&paths, &run->options.selection, err);
	for (size_t i = 0; i < paths.n && err->signal == 0; i++) {
		const struct flush_order order = {
			.path = paths.at[i],
			.config = run->options.selection.config,
			.until = DEADLINE_NONE,
			.trace = trace,
			.which = run->options.flush_all ? FLUSH_ALL
			    : FLUSH_DUE,
		};
		struct error trouble = {0};

		if (flush_outbox(&result, &order, &trouble) != 0)
			disposition_complain(err, trouble.code, trouble.text);
		if (trouble.code != 0 && trouble.hint[0] != '\0')
			hint(err, "%s", trouble.hint);
		else if (trouble.hint[0] != '\0')
			report_line(STDERR_FILENO, trouble.hint);
		if (trouble.signal != 0)
			err->signal = trouble.signal;
		report_error(STDERR_FILENO, &result.log, NULL);
		if (run->is_terminal)
			flush_report(STDERR_FILENO, &result);
	}
	string_list_free(&paths);
	return err->code != 0 ? -1 : 0;
}

static int
do_nothing(struct program_run *run, struct error *err)
{
	(void)run, (void)err;
	return 0;
}

/* Checks operands and configuration before a message is typed. */
static int
check_before_typing(const struct options *options, struct error *err)
{
	const struct request *request = &options->request;

	if (request->nrecipients == 0 && !request->read_recipients)
		return fail(err, EX_USAGE, "no recipients: specify them after "
		    "the options, or use -t");
	for (size_t i = 0; i < request->nrecipients; i++) {
		struct address_list list = {0};
		const char *text = request->recipients[i];
		int result = address_list_parse(&list, text, strlen(text),
		    err);

		address_list_free(&list);
		if (result != 0)
			return -1;
	}
	if (config_precheck(&options->selection, err) != 0)
		return -1;
	report_line(STDERR_FILENO, "reading the message from the terminal, "
	    "end with ^D");
	return 0;
}

/* --read-envelope-from: the address of the From field stands for -f. */
static void
read_sender(struct program_run *run)
{
	struct request *request = &run->options.request;

	if (!run->options.read_sender || request->sender != NULL)
		return;
	run->author = config_author_address(&run->message);
	request->sender = run->author;
}

/* Says where the account comes from. */
static void
trace_account(const struct account *a)
{
	char line[ESCAPE_QUOTE * 2];
	char *place = account_describe(a);
	int n = snprintf(line, sizeof(line), "# %s\n", place);

	free(place);
	show_note(STDERR_FILENO, line, (size_t)n < sizeof(line)
	    ? (size_t)n : sizeof(line) - 1);
}

/* From stdin to a message that could be sent. */
static int
prepare(struct program_run *run, struct error *err)
{
	struct options *options = &run->options;

	run->drained = 1;
	if (isatty(run->input) && check_before_typing(options, err) != 0)
		return -1;
	if (message_read(&run->message, run->input, !options->ignore_dots,
	    err) != 0)
		return -1;
	read_sender(run);
	if (config_load(&run->account, &options->selection,
	    options->request.sender, &run->message, err) != 0) {
		if (options->mode == MODE_SEND)
			enqueue_unconfigured(&run->account, &run->envelope,
			    &options->request, &run->message,
			    &options->selection, err);
		return -1;
	}
	if (options->debug)
		trace_account(&run->account);
	return envelope_make(&run->envelope, &options->request, &run->account,
	    &run->message, err);
}

static int
pretend_message(struct program_run *run, struct error *err)
{
	if (prepare(run, err) != 0)
		return -1;
	return pretend_show(STDOUT_FILENO, &run->account, &run->envelope,
	    &run->message, err);
}

/* Tells of messages that were given up. */
static void
remind(const struct program_run *run, struct attempt *attempt)
{
	char *outbox = outbox_path(&run->account);

	if (isatty(STDERR_FILENO))
		notify_remind(STDERR_FILENO, outbox);
	attempt->log = run->log;
	notify_log(attempt);
	free(outbox);
}

/* Sends the message to the smarthost; if that fails, puts it in the outbox. */
static int
submit_or_enqueue(struct program_run *run, struct error *err)
{
	struct attempt attempt = {
		.account = &run->account,
		.envelope = &run->envelope,
		.message = &run->message,
		.facts = &run->facts,
		.result = err
	};
	struct submit_options options = { .trace = trace_of(&run->options) };
	struct error ignored = {0};
	struct background later;
	char *outbox;
	int result;

	if (prepare(run, err) != 0)
		return -1;
	if (run->options.json)
		result_json_reserve(&run->result);
	signals_hold();
	if (background_send(&attempt, &run->options.selection, err)) {
		remind(run, &attempt);
		return -1;
	}
	if (options.trace < 0 && isatty(STDERR_FILENO))
		options.progress = STDERR_FILENO;
	if (downgrade_may_need_file(&run->message))
		options.conversion_room = spool_reserve(&ignored);
	run->tried = 1;
	outbox = outbox_path(&run->account);
	run->log = log_open(&run->account);
	background_init(&later, outbox, run->options.selection.config);
	options.connected = background_prepare;
	options.context = &later;
	result = submit(&run->account, &run->envelope, &run->message,
	    &options, &run->facts, err);
	if (options.conversion_room > 0)
		close(options.conversion_room);
	if (result == 0)
		background_begin(&later);
	else
		enqueue_message(&attempt, &run->options.selection, err);
	background_cancel(&later);
	remind(run, &attempt);
	free(outbox);
	return result;
}

/* Modes that turn to the smarthost without a message. */
static int
choose_account(struct program_run *run, struct error *err)
{
	if (config_load(&run->account, &run->options.selection,
	    run->options.request.sender, NULL, err) != 0)
		return -1;
	signals_hold();
	run->tried = 1;
	if (run->options.debug)
		trace_account(&run->account);
	return 0;
}

static int
show_server(struct program_run *run, struct error *err)
{
	if (choose_account(run, err) != 0)
		return -1;
	return serverinfo_show(STDOUT_FILENO, &run->account, &run->options,
	    err);
}

static int
flush_server(struct program_run *run, struct error *err)
{
	const struct submit_options options = {
		.trace = trace_of(&run->options) };
	struct submitter s = {0};
	int result;

	if (choose_account(run, err) != 0)
		return -1;
	result = submit_open(&s, &run->account, &options, err);
	if (result == 0 && s.auth.mechanism != NULL)
		result = submit_authenticate(&s, err);
	if (result == 0)
		result = smtp_etrn(&s.session, run->options.queue, err);
	submit_close(&s);
	run->facts = s.facts;
	return result;
}

static int
configure(struct program_run *run, struct error *err)
{
	const struct setup_options options = {
		.address = run->options.address,
		.from_file = run->options.from_file,
		.selection = &run->options.selection,
		.input = run->input,
		.output = STDOUT_FILENO,
		.trace = trace_of(&run->options),
		.auth_test = run->options.auth_test,
		.keep = run->options.keep,
		.test_message = run->options.test_message,
	};

	run->drained = 1; /* questions are answered there, if anything */
	signals_hold();
	if (run->options.request.nrecipients > 0)
		return fail(err, EX_USAGE, "--configure: expected one address");
	if (run->options.request.sender != NULL)
		selection_override(&run->options.selection, KEY_from,
		    run->options.request.sender);
	return setup_run(&options, err);
}

static int
enable_outbox(struct program_run *run, struct error *err)
{
	const struct outbox_enable order = { &run->options.selection,
	    STDOUT_FILENO, trace_of(&run->options) };

	signals_hold();
	return outbox_enable_run(&order, err);
}

static int
show_outbox(struct program_run *run, struct error *err)
{
	const struct outbox_enable order = { &run->options.selection,
	    STDOUT_FILENO, trace_of(&run->options) };

	signals_hold();
	return outbox_enable_status(&order, err);
}

static int
serve_smtp(struct program_run *run, struct error *err)
{
	const struct smtp_server_options options = {
		.selection = &run->options.selection,
		.request = &run->options.request,
		.input = run->input,
		.output = STDOUT_FILENO,
		.errors = STDERR_FILENO,
		.trace = trace_of(&run->options),
	};

	run->drained = 1;
	return smtp_server_run(&options, err);
}

static int (*const actions[])(struct program_run *, struct error *) = {
	[MODE_SEND] = submit_or_enqueue,
	[MODE_PRETEND] = pretend_message,
	[MODE_SERVERINFO] = show_server,
	[MODE_RMQS] = flush_server,
	[MODE_CONFIGURE] = configure,
	[MODE_SMTP] = serve_smtp,
	[MODE_LIST] = list_queue,
	[MODE_FLUSH] = flush_queue,
	[MODE_OUTBOX] = manage_queue,
	[MODE_ENABLE] = enable_outbox,
	[MODE_STATUS] = show_outbox,
	[MODE_NOTHING] = do_nothing,
	[MODE_HELP] = show_help,
	[MODE_VERSION] = show_version,
};

/* Does what the options ask for, with --all-users once for each user. */
static void
act(struct program_run *run, struct error *err)
{
	struct options *options = &run->options;
	enum all_users_role role = ALL_USERS_OWNER;
	enum all_users_work work = options->mode == MODE_FLUSH
	    ? ALL_USERS_FLUSH : options->json ? ALL_USERS_JSON
	    : ALL_USERS_LIST;

	run->is_terminal = isatty(STDERR_FILENO);
	if (options->all_users) {
		run->drained = 1; /* stdin is no message */
		role = all_users_serve(&options->selection, work, &run->outbox,
		    err);
		options->selection.outbox = run->outbox;
	}
	if (role == ALL_USERS_OWNER && actions[options->mode](run, err) != 0)
		ensure_code(err);
}

static int
exit_code(const struct program_run *run, const struct error *err)
{
	if (err->code == EX_TEMPFAIL && run->account.name != NULL)
		return (int)run->account.tempfail_exit;
	return err->code;
}

/* Returns whether a person reads what is no error. Many programs take any word
 * on stderr for a failure. */
static int
is_watched(const struct program_run *run)
{
	return run->options.mode != MODE_SEND || run->options.debug ||
	    isatty(STDERR_FILENO);
}

/* Tells a person, and the log if it was about a message. */
static void
report(struct program_run *run, const struct error *err)
{
	struct attempt attempt = { .account = &run->account,
		.envelope = &run->envelope, .message = &run->message,
		.facts = &run->facts, .result = err,
		.code = exit_code(run, err), .log = run->log };

	if (run->account.name == NULL && run->options.mode == MODE_SEND)
		config_load_log(&run->account, &run->options.selection);
	report_notice(STDERR_FILENO, &run->facts);
	if (run->account.notice != NULL && run->account.notice[0] != '\0' &&
	    is_watched(run))
		report_line(STDERR_FILENO, run->account.notice);
	if (isatty(STDERR_FILENO))
		report_warning(STDERR_FILENO, &run->envelope);
	if (run->options.debug || isatty(STDERR_FILENO) ||
	    err->hint[0] != '\0')
		report_queued(STDERR_FILENO, err);
	report_error(STDERR_FILENO, err, run->tried ? &attempt : NULL);
	if (run->options.timing && run->options.mode == MODE_SEND)
		timing_show(STDERR_FILENO, &run->account, &run->facts);
	if (run->options.mode == MODE_SEND)
		report_attempt(STDERR_FILENO, &attempt);
	if (run->options.mode == MODE_SEND && run->options.json)
		report_result(STDERR_FILENO, STDOUT_FILENO, &run->result,
		    &attempt);
}

/* As our caller's shell would see it without us in between. */
static void
die_of(int number)
{
	sigset_t set;

	signal(number, SIG_DFL);
	sigemptyset(&set);
	sigaddset(&set, number);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	raise(number);
}

/* Not for the system's sake: so that a leak checker sees the real ones. */
static void
release(struct program_run *run)
{
	if (run->log > 0)
		close(run->log);
	buffer_free(&run->result);
	envelope_free(&run->envelope);
	account_free(&run->account);
	message_free(&run->message);
	options_free(&run->options);
	free(run->author);
	free(run->outbox);
}

int
main(int argc, char *argv[])
{
	struct error err = {0};
	struct program_run run = {0};
	int code;

	run.input = open_standard_descriptors();
	if (run.input == -2)
		return EX_OSERR;
	signals_reset();
	platform_hide_memory();
	if (platform_is_elevated()) {
		run.options.mode = MODE_NOTHING; /* no config, no log */
		fail(&err, EX_CONFIG,
		    "refusing to run set-user-id or set-group-id");
	} else if (options_parse(&run.options, argc, argv, &err) == 0)
		act(&run, &err);
	if (err.code != 0 && !run.drained)
		message_drain(run.input);
	selection_hide_file(&run.options.selection, &err);
	report(&run, &err);
	if (err.signal != 0)
		die_of(err.signal);
	code = exit_code(&run, &err);
	release(&run);
	return code;
}
