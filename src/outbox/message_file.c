/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "outbox/message_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/ascii.h"
#include "base/escape.h"
#include "base/sink.h"
#include "base/xmalloc.h"
#include "config/key.h"
#include "format/address.h"
#include "tls/sha256.h"

/* Number of octets read at a time: of the records, of the whole file. */
#define HEAD_BLOCK ((size_t)4 << 10)
#define BLOCK ((size_t)64 << 10)

/* "sha256 ", the digits, LF. */
#define SEAL_MAX (sizeof(MESSAGE_FILE_SEAL) + SHA256_TEXT)

/* The type of a value, and of its field. */
enum kind {
	NUMBER,         /* int64_t; 0 is not written */
	COUNT,          /* unsigned; likewise */
	FLAG,           /* int; likewise */
	TEXT,           /* borrowed string */
	PATH,           /* borrowed absolute path */
	NOTE,           /* owned string; dropped if no record can hold it */
	WORD,           /* owned string, one parameter of MAIL */
	SENDER,         /* owned address, or "" */
	OVERRIDE,       /* struct selection: one of its overrides */
	RECIPIENT,      /* struct envelope: one of its recipients */
	RECIPIENT_WORD  /* as WORD, in the last struct recipient */
};

#define AT(member) offsetof(struct message_file, member)

static const struct record_kind {
	const char *name;
	enum kind kind;
	size_t offset;
} records[] = {
	{ "account", TEXT, AT(origin.account) },
	{ "config", PATH, AT(origin.config) },
	{ "set", OVERRIDE, AT(origin) },
	{ "own-name", FLAG, AT(origin.is_own) },
	{ "sender", SENDER, AT(envelope.sender) },
	{ "recipient", RECIPIENT, AT(envelope) },
	{ "notify", RECIPIENT_WORD, offsetof(struct recipient, notify) },
	{ "orcpt", RECIPIENT_WORD, offsetof(struct recipient, orcpt) },
	{ "notify-all", WORD, AT(envelope.notify) },
	{ "return", WORD, AT(envelope.returns) },
	{ "envid", WORD, AT(envelope.envid) },
	{ "submitter", WORD, AT(envelope.submitter) },
	{ "message-id", NOTE, AT(envelope.message_id) },
	{ "smtputf8", FLAG, AT(envelope.smtputf8) },
	{ "queued", NUMBER, AT(queued) },
	{ "due", NUMBER, AT(due) },
	{ "doubts", COUNT, AT(doubts) },
	{ "reason", NOTE, AT(reason) },
	{ "content", NUMBER, AT(content) },
};

#define RECORDS (sizeof(records) / sizeof(records[0]))

int
message_file_is_open(const struct recipient *to)
{
	return reply_class(&to->reply) != 2 && reply_class(&to->reply) != 5;
}

/* The records under construction. */
struct record_writer {
	struct buffer text;
	int invalid;  /* a value cannot be written */
	enum message_file_part part;
};

static int
is_printable(const char *text)
{
	while (*text != '\0' && !ascii_is_control(*text))
		text++;
	return *text == '\0';
}

static void
add_text(struct record_writer *w, const char *name, const char *value)
{
	if (value == NULL)
		return;
	w->invalid |= !is_printable(value);
	buffer_addf(&w->text, "%s ", name);
	buffer_add_string(&w->text, value);
	buffer_add_char(&w->text, '\n');
}

static void
add_number(struct record_writer *w, const char *name, int64_t value)
{
	if (value != 0)
		buffer_addf(&w->text, "%s %lld\n", name, (long long)value);
}

static void
add_overrides(struct record_writer *w, const char *name,
    const struct selection *s)
{
	for (size_t i = 0; i < s->noverrides; i++) {
		char *set = xasprintf("%s=%s", s->overrides[i].key,
		    s->overrides[i].value);

		add_text(w, name, set);
		free(set);
	}
}

