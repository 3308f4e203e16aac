/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config/account.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/ascii.h"
#include "base/buffer.h"
#include "base/platform.h"
#include "base/xmalloc.h"
#include "config/value.h"
#include "net/connect.h"

/* Checks of text values that are stricter than value_text(). */
static char *(*const checks[KEYS])(const char *, struct error *) = {
	[KEY_host] = value_smarthost,
	[KEY_srv_targets] = value_target,
	[KEY_local_domains] = value_host,
	[KEY_source_ip] = value_ip,
	[KEY_proxy_host] = value_host,
	[KEY_auth] = value_auth,
	[KEY_password_credential] = value_credential,
	[KEY_tls_fingerprint] = value_fingerprint,
	[KEY_tls_host_override] = value_host,
	[KEY_from] = value_sender,
	[KEY_relay_from] = value_user_senders,
	[KEY_dsn_notify] = value_notify,
	[KEY_logfile] = value_logfile,
	[KEY_outbox] = value_place,
	[KEY_outbox_report] = value_report,
	[KEY_mt_priority] = value_priority,
	[KEY_deliver_by] = value_deliver_by,
	[KEY_hold_until] = value_moment,
	[KEY_mail_auth] = value_mailbox
};

static void
replace_text(char **text, char *s)
{
	if (*text != NULL)
		platform_wipe(*text, strlen(*text));
	free(*text);
	*text = s;
}

static char *
check_text(size_t key, const char *value, struct error *err)
{
	if (value[0] == '\0' && account_keys[key].initial[0] == '\0')
		return xstrdup(""); /* unset, as it was */
	if (checks[key] != NULL)
		return checks[key](value, err);
	if (account_keys[key].kind == KIND_SECRET)
		return xstrdup(value); /* an error message would quote it */
	return value_text(value, err);
}

static int
set_text(void *field, size_t key, const char *value, struct error *err)
{
	char *text = check_text(key, value, err);

	if (text == NULL)
		return -1;
	replace_text(field, text);
	return 0;
}

static int
set_list(void *field, size_t key, const char *value, struct error *err)
{
	char *text;

	if (value[0] == '\0') {
		string_list_free(field);
		return 0;
	}
	text = check_text(key, value, err);
	if (text == NULL)
		return -1;
	string_list_add(field, text);
	return 0;
}

static int
set_words(void *field, size_t key, const char *value, struct error *err)
{
	struct string_list words = {0};
	const char *p = value + strspn(value, " \t");

	while (*p != '\0') {
		size_t len = strcspn(p, " \t");
		char *word = xstrndup(p, len);
		char *text = check_text(key, word, err);

		free(word);
		if (text == NULL) {
			string_list_free(&words);
			return -1;
		}
		string_list_add(&words, text);
		p += len + strspn(p + len, " \t");
	}
	string_list_free(field);
	*(struct string_list *)field = words;
	return 0;
}

static int
set_switch(void *field, size_t key, const char *value, struct error *err)
{
	int has_auto = strstr(account_keys[key].argument, "auto") != NULL;
	int *flag = field;

	if (value[0] == '\0')
		value = key_bare_value(key);
	if (ascii_equal(value, "on"))
		*flag = SWITCH_ON;
	else if (ascii_equal(value, "off"))
		*flag = SWITCH_OFF;
	else if (has_auto && ascii_equal(value, "auto"))
		*flag = SWITCH_AUTO;
	else
		return value_refuse(err,
		    has_auto ? "on, off or auto" : "on or off", value);
	return 0;
}

static int
set_number(void *field, size_t key, const char *value, struct error *err)
{
	uint64_t least, most, number = 0;
	char what[64];

	key_range(key, &least, &most);
	if (value[0] == '\0')
		value = account_keys[key].initial;
	if (value[0] != '\0' &&
	    ascii_number(value, strlen(value), least, most, &number) < 0) {
		snprintf(what, sizeof(what), "%sa number from %u to %u",
		    account_keys[key].kind == KIND_SECONDS ? "off or " : "",
		    (unsigned)least, (unsigned)most);
		return value_refuse(err, what, value);
	}
	*(unsigned *)field = (unsigned)number;
	return 0;
}

static int
set_seconds(void *field, size_t key, const char *value, struct error *err)
{
	if (value[0] == '\0')
		value = account_keys[key].initial;
	if (!ascii_equal(value, "off"))
		return set_number(field, key, value, err);
	*(unsigned *)field = 0;
	return 0;
}

