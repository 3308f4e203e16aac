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
#include <time.h>
#include <unistd.h>

#include "base/library.h"
#include "base/platform.h"
#include "base/poll.h"
#include "base/run_command.h"
#include "base/terminal.h"
#include "base/write_all.h"
#include "base/xmalloc.h"
#include "format/encode.h"
#include "token/https.h"
#include "token/login.h"
#include "token/redirect.h"
#include "token/refresh.h"

#define LOGIN_SECONDS 600
#define REQUEST_SECONDS 5
#define REQUEST_MAX ((size_t)16 << 10)

/* One authorization request. */
struct browser_login {
	const struct oauth_account *account;
	int listener;            /* or -1: the URL of the redirect is pasted */
	char *redirect;          /* URL */
	struct buffer verifier;  /* RFC 7636 4.1; secret */
	struct buffer state;
	struct buffer code;      /* what the redirect brings; secret */
};

/* Base64url without padding, RFC 7636 appendix A. */
static void
add_base64url(struct buffer *out, const void *data, size_t len)
{
	size_t start = out->len;

	base64_encode(out, data, len);
	while (out->len > start && out->data[out->len - 1] == '=')
		out->len--;
	for (size_t i = start; i < out->len; i++)
		if (out->data[i] == '+')
			out->data[i] = '-';
		else if (out->data[i] == '/')
			out->data[i] = '_';
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

/* Listens on a free port of 127.0.0.1, RFC 8252 7.3. */
static int
listen_for_redirect(struct browser_login *b, struct error *err)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	socklen_t len = sizeof(address);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	b->listener = socket(AF_INET, SOCK_STREAM, 0);
	if (b->listener < 0 ||
	    fcntl(b->listener, F_SETFD, FD_CLOEXEC) != 0 ||
	    bind(b->listener, (struct sockaddr *)&address, len) != 0 ||
	    listen(b->listener, 8) != 0 ||
	    getsockname(b->listener, (struct sockaddr *)&address, &len) != 0)
		return fail(err, EX_TEMPFAIL, "cannot listen on 127.0.0.1: %s",
		    strerror(errno));
	b->redirect = xasprintf("http://%s:%u/", b->account->redirect_host,
	    (unsigned)ntohs(address.sin_port));
	return 0;
}

static int
begin(struct browser_login *b, struct error *err)
{
	const char *redirect = b->account->value[OAUTH_redirect_url];

	b->listener = -1;
	b->verifier.kind = b->code.kind = BUFFER_SECRET;
	if (add_random(&b->verifier, err) != 0 ||
	    add_random(&b->state, err) != 0)
		return -1;
	if (redirect == NULL)
		return listen_for_redirect(b, err);
	b->redirect = xstrdup(redirect);
	return 0;
}

