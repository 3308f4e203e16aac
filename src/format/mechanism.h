/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The SASL mechanisms and their properties: the only list of them. "auth on"
 * takes the first of these that the server offers and the session allows:
 *
 *	SCRAM-SHA-256-PLUS  SCRAM-SHA-1-PLUS  bound to the TLS session
 *	SCRAM-SHA-256  SCRAM-SHA-1            the secret is not shown
 *	PLAIN  LOGIN                          confidential sessions only
 *	EXTERNAL                              if the account has no user
 *
 * Only by name: OAUTHBEARER, XOAUTH2 (the secret is a token), GSSAPI,
 * CRAM-MD5, DIGEST-MD5, NTLM.
 */
#ifndef ONEHOP_FORMAT_MECHANISM_H
#define ONEHOP_FORMAT_MECHANISM_H

enum mechanism_kind {
	MECHANISM_TEXT,       /* challenges hold no NUL */
	MECHANISM_BINARY,     /* challenges are any octets */
	MECHANISM_NTLM,       /* one challenge, of a form that we check */
	MECHANISM_SCRAM,
	MECHANISM_XOAUTH2,    /* ours: libgsasl has neither of these two */
	MECHANISM_OAUTHBEARER
};

/* The hash of a SCRAM mechanism, for auth/pbkdf2. */
enum scram_hash { SCRAM_SHA1, SCRAM_SHA256 };

/* Properties of a mechanism, for the one table of them. */
struct mechanism {
	const char *name;
	enum mechanism_kind kind;
	enum scram_hash hash; /* of MECHANISM_SCRAM */
	int automatic;      /* chosen by "auth on", in table order */
	int plaintext;      /* shows the secret to the server: TLS only */
	int one_round;      /* ends in one round trip: may be pipelined
	                       (RFC 4954 4) */
	int needs_binding;  /* -PLUS */
	int needs_user;     /* user and secret, EXTERNAL does not */
	int client_first;   /* has an initial response */
	int any_prompt;     /* challenges are prompts, whatever they say: they
	                       need not even be base64 */
};

/* The entry of that name (any case), or NULL. */
const struct mechanism *mechanism_find(const char *name);

/*
 * The first automatic mechanism of our own order that the server offers and
 * the session allows; NULL if none. offered: upper case names, one space
 * between. confidential: TLS is up, or the peer is this machine. has_user:
 * there are user and secret; without, only EXTERNAL is left.
 */
const struct mechanism *mechanism_choose(const char *offered,
	int confidential, int has_binding, int has_user);

#endif
