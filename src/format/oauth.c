/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "format/oauth.h"

#include "base/ascii.h"

/* Parts the fields of a message; two end it. */
#define SEPARATOR "\001"

static int
check(const struct oauth_request *r, struct error *err)
{
	for (const char *s = r->user; *s != '\0'; s++)
		if (ascii_is_control(*s))
			return fail(err, EX_NOPERM,
			    "the user name contains control characters");
	/* RFC 6750 2.1 allows far less yet; servers judge the rest. */
	for (const char *s = r->token; *s != '\0'; s++)
		if (ascii_is_control(*s) || *s == ' ' || ascii_is_8bit(*s))
			return fail(err, EX_NOPERM, "expected a token of "
			    "ASCII characters without blanks");
	return 0;
}

int
oauth_write_xoauth2(struct buffer *out, const struct oauth_request *r,
    struct error *err)
{
	if (check(r, err) != 0)
		return -1;
	buffer_addf(out, "user=%s" SEPARATOR "auth=Bearer %s" SEPARATOR
	    SEPARATOR, r->user, r->token);
	return 0;
}

int
oauth_write_bearer(struct buffer *out, const struct oauth_request *r,
    struct error *err)
{
	if (check(r, err) != 0)
		return -1;
	buffer_add_string(out, "n,a=");
	for (const char *s = r->user; *s != '\0'; s++)
		if (*s == '=' || *s == ',') /* saslname, RFC 5801 4 */
			buffer_add_string(out, *s == '=' ? "=3D" : "=2C");
		else
			buffer_add_char(out, *s);
	buffer_addf(out, "," SEPARATOR "host=%s" SEPARATOR "port=%u" SEPARATOR
	    "auth=Bearer %s" SEPARATOR SEPARATOR, r->host, r->port, r->token);
	return 0;
}
