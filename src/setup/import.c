/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "setup/import.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/ascii.h"
#include "base/escape.h"
#include "base/xmalloc.h"
#include "setup/config_writer.h"

/* The treatment of a key of another program. */
enum import_action {
	ACTION_COPY,     /* the value of key */
	ACTION_HOST,     /* "host" or "host:port" */
	ACTION_TLS,      /* TLS from the start if the value is yes */
	ACTION_STARTTLS, /* STARTTLS if the value is yes */
	ACTION_OFF,      /* key is off */
	ACTION_SENDER,   /* the sender, with "%u" for the user */
	ACTION_ACCOUNT,  /* begins an account of this name and sender */
	ACTION_MAILNAME, /* dma's: a domain, or a file that has it */
	ACTION_MASQUERADE, /* dma's: "user@", "host" or "user@host" */
	ACTION_FROM_LINE, /* ssmtp's: no if the program writes the From field */
	ACTION_NO_ALIASES, /* dma's: aliases are not read */
	ACTION_DROP      /* without effect here */
};

static const struct import_key {
	enum import_kind kind;
	const char *name;
	enum import_action action;
	const char *key;
} import_keys[] = {
	{ IMPORT_SSMTP, "mailhub", ACTION_HOST, NULL },
	{ IMPORT_SSMTP, "AuthUser", ACTION_COPY, "user" },
	{ IMPORT_SSMTP, "AuthPass", ACTION_COPY, "password" },
	{ IMPORT_SSMTP, "AuthMethod", ACTION_COPY, "auth" },
	{ IMPORT_SSMTP, "UseTLS", ACTION_TLS, NULL },
	{ IMPORT_SSMTP, "UseSTARTTLS", ACTION_STARTTLS, NULL },
	{ IMPORT_SSMTP, "UseTLSCert", ACTION_DROP, NULL },
	{ IMPORT_SSMTP, "TLSCert", ACTION_COPY, "tls_cert_file" },
	{ IMPORT_SSMTP, "TLSKey", ACTION_COPY, "tls_key_file" },
	{ IMPORT_SSMTP, "TLS_CA_File", ACTION_COPY, "tls_trust_file" },
	{ IMPORT_SSMTP, "rewriteDomain", ACTION_COPY, "maildomain" },
	{ IMPORT_SSMTP, "hostname", ACTION_COPY, "domain" },
	{ IMPORT_SSMTP, "FromLineOverride", ACTION_FROM_LINE, NULL },
	{ IMPORT_ESMTP, "hostname", ACTION_HOST, NULL },
	{ IMPORT_ESMTP, "username", ACTION_COPY, "user" },
	{ IMPORT_ESMTP, "password", ACTION_COPY, "password" },
	{ IMPORT_ESMTP, "starttls", ACTION_STARTTLS, NULL },
	{ IMPORT_ESMTP, "helo", ACTION_COPY, "domain" },
	{ IMPORT_ESMTP, "force reverse_path", ACTION_SENDER, NULL },
	{ IMPORT_ESMTP, "qualifydomain", ACTION_COPY, "maildomain" },
	{ IMPORT_ESMTP, "identity", ACTION_ACCOUNT, NULL },
	{ IMPORT_DMA, "SMARTHOST", ACTION_HOST, NULL },
	{ IMPORT_DMA, "PORT", ACTION_COPY, "port" },
	{ IMPORT_DMA, "SECURETRANSFER", ACTION_TLS, NULL },
	{ IMPORT_DMA, "STARTTLS", ACTION_STARTTLS, NULL },
	{ IMPORT_DMA, "ALIASES", ACTION_COPY, "aliases" },
	{ IMPORT_DMA, "AUTHPATH", ACTION_DROP, NULL },
	{ IMPORT_DMA, "CERTFILE", ACTION_COPY, "tls_cert_file" },
	{ IMPORT_DMA, "FINGERPRINT", ACTION_COPY, "tls_fingerprint" },
	{ IMPORT_DMA, "MAILNAME", ACTION_MAILNAME, NULL },
	{ IMPORT_DMA, "MASQUERADE", ACTION_MASQUERADE, NULL },
	{ IMPORT_DMA, "NULLCLIENT", ACTION_NO_ALIASES, NULL },
	{ IMPORT_DMA, "SECURE", ACTION_DROP, NULL },
	{ IMPORT_DMA, "SPOOLDIR", ACTION_DROP, NULL },
	{ IMPORT_NULLMAILER, "port", ACTION_COPY, "port" },
	{ IMPORT_NULLMAILER, "user", ACTION_COPY, "user" },
	{ IMPORT_NULLMAILER, "pass", ACTION_COPY, "password" },
	{ IMPORT_NULLMAILER, "ssl", ACTION_TLS, NULL },
	{ IMPORT_NULLMAILER, "starttls", ACTION_STARTTLS, NULL },
	{ IMPORT_NULLMAILER, "auth-login", ACTION_DROP, NULL },
	{ IMPORT_NULLMAILER, "x509cafile", ACTION_COPY, "tls_trust_file" },
	{ IMPORT_NULLMAILER, "insecure", ACTION_OFF, "tls_certcheck" },
	{ IMPORT_NULLMAILER, "x509certfile", ACTION_COPY, "tls_cert_file" },
	{ IMPORT_NULLMAILER, "x509keyfile", ACTION_COPY, "tls_key_file" },
	{ IMPORT_NULLMAILER, "x509crlfile", ACTION_COPY, "tls_crl_file" },
	{ IMPORT_NULLMAILER, "tls", ACTION_TLS, NULL },
	{ IMPORT_NULLMAILER, "source", ACTION_COPY, "source_ip" },
};
#define IMPORT_KEYS (sizeof(import_keys) / sizeof(import_keys[0]))

