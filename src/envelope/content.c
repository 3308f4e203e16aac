/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "envelope/content.h"

#include <stdlib.h>
#include <string.h>

#include "base/string_list.h"
#include "base/xmalloc.h"
#include "format/mime_header.h"

/* Octets of a line that are looked at; a boundary fits. */
#define LINE_KEPT ((size_t)512)

/* Maximum size of the header of a part, octets; the rest is ignored. */
#define PART_HEADER_MAX ((size_t)1 << 16)

/* Maximum number of multiparts whose parts are looked at. */
#define MULTIPARTS_MAX 100

/* A walk through the parts. */
struct part_walk {
	struct string_list boundaries; /* of the multiparts so far */
	struct buffer header;          /* of the part, while in_header */
	struct buffer line;            /* the beginning of the line */
	int is_all;                    /* all octets are data, in no part */
	int in_header;
	int is_data;                   /* the part's octets are data */
	int is_cr;                     /* the last octet of data was a CR */
};

/* Returns whether the octets have a NUL, or a CR that no LF follows. *is_cr
 * says whether the octet before them was a CR, and then whether the last is. */
static int
has_data(const char *data, size_t n, int *is_cr)
{
	const char *end = data + n;

	if (memchr(data, '\0', n) != NULL || (*is_cr && data[0] != '\n'))
		return 1;
	*is_cr = end[-1] == '\r';
	while ((data = memchr(data, '\r', (size_t)(end - data))) != NULL)
		if (++data == end)
			break;
		else if (*data != '\n')
			return 1;
	return 0;
}

/* Takes over what a header says about the octets that follow it. */
static void
enter_part(struct part_walk *w, const struct buffer *header)
{
	struct mime_header mime;

	mime_header_read(&mime, header->data, header->len);
	w->in_header = mime.kind == ENTITY_MESSAGE;
	w->is_data = mime.kind == ENTITY_LEAF && mime.is_binary &&
	    !mime.is_text;
	w->is_cr = 0;
	if (mime.kind == ENTITY_MULTIPART && w->boundaries.n < MULTIPARTS_MAX)
		string_list_add(&w->boundaries, xstrdup(mime.boundary));
	buffer_clear(&w->header);
}

static int
is_boundary(const struct part_walk *w, const char *line)
{
	if (strncmp(line, "--", 2) != 0)
		return 0;
	for (size_t i = 0; i < w->boundaries.n; i++)
		if (strncmp(line + 2, w->boundaries.at[i],
		    strlen(w->boundaries.at[i])) == 0)
			return 1;
	return 0;
}

/* Takes the line that has ended. */
static void
end_line(struct part_walk *w)
{
	const char *line = buffer_string(&w->line);

	if (is_boundary(w, line)) {
		w->in_header = 1;
		w->is_data = w->is_cr = 0;
		buffer_clear(&w->header);
	} else if (w->in_header && line[strspn(line, "\r\n")] == '\0') {
		enter_part(w, &w->header);
	} else if (w->in_header && w->header.len < PART_HEADER_MAX) {
		buffer_add(&w->header, line, strcspn(line, "\r\n"));
		buffer_add_char(&w->header, '\n');
	}
	buffer_clear(&w->line);
}

/* Returns whether a binary part has data in these octets of the body. */
static int
walk_block(struct part_walk *w, const char *data, size_t n)
{
	const char *end = data + n;

	while (data < end) {
		const char *lf = memchr(data, '\n', (size_t)(end - data));
		size_t len = (size_t)((lf != NULL ? lf + 1 : end) - data);
		size_t room = LINE_KEPT - w->line.len;

		if (w->is_data && has_data(data, len, &w->is_cr))
			return 1;
		buffer_add(&w->line, data, len < room ? len : room);
		if (lf != NULL)
			end_line(w);
		data += len;
	}
	return 0;
}

/* Looks through the body, with every octet as data or from part to part.
 * Returns 1 if it has data, 0 if not, -1 with err set. */
static int
body_has_data(const struct message *m, struct part_walk *w, struct error *err)
{
	char *block = xmalloc(SPOOL_BLOCK);
	off_t at = m->body;
	int found = 0;

	while (found == 0 && at < m->body_end) {
		const char *data;
		ssize_t n = spool_block(&m->spool, at, block, &data, err);

		if (n > m->body_end - at)
			n = (ssize_t)(m->body_end - at);
		found = n <= 0 ? -1 : w->is_all
		    ? has_data(data, (size_t)n, &w->is_cr)
		    : walk_block(w, data, (size_t)n);
		at += n;
	}
	free(block);
	return found == 0 ? w->is_cr : found;
}

/* Looks through the parts. */
static int
part_has_data(const struct message *m, struct error *err)
{
	struct part_walk w = {0};
	int found;

	enter_part(&w, &m->header);
	found = body_has_data(m, &w, err);
	string_list_free(&w.boundaries);
	buffer_free(&w.header);
	buffer_free(&w.line);
	return found;
}

int
content_check(const struct message *m, struct error *err)
{
	struct part_walk all = { .is_all = 1 };
	struct mime_header mime;
	int found;

	mime_header_read(&mime, m->header.data, m->header.len);
	if (mime.kind == ENTITY_LEAF && (!mime.is_binary || mime.is_text))
		return 0;
	found = body_has_data(m, &all, err); /* hardly ever, and fast */
	if (found > 0)
		found = part_has_data(m, err);
	if (found <= 0)
		return found;
	fail(err, EX_DATAERR, "a part is declared \"Content-Transfer-Encoding: "
	    "binary\" and has a NUL or a CR without LF, which SMTP does not "
	    "carry");
	return hint(err, "encode the part as base64");
}
