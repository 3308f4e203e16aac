# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=sh
# TAP for tests in sh: sourced, not run. Gives a scratch directory in $scratch
# that goes away at the end; end with `tap_done`.
#
#   tap NAME COMMAND...   ok if the command succeeds; its output is shown
#                         if it does not
#   tap_with PROGRAM NAME COMMAND...
#                         the same, skipped if PROGRAM is not installed
#   tap_skip NAME REASON  this one cannot be tested here
#   tap_skip_all REASON   nothing can be tested here
tap_number=0
tap_failed=0
scratch=$(mktemp -d) || exit 99
trap 'rm -rf "$scratch"' EXIT
trap 'exit 130' INT TERM HUP

tap()
{
    tap_number=$((tap_number + 1))
    tap_name=$1
    shift
    if "$@" >"$scratch/tap-output" 2>&1; then
        echo "ok $tap_number - $tap_name"
    else
        echo "not ok $tap_number - $tap_name"
        echo "# from: $*"
        sed 's/^/# /' "$scratch/tap-output"
        tap_failed=$((tap_failed + 1))
    fi
}

tap_with()
{
    tap_program=$1
    shift
    if command -v "$tap_program" >/dev/null 2>&1; then
        tap "$@"
    else
        tap_skip "$1" "$tap_program is not installed"
    fi
}

tap_skip()
{
    tap_number=$((tap_number + 1))
    echo "ok $tap_number - $1 # SKIP $2"
}

tap_skip_all()
{
    echo "1..0 # SKIP $*"
    exit 0
}

tap_done()
{
    echo "1..$tap_number"
    [ "$tap_failed" -eq 0 ]
    exit
}
