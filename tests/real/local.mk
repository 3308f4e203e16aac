# SPDX-License-Identifier: GPL-3.0-or-later
# Real servers, started in a scratch directory; most need root.
REAL_TESTS = \
	tests/real/callers.py \
	tests/real/cron.py \
	tests/real/dane.py \
	tests/real/certificates.py \
	tests/real/certificates_dane.py \
	tests/real/clientkey.py \
	tests/real/configure.py \
	tests/real/deliver.py \
	tests/real/dns.py \
	tests/real/lmtp.py \
	tests/real/mechanisms.py \
	tests/real/outbox.py \
	tests/real/result.py \
	tests/real/serverinfo.py \
	tests/real/setups.py \
	tests/real/trust.py \
	tests/real/tunnels.py
EXTRA_DIST += $(REAL_TESTS) tests/real/messages.py tests/lib/realserver.py \
	tests/lib/kerberos.py tests/lib/nameserver.py \
	tests/lib/mailserver.py tests/lib/staple.py tests/lib/tap.py \
	tests/lib/dispositions.py tests/lib/limits.py tests/lib/signedzone.py \
	tests/lib/tlsserver.py tests/real/certificates.csv
TESTS += $(REAL_TESTS)
