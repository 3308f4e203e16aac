/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <gnutls/crypto.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/ascii.h"
#include "base/library.h"
#include "base/platform.h"
#include "base/poll.h"
#include "base/run_command.h"
#include "base/terminal.h"
#include "base/write_all.h"
#include "base/xmalloc.h"
#include "format/encode.h"
#include "token/login.h"

#define LOGIN_SECONDS 600
#define REQUEST_SECONDS 5
#define REQUEST_MAX ((size_t)16 << 10)

/* One authorization request. */
struct browser_login {
	const struct oauth_account *account;
	int listener;            /* or -1: the URL of the redirect is pasted */
	char *redirect;          /* URL */
	struct buffer url;       /* that the browser opens */
	struct buffer verifier;  /* RFC 7636 4.1; secret */
	struct buffer state;
	struct buffer code;      /* that the redirect brings; secret */
};

/* Appends base64url without padding, RFC 7636 appendix A. */
static void
add_base64url(struct buffer *out, const void *data, size_t len)
{
	size_t n = 0;

	base64_encode(out, data, len);
	for (size_t i = 0; i < out->len; i++)
		if (out->data[i] != '=')
			out->data[n++] = out->data[i] == '+' ? '-'
			    : out->data[i] == '/' ? '_' : out->data[i];
	out->len = n;
}

static int
add_random(struct buffer *out, struct error *err)
{
	unsigned char octets[32];

	if (platform_random(octets, sizeof(octets)) != 0)
		return fail(err, EX_TEMPFAIL, "no random numbers");
	add_base64url(out, octets, sizeof(octets));
	platform_wipe(octets, sizeof(octets));
	return 0;
}

/* Appends the challenge of the verifier, RFC 7636 4.2. */
static int
add_challenge(struct buffer *out, const struct buffer *verifier,
    struct error *err)
{
	unsigned char hash[32];
	__typeof__(gnutls_hash_fast) *hash_fast;
	const struct library_symbol symbol = { "gnutls_hash_fast", &hash_fast };

	if (library_load(GNUTLS_LIBRARY, &symbol, 1, err) != 0)
		return wrap(err, "cannot load " GNUTLS_LIBRARY);
	if (hash_fast(GNUTLS_DIG_SHA256, verifier->data, verifier->len,
	    hash) != 0)
		return fail(err, EX_CONFIG, "SHA-256 is not available");
	add_base64url(out, hash, sizeof(hash));
	return 0;
}

/*
 * Listens on a free port of 127.0.0.1 (RFC 8252 7.3) for a redirect URL that
 * is the root of this machine without a port; another one is pasted.
 */
static int
listen_for_redirect(struct browser_login *b, struct error *err)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	const char *url = oauth_value(b->account, OAUTH_redirect_url);
	socklen_t len = sizeof(address);

	if (url == NULL)
		url = "http://127.0.0.1";
	b->redirect = xstrdup(url);
	if (!ascii_equal(url, "http://127.0.0.1") &&
	    !ascii_equal(url, "http://localhost"))
		return 0;
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	b->listener = socket(AF_INET, SOCK_STREAM, 0);
	if (b->listener < 0 ||
	    fcntl(b->listener, F_SETFD, FD_CLOEXEC) != 0 ||
	    bind(b->listener, (struct sockaddr *)&address, len) != 0 ||
	    listen(b->listener, 8) != 0 ||
	    getsockname(b->listener, (struct sockaddr *)&address, &len) != 0)
		return fail(err, EX_TEMPFAIL, "cannot listen on 127.0.0.1: %s",
		    strerror(errno));
	free(b->redirect);
	b->redirect = xasprintf("%s:%u/", url,
	    (unsigned)ntohs(address.sin_port));
	return 0;
}

static int
make_url(struct browser_login *b, struct error *err)
{
	const struct oauth_account *a = b->account;
	const char *id = oauth_value_need(a, OAUTH_client_id, err);
	const char *base = id == NULL ? NULL
	    : oauth_value_need(a, OAUTH_auth_url, err);
	const char *more = oauth_value(a, OAUTH_auth_query);
	struct buffer query = {0}, challenge = {0};
	int result = base != NULL &&
	    oauth_value_need(a, OAUTH_token_url, err) != NULL &&
	    add_random(&b->verifier, err) == 0 &&
	    add_random(&b->state, err) == 0 &&
	    add_challenge(&challenge, &b->verifier, err) == 0 ? 0 : -1;
	const char *const fields[] = { "response_type", "code",
		"client_id", id, "redirect_uri", b->redirect,
		"scope", oauth_value(a, OAUTH_scope),
		"state", buffer_string(&b->state),
		"code_challenge", buffer_string(&challenge),
		"code_challenge_method", "S256", "login_hint", a->address,
		NULL };

	if (result == 0) {
		form_add(&query, fields);
		buffer_addf(&b->url, "%s%c%s%s%s", base, strchr(base, '?') !=
		    NULL ? '&' : '?', buffer_string(&query), more != NULL
		    ? "&" : "", more != NULL ? more : "");
	}
	buffer_free(&query);
	buffer_free(&challenge);
	return result;
}

/* Starts a browser where there is a display. The URL holds no secret and no
 * character that is special between single quotes. */
