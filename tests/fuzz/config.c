/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Config files: whatever stands in one, it is read or complained about line
 * by line, what was taken makes an account, and no error shows a password.
 * Nothing it names is opened or run.
 */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "config/account_check.h"
#include "config/file.h"
#include "config/load.h"

/* What a key is shown as means the same when it is read. */
static void
check_shown(const struct account *a, const struct key *key)
{
	struct account again;
	struct error err = {0};
	char *shown = account_get(a, key->name, 0), *twice;

	if (shown == NULL || key->secret) {
		free(shown);
		return;
	}
	account_init(&again, "/home");
	require(account_set(&again, key->name, shown, &err) == 0,
	    "what is shown can be read");
	twice = account_get(&again, key->name, 0);
	require(twice == NULL || strcmp(shown, twice) == 0,
	    "reading it again changes nothing");
	free(shown);
	free(twice);
	account_free(&again);
}

static void
check_section(const struct config *c, const struct config_section *s)
{
	struct account a;
	struct error err = {0};

	require(config_assemble(&a, c, s, 0, &err) == 0,
	    "a line that was taken in can be applied");
	for (const struct key *key = account_keys; key->name != NULL; key++)
		check_shown(&a, key);
	(void)account_check(&a, &err);
	require(strcmp(a.name, s->name) == 0, "an account keeps its name");
	account_free(&a);
}

static void
check_error(const struct error *err)
{
	require(err->code == EX_CONFIG, "an error of configuration");
	for (const char *p = err->text; *p != '\0'; p++)
		require(*p == '\n' || ((unsigned char)*p >= 0x20 &&
		    *p != 0x7f), "a text without controls");
}

/* Whatever the password is, the error is the same. */
static void
check_password(const char *data, size_t size)
{
	static const char expected[] = "f:1: a file that holds a password "
	    "must be readable by its owner alone, chmod 600 f";
	struct config c = {0};
	struct error err = {0};
	struct buffer line = {0};
	const char *lf = memchr(data, '\n', size);
	size_t len = lf != NULL ? (size_t)(lf - data) : size;

	if (memchr(data, '\0', len) != NULL)
		return;
	buffer_add_string(&line, "password ");
	buffer_add(&line, data, len);
	config_begin(&c, CONFIG_USER);
	config_parse(&c, "f", line.data, line.len,
	    SECRETS_REFUSED);
	require(config_check(&c, &err) == -1, "a password needs a mode");
	require(strcmp(err.text, expected) == 0, "no secret is shown");
	buffer_free(&line);
	config_free(&c);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char home[] = "/home";
	struct config c = { .home = home };
	struct error err = {0};

	config_begin(&c, CONFIG_USER);
	c.depth = CONFIG_INCLUDE_MAX; /* no file is opened */
	config_parse(&c, "f", (const char *)data, size,
	    SECRETS_TAKEN);
	for (size_t i = 0; i < c.n; i++)
		check_section(&c, &c.sections[i]);
	if (config_check(&c, &err) != 0)
		check_error(&err);
	config_free(&c);
	check_password((const char *)data, size);
	return 0;
}
