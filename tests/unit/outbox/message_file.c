/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The file of a queued message, octet by octet: what is written, and what is
 * read of files that something else wrote. */
#include "../unit.h"

#include <fcntl.h>
#include <unistd.h>

#include "../letter.h"
#include "base/xmalloc.h"
#include "outbox/message_file.h"
#include "tls/sha256.h"

#define MAGIC MESSAGE_FILE_MAGIC "2\n"
#define HEAD MAGIC "account a\nsender me@x\nrecipient you@x\n"
#define CONTENT "Subject: s\r\n\r\n"

static char scratch[] = "/tmp/message.XXXXXX";

/* A descriptor of a new file with that text, and its seal if wanted. */
static int
open_text(const char *text, size_t len, int sealed)
{
	char path[64], digits[SHA256_TEXT];
	struct sha256 digest;
	int fd;

	snprintf(path, sizeof(path), "%s/file", scratch);
	(void)unlink(path);
	fd = open(path, O_RDWR | O_CREAT | O_EXCL, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, len), len);
	sha256_begin(&digest);
	sha256_add(&digest, text, len);
	assert_int_equal(sha256_end(&digest, digits), 0);
	if (sealed)
		dprintf(fd, "sha256 %s\n", digits);
	return fd;
}

/* A file without its seal, the error, and what it says. */
static const struct {
	const char *text;
	int code;
	const char *error;
} files[] = {
	{ HEAD "content 14\n\n" CONTENT, 0, "" },
	{ HEAD "content 13\n\n" CONTENT, EX_DATAERR,
	    "the size does not match the record content" },
	{ HEAD "content 15\n\n" CONTENT, EX_DATAERR,
	    "the size does not match" },
	{ HEAD "content 100000\n\n" CONTENT, EX_DATAERR,
	    "the file ends too early" },
	{ HEAD "content x\n\n" CONTENT, EX_DATAERR,
	    "invalid value in record content" },
	{ HEAD "\n", 0, "" },
	{ MAGIC "account a\nsender me@x\ncontent 14\n\n" CONTENT, EX_DATAERR,
	    "sender or recipient is missing" },
	{ MAGIC "account a\nrecipient you@x\ncontent 14\n\n" CONTENT,
	    EX_DATAERR, "sender or recipient is missing" },
	{ MAGIC "sender \nrecipient you@x\ncontent 14\n\n" CONTENT, 0, "" },
	{ "", EX_DATAERR, "" },
	{ "\n", EX_DATAERR, "" },
	{ "\n\n", EX_DATAERR, "this is not a queued message" },
	{ MAGIC, EX_DATAERR, "the empty line is missing" },
	{ MAGIC "\n", EX_DATAERR, "sender or recipient is missing" },
	{ MESSAGE_FILE_MAGIC "1\n\n", EX_CONFIG, "format is not version 2" },
	{ MESSAGE_FILE_MAGIC "22\n\n", EX_CONFIG, "format is not version 2" },
	{ MESSAGE_FILE_MAGIC "0\n\n", EX_CONFIG, "format is not version 2" },
	{ MESSAGE_FILE_MAGIC "02\n\n", EX_DATAERR,
	    "this is not a queued message" },
	{ MESSAGE_FILE_MAGIC "\n\n", EX_DATAERR,
	    "this is not a queued message" },
	{ MESSAGE_FILE_MAGIC "2x\n\n", EX_DATAERR,
	    "this is not a queued message" },
	{ "x" MAGIC "\n", EX_DATAERR, "this is not a queued message" },
	{ HEAD "later x\ncontent 14\n\n" CONTENT, EX_CONFIG,
	    "unknown record \"later\": another version of onehop" },
	{ HEAD "later x\nlater y\ncontent 14\n\n" CONTENT, EX_CONFIG,
	    "unknown record \"later\"" },
	{ HEAD "later x\nqueued x\ncontent 14\n\n" CONTENT, EX_DATAERR,
	    "invalid value in record queued" },
	{ HEAD "later x\ncontent 13\n\n" CONTENT, EX_DATAERR,
	    "the size does not match" },
	{ HEAD "a\tb\ncontent 14\n\n" CONTENT, EX_DATAERR,
	    "expected \"name value\" in each line" },
	{ HEAD "reason a\tb\ncontent 14\n\n" CONTENT, EX_DATAERR,
	    "expected \"name value\" in each line" },
	{ HEAD "reason a b  c\ncontent 14\n\n" CONTENT, 0, "" },
	{ HEAD "smtputf8 1\ncontent 14\n\n" CONTENT, 0, "" },
	{ HEAD "smtputf8 2\ncontent 14\n\n" CONTENT, EX_DATAERR,
	    "record smtputf8" },
	{ HEAD "doubts 100\ncontent 14\n\n" CONTENT, 0, "" },
	{ HEAD "queued 4611686018427387903\ncontent 14\n\n" CONTENT, 0, "" },
	{ HEAD "queued 4611686018427387904\ncontent 14\n\n" CONTENT,
	    EX_DATAERR, "record queued" },
	{ HEAD "notify-all NEVER\nnotify-all NEVER\ncontent 14\n\n" CONTENT,
	    EX_DATAERR, "record notify-all" },
	{ HEAD "notify NEVER\norcpt rfc822;a@b\ncontent 14\n\n" CONTENT, 0,
	    "" },
	{ HEAD "set host=a=b\ncontent 14\n\n" CONTENT, 0, "" },
	{ HEAD "config /c\ncontent 14\n\n" CONTENT, 0, "" },
	{ HEAD "sender me@x\ncontent 14\n\n" CONTENT, EX_DATAERR,
	    "record sender" },
	{ HEAD "recipient \"a b\"@x\ncontent 14\n\n" CONTENT, 0, "" },
	{ HEAD "recipient \"ab\"@x\ncontent 14\n\n" CONTENT, EX_DATAERR,
	    "record recipient" },
	{ HEAD "recipient \ncontent 14\n\n" CONTENT, EX_DATAERR,
	    "record recipient" },
};

