/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests the password, keeps it where the user wants, sends a test message. */
#ifndef ONEHOP_SETUP_LOGIN_TEST_H
#define ONEHOP_SETUP_LOGIN_TEST_H

#include "base/buffer.h"
#include "base/error.h"
#include "config/account.h"

struct login_test {
	int output;          /* for reports */
	int terminal;        /* for questions, or -1 */
	int trace;           /* for the dialogues, or -1 */
	const char *path;    /* of the config file */
	const char *address;
	const char *page;    /* of app passwords, for the question; or "" */
	const char *keep;    /* where to keep the password; NULL: ask */
	int send;            /* the test message is sent without a question */
	struct buffer password;  /* to write into the file, secret; or empty */
	char *passwordeval;      /* to write into the file, owned, or NULL */
};

/* Returns whether a password can be kept there: the name of a program that
 * keeps passwords, "file" or "nowhere". */
int login_test_can_keep(const char *where);

/*
 * Asks for the password, unless the account has a command for it, and
 * authenticates. Then keeps it as keep says, or asks where to keep a password
 * that was typed, and sets password or passwordeval. Returns 0; -1 the
 * server's error, or EX_CONFIG.
 */
int login_test_run(struct login_test *t, struct account *a,
	struct error *err);

/* Sends a message to the address itself, after a question at a terminal, and
 * shows the server's answer. Returns 0, -1. */
int login_test_send(const struct login_test *t, const struct account *a,
	struct error *err);

void login_test_free(struct login_test *t);

#endif
