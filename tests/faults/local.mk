# SPDX-License-Identifier: GPL-3.0-or-later
# The fault matrix: each file names some states of faults.csv.
FAULT_STATES = \
	tests/faults/matrix-auth-end.states \
	tests/faults/matrix-auth-start.states \
	tests/faults/matrix-content.states \
	tests/faults/matrix-envelope.states \
	tests/faults/matrix-handshake.states \
	tests/faults/matrix-hello.states \
	tests/faults/matrix-reach.states
TEST_EXTENSIONS += .states
STATES_LOG_DRIVER = $(LOG_DRIVER)
STATES_LOG_COMPILER = $(RUN_PYTHON) $(top_srcdir)/tests/faults/run.py
EXTRA_DIST += $(FAULT_STATES) tests/faults/kept.py tests/faults/mechanisms.py \
	tests/faults/echoed_secret.py tests/faults/fallback.py \
	tests/faults/refused_secret.py \
	tests/lib/authfaults.py \
	tests/lib/saslserver.py \
	tests/faults/syscalls.py tests/faults/faults.csv \
	tests/faults/auth.py tests/faults/handshake.py tests/faults/hello.py \
	tests/faults/line.py tests/faults/mail.py tests/faults/plan.py \
	tests/faults/reach.py tests/faults/replies.py tests/faults/run.py \
	tests/faults/words.py \
	tests/lib/alloc.c tests/lib/shim.c tests/lib/smarthost.py
# Not through the rules for the program: no sanitizer, no PIE, no libtool.
tests/lib/shim.so: tests/lib/shim.c
	$(AM_V_CC)$(MKDIR_P) tests/lib && \
	$(CC) -shared -fPIC -O1 -o $@ $(top_srcdir)/tests/lib/shim.c -ldl
tests/lib/alloc.so: tests/lib/alloc.c
	$(AM_V_CC)$(MKDIR_P) tests/lib && \
	$(CC) -shared -fPIC -O1 -fno-builtin -o $@ \
		$(top_srcdir)/tests/lib/alloc.c -ldl
CLEANFILES += tests/lib/shim.so tests/lib/alloc.so
check_DATA = tests/lib/shim.so tests/lib/alloc.so
TESTS += $(FAULT_STATES) tests/faults/kept.py \
	tests/faults/echoed_secret.py tests/faults/fallback.py \
	tests/faults/mechanisms.py \
	tests/faults/refused_secret.py
# The sanitizers make system calls and allocations of their own.
if !SANITIZERS
TESTS += tests/faults/syscalls.py
endif