static void
a_file_is_read_if_it_is_whole(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		struct message_file m;
		struct error err = {0};
		int fd = open_text(files[i].text, strlen(files[i].text), 1);
		int result = message_file_read(&m, fd, &err);

		if (err.code != files[i].code || (result == 0) !=
		    (files[i].code == 0) ||
		    strstr(err.text, files[i].error) == NULL)
			fail_msg("%s: %d %s", files[i].text, err.code,
			    err.text);
		message_file_free(&m);
		assert_int_equal(m.fd, -1);
		}
}

static void
the_seal_is_the_digest_of_all_before_it(void **state)
{
	static const char text[] = HEAD "content 14\n\n" CONTENT;
	struct message_file m;
	struct error err = {0};
	char *other;
	int fd;

	(void)state;
	fd = open_text(text, sizeof(text) - 1, 0);
	assert_int_equal(message_file_read(&m, fd, &err), -1);
	assert_int_equal(err.code, EX_DATAERR);
	message_file_free(&m);
	other = xasprintf("%ssha256 %064d\n", text, 0);
	fd = open_text(other, strlen(other), 0);
	assert_int_equal(message_file_read(&m, fd, &err), -1);
	assert_non_null(strstr(err.text, "checksum mismatch"));
	message_file_free(&m);
	/* its records can be read all the same */
	fd = open_text(other, strlen(other), 0);
	memset(&err, 0, sizeof(err));
	assert_int_equal(message_file_read_head(&m, fd, &err), 0);
	assert_string_equal(m.envelope.to[0].path, "you@x");
	assert_string_equal(m.envelope.message_id, "");
	assert_int_equal(m.size, strlen(other));
	message_file_free(&m);
	free(other);
}

/* The records end at any place of a block of 4096 octets. */
static void
the_empty_line_is_found_wherever_it_is(void **state)
{
	(void)state;
	for (int n = 3980; n < 4110; n++) {
		char *reason = xmalloc((size_t)n + 1), *text;
		struct message_file m;
		struct error err = {0};

		memset(reason, 'x', (size_t)n);
		reason[n] = '\0';
		text = xasprintf(HEAD "reason %s\ncontent 14\n\n" CONTENT,
		    reason);
		if (message_file_read(&m, open_text(text, strlen(text), 1),
		    &err) != 0)
			fail_msg("%d: %s", n, err.text);
		assert_string_equal(m.reason, reason);
		assert_int_equal(message_size(&m.message), 14);
		message_file_free(&m);
		free(reason);
		free(text);
	}
}

/* Whoever wrote it, it takes no more memory than that. */
static void
records_without_an_end_are_not_read(void **state)
{
	const size_t len = MESSAGE_FILE_RECORDS_MAX + 4096;
	char *text = xmalloc(len);
	struct message_file m;
	struct error err = {0};

	(void)state;
	memset(text, 'x', len);
	memcpy(text, HEAD "reason ", sizeof(HEAD) - 1 + 7);
	memcpy(text + len - 2, "\n\n", 2);
	assert_int_equal(message_file_read(&m, open_text(text, len, 1),
	    &err), -1);
	assert_int_equal(err.code, EX_DATAERR);
	assert_non_null(strstr(err.text, "too many records"));
	message_file_free(&m);
	free(text);
}

