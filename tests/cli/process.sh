#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Whatever a caller leaves us of descriptors, environment and directory.
. "${top_srcdir:-.}/tests/lib/cli.sh"
start_sink
case $onehop in
/*) ;;
*) onehop=$PWD/$onehop ;;
esac
echo hello >"$scratch/message"
sent=0

# delivers COMMAND...: exit 0, silence, one more message in the sink
delivers()
{
    exits 0 "$@" <"$scratch/message" && is_silent &&
        sent=$((sent + 1)) && arrived "$sent"
}

# closed REDIRECTION WANTED: sends with some of 0, 1 and 2 closed
closed()
{
    sh -c "exec '$onehop' bob@example.net $1" <"$scratch/message" \
        >"$scratch/stdout" 2>"$scratch/stderr"
    status=$?
    [ "$status" -eq 0 ] && sent=$((sent + 1))
    echo "exit status $status, not $2"
    [ "$status" -eq "$2" ] && arrived "$sent"
}

# reports_a_lost_answer OPTION REDIRECTION
reports_a_lost_answer()
{
    exits 74 sh -c "'$onehop' $1 $2" </dev/null
}

# A full stderr cannot change what became of the message.
keeps_its_code_with_a_full_stderr()
{
    sh -c "'$onehop' --frob bob@example.net 2>/dev/full" <"$scratch/message"
    [ $? -eq 64 ] || return 1
    sh -c "'$onehop' bob@example.net 2>/dev/full" <"$scratch/message" ||
        return 1
    sent=$((sent + 1))
    arrived "$sent"
}

# Emacs and others take any word for a failure.
keeps_a_notice_from_callers()
{
    cp "$config" "$scratch/config"
    printf 'tls_resume on\nlogfile %s\n' "$scratch/log" >>"$config"
    notice='tls_resume no longer has an effect'
    delivers "$onehop" bob@example.net && has "$scratch/log" "$notice" &&
        exits 0 "$onehop" -d bob@example.net <"$scratch/message" &&
        says "$notice" && sent=$((sent + 1)) && arrived "$sent"
    status=$?
    cp "$scratch/config" "$config"
    return "$status"
}

refuses_a_directory()
{
    exits 74 sh -c "'$onehop' bob@example.net </" && is_one_line &&
        arrived "$sent"
}

refuses_a_closed_stdin()
{
    exits 66 sh -c "'$onehop' bob@example.net <&-" && is_one_line &&
        arrived "$sent"
}

sends_an_empty_message()
{
    exits 0 "$onehop" bob@example.net </dev/null || return 1
    sent=$((sent + 1))
    arrived "$sent"
}

# The caller would die of SIGPIPE if we left before it had written all.
drains_stdin_on_an_error()
{
    { head -c 3000000 /dev/zero && echo all was read >"$scratch/drained"; } |
        "$onehop" --frob bob@example.net 2>"$scratch/stderr"
    [ $? -eq 64 ] && grep -q 'all was read' "$scratch/drained"
}

from_an_unreadable_directory()
{
    mkdir "$scratch/gone" &&
        exits 0 sh -c "cd '$scratch/gone' && rmdir '$scratch/gone' &&
            exec '$onehop' bob@example.net" <"$scratch/message" &&
        sent=$((sent + 1)) && arrived "$sent"
}

from_the_root_directory()
{
    delivers sh -c "cd / && exec '$onehop' bob@example.net"
}

# With no environment at all the passwd entry names the home directory.
with_no_environment()
{
    delivers env -i "$onehop" -C "$config" bob@example.net
}

with_a_strange_locale()
{
    delivers env LC_ALL=tr_TR.UTF-8 LANG=xx "$onehop" bob@example.net
}

# held COMMAND...: starts it with a stdin that descriptor 3 writes to
held()
{
    rm -f "$scratch/input"
    mkfifo "$scratch/input"
    "$@" <"$scratch/input" >"$scratch/stdout" 2>"$scratch/stderr" &
    held_pid=$!
    exec 3>"$scratch/input"
    echo hello >&3
}

# What a caller ignores, such as mutt, stays ignored.
keeps_ignored_signals()
{
    held sh -c "trap '' HUP INT QUIT && echo >'$scratch/ready' &&
        exec '$onehop' bob@example.net"
    until [ -s "$scratch/ready" ]; do
        sleep 0.1
    done
    for name in HUP INT QUIT; do
        kill "-$name" "$held_pid"
    done
    exec 3>&-
    wait "$held_pid" || return 1
    sent=$((sent + 1))
    is_silent && arrived "$sent"
}

# The reader of our complaint has gone: Ruby's mail library.
keeps_its_code_without_a_reader()
{
    { { "$onehop" --frob bob@example.net <"$scratch/message" 2>&1
        echo $? >"$scratch/code"; } | :; }
    [ "$(cat "$scratch/code")" -eq 64 ]
}

umask_decides_nothing()
{
    delivers sh -c "umask 777 && exec '$onehop' bob@example.net"
}

tap 'a message is delivered in silence' delivers "$onehop" bob@example.net
tap 'a notice is for terminal, log and -d' keeps_a_notice_from_callers
tap 'stdout closed' closed '>&-' 0
tap 'stderr closed' closed '2>&-' 0
tap 'stdout and stderr closed' closed '>&- 2>&-' 0
tap 'stdin closed' closed '<&-' 66
tap 'stdin and stdout closed' closed '<&- >&-' 66
tap 'stdin and stderr closed' closed '<&- 2>&-' 66
tap 'all three closed' closed '<&- >&- 2>&-' 66
tap 'a closed stdin is told' refuses_a_closed_stdin
tap 'an empty stdin is an empty message' sends_an_empty_message
tap 'a directory on stdin is 74' refuses_a_directory
for option in --version --help; do
    tap "$option to a full device is 74" \
        reports_a_lost_answer "$option" '>/dev/full'
    tap "$option to a closed stdout is 74" \
        reports_a_lost_answer "$option" '>&-'
done
tap 'a full stderr changes no exit code' keeps_its_code_with_a_full_stderr
tap 'stdin is drained on an error' drains_stdin_on_an_error
tap 'signals that the caller ignores stay ignored' keeps_ignored_signals
tap 'nobody reads the complaint: the exit code is the same' \
    keeps_its_code_without_a_reader
tap 'the umask changes nothing' umask_decides_nothing
tap 'without any environment' with_no_environment
tap 'from /' from_the_root_directory
tap 'from a directory that is gone' from_an_unreadable_directory
tap 'in a strange locale' with_a_strange_locale
tap_done
