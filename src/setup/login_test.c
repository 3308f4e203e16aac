/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "setup/login_test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/escape.h"
#include "base/poll.h"
#include "base/run_command.h"
#include "base/terminal.h"
#include "base/xmalloc.h"
#include "envelope/envelope.h"
#include "message/message.h"
#include "message/spool.h"
#include "setup/config_writer.h"
#include "smtp/auth.h"
#include "smtp/reuse.h"
#include "smtp/submit.h"

/* Programs that keep passwords. "%1$s" is the host, "%2$s" the user. */
static const struct {
	const char *program, *write, *read;
} keepers[] = {
	{ "secret-tool",
	  "secret-tool store --label=onehop host %1$s user %2$s",
	  "secret-tool lookup host %1$s user %2$s" },
	{ "pass", "pass insert -m -f mail/%1$s/%2$s >/dev/null",
	  "pass show mail/%1$s/%2$s" },
};
#define KEEPERS (sizeof(keepers) / sizeof(keepers[0]))

/* A keeper's command; "%1$s" and "%2$s" replaced. */
static char *
make_command(const char *template, const char *host, const char *user)
{
	struct buffer out = {0};
	char *result;

	for (; *template != '\0'; template++) {
		if (template[0] != '%') {
			buffer_add_char(&out, *template);
			continue;
		}
		buffer_add_string(&out, template[1] == '1' ? host : user);
		template += 3;
	}
	result = xstrdup(buffer_string(&out));
	buffer_free(&out);
	return result;
}

static int
is_installed(const char *program)
{
	const struct buffer nothing = {0};
	struct error ignored = {0};
	char *command = xasprintf("command -v %s", program);
	int result = command_write(command, &nothing, COMMAND_SECONDS,
	    &ignored);

	free(command);
	return result == 0;
}

/* Offers one keeper. 1 if it has the password, 0, -1. */
static int
offer_keeper(struct login_test *t, const struct account *a, size_t n,
    const struct buffer *password)
{
	struct error err = {0};
	char question[128], *command;
	int answer;

	snprintf(question, sizeof(question), "Keep the password in %s?",
	    keepers[n].program);
	answer = terminal_confirm(t->terminal, question, &err);
	if (answer <= 0)
		return answer;
	command = make_command(keepers[n].write, a->host.at[0], a->user);
	answer = command_write(command, password, COMMAND_SECONDS, &err);
	free(command);
	if (answer != 0) {
		terminal_say(t->output, "  %s: %s\n", keepers[n].program,
		    err.text);
		return 0;
	}
	t->passwordeval = make_command(keepers[n].read, a->host.at[0],
	    a->user);
	return 1;
}

/* Asks where to keep the password. */
static int
keep(struct login_test *t, const struct account *a,
    const struct buffer *password, struct error *err)
{
	char quote[ESCAPE_QUOTE], question[ESCAPE_QUOTE + 64];
	int plain = config_writer_is_plain(a->host.at[0]) &&
	    config_writer_is_plain(a->user);
	int answer = 0;

	for (size_t n = 0; n < KEEPERS && answer == 0 && plain; n++)
		if (is_installed(keepers[n].program))
			answer = offer_keeper(t, a, n, password);
	if (answer != 0)
		return answer > 0 ? 0 : fail(err, EX_TEMPFAIL, "interrupted");
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

int
login_test_run(struct login_test *t, struct account *a, struct error *err)
{
	struct buffer password = { .kind = BUFFER_SECRET };
	char user[ESCAPE_QUOTE], host[ESCAPE_QUOTE], question[2 * ESCAPE_QUOTE];
	int result;

	t->password.kind = BUFFER_SECRET;
	if (a->passwordeval[0] != '\0' || a->user[0] == '\0')
		return authenticate(t, a, err);
	snprintf(question, sizeof(question), "password of %s at %s: ",
	    escape_string(user, 400, a->user),
	    escape_string(host, 400, a->host.at[0]));
	result = terminal_read_secret(&password, question, err);
	if (result != 0)
		wrap(err, "the file is written, but");
	else
		result = account_store(a, KEY_password,
		    buffer_string(&password), err);
	if (result == 0)
		result = authenticate(t, a, err);
	if (result == 0)
		result = keep(t, a, &password, err);
	buffer_free(&password);
	return result;
}

/* The message to oneself. */
static int
write_message(struct message *m, const char *address, struct error *err)
{
	struct buffer text = {0};
	struct spool spool = {0};
	int result;

	buffer_addf(&text, "From: <%s>\nTo: <%s>\nSubject: Test of onehop\n\n"
	    "This message was sent by onehop --configure.\n", address,
	    address);
	result = spool_add(&spool, text.data, text.len, err);
	buffer_free(&text);
	if (result == 0)
		return message_take(m, &spool, err);
	spool_free(&spool);
	return -1;
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
	answer = terminal_confirm(t->terminal, question, err);
	result = answer < 0 ? -1 : 0;
	if (answer > 0)
		result = write_message(&message, t->address, err);
	if (answer > 0 && result == 0)
		result = envelope_make(&envelope, &request, a, &message, err);
	if (answer > 0 && result == 0)
		result = reuse_send(&session, a, &envelope, &message, err);
	if (answer > 0 && result == 0)
		terminal_say(t->output, "Sent. The server answered: %s\n",
		    session.submitter.facts.final.text);
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
