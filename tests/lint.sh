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

checks='layers map libraries globals structures functions parameters forwards
    words outlets english conditionals references columns lengths spdx keys
    flags shell man python paths security'
# Shell scripts without a suffix.
scripts='^(bootstrap|contrib/install-deps|\.ci/[a-z]*)$'
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
# own headers and those of the first two, and a table of auth/.
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
    awk -v folders="$folders" '
    FNR == 1 {
        n = split(folders, list, /[ \n]+/)
        split("", rank)
        for (i = 1; i <= n; i++) rank[list[i]] = i
        split(FILENAME, part, "/")
        own = part[2]
        if (own == "token") { # a program of its own
            split("", rank)
            rank["base"] = rank["format"] = rank["token"] = 1
        }
        if (!(own in rank))
            print FILENAME ":1: is in none of the folders of src/"
    }
    /^[ \t]*#[ \t]*include[ \t]*"/ {
        split($0, quoted, "\"")
        if (quoted[2] == "config.h" || !(own in rank)) next
        if (own == "token" && quoted[2] == "auth/providers.def") next # data
        split(quoted[2], part, "/")
        if (!(part[1] in rank))
            print FILENAME ":" FNR ": includes " quoted[2] \
                ", which names no folder of src/"
        else if (rank[part[1]] > rank[own])
            print FILENAME ":" FNR ": includes " quoted[2] \
                ", which is below " own "/"
    }' $(sources .)
}

# HACKING's tree has one line for each module, in the folder's place.
check_map()
{
    awk '/^[a-z]+\/ / { folder = $1; next }
        /^[^ ]/ { folder = "" }
        folder != "" && /^  [a-z0-9_]+ / { print folder $1 }' HACKING |
        sort >"$scratch/mapped"
    sed -n 's|^src/\(.*\)\.[ch]$|\1|p' "$scratch/sources" | grep -v '^token/' |
        sort -u >"$scratch/modules"
    compare HACKING "$scratch/modules" "$scratch/mapped"
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
	jansson token/.*
	END
}

# Data that changes belongs to somebody: objects hold constants only. Tables
# of pointers live in .data.rel.ro, which is constant once the loader is done.
check_globals()
{
    find "$builddir/src" -name '*.o' >"$scratch/objects"
    [ -s "$scratch/objects" ] || echo "src:1: no objects in $builddir"
    xargs objdump -t <"$scratch/objects" | awk -v top="$builddir/" '
    / file format / {
        name = substr($1, length(top) + 1)
        sub(/\.o:$/, ".c", name)
    }
    {
        for (i = 2; i <= 5; i++)
            if ($i ~ /^(\.data|\.bss|\.tdata|\.tbss|\*COM\*)/ &&
                $i !~ /^\.data\.rel\.ro/ && $NF != $i)
                print name ":1: mutable global " $NF " in " $i
    }'
}

