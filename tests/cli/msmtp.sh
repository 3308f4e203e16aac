#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# What users of msmtp have: files, command lines, and who may read them.
. "${top_srcdir:-.}/tests/lib/cli.sh"
printf 'From: Me <me@one.example>\nTo: b@example.net\n\nhello\n' \
    >"$scratch/message"
program=$(cd "$(dirname "$onehop")" && pwd)/$(basename "$onehop")
ln -s "$program" "$scratch/msmtp"
ln -s "$program" "$scratch/sendmail"

# rc FILE MODE: a file of msmtp from stdin
rc()
{
    mkdir -p "$(dirname "$1")"
    cat >"$1"
    chmod "$2" "$1"
}

# pretends STATUS OPTION...: msmtp -P, a message without dots
pretends()
{
    status=$1
    shift
    exits "$status" "$scratch/msmtp" -P "$@" <"$scratch/message"
}

own_file_of_msmtp_is_read()
{
    printf 'account one\nhost one.example\nfrom me@one.example\n' |
        rc "$HOME/.msmtprc" 600
    pretends 0 b@example.net && shows 'host one.example' \
        '# ~/.msmtprc:1, because from matches the From field'
}

xdg_file_of_msmtp_is_read()
{
    mv "$HOME/.msmtprc" "$scratch/kept"
    printf 'account default\nhost xdg.example\nfrom me@one.example\n' |
        rc "$HOME/.config/msmtp/config" 600
    pretends 0 b@example.net && shows 'host xdg.example'
    result=$?
    mv "$scratch/kept" "$HOME/.msmtprc"
    [ "$result" -eq 0 ] && pretends 0 b@example.net && shows 'one.example'
}

our_own_file_comes_first()
{
    write_config <<'END'
host ours.example
from me@one.example
END
    pretends 0 b@example.net && shows 'host ours.example' &&
        pretends 78 -a one b@example.net &&
        says 'name one of: default (~/.msmtprc is not read beside'
    result=$?
    rm "$config"
    return "$result"
}

comments_are_no_file_of_ours()
{
    printf '# nothing yet\n' | write_config
    pretends 0 b@example.net && shows 'host one.example'
    result=$?
    mkdir "$scratch/kept"
    mv "$HOME/.msmtprc" "$HOME/.config/msmtp" "$scratch/kept"
    [ "$result" -eq 0 ] && pretends 78 b@example.net &&
        says 'no account is configured: the config file has only comments' &&
        says 'hint: run onehop --configure'
    result=$?
    mv "$scratch/kept/.msmtprc" "$HOME"
    mv "$scratch/kept/msmtp" "$HOME/.config"
    rm "$config"
    return "$result"
}

three_accounts()
{
    rc "$scratch/rc" 600 <<'END'
defaults
auth off
account one
host one.example
from me@one.example
account two
host two.example
from me@two.example
account default : one
syslog LOG_MAIL
END
}

# chose WANTED REASON OPTION...
chose()
{
    wanted_account=$1 reason=$2
    shift 2
    pretends 0 -C "$scratch/rc" "$@" b@example.net &&
        shows "account $wanted_account" "$reason"
}

default_with_lines_of_its_own()
{
    chose default 'because from matches the From field' &&
        shows 'syslog LOG_MAIL'
}

from_is_f()
{
    chose two 'because from matches -f' --from=me@two.example &&
        shows 'envelope from <me@two.example>' &&
        chose one 'because of -a' -a one --from me@two.example
}

from_default_is_no_address()
{
    chose default because --from=default &&
        shows 'envelope from <me@one.example>'
}

read_envelope_from()
{
    printf 'From: <alias@one.example>\n\nx\n' >"$scratch/alias"
    exits 0 "$scratch/msmtp" -C "$scratch/rc" -P -a two \
        --read-envelope-from b@example.net <"$scratch/alias" &&
        shows 'account two' 'envelope from <alias@one.example>'
}

debug_names_the_account()
{
    exits 75 "$onehop" -C "$scratch/rc" -d -a one --host=127.0.0.1 --port=9 \
        b@example.net <"$scratch/message"
    says "# $scratch/rc:3, because of -a" || says '# ~/../rc:3'
}

an_unknown_account_names_the_others()
{
    pretends 78 -C "$scratch/rc" -a three b@example.net &&
        says 'no account three' 'one, two, default' &&
        pretends 78 -a '' b@example.net && says 'no account ""'
}

a_blank_in_a_name()
{
    printf 'account my mail\nhost h.example\nfrom a@b.example\n%s\n' \
        'account default : my mail' | rc "$scratch/blank" 600
    pretends 0 -C "$scratch/blank" b@example.net && shows 'host h.example' &&
        pretends 0 -C "$scratch/blank" -a 'my mail' b@example.net
}

