/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Files of the state directory. With a first octet "p" the pin of a server, in
 * whatever state it is: the server is trusted if and only if a line names its
 * key. Else a name, LF and the content of a file: it appears whole, under that
 * name and once, or not at all.
 */
#include "fuzz.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <gnutls/gnutls.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/ascii.h"
#include "base/state_file.h"
#include "base/xmalloc.h"
#include "tls/tofu.h"

#define SERVER "mail.test:465"

static const char server_pem[] =
	"-----BEGIN PRIVATE KEY-----\n"
	"MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgms+sRPjKFAVO2QcC\n"
	"55zQC5yRtlDWQFb0Sk/UmUYWU12hRANCAASwjF0tecj6OEikpZpMRQQ3EXffsR2E\n"
	"eeoazcBpeCndQklrz8RMGgeIY5aMdd0KBZDMBDKHLrAhicE+EuNejTGK\n"
	"-----END PRIVATE KEY-----\n"
	"-----BEGIN CERTIFICATE-----\n"
	"MIIBfzCCASWgAwIBAgIUNlz9JocLnYTEk2DqpOCNrUMA3HEwCgYIKoZIzj0EAwIw\n"
	"FDESMBAGA1UEAwwJbWFpbC50ZXN0MCAXDTI2MTEyOTA2MTQzM1oYDzIwODEwOTAx\n"
	"MDYxNDMzWjAUMRIwEAYDVQQDDAltYWlsLnRlc3QwWTATBgcqhkjOPQIBBggqhkjO\n"
	"PQMBBwNCAASwjF0tecj6OEikpZpMRQQ3EXffsR2EeeoazcBpeCndQklrz8RMGgeI\n"
	"Y5aMdd0KBZDMBDKHLrAhicE+EuNejTGKo1MwUTAdBgNVHQ4EFgQUERQ1beNr3Iwo\n"
	"mDMvUl+7vs4yl7YwHwYDVR0jBBgwFoAUERQ1beNr3IwomDMvUl+7vs4yl7YwDwYD\n"
	"VR0TAQH/BAUwAwEB/zAKBggqhkjOPQQDAgNIADBFAiEAjrMetX4CKnv05Dy56D+b\n"
	"U3uoauNAMMaXbOrAGL7uZpQCIB87iiu4py/4Dudn2okpPP/dS+/ThGAp8NXKX6pr\n"
	"O61u\n"
	"-----END CERTIFICATE-----\n";

/* What may name that certificate or its key. */
static const char *const known[] = {
	"SPKI:05DB7A11EBC82C998A8DCC229909A63FAAE487E9CFA1DD0ABDE500FA6FC5FF46",
	"1841E42D256C2A2532B2B52E9CC7FEB5962AEEF5894EB96ED32A08BC994BE71F",
	"A8A6BAA2CD2D77999542A4DD9DADE7BB18E4EF94"
};
#define CANONICAL "spki:05:DB:7A:11:EB:C8:2C:99:8A:8D:CC:22:99:09:A6:3F:AA:" \
	"E4:87:E9:CF:A1:DD:0A:BD:E5:00:FA:6F:C5:FF:46"

/* A connection in memory: what each side has sent and the other not read. */
struct side {
	char data[16384];
	size_t len;
	struct side *peer;
};

static ssize_t
push(gnutls_transport_ptr_t pointer, const void *data, size_t n)
{
	struct side *side = pointer;

	if (n > sizeof(side->data) - side->len)
		n = sizeof(side->data) - side->len;
	memcpy(side->data + side->len, data, n);
	side->len += n;
	return (ssize_t)n;
}

static gnutls_session_t client;

static ssize_t
pull(gnutls_transport_ptr_t pointer, void *data, size_t n)
{
	struct side *from = ((struct side *)pointer)->peer;

	if (from->len == 0) {
		gnutls_transport_set_errno(client, EAGAIN);
		errno = EAGAIN;
		return -1;
	}
	if (n > from->len)
		n = from->len;
	memcpy(data, from->data, n);
	memmove(from->data, from->data + n, from->len - n);
	from->len -= n;
	return (ssize_t)n;
}

static int
always(gnutls_transport_ptr_t pointer, unsigned ms)
{
	(void)pointer;
	(void)ms;
	return 1;
}

static gnutls_session_t
make_side(unsigned flags, gnutls_certificate_credentials_t credentials,
    struct side *side)
{
	gnutls_session_t session;

	require(gnutls_init(&session, flags | GNUTLS_NONBLOCK) == 0 &&
	    gnutls_set_default_priority(session) == 0 &&
	    gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE,
	    credentials) == 0, "a session");
	gnutls_transport_set_ptr(session, side);
	gnutls_transport_set_push_function(session, push);
	gnutls_transport_set_pull_function(session, pull);
	gnutls_transport_set_pull_timeout_function(session, always);
	return session;
}

/* Shakes hands once: the session knows the server's certificate then. */
static void
connect_server(void)
{
	static struct side ours, theirs;
	static gnutls_certificate_credentials_t none, certificate;
	static gnutls_session_t server;
	const gnutls_datum_t pem = { (unsigned char *)(size_t)server_pem,
	    sizeof(server_pem) - 1 };
	int open = 1, waiting = 1;

	ours.peer = &theirs;
	theirs.peer = &ours;
	/* the program does not leave that to the loader */
	require(gnutls_global_init() == 0 &&
	    gnutls_certificate_allocate_credentials(&none) == 0 &&
	    gnutls_certificate_allocate_credentials(&certificate) == 0 &&
	    gnutls_certificate_set_x509_key_mem(certificate, &pem, &pem,
	    GNUTLS_X509_FMT_PEM) >= 0, "credentials");
	server = make_side(GNUTLS_SERVER, certificate, &theirs);
	client = make_side(GNUTLS_CLIENT, none, &ours);
	for (int i = 0; i < 20 && (open || waiting); i++) {
		open = gnutls_handshake(client) != 0;
		waiting = gnutls_handshake(server) != 0;
	}
	require(!open && !waiting, "a handshake");
}

