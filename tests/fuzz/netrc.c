/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * netrc files: any text is read or refused; what is written with quotes and
 * escapes around it is found again as it was; and nobody else's is.
 */
#include "fuzz.h"

#include <string.h>

#include "base/ascii.h"
#include "format/netrc.h"

/* A word as a careful program would write it. */
static void
write_word(struct buffer *text, const char *keyword, const char *word)
{
	buffer_addf(text, "%s \"", keyword);
	for (; *word != '\0'; word++) {
		if (*word == '"' || *word == '\\')
			buffer_add_char(text, '\\');
		buffer_add_char(text, *word);
	}
	buffer_add_string(text, "\"\n");
}

/* The octets up to the next NUL, line ends made blanks. */
static char *
next_word(const uint8_t **data, size_t *size)
{
	size_t n = 0;
	char *word = malloc(*size + 1);

	if (word == NULL)
		abort();
	for (; n < *size && (*data)[n] != 0; n++)
		word[n] = (*data)[n] == '\n' ? ' ' : (char)(*data)[n];
	word[n] = '\0';
	*data += n + (n < *size);
	*size -= n + (n < *size);
	return word;
}

/* The entry is found by its machine and login, and only by these. */
static void
check_written(const char *machine, const char *login, const char *password)
{
	struct netrc_query query = { machine, login, 25 };
	struct netrc_entry found = {0};
	struct buffer text = {0};
	struct error err = {0};
	int result;

	buffer_add_string(&text, "default login \"\" password no\n");
	write_word(&text, "machine", machine);
	write_word(&text, "login", login);
	write_word(&text, "password", password);
	result = netrc_find(&found, text.data, text.len, &query, &err);
	require(result == (password[0] != '\0'), "what was written is found");
	if (result == 1) {
		require(strcmp(buffer_string(&found.password), password) == 0,
		    "the password comes back");
		require(found.line == 2, "the line is told");
		buffer_free(&found.password);
	}
	query.login = "somebody else";
	if (strcmp(login, query.login) != 0)
		require(netrc_find(&found, text.data, text.len, &query,
		    &err) == 0, "another login gets nothing");
	query.login = login;
	query.machine = "another.example";
	if (!ascii_equal(machine, query.machine))
		require(netrc_find(&found, text.data, text.len, &query,
		    &err) == 0, "another machine gets nothing");
	buffer_free(&text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct netrc_query jane = { "m", "j", 587 };
	struct netrc_entry found = {0};
	struct error err = {0};
	char *machine, *login, *password;
	int result = netrc_find(&found, (const char *)data, size, &jane, &err);

	require(result != 1 || (found.password.len > 0 && found.line > 0 &&
	    memchr(found.password.data, '\0', found.password.len) == NULL),
	    "a password that is found is a string");
	require((result == -1) == (err.code == EX_CONFIG),
	    "a fault is explained");
	buffer_free(&found.password);
	machine = next_word(&data, &size);
	login = next_word(&data, &size);
	password = next_word(&data, &size);
	check_written(machine, login, password);
	free(machine);
	free(login);
	free(password);
	return 0;
}