/* Appends the words as an error lists them: "off, auto or x". */
static char *
word_list(const struct word *words)
{
	struct buffer text = {0};

	for (size_t i = 0; words[i].name != NULL; i++)
		buffer_addf(&text, "%s%s", i == 0 ? "" :
		    words[i + 1].name != NULL ? ", " : " or ", words[i].name);
	return buffer_string(&text);
}

static int
set_choice(void *field, size_t key, const char *value, struct error *err)
{
	const struct word *words = key_words(key);
	const char *bare = key_bare_value(key);
	char *what;

	if (value[0] == '\0' && bare != NULL)
		value = bare;
	for (size_t i = 0; words[i].name != NULL; i++)
		if (ascii_equal(value, words[i].name)) {
			*(int *)field = words[i].value;
			return 0;
		}
	what = word_list(words);
	value_refuse(err, what, value);
	free(what);
	return -1;
}

static int (*const setters[])(void *, size_t, const char *,
    struct error *) = {
	[KIND_TEXT] = set_text,
	[KIND_COMMAND] = set_text,
	[KIND_SECRET] = set_text,
	[KIND_PATH] = set_text,
	[KIND_LIST] = set_list,
	[KIND_WORDS] = set_words,
	[KIND_SWITCH] = set_switch,
	[KIND_NUMBER] = set_number,
	[KIND_SECONDS] = set_seconds,
	[KIND_CHOICE] = set_choice
};

/* Sets a path below the home directory. */
static int
store_below(void *field, size_t key, const char *home, const char *value,
    struct error *err)
{
	char *path;
	int rc;

	if (home[0] == '\0')
		return value_refuse(err, "an absolute path, as there is no "
		    "home directory", value);
	path = xasprintf("%s%s", home, value + 1);
	rc = set_text(field, key, path, err);
	free(path);
	return rc;
}

static int
store(void *field, size_t key, const char *value, const char *home,
    struct error *err)
{
	enum key_kind kind = account_keys[key].kind;

	if (kind == KIND_PATH && value[0] == '~' &&
	    (value[1] == '/' || value[1] == '\0'))
		return store_below(field, key, home, value, err);
	return setters[kind](field, key, value, err);
}

static char *
list_get(const struct string_list *list, size_t index)
{
	return index < list->n ? xstrdup(list->at[index]) : NULL;
}

static char *
number_get(unsigned number, const char *zero)
{
	return number == 0 ? xstrdup(zero) : xasprintf("%u", number);
}

static char *
choice_get(const struct word *words, int value)
{
	while (words->value != value)
		words++;
	return xstrdup(words->name);
}

static char *
show(const void *field, size_t key, size_t index)
{
	static const char *const switches[] = { "off", "on", "auto" };

	if (index > 0 && !account_keys[key].list)
		return NULL;
	switch (account_keys[key].kind) {
	case KIND_LIST:
		return list_get(field, index);
	case KIND_WORDS:
		return string_list_join(field);
	case KIND_SWITCH:
		return xstrdup(switches[*(const int *)field]);
	case KIND_NUMBER:
		return number_get(*(const unsigned *)field, "");
	case KIND_SECONDS:
		return number_get(*(const unsigned *)field, "off");
	case KIND_CHOICE:
		return choice_get(key_words(key), *(const int *)field);
	case KIND_SECRET:
		return xstrdup(**(char *const *)field != '\0' ? "***" : "");
	default:
		return xstrdup(*(char *const *)field);
	}
}

static void
copy(void *to, const void *from, size_t key)
{
	switch (account_keys[key].kind) {
	case KIND_LIST:
	case KIND_WORDS:
		string_list_copy(to, from);
		break;
	case KIND_NUMBER:
	case KIND_SECONDS:
		*(unsigned *)to = *(const unsigned *)from;
		break;
	case KIND_SWITCH:
	case KIND_CHOICE:
		*(int *)to = *(const int *)from;
		break;
	default:
		*(char **)to = xstrdup(*(char *const *)from);
	}
}

static int
equal(const void *a, const void *b, size_t key)
{
	switch (account_keys[key].kind) {
	case KIND_LIST:
	case KIND_WORDS:
		return string_list_equal(a, b);
	case KIND_NUMBER:
	case KIND_SECONDS:
		return *(const unsigned *)a == *(const unsigned *)b;
	case KIND_SWITCH:
	case KIND_CHOICE:
		return *(const int *)a == *(const int *)b;
	default:
		return strcmp(*(char *const *)a, *(char *const *)b) == 0;
	}
}

static void
free_field(void *field, size_t key)
{
	switch (account_keys[key].kind) {
	case KIND_LIST:
	case KIND_WORDS:
		string_list_free(field);
		break;
	case KIND_NUMBER:
	case KIND_SECONDS:
	case KIND_SWITCH:
	case KIND_CHOICE:
		break;
	default:
		replace_text(field, NULL);
	}
}