bare_header_keys()
{
    printf 'host h.example\nfrom a@b.example\n%s\n%s\n%s\n' set_date_header \
        set_msgid_header set_from_header | rc "$scratch/bare" 600
    pretends 0 -C "$scratch/bare" b@example.net &&
        shows 'set_date_header auto' 'set_msgid_header auto' \
            'set_from_header auto'
}

marks_of_windows()
{
    printf '\357\273\277account default\r\nhost h.example\r\n%s\r\n' \
        'from a@b.example' | rc "$scratch/windows" 600
    pretends 0 -C "$scratch/windows" b@example.net && shows 'host h.example'
}

eval_lines()
{
    printf 'host h.example\nfrom a@b.example\n%s\n%s\n%s\n' \
        "eval echo '# nothing'" 'eval echo' 'eval echo user u; echo x' |
        rc "$scratch/eval" 600
    pretends 0 -C "$scratch/eval" b@example.net && shows 'user u' || return 1
    (cat "$scratch/eval"; echo 'eval true') | rc "$scratch/silent" 600
    pretends 78 -C "$scratch/silent" b@example.net &&
        says 'silent:6: eval: expected a line' || return 1
    echo 'eval echo account x' >>"$scratch/eval"
    pretends 78 -C "$scratch/eval" b@example.net && says 'in the file itself'
}

a_backslash_is_shown_as_it_is()
{
    printf 'host h.example\nfrom a@b.example\nuser DOM\\ann\n' |
        rc "$scratch/backslash" 600
    pretends 0 -C "$scratch/backslash" b@example.net && shows 'user DOM\ann'
}

# with_password MODE: a file named by -C
with_password()
{
    printf 'host h.example\nfrom a@b.example\nuser u\npassword sesame\n' |
        rc "$scratch/secret" "$1"
    cat "$scratch/secret" >"$scratch/open"
}

a_group_may_read_a_named_file()
{
    with_password 440
    pretends 0 -C "$scratch/secret" b@example.net || return 1
    [ ! -s "$scratch/stderr" ] || return 1
    ln -sf "$scratch/secret" "$scratch/link"
    pretends 0 -C "$scratch/link" b@example.net
}

everybody_may_not_unless_root_says_so()
{
    with_password 644
    if [ "$(id -u)" -eq 0 ]; then
        pretends 0 -C "$scratch/secret" b@example.net &&
            says "$scratch/secret:4: every user of this machine can read"
    else
        pretends 78 -C "$scratch/secret" b@example.net && says 'chmod 600'
    fi
}

a_key_that_went_is_told_and_changes_nothing()
{
    printf 'host h.example\nfrom a@b.example\ntls_resume on\n' |
        rc "$scratch/old" 600
    pretends 0 -C "$scratch/old" b@example.net &&
        says "$scratch/old:3: tls_resume no longer has an effect"
}

a_writable_file_is_refused_with_the_command()
{
    with_password 660
    pretends 78 -C "$scratch/secret" b@example.net &&
        says "chmod go-w $scratch/secret"
}

a_pipe_is_read()
{
    mkfifo "$scratch/pipe"
    with_password 600
    cat "$scratch/open" >"$scratch/pipe" &
    # the reader does not wait for a writer of a FIFO: cat opens it first
    { sleep 1; exits 0 "$scratch/msmtp" -C /dev/fd/5 -P b@example.net \
        <"$scratch/message"; } 5<"$scratch/pipe"
    result=$?
    wait
    [ "$result" -eq 0 ] && shows 'host h.example'
}

relative_paths_belong_to_the_file()
{
    printf '%s\n' 'host h.example' 'from a@b.example' 'aliases names' \
        'tls_trust_file sub/ca.pem' 'logfile log' \
        'tls_cert_file pkcs11:object=x' 'tls_key_file pkcs11:object=x' |
        rc "$scratch/relative" 600
    echo 'root: admin@example.org' >"$scratch/names"
    mkdir -p "$scratch/elsewhere"
    (cd "$scratch/elsewhere" && pretends 0 -C ../relative \
        --tls-crl-file=crl.pem root) &&
        grep "^tls_trust_file $scratch/.*sub/ca.pem" "$scratch/stdout" &&
        shows 'tls_crl_file crl.pem' 'envelope to <admin@example.org>' \
            'tls_cert_file pkcs11:object=x'
}

# as_sendmail OPTION: 64, and nothing is run or written
as_sendmail()
{
    exits 64 "$scratch/sendmail" -C "$scratch/rc" "$1" b@example.net \
        <"$scratch/message" && says 'not supported when called as sendmail' &&
        [ ! -e "$scratch/pwned" ]
}

options_behind_recipients()
{
    exits 0 "$scratch/msmtp" b@example.net -C "$scratch/rc" -P \
        --set-date-header c@example.net <"$scratch/message" &&
        shows 'envelope to <b@example.net>' 'envelope to <c@example.net>'
}

