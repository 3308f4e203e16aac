/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "../unit.h"

#include <stdlib.h>

#include "format/encode.h"

/* Octets and their spelling; the spelling of NULL octets is not valid. */
static const struct {
	const char *octets;
	size_t len;
	const char *text;
} base64[] = {
	{ "", 0, "" },
	{ "f", 1, "Zg==" },
	{ "fo", 2, "Zm8=" },
	{ "foo", 3, "Zm9v" },
	{ "foobar", 6, "Zm9vYmFy" },
	{ "\0user\0pass", 10, "AHVzZXIAcGFzcw==" },
	{ "\xff\xfe\xfb", 3, "//77" },
	{ "\xfb\xef\xbe", 3, "++++" },
	{ "\x01", 1, "AQ==" },
	{ NULL, 0, "Zg" },
	{ NULL, 0, "Zg=" },
	{ NULL, 0, "Zg===" },
	{ NULL, 0, "=" },
	{ NULL, 0, "==" },
	{ NULL, 0, "====" },
	{ NULL, 0, "Z===" },
	{ NULL, 0, "Zh==" },         /* stray bits */
	{ NULL, 0, "Zm9=" },
	{ NULL, 0, "Zg==Zg==" },     /* padding inside */
	{ NULL, 0, "Zm 9v" },
	{ NULL, 0, "Zm9v\r\n" },
	{ NULL, 0, "Zm9v " },
	{ NULL, 0, "Zm-_" },         /* the URL alphabet */
	{ NULL, 0, "GSSAPI supported" },
	{ NULL, 0, "!!!!" },
};

static void
base64_is_strict_both_ways(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(base64) / sizeof(base64[0]); i++) {
		struct buffer out = {0};
		const char *text = base64[i].text;

		buffer_add(&out, "x", 1);
		if (base64[i].octets == NULL) {
			assert_int_equal(base64_decode(&out, text,
			    strlen(text)), -1);
			assert_string_equal(buffer_string(&out), "x");
			buffer_free(&out);
			continue;
		}
		assert_int_equal(base64_decode(&out, text, strlen(text)), 0);
		assert_int_equal(out.len, base64[i].len + 1);
		assert_memory_equal(out.data + 1, base64[i].octets,
		    base64[i].len);
		buffer_clear(&out);
		assert_int_equal(base64_encode(&out, base64[i].octets,
		    base64[i].len), 0);
		assert_string_equal(buffer_string(&out), text);
		buffer_free(&out);
	}
}

static void
base64_respects_the_ceiling(void **state)
{
	struct buffer out = { .max = 7 };

	(void)state;
	assert_int_equal(base64_encode(&out, "foo", 3), 0);
	assert_int_equal(base64_encode(&out, "f", 1), -1);
	assert_string_equal(buffer_string(&out), "Zm9v");
	buffer_free(&out);
}

#define TEN "0123456789"
#define SEVENTY TEN TEN TEN TEN TEN TEN TEN

static const struct {
	const char *line, *encoded;
} printables[] = {
	{ "", "" },
	{ "plain text", "plain text" },
	{ "a=b", "a=3Db" },
	{ "ends in blank ", "ends in blank=20" },
	{ "ends in tab\t", "ends in tab=09" },
	{ "tab\tinside", "tab\tinside" },
	{ "bare\rreturn", "bare=0Dreturn" },
	{ "gr\xc3\xbc\xc3\x9f" "e", "gr=C3=BC=C3=9Fe" },
	{ ".", "=2E" },
	{ "..", "=2E." },
	{ "From me", "=46rom me" },
	{ "Fromage", "Fromage" },
	{ "x From me", "x From me" },
	{ SEVENTY "012345", SEVENTY "012345" },
	{ SEVENTY "0123456", SEVENTY "01234=\r\n56" },
	{ SEVENTY "012=", SEVENTY "012=3D" },
	{ SEVENTY "0123=", SEVENTY "0123=\r\n=3D" },
	{ SEVENTY "012=x", SEVENTY "012=\r\n=3Dx" },
	{ SEVENTY "01234From me", SEVENTY "01234=\r\n=46rom me" },
	{ SEVENTY "01234.x", SEVENTY "01234=\r\n=2Ex" },
	{ SEVENTY "01234 ", SEVENTY "01234=\r\n=20" },
};

