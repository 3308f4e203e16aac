#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Runs fuzz targets in turn for the same time each and writes a table of what
# each has covered to fuzz/table below the current directory.
#
# usage: tests/fuzz/all.sh SECONDS TARGET...   (make fuzz-all HOURS=n does it)
#
# Environment: FUZZ_COMPILE is the compiler with all flags, FUZZ_SOURCES the
# sources of the library, FUZZ_LIBS what is linked, top_srcdir the source tree.
set -u
: "${top_srcdir:?}" "${FUZZ_COMPILE:?}" "${FUZZ_SOURCES:?}" "${FUZZ_LIBS?}"
seconds=$1
shift
mkdir -p fuzz/objects || exit 73
table=fuzz/table
failed=0

# compile SOURCE
compile()
{
    object=fuzz/objects/$(echo "${1##*../}" | tr / _).o
    objects="$objects $object"
    $FUZZ_COMPILE -fsanitize=fuzzer-no-link -c -o "$object" "$1"
}

# stat NAME LOG: one of the figures that libFuzzer prints at the end
stat()
{
    sed -n "s/^stat::$1: *//p" "$2" | tail -1
}

# last WORD LOG: the figure after the word in the last line that has it
last()
{
    sed -n "s/.* $1: \([0-9]*\).*/\1/p" "$2" | tail -1
}

objects=
for source in $FUZZ_SOURCES; do
    compile "$source" || exit 70
done
printf '%-14s %8s %12s %9s %9s %8s %8s\n' target seconds runs edges \
    features corpus findings >$table
for target; do
    place=fuzz/$target
    mkdir -p "$place/corpus" "$place/found"
    # shellcheck disable=SC2086
    $FUZZ_COMPILE -fsanitize=fuzzer -o "$place/fuzz" \
        "$top_srcdir/tests/fuzz/$target.c" $objects $FUZZ_LIBS || exit 70
    log=$place/log
    began=$(date +%s)
    (cd "$place" && ./fuzz -max_total_time="$seconds" -timeout=10 \
        -rss_limit_mb=2048 -print_final_stats=1 -artifact_prefix=found/ \
        corpus "$top_srcdir/tests/fuzz/corpus/$target") >"$log" 2>&1 ||
        failed=1
    # a finding ends the run: the column shows the seconds that it took
    printf '%-14s %8s %12s %9s %9s %8s %8s\n' "$target" \
        $(($(date +%s) - began)) "$(stat number_of_executed_units "$log")" \
        "$(last cov "$log")" "$(last ft "$log")" \
        "$(find "$place/corpus" -type f | wc -l)" \
        "$(find "$place/found" -type f | wc -l)" >>$table
done
cat $table
exit $failed
