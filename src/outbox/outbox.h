/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A directory of messages that could not be handed over yet. What is in it
 * survives a crash at any moment, and a loss of power.
 *
 *	new/ID       entries to be sent
 *	failed/ID    entries given up, for their user to see to
 *	journal/ID   what became of their tries (history.h)
 *	lock         held by whoever sends or moves them; never removed
 */
#ifndef ONEHOP_OUTBOX_OUTBOX_H
#define ONEHOP_OUTBOX_OUTBOX_H

#include <stdint.h>

#include "base/error.h"
#include "base/string_list.h"
#include "config/account.h"
#include "outbox/history.h"
#include "outbox/journal.h"
#include "outbox/message_file.h"

/* "20261123T125500Z-" and 16 hexadecimal digits, and the NUL. */
#define OUTBOX_ID 34

enum outbox_place { OUTBOX_NEW, OUTBOX_FAILED, OUTBOX_JOURNAL };
#define OUTBOX_PLACES 3

struct outbox {
	char *path;                 /* owned; NULL while closed */
	int places[OUTBOX_PLACES];  /* the directories */
	int lock;                   /* -1: not held */
};

/* The account's outbox: a path, owned; NULL if it has none. */
char *outbox_path(const struct account *a);

/*
 * Opens the outbox, made with mode 0700 where it is missing. 0; -1:
 * EX_CANTCREAT it is not private, EX_TEMPFAIL it cannot be made or opened.
 * outbox_close in either case. All that follows fails with EX_TEMPFAIL.
 */
int outbox_open(struct outbox *o, const char *path, struct error *err);

/* Is there an outbox at all? */
int outbox_exists(const char *path);

void outbox_close(struct outbox *o);

/* Fails with what errno says cannot be done with a path or message of an
 * outbox. -1 EX_TEMPFAIL. */
int outbox_cannot(struct error *err, const char *what, const char *path);

/*
 * Adds a message to new or failed: 0, and the disk has it, under id; -1,
 * and it is not in the outbox.
 */
int outbox_add(const struct outbox *o, enum outbox_place place,
	const struct message_file *e, enum message_file_part part,
	    char id[OUTBOX_ID],
	struct error *err);

/* Puts a message in the place of the new one of that name: at any moment
 * there is one of them. 0 or -1. */
int outbox_replace(const struct outbox *o, const char *id,
	const struct message_file *e, enum message_file_part part,
	    struct error *err);

/* Has it room for a message of that many octets? 0; -1 there are
 * too many, or together they are too large. */
int outbox_check_room(const struct outbox *o, const struct account *limits,
	uint64_t octets, struct error *err);

/* Takes the lock: 1, or 0 if another holds it until the deadline; -1. */
int outbox_lock(struct outbox *o, int64_t deadline, struct error *err);

/* The names of the messages there, oldest first. 0 or -1. */
int outbox_list(const struct outbox *o, enum outbox_place place,
	struct string_list *ids, struct error *err);

/* Opens a message to be read; -1. */
int outbox_open_entry(const struct outbox *o, enum outbox_place place,
	const char *id, struct error *err);

/* Size of a message's file in octets; 0 if it is gone. */
uint64_t outbox_entry_size(const struct outbox *o, enum outbox_place place,
	const char *id);

/* What became of it so far. 0 or -1. */
int outbox_history(const struct outbox *o, const char *id,
	struct history *h, struct error *err);

/* Opens its journal, made if it is missing, to be closed by the caller. 0 or
 * -1. */
int outbox_open_journal(const struct outbox *o, const char *id,
	struct journal *j, struct error *err);

/* Moves it between new and failed; durable. 0 or -1. */
int outbox_move(const struct outbox *o, const char *id,
	enum outbox_place from, enum outbox_place to, struct error *err);

/* Removes it, journal and all; durable. 0 or -1. */
int outbox_remove(const struct outbox *o, enum outbox_place place,
	const char *id, struct error *err);

/* Removes what killed programs left behind; with the lock only. */
void outbox_sweep(const struct outbox *o);

#endif
