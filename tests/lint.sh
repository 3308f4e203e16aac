#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# The rules of HACKING that a program can check, in TAP, one test per rule.
#
# usage: tests/lint.sh [-o BUILDDIR] [CHECK...]
#
# Each check_NAME prints one "file:line: what is wrong" per violation and
# nothing otherwise; tests/lint-self-test.sh shows that each can fail.
#
# The project's file names hold no blanks, so lists of them are split:
# shellcheck disable=SC2046,SC2086
set -u
LC_ALL=C
export LC_ALL

checks='layers libraries globals functions parameters forwards words
    conditionals columns lengths spdx keys flags shell man python paths'
builddir=build
while getopts o: option; do
    case $option in
    o) builddir=$OPTARG ;;
    *) echo 'usage: tests/lint.sh [-o BUILDDIR] [CHECK...]' >&2; exit 64 ;;
    esac
done
shift $((OPTIND - 1))
builddir=$(cd "$builddir" && pwd) || exit 66
cd "$(dirname "$0")/.." || exit 66
scratch=$(mktemp -d) || exit 73
trap 'rm -rf "$scratch"' EXIT
trap 'exit 130' INT TERM HUP

# Every file of the project: what git tracks, or what a tarball holds.
if [ -e .git ]; then
    git ls-files
else
    find . -type f ! -path './build*' ! -path './autom4te.cache/*' |
        sed 's|^\./||'
fi >"$scratch/files"

# files_like REGEX: those of the project's files that match
files_like()
{
    grep -E "$1" "$scratch/files"
}

# The folders of src/ in order: a file includes its own folder's headers and
# those of folders before it. onehop-token, a program of its own, includes its
# own headers and those of the first two.
folders='base format net tls message config envelope auth smtp report outbox
    server setup cli'

# The C files once more with comments and the insides of strings blanked, so
# that prose cannot break a rule.
files_like '^src/.*\.[ch]$' >"$scratch/sources"
sed 's|/[^/]*$||' "$scratch/sources" | sort -u | (cd "$scratch" && mkdir bare &&
    cd bare && xargs mkdir -p)
awk -v bare="$scratch/bare/" '
function blank(line,    out, i, c, pair, quote) {
    for (i = 1; i <= length(line); i++) {
        c = substr(line, i, 1)
        pair = substr(line, i, 2)
        if (comment) {
            if (pair == "*/") { comment = 0; i++ }
        } else if (quote != "") {
            if (c == "\\") i++
            else if (c == quote) { quote = ""; out = out c }
        } else if (pair == "/*") {
            comment = 1; i++; out = out " "
        } else {
            if (c == "\"" || c == "\047") quote = c
            out = out c
        }
    }
    return out
}
FNR == 1 { comment = 0 }
comment || /[\"\047]|\/\*/ { $0 = blank($0) }
{ print >(bare FILENAME) }' $(cat "$scratch/sources")

# bare_grep REGEX MESSAGE FILE...: matches in code as violations
bare_grep()
{
    regex=$1 message=$2
    shift 2
    (cd "$scratch/bare" && grep -nE "$regex" "$@" /dev/null) |
        sed "s|\(:[0-9]*\):[[:space:]]*|\1: $message: |"
}

sources()
{
    grep -E "$1" "$scratch/sources"
}

check_layers()
{
    while read -r file; do
        awk -v folders="$folders" -v file="$file" '
        BEGIN {
            n = split(folders, list, /[ \n]+/)
            for (i = 1; i <= n; i++) rank[list[i]] = i
            split(file, part, "/")
            own = part[2]
            if (own == "token") {
                delete rank
                rank["base"] = rank["format"] = rank["token"] = 1
            }
            if (!(own in rank)) {
                print file ":1: is in none of the folders of src/"
                exit
            }
        }
        /^[ \t]*#[ \t]*include[ \t]*"/ {
            split($0, quoted, "\"")
            if (quoted[2] == "config.h") next
            split(quoted[2], part, "/")
            if (!(part[1] in rank))
                print file ":" FNR ": includes " quoted[2] \
                    ", which names no folder of src/"
            else if (rank[part[1]] > rank[own])
                print file ":" FNR ": includes " quoted[2] \
                    ", which is below " own "/"
        }' "$file"
    done <"$scratch/sources"
}

