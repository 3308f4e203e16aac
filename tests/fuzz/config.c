/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Config files: whatever stands in one, it is read or complained about line
 * by line, and what was taken makes an account. Nothing it names is run.
 */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "../../src/choice.h"
#include "../../src/configfile.h"

/* An include would read files of this machine. */
static int
names_a_file(const char *text, size_t size)
{
	for (size_t i = 0; i + 7 <= size; i++)
		if (memcmp(text + i, "include", 7) == 0)
			return 1;
	return 0;
}

static void
check_complaints(const char *text)
{
	for (; *text != '\0'; text++)
		if ((unsigned char)*text < 0x20 && *text != '\n')
			abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	struct config c = {0};
	struct error err = {0};

	if (names_a_file(text, size))
		return 0;
	config_begin(&c);
	config_parse(&c, "config", text, size, 1);
	if (config_check(&c, &err) != 0)
		check_complaints(err.text);
	for (size_t i = 0; i < c.n; i++) {
		struct account a;

		memset(&err, 0, sizeof(err));
		if (config_assemble(&a, &c, &c.sections[i], 0, &err) != 0)
			abort(); /* each line was tried when it was read */
		account_free(&a);
	}
	config_free(&c);
	return 0;
}
