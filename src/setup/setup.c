/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "setup/setup.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/ascii.h"
#include "base/escape.h"
#include "base/poll.h"
#include "base/run_command.h"
#include "base/terminal.h"
#include "base/trusted_file.h"
#include "base/xdg.h"
#include "base/xmalloc.h"
#include "config/file.h"
#include "config/line.h"
#include "config/value.h"
#include "format/address_parse.h"
#include "format/domain.h"
#include "setup/config_writer.h"
#include "setup/discover.h"
#include "setup/import.h"
#include "setup/login_test.h"
#include "setup/probe.h"
#include "auth/provider.h"
#include "smtp/auth.h"

#define DNS_SECONDS 30
#define LOGIN_SECONDS 1000

/* The state of a run. */
struct setup {
	const struct setup_options *options;
	int terminal;          /* -1: none */
	char *home;
	char *path;            /* of the config file */
	char *address;         /* canonical */
	char *domain;          /* A-labels */
	struct buffer before;  /* text of the file that gets an account */
	const char *account;   /* to add to it; NULL: a new file */
	struct candidates found;
};

static int
refuse_address(struct error *err, const char *text, const char *why)
{
	char quote[ESCAPE_QUOTE];

	return fail(err, EX_USAGE, "--configure: expected an address like "
	    "you@example.org, not \"%s\"%s",
	    escape_string(quote, 256, text), why);
}

/* Parses and checks the address. */
static int
read_address(struct setup *c, const char *text, struct error *err)
{
	struct address_list list = {0};
	struct buffer path = {0};
	struct address wire;
	int result = -1;

	if (address_list_parse(&list, text, strlen(text), err) != 0 ||
	    list.n != 1 || list.at[0].domain == NULL)
		refuse_address(err, text, "");
	else if (list.at[0].domain[0] == '[')
		refuse_address(err, text,
		    ": an address literal has no domain to ask for a server");
	else if (domain_to_ascii(list.at[0].domain, &c->domain, err) != 0)
		err->code = EX_USAGE;
	else if (strchr(c->domain, '.') == NULL)
		refuse_address(err, text, ": the domain has only one label");
	else {
		wire = list.at[0];
		wire.domain = c->domain;
		result = address_check_path(&wire, err);
		err->code = result != 0 ? EX_USAGE : 0;
	}
	if (result == 0) {
		address_add_path(&path, &list.at[0]);
		c->address = buffer_string(&path);
	}
	address_list_free(&list);
	return result;
}

/* Returns whether the text has a section for that account; with NULL, whether
 * it has more than comments. */
static int
has_account(const struct buffer *text, const char *name)
{
	const char *line = text->data, *end = line + text->len;
	int found = 0;

	while (line < end && !found) {
		const char *stop = memchr(line, '\n', (size_t)(end - line));
		size_t len = (size_t)((stop != NULL ? stop : end) - line);
		struct error ignored = {0};
		struct directive d;

		int result = config_line_read(&d, line, len, &ignored);

		if (name == NULL)
			found = result != 0 || d.keyword != NULL;
		else if (result == 0 && d.keyword != NULL &&
		    strcmp(d.keyword, "account") == 0)
			found = ascii_equal_n(d.argument,
			    strcspn(d.argument, " \t:"), name);
		directive_free(&d);
		line += len + 1;
	}
	return found;
}

/* Reads the file that the account is added to; name is NULL if it is the
 * first. */
static int
read_existing(struct setup *c, const char *name, struct error *err)
{
	struct trusted_file file = {0};
	char quote[ESCAPE_QUOTE], account[ESCAPE_QUOTE];
	enum trusted_result found;

	found = trusted_file_read(&file, c->path, CONFIG_FILE_MAX, err);
	escape_string(quote, sizeof(quote), c->path);
	if (found == TRUSTED_FORBIDDEN)
		return fail(err, EX_CONFIG, "cannot read %s", quote);
	if (found == TRUSTED_FAILED)
		return -1;
	c->before = file.text;
	c->account = name;
	if (name != NULL && file.text.len > 0 && has_account(&file.text, name))
		return fail(err, EX_CANTCREAT, "%s has an account %s already",
		    quote, escape_string(account, sizeof(account), name));
	return 0;
}

