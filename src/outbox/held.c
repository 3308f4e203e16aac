/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "outbox/held.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/ascii.h"
#include "base/buffer.h"
#include "base/write_all.h"
#include "base/xmalloc.h"
#include "tls/sha256.h"

#define NAME "held"
#define FILE_MAX ((size_t)256 << 10)

void
held_key(char key[HELD_KEY], const struct selection *origin)
{
	char digits[SHA256_TEXT] = "";
	struct sha256 digest;
	struct buffer text = {0};

	buffer_addf(&text, "%s\n%s\n",
	    origin->account != NULL ? origin->account : "",
	    origin->config != NULL ? origin->config : "");
	for (size_t i = 0; i < origin->noverrides; i++)
		buffer_addf(&text, "%s=%s\n", origin->overrides[i].key,
		    origin->overrides[i].value);
	if (origin->is_own)
		buffer_add_string(&text, "own\n");
	sha256_begin(&digest);
	sha256_add(&digest, text.data, text.len);
	(void)sha256_end(&digest, digits);
	snprintf(key, HELD_KEY, "%.16s", digits);
	buffer_free(&text);
}

/* Cuts the next word off the line. */
static char *
next_word(char **line)
{
	char *word = *line, *space = strchr(word, ' ');

	*line = space != NULL ? space + 1 : word + strlen(word);
	if (space != NULL)
		*space = '\0';
	return word;
}

static int64_t
next_number(char **line)
{
	const char *word = next_word(line);
	uint64_t number;

	return ascii_number(word, strlen(word), 0, INT64_MAX / 2,
	    &number) == 0 ? (int64_t)number : -1;
}

static void
read_line(struct held *h, char *line)
{
	struct held_site site = {0};

	if (strcmp(next_word(&line), NAME) != 0)
		return;
	site.since = next_number(&line);
	site.due = next_number(&line);
	snprintf(site.key, sizeof(site.key), "%s", next_word(&line));
	site.code = (int)next_number(&line);
	snprintf(site.text, sizeof(site.text), "%s", line);
	if (site.since >= 0 && site.due >= 0 && site.code > 0 &&
	    site.text[0] != '\0')
		held_add(h, &site);
}

void
held_read(struct held *h, const struct outbox *o)
{
	struct string_list lines = {0};
	int fd = openat(o->places[OUTBOX_JOURNAL], NAME, O_RDONLY |
	    O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

	memset(h, 0, sizeof(*h));
	if (fd < 0)
		return;
	string_list_read(&lines, fd, FILE_MAX);
	close(fd);
	for (size_t i = 0; i < lines.n; i++)
		read_line(h, lines.at[i]);
	string_list_free(&lines);
}

const struct held_site *
held_find(const struct held *h, const char *key)
{
	for (size_t i = 0; i < h->n; i++)
		if (strcmp(h->at[i].key, key) == 0)
			return &h->at[i];
	return NULL;
}

void
held_add(struct held *h, const struct held_site *site)
{
	h->at = xgrow(h->at, h->n, sizeof(h->at[0]));
	h->at[h->n++] = *site;
}

void
held_write(const struct held *h, const struct outbox *o)
{
	int directory = o->places[OUTBOX_JOURNAL];
	struct buffer text = {0};
	int fd;

	if (h->n == 0) {
		unlinkat(directory, NAME, 0);
		return;
	}
	for (size_t i = 0; i < h->n; i++)
		buffer_addf(&text, "%s %lld %lld %s %d %s\n", NAME,
		    (long long)h->at[i].since, (long long)h->at[i].due,
		    h->at[i].key, h->at[i].code, h->at[i].text);
	fd = openat(directory, NAME, O_WRONLY | O_CREAT | O_TRUNC |
	    O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd >= 0) {
		/* a lost or incomplete file costs a try, but no message */
		(void)fchmod(fd, 0600);
		(void)write_all(fd, text.data, text.len);
		close(fd);
	}
	buffer_free(&text);
}

void
held_free(struct held *h)
{
	free(h->at);
	memset(h, 0, sizeof(*h));
}
