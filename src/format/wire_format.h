/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Converts a text to its form on the wire: every line ends in CRLF, no other CR
 * or LF occurs (RFC 5321 2.3.8), and dots are handled as chosen. The same state
 * machine measures and converts, so that the announced size is the size sent.
 * Pure.
 */
#ifndef ONEHOP_FORMAT_WIRE_FORMAT_H
#define ONEHOP_FORMAT_WIRE_FORMAT_H

#include <stddef.h>
#include <stdint.h>

/* Maximum length of a line without its line end: RFC 5321 4.5.3.1.6. */
#define WIREFORM_LINE_MAX 998

/*
 * The state of a conversion. {0}, with the choices set, is the start of a text.
 */
struct wire_format {
	int dots;          /* choice: "." ends the text, leading ".." is "." */
	int stuff;         /* choice: double a dot at the start of a line */
	int line_begun;    /* the line has at least one octet */
	int dot_held;      /* a leading dot, not interpreted yet */
	int ended;         /* by a line ".": the rest is ignored */
	uint64_t returns;  /* CRs held back: a line end or blanks */
	uint64_t taken;    /* octets read */
	uint64_t dot_at;   /* position of the last held dot */
	uint64_t size;     /* octets of the wire form without stuffing */
	uint64_t line;     /* octets of the current line */
	uint64_t lines;    /* complete lines */
	uint64_t longest;  /* octets of the longest line, without its end; 0 if
	                      no line exceeds WIREFORM_LINE_MAX */
	uint64_t longest_number; /* its number, from 1 */
	int eight_bit;     /* has an octet above 127; set when measuring only */
};

/* Returns the space that wire_format_add() needs for n octets; n is 0 for
 * wire_format_end(). */
size_t wire_format_room(size_t n);

/*
 * Takes the next n octets. LF, with any CRs before it, ends a line; any other
 * CR becomes a blank. Writes the wire form to *out and advances *out; the space
 * after it, up to wire_format_room(), may be overwritten. If out is NULL, only
 * measures, including eight_bit. Returns the number of octets taken, which is
 * less than n, possibly 0, if the text ended or the output is full.
 */
size_t wire_format_add(struct wire_format *w, const char *in, size_t n,
	char **out);

/* Ends the text: adds the line end to a last line without one. */
void wire_format_end(struct wire_format *w, char **out);

#endif
