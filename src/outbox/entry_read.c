/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "outbox/message_file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/ascii.h"
#include "base/xmalloc.h"
#include "config/key.h"
#include "format/address_parse.h"
#include "outbox/netstring.h"
#include "tls/sha256.h"

/* What is read at a time, octets. */
#define BLOCK ((size_t)64 << 10)

/* Where the content lies, and what seals it. */
struct layout {
	off_t content;
	off_t size;     /* of the content */
};

static int
damaged(struct error *err, const char *what)
{
	return fail(err, EX_DATAERR, "the file is damaged: %s", what);
}

static int
read_number(const char *value, int64_t *number)
{
	uint64_t n;

	if (ascii_number(value, strlen(value), 0, INT64_MAX / 2, &n) != 0)
		return -1;
	*number = (int64_t)n;
	return 0;
}

/* As a parameter of MAIL or RCPT: it must not end it. */
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

/* The same judgement as over an address of the command line. */
static int
is_path(const char *value)
{
	struct address_list list = {0};
	struct error ignored = {0};
	struct buffer path = {0};
	int valid = address_list_parse(&list, value, strlen(value),
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
set_account(struct message_file *e, char *value)
{
	e->origin.account = value;
	return 0;
}

static int
set_config(struct message_file *e, char *value)
{
	e->origin.config = value;
	return value[0] == '/' ? 0 : -1;
}

static int
set_override(struct message_file *e, char *value)
{
	struct selection *o = &e->origin;
	char *equals = strchr(value, '=');

	if (equals == NULL)
		return -1;
	*equals = '\0';
	if (key_find(value) == NULL)
		return -1;
	o->overrides = xreallocarray(o->overrides, o->noverrides + 1,
	    sizeof(o->overrides[0]));
	o->overrides[o->noverrides++] =
	    (struct override){ value, equals + 1 };
	return 0;
}

static int
set_sender(struct message_file *e, char *value)
{
	if (e->envelope.sender != NULL ||
	    (value[0] != '\0' && !is_path(value)))
		return -1;
	e->envelope.sender = xstrdup(value);
	return 0;
}

static int
add_recipient(struct message_file *e, char *value)
{
	struct envelope *v = &e->envelope;

	if (!is_path(value))
		return -1;
	if ((v->n & (v->n - 1)) == 0) /* full at each power of two */
		v->to = xreallocarray(v->to, v->n > 0 ? 2 * v->n : 1,
		    sizeof(v->to[0]));
	memset(&v->to[v->n], 0, sizeof(v->to[0]));
	v->to[v->n++].path = xstrdup(value);
	return 0;
}

static int
set_notify(struct message_file *e, char *value)
{
	struct envelope *v = &e->envelope;

	return v->n > 0 ? take_word(&v->to[v->n - 1].notify, value) : -1;
}

static int
set_orcpt(struct message_file *e, char *value)
{
	struct envelope *v = &e->envelope;

	return v->n > 0 ? take_word(&v->to[v->n - 1].orcpt, value) : -1;
}

static int
set_notify_all(struct message_file *e, char *value)
{
	return take_word(&e->envelope.notify, value);
}

static int
set_return(struct message_file *e, char *value)
{
	return take_word(&e->envelope.returns, value);
}

static int
set_envid(struct message_file *e, char *value)
{
	return take_word(&e->envelope.envid, value);
}

static int
set_message_id(struct message_file *e, char *value)
{
	free(e->envelope.message_id);
	e->envelope.message_id = xstrdup(value);
	return 0;
}

static int
set_smtputf8(struct message_file *e, char *value)
{
	e->envelope.smtputf8 = 1;
	return strcmp(value, "1") == 0 ? 0 : -1;
}

static int
set_queued(struct message_file *e, char *value)
{
	return read_number(value, &e->queued);
}

static int
set_due(struct message_file *e, char *value)
{
	return read_number(value, &e->due);
}

static int
set_doubts(struct message_file *e, char *value)
{
	int64_t n = 0;

	if (read_number(value, &n) != 0 || n > 100)
		return -1;
	e->doubts = (unsigned)n;
	return 0;
}

static int
set_reason(struct message_file *e, char *value)
{
	free(e->reason);
	e->reason = xstrdup(value);
	return 0;
}

static const struct {
	const char *name;
	int (*set)(struct message_file *e, char *value);
} records[] = {
	{ "account", set_account },
	{ "config", set_config },
	{ "set", set_override },
	{ "sender", set_sender },
	{ "recipient", add_recipient },
	{ "notify", set_notify },
	{ "orcpt", set_orcpt },
	{ "notify-all", set_notify_all },
	{ "return", set_return },
	{ "envid", set_envid },
	{ "message-id", set_message_id },
	{ "smtputf8", set_smtputf8 },
	{ "queued", set_queued },
	{ "due", set_due },
	{ "doubts", set_doubts },
	{ "reason", set_reason },
};

static int
is_content(const struct netstring *n)
{
	return ascii_equal_n(n->name, n->name_len, "content");
}

/* One record of the head, whose value becomes a string in place. */
static int
take_record(struct message_file *e, const struct netstring *n,
    struct error *err)
{
	char *value = e->head.data + (n->value - e->head.data);
	const size_t nrecords = sizeof(records) / sizeof(records[0]);
	size_t i = 0;

	while (i < nrecords && !ascii_equal_n(n->name, n->name_len,
	    records[i].name))
		i++;
	if (i == nrecords)
		return damaged(err, "unknown record");
	value[n->value_len] = '\0'; /* where its comma stood */
	if (records[i].set(e, value) == 0)
		return 0;
	return fail(err, EX_DATAERR, "the file is damaged: bad value in "
	    "record %s", records[i].name);
}

/* pread() of all n octets. */
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
			return damaged(err, "it ends too soon");
		data += done;
		offset += done;
		n -= (size_t)done;
	}
	return 0;
}

