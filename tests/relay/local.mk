# SPDX-License-Identifier: GPL-3.0-or-later
# The dialogue of -bs with its clients, against a scripted smarthost.
RELAY_TESTS = \
	tests/relay/clients.py \
	tests/relay/peer.py \
	tests/relay/replies.py \
	tests/relay/socket.sh \
	tests/relay/unread.py
EXTRA_DIST += $(RELAY_TESTS) tests/relay/dialogue.py tests/relay/nspawn.py
TESTS += $(RELAY_TESTS)
