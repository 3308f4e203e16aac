/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests the password, stores it where the user wants, and sends a test
 * message. */
#ifndef ONEHOP_SETUP_LOGIN_TEST_H
#define ONEHOP_SETUP_LOGIN_TEST_H

#include "base/buffer.h"
#include "base/error.h"
#include "config/account.h"

struct login_test {
	int output;          /* descriptor for reports */
	int terminal;        /* descriptor for questions, or -1 */
	int trace;           /* descriptor for the dialogues, or -1 */
	const char *path;    /* of the config file */
	const char *address; /* of the user */
	const char *page;    /* URL for app passwords, to show; or "" */
	const char *keep;    /* where to store the password; NULL: ask */
	int send;            /* send the test message without asking */
	struct buffer password;  /* to write to the file, secret; or empty */
	char *passwordeval;      /* to write to the file, owned, or NULL */
};

/* Returns whether a password can be stored there: where is the name of a
 * program that stores passwords, "file" or "nowhere". */
int login_test_can_keep(const char *where);

/*
 * Asks for the password, unless the account has a command for it, and
 * authenticates. Then stores the password as keep says, or asks where to store
 * one that was typed, and sets password or passwordeval. Returns 0 on success,
 * -1 with err set: the server's error, or EX_CONFIG.
 */
int login_test_run(struct login_test *t, struct account *a,
	struct error *err);

/* Sends a message from the address to itself, after a question at a terminal,
 * and shows the server's reply. Returns 0 on success, -1 with err set. */
int login_test_send(const struct login_test *t, const struct account *a,
	struct error *err);

void login_test_free(struct login_test *t);

#endif
