/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A directory of messages that could not be sent yet. It survives a crash and
 * a loss of power at any moment.
 *
 *	new/ID       messages to be sent
 *	failed/ID    messages given up, kept for their user
 *	journal/ID   what happened to each (journal.h)
 *	lock         held by the run that sends or moves messages; never removed
 */
#ifndef ONEHOP_OUTBOX_OUTBOX_H
#define ONEHOP_OUTBOX_OUTBOX_H

#include <stdint.h>

#include "base/error.h"
#include "base/string_list.h"
#include "config/account.h"
#include "outbox/journal.h"
#include "outbox/message_file.h"

/* "20261123T125500Z-" and 16 hexadecimal digits, and the NUL. */
#define OUTBOX_ID 34

enum outbox_access {
	OUTBOX_READ,    /* nothing is made or changed; no lock can be taken */
	OUTBOX_WRITE
};

enum outbox_place { OUTBOX_NEW, OUTBOX_FAILED, OUTBOX_JOURNAL };
#define OUTBOX_PLACES 3

struct outbox {
	char *path;                 /* owned; NULL while closed */
	int places[OUTBOX_PLACES];  /* the directories; -1: missing */
	int lock;                   /* -1: not held */
};

/* Returns the path of the account's outbox, owned; NULL if it has none. */
char *outbox_path(const struct account *a);

/* Returns whether the account's messages are queued before they are sent. */
int outbox_is_first(const struct account *a);

/*
 * Opens the outbox. To write, a directory that is missing is made with mode
 * 0700, and one of this user's that is open to others is made private: then
 * err holds a hint that says so. Returns 0 on success, -1 with err set:
 * EX_CANTCREAT another user can write to it, EX_CONFIG this user may not read
 * it, EX_TEMPFAIL it cannot be made or opened. Call outbox_close in either
 * case. The functions below fail with EX_TEMPFAIL.
 */
int outbox_open(struct outbox *o, const char *path, enum outbox_access access,
	struct error *err);

/* Returns whether the directory exists, or may exist. */
int outbox_exists(const char *path);

void outbox_close(struct outbox *o);

/* Fails with EX_TEMPFAIL and the text of errno: "cannot WHAT PATH". */
int outbox_cannot(struct error *err, const char *what, const char *path);

/*
 * Adds a message to new or failed and sets its id. Returns 0 when the message
 * is on the disk; -1 if it is not in the outbox.
 */
int outbox_add(const struct outbox *o, enum outbox_place place,
	const struct message_file *m, enum message_file_part part,
	char id[OUTBOX_ID], struct error *err);

/* Takes the lock. Returns 1, 0 if another run holds it until the deadline, or
 * -1. */
int outbox_lock(struct outbox *o, int64_t deadline, struct error *err);

/* Returns whether a message waits there. */
int outbox_is_used(const struct outbox *o, enum outbox_place place);

/* Lists the IDs of the messages there, oldest first. Returns 0 or -1. */
int outbox_list(const struct outbox *o, enum outbox_place place,
	struct string_list *ids, struct error *err);

/* Opens a message for reading. Returns a descriptor or -1. */
int outbox_open_message(const struct outbox *o, enum outbox_place place,
	const char *id, struct error *err);

/* The size of a message's file in octets; 0 if it is gone. */
uint64_t outbox_message_size(const struct outbox *o, enum outbox_place place,
	const char *id);

/* Reads the journal of a message; a missing one is empty. Returns 0 or -1.
 * Call journal_state_free in either case. */
int outbox_read_journal(const struct outbox *o, const char *id,
	struct journal_state *state, struct error *err);

/* Opens the journal of a message for writing; makes it if it is missing.
 * Returns 0 or -1. */
int outbox_open_journal(const struct outbox *o, const char *id,
	struct journal *j, struct error *err);

/* Waits until the disk has the names of that directory. Returns 0 or -1. */
int outbox_sync(const struct outbox *o, enum outbox_place place,
	struct error *err);

/* Moves a message between new and failed, durably. Returns 0 or -1. */
int outbox_move(const struct outbox *o, const char *id,
	enum outbox_place from, enum outbox_place to, struct error *err);

/* Removes a message and its journal, durably. Returns 0 or -1. */
int outbox_remove(const struct outbox *o, enum outbox_place place,
	const char *id, struct error *err);

/* Removes a message alone. After outbox_sync of its place, its journal is
 * swept. Returns 0 or -1. */
int outbox_unlink(const struct outbox *o, enum outbox_place place,
	const char *id, struct error *err);

/* Notes that the user has looked at the messages given up. */
void outbox_look(const struct outbox *o);

/* Lists the messages given up since the user has looked. Returns 0 or -1. */
int outbox_list_unseen(const struct outbox *o, struct string_list *ids,
	struct error *err);

/* Removes what killed runs left, and the journals of messages that are gone.
 * Needs the lock. */
void outbox_sweep(const struct outbox *o);

#endif