/* Adds an account to an existing file with -a, after a question, or if it has
 * only comments; overwrites the file only after another question. */
static int
choose_file(struct setup *c, struct error *err)
{
	const char *name = c->options->selection->account;
	char quote[ESCAPE_QUOTE], question[ESCAPE_QUOTE + 64];
	struct error ignored = {0};
	struct stat st;
	int answer = 0;

	c->path = c->options->selection->config != NULL
	    ? xstrdup(c->options->selection->config)
	    : xdg_config_file(c->home);
	if (c->path == NULL)
		return fail(err, EX_CONFIG, "there is no home directory: "
		    "name a file with -C");
	escape_string(quote, sizeof(quote), c->path);
	if (stat(c->path, &st) == 0 && !S_ISREG(st.st_mode))
		return fail(err, EX_CANTCREAT, "%s is not a file", quote);
	if (lstat(c->path, &st) != 0)
		return 0;
	if (name != NULL)
		return read_existing(c, name, err);
	if (read_existing(c, NULL, &ignored) == 0 &&
	    !has_account(&c->before, NULL))
		return 0;
	buffer_free(&c->before);
	if (c->terminal >= 0) {
		snprintf(question, sizeof(question), "%s exists. Add an "
		    "account to it?", quote);
		answer = terminal_confirm(c->terminal, question, err);
		if (answer > 0)
			return read_existing(c, c->address, err);
	}
	if (c->terminal >= 0 && answer == 0)
		answer = terminal_confirm(c->terminal, "Overwrite it?", err);
	if (answer != 0)
		return answer > 0 ? 0 : -1;
	fail(err, EX_CANTCREAT, "%s exists, not overwritten", quote);
	return c->terminal >= 0 ? -1
	    : hint(err, "add an account to it with -a NAME, name another file "
	    "with -C, or run this at a terminal");
}

/* --host and --port replace discovery. */
static int
take_host(struct setup *c, const char *host, const char *port,
    struct error *err)
{
	uint64_t number = 0;
	char *checked;

	if (port != NULL && (host == NULL ||
	    ascii_number(port, strlen(port), 1, 65535, &number) != 0))
		return fail(err, EX_USAGE, "--port: expected a number from 1 "
		    "to 65535, and --host next to it");
	if (srv_mx_kind(host, &host) != SERVICE_NONE ||
	    strlen(host) >= DNS_NAME_SIZE)
		return fail(err, EX_USAGE, "--host: expected a host name");
	checked = value_host(host, err);
	if (checked == NULL) {
		err->code = EX_USAGE;
		return wrap(err, "--host");
	}
	discover_take(&c->found, checked, (unsigned)number);
	free(checked);
	return 0;
}

static int
find_hosts(struct setup *c, struct error *err)
{
	const struct selection *given = c->options->selection;
	const char *host = selection_value(given, KEY_host, NULL);
	const char *port = selection_value(given, KEY_port, NULL);
	struct error doubt = {0};
	char quote[ESCAPE_QUOTE];
	int result;

	if (host != NULL || port != NULL)
		return take_host(c, host, port, err);
	terminal_say(c->options->output,
	    "Asking the DNS for the submission server of "
	    "%s\n", escape_string(quote, sizeof(quote), c->domain));
	result = discover_find(&c->found, c->domain,
	    deadline_in(DNS_SECONDS * 1000), &doubt, err);
	if (doubt.code != 0 && result == 0)
		terminal_say(c->options->output, "  %s\n", doubt.text);
	return result;
}

static const char *
origin_words(enum candidate_origin origin)
{
	static const char *const words[] = {
		[CANDIDATE_GIVEN] = "given on the command line",
		[CANDIDATE_DNS] = "from the DNS (SRV)",
		[CANDIDATE_PROVIDER] = "known for this provider",
		[CANDIDATE_GUESS] = "guessed from the domain"
	};

	return words[origin];
}

