/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Checks of single values of the configuration. Each function returns the
 * value in its canonical form, owned, or NULL with EX_CONFIG "expected ...,
 * not "..."". Pure.
 */
#ifndef ONEHOP_CONFIG_VALUE_H
#define ONEHOP_CONFIG_VALUE_H

#include "base/error.h"

/* Fails with "expected WHAT, not "VALUE"", the value escaped; -1. */
int value_refuse(struct error *err, const char *what, const char *value);

/* Any text that is one line. */
char *value_text(const char *value, struct error *err);

/* A host name or IP address, [] around IPv6 dropped; no port, no URL; or "". */
char *value_host(const char *value, struct error *err);

/* The same, or srv:DOMAIN or mx:DOMAIN (net/srv_mx.h). */
char *value_smarthost(const char *value, struct error *err);

/* A domain of at least two labels: "com" would be most of the world. */
char *value_target(const char *value, struct error *err);

/* "on" (also for ""), "off" or an absolute path. */
char *value_place(const char *value, struct error *err);

/* A numeric IPv4 or IPv6 address, or "". */
char *value_ip(const char *value, struct error *err);

/* "on" (also for ""), "off", "auto" or a SASL mechanism in upper case. */
char *value_auth(const char *value, struct error *err);

/* The name of a systemd credential: a file name, not a path. */
char *value_credential(const char *value, struct error *err);

/* SHA-256, with or without colons or blanks, of a certificate or, after
 * "spki:", of a key. Returns AA:BB:.. or spki:AA:BB:.. */
char *value_fingerprint(const char *value, struct error *err);

/* Returns whether the value is NEVER, or some of FAILURE, DELAY and SUCCESS
 * separated by commas, ignoring case (RFC 3461 4.1). */
int value_is_notify(const char *value);

/* The same in lower case, or off. */
char *value_notify(const char *value, struct error *err);

/* A user and the addresses or patterns of its senders. */
char *value_user_senders(const char *value, struct error *err);

/* A sender address or pattern; <> around it is dropped. */
char *value_sender(const char *value, struct error *err);

/* RFC 6710 5.1: -9 to 9. */
char *value_priority(const char *value, struct error *err);

/* RFC 2852 4: seconds, ";", R or N, perhaps T. */
char *value_deliver_by(const char *value, struct error *err);

/* RFC 3339 5.6: a date, "T", a time and a zone. */
char *value_moment(const char *value, struct error *err);

/* "on", "" for "off", or the name of a file. */
char *value_logfile(const char *value, struct error *err);

/* A mail address, or "" for "off". */
char *value_report(const char *value, struct error *err);

/* RFC 4954 5: an address, or <> for nobody. */
char *value_mailbox(const char *value, struct error *err);

#endif