static int
make_url(struct buffer *url, struct browser_login *b, struct error *err)
{
	const struct oauth_account *a = b->account;
	const char *id = oauth_account_need(a, OAUTH_client_id, err);
	const char *base = oauth_account_need(a, OAUTH_auth_url, err);
	struct buffer query = {0}, challenge = {0};
	unsigned char hash[32];
	int (*hash_fast)(gnutls_digest_algorithm_t, const void *, size_t,
	    void *);
	const struct library_symbol symbols[] = {
		{ "gnutls_hash_fast", &hash_fast } };

	if (id == NULL || base == NULL)
		return -1;
	if (library_load(GNUTLS_LIBRARY, symbols, 1, err) != 0)
		return wrap(err, "cannot load %s", GNUTLS_LIBRARY);
	if (hash_fast(GNUTLS_DIG_SHA256, b->verifier.data, b->verifier.len,
	    hash) != 0)
		return fail(err, EX_CONFIG, "SHA-256 is not available");
	add_base64url(&challenge, hash, sizeof(hash));
	form_add(&query, "response_type", "code");
	form_add(&query, "client_id", id);
	form_add(&query, "redirect_uri", b->redirect);
	if (a->value[OAUTH_scope] != NULL)
		form_add(&query, "scope", a->value[OAUTH_scope]);
	form_add(&query, "state", buffer_string(&b->state));
	form_add(&query, "code_challenge", buffer_string(&challenge));
	form_add(&query, "code_challenge_method", "S256");
	form_add(&query, "login_hint", a->address);
	buffer_addf(url, "%s%c%s%s%s", base, strchr(base, '?') != NULL ? '&'
	    : '?', buffer_string(&query), a->extra[0] != '\0' ? "&" : "",
	    a->extra);
	buffer_free(&query);
	buffer_free(&challenge);
	return 0;
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

static void
respond(int fd, const char *status, const char *text)
{
	char page[512];

	snprintf(page, sizeof(page), "HTTP/1.1 %s\r\n"
	    "Content-Type: text/plain; charset=utf-8\r\n"
	    "Content-Length: %zu\r\nConnection: close\r\n"
	    "Referrer-Policy: no-referrer\r\n\r\n%s", status, strlen(text),
	    text);
	(void)write_all(fd, page, strlen(page));
}

/* Reads up to the end of a request's header. */
static int
read_request(int fd, struct buffer *request)
{
	int64_t deadline = deadline_in(REQUEST_SECONDS * 1000);
	struct error ignored = {0};

	while (request->len < REQUEST_MAX) {
		char *room = buffer_reserve(request, 1024);
		ssize_t n;

		if (poll_for(fd, POLLIN, deadline, &ignored) < 0)
			return -1;
		n = read(fd, room, 1024);
		if (n <= 0)
			return -1;
		request->len += (size_t)n;
		if (strstr(buffer_string(request), "\r\n\r\n") != NULL)
			return 0;
	}
	return -1;
}

/* Answers one request. */
static enum redirect
serve(struct browser_login *b, struct error *err)
{
	struct buffer request = { .kind = BUFFER_SECRET };
	enum redirect result = REDIRECT_OTHER;
	int fd = accept(b->listener, NULL, NULL);
	const char *target;

	if (fd < 0)
		return REDIRECT_OTHER;
	fcntl(fd, F_SETFD, FD_CLOEXEC);
	if (read_request(fd, &request) == 0 &&
	    strncmp(request.data, "GET /?", 6) == 0) {
		target = request.data + 4;
		result = redirect_parse(&b->code, target,
		    strcspn(target, " \r\n"), buffer_string(&b->state), err);
	}
	if (result == REDIRECT_CODE)
		respond(fd, "200 OK", "Logged in. You can close this.\n");
	else if (result == REDIRECT_FAILED)
		respond(fd, "200 OK", "Not logged in: the request was "
		    "refused. You can close this.\n");
	else
		respond(fd, "404 Not Found", "Not found.\n");
	close(fd);
	buffer_free(&request);
	return result;
}

/* Reads a line with the redirect's URL. */
static enum redirect
read_pasted(struct browser_login *b, int input, int output, struct error *err)
{
	struct buffer line = { .kind = BUFFER_SECRET, .max = REQUEST_MAX };
	enum redirect result;
	char c = '\0';
	ssize_t n;

	while ((n = read(input, &c, 1)) == 1 && c != '\n')
		if (buffer_add_char(&line, c) != 0)
			break;
	if (n != 1) {
		buffer_free(&line);
		fail(err, EX_NOPERM, "end of input: not logged in");
		return REDIRECT_FAILED;
	}
	result = redirect_parse(&b->code, line.data, line.len,
	    buffer_string(&b->state), err);
	buffer_free(&line);
	if (result == REDIRECT_OTHER)
		terminal_say(output, "Expected the whole URL to which the "
		    "browser was sent, with code and state.\n");
	return result;
}

static enum redirect
wait_for_redirect(struct browser_login *b, int input, int output,
    struct error *err)
{
	int64_t deadline = deadline_in(LOGIN_SECONDS * 1000);
	enum redirect result = REDIRECT_OTHER;

	while (result == REDIRECT_OTHER) {
		struct pollfd fds[2] = { { b->listener, POLLIN, 0 },
			{ input, POLLIN, 0 } };
		int ready = poll_any(fds, 2, deadline, err);

		if (ready < 0)
			return REDIRECT_FAILED;
		if (ready == 0) {
			fail(err, EX_NOPERM, "nobody has logged in within %d "
			    "minutes", LOGIN_SECONDS / 60);
			return REDIRECT_FAILED;
		}
		if (fds[0].revents != 0)
			result = serve(b, err);
		else if (fds[1].revents != 0)
			result = read_pasted(b, input, output, err);
	}
	return result;
}

static int
exchange(struct access_token *t, struct browser_login *b, struct error *err)
{
	struct https_reply r = HTTPS_REPLY;
	struct buffer form = {0};
	char code[64];
	int result = oauth_client_form(&form, b->account, err);

	form_add(&form, "grant_type", "authorization_code");
	form_add(&form, "code", buffer_string(&b->code));
	form_add(&form, "redirect_uri", b->redirect);
	form_add(&form, "code_verifier", buffer_string(&b->verifier));
	if (result == 0)
		result = https_request(&r, b->account->value[OAUTH_token_url],
		    &form, b->account->value[OAUTH_ca_file], err);
	if (result == 0)
		result = oauth_reply_token(t, &r, time(NULL), code, err);
	buffer_free(&form);
	buffer_free(&r.body);
	return result;
}

int
login_browser(struct access_token *t, const struct oauth_account *a, int input,
    int output, struct error *err)
{
	struct browser_login b = { .account = a };
	struct buffer url = {0};
	int result = begin(&b, err);

	if (result == 0)
		result = make_url(&url, &b, err);
	if (result == 0 && oauth_account_need(a, OAUTH_token_url, err) == NULL)
		result = -1;
	if (result == 0) {
		terminal_say(output, "Open this URL in a browser and log "
		    "in:\n");
		(void)write_all(output, url.data, url.len);
		terminal_say(output, "\n%s", input < 0 ? "" : "If the browser "
		    "is on another machine, paste the URL here to which it is "
		    "sent in the end.\n");
		if (b.listener >= 0)
			open_browser(buffer_string(&url));
		if (wait_for_redirect(&b, input, output, err) ==
		    REDIRECT_CODE)
			result = exchange(t, &b, err);
		else
			result = -1;
	}
	if (b.listener >= 0)
		close(b.listener);
	free(b.redirect);
	buffer_free(&url);
	buffer_free(&b.verifier);
	buffer_free(&b.state);
	buffer_free(&b.code);
	return result;
}