/* A translation in progress. */
struct import {
	enum import_kind kind;
	struct buffer *out;
	struct string_list *lost;
	char *host;      /* owned */
	char *port;      /* owned, or NULL */
	char *user;      /* owned, or NULL */
	int tls;         /* nonzero if it is used */
	int starttls;
	int has_auth;    /* auth has been written */
	int has_aliases; /* aliases has been written, or dma would read none */
};

enum import_kind
import_kind(const char *path)
{
	static const struct {
		const char *name;
		enum import_kind kind;
	} names[] = {
		{ "ssmtp.conf", IMPORT_SSMTP },
		{ "esmtprc", IMPORT_ESMTP }, { ".esmtprc", IMPORT_ESMTP },
		{ "dma.conf", IMPORT_DMA },
		{ "remotes", IMPORT_NULLMAILER },
	};
	const char *slash = strrchr(path, '/');
	const char *name = slash != NULL ? slash + 1 : path;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(names[i].name, name) == 0)
			return names[i].kind;
	return IMPORT_MSMTP;
}

static int
is_yes(const char *value)
{
	return value[0] == '\0' || ascii_equal(value, "yes") ||
	    ascii_equal(value, "on") || ascii_equal(value, "true") ||
	    ascii_equal(value, "enabled") || ascii_equal(value, "required");
}

/* Returns the port that a name of /etc/services stands for, or the text. */
static const char *
port_of(const char *text)
{
	static const struct {
		const char *service, *port;
	} ports[] = {
		{ "smtp", "25" }, { "submission", "587" },
		{ "submissions", "465" }, { "smtps", "465" },
	};

	for (size_t i = 0; i < sizeof(ports) / sizeof(ports[0]); i++)
		if (ascii_equal(ports[i].service, text))
			return ports[i].port;
	return text;
}

/* Sets the host and, after the last colon, the port. */
static void
take_host(struct import *i, const char *value)
{
	const char *colon = strrchr(value, ':');

	free(i->host);
	i->host = colon != NULL && strchr(value, ':') == colon
	    ? xstrndup(value, (size_t)(colon - value)) : xstrdup(value);
	if (colon != NULL && strchr(value, ':') == colon) {
		free(i->port);
		i->port = xstrdup(port_of(colon + 1));
	}
}

