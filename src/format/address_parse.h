/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What address lists are made of: RFC 5322 3.2 tokens, CFWS skipped. */
#ifndef ONEHOP_FORMAT_ADDRESS_PARSE_H
#define ONEHOP_FORMAT_ADDRESS_PARSE_H

#include <stddef.h>

#include "base/buffer.h"
#include "base/error.h"

/* What is not here is a token of its own: one of <>,:;@. */
enum token_kind {
	ATOM = 'a',   /* may hold what no addr-spec may: \ and controls */
	QUOTED = '"', /* with its quotes */
	LITERAL = '[',
	END = 'z'
};

struct token {
	char kind;
	size_t start;   /* octets [start, end) of the text */
	size_t end;
};

struct scanner {
	const char *text; /* no NUL in it */
	size_t len;
	size_t at;        /* the next octet */
	size_t element;   /* where the element of the list begins */
	struct error *err;
};

/* Tokens between two separators: an addr-spec or a phrase. */
struct token_run {
	size_t start;
	size_t end;     /* 0 if there are none */
	int has_at;
};

/* Sets an error that shows the element and says why it is no address. -1 */
int scanner_refuse(const struct scanner *s, const char *why);

/* Two words side by side: taking either would lose the other. Error, -1. */
int scanner_refuse_neighbour(const struct scanner *s, const struct token *t);

/* The next token, END for ever at the end. 0, or -1 with the error set. */
int token_next(struct scanner *s, struct token *t);

/* Appends what the token stands for, without quotes and folding. */
void token_add(struct buffer *out, const struct scanner *s,
	const struct token *t);

/* The tokens up to a separator, < > , : ; or the end, and that. 0 or -1. */
int run_next(struct scanner *s, struct token_run *r, struct token *separator);

/* A scanner of the run's tokens alone. */
struct scanner scanner_of_run(const struct scanner *s,
	const struct token_run *r);

#endif
