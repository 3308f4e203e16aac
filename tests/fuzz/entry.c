/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What may lie in an outbox: with a first octet "j" a journal; with "s" the
 * sealed part of a message's file, which gets the seal that suits it; else the
 * file as it is.
 */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "outbox/journal.h"
#include "outbox/message_file.h"
#include "tls/sha256.h"

static void
check_journal(const char *text, size_t size)
{
	struct journal_state s;

	journal_read(&s, text, size);
	require(memchr(s.reason, '\0', sizeof(s.reason)) != NULL,
	    "a reason that ends");
	require(s.doubts <= s.tries, "an unknown outcome is a try");
	require(s.due >= 0 && s.life >= 0 && s.talked >= 0, "moments");
	journal_state_free(&s);
}

/* A file without a name but for a moment, holding text and perhaps its seal;
 * its name is out, which has room for it. */
static int
make_file(char *name, const char *text, size_t size, int sealed)
{
	struct buffer seal = {0};
	struct sha256 digest;
	char hex[SHA256_TEXT];
	int fd;

	strcpy(name, "/tmp/fuzz-entry-XXXXXX");
	fd = mkstemp(name);
	require(fd >= 0, "a temporary file");
	if (sealed) {
		sha256_begin(&digest);
		sha256_add(&digest, text, size);
		require(sha256_end(&digest, hex) == 0, "a digest");
		buffer_addf(&seal, "%s%s\n", MESSAGE_FILE_SEAL, hex);
	}
	require(write(fd, text, size) == (ssize_t)size &&
	    write(fd, seal.data, seal.len) == (ssize_t)seal.len,
	    "room for it");
	buffer_free(&seal);
	return fd;
}

/* It must not end the command that it becomes part of. */
static void
check_word(const char *word)
{
	for (const char *p = word; p != NULL && *p != '\0'; p++)
		require((unsigned char)*p >= 0x20 && *p != 0x7f,
		    "no control character");
}

static void
check_entry(const struct message_file *e)
{
	require(e->envelope.sender != NULL && e->envelope.n > 0,
	    "a sender and recipients");
	check_word(e->envelope.sender);
	check_word(e->envelope.envid);
	check_word(e->envelope.submitter);
	check_word(e->reason);
	for (size_t i = 0; i < e->envelope.n; i++) {
		check_word(e->envelope.to[i].path);
		check_word(e->envelope.to[i].notify);
		check_word(e->envelope.to[i].orcpt);
		require(strchr(e->envelope.to[i].path, '@') != NULL,
		    "an address");
	}
}

static void
check_file(const char *text, size_t size, int sealed)
{
	struct message_file e, again;
	struct error err = {0};
	char name[32], copy[32];
	int fd = make_file(name, text, size, sealed);

	if (message_file_read(&e, fd, &err) == 0) {
		check_entry(&e);
		fd = make_file(copy, "", 0, 0);
		require(message_file_write(fd, &e, MESSAGE_FILE_WHOLE,
		    &err) == 0, "it can be written");
		require(message_file_read(&again, fd, &err) == 0,
		    "and read once more");
		require(again.envelope.n == e.envelope.n &&
		    message_size(&again.message) == message_size(&e.message),
		    "the same");
		message_file_free(&again);
		unlink(copy);
	} else {
		require((err.code == EX_DATAERR || err.code == EX_CONFIG) &&
		    err.text[0] != '\0', "damage is explained");
	}
	message_file_free(&e);
	unlink(name);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;

	if (size > 0 && text[0] == 'j')
		check_journal(text + 1, size - 1);
	else if (size > 0 && text[0] == 's')
		check_file(text + 1, size - 1, 1);
	else
		check_file(text, size, 0);
	return 0;
}
