#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Runs fuzz targets that are built in fuzz/ below the current directory, in turn
# and for the same CPU time each, and writes a table of what each has covered to
# fuzz/table. What else the machine does makes it slower, and costs no run.
#
# usage: top_srcdir=DIR tests/fuzz/all.sh SECONDS TARGET...
# make fuzz-all HOURS=n does it.
set -u
: "${top_srcdir:?}"
seconds=$1
shift
table=fuzz/table
failed=0

# stat NAME LOG: the sum of a figure that libFuzzer prints after each round
stat()
{
    sed -n "s/^stat::$1: *//p" "$2" | awk '{ n += $1 } END { print n + 0 }'
}

# clock: sets cpu to the seconds of CPU time that the programs run so far have
# used; a command substitution would ask another shell
clock()
{
    times >fuzz/times
    cpu=$(awk 'NR == 2 {
        gsub("s", "")
        split($1, user, "m")
        split($2, sys, "m")
        printf "%d", (user[1] + sys[1]) * 60 + user[2] + sys[2]
    }' fuzz/times)
}

# fuzz TARGET SECONDS LOG: one round
fuzz()
{
    (cd "fuzz/$1" && ./fuzz -max_total_time="$2" -timeout=10 \
        -rss_limit_mb=2048 -print_final_stats=1 -artifact_prefix=found/ \
        corpus "$top_srcdir/tests/fuzz/corpus/$1") >>"$3" 2>&1
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
    : >"$log"
    clock
    began=$cpu
    used=0
    # a finding ends the target: the column shows the seconds that it took
    while [ "$used" -lt "$seconds" ]; do
        fuzz "$target" $((seconds - used)) "$log" || {
            failed=1
            break
        }
        clock
        used=$((cpu - began))
    done
    clock
    printf '%-14s %8s %12s %9s %9s %8s %8s\n' "$target" \
        $((cpu - began)) "$(stat number_of_executed_units "$log")" \
        "$(last cov "$log")" "$(last ft "$log")" \
        "$(find "$place/corpus" -type f | wc -l)" \
        "$(find "$place/found" -type f | wc -l)" >>$table
done
cat $table
exit $failed
