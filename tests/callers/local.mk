# SPDX-License-Identifier: GPL-3.0-or-later
# What real callers write, and what has to come of it.
EXTRA_DIST += tests/callers
if HAVE_PYTHON
TESTS += tests/callers/run.py
endif
