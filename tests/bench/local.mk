# SPDX-License-Identifier: GPL-3.0-or-later
# make bench: what onehop costs beside its peers; see tests/bench/README.
EXTRA_DIST += tests/bench/README tests/bench/measured tests/bench/bench.py \
	tests/bench/clients.py tests/bench/queues.py tests/bench/servers.py tests/bench/table.py
bench: onehop$(EXEEXT)
	$(AM_V_at)ONEHOP='$(abs_top_builddir)/onehop$(EXEEXT)' CC='$(CC)' \
		CFLAGS='$(CFLAGS) $(HARDENING_CFLAGS) $(HARDENING_LDFLAGS)' \
		LIBS='$(LIBRARIES_LIBS)' PYTHONDONTWRITEBYTECODE=1 \
		$(PYTHON) $(top_srcdir)/tests/bench/bench.py
.PHONY: bench
