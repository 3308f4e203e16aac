# SPDX-License-Identifier: GPL-3.0-or-later
# The outbox under everything that can happen to it.
OUTBOX_TESTS = \
	tests/outbox/all_users.py \
	tests/outbox/disks.py \
	tests/outbox/enable.py \
	tests/outbox/fate.py \
	tests/outbox/not_queued.py \
	tests/outbox/origin.py \
	tests/outbox/in_time.py \
	tests/outbox/ledger.py \
	tests/outbox/first.py \
	tests/outbox/fixable.py \
	tests/outbox/parts.py \
	tests/outbox/person.py \
	tests/outbox/powercut.py \
	tests/outbox/report.py \
	tests/outbox/rows.py \
	tests/outbox/second_try.py \
	tests/outbox/sites.py
EXTRA_DIST += $(OUTBOX_TESTS) tests/outbox/enqueue_rows.py \
	tests/outbox/flush_rows.py tests/outbox/house.py tests/outbox/kill.py \
	tests/outbox/calls.py
TESTS += $(OUTBOX_TESTS)
# The sanitizers make system calls of their own.
if !SANITIZERS
TESTS += tests/outbox/kill.py tests/outbox/calls.py
endif
