/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "unit.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/xmalloc.h"
#include "queue.h"

void
queue_open(struct outbox *o, char directory[QUEUE_PATH])
{
	struct error err = {0};

	strcpy(directory, "/tmp/outbox.XXXXXX");
	assert_non_null(mkdtemp(directory));
	assert_int_equal(outbox_open(o, directory, OUTBOX_WRITE, &err), 0);
}

int
queue_close(struct outbox *o, const char *directory)
{
	outbox_close(o);
	return remove_tree(directory);
}

void
queue_append(int directory, const char *name, const char *text)
{
	int fd = openat(directory, name, O_WRONLY | O_CREAT | O_APPEND, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

void
queue_address(struct envelope *e, const int *codes, size_t n)
{
	e->sender = xstrdup("me@x");
	e->to = xcalloc(n, sizeof(e->to[0]));
	while (e->n < n && codes[e->n] != 0) {
		struct recipient *to = &e->to[e->n];
		int code = codes[e->n];

		to->path = xasprintf("r%zu@x", e->n++);
		if (code == 1)
			continue;
		to->reply.code = code;
		to->reply.lines = 1;
		snprintf(to->reply.text, sizeof(to->reply.text), "%d for %s",
		    code, to->path);
	}
}