static const size_t offsets[KEYS] = {
#define KEY(key, kind, initial, attributes, argument, summary) \
	offsetof(struct account, key),
#include "config/keys.def"
#undef KEY
};

static void *
field(struct account *a, size_t key)
{
	return (char *)a + offsets[key];
}

static const void *
field_of(const struct account *a, size_t key)
{
	return (const char *)a + offsets[key];
}

void
account_init(struct account *a, const char *home)
{
	struct error none = {0}; /* every default is valid */

	memset(a, 0, sizeof(*a));
	a->name = xstrdup("");
	a->origin = xstrdup("");
	a->file = xstrdup("");
	a->reason = "";
	a->notice = xstrdup("");
	a->home = xstrdup(home);
	for (size_t i = 0; i < KEYS; i++)
		store(field(a, i), i, account_keys[i].initial,
		    a->home, &none);
}

int
account_store(struct account *a, size_t key, const char *value,
    struct error *err)
{
	return store(field(a, key), key, value, a->home, err);
}

int
account_set(struct account *a, const char *name, const char *value,
    struct error *err)
{
	int key = key_resolve(name, &value, err);

	if (key < 0)
		return -1;
	if (key == KEYS)
		return 0;
	if (account_store(a, (size_t)key, value, err) != 0)
		return wrap(err, "%s", name);
	return 0;
}

char *
account_show(const struct account *a, size_t key, size_t index)
{
	return show(field_of(a, key), key, index);
}

char *
account_get(const struct account *a, const char *name, size_t index)
{
	const struct key *key = key_find(name);

	return key == NULL ? NULL
	    : account_show(a, (size_t)(key - account_keys), index);
}

void
account_note(struct account *a, size_t key, const char *place)
{
	free(a->places[key]);
	a->places[key] = place != NULL ? xstrdup(place) : NULL;
}

void
account_copy(struct account *to, const struct account *from)
{
	to->name = xstrdup(from->name);
	to->origin = xstrdup(from->origin);
	to->file = xstrdup(from->file);
	to->reason = from->reason;
	to->notice = xstrdup(from->notice);
	to->home = xstrdup(from->home);
	to->secrets_withheld = from->secrets_withheld;
	to->netrc_withheld = from->netrc_withheld;
	to->pin_withheld = from->pin_withheld;
	for (size_t i = 0; i < KEYS; i++) {
		copy(field(to, i), field_of(from, i), i);
		to->places[i] = from->places[i] != NULL
		    ? xstrdup(from->places[i]) : NULL;
	}
}

int
account_equal(const struct account *a, const struct account *b)
{
	if (strcmp(a->name, b->name) != 0 ||
	    a->secrets_withheld != b->secrets_withheld ||
	    a->netrc_withheld != b->netrc_withheld ||
	    a->pin_withheld != b->pin_withheld)
		return 0;
	for (size_t i = 0; i < KEYS; i++)
		if (!equal(field_of(a, i), field_of(b, i), i))
			return 0;
	return 1;
}

int
account_host_is_local(const struct account *a, const char *host)
{
	if (a->socket[0] != '\0')
		return 1;
	if (a->proxy_host[0] != '\0' || a->connect_command[0] != '\0')
		return 0; /* localhost is then that of the other end */
	return connect_is_loopback(host);
}

int
account_is_local(const struct account *a)
{
	if (a->socket[0] != '\0')
		return 1;
	for (size_t i = 0; i < a->host.n; i++)
		if (!account_host_is_local(a, a->host.at[i]))
			return 0;
	return a->host.n > 0;
}

char *
account_place(const struct account *a, const char *place)
{
	size_t len = strlen(a->home);
	int is_below = len > 1 && strncmp(place, a->home, len) == 0 &&
	    place[len] == '/';

	return xasprintf("%s%s", is_below ? "~" : "", place + (is_below ? len
	    : 0));
}

char *
account_describe(const struct account *a)
{
	char *place, *text;

	if (a->origin[0] == '\0')
		return xstrdup("the command line");
	place = account_place(a, a->origin);
	text = xasprintf("%s%s%s", place, a->reason[0] != '\0' ? ", " : "",
	    a->reason);
	free(place);
	return text;
}

void
account_free(struct account *a)
{
	for (size_t i = 0; i < KEYS; i++) {
		free_field(field(a, i), i);
		free(a->places[i]);
	}
	free(a->name);
	free(a->origin);
	free(a->file);
	free(a->notice);
	free(a->home);
	memset(a, 0, sizeof(*a));
}
