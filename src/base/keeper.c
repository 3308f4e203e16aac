/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/keeper.h"

#include <string.h>

#include "base/ascii.h"
#include "base/buffer.h"
#include "base/xmalloc.h"

const struct keeper keepers[KEEPERS] = {
	{ "secret-tool", "secret-tool lookup host %h user %s",
	  "secret-tool store --label=onehop host %h user %s",
	  "secret-tool clear host %h user %s" },
	{ "pass", "pass show mail/%h/%s",
	  "pass insert -m -f mail/%h/%s >/dev/null",
	  "pass rm -f mail/%h/%s" },
};

const struct keeper *
keeper_find(const char *program)
{
	for (size_t i = 0; i < KEEPERS; i++)
		if (strcmp(keepers[i].program, program) == 0)
			return &keepers[i];
	return NULL;
}

int
keeper_is_plain(const char *word)
{
	while (ascii_is_alnum(*word) ||
	    (*word != '\0' && strchr("@._+-", *word) != NULL))
		word++;
	return *word == '\0';
}

static void
add_word(struct buffer *out, const char *word)
{
	if (keeper_is_plain(word)) {
		buffer_add_string(out, word);
		return;
	}
	buffer_add_char(out, '\'');
	for (; *word != '\0'; word++)
		if (*word == '\'')
			buffer_add_string(out, "'\\''");
		else
			buffer_add_char(out, *word);
	buffer_add_char(out, '\'');
}

char *
keeper_command(const char *template, const char *where, const char *user)
{
	struct buffer out = {0};
	char *result;

	for (; *template != '\0'; template++)
		if (template[0] != '%' || (template[1] != 'h' &&
		    template[1] != 's'))
			buffer_add_char(&out, *template);
		else
			add_word(&out, *++template == 'h' ? where : user);
	result = xstrdup(buffer_string(&out));
	buffer_free(&out);
	return result;
}