static void
open_browser(const char *url)
{
	struct error ignored = {0};
	char *command;
	pid_t pid;

	if (getenv("SSH_CONNECTION") != NULL || strchr(url, '\'') != NULL)
		return;
	command = xasprintf("if command -v xdg-open >/dev/null; then exec "
	    "xdg-open '%s'; elif command -v open >/dev/null; then exec open "
	    "'%s'; fi >/dev/null 2>&1", url, url);
	(void)command_start(&pid, command, -1, -1, &ignored);
	free(command);
}

/* Reads up to that end. */
static int
read_until(struct buffer *text, int fd, const char *end)
{
	int64_t deadline = deadline_in(REQUEST_SECONDS * 1000);
	struct error ignored = {0};

	while (text->len < REQUEST_MAX) {
		char *room = buffer_reserve(text, 1024);
		ssize_t n = poll_for(fd, POLLIN, deadline, &ignored) < 0 ? -1
		    : read(fd, room, 1024);

		if (n <= 0)
			return -1;
		text->len += (size_t)n;
		if (strstr(buffer_string(text), end) != NULL)
			return 0;
	}
	return -1;
}

/* Answers one request. */
static enum redirect
serve(struct browser_login *b, struct error *err)
{
	static const struct {
		const char *status, *text;
	} pages[] = {
		{ "200 OK", "Not logged in: the request was refused. You can "
		  "close this.\n" },
		{ "404 Not Found", "Not found.\n" },
		{ "200 OK", "Logged in. You can close this.\n" },
	};
	struct buffer request = { .kind = BUFFER_SECRET };
	enum redirect result = REDIRECT_OTHER;
	int fd = accept(b->listener, NULL, NULL);
	char page[512];

	if (fd < 0)
		return REDIRECT_OTHER;
	fcntl(fd, F_SETFD, FD_CLOEXEC);
	if (read_until(&request, fd, "\r\n\r\n") == 0 &&
	    strncmp(request.data, "GET /?", 6) == 0)
		result = redirect_parse(&b->code, request.data + 4,
		    buffer_string(&b->state), err);
	snprintf(page, sizeof(page), "HTTP/1.1 %s\r\n"
	    "Content-Type: text/plain; charset=utf-8\r\n"
	    "Content-Length: %zu\r\nConnection: close\r\n"
	    "Referrer-Policy: no-referrer\r\n\r\n%s",
	    pages[result + 1].status, strlen(pages[result + 1].text),
	    pages[result + 1].text);
	(void)write_all(fd, page, strlen(page));
	close(fd);
	buffer_free(&request);
	return result;
}

/* Reads a line with the redirect's URL. */
static enum redirect
read_pasted(struct browser_login *b, struct error *err)
{
	struct buffer line = { .kind = BUFFER_SECRET };
	enum redirect result = read_until(&line, STDIN_FILENO, "\n") == 0
	    ? redirect_parse(&b->code, buffer_string(&line),
	    buffer_string(&b->state), err)
	    : (enum redirect)fail(err, EX_NOPERM, "end of input: not logged "
	    "in");

	if (result == REDIRECT_OTHER)
		terminal_say(STDERR_FILENO, "Expected the whole URL to which "
		    "the browser was sent, with code and state.\n");
	buffer_free(&line);
	return result;
}

/* Returns 0 with the code; -1 EX_NOPERM. */
static int
wait_for_redirect(struct browser_login *b, int input, struct error *err)
{
	int64_t deadline = deadline_in(LOGIN_SECONDS * 1000);
	enum redirect result = REDIRECT_OTHER;

	while (result == REDIRECT_OTHER) {
		struct pollfd fds[2] = { { b->listener, POLLIN, 0 },
			{ input, POLLIN, 0 } };
		int ready = poll_any(fds, 2, deadline, err);

		if (ready == 0)
			fail(err, EX_NOPERM, "nobody has logged in within %d "
			    "minutes", LOGIN_SECONDS / 60);
		if (ready <= 0)
			return -1;
		result = fds[0].revents != 0 ? serve(b, err)
		    : read_pasted(b, err);
	}
	return result == REDIRECT_CODE ? 0 : -1;
}

/* Tells the user what to open. */
static void
say_url(const struct buffer *url, int input)
{
	terminal_say(STDERR_FILENO, "Open this URL in a browser and log "
	    "in:\n");
	(void)write_all(STDERR_FILENO, url->data, url->len);
	terminal_say(STDERR_FILENO, "\n%s", input < 0 ? "" : "If the browser "
	    "is on another machine, paste the URL here to which it is sent "
	    "in the end.\n");
}

int
login_browser(json_t *token, const struct oauth_account *a, struct error *err)
{
	struct browser_login b = { .account = a, .listener = -1,
		.verifier = { .kind = BUFFER_SECRET } };
	int input = isatty(STDIN_FILENO) ? STDIN_FILENO : -1, result = -1;

	if (listen_for_redirect(&b, err) == 0 && make_url(&b, err) == 0) {
		say_url(&b.url, input);
		if (b.listener >= 0)
			open_browser(buffer_string(&b.url));
		result = wait_for_redirect(&b, input, err);
	}
	if (result == 0) {
		const char *const form[] = { "grant_type",
			"authorization_code", "code", buffer_string(&b.code),
			"redirect_uri", b.redirect, "code_verifier",
			buffer_string(&b.verifier), NULL };

		result = token_request(token, a, oauth_value(a,
		    OAUTH_token_url), form, err);
	}
	if (b.listener >= 0)
		close(b.listener);
	free(b.redirect);
	buffer_free(&b.url);
	buffer_free(&b.verifier);
	buffer_free(&b.state);
	buffer_free(&b.code);
	return result;
}