check_libraries()
{
    while read -r prefix homes; do
        grep -nE "#[[:space:]]*include[[:space:]]*<$prefix" \
            $(sources .) /dev/null |
            while IFS=: read -r file line rest; do
                echo "$file" | grep -qE "^src/($homes)(\.[ch])?\$" ||
                    echo "$file:$line: only $homes may: $rest"
            done
    done <<-END
	gnutls/[^d] tls/.*|auth/pbkdf2|token/login_browser
	gnutls/dane tls/tlsa_query
	gsasl auth/sasl
	idn2 format/domain
	curl token/https
	jansson token/oauth_reply
	END
}

# Data that changes belongs to somebody: objects hold constants only. Tables
# of pointers live in .data.rel.ro, which is constant once the loader is done.
check_globals()
{
    find "$builddir/src" -name '*.o' >"$scratch/objects"
    [ -s "$scratch/objects" ] || echo "src:1: no objects in $builddir"
    while read -r object; do
        name=${object#"$builddir/"}
        objdump -t "$object" | awk -v name="${name%.o}.c" '
        {
            for (i = 2; i <= 5; i++)
                if ($i ~ /^(\.data|\.bss|\.tdata|\.tbss|\*COM\*)/ &&
                    $i !~ /^\.data\.rel\.ro/ && $NF != $i)
                    print name ":1: mutable global " $NF " in " $i
        }'
    done <"$scratch/objects"
}

check_functions()
{
    for file in $(sources '\.c$'); do
        awk -v file="$file" '
        /^[a-z_0-9]+\(/ { split($0, part, "("); name = part[1] }
        /^\{/ { start = FNR }
        /^\}/ && start {
            if (FNR - start - 1 > 60)
                print file ":" start ": " name "() has " \
                    FNR - start - 1 " lines, more than 60"
            start = 0
        }' "$file"
    done
}

# Five besides where the error goes; definitions and prototypes alike.
check_parameters()
{
    while read -r file; do
        awk -v file="$file" '
        function verdict(text,    depth, i, c, n) {
            if (text ~ /give_pin\(/) return # GnuTLS sets its parameters
            sub(/, *\.\.\.\)/, ")", text)
            sub(/,[ \t]*struct error \*[a-z]+/, "", text)
            for (i = index(text, "("); i <= length(text); i++) {
                c = substr(text, i, 1)
                if (c == "(") depth++
                if (c == "," && depth == 1) n++
                if (c == ")" && --depth == 0) break
            }
            if (n + 1 > 5)
                print file ":" start ": " n + 1 " parameters, more than 5"
        }
        text == "" && /^[a-z][a-z_0-9 *]*\(/ && !/^(return|if|for|while)/ {
            start = FNR
            text = $0
            if (text ~ /[;{]|\)$/) { verdict(text); text = "" }
            next
        }
        text != "" {
            text = text " " $0
            if ($0 ~ /[;{]|\)$/) { verdict(text); text = "" }
        }' "$scratch/bare/$file"
    done <"$scratch/sources"
}

# Callees stand above their callers, so nothing static is declared ahead.
check_forwards()
{
    for file in $(sources '\.c$'); do
        awk -v file="$file" '
        /^static/ { start = FNR; text = "" }
        start {
            text = text " " $0
            if ($0 ~ /[{=]/) start = 0
            else if ($0 ~ /;/) {
                if (text ~ /\) *(__attribute__.*)?;/)
                    print file ":" start ": forward declaration"
                start = 0
            }
        }' "$scratch/bare/$file"
    done
}

check_words()
{
    all=$(sources .)
    below_main=$(sources . | grep -vE '^src/(cli|token)/main\.c$')
    no_exit=$(sources . | grep -vE '^src/((cli|token)/main|base/xmalloc)\.c$')
    call='(^|[^a-zA-Z0-9_.>])'
    bare_grep "$call(v?sprintf|str(n?cpy|n?cat|tok(_r)?)|stp?cpy|gets) *\\(" \
        'unbounded' $all
    bare_grep "$call(ato[ifl]l?|alloca) *\\(" 'unchecked' $all
    class='al(num|pha)|blank|cntrl|x?digit|graph|lower|print|punct|space|upper'
    bare_grep "$call(str(n?case|coll)[a-z]*|is($class)|to(upper|lower)) *\\(" \
        'depends on the locale, use ascii.h' $all
    bare_grep '#[[:space:]]*include[[:space:]]*<(ctype|strings|alloca)\.h>' \
        'banned header' $all
    output='v?[fd]?printf|f?puts|f?putc(har)?|perror|psignal|v?(warn|err)x?'
    bare_grep "$call($output) *\\(" 'prints below main' $below_main
    bare_grep "$call(exit|abort|assert) *\\(" 'leaves below main' $no_exit
    bare_grep 'typedef +(struct|enum|union)' 'hides a type' $all
    # In prose as in code: a thing is done, or a fact in NEWS.
    grep -vE '^(tests/(lint.*\.sh|callers/.*|fuzz/corpus/.*)|COPYING)$' \
        "$scratch/files" |
        while read -r file; do
            grep -nwE 'TODO|FIXME|XXX' "$file" /dev/null |
                grep -v '^Binary' | sed 's/\([0-9]\):/\1: left for later: /'
        done
}

# What differs between systems is asked in platform.c alone.
check_conditionals()
{
    bare_grep '^[[:space:]]*#[[:space:]]*(if|ifdef|elif)' \
        'conditional outside platform.c' $(sources '\.c$' |
        grep -v '^src/base/platform\.c$')
    bare_grep '^[[:space:]]*#[[:space:]]*(if|ifdef|elif|ifndef)' \
        'conditional in a header' $(sources '\.h$') |
        grep -v '#ifndef ONEHOP_[A-Z0-9_]*_H$'
}

check_columns()
{
    files_like '^(src|tests)/.*\.([ch]|sh|py)$|^(bootstrap|\.ci/run)$' |
        while read -r file; do
            expand "$file" | tr -d '\200-\277' |
                awk -v file="$file" 'length($0) > 80 {
                    print file ":" FNR ": " length($0) " columns" }'
        done
}

check_lengths()
{
    files_like '^(src|tests)/.*\.([ch]|sh|py)$' | while read -r file; do
        lines=$(wc -l <"$file")
        [ "$lines" -le 700 ] || echo "$file:700: $lines lines, more than 700"
    done
}

check_spdx()
{
    files_like '\.([ch]|def|sh|py|ac|am|m4|[1-8])$|^(bootstrap|\.ci/run)$' |
        while read -r file; do
            head -n 2 "$file" | grep -q 'SPDX-License-Identifier: GPL-3.0-or' ||
                echo "$file:1: no SPDX line on top"
        done
}

# compare NAME WANTED FOUND: the lines of one file that the other lacks
compare()
{
    comm -23 "$2" "$3" | sed "s|.*|$1:1: & is missing|"
    comm -13 "$2" "$3" | sed "s|.*|$1:1: & is not in the table|"
}

# options OPTIONFILE: what --help and the completions must offer
missing_options()
{
    [ ! -x "$builddir/onehop" ] ||
        "$builddir/onehop" --help >"$scratch/help"
    while read -r word; do
        [ ! -e "$scratch/help" ] ||
            grep -qE -- "(^|[ ,])$word([ =,]|$)" "$scratch/help" ||
            echo "src/cli/usage.c:1: --help does not know $word"
        files_like '^contrib/completion/' | while read -r file; do
            # one that asks --help knows whatever that does
            grep -qF -e "$word" -e ' --help' -- "$file" ||
                echo "$file:1: $word is missing"
        done
    done <"$1"
}

check_keys()
{
    sed -n 's/^KEY(\([a-z_0-9]*\),.*/\1/p' src/config/keys.def |
        sort >"$scratch/keys"
    sed -n '/^\.Sh KEYS/,/^\.Sh [^K]/s/^\.It Ic \([a-z_0-9]*\).*/\1/p' \
        man/onehop-config.5 | sort -u >"$scratch/documented"
    compare man/onehop-config.5 "$scratch/keys" "$scratch/documented"
    # A secret has no option: the command line is for everyone to see.
    sed -n '/, SECRET,/d;s/^KEY(\([a-z_0-9]*\),.*/--\1/p' src/config/keys.def \
        >"$scratch/options"
    missing_options "$scratch/options"
}

check_flags()
{
    sed -n "s/^FLAG('\(.\)',.*/-\1/p" src/cli/options.def |
        sort >"$scratch/flags"
    sed -n 's/^\.It Fl \([A-Za-z0-9]\)\( .*\)*$/-\1/p' man/onehop.1 |
        sort -u >"$scratch/documented"
    compare man/onehop.1 "$scratch/flags" "$scratch/documented"
    if [ -e man/sendmail.8 ]; then
        sed -n 's/^\.It Fl \([A-Za-z0-9]\)\( .*\)*$/-\1/p' man/sendmail.8 |
            sort -u | comm -13 "$scratch/flags" - |
            sed 's|.*|man/sendmail.8:1: & is not in the table|'
    fi
    grep -v ', ignore,' src/cli/options.def |
        sed -n "s/^FLAG('\(.\)',.*/-\1/p" >"$scratch/acting"
    missing_options "$scratch/acting"
}

check_shell()
{
    files_like '\.(ba)?sh$|^(bootstrap|\.ci/run)$' | while read -r file; do
        # SC2317: blind to functions that are passed by name
        shellcheck -f gcc -x -e SC2317 "$file" 2>&1
    done
}

check_man()
{
    files_like '^man/.*\.[1-8]$' | while read -r file; do
        # Referring to our own pages, which are not installed yet, is fine.
        mandoc -Tlint -W warning "$file" | sed 's/^mandoc: //'
    done
}

check_python()
{
    files_like '\.py$' | while read -r file; do
        "${PYTHON:-/usr/bin/python3}" - "$file" <<'END'
import sys
try:
    compile(open(sys.argv[1], encoding="utf-8").read(), sys.argv[1], "exec")
except SyntaxError as error:
    print(f"{sys.argv[1]}:{error.lineno}: {error.msg}")
END
    done
}

# The tree must not tell where or on what it was written.
check_paths()
{
    host=$(uname -n)
    case $host in
    *[0-9.-]*) ;;
    *) host=$PWD ;; # a plain word such as "debian" proves nothing
    esac
    while read -r file; do
        grep -nIF -e "$PWD/" -e "$host" "$file" /dev/null
        grep -nIE '(^|[^.A-Za-z0-9_$])/(tmp|home|Users)/[A-Za-z0-9_]+/' \
            "$file" /dev/null
    done <"$scratch/files" | grep -vE '^tests/(callers|fuzz/corpus)/' |
        sed 's/\(:[0-9]*\):/\1: a path of one machine: /'
}

[ $# -gt 0 ] || set -- $checks
echo "1..$#"
number=0
failed=0
for check; do
    number=$((number + 1))
    "check_$check" >"$scratch/violations" 2>&1
    if [ -s "$scratch/violations" ]; then
        echo "not ok $number - $check"
        sed 's/^/# /' "$scratch/violations"
        failed=$((failed + 1))
    else
        echo "ok $number - $check"
    fi
done
[ "$failed" -eq 0 ]