static void
quoted_printable_lines_are_safe_and_short(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(printables) / sizeof(printables[0]);
	    i++) {
		struct buffer out = {0};

		quoted_printable_encode(&out, printables[i].line,
		    strlen(printables[i].line));
		assert_string_equal(buffer_string(&out),
		    printables[i].encoded);
		buffer_free(&out);
	}
}

#define SUN "\xe6\x97\xa5" /* three octets of UTF-8 */
#define SUN5 SUN SUN SUN SUN SUN
#define SUN5_BASE64 "5pel5pel5pel5pel5pel"

static const struct {
	const char *text, *encoded;
} words[] = {
	{ "", "" },
	{ "Jane Doe, \"x\"", "Jane Doe, \"x\"" },
	{ "J\xc3\xa9r\xc3\xb4me P", "=?UTF-8?Q?J=C3=A9r=C3=B4me_P?=" },
	{ "Caf\xe9", "=?unknown-8bit?Q?Caf=E9?=" },
	{ "a\tb", "=?UTF-8?Q?a=09b?=" },
	{ "cr\r\nBcc: x", "=?UTF-8?Q?cr=0D=0ABcc=3A_x?=" },
	{ "=?x?Q?y?=", "=?UTF-8?B?PT94P1E/eT89?=" },
	{ "100% \xc3\xa9", "=?UTF-8?Q?100=25_=C3=A9?=" },
	{ SUN5 SUN5 SUN5, "=?UTF-8?B?" SUN5_BASE64 SUN5_BASE64 SUN5_BASE64
	    "?=" },
	{ SUN5 SUN5 SUN5 SUN, "=?UTF-8?B?" SUN5_BASE64 SUN5_BASE64
	    SUN5_BASE64 "?= =?UTF-8?B?5pel?=" },
	{ SEVENTY "\xc3\xa9", "=?UTF-8?Q?" TEN TEN TEN TEN TEN TEN "012?= "
	    "=?UTF-8?Q?3456789=C3=A9?=" },
	{ TEN TEN TEN TEN TEN TEN "\xc3\xa9", "=?UTF-8?Q?" TEN TEN TEN TEN
	    TEN TEN "?= =?UTF-8?Q?=C3=A9?=" },
};

static void
encoded_words_never_split_a_character(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		struct buffer out = {0};

		encoded_word_encode(&out, words[i].text);
		assert_string_equal(buffer_string(&out), words[i].encoded);
		buffer_free(&out);
	}
}

static void
xtext_leaves_only_printables(void **state)
{
	struct buffer out = {0};

	(void)state;
	xtext_encode(&out, "a+b=c d\r\n\xff~@x");
	assert_string_equal(buffer_string(&out),
	    "a+2Bb+3Dc+20d+0D+0A+FF~@x");
	buffer_free(&out);
}

static void
xtext_is_decoded_or_refused(void **state)
{
	static const char *const bad[] = { "a=b", "+", "+4", "+4g", "+4b",
	    "+0A", "+7F", "+FF", "a\xff" };
	char *text = xtext_decode("a+2Bb+3Dc+20d");

	(void)state;
	assert_string_equal(text, "a+b=c d");
	free(text);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (xtext_decode(bad[i]) != NULL)
			fail_msg("%s", bad[i]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(base64_is_strict_both_ways),
		cmocka_unit_test(base64_respects_the_ceiling),
		cmocka_unit_test(quoted_printable_lines_are_safe_and_short),
		cmocka_unit_test(encoded_words_never_split_a_character),
		cmocka_unit_test(xtext_leaves_only_printables),
		cmocka_unit_test(xtext_is_decoded_or_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
