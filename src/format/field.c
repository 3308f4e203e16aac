/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "format/field.h"

#include <string.h>

#include "base/ascii.h"
#include "base/xmalloc.h"

/* Octets without the line end. RFC 5322 2.1.1 has 78, RFC 2047 2 has 76 for a
 * line with encoded words. */
#define LINE_WANTED 76
#define LINE_MAX_OCTETS 998

int
field_is_valid(const char *line, size_t len)
{
	size_t i = 0;

	while (i < len && line[i] > ' ' && line[i] < 0x7f && line[i] != ':')
		i++;
	if (i == 0)
		return 0;
	while (i < len && ascii_is_blank(line[i]))
		i++;
	return i < len && line[i] == ':';
}

/* Past the line end of the line at offset, or the end of the block. */
static size_t
next_line(const char *block, size_t len, size_t offset)
{
	const char *end = memchr(block + offset, '\n', len - offset);

	return end != NULL ? (size_t)(end - block) + 1 : len;
}

int
field_next(const char *block, size_t len, size_t *offset, struct field *f)
{
	size_t end;

	if (*offset >= len)
		return 0;
	end = next_line(block, len, *offset);
	if (!field_is_valid(block + *offset, end - *offset))
		return 0;
	f->start = *offset;
	f->body = f->start;
	while (block[f->body] != ':')
		f->body++;
	f->name_len = f->body - f->start;
	while (ascii_is_blank(block[f->start + f->name_len - 1]))
		f->name_len--;
	f->body++;
	while (end < len && ascii_is_blank(block[end]))
		end = next_line(block, len, end);
	f->end = end;
	*offset = end;
	return 1;
}

int
field_is(const char *block, const struct field *f, const char *name)
{
	return ascii_equal_n(block + f->start, f->name_len, name);
}

char *
field_unfold(const char *block, const struct field *f)
{
	char *body = xmalloc(f->end - f->body + 1);
	size_t len = 0;

	for (size_t i = f->body; i < f->end; i++) {
		if (block[i] == '\n' || (len == 0 && ascii_is_blank(block[i])))
			continue;
		body[len++] = block[i];
	}
	while (len > 0 && ascii_is_blank(body[len - 1]))
		len--;
	body[len] = '\0';
	return body;
}

/* strftime is no help: its names follow the locale. */
void
field_add_date(struct buffer *out, time_t when, long east)
{
	static const char days[][4] = {
		"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"
	};
	static const char months[][4] = {
		"Jan", "Feb", "Mar", "Apr", "May", "Jun",
		"Jul", "Aug", "Sep", "Oct", "Nov", "Dec"
	};
	long minutes = (east < 0 ? -east : east) / 60;
	time_t local = when + (time_t)(east < 0 ? -minutes : minutes) * 60;
	struct tm t = {0};

	gmtime_r(&local, &t);
	buffer_addf(out, "%s, %d %s %04d %02d:%02d:%02d %c%02ld%02ld",
	    days[t.tm_wday], t.tm_mday, months[t.tm_mon], t.tm_year + 1900,
	    t.tm_hour, t.tm_min, t.tm_sec, east < 0 ? '-' : '+',
	    minutes / 60, minutes % 60);
}

void
field_add_message_id(struct buffer *out, time_t when,
    const unsigned char random[16], const char *domain)
{
	static const char digits[] = "0123456789abcdefghijklmnopqrstuvwxyz";
	uint64_t seconds = when > 0 ? (uint64_t)when : 0;
	char base36[14]; /* 36^13 > 2^64 */
	size_t at = sizeof(base36) - 1;

	base36[at] = '\0';
	do {
		base36[--at] = digits[seconds % 36];
		seconds /= 36;
	} while (seconds > 0);
	buffer_addf(out, "<%s.", base36 + at);
	for (size_t i = 0; i < 16; i++)
		buffer_addf(out, "%02x", random[i]);
	buffer_addf(out, "@%s>", domain);
}

enum quotes { QUOTES_BREAK, QUOTES_KEEP };

/* A place in a body that is being folded. */
struct fold_place {
	const char *at;
	int quoted; /* inside a quoted string */
};

/*
 * Moves past the blanks at p and the word that follows: up to the next
 * blank where a line may break. The place is left alone if the word, blanks
 * not counted, is longer than max. Returns its length.
 */
static size_t
next_word(struct fold_place *p, enum quotes quotes, size_t max)
{
	struct fold_place end = *p;
	const char *word;

	while (ascii_is_blank(*end.at))
		end.at++;
	word = end.at;
	while (*end.at != '\0') {
		if (ascii_is_blank(*end.at) &&
		    !(end.quoted && quotes == QUOTES_KEEP))
			break;
		if (*end.at == '"')
			end.quoted = !end.quoted;
		else if (*end.at == '\\' && end.quoted && end.at[1] != '\0')
			end.at++;
		end.at++;
		if ((size_t)(end.at - word) > max)
			return max + 1;
	}
	*p = end;
	return (size_t)(end.at - word);
}

/* Appends a blank run of that length and the word, on a new line if need be. */
static void
add_word(struct buffer *out, size_t *column, const char *text, size_t blanks,
    size_t word)
{
	if (blanks > 1 && blanks + word > LINE_WANTED) {
		text += blanks - 1; /* one blank is as good as a line of them */
		blanks = 1;
	}
	if (*column + blanks + word > LINE_WANTED) {
		buffer_add_char(out, '\n');
		*column = 0;
	}
	*column += blanks + word;
	buffer_add(out, text, blanks + word);
}

/*
 * The first word stays beside the name unless a line of its own makes it fit:
 * not every reader knows fields that begin with an empty line.
 */
static void
add_first_word(struct buffer *out, size_t *column, const char *text,
    size_t word)
{
	buffer_add_char(out, ' ');
	if (*column + 1 + word > LINE_WANTED && (word < LINE_WANTED ||
	    *column + 1 + word > LINE_MAX_OCTETS)) {
		out->data[out->len - 1] = '\n';
		buffer_add_char(out, ' ');
		*column = 0;
	}
	*column += 1 + word;
	buffer_add(out, text, word);
}

int
field_add_folded(struct buffer *out, const char *name, const char *body)
{
	struct fold_place p = { body + strspn(body, " \t"), 0 };
	size_t before = out->len;
	size_t column = strlen(name) + 1;
	const char *first = p.at;

	if (strpbrk(body, "\r\n") != NULL || column > LINE_MAX_OCTETS)
		return -1;
	buffer_addf(out, "%s:", name);
	while (*p.at != '\0') {
		const char *text = p.at;
		size_t word = next_word(&p, QUOTES_KEEP, LINE_WANTED - 1);

		if (word >= LINE_WANTED)
			word = next_word(&p, QUOTES_BREAK, LINE_MAX_OCTETS - 1);
		if (word >= LINE_MAX_OCTETS) {
			out->len = before;
			return -1;
		}
		if (text == first)
			add_first_word(out, &column, text, word);
		else if (word > 0)
			add_word(out, &column, text,
			    (size_t)(p.at - text) - word, word);
	}
	buffer_add_char(out, '\n');
	return 0;
}
