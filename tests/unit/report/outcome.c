/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "../unit.h"

#include "report/outcome.h"

static const struct outcome_case {
	const char *name;
	int code;             /* of the result */
	enum outcome outcome;
	int recipients[2];    /* codes of the replies to RCPT */
	int final;            /* code of the last word on the message */
	const char *word;
} cases[] = {
	{ "all went well", 0, OUTCOME_NOT_SENT, { 250, 250 }, 250,
	    "accepted" },
	{ "in the outbox", 0, OUTCOME_QUEUED, { 250, 250 }, 451, "queued" },
	{ "in the outbox as it may have been accepted", 0, OUTCOME_QUEUED,
	    { 0, 0 }, 0, "queued" },
	{ "no connection", EX_TEMPFAIL, OUTCOME_NOT_SENT, { 0, 0 }, 0,
	    "failed" },
	{ "a recipient refused for good", EX_NOUSER, OUTCOME_NOT_SENT,
	    { 0, 550 }, 0, "refused" },
	{ "a recipient refused for now", EX_TEMPFAIL, OUTCOME_NOT_SENT,
	    { 450, 0 }, 0, "failed" },
	{ "the message refused for good", EX_UNAVAILABLE, OUTCOME_NOT_SENT,
	    { 554, 554 }, 554, "refused" },
	{ "the message refused for now", EX_TEMPFAIL, OUTCOME_NOT_SENT,
	    { 451, 451 }, 451, "failed" },
	{ "a wrong password", EX_NOPERM, OUTCOME_NOT_SENT, { 0, 0 }, 0,
	    "failed" },
	{ "lost after the dot", EX_TEMPFAIL, OUTCOME_UNKNOWN, { 0, 0 }, 0,
	    "unknown" },
	{ "accepted for one of two", EX_NOUSER, OUTCOME_PARTIAL,
	    { 250, 550 }, 250, "partial" },
};

static void
each_end_has_its_word(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct outcome_case *c = &cases[i];
		struct recipient to[2] = {0};
		struct envelope envelope = { .to = to, .n = 2 };
		struct submission facts = { .final.code = c->final };
		struct error result = { .code = c->code,
		    .outcome = c->outcome };
		struct attempt attempt = { .envelope = &envelope,
		    .facts = &facts, .result = &result };

		to[0].reply.code = c->recipients[0];
		to[1].reply.code = c->recipients[1];
		if (strcmp(outcome_of(&attempt), c->word) != 0)
			fail_msg("%s: %s", c->name,
			    outcome_of(&attempt));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_end_has_its_word),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
