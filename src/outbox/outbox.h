/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A directory of messages that could not be sent yet. It survives a crash or a
 * power failure at any moment.
 *
 *	new/ID       messages to be sent
 *	failed/ID    messages given up, kept for their user
 *	journal/ID   the journal of each message (journal.h)
 *	looked       IDs of those given up that their user has seen
 *	lock         held while messages are listed, moved by the user, or
 *	             swept; never removed
 *	site-KEY     held by the run that sends the messages of an account
 *
 * The journal of a message is locked while the message is tried or moved.
 */
#ifndef ONEHOP_OUTBOX_OUTBOX_H
#define ONEHOP_OUTBOX_OUTBOX_H

#include <dirent.h>
#include <stdint.h>

#include "base/error.h"
#include "base/string_list.h"
#include "config/account.h"
#include "outbox/journal.h"
#include "outbox/message_file.h"

/* Size of an ID: "20261123T125500Z-", 16 hexadecimal digits, and the NUL. */
#define OUTBOX_ID 34

enum outbox_access {
	OUTBOX_READ,    /* nothing is created or changed; no locking */
	OUTBOX_WRITE
};

enum outbox_place { OUTBOX_NEW, OUTBOX_FAILED, OUTBOX_JOURNAL };
#define OUTBOX_PLACES 3

struct outbox {
	char *path;                 /* owned; NULL while closed */
	int places[OUTBOX_PLACES];  /* descriptors; -1: no directory */
	int lock;                   /* descriptor; -1: not held */
};

/* Returns the path of the account's outbox, with %u expanded, owned; NULL if it
 * has none. */
char *outbox_path(const struct account *a);

/* Returns the path of the outbox that "on" stands for, owned; NULL without a
 * state directory. */
char *outbox_default_path(const char *home);

/* Returns whether the account's messages are queued before they are sent. */
int outbox_is_first(const struct account *a);

/*
 * Opens the outbox. With OUTBOX_WRITE, creates missing directories with mode
 * 0700; makes a directory of this user that others can access private, and then
 * sets a hint in err. Returns 0 on success, -1 with err set: EX_CANTCREAT if
 * another user can write to it, EX_CONFIG if this user may not read it, or with
 * OUTBOX_WRITE if another user can rename it (trusted_file_check_place()),
 * EX_TEMPFAIL if it cannot be created or opened. Call outbox_close() in either
 * case. The functions below fail with EX_TEMPFAIL.
 */
int outbox_open(struct outbox *o, const char *path, enum outbox_access access,
	struct error *err);

/* Returns whether the directory exists; 1 if that cannot be determined. */
int outbox_exists(const char *path);

void outbox_close(struct outbox *o);

/* Sets err to EX_TEMPFAIL, "cannot WHAT PATH" and the text of errno. Returns
 * -1. */
int outbox_cannot(struct error *err, const char *what, const char *path);

/*
 * Adds a message to new or failed and sets id. Returns 0 once the message is on
 * disk or another run sends it, -1 with err set if it is not in the outbox.
 */
int outbox_add(const struct outbox *o, enum outbox_place place,
	const struct message_file *m, enum message_file_part part,
	char id[OUTBOX_ID], struct error *err);

/* Takes the lock. Returns 1 on success, 0 if another run still holds it at the
 * deadline (poll.h), -1 with err set. */
int outbox_lock(const struct outbox *o, int64_t deadline, struct error *err);

void outbox_unlock(const struct outbox *o);

/* A walk over the messages in a place. */
struct outbox_walk {
	DIR *listing;  /* owned; NULL: no directory */
	int error;     /* errno value */
};

/* Begins a walk. Call outbox_walk_end() afterwards. */
void outbox_walk_begin(struct outbox_walk *w, const struct outbox *o,
	enum outbox_place place);

/* Returns the next ID, in no order, valid until the next call; NULL after the
 * last one. */
const char *outbox_walk_next(struct outbox_walk *w);

/* Returns 0 if all messages have been met, -1 with err set. */
int outbox_walk_end(struct outbox_walk *w, const struct outbox *o,
	struct error *err);

/* Returns whether the place contains a message. */
int outbox_is_used(const struct outbox *o, enum outbox_place place);

/* Lists the IDs of the messages in the place, oldest first. Returns 0 on
 * success, -1 with err set. */
int outbox_list(const struct outbox *o, enum outbox_place place,
	struct string_list *ids, struct error *err);

/* Opens a message for reading. Returns a descriptor, owned by the caller, or -1
 * with err set. */
int outbox_open_message(const struct outbox *o, enum outbox_place place,
	const char *id, struct error *err);

/* Returns the size of a message's file in octets; 0 if it is missing. */
uint64_t outbox_message_size(const struct outbox *o, enum outbox_place place,
	const char *id);

/* Reads the journal of a message; a missing one is empty. Returns 0 on success,
 * -1 with err set. Call journal_state_free() in either case. */
int outbox_read_journal(const struct outbox *o, const char *id,
	struct journal_state *state, struct error *err);

/* Returns why a message is still queued: the reason of its last try, else that
 * of the run that queued it; "" if there is none. Borrowed from either. */
const char *outbox_reason(const struct message_file *m,
	const struct journal_state *state);

/* Returns whether the place does not contain the message. */
int outbox_is_missing(const struct outbox *o, enum outbox_place place,
	const char *id);

/*
 * Opens the journal of a message for writing and locks it until it is closed;
 * creates it if it is missing. Returns 1 on success, 0 if another run still
 * holds it at the deadline (poll.h), -1 with err set.
 */
int outbox_open_journal(const struct outbox *o, const char *id,
	int64_t deadline, struct journal *j, struct error *err);

/* Syncs the directory to disk. Returns 0 on success, -1 with err set. */
int outbox_sync(const struct outbox *o, enum outbox_place place,
	struct error *err);

/* Moves a message between new and failed, durably. Returns 0 on success, -1
 * with err set. */
int outbox_move(const struct outbox *o, const char *id,
	enum outbox_place from, enum outbox_place to, struct error *err);

/* Removes a message and its journal, durably. Returns 0 on success, -1 with err
 * set. */
int outbox_remove(const struct outbox *o, enum outbox_place place,
	const char *id, struct error *err);

/* Removes a message but not its journal, which outbox_sweep() removes later.
 * The removal is durable after outbox_sync(). A missing message is no error.
 * Returns 0 on success, -1 with err set. */
int outbox_unlink(const struct outbox *o, enum outbox_place place,
	const char *id, struct error *err);

/* Gives the file the present time, creating it with mode 0600. */
void outbox_touch(int directory, const char *name);

/* Lists the IDs of the messages given up after that moment. Returns 0 on
 * success, -1 with err set. */
int outbox_list_since(const struct outbox *o, const struct timespec *since,
	struct string_list *ids, struct error *err);

/* Removes files left over by killed runs, locks that no run holds, and the
 * journals of messages that no longer exist. Returns the number of journals
 * that remain. Requires the lock. */
size_t outbox_sweep(const struct outbox *o);

#endif
