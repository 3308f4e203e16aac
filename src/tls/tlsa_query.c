/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "tls/tlsa_query.h"

#include <gnutls/dane.h>
#include <stdio.h>
#include <string.h>

#include "base/library.h"
#include "base/xmalloc.h"

/* The functions of the library that are used. */
struct library {
	int (*state_init)(dane_state_t *, unsigned);
	void (*state_deinit)(dane_state_t);
	int (*query_tlsa)(dane_state_t, dane_query_t *, const char *,
	    const char *, unsigned);
	int (*query_data)(dane_query_t, unsigned, unsigned *, unsigned *,
	    unsigned *, gnutls_datum_t *);
	void (*query_deinit)(dane_query_t);
	const char *(*words)(int);
};

/* The library stays loaded: its dependencies have exit handlers. */
static int
load(struct library *library, char *words, size_t size)
{
	const struct library_symbol symbols[] = {
		{ "dane_state_init", &library->state_init },
		{ "dane_state_deinit", &library->state_deinit },
		{ "dane_query_tlsa", &library->query_tlsa },
		{ "dane_query_data", &library->query_data },
		{ "dane_query_deinit", &library->query_deinit },
		{ "dane_strerror", &library->words },
	};
	struct error err = {0};

	if (library_load(DANE_LIBRARY, symbols,
	    sizeof(symbols) / sizeof(symbols[0]), &err) == 0)
		return 1;
	snprintf(words, size, "%.*s", (int)size - 1, err.text);
	return 0;
}

static void
copy_records(struct tlsa_records *records, const struct library *library,
	dane_query_t query)
{
	gnutls_datum_t data;

	for (struct tlsa *t = records->at; records->n < TLSA_MAX &&
	    library->query_data(query, (unsigned)records->n, &t->usage,
	    &t->selector, &t->matching, &data) == 0; t++) {
		t->data = xmalloc(data.size);
		memcpy(t->data, data.data, data.size);
		t->len = data.size;
		records->n++;
	}
}

static enum tlsa_status
status_of(int result)
{
	switch (result) {
	case DANE_E_SUCCESS:
		return TLSA_SECURE;
	case DANE_E_NO_DANE_DATA:
		return TLSA_ABSENT;
	case DANE_E_NO_DNSSEC_SIG:
		return TLSA_UNSIGNED;
	case DANE_E_INVALID_DNSSEC_SIG:
		return TLSA_BOGUS;
	default:
		return TLSA_TROUBLE;
	}
}

void
tlsa_query(struct tlsa_records *records, const char *host, unsigned port)
{
	struct library library;
	dane_state_t state;
	dane_query_t query;
	int result;

	records->status = TLSA_NO_LIBRARY;
	if (!load(&library, records->words, sizeof(records->words)))
		return;
	result = library.state_init(&state, 0);
	if (result == DANE_E_SUCCESS) {
		result = library.query_tlsa(state, &query, host, "tcp", port);
		if (result == DANE_E_SUCCESS) {
			copy_records(records, &library, query);
			library.query_deinit(query);
		}
		library.state_deinit(state);
	}
	records->status = status_of(result);
	snprintf(records->words, sizeof(records->words), "%s",
	    library.words(result));
}