static char directory[] = "/tmp/fuzz-pins-XXXXXX";
static char *pins;

static void
clean_up(void)
{
	rmdir(pins);
	rmdir(directory);
	free(pins);
}

static void
make_directory(void)
{
	require(mkdtemp(directory) != NULL, "a directory");
	pins = xasprintf("%s/pins", directory);
	require(mkdir(pins, 0700) == 0, "a directory");
	atexit(clean_up);
}

static int
is_known(const char *digits)
{
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp(digits, known[i]) == 0)
			return 1;
	return 0;
}

/* Returns whether a line of the text, read another way, names the key; first
 * is set if the first line that is no comment does so as we write it. */
static int
is_named(const char *text, size_t len, int *first)
{
	int seen = 0, named = 0;

	*first = 0;
	for (size_t i = 0; i <= len; i++) {
		char digits[128];
		size_t n = 0, start = i;

		for (; i < len && text[i] != '\n'; i++)
			continue;
		if (i == start || text[start] == '#')
			continue;
		if (!seen && i - start == strlen(CANONICAL))
			*first = memcmp(text + start, CANONICAL,
			    i - start) == 0;
		seen = 1;
		for (size_t k = start; k < i && text[k] != '\0' &&
		    n < sizeof(digits) - 1; k++)
			if (k == start + 4 || strchr(": \t", text[k]) == NULL)
				digits[n++] = ascii_upper(text[k]);
		digits[n] = '\0';
		named |= is_known(digits);
	}
	return named;
}

static void
check_error(const struct error *err)
{
	require(err->text[0] != '\0', "an error with a text");
	for (const char *p = err->text; *p != '\0'; p++)
		require((unsigned char)*p >= 0x20 && *p != 0x7f,
		    "a text without controls");
}

static void
check_pin(const char *text, size_t len)
{
	char *path = xasprintf("%s/" SERVER, pins);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	struct error err = {0};
	struct tofu_pin pin;
	int first, named = is_named(text, len, &first), result;

	require(fd >= 0 && write(fd, text, len) == (ssize_t)len,
	    "a file with the pin");
	close(fd);
	require(tofu_make(&pin, directory, "MAIL.test", 465, &err) == 0,
	    "a pin");
	result = tofu_check(&pin, client, &err);
	require(result != 0, "a pin that is there is not missed");
	require(result != 1 || named, "only the key that is named");
	require(result == 1 || !first || len > STORE_MAX,
	    "the key as we write it");
	if (result < 0) {
		require(err.code == EX_PROTOCOL || err.code == EX_CONFIG,
		    "a changed key, or a file of no use");
		check_error(&err);
	}
	tofu_free(&pin);
	unlink(path);
	free(path);
}

/* The number of files in the directory; name is one of them, or NULL. */
static int
count(const char *name)
{
	DIR *d = opendir(pins);
	struct dirent *entry;
	int n = 0;

	require(d != NULL, "a directory");
	while ((entry = readdir(d)) != NULL) {
		if (strcmp(entry->d_name, ".") == 0 ||
		    strcmp(entry->d_name, "..") == 0)
			continue;
		n++;
		require(name != NULL && strcmp(entry->d_name, name) == 0,
		    "no other file");
	}
	closedir(d);
	return n;
}

static void
check_same(const char *name, const char *data, size_t len)
{
	struct buffer text = {0};
	struct error err = {0};
	int result = state_file_read(&text, pins, name, &err);

	require(len > STORE_MAX ? result == -1 : result == 1 &&
	    text.len == len && (len == 0 || memcmp(text.data, data, len) == 0),
	    "what was added is read");
	buffer_free(&text);
}

static void
remove_file(const char *name)
{
	char *path = xasprintf("%s/%s", pins, name);

	require(unlink(path) == 0, "a file that can be removed");
	free(path);
}

static void
check_file(const char *data, size_t size)
{
	const char *lf = memchr(data, '\n', size);
	char *name = xstrndup(data, lf != NULL ? (size_t)(lf - data) : size);
	size_t skip = lf != NULL ? (size_t)(lf - data) + 1 : size;
	struct buffer text = {0}, other = {0};
	struct error err = {0};
	int result;

	buffer_add(&text, data + skip, size - skip);
	buffer_add_string(&other, "another");
	result = state_file_add(pins, name, &text, &err);
	require(result != 0, "it is new");
	require(count(result == 1 ? name : NULL) == (result == 1),
	    "under its name, or not at all");
	if (result == 1) {
		check_same(name, text.data, text.len);
		require(state_file_add(pins, name, &other, &err) == 0 &&
		    count(name) == 1, "once");
		check_same(name, text.data, text.len);
		remove_file(name);
	} else {
		check_error(&err);
	}
	buffer_free(&text);
	buffer_free(&other);
	free(name);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (client == NULL) {
		make_directory();
		connect_server();
	}
	if (size > 0 && data[0] == 'p')
		check_pin((const char *)data + 1, size - 1);
	else
		check_file((const char *)data, size);
	return 0;
}