/* A setting without a value leaves the default. */
static void
take_copy(struct import *i, const char *key, const char *value)
{
	char **kept = strcmp(key, "port") == 0 ? &i->port
	    : strcmp(key, "user") == 0 ? &i->user : NULL;

	if (value[0] == '\0')
		return;
	if (kept != NULL) {
		free(*kept);
		*kept = xstrdup(value);
		return;
	}
	i->has_auth |= strcmp(key, "auth") == 0;
	i->has_aliases |= strcmp(key, "aliases") == 0;
	config_writer_add(i->out, key, value);
}

/* Names a setting that is not translated. */
static void
lose(struct import *i, const char *name)
{
	char quote[256];

	escape_string(quote, sizeof(quote), name);
	buffer_addf(i->out, "# no counterpart: %s\n", quote);
	string_list_add(i->lost, xstrdup(quote));
}

/* Sets the sender, in which "%u" is the user. */
static void
take_sender(struct import *i, const char *value)
{
	char *text = xstrdup(value);

	for (char *p = strchr(text, '%'); p != NULL && p[1] != '\0';
	    p = strchr(p + 2, '%'))
		if (p[1] == 'u')
			p[1] = 'U';
	config_writer_add(i->out, "from", text);
	free(text);
}

/* dma completes a sender of which one half is named. */
static void
take_masquerade(struct import *i, const char *value)
{
	const char *at = strchr(value, '@');
	char *from = at == NULL ? xasprintf("%%U@%s", value)
	    : at[1] == '\0' ? xasprintf("%s%%H", value) : xstrdup(value);

	config_writer_add(i->out, "from", from);
	free(from);
}

/* onehop reads the file that Debian names by itself. */
static void
take_mailname(struct import *i, const char *value)
{
	if (value[0] != '/')
		take_copy(i, "maildomain", value);
	else if (strcmp(value, "/etc/mailname") != 0)
		lose(i, "MAILNAME");
}

/* Adds the keys that follow from several settings together. */
static void
conclude(struct import *i)
{
	const char *usual = i->tls && !i->starttls ? "465"
	    : i->kind == IMPORT_ESMTP ? "587" : "25";

	config_writer_add(i->out, "host", i->host);
	config_writer_add(i->out, "port", i->port != NULL ? i->port : usual);
	config_writer_add(i->out, "tls", i->tls ? "on" : "off");
	if (i->tls)
		config_writer_add(i->out, "tls_starttls", i->starttls ? "on"
		    : "off");
	if (i->kind == IMPORT_DMA && !i->has_aliases)
		config_writer_add(i->out, "aliases", "/etc/aliases");
	if (i->user == NULL)
		return;
	config_writer_add(i->out, "user", i->user);
	if (!i->has_auth)
		config_writer_add(i->out, "auth", "on");
}

/* Frees what has been gathered. */
static void
forget(struct import *i)
{
	free(i->host);
	free(i->port);
	free(i->user);
	i->host = i->port = i->user = NULL;
	i->tls = i->starttls = i->has_auth = 0;
}

/* Begins the account of an identity of esmtp's. Where no smarthost precedes
 * the first, esmtp makes it the default. */
static void
take_identity(struct import *i, const char *name)
{
	char *account = xstrdup(name);

	for (char *p = account; *p != '\0'; p++)
		if (strchr(":,#\"", *p) != NULL)
			*p = '-';
	if (i->host != NULL) {
		conclude(i);
		buffer_addf(i->out, "\naccount %s\n", account);
		forget(i);
	}
	config_writer_add(i->out, "from", name);
	free(account);
}

