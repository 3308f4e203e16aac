# SPDX-License-Identifier: GPL-3.0-or-later
# onehop-token against an authorization server of our own and npm's, over TLS.
TOKEN_TESTS = \
	tests/token/tokens.py \
	tests/token/login.py \
	tests/token/kill.py \
	tests/token/stores.py \
	tests/token/oidc.py
EXTRA_DIST += $(TOKEN_TESTS) tests/token/authserver.py \
	tests/token/oidc/package.json tests/token/oidc/package-lock.json \
	tests/token/oidc/server.mjs
TESTS += $(TOKEN_TESTS)
