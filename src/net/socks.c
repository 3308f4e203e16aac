/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "net/socks.h"

#include <arpa/inet.h>
#include <string.h>

#include "base/buffer.h"

#define VERSION 5
#define CONNECT 1
#define AUTHENTICATION_VERSION 1

/* Methods, RFC 1928 3. */
enum { METHOD_NONE = 0, METHOD_PASSWORD = 2, METHOD_NO_OTHER = 255 };

/* Address types, RFC 1928 5. */
enum { TYPE_IPV4 = 1, TYPE_NAME = 3, TYPE_IPV6 = 4 };

/* Appends the text, preceded by its length, which must fit in one octet. */
static void
add_counted(struct buffer *out, const char *text)
{
	size_t len = strnlen(text, SOCKS_SECRET_MAX);

	buffer_add_char(out, (char)len);
	buffer_add(out, text, len);
}

static int
authenticate(struct transport *t, const struct proxy_request *r,
    struct error *err)
{
	struct buffer question = { .kind = BUFFER_SECRET };
	unsigned char answer[2];
	int result;

	buffer_add_char(&question, AUTHENTICATION_VERSION);
	add_counted(&question, r->user);
	add_counted(&question, r->password);
	result = proxy_put(t, question.data, question.len, r->deadline, err);
	buffer_free(&question);
	if (result != 0 ||
	    proxy_get(t, answer, sizeof(answer), r->deadline, err) != 0)
		return -1;
	if (answer[0] != AUTHENTICATION_VERSION)
		return fail(err, EX_PROTOCOL, "malformed reply to user and "
		    "password");
	if (answer[1] != 0)
		return fail(err, EX_NOPERM, "proxy authentication failed; "
		    "check proxy_user and proxy_password");
	return 0;
}

static int
agree_on_method(struct transport *t, const struct proxy_request *r,
    struct error *err)
{
	static const unsigned char methods[] = {
		VERSION, 2, METHOD_NONE, METHOD_PASSWORD
	};
	static const unsigned char none[] = { VERSION, 1, METHOD_NONE };
	int known = r->user[0] != '\0';
	unsigned char answer[2];

	if (proxy_put(t, known ? methods : none,
	    known ? sizeof(methods) : sizeof(none), r->deadline, err) != 0 ||
	    proxy_get(t, answer, sizeof(answer), r->deadline, err) != 0)
		return -1;
	if (answer[0] != VERSION)
		return fail(err, EX_PROTOCOL, "expected a SOCKS5 proxy, not "
		    "another protocol");
	if (answer[1] == METHOD_NONE)
		return 0;
	if (answer[1] == METHOD_PASSWORD && known)
		return authenticate(t, r, err);
	if (answer[1] != METHOD_NO_OTHER)
		return fail(err, EX_PROTOCOL, "the proxy chose method %d, "
		    "which was not offered", answer[1]);
	return fail(err, EX_NOPERM, known
	    ? "the proxy does not support password authentication"
	    : "proxy authentication required; set proxy_user");
}

/* Sends the request for host and port. */
static int
ask(struct transport *t, const struct proxy_request *r, struct error *err)
{
	static const char head[] = { VERSION, CONNECT, 0 };
	struct buffer question = {0};
	unsigned char address[16];
	int result;

	buffer_add(&question, head, sizeof(head));
	if (inet_pton(AF_INET, r->host, address) == 1) {
		buffer_add_char(&question, TYPE_IPV4);
		buffer_add(&question, address, 4);
	} else if (inet_pton(AF_INET6, r->host, address) == 1) {
		buffer_add_char(&question, TYPE_IPV6);
		buffer_add(&question, address, 16);
	} else {
		buffer_add_char(&question, TYPE_NAME);
		add_counted(&question, r->host);
	}
	buffer_add_char(&question, (char)(r->port >> 8));
	buffer_add_char(&question, (char)(r->port & 0xff));
	result = proxy_put(t, question.data, question.len, r->deadline, err);
	buffer_free(&question);
	return result;
}

/* The meanings of the proxy's codes, RFC 1928 6. */
static const char *
explain(unsigned char code)
{
	static const char *const words[] = {
		"accepted", "general failure", "not allowed by ruleset",
		"network unreachable", "host unreachable",
		"connection refused", "TTL expired",
		"command not supported", "address type not supported"
	};

	return code < sizeof(words) / sizeof(words[0]) ? words[code]
	    : "unknown failure";
}

/* The answer ends with the proxy's own address, which is not used. */
static int
read_answer(struct transport *t, int64_t deadline, struct error *err)
{
	unsigned char answer[4], address[256], len;

	if (proxy_get(t, answer, sizeof(answer), deadline, err) != 0)
		return -1;
	if (answer[0] != VERSION)
		return fail(err, EX_PROTOCOL, "malformed reply from the proxy");
	if (answer[1] != 0)
		return fail(err, EX_TEMPFAIL, "the proxy cannot connect: %s",
		    explain(answer[1]));
	switch (answer[3]) {
	case TYPE_IPV4:
		len = 4;
		break;
	case TYPE_IPV6:
		len = 16;
		break;
	case TYPE_NAME:
		if (proxy_get(t, &len, 1, deadline, err) != 0)
			return -1;
		break;
	default:
		return fail(err, EX_PROTOCOL, "malformed reply from the proxy");
	}
	return proxy_get(t, address, (size_t)len, deadline, err) != 0 ? -1
	    : proxy_get(t, address, 2, deadline, err);
}

int
socks_connect(struct transport *t, const struct proxy_request *request,
    struct error *err)
{
	if (strlen(request->host) > 255)
		return fail(err, EX_DATAERR, "host name longer than 255");
	if (agree_on_method(t, request, err) != 0 ||
	    ask(t, request, err) != 0)
		return -1;
	return read_answer(t, request->deadline, err);
}
