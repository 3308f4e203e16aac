/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "outbox/locate.h"

#include <stdlib.h>
#include <string.h>

#include "base/xdg.h"
#include "config/load.h"
#include "outbox/outbox.h"

/* Adds a path of ours to give away, unless nothing is there or it is known. */
static void
add(struct string_list *paths, char *path)
{
	int known = path == NULL || !outbox_exists(path);

	for (size_t i = 0; i < paths->n && !known; i++)
		known = strcmp(paths->at[i], path) == 0;
	if (known)
		free(path);
	else
		string_list_add(paths, path);
}

/* The outbox that the key's value comes to. */
static void
add_value(struct string_list *paths, const char *home, const char *value)
{
	struct account a;
	struct error ignored = {0};

	account_init(&a, home);
	if (account_set(&a, "outbox", value, &ignored) == 0)
		add(paths, outbox_path(&a));
	account_free(&a);
}

int
locate_outboxes(struct string_list *paths, const struct selection *selection,
    struct error *err)
{
	char *home = xdg_home();
	struct config c = { .home = home };
	struct error ignored = {0};
	struct account a;
	int result;

	add_value(paths, home, "on");
	for (size_t i = 0; i < selection->noverrides; i++)
		if (strcmp(selection->overrides[i].key, "outbox") == 0)
			add_value(paths, home, selection->overrides[i].value);
	result = config_read(&c, selection, err);
	for (size_t i = 0; i < c.n && result == 0; i++) {
		if (config_assemble(&a, &c, &c.sections[i], 0, &ignored) != 0)
			continue;
		add(paths, outbox_path(&a));
		account_free(&a);
	}
	config_free(&c);
	free(home);
	return result;
}
