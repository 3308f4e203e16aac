/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which content SMTP does not carry unchanged. */
#include "../unit.h"

#include <string.h>

#include "../letter.h"
#include "base/buffer.h"
#include "base/error.h"
#include "envelope/content.h"

#define BINARY "Content-Transfer-Encoding: binary\n"
#define IMAGE "Content-Type: image/png\n"
#define TEXT "Content-Type: text/plain\n"
#define MIXED "Content-Type: multipart/mixed; boundary=\"b\"\n"
#define INNER "Content-Type: multipart/related; boundary=b2\n"
#define MESSAGE "Content-Type: message/rfc822\n"
#define CR "a\rb\n"

static const struct {
	const char *text;
	int code;
} cases[] = {
	{ IMAGE BINARY "\n" CR, EX_DATAERR },
	{ IMAGE BINARY "\na\r", EX_DATAERR },
	{ IMAGE BINARY "\n\r", EX_DATAERR },
	{ IMAGE BINARY "\na\r\r\n", EX_DATAERR },
	{ IMAGE BINARY "\na\nb\r\n", 0 },
	{ IMAGE BINARY "\n", 0 },
	{ IMAGE "Content-Transfer-Encoding: Binary (raw)\n\n" CR, EX_DATAERR },
	{ IMAGE "Content-Transfer-Encoding: 8bit\n\n" CR, 0 },
	{ IMAGE "Content-Transfer-Encoding: base64\n\n" CR, 0 },
	{ IMAGE "\n" CR, 0 },
	/* cron's output, with a progress bar */
	{ TEXT BINARY "\n" CR, 0 },
	{ BINARY "\n" CR, 0 },
	{ "\n" CR, 0 },
	/* the part decides */
	{ MIXED BINARY "\n--b\n" TEXT BINARY "\n" CR "--b\n" IMAGE
	  "Content-Transfer-Encoding: base64\n\nAAAA\n--b--\n" CR, 0 },
	{ MIXED "\n--b\n" TEXT "\na\n--b\n" IMAGE BINARY "\n" CR "--b--\n",
	  EX_DATAERR },
	{ MIXED "\r\n--b\r\n" IMAGE BINARY "\r\n" CR "--b--\r\n",
	  EX_DATAERR },
	{ MIXED "\n--b\n" IMAGE BINARY "\na\n--b\n\n" CR "--b--\n", 0 },
	{ MIXED "\n--b\n" IMAGE BINARY "\na\n--c\n\n" CR "--b--\n",
	  EX_DATAERR },
	{ MIXED CR "\n--b\n" IMAGE BINARY "\na\n--b--\n", 0 },
	{ MIXED "\n--b\n" INNER "\n--b2\n" IMAGE BINARY "\n" CR "--b2--\n"
	  "--b--\n", EX_DATAERR },
	{ MIXED "\n--b\n" MESSAGE "\n" IMAGE BINARY "\n" CR "--b--\n",
	  EX_DATAERR },
	{ MESSAGE "\n" TEXT BINARY "\n" CR, 0 },
};

static void
data_is_refused_where_it_is_declared(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct error err = {0};
		struct message m;

		letter_take(&m, cases[i].text, strlen(cases[i].text));
		if (content_check(&m, &err) != (cases[i].code != 0 ? -1 : 0) ||
		    err.code != cases[i].code)
			fail_msg("%zu: %d \"%s\"", i, err.code, err.text);
		message_free(&m);
	}
}

static void
a_nul_is_data(void **state)
{
	static const char text[] = IMAGE BINARY "\na\0b\n";
	struct error err = {0};
	struct message m;

	(void)state;
	letter_take(&m, text, sizeof(text) - 1);
	assert_int_equal(content_check(&m, &err), -1);
	assert_int_equal(err.code, EX_DATAERR);
	message_free(&m);
}

/* The data, its line and the boundary are found wherever a block ends. */
static void
blocks_may_end_anywhere(void **state)
{
	static const char head[] = MIXED "\n--b\n" IMAGE BINARY "\n";
	static const char tail[] = "\n--b\n" TEXT BINARY "\n" CR "--b--\n";

	(void)state;
	for (size_t data = 0; data < 2; data++) {
		for (size_t n = SPOOL_BLOCK - 60; n < SPOOL_BLOCK + 60; n++) {
			struct buffer text = {0};
			struct error err = {0};
			struct message m;

			buffer_add_string(&text, head);
			while (text.len < n)
				buffer_add_char(&text, 'x');
			buffer_add_string(&text, data ? "\rx" : "\r\nx");
			buffer_add_string(&text, tail);
			letter_take(&m, text.data, text.len);
			assert_int_equal(content_check(&m, &err),
			    data ? -1 : 0);
			message_free(&m);
			buffer_free(&text);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(data_is_refused_where_it_is_declared),
		cmocka_unit_test(a_nul_is_data),
		cmocka_unit_test(blocks_may_end_anywhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
