/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fuzz.h"

#include <string.h>

#include "base/ascii.h"
#include "format/address_parse.h"

static int
is_clean(const char *s)
{
	for (; *s != '\0'; s++)
		if (ascii_is_control(*s))
			return 0;
	return 1;
}

/* The one address that text must be. */
static struct address_list
parse_one(struct buffer *text)
{
	struct address_list list = {0};
	struct error err = {0};

	require(address_list_parse(&list, buffer_string(text), text->len,
	    &err) == 0 && list.n == 1, "what is written is one address");
	return list;
}

static void
check_path(const struct address *a)
{
	struct address_list again;
	struct error err = {0};
	struct buffer path = {0};

	address_add_path(&path, a);
	again = parse_one(&path);
	require(address_equal(a, again.at), "a path is read as written");
	require(again.at->start == 0 && again.at->end == path.len,
	    "the span of a path is all of it");
	if (address_check_path(a, &err) == 0) {
		require(is_clean(buffer_string(&path)), "a path is clean");
		require(strpbrk(path.data, "<>") == NULL,
		    "nothing ends the path early");
	}
	address_list_free(&again);
	buffer_free(&path);
}

static void
check_mailbox(const struct address *a)
{
	struct address_list again;
	struct buffer path = {0};
	struct buffer mailbox = {0};

	address_add_path(&path, a);
	address_add_mailbox(&mailbox, a->name, buffer_string(&path));
	again = parse_one(&mailbox);
	require(address_equal(a, again.at), "a mailbox is read as written");
	require((a->name == NULL) == (again.at->name == NULL),
	    "a name stays, and none comes from nowhere");
	require(is_clean(buffer_string(&mailbox)), "a mailbox is clean");
	address_list_free(&again);
	buffer_free(&mailbox);
	buffer_free(&path);
}

/* Qualifies bare names where they stand, as is done with header fields. */
static void
check_spans(const struct address_list *list, const char *text, size_t len)
{
	struct address_list again = {0};
	struct error err = {0};
	struct buffer qualified = {0};
	char domain[] = "d.test";
	size_t at = 0;

	for (size_t i = 0; i < list->n; i++) {
		const struct address *a = &list->at[i];

		require(at <= a->start && a->start < a->end && a->end <= len,
		    "spans follow each other inside the text");
		buffer_add(&qualified, text + at, a->end - at);
		if (a->domain == NULL)
			buffer_add_string(&qualified, "@d.test");
		at = a->end;
	}
	buffer_add(&qualified, text + at, len - at);
	require(address_list_parse(&again, buffer_string(&qualified),
	    qualified.len, &err) == 0, "a qualified list is a list");
	require(again.n == list->n, "qualifying adds and loses nobody");
	for (size_t i = 0; i < list->n; i++) {
		struct address expected = list->at[i];

		if (expected.domain == NULL)
			expected.domain = domain;
		require(address_equal(&expected, &again.at[i]),
		    "qualifying changes bare names alone");
	}
	address_list_free(&again);
	buffer_free(&qualified);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct address_list list = {0};
	struct error err = {0};
	const char *text = (const char *)data;

	if (address_list_parse(&list, text, size, &err) < 0) {
		require(err.code == EX_DATAERR && is_clean(err.text),
		    "a refusal is a clean sentence");
		require(list.n == 0, "a refused list adds nobody");
	} else if (size > 0) {
		check_spans(&list, text, size);
	}
	for (size_t i = 0; i < list.n; i++) {
		const struct address *a = &list.at[i];

		require(is_clean(a->local) && *a->local != '\0',
		    "a local part is clean");
		require(a->domain == NULL || is_clean(a->domain),
		    "a domain is clean");
		require(a->name == NULL || is_clean(a->name),
		    "a name is clean");
		check_path(a);
		check_mailbox(a);
	}
	address_list_free(&list);
	return 0;
}
