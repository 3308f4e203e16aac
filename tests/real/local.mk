# SPDX-License-Identifier: GPL-3.0-or-later
# Real servers, started in a scratch directory; they need root.
REAL_TESTS = \
	tests/real/callers.py \
	tests/real/deliver.py \
	tests/real/dns.py \
	tests/real/result.py \
	tests/real/serverinfo.py
EXTRA_DIST += $(REAL_TESTS) tests/real/messages.py tests/lib/realserver.py \
	tests/lib/nameserver.py \
	tests/lib/tap.py
if HAVE_PYTHON
TESTS += $(REAL_TESTS)
endif
