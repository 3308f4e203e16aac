/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The wire form of a text: every line ended by CRLF, no CR or LF elsewhere
 * (RFC 5321 2.3.8), dots as wanted. One state machine both measures and
 * converts, so that a size that was promised is the size that is sent. Pure.
 */
#ifndef ONEHOP_FORMAT_WIRE_FORMAT_H
#define ONEHOP_FORMAT_WIRE_FORMAT_H

#include <stddef.h>
#include <stdint.h>

/* Octets of a line without its end: RFC 5321 4.5.3.1.6. */
#define WIREFORM_LINE_MAX 998

/* {0} but for the choices is the beginning of a text. */
struct wire_format {
	int dots;          /* choice: "." ends the text, ".." starts a "." */
	int stuff;         /* choice: double the dot that starts a line */
	int line_begun;    /* an octet of this line has been seen */
	int dot_held;      /* a dot at the line's start, meaning unknown */
	int ended;         /* by a line ".": the rest is not looked at */
	uint64_t returns;  /* CRs held back: line end or blanks? */
	uint64_t taken;    /* octets read */
	uint64_t dot_at;   /* where the last held dot stood */
	uint64_t size;     /* octets of wire form, stuffing not counted */
	uint64_t line;     /* octets of the present line */
	uint64_t lines;    /* lines complete */
	uint64_t longest;  /* octets of the longest line, without its end; 0 if
	                      none has more than WIREFORM_LINE_MAX */
	uint64_t longest_number; /* which it is: 1 is the first */
	int eight_bit;     /* an octet above 127; only measured, see below */
};

/* The room that wire_format_add needs for n octets; wire_format_end needs that
 * for 0. */
size_t wire_format_room(size_t n);

/*
 * Takes the next n octets: LF and any CRs before it end a line, another CR is
 * a blank. Writes their wire form to *out and moves that past it; octets
 * further on, within the room, are lost. Measures only, eight_bit included,
 * if out is NULL. Returns how many it took: fewer than n (perhaps none) when
 * the text ended, or when there was too much to write.
 */
size_t wire_format_add(struct wire_format *w, const char *in, size_t n,
	char **out);

/* The end of the text: ends a last line that lacks its line end. */
void wire_format_end(struct wire_format *w, char **out);

#endif
