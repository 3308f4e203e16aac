# SPDX-License-Identifier: GPL-3.0-or-later
# What a user types and sees.
CLI_TESTS = \
	tests/cli/any_file.py \
	tests/cli/completion.sh \
	tests/cli/config.sh \
	tests/cli/contrib.sh \
	tests/cli/demo.sh \
	tests/cli/escape.py \
	tests/cli/hints.py \
	tests/cli/hosts.py \
	tests/cli/install-sendmail.sh \
	tests/cli/lines.py \
	tests/cli/log.py \
	tests/cli/msmtp.sh \
	tests/cli/options.sh \
	tests/cli/process.sh \
	tests/cli/progress.py \
	tests/cli/proxy.py \
	tests/cli/reach.py \
	tests/cli/result.py \
	tests/cli/sandbox.py \
	tests/cli/secrets.py \
	tests/cli/recipes.py \
	tests/cli/signals.py \
	tests/cli/terminal.py \
	tests/cli/timing.py \
	tests/cli/user_database.py
EXTRA_DIST += $(CLI_TESTS) tests/cli/sink.py tests/demo.py \
	tests/lib/cli.sh tests/lib/keyring.py tests/lib/tap.sh \
	tests/lib/no-python.sh
TESTS += $(CLI_TESTS)