/* Reads a file as text. Owned. */
static char *
text_of(int fd)
{
	struct buffer text = {0};

	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	assert_int_equal(buffer_read(&text, fd), 0);
	(void)buffer_string(&text);
	return text.data;
}

static void
the_records_are_written_in_their_order(void **state)
{
	static const char wanted[] = MAGIC "account a\nconfig /c\n"
	    "set host=h\nset port=1\nown-name 1\nsender \nrecipient you@x\n"
	    "notify NEVER\norcpt rfc822;a@b\nrecipient later@x\n"
	    "notify-all FAILURE\nreturn HDRS\nenvid id\nsubmitter <>\n"
	    "message-id 1@x\nsmtputf8 1\nqueued 7\ndue 8\ndoubts 2\n"
	    "reason why\ncontent 14\n\n" CONTENT "sha256 ";
	struct override overrides[] = { { "host", "h" }, { "port", "1" } };
	char you[] = "you@x", done[] = "done@x", never[] = "never@x",
		later[] = "later@x", none[] = "", notify[] = "NEVER",
		orcpt[] = "rfc822;a@b", all[] = "FAILURE", hdrs[] = "HDRS",
		envid[] = "id", nobody[] = "<>", id[] = "1@x", why[] = "why";
	struct recipient to[4] = {
		{ .path = you, .notify = notify, .orcpt = orcpt },
		{ .path = done, .reply = { .code = 250 } },
		{ .path = never, .reply = { .code = 550 } },
		{ .path = later, .reply = { .code = 450 } } };
	struct message_file m = { .fd = -1, .queued = 7, .due = 8,
		.doubts = 2, .reason = why,
		.origin = { .account = "a", .config = "/c",
		    .overrides = overrides, .noverrides = 2,
		    .is_own = 1 },
		.envelope = { .sender = none, .to = to, .n = 4,
		    .smtputf8 = 1, .notify = all, .returns = hdrs,
		    .envid = envid, .submitter = nobody, .message_id = id } };
	struct error err = {0};
	int fd = open_text("", 0, 0);
	char *text;

	(void)state;
	letter_take(&m.message, "Subject: s\n\n", 12);
	assert_int_equal(message_file_write(fd, &m, MESSAGE_FILE_OPEN, &err),
	    0);
	text = text_of(fd);
	assert_int_equal(strncmp(text, wanted, sizeof(wanted) - 1), 0);
	assert_int_equal(strlen(text), sizeof(wanted) - 1 + 64 + 1);
	free(text);
	/* what no record can hold: a note is left out, a path is refused */
	assert_int_equal(ftruncate(fd, 0), 0);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	why[0] = '\n';
	assert_int_equal(message_file_write(fd, &m, MESSAGE_FILE_WHOLE, &err),
	    0);
	text = text_of(fd);
	assert_null(strstr(text, "reason"));
	assert_non_null(strstr(text, "\nrecipient done@x\nrecipient never@x\n"
	    "recipient later@x\n"));
	free(text);
	you[0] = '\n';
	assert_int_equal(message_file_write(fd, &m, MESSAGE_FILE_WHOLE, &err),
	    -1);
	assert_int_equal(err.code, EX_TEMPFAIL);
	assert_string_equal(err.text, "an option or address contains a "
	    "control character or is too long");
	close(fd);
	message_free(&m.message);
}

/* What its options may do, in a run that was called by no name. */
static void
options_are_foreign_unless_the_name_was_onehops(void **state)
{
	static const char *const texts[] = { HEAD "set port=1\n"
	    "content 14\n\n" CONTENT, HEAD "set port=1\nown-name 1\n"
	    "content 14\n\n" CONTENT };

	(void)state;
	for (int own = 0; own <= 1; own++) {
		struct message_file m;
		struct error err = {0};

		assert_int_equal(message_file_read(&m, open_text(texts[own],
		    strlen(texts[own]), 1), &err), 0);
		assert_int_equal(m.origin.is_recorded, 1);
		assert_int_equal(m.origin.is_own, own);
		assert_int_equal(m.origin.may_be_foreign, !own);
		message_file_free(&m);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_is_read_if_it_is_whole),
		cmocka_unit_test(the_seal_is_the_digest_of_all_before_it),
		cmocka_unit_test(the_empty_line_is_found_wherever_it_is),
		cmocka_unit_test(records_without_an_end_are_not_read),
		cmocka_unit_test(the_records_are_written_in_their_order),
		cmocka_unit_test(
		    options_are_foreign_unless_the_name_was_onehops),
	};

	int failed;

	if (mkdtemp(scratch) == NULL)
		return 1;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	return remove_tree(scratch) != 0 ? 1 : failed;
}
