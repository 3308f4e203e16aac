/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "setup/outbox_enable.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/ascii.h"
#include "base/escape.h"
#include "base/poll.h"
#include "base/run_command.h"
#include "base/terminal.h"
#include "base/trusted_file.h"
#include "base/xdg.h"
#include "base/xmalloc.h"
#include "config/load.h"
#include "outbox/flush.h"
#include "outbox/locate.h"
#include "outbox/outbox.h"
#include "setup/config_writer.h"

#define SCHEDULER_SECONDS 20

/* The programs that run onehop -q, in the order of preference. */
static const struct scheduler {
	const char *name;
	const char *exists;  /* shell commands; exit status 0 means yes */
	const char *runs;
	const char *enable;
} schedulers[] = {
	{ "systemd timer",
	    "systemctl --user cat onehop-flush.timer >/dev/null 2>&1",
	    "systemctl --user is-active onehop-flush.timer >/dev/null 2>&1 &&"
	    " systemctl --user is-enabled onehop-flush.timer >/dev/null 2>&1",
	    "systemctl --user enable --now onehop-flush.timer" },
	{ "crontab",
	    "command -v crontab >/dev/null 2>&1",
	    "crontab -l 2>/dev/null |"
	    " grep '^[^#].*onehop.* -q' >/dev/null",
	    /* a list that cannot be read must not be replaced */
	    "t=$(crontab -l 2>/dev/null) || crontab -l 2>&1 |"
	    " grep -i 'no crontab\\|no such file' >/dev/null || exit 1;"
	    " { test -z \"$t\" || printf '%s\\n' \"$t\"; echo \"*/10 * * * *"
	    " $(command -v onehop || echo onehop) -q\"; } | crontab -" },
};

#define SCHEDULERS (sizeof(schedulers) / sizeof(schedulers[0]))

#define LINGERS "test -e \"/var/lib/systemd/linger/$(id -un)\""

/* The state of an account's outbox. */
struct findings {
	struct account account;
	char *path;                        /* of the outbox; owned */
	int has_key;
	int has_directory;
	const struct scheduler *scheduler; /* first available, or NULL */
	int is_scheduled;                  /* by any scheduler */
	int lingers;
};

/* Returns whether the shell command exits with status 0. */
static int
succeeds(const char *command)
{
	struct error ignored = {0};

	return command_succeeds(command, SCHEDULER_SECONDS, &ignored) > 0;
}

static void
find_scheduler(struct findings *f)
{
	for (size_t i = 0; i < SCHEDULERS; i++) {
		if (!succeeds(schedulers[i].exists))
			continue;
		if (f->scheduler == NULL)
			f->scheduler = &schedulers[i];
		if (!f->is_scheduled && succeeds(schedulers[i].runs)) {
			f->scheduler = &schedulers[i];
			f->is_scheduled = 1;
		}
	}
	f->lingers = f->scheduler != &schedulers[0] || succeeds(LINGERS);
}

static int
find(struct findings *f, const struct outbox_enable *e, struct error *err)
{
	memset(f, 0, sizeof(*f));
	if (config_load(&f->account, e->selection, NULL, NULL, err) != 0)
		return -1;
	f->path = outbox_path(&f->account);
	f->has_key = f->path != NULL;
	if (!f->has_key)
		f->path = outbox_default_path(f->account.home);
	f->has_directory = f->path != NULL && outbox_exists(f->path);
	find_scheduler(f);
	return 0;
}

static void
findings_free(struct findings *f)
{
	account_free(&f->account);
	free(f->path);
	memset(f, 0, sizeof(*f));
}

/* Returns the offset past line number n, counted from 1. */
static size_t
past_line(const struct buffer *text, uint64_t n)
{
	size_t at = 0;

	while (n > 0 && at < text->len)
		n -= text->data[at++] == '\n';
	return at;
}

/* Inserts the key below that line of the file. */
static int
insert_key(const char *path, uint64_t line, struct error *err)
{
	static const char key[] = "outbox on\n";
	struct trusted_file file = {0};
	struct buffer text = { .kind = BUFFER_SECRET };
	size_t at;
	int result;

	if (trusted_file_read(&file, path, CONFIG_FILE_MAX, err) !=
	    TRUSTED_READ)
		return err->code != 0 ? -1
		    : fail(err, EX_CONFIG, "cannot read the config file");
	at = past_line(&file.text, line);
	buffer_add(&text, file.text.data, at);
	if (at > 0 && text.data[at - 1] != '\n')
		buffer_add_char(&text, '\n');
	buffer_add(&text, key, sizeof(key) - 1);
	buffer_add(&text, file.text.data + at, file.text.len - at);
	result = config_writer_write(path, &text, 0, err);
	buffer_free(&text);
	buffer_free(&file.text);
	return result;
}

/* Returns whether onehop may write the file: it is the user's own, not root's
 * or another program's. */