static void
describe(struct config_writer *to, const struct setup *c,
    const struct candidate *candidate)
{
	to->address = c->address;
	to->service = &candidate->service;
	to->origin = origin_words(candidate->origin);
	to->selection = c->options->selection;
	to->account = c->account;
}

/* Describes the first usable candidate. */
static int
try_hosts(const struct setup *c, struct config_writer *config,
    struct error *err)
{
	struct probe probe = {
		.output = c->options->output,
		.terminal = c->terminal,
		.domain = c->domain,
		.trace = c->options->trace
	};
	struct error first = {0};
	char quote[ESCAPE_QUOTE];

	for (size_t i = 0; i < c->found.n; i++) {
		struct account a;
		int result;

		describe(config, c, &c->found.at[i]);
		result = config_writer_account(&a, config, c->home, err);
		if (result == 0)
			result = probe_run(&probe, &c->found.at[i].service, &a,
			    err);
		account_free(&a);
		if (result != 0)
			return result > 0 ? 0 : -1;
		if (first.code == 0 || (first.code == EX_NOHOST &&
		    err->code != EX_NOHOST))
			first = *err;
		memset(err, 0, sizeof(*err));
	}
	*err = first;
	wrap(err, "no submission server found for %s",
	    escape_string(quote, sizeof(quote), c->address));
	return selection_value(c->options->selection, KEY_host, NULL) != NULL
	    ? -1
	    : hint(err, "ask your provider for its name, and add --host=NAME");
}

static int
write_file(const struct setup *c, const struct config_writer *config,
    struct error *err)
{
	struct buffer text = { .kind = BUFFER_SECRET };
	char quote[ESCAPE_QUOTE];
	int result;

	buffer_add(&text, c->before.data, c->before.len);
	if (text.len > 0 && text.data[text.len - 1] != '\n')
		buffer_add_char(&text, '\n');
	config_writer_text(&text, config);
	result = config_writer_write(c->path, &text, config->password !=
	    NULL, err);
	buffer_free(&text);
	if (result == 0)
		terminal_say(c->options->output, "Wrote %s\n",
		    escape_string(quote,
		    sizeof(quote), c->path));
	return result;
}

/* Tests the password, if there is one, and writes the file again if the
 * password is stored in it. Then offers a test message. */
static int
test_account(const struct setup *c, struct account *a,
    struct config_writer *config, struct error *err)
{
	enum provider_login login = config_writer_login(config);
	struct login_test t = { .output = c->options->output,
		.terminal = c->terminal, .trace = c->options->trace,
		.path = c->path, .address = c->address, .page = "",
		.keep = c->options->keep, .send = c->options->test_message };
	int result = 0;

	if (login == LOGIN_APP_PASSWORD)
		t.page = provider_by_host(config->service->host)->page;
	if (auth_is_wanted(a) && login != LOGIN_TOKEN)
		result = login_test_run(&t, a, err);
	if (result == 0 && (t.password.len > 0 || t.passwordeval != NULL)) {
		config->passwordeval = t.passwordeval;
		if (t.password.len > 0)
			config->password = buffer_string(&t.password);
		result = write_file(c, config, err);
	}
	if (result == 0)
		result = login_test_send(&t, a, err);
	config->password = config->passwordeval = NULL;
	login_test_free(&t);
	return result;
}

static int
run_login(const struct setup *c, const struct config_writer *config,
    struct error *err)
{
	char *user = xasprintf("'%s'", c->address);
	char *login = config_writer_token_login(config, user);
	char *command = xasprintf("exec %s", login);
	int status = 0, result;
	pid_t pid;

	result = command_start(&pid, command, -1, -1, err);
	free(command);
	free(login);
	free(user);
	if (result == 0 && command_wait(pid, &status,
	    deadline_in(LOGIN_SECONDS * 1000), err) <= 0) {
		command_kill(pid);
		return err->code != 0 ? -1
		    : fail(err, EX_NOPERM, "nobody has logged in");
	}
	return result != 0 ? -1 : command_judge(status, EX_NOPERM, err) == 0
	    ? 0 : wrap(err, "the file is written, but onehop-token");
}

