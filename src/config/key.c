/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config/key.h"

#include <string.h>
#include <sys/socket.h>
#include <syslog.h>

#include "base/ascii.h"
#include "base/edit_distance.h"
#include "base/escape.h"
#include "config/value.h"
#include "tls/tls.h"

const struct key account_keys[] = {
#define KEY(key, kind, initial, attributes, argument, summary) \
	{ #key, initial, argument, summary, KIND_##kind, attributes, \
	    KIND_##kind == KIND_SECRET, \
	    KIND_##kind == KIND_SECRET || KIND_##kind == KIND_COMMAND, \
	    KIND_##kind == KIND_LIST },
#include "config/keys.def"
#undef KEY
	{ .name = NULL }
};

static const struct { uint64_t least, most; } ranges[KEYS] = {
	[KEY_port] = { 1, 65535 },
	[KEY_proxy_port] = { 1, 65535 },
	[KEY_timeout] = { 1, 1000000 },
	[KEY_deadline] = { 1, 1000000 },
	[KEY_tls_min_dh_prime_bits] = { 1, 65536 },
	[KEY_hold_for] = { 1, 999999999 }, /* RFC 4865 4.1: nine digits */
	[KEY_outbox_max_messages] = { 1, 1000000 },
	[KEY_outbox_max_size] = { 1, 1000000 },
	[KEY_outbox_patience] = { 1, 1000000000 },
	[KEY_tempfail_exit] = { 1, 125 } /* the shell uses 126 and up */
};

static const struct word protocols[] = {
	{ "smtp", PROTOCOL_SMTP }, { "lmtp", PROTOCOL_LMTP }, { NULL, 0 }
};

static const struct word trusts[] = {
	{ "ca", TLS_TRUST_CA }, { "tofu", TLS_TRUST_TOFU },
	{ "dane", TLS_TRUST_DANE }, { NULL, 0 }
};

static const struct word families[] = {
	{ "any", AF_UNSPEC }, { "ipv4", AF_INET }, { "ipv6", AF_INET6 },
	{ NULL, 0 }
};

static const struct word proxy_types[] = {
	{ "socks5", PROXY_SOCKS5 }, { "http", PROXY_HTTP }, { NULL, 0 }
};

static const struct word if_missing[] = {
	{ "off", SWITCH_OFF }, { "auto", SWITCH_AUTO }, { NULL, 0 }
};

static const struct word to_headers[] = {
	{ "off", TO_HEADER_OFF }, { "on", TO_HEADER_ON },
	{ "undisclosed_recipients", TO_HEADER_UNDISCLOSED }, { NULL, 0 }
};

static const struct word dsn_returns[] = {
	{ "off", DSN_RETURN_OFF }, { "headers", DSN_RETURN_HEADERS },
	{ "hdrs", DSN_RETURN_HEADERS }, { "full", DSN_RETURN_FULL },
	{ NULL, 0 }
};

static const struct word sandboxes[] = {
	{ "auto", SANDBOX_AUTO }, { "off", SANDBOX_OFF }, { NULL, 0 }
};

static const struct word log_formats[] = {
	{ "keyvalue", LOG_FORMAT_KEYVALUE }, { "json", LOG_FORMAT_JSON },
	{ NULL, 0 }
};

/* A value is shown as its first word. */
static const struct word facilities[] = {
	{ "off", 0 }, { "LOG_USER", LOG_USER + 1 }, { "on", LOG_USER + 1 },
	{ "LOG_MAIL", LOG_MAIL + 1 }, { "LOG_LOCAL0", LOG_LOCAL0 + 1 },
	{ "LOG_LOCAL1", LOG_LOCAL1 + 1 }, { "LOG_LOCAL2", LOG_LOCAL2 + 1 },
	{ "LOG_LOCAL3", LOG_LOCAL3 + 1 }, { "LOG_LOCAL4", LOG_LOCAL4 + 1 },
	{ "LOG_LOCAL5", LOG_LOCAL5 + 1 }, { "LOG_LOCAL6", LOG_LOCAL6 + 1 },
	{ "LOG_LOCAL7", LOG_LOCAL7 + 1 }, { NULL, 0 }
};

static const struct word *const choices[KEYS] = {
	[KEY_address_family] = families,
	[KEY_proxy_type] = proxy_types,
	[KEY_protocol] = protocols,
	[KEY_tls_trust] = trusts,
	[KEY_set_date_header] = if_missing,
	[KEY_set_msgid_header] = if_missing,
	[KEY_set_to_header] = to_headers,
	[KEY_dsn_return] = dsn_returns,
	[KEY_log_format] = log_formats,
	[KEY_syslog] = facilities,
	[KEY_sandbox] = sandboxes
};

/*
 * Keys, other than switches, that need no argument, and the value they then
 * have. Keys that msmtp accepts without an argument are accepted without one.
 */
static const char *const bare_values[KEYS] = {
	[KEY_auth] = "on",
	[KEY_logfile] = "off",
	[KEY_syslog] = "on",
	[KEY_outbox] = "on",
	[KEY_set_from_header] = "auto",
	[KEY_set_date_header] = "auto",
	[KEY_set_msgid_header] = "auto",
	[KEY_set_to_header] = "on"
};

/* Keys of older versions of msmtp and their translation. when_on is NULL if the
 * new key takes the value unchanged. */
static const struct {
	const char *name;
	const char *key;      /* NULL: has no effect */
	const char *when_on;  /* also used without an argument */
	const char *when_off;
	const char *notice;   /* notice for the user, or NULL */
} obsolete[] = {
	{ "connect_timeout", "timeout", NULL, NULL, NULL },
	{ "undisclosed_recipients", "set_to_header",
	    "undisclosed_recipients", "off", NULL },
	{ "add_missing_from_header", "set_from_header", "auto", "off", NULL },
	{ "add_missing_date_header", "set_date_header", "auto", "off", NULL },
	{ "keepbcc", "remove_bcc_headers", "off", "on", NULL },
	{ "tls_nocertcheck", "tls_certcheck", "off", "on", NULL },
	{ "tls_nostarttls", "tls_starttls", "off", "on", NULL },
	{ "tls_force_sslv3", NULL, NULL, NULL, NULL },
	{ "tls_resume", NULL, NULL, NULL,
	    "tls_resume no longer has an effect, remove the line" }
};

#define OBSOLETE (sizeof(obsolete) / sizeof(obsolete[0]))

const struct word *
key_words(size_t key)
{
	return choices[key];
}

void
key_range(size_t key, uint64_t *least, uint64_t *most)
{
	*least = ranges[key].least;
	*most = ranges[key].most;
}

const struct key *
key_find(const char *name)
{
	for (size_t i = 0; i < KEYS; i++)
		if (strcmp(account_keys[i].name, name) == 0)
			return &account_keys[i];
	return NULL;
}

const char *
key_bare_value(size_t key)
{
	if (bare_values[key] != NULL)
		return bare_values[key];
	return account_keys[key].kind == KIND_SWITCH ? "on" : NULL;
}

static size_t
find_obsolete(const char *name)
{
	size_t i = 0;

	while (i < OBSOLETE && strcmp(obsolete[i].name, name) != 0)
		i++;
	return i;
}

int
key_is_obsolete(const char *name)
{
	return find_obsolete(name) < OBSOLETE;
}

int
key_is_obsolete_switch(const char *name)
{
	size_t i = find_obsolete(name);

	return i < OBSOLETE && (obsolete[i].when_on != NULL ||
	    obsolete[i].key == NULL);
}

const char *
key_notice(const char *name)
{
	size_t i = find_obsolete(name);

	return i < OBSOLETE ? obsolete[i].notice : NULL;
}

int
key_has(const char *name, unsigned attributes)
{
	const struct key *key = key_find(name);

	return key != NULL && (key->attributes & attributes) != 0;
}

static int
unknown(const char *name, struct error *err)
{
	char quote[ESCAPE_QUOTE];
	const char *meant = NULL;

	for (size_t i = 0; i < KEYS; i++)
		if (edit_distance_is_typo(name, account_keys[i].name) &&
		    (meant == NULL || distance(name, account_keys[i].name) <
		    distance(name, meant)))
			meant = account_keys[i].name;
	escape_string(quote, sizeof(quote), name);
	if (meant == NULL)
		return fail(err, EX_CONFIG, "unknown key \"%s\"", quote);
	return fail(err, EX_CONFIG, "unknown key \"%s\", did you mean \"%s\"?",
	    quote, meant);
}

/* Returns the new key's value for the old key's value. */
static int
translate(size_t i, const char **value, struct error *err)
{
	const char *old = *value;

	if (obsolete[i].key == NULL)
		return KEYS;
	if (obsolete[i].when_on != NULL) {
		if (old[0] == '\0' || ascii_equal(old, "on"))
			*value = obsolete[i].when_on;
		else if (ascii_equal(old, "off"))
			*value = obsolete[i].when_off;
		else {
			value_refuse(err, "on or off", old);
			return wrap(err, "%s", obsolete[i].name);
		}
	}
	return (int)(key_find(obsolete[i].key) - account_keys);
}

int
key_resolve(const char *name, const char **value, struct error *err)
{
	const struct key *key = key_find(name);
	size_t old = find_obsolete(name);

	if (key != NULL)
		return (int)(key - account_keys);
	return old < OBSOLETE ? translate(old, value, err)
	    : unknown(name, err);
}
