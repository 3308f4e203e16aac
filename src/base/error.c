/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Formats into text; an overlong result ends in "..." so that a cut shows. */
static void __attribute__((format(printf, 3, 0)))
print(char *text, size_t size, const char *format, va_list args)
{
	int n = vsnprintf(text, size, format, args);

	if (n < 0)
		snprintf(text, size, "(message lost: bad format)");
	else if ((size_t)n >= size)
		memcpy(text + size - 4, "...", 4);
}

int
fail(struct error *err, int code, const char *format, ...)
{
	char text[sizeof(err->text)];
	va_list args;

	va_start(args, format);
	print(text, sizeof(text), format, args);
	va_end(args);
	memset(err, 0, sizeof(*err));
	err->code = code;
	memcpy(err->text, text, sizeof(text));
	return -1;
}

int
wrap(struct error *err, const char *format, ...)
{
	char cause[sizeof(err->text)];
	va_list args;
	size_t len;

	memcpy(cause, err->text, sizeof(cause));
	va_start(args, format);
	print(err->text, sizeof(err->text), format, args);
	va_end(args);
	len = strlen(err->text);
	if (len < sizeof(err->text) - 1)
		snprintf(err->text + len, sizeof(err->text) - len, ": %.*s",
		    (int)(sizeof(err->text) - len - 3), cause);
	return -1;
}

int
ensure_code(struct error *err)
{
	if (err->code != 0 || err->outcome == OUTCOME_QUEUED)
		return -1;
	return fail(err, EX_SOFTWARE, "failed for a reason that was not given");
}

int
hint(struct error *err, const char *format, ...)
{
	va_list args;

	if (err->hint[0] != '\0')
		return -1;
	va_start(args, format);
	print(err->hint, sizeof(err->hint), format, args);
	va_end(args);
	return -1;
}