static int
is_own_file(const struct outbox_enable *e, const char *home, const char *path)
{
	char *own = xdg_config_file(home);
	int is = (own != NULL && strcmp(own, path) == 0) ||
	    (e->selection->config != NULL &&
	    strcmp(e->selection->config, path) == 0);

	free(own);
	return is;
}

/* Sets the key below the line where the account begins. */
static int
set_key(const struct outbox_enable *e, const struct findings *f,
    struct error *err)
{
	const char *colon = strrchr(f->account.origin, ':');
	char *path = colon != NULL ? xstrndup(f->account.origin,
	    (size_t)(colon - f->account.origin)) : xstrdup("");
	struct account after;
	uint64_t line = 0;
	int result;

	if (colon == NULL || ascii_number(colon + 1, strlen(colon + 1), 1,
	    UINT32_MAX, &line) != 0 ||
	    !is_own_file(e, f->account.home, path))
		result = fail(err, EX_CONFIG, "cannot set the key: write "
		    "\"outbox on\" into %s", f->account.origin);
	else
		result = insert_key(path, line, err);
	free(path);
	if (result != 0)
		return -1;
	if (config_load(&after, e->selection, NULL, NULL, err) != 0)
		return -1;
	if (ascii_equal(after.outbox, "off"))
		result = fail(err, EX_CONFIG, "another line of the account "
		    "turns outbox off: remove it");
	account_free(&after);
	return result;
}

static int
make_directory(const struct findings *f, struct error *err)
{
	struct outbox o;
	int result = outbox_open(&o, f->path, OUTBOX_WRITE, err);

	outbox_close(&o);
	if (result == 0)
		locate_remember(f->path);
	return result;
}

/* Returns the address for the test message, or NULL. */
static const char *
own_address(const struct account *a)
{
	for (size_t i = 0; i < a->from.n; i++)
		if (strpbrk(a->from.at[i], "*?[%") == NULL &&
		    strchr(a->from.at[i], '@') != NULL)
			return a->from.at[i];
	return NULL;
}

/* Puts a message into the outbox. */
static int
queue_test(const struct outbox_enable *e, const struct findings *f,
    const char *address, char id[OUTBOX_ID], struct error *err)
{
	char *recipient = xstrdup(address);
	const struct request request = { .sender = address,
	    .recipients = &recipient, .nrecipients = 1 };
	struct message_file m = { .fd = -1, .queued = time(NULL) };
	struct buffer text = {0};
	struct outbox o = {0};
	char *config = e->selection->config != NULL
	    ? realpath(e->selection->config, NULL) : NULL;
	int result;

	buffer_addf(&text, "From: <%s>\nTo: <%s>\nSubject: Test of the "
	    "outbox\n\nThis message went through the outbox of onehop.\n",
	    address, address);
	m.origin = *e->selection;
	m.origin.account = f->account.name;
	m.origin.config = config;
	result = message_from_text(&m.message, &text, err);
	buffer_free(&text);
	if (result == 0)
		result = envelope_make(&m.envelope, &request, &f->account,
		    &m.message, err);
	if (result == 0 && outbox_open(&o, f->path, OUTBOX_WRITE, err) == 0)
		result = outbox_add(&o, OUTBOX_NEW, &m, MESSAGE_FILE_WHOLE,
		    id, err);
	outbox_close(&o);
	m.origin.overrides = NULL; /* borrowed from the selection */
	message_file_free(&m);
	free(config);
	free(recipient);
	return result == 0 && err->code == 0 ? 0 : -1;
}

/* Returns whether the message is in that place of the outbox. */
static int
is_there(const char *path, enum outbox_place place, const char *id)
{
	struct error ignored = {0};
	struct outbox o;
	int is = outbox_open(&o, path, OUTBOX_READ, &ignored) == 0 &&
	    outbox_message_size(&o, place, id) > 0;

	outbox_close(&o);
	return is;
}

static int
send_test(const struct outbox_enable *e, const struct findings *f,
    struct error *err)
{
	const char *address = own_address(&f->account);
	const struct flush_order order = { .path = f->path,
	    .config = e->selection->config, .until = DEADLINE_NONE,
	    .trace = e->trace, .which = FLUSH_DUE };
	char id[OUTBOX_ID], quote[ESCAPE_QUOTE];
	struct error others = {0};
	struct flush result;

	if (address == NULL)
		return 0;
	escape_string(quote, sizeof(quote), address);
	if (queue_test(e, f, address, id, err) != 0)
		return wrap(err, "the test message");
	(void)flush_outbox(&result, &order, &others);
	if (is_there(f->path, OUTBOX_FAILED, id))
		return fail(err, EX_UNAVAILABLE, "the test message %s was "
		    "given up: onehop --outbox list says why", id);
	if (is_there(f->path, OUTBOX_NEW, id))
		return fail(err, EX_TEMPFAIL, "the test message waits as %s: "
		    "%s", id, result.busy ? "another run is sending"
		    : others.code != 0 ? others.text : result.held.text);
	terminal_say(e->output, "A test message to %s went through the "
	    "outbox.\n", quote);
	return 0;
}

