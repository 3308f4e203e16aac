/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tries one candidate as the submission server, without credentials. */
#ifndef ONEHOP_SETUP_PROBE_H
#define ONEHOP_SETUP_PROBE_H

#include "base/error.h"
#include "config/account.h"
#include "net/srv_mx.h"

/* Shared by the probes of one run; strings are borrowed. */
struct probe {
	int output;          /* descriptor for reports */
	int terminal;        /* descriptor for questions, or -1 */
	int trace;           /* descriptor for the dialogues, or -1 */
	const char *domain;  /* the mail domain */
	const char *asked;   /* host of the last question, or NULL */
	int answer;          /* to that question */
};

/*
 * Connects to the account's host and proceeds to EHLO under TLS, with its own
 * time limits. If the service is not authenticated, first asks whether it is
 * the right one. Returns 1 if it is usable; 0 with err set if it is not, and
 * the next candidate may be tried; -1 with err set: EX_TEMPFAIL if interrupted.
 */
int probe_run(struct probe *probe, const struct service *service,
	const struct account *account, struct error *err);

#endif
