# SPDX-License-Identifier: GPL-3.0-or-later
# A server that breaks its dialogues by chance. "make check" plays a few rounds
# from a fixed seed; "make hostile SEED=n ROUNDS=n" plays more.
check_PROGRAMS += tests/hostile/huge_key tests/hostile/tls_flood
tests_hostile_huge_key_LDADD = $(GNUTLS_LIBS)
tests_hostile_tls_flood_LDADD = $(GNUTLS_LIBS)
HOSTILE_TESTS = \
	tests/hostile/endless_tls.py \
	tests/hostile/hostile.py \
	tests/hostile/huge_key.py \
	tests/hostile/selftest.py
EXTRA_DIST += $(HOSTILE_TESTS) tests/hostile/judge.py tests/hostile/listen.h \
	tests/hostile/peer.py tests/hostile/plan.py
TESTS += $(HOSTILE_TESTS)

# SEED is in Makefile.am.
ROUNDS = 5000
hostile: all
	@$(AM_TESTS_ENVIRONMENT) $(RUN_PYTHON) \
		$(top_srcdir)/tests/hostile/hostile.py '$(SEED)' '$(ROUNDS)'
.PHONY: hostile
