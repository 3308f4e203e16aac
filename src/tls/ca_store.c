/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "tls/ca_store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <gnutls/x509.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/ascii.h"
#include "base/escape.h"
#include "base/trusted_file.h"
#include "base/xmalloc.h"
#include "tls/client_cert.h"
#include "tls/pem.h"

/* Longer chains exceed GnuTLS's own depth limit. */
#define CHAIN_MAX 16
#define FILE_MAX ((off_t)64 << 20)
/* Nearly all subjects end within this size; longer blocks are read whole. */
#define PREFIX 480

static const char *const system_bundles[] = {
	CA_BUNDLE,                              /* as configured */
	"/etc/ssl/certs/ca-certificates.crt",   /* Debian, Arch, Alpine */
	"/etc/pki/tls/certs/ca-bundle.crt",     /* Fedora */
	"/etc/ssl/cert.pem",                    /* BSD, macOS */
	"/etc/ssl/ca-bundle.pem",               /* openSUSE */
};

/* The issuers that are wanted, and the list to which they are added. */
struct issuer_search {
	struct span wanted[2 * CHAIN_MAX]; /* subjects */
	size_t n;
	gnutls_x509_trust_list_t found;
	size_t seen;                       /* certificates of any name */
};

/* Adds to the wanted subjects the issuers and the subjects of the peer's
 * certificates. */
static void
want_peers(struct issuer_search *search, gnutls_session_t session)
{
	unsigned count = 0;
	const gnutls_datum_t *peers =
	    gnutls_certificate_get_peers(session, &count);

	for (unsigned i = 0; i < count && i < CHAIN_MAX; i++) {
		struct span der = { peers[i].data, peers[i].size };
		struct span *at = &search->wanted[search->n];

		if (pem_names(der, &at[0], &at[1]) == 1)
			search->n += 2;
	}
}

static int
is_wanted(const struct issuer_search *search, struct span subject)
{
	for (size_t i = 0; i < search->n; i++)
		if (search->wanted[i].len == subject.len &&
		    memcmp(search->wanted[i].data, subject.data,
		    subject.len) == 0)
			return 1;
	return 0;
}

/* Returns whether the block's subject is wanted. Reads no more than needed. */
static int
matches(const struct issuer_search *search, const struct pem_block *block)
{
	unsigned char prefix[PREFIX];
	struct span der = { prefix, 0 };
	struct span issuer = { NULL, 0 }, subject = { NULL, 0 };
	unsigned char *all;
	int found;

	der.len = pem_decode(block, prefix, sizeof(prefix));
	found = pem_names(der, &issuer, &subject);
	if (found != 0)
		return found == 1 && is_wanted(search, subject);
	all = xmalloc(block->base64.len);
	der.data = all;
	der.len = pem_decode(block, all, block->base64.len);
	found = pem_names(der, &issuer, &subject) == 1 &&
	    is_wanted(search, subject);
	free(all);
	return found;
}

/* The match is only a filter: GnuTLS decides what the block is. */
static void
add(struct issuer_search *search, const struct pem_block *block)
{
	gnutls_datum_t pem = {
		(unsigned char *)block->whole.data,
		(unsigned)block->whole.len
	};
	gnutls_x509_crt_t certificate;

	if (gnutls_x509_crt_init(&certificate) < 0)
		return;
	if (gnutls_x509_crt_import(certificate, &pem,
	    GNUTLS_X509_FMT_PEM) < 0 ||
	    gnutls_x509_trust_list_add_cas(search->found, &certificate, 1,
	    GNUTLS_TL_NO_DUPLICATES) < 1)
		gnutls_x509_crt_deinit(certificate);
}

static void
scan(struct issuer_search *search, struct span text)
{
	struct pem_block block;

	while (pem_next(&text, &block)) {
		search->seen++;
		if (matches(search, &block))
			add(search, &block);
	}
}

/* Reads the whole file. It may shrink meanwhile, so it is not mapped. */
static int
scan_descriptor(struct issuer_search *search, int fd, size_t size)
{
	unsigned char *data = xmalloc(size);
	struct span text = { data, 0 };
	ssize_t n = 1;

	while (text.len < size && n > 0) {
		n = read(fd, data + text.len, size - text.len);
		if (n > 0)
			text.len += (size_t)n;
	}
	if (n >= 0)
		scan(search, text);
	free(data);
	return n < 0 ? -1 : 0;
}