static int
schedule(const struct findings *f, struct error *err)
{
	if (succeeds(f->scheduler->enable) && succeeds(f->scheduler->runs))
		return 0;
	return fail(err, EX_CONFIG, "this command failed: %s",
	    f->scheduler->enable);
}

/* Shows the steps to be taken. */
static void
show_plan(const struct outbox_enable *e, const struct findings *f)
{
	const char *address = own_address(&f->account);
	char quote[ESCAPE_QUOTE];

	if (!f->has_key)
		terminal_say(e->output, "adds \"outbox on\" to the account at "
		    "%s\n", f->account.origin);
	if (!f->has_directory)
		terminal_say(e->output, "makes the directory %s\n",
		    escape_string(quote, sizeof(quote), f->path));
	if (!f->is_scheduled && f->scheduler != NULL)
		terminal_say(e->output, "runs: %s\n", f->scheduler->enable);
	if (address != NULL)
		terminal_say(e->output, "sends a test message to %s\n",
		    escape_string(quote, sizeof(quote), address));
}

/* Asks the user to agree at a terminal. Without a terminal, agreement is
 * implied. */
static int
confirm(struct error *err)
{
	int terminal = terminal_open(), answer = 1;

	if (terminal < 0)
		return 1;
	answer = terminal_confirm(terminal, "Do this?", err);
	close(terminal);
	return answer;
}

/* Shows the missing steps and how to complete them. Returns their number. */
static unsigned
show_missing(const struct outbox_enable *e, const struct findings *f)
{
	unsigned n = 0;

	if (!f->has_key && ++n)
		terminal_say(e->output, "missing: outbox on, at %s\n",
		    f->account.origin);
	if (!f->has_directory && ++n)
		terminal_say(e->output, "missing: the directory\n");
	if (!f->is_scheduled && ++n)
		terminal_say(e->output, "missing: a timer: %s\n",
		    f->scheduler != NULL ? f->scheduler->enable
		    : "have onehop -q run every ten minutes");
	if (!f->lingers && ++n)
		terminal_say(e->output, "missing: the timer runs only while "
		    "you are logged in: loginctl enable-linger\n");
	return n;
}

int
outbox_enable_run(const struct outbox_enable *e, struct error *err)
{
	struct findings f;
	int result = find(&f, e, err), agreed = 0;

	if (result == 0 && f.path == NULL)
		result = fail(err, EX_CONFIG, "there is no home directory for "
		    "an outbox");
	if (result == 0) {
		show_plan(e, &f);
		agreed = confirm(err);
		result = agreed < 0 ? -1 : 0;
	}
	if (agreed > 0 && !f.has_key)
		result = set_key(e, &f, err);
	if (agreed > 0 && result == 0)
		result = make_directory(&f, err);
	if (agreed > 0 && result == 0 && !f.is_scheduled &&
	    f.scheduler != NULL)
		result = schedule(&f, err);
	if (agreed > 0 && result == 0)
		result = send_test(e, &f, err);
	findings_free(&f);
	if (agreed > 0 && result == 0 && find(&f, e, err) == 0) {
		(void)show_missing(e, &f);
		findings_free(&f);
	}
	return err->code != 0 ? -1 : result;
}

/* Counts the messages in a place of the outbox. */
static size_t
count(const struct findings *f, enum outbox_place place)
{
	struct string_list ids = {0};
	struct error ignored = {0};
	struct outbox o;
	size_t n;

	if (outbox_open(&o, f->path, OUTBOX_READ, &ignored) == 0)
		(void)outbox_list(&o, place, &ids, &ignored);
	outbox_close(&o);
	n = ids.n;
	string_list_free(&ids);
	return n;
}

int
outbox_enable_status(const struct outbox_enable *e, struct error *err)
{
	struct findings f;
	char quote[ESCAPE_QUOTE];
	unsigned missing;

	if (find(&f, e, err) != 0)
		return -1;
	terminal_say(e->output, "key: outbox %s\n", f.account.outbox);
	if (f.has_directory)
		terminal_say(e->output, "directory: %s\nwaiting: %zu\n"
		    "given up: %zu\n", escape_string(quote, sizeof(quote),
		    f.path), count(&f, OUTBOX_NEW), count(&f, OUTBOX_FAILED));
	if (f.is_scheduled)
		terminal_say(e->output, "onehop -q is run by: %s\n",
		    f.scheduler->name);
	missing = show_missing(e, &f);
	findings_free(&f);
	return missing == 0 ? 0 : fail(err, EX_CONFIG, "the outbox is not "
	    "complete: %u missing, which onehop --outbox enable brings",
	    missing);
}
