/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Whether a host will do as the submission server: no credentials are used. */
#ifndef ONEHOP_SETUP_PROBE_H
#define ONEHOP_SETUP_PROBE_H

#include "base/error.h"
#include "config/account.h"
#include "net/srv_mx.h"

/* What several trials have in common; strings are borrowed. */
struct probe {
	int output;          /* is told what happens */
	int terminal;        /* for questions, or -1 */
	int trace;           /* for the dialogues, or -1 */
	const char *domain;  /* whose server is looked for */
	const char *asked;   /* host that was asked for last, or NULL */
	int answer;
};

/*
 * Connects to the account's one host and goes as far as EHLO under TLS, with
 * limits of its own; before, if nobody vouches for the service, asks whether
 * it is the right one. 1: it will do; 0: it will not, *err says why, and the
 * next may; -1 EX_TEMPFAIL interrupted.
 */
int probe_run(struct probe *t, const struct service *service,
	const struct account *account, struct error *err);

#endif