static void
add_recipients(struct record_writer *w, const char *name,
    const struct envelope *e)
{
	for (size_t i = 0; i < e->n; i++) {
		const struct recipient *to = &e->to[i];

		if (w->part == MESSAGE_FILE_OPEN && !message_file_is_open(to))
			continue;
		add_text(w, name, to->path);
		for (size_t k = 0; k < RECORDS; k++)
			if (records[k].kind == RECIPIENT_WORD)
				add_text(w, records[k].name, *(char *const *)
				    (const void *)((const char *)to +
				    records[k].offset));
	}
}

static void
add_record(struct record_writer *w, const struct record_kind *r,
    const struct message_file *m)
{
	const void *field = (const char *)m + r->offset;
	const char *text;

	switch (r->kind) {
	case NUMBER:
		add_number(w, r->name, *(const int64_t *)field);
		break;
	case COUNT:
		add_number(w, r->name, *(const unsigned *)field);
		break;
	case FLAG:
		add_number(w, r->name, *(const int *)field);
		break;
	case OVERRIDE:
		add_overrides(w, r->name, field);
		break;
	case RECIPIENT:
		add_recipients(w, r->name, field);
		break;
	case RECIPIENT_WORD:
		break;
	default:
		text = *(const char *const *)field;
		if (r->kind == NOTE && text != NULL && !is_printable(text))
			text = NULL;
		if (text != NULL && (text[0] != '\0' || r->kind == SENDER))
			add_text(w, r->name, text);
	}
}

/* Refuses a value that the reader would not accept: the message could not be
 * sent later. */
static int
add_head(struct record_writer *w, struct message_file *m, struct error *err)
{
	buffer_addf(&w->text, "%s%d\n", MESSAGE_FILE_MAGIC,
	    MESSAGE_FILE_VERSION);
	for (size_t i = 0; i < RECORDS; i++)
		add_record(w, &records[i], m);
	buffer_add_char(&w->text, '\n');
	if (!w->invalid && w->text.len <= MESSAGE_FILE_RECORDS_MAX)
		return 0;
	return fail(err, EX_TEMPFAIL, "an option or address contains a "
	    "control character or is too long");
}

static int
write_body(struct sink *out, const struct message_file *m,
    enum message_file_part part, struct error *err)
{
	struct record_writer w = { .part = part };
	struct message_file sized = *m;
	int result;

	sized.content = (int64_t)message_size(&m->message);
	result = add_head(&w, &sized, err);
	if (result == 0)
		result = sink_add(out, w.text.data, w.text.len, err);
	buffer_free(&w.text);
	return result == 0
	    ? message_write(&m->message, MESSAGE_PLAIN, out, err) : -1;
}

static int
damaged(struct error *err, const char *what)
{
	return fail(err, EX_DATAERR, "the file is damaged: %s", what);
}

static int
read_number(const char *value, uint64_t max, uint64_t *number)
{
	return ascii_number(value, strlen(value), 0, max, number);
}

/* Reads a parameter of MAIL or RCPT. */
static int
take_word(char **to, const char *value)
{
	for (const char *p = value; *p != '\0'; p++)
		if (*p == ' ' || ascii_is_8bit(*p))
			return -1;
	if (*to != NULL)
		return -1;
	*to = xstrdup(value);
	return 0;
}

/* Returns whether value is an address that the command line would accept. */
static int
is_path(const char *value)
{
	struct address_list list = {0};
	struct error ignored = {0};
	struct buffer path = {0};
	size_t at;
	int valid;

	if (address_is_plain(value, strlen(value), &at))
		return 1;
	valid = address_list_parse(&list, value, strlen(value),
	    &ignored) == 0 && list.n == 1 &&
	    address_check_path(&list.at[0], &ignored) == 0;
	if (valid) {
		address_add_path(&path, &list.at[0]);
		valid = strcmp(buffer_string(&path), value) == 0;
	}
	buffer_free(&path);
	address_list_free(&list);
	return valid;
}

static int
take_sender(char **sender, const char *value)
{
	if (*sender != NULL || (value[0] != '\0' && !is_path(value)))
		return -1;
	*sender = xstrdup(value);
	return 0;
}

