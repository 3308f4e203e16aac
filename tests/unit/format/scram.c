/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "../unit.h"

#include "format/scram.h"

/* Server-first messages to a client whose nonce is "ours"; words of the error
 * or NULL if there is none. */
static const struct {
	const char *message, *words;
} firsts[] = {
	{ "r=oursTHEIRS,s=c2FsdA==,i=4096", NULL },
	{ "r=oursTHEIRS,s=c2FsdA==,i=600000", NULL },
	{ "r=oursTHEIRS,s=c2FsdA==,i=4096,x=extension", NULL },
	{ "r=oursTHEIRS,s=c2FsdA==,i=600001",
	    "server asks for i=600001 iterations (limit 600000)" },
	{ "r=oursTHEIRS,s=c2FsdA==,i=4294967295",
	    "server asks for i=4294967295 iterations (limit 600000)" },
	{ "r=oursTHEIRS,s=c2FsdA==,i=99999999999999999999",
	    "server asks for i=99999999999999999999 iterations" },
	{ "r=oursTHEIRS,s=c2FsdA==,i=1", "iteration count 1 below 4096" },
	{ "r=oursTHEIRS,s=c2FsdA==,i=4095",
	    "iteration count 4095 below 4096" },
	{ "r=oursTHEIRS,s=c2FsdA==,i=0", "invalid challenge" },
	{ "r=oursTHEIRS,s=c2FsdA==,i=04096", "invalid challenge" },
	{ "r=oursTHEIRS,s=c2FsdA==,i=-4096", "invalid challenge" },
	{ "r=oursTHEIRS,s=c2FsdA==,i=4096 ", "invalid challenge" },
	{ "r=oursTHEIRS,s=c2FsdA==,i=", "invalid challenge" },
	{ "r=oursTHEIRS,s=c2FsdA==", "invalid challenge" },
	{ "r=oursTHEIRS,s=,i=4096", "invalid challenge" },
	{ "r=ours,s=c2FsdA==,i=4096", "does not begin with" },
	{ "r=our,s=c2FsdA==,i=4096", "does not begin with" },
	{ "r=thatTHEIRS,s=c2FsdA==,i=4096", "does not begin with" },
	{ "m=must,r=oursTHEIRS,s=c2FsdA==,i=4096", "invalid challenge" },
	{ "s=c2FsdA==,r=oursTHEIRS,i=4096", "invalid challenge" },
	{ "r=", "invalid challenge" },
	{ "", "invalid challenge" },
	{ "e=other-error", "invalid challenge" },
};

static void
the_first_message_is_bounded(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(firsts) / sizeof(firsts[0]); i++) {
		const char *message = firsts[i].message;
		struct error err = {0};
		int result = scram_check_server_first("ours", message,
		    strlen(message), &err);

		assert_int_equal(result, firsts[i].words == NULL ? 0 : -1);
		if (firsts[i].words == NULL)
			continue;
		assert_int_equal(err.code, EX_PROTOCOL);
		assert_non_null(strstr(err.text, firsts[i].words));
	}
}

static const struct {
	const char *message;
	int code;
	const char *words;
} finals[] = {
	{ "v=c2lnbmF0dXJl", 0, "" },
	{ "v=", EX_PROTOCOL, "invalid challenge" },
	{ "", EX_PROTOCOL, "invalid challenge" },
	{ "x=1,v=c2lnbmF0dXJl", EX_PROTOCOL, "invalid challenge" },
	{ "e=invalid-proof", EX_NOPERM, "invalid-proof" },
	{ "e=channel-bindings-dont-match", EX_PROTOCOL,
	    "channel binding mismatch" },
	{ "e=server-does-support-channel-binding", EX_PROTOCOL,
	    "channel binding mismatch" },
	{ "e=\33[31m", EX_NOPERM, "\\x1B[31m" },
};

static void
the_last_message_is_a_signature_or_a_refusal(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(finals) / sizeof(finals[0]); i++) {
		const char *message = finals[i].message;
		struct error err = {0};
		int result = scram_check_server_final(message,
		    strlen(message), &err);

		assert_int_equal(result, finals[i].code == 0 ? 0 : -1);
		assert_int_equal(err.code, finals[i].code);
		assert_non_null(strstr(err.text, finals[i].words));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_message_is_bounded),
		cmocka_unit_test(the_last_message_is_a_signature_or_a_refusal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
