/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "setup/login_test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/escape.h"
#include "base/keeper.h"
#include "base/poll.h"
#include "base/run_command.h"
#include "base/terminal.h"
#include "base/xmalloc.h"
#include "envelope/envelope.h"
#include "message/message.h"
#include "message/spool.h"
#include "smtp/auth.h"
#include "smtp/reuse.h"
#include "smtp/submit.h"

static int
is_installed(const char *program)
{
	struct error ignored = {0};
	char *command = xasprintf("command -v %s", program);
	int result = command_succeeds(command, COMMAND_SECONDS, &ignored);

	free(command);
	return result > 0;
}

/* Passes the password to a program that stores it. */
static int
give(struct login_test *t, const struct account *a,
    const struct keeper *keeper, const struct buffer *password,
    struct error *err)
{
	const char *host = a->host.at[0];
	char *command;
	int result;

	if (strchr(a->user, '\'') != NULL)
		return fail(err, EX_CONFIG, "%s: expected a user without \"'\"",
		    keeper->program);
	command = keeper_command(keeper->write, host, a->user);
	result = command_write(command, password, COMMAND_SECONDS, err);
	free(command);
	if (result != 0)
		return wrap(err, "%s", keeper->program);
	t->passwordeval = keeper_command(keeper->read, host, a->user);
	return 0;
}

int
login_test_can_keep(const char *where)
{
	return keeper_find(where) != NULL || strcmp(where, "file") == 0 ||
	    strcmp(where, "nowhere") == 0;
}

/* Offers the installed keepers. Returns 1 if one has stored the password, 0 if
 * not, -1 with err set. */
static int
offer_keepers(struct login_test *t, const struct account *a,
    const struct buffer *password, struct error *err)
{
	char question[128];
	int answer = 0;

	for (size_t n = 0; n < KEEPERS && answer == 0; n++) {
		if (!is_installed(keepers[n].program))
			continue;
		snprintf(question, sizeof(question), "Keep the password in "
		    "%s?", keepers[n].program);
		answer = terminal_confirm(t->terminal, question, err);
		if (answer > 0 && give(t, a, &keepers[n], password,
		    err) != 0) {
			terminal_say(t->output, "  %s\n", err->text);
			memset(err, 0, sizeof(*err));
			answer = 0;
		}
	}
	return answer;
}

/* Asks where to store the password. */
static int
ask_where(struct login_test *t, const struct account *a,
    const struct buffer *password, struct error *err)
{
	char quote[ESCAPE_QUOTE], question[ESCAPE_QUOTE + 64];
	int answer = offer_keepers(t, a, password, err);

	if (answer != 0)
		return answer > 0 ? 0 : -1;
	snprintf(question, sizeof(question), "Keep the password in %s, which "
	    "only you can read?", escape_string(quote, sizeof(quote),
	    t->path));
	answer = terminal_confirm(t->terminal, question, err);
	if (answer > 0)
		buffer_add(&t->password, password->data, password->len);
	else if (answer == 0)
		terminal_say(t->output, "It is not kept: you are asked for it "
		    "at the terminal.\n");
	return answer < 0 ? -1 : 0;
}

static int
keep(struct login_test *t, const struct account *a,
    const struct buffer *password, struct error *err)
{
	if (t->keep == NULL)
		return ask_where(t, a, password, err);
	if (strcmp(t->keep, "file") == 0)
		return buffer_add(&t->password, password->data, password->len);
	return strcmp(t->keep, "nowhere") == 0 ? 0
	    : give(t, a, keeper_find(t->keep), password, err);
}

static int
authenticate(const struct login_test *t, const struct account *a,
    struct error *err)
{
	const struct submit_options options = { .trace = t->trace,
	    .confinement = SUBMIT_UNCONFINED };
	struct submitter s = {0};
	int result = submit_open(&s, a, &options, err);

