#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Runs fuzz targets that are built in fuzz/ below the current directory, in turn
# and for the same time each, and writes a table of what each has covered to
# fuzz/table.
#
# usage: top_srcdir=DIR tests/fuzz/all.sh SECONDS TARGET...
# make fuzz-all HOURS=n does it.
set -u
: "${top_srcdir:?}"
seconds=$1
shift
table=fuzz/table
failed=0

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

printf '%-14s %8s %12s %9s %9s %8s %8s\n' target seconds runs edges \
    features corpus findings >$table
for target; do
    place=fuzz/$target
    mkdir -p "$place/corpus" "$place/found"
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
