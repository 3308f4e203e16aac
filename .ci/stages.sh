# SPDX-FileCopyrightText: Copyright The onehop authors
# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=sh
# For .ci/run and .ci/long: sourced, not run. Stages, and the sum of all tests.
jobs=$(nproc)
passed=0
failed=0
skipped=0
began=$(date +%s)
trap 'exit 130' HUP INT TERM

# stage NAME COMMAND...: runs it and counts one
stage()
{
    echo "=== $1"
    start=$(date +%s)
    stage_name=$1
    shift
    if "$@"; then
        passed=$((passed + 1))
        verdict=passed
    else
        failed=$((failed + 1))
        verdict=FAILED
        failures="${failures-}
$stage_name"
    fi
    echo "=== $verdict after $(($(date +%s) - start)) s"
}

# logged DIRECTORY RESULT: how many tests of the build there ended like that
logged()
{
    find "$1/tests" -name '*.trs' -exec cat {} + |
        grep -cE "^:test-result: ($2)"
}

# unsuccessful DIRECTORY: the tests of the build there that failed, each with
# what its log says of that
unsuccessful()
{
    find "$1/tests" -name '*.trs' -exec \
        grep -lE '^:test-result: (FAIL|XPASS|ERROR)' {} + |
        while read -r result; do
            printf '\n--- %s\n' "${result%.trs}"
            sed -n '/^not ok/,/^ok/{/^ok/!p}' "${result%.trs}.log" | head -n 30
            tail -n 5 "${result%.trs}.log"
        done
}

# count DIRECTORY [bare]: adds what automake's logs of the build there say. A
# test that did not find its program was not run: that is a failure, but on a
# bare machine.
count()
{
    [ -d "$1/tests" ] || return
    passed=$((passed + $(logged "$1" 'PASS|XFAIL')))
    failed=$((failed + $(logged "$1" 'FAIL|XPASS|ERROR')))
    failures=${failures-}$(unsuccessful "$1")
    missing=0
    if [ "${2-}" != bare ]; then
        find "$1/tests" -name '*.log' -exec cat {} + | grep '# SKIP' |
            grep -E 'not (installed|there)|needs? root' >"$1/missing"
        missing=$(wc -l <"$1/missing")
        cat "$1/missing"
    fi
    failed=$((failed + missing))
    skipped=$((skipped + $(logged "$1" SKIP) - missing))
}

# configured DIRECTORY TARGETS [CONFIGURE-ARGUMENT...]: a build of its own
configured()
{
    directory=$1
    targets=$2
    shift 2
    mkdir -p "$directory"
    # shellcheck disable=SC2086
    (cd "$directory" && ../configure --quiet "$@" &&
        make -s -j "$jobs" $targets)
}

# The whole program against musl's headers. Debian has no libraries built for
# musl: their headers serve, and nothing is linked.
compile_for_musl()
{
    headers=$PWD/build-musl/headers
    mkdir -p "$headers"
    host=/usr/include/$(gcc -print-multiarch)
    for header in /usr/include/gnutls /usr/include/gsasl*.h \
        /usr/include/idn2.h /usr/include/jansson*.h "$host"/curl \
        /usr/include/linux /usr/include/asm-generic "$host"/asm; do
        ln -sfn "$header" "$headers"
    done
    configured build-musl 'src/libonehop.a src/cli/main.o
        src/token/libtoken.a src/token/main.o' --enable-werror CC=musl-gcc \
        PKG_CONFIG=true CPPFLAGS="-isystem $headers"
}

# in_bare NAME OPTION-OF-BARE... SUITE COMMAND...: a stage in a bare system
in_bare()
{
    name=$1
    shift
    stage "$name" .ci/bare -o "build-$name" "$@"
    count "build-$name" bare
}

# The last line is the sum.
finish()
{
    echo "=== all of it took $(($(date +%s) - began)) s"
    [ -z "${failures-}" ] || echo "=== failed:$failures"
    tail=
    [ "$skipped" -eq 0 ] || tail=", $skipped skipped"
    echo "$passed passed, $failed failed$tail"
    [ "$failed" -eq 0 ]
}