static int
take_override(struct selection *s, char *value)
{
	char *equals = strchr(value, '=');
	const struct key *key;

	if (equals == NULL)
		return -1;
	*equals = '\0';
	key = key_find(value);
	if (key == NULL)
		return -1;
	selection_override(s, (size_t)(key - account_keys), equals + 1);
	return 0;
}

static int
take_recipient(struct envelope *e, const char *value)
{
	if (!is_path(value))
		return -1;
	e->to = xgrow(e->to, e->n, sizeof(e->to[0]));
	memset(&e->to[e->n], 0, sizeof(e->to[0]));
	e->to[e->n++].path = xstrdup(value);
	return 0;
}

static int
take_recipient_word(struct envelope *e, size_t offset, const char *value)
{
	void *word;

	if (e->n == 0)
		return -1;
	word = (char *)&e->to[e->n - 1] + offset;
	return take_word(word, value);
}

/* Sets the field of a record. Returns 0, or -1 if the value is invalid. */
static int
take_value(struct message_file *m, const struct record_kind *r, char *value)
{
	void *field = (char *)m + r->offset;
	uint64_t number;

	switch (r->kind) {
	case NUMBER:
		if (read_number(value, INT64_MAX / 2, &number) != 0)
			return -1;
		*(int64_t *)field = (int64_t)number;
		return 0;
	case COUNT:
		if (read_number(value, 100, &number) != 0)
			return -1;
		*(unsigned *)field = (unsigned)number;
		return 0;
	case FLAG:
		*(int *)field = 1;
		return strcmp(value, "1") == 0 ? 0 : -1;
	case TEXT:
	case PATH:
		*(const char **)field = value;
		return r->kind == TEXT || value[0] == '/' ? 0 : -1;
	case NOTE:
		free(*(char **)field);
		*(char **)field = xstrdup(value);
		return 0;
	case WORD:
		return take_word(field, value);
	case SENDER:
		return take_sender(field, value);
	case OVERRIDE:
		return take_override(field, value);
	case RECIPIENT:
		return take_recipient(field, value);
	default:
		return take_recipient_word(&m->envelope, r->offset, value);
	}
}

/* Reads a line of the head, which ends in a NUL instead of its LF. */
static int
take_line(struct message_file *m, char *line, struct error *err)
{
	char *space = strchr(line, ' ');
	char quote[64];
	size_t i = 0;

	if (space == NULL || space == line || !is_printable(line))
		return damaged(err, "expected \"name value\" in each line");
	*space = '\0';
	while (i < RECORDS && strcmp(records[i].name, line) != 0)
		i++;
	if (i == RECORDS) /* of a later version, unless the checksum fails */
		return fail(err, EX_CONFIG, "unknown record \"%s\": another "
		    "version of onehop has queued the message",
		    escape_string(quote, sizeof(quote), line));
	if (take_value(m, &records[i], space + 1) == 0)
		return 0;
	return fail(err, EX_DATAERR, "the file is damaged: invalid value in "
	    "record %s", records[i].name);
}

/* Reads exactly n octets with pread(). */
static int
read_at(int fd, char *data, size_t n, off_t offset, struct error *err)
{
	while (n > 0) {
		ssize_t done = pread(fd, data, n, offset);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return fail(err, EX_IOERR, "cannot read: %s",
			    strerror(errno));
		if (done == 0)
			return damaged(err, "the file ends too early");
		data += done;
		offset += done;
		n -= (size_t)done;
	}
	return 0;
}

/* Returns whether the first line names another version. */
static int
is_other_version(const struct buffer *head)
{
	const size_t n = strlen(MESSAGE_FILE_MAGIC);
	size_t digits = 0;
	uint64_t version;

	if (head->len < n || memcmp(head->data, MESSAGE_FILE_MAGIC, n) != 0)
		return 0;
	while (n + digits < head->len &&
	    ascii_is_digit(head->data[n + digits]))
		digits++;
	return n + digits < head->len && head->data[n + digits] == '\n' &&
	    ascii_number(head->data + n, digits, 0, UINT64_MAX,
	    &version) == 0 && version != MESSAGE_FILE_VERSION;
}