/* Translates one setting. */
static void
take_setting(struct import *i, const char *name, const char *value)
{
	const struct import_key *k = import_keys;

	while (k < import_keys + IMPORT_KEYS && (k->kind != i->kind ||
	    !ascii_equal(k->name, name)))
		k++;
	if (k == import_keys + IMPORT_KEYS) {
		lose(i, name);
		return;
	}
	switch (k->action) {
	case ACTION_COPY:
		take_copy(i, k->key, value);
		break;
	case ACTION_HOST:
		take_host(i, value);
		break;
	case ACTION_TLS:
		i->tls |= is_yes(value);
		break;
	case ACTION_STARTTLS:
		i->tls |= is_yes(value);
		i->starttls |= is_yes(value);
		break;
	case ACTION_OFF:
		config_writer_add(i->out, k->key, "off");
		break;
	case ACTION_SENDER:
		take_sender(i, value);
		break;
	case ACTION_ACCOUNT:
		take_identity(i, value);
		break;
	case ACTION_MAILNAME:
		take_mailname(i, value);
		break;
	case ACTION_MASQUERADE:
		take_masquerade(i, value);
		break;
	case ACTION_FROM_LINE:
		if (!is_yes(value))
			config_writer_add(i->out, "set_from_header", "on");
		break;
	case ACTION_NO_ALIASES:
		i->has_aliases = 1;
		break;
	case ACTION_DROP:
		break;
	}
}

/* Takes the next word off the line as a shell quotes words, or as esmtp does,
 * with escapes within single quotes too. Owned; NULL at the end of the line. */
static char *
take_word(const char **line, enum import_kind kind)
{
	const char *p = *line + strspn(*line, " \t");
	struct buffer word = { .kind = BUFFER_SECRET };
	char quote = '\0';

	if (*p == '\0')
		return NULL;
	for (; *p != '\0' && (quote != '\0' || !ascii_is_blank(*p)); p++)
		if (*p == '\\' && p[1] != '\0' &&
		    (quote != '\'' || kind == IMPORT_ESMTP))
			buffer_add_char(&word, *++p);
		else if (*p == quote)
			quote = '\0';
		else if (quote == '\0' && (*p == '"' || *p == '\''))
			quote = *p;
		else
			buffer_add_char(&word, *p);
	*line = p;
	return buffer_string(&word);
}

/* Reads one line of an esmtprc, "name = value # comment" or "name value", where
 * a name may be "force" with another word. */
static void
take_esmtp_line(struct import *i, const char *line)
{
	const char *first = line;
	size_t n = strcspn(line, "= \t#");
	char *name, *value;

	line += n + strspn(line + n, " \t");
	if (n == 5 && ascii_equal_n(first, n, "force")) {
		size_t more = strcspn(line, "= \t#");

		name = xasprintf("force %.*s", (int)more, line);
		line += more + strspn(line + more, " \t");
	} else {
		name = xstrndup(first, n);
	}
	if (*line == '=')
		line++;
	line += strspn(line, " \t");
	n = strcspn(line, "#");
	while (n > 0 && ascii_is_blank(line[n - 1]))
		n--;
	value = line[0] == '"' || line[0] == '\'' ? take_word(&line, i->kind)
	    : xstrndup(line, n);
	take_setting(i, name, value);
	free(name);
	free(value);
}

/* Reads one line "name = value", "name value" or "name". */
static void
take_line(struct import *i, char *line)
{
	size_t n = strcspn(line, "= \t");
	char *value = line + n + strspn(line + n, " \t");
	size_t len;

	if (*value == '=')
		value += 1 + strspn(value + 1, " \t");
	len = strlen(value);
	while (len > 0 && ascii_is_blank(value[len - 1]))
		value[--len] = '\0';
	if (len >= 2 && value[0] == '"' && value[len - 1] == '"') {
		value[len - 1] = '\0';
		value++;
	}
	line[n] = '\0';
	take_setting(i, line, value);
}

/* Reads one option "name=value" or "name", with or without "--". */
static void
take_option(struct import *i, char *word)
{
	char *name = strncmp(word, "--", 2) == 0 ? word + 2 : word;
	char *equals = strchr(name, '=');

	if (equals != NULL)
		*equals = '\0';
	take_setting(i, name, equals != NULL ? equals + 1 : "");
}

