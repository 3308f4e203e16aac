/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The SASL mechanisms and their properties. "auth on" selects the first of
 * these that the server offers and the session allows:
 *
 *	SCRAM-SHA-256-PLUS  SCRAM-SHA-1-PLUS  with TLS channel binding
 *	SCRAM-SHA-256  SCRAM-SHA-1            the password is not sent
 *	PLAIN  LOGIN                          over confidential sessions only
 *	EXTERNAL                              only if the account has no user
 *
 * These are used only if configured by name: OAUTHBEARER, XOAUTH2 (the secret
 * is a token), GSSAPI, CRAM-MD5, DIGEST-MD5, NTLM.
 */
#ifndef ONEHOP_FORMAT_MECHANISM_H
#define ONEHOP_FORMAT_MECHANISM_H

enum mechanism_kind {
	MECHANISM_TEXT,       /* challenges contain no NUL */
	MECHANISM_BINARY,     /* challenges are any octets */
	MECHANISM_NTLM,       /* one challenge, whose format is checked */
	MECHANISM_SCRAM,
	MECHANISM_XOAUTH2,    /* not in libgsasl, like the next */
	MECHANISM_OAUTHBEARER
};

/* The hash of a SCRAM mechanism, for auth/pbkdf2. */
enum scram_hash { SCRAM_SHA1, SCRAM_SHA256 };

/* Properties of a mechanism. */
struct mechanism {
	const char *name;
	enum mechanism_kind kind;
	enum scram_hash hash; /* of MECHANISM_SCRAM */
	int automatic;      /* selected by "auth on", in table order */
	int plaintext;      /* sends the secret to the server: TLS only */
	int one_round;      /* ends in one round trip: may be pipelined
	                       (RFC 4954 4) */
	int needs_binding;  /* -PLUS */
	int needs_user;     /* needs user and secret: all but EXTERNAL */
	int client_first;   /* has an initial response */
	int any_prompt;     /* challenges are prompts, whose content is ignored:
	                       they need not be base64 */
};

/* Returns the mechanism of that name, ignoring case, or NULL. */
const struct mechanism *mechanism_find(const char *name);

/* Returns whether the secret is a token (RFC 7628), not a password; libgsasl
 * does not have these. */
int mechanism_has_token(const struct mechanism *m);

/*
 * Returns the first automatic mechanism, in table order, that the server offers
 * and the session allows; NULL if there is none. offered holds upper-case names
 * separated by single spaces. confidential means that TLS is active or the
 * server is local. has_user means that user and secret are available; without
 * them only EXTERNAL remains.
 */
const struct mechanism *mechanism_choose(const char *offered,
	int confidential, int has_binding, int has_user);

#endif