	if (result == 0)
		result = auth_run(&s.auth, &s.session, err);
	submit_close(&s);
	if (result != 0)
		return wrap(err, "the file is written, but");
	terminal_say(t->output, "The password was accepted.\n");
	return 0;
}

/* Gets the password from the account's command, or asks for it. */
static int
get_password(const struct login_test *t, const struct account *a,
    struct buffer *password, struct error *err)
{
	char user[ESCAPE_QUOTE], host[ESCAPE_QUOTE], question[3 * ESCAPE_QUOTE];

	if (a->passwordeval[0] != '\0')
		return command_read(password, a->passwordeval, COMMAND_SECONDS,
		    err);
	if (t->terminal < 0)
		return fail(err, EX_CONFIG, "expected --passwordeval, or a "
		    "terminal to ask for the password");
	snprintf(question, sizeof(question), "%s%s%spassword of %s at %s: ",
	    t->page, t->page[0] != '\0' ? "\n" : "", t->page[0] != '\0'
	    ? "app " : "", escape_string(user, 400, a->user),
	    escape_string(host, 400, a->host.at[0]));
	return terminal_read_secret(password, question, err);
}

int
login_test_run(struct login_test *t, struct account *a, struct error *err)
{
	struct buffer password = { .kind = BUFFER_SECRET };
	int result;

	t->password.kind = BUFFER_SECRET;
	if (a->user[0] == '\0' || (a->passwordeval[0] != '\0' &&
	    t->keep == NULL))
		return authenticate(t, a, err);
	result = get_password(t, a, &password, err);
	if (result != 0)
		wrap(err, "the file is written, but");
	if (result == 0)
		result = account_store(a, KEY_passwordeval, "", err);
	if (result == 0)
		result = account_store(a, KEY_password,
		    buffer_string(&password), err);
	if (result == 0)
		result = authenticate(t, a, err);
	if (result == 0)
		result = keep(t, a, &password, err);
	buffer_free(&password);
	return result;
}

/* Composes the test message. */
static int
write_message(struct message *m, const char *address, struct error *err)
{
	struct buffer text = {0};
	int result;

	buffer_addf(&text, "From: <%s>\nTo: <%s>\nSubject: Test of onehop\n\n"
	    "This message was sent by onehop --configure.\n", address,
	    address);
	result = message_from_text(m, &text, err);
	buffer_free(&text);
	return result;
}

int
login_test_send(const struct login_test *t, const struct account *a,
    struct error *err)
{
	char *recipient = xstrdup(t->address), quote[ESCAPE_QUOTE];
	struct request request = { .sender = t->address,
	    .recipients = &recipient, .nrecipients = 1 };
	struct reused_session session = { .options = { .trace = t->trace,
	    .confinement = SUBMIT_UNCONFINED } };
	struct envelope envelope = {0};
	struct message message = {0};
	char question[ESCAPE_QUOTE + 64];
	int answer, result;

	snprintf(question, sizeof(question), "Send a test message to %s?",
	    escape_string(quote, sizeof(quote), t->address));
	answer = t->send ? 1 : t->terminal < 0 ? 0
	    : terminal_confirm(t->terminal, question, err);
	result = answer < 0 ? -1 : 0;
	if (answer > 0)
		result = write_message(&message, t->address, err);
	if (answer > 0 && result == 0)
		result = envelope_make(&envelope, &request, a, &message, err);
	if (answer > 0 && result == 0)
		result = reuse_send(&session, a, &envelope, &message, err);
	if (answer > 0 && result == 0)
		terminal_say(t->output, "Sent. The server answered: %s\n",
		    escape_string(quote, sizeof(quote),
		    session.submitter.facts.final.text));
	reuse_close(&session);
	envelope_free(&envelope);
	message_free(&message);
	free(recipient);
	return result == 0 ? 0 : wrap(err, "the test message");
}

void
login_test_free(struct login_test *t)
{
	buffer_free(&t->password);
	free(t->passwordeval);
	t->passwordeval = NULL;
}