dots_are_text_but_for_sendmail()
{
    printf 'From: me@one.example\n\nbefore\n.\n' >"$scratch/dots"
    exits 0 "$onehop" -C "$scratch/rc" -P b@example.net <"$scratch/dots" &&
        [ "$(tail -n 1 "$scratch/stdout")" = . ] &&
        exits 0 "$scratch/sendmail" -C "$scratch/rc" -P b@example.net \
            <"$scratch/dots" && [ "$(tail -n 1 "$scratch/stdout")" = before ]
}

# A container has the file of a user of the host.
# shellcheck disable=SC2016
a_system_file_of_a_stranger()
{
    rm -rf "$HOME/.msmtprc" "$HOME/.config"
    exits 78 unshare --mount --propagation private sh -c '
        mount -t tmpfs none /etc
        printf "account default\nhost h.example\n" >/etc/msmtprc
        chown 12345 /etc/msmtprc
        exec "$1" -P b@example.net' sh "$onehop" <"$scratch/message" &&
        says '/etc/msmtprc: expected a file of user ' \
            'hint: chown root /etc/msmtprc'
}

# environment HOST SENDER COMMAND...
environment()
{
    host=$1
    sender=$2
    shift 2
    SMTPSERVER=$host EMAIL=$sender "$@"
}

the_environment_names_a_server()
{
    rm -rf "$HOME/.msmtprc" "$HOME/.config"
    environment h.example me@example.org pretends 0 b@example.net &&
        shows 'host h.example' 'envelope from <me@example.org>' \
            "# \$SMTPSERVER:1, because it is the default" &&
        environment h.example 'Me <me@example.org>' pretends 0 -f a@x.example \
            b@example.net && shows 'envelope from <a@x.example>' &&
        environment 'h.example
passwordeval false' '' exits 78 "$onehop" b@example.net <"$scratch/message" &&
        printf 'account work\nhost w.example\nfrom me@w.example\n' |
        rc "$HOME/.msmtprc" 600 &&
        environment h.example '' pretends 0 b@example.net &&
        shows 'host h.example' &&
        environment h.example '' pretends 0 -a work b@example.net &&
        shows 'host w.example' &&
        printf 'account default\nhost d.example\n' |
        rc "$HOME/.msmtprc" 600 &&
        environment h.example '' pretends 0 b@example.net &&
        shows 'host d.example'
}

none_says_how_to_get_one()
{
    rm -rf "$HOME/.msmtprc" "$HOME/.config"
    exits 78 "$onehop" b@example.net <"$scratch/message" &&
        says 'onehop --configure you@example.org'
}

tap 'without a file of ours, ~/.msmtprc is read' own_file_of_msmtp_is_read
tap '... or the one of XDG' xdg_file_of_msmtp_is_read
tap 'a file of ours comes first' our_own_file_comes_first
tap 'a file of ours with only comments' comments_are_no_file_of_ours
three_accounts
tap 'account default with lines of its own' default_with_lines_of_its_own
tap '--from is -f' from_is_f
tap '--from=default is no address' from_default_is_no_address
tap '--read-envelope-from with -a' read_envelope_from
tap '-d names the account and why' debug_names_the_account
tap 'an unknown account' an_unknown_account_names_the_others
tap 'a blank in the name of an account' a_blank_in_a_name
tap 'set_*_header without a value' bare_header_keys
tap 'CRLF and a byte order mark' marks_of_windows
tap 'eval that prints a comment' eval_lines
tap '-P shows a backslash as it is' a_backslash_is_shown_as_it_is
tap 'a group may read the file of -C' a_group_may_read_a_named_file
tap 'everybody may not' everybody_may_not_unless_root_says_so
tap 'tls_resume: a notice' a_key_that_went_is_told_and_changes_nothing
tap 'a writable file: chmod go-w' a_writable_file_is_refused_with_the_command
tap 'a pipe' a_pipe_is_read
tap 'relative paths' relative_paths_belong_to_the_file
for option in "--passwordeval=touch $scratch/pwned" \
    "--logfile=$scratch/pwned" "--connect-command=touch $scratch/pwned" \
    "--outbox=$scratch/pwned" --configure=a@example.org; do
    tap "sendmail ${option%%=*} is refused" as_sendmail "$option"
done
tap 'options behind recipients' options_behind_recipients
tap 'a lone dot is text, but for sendmail' dots_are_text_but_for_sendmail
if [ "$(id -u)" -eq 0 ] && unshare --mount true 2>/dev/null; then
    tap "a stranger's /etc/msmtprc" a_system_file_of_a_stranger
else
    tap_skip "a stranger's /etc/msmtprc" 'needs root and a mount namespace'
fi
tap 'EMAIL and SMTPSERVER' the_environment_names_a_server
tap 'no file at all' none_says_how_to_get_one
tap_done
