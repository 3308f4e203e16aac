/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "message/header.h"

#include <stdlib.h>
#include <string.h>

#include "base/ascii.h"
#include "base/xmalloc.h"
#include "format/field.h"

/* The progress of the reader. */
struct header_search {
	struct header *head;
	int dots;
	size_t line;     /* start of the current line in head->text */
	off_t at;        /* its start in the spool */
	off_t next;      /* the position after its line end there */
	int is_text;     /* the first line may be text that begins with "From ",
	                    not a line of a mailbox */
};

enum header_progress { FAILED = -1, SEARCH_MORE, SEARCH_DONE };

enum line_kind { LINE_FIELD, LINE_MBOX, LINE_BLANK, LINE_DOT, LINE_BODY };

/*
 * Converts the current line to the form that the body will get: no CR before
 * the line end, a blank for any other CR. Makes a NUL printable, so that the
 * line shows its intended content. Returns whether there was a NUL.
 */
static int
tidy_line(struct header_search *s)
{
	struct buffer *header = &s->head->text;
	char *p = header->data + s->line;
	char *end = header->data + header->len;
	int nul = 0;

	while (end > p && end[-1] == '\r')
		end--;
	header->len = (size_t)(end - header->data);
	for (char *c = p; c < end; c++) {
		if (*c == '\r')
			*c = ' ';
		if (*c == '\0') {
			*c = '?';
			nul = 1;
		}
	}
	return nul;
}

static int
begins(const char *text, size_t len, const char *prefix)
{
	size_t n = strlen(prefix);

	return len >= n && memcmp(text, prefix, n) == 0;
}

/* Returns whether the line has a time of day, as those of mailboxes do. */
static int
has_time(const char *text, size_t len)
{
	for (size_t i = 0; i + 5 <= len; i++)
		if (ascii_is_digit(text[i]) && ascii_is_digit(text[i + 1]) &&
		    text[i + 2] == ':' && ascii_is_digit(text[i + 3]) &&
		    ascii_is_digit(text[i + 4]))
			return 1;
	return 0;
}

static enum line_kind
classify(const struct header_search *s)
{
	const char *text = s->head->text.data + s->line;
	size_t len = s->head->text.len - s->line;

	if (len == 0)
		return LINE_BLANK;
	if (s->dots && len == 1 && text[0] == '.')
		return LINE_DOT;
	if (s->line == 0 &&
	    (begins(text, len, "From ") || begins(text, len, ">From ")) &&
	    !field_is_valid(text, len))
		return LINE_MBOX;
	if (s->line > 0 && ascii_is_blank(text[0]))
		return LINE_FIELD;
	return field_is_valid(text, len) ? LINE_FIELD : LINE_BODY;
}

/* Ends the header. The body begins at offset, or at the start if there was no
 * field and the first line is text. */
static enum header_progress
end_header(struct header_search *s, off_t offset)
{
	if (s->is_text && s->line == 0) {
		s->head->lines = 0;
		offset = 0;
	}
	s->head->body = offset;
	s->head->text.len = s->line;
	return SEARCH_DONE;
}

static void
take_field_line(struct header_search *s)
{
	uint64_t len = s->head->text.len - s->line;

	if (len > s->head->longest_line) {
		s->head->longest_line = len;
		s->head->longest_line_number = s->head->lines + 1;
	}
	buffer_add_char(&s->head->text, '\n');
	s->line = s->head->text.len;
}

/* Processes the current line, which is complete, or as long as a header may
 * be. */
static enum header_progress
end_line(struct header_search *s, struct error *err)
{
	int too_large = s->head->text.len > HEAD_MAX;
	int nul = tidy_line(s);
	enum line_kind kind = classify(s);

	if (nul && (kind == LINE_FIELD || s->line > 0))
		return fail(err, EX_DATAERR,
		    "line %llu of the message: NUL in the header",
		    (unsigned long long)s->head->lines + 1);
	if (too_large && kind != LINE_BODY)
		return fail(err, EX_DATAERR,
		    "the header of the message is larger than %zu octets",
		    HEAD_MAX);
	if (kind == LINE_BODY)
		return end_header(s, s->at);
	if (kind == LINE_DOT) {
		s->head->ended = 1;
		s->head->next = s->next;
		return end_header(s, s->at);
	}
	if (kind == LINE_MBOX && s->at == 0)
		s->is_text = !has_time(s->head->text.data,
		    s->head->text.len);
	if (kind == LINE_FIELD)
		take_field_line(s);
	s->head->text.len = s->line;
	s->at = s->next;
	s->head->lines++;
	return kind == LINE_BLANK ? end_header(s, s->next) : SEARCH_MORE;
}

static enum header_progress
take_block(struct header_search *s, const char *data, size_t n,
    struct error *err)
{
	const char *end = data + n;
	enum header_progress state = SEARCH_MORE;

	while (state == SEARCH_MORE && data < end) {
		const char *lf = memchr(data, '\n', (size_t)(end - data));
		const char *stop = lf != NULL ? lf : end;

		buffer_add(&s->head->text, data, (size_t)(stop - data));
		s->next += stop - data + (lf != NULL);
		data = lf != NULL ? lf + 1 : end;
		if (lf != NULL || s->head->text.len > HEAD_MAX)
			state = end_line(s, err);
	}
	return state;
}

int
header_read(struct header *head, struct spool *spool, int dots,
    struct error *err)
{
	struct header_search s = { .head = head, .dots = dots };
	enum header_progress state = SEARCH_MORE;
	char *block = xmalloc(SPOOL_BLOCK);
	const char *data;
	ssize_t n = 0;

	memset(head, 0, sizeof(*head));
	buffer_string(&head->text); /* data is not NULL from here on */
	while (state == SEARCH_MORE &&
	    (n = spool_next(spool, s.next, block, &data, err)) > 0)
		state = take_block(&s, data, (size_t)n, err);
	if (state == SEARCH_MORE && n == 0)
		state = end_line(&s, err);
	if (state == SEARCH_MORE && n == 0)
		state = end_header(&s, s.next);
	free(block);
	if (state == SEARCH_DONE)
		return 0;
	buffer_free(&head->text);
	return -1;
}