/* Reads one line of nullmailer's remotes, "host protocol option ...". */
static void
take_remote(struct import *i, const char *line)
{
	char *word;

	if (i->host != NULL) {
		string_list_add(i->lost, xstrdup("a further remote"));
		return;
	}
	for (int n = 0; (word = take_word(&line, i->kind)) != NULL; n++) {
		if (n == 0)
			i->host = xstrdup(word);
		else if (n > 1 || strcmp(word, "smtp") != 0)
			take_option(i, word);
		free(word);
	}
}

/* Takes the next line off the text, without its CR. Owned; up to a NUL if there
 * is one; NULL at the end. */
static char *
take_text_line(const char **text, const char *end)
{
	const char *line = *text, *stop;
	char *copy;
	size_t len;

	if (line == NULL || line == end)
		return NULL;
	stop = memchr(line, '\n', (size_t)(end - line));
	*text = stop != NULL ? stop + 1 : end;
	copy = xstrndup(line, (size_t)((stop != NULL ? stop : end) - line));
	len = strlen(copy);
	if (len > 0 && copy[len - 1] == '\r')
		copy[len - 1] = '\0';
	return copy;
}

static void
take_text(struct import *i, const struct buffer *text)
{
	const char *rest = text->data;
	const char *end = text->len > 0 ? rest + text->len : rest;
	char *copy;

	while ((copy = take_text_line(&rest, end)) != NULL) {
		char *line = copy + strspn(copy, " \t");

		if (line[0] == '\0' || line[0] == '#')
			;
		else if (i->kind == IMPORT_NULLMAILER)
			take_remote(i, line);
		else if (i->kind == IMPORT_ESMTP)
			take_esmtp_line(i, line);
		else
			take_line(i, line);
		free(copy);
	}
}

/* Reads dma's auth.conf: "user|host:password" for the smarthost. */
static void
take_auth(struct import *i, const struct buffer *auth)
{
	const char *rest = auth->data;
	const char *end = auth->len > 0 ? rest + auth->len : rest;
	char *line;

	while ((line = take_text_line(&rest, end)) != NULL) {
		char *bar = strchr(line, '|');
		char *colon = bar != NULL ? strchr(bar, ':') : NULL;

		if (line[0] != '#' && colon != NULL) {
			*bar = *colon = '\0';
			if (i->host != NULL && ascii_equal(bar + 1, i->host) &&
			    i->user == NULL) {
				i->user = xstrdup(line);
				config_writer_add(i->out, "password", colon
				    + 1);
			}
		}
		free(line);
	}
}

int
import_text(struct buffer *out, const char *path, const struct buffer *text,
    const struct buffer *auth, struct string_list *lost, struct error *err)
{
	struct import i = { .kind = import_kind(path), .out = out,
		.lost = lost };
	char quote[ESCAPE_QUOTE];

	escape_string(quote, sizeof(quote), path);
	buffer_addf(out, "# Made by onehop --configure from %s.\n", quote);
	if (i.kind == IMPORT_MSMTP) {
		config_writer_add(i.out, "include", path);
		return 0;
	}
	take_text(&i, text);
	if (auth != NULL && auth->len > 0)
		take_auth(&i, auth);
	if (i.host != NULL)
		conclude(&i);
	else
		fail(err, EX_CONFIG, "%s: no smarthost is named", quote);
	forget(&i);
	return err->code == 0 ? 0 : -1;
}

void
import_find(struct string_list *paths, const char *home)
{
	static const char *const names[] = { "~/.msmtprc",
		"~/.config/msmtp/config", "~/.esmtprc", "/etc/msmtprc",
		"/etc/ssmtp/ssmtp.conf", "/etc/esmtprc", "/etc/dma/dma.conf",
		"/etc/nullmailer/remotes" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char *path = names[i][0] == '~' ? xasprintf("%s%s", home,
		    names[i] + 1) : xstrdup(names[i]);

		if (access(path, R_OK) == 0)
			string_list_add(paths, path);
		else
			free(path);
	}
}
