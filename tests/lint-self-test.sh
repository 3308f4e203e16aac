#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Shows that every check of tests/lint.sh can fail: plants one violation after
# the other in a copy of the tree and wants lint to name it.
#
# usage: tests/lint-self-test.sh
set -u
cd "$(dirname "$0")/.." || exit 66
scratch=$(mktemp -d) || exit 73
trap 'rm -rf "$scratch"' EXIT
trap 'exit 130' INT TERM HUP
tree=$scratch/tree
objects=$scratch/objects
number=0
failed=0

mkdir "$scratch/clean"
if [ -e .git ]; then
    git ls-files
else
    find . -type f ! -path './build*' ! -path './autom4te.cache/*'
fi | tar -cf - -T - | tar -xf - -C "$scratch/clean"

# plant CHECK WANTED: runs the commands on stdin in a fresh copy; lint has to
# fail with a line that matches WANTED.
plant()
{
    rm -rf "$tree" "$objects"
    cp -R "$scratch/clean" "$tree"
    mkdir -p "$objects/src/base"
    number=$((number + 1))
    (cd "$tree" && OBJECTS=$objects sh -e) || echo "# cannot plant"
    if "$tree/tests/lint.sh" -o "$objects" "$1" >"$scratch/out" 2>&1; then
        echo "not ok $number - $1 sees: $2"
        failed=$((failed + 1))
    elif grep -q -e "$2" "$scratch/out"; then
        echo "ok $number - $1 sees: $2"
    else
        echo "not ok $number - $1 sees: $2"
        sed 's/^/# /' "$scratch/out"
        failed=$((failed + 1))
    fi
}

# plant_object WANTED SOURCE: an object of it, as make would have left it
plant_object()
{
    plant globals "$1" <<END
printf '%s\n' '$2' >planted.c
\${CC:-cc} -fPIE -c -o "\$OBJECTS/src/base/planted.o" planted.c
END
}

plant layers 'src/base/ascii.c:.*includes format/reply.h' <<'END'
echo '#include "format/reply.h"' >>src/base/ascii.c
END
plant layers 'src/base/error.h:.*ascii.h, which names no folder' <<'END'
echo '#include "ascii.h"' >>src/base/error.h
END
plant layers 'src/planted.c:1: is in none of the folders' <<'END'
echo '/* a file outside the folders */' >src/planted.c
END
plant map 'HACKING:1: base/planted is missing' <<'END'
echo '/* a module that the map lacks */' >src/base/planted.c
END
plant libraries 'src/base/poll.c:.*only tls/' <<'END'
echo '#include <gnutls/gnutls.h>' >>src/base/poll.c
END
plant libraries 'src/base/poll.c:.*only auth/sasl' <<'END'
echo '#include <gsasl.h>' >>src/base/poll.c
END
plant libraries 'src/base/poll.c:.*only format/domain' <<'END'
echo '#include <idn2.h>' >>src/base/poll.c
END
plant_object 'mutable global counter in .bss' 'int counter;'
plant_object 'mutable global counter in .data' 'static int counter = 1;
int next(void) { return counter++; }'
plant_object 'mutable global counter' 'int next(void)
{ static int counter; return counter++; }'
plant_object 'mutable global counter' '__thread int counter;'
plant functions 'src/base/poll.c:.*planted() has 61 lines' <<'END'
printf 'void\nplanted(void)\n{\n' >>src/base/poll.c
for i in 1 2 3 4 5 6; do printf '\n\n\n\n\n\n\n\n\n\n'; done >>src/base/poll.c
printf '\n}\n' >>src/base/poll.c
END
plant parameters 'src/base/poll.c:.*6 parameters' <<'END'
printf 'int\nf(int a, int b, int c,\n\tint d, int e, int g)\n' >>src/base/poll.c
printf '{\n}\n' >>src/base/poll.c
END
plant parameters 'src/base/poll.h:.*6 parameters' <<'END'
echo 'int f(int a, int b, int c, int d, int e, int g);' >>src/base/poll.h
END
plant forwards 'src/base/poll.c:.*forward declaration' <<'END'
printf 'static int later(int a,\n\tint b);\n' >>src/base/poll.c
END
for call in 'sprintf(a, b)' 'strcpy(a, b)' 'strcat(a, b)' 'strtok(a, b)' \
    'gets(a)' 'atoi(a)' 'alloca(1)' 'isdigit(a)' 'strcasecmp(a, b)' \
    'toupper(a)' 'printf(a)' 'fprintf(a, b)' 'puts(a)' 'perror(a)' \
    'exit(1)' 'abort()'; do
    plant words "src/base/poll.c:.*: ${call%%(*}(" <<END
echo '$call;' >>src/base/poll.c
END
done
plant words 'src/base/poll.c:.*banned header' <<'END'
echo '#include <ctype.h>' >>src/base/poll.c
END
plant words 'src/base/poll.h:.*hides a type' <<'END'
echo 'typedef struct poll poll;' >>src/base/poll.h
END
for word in TODO FIXME XXX; do
    plant words "src/base/poll.c:.*left for later.*$word" <<END