/* Runs onehop-token --login after a question, or prints the command. Returns 1
 * if the user has logged in, 0 if not, -1 with err set. */
static int
offer_login(const struct setup *c, const struct config_writer *config,
    struct error *err)
{
	char *command = config_writer_token_login(config, c->address);
	int answer = command_succeeds("command -v onehop-token",
	    COMMAND_SECONDS, err);

	terminal_say(c->options->output, "This provider takes tokens, no "
	    "passwords. To log in: %s\n", command);
	free(command);
	if (answer == 0)
		terminal_say(c->options->output, "onehop-token is not "
		    "installed: build it with libcurl and jansson.\n");
	if (answer > 0)
		answer = c->terminal >= 0 && strchr(c->address, '\'') == NULL
		    ? terminal_confirm(c->terminal, "Log in now?", err) : 0;
	if (answer > 0 && run_login(c, config, err) != 0)
		answer = -1;
	return answer;
}

/* Prints the command that tests the password. */
static void
tell_test(const struct setup *c)
{
	const char *config = c->options->selection->config;
	char quote[ESCAPE_QUOTE];

	terminal_say(c->options->output, "To test the password: "
	    "onehop%s%s%s%s --serverinfo --auth-test\n",
	    config != NULL ? " -C " : "", config != NULL
	    ? escape_string(quote, sizeof(quote), c->path) : "",
	    c->account != NULL ? " -a " : "",
	    c->account != NULL ? c->account : "");
}

/* Tests the account after a question, or as specified by the options. */
static int
offer_test(const struct setup *c, struct config_writer *config,
    struct error *err)
{
	const struct setup_options *o = c->options;
	enum provider_login login = config_writer_login(config);
	int answer = o->auth_test || o->keep != NULL || o->test_message;
	struct account a;
	int result = config_writer_account(&a, config, c->home, err);
	int wanted = result == 0 && auth_is_wanted(&a);

	if (login == LOGIN_APP_PASSWORD && wanted && c->terminal < 0)
		terminal_say(o->output, "This provider wants an app password, "
		    "made at\n%s\n",
		    provider_by_host(config->service->host)->page);
	if (result == 0 && login == LOGIN_TOKEN && !o->test_message)
		answer = offer_login(c, config, err);
	else if (result == 0 && !answer && c->terminal >= 0)
		answer = !wanted ? 1 : terminal_confirm(c->terminal,
		    "Test the password now?", err);
	if (result == 0 && answer > 0)
		result = test_account(c, &a, config, err);
	else if (answer < 0)
		result = -1;
	else if (wanted && login != LOGIN_TOKEN)
		tell_test(c);
	account_free(&a);
	return result;
}

/* Reads a file of another program, which must belong to the user or to root.
 * Debian gives nullmailer's to the user mail; no command comes from it. */
static int
read_foreign(struct trusted_file *file, const char *path, struct error *err)
{
	char quote[ESCAPE_QUOTE];

	if (import_kind(path) == IMPORT_NULLMAILER)
		file->demand = TRUSTED_REGULAR;
	switch (trusted_file_read(file, path, CONFIG_FILE_MAX, err)) {
	case TRUSTED_READ:
		return 0;
	case TRUSTED_FAILED:
		return -1;
	default:
		return fail(err, EX_NOINPUT, "cannot read %s",
		    escape_string(quote, sizeof(quote), path));
	}
}

