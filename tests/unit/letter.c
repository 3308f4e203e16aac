/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "unit.h"

#include "letter.h"

void
letter_take(struct message *m, const char *text, size_t len)
{
	struct spool spool = {0};
	struct error err = {0};

	assert_int_equal(spool_add(&spool, text, len, &err), 0);
	assert_int_equal(message_take(m, &spool, &err), 0);
}

char *
letter_header(const struct message *m)
{
	struct buffer out = {0};

	buffer_add(&out, m->added.data, m->added.len);
	for (size_t i = 0; i < m->nfields; i++) {
		const struct message_field *f = &m->fields[i];

		if (f->removed)
			continue;
		if (f->text != NULL)
			buffer_add_string(&out, f->text);
		else
			buffer_add(&out, m->header.data + f->at.start,
			    f->at.end - f->at.start);
	}
	return buffer_string(&out);
}
