/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "smtp/sandbox.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/ascii.h"
#include "base/mkdirs.h"
#include "base/sandbox.h"
#include "base/trusted_file.h"
#include "base/xdg.h"
#include "base/xmalloc.h"
#include "config/local_host.h"
#include "tls/client_cert.h"
#include "tls/policy.h"

/*
 * Files that libraries read at times of their own choice. Files are listed
 * individually if their directory also holds secrets, because root sends mail
 * too.
 */
static const char *const system_paths[] = {
	/* libraries, locales, time zones, trust stores; no secrets there */
	"/usr", "/lib", "/lib64", "/nix/store", "/gnu/store",
	"/etc/ld.so.cache", "/etc/localtime",
	/* names of hosts and users: NSS */
	"/etc/nsswitch.conf", "/etc/hosts", "/etc/host.conf", "/etc/gai.conf",
	"/etc/resolv.conf", "/run/systemd/resolve", "/etc/services",
	"/etc/protocols", "/etc/passwd",
	/* the DNSSEC root key, where systems place it for libunbound */
	"/etc/unbound/root.key", "/var/lib/unbound/root.key",
	"/etc/trusted-key.key",
	/* trust and policy of GnuTLS */
	CA_BUNDLE, "/etc/ssl/certs", "/etc/ssl/certs/ca-certificates.crt",
	"/etc/ssl/cert.pem", "/etc/ssl/ca-bundle.pem",
	"/etc/pki/tls/certs", "/etc/pki/tls/certs/ca-bundle.crt",
	"/etc/pki/ca-trust", "/etc/ca-certificates",
	"/etc/crypto-policies", "/etc/gnutls",
	"/dev/null", "/dev/urandom",
	/* about this process: read by the C library and the sanitizers */
	"/proc/self"
};

/* The list under construction; its paths are owned. */
struct paths {
	struct sandbox_path *at;
	size_t n;
};

static void
add(struct paths *keep, const char *path, enum sandbox_right right)
{
	if (path[0] == '\0')
		return;
	keep->at = xgrow(keep->at, keep->n, sizeof(*keep->at));
	keep->at[keep->n].path = xstrdup(path);
	keep->at[keep->n++].right = right;
}

/* A trust store may be a directory of symbolic links to other places. */
static void
add_entries(struct paths *keep, const char *path)
{
	DIR *directory = opendir(path);
	const struct dirent *entry;

	if (directory == NULL)
		return;
	while ((entry = readdir(directory)) != NULL) {
		char *file;

		if (entry->d_name[0] == '.')
			continue;
		file = xasprintf("%s/%s", path, entry->d_name);
		add(keep, file, SANDBOX_READ);
		free(file);
	}
	closedir(directory);
}

/* Adds the files that TLS keys name, except the system's trust store. */
static void
add_tls_files(struct paths *keep, const struct account *a)
{
	for (size_t key = 0; key < KEYS; key++) {
		char *file;

		if ((account_keys[key].attributes & ATTR_TLS_FILE) == 0)
			continue;
		file = account_show(a, key, 0);
		if (!ascii_equal(file, "system")) {
			add(keep, file, SANDBOX_READ);
			add_entries(keep, file);
		}
		free(file);
	}
}

/* Adds the files that the account's keys name. */
static void
add_account(struct paths *keep, const struct account *a, const char *key_log)
{
	char *state = xdg_state_directory(a->home);
	char *outbox = local_host_expand_path(a->outbox);

	add_tls_files(keep, a);
	if (strcmp(a->logfile, "-") != 0 && strcmp(a->logfile, "on") != 0)
		add(keep, a->logfile, SANDBOX_WRITE);
	if (key_log != NULL)
		add(keep, key_log, SANDBOX_WRITE);
	if (state != NULL && a->tls_trust == TLS_TRUST_TOFU)
		(void)mkdirs(state);
	if (state != NULL)
		add(keep, state, SANDBOX_KEEP);
	if (a->outbox[0] == '/')
		add(keep, outbox, SANDBOX_KEEP);
	free(outbox);
	free(state);
}

/* A token needs its driver, which talks to a daemon; GSSAPI contacts a KDC
 * through libraries, files and sockets of its own choice. */
static int
is_possible(const struct account *a)
{
	return a->sandbox == SANDBOX_AUTO && !ascii_equal(a->auth, "gssapi") &&
	    !client_cert_is_token(a->tls_key_file) &&
	    !client_cert_is_token(a->tls_cert_file) &&
	    !client_cert_is_token(a->tls_trust_file);
}

void
sandbox_enter(const struct account *a, unsigned later)
{
	struct paths keep = {0};
	struct sandbox_needs needs = {
		.network = (later & SANDBOX_CONNECT) != 0,
		.signals = (later & SANDBOX_KILL) != 0
	};
	const char *key_log = a->tls ? trusted_file_key_log() : NULL;

	if (!is_possible(a))
		return;
	tzset(); /* TZ may name a file anywhere */
	for (size_t i = 0;
	    i < sizeof(system_paths) / sizeof(system_paths[0]); i++)
		add(&keep, system_paths[i], SANDBOX_READ);
	add_account(&keep, a, key_log);
	needs.paths = keep.at;
	needs.n = keep.n;
	(void)sandbox_confine(&needs); /* what is unavailable is skipped */
	for (size_t i = 0; i < keep.n; i++)
		free((char *)keep.at[i].path);
	free(keep.at);
}