/* Another block of the file behind what there is of the head. */
static int
read_more(struct message_file *e, off_t size, struct error *err)
{
	off_t left = size - (off_t)e->head.len;
	size_t n = left < (off_t)BLOCK ? (size_t)left : BLOCK;
	char *room;

	if (n == 0)
		return damaged(err, "it ends too soon");
	room = buffer_reserve(&e->head, n);
	if (room == NULL)
		return damaged(err, "too many records");
	if (read_at(e->fd, room, n, (off_t)e->head.len, err) != 0)
		return -1;
	e->head.len += n;
	return 0;
}

/* Reads records until there is the one that announces the content, and where
 * they begin and end. Nothing points into the head yet: it may move. */
static int
find_content(struct message_file *e, off_t size, struct layout *l, size_t *end,
    struct error *err)
{
	const size_t magic = strlen(ENTRY_MAGIC);
	struct netstring n = {0};
	uint64_t octets;
	int found;

	*end = magic;
	do {
		while ((found = e->head.len < magic ? 0 : netstring_next(
		    e->head.data, e->head.len, end, &n)) == 0)
			if (read_more(e, size, err) != 0)
				return -1;
		if (found < 0 ||
		    memcmp(e->head.data, ENTRY_MAGIC, magic) != 0)
			return damaged(err, "expected a record");
	} while (!is_content(&n));
	if (ascii_number(n.value, n.value_len, 0, INT64_MAX / 2,
	    &octets) != 0)
		return damaged(err, "bad size of the content");
	/* once more, as the length of its netstring */
	l->content = (off_t)(*end + n.value_len + 1);
	l->size = (off_t)octets;
	return 0;
}

static int
read_head(struct message_file *e, off_t size, struct layout *l,
    struct error *err)
{
	struct netstring n;
	size_t offset = strlen(ENTRY_MAGIC), end;

	e->head.max = ENTRY_HEAD_MAX;
	if (find_content(e, size, l, &end, err) != 0)
		return -1;
	while (netstring_next(e->head.data, end, &offset, &n) == 1 &&
	    !is_content(&n))
		if (take_record(e, &n, err) != 0)
			return -1;
	if (e->envelope.sender == NULL || e->envelope.n == 0)
		return damaged(err, "sender or recipient is missing");
	if (e->envelope.message_id == NULL)
		e->envelope.message_id = xstrdup("");
	return 0;
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

/* The length before the content, and all that follows it. */
static int
check_seal(const struct message_file *e, off_t size, const struct layout *l,
    struct error *err)
{
	char digest[SHA256_TEXT], found[256];
	struct buffer wanted = {0};
	off_t sealed = l->content + l->size + 2;
	char *length = xasprintf("%lld:", (long long)l->size);
	size_t n = strlen(length);
	int result = read_at(e->fd, found, n, l->content - (off_t)n, err);

	if (result == 0 && memcmp(found, length, n) != 0)
		result = damaged(err, "two sizes of the content");
	free(length);
	if (result != 0 || digest_file(e->fd, sealed, digest, err) != 0)
		return -1;
	buffer_add_string(&wanted, ",\n");
	netstring_add(&wanted, "sha256", digest);
	buffer_add_string(&wanted, ENTRY_END);
	if (size != sealed - 2 + (off_t)wanted.len)
		result = damaged(err, "something is missing or follows");
	else if (read_at(e->fd, found, wanted.len, sealed - 2, err) != 0)
		result = -1;
	else if (memcmp(found, wanted.data, wanted.len) != 0)
		result = damaged(err, "its SHA-256 is another");
	buffer_free(&wanted);
	return result;
}

/* The records of the file, after a look at what kind of file it is. */
static int
begin(struct message_file *e, int fd, off_t *size, struct layout *l,
    struct error *err)
{
	struct stat st;

	memset(e, 0, sizeof(*e));
	e->fd = fd;
	if (fstat(fd, &st) != 0)
		return fail(err, EX_IOERR, "%s", strerror(errno));
	if (!S_ISREG(st.st_mode) || st.st_uid != geteuid() ||
	    st.st_nlink != 1)
		return fail(err, EX_NOPERM, "not one of ours: expected a "
		    "regular file of user %lu with one name",
		    (unsigned long)geteuid());
	*size = st.st_size;
	if (read_head(e, st.st_size, l, err) != 0)
		return -1;
	return l->size <= st.st_size ? 0 : damaged(err, "it ends too soon");
}

int
message_file_read_head(struct message_file *e, int fd, struct error *err)
{
	struct layout l = {0};
	off_t size;

	return begin(e, fd, &size, &l, err);
}

int
message_file_read(struct message_file *e, int fd, struct error *err)
{
	struct spool content = { .place = SPOOL_STDIN, .fd = fd };
	struct layout l = {0};
	off_t size;

	if (begin(e, fd, &size, &l, err) != 0 ||
	    check_seal(e, size, &l, err) != 0)
		return -1;
	content.start = l.content;
	content.size = l.size;
	return message_take(&e->message, &content, err);
}