/* Translates the file of another program and writes the result. */
static int
import_file(struct setup *c, const char *path, struct error *err)
{
	struct trusted_file file = {0}, auth = {0};
	struct buffer text = { .kind = BUFFER_SECRET };
	struct string_list lost = {0};
	struct error ignored = {0};
	const char *slash = strrchr(path, '/');
	char quote[ESCAPE_QUOTE], *beside, *resolved = realpath(path, NULL);
	int result = read_foreign(&file, path, err);

	beside = xasprintf("%.*s/auth.conf", slash != NULL
	    ? (int)(slash - path) : 1, slash != NULL ? path : ".");
	if (result == 0 && import_kind(path) == IMPORT_DMA &&
	    trusted_file_read(&auth, beside, CONFIG_FILE_MAX, &ignored) !=
	    TRUSTED_READ && access(beside, F_OK) == 0)
		string_list_add(&lost, xstrdup("auth.conf, as it cannot be "
		    "read"));
	buffer_add(&text, c->before.data, c->before.len);
	if (c->account != NULL)
		buffer_addf(&text, "\naccount %s\n", c->account);
	if (result == 0)
		result = import_text(&text, resolved != NULL ? resolved : path,
		    &file.text, &auth.text, &lost, err);
	if (result == 0)
		result = config_writer_write(c->path, &text, 1, err);
	if (result == 0)
		terminal_say(c->options->output, "Wrote %s\n",
		    escape_string(quote, sizeof(quote), c->path));
	for (size_t i = 0; i < lost.n && result == 0; i++)
		terminal_say(c->options->output, "  no counterpart: %s\n",
		    lost.at[i]);
	string_list_free(&lost);
	buffer_free(&file.text);
	buffer_free(&auth.text);
	buffer_free(&text);
	free(resolved);
	free(beside);
	return result;
}

/* Offers the files of other programs. Returns 1 if one was translated, 0 if
 * not, -1 with err set. */
static int
offer_import(struct setup *c, struct error *err)
{
	struct string_list paths = {0};
	char quote[ESCAPE_QUOTE], question[ESCAPE_QUOTE + 64];
	int result = 0;

	import_find(&paths, c->home);
	for (size_t i = 0; i < paths.n && result == 0; i++) {
		escape_string(quote, sizeof(quote), paths.at[i]);
		if (c->terminal < 0) {
			terminal_say(c->options->output, "There is %s: "
			    "--from-file takes it over.\n", quote);
			continue;
		}
		snprintf(question, sizeof(question), "Take over %s?", quote);
		result = terminal_confirm(c->terminal, question, err);
		if (result > 0 && import_file(c, paths.at[i], err) != 0)
			result = -1;
	}
	string_list_free(&paths);
	return result;
}

static int
run(struct setup *c, struct error *err)
{
	struct config_writer config = {0};
	int taken = 0;

	if (c->options->keep != NULL && !login_test_can_keep(c->options->keep))
		return fail(err, EX_USAGE, "--keep-password: expected "
		    "secret-tool, pass, file or nowhere");
	if (c->options->from_file != NULL && (c->options->keep != NULL ||
	    c->options->test_message || c->options->auth_test))
		return fail(err, EX_USAGE, "--from-file: expected no "
		    "--auth-test, --keep-password or --test-message next to "
		    "it");
	if (c->options->from_file != NULL)
		return choose_file(c, err) != 0 ? -1
		    : import_file(c, c->options->from_file, err);
	if (c->options->address == NULL)
		return fail(err, EX_USAGE, "--configure: expected an address, "
		    "or --from-file");
	if (read_address(c, c->options->address, err) != 0 ||
	    choose_file(c, err) != 0)
		return -1;
	if (c->account == NULL && c->before.len == 0)
		taken = offer_import(c, err);
	if (taken != 0)
		return taken > 0 ? 0 : -1;
	if (find_hosts(c, err) != 0)
		return -1;
	if (try_hosts(c, &config, err) != 0 || write_file(c, &config, err) != 0)
		return -1;
	return offer_test(c, &config, err);
}

int
setup_run(const struct setup_options *options, struct error *err)
{
	struct setup *c = xcalloc(1, sizeof(*c));
	int result;

	c->options = options;
	c->terminal = options->input >= 0 && isatty(options->input)
	    ? terminal_open() : -1;
	c->home = xdg_home();
	result = run(c, err);
	if (c->terminal >= 0)
		close(c->terminal);
	free(c->home);
	free(c->path);
	buffer_free(&c->before);
	free(c->address);
	free(c->domain);
	free(c);
	return result;
}