/* Finds an empty line from *seen on, which becomes the offset where the next
 * search begins. Returns the end of the line before, or NULL. */
static const char *
find_empty_line(const struct buffer *head, size_t *seen)
{
	const char *lf;

	while (*seen + 1 < head->len && (lf = memchr(head->data + *seen, '\n',
	    head->len - 1 - *seen)) != NULL) {
		if (lf[1] == '\n')
			return lf;
		*seen = (size_t)(lf - head->data) + 1;
	}
	*seen = head->len - 1;
	return NULL;
}

/* Reads until the empty line; *end is the offset of the content. */
static int
find_content(struct message_file *m, off_t size, size_t *end,
    struct error *err)
{
	size_t seen = 0;
	const char *empty = NULL;

	while (empty == NULL) {
		off_t left = size - (off_t)m->head.len;
		size_t n = left < (off_t)HEAD_BLOCK ? (size_t)left
		    : HEAD_BLOCK;
		char *room;

		if (n == 0)
			return damaged(err, "the empty line is missing");
		room = buffer_reserve(&m->head, n);
		if (room == NULL)
			return damaged(err, "too many records");
		if (read_at(m->fd, room, n, (off_t)m->head.len, err) != 0)
			return -1;
		m->head.len += n;
		if (is_other_version(&m->head))
			return fail(err, EX_CONFIG, "format is not version "
			    "%d: another version of onehop has queued the "
			    "message", MESSAGE_FILE_VERSION);
		empty = find_empty_line(&m->head, &seen);
	}
	*end = (size_t)(empty - m->head.data) + 2;
	return 0;
}

static int
read_records(struct message_file *m, off_t size, size_t *end,
    struct error *err)
{
	const char *last;
	char magic[32], *line, *lf;
	struct error unknown = {0};

	m->head.max = MESSAGE_FILE_RECORDS_MAX;
	if (find_content(m, size, end, err) != 0)
		return -1;
	snprintf(magic, sizeof(magic), "%s%d\n", MESSAGE_FILE_MAGIC,
	    MESSAGE_FILE_VERSION);
	if (*end < strlen(magic) ||
	    memcmp(m->head.data, magic, strlen(magic)) != 0 ||
	    memchr(m->head.data, '\0', *end) != NULL)
		return damaged(err, "this is not a queued message");
	last = m->head.data + *end - 1;
	for (line = m->head.data + strlen(magic); line < last &&
	    (lf = strchr(line, '\n')) != NULL; line = lf + 1) {
		*lf = '\0';
		if (take_line(m, line, err) == 0)
			continue;
		if (err->code != EX_CONFIG)
			return -1;
		unknown = *err;
	}
	if (m->envelope.sender == NULL || m->envelope.n == 0)
		return damaged(err, "sender or recipient is missing");
	if (m->envelope.message_id == NULL)
		m->envelope.message_id = xstrdup("");
	*err = unknown;
	return unknown.code != 0 ? -1 : 0;
}

static int
digest_file(int fd, off_t size, char text[SHA256_TEXT], struct error *err)
{
	char *block = xmalloc(BLOCK);
	struct sha256 digest;
	int result = 0;

	sha256_begin(&digest);
	for (off_t at = 0; at < size && result == 0; at += (off_t)BLOCK) {
		size_t n = size - at < (off_t)BLOCK ? (size_t)(size - at)
		    : BLOCK;

		result = read_at(fd, block, n, at, err);
		if (result == 0)
			sha256_add(&digest, block, n);
	}
	free(block);
	if (sha256_end(&digest, text) != 0 && result == 0)
		result = fail(err, EX_IOERR, "cannot compute SHA-256");
	return result;
}

/* Appends the record of the checksum. */
static int
write_seal(struct file_sink *out, struct error *err)
{
	char digest[SHA256_TEXT], seal[SEAL_MAX];
	off_t size = lseek(out->fd, 0, SEEK_CUR);
	int n;

	if (digest_file(out->fd, size, digest, err) != 0)
		return -1;
	n = snprintf(seal, sizeof(seal), "%s%s\n", MESSAGE_FILE_SEAL, digest);
	return sink_add(&out->sink, seal, (size_t)n, err);
}