/* Scans a file of the system. */
static int
scan_file(struct issuer_search *search, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct stat st;
	int result = -1;

	if (fd < 0)
		return -1;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	    st.st_size <= FILE_MAX && (st.st_mode & S_IWOTH) == 0)
		result = scan_descriptor(search, fd, (size_t)st.st_size);
	close(fd);
	return result;
}

/*
 * Scans a file that the user named, or that is in such a directory. A group may
 * be able to write it: where each user has a group, umask is often 002.
 */
static int
scan_trusted(struct issuer_search *search, const char *path, struct error *err)
{
	struct trusted_file file = { .demand = TRUSTED_SHARED };
	struct span text;

	if (trusted_file_require(&file, path, FILE_MAX, err) != 0)
		return -1;
	text.data = (const unsigned char *)buffer_string(&file.text);
	text.len = file.text.len;
	scan(search, text);
	buffer_free(&file.text);
	return 0;
}

/* Scans the files of the directory. Those that cannot be read or trusted are
 * skipped: the error tells of one of them only if no certificate is left. */
static int
scan_directory(struct issuer_search *search, DIR *directory, const char *path,
    struct error *err)
{
	const struct dirent *entry;

	if (trusted_file_check_directory(dirfd(directory), err) != 0)
		return -1;
	while ((entry = readdir(directory)) != NULL) {
		char quote[ESCAPE_QUOTE];
		char *file;

		if (entry->d_name[0] == '.')
			continue;
		file = xasprintf("%s/%s", path, entry->d_name);
		if (scan_trusted(search, file, err) != 0)
			wrap(err, "%s", escape_string(quote, sizeof(quote),
			    entry->d_name));
		free(file);
	}
	return search->seen == 0 && err->code != 0 ? -1 : 0;
}

static int
none_found(const char *store, struct error *err)
{
	char quote[ESCAPE_QUOTE];

	return fail(err, EX_CONFIG, "no CA certificates found at %s",
	    escape_string(quote, sizeof(quote), store));
}

/* Loads the file or directory that the user named. */
static int
load_named(struct issuer_search *search, const char *store, struct error *err)
{
	char quote[ESCAPE_QUOTE];
	DIR *directory = opendir(store);
	struct error failure = {0};
	int result;

	result = directory != NULL
	    ? scan_directory(search, directory, store, &failure)
	    : scan_trusted(search, store, &failure);
	if (directory != NULL)
		closedir(directory);
	if (result == 0)
		return search->seen > 0 ? 0 : none_found(store, err);
	*err = failure;
	return wrap(err, "cannot use tls_trust_file %s",
	    escape_string(quote, sizeof(quote), store));
}

static int
load_whole(gnutls_certificate_credentials_t cred, const char *store,
	struct error *err)
{
	int n = gnutls_certificate_set_x509_trust_file(cred, store,
	    GNUTLS_X509_FMT_PEM);

	return n > 0 ? 0 : none_found(store, err);
}

/* Loads the first bundle that is not empty; else the store known to GnuTLS. */
static int
load_system(struct issuer_search *search, gnutls_certificate_credentials_t cred,
	struct error *err)
{
	for (size_t i = 0;
	    i < sizeof(system_bundles) / sizeof(system_bundles[0]); i++)
		if (scan_file(search, system_bundles[i]) == 0 &&
		    search->seen > 0)
			return 0;
	if (gnutls_certificate_set_x509_system_trust(cred) > 0)
		return 0;
	none_found(system_bundles[1], err);
	return hint(err, "install the package ca-certificates or set "
	    "tls_trust_file");
}

int
ca_store_load(gnutls_certificate_credentials_t cred, const char *store,
	gnutls_session_t session, struct error *err)
{
	struct issuer_search search;

	memset(&search, 0, sizeof(search));
	gnutls_certificate_get_trust_list(cred, &search.found);
	want_peers(&search, session);
	if (client_cert_is_token(store))
		return load_whole(cred, store, err);
	if (ascii_equal(store, "system"))
		return load_system(&search, cred, err);
	return load_named(&search, store, err);
}
