# SPDX-License-Identifier: GPL-3.0-or-later
# onehop-token against an authorization server of our own, over TLS.
TOKEN_TESTS = \
	tests/token/tokens.py \
	tests/token/login.py \
	tests/token/kill.py
EXTRA_DIST += $(TOKEN_TESTS) tests/token/authserver.py
TESTS += $(TOKEN_TESTS)
