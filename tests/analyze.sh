#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Has three static analysers read the program, in TAP, one test for each.
#
# usage: tests/analyze.sh [-o BUILDDIR] [FILE.c...]
#
# The flags hold no blanks of their own, so they are split:
# shellcheck disable=SC2046,SC2086,SC2089,SC2090
set -u
builddir=build
while getopts o: option; do
    case $option in
    o) builddir=$OPTARG ;;
    *) echo 'usage: tests/analyze.sh [-o BUILDDIR] [FILE.c...]' >&2; exit 64 ;;
    esac
done
shift $((OPTIND - 1))
builddir=$(cd "$builddir" && pwd) || exit 66
cd "$(dirname "$0")/.." || exit 66
scratch=$(mktemp -d) || exit 73
trap 'rm -rf "$scratch"' EXIT
trap 'exit 130' INT TERM HUP
# pledge is declared on OpenBSD alone.
[ $# -gt 0 ] || set -- $(printf '%s\n' src/*/*.c | grep -v sandbox_pledge)

flags="-std=gnu99 -DHAVE_CONFIG_H -DSYSCONFDIR=\"/etc\" -I$builddir -Isrc"
number=0
failed=0

# verdict NAME: reads what the analyser said; silence is good
verdict()
{
    number=$((number + 1))
    if [ -s "$scratch/said" ]; then
        echo "not ok $number - $1"
        sed 's/^/# /' "$scratch/said"
        failed=$((failed + 1))
    else
        echo "ok $number - $1"
    fi
}

# on_each COMMAND...: with {} standing for each file in turn, in parallel
on_each()
{
    printf '%s\n' $files | xargs -P "$(nproc)" -I '{}' "$@"
}

files=$*
echo 1..3
on_each gcc -O2 -fanalyzer $flags -c -o /dev/null '{}' >"$scratch/said" 2>&1
verdict 'gcc -fanalyzer'
on_each clang-tidy --quiet '{}' -- $flags 2>/dev/null >"$scratch/said"
verdict 'clang-tidy'

# ctuuninitvar: takes what a function fills in for what it reads
# platform.c has more #ifs than it looks through by itself.
cppcheck --quiet --std=c99 --enable=warning,portability,performance \
    --max-configs=64 --suppress=ctuuninitvar --inline-suppr \
    -I"$builddir" -Isrc "$@" \
    >"$scratch/said" 2>&1
verdict 'cppcheck'
[ "$failed" -eq 0 ]
