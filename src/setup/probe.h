/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tries one candidate as the submission server, without credentials. */
#ifndef ONEHOP_SETUP_PROBE_H
#define ONEHOP_SETUP_PROBE_H

#include "base/error.h"
#include "config/account.h"
#include "net/srv_mx.h"

/* Shared by the probes of one run; strings are borrowed. */
struct probe {
	int output;          /* for reports */
	int terminal;        /* for questions, or -1 */
	int trace;           /* for the dialogues, or -1 */
	const char *domain;  /* whose server is looked for */
	const char *asked;   /* host of the last question, or NULL */
	int answer;          /* to that question */
};

/*
 * Connects to the account's host and goes as far as EHLO under TLS, with
 * limits of its own. If the service is not vouched for, asks first whether it
 * is the right one. Returns 1 if it is usable; 0 if not, with err set, and the
 * next may be tried; -1 EX_TEMPFAIL interrupted.
 */
int probe_run(struct probe *probe, const struct service *service,
	const struct account *account, struct error *err);

#endif