int
message_file_write(int fd, const struct message_file *m,
    enum message_file_part part, struct error *err)
{
	struct file_sink out;
	int result;

	file_sink_open(&out, fd, EX_TEMPFAIL);
	result = write_body(&out.sink, m, part, err);
	if (result == 0)
		result = file_sink_flush(&out, err);
	if (result == 0)
		result = write_seal(&out, err);
	if (result == 0)
		result = file_sink_flush(&out, err);
	file_sink_close(&out);
	return result;
}

/* Checks size and checksum of the file. */
static int
check_seal(const struct message_file *m, off_t size, off_t content,
    struct error *err)
{
	char digest[SHA256_TEXT], wanted[SEAL_MAX], found[SEAL_MAX];
	off_t sealed = content + (off_t)m->content;
	int n;

	if (m->content > size)
		return damaged(err, "the file ends too early");
	if (digest_file(m->fd, sealed, digest, err) != 0)
		return -1;
	n = snprintf(wanted, sizeof(wanted), "%s%s\n", MESSAGE_FILE_SEAL,
	    digest);
	if (size != sealed + n)
		return damaged(err, "the size does not match the record "
		    "content");
	if (read_at(m->fd, found, (size_t)n, sealed, err) != 0)
		return -1;
	return memcmp(found, wanted, (size_t)n) == 0 ? 0
	    : damaged(err, "checksum mismatch");
}

/* Checks the type of the file and reads the records. */
static int
begin(struct message_file *m, int fd, off_t *size, size_t *content,
    struct error *err)
{
	struct stat st;

	memset(m, 0, sizeof(*m));
	m->fd = fd;
	m->origin.is_recorded = 1;
	if (fstat(fd, &st) != 0)
		return fail(err, EX_IOERR, "%s", strerror(errno));
	m->size = st.st_size;
	if (!S_ISREG(st.st_mode) || st.st_uid != geteuid())
		return fail(err, EX_NOPERM, "expected a regular file of user "
		    "%lu", (unsigned long)geteuid());
	/* a backup of hard links; by another name others could write */
	if (st.st_nlink > 1 && (st.st_mode & 0077) != 0) {
		fail(err, EX_NOPERM, "expected mode 600, as the file has "
		    "another name, not mode %03o",
		    (unsigned)(st.st_mode & 0777));
		return hint(err, "make the file private with chmod 600");
	}
	*size = st.st_size;
	if (read_records(m, st.st_size, content, err) != 0)
		return -1;
	/* without the record, nobody knows whose words they were */
	m->origin.may_be_foreign = !m->origin.is_own;
	return 0;
}

int
message_file_read_head(struct message_file *m, int fd, struct error *err)
{
	size_t content;
	off_t size;

	return begin(m, fd, &size, &content, err);
}

int
message_file_read(struct message_file *m, int fd, struct error *err)
{
	struct spool spool = { .place = SPOOL_STDIN, .fd = fd };
	struct error other = {0};
	size_t content = 0;
	off_t size;

	/* if the checksum matches, another version wrote the unknown record */
	if (begin(m, fd, &size, &content, &other) != 0 &&
	    (other.code != EX_CONFIG || content == 0)) {
		*err = other;
		return -1;
	}
	if (check_seal(m, size, (off_t)content, err) != 0)
		return -1;
	if (other.code != 0) {
		*err = other;
		return -1;
	}
	spool.start = (off_t)content;
	spool.size = (off_t)m->content;
	return message_take(&m->message, &spool, err);
}

void
message_file_free(struct message_file *m)
{
	message_free(&m->message);
	envelope_free(&m->envelope);
	free(m->origin.overrides);
	free(m->reason);
	buffer_free(&m->head);
	if (m->fd >= 0)
		close(m->fd);
	memset(m, 0, sizeof(*m));
	m->fd = -1;
}
