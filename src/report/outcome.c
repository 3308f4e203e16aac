/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "report/outcome.h"

/* Returns whether the server has refused the message or a recipient
 * permanently. A refusal of AUTH is not about the message. */
static int
is_refused(const struct attempt *a)
{
	if (reply_class(&a->facts->final) == 5)
		return 1;
	for (size_t i = 0; i < a->envelope->n; i++)
		if (reply_class(&a->envelope->to[i].reply) == 5)
			return 1;
	return 0;
}

const char *
outcome_of(const struct attempt *a)
{
	switch (a->result->outcome) {
	case OUTCOME_QUEUED:
		return "queued";
	case OUTCOME_UNKNOWN:
		return "unknown";
	case OUTCOME_PARTIAL:
		return "partial";
	default:
		break;
	}
	if (a->result->code == 0)
		return "accepted";
	return is_refused(a) ? "refused" : "failed";
}