echo '/* $word: mend */' >>src/base/poll.c
END
done
plant structures 'struct reply is also in' <<'END'
printf 'struct reply {\n\tint code;\n};\n' >>src/base/poll.c
END
plant security 'SECURITY:.*there is no tests/unit/planted.c' <<'END'
printf '\nAn invariant.\n\ttests/unit/planted.c\n' >>SECURITY
END
plant security 'SECURITY:.*no test' <<'END'
printf '\nAn invariant without proof.\n\n' >>SECURITY
END
plant security 'SECURITY:.*no test: tests/relay/dialogue.py' <<'END'
printf '\nAn invariant.\n\ttests/relay/dialogue.py\n' >>SECURITY
END
plant outlets 'src/cli/usage.c:.*writes past base/show' <<'END'
printf 'int f(int d)\n{\n\treturn write_all(d, "x", 1);\n}\n' >>src/cli/usage.c
END
plant outlets 'src/outbox/list.c:.*writes past base/show' <<'END'
printf 'long f(int d)\n{\n\treturn write(d, "x", 1);\n}\n' >>src/outbox/list.c
END
for phrase in 'It stands behind the dot' 'words parted by blanks' \
    'Whoever calls it' 'That is none' 'a file of ours' 'The session goes on' \
    'It lacks but the key' 'Time cures it' 'It heeds no limit' \
    'It is refused for good' 'The key of the first contact' \
    'It is sent as it stands' 'A signal kills as ever' \
    'It is sent in clear' 'A file that everybody can read' \
    'The DNS vouches for it' 'The record is of use'; do
    plant english 'src/base/poll.c:.*reads better as' <<END
echo '/* $phrase. */' >>src/base/poll.c
END
done
plant english 'src/base/poll.c:.*a statement, not a question' <<'END'
echo '/* Is there input? */' >>src/base/poll.c
END
plant english 'src/base/poll.c:.*a statement, not a question' <<'END'
printf '/*\n * Is there input? It is read later.\n */\n' >>src/base/poll.c
END
plant english 'man/onehop.1:.*reads better as: after' <<'END'
echo 'a word behind the recipient' >>man/onehop.1
END
plant conditionals 'src/base/poll.c:.*outside platform.c: #ifdef' <<'END'
echo '#ifdef __linux__' >>src/base/poll.c
END
plant conditionals 'src/base/poll.h:.*in a header: #if 0' <<'END'
echo '#if 0' >>src/base/poll.h
END
plant references 'src/base/poll.h:.*there is no file base/wait.h' <<'END'
echo '/* Moments as in base/wait.h. */' >>src/base/poll.h
END
plant columns 'src/base/poll.c:.*81 columns' <<'END'
printf '\t%073d\n' 0 >>src/base/poll.c
END
plant lengths 'src/base/poll.c:700: .* lines, more than 700' <<'END'
seq 700 >>src/base/poll.c
END
plant spdx 'src/base/poll.c:1: no SPDX' <<'END'
sed -i 1d src/base/poll.c
END
plant keys 'onehop-config.5:1: planted_key is missing' <<'END'
echo 'KEY(planted_key, TEXT, "", "X", "planted")' >>src/config/keys.def
END
plant keys 'onehop-config.5:1: host is not in the table' <<'END'
sed -i '/^KEY(host,/d' src/config/keys.def
END
plant keys '--help does not know --host' <<'END'
echo 'echo usage' >"$OBJECTS/onehop"
chmod +x "$OBJECTS/onehop"
END
plant keys 'contrib/completion/.*--host is missing' <<'END'
mkdir -p contrib/completion
echo 'complete onehop' >contrib/completion/onehop.bash
END
plant flags 'onehop.1:1: -J is missing' <<'END'
echo "OPTION('J', NONE, IGNORE, \"\", \"planted\")" >>src/cli/options.def
END
plant flags 'onehop.1:1: -t is not in the table' <<'END'
sed -i "/^OPTION('t',/d" src/cli/options.def
END
plant flags '--help does not know -t' <<'END'
echo 'echo usage' >"$OBJECTS/onehop"
chmod +x "$OBJECTS/onehop"
END
plant shell 'bootstrap:.*SC2086' <<'END'
echo 'rm $1' >>bootstrap
END
plant man 'man/onehop.1:1: has no line .*SMTP' <<'END'
sed '/^[.]Nd /s/SMTP/a/' man/onehop.1 >page && mv page man/onehop.1
END
plant man 'man/planted.1:' <<'END'
mkdir -p man
printf '.Dd today\n.Dt P 1\n.Os\n.Sh NOTHING\n.Xy\n' >man/planted.1
END
plant python 'planted.py:2:' <<'END'
printf '# SPDX\ndef broken(:\n' >tests/planted.py
END
plant paths 'README:.*a path of one machine' <<'END'
echo "see $PWD/src" >>README
END
plant paths 'README:.*a path of one machine' <<'END'
printf 'see /%s/someone/mail\n' home >>README
END

echo "1..$number"
[ "$failed" -eq 0 ]
