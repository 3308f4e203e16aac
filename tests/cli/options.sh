#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# What the command line may say, and what is said to a wrong one.
. "${top_srcdir:-.}/tests/lib/cli.sh"
write_config <<'END'
host smtp.example.org
from alice@example.org
END
echo hello >"$scratch/message"

# wrong WORDS OPTION...: exit 64 and one line that has the words
wrong()
{
    words=$1
    shift
    exits 64 "$onehop" "$@" <"$scratch/message" && is_one_line && says "$words"
}

helps()
{
    exits 0 "$onehop" --help </dev/null &&
        shows 'usage: onehop' '-t' '--account' '--pretend' '--host=' '--tls'
}

tells_its_version()
{
    exits 0 "$onehop" --version </dev/null &&
        shows 'onehop ' 'GnuTLS ' 'libgsasl ' 'libidn2 '
}

has_no_option_for_a_secret()
{
    "$onehop" --help | grep -e '--password=' && return 1
    wrong --password --password=sesame bob@example.net || return 1
    ! grep sesame "$scratch/stderr"
}

names_a_near_key()
{
    wrong '--hots' --hots=x bob@example.net && says 'did you mean --host?'
}

# ignores OPTION...: as if they were not there
ignores()
{
    exits 0 "$onehop" "$@" -P bob@example.net <"$scratch/message" &&
        shows 'envelope to <bob@example.net>'
}

opens_no_file_that_sendmail_would()
{
    ignores -X "$scratch/x" -O "QueueDirectory=$scratch" -oA"$scratch/a" \
        -C "$config" && [ ! -e "$scratch/x" ] && [ ! -e "$scratch/a" ]
}

# envelope_of WANTED OPTION...: the null sender shows as <>
envelope_of()
{
    wanted_sender=$1
    shift
    exits 0 "$onehop" -P "$@" <"$scratch/message" &&
        shows "envelope from <$wanted_sender>" 'envelope to <bob@example.net>'
}

# goes_by NAME STATUS ARGUMENT...
goes_by()
{
    ln -sf "$(cd "$(dirname "$onehop")" && pwd)/$(basename "$onehop")" \
        "$scratch/$1"
    name=$1
    wanted=$2
    shift 2
    exits "$wanted" "$scratch/$name" "$@" </dev/null
}

as_mailq()
{
    goes_by mailq 0 && shows 'Mail queue is empty'
}

as_newaliases()
{
    goes_by newaliases 0 && is_silent
}

# argc may be 0; the kernel or we make the best of it, and miss recipients or
# the config of a user without HOME.
without_argv()
{
    "${PYTHON:-python3}" -c 'import ctypes, sys
none = (ctypes.c_char_p * 1)(None)
ctypes.CDLL(None).execve(sys.argv[1].encode(), none, none)' \
        "$onehop" </dev/null
    status=$?
    [ "$status" -eq 64 ] || [ "$status" -eq 78 ]
}

with_a_long_name()
{
    exits 0 "${PYTHON:-python3}" -c 'import os, sys
os.execv(sys.argv[1], ["x" * 65536 + "/sendmail", "--version"])' \
        "$onehop" </dev/null
}

tap '--help lists options and keys' helps
tap '--version names the libraries' tells_its_version
tap 'an unknown letter is 64 and named' wrong '-Z' -Z bob@example.net
tap 'an unknown letter in a cluster is named' wrong '-Z' -iZt bob@example.net
tap 'an unknown long option is 64 and named' wrong '--frob' --frob b@x.org
tap 'a misspelt key brings a suggestion' names_a_near_key
tap 'an option without its value is 64' wrong '-f' -f
tap 'a secret has no option' has_no_option_for_a_secret
for mode in d D l t v a S; do
    tap "-b$mode is rejected" wrong '-b' "-b$mode" bob@example.net
done
tap '-s is no subject' wrong 'the subject is a line of the message' -s hello \
    bob@example.net
tap 'no recipients is 64' wrong 'recipients'
tap 'an option behind an operand is 64' wrong '-i' bob@example.net -i
for option in -oem -odi -oeq -o7 -ep -m -n -c -G -U -x -T -hN -Ltag \
    -Mx -pX -Ac -d0.1 -B8BITMIME; do
    tap "$option changes nothing" ignores "$option"
done
tap 'no file that sendmail would open is opened' \
    opens_no_file_that_sendmail_would
tap '-f names the sender' envelope_of a@x.org -f a@x.org bob@example.net
tap '-f may be attached' envelope_of a@x.org -fa@x.org bob@example.net
tap '-r is -f, the last one wins' \
    envelope_of b@x.org -f a@x.org -rb@x.org bob@example.net
tap '-f <> is the null sender' envelope_of '' -f '<>' bob@example.net
tap "-f '' is the null sender" envelope_of '' -f '' bob@example.net
tap 'options may be clustered' envelope_of a@x.org -iPfa@x.org bob@example.net
tap '-- ends the options' envelope_of a@x.org -fa@x.org -- bob@example.net
tap 'an operand is an address list' \
    envelope_of a@x.org -fa@x.org 'Bob (the) <bob@example.net>, c@x.org'
tap 'mailq lists the queue' as_mailq
tap 'newaliases does nothing' as_newaliases
tap 'smtpd is refused' goes_by smtpd 64
tap 'sendmail without recipients is 64' goes_by sendmail 64
tap_with "${PYTHON:-python3}" 'an empty argv does no harm' without_argv
tap_with "${PYTHON:-python3}" 'a name of 64 kB does no harm' with_a_long_name
the_list_names_the_relay()
{
    printf 'socket /run/onehop/submit\nfrom me@example.org\n' | write_config
    exits 0 "$ONEHOP" -C "$config" -bp &&
        shows 'Mail queue is empty' &&
        says '/run/onehop/submit waits in the relay' &&
        exits 64 "$ONEHOP" -h && says 'hint: to list the options, use --help'
}
tap 'mailq says where the mail for a relay waits' the_list_names_the_relay
tap_done