check_functions()
{
    awk '
    FNR == 1 { start = 0 }
    /^[a-z_0-9]+\(/ { split($0, part, "("); name = part[1] }
    /^\{/ { start = FNR }
    /^\}/ && start {
        if (FNR - start - 1 > 60)
            print FILENAME ":" start ": " name "() has " \
                FNR - start - 1 " lines, more than 60"
        start = 0
    }' $(sources '\.c$')
}

# Five besides where the error goes; definitions and prototypes alike.
check_parameters()
{
    (cd "$scratch/bare" && awk '
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
            print FILENAME ":" start ": " n + 1 " parameters, more than 5"
    }
    FNR == 1 { text = "" }
    text == "" && /^[a-z][a-z_0-9 *]*\(/ && !/^(return|if|for|while)/ {
        start = FNR
        text = $0
        if (text ~ /[;{]|\)$/) { verdict(text); text = "" }
        next
    }
    text != "" {
        text = text " " $0
        if ($0 ~ /[;{]|\)$/) { verdict(text); text = "" }
    }' $(sources .))
}

# A name means one thing in the whole program.
check_structures()
{
    kind='(struct|enum|union)'
    grep -nE "^(static .*)?$kind [a-z0-9_]+ \{" $(sources .) /dev/null |
        sed -E "s/^([^:]*:[0-9]*):.*$kind ([a-z0-9_]+) \{.*/\3 \1/" |
        sort | awk '
        $1 == name { print $2 ": struct " $1 " is also in " place }
        { name = $1; place = $2 }'
}

# Callees stand above their callers, so nothing static is declared ahead.
check_forwards()
{
    (cd "$scratch/bare" && awk '
    FNR == 1 { start = 0 }
    /^static/ { start = FNR; text = "" }
    start {
        text = text " " $0
        if ($0 ~ /[{=]/) start = 0
        else if ($0 ~ /;/) {
            if (text ~ /\) *(__attribute__.*)?;/)
                print FILENAME ":" start ": forward declaration"
            start = 0
        }
    }' $(sources '\.c$'))
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
        "$scratch/files" | xargs grep -nIwE 'TODO|FIXME|XXX' |
        sed 's/\([0-9]\):/\1: left for later: /'
}

# Octets leave the process through base/show, which escapes, or from a file
# that is listed with the place they go to.
check_outlets()
{
    cat >"$scratch/outlets" <<-'END'
	base/(show|sink|write_all) the outlets themselves
	base/(state_file|run_command|xmalloc|terminal) own files, pipes, one LF
	net/(socket|stdio) the peer
	net/(wait_line|progress) figures, and a server escaped when it is noted
	message/spool a file without a name
	outbox/(background|flush|held|journal|locate|notify) files, pipes
	outbox/(message_file|room) files
	report/log a line that report/log escapes
	report/result_json JSON that format/json escapes
	setup/config_writer the config file
	token/(login_browser|main|token_store) a program of its own
	END
    listed=$(sed 's/ .*//' "$scratch/outlets" | tr '\n' '|')
    outlet='p?writev?|write_(all|answer)|file_sink_open|v?syslog|sendfile'
    call='(^|[^a-zA-Z0-9_.>])'
    bare_grep "$call($outlet) *\\(" 'writes past base/show' \
        $(sources '\.c$' | grep -vE "^src/(${listed%|})\.c\$")
}

# Words and turns that read as a translation, each with the usual one.
check_english()
{
    documents='man/.*|README|HACKING|COMPATIBILITY|NEWS|SECURITY'
    files_like "^(src/.*\.([ch]|def)|$documents)\$" >"$scratch/prose"
    while IFS='=' read -r phrase better; do
        grep -nE -e "$phrase" -- $(cat "$scratch/prose") |
            grep -vE ':	tests/|behind (a|the|its) (proxy|firewall|NAT)' |
            sed "s/\(:[0-9]*\):.*/\1: reads better as: $better/"
    done <<-'END'
	\<behind\>=after
	\<parted by\>=separated by
	\<lacks but\>=only ... is missing
	(^|[^e]) is none\>=there is no ...
	\<(of|than|to|from) (ours|yours)\>=of onehop
	\<(goes|going) on\>=continues, is resumed
	\<(mend|mends|mended)\>=fix, repair
	\<for now\>=temporarily
	\<[Ww]hoever\>=the user, the caller, the server
	\<heeds?\>=observe, honour
	\<(with|without) a word\>=without output, silently
	\<cures?\>=temporary failure
	\<for want of\>=without
	\<nobody else('s)?\>=no other process
	\<first contact\>=first connection
	\<for good\>=permanently
	\<as it stands\>=unchanged
	\<as ever\>=as usual
	\<in clear\>([^ ]| [^t]|$)=in cleartext
	\<everybody can\>=world-readable, world-writable
	\<vouch(es)? for\>=allows, authenticates
	\<(is|are) (of use|fit for)\>=is usable, is valid for
	/\* (What|Who|Whose|Whether) =a sentence with a verb
	^\s*/?\*.*[a-z0-9"),;]\?( [A-Z0-9]| \*/|$)=a statement, not a question
	END
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

# A comment names a file of the tree, config.h, or a <header>.
check_references()
{
    awk '
    FNR == NR { sub(/.*\//, ""); known[$0] = 1; next }
    /^[ \t]*\/?\*|\/\*/ {
        text = $0
        while (match(text, /<?[a-z_0-9.\/]+\.[ch]([^a-z_0-9]|$)/)) {
            name = substr(text, RSTART, RLENGTH)
            text = substr(text, RSTART + RLENGTH - 1)
            sub(/[^a-z_0-9]$/, "", name)
            file = name
            sub(/.*\//, "", file)
            if (name !~ /^</ && !(file in known) && file != "config.h")
                print FILENAME ":" FNR ": there is no file " name
        }
    }' "$scratch/files" $(files_like '^(src|tests)/.*\.[ch]$')
}

check_columns()
{
    awk '
    length($0) > 40 {
        text = $0
        gsub(/[\200-\277]/, "", text)
        n = split(text, part, "\t")
        width = 0
        for (i = 1; i < n; i++)
            width += length(part[i]) - length(part[i]) % 8 + 8
        width += length(part[n])
        if (width > 80) print FILENAME ":" FNR ": " width " columns"
    }' $(files_like "^(src|tests)/.*\.([ch]|sh|py)\$|$scripts")
}

check_lengths()
{
    wc -l $(files_like '^(src|tests)/.*\.([ch]|sh|py)$') |
        awk '$2 != "total" && $1 > 700 {
            print $2 ":700: " $1 " lines, more than 700" }'
}

check_spdx()
{
    awk '
    FNR == 1 { if (file != "" && !found) print file ":1: no SPDX line on top"
        file = FILENAME; found = 0 }
    FNR <= 3 && /SPDX-License-Identifier: GPL-3.0-or/ { found = 1 }
    END { if (!found) print file ":1: no SPDX line on top" }
    ' $(files_like "\.([ch]|def|sh|py|ac|am|m4|[1-8])\$|$scripts")
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
    sed -n "s/^OPTION('\(.\)',.*/-\1/p" src/cli/options.def |
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
        sed -n "s/^OPTION('\(.\)',.*/-\1/p" >"$scratch/acting"
    missing_options "$scratch/acting"
}

check_shell()
{
    # SC2317: blind to functions that are passed by name
    shellcheck -f gcc -x -e SC2317 $(files_like "\.(ba)?sh\$|$scripts") 2>&1
}

check_man()
{
    # Pages of the project that are not installed yet may be referred to.
    mandoc -Tlint -W warning $(files_like '^man/.*\.[1-8]$') |
        sed 's/^mandoc: //'
    # apropos finds the page by its one line; a reader finds the next page.
    for page in $(files_like '^man/.*\.[1-8]$'); do
        for wanted in '^\.Nd .*SMTP' '^\.Nd .*mail' '^\.Sh SEE ALSO$' \
            '^\.Sh AUTHORS$' '^\.Sh BUGS$'; do
            grep -q "$wanted" "$page" || echo "$page:1: has no line $wanted"
        done
    done
}

check_python()
{
    "${PYTHON:-/usr/bin/python3}" - $(files_like '\.py$') <<'END'
import sys
for name in sys.argv[1:]:
    try:
        compile(open(name, encoding="utf-8").read(), name, "exec")
    except SyntaxError as error:
        print(f"{name}:{error.lineno}: {error.msg}")
END
}

# The tree must not tell where or on what it was written.
# Each invariant of SECURITY names the tests that prove it.
check_security()
{
    awk '
    /^Invariants$/ { listed = 1; getline; next }
    !listed { next }
    /^\t/ {
        file = substr($0, 2)
        if ((getline line <file) < 0)
            print "SECURITY:" FNR ": there is no " file
        else if (file ~ /\.(py|sh)$/ && system("test -x " file) != 0)
            print "SECURITY:" FNR ": no test: " file
        close(file)
        tests++
    }
    /^$/ && text && !tests { print "SECURITY:" FNR ": no test" }
    /^$/ { text = 0; tests = 0 }
    /^[A-Z]/ { text = 1 }' SECURITY
}

check_paths()
{
    host=$(uname -n)
    case $host in
    *[0-9.-]*) ;;
    *) host=$PWD ;; # a plain word such as "debian" proves nothing
    esac
    grep -vE '^tests/(callers|fuzz/corpus)/' "$scratch/files" >"$scratch/tree"
    {
        xargs grep -nIF -e "$PWD/" -e "$host" <"$scratch/tree"
        xargs grep -nIE '(^|[^.A-Za-z0-9_$])/(tmp|home|Users)/[A-Za-z0-9_]+/' \
            <"$scratch/tree"
    } | sed 's/\(:[0-9]*\):/\1: a path of one machine: /'
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
